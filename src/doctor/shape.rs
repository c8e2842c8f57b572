//! The members of a token answer that go by other names than the standard's.

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
