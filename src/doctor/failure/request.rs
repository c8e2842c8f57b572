//! The request was understood, or not, and something in it is wrong.

use super::super::facts::Facts;
use super::super::finding::{Finding, FindingKind, constant};
use super::parameter;
use crate::flavor::{BodyEncoding, Flavor};

pub(super) fn refused(facts: &Facts<'_>) -> Option<Finding> {
    let rules: [fn(&Facts<'_>) -> Option<Finding>; 6] =
        [scope, target, denied, encoding, grant_type, parameter::refused];
    rules.iter().find_map(|rule| rule(facts))
}

/// Any code that says that the grant is not for this client.
pub(super) fn grant_type_not_allowed(facts: &Facts<'_>) -> Option<Finding> {
    let is_grant = facts.says(&["grant type", "response type", "service account"]);
    let is_refused =
        facts.says(&["not allowed", "not authorized", "disabled", "not enabled", "not permitted"]);
    let is_told = is_grant && is_refused && !facts.is_page();
    is_told.then(|| super::client::not_allowed(facts))
}

fn scope(facts: &Facts<'_>) -> Option<Finding> {
    let says_so = facts.says(&["invalid scope", "unknown scope", "unsupported scope", "scope is"]);
    let is_scope = facts.code().contains("scope")
        || facts.code() == "invalid_request" && facts.says(&["scope"])
        || matches!(facts.status(), 400 | 403) && says_so;
    let scopes = facts.configuration().scopes.join(" ");
    if is_scope && scopes.is_empty() && facts.is_exchange() {
        return Some(Finding::problem(
            FindingKind::Scope,
            facts.seen(),
            "the provider wants scopes, and none is set",
            "set scopes to those that its documentation names",
        ));
    }
    if is_scope && facts.is_refresh() {
        return Some(refreshed_scope(facts));
    }
    let asked = facts.sent_value("scope").map_or(String::new(), |it| format!("; asked for: {it}"));
    is_scope.then(|| {
        Finding::problem(
            FindingKind::Scope,
            facts.seen(),
            format!(
                "a scope is not known, not allowed for this client, or separated otherwise{asked}"
            ),
            format!(
                "spell the scopes as the documentation does, allow them for this client in the \
                console, and set conventions.scope_delimiter if it is not a space; if the token \
                request must have none, set {}.omit to [\"scope\"]",
                facts.conventions()
            ),
        )
    })
}

fn refreshed_scope(facts: &Facts<'_>) -> Finding {
    let (cause, remedy) = match facts.sent_value("scope") {
        Some(asked) => (
            format!(
                "a refresh may ask for no more than what the user granted (RFC 6749, section 6); \
                asked for: {asked}"
            ),
            "leave scope out of a refresh: out of conventions.refresh.params and of Call::param; for \
             more scopes, let the user authorize again",
        ),
        None => (
            "the provider wants scopes in a refresh, or has withdrawn one that was granted"
                .to_owned(),
            "add scope to conventions.refresh.params, as it was granted; if that does not help, let \
             the user authorize again",
        ),
    };
    Finding::problem(FindingKind::Scope, facts.seen(), cause, remedy)
}

fn target(facts: &Facts<'_>) -> Option<Finding> {
    let is_target = facts.code() == "invalid_target"
        || facts.says(&["audience", "resource parameter", "resource principal"]);
    is_target.then(|| {
        Finding::problem(
            FindingKind::Parameter,
            facts.seen(),
            "the provider wants to know for which API the token is",
            "add the parameter that its documentation names, audience or resource, to \
             conventions.authorization.params and conventions.exchange.params, or ask for a scope of \
             that API; an administrator may have to install it first",
        )
    })
}

fn denied(facts: &Facts<'_>) -> Option<Finding> {
    let (cause, remedy) = match facts.report.asked.as_str() {
        "client_credentials" => (
            "the provider allows this client no token of its own for what was asked: an audience, a \
             scope or a right is missing",
            "allow the API and its scopes for this client in the provider's console; if the \
             documentation names an audience, add it to conventions.client_credentials.params",
        ),
        _ => (
            "the user, an administrator or a policy of the provider said no",
            "let a user authorize who may, or ask the administrator to allow the application",
        ),
    };
    let is_denied = facts.code() == "access_denied";
    is_denied.then(|| Finding::problem(FindingKind::Denied, facts.seen(), cause, remedy))
}

pub(super) fn consent(facts: &Facts<'_>) -> Option<Finding> {
    let words = [
        "interaction_required",
        "consent_required",
        "login_required",
        "mfa required",
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
        "not json",
        "json is not",
        "invalid json",
        "malformed json",
        "expected object",
    ];
    let may_say = matches!(facts.status(), 400 | 422) || !facts.code().is_empty();
    let is_other_kind = matches!(facts.status(), 415 | 406)
        || may_say && facts.says(&words)
        || names_nothing_read(facts);
    is_other_kind.then(|| body(facts))
}

/// Whether the server's own error tells that it looked for what was sent in a body that it had not
/// read.
fn names_nothing_read(facts: &Facts<'_>) -> bool {
    let sent = ["grant_type", "code", "refresh_token", "client_id", "redirect_uri"];
    let is_nothing =
        facts.says(&["of undefined", "of null", "nonetype", "nil:nilclass", "for nil"]);
    is_nothing && sent.iter().any(|name| facts.sent(name) && facts.names(name))
}

fn body(facts: &Facts<'_>) -> Finding {
    let encoding = facts.told.flavor.encoding;
    let (sent, wanted, other) = match encoding {
        BodyEncoding::Json => ("JSON", "a form", BodyEncoding::Form),
        _ => ("a form", "JSON", BodyEncoding::Json),
    };
    let words = ["x-www-form-urlencoded", "application/json"];
    let named = facts.says(&words[usize::from(encoding == BodyEncoding::Form)..][..1]);
    let cause = if named {
        format!("the endpoint takes {wanted} only, and got {sent}")
    } else {
        format!("the endpoint does not take {sent}, and probably wants {wanted}")
    };
    let remedy = if facts.tried_other_encoding() {
        format!(
            "both kinds of body were tried: check the content type that conventions.headers sets, and \
            what the documentation of {} wants",
            facts.setting()
        )
    } else {
        // The credentials may well be in the right place.
        let other = constant(Flavor { encoding: other, ..facts.told.flavor });
        format!(
            "pin a flavor of the other kind: .flavors([{other}]), or leave flavors and max_attempts \
            out, so that both kinds are tried"
        )
    };
    Finding::problem(FindingKind::BodyEncoding, facts.seen(), cause, remedy)
}

/// Said of a grant, and by a server that reads another kind of body and so sees none. What the server
/// gave, a code or a refresh token, is of a grant that it knows.
fn grant_type(facts: &Facts<'_>) -> Option<Finding> {
    if facts.code() != "unsupported_grant_type" {
        return None;
    }
    let knows_grant = facts.is_exchange() || facts.is_refresh();
    let (cause, remedy) = match facts.tried_other_encoding() {
        false if knows_grant => return Some(body(facts)),
        false => (
            "the server does not know this grant, or it is not switched on for this client; or the \
             server reads another kind of body and sees no grant",
            "allow the grant type for this client in the provider's console, and leave flavors and \
             max_attempts out, so that both kinds of body are tried",
        ),
        true => (
            "the server does not know this grant, or it is not switched on for this client: both \
             kinds of body were tried",
            "allow the grant type for this client in the provider's console; if its documentation has \
             another word for it, set grant_type in the conventions' params",
        ),
    };
    Some(Finding::problem(FindingKind::GrantType, facts.seen(), cause, remedy))
}
