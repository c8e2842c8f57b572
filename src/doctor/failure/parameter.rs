//! A parameter is missing, or not wanted.

use super::super::facts::Facts;
use super::super::finding::{Finding, FindingKind};

pub(super) fn refused(facts: &Facts<'_>) -> Option<Finding> {
    let is_request = match facts.status() {
        // A page says much that is about no parameter.
        _ if facts.is_page() => facts.status() == 400 && facts.says(&["parameter"]),
        400 | 422 => true,
        _ => matches!(facts.code(), "invalid_request" | "unnamed"),
    };
    if !is_request {
        return None;
    }
    let named = NAMES.into_iter().find(|name| facts.names(name));
    let is_missing = facts.says_missing();
    let is_unwanted = facts.says(UNWANTED);
    let (cause, remedy) = match named {
        _ if has_two_clients(facts) => return Some(credentials_twice(facts)),
        Some(name) if is_missing => missing(facts, name),
        None if is_missing && facts.unknown_name().is_some() => {
            unknown(facts, &facts.unknown_name()?)
        }
        Some(name) if is_unwanted && facts.sent(name) => (
            format!("the server does not take {name} here"),
            format!(r#"set {}.omit to ["{name}"]"#, facts.conventions()),
        ),
        _ if (is_missing || is_unwanted)
            && facts.says(&["parameter", "param", "field", "argument"]) =>
        {
            (
                "a parameter is missing, or one too many is there".to_owned(),
                format!(
                    "compare the request (Attempt::to_curl) with the documentation: what is missing \
                    goes into {section}.params or Call::param, what is too much into {section}.omit",
                    section = facts.conventions()
                ),
            )
        }
        _ => return None,
    };
    Some(Finding::problem(FindingKind::Parameter, facts.seen(), cause, remedy))
}

fn missing(facts: &Facts<'_>, name: &str) -> (String, String) {
    let section = facts.conventions();
    if let Some(setting) = facts.changed(name) {
        (
            format!("{setting} sends {name} otherwise than the standard does, or not at all"),
            format!("take {name} out of {setting}"),
        )
    } else if name.starts_with("client_") && has_header(facts) {
        // A matter of the flavor.
        (
            format!("{name} stands in the header, and the server looks for it in the body"),
            "let it try all flavors: leave flavors and max_attempts out, or .flavors([Flavor::BODY_FORM]); \
             for a stored token set token.flavor"
                .to_owned(),
        )
    } else if facts.sent(name) && facts.tried_other_encoding() {
        (
            format!(
                "{name} was sent in every kind of body, and the server does not see it: it calls it \
                otherwise, or this is another endpoint"
            ),
            format!(
                "compare the documentation's example with the request (Attempt::to_curl); if it has \
                another name there, set {section}.rename"
            ),
        )
    } else if facts.sent(name) {
        (
            format!(
                "{name} was sent, and the server does not see it: it reads another kind of body, or \
                calls it otherwise"
            ),
            format!(
                "let it try all flavors: leave flavors and max_attempts out; if the documentation has \
                another name, set {section}.rename"
            ),
        )
    } else {
        (
            format!("{name} is missing in the request"),
            format!(
                "set it: the builder has settings for the standard ones, and {section}.params or \
                Call::param sends {name} and any other"
            ),
        )
    }
}

/// A parameter of the provider's own.
fn unknown(facts: &Facts<'_>, name: &str) -> (String, String) {
    let section = facts.conventions();
    (
        format!("{name} is missing in the request"),
        format!(
            "if it is this provider's name for a standard parameter, set {section}.rename, such as \
            {{\"client_id\": \"{name}\"}}; else send it by {section}.params or Call::param"
        ),
    )
}

fn credentials_twice(facts: &Facts<'_>) -> Finding {
    Finding::problem(
        FindingKind::CredentialsTwice,
        facts.seen(),
        "the server sees the client's credentials in two places",
        format!(
            "take client_id and client_secret out of {}.params; the flavor puts them where they belong",
            facts.conventions()
        ),
    )
}

fn has_two_clients(facts: &Facts<'_>) -> bool {
    has_header(facts)
        && (facts.sent("client_secret") || facts.sent("client_id"))
        && facts.says(&["multiple", "more than one", "both", "duplicate", "in the header and in"])
        && facts.says(&["credential", "authentication", "client_id", "authorization header"])
}

fn has_header(facts: &Facts<'_>) -> bool {
    facts.told.request.headers.iter().any(|(name, _)| name == "authorization")
}

const NAMES: [&str; 12] = [
    "redirect_uri",
    "code_verifier",
    "client_id",
    "client_secret",
    "grant_type",
    "code",
    "refresh_token",
    "state",
    "nonce",
    "tenant",
    "account",
    "user_id",
];

const UNWANTED: &[&str] = &[
    "unknown parameter",
    "unexpected parameter",
    "unsupported parameter",
    "unrecognized parameter",
    "invalid parameter",
    "not allowed",
    "not permitted",
    "not accepted",
];
