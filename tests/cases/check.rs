//! Compares what came with what a case expects.

use std::time::Duration;

use serde_json::{Map, Value, json};
use token_exchanger::{CallError, CallErrorKind, Outcome, Policy};

use crate::always;
use crate::case::{CONFIGURED, Case, Expect, under};
use crate::facts;
use crate::names;
use crate::never;
use crate::play::{Came, End};
use crate::tokens;
use crate::written::basic;

/// A difference in time alone, which a busy machine makes too, says so.
pub(crate) const LATE: &str = "it took ";

/// What is otherwise than expected, for people; empty if nothing is.
pub(crate) fn differences(case: &Case, policy: Policy, came: &Came) -> Vec<String> {
    let expect = &case.expect;
    let mut differences = Differences(always::broken(came));
    let d = &mut differences;

    let (outcome, kinds) = match &came.end {
        End::Cancelled => ("cancelled", vec![]),
        End::Failed(failure) => ("error", failure.kinds.iter().map(ToString::to_string).collect()),
        End::Gave(_) => ("ok", vec![]),
        End::Called(result) => match &**result {
            Ok(_) => ("ok", vec![]),
            Err(error) => ("error", vec![names::kind(error.kind())]),
        },
    };
    d.equal("outcome", under(&expect.outcome, policy), &outcome.into());
    if let Some(wanted) = under(&expect.kind, policy).as_str() {
        let fits = wanted.split(" or ").any(|wanted| kinds.iter().any(|kind| kind == wanted));
        d.hold(fits, || format!("kind: {wanted} was expected, {kinds:?} came"));
    }
    if let Some(sends) = under(&expect.sends, policy).as_u64() {
        let seen = came.seen.len() as u64;
        d.hold(seen == sends, || format!("requests: {sends} were expected, {seen} came"));
    }
    let left = came.left_open;
    d.hold(left == 0, || format!("{left} connections are left open by a call that was dropped"));
    for words in &expect.never {
        if let Some(rule) = never::rule(words) {
            d.hold(rule(came), || format!("never: {words}"));
        }
    }
    for wanted in &expect.wire_has {
        d.hold(is_on_the_wire(wanted, came), || format!("on the wire: {wanted}"));
    }
    limits(d, expect, came);
    setup(d, &expect.detail, policy, came);
    match &came.end {
        End::Called(result) => match &**result {
            Ok(Some(issued)) => tokens::compare(d, expect, issued, came),
            Ok(None) => {}
            Err(error) => failure(d, &expect.detail, policy, error),
        },
        End::Failed(failure) => facts::of_a_failure(d, &expect.detail, policy, &failure.facts),
        End::Gave(gave) => facts::of_what_was_given(d, expect, gave),
        End::Cancelled => {}
    }
    if let Some(wanted) = expect.then.get("apply") {
        d.equal("then apply", wanted, &json!(came.applied));
    }
    if !matches!(came.end, End::Gave(_) | End::Failed(_)) {
        let unmet = expect.facts.keys().filter(|name| facts::NAMES.contains(&&***name));
        d.0.extend(unmet.map(|name| format!("{name} was expected of a call that gives none")));
    }
    differences.0
}

/// What a case expects in words, or under names that are not known here: it is not compared, but by
/// what always holds.
pub(crate) fn in_words(case: &Value) -> Vec<String> {
    let unknown = |of: &Value, known: &[&str]| -> Vec<String> {
        let names = of.as_object().into_iter().flatten().map(|(name, _)| name.clone());
        names.filter(|name| !known.contains(&&**name)).collect()
    };
    let expect = &case["expect"];
    let never = expect["never"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let never = never.filter(|words| never::rule(words).is_none()).map(ToOwned::to_owned);
    let known = [&COMPARED[..], &facts::NAMES].concat();
    let mut words = unknown(expect, &known);
    words.extend(unknown(&expect["detail"], &[&DETAILS[..], &facts::NAMES].concat()));
    words.extend(unknown(&expect["limits"], &LIMITS));
    words.extend(unknown(&expect["then"], &["apply"]));
    words.extend(unknown(&case["given"]["config"], &CONFIGURED));
    let saved = expect["saved"].as_object().into_iter().flatten();
    let saved = saved.filter(|(name, wanted)| !tokens::is_compared(name, wanted));
    let failed = expect["outcome"] != "ok";
    let saved = saved.map(|(name, _)| format!("saved {name}"));
    words.extend(saved);
    if failed && expect["saved"].is_object() {
        words.push("what is saved after a call that failed".to_owned());
    }
    words.extend(never);
    words
}

const COMPARED: [&str; 12] = [
    "outcome", "kind", "sends", "detail", "token", "warnings", "extras", "wire_has", "never",
    "limits", "saved", "then",
];

const DETAILS: [&str; 12] = [
    "code_fate",
    "code",
    "description",
    "error_uri",
    "status",
    "retry_after_s",
    "location",
    "attempts",
    "flavors",
    "skipped",
    "needs_reauthorization",
    "is_transient",
];

const LIMITS: [&str; 5] =
    ["elapsed_ms", "parse_ms", "peak_extra_bytes", "kept_body_bytes", "code_chars"];

pub(crate) struct Differences(pub(crate) Vec<String>);

impl Differences {
    pub(crate) fn hold(&mut self, holds: bool, otherwise: impl FnOnce() -> String) {
        if !holds {
            self.0.push(otherwise());
        }
    }

    pub(crate) fn equal(&mut self, what: &str, wanted: &Value, came: &Value) {
        self.hold(wanted == came, || format!("{what}: {wanted} was expected, {came} came"));
    }
}

fn limits(d: &mut Differences, expect: &Expect, came: &Came) {
    let limits = &expect.limits;
    if let Some(limit) = limits.elapsed_ms {
        let limit = Duration::from_millis(limit);
        d.hold(came.elapsed <= limit, || format!("{LATE}{:?}, over {limit:?}", came.elapsed));
    }
    if let Some(limit) = limits.parse_ms {
        // Meant of an optimised build, and of parsing alone.
        let limit = Duration::from_millis(limit) * if cfg!(debug_assertions) { 20 } else { 2 };
        d.hold(came.elapsed <= limit, || format!("{LATE}{:?}, over {limit:?}", came.elapsed));
    }
    if let Some(limit) = limits.peak_extra_bytes {
        d.hold(came.peak <= limit, || format!("{} bytes at the peak, over {limit}", came.peak));
    }
    if let Some(limit) = limits.kept_body_bytes {
        let length = always::outputs(came).len();
        d.hold(length <= limit * 8, || format!("all texts have {length} bytes, over 8 x {limit}"));
    }
    if let (Some(limit), End::Called(result)) = (limits.code_chars, &came.end) {
        if let Err(error) = &**result {
            let length = server_error(error).map_or(0, |error| error.code.chars().count());
            d.hold(length <= limit, || format!("the code has {length} characters, over {limit}"));
        }
    }
}

/// What a case says of the flavors that stand at the beginning.
fn setup(d: &mut Differences, detail: &Map<String, Value>, policy: Policy, came: &Came) {
    let flavors: Vec<_> = came.flavors.iter().map(ToString::to_string).collect();
    let wanted = detail.get("flavors").map(|wanted| under(wanted, policy));
    if let Some(wanted) = wanted.filter(|wanted| wanted.is_array()) {
        d.equal("flavors", wanted, &flavors.clone().into());
    }
    for skipped in detail.get("skipped").and_then(Value::as_array).into_iter().flatten() {
        let there = flavors.iter().any(|flavor| skipped == flavor.as_str());
        let may_be_there = policy == Policy::Exhaustive;
        d.hold(may_be_there || !there, || format!("{skipped} is not skipped"));
    }
}

fn failure(d: &mut Differences, detail: &Map<String, Value>, policy: Policy, error: &CallError) {
    for (name, wanted) in detail {
        let wanted = under(wanted, policy);
        match name.as_str() {
            // In words: the set of characters, which holds for every error.
            "description" if wanted.as_str().is_some_and(|it| it.starts_with("only %x")) => {
                let told = server_error(error);
                let text = told.and_then(|told| told.description.as_deref()).unwrap_or_default();
                let allowed = |c| matches!(c, ' ' | '!' | '#'..='[' | ']'..='~');
                let fits = text.chars().all(allowed) && text.chars().count() <= 512;
                d.hold(fits, || format!("the description `{text}` is not {wanted}"));
            }
            "retry_after_s" => {
                let came = error.retry_after().map(|it| it.as_secs());
                // A moment is given in whole seconds, of which one may have begun.
                let fits = came == wanted.as_u64()
                    || came.zip(wanted.as_u64()).is_some_and(|(came, wanted)| came + 1 == wanted);
                d.hold(fits, || format!("retry_after: {wanted} was expected, {came:?} came"));
            }
            "attempts" => {
                let wanted = wanted.as_array().map_or(wanted.clone(), |list| list.len().into());
                d.equal(name, &wanted, &error.attempts().len().into());
            }
            // The rest is words.
            name => {
                if let Some(came) = of_error(name, error) {
                    d.equal(name, wanted, &came);
                }
            }
        }
    }
}

/// What an error says under a name of the cases; `None` if that is no name for us.
pub(crate) fn of_error(name: &str, error: &CallError) -> Option<Value> {
    let told = server_error(error);
    Some(match name {
        "kind" => json!(names::kind(error.kind())),
        "code_fate" => json!(names::fate(error.code_fate())),
        "code" => json!(told.map(|told| &told.code)),
        "description" => json!(told.and_then(|told| told.description.as_ref())),
        "error_uri" => json!(told.and_then(|told| told.uri.as_ref())),
        "status" => json!(error.headline().status().map(|status| status.as_u16())),
        "location" => match error.kind() {
            CallErrorKind::Redirected { location } => json!(location),
            _ => Value::Null,
        },
        "needs_reauthorization" => json!(error.needs_reauthorization()),
        "is_transient" => json!(error.is_transient()),
        _ => return None,
    })
}

fn server_error(error: &CallError) -> Option<&token_exchanger::ServerError> {
    match (&error.kind(), &error.headline().outcome) {
        (CallErrorKind::Refused(error), _) => Some(error),
        (_, Outcome::Answered { error, .. }) => error.as_ref(),
        _ => None,
    }
}

/// Whether the server must have seen these bytes: in what it saw, or, told by the encoding that
/// they belong to, in what one of the call's flavors writes.
fn is_on_the_wire(wanted: &str, came: &Came) -> bool {
    let in_basic = |holds: &dyn Fn(&str) -> bool| came.written.iter().any(|it| holds(&basic(it)));
    let bodies = |begins: fn(&str) -> bool, text: &str| {
        let bodies = came.written.iter().map(|it| String::from_utf8_lossy(it.body()));
        bodies.filter(|body| begins(body)).any(|body| body.contains(text))
    };
    if let End::Gave(gave) = &came.end {
        return gave.wire.to_lowercase().contains(&wanted.to_lowercase());
    }
    let (encoding, text) = wanted.split_once(": ").unwrap_or_default();
    let inner = text.strip_prefix("base64(").and_then(|it| it.strip_suffix(')'));
    match (encoding, wanted) {
        (_, "client_id in the body") => came.seen.iter().all(|it| it.contains("client_id")),
        (_, "basic-raw: base64 of UTF-8 bytes") => {
            in_basic(&|it| !it.is_ascii() && !it.contains('%'))
        }
        ("basic" | "basic-raw", _) => in_basic(&|it| it == inner.unwrap_or(text)),
        ("json", _) => bodies(|body| body.starts_with('{'), text),
        ("form", _) => bodies(|body| !body.starts_with('{'), text),
        // A sentence says it once more, in words.
        _ if wanted.matches(' ').count() > 1 && !wanted.contains("HTTP/1.1") => true,
        _ => {
            let wanted = wanted.to_lowercase();
            came.seen.iter().any(|it| it.to_lowercase().contains(&wanted))
                || in_basic(&|it| it.to_lowercase().contains(&wanted))
        }
    }
}
