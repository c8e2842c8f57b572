//! What a request asks, read as a server reads it: nothing here knows how we write one.

use std::collections::HashSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use percent_encoding::percent_decode;
use serde_json::{Map, Value};
use url::form_urlencoded;

use super::answers::Refusal;
use crate::flavor::BodyEncoding;
use crate::secret::Secret;
use crate::transport::HttpRequest;

/// A request's parameters, and the credentials in its header.
pub(super) struct Asked {
    pub(super) encoding: BodyEncoding,
    pub(super) header: Option<Basic>,
    params: Params,
}

impl Asked {
    /// Reads the body as its content type says.
    pub(super) fn read(request: &HttpRequest) -> Result<Self, Refusal> {
        let encoding = encoding(request.headers())?;
        let params = match encoding {
            BodyEncoding::Form => Params::of_form(request.body())?,
            BodyEncoding::Json => Params::of_json(request.body())?,
        };
        Ok(Self { encoding, header: Basic::read(request.headers())?, params })
    }

    pub(super) fn param(&self, name: &str) -> Option<&str> {
        self.params.get(name)
    }

    /// Refuses what asks without it.
    pub(super) fn required(&self, name: &str, description: &'static str) -> Result<&str, Refusal> {
        self.param(name).ok_or_else(|| Refusal::request(description))
    }
}

/// How the body says that it is written.
pub(super) fn encoding(headers: &HeaderMap) -> Result<BodyEncoding, Refusal> {
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = content_type.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        Ok(BodyEncoding::Form)
    } else if essence.eq_ignore_ascii_case("application/json") {
        Ok(BodyEncoding::Json)
    } else {
        Err(Refusal::request("the content type is neither form nor JSON"))
    }
}

/// Parameters, each of them once
/// ([RFC 6749, section 3.2](https://www.rfc-editor.org/rfc/rfc6749#section-3.2)).
pub(super) struct Params(Vec<(String, String)>);

impl Params {
    pub(super) fn of_form(form: &[u8]) -> Result<Self, Refusal> {
        let pairs = pairs_of_form(form);
        let mut names = HashSet::new();
        if !pairs.iter().all(|(name, _)| names.insert(name)) {
            return Err(Refusal::request("a parameter comes twice"));
        }
        Ok(Self(pairs))
    }

    fn of_json(body: &[u8]) -> Result<Self, Refusal> {
        let pairs = pairs_of_json(body);
        pairs.map(Self).map_err(|_| Refusal::request("the body is no JSON object"))
    }

    /// A parameter without a value counts as left out
    /// ([RFC 6749, section 3.1](https://www.rfc-editor.org/rfc/rfc6749#section-3.1)).
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }
}

/// A parameter of a request, such as one of
/// [`requests`](super::AuthorizationServer::requests): from the body, which is read as its content type
/// says, else from the URL's query. `None` if it is in neither, or the body cannot be read.
///
/// What JSON has that is no text comes as JSON writes it. Of a parameter that a form has twice it is
/// the first. Credentials in the `Authorization` header are no parameters.
pub fn param(request: &HttpRequest, name: &str) -> Option<String> {
    let body = match encoding(request.headers()) {
        Ok(BodyEncoding::Form) => pairs_of_form(request.body()),
        Ok(BodyEncoding::Json) => pairs_of_json(request.body()).unwrap_or_default(),
        Err(_) => Vec::new(),
    };
    let query = pairs_of_form(request.uri().query().unwrap_or_default().as_bytes());
    let found = body.into_iter().chain(query).find(|(known, _)| known == name);
    found.map(|(_, value)| value)
}

fn pairs_of_form(form: &[u8]) -> Vec<(String, String)> {
    form_urlencoded::parse(form).into_owned().collect()
}

fn pairs_of_json(body: &[u8]) -> serde_json::Result<Vec<(String, String)>> {
    let members: Map<String, Value> = serde_json::from_slice(body)?;
    let pairs = members.into_iter().map(|(name, value)| match value {
        Value::String(text) => (name, text),
        other => (name, other.to_string()),
    });
    Ok(pairs.collect())
}

/// Id and secret of a Basic header, as they stand there.
pub(super) struct Basic {
    id: Vec<u8>,
    secret: Vec<u8>,
}

impl Basic {
    fn read(headers: &HeaderMap) -> Result<Option<Self>, Refusal> {
        let Some(header) = headers.get(AUTHORIZATION) else { return Ok(None) };
        let unreadable = || Refusal::client("the Authorization header is no Basic header");
        let (scheme, credentials) =
            header.to_str().ok().and_then(|text| text.split_once(' ')).ok_or_else(unreadable)?;
        let credentials = STANDARD.decode(credentials.trim()).ok().ok_or_else(unreadable)?;
        let colon = credentials.iter().position(|&byte| byte == b':').ok_or_else(unreadable)?;
        if !scheme.eq_ignore_ascii_case("basic") {
            return Err(unreadable());
        }
        let (id, secret) = credentials.split_at(colon);
        Ok(Some(Self { id: id.to_vec(), secret: secret.get(1..).unwrap_or_default().to_vec() }))
    }

    /// Whether these are the credentials as [RFC 7617](https://www.rfc-editor.org/rfc/rfc7617) has
    /// them.
    pub(super) fn is_raw(&self, id: &str, secret: &Secret) -> bool {
        self.id == id.as_bytes() && same(self.secret.clone(), secret)
    }

    /// Whether they are so once each is decoded, as
    /// [RFC 6749, section 2.3.1](https://www.rfc-editor.org/rfc/rfc6749#section-2.3.1) has them.
    pub(super) fn is_encoded(&self, id: &str, secret: &Secret) -> bool {
        form_decoded(&self.id) == id.as_bytes() && same(form_decoded(&self.secret), secret)
    }

    /// Whether the header is about this client, however it is written.
    pub(super) fn names(&self, id: &str) -> bool {
        self.id == id.as_bytes() || form_decoded(&self.id) == id.as_bytes()
    }
}

fn form_decoded(text: &[u8]) -> Vec<u8> {
    let spaced: Vec<u8> = text.iter().map(|&byte| if byte == b'+' { b' ' } else { byte }).collect();
    percent_decode(&spaced).collect()
}

fn same(bytes: Vec<u8>, secret: &Secret) -> bool {
    String::from_utf8(bytes).is_ok_and(|text| Secret::new(text) == *secret)
}
