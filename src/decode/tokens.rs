//! Finds tokens by their names, wherever they stand in an answer and however they are written.

use serde_json::Value;

use super::members::{Members, names_in_json};

/// Whether the body speaks of an access, refresh or ID token by name, anywhere and in any shape, or
/// has a member, at any depth, that goes with one.
pub(super) fn named(text: &str, members: &Members<'_>) -> bool {
    let goes_with_one = |name: &str| {
        let others = ["token", "tokentype", "expiresin"];
        is_token(name) || others.iter().any(|other| is_alike(name, other))
    };
    let mut words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '-');
    words.any(is_token)
        || members.iter().any(|(name, _)| goes_with_one(name))
        || names_in_json(text).any(|name| goes_with_one(&name))
}

/// The access, refresh and ID tokens that the members hold, at any depth, each once.
pub(super) fn held(members: &Members<'_>) -> Vec<String> {
    let mut tokens = Vec::new();
    for (name, member) in members.iter() {
        let is_named = is_token(name);
        // Another text or number is none, and holds none.
        if is_named || member.is_structured() {
            collect_tokens(is_named, &member.bounded_value(), &mut tokens);
        }
    }
    tokens.sort_unstable();
    tokens.dedup();
    tokens
}

/// Whether there may be a token in what is too large or nested too deeply to be held.
pub(super) fn unheld(members: &Members<'_>) -> bool {
    members.iter().any(|(name, member)| {
        let names_one = |json| is_token(name) || names_in_json(json).any(|name| is_token(&name));
        member.unheld().is_some_and(names_one)
    })
}

fn collect_tokens(is_named: bool, value: &Value, tokens: &mut Vec<String>) {
    match value {
        Value::String(token) if is_named && !token.is_empty() => tokens.push(token.clone()),
        Value::Array(values) => {
            values.iter().for_each(|value| collect_tokens(is_named, value, tokens));
        }
        Value::Object(members) => {
            for (name, value) in members {
                collect_tokens(is_named || is_token(name), value, tokens);
            }
        }
        _ => {}
    }
}

/// Whether the name, however it is written, is that of an access, refresh or ID token.
fn is_token(name: &str) -> bool {
    ["accesstoken", "refreshtoken", "idtoken"].iter().any(|token| is_alike(name, token))
}

/// Whether the name is this one but for what its writers differ in: case, underscores, hyphens.
fn is_alike(name: &str, bare: &str) -> bool {
    let letters = name.chars().filter(|&c| c != '_' && c != '-');
    letters.map(|c| c.to_ascii_lowercase()).eq(bare.chars())
}
