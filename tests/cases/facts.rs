//! Compares what a call in memory gave.

use serde_json::{Map, Value, json};
use token_exchanger::Policy;
use url::Url;

use crate::case::{Expect, under};
use crate::check::Differences;
use crate::play::Gave;

/// What the cases may expect of such a call, at the top or as a detail.
pub(crate) const NAMES: [&str; 17] = [
    "code",
    "challenge",
    "method",
    "state",
    "bits",
    "distinct",
    "verifier",
    "verifier_length",
    "redirect_uri",
    "url",
    "url_has",
    "query",
    "query_absent",
    "headers",
    "authorization",
    "name",
    "HeaderValue::is_sensitive",
];

pub(crate) fn of_what_was_given(d: &mut Differences, expect: &Expect, gave: &Gave) {
    let wanted = expect.facts.iter().chain(&expect.detail);
    for (name, wanted) in wanted.filter(|(name, _)| NAMES.contains(&&***name)) {
        let came = gave.facts.get(name.as_str());
        match name.as_str() {
            "url" if gave.facts.contains_key("query") => url(d, wanted, gave),
            "url_has" => {
                let all = wanted.as_array().cloned().unwrap_or_else(|| vec![wanted.clone()]);
                for part in all.iter().filter_map(Value::as_str) {
                    d.hold(gave.wire.contains(part), || format!("{part} in {}", gave.wire));
                }
            }
            "query_absent" => {
                for name in wanted.as_array().into_iter().flatten().filter_map(Value::as_str) {
                    let there = gave.facts["query"].get(name).is_some();
                    d.hold(!there, || format!("{name} is in {}", gave.wire));
                }
            }
            // Those that it names.
            "query" | "headers" => {
                for (name, wanted) in wanted.as_object().into_iter().flatten() {
                    let came = came.and_then(|all| all.get(name)).unwrap_or(&Value::Null);
                    d.equal(name, wanted, came);
                }
            }
            name => d.equal(name, wanted, came.unwrap_or(&json!("nothing of that name"))),
        }
    }
    for extra in &expect.extras {
        let there = gave.facts.get("params").is_some_and(|params| params.get(extra).is_some());
        d.hold(there, || format!("extra {extra} is missing"));
    }
    let others = [expect.token.is_some(), expect.warnings.is_some(), !expect.saved.is_empty()];
    d.hold(others == [false; 3], || "a token was expected of a call that brings none".to_owned());
}

/// The same place and the same parameters, but for those that are drawn.
fn url(d: &mut Differences, wanted: &Value, gave: &Gave) {
    let Some(Ok(wanted)) = wanted.as_str().map(Url::parse) else {
        return d.0.push(format!("{wanted} is no URL"));
    };
    let came = Url::parse(&gave.wire).expect("a URL");
    let place = |url: &Url| url[..url::Position::AfterPath].to_owned();
    d.equal("url", &json!(place(&wanted)), &json!(place(&came)));
    let wanted: Vec<_> = wanted.query_pairs().into_owned().collect();
    let came: Vec<_> = came.query_pairs().into_owned().collect();
    for pair in &wanted {
        d.hold(came.contains(pair), || format!("{pair:?} in {came:?}"));
    }
    for (name, _) in &came {
        let drawn = ["state", "code_challenge", "code_challenge_method"].contains(&&**name);
        let named = wanted.iter().any(|(known, _)| known == name);
        d.hold(drawn || named, || format!("{name} was not expected in {came:?}"));
    }
}

/// Details of a failure before anything was sent.
pub(crate) fn of_a_failure(
    d: &mut Differences,
    wanted: &Map<String, Value>,
    policy: Policy,
    came: &Map<String, Value>,
) {
    for (name, wanted) in wanted {
        let wanted = under(wanted, policy);
        match name.as_str() {
            "code_fate" => d.equal(name, wanted, &json!("unsent")),
            "code" | "description" | "error_uri" | "name" => {
                d.equal(name, wanted, came.get(name).unwrap_or(&Value::Null));
            }
            // Words, and what the flavors are compared by.
            _ => {}
        }
    }
}
