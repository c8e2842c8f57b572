//! The members of a token answer that go by other names than the standard's, or stand elsewhere.

use serde_json::{Map, Value, json};

/// What `conventions.answer` has to say for them to be found: the names of all but the access token.
pub(super) fn conventions(members: &Map<String, Value>) -> Map<String, Value> {
    let mut rename = Map::new();
    let mut conventions = Map::new();
    let has = |name: &str| members.contains_key(name);
    for (name, value) in members {
        let bare = bare(name);
        let is_moment = matches!(&*bare, "expiresat" | "expireson" | "expirydate" | "expiration");
        if bare == "refreshtoken" && !has("refresh_token") && value.is_string() {
            rename.insert("refresh_token".into(), json!(name));
        } else if matches!(&*bare, "expiresin" | "expires")
            && !has("expires_in")
            && is_lifetime(value)
        {
            rename.insert("expires_in".into(), json!(name));
        } else if is_moment && !has("expires_in") {
            let format = match value.as_f64() {
                None => "rfc3339",
                Some(moment) if moment > 1e11 => "milliseconds",
                Some(_) => "seconds",
            };
            conventions.insert("expires_at".into(), json!({"name": name, "format": format}));
        }
    }
    if !rename.is_empty() {
        conventions.insert("rename".into(), Value::Object(rename));
    }
    conventions
}

fn is_lifetime(value: &Value) -> bool {
    let number = value.as_f64().or_else(|| value.as_str()?.parse().ok());
    number.is_some_and(|number| number > 0.0 && number < 1e9)
}

pub(super) fn bare(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase()
}

/// The object that holds a hidden text under such a name, as a JSON Pointer, and the name.
pub(super) fn find_named(
    value: &Value,
    at: &str,
    is_one: &fn(&str) -> bool,
) -> Option<(String, String)> {
    let Value::Object(members) = value else {
        return within(value, at, |it, at| find_named(it, at, is_one));
    };
    let own = members.iter().find(|(name, value)| is_one(name) && is_mark(value));
    own.map(|(name, _)| (at.to_owned(), name.clone()))
        .or_else(|| within(value, at, |it, at| find_named(it, at, is_one)))
}

/// The same of what the value holds.
pub(super) fn within(
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

/// Whether a secret stood there.
pub(super) fn is_mark(value: &Value) -> bool {
    value.as_str().is_some_and(|text| text.starts_with('[') && text.ends_with(']'))
}
