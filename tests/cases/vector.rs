//! Plays the vectors that were drawn from other libraries' tests, in memory.

use serde_json::Value;
use token_exchanger::Policy;

use crate::{Verdict, exceptions};

mod applied;
mod authorized;
mod called;
mod compared;
mod setup;

pub(crate) fn verdict(vector: &Value) -> Verdict {
    if let Some(reason) = out_of_scope(vector) {
        return Verdict::NotPlayed(reason);
    }
    let id = crate::id(vector);
    match (played(vector), exceptions::differs(&id)) {
        (Verdict::Failed(_), Some(reason)) => Verdict::NotPlayed(format!("it differs: {reason}")),
        (Verdict::Passed(_), Some(_)) => {
            Verdict::Failed(format!("{id} passes: take it off the list of exceptions"))
        }
        (verdict, _) => verdict,
    }
}

fn played(vector: &Value) -> Verdict {
    let mut runs = 0;
    let expect = expected(vector);
    for policy in [Policy::Careful, Policy::Exhaustive] {
        let (came, differences) = match vector["op"].as_str().unwrap_or_default() {
            "authorize_url" | "scope_join" | "pkce" | "parse_callback" => {
                authorized::differences(vector, expect, policy)
            }
            "apply_token" | "is_expired" => applied::differences(vector, expect, policy),
            _ => called::differences(vector, expect, policy),
        };
        if !differences.is_empty() {
            return Verdict::Failed(format!(
                "  {} ({policy:?})\n  given: {} {} {}\n  expected: {expect}\n  came: {came}\n  \
                 different:\n  {}",
                vector["note"],
                vector["config"],
                vector["input"],
                vector["response"],
                differences.join("\n  "),
            ));
        }
        runs += 1;
    }
    Verdict::Passed(runs)
}

fn out_of_scope(vector: &Value) -> Option<String> {
    let text = |name: &str| vector[name].as_str().unwrap_or_default();
    if let Some(reason) = exceptions::not_played(text("id")) {
        return Some(reason);
    }
    if exceptions::is_to_come(text("part")) {
        return Some(format!("the part `{}` is to come", text("part")));
    }
    if text("ours") == "n/a" {
        return Some("it says itself that it is not for us".to_owned());
    }
    if expected(vector)["kind"] == "behaviour" {
        return Some("it is told in words".to_owned());
    }
    match text("op") {
        "media_type_is_json" => Some("the body decides; its type is a hint".to_owned()),
        op if OPERATIONS.contains(&op) => None,
        op => Some(format!("the operation `{op}` is none of ours")),
    }
}

fn expected(vector: &Value) -> &Value {
    if vector["ours"] == "diverge" { &vector["ours_expect"] } else { &vector["expect"] }
}

const OPERATIONS: [&str; 17] = [
    "exchange_code",
    "exchange_code_twice",
    "token_request",
    "parse_token_response",
    "token_extra",
    "scope_split",
    "parse_expires_at",
    "refresh",
    "client_credentials",
    "revoke",
    "parse_revocation",
    "authorize_url",
    "scope_join",
    "pkce",
    "parse_callback",
    "apply_token",
    "is_expired",
];
