//! Reads an answer's body: a token, a server's error, or neither.
//!
//! Lenient about form, strict about danger. The content type is a hint and the body decides: JSON
//! first, else form-encoded. Only `access_token` is required. What is odd but usable becomes a
//! warning, since a code that can be used once must not be lost over an optional member.

use std::borrow::Cow;
use std::fmt;
use std::time::SystemTime;

use http::header::CONTENT_TYPE;

use self::grant::Grant;
use self::members::Members;
use crate::conventions::AnswerConventions;
use crate::mask::Mask;
use crate::token::Token;
use crate::transport::{HttpResponse, body_limit};

mod grant;
mod headers;
mod members;
mod refusal;
mod secrets;
mod tokens;

pub(crate) use self::headers::{location, retry_after};
pub(crate) use self::members::first_segment;
pub(crate) use self::refusal::{CODE_LIMIT, DESCRIPTION_LIMIT, Told, printable};
pub(crate) use self::secrets::{Known, mark, mark_in_url, secrets, secrets_in_url};

/// What a body holds.
pub(crate) enum Reading {
    /// What was asked for: a usable access token, and what was odd about the rest.
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
    /// `token_type` is missing; it is taken for Bearer, or, at a refresh, for that of the old token.
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
    /// The answer to client credentials brought a refresh token
    /// ([RFC 6749, section 4.4.3](https://www.rfc-editor.org/rfc/rfc6749#section-4.4.3) advises
    /// against it); it is left out, since the credentials get a new token as well.
    RefreshTokenIgnored,
    /// A member that is not of the standard could not be kept: nested too deeply, damaged, more
    /// than 64 KiB with the others, or under a name that serde_json keeps for itself.
    DroppedExtra,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ByteOrderMark => f.write_str("the answer begins with a byte order mark"),
            Self::ContentType => f.write_str("the content type does not say what the answer is"),
            Self::MissingTokenType => {
                f.write_str("token_type is missing, taken for Bearer or that of the old token")
            }
            Self::UnknownTokenType => f.write_str("token_type is not Bearer"),
            Self::ZeroLifetime => f.write_str("the lifetime is zero, taken as unknown"),
            Self::NarrowedScope => f.write_str("a scope that was asked for was not granted"),
            Self::NotAHeaderValue => f.write_str("access_token cannot be sent in a header"),
            Self::RefreshTokenIgnored => f.write_str("client credentials brought a refresh token"),
            Self::Ignored(member) => write!(f, "{member} could not be read, taken as missing"),
            Self::DroppedExtra => f.write_str("a member beyond the standard could not be kept"),
        }
    }
}

/// What a provider's answers are to be read by.
#[derive(Clone, Copy)]
pub(crate) struct Expected<'a> {
    pub(crate) scopes: &'a [String],
    /// What stands between scopes beside white space.
    pub(crate) delimiter: &'a str,
    pub(crate) conventions: &'a AnswerConventions,
}

/// Reads the body of an answer to a request that was sent at `sent`.
pub(crate) fn read<'m>(
    response: &HttpResponse,
    sent: SystemTime,
    expected: Expected<'_>,
    secrets: impl FnOnce() -> (Mask<'m>, Known<'m>),
) -> Reading {
    let success = response.status().is_success();
    let body = Body::of(response);
    let (text, damaged) = (body.text(), body.is_damaged());
    let answer = Members::read(text);
    let root = (!expected.conventions.root.is_empty())
        .then(|| answer.at(&expected.conventions.root).unwrap_or_default());
    let members = root.as_ref().unwrap_or(&answer);
    let sign = expected.conventions.error.as_ref();

    let name = theirs(expected.conventions, "access_token");
    let Some(access_token) = access_token(members, name, damaged) else {
        // What cannot be read to its end may hold more than was seen.
        let hidden = success && (members.one(name).is_some() || tokens::named(text, &answer));
        return match refusal::read(response, &body, &answer, members, expected.conventions, secrets)
        {
            // An error does not undo a token, though it be one that we cannot use.
            Some(refusal) if success && refusal.brings_token => Reading::TokenAndError,
            Some(refusal) if answer.whole || !hidden => Reading::Error(refusal.told),
            None if !hidden && (answer.whole || !success) => Reading::Nothing,
            _ => Reading::Hidden,
        };
    };
    if refusal::is_there(&answer, root.as_ref(), sign) {
        return Reading::TokenAndError;
    }
    if !answer.whole && success {
        return Reading::Hidden;
    }
    let mut grant = Grant { answer: &answer, members, damaged, expected, warnings: Vec::new() };
    if body.is_marked() {
        grant.warn(Warning::ByteOrderMark);
    }
    grant.check_content_type(response.headers().get(CONTENT_TYPE));
    let token = grant.token(&access_token, sent);
    Reading::Token(token, grant.warnings)
}

/// Reads the error that an answer without a token tells.
pub(crate) fn error<'m>(
    response: &HttpResponse,
    conventions: &AnswerConventions,
    secrets: impl FnOnce() -> (Mask<'m>, Known<'m>),
) -> Option<Told> {
    let body = Body::of(response);
    let answer = Members::read(body.text());
    let refusal = refusal::read(response, &body, &answer, &answer, conventions, secrets);
    refusal.map(|refusal| refusal.told)
}

/// What the provider calls the member.
fn theirs<'a>(conventions: &'a AnswerConventions, name: &'a str) -> &'a str {
    conventions.rename.get(name).map_or(name, |theirs| theirs)
}

/// What the provider calls its tokens, where it is not as the standard does.
pub(crate) fn names_of_tokens(conventions: &AnswerConventions) -> Vec<&str> {
    let names = ["access_token", "refresh_token"];
    names.iter().filter_map(|name| conventions.rename.get(*name)).map(String::as_str).collect()
}

fn access_token<'a>(members: &Members<'a>, name: &str, damaged: bool) -> Option<Cow<'a, str>> {
    let member = members.one(name)??;
    member.non_empty_text().filter(|_| !(damaged && member.is_damaged()))
}

/// A body as text.
struct Body<'a>(Cow<'a, str>);

impl<'a> Body<'a> {
    fn of(response: &'a HttpResponse) -> Self {
        let limit = body_limit(response.status());
        let body = &response.body()[..limit.min(response.body().len())];
        // Checked first: the lossy way takes longer, and what is damaged is rare.
        let whole = std::str::from_utf8(body).map(Cow::Borrowed);
        Self(whole.unwrap_or_else(|_| String::from_utf8_lossy(body)))
    }

    fn text(&self) -> &str {
        self.0.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&self.0)
    }

    fn is_marked(&self) -> bool {
        self.0.starts_with(BYTE_ORDER_MARK)
    }

    /// Whether some of its bytes were no UTF-8.
    fn is_damaged(&self) -> bool {
        matches!(self.0, Cow::Owned(_))
    }
}

const BYTE_ORDER_MARK: char = '\u{feff}';
