//! What is odd about a token that was got.

use serde_json::Value;

use super::facts::Facts;
use super::finding::{Finding, FindingKind, constant};
use super::{offline, shape};
use crate::report::ReportedToken;

pub(super) fn findings(facts: &Facts<'_>, token: &ReportedToken) -> Vec<Finding> {
    let mut findings = Vec::new();
    let misnamed = misnamed(facts, token);
    if misnamed.is_none() {
        findings.extend(no_refresh_token(facts, token));
    }
    findings.extend(misnamed);
    findings.extend(lifetime(token));
    findings.extend(scope(facts, token));
    findings.extend(token_type(token));
    findings.extend(flavor(facts));
    findings
}

/// What came with the token, and was not seen by its name.
fn misnamed(facts: &Facts<'_>, token: &ReportedToken) -> Option<Finding> {
    let json = facts.json()?;
    let mut conventions = shape::conventions(json.as_object()?);
    if token.expires_in.is_some() {
        conventions.remove("expires_at");
    }
    (!conventions.is_empty() && !facts.departs("/answer")).then(|| {
        Finding::problem(
            FindingKind::TokenElsewhere,
            "the answer has a refresh token or a lifetime under a name that is not the standard's",
            "it was not read, so that the connection will end without it",
            format!("set conventions.answer to {}", Value::Object(conventions)),
        )
    })
}

fn no_refresh_token(facts: &Facts<'_>, token: &ReportedToken) -> Option<Finding> {
    // One that trades the access token needs no other.
    let needs_none = facts.departs("/refresh_with");
    if token.has_refresh_token || needs_none || !facts.is_exchange() {
        return None;
    }
    if let Some(finding) = nested_refresh_token(facts) {
        return Some(finding);
    }
    let ends = match token.expires_in {
        Some(seconds) => {
            format!("the token ends after {seconds} s, and no refresh token came with it")
        }
        // It may not end at all.
        None => return None,
    };
    let scopes = &facts.configuration().scopes;
    let asked = scopes.iter().find(|scope| offline::is_scope(scope));
    Some(match asked {
        Some(scope) => Finding::risk(
            FindingKind::NoRefreshToken,
            ends,
            format!(
                "{scope} was asked for and not honoured: refresh tokens may have to be switched \
                     on in the provider's console, or come at a user's first consent only"
            ),
            match facts.departs("/authorization/params/prompt") {
                true => "switch them on there, and let the user authorize again",
                false => {
                    "switch them on there, or ask for consent again (prompt=consent in \
                     conventions.authorization.params), and let the user authorize again"
                }
            },
        ),
        None => Finding::risk(
            FindingKind::NoRefreshToken,
            ends,
            "nothing asked for a refresh token, and many providers give one only to those who ask; \
             the connection will fail after that time",
            offline::REMEDY,
        ),
    })
}

/// A refresh token that stands elsewhere than the access token.
fn nested_refresh_token(facts: &Facts<'_>) -> Option<Finding> {
    let is_one: fn(&str) -> bool = |name| shape::bare(name) == "refreshtoken";
    let (root, name) = shape::find_named(&facts.json()?, "", &is_one)?;
    Some(Finding::problem(
        FindingKind::TokenElsewhere,
        format!("there is a refresh token at {root}/{name}, and the access token is elsewhere"),
        "both are looked for in one object, so it was not read: the connection will end without it",
        "let a transport of your own put both into one object of the answer",
    ))
}

fn lifetime(token: &ReportedToken) -> Option<Finding> {
    match token.expires_in {
        Some(seconds) if seconds < SHORT => Some(Finding::risk(
            FindingKind::ShortLifetime,
            format!("the token lives {seconds} s, less than 5 minutes"),
            "between refreshes little time is left; a slow job or a clock that is off will meet a \
             dead token",
            "raise the lifetime in the provider's console, or refresh right before each use",
        )),
        Some(seconds) if seconds > LONG => Some(Finding::risk(
            FindingKind::Lifetime,
            format!("the token is said to live {seconds} s, which is {} years", seconds / YEAR),
            "expires_in is probably in milliseconds, or a moment and no lifetime",
            "set conventions.answer.lifetime_unit to \"milliseconds\", or name the member in \
             conventions.answer.expires_at",
        )),
        None if token.has_refresh_token => Some(Finding::risk(
            FindingKind::UnknownLifetime,
            "the answer does not say when the token ends",
            "the member is missing, or has another name than expires_in",
            "refresh when the API answers 401; if the documentation tells the lifetime, set \
             conventions.answer.default_lifetime, or rename expires_in in conventions.answer.rename",
        )),
        _ => None,
    }
}

fn scope(facts: &Facts<'_>, token: &ReportedToken) -> Option<Finding> {
    let is_narrowed = facts.report.warnings.iter().any(|it| it.contains("was not granted"));
    let granted = token.scope.as_deref().unwrap_or_default();
    is_narrowed.then(|| {
        Finding::risk(
            FindingKind::Scope,
            format!("asked for {}, and got {granted}", facts.configuration().scopes.join(" ")),
            "the user unticked one, the client may not have it, or the provider calls it otherwise",
            "allow the scope for this client in the provider's console, or spell it as the \
             documentation does; calls that need it will answer 403",
        )
    })
}

fn token_type(token: &ReportedToken) -> Option<Finding> {
    let needs_more =
        ["dpop", "mac", "pop"].iter().any(|it| token.token_type.eq_ignore_ascii_case(it));
    needs_more.then(|| {
        Finding::problem(
            FindingKind::TokenType,
            format!("the token is of type {}", token.token_type),
            "such a token is no use without a proof of its key in each request",
            "ask for Bearer tokens in the provider's console, or sign the requests yourself",
        )
    })
}

fn flavor(facts: &Facts<'_>) -> Option<Finding> {
    let made = facts.report.attempts.len();
    let flavor = facts.told.flavor;
    (made > 1).then(|| {
        Finding::risk(
            FindingKind::Flavor,
            match made - 1 {
                1 => format!("{flavor} was accepted, after a refused attempt"),
                refused => format!("{flavor} was accepted, after {refused} refused attempts"),
            },
            "until it is learned, each new exchanger asks in the other ways first; some providers \
             count that against the client, or take the code for used",
            format!("pin it: .flavors([{}]), or keep it and give it to prefer", constant(flavor)),
        )
    })
}

/// In seconds.
const SHORT: u64 = 5 * 60;

const YEAR: u64 = 365 * 24 * 3600;

/// No token that ends lives longer; what says so counts in other units.
const LONG: u64 = 20 * YEAR;
