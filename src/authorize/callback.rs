//! Reads what the provider sends the user's browser back with.

use std::collections::HashSet;
use std::fmt;

use percent_encoding::percent_decode_str;

use crate::decode::{CODE_LIMIT, DESCRIPTION_LIMIT, printable};
use crate::error::ServerError;
use crate::mask::Mask;
use crate::secret::Secret;

/// What the user's browser brought back
/// ([RFC 6749, section 4.1.2](https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2)). It proves
/// nothing until a [`PendingAuthorization`](crate::PendingAuthorization) accepts it.
pub struct Callback {
    /// `None` for a value that cannot be decoded.
    params: Vec<(String, Option<Secret>)>,
}

impl Callback {
    /// Reads the URL that the browser called, its path and query, its query alone, or the body of
    /// the form that it posted.
    ///
    /// A parameter without a value counts as missing. One that is not of the standard and cannot be
    /// decoded costs nobody a login: it is left out.
    ///
    /// # Errors
    ///
    /// - [`Repeated`](CallbackError::Repeated): a parameter stands there twice
    ///   ([RFC 6749, section 3.1](https://www.rfc-editor.org/rfc/rfc6749#section-3.1))
    /// - [`Malformed`](CallbackError::Malformed): it is longer than 64 KiB, or a name, `code`,
    ///   `state`, `iss` or `error` cannot be decoded
    pub fn parse(url_query_or_form: &str) -> Result<Self, CallbackError> {
        if url_query_or_form.len() > LIMIT {
            return Err(CallbackError::Malformed);
        }
        let (mut params, mut names) = (Vec::new(), HashSet::new());
        for pair in query(url_query_or_form).split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let name = decode(name).ok_or(CallbackError::Malformed)?;
            if !names.insert(name.clone()) {
                let shown = printable(&Mask::default(), &name, CODE_LIMIT);
                return Err(CallbackError::Repeated(shown));
            }
            let value = decode(value);
            if value.is_none() && STANDARD.contains(&&*name) {
                return Err(CallbackError::Malformed);
            }
            params.push((name, value.map(Secret::new)));
        }
        Ok(Self { params })
    }

    /// The state, to look the pending authorization up by.
    pub fn state(&self) -> Option<&str> {
        self.param("state")
    }

    /// Any parameter, if it is there and has a value.
    pub fn param(&self, name: &str) -> Option<&str> {
        self.decoded(name).ok().flatten().map(Secret::expose)
    }

    /// The value of the parameter, if it has one.
    pub(super) fn decoded(&self, name: &str) -> Result<Option<&Secret>, CallbackError> {
        match self.params.iter().find(|(known, _)| known == name) {
            None => Ok(None),
            Some((_, None)) => Err(CallbackError::Malformed),
            Some((_, Some(value))) => Ok(Some(value).filter(|value| !value.expose().is_empty())),
        }
    }

    /// The error that the callback tells, without the code and the state that came along under these
    /// names.
    pub(super) fn error(&self, names: [&str; 2]) -> Result<Option<ServerError>, CallbackError> {
        let mut mask = Mask::default();
        for (mark, name) in ["code", "state"].into_iter().zip(names) {
            mask.hide(mark, self.param(name).unwrap_or_default());
        }
        self.masked_error(&mask)
    }

    /// The same, of a provider that may call code and state anything.
    pub(crate) fn any_error(&self) -> Result<Option<ServerError>, CallbackError> {
        let mut mask = Mask::default();
        for (name, value) in &self.params {
            let value = value.as_ref().map_or("", Secret::expose);
            let is_known = matches!(&**name, "code" | "state");
            if is_known || (!name.starts_with("error") && value.len() >= SHORTEST_SECRET) {
                mask.hide("secret", value);
            }
        }
        self.masked_error(&mask)
    }

    fn masked_error(&self, mask: &Mask<'_>) -> Result<Option<ServerError>, CallbackError> {
        let Some(code) = self.decoded("error")? else { return Ok(None) };
        let described = ["error_description", "error_message", "error_reason"];
        let description = described.iter().find_map(|name| self.param(name));
        let is_page = |uri: &&str| uri.starts_with("https://") || uri.starts_with("http://");
        Ok(Some(ServerError::new(
            printable(mask, code.expose(), CODE_LIMIT),
            description.map(|text| printable(mask, text, DESCRIPTION_LIMIT)),
            self.param("error_uri")
                .filter(is_page)
                .map(|uri| printable(mask, uri, DESCRIPTION_LIMIT)),
        )))
    }

    pub(super) fn into_params(self) -> impl Iterator<Item = (String, Secret)> {
        self.params.into_iter().filter_map(|(name, value)| Some((name, value?)))
    }
}

// Anyone can make a browser bring anything: not even names are shown.
impl fmt::Debug for Callback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Callback").field("params", &self.params.len()).finish()
    }
}

/// A callback that is not accepted. Its code, if it has one, must not be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CallbackError {
    /// The state is another one.
    #[error(
        "state is not that of this authorization: the callback belongs to another one, or is \
         forged; begin again"
    )]
    StateMismatch,
    /// There is no state.
    #[error("the callback has no state, so that it could be anyone's; begin again")]
    MissingState,
    /// The provider said no, or the user did: `access_denied`, `invalid_scope`
    /// ([RFC 6749, section 4.1.2.1](https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2.1)).
    #[error("the provider refused: {0}")]
    Denied(ServerError),
    /// There is neither a code nor an error.
    #[error(
        "the callback has neither a code nor an error: is it the redirect URI that was called?"
    )]
    MissingCode,
    /// A parameter of this name stands there twice.
    #[error("the callback has the parameter {0:?} twice, of which neither can be trusted")]
    Repeated(String),
    /// The callback comes from another server than the user was sent to.
    #[error("iss is not the configured issuer: the callback comes from another server")]
    IssuerMismatch,
    /// The server names itself in each callback, and did not in this one.
    #[error(
        "the callback has no iss although an issuer is configured; if the server leaves it out, \
         leave the issuer out too"
    )]
    MissingIssuer,
    /// It is too long, or cannot be decoded.
    #[error("the callback cannot be decoded, or is longer than 64 KiB")]
    Malformed,
}

/// The part of a URL, or of what stands for one, that has the parameters.
fn query(text: &str) -> &str {
    // The browser keeps the fragment, which some providers add.
    let text = text.split('#').next().unwrap_or_default();
    match text.split_once('?') {
        // In a query or a form, a question mark is a part of a value; in a path, an equals sign is
        // a part of that.
        Some((before, query)) if is_url(text) || !before.contains(['=', '&']) => query,
        _ => text,
    }
}

/// Whether the text is a URL or a path, by how it begins
/// ([RFC 3986, section 3.1](https://www.rfc-editor.org/rfc/rfc3986#section-3.1)).
fn is_url(text: &str) -> bool {
    let is_of_scheme = |c: char| c.is_ascii_alphanumeric() || "+-.".contains(c);
    let scheme = text.split_once(':').map_or("", |(scheme, _)| scheme);
    text.starts_with('/') || (!scheme.is_empty() && scheme.chars().all(is_of_scheme))
}

/// The text that was form-encoded, if it was: a broken escape is no text.
fn decode(text: &str) -> Option<String> {
    let is_escape = |rest: &str| {
        let digits = rest.as_bytes().get(..2);
        digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    };
    if !text.split('%').skip(1).all(is_escape) {
        return None;
    }
    let spaced = text.replace('+', " ");
    percent_decode_str(&spaced).decode_utf8().ok().map(Into::into)
}

/// What must be read for a callback to be judged.
const STANDARD: [&str; 4] = ["code", "state", "iss", "error"];

/// In bytes: what is shorter is rather a word.
const SHORTEST_SECRET: usize = 8;

/// In bytes. No browser brings more.
const LIMIT: usize = 64 * 1024;
