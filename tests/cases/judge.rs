//! Which fault cases can be played, and what becomes of them.

use std::panic::{AssertUnwindSafe, catch_unwind};

use serde::Deserialize as _;
use serde_json::Value;
use token_exchanger::Policy;

use crate::case::{Asks, Case, Context};
use crate::{Verdict, always, check, exceptions, play};

pub(crate) fn verdict(context: &Context, data: &Value) -> Verdict {
    if let Some(reason) = out_of_scope(data) {
        return Verdict::NotPlayed(reason);
    }
    let (id, differs) = (crate::id(data), exceptions::differs(&crate::id(data)));
    let verdict = match Case::deserialize(data) {
        Ok(case) => compare(context, &case, data),
        Err(error) => Verdict::Failed(format!("it cannot be read: {error}\ngiven: {data}")),
    };
    match (verdict, differs) {
        // What always holds, holds for these too.
        (Verdict::Failed(text), Some(_)) if text.contains(always::MARK) => Verdict::Failed(text),
        (Verdict::Failed(_), Some(reason)) => Verdict::NotPlayed(format!("it differs: {reason}")),
        (Verdict::Passed(_), Some(_)) => {
            Verdict::Failed(format!("{id} passes: take it off the list of exceptions"))
        }
        (verdict, _) => verdict,
    }
}

pub(crate) fn is_played(data: &Value) -> bool {
    out_of_scope(data).is_none()
}

/// By the part that a case belongs to and by how it is told, never by what it expects.
fn out_of_scope(data: &Value) -> Option<String> {
    let (part, given) = (data["part"].as_str().unwrap_or_default(), &data["given"]);
    if let Some(reason) = exceptions::not_played(&crate::id(data)) {
        return Some(reason);
    }
    if exceptions::is_to_come(part) {
        return Some(format!("the part `{part}` is to come"));
    }
    if !PARTS.contains(&part) {
        // To be read, and to fail: no part is left out by mistake.
        return None;
    }
    let server = &given["server"];
    let can_be_played = Asks::deserialize(&given["call"]).is_ok();
    let is_of_another_test = OF_OTHER_TESTS.iter().any(|call| given["call"] == *call);
    if !can_be_played && (is_of_another_test || server.is_null()) {
        return Some(format!("it is told in words: the call is {}", given["call"]));
    }
    let asks_a_server = ["exchange", "refresh", "revoke", "client_credentials"];
    let asks_one = asks_a_server.iter().any(|call| given["call"] == *call);
    let in_words = asks_one && !server.is_null() && !server.is_array();
    let has_none = server.is_null() && ["exchange", "transport"].contains(&part);
    let is_checked_otherwise = !given["check"].is_null();
    (in_words || asks_one && has_none || is_checked_otherwise)
        .then(|| "it is told in words, not as answers of a server".to_owned())
}

/// Of the schema's calls those that are no call of this library yet, or no call at all.
const OF_OTHER_TESTS: [&str; 14] = [
    "get",
    "discover",
    "discover_flavor",
    "device_poll",
    "begin",
    "finish",
    "save",
    "model",
    "soak",
    "sequence",
    "parallel",
    "format",
    "ci",
    "doc",
];

const PARTS: [&str; 10] = [
    "exchange",
    "transport",
    "config",
    "authorize",
    "callback",
    "client_credentials",
    "refresh",
    "revoke",
    "apply",
    "conventions",
];

fn compare(context: &Context, case: &Case, data: &Value) -> Verdict {
    let mut runs = 0;
    for policy in case.policies() {
        for runtime in play::runtimes(&case.given) {
            let run = || play::play(context, &case.given, policy, runtime);
            let came = match catch_unwind(AssertUnwindSafe(run)) {
                Ok(Ok(came)) => came,
                Ok(Err(reason)) => return failed(policy, data, &[reason], "nothing was played"),
                Err(_) => {
                    return failed(policy, data, &[format!("{}no panic", always::MARK)], "a panic");
                }
            };
            let differences = check::differences(case, policy, &came);
            if !differences.is_empty() {
                return failed(policy, data, &differences, &came.to_string());
            }
            runs += 1;
        }
    }
    Verdict::Passed(runs)
}

fn failed(policy: Policy, data: &Value, differences: &[String], came: &str) -> Verdict {
    let only_late = differences.iter().all(|difference| difference.contains(check::LATE));
    let differences = differences.join("\n  ");
    let (title, given, expect) = (&data["title"], &data["given"], &data["expect"]);
    let mut given = given.to_string();
    if given.len() > 4000 {
        given = given.chars().take(4000).chain("...".chars()).collect();
    }
    let text = format!(
        "  {title} ({policy:?})\n  given: {given}\n  expected: {expect}\n  came: {came}\n  \
         different:\n  {differences}"
    );
    if only_late { Verdict::Late(text) } else { Verdict::Failed(text) }
}
