//! The request went to another of the provider's endpoints.

use super::super::facts::{Facts, header};
use super::super::finding::{Finding, FindingKind};
use crate::report::ReportedAttempt;

pub(super) fn endpoint(facts: &Facts<'_>) -> Option<Finding> {
    let setting = facts.setting();
    let cause = if is_authorization_url(facts) {
        "this is the page where users say yes, and no endpoint for programs"
    } else if facts.code() == "unsupported_response_type" || leads_back(facts) {
        "this answers as the page where users say yes does, and not as an endpoint for programs"
    } else if wants_a_token(facts) {
        "this asks for a token itself: it is a part of the API, and no token endpoint"
    } else if is_metadata(facts) {
        "this is the provider's metadata, a document that names the endpoints"
    } else {
        return None;
    };
    Some(Finding::problem(
        FindingKind::Url,
        facts.seen(),
        cause,
        format!(
            "set {setting} to the URL that the documentation names for it; that of the token \
            endpoint often ends in /token"
        ),
    ))
}

fn is_authorization_url(facts: &Facts<'_>) -> bool {
    let bare =
        |url: &str| url.split('?').next().unwrap_or_default().trim_end_matches('/').to_owned();
    let ours = bare(facts.url());
    let configured = facts.configuration().authorization_url.as_deref();
    let last = ours.rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
    configured.is_some_and(|url| bare(url) == ours) || last.starts_with("authori")
}

/// Whether it sends whoever comes to the redirect URI, or on with an error.
fn leads_back(facts: &Facts<'_>) -> bool {
    let uri = &facts.configuration().redirect_uri;
    facts.report.attempts.iter().any(|attempt| {
        let location = location(attempt);
        let goes_home = !uri.is_empty() && location.starts_with(uri.as_str());
        goes_home || ["?error=", "&error=", "#error="].iter().any(|it| location.contains(it))
    })
}

fn location(attempt: &ReportedAttempt) -> &str {
    header(attempt.answer.as_ref(), "location").unwrap_or_default()
}

/// Whether it is a resource: it wants a Bearer token, and no client.
fn wants_a_token(facts: &Facts<'_>) -> bool {
    let challenge = facts.header("www-authenticate").unwrap_or_default().to_ascii_lowercase();
    let wants_bearer = challenge.starts_with("bearer") && !challenge.contains("basic");
    let is_about_the_client = facts.code().contains("client");
    let is_refused = facts.status() == 401 && wants_bearer && !is_about_the_client;
    let mut codes = facts.report.attempts.iter().map(|attempt| attempt.error.as_deref());
    is_refused || (!facts.is_refresh() && codes.any(|code| code == Some("invalid_token")))
}

fn is_metadata(facts: &Facts<'_>) -> bool {
    facts.url().contains("/.well-known/")
        || facts.json().is_some_and(|json| json.get("token_endpoint").is_some())
}
