//! A fault case as it stands in its file.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};
use token_exchanger::Policy;

use crate::generated::{self, Generated};
use crate::tls::Authority;

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
    pub(crate) state: String,
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
    pub(crate) call: Asks,
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
    /// The token that a refresh, a revocation or an API request has.
    #[serde(default, alias = "token", deserialize_with = "stored_or_text")]
    pub(crate) stored: Option<Stored>,
    /// What the browser brings: a URL, its query, or a form.
    #[serde(alias = "callback_body", alias = "body", alias = "form")]
    pub(crate) callback_url: Option<String>,
    pub(crate) callback_url_gen: Option<Generated>,
    #[serde(default)]
    pub(crate) pending: Pending,
    /// Of an API request.
    pub(crate) url: Option<String>,
    #[serde(default, deserialize_with = "pairs", alias = "request_headers")]
    pub(crate) headers: Vec<(String, String)>,
    /// How often it is done.
    pub(crate) count: Option<usize>,
}

/// What is asked for.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Asks {
    Exchange,
    Refresh,
    Revoke,
    ClientCredentials,
    AuthorizeUrl,
    Callback,
    Apply,
    Pkce,
    State,
}

/// A token as it was kept.
#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Stored {
    pub(crate) access_token: Option<String>,
    pub(crate) refresh_token: Option<String>,
    pub(crate) token_type: Option<String>,
    pub(crate) expires_in: Option<i64>,
    #[serde(default)]
    pub(crate) expired: bool,
    pub(crate) scope: Option<String>,
    /// What it was got by.
    pub(crate) flavor: Option<String>,
    #[serde(default)]
    pub(crate) extra: Map<String, Value>,
    /// For the store.
    #[serde(rename = "generation")]
    pub(crate) _generation: Option<u64>,
}

/// What is kept between redirect and callback.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Pending {
    pub(crate) state: Option<String>,
    pub(crate) issuer: Option<String>,
    pub(crate) iss_required: Option<bool>,
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
    #[serde(default, deserialize_with = "generated::or_text")]
    pub(crate) body_gzip_of: Option<Generated>,
    pub(crate) wire: Option<Vec<Map<String, Value>>>,
    pub(crate) connect: Option<String>,
    pub(crate) tls: Option<String>,
    pub(crate) h2: Option<String>,
    pub(crate) proxy: Option<Value>,
}

/// Of these the schema calls the time limit and the attempts ours, and the rest proposals.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Config {
    pub(crate) token_url: Option<String>,
    #[serde(alias = "authorization_url")]
    pub(crate) authorize_url: Option<String>,
    pub(crate) refresh_url: Option<String>,
    #[serde(deserialize_with = "also_null")]
    pub(crate) revocation_url: Option<Option<String>>,
    pub(crate) redirect_uri: Option<String>,
    pub(crate) issuer: Option<String>,
    pub(crate) requested_scope: Option<String>,
    pub(crate) scopes: Vec<String>,
    #[serde(alias = "scope_delimiter")]
    pub(crate) scope_separator: Option<String>,
    #[serde(deserialize_with = "pairs")]
    pub(crate) params: Vec<(String, String)>,
    #[serde(deserialize_with = "pairs")]
    pub(crate) headers: Vec<(String, String)>,
    /// The members that lead to the token, or a JSON Pointer.
    #[serde(alias = "token_pointer")]
    pub(crate) token_path: Value,
    #[serde(alias = "method", alias = "verb")]
    pub(crate) token_method: Option<String>,
    pub(crate) client_id_param: Option<String>,
    /// As [`token_exchanger::Conventions`] has them.
    pub(crate) conventions: Value,
    pub(crate) pkce: Value,
    pub(crate) max_attempts: Option<usize>,
    pub(crate) total_timeout_ms: Option<u64>,
    pub(crate) connect_timeout_ms: Option<u64>,
    pub(crate) proxy: Option<String>,
    #[serde(alias = "allow_insecure_http", alias = "danger_allow_http")]
    pub(crate) allow_http: bool,
    #[serde(flatten)]
    _proposals: Map<String, Value>,
}

/// Names under `config` that are followed; the rest are proposals.
pub(crate) const CONFIGURED: [&str; 28] = [
    "token_url",
    "authorize_url",
    "authorization_url",
    "refresh_url",
    "revocation_url",
    "redirect_uri",
    "issuer",
    "requested_scope",
    "scopes",
    "scope_separator",
    "scope_delimiter",
    "params",
    "headers",
    "token_path",
    "token_pointer",
    "token_method",
    "method",
    "verb",
    "client_id_param",
    "conventions",
    "pkce",
    "max_attempts",
    "total_timeout_ms",
    "connect_timeout_ms",
    "proxy",
    "allow_http",
    "allow_insecure_http",
    "danger_allow_http",
];

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
    #[serde(default, deserialize_with = "also_null", alias = "pkce_verifier")]
    pub(crate) code_verifier: Option<Option<String>>,
    pub(crate) redirect_uri: Option<String>,
    pub(crate) state: Option<String>,
    #[serde(default)]
    pub(crate) scopes: Vec<String>,
    #[serde(default, deserialize_with = "pairs", alias = "extra")]
    pub(crate) params: Vec<(String, String)>,
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
    #[serde(default)]
    pub(crate) saved: Map<String, Value>,
    /// What a following call gives.
    #[serde(default)]
    pub(crate) then: Map<String, Value>,
    /// What a call in memory gives.
    #[serde(flatten)]
    pub(crate) facts: Map<String, Value>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
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
    pub(crate) fn policies(&self) -> Vec<Policy> {
        let of = |mode: &str| self.given.mode.as_deref().is_none_or(|only| only == mode);
        let both = [("careful", Policy::Careful), ("exhaustive", Policy::Exhaustive)];
        both.into_iter().filter(|(mode, _)| of(mode)).map(|(_, policy)| policy).collect()
    }
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

/// Tells a null from what is missing.
fn also_null<'de, D, T>(deserializer: D) -> Result<Option<Option<T>>, D::Error>
where
    D: serde::Deserializer<'de>,
    T: Deserialize<'de>,
{
    Option::deserialize(deserializer).map(Some)
}

/// A list of pairs or an object; a value that is no text counts as it is written.
fn pairs<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Vec<(String, String)>, D::Error> {
    let text = |value: Value| value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
    let pairs: Vec<(String, Value)> = match Value::deserialize(from)? {
        Value::Object(members) => members.into_iter().collect(),
        list => Vec::deserialize(list).map_err(serde::de::Error::custom)?,
    };
    Ok(pairs.into_iter().map(|(name, value)| (name, text(value))).collect())
}

/// A text as it stands is an access token.
fn stored_or_text<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<Stored>, D::Error> {
    match Value::deserialize(from)? {
        Value::String(token) => Ok(Some(Stored { access_token: Some(token), ..Stored::default() })),
        value => Option::deserialize(value).map_err(serde::de::Error::custom),
    }
}
