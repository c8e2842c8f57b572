//! Compares what came of a vector's calls with what it expects.

use std::collections::BTreeMap;
use std::time::SystemTime;

use serde_json::{Map, Value, json};
use token_exchanger::{CallError, Flavor, HttpRequest, Issued, Policy};
use url::{Position, Url, form_urlencoded};

use super::called::Came;
use super::setup::absolute;
use crate::case::under;
use crate::check::{Differences, of_error};
use crate::names;
use crate::tokens::members;
use crate::written::{credentials, params};

pub(super) fn compare(vector: &Value, expect: &Value, policy: Policy, came: &Came) -> Vec<String> {
    let mut differences = Differences(Vec::new());
    let d = &mut differences;
    if let Some(kinds) = came.unasked {
        refused(d, expect, kinds);
        return differences.0;
    }
    let result = came.results.last().expect("a result");
    match (expect["kind"].as_str(), result) {
        (Some("token" | "requests") | None, Ok(Some(issued))) => {
            token(d, vector, expect, issued, came);
        }
        (Some("request" | "extra"), _) | (Some("error"), Err(_)) | (Some("ok"), Ok(None)) => {}
        (Some("value"), Ok(Some(issued))) => {
            d.equal("scopes", &expect["value"], &json!(issued.token.scopes));
        }
        (Some("instant"), Ok(Some(issued))) => {
            let since = issued.token.expires_at.map(|end| {
                end.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs()
            });
            d.equal("unix", &expect["unix"], &json!(since));
        }
        (kind, _) => d.0.push(format!("kind: {kind:?} was expected")),
    }
    if let (Some(wanted), Ok(Some(issued))) = (expect["extra"].as_object(), result) {
        let wanted = Map::from_iter([("extra".to_owned(), Value::Object(wanted.clone()))]);
        members(d, &wanted, &issued.token, came.began, came.elapsed);
    }
    if let (Some(wanted), Err(error)) = (expect["error"].as_object(), result) {
        failure(d, wanted, policy, error, came);
    }
    let op = vector["op"].as_str().unwrap_or_default();
    let named = vector["config"]["token_headers"].as_object().into_iter().flatten();
    let named: Vec<_> = named.map(|(name, _)| name.to_lowercase()).collect();
    if expect["request"].is_object() {
        request(d, op, &expect["request"], &came.requests[0], &named);
    }
    for (at, wanted) in expect["requests"].as_array().into_iter().flatten().enumerate() {
        match came.requests.get(at) {
            Some(came) => request(d, op, wanted, came, &named),
            None => d.0.push(format!("request {} is missing", at + 1)),
        }
    }
    if let Some(wanted) = under(&expect["requests_count"], policy).as_u64() {
        d.hold(came.requests.len() as u64 == wanted, || format!("{wanted} requests"));
    }
    let flavors: Vec<_> = came.requests.iter().filter_map(Flavor::of).collect();
    let flavors: Vec<_> = flavors.iter().map(ToString::to_string).collect();
    match under(&expect["attempts"], policy) {
        Value::Number(wanted) => d.equal("attempts", &json!(wanted), &json!(flavors.len())),
        Value::Array(wanted) => d.equal("attempts", &json!(wanted), &json!(flavors)),
        _ => {}
    }
    if let (Value::String(wanted), Ok(Some(issued))) = (under(&expect["winner"], policy), result) {
        d.equal("winner", &json!(wanted), &json!(issued.flavor));
    }
    differences.0
}

/// An error before anything was sent, under one of the names that the cases have for it.
pub(super) fn refused(d: &mut Differences, expect: &Value, kinds: &[&str]) {
    d.equal("kind", &expect["kind"], &json!("error"));
    let wanted = &expect["error"];
    let fits = kinds.iter().any(|kind| wanted["kind"] == *kind);
    d.hold(fits, || format!("kind: {wanted} was expected, {kinds:?} came"));
    let sent = wanted["network_calls"].as_u64().unwrap_or_default();
    d.hold(sent == 0, || format!("{sent} requests were expected"));
}

fn token(d: &mut Differences, vector: &Value, expect: &Value, issued: &Issued, came: &Came) {
    if let Some(wanted) = expect["token"].as_object() {
        let mut wanted = wanted.clone();
        // Peers keep it; ours does not (RFC 6749, section 4.4.3; LIF-031).
        if vector["op"] == "client_credentials" {
            wanted.insert("refresh_token".to_owned(), Value::Null);
        }
        members(d, &wanted, &issued.token, came.began, came.elapsed);
    }
    for name in expect["warnings"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        let warned = issued.warnings.iter().any(|warning| names::is_warning(name, warning));
        d.hold(warned, || format!("no warning of {name} in {:?}", issued.warnings));
    }
}

fn failure(
    d: &mut Differences,
    wanted: &Map<String, Value>,
    policy: Policy,
    error: &CallError,
    came: &Came,
) {
    for (name, wanted) in wanted {
        let wanted = under(wanted, policy);
        match name.as_str() {
            "network_calls" => d.equal(name, wanted, &json!(came.requests.len())),
            "display_contains" => {
                // The words; how a peer joins them is its own.
                let shown = error.to_string();
                let wanted = wanted.as_str().unwrap_or_default();
                let mut words = wanted.split(|c: char| !c.is_alphanumeric() && c != '_');
                d.hold(words.all(|word| shown.contains(word)), || format!("{wanted} in {shown}"));
            }
            // `category` and `field` are the peer's own; a body is not shown.
            name => {
                if let Some(came) = of_error(name, error) {
                    d.equal(name, wanted, &came);
                }
            }
        }
    }
}

fn request(d: &mut Differences, op: &str, wanted: &Value, came: &HttpRequest, named: &[String]) {
    // What peers send with a code depends on their own defaults.
    let told_in_full = ["refresh", "client_credentials", "revoke"].contains(&op);
    let header = |name: &str| came.headers().get(name).and_then(|it| it.to_str().ok());
    let all: BTreeMap<_, _> = params(came).into_iter().collect();
    for (name, part) in wanted.as_object().into_iter().flatten() {
        let came = match name.as_str() {
            "method" => json!(came.method().as_str()),
            "url" => {
                url(d, part, came);
                continue;
            }
            "authorization" if part.is_null() => json!(header("authorization")),
            "authorization_decodes_to" => json!(credentials(came)),
            "content_type" => json!(header("content-type")),
            "accept" => json!(header("accept")),
            // Those that it names: some vectors leave out what is not their point.
            "params" => {
                for (name, wanted) in part.as_object().into_iter().flatten() {
                    d.equal(name, wanted, &json!(all.get(name)));
                }
                continue;
            }
            "params_absent" => {
                let names = part.as_array().into_iter().flatten().filter_map(Value::as_str);
                for name in names {
                    d.hold(!all.contains_key(name), || format!("{name} is a parameter"));
                }
                continue;
            }
            // The order is the peer's.
            "body" if wanted["params"].is_null() || told_in_full => {
                let body = part.as_str().unwrap_or_default().as_bytes();
                let theirs: BTreeMap<_, _> = form_urlencoded::parse(body).into_owned().collect();
                d.equal(name, &json!(theirs), &json!(all));
                continue;
            }
            // Those that it configures: others are the peer's own.
            "headers" => {
                let wanted = part.as_object().into_iter().flatten();
                for (name, wanted) in wanted.filter(|(name, _)| named.contains(name)) {
                    d.equal(name, wanted, &json!(header(name)));
                }
                continue;
            }
            // The bytes, where they are written as we write them.
            "authorization" => {
                let ours = part.as_str() == header("authorization");
                d.hold(ours || credentials_are(part, came), || format!("{name}: {part}"));
                continue;
            }
            _ => continue,
        };
        d.equal(name, part, &came);
    }
}

/// The same place, and the same parameters in any order.
fn url(d: &mut Differences, wanted: &Value, came: &HttpRequest) {
    let parts = |text: &str| {
        let url = Url::parse(text).expect("a URL");
        let mut pairs: Vec<_> = url.query_pairs().into_owned().collect();
        pairs.sort_unstable();
        json!([&url[..Position::AfterPath], pairs])
    };
    let wanted = absolute(wanted.as_str().unwrap_or_default());
    d.equal("url", &parts(&wanted), &parts(&came.uri().to_string()));
}

/// Whether a peer's header holds what ours does, each decoded.
fn credentials_are(wanted: &Value, came: &HttpRequest) -> bool {
    if !came.headers().contains_key("authorization") {
        return false;
    }
    let mut theirs = HttpRequest::new(came.body().clone());
    let value = wanted.as_str().and_then(|wanted| wanted.parse().ok());
    value.map(|value| theirs.headers_mut().insert("authorization", value));
    let spaced = |half: String| half.replace('+', " ");
    credentials(&theirs).map(spaced) == credentials(came)
}
