//! Finds tokens by their names, wherever they stand in an answer and however they are written.

use std::borrow::Cow;

use serde_json::Value;

use super::members::{Members, string};

/// Whether the body speaks of an access, refresh or ID token by name, anywhere and in any shape, or
/// has a member, at any depth, that goes with one.
pub(super) fn named(text: &str, members: &Members<'_>) -> bool {
    let goes_with_one =
        |name: &str| is_token(name) || matches!(&*bare(name), "token" | "tokentype" | "expiresin");
    let mut words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '-');
    words.any(is_token)
        || members.iter().any(|(name, _)| goes_with_one(name))
        || names_in_json(text).any(|name| goes_with_one(&name))
}

/// The access, refresh and ID tokens that the members hold, at any depth.
pub(super) fn held(members: &Members<'_>) -> Vec<String> {
    let mut tokens = Vec::new();
    for (name, member) in members.iter() {
        collect_tokens(is_token(name), &member.bounded_value(), &mut tokens);
    }
    tokens
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
    matches!(&*bare(name), "accesstoken" | "refreshtoken" | "idtoken")
}

/// The name without what its writers differ in: case, underscores, hyphens.
fn bare(name: &str) -> String {
    let letters = name.chars().filter(|&c| c != '_' && c != '-');
    letters.map(|c| c.to_ascii_lowercase()).collect()
}

/// The names of all members of all objects in a JSON text, whole or broken, nested or not.
///
/// A scan over its strings instead of a parse: it needs no stack, and sees what stands before a
/// break.
fn names_in_json(text: &str) -> impl Iterator<Item = Cow<'_, str>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        loop {
            let start = rest.find('"')?;
            let length = string_length(&rest[start..])?;
            let (literal, tail) = rest[start..].split_at(length);
            rest = tail;
            if tail.trim_start().starts_with(':') {
                return Some(string(literal).unwrap_or_default());
            }
        }
    })
}

/// The length of the JSON string that the text begins with.
fn string_length(text: &str) -> Option<usize> {
    let mut escaped = false;
    let closing = |&(_, byte): &(usize, u8)| {
        let closing = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        closing
    };
    text.bytes().enumerate().skip(1).find(closing).map(|(at, _)| at + 1)
}
