//! A success that holds its token where nobody looked.

use serde_json::{Value, json};

use super::super::facts::Facts;
use super::super::finding::{Finding, FindingKind};
use super::super::shape::{self, bare};

pub(super) fn token(facts: &Facts<'_>) -> Option<Finding> {
    if facts.report.kind.as_deref() != Some("unreadable") {
        return None;
    }
    if !(200..300).contains(&facts.status()) {
        return Some(unusable(facts));
    }
    let json = facts.json();
    if json.as_ref().is_some_and(Value::is_array) {
        return Some(list(facts));
    }
    let place = json.as_ref().and_then(|json| find(json, ""));
    let body = facts.told.answer.as_ref().map_or("", |answer| &answer.body);
    match (&json, place) {
        (_, Some((root, name))) if root.is_empty() && name == "access_token" => {
            Some(if facts.departs("/answer") { usual(facts) } else { unusable(facts) })
        }
        (Some(json), Some((root, name))) => Some(elsewhere(facts, json, &root, &name)),
        _ if !body.contains("[access_token") => None,
        _ if facts.is_cut() => Some(beyond_report(facts)),
        (None, _) => Some(unusable(facts)),
        _ => None,
    }
}

/// The token is where nobody looked, and so may be what came with it.
fn elsewhere(facts: &Facts<'_>, json: &Value, root: &str, name: &str) -> Finding {
    let object = json.pointer(root).and_then(Value::as_object);
    let mut conventions = object.map(shape::conventions).unwrap_or_default();
    if name != "access_token" {
        let rename = conventions.entry("rename").or_insert_with(|| json!({}));
        rename["access_token"] = json!(name);
    }
    if !root.is_empty() {
        conventions.insert("root".into(), json!(root));
    }
    Finding::problem(
        FindingKind::TokenElsewhere,
        format!("{}, and the token is at {root}/{name}", facts.seen()),
        "the provider puts the token into another place than the standard does",
        format!(
            "set conventions.answer to {}; the code is spent: let the user authorize again",
            Value::Object(conventions)
        ),
    )
}

/// The token is where the standard has it, and the conventions look elsewhere.
fn usual(facts: &Facts<'_>) -> Finding {
    Finding::problem(
        FindingKind::TokenElsewhere,
        format!("{}, and the token is where the standard has it", facts.seen()),
        "conventions.answer looks for it elsewhere",
        "leave root and rename out of conventions.answer; the code is spent: let the user authorize \
         again",
    )
}

fn unusable(facts: &Facts<'_>) -> Finding {
    let json = facts.json();
    let tells_error = json.as_ref().is_some_and(|json| json.get("error").is_some());
    let cause = if !(200..300).contains(&facts.status()) {
        "the answer brings a token, and has the status of an error"
    } else if tells_error {
        "the answer brings a token, and tells an error at once"
    } else if json.is_none() {
        "the answer names a token, and is cut off or damaged"
    } else {
        "the answer names a token, and what stands there is no text that could be one"
    };
    Finding::problem(
        FindingKind::AnswerShape,
        facts.seen(),
        cause,
        "look at the answer in the report; if it is always so, show it to the provider. The code is \
         spent: let the user authorize again",
    )
}

fn list(facts: &Facts<'_>) -> Finding {
    Finding::problem(
        FindingKind::AnswerShape,
        facts.seen(),
        "the answer is a list, and conventions find a token in an object only",
        "let a transport of your own take the token's object out of the list; the code is spent: let \
         the user authorize again",
    )
}

fn beyond_report(facts: &Facts<'_>) -> Finding {
    Finding::problem(
        FindingKind::TokenElsewhere,
        format!("{}, and its answer is longer than a report shows", facts.seen()),
        "there is a token in it, in another place than the standard's",
        "look at the whole answer, and set conventions.answer.root and rename to where the token is; \
         the code is spent: let the user authorize again",
    )
}

/// The object that holds the access token, and the name that the token has there: the standard name
/// anywhere before any other.
fn find(value: &Value, at: &str) -> Option<(String, String)> {
    let names: [fn(&str) -> bool; 3] = [
        |name| name == "access_token",
        |name| bare(name) == "accesstoken",
        |name| {
            ["token", "jwt", "authtoken", "bearertoken", "sessiontoken", "apitoken", "usertoken"]
                .contains(&&*bare(name))
        },
    ];
    names.iter().find_map(|is_one| find_named(value, at, is_one)).or_else(|| find_opaque(value, at))
}

fn find_named(value: &Value, at: &str, is_one: &fn(&str) -> bool) -> Option<(String, String)> {
    let Value::Object(members) = value else {
        return within(value, at, |it, at| find_named(it, at, is_one));
    };
    let own = members.iter().find(|(name, value)| is_one(name) && is_mark(value));
    own.map(|(name, _)| (at.to_owned(), name.clone()))
        .or_else(|| within(value, at, |it, at| find_named(it, at, is_one)))
}

/// What looks like a token, if nothing else does.
fn find_opaque(value: &Value, at: &str) -> Option<(String, String)> {
    let Value::Object(members) = value else { return None };
    let mut own = members.iter().filter(|(_, value)| is_mark(value));
    match (own.next(), own.next()) {
        (Some((name, _)), None) => Some((at.to_owned(), name.clone())),
        _ => within(value, at, find_opaque),
    }
}

fn within(
    value: &Value,
    at: &str,
    find: impl Fn(&Value, &str) -> Option<(String, String)>,
) -> Option<(String, String)> {
    match value {
        Value::Object(members) => members.iter().find_map(|(name, value)| {
            find(value, &format!("{at}/{}", name.replace('~', "~0").replace('/', "~1")))
        }),
        Value::Array(values) => values
            .iter()
            .enumerate()
            .find_map(|(number, value)| find(value, &format!("{at}/{number}"))),
        _ => None,
    }
}

fn is_mark(value: &Value) -> bool {
    value.as_str().is_some_and(|text| text.starts_with('[') && text.ends_with(']'))
}
