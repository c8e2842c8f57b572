//! Plays the vectors of the authorization URL and the callback.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};
use token_exchanger::{
    Authorization, AuthorizationCode, Callback, CallbackError, CodeVerifier, Flavor, Policy,
    TokenExchanger,
};
use url::{Position, Url};

use super::compared::refused;
use super::setup::{absolute, exchanger, text_of, texts};
use crate::check::Differences;
use crate::names;
use crate::written;

pub(super) fn differences(vector: &Value, expect: &Value, policy: Policy) -> (String, Vec<String>) {
    let mut differences = Differences(Vec::new());
    let d = &mut differences;
    let exchanger = match exchanger(vector, policy) {
        Ok(exchanger) => exchanger,
        Err(error) => {
            refused(d, expect, names::config(&error));
            return (error.to_string(), differences.0);
        }
    };
    let came = match vector["op"].as_str().unwrap_or_default() {
        "authorize_url" => authorize_url(d, vector, expect, &exchanger),
        "scope_join" => scope_join(d, vector, expect, &exchanger),
        "pkce" => pkce(d, vector, expect, &exchanger),
        _ => parse_callback(d, vector, expect, &exchanger),
    };
    (came, differences.0)
}

fn kind(d: &mut Differences, expect: &Value, came: &str) {
    d.equal("kind", &expect["kind"], &json!(came));
}

fn begun(vector: &Value, exchanger: &TokenExchanger) -> Authorization {
    let (config, input) = (&vector["config"], &vector["input"]);
    let mut authorize = exchanger.authorize().expect("an authorization URL");
    // A parameter, since some peers' are words, and no URI.
    if let Some(uri) = input["redirect_uri"].as_str().or(config["redirect_uri"].as_str()) {
        authorize = authorize.param("redirect_uri", uri);
    }
    for (name, value) in input["extra"].as_object().into_iter().flatten() {
        authorize = authorize.param(name, text_of(value));
    }
    if let Some(state) = input["state"].as_str() {
        authorize = authorize.state(state);
    }
    let authorize = match input["pkce_verifier"].as_str() {
        Some(verifier) => authorize.verifier(CodeVerifier::parse(verifier).expect("a verifier")),
        None if input["pkce"] == true => authorize,
        None => authorize.without_pkce(),
    };
    authorize.start().expect("random bytes")
}

fn query_of(url: &Url) -> Map<String, Value> {
    url.query_pairs().map(|(name, value)| (name.into_owned(), json!(value))).collect()
}

fn authorize_url(
    d: &mut Differences,
    vector: &Value,
    expect: &Value,
    exchanger: &TokenExchanger,
) -> String {
    kind(d, expect, "url");
    let url = begun(vector, exchanger).url;
    let query = query_of(&url);
    d.hold(query.len() == url.query_pairs().count(), || "a parameter stands twice".to_owned());
    if let Some(theirs) = expect["url"].as_str().and_then(|it| Url::parse(&absolute(it)).ok()) {
        let place = |url: &Url| json!(&url[..Position::AfterPath]);
        d.equal("url", &place(&theirs), &place(&url));
    }
    let wanted = expect["query"].as_object();
    for (name, wanted) in wanted.into_iter().flatten() {
        d.equal(name, wanted, query.get(name).unwrap_or(&Value::Null));
    }
    // Where keys are named, the query is told in part.
    if let Some(wanted) = wanted.filter(|_| expect["query_keys"].is_null()) {
        let drawn = |name: &str| name == "state" && vector["input"]["state"].is_null();
        let more = query.keys().filter(|name| !wanted.contains_key(*name) && !drawn(name));
        d.0.extend(more.map(|name| format!("{name} was not expected")));
    }
    for name in texts(&expect["query_keys"]) {
        d.hold(query.contains_key(&name), || format!("{name} is missing"));
    }
    for name in texts(&expect["query_absent"]) {
        // Ours always has one.
        let is_drawn = name == "state" && vector["input"]["state"].is_null();
        d.hold(is_drawn || !query.contains_key(&name), || format!("{name} is there"));
    }
    url.to_string()
}

fn scope_join(
    d: &mut Differences,
    vector: &Value,
    expect: &Value,
    exchanger: &TokenExchanger,
) -> String {
    kind(d, expect, "value");
    let mut authorize = exchanger.authorize().expect("an authorization URL");
    let value = &vector["input"]["value"];
    let scopes = value.as_str().map_or_else(|| texts(value), |scope| vec![scope.to_owned()]);
    for scope in scopes {
        authorize = authorize.scope(scope);
    }
    let url = authorize.start().expect("random bytes").url;
    let came = query_of(&url).get("scope").cloned().unwrap_or_default();
    d.equal("value", &expect["value"], &came);
    url.to_string()
}

fn pkce(d: &mut Differences, vector: &Value, expect: &Value, exchanger: &TokenExchanger) -> String {
    let input = &vector["input"];
    let bytes = input["random_bytes"].as_u64().and_then(|it| usize::try_from(it).ok());
    let verifier = match (input["verifier"].as_str(), bytes) {
        (Some(verifier), _) => CodeVerifier::parse(verifier),
        (None, Some(32) | None) => Ok(CodeVerifier::from_bytes([7; 32])),
        (None, Some(length)) => CodeVerifier::parse(&URL_SAFE_NO_PAD.encode(vec![7; length])),
    };
    let Ok(verifier) = verifier else {
        refused(d, expect, &[names::INVALID_VERIFIER]);
        return names::INVALID_VERIFIER.to_owned();
    };
    kind(d, expect, "pkce");
    let challenge = verifier.challenge();
    let code = AuthorizationCode::unchecked("c").verifier(verifier.clone());
    let sent = written::params(&exchanger.exchange(code).flavor(Flavor::BODY_FORM).request());
    let sent = written::param(&sent, "code_verifier").unwrap_or_default();
    let authorize = exchanger.authorize().expect("an authorization URL").verifier(verifier);
    let query = query_of(&authorize.start().expect("random bytes").url);
    for (name, came) in [
        ("verifier_length", json!(sent.len())),
        ("verifier", json!(sent)),
        ("challenge", query["code_challenge"].clone()),
        ("challenge", json!(challenge)),
        ("method", query["code_challenge_method"].clone()),
    ] {
        if !expect[name].is_null() {
            d.equal(name, &expect[name], &came);
        }
    }
    format!("{sent} {query:?}")
}

fn parse_callback(
    d: &mut Differences,
    vector: &Value,
    expect: &Value,
    exchanger: &TokenExchanger,
) -> String {
    let input = &vector["input"];
    let mut authorize = exchanger.authorize().expect("an authorization URL");
    if let Some(state) = input["expected_state"].as_str() {
        authorize = authorize.state(state);
    }
    let pending = authorize.start().expect("random bytes").pending;
    let callback = Callback::parse(input["callback_url"].as_str().unwrap_or_default());
    match callback.and_then(|callback| pending.accept(callback)) {
        Ok(code) => {
            kind(d, expect, "callback");
            for name in texts(&expect["extras"]) {
                d.hold(code.param(&name).is_some(), || format!("{name} is missing"));
            }
            let sent = exchanger.exchange(code).flavor(Flavor::BODY_FORM).request();
            let sent = written::params(&sent);
            let code = written::param(&sent, "code").unwrap_or_default();
            d.equal("code", &expect["code"], &json!(code));
            code.to_owned()
        }
        Err(error) => {
            refused(d, expect, &[names::callback(&error)]);
            if let CallbackError::Denied(told) = &error {
                let [code, description, uri] =
                    [json!(told.code), json!(told.description), json!(told.uri)];
                for (name, came) in
                    [("code", code), ("description", description), ("error_uri", uri)]
                {
                    if let Some(wanted) = expect["error"].get(name) {
                        d.equal(name, wanted, &came);
                    }
                }
            }
            error.to_string()
        }
    }
}
