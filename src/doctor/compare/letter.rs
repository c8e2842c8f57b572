//! A request as it is compared: taken apart, so that only what a provider tells apart differs.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde_json::{Map, Value};
use url::{Url, form_urlencoded};

use super::super::curl::{Curl, CurlError};
use crate::conventions::Verb;
use crate::flavor::BodyEncoding;
use crate::transport::HttpRequest;

pub(super) struct Letter {
    pub(super) method: String,
    /// Without a query.
    pub(super) url: Url,
    /// The query, where the parameters stand elsewhere.
    pub(super) query: Vec<(String, String)>,
    /// But for those that have a field of their own; names are in lower case.
    pub(super) headers: Vec<(String, String)>,
    /// Without its parameters.
    pub(super) content_type: Option<String>,
    pub(super) authorization: Authorization,
    /// Without those that lack a name or a value, which count as left out (RFC 6749, section 3.1).
    pub(super) params: Vec<Param>,
    pub(super) is_in_query: bool,
    pub(super) is_multipart: bool,
    pub(super) encoding: BodyEncoding,
}

pub(super) struct Param {
    pub(super) name: String,
    pub(super) value: String,
    pub(super) shape: Shape,
}

/// What the value of a parameter is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Shape {
    Text,
    /// A number or a truth value, in JSON.
    Literal,
    /// A list or an object, in JSON.
    Nested,
}

#[derive(Debug, Eq, PartialEq)]
pub(super) enum Authorization {
    None,
    Basic {
        user: String,
        password: String,
    },
    /// Basic, and not base64 of two halves.
    BrokenBasic,
    /// The scheme, if it is a known one.
    Other(&'static str),
}

impl Letter {
    pub(super) fn of_curl(curl: Curl) -> Result<Self, CurlError> {
        let multipart = |(name, value): &(String, String)| {
            name.eq_ignore_ascii_case("content-type")
                && essence(value).to_ascii_lowercase().starts_with("multipart/")
        };
        let is_multipart = curl.parts.is_some() || curl.headers.iter().any(multipart);
        let body = if is_multipart { "" } else { &*curl.body };
        let mut letter = Self::new(curl.method, curl.url, curl.headers, body)?;
        if is_multipart {
            letter.is_multipart = true;
            if letter.is_in_query {
                letter.is_in_query = false;
                letter.query = pairs_of(letter.params.drain(..));
            }
            letter.params = params(curl.parts.unwrap_or_default());
        }
        let counts = [letter.params.len(), letter.query.len(), letter.headers.len()];
        if counts.iter().any(|&count| count > MOST) { Err(CurlError::TooLong) } else { Ok(letter) }
    }

    /// One of ours; `None` if it cannot be read, as no request of ours is.
    pub(super) fn of_request(request: &HttpRequest) -> Option<Self> {
        let url = Url::parse(&request.uri().to_string()).ok()?;
        let headers = request.headers().iter();
        let text =
            |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        let headers = headers.map(|(name, value)| (name.as_str().to_owned(), text(value)));
        let body = std::str::from_utf8(request.body()).ok()?;
        Self::new(request.method().to_string(), url, headers.collect(), body).ok()
    }

    fn new(
        method: String,
        mut url: Url,
        headers: Vec<(String, String)>,
        body: &str,
    ) -> Result<Self, CurlError> {
        let query = url.query().unwrap_or_default().to_owned();
        url.set_query(None);
        let query: Vec<_> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        let mut authorization = Authorization::None;
        let mut content_type = None;
        let mut others = Vec::new();
        for (name, value) in headers {
            match &*name.to_ascii_lowercase() {
                "authorization" => authorization = Authorization::read(&value),
                "content-type" => content_type = Some(essence(&value)),
                name => others.push((name.to_owned(), value)),
            }
        }
        let is_in_query = body.trim().is_empty();
        let (query, params, encoding) = if is_in_query {
            (Vec::new(), params(query), BodyEncoding::Form)
        } else {
            let (params, encoding) = read_body(body, content_type.as_deref())?;
            (query, params, encoding)
        };
        Ok(Self {
            method,
            url,
            query,
            headers: others,
            content_type,
            authorization,
            params,
            is_in_query,
            is_multipart: false,
            encoding,
        })
    }

    /// Takes the pairs of the configured URL's own query for what they are, wherever they stand.
    pub(super) fn set_apart(&mut self, own: &[(String, String)]) {
        for pair in own {
            let is_it = |param: &Param| param.name == pair.0 && param.value == pair.1;
            if let Some(at) = self.params.iter().position(is_it).filter(|_| self.is_in_query) {
                self.params.remove(at);
                self.query.push(pair.clone());
            }
        }
    }

    pub(super) fn param(&self, name: &str) -> Option<&Param> {
        self.params.iter().find(|param| param.name == name)
    }

    pub(super) fn value(&self, name: &str) -> Option<&str> {
        self.param(name).map(|param| &*param.value)
    }

    /// How the parameters travel, if that is a way of ours.
    pub(super) fn verb(&self) -> Option<Verb> {
        match (&*self.method, self.is_in_query) {
            ("POST", false) => Some(Verb::Post),
            ("POST", true) => Some(Verb::PostQuery),
            ("GET", true) => Some(Verb::Get),
            _ => None,
        }
    }
}

impl Authorization {
    pub(super) fn read(value: &str) -> Self {
        let (scheme, rest) = value.split_once(' ').unwrap_or((value, ""));
        if !scheme.eq_ignore_ascii_case("Basic") {
            let known = SCHEMES.iter().find(|known| scheme.eq_ignore_ascii_case(known));
            return Self::Other(known.copied().unwrap_or("an unknown scheme"));
        }
        let bytes = BASE64.decode(rest.trim()).ok();
        let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
        match text.as_ref().and_then(|text| text.split_once(':')) {
            Some((user, password)) => {
                Self::Basic { user: user.to_owned(), password: password.to_owned() }
            }
            None => Self::BrokenBasic,
        }
    }

    pub(super) fn halves(&self) -> Option<(&str, &str)> {
        match self {
            Self::Basic { user, password } => Some((user, password)),
            _ => None,
        }
    }
}

fn read_body(
    body: &str,
    content_type: Option<&str>,
) -> Result<(Vec<Param>, BodyEncoding), CurlError> {
    let content_type = content_type.unwrap_or_default().to_ascii_lowercase();
    let is_json = content_type.ends_with("/json") || content_type.ends_with("+json");
    let trimmed = body.trim();
    if trimmed.starts_with('{') {
        match serde_json::from_str::<Map<String, Value>>(trimmed) {
            Ok(members) => return Ok((members_of(members), BodyEncoding::Json)),
            Err(_) if is_json => return Err(CurlError::InvalidJson),
            Err(_) => {}
        }
    }
    if is_json && !trimmed.contains('=') {
        return Err(CurlError::InvalidJson);
    }
    let pairs = form_urlencoded::parse(trimmed.as_bytes()).into_owned();
    Ok((params(pairs), BodyEncoding::Form))
}

fn members_of(members: Map<String, Value>) -> Vec<Param> {
    let param = |(name, value)| {
        let (value, shape) = match value {
            Value::String(text) => (text, Shape::Text),
            Value::Null => (String::new(), Shape::Text),
            value @ (Value::Array(_) | Value::Object(_)) => (value.to_string(), Shape::Nested),
            value => (value.to_string(), Shape::Literal),
        };
        Param { name, value, shape }
    };
    let params = members.into_iter().map(param);
    params.filter(|param| !param.name.is_empty() && !param.value.is_empty()).collect()
}

fn params(pairs: impl IntoIterator<Item = (String, String)>) -> Vec<Param> {
    let pairs = pairs.into_iter().filter(|(name, value)| !name.is_empty() && !value.is_empty());
    pairs.map(|(name, value)| Param { name, value, shape: Shape::Text }).collect()
}

fn pairs_of(params: impl Iterator<Item = Param>) -> Vec<(String, String)> {
    params.map(|param| (param.name, param.value)).collect()
}

/// A media type without its parameters.
fn essence(value: &str) -> String {
    value.split(';').next().unwrap_or_default().trim().to_owned()
}

const SCHEMES: [&str; 7] =
    ["Bearer", "Digest", "DPoP", "Negotiate", "NTLM", "AWS4-HMAC-SHA256", "OAuth"];

/// Parameters, or headers. No one needs as many, and each is looked for in all texts.
const MOST: usize = 100;

/// Takes whatever a lenient server would.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);
