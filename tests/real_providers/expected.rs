//! What a client must know of a token that it was given, by the entry and by what the answer had.

use std::time::{Duration, SystemTime};

use serde_json::Value;
use token_exchanger::{CallError, CallErrorKind, Outcome, Token};

use crate::entry::{Client, Entry, Grant, Kind, Unit, ZeroLifetime, text};
use crate::provider::Provider;

/// Between these two moments the answer came.
pub(crate) struct Window {
    pub(crate) from: SystemTime,
    pub(crate) to: SystemTime,
}

/// Compares the token with the last answer, which the provider knows best. `before` is the answer
/// before that, of which a refresh keeps what it does not bring anew.
pub(crate) fn check(
    entry: &Entry,
    client: &Client,
    provider: &Provider,
    kind: Kind,
    token: &Token,
    window: &Window,
    before: Option<&Value>,
) -> Result<(), String> {
    let theirs = provider.entry();
    let (template, answer) = (theirs.body(kind), provider.answer());
    if token.access_token.expose() != provider.access_token() {
        return Err("the access token is not that of the answer".to_owned());
    }
    let refresh_token =
        provider.refresh_token().filter(|_| entry.grant != Grant::ClientCredentials);
    if token.refresh_token.as_ref().map(|it| it.expose()) != refresh_token.as_deref() {
        return Err("the refresh token is not the one that counts now".to_owned());
    }
    let promised = entry.body(entry.first()).to_string().contains("$REFRESH_TOKEN");
    if token.refresh_token.is_some() != (promised && entry.grant != Grant::ClientCredentials) {
        return Err("a refresh token that nobody promised, or none".to_owned());
    }
    check_expiry(theirs, client, provider.ahead(), &template, token, window)?;
    if template.get("scope").is_some_and(|it| it == "$SCOPES" || it == "$SCOPES:array") {
        let scopes = token.scopes.as_deref().unwrap_or_default();
        if scopes != entry.scopes(client) {
            return Err(format!("the token's scopes are {scopes:?}"));
        }
    }
    for pointer in &entry.server.response.keeps {
        let kept = answer.pointer(pointer).or_else(|| before?.pointer(pointer));
        let kept = kept.ok_or_else(|| format!("no answer has {pointer}"))?;
        if Value::Object(token.extra.clone()).pointer(pointer) != Some(kept) {
            return Err(format!("{pointer} cannot be read from the token"));
        }
    }
    Ok(())
}

/// When a token ends.
enum End {
    /// So long after it was asked for.
    After(u64),
    /// So long after that by the provider's clock.
    AfterByTheirClock(u64),
    At(u64),
    Unknown,
}

fn check_expiry(
    entry: &Entry,
    client: &Client,
    ahead: Duration,
    template: &Value,
    token: &Token,
    window: &Window,
) -> Result<(), String> {
    let (after, ahead) = match end(entry, client, template) {
        End::Unknown if token.expires_at.is_none() => return Ok(()),
        End::Unknown => return Err("the token ends, and nothing said so".to_owned()),
        End::At(seconds) => {
            let end = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
            return if token.expires_at == Some(end) { Ok(()) } else { Err("another end".into()) };
        }
        End::After(seconds) => (Duration::from_secs(seconds), Duration::ZERO),
        End::AfterByTheirClock(seconds) => (Duration::from_secs(seconds), ahead),
    };
    let Some(expires_at) = token.expires_at else {
        return Err(format!("the token has no end, which is after {after:?}"));
    };
    // A moment is told in whole seconds.
    let second = Duration::from_secs(1);
    let (from, to) = (window.from + ahead + after - second, window.to + ahead + after + second);
    if (from..=to).contains(&expires_at) {
        return Ok(());
    }
    let off = expires_at.duration_since(from).unwrap_or_else(|it| it.duration());
    Err(format!("the token's end is off by about {off:?}"))
}

fn end(entry: &Entry, client: &Client, template: &Value) -> End {
    let look = &entry.server.response.look;
    let members = template.pointer(&look.root);
    let member = |name: &str| members?.get(name).filter(|value| !value.is_null()).cloned();
    let zero = || match look.zero_lifetime {
        Some(ZeroLifetime::Never) => End::Unknown,
        None => look.default_lifetime.map_or(End::Unknown, End::After),
    };
    let is_placeholder = |value: &Value| text(value).is_some_and(|it| it.starts_with("$EXPIRES"));
    if let Some(value) = look.expires_at.as_deref().and_then(member) {
        if is_placeholder(&value) {
            return End::AfterByTheirClock(client.lifetime);
        }
        let number = text(&value).and_then(|text| text.parse::<u64>().ok());
        let date = text(&value).and_then(|text| text.parse::<jiff::Timestamp>().ok());
        let date = date.and_then(|date| u64::try_from(date.as_second()).ok());
        return match (look.expires_at_format, number) {
            (_, Some(0)) => zero(),
            (Unit::Milliseconds, Some(number)) => End::At(number / 1000),
            (Unit::Seconds, Some(number)) => End::At(number),
            _ => date.map_or(End::Unknown, End::At),
        };
    }
    let Some(value) = member(look.expires_in.as_deref().unwrap_or("expires_in")) else {
        return look.default_lifetime.map_or(End::Unknown, End::After);
    };
    if is_placeholder(&value) {
        return End::After(client.lifetime);
    }
    match text(&value).and_then(|text| text.parse::<u64>().ok()) {
        Some(0) => zero(),
        Some(number) if look.expires_in_unit == Unit::Milliseconds => End::After(number / 1000),
        Some(number) => End::After(number),
        None => look.default_lifetime.map_or(End::Unknown, End::After),
    }
}

/// The call failed, and told each error as the provider did.
pub(crate) fn check_refusal<T>(
    provider: &Provider,
    came: Result<T, CallError>,
) -> Result<(), String> {
    let Err(error) = came else { return Err("a bad call brought a token".to_owned()) };
    let refusals = provider.refusals();
    if refusals.is_empty() || refusals.len() != error.attempts().len() {
        return Err(format!("{} refusals, and the client says: {error}", refusals.len()));
    }
    for (attempt, refusal) in error.attempts().iter().zip(&refusals) {
        let Outcome::Answered { status, error: Some(told) } = &attempt.outcome else {
            return Err(format!("a refusal is not recognised: {attempt}"));
        };
        let description = refusal.description.as_ref();
        if status.as_u16() != refusal.status
            || Some(&told.code) != refusal.code.as_ref()
            || description.is_some_and(|it| told.description.as_ref() != Some(it))
        {
            return Err(format!("a refusal is read otherwise than it was written: {attempt}"));
        }
    }
    let mut codes = refusals.iter().filter_map(|refusal| refusal.code.as_deref());
    let refused = codes.any(|code| code == "invalid_grant");
    match error.kind() {
        CallErrorKind::Refused(told) if refused && told.code == "invalid_grant" => Ok(()),
        _ if refused => Err(format!("invalid_grant is no refusal: {error}")),
        _ => Ok(()),
    }
}
