//! The request was understood, or not, and something in it is wrong.

use super::super::facts::Facts;
use super::super::finding::{Finding, FindingKind};
use crate::flavor::BodyEncoding;

pub(super) fn refused(facts: &Facts<'_>) -> Option<Finding> {
    let rules: [fn(&Facts<'_>) -> Option<Finding>; 7] =
        [scope, target, denied, consent, encoding, grant_type, parameter];
    rules.iter().find_map(|rule| rule(facts))
}

fn scope(facts: &Facts<'_>) -> Option<Finding> {
    let is_scope = facts.code() == "invalid_scope"
        || facts.code() == "invalid_request" && facts.says(&["scope"]);
    let scopes = facts.report.configuration.scopes.join(" ");
    is_scope.then(|| {
        Finding::problem(
            FindingKind::Scope,
            facts.seen(),
            format!("a scope is not known, not allowed for this client, or separated otherwise; asked \
                for: {scopes}"),
            "spell the scopes as the documentation does, allow them for this client in the console, \
             and set conventions.scope_delimiter if it is not a space; if the token request must \
             have none, set conventions.exchange.omit to [\"scope\"]",
        )
    })
}

fn target(facts: &Facts<'_>) -> Option<Finding> {
    let is_target =
        facts.code() == "invalid_target" || facts.says(&["audience", "resource parameter"]);
    is_target.then(|| {
        Finding::problem(
            FindingKind::Parameter,
            facts.seen(),
            "the provider wants to know for which API the token is",
            "add the parameter that its documentation names, audience or resource, to \
             conventions.authorization.params and conventions.exchange.params",
        )
    })
}

fn denied(facts: &Facts<'_>) -> Option<Finding> {
    (facts.code() == "access_denied").then(|| {
        Finding::problem(
            FindingKind::Denied,
            facts.seen(),
            "the user, an administrator or a policy of the provider said no",
            "let a user authorize who may, or ask the administrator to allow the application",
        )
    })
}

fn consent(facts: &Facts<'_>) -> Option<Finding> {
    let words = [
        "interaction_required",
        "consent_required",
        "login_required",
        "mfa",
        "multi-factor",
        "has not consented",
    ];
    facts.says(&words).then(|| {
        Finding::problem(
            FindingKind::Consent,
            facts.seen(),
            "the provider wants the user to log in again, to prove more, or to consent",
            "send the user through the authorization again; an administrator can consent for all",
        )
    })
}

/// A body of the wrong kind.
fn encoding(facts: &Facts<'_>) -> Option<Finding> {
    let words = [
        "content-type",
        "content type",
        "media type",
        "x-www-form-urlencoded",
        "application/json",
        "parse json",
        "json body",
        "form body",
        "unexpected token",
        "not valid json",
        "malformed json",
    ];
    let is_other_kind = matches!(facts.status(), 415 | 406) || facts.says(&words);
    is_other_kind.then(|| body(facts))
}

fn body(facts: &Facts<'_>) -> Finding {
    let encoding = facts.told.flavor.encoding;
    let (sent, wanted, flavors) = match encoding {
        BodyEncoding::Json => ("JSON", "a form", "\"body+form\" or \"basic+form\""),
        _ => ("a form", "JSON", "\"body+json\" or \"basic+json\""),
    };
    let words = ["x-www-form-urlencoded", "application/json"];
    let named = facts.says(&words[usize::from(encoding == BodyEncoding::Form)..][..1]);
    let cause = if named {
        format!("the endpoint takes {wanted} only, and got {sent}")
    } else {
        format!("the endpoint does not take {sent}, and probably wants {wanted}")
    };
    Finding::problem(
        FindingKind::BodyEncoding,
        facts.seen(),
        cause,
        format!(
            "pin a flavor of the other kind: flavors, with {flavors}; if they were tried too, check \
            the content type that conventions.headers sets"
        ),
    )
}

fn grant_type(facts: &Facts<'_>) -> Option<Finding> {
    (facts.code() == "unsupported_grant_type").then(|| {
        let json_only = facts.told.flavor.encoding == BodyEncoding::Form;
        let cause = if json_only {
            "the server could not read the form, since it takes JSON only; or the grant is not \
             switched on for this client"
        } else {
            "the server could not read the JSON, since it takes forms only"
        };
        Finding::problem(
            FindingKind::GrantType,
            facts.seen(),
            cause,
            "allow the grant type for this client in the provider's console; if another kind of body \
             was not tried, let it be: leave flavors and max_attempts out",
        )
    })
}

/// A parameter that is missing, or not wanted.
fn parameter(facts: &Facts<'_>) -> Option<Finding> {
    let names = [
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
    if !matches!(facts.code(), "invalid_request" | "" | "unnamed") && facts.status() != 400 {
        return None;
    }
    let missing = facts.says(&[
        "missing",
        "required",
        "must be provided",
        "must contain",
        "not provided",
        "is empty",
        "cannot be blank",
    ]);
    let unwanted = facts.says(&[
        "unknown parameter",
        "unexpected parameter",
        "unsupported parameter",
        "unrecognized parameter",
        "not allowed",
        "not permitted",
        "invalid parameter",
    ]);
    let named = names.iter().find(|name| facts.says(&[**name]));
    let twice = facts.says(&["multiple", "more than one", "both", "duplicate"])
        && facts.says(&["credential", "authentication", "client_id", "authorization header"]);
    let (cause, remedy) = match named {
        _ if twice => (
            "the server sees the client's credentials in two places".to_owned(),
            "take client_id and client_secret out of conventions.exchange.params; the flavor puts \
             them where they belong"
                .to_owned(),
        ),
        Some(name) if missing && facts.sent(name) => (
            format!("{name} was sent, and the server does not see it: it reads another kind of body, or \
                calls it otherwise"),
            "let it try all flavors: leave flavors and max_attempts out; if the documentation has \
             another name, set conventions.exchange.rename"
                .to_owned(),
        ),
        Some(name) if missing => (
            format!("{name} is missing in the request"),
            format!("set it: the builder has settings for the standard ones, and \
                conventions.exchange.params or Call::param sends {name} and any other"),
        ),
        Some(name) if unwanted && facts.sent(name) => (
            format!("the server does not take {name} here"),
            format!(r#"set conventions.exchange.omit to ["{name}"]"#),
        ),
        _ if missing || unwanted => (
            "a parameter is missing, or one too many is there".to_owned(),
            "compare the request (Attempt::to_curl) with the documentation: what is missing goes into \
             conventions.exchange.params or Call::param, what is too much into \
             conventions.exchange.omit"
                .to_owned(),
        ),
        _ => return None,
    };
    Some(Finding::problem(FindingKind::Parameter, facts.seen(), cause, remedy))
}

/// All attempts had one kind of body, and the server's words do not exclude that it wants the other.
pub(super) fn pinned_body(facts: &Facts<'_>) -> Option<Finding> {
    let attempts = &facts.report.attempts;
    let is_json = |encoding| encoding == BodyEncoding::Json;
    let first = is_json(facts.told.flavor.encoding);
    let all_alike = attempts.iter().all(|it| is_json(it.flavor.encoding) == first);
    let is_client_or_asking = facts.report.kind.as_deref() == Some("no_flavor_accepted");
    let is_unread =
        matches!(facts.code(), "" | "invalid_request" | "unsupported_grant_type" | "unnamed")
            && facts.status() != 401;
    let says_so =
        facts.says(&["content-type", "content type", "media type"]) || facts.status() == 415;
    (all_alike && is_client_or_asking && is_unread && !says_so).then(|| {
        let (sent, other) = if first { ("JSON", "a form") } else { ("forms", "JSON") };
        Finding::risk(
            FindingKind::BodyEncoding,
            format!("only {sent} were tried"),
            format!("the endpoint may take {other} only"),
            "leave flavors and max_attempts out once, so that both kinds of body are tried",
        )
    })
}
