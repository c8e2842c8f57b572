//! Why a call failed, as far as its report tells.

use super::facts::Facts;
use super::finding::{Finding, FindingKind};

mod answer;
mod client;
mod grant;
mod hidden;
mod network;
mod request;

/// The likeliest cause first. The first group of rules that knows one is heard, since what comes
/// later would guess; then what the attempts tell together.
pub(super) fn findings(facts: &Facts<'_>) -> Vec<Finding> {
    let rules: [fn(&Facts<'_>) -> Option<Finding>; 14] = [
        network::no_answer,
        answer::later,
        answer::moved,
        answer::too_large_headers,
        hidden::token,
        grant::revoked,
        grant::refused,
        client::refused,
        request::refused,
        answer::agent,
        answer::page,
        answer::endpoint,
        answer::own_error,
        answer::fault,
    ];
    let mut findings: Vec<_> = rules.iter().find_map(|rule| rule(facts)).into_iter().collect();
    if findings.is_empty() {
        findings.push(unknown(facts));
    }
    findings.extend(grant::spent_by_itself(facts));
    findings.extend(client::pinned_encoding(facts));
    findings.extend(request::pinned_body(facts));
    findings
}

fn unknown(facts: &Facts<'_>) -> Finding {
    Finding::problem(
        FindingKind::Unknown,
        facts.seen(),
        "the answer does not say why",
        "take the curl command of the attempt (Attempt::to_curl), fill in its marks and vary it until \
         it works; doctor::compare then says which setting does the same",
    )
}
