//! Reads what stands in a request that was written.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};
use token_exchanger::{Flavor, HttpRequest};
use url::form_urlencoded;

/// What the request's Basic header holds.
pub(crate) fn basic(request: &HttpRequest) -> String {
    let header = request.headers().get("authorization").and_then(|it| it.to_str().ok());
    let encoded = header.and_then(|it| it.strip_prefix("Basic ")).unwrap_or_default();
    String::from_utf8_lossy(&STANDARD.decode(encoded).unwrap_or_default()).into_owned()
}

/// Id and secret of a Basic header.
pub(crate) fn credentials(request: &HttpRequest) -> [String; 2] {
    let text = basic(request);
    let (id, secret) = text.split_once(':').unwrap_or_default();
    let decode = |half: &str| match Flavor::of(request) {
        Some(flavor) if flavor.to_string().starts_with("basic-raw") => half.to_owned(),
        _ => percent_decode_str(half).decode_utf8_lossy().into_owned(),
    };
    [decode(id), decode(secret)]
}

/// The parameters in query and body.
pub(crate) fn params(request: &HttpRequest) -> Vec<(String, String)> {
    let query = form_urlencoded::parse(request.uri().query().unwrap_or_default().as_bytes());
    let mut params: Vec<_> = query.into_owned().collect();
    match serde_json::from_slice::<Map<String, Value>>(request.body()) {
        Ok(members) => {
            let text = |value: Value| value.as_str().unwrap_or("no text").to_owned();
            params.extend(members.into_iter().map(|(name, value)| (name, text(value))));
        }
        Err(_) => params.extend(form_urlencoded::parse(request.body()).into_owned()),
    }
    params
}

/// The parameter, if it is there.
pub(crate) fn param<'a>(params: &'a [(String, String)], name: &str) -> Option<&'a str> {
    params.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}
