//! What the server answers, before it takes a provider's own shape.

use std::borrow::Cow;

use http::header::{CACHE_CONTROL, CONTENT_TYPE, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};
use serde_json::{Value, json as object};
use url::form_urlencoded::Serializer;

use crate::transport::HttpResponse;

/// An answer with a JSON body, for a [shape](super::AuthorizationServer::token_shape).
pub fn json(status: StatusCode, body: &Value) -> HttpResponse {
    text(status, "application/json", body.to_string())
}

/// An answer with a form-encoded body: the members of an object, their values as text. Of any other
/// value, an empty one.
pub fn form(status: StatusCode, body: &Value) -> HttpResponse {
    let mut pairs = Serializer::new(String::new());
    for (name, value) in body.as_object().into_iter().flatten() {
        match value {
            Value::String(text) => pairs.append_pair(name, text),
            other => pairs.append_pair(name, &other.to_string()),
        };
    }
    text(status, "application/x-www-form-urlencoded", pairs.finish())
}

pub(super) fn text(
    status: StatusCode,
    content_type: &'static str,
    body: impl Into<Vec<u8>>,
) -> HttpResponse {
    let mut answer = HttpResponse::new(body.into());
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    answer
}

pub(super) fn empty(status: StatusCode) -> HttpResponse {
    let mut answer = HttpResponse::new(Vec::new());
    *answer.status_mut() = status;
    answer
}

/// What the token endpoint has to say.
pub(super) enum Answer {
    Token(Value),
    Refusal(Refusal),
    Other(HttpResponse),
}

/// An error of [RFC 6749, section 5.2](https://www.rfc-editor.org/rfc/rfc6749#section-5.2).
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    pub(super) code: Cow<'static, str>,
    description: &'static str,
}

impl Refusal {
    pub(super) fn new(code: &'static str, description: &'static str) -> Self {
        Self { status: StatusCode::BAD_REQUEST, code: code.into(), description }
    }

    pub(super) fn scripted(status: StatusCode, code: impl Into<Cow<'static, str>>) -> Self {
        Self { status, code: code.into(), description: "" }
    }

    pub(super) fn client(description: &'static str) -> Self {
        Self { status: StatusCode::UNAUTHORIZED, ..Self::new("invalid_client", description) }
    }

    pub(super) fn grant(description: &'static str) -> Self {
        Self::new("invalid_grant", description)
    }

    pub(super) fn request(description: &'static str) -> Self {
        Self::new("invalid_request", description)
    }

    pub(super) fn body(&self) -> Value {
        match self.description {
            "" => object!({ "error": self.code }),
            description => object!({ "error": self.code, "error_description": description }),
        }
    }
}

/// What goes with an answer whatever its shape.
pub(super) fn add_headers(answer: &mut HttpResponse) {
    let headers = answer.headers_mut();
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    if answer.status() == StatusCode::UNAUTHORIZED {
        let challenge = HeaderValue::from_static("Basic realm=\"token\"");
        answer.headers_mut().entry(WWW_AUTHENTICATE).or_insert(challenge);
    }
}
