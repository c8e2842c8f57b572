//! Puts a token into an API request.

use http::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};

use crate::conventions::{Application, TokenPlace};
use crate::encode::{is_named, url_encode};
use crate::endpoint::Cleartext;
use crate::template;
use crate::token::Token;
use crate::transport::is_loopback;

/// A token that cannot be put into a request. The request is as it was.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ApplyError {
    /// The token's type is known not to be Bearer, such as `DPoP` or `mac`, which need more than the
    /// token ([RFC 6749, section 7.1](https://www.rfc-editor.org/rfc/rfc6749#section-7.1)).
    #[error(
        "token_type: this one cannot be used as a bearer token; if the API takes it so, say how in \
         conventions.apply.template"
    )]
    UnsupportedType,
    /// The URL is cleartext to a host that is not loopback, or no absolute URL, so that nobody can
    /// tell ([RFC 6750, section 5.3](https://www.rfc-editor.org/rfc/rfc6750#section-5.3)).
    #[error(
        "url: it must be an absolute https URL, or everyone on the way can read the token; \
         danger_allow_http accepts that"
    )]
    InsecureUrl,
    /// The header, or the URL parameter, is there already. Remove it first, if it is an older token.
    #[error("the request has the header or parameter of the token already: remove it first")]
    AlreadyAuthorized,
    /// The token is empty, or has characters that no header can carry.
    #[error("access_token: it is empty, or no header can carry it")]
    NotAHeaderValue,
    /// The URL would be longer than any request can have: 64 KiB.
    #[error("url: with the token in it, it is longer than any request can have")]
    UrlTooLong,
}

/// A token as it stands in a request.
pub(crate) enum Applied {
    Header(HeaderName, HeaderValue),
    /// The name, and the whole parameter as it is written.
    Parameter {
        name: String,
        pair: String,
    },
}

/// Writes the token as the conventions have it.
pub(crate) fn applied(token: &Token, how: &Application) -> Result<Applied, ApplyError> {
    let text = token.access_token.expose();
    if text.is_empty() {
        return Err(ApplyError::NotAHeaderValue);
    }
    let fill = |template: &str| template::fill(template, |_| text);
    let template = how.template.as_deref();
    if template.is_none() && is_known_not_to_be_bearer(&token.token_type) {
        return Err(ApplyError::UnsupportedType);
    }
    if how.place == TokenPlace::Query {
        let name = how.name.as_deref().unwrap_or("access_token");
        let value = fill(template.unwrap_or("{token}"));
        let pair = format!("{}={}", url_encode(name), url_encode(&value));
        return Ok(Applied::Parameter { name: name.to_owned(), pair });
    }
    let name = how.name.as_deref().and_then(|name| name.parse().ok()).unwrap_or(AUTHORIZATION);
    let is_standard = name == AUTHORIZATION && template.is_none();
    let otherwise = if is_standard { "Bearer {token}" } else { "{token}" };
    let value = fill(template.unwrap_or(otherwise));
    let mut value = HeaderValue::try_from(value).map_err(|_| ApplyError::NotAHeaderValue)?;
    value.set_sensitive(true);
    Ok(Applied::Header(name, value))
}

/// Refuses a URL on the way to which others can read the token.
pub(crate) fn check_url(
    scheme: Option<&str>,
    host: Option<&str>,
    cleartext: Cleartext,
) -> Result<(), ApplyError> {
    let is_safe = match scheme {
        Some("https" | "wss") => host.is_some(),
        Some("http" | "ws") => {
            host.is_some_and(|host| is_loopback(host) || cleartext == Cleartext::Anywhere)
        }
        _ => false,
    };
    if is_safe { Ok(()) } else { Err(ApplyError::InsecureUrl) }
}

pub(crate) fn add_header(
    headers: &mut HeaderMap,
    name: HeaderName,
    value: HeaderValue,
) -> Result<(), ApplyError> {
    if headers.contains_key(&name) {
        return Err(ApplyError::AlreadyAuthorized);
    }
    headers.insert(name, value);
    Ok(())
}

/// Refuses a query that has the parameter already.
pub(crate) fn check_query(query: Option<&str>, name: &str) -> Result<(), ApplyError> {
    let has_it = query.unwrap_or_default().split('&').any(|pair| is_named(pair, name));
    if has_it { Err(ApplyError::AlreadyAuthorized) } else { Ok(()) }
}

/// Refuses a request that has a token in its header already
/// ([RFC 6750, section 2](https://www.rfc-editor.org/rfc/rfc6750#section-2)).
pub(crate) fn check_headers(headers: &HeaderMap) -> Result<(), ApplyError> {
    let is_bearer = |value: &HeaderValue| {
        value.as_bytes().get(..7).is_some_and(|scheme| scheme.eq_ignore_ascii_case(b"bearer "))
    };
    let has_it = headers.get_all(AUTHORIZATION).iter().any(is_bearer);
    if has_it { Err(ApplyError::AlreadyAuthorized) } else { Ok(()) }
}

/// Of a type that we have never heard of we know only that servers make names up: it is used as
/// Bearer, which nearly all of them mean. What is no name at all is another matter.
fn is_known_not_to_be_bearer(token_type: &str) -> bool {
    token_type.contains(char::is_control)
        || NOT_BEARER.iter().any(|known| token_type.eq_ignore_ascii_case(known))
}

/// Types and authentication schemes that need more than the token, or mean that it is no access token
/// ([RFC 8693, section 2.2.1](https://www.rfc-editor.org/rfc/rfc8693#section-2.2.1)).
const NOT_BEARER: [&str; 10] =
    ["mac", "dpop", "pop", "basic", "digest", "hoba", "mutual", "negotiate", "ntlm", "n_a"];
