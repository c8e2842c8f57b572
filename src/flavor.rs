//! The ways of asking: client authentication times body encoding, and the order of the six.

use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode, utf8_percent_encode};
use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::transport::HttpRequest;

/// How a request to a token endpoint is written: two choices, which give six ways of asking with a
/// secret and two without.
///
/// `Display`, `Debug`, `FromStr` and serde use its name, such as `basic+form`.
#[derive(Clone, Copy, Eq, Hash, PartialEq)]
#[expect(clippy::exhaustive_structs, reason = "two axes, which callers combine")]
pub struct Flavor {
    /// Where the client's credentials stand.
    pub auth: ClientAuth,
    /// How the body is written.
    pub encoding: BodyEncoding,
}

/// Where the client's credentials stand in a request.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum ClientAuth {
    /// In the `Authorization` header, id and secret URL-encoded first, as
    /// [RFC 6749, section 2.3.1](https://www.rfc-editor.org/rfc/rfc6749#section-2.3.1) has it.
    Basic,
    /// In the body, as `client_id` and `client_secret`.
    Body,
    /// In the `Authorization` header, id and secret as they are, as
    /// [RFC 7617](https://www.rfc-editor.org/rfc/rfc7617) has it.
    BasicRaw,
    /// `client_id` in the body, and no secret: a public client.
    None,
}

/// How the body of a request is written.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum BodyEncoding {
    /// `application/x-www-form-urlencoded`, as RFC 6749 has it.
    Form,
    /// `application/json`.
    Json,
}

impl Flavor {
    /// `basic+form`
    pub const BASIC_FORM: Self = Self::new(ClientAuth::Basic, BodyEncoding::Form);
    /// `basic+json`
    pub const BASIC_JSON: Self = Self::new(ClientAuth::Basic, BodyEncoding::Json);
    /// `body+form`
    pub const BODY_FORM: Self = Self::new(ClientAuth::Body, BodyEncoding::Form);
    /// `body+json`
    pub const BODY_JSON: Self = Self::new(ClientAuth::Body, BodyEncoding::Json);
    /// `basic-raw+form`
    pub const BASIC_RAW_FORM: Self = Self::new(ClientAuth::BasicRaw, BodyEncoding::Form);
    /// `basic-raw+json`
    pub const BASIC_RAW_JSON: Self = Self::new(ClientAuth::BasicRaw, BodyEncoding::Json);

    /// The six flavors of a client with a secret, in the documented order.
    pub const ALL: [Self; 6] = [
        Self::BASIC_FORM,
        Self::BASIC_JSON,
        Self::BODY_FORM,
        Self::BODY_JSON,
        Self::BASIC_RAW_FORM,
        Self::BASIC_RAW_JSON,
    ];

    /// The two flavors of a client without a secret: `none+form`, `none+json`.
    pub const PUBLIC: [Self; 2] = [
        Self::new(ClientAuth::None, BodyEncoding::Form),
        Self::new(ClientAuth::None, BodyEncoding::Json),
    ];

    const fn new(auth: ClientAuth, encoding: BodyEncoding) -> Self {
        Self { auth, encoding }
    }

    /// The flavor that wrote this request, or `None` if none of them did.
    ///
    /// Raw credentials that look URL-encoded, as those do which encoding leaves alone, count as
    /// encoded.
    pub fn of(request: &HttpRequest) -> Option<Self> {
        // Where the body is empty, the query may hold what a form would.
        let body = match request.body().as_slice() {
            [] => Body::Form(request.uri().query().unwrap_or_default()),
            body => Body::read(body)?,
        };
        let auth = match request.headers().get(http::header::AUTHORIZATION) {
            Some(_) if body.has("client_secret") => return None,
            Some(header) => basic_auth(header.as_bytes())?,
            None if body.has("client_secret") => ClientAuth::Body,
            None if body.has("client_id") => ClientAuth::None,
            None => return None,
        };
        Some(Self { auth, encoding: body.encoding() })
    }

    pub(crate) fn needs_secret(self) -> bool {
        self.auth != ClientAuth::None
    }

    fn name(self) -> &'static str {
        match (self.auth, self.encoding) {
            (ClientAuth::Basic, BodyEncoding::Form) => "basic+form",
            (ClientAuth::Basic, BodyEncoding::Json) => "basic+json",
            (ClientAuth::Body, BodyEncoding::Form) => "body+form",
            (ClientAuth::Body, BodyEncoding::Json) => "body+json",
            (ClientAuth::BasicRaw, BodyEncoding::Form) => "basic-raw+form",
            (ClientAuth::BasicRaw, BodyEncoding::Json) => "basic-raw+json",
            (ClientAuth::None, BodyEncoding::Form) => "none+form",
            (ClientAuth::None, BodyEncoding::Json) => "none+json",
        }
    }
}

impl fmt::Display for Flavor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl fmt::Debug for Flavor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Flavor {
    type Err = UnknownFlavor;

    fn from_str(name: &str) -> Result<Self, UnknownFlavor> {
        let mut known = Self::ALL.into_iter().chain(Self::PUBLIC);
        known.find(|flavor| flavor.name() == name).ok_or(UnknownFlavor)
    }
}

impl Serialize for Flavor {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Flavor {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        name.parse().map_err(serde::de::Error::custom)
    }
}

/// A text that names no flavor.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error(
    "a flavor is one of basic+form, basic+json, body+form, body+json, basic-raw+form, \
     basic-raw+json, none+form, none+json"
)]
#[non_exhaustive]
pub struct UnknownFlavor;

enum Body<'a> {
    Form(&'a str),
    // The names alone: a request may be anyone's, and its values nested as deeply as they like.
    Json(HashMap<String, IgnoredAny>),
}

impl<'a> Body<'a> {
    // The body itself tells, whatever the Content-Type: no form that we write begins with a brace.
    fn read(body: &'a [u8]) -> Option<Self> {
        if body.first() == Some(&b'{') {
            serde_json::from_slice(body).ok().map(Self::Json)
        } else {
            std::str::from_utf8(body).ok().map(Self::Form)
        }
    }

    fn has(&self, name: &str) -> bool {
        match self {
            Self::Form(body) => {
                body.split('&').any(|pair| pair.split('=').next().is_some_and(|it| it == name))
            }
            Self::Json(members) => members.contains_key(name),
        }
    }

    fn encoding(&self) -> BodyEncoding {
        match self {
            Self::Form(_) => BodyEncoding::Form,
            Self::Json(_) => BodyEncoding::Json,
        }
    }
}

fn basic_auth(header: &[u8]) -> Option<ClientAuth> {
    let credentials = STANDARD.decode(header.strip_prefix(b"Basic ")?).ok()?;
    let colon = credentials.iter().position(|&byte| byte == b':')?;
    let encoded = url_encoded(&credentials[..colon]) && url_encoded(&credentials[colon + 1..]);
    Some(if encoded { ClientAuth::Basic } else { ClientAuth::BasicRaw })
}

/// Whether the text is as our encoder writes one, to the letter: a raw secret may hold escapes too.
fn url_encoded(text: &[u8]) -> bool {
    let plain = percent_decode(text).decode_utf8();
    plain.is_ok_and(|plain| utf8_percent_encode(&plain, RESERVED).to_string().as_bytes() == text)
}

/// What is escaped: all but the unreserved characters of
/// [RFC 3986](https://www.rfc-editor.org/rfc/rfc3986#section-2.3).
pub(crate) const RESERVED: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Whether nothing of the text is escaped.
pub(crate) fn is_unreserved(text: &str) -> bool {
    // To the end, whatever comes: a loop without a way out takes fewer steps.
    text.bytes().fold(true, |all, byte| all & UNRESERVED[usize::from(byte)])
}

/// The bytes that [`RESERVED`] leaves alone.
const UNRESERVED: [bool; 256] = {
    let mut unreserved = [false; 256];
    let mut byte = 0u8;
    while byte.is_ascii() {
        unreserved[byte as usize] =
            byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
        byte += 1;
    }
    unreserved
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_unreserved_is_what_is_left_alone() {
        for character in (0..=0x10ff).filter_map(char::from_u32) {
            let text = character.to_string();
            let encoded = utf8_percent_encode(&text, RESERVED).to_string();
            assert_eq!(is_unreserved(&text), encoded == text, "{character:?}");
        }
    }
}
