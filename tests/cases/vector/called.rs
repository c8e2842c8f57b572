//! Plays the vectors of calls that ask a server.

use std::collections::BTreeMap;
use std::fmt;
use std::time::{Duration, Instant, SystemTime};

use serde::Deserialize as _;
use serde_json::{Value, json};
use token_exchanger::{
    Call, CallError, HttpRequest, HttpResponse, Issued, Policy, TokenExchanger, TransportError,
    TransportErrorKind,
};

use super::compared::compare;
use super::setup::{MOMENT, code, exchanger, pinned, text_of, token};
use crate::names;
use crate::support::answer;
use crate::written::basic;

/// What came of the calls of a vector.
pub(super) struct Came {
    /// Why nothing was asked.
    pub(super) unasked: Option<&'static [&'static str]>,
    /// A revocation brings nothing.
    pub(super) results: Vec<Result<Option<Issued>, CallError>>,
    pub(super) requests: Vec<HttpRequest>,
    pub(super) began: SystemTime,
    pub(super) elapsed: Duration,
}

pub(super) fn differences(vector: &Value, expect: &Value, policy: Policy) -> (String, Vec<String>) {
    let mut came = Came {
        unasked: None,
        results: Vec::new(),
        requests: Vec::new(),
        began: SystemTime::now(),
        elapsed: Duration::ZERO,
    };
    match exchanger(vector, policy) {
        Ok(exchanger) => play(vector, &exchanger, &mut came),
        Err(error) => came.unasked = Some(names::config(&error)),
    }
    (came.to_string(), compare(vector, expect, policy, &came))
}

fn play(vector: &Value, exchanger: &TokenExchanger, came: &mut Came) {
    let calls = if vector["op"] == "exchange_code_twice" { 2 } else { 1 };
    let begin = Instant::now();
    came.began = SystemTime::now();
    for _ in 0..calls {
        let result = match vector["op"].as_str().unwrap_or_default() {
            "refresh" => match exchanger.refresh(&token(vector)) {
                Ok(call) => sent(vector, call, &mut came.requests).map(Some),
                Err(_) => {
                    came.unasked = Some(names::NOT_REFRESHABLE);
                    return;
                }
            },
            "client_credentials" => {
                sent(vector, exchanger.client_credentials(), &mut came.requests).map(Some)
            }
            "revoke" | "parse_revocation" => {
                let call = exchanger.revoke(&token(vector)).expect("a revocation URL");
                sent(vector, call, &mut came.requests).map(|()| None)
            }
            _ => sent(vector, exchanger.exchange(code(vector)), &mut came.requests).map(Some),
        };
        came.results.push(result);
    }
    came.elapsed = begin.elapsed();
}

fn sent<T>(
    vector: &Value,
    mut call: Call<T>,
    requests: &mut Vec<HttpRequest>,
) -> Result<T, CallError> {
    let (config, input) = (&vector["config"], &vector["input"]);
    for params in [&config["extra_params"], &input["extra"]] {
        for (name, value) in params.as_object().into_iter().flatten() {
            call = call.param(name, text_of(value));
        }
    }
    if let Some(verifier) = input["pkce_verifier"].as_str() {
        call = call.param("code_verifier", verifier);
    }
    if let Some(flavor) = pinned(vector) {
        call = call.flavor(flavor);
    }
    call.send_blocking(|request| {
        requests.push(request);
        respond(vector, requests.len())
    })
}

/// The answer to the request of this number: the last one stands for all that follow.
fn respond(vector: &Value, number: usize) -> Result<HttpResponse, TransportError> {
    let response = match &vector["response"] {
        Value::Array(list) => &list[number.min(list.len()) - 1],
        one => one,
    };
    let value = &vector["input"]["value"];
    if vector["op"] == "parse_expires_at" {
        let body = json!({"access_token": "a", "token_type": "Bearer", MOMENT: value});
        return Ok(answer(200, &[], body.to_string()));
    }
    if let Value::String(scope) = value {
        let body = json!({"access_token": "a", "token_type": "Bearer", "scope": scope});
        return Ok(answer(200, &[], body.to_string()));
    }
    if let Some(error) = response["transport_error"].as_str() {
        return Err(TransportError::new(TransportErrorKind::Interrupted, error));
    }
    if !response["hang"].is_null() {
        return Err(TransportError::new(TransportErrorKind::Timeout, "it hangs"));
    }
    let headers = BTreeMap::<String, String>::deserialize(&response["headers"]).unwrap_or_default();
    let headers: Vec<_> = headers.iter().map(|(name, value)| (&**name, &**value)).collect();
    let status = response["status"].as_u64().and_then(|it| it.try_into().ok()).unwrap_or(200);
    Ok(answer(status, &headers, body(response)))
}

fn body(response: &Value) -> Vec<u8> {
    let repeated = &response["body_repeat"];
    if let Some(hex) = response["body_hex"].as_str() {
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
    }
}

impl fmt::Display for Came {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(kinds) = self.unasked {
            write!(f, "nothing was asked: {kinds:?}; ")?;
        }
        for result in &self.results {
            match result {
                Ok(issued) => write!(f, "ok: {issued:?}; ")?,
                Err(error) => write!(f, "{}: {error}; ", names::kind(error.kind()))?,
            }
        }
        for request in &self.requests {
            let body = String::from_utf8_lossy(request.body());
            write!(f, "{} {} {} {body}; ", request.method(), request.uri(), basic(request))?;
        }
        Ok(())
    }
}
