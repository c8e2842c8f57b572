//! Where a request goes, and whether its parameters travel in the URL.

use serde_json::json;
use url::Url;

use super::super::finding::{FindingKind, Severity};
use super::{Case, add_to_conventions, texts};
use crate::conventions::Verb;
use crate::kind::Kind;
use crate::setup::Setup;

/// What the configured URL has in its query.
pub(super) fn own_query(setup: &Setup, kind: Kind) -> Vec<(String, String)> {
    let endpoints = &setup.endpoints;
    let endpoint = match kind {
        Kind::Refresh => endpoints.refresh.as_ref().or(Some(&endpoints.token)),
        Kind::Revocation => endpoints.revocation.as_ref(),
        Kind::Exchange | Kind::ClientCredentials => Some(&endpoints.token),
    };
    endpoint.map_or_else(Vec::new, |it| it.target.url.query_pairs().into_owned().collect())
}

pub(super) fn look(case: &mut Case<'_>) {
    url(case);
    verb(case);
}

fn url(case: &mut Case<'_>) {
    let setting = match case.kind {
        Kind::Refresh => "refresh_url",
        Kind::Revocation => "revocation_url",
        Kind::Exchange | Kind::ClientCredentials => "token_url",
    };
    let theirs = case.shown.text(case.theirs.url.as_str());
    let theirs = with_names(case, theirs, &case.theirs.query);
    let call = match setting {
        "token_url" => format!("TokenExchanger::builder(client_id, \"{theirs}\")"),
        setting => format!(".{setting}(\"{theirs}\")"),
    };
    if case.kind == Kind::Revocation && case.setup.endpoints.revocation.is_none() {
        let symptom = "curl revokes a token, and ours has no URL for that".to_owned();
        let cause = "the builder was given no revocation_url";
        return case.find(Severity::Problem, FindingKind::Url, symptom, cause, call);
    }
    let (same_url, mut one, mut other) =
        (case.ours.url == case.theirs.url, case.ours.query.clone(), case.theirs.query.clone());
    one.sort_unstable();
    other.sort_unstable();
    if same_url && one == other {
        return;
    }
    let ours = case.shown.text(case.ours.url.as_str());
    let ours = with_names(case, ours, &case.ours.query);
    let symptom = format!("curl asks {theirs}, ours asks {ours}");
    let cause = texts::urls(&case.ours.url, &case.theirs.url);
    let remedy = if is_less_safe(&case.ours.url, &case.theirs.url) {
        format!(
            "keep https, and run curl with it; if there is only http: {call}.danger_allow_http()"
        )
    } else {
        format!("{setting}: {call}")
    };
    case.find(Severity::Problem, FindingKind::Url, symptom, cause, remedy);
}

fn is_less_safe(ours: &Url, theirs: &Url) -> bool {
    ours.scheme() == "https" && theirs.scheme() == "http"
}

fn with_names(case: &Case<'_>, url: String, query: &[(String, String)]) -> String {
    let pairs = query.iter().map(|(name, value)| {
        format!("{}={}", case.shown.name(name), case.shown.value(name, value))
    });
    let pairs: Vec<_> = pairs.collect();
    if pairs.is_empty() { url } else { format!("{url}?{}", pairs.join("&")) }
}

fn verb(case: &mut Case<'_>) {
    let conventions = &case.setup.conventions;
    let ours = conventions.verb_of(case.kind);
    let Some(theirs) = case.theirs.verb() else {
        let method = match &*case.theirs.method {
            method @ ("GET" | "HEAD" | "PUT" | "PATCH" | "DELETE") => method,
            _ => "an unknown method",
        };
        let symptom =
            format!("curl uses {method} with its parameters where none of our verbs has them");
        let cause = "-X changes the method, and leaves the body as it is";
        let remedy = "run curl without -X, or with -G: what works then can be configured";
        return case.find(Severity::Problem, FindingKind::Verb, symptom, cause, remedy);
    };
    if theirs == ours {
        return;
    }
    let symptom = format!("curl sends its parameters {}, ours {}", place(theirs), place(ours));
    let cause = "the provider wants them there, or takes them there too";
    let remedy = if conventions.of(case.kind).verb.is_some() || case.kind == Kind::Revocation {
        case.convention("verb", json!(theirs))
    } else {
        add_to_conventions(&json!({ "verb": theirs }))
    };
    case.find(Severity::Problem, FindingKind::Verb, symptom, cause, remedy);
}

fn place(verb: Verb) -> &'static str {
    match verb {
        Verb::Post => "in the body of a POST",
        Verb::PostQuery => "in the URL of a POST",
        Verb::Get => "in the URL of a GET",
    }
}
