//! Checks conventions, so that nothing is sent that nobody meant.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use http::{HeaderName, HeaderValue};

use crate::conventions::{
    AUTHORIZATION, AnswerConventions, Application, Conventions, RequestConventions, TokenPlace,
};
use crate::error::ConfigError;
use crate::kind::Kind;
use crate::template::{fill, placeholders};

/// Refuses conventions that cannot be followed. `filled` are a client's id, secret and scopes.
pub(crate) fn check(
    conventions: &Conventions,
    filled: [(&str, &str); 3],
) -> Result<(), ConfigError> {
    // The standard can be followed.
    if *conventions == Conventions::default() {
        return Ok(());
    }
    headers(&conventions.headers, filled)?;
    if let Some(basic) = &conventions.basic {
        let field = "conventions.basic";
        known_placeholders(field, "basic", basic, &["client_id", "client_secret"])?;
        if !basic.contains(':') {
            return Err(invalid(field, "it has no colon between user and password"));
        }
    }
    if let Some(delimiter) = &conventions.scope_delimiter {
        let is_text = !delimiter.is_empty() && !delimiter.contains(char::is_control);
        let otherwise =
            invalid("conventions.scope_delimiter", "it is empty or a control character");
        is_text.then_some(()).ok_or(otherwise)?;
    }
    authorization(conventions)?;
    for kind in Kind::ALL {
        request(kind, conventions.of(kind))?;
    }
    let rename = &conventions.callback.rename;
    members("conventions.callback.rename", rename, &["code", "state"], &["iss", "error"])?;
    answer(&conventions.answer)?;
    application(&conventions.apply)
}

/// Whether a value asks for random bytes.
pub(crate) fn needs_randomness(conventions: &Conventions) -> bool {
    let kinds = Kind::ALL.into_iter().map(|kind| &conventions.of(kind).params);
    let maps = kinds.chain([&conventions.headers, &conventions.authorization.params]);
    let mut values = maps.flat_map(BTreeMap::values);
    values.any(|value| placeholders(value).any(|name| name == "random"))
}

fn headers(
    headers: &BTreeMap<String, String>,
    filled: [(&str, &str); 3],
) -> Result<(), ConfigError> {
    let mut names = HashSet::new();
    for (name, value) in headers {
        let invalid = |reason| ConfigError::InvalidHeader { name: name.clone(), reason };
        let parsed = HeaderName::try_from(name)
            .map_err(|_| invalid("its name has a character that no header's name can have"))?;
        if RESERVED.iter().chain(&STRUCTURAL).any(|name| *name == parsed) {
            return Err(ConfigError::ReservedHeader { name: name.clone() });
        }
        if !names.insert(parsed) {
            return Err(invalid("it stands there twice"));
        }
        let known = ["client_id", "client_secret", "scope", "random"];
        known_placeholders("conventions.headers", name, value, &known)?;
        let value_of = |name: &str| {
            filled.iter().find(|(known, _)| *known == name).map_or("0", |(_, value)| value)
        };
        let filled = fill(value, value_of);
        let is_plain = filled.bytes().all(|byte| matches!(byte, b' '..=b'~'));
        if !is_plain || HeaderValue::try_from(filled).is_err() {
            return Err(invalid("its value has characters beyond printable ASCII"));
        }
    }
    Ok(())
}

fn authorization(conventions: &Conventions) -> Result<(), ConfigError> {
    let own = &conventions.authorization;
    let field = "conventions.authorization";
    for (name, value) in &own.params {
        known_placeholders(field, name, value, &["client_id", "scope", "random", "state"])?;
    }
    for name in ["state", "code_challenge", "code_challenge_method"] {
        if own.params.contains_key(name) {
            return Err(invalid(field, "state and code_challenge are new for each authorization"));
        }
    }
    if own.omit.contains("state") {
        return Err(invalid(field, "without state a callback could be anyone's"));
    }
    if own.omit.iter().any(|name| name.starts_with("code_challenge")) {
        return Err(invalid(field, "to leave code_challenge out, set pkce to refused"));
    }
    if own.params.contains_key("client_secret") {
        return Err(invalid(field, "the client_secret would stand in the user's browser"));
    }
    standard_names(field, AUTHORIZATION, &own.rename, &own.omit)?;
    no_repeats(field, AUTHORIZATION, &own.rename, &own.omit, &own.params)?;
    if let Some(delimiter) = &own.raw_scope_delimiter {
        let may_stand = |c: char| c.is_ascii_graphic() && !"&=#%\"<>\\^`{|}".contains(c);
        if delimiter.is_empty() || !delimiter.chars().all(may_stand) {
            let field = "conventions.authorization.raw_scope_delimiter";
            return Err(invalid(field, "it cannot stand as it is in the value of a query"));
        }
    }
    Ok(())
}

fn request(kind: Kind, own: &RequestConventions) -> Result<(), ConfigError> {
    let field = kind.field();
    let known: &[_] = match kind {
        Kind::Exchange => &["client_id", "client_secret", "scope", "random", "state"],
        _ => &["client_id", "client_secret", "scope", "random"],
    };
    for (name, value) in &own.params {
        known_placeholders(field, name, value, known)?;
    }
    let names = [kind.parameters(), CREDENTIALS].concat();
    standard_names(field, &names, &own.rename, &own.omit)?;
    let never_judged = |status: &String| ["301", "307", "308", "429"].contains(&&**status);
    if own.errors.keys().any(never_judged) {
        return Err(invalid(field, "errors has a status that means the same whatever is said"));
    }
    if own.errors.values().any(|meant| !MEANINGS.contains(&&**meant)) {
        return Err(invalid(field, "errors leads to a code that the standard does not have"));
    }
    no_repeats(field, &names, &own.rename, &own.omit, &own.params)
}

/// `rename` and `omit` speak of standard parameters. To omit what another kind of request has does no
/// harm.
fn standard_names(
    field: &'static str,
    own: &[&str],
    rename: &BTreeMap<String, String>,
    omit: &BTreeSet<String>,
) -> Result<(), ConfigError> {
    let kinds = Kind::ALL.iter().flat_map(|kind| kind.parameters());
    let standard: Vec<_> = kinds.chain(CREDENTIALS).chain(AUTHORIZATION).collect();
    let renamed = rename.keys().find(|name| !own.contains(&&***name));
    let omitted = omit.iter().find(|name| !standard.iter().any(|known| **known == **name));
    if let Some(name) = renamed.or(omitted) {
        return Err(ConfigError::UnknownParameter { field, name: name.clone() });
    }
    rename.values().try_for_each(|theirs| non_empty(field, theirs))
}

/// A parameter stands in a request once.
fn no_repeats(
    field: &'static str,
    standard: &[&str],
    rename: &BTreeMap<String, String>,
    omit: &BTreeSet<String>,
    params: &BTreeMap<String, String>,
) -> Result<(), ConfigError> {
    let sent = standard.iter().filter(|name| !omit.contains(**name)).copied();
    let added = params
        .keys()
        .map(|name| &**name)
        .filter(|name| !standard.contains(name) || omit.contains(*name));
    let mut names = BTreeSet::new();
    params.keys().try_for_each(|name| non_empty(field, name))?;
    for name in sent.chain(added) {
        let theirs = rename.get(name).map_or(name, |theirs| theirs);
        if !names.insert(theirs) {
            return Err(ConfigError::DuplicateParameter { field, name: theirs.to_owned() });
        }
    }
    Ok(())
}

fn answer(own: &AnswerConventions) -> Result<(), ConfigError> {
    members("conventions.answer.rename", &own.rename, &ANSWER, &[])?;
    let pointer = |field, text: &str| {
        let is_one = text.is_empty() || text.starts_with('/');
        is_one.then_some(()).ok_or(invalid(field, "it is no JSON Pointer, such as /data/token"))
    };
    pointer("conventions.answer.root", &own.root)?;
    for (field, told) in [
        ("conventions.answer.expires_at", &own.expires_at),
        ("conventions.answer.refresh_expires_at", &own.refresh_expires_at),
    ] {
        let name = told.as_ref().map_or("name", |told| &told.name);
        non_empty(field, name)?;
        no_pointer(field, name)?;
    }
    let field = "conventions.answer.rename";
    own.rename.values().try_for_each(|name| no_pointer(field, name))?;
    if own.default_lifetime == Some(0) {
        let field = "conventions.answer.default_lifetime";
        return Err(invalid(field, "it must be more than zero"));
    }
    let Some(sign) = &own.error else { return Ok(()) };
    let field = "conventions.answer.error";
    if !sign.success.is_empty() && !sign.error.is_empty() {
        return Err(invalid(field, "success decides: leave error out, or success"));
    }
    non_empty("conventions.answer.error.pointer", &sign.pointer)?;
    pointer("conventions.answer.error.pointer", &sign.pointer)?;
    pointer("conventions.answer.error.code", sign.code.as_deref().unwrap_or_default())?;
    pointer("conventions.answer.error.description", sign.description.as_deref().unwrap_or_default())
}

fn no_pointer(field: &'static str, name: &str) -> Result<(), ConfigError> {
    let otherwise = invalid(field, "it takes a name; only root is a pointer");
    (!name.starts_with('/')).then_some(()).ok_or(otherwise)
}

/// Names of what comes back: those that may be others, and those that are taken.
fn members(
    field: &'static str,
    rename: &BTreeMap<String, String>,
    standard: &[&str],
    taken: &[&str],
) -> Result<(), ConfigError> {
    if let Some(name) = rename.keys().find(|name| !standard.contains(&&***name)) {
        return Err(ConfigError::UnknownParameter { field, name: name.clone() });
    }
    let theirs = standard.iter().map(|name| rename.get(*name).map_or(*name, |theirs| theirs));
    let mut names: BTreeSet<&str> = taken.iter().copied().collect();
    for name in theirs {
        non_empty(field, name)?;
        if !names.insert(name) {
            return Err(invalid(field, "two members would have one name"));
        }
    }
    Ok(())
}

fn application(own: &Application) -> Result<(), ConfigError> {
    if let Some(template) = &own.template {
        let field = "conventions.apply.template";
        known_placeholders(field, "template", template, &["token"])?;
        if placeholders(template).next().is_none() {
            return Err(invalid(field, "it has no {token}"));
        }
        if template.contains(char::is_control) {
            return Err(invalid(field, "it has a control character"));
        }
    }
    if let Some(name) = &own.name {
        let field = "conventions.apply.name";
        non_empty(field, name)?;
        if own.place == TokenPlace::Header {
            let Ok(name) = HeaderName::try_from(name) else {
                return Err(invalid(field, "it is no name of a header"));
            };
            if STRUCTURAL.contains(&name.as_str()) {
                return Err(invalid(field, "HTTP needs this header for itself"));
            }
        }
    }
    Ok(())
}

fn known_placeholders(
    field: &'static str,
    name: &str,
    template: &str,
    known: &[&str],
) -> Result<(), ConfigError> {
    if placeholders(template).all(|name| known.contains(&name)) {
        return Ok(());
    }
    let known: Vec<_> = known.iter().map(|name| format!("{{{name}}}")).collect();
    Err(ConfigError::UnknownPlaceholder { field, name: name.to_owned(), known: known.join(", ") })
}

fn non_empty(field: &'static str, text: &str) -> Result<(), ConfigError> {
    if text.is_empty() { Err(invalid(field, "a name or a pointer is empty")) } else { Ok(()) }
}

fn invalid(field: &'static str, reason: &'static str) -> ConfigError {
    ConfigError::InvalidConvention { field, reason }
}

const CREDENTIALS: &[&str] = &["client_id", "client_secret"];

/// What an error code can mean.
const MEANINGS: [&str; 10] = [
    "invalid_client",
    "unauthorized_client",
    "invalid_grant",
    "invalid_scope",
    "access_denied",
    "invalid_target",
    "invalid_request",
    "unsupported_grant_type",
    "server_error",
    "temporarily_unavailable",
];

/// The members of an answer that may have other names.
const ANSWER: [&str; 6] = [
    "access_token",
    "token_type",
    "refresh_token",
    "expires_in",
    "refresh_token_expires_in",
    "scope",
];

/// What the flavor sets, and what would make an answer come that cannot be read.
const RESERVED: [&str; 5] =
    ["authorization", "proxy-authorization", "cookie", "accept-encoding", "range"];

/// What HTTP sets itself.
const STRUCTURAL: [&str; 10] = [
    "content-length",
    "transfer-encoding",
    "host",
    "connection",
    "proxy-connection",
    "keep-alive",
    "te",
    "trailer",
    "upgrade",
    "expect",
];
