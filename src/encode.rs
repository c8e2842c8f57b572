//! Writes a request: client, parameters and flavor in, bytes out.
//!
//! The bytes are fixed to the letter, so that what reaches a provider can be foretold, compared
//! and replayed. As little is escaped as correct decoding allows: some servers do not decode, and
//! an escape that is not there cannot be misread. A space is `%20`, which every decoder reads
//! right, and never `+`, which some do not.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderName, HeaderValue, Method, Uri};
use percent_encoding::{percent_decode_str, utf8_percent_encode};
use serde::Serializer as _;
use smallvec::SmallVec;

use crate::conventions::Verb;
use crate::flavor::{BodyEncoding, ClientAuth, Flavor, RESERVED, is_unreserved};
use crate::secret::Secret;
use crate::template;
use crate::transport::HttpRequest;

/// Who asks: the credentials, and both ways in which they stand in a header.
pub(crate) struct Client {
    id: String,
    secret: Option<Secret>,
    basic: HeaderValue,
    basic_raw: HeaderValue,
    /// A raw header ends the user at its first colon
    /// ([RFC 7617, section 2](https://www.rfc-editor.org/rfc/rfc7617#section-2)).
    can_be_raw: bool,
}

impl Client {
    /// `user` and `password` are templates of what stands in a header.
    pub(crate) fn new(id: String, secret: Option<Secret>, [user, password]: [&str; 2]) -> Self {
        let text = secret.as_ref().map_or("", Secret::expose);
        let fill = |half| {
            let value = |name: &str| if name == "client_secret" { text } else { &id };
            Secret::new(template::fill(half, value))
        };
        let (user, password) = (fill(user), fill(password));
        Self {
            basic: basic_header(&url_encode(user.expose()), &url_encode(password.expose())),
            basic_raw: basic_header(user.expose(), password.expose()),
            can_be_raw: !user.expose().contains(':'),
            id,
            secret,
        }
    }

    /// With a template of both halves of a header, if they are not as usual.
    pub(crate) fn with_basic(id: String, secret: Option<Secret>, basic: Option<&str>) -> Self {
        let basic = basic.unwrap_or("{client_id}:{client_secret}");
        let (user, password) = basic.split_once(':').unwrap_or((basic, ""));
        Self::new(id, secret, [user, password])
    }

    pub(crate) fn id(&self) -> &str {
        &self.id
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

    /// Whether the flavor can be written.
    pub(crate) fn can_write(&self, flavor: Flavor) -> bool {
        flavor.auth != ClientAuth::BasicRaw || self.can_be_raw
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

/// How a request is written but for its flavor.
#[derive(Clone, Copy)]
pub(crate) struct Manner<'a> {
    pub(crate) verb: Verb,
    /// They replace the ones that we write.
    pub(crate) headers: &'a [(HeaderName, HeaderValue)],
    /// Parameters that are called otherwise.
    pub(crate) rename: &'a BTreeMap<String, String>,
    /// Whether the id stands beside a header too.
    pub(crate) id_beside: bool,
    /// Whether the id stands nowhere but in a header.
    pub(crate) omits_id: bool,
    pub(crate) omits_secret: bool,
}

/// Writes the request. The parameters stand in the order in which they go into a form; an empty
/// one is left out ([RFC 6749, section 3.1](https://www.rfc-editor.org/rfc/rfc6749#section-3.1)).
pub(crate) fn request<'a>(
    client: &'a Client,
    uri: &Uri,
    mut parameters: Parameters<'a>,
    flavor: Flavor,
    manner: Manner<'a>,
) -> Result<HttpRequest, UrlTooLong> {
    let authorization = authorize(client, &mut parameters, flavor, manner);
    parameters.retain(|&mut (name, value)| !name.is_empty() && !value.is_empty());
    if !manner.rename.is_empty() {
        for (name, _) in &mut parameters {
            *name = manner.rename.get(*name).map_or(*name, |theirs| theirs);
        }
    }

    let mut request = HttpRequest::default();
    *request.method_mut() = if manner.verb == Verb::Get { Method::GET } else { Method::POST };
    let content_type = match (manner.verb, flavor.encoding) {
        (Verb::PostQuery | Verb::Get, _) => {
            let names: Vec<_> = parameters.iter().map(|(name, _)| *name).collect();
            *request.uri_mut() = with_query(uri, &names, &form(&parameters))?;
            None
        }
        (Verb::Post, encoding) => {
            *request.uri_mut() = uri.clone();
            *request.body_mut() = match encoding {
                BodyEncoding::Form => form(&parameters).into_bytes(),
                BodyEncoding::Json => json(parameters),
            };
            Some(if encoding == BodyEncoding::Form { FORM } else { JSON })
        }
    };
    let headers = request.headers_mut();
    if let Some(content_type) = content_type {
        headers.insert(CONTENT_TYPE, content_type);
    }
    headers.insert(ACCEPT, JSON);
    for (name, value) in manner.headers {
        if *name != ACCEPT || admits_json(value) {
            headers.insert(name, value.clone());
        }
    }
    if let Some(authorization) = authorization {
        headers.insert(AUTHORIZATION, authorization.clone());
    }
    Ok(request)
}

/// Whether an `Accept` lets answers come that can be read.
fn admits_json(accept: &HeaderValue) -> bool {
    let ranges = accept.to_str().unwrap_or_default().split(',');
    let mut kinds = ranges.map(|range| range.split(';').next().unwrap_or_default().trim());
    kinds.any(|kind| {
        let kind = kind.to_ascii_lowercase();
        kind == "*/*"
            || kind == "application/*"
            || kind.ends_with("/json")
            || kind.ends_with("+json")
    })
}

/// Puts the client's credentials in one place only (RFC 6749, section 2.3), whoever set them.
fn authorize<'a>(
    client: &'a Client,
    parameters: &mut Parameters<'a>,
    flavor: Flavor,
    manner: Manner<'_>,
) -> Option<&'a HeaderValue> {
    let own = |omitted: bool, text: &'a str| if omitted { "" } else { text };
    let id = take(parameters, "client_id").unwrap_or(own(manner.omits_id, &client.id));
    let secret = client.secret.as_ref().map_or("", Secret::expose);
    let secret = take(parameters, "client_secret").unwrap_or(own(manner.omits_secret, secret));
    let beside = if manner.id_beside { id } else { "" };
    let (id, secret, header) = match flavor.auth {
        ClientAuth::Basic => (beside, "", Some(&client.basic)),
        ClientAuth::BasicRaw => (beside, "", Some(&client.basic_raw)),
        ClientAuth::Body => (id, secret, None),
        ClientAuth::None => (id, "", None),
    };
    for (name, value) in [("client_id", id), ("client_secret", secret)] {
        if !value.is_empty() {
            parameters.push((name, value));
        }
    }
    header
}

/// The parameters would make a URL that is longer than any request can have.
#[derive(Debug)]
pub(crate) struct UrlTooLong;

/// The URI with these parameters behind what its query has.
pub(crate) fn with_query(uri: &Uri, names: &[&str], added: &str) -> Result<Uri, UrlTooLong> {
    let query = appended(uri.query().unwrap_or_default(), names, added);
    let whole = uri.to_string();
    let before = whole.split('?').next().unwrap_or_default();
    format!("{before}?{query}").try_into().map_err(|_| UrlTooLong)
}

/// A query, to the letter, and what is added to it. Parameters of the same names give way: each stands
/// there once ([RFC 6749, section 3.2](https://www.rfc-editor.org/rfc/rfc6749#section-3.2)).
pub(crate) fn appended(query: &str, names: &[&str], added: &str) -> String {
    let is_replaced = |pair: &&str| names.iter().any(|name| is_named(pair, name));
    let kept = query.split('&').filter(|pair| !pair.is_empty() && !is_replaced(pair));
    kept.chain(Some(added).filter(|added| !added.is_empty())).collect::<Vec<_>>().join("&")
}

/// Whether the parameter of a query, as it stands there, has the name.
pub(crate) fn is_named(pair: &str, name: &str) -> bool {
    let written = pair.split('=').next().unwrap_or_default().replace('+', " ");
    percent_decode_str(&written).decode_utf8_lossy() == name
}

/// Whether both requests to one endpoint are the same bytes.
pub(crate) fn alike(one: &HttpRequest, other: &HttpRequest) -> bool {
    one.uri() == other.uri() && one.headers() == other.headers() && one.body() == other.body()
}

/// The text as it stands in a form and in an encoded header.
pub(crate) fn url_encode(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

/// The parameters as a form, or the query of a URL, has them.
pub(crate) fn form(parameters: &[(&str, &str)]) -> String {
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
    body
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
