//! A fault case as it stands in its file, and which of them can be played.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use serde::Deserialize;
use serde_json::{Map, Value};
use token_exchanger::Policy;

use crate::tls::Authority;
use crate::{Verdict, always, check, exceptions, play};

/// What all cases share.
pub(crate) struct Context {
    pub(crate) fixture: Fixture,
    pub(crate) authority: Authority,
}

/// What stands where a case says nothing else.
#[derive(Deserialize)]
pub(crate) struct Fixture {
    pub(crate) client_id: String,
    pub(crate) client_secret: String,
    pub(crate) code: String,
    pub(crate) code_verifier: String,
    pub(crate) redirect_uri: String,
    pub(crate) token_url: String,
    pub(crate) access_token: String,
    pub(crate) refresh_token: String,
}

#[derive(Deserialize)]
pub(crate) struct Case {
    pub(crate) given: Given,
    pub(crate) expect: Expect,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Given {
    #[serde(rename = "call")]
    _call: String,
    mode: Option<String>,
    #[serde(default)]
    pub(crate) server: Vec<Answer>,
    #[serde(default)]
    pub(crate) repeat_last: bool,
    #[serde(default)]
    pub(crate) config: Config,
    #[serde(default)]
    pub(crate) input: Input,
    #[serde(default, alias = "flavors")]
    pub(crate) order: Vec<String>,
    #[serde(alias = "learned")]
    pub(crate) prefer: Option<String>,
    /// `from_builder(a builder with gzip switched on)`
    pub(crate) client: Option<String>,
    pub(crate) cancel_after_ms: Option<u64>,
    #[serde(default)]
    pub(crate) runtime: Vec<String>,
}

#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Answer {
    pub(crate) when: Option<BTreeMap<String, String>>,
    pub(crate) status: Option<u16>,
    #[serde(default)]
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Option<String>,
    pub(crate) body_base64: Option<String>,
    pub(crate) body_gen: Option<Generated>,
    #[serde(default, deserialize_with = "generated_or_text")]
    pub(crate) body_gzip_of: Option<Generated>,
    pub(crate) wire: Option<Vec<Map<String, Value>>>,
    pub(crate) connect: Option<String>,
    pub(crate) tls: Option<String>,
    pub(crate) h2: Option<String>,
    pub(crate) proxy: Option<Value>,
}

/// `prefix`, then `repeat` and `suffix_repeat` so many times each, then `suffix`.
#[derive(Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Generated {
    pub(crate) prefix: String,
    pub(crate) repeat: String,
    pub(crate) times: usize,
    pub(crate) suffix_repeat: String,
    pub(crate) suffix: String,
}

/// Of these the schema calls the time limit and the attempts ours, and the rest proposals.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Config {
    pub(crate) token_url: Option<String>,
    pub(crate) redirect_uri: Option<String>,
    pub(crate) requested_scope: Option<String>,
    pub(crate) params: Vec<(String, String)>,
    pub(crate) max_attempts: Option<usize>,
    pub(crate) total_timeout_ms: Option<u64>,
    pub(crate) connect_timeout_ms: Option<u64>,
    pub(crate) proxy: Option<String>,
    #[serde(alias = "allow_insecure_http", alias = "danger_allow_http")]
    pub(crate) allow_http: bool,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Input {
    pub(crate) client_id: Option<String>,
    pub(crate) client_id_gen: Option<Generated>,
    #[serde(default, deserialize_with = "also_null")]
    pub(crate) client_secret: Option<Option<String>>,
    pub(crate) client_secret_gen: Option<Generated>,
    pub(crate) code: Option<String>,
    pub(crate) code_gen: Option<Generated>,
    #[serde(default, deserialize_with = "also_null")]
    pub(crate) code_verifier: Option<Option<String>>,
    pub(crate) redirect_uri: Option<String>,
}

/// Where a value may be `{careful, exhaustive}`, it is kept as it stands: see [`under`].
#[derive(Deserialize)]
pub(crate) struct Expect {
    pub(crate) outcome: Value,
    #[serde(default)]
    pub(crate) kind: Value,
    #[serde(default)]
    pub(crate) sends: Value,
    #[serde(default)]
    pub(crate) detail: Map<String, Value>,
    pub(crate) token: Option<Map<String, Value>>,
    pub(crate) warnings: Option<Vec<String>>,
    #[serde(default)]
    pub(crate) extras: Vec<String>,
    #[serde(default)]
    pub(crate) wire_has: Vec<String>,
    #[serde(default)]
    pub(crate) never: Vec<String>,
    #[serde(default)]
    pub(crate) limits: Limits,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Limits {
    pub(crate) elapsed_ms: Option<u64>,
    pub(crate) parse_ms: Option<u64>,
    pub(crate) peak_extra_bytes: Option<u64>,
    pub(crate) kept_body_bytes: Option<usize>,
    pub(crate) code_chars: Option<usize>,
}

impl Context {
    pub(crate) fn new(file: &Value) -> Self {
        let fixture = Fixture::deserialize(&file["fixture"]).expect("the file has a fixture");
        Self { fixture, authority: Authority::new() }
    }
}

impl Case {
    fn policies(&self) -> Vec<Policy> {
        let of = |mode: &str| self.given.mode.as_deref().is_none_or(|only| only == mode);
        let both = [("careful", Policy::Careful), ("exhaustive", Policy::Exhaustive)];
        both.into_iter().filter(|(mode, _)| of(mode)).map(|(_, policy)| policy).collect()
    }
}

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
    match part {
        "exchange" | "transport" if given["call"] != "exchange" => {
            Some(format!("the call {} is none that can be played", given["call"]))
        }
        "exchange" | "transport" if !given["server"].is_array() => {
            Some("it is told in words, not as answers of a server".to_owned())
        }
        "exchange" | "transport" | "config" => None,
        part if exceptions::is_to_come(part) => Some(format!("the part `{part}` is to come")),
        // To be read, and to fail: no part is left out by mistake.
        _ => None,
    }
}

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

/// The value, or the one of this policy where the two differ.
pub(crate) fn under(value: &Value, policy: Policy) -> &Value {
    match value {
        Value::Object(both) if both.contains_key("careful") || both.contains_key("exhaustive") => {
            let of = if policy == Policy::Careful { "careful" } else { "exhaustive" };
            both.get(of).unwrap_or(&Value::Null)
        }
        value => value,
    }
}

impl Generated {
    /// What it is made of, and how often each stands there.
    pub(crate) fn parts(&self) -> [(&str, usize); 4] {
        let times = self.times;
        [(&self.prefix, 1), (&self.repeat, times), (&self.suffix_repeat, times), (&self.suffix, 1)]
            .map(|(text, times)| (text.as_str(), times))
    }

    pub(crate) fn text(&self) -> String {
        self.parts().into_iter().map(|(text, times)| text.repeat(times)).collect()
    }
}

/// A text as it stands is one that is generated of nothing else.
fn generated_or_text<'de, D>(deserializer: D) -> Result<Option<Generated>, D::Error>
where
    D: serde::Deserializer<'de>,
{
    match Value::deserialize(deserializer)? {
        Value::String(prefix) => Ok(Some(Generated { prefix, ..Generated::default() })),
        value => Generated::deserialize(value).map(Some).map_err(serde::de::Error::custom),
    }
}

/// Tells a null from what is missing.
fn also_null<'de, D, T>(deserializer: D) -> Result<Option<Option<T>>, D::Error>
where
    D: serde::Deserializer<'de>,
    T: Deserialize<'de>,
{
    Option::deserialize(deserializer).map(Some)
}
