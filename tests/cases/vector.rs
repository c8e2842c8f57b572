//! Plays the vectors that were drawn from other libraries' tests, in memory.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::{Duration, Instant, SystemTime};

use percent_encoding::percent_decode_str;
use serde::Deserialize as _;
use serde_json::{Map, Value, json};
use token_exchanger::{
    AuthorizationCode, BodyEncoding, CallError, ConfigError, Flavor, HttpRequest, HttpResponse,
    Issued, Policy, TokenExchanger, TransportError, TransportErrorKind,
};
use url::{Url, form_urlencoded};

use crate::Verdict;
use crate::case::under;
use crate::check::{Differences, basic, members, of_error};
use crate::exceptions;
use crate::names;
use crate::support::answer;

pub(crate) fn verdict(vector: &Value) -> Verdict {
    if let Some(reason) = out_of_scope(vector) {
        return Verdict::NotPlayed(reason);
    }
    let mut runs = 0;
    for policy in [Policy::Careful, Policy::Exhaustive] {
        let expect = expected(vector);
        let came = match exchanger(vector, policy) {
            Ok(exchanger) => play(vector, &exchanger),
            Err(error) => {
                let kinds = names::config(&error);
                if kinds.iter().any(|kind| expect["error"]["kind"] == *kind) {
                    runs += 1;
                    continue;
                }
                return Verdict::Failed(format!("  {}: {error}, {expect}", vector["config"]));
            }
        };
        let differences = compare(expect, policy, &came);
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
    match text("op") {
        "exchange_code"
        | "exchange_code_twice"
        | "token_request"
        | "parse_token_response"
        | "token_extra"
        | "scope_split" => None,
        "media_type_is_json" => Some("the body decides; its type is a hint".to_owned()),
        op => Some(format!("the operation `{op}` is none of an exchange")),
    }
}

fn expected(vector: &Value) -> &Value {
    if vector["ours"] == "diverge" { &vector["ours_expect"] } else { &vector["expect"] }
}

struct Came {
    results: Vec<Result<Issued, CallError>>,
    requests: Vec<HttpRequest>,
    began: SystemTime,
    elapsed: Duration,
}

fn play(vector: &Value, exchanger: &TokenExchanger) -> Came {
    let calls = if vector["op"] == "exchange_code_twice" { 2 } else { 1 };
    let (began, begin) = (SystemTime::now(), Instant::now());
    let mut requests = Vec::new();
    let mut results = Vec::new();
    for _ in 0..calls {
        let input = &vector["input"];
        let mut call = exchanger.exchange(code(vector));
        for (name, value) in input["extra"].as_object().into_iter().flatten() {
            call = call.param(name, text_of(value));
        }
        if let Some(verifier) = input["pkce_verifier"].as_str() {
            call = call.param("code_verifier", verifier);
        }
        results.push(call.send_blocking(|request| {
            requests.push(request);
            respond(vector, requests.len())
        }));
    }
    Came { results, requests, began, elapsed: begin.elapsed() }
}

fn exchanger(vector: &Value, policy: Policy) -> Result<TokenExchanger, ConfigError> {
    let (config, input) = (&vector["config"], &vector["input"]);
    let id = config["client_id"].as_str().unwrap_or("cid-1");
    let secret = match &config["client_secret"] {
        Value::Null if config["client_id"].is_null() => "s3cr3t/+:=&%",
        secret => secret.as_str().unwrap_or_default(),
    };
    let url = match config["token_url"].as_str().unwrap_or("https://as.example/token") {
        url if url.contains("://") => url.to_owned(),
        relative => format!("https://{relative}"),
    };
    let scopes = input["scopes"].as_array().into_iter().flatten();
    let requested = config["requested_scopes"].as_array().into_iter().flatten();
    let mut builder = TokenExchanger::builder(id, url)
        .client_secret(secret)
        .scopes(scopes.chain(requested).map(text_of))
        .policy(policy)
        .transport(token_exchanger::from_fn(async |_| unreachable!("the call is played")));
    let pinned = config["flavor"].as_str().filter(|name| *name != "auto");
    if let Some(pinned) = pinned.map(|name| names::flavor(name).expect("a flavor's name")) {
        let public = Flavor::PUBLIC.into_iter().find(|it| it.encoding == pinned.encoding);
        builder = builder.flavors(if secret.is_empty() { public } else { Some(pinned) });
    }
    builder.build()
}

fn code(vector: &Value) -> AuthorizationCode {
    let (config, input) = (&vector["config"], &vector["input"]);
    let from_callback = input["callback_url"].as_str().and_then(|url| {
        let url = Url::parse(url).ok()?;
        url.query_pairs().find(|(name, _)| name == "code").map(|(_, code)| code.into_owned())
    });
    let code = from_callback.unwrap_or_else(|| input["code"].as_str().unwrap_or("c").to_owned());
    let code = AuthorizationCode::unchecked(code);
    // With the code: some peers' are words, and no URI.
    match input["redirect_uri"].as_str().or(config["redirect_uri"].as_str()) {
        Some(redirect_uri) => code.redirect_uri(redirect_uri),
        None => code,
    }
}

/// The answer to the request of this number: the last one stands for all that follow.
fn respond(vector: &Value, number: usize) -> Result<HttpResponse, TransportError> {
    let response = match &vector["response"] {
        Value::Array(list) => &list[number.min(list.len()) - 1],
        one => one,
    };
    if let Value::String(scope) = &vector["input"]["value"] {
        let body = json!({"access_token": "a", "token_type": "Bearer", "scope": scope});
        return Ok(answer(200, &[], body.to_string()));
    }
    if let Some(error) = response["transport_error"].as_str() {
        return Err(TransportError::new(TransportErrorKind::Interrupted, error));
    }
    if !response["hang"].is_null() {
        return Err(TransportError::new(TransportErrorKind::Timeout, "it hangs"));
    }
    let repeated = &response["body_repeat"];
    let body = if let Some(hex) = response["body_hex"].as_str() {
        let byte = |at| u8::from_str_radix(&hex[at..at + 2], 16).expect("hex");
        (0..hex.len()).step_by(2).map(byte).collect()
    } else if repeated.is_object() {
        let part = |name: &str| repeated[name].as_str().unwrap_or_default();
        let count = repeated["count"].as_u64().and_then(|it| usize::try_from(it).ok());
        let middle = part("char").repeat(count.expect("a count"));
        format!("{}{middle}{}", part("prefix"), part("suffix")).into_bytes()
    } else if let Some(body) = response["body"].as_str() {
        body.as_bytes().to_vec()
    } else {
        br#"{"access_token":"a","token_type":"Bearer"}"#.to_vec()
    };
    let headers = BTreeMap::<String, String>::deserialize(&response["headers"]).unwrap_or_default();
    let headers: Vec<_> = headers.iter().map(|(name, value)| (&**name, &**value)).collect();
    let status = response["status"].as_u64().and_then(|it| it.try_into().ok()).unwrap_or(200);
    Ok(answer(status, &headers, body))
}

fn compare(expect: &Value, policy: Policy, came: &Came) -> Vec<String> {
    let mut differences = Differences(Vec::new());
    let d = &mut differences;
    let result = came.results.last().expect("a result");
    match (expect["kind"].as_str(), result) {
        (Some("token" | "requests") | None, Ok(issued)) => token(d, expect, issued, came),
        (Some("request" | "extra"), _) | (Some("error"), Err(_)) => {}
        (Some("value"), Ok(issued)) => {
            d.equal("scopes", &expect["value"], &json!(issued.token.scopes));
        }
        (kind, _) => d.0.push(format!("kind: {kind:?} was expected")),
    }
    if let (Some(wanted), Ok(issued)) = (expect["extra"].as_object(), result) {
        let wanted = Map::from_iter([("extra".to_owned(), Value::Object(wanted.clone()))]);
        members(d, &wanted, &issued.token, came.began, came.elapsed);
    }
    if let (Some(wanted), Err(error)) = (expect["error"].as_object(), result) {
        failure(d, wanted, policy, error, came);
    }
    if expect["request"].is_object() {
        request(d, &expect["request"], &came.requests[0]);
    }
    for (at, wanted) in expect["requests"].as_array().into_iter().flatten().enumerate() {
        match came.requests.get(at) {
            Some(came) => request(d, wanted, came),
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
    if let (Value::String(wanted), Ok(issued)) = (under(&expect["winner"], policy), result) {
        d.equal("winner", &json!(wanted), &json!(issued.flavor));
    }
    differences.0
}

fn token(d: &mut Differences, expect: &Value, issued: &Issued, came: &Came) {
    if let Some(wanted) = expect["token"].as_object() {
        members(d, wanted, &issued.token, came.began, came.elapsed);
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

fn request(d: &mut Differences, wanted: &Value, came: &HttpRequest) {
    let header = |name: &str| came.headers().get(name).and_then(|it| it.to_str().ok());
    let params = params(came);
    for (name, wanted) in wanted.as_object().into_iter().flatten() {
        let came = match name.as_str() {
            "method" => json!(came.method().as_str()),
            "url" => json!(came.uri().to_string()),
            "authorization" if wanted.is_null() => json!(header("authorization")),
            "authorization_decodes_to" => json!(credentials(came)),
            "content_type" => json!(header("content-type")),
            "accept" => json!(header("accept")),
            // Those that it names: some vectors leave out what is not their point.
            "params" => {
                for (name, wanted) in wanted.as_object().into_iter().flatten() {
                    d.equal(name, wanted, &json!(params.get(name)));
                }
                continue;
            }
            "params_absent" => {
                let names = wanted.as_array().into_iter().flatten().filter_map(Value::as_str);
                for name in names {
                    d.hold(!params.contains_key(name), || format!("{name} is a parameter"));
                }
                continue;
            }
            // The bytes, where they are written as we write them.
            "authorization" => {
                let ours = wanted.as_str() == header("authorization");
                d.hold(ours || credentials_are(wanted, came), || format!("{name}: {wanted}"));
                continue;
            }
            // Of a body the parameters are compared, and headers of the peer's own are its own.
            _ => continue,
        };
        d.equal(name, wanted, &came);
    }
}

/// Whether a peer's header holds what ours does, each decoded.
fn credentials_are(wanted: &Value, came: &HttpRequest) -> bool {
    let mut theirs = HttpRequest::new(came.body().clone());
    let value = wanted.as_str().and_then(|wanted| wanted.parse().ok());
    value.map(|value| theirs.headers_mut().insert("authorization", value));
    let spaced = |half: String| half.replace('+', " ");
    credentials(&theirs).map(spaced) == credentials(came)
}

/// Id and secret of a Basic header.
fn credentials(request: &HttpRequest) -> [String; 2] {
    let text = basic(request);
    let (id, secret) = text.split_once(':').unwrap_or_default();
    let decode = |half: &str| match Flavor::of(request) {
        Some(flavor) if flavor.to_string().starts_with("basic-raw") => half.to_owned(),
        _ => percent_decode_str(half).decode_utf8_lossy().into_owned(),
    };
    [decode(id), decode(secret)]
}

fn params(request: &HttpRequest) -> BTreeMap<String, String> {
    match Flavor::of(request).map(|flavor| flavor.encoding) {
        Some(BodyEncoding::Json) => serde_json::from_slice(request.body()).expect("texts"),
        _ => form_urlencoded::parse(request.body()).into_owned().collect(),
    }
}

fn text_of(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned)
}

impl std::fmt::Display for Came {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for result in &self.results {
            match result {
                Ok(issued) => write!(f, "ok: {issued:?}; ")?,
                Err(error) => write!(f, "{}: {error}; ", names::kind(error.kind()))?,
            }
        }
        let mut bodies = String::new();
        for request in &self.requests {
            write!(bodies, "{} {}; ", basic(request), String::from_utf8_lossy(request.body()))?;
        }
        f.write_str(&bodies)
    }
}
