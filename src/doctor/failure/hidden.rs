//! A success that holds its token where nobody looked.

use serde_json::{Value, json};

use super::super::facts::Facts;
use super::super::finding::{Finding, FindingKind};
use super::super::shape;

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
        _ if json.as_ref().is_some_and(|json| json.get("id_token").is_some_and(shape::is_mark)) => {
            Some(id_token(facts))
        }
        _ if is_mark_alone(body) => Some(bare(facts)),
        _ if facts.is_cut() && facts.report.fate.as_deref() == Some("spent") => {
            Some(beyond_report(facts))
        }
        _ if !body.contains("[access_token") => None,
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
    } else if json.is_none() && facts.told.answer.as_ref().is_some_and(|it| it.body.contains('{')) {
        "the answer names a token, and is cut off or damaged"
    } else if json.is_none() {
        "the answer names a token, and is neither JSON nor a form: XML, or a text"
    } else {
        "the answer names a token, and what stands there is no text that could be one"
    };
    Finding::problem(
        FindingKind::AnswerShape,
        facts.seen(),
        cause,
        "look at the answer in the report; if it is always so, let a transport of your own write it as \
         JSON, or show it to the provider. The code is spent: let the user authorize again",
    )
}

fn bare(facts: &Facts<'_>) -> Finding {
    Finding::problem(
        FindingKind::AnswerShape,
        facts.seen(),
        "the answer is nothing but one text, probably the token",
        "let a transport of your own write it as {\"access_token\": \"...\"}; the code is spent: let \
         the user authorize again",
    )
}

fn id_token(facts: &Facts<'_>) -> Finding {
    Finding::problem(
        FindingKind::Scope,
        facts.seen(),
        "the answer brings an ID token, which tells who the user is, and no access token: no API was \
         asked for",
        "add the scope of the API to scopes, beside openid, and let the user authorize again",
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
        |name| shape::bare(name) == "accesstoken",
        |name| {
            ["token", "jwt", "authtoken", "bearertoken", "sessiontoken", "apitoken", "usertoken"]
                .contains(&&*shape::bare(name))
        },
    ];
    names
        .iter()
        .find_map(|is_one| shape::find_named(value, at, is_one))
        .or_else(|| find_opaque(value, at))
}

/// What looks like a token, if nothing else does.
fn find_opaque(value: &Value, at: &str) -> Option<(String, String)> {
    let Value::Object(members) = value else { return None };
    let names_other = |name: &str| ["idtoken", "refreshtoken"].contains(&&*shape::bare(name));
    let mut own =
        members.iter().filter(|(name, value)| shape::is_mark(value) && !names_other(name));
    match (own.next(), own.next()) {
        (Some((name, _)), None) => Some((at.to_owned(), name.clone())),
        _ => shape::within(value, at, find_opaque),
    }
}

/// Whether a body is nothing but one mark, in quotes or not.
fn is_mark_alone(body: &str) -> bool {
    let text = body.trim().trim_matches('"');
    let name = text.strip_prefix('[').and_then(|it| it.strip_suffix(']'));
    name.is_some_and(|it| matches!(it, "opaque" | "access_token" | "token"))
}
