//! Writes a request: client, parameters and flavor in, bytes out.
//!
//! The bytes are fixed to the letter, so that what reaches a provider can be foretold, compared
//! and replayed. As little is escaped as correct decoding allows: some servers do not decode, and
//! an escape that is not there cannot be misread. A space is `%20`, which every decoder reads
//! right, and never `+`, which some do not.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderValue, Method, Uri};
use percent_encoding::utf8_percent_encode;
use serde::Serializer as _;
use smallvec::SmallVec;

use crate::flavor::{BodyEncoding, ClientAuth, Flavor, RESERVED, is_unreserved};
use crate::secret::Secret;
use crate::transport::HttpRequest;

/// Who asks: the credentials, and both ways in which they stand in a header.
pub(crate) struct Client {
    id: String,
    secret: Option<Secret>,
    basic: HeaderValue,
    basic_raw: HeaderValue,
}

impl Client {
    pub(crate) fn new(id: String, secret: Option<Secret>) -> Self {
        let text = secret.as_ref().map_or("", Secret::expose);
        let basic = basic_header(&url_encode(&id), &url_encode(text));
        let basic_raw = basic_header(&id, text);
        Self { basic, basic_raw, id, secret }
    }

    pub(crate) fn secret(&self) -> Option<&Secret> {
        self.secret.as_ref()
    }

    /// The values that the `Authorization` header may have.
    pub(crate) fn headers(&self) -> [&HeaderValue; 2] {
        [&self.basic, &self.basic_raw]
    }

    /// Whether URL-encoding changes the id or the secret.
    pub(crate) fn encoding_matters(&self) -> bool {
        self.basic != self.basic_raw
    }

    /// Whether the flavor can be written: a raw header ends the id at its first colon
    /// ([RFC 7617, section 2](https://www.rfc-editor.org/rfc/rfc7617#section-2)).
    pub(crate) fn can_write(&self, flavor: Flavor) -> bool {
        flavor.auth != ClientAuth::BasicRaw || !self.id.contains(':')
    }

    /// Whether both flavors write the same bytes.
    pub(crate) fn writes_alike(&self, one: Flavor, other: Flavor) -> bool {
        let encoded = |auth| match auth {
            ClientAuth::BasicRaw if !self.encoding_matters() => ClientAuth::Basic,
            auth => auth,
        };
        one.encoding == other.encoding && encoded(one.auth) == encoded(other.auth)
    }
}

/// Names and values; few calls have more than fit without the heap.
pub(crate) type Parameters<'a> = SmallVec<[(&'a str, &'a str); 10]>;

/// Writes the request. The parameters stand in the order in which they go into a form; an empty
/// one is left out ([RFC 6749, section 3.1](https://www.rfc-editor.org/rfc/rfc6749#section-3.1)).
pub(crate) fn request<'a>(
    client: &'a Client,
    uri: &Uri,
    mut parameters: Parameters<'a>,
    flavor: Flavor,
) -> HttpRequest {
    // The credentials stand in one place only (RFC 6749, section 2.3), whoever set them.
    let id = take(&mut parameters, "client_id").unwrap_or(&client.id);
    let secret = take(&mut parameters, "client_secret");
    let secret = secret.or(client.secret.as_ref().map(Secret::expose)).unwrap_or_default();
    let authorization = match flavor.auth {
        ClientAuth::Basic => Some(&client.basic),
        ClientAuth::BasicRaw => Some(&client.basic_raw),
        ClientAuth::Body => {
            parameters.extend([("client_id", id), ("client_secret", secret)]);
            None
        }
        ClientAuth::None => {
            parameters.push(("client_id", id));
            None
        }
    };
    parameters.retain(|&mut (name, value)| !name.is_empty() && !value.is_empty());
    let (content_type, body) = match flavor.encoding {
        BodyEncoding::Form => (FORM, form(&parameters)),
        BodyEncoding::Json => (JSON, json(parameters)),
    };

    let mut request = HttpRequest::new(body);
    *request.method_mut() = Method::POST;
    *request.uri_mut() = uri.clone();
    let headers = request.headers_mut();
    headers.insert(CONTENT_TYPE, content_type);
    headers.insert(ACCEPT, JSON);
    if let Some(authorization) = authorization {
        headers.insert(AUTHORIZATION, authorization.clone());
    }
    request
}

/// Whether both requests to one endpoint are the same bytes.
pub(crate) fn alike(one: &HttpRequest, other: &HttpRequest) -> bool {
    one.headers() == other.headers() && one.body() == other.body()
}

/// The text as it stands in a form and in an encoded header.
fn url_encode(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

fn form(parameters: &[(&str, &str)]) -> Vec<u8> {
    let length = parameters.iter().map(|(name, value)| name.len() + value.len() + 2).sum::<usize>();
    // Redirect URIs grow by their slashes and colons: some room avoids a second allocation.
    let mut body = String::with_capacity(length + 32);
    for (name, value) in parameters {
        if !body.is_empty() {
            body.push('&');
        }
        push_encoded(&mut body, name);
        body.push('=');
        push_encoded(&mut body, value);
    }
    body.into_bytes()
}

fn push_encoded(body: &mut String, text: &str) {
    // Most texts have nothing to escape, which takes less to see than to do.
    if is_unreserved(text) {
        body.push_str(text);
    } else {
        body.extend(utf8_percent_encode(text, RESERVED));
    }
}

fn json(mut parameters: Parameters<'_>) -> Vec<u8> {
    // Sorted here: the order of serde_json's own map depends on a feature that any crate of the
    // application may switch on.
    parameters.sort_unstable();
    let mut body = Vec::with_capacity(256);
    serde_json::Serializer::new(&mut body)
        .collect_map(parameters)
        .expect("texts always serialize, and a Vec takes all that is written");
    body
}

fn take<'a>(parameters: &mut Parameters<'a>, name: &str) -> Option<&'a str> {
    let at = parameters.iter().position(|parameter| parameter.0 == name)?;
    Some(parameters.remove(at).1)
}

fn basic_header(id: &str, secret: &str) -> HeaderValue {
    let credentials = Secret::new(format!("{id}:{secret}"));
    let header = format!("Basic {}", STANDARD.encode(credentials.expose()));
    let mut header = HeaderValue::try_from(header).expect("base64 is a header value");
    header.set_sensitive(true);
    header
}

const FORM: HeaderValue = HeaderValue::from_static("application/x-www-form-urlencoded");
const JSON: HeaderValue = HeaderValue::from_static("application/json");
