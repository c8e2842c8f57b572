//! The decoder: a token is found where there is one, and never asked for again.

use std::ops::ControlFlow;
use std::time::Duration;

use percent_encoding::percent_decode_str;
use serde::de::IgnoredAny;
use serde_json::{Map, Value};
use token_exchanger::{CallErrorKind, CodeFate, Issued, Policy, Token};

use super::exposure::{self, assert_printable};
use super::scene::{Answer, Client, Scene, call, start};

/// Gives one answer, a head and a body, to a call under either policy.
///
/// # Panics
///
/// If a promise is broken.
pub fn decoder(input: &[u8]) {
    let answer = Answer::read(input);
    for policy in [Policy::Exhaustive, Policy::Careful] {
        one(&answer, policy);
    }
}

fn one(answer: &Answer, policy: Policy) {
    let mut scene = Scene::read(b"");
    (scene.policy, scene.client) = (policy, Client::Reserved);
    let exchanger = scene.exchanger();
    let holds = Holds::read(answer);
    match call(&exchanger).receive(answer.give(), start(), start() + scene.pace) {
        ControlFlow::Continue(_) => {
            assert!(!holds.perhaps_a_token(), "goes on after what may be a token");
            assert!(answer.end.is_ok(), "goes on after no answer");
        }
        ControlFlow::Break(Ok(issued)) => {
            assert!(answer.is_success(), "a token of no success");
            assert!(!matches!(holds, Holds::Unusable), "a token out of nothing");
            if let Holds::Token(members) = &holds {
                check(&issued, members);
            }
            check_stored(&issued.token);
            assert_unshown(&holds, answer, &exposure::of_issued(&issued));
            assert_eq!(exchanger.learned(), Some(issued.flavor));
        }
        ControlFlow::Break(Err(error)) => {
            assert!(!matches!(holds, Holds::Token(_)), "no token: {error}");
            if holds.perhaps_a_token() {
                assert!(matches!(error.kind(), CallErrorKind::Unreadable(_)), "{error}");
                assert_eq!(error.code_fate(), CodeFate::Spent, "{error}");
            }
            assert_eq!(error.attempts().len(), 1);
            assert_printable(&error);
            assert_unshown(&holds, answer, &exposure::of_error(&error));
        }
    }
}

/// What an answer holds, as far as that is certain.
enum Holds {
    /// A token that can be used, and what comes with it.
    Token(Map<String, Value>),
    /// A token, unless it comes with an error, or twice.
    Perhaps,
    /// Something of a token in a success, or a token in no success.
    Unusable,
    Unsure,
}

impl Holds {
    fn read(answer: &Answer) -> Self {
        if answer.end.is_err() {
            return Self::Unsure;
        }
        let text = String::from_utf8_lossy(&answer.body);
        let is_damaged = std::str::from_utf8(&answer.body).is_err();
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text).trim();
        let holds = match serde_json::from_str(text) {
            Ok(value) => Self::json(&value, text, answer.is_success()),
            // Whole, but more than a value can hold: nested too deeply, a number too large.
            Err(_) if serde_json::from_str::<IgnoredAny>(text).is_ok() => {
                if answer.is_success() && is_written(text) { Self::Perhaps } else { Self::Unsure }
            }
            Err(_) if text.starts_with('{') => Self::broken(text, answer.is_success()),
            Err(_) => Self::form(text, answer.is_success()),
        };
        match holds {
            // The damage may be in the token.
            Self::Token(_) | Self::Unusable if is_damaged && answer.is_success() => Self::Perhaps,
            _ if is_damaged => Self::Unsure,
            holds => holds,
        }
    }

    fn perhaps_a_token(&self) -> bool {
        !matches!(self, Self::Unsure)
    }

    fn json(value: &Value, body: &str, success: bool) -> Self {
        let mut tokens = Vec::new();
        collect(value, &mut tokens);
        let Value::Object(members) = value else {
            return if success && !tokens.is_empty() { Self::Unusable } else { Self::Unsure };
        };
        // Of members given twice we see one, and escapes may hide a second.
        let once =
            |name: &str| !body.contains('\\') && body.matches(&format!("\"{name}\"")).count() <= 1;
        let access_token = text(members, "access_token").is_some();
        let told = members.get("error");
        let no_error = once("error") && told.is_none_or(|error| NO_ERRORS.contains(error));
        let speaks = ["token", "token_type", "expires_in"];
        let speaks = speaks.iter().any(|name| members.contains_key(*name));
        let silent = told.is_none() && !members.contains_key("errors");
        match success {
            true if access_token && once("access_token") && no_error => {
                let mut members = members.clone();
                members.retain(|name, _| once(name));
                Self::Token(members)
            }
            true if !tokens.is_empty() && (access_token || body.contains('\\')) => Self::Perhaps,
            true if !tokens.is_empty() || speaks && silent => Self::Unusable,
            false if access_token && once("access_token") => Self::Unusable,
            _ => Self::Unsure,
        }
    }

    /// JSON that is cut off or damaged: what it held cannot be known, unless it told an error.
    fn broken(body: &str, success: bool) -> Self {
        let may_tell = body.contains("error") || body.contains('\\');
        if success && !may_tell { Self::Unusable } else { Self::Unsure }
    }

    fn form(text: &str, success: bool) -> Self {
        let is_form =
            text.bytes().all(|byte| byte.is_ascii_graphic()) && !text.starts_with(['[', '"', '<']);
        let pairs = || text.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
        let once = |name: &str| pairs().filter(|(other, _)| *other == name).count() == 1;
        if !success
            || !is_form
            || !pairs().any(|pair| pair.0 == "access_token" && !pair.1.is_empty())
        {
            return Self::Unsure;
        }
        // Under an escaped name there may be a second one, or an error.
        let is_plain = pairs().all(|(name, _)| !name.contains(['%', '+']) && name != "error");
        if !is_plain || !once("access_token") {
            return Self::Perhaps;
        }
        let member = |(name, value): (&str, &str)| {
            let value = value.replace('+', " ");
            (name.to_owned(), percent_decode_str(&value).decode_utf8_lossy().into())
        };
        Self::Token(pairs().filter(|(name, _)| once(name)).map(member).collect())
    }
}

/// What the answer said is what the token has.
fn check(issued: &Issued, members: &Map<String, Value>) {
    let token = &issued.token;
    assert_eq!(Some(token.access_token.expose()), text(members, "access_token"));
    if let Some(refresh) = text(members, "refresh_token") {
        assert_eq!(token.refresh_token.as_ref().map(|it| it.expose()), Some(refresh));
    }
    let lifetime = members.get("expires_in").and_then(Value::as_u64);
    if let Some(seconds) = lifetime.filter(|seconds| (1..1 << 32).contains(seconds)) {
        assert_eq!(token.expires_at, Some(start() + Duration::from_secs(seconds)));
    }
    match text(members, "token_type") {
        Some(name) if name.eq_ignore_ascii_case("bearer") => assert_eq!(token.token_type, "Bearer"),
        Some(name) => assert_eq!(token.token_type, name),
        None => {}
    }
    if let Some(scope) = text(members, "scope") {
        let scopes: Vec<_> = scope.split_ascii_whitespace().map(str::to_owned).collect();
        assert_eq!(token.scopes.as_ref(), Some(&scopes));
    }
}

/// A token comes back from where it was stored as it was.
pub(crate) fn check_stored(token: &Token) {
    let stored = serde_json::to_string(token).expect("a token can be stored");
    let restored: Token = serde_json::from_str(&stored).expect("a stored token can be read");
    assert!(restored == *token, "{stored} became another token");
}

/// No token of the answer is shown. Those that fuzz makes of our own words are not looked for, nor
/// is the text of a transport error, which is no answer.
fn assert_unshown(holds: &Holds, answer: &Answer, shown: &str) {
    if answer.end.is_err() {
        return;
    }
    let mut tokens = Vec::new();
    if let Holds::Token(members) = holds {
        tokens.extend(["access_token", "refresh_token"].map(|name| text(members, name)));
    }
    let value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let mut held = Vec::new();
    collect(&value, &mut held);
    let all = tokens.into_iter().flatten().chain(held);
    for token in all.filter(|token| token.contains("-SECRET-") && token.len() >= 16) {
        assert!(!shown.contains(token), "{token} is shown in {shown}");
    }
}

/// The texts under a token's name, at any depth.
fn collect<'v>(value: &'v Value, tokens: &mut Vec<&'v str>) {
    match value {
        Value::Array(values) => values.iter().for_each(|value| collect(value, tokens)),
        Value::Object(members) => {
            for (name, value) in members {
                let names = ["access_token", "refresh_token", "id_token", "accessToken"];
                match value {
                    Value::String(text) if names.contains(&&**name) && !text.is_empty() => {
                        tokens.push(text);
                    }
                    value => collect(value, tokens),
                }
            }
        }
        _ => {}
    }
}

/// Whether a token is a member of some object in the JSON, as most servers write one.
fn is_written(text: &str) -> bool {
    ["access_token", "refresh_token", "id_token"].iter().any(|name| {
        let before = format!("\"{name}\":\"");
        text.split(&before).skip(1).any(|value| !value.starts_with('"'))
    })
}

fn text<'m>(members: &'m Map<String, Value>, name: &str) -> Option<&'m str> {
    members.get(name)?.as_str().filter(|text| !text.is_empty())
}

/// Values of `error` that tell of none.
const NO_ERRORS: [Value; 2] = [Value::Null, Value::Bool(false)];
