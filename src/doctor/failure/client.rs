//! The client was not recognised, or may not do what it asked for.

use super::super::facts::Facts;
use super::super::finding::{Finding, FindingKind};

pub(super) fn refused(facts: &Facts<'_>) -> Option<Finding> {
    let has_secret = facts.configuration().has_client_secret;
    let is_public =
        facts.says(&["client is public", "public client", "must not be used with a secret"]);
    if is_public && has_secret && facts.says(&["secret", "assertion", "credential"]) {
        return Some(Finding::problem(
            FindingKind::ClientSecret,
            facts.seen(),
            "the client is registered as a public one, and a secret came",
            "leave client_secret out, or register the application as a confidential (web) one",
        ));
    }
    let is_known = facts.code() == "unauthorized_client" && facts.status() != 401;
    if is_known && has_secret && !speaks_of_id(facts) {
        return Some(unauthorized(facts));
    }
    let is_silent = facts.status() == 403 && facts.is_silent();
    if !facts.refuses_client() && !speaks_of_client(facts) && !is_silent {
        return None;
    }
    Some(unrecognised(facts))
}

/// What comes beside the advice to write a secret otherwise: it may be wrong all the same.
pub(super) fn beside_encoding(facts: &Facts<'_>, first: Option<FindingKind>) -> Option<Finding> {
    (first == Some(FindingKind::SecretEncoding)).then(|| unrecognised(facts))
}

fn unrecognised(facts: &Facts<'_>) -> Finding {
    let changed = |name| Some((name, facts.changed(name)?));
    if let Some((name, setting)) = ["client_id", "client_secret"].into_iter().find_map(changed) {
        return Finding::problem(
            FindingKind::Parameter,
            facts.seen(),
            format!("{setting} may send {name} otherwise than the server wants it"),
            format!(
                "take {name} out of {setting}, unless the provider's documentation has it so; then \
                compare id and secret with its console"
            ),
        );
    }
    let has_secret = facts.configuration().has_client_secret;
    let secret = facts.says(&["secret", "password", "credentials"]);
    if secret && facts.says(&["expired", "expire"]) && has_secret {
        Finding::problem(
            FindingKind::ClientSecret,
            facts.seen(),
            "the client's secret has expired",
            "make a new secret in the provider's console and set client_secret",
        )
    } else if speaks_of_id(facts) && !secret {
        unknown_id(facts)
    } else if !has_secret {
        let id = &facts.configuration().client_id;
        Finding::problem(
            FindingKind::ClientSecret,
            facts.seen(),
            format!(
                "no secret was sent, and this client may have one; or the provider does not know the \
                client id {id}"
            ),
            "set client_secret, or register the client as a public one; and compare the client id with \
             the provider's console",
        )
    } else if facts.says(&["secret", "password"]) {
        wrong_secret(facts)
    } else {
        unrecognised_pair(facts)
    }
}

/// Whether an error without a code of the standard is about the client's credentials.
fn speaks_of_client(facts: &Facts<'_>) -> bool {
    let has_own_code = match facts.status() {
        200..=299 => !facts.code().is_empty(),
        status => matches!(status, 400 | 403 | 422),
    };
    let credentials =
        ["client secret", "client credentials", "client id", "app secret", "app id", "api key"];
    // No bare `invalid`, which the code `invalid_request` says of any request.
    let wrong = [
        "invalid client",
        "invalid app",
        "invalid api",
        "is invalid",
        "are invalid",
        "was invalid",
        "incorrect",
        "wrong",
        "validating",
        "bad client",
        "mismatch",
        "unknown",
    ];
    let known = ["invalid_scope", "unsupported_grant_type", "access_denied"];
    has_own_code
        && !known.contains(&facts.code())
        && facts.says(&credentials)
        && facts.says(&wrong)
        && !facts.says_missing()
}

fn speaks_of_id(facts: &Facts<'_>) -> bool {
    let unknown = [
        "not found",
        "not exist",
        "doesn't exist",
        "no such",
        "unknown",
        "not registered",
        "could not find",
        "cannot find",
        "no client with",
        "cannot be found",
    ];
    let gone = [
        "deleted client",
        "disabled client",
        "client was deleted",
        "client has been deleted",
        "client is disabled",
        "client was disabled",
        "client has been disabled",
        "app is disabled",
        "application is disabled",
    ];
    facts.says(&["client id", "app id", "client identifier", "application with identifier"])
        || facts.says(&["client", "application", "app"]) && facts.says(&unknown)
        || facts.says(&gone)
}

fn unknown_id(facts: &Facts<'_>) -> Finding {
    let id = &facts.configuration().client_id;
    Finding::problem(
        FindingKind::ClientId,
        facts.seen(),
        format!(
            "the provider does not know the client id {id}: a typing error, another tenant or \
            environment (sandbox, production), or a client that was deleted or switched off"
        ),
        format!(
            "copy the client id from the console of the very environment that {} belongs to",
            facts.setting()
        ),
    )
}

fn wrong_secret(facts: &Facts<'_>) -> Finding {
    let id = &facts.configuration().client_id;
    Finding::problem(
        FindingKind::ClientSecret,
        facts.seen(),
        format!(
            "the secret is wrong, replaced or cut off, or belongs to another client or environment \
            than {id}"
        ),
        COPY_AGAIN,
    )
}

/// Servers that tell no more mean any of these.
fn unrecognised_pair(facts: &Facts<'_>) -> Finding {
    let id = &facts.configuration().client_id;
    let mut cause = format!(
        "the provider does not recognise id and secret together: the secret is wrong, replaced or cut \
        off; or the client id {id} is not known there (a typing error, another tenant or environment); \
        or the client is registered as a public one"
    );
    match facts.report.asked.as_str() {
        "client_credentials" if facts.status() == 403 => {
            cause += "; or it may not use client credentials";
        }
        "exchange" if facts.code() == "unauthorized_client" => {
            cause += "; or the code was given to another client or for another redirect URI. Hardly that the client may not use \
                      codes: it was given one";
        }
        _ => {}
    }
    Finding::problem(FindingKind::ClientSecret, facts.seen(), cause, COPY_AGAIN)
}

const COPY_AGAIN: &str = "copy id and secret from the provider's console again, whole; where it shows a \
    secret's name or id beside its value, take the value. If the client is registered as a public one, \
    leave client_secret out";

/// `unauthorized_client`: known, and not allowed to.
fn unauthorized(facts: &Facts<'_>) -> Finding {
    if facts.is_revocation() {
        return Finding::problem(
            FindingKind::ClientId,
            facts.seen(),
            "the token was given to another client, or id and secret are not recognised",
            "revoke a token with the client id and secret by which it was got",
        );
    }
    if facts.says(&["another client", "different client", "other client"]) {
        return Finding::problem(
            FindingKind::ClientId,
            facts.seen(),
            "what was sent was given to another client",
            "use one configuration, with one client id, for the authorization and all that follows",
        );
    }
    if facts.says(&["scope"]) {
        return Finding::problem(
            FindingKind::Scope,
            facts.seen(),
            "the client may not have these scopes",
            "allow the scopes for this client in the provider's console, or ask for others",
        );
    }
    // RFC 6749, section 4.1.2.1: a client that may not use codes is told so before it gets one.
    let speaks_of_right = facts.says(&["grant", "flow", "not allowed", "not authorized"]);
    if facts.is_exchange() && !speaks_of_right {
        return unrecognised_pair(facts);
    }
    not_allowed(facts)
}

/// The client is known, and may not ask so.
pub(super) fn not_allowed(facts: &Facts<'_>) -> Finding {
    let grant = match facts.report.asked.as_str() {
        "client_credentials" => "client credentials",
        "refresh" => "refresh tokens",
        _ => "authorization codes",
    };
    Finding::problem(
        FindingKind::GrantType,
        facts.seen(),
        format!(
            "the client may not use {grant}; a few servers say so too of a client that they do not recognise"
        ),
        format!(
            "allow {grant} (grant types, flows) for this client in the provider's console, and check \
            client id and secret"
        ),
    )
}
