//! A request or an answer as it may be shown: with a mark in place of each secret.

use std::error::Error as StdError;

use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde::{Deserialize, Serialize};

use crate::mask::{Mask, WITHHELD, beginning};
use crate::transport::{HttpRequest, HttpResponse};

pub(crate) mod curl;

/// A request as it was sent, with a mark such as `[client_secret]` in place of each secret.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct CapturedRequest {
    /// Such as `POST`.
    pub method: String,
    /// The whole URL.
    pub url: String,
    /// Names, in lower case, and values.
    pub headers: Vec<(String, String)>,
    /// The body; empty if there is none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub body: String,
}

impl CapturedRequest {
    pub(crate) fn new(request: &HttpRequest, veil: &Veil<'_>) -> Self {
        let body = String::from_utf8_lossy(request.body());
        Self {
            method: request.method().to_string(),
            url: veil.written(&request.uri().to_string()),
            headers: shown(request.headers(), veil),
            body: veil.written(&body),
        }
    }
}

/// An answer as it came, with a mark such as `[access_token]` in place of each secret.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct CapturedAnswer {
    /// Such as 400.
    pub status: u16,
    /// Names, in lower case, and values; at most 64, and of a long value the beginning.
    pub headers: Vec<(String, String)>,
    /// The beginning of the body, at most 2 KiB as it is shown.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub body: String,
    /// Whether the body went on.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cut: bool,
}

/// What is kept of an answer, as it came.
pub(crate) struct Kept {
    /// With the beginning of its body.
    response: HttpResponse,
    was_longer: bool,
}

impl Kept {
    pub(crate) fn new(mut response: HttpResponse) -> Self {
        let body = response.body_mut();
        let was_longer = body.len() > KEPT;
        if body.capacity() > KEPT {
            *body = body.get(..KEPT).unwrap_or(body).to_vec();
        }
        Self { response, was_longer }
    }

    /// The answer, as far as it was kept.
    pub(crate) fn response(&self) -> &HttpResponse {
        &self.response
    }

    pub(crate) fn status(&self) -> StatusCode {
        self.response.status()
    }

    /// The body as far as it was kept.
    pub(crate) fn text(&self) -> String {
        let text = String::from_utf8_lossy(self.response.body());
        // What a cut leaves of a character.
        let text = if self.was_longer { text.trim_end_matches('\u{fffd}') } else { &text };
        text.to_owned()
    }

    /// The headers that are shown, of a long one the beginning.
    pub(crate) fn headers(&self) -> impl Iterator<Item = (&str, String)> {
        headers(&self.response)
    }

    /// Of an answer with more secrets than can be hidden.
    pub(crate) fn withheld(&self) -> CapturedAnswer {
        let body = WITHHELD.to_owned();
        CapturedAnswer { status: self.status().as_u16(), headers: Vec::new(), body, cut: true }
    }

    pub(crate) fn shown(&self, veil: &Veil<'_>) -> CapturedAnswer {
        if veil.gives_up {
            return self.withheld();
        }
        let mut body = printable(&veil.apply(&self.text()));
        let whole = body.len();
        body.truncate(beginning(&body, SHOWN).len());
        CapturedAnswer {
            status: self.status().as_u16(),
            headers: shown(self.response.headers(), veil),
            cut: self.was_longer || body.len() < whole,
            body,
        }
    }
}

/// Hides the secrets of a call: first those that it knows, then those that its answers brought, so that
/// what these look like cannot keep a known one from being seen.
pub(crate) struct Veil<'a> {
    known: Mask<'a>,
    found: Mask<'a>,
    /// Whether an answer holds more than can be hidden.
    gives_up: bool,
}

impl<'a> Veil<'a> {
    pub(crate) fn new(known: Mask<'a>) -> Self {
        let found = Mask::after(&known);
        Self { known, found, gives_up: false }
    }

    /// Hides a secret that was found in what [`Veil::thin`] gave.
    pub(crate) fn hide(&mut self, name: &'static str, secret: String) {
        self.found.hide(name, secret);
    }

    /// From now on nothing that came from elsewhere is shown.
    pub(crate) fn give_up(&mut self) {
        self.gives_up = true;
    }

    /// The marks of the known secrets.
    pub(crate) fn marks(&self) -> Vec<String> {
        self.known.marks()
    }

    /// The text without the known secrets.
    pub(crate) fn thin(&self, text: &str) -> String {
        self.known.apply_deeply(text)
    }

    /// What came from elsewhere, without all secrets.
    pub(crate) fn apply(&self, text: &str) -> String {
        if self.gives_up && !text.is_empty() {
            return WITHHELD.to_owned();
        }
        self.over(&self.thin(text))
    }

    /// What [`Veil::thin`] gave, without what was found too.
    pub(crate) fn over(&self, thin: &str) -> String {
        self.found.apply_deeply(thin)
    }

    /// What we wrote: as it is but for the secrets, which are written in no other way than ours.
    fn written(&self, text: &str) -> String {
        self.found.apply(&self.known.apply_whole(text))
    }

    /// The error without the known secrets.
    pub(crate) fn error(
        &self,
        error: Box<dyn StdError + Send + Sync>,
    ) -> Box<dyn StdError + Send + Sync> {
        self.known.error(error)
    }
}

fn shown(headers: &HeaderMap, veil: &Veil<'_>) -> Vec<(String, String)> {
    let shown = |(name, value): (&HeaderName, &HeaderValue)| {
        let text = text(value);
        let text = match text.split_once(' ') {
            // Whatever follows the scheme is a secret.
            Some((scheme, _)) if name == AUTHORIZATION => format!("{scheme} [authorization]"),
            None if name == AUTHORIZATION => "[authorization]".to_owned(),
            _ => printable(&veil.apply(&text)),
        };
        (veil.apply(name.as_str()), text)
    };
    headers.iter().take(MOST_HEADERS).map(shown).collect()
}

/// The headers of an answer that are shown, of a long one the beginning.
pub(crate) fn headers(response: &HttpResponse) -> impl Iterator<Item = (&str, String)> {
    let headers = response.headers().iter().take(MOST_HEADERS);
    headers.map(|(name, value)| (name.as_str(), text(value)))
}

fn text(value: &HeaderValue) -> String {
    let text = String::from_utf8_lossy(value.as_bytes());
    beginning(&text, LONGEST_VALUE).to_owned()
}

/// Without what a terminal would obey.
fn printable(text: &str) -> String {
    let is_foreign = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t');
    text.replace(is_foreign, "\u{fffd}")
}

/// How many bytes of an answer's body are shown.
const SHOWN: usize = 2 * 1024;

/// How many bytes of it are kept: marks may be shorter than what they stand for.
const KEPT: usize = 4 * 1024;

/// In bytes.
const LONGEST_VALUE: usize = 512;

const MOST_HEADERS: usize = 64;
