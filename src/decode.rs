//! Reads an answer's body: a token, a server's error, or neither.
//!
//! Lenient about form, strict about danger. The content type is a hint and the body decides: JSON
//! first, else form-encoded. Only `access_token` is required. What is odd but usable becomes a
//! warning, since a code that can be used once must not be lost over an optional member.

use std::borrow::Cow;
use std::fmt;
use std::time::{Duration, SystemTime};

use http::HeaderValue;
use http::header::CONTENT_TYPE;
use serde_json::{Map, Value};

use self::members::{Member, Members, VALUE_LIMIT, is_private};
use crate::mask::Mask;
use crate::secret::Secret;
use crate::token::{BEARER, Token};
use crate::transport::{HttpResponse, body_limit};

mod headers;
mod members;
mod refusal;
mod tokens;

pub(crate) use self::headers::{location, retry_after};
pub(crate) use self::refusal::Told;

/// What a body holds.
pub(crate) enum Reading {
    /// A usable access token, and what was odd about the rest.
    Token(Token, Vec<Warning>),
    /// A token and an error at once.
    TokenAndError,
    /// An error.
    Error(Told),
    /// Nothing usable, though a token is named or could not be seen.
    Hidden,
    /// Nothing like a token.
    Nothing,
}

/// Something odd about an answer that was accepted all the same. `Display` says what it means.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Warning {
    /// The body begins with a byte order mark.
    ByteOrderMark,
    /// The content type does not say what the body is.
    ContentType,
    /// `token_type` is missing; it is taken for Bearer.
    MissingTokenType,
    /// `token_type` is not Bearer.
    UnknownTokenType,
    /// The lifetime is zero; it is taken as unknown.
    ZeroLifetime,
    /// A scope that was asked for was not granted.
    NarrowedScope,
    /// The access token has characters that no header can carry, so it cannot be used there.
    NotAHeaderValue,
    /// The named member could not be read, and counts as missing.
    Ignored(&'static str),
    /// A member that is not of the standard could not be kept: nested too deeply, damaged, more
    /// than 64 KiB with the others, or under a name that serde_json keeps for itself.
    DroppedExtra,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ByteOrderMark => f.write_str("the answer begins with a byte order mark"),
            Self::ContentType => f.write_str("the content type does not say what the answer is"),
            Self::MissingTokenType => f.write_str("token_type is missing, taken for Bearer"),
            Self::UnknownTokenType => f.write_str("token_type is not Bearer"),
            Self::ZeroLifetime => f.write_str("the lifetime is zero, taken as unknown"),
            Self::NarrowedScope => f.write_str("a scope that was asked for was not granted"),
            Self::NotAHeaderValue => f.write_str("access_token cannot be sent in a header"),
            Self::Ignored(member) => write!(f, "{member} could not be read, taken as missing"),
            Self::DroppedExtra => f.write_str("a member beyond the standard could not be kept"),
        }
    }
}

/// Reads the body of an answer to a request that was sent at `sent`.
pub(crate) fn read<'m>(
    response: &HttpResponse,
    sent: SystemTime,
    requested_scopes: &[String],
    mask: impl FnOnce() -> Mask<'m>,
) -> Reading {
    let success = response.status().is_success();
    let limit = body_limit(response.status());
    let body = &response.body()[..limit.min(response.body().len())];
    // Checked first: the lossy way takes longer, and what is damaged is rare.
    let whole = std::str::from_utf8(body).map(Cow::Borrowed);
    let text = whole.unwrap_or_else(|_| String::from_utf8_lossy(body));
    let damaged = matches!(text, Cow::Owned(_));
    let (text, marked) = match text.strip_prefix('\u{feff}') {
        Some(text) => (text, true),
        None => (&*text, false),
    };
    let members = Members::read(text);

    let Some(access_token) = access_token(&members, damaged) else {
        // What cannot be read to its end may hold more than was seen.
        let hidden = success && tokens::named(text, &members);
        return match refusal::read(&members, mask) {
            // An error does not undo a token, though it be one that we cannot use.
            Some(refusal) if success && refusal.brings_token => Reading::TokenAndError,
            Some(refusal) if members.whole || !hidden => Reading::Error(refusal.told),
            None if !hidden && (members.whole || !success) => Reading::Nothing,
            _ => Reading::Hidden,
        };
    };
    if refusal::is_there(&members) {
        return Reading::TokenAndError;
    }
    if !members.whole && success {
        return Reading::Hidden;
    }
    let mut grant = Grant { members: &members, damaged, warnings: Vec::new() };
    if marked {
        grant.warn(Warning::ByteOrderMark);
    }
    grant.check_content_type(response.headers().get(CONTENT_TYPE));
    let token = grant.token(&access_token, sent, requested_scopes);
    Reading::Token(token, grant.warnings)
}

fn access_token<'a>(members: &Members<'a>, damaged: bool) -> Option<Cow<'a, str>> {
    let member = members.one("access_token")??;
    member.non_empty_text().filter(|_| !(damaged && member.is_damaged()))
}

/// An answer with a usable access token, read on for what came with it.
struct Grant<'m, 'a> {
    members: &'m Members<'a>,
    damaged: bool,
    warnings: Vec<Warning>,
}

impl<'a> Grant<'_, 'a> {
    fn token(&mut self, access_token: &str, sent: SystemTime, requested: &[String]) -> Token {
        if !access_token.bytes().all(is_of_a_header) {
            self.warn(Warning::NotAHeaderValue);
        }
        Token {
            access_token: access_token.into(),
            token_type: self.token_type(),
            refresh_token: self
                .optional("refresh_token", Member::non_empty_text)
                .map(|text| Secret::new(text.into_owned())),
            expires_at: self.moment("expires_in", sent),
            refresh_expires_at: self
                .moment("refresh_token_expires_in", sent)
                .or_else(|| self.moment("refresh_expires_in", sent)),
            scopes: self.scopes(requested),
            flavor: None,
            extra: self.extra(),
        }
    }

    fn token_type(&mut self) -> String {
        let known = self.warnings.len();
        let Some(name) = self.optional("token_type", Member::non_empty_text) else {
            if self.warnings.len() == known {
                self.warn(Warning::MissingTokenType);
            }
            return BEARER.to_owned();
        };
        if name.eq_ignore_ascii_case(BEARER) {
            return BEARER.to_owned();
        }
        self.warn(Warning::UnknownTokenType);
        name.into_owned()
    }

    /// The end of a lifetime that is told in seconds.
    fn moment(&mut self, name: &'static str, sent: SystemTime) -> Option<SystemTime> {
        // A fraction of a second is no lifetime, and a token may end early but not late.
        let seconds = self.optional(name, |member| {
            let seconds = member.number().filter(|seconds| *seconds >= 0.0)?;
            let moment = sent.checked_add(Duration::try_from_secs_f64(seconds.floor()).ok()?)?;
            Some((seconds.floor(), moment))
        });
        match seconds? {
            (0.0, _) => {
                self.warn(Warning::ZeroLifetime);
                None
            }
            (_, moment) => Some(moment),
        }
    }

    fn scopes(&mut self, requested: &[String]) -> Option<Vec<String>> {
        let split = |text: &str| -> Vec<String> {
            text.split_ascii_whitespace().map(str::to_owned).collect()
        };
        let granted = self.optional("scope", |member| {
            let member = Some(member).filter(|member| member.size() <= VALUE_LIMIT)?;
            member.text().map(|text| split(&text)).or_else(|| member.texts())
        })?;
        let mut asked = requested.iter().flat_map(|scopes| scopes.split_ascii_whitespace());
        if asked.any(|scope| !granted.iter().any(|granted| granted == scope)) {
            self.warn(Warning::NarrowedScope);
        }
        Some(granted)
    }

    fn extra(&mut self) -> Map<String, Value> {
        let mut extra = Map::new();
        let mut room = VALUE_LIMIT;
        for (name, member) in self.members.iter().filter(|(name, _)| !STANDARD.contains(name)) {
            let size = name.len() + member.size();
            let fits = size <= room && !(self.damaged && member.is_damaged());
            match (fits && !is_private(name)).then(|| member.value()).flatten() {
                Some(value) if depth(&value) <= MOST_DEPTH => {
                    room -= size;
                    extra.insert(name.to_owned(), value);
                }
                _ => self.warnings.push(Warning::DroppedExtra),
            }
        }
        self.warnings.dedup();
        extra
    }

    /// The value of an optional member: `None` if it is missing or null, or, with a warning, if it
    /// cannot be read.
    fn optional<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&Member<'a>) -> Option<T>,
    ) -> Option<T> {
        let member = self.members.one(name)?;
        if member.is_some_and(Member::is_null) {
            return None;
        }
        let member = member.filter(|member| !(self.damaged && member.is_damaged()));
        let value = member.and_then(read);
        if value.is_none() {
            self.warn(Warning::Ignored(name));
        }
        value
    }

    fn check_content_type(&mut self, content_type: Option<&HeaderValue>) {
        let Some(content_type) = content_type else { return };
        let text = content_type.to_str().unwrap_or_default();
        let essence = text.split(';').next().unwrap_or_default().trim();
        let fits = if self.members.form_encoded {
            essence.eq_ignore_ascii_case("application/x-www-form-urlencoded")
        } else {
            let subtype = essence.rsplit_once(['/', '+']).map(|(_, subtype)| subtype);
            subtype.is_some_and(|subtype| subtype.eq_ignore_ascii_case("json"))
        };
        if !fits {
            self.warn(Warning::ContentType);
        }
    }

    fn warn(&mut self, warning: Warning) {
        self.warnings.push(warning);
    }
}

fn depth(value: &Value) -> usize {
    let within = match value {
        Value::Array(values) => values.iter().map(depth).max(),
        Value::Object(members) => members.values().map(depth).max(),
        _ => return 0,
    };
    1 + within.unwrap_or(0)
}

/// How deeply a member may be nested. A stored token is read back at up to 127 levels, of which this
/// leaves enough for whatever it is stored in.
const MOST_DEPTH: usize = 64;

/// Whether a header value can have the byte
/// ([RFC 9110, section 5.5](https://www.rfc-editor.org/rfc/rfc9110#section-5.5)).
fn is_of_a_header(byte: u8) -> bool {
    byte == b'\t' || !byte.is_ascii_control()
}

/// The members that a [`Token`] has fields for.
const STANDARD: [&str; 5] = ["access_token", "token_type", "refresh_token", "expires_in", "scope"];
