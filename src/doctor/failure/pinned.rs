//! A configuration that leaves no choice, where another may be the right one.

use super::super::facts::Facts;
use super::super::finding::{Finding, FindingKind, Severity};
use crate::flavor::{BodyEncoding, ClientAuth};

/// A secret that can stand in a header in two ways, of which one may be tried.
pub(super) fn encoding(facts: &Facts<'_>) -> Option<Finding> {
    let configuration = facts.configuration();
    let may = |auth| configuration.flavors.iter().any(|it| it.auth == auth);
    let (encoded, raw) = (may(ClientAuth::Basic), may(ClientAuth::BasicRaw));
    let is_open = !configuration.encoding_matters || encoded == raw || may(ClientAuth::Body);
    let says_so = facts.says(&["not properly encoded", "malformed authorization header"]);
    if is_open || !(facts.refuses_client() || says_so) {
        return None;
    }
    let (way, other) = if encoded {
        ("URL-encoded", "Flavor::BASIC_RAW_FORM")
    } else {
        ("as they are", "Flavor::BASIC_FORM")
    };
    Some(Finding::problem(
        FindingKind::SecretEncoding,
        format!(
            "{}; id and secret stood in the header {way}, and have characters that \
            URL-encoding changes",
            facts.seen()
        ),
        "some servers decode what stands in the header, others compare it as it is; or the secret is \
         wrong",
        format!(
            "try .flavors([{other}]), or leave flavors and max_attempts out so that both ways are \
            tried; in the body there is no difference: Flavor::BODY_FORM"
        ),
    ))
}

/// The server says that it sees no client, or none in that place.
pub(super) fn unseen(facts: &Facts<'_>) -> Option<Finding> {
    let names_id = facts.says(&["client_id", "client id"]);
    let is_missing = facts.says(&["missing", "undefined", "required"]) && names_id;
    let is_elsewhere = facts.names_method() || facts.says(&["authentication method"]);
    let finding = place(facts).filter(|_| is_missing || is_elsewhere)?;
    Some(Finding { severity: Severity::Problem, symptom: facts.seen(), ..finding })
}

/// Credentials that are looked for in another place.
pub(super) fn place(facts: &Facts<'_>) -> Option<Finding> {
    let flavors = &facts.configuration().flavors;
    let is_header = |auth| matches!(auth, ClientAuth::Basic | ClientAuth::BasicRaw);
    let all_header = flavors.iter().all(|it| is_header(it.auth));
    let all_body = flavors.iter().all(|it| it.auth == ClientAuth::Body);
    let is_unseen = facts.names_method() || facts.says(&["client_id", "client authentication"]);
    // A server that speaks of the secret has seen it.
    let saw_it = facts.says(&["client secret"]) && !facts.says_missing();
    if saw_it || !(all_header || all_body) || !(facts.refuses_client() || is_unseen) {
        return None;
    }
    let (here, there, flavor) = if all_header {
        ("the header", "the body", "Flavor::BODY_FORM")
    } else {
        ("the body", "the header", "Flavor::BASIC_FORM")
    };
    Some(Finding::risk(
        FindingKind::Flavor,
        format!("the credentials may stand in {here} only, by flavors or conventions"),
        format!("the server may look for them in {there}"),
        format!(
            "try .flavors([{flavor}]), or leave flavors and max_attempts out so that both places are \
            tried"
        ),
    ))
}

/// A body of one kind.
pub(super) fn body(facts: &Facts<'_>, first: Option<FindingKind>) -> Option<Finding> {
    let flavors = &facts.configuration().flavors;
    let all = |encoding| flavors.iter().all(|it| it.encoding == encoding);
    let leaves_room = matches!(
        first,
        None | Some(
            FindingKind::ClientSecret
                | FindingKind::GrantType
                | FindingKind::Parameter
                | FindingKind::Unavailable
        )
    );
    let is_away = facts.status() == 503;
    let is_pinned =
        !is_away && !facts.departs("/verb") && (all(BodyEncoding::Form) || all(BodyEncoding::Json));
    // A server that takes forms knows how to refuse a client.
    let is_understood = all(BodyEncoding::Form) && first == Some(FindingKind::ClientSecret);
    if !is_pinned || !leaves_room || is_understood || flavors.is_empty() {
        return None;
    }
    let (sent, other) =
        if all(BodyEncoding::Json) { ("JSON", "a form") } else { ("forms", "JSON") };
    let severity = if first.is_none() { Severity::Problem } else { Severity::Risk };
    let pinned = format!("only {sent} may be sent, by flavors or conventions");
    let seen = if first.is_none() { facts.seen() + "; " + &pinned } else { pinned };
    let finding = Finding::risk(
        FindingKind::BodyEncoding,
        seen,
        format!("the endpoint may take {other} only"),
        "leave flavors and max_attempts out once, so that both kinds of body are tried",
    );
    Some(Finding { severity, ..finding })
}
