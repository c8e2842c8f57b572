//! The client was not recognised, or may not do what it asked for.

use super::super::facts::Facts;
use super::super::finding::{Finding, FindingKind};
use crate::flavor::ClientAuth;

pub(super) fn refused(facts: &Facts<'_>) -> Option<Finding> {
    let configuration = &facts.report.configuration;
    let is_public =
        facts.says(&["client is public", "public client", "must not be used with a secret"]);
    if is_public
        && configuration.has_client_secret
        && facts.says(&["secret", "assertion", "credential"])
    {
        return Some(Finding::problem(
            FindingKind::ClientSecret,
            facts.seen(),
            "the client is registered as a public one, and a secret came",
            "leave client_secret out, or register the application as a confidential (web) one",
        ));
    }
    if facts.code() == "unauthorized_client"
        && facts.says(&["grant", "not authorized", "not allowed", "flow"])
    {
        return Some(grant_type(facts));
    }
    let is_client = facts.status() == 401
        || matches!(facts.code(), "invalid_client" | "unauthorized_client" | "invalid_client_id")
        || facts.code().contains("client_credentials") && facts.code().contains("incorrect");
    if !is_client {
        return None;
    }
    if !configuration.has_client_secret {
        return Some(Finding::problem(
            FindingKind::ClientSecret,
            facts.seen(),
            "no secret was sent, and this client has one",
            "set client_secret; or register the client as a public one",
        ));
    }
    let id = &configuration.client_id;
    let speaks_of_secret = facts.says(&["secret", "password"]);
    let speaks_of_id = facts.says(&[
        "not found",
        "unknown client",
        "no such client",
        "client not",
        "does not exist",
        "client_id",
        "client id",
        "application with identifier",
        "no client with",
    ]);
    Some(if facts.says(&["expired"]) && speaks_of_secret {
        Finding::problem(
            FindingKind::ClientSecret,
            facts.seen(),
            "the client's secret has expired",
            "make a new secret in the provider's console and set client_secret",
        )
    } else if speaks_of_id && !speaks_of_secret {
        Finding::problem(
            FindingKind::ClientId,
            facts.seen(),
            format!(
                "the provider does not know the client id {id}: a typing error, another tenant or \
                environment (sandbox, production), or a client that was deleted"
            ),
            format!(
                "copy the client id from the console of the very environment that {} belongs to",
                facts.setting()
            ),
        )
    } else {
        Finding::problem(
            FindingKind::ClientSecret,
            format!("{}; no flavor was recognised", facts.seen()),
            format!(
                "the secret is wrong, replaced or cut off, or belongs to another client or \
                environment than {id}"
            ),
            "copy id and secret from the provider's console again, whole and without white space; \
             where it shows a secret's name or id beside its value, take the value",
        )
    })
}

fn grant_type(facts: &Facts<'_>) -> Finding {
    let grant = match facts.report.asked.as_str() {
        "client_credentials" => "client credentials",
        "refresh" => "refresh tokens",
        _ => "authorization codes",
    };
    Finding::problem(
        FindingKind::GrantType,
        facts.seen(),
        format!("the client may not use {grant}"),
        format!("allow {grant} (grant types, flows) for this client in the provider's console"),
    )
}

/// A client whose credentials can be written in two ways, of which only one was tried.
pub(super) fn pinned_encoding(facts: &Facts<'_>) -> Option<Finding> {
    let configuration = &facts.report.configuration;
    let tried = |auth| facts.report.attempts.iter().any(|it| it.flavor.auth == auth);
    let refused = facts.report.kind.as_deref() == Some("no_flavor_accepted");
    let (encoded, raw) = (tried(ClientAuth::Basic), tried(ClientAuth::BasicRaw));
    if !(refused && configuration.encoding_matters && encoded != raw) {
        return None;
    }
    let (way, other) =
        if encoded { ("URL-encoded", "basic-raw+form") } else { ("as they are", "basic+form") };
    Some(Finding::problem(
        FindingKind::SecretEncoding,
        format!(
            "id and secret were tried {way} in the header only, and have characters that \
            URL-encoding changes"
        ),
        "some servers decode what stands in the header, others compare it as it is",
        format!(
            "let it try the other way too: leave flavors and max_attempts out, or \
            .flavors([\"{other}\".parse()?]); in the body there is no difference: body+form"
        ),
    ))
}
