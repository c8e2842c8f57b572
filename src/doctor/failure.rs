//! Why a call failed, as far as its report tells.

use super::facts::Facts;
use super::finding::{Finding, FindingKind};

mod answer;
mod client;
mod grant;
mod hidden;
mod misplaced;
mod network;
mod parameter;
mod pinned;
mod proof;
mod refresh;
mod request;

/// The likeliest cause first. The first rule that knows one is heard, since what comes later would
/// guess; then what a configuration that leaves no choice may be the cause of.
pub(super) fn findings(facts: &Facts<'_>) -> Vec<Finding> {
    let rules: [fn(&Facts<'_>) -> Option<Finding>; 22] = [
        network::no_answer,
        answer::proxy,
        answer::later,
        misplaced::endpoint,
        answer::moved,
        answer::too_large_headers,
        hidden::token,
        answer::endpoint,
        answer::cleartext,
        answer::header,
        proof::wanted,
        pinned::encoding,
        pinned::unseen,
        request::consent,
        request::grant_type_not_allowed,
        refresh::refused,
        grant::refused,
        client::refused,
        request::refused,
        answer::page,
        answer::own_error,
        answer::fault,
    ];
    let mut findings: Vec<_> = rules.iter().find_map(|rule| rule(facts)).into_iter().collect();
    let first = findings.first().map(|finding| finding.kind);
    findings.extend(client::beside_encoding(facts, first));
    if !matches!(first, Some(FindingKind::Flavor | FindingKind::SecretEncoding)) {
        findings.extend(pinned::place(facts));
    }
    findings.extend(pinned::body(facts, first));
    if findings.is_empty() {
        findings.push(unknown(facts));
    }
    findings.extend(grant::beside_client(facts, first));
    findings.extend(grant::spent_by_itself(facts, first));
    findings
}

fn unknown(facts: &Facts<'_>) -> Finding {
    // In the order in which they are wanted most.
    let missing: Vec<_> = ["redirect_uri", "code_verifier"]
        .into_iter()
        .filter(|name| facts.is_exchange() && !facts.sent(name))
        .chain((!facts.configuration().has_client_secret).then_some("client secret"))
        .collect();
    let cause = match missing.as_slice() {
        _ if facts.own_words().is_some() => {
            "what the provider says itself; it is nothing that is known here".to_owned()
        }
        [] => "the answer does not say why".to_owned(),
        _ => format!(
            "the answer does not say why; the request had no {}, which the provider may want",
            missing.join(" and no ")
        ),
    };
    Finding::problem(
        FindingKind::Unknown,
        facts.seen(),
        cause,
        "take the curl command of the attempt (Attempt::to_curl), fill in its marks and vary it until \
         it works; doctor::compare then says which setting does the same",
    )
}
