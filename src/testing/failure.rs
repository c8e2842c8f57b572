//! What a server can be told to do in place of its work: each row of what an answer may mean.

use std::collections::VecDeque;
use std::fmt;
use std::time::Duration;

use http::header::{HeaderName, LOCATION, RETRY_AFTER};
use http::{HeaderValue, StatusCode};
use serde_json::{Value, json as object};

use super::answers::{Answer, Refusal, empty, json, text};
use super::request_kind::RequestKind;
use super::state::Endpoint;
use crate::transport::{HttpRequest, HttpResponse, TransportErrorKind};

/// What happens to a request in place of what should.
///
/// Errors of OAuth take the server's own [shape](super::AuthorizationServer::error_shape), but for those
/// of the API, which come with a Bearer challenge. Where a failure speaks of a token and none was asked
/// for, one is made up.
#[derive(Clone)]
#[non_exhaustive]
pub enum Failure {
    /// No answer comes. Of `Connect` and `Unplugged` the server sees nothing; of all others it does
    /// what was asked, so that a code is used up and a refresh token replaced, and its answer
    /// is lost.
    ///
    /// Over loopback a connection hangs, breaks in the middle of an answer, or brings too much. What
    /// a listening server cannot do is refuse a connection: `Connect` closes it unanswered there,
    /// which a client tells as interrupted. For a refused one, ask where nobody listens any more.
    NoAnswer(TransportErrorKind),
    /// The token comes where nobody looks for it: under `result` in a 200.
    HiddenToken,
    /// The token comes in a body that ends in its midst.
    CutOff,
    /// A 200 with a token and an error.
    TokenAndError,
    /// 429 with `Retry-After`, in seconds, counted up to whole ones.
    TooManyRequests(Duration),
    /// 503 with `Retry-After`, in seconds, counted up to whole ones.
    Unavailable(Duration),
    /// Another address, by such a status as 307.
    Redirect(StatusCode, String),
    /// 401 `invalid_client`.
    InvalidClient,
    /// 400 `invalid_grant`: the code, or the refresh token, is worth nothing.
    InvalidGrant,
    /// 400 `invalid_request`.
    InvalidRequest,
    /// 400 `unsupported_grant_type`, as where the body was not parsed.
    UnsupportedGrantType,
    /// An error code of your own, with its status: a 200 too.
    Error(StatusCode, String),
    /// 415, and nothing else.
    UnsupportedMediaType,
    /// 404 with a page for people.
    NotFound,
    /// 500 with a page for people.
    ServerError,
    /// 200 with a page for people.
    Html,
    /// 200 and nothing else.
    Empty,
    /// This very answer.
    Respond(HttpResponse),
}

impl Failure {
    /// Whether nothing of the request arrives.
    pub(super) fn precedes_the_request(&self) -> bool {
        matches!(self, Self::NoAnswer(TransportErrorKind::Connect | TransportErrorKind::Unplugged))
    }

    /// Whether the server does what is asked, and fails then.
    pub(super) fn follows_the_deed(&self) -> bool {
        match self {
            Self::NoAnswer(_) => !self.precedes_the_request(),
            _ => matches!(self, Self::HiddenToken | Self::CutOff | Self::TokenAndError),
        }
    }

    /// What comes back where this would have.
    pub(super) fn answer(self, deed: Option<Answer>) -> Result<Answer, TransportErrorKind> {
        let bad = StatusCode::BAD_REQUEST;
        Ok(match self {
            Self::NoAnswer(kind) => return Err(kind),
            Self::HiddenToken => {
                Answer::Other(json(StatusCode::OK, &object!({ "result": token_of(deed) })))
            }
            Self::CutOff => Answer::Other(cut_off(json(StatusCode::OK, &token_of(deed)))),
            Self::TokenAndError => {
                let mut both = token_of(deed);
                if let Some(members) = both.as_object_mut() {
                    members.insert("error".into(), "server_error".into());
                }
                Answer::Other(json(StatusCode::OK, &both))
            }
            Self::TooManyRequests(wait) => later(empty(StatusCode::TOO_MANY_REQUESTS), wait),
            Self::Unavailable(wait) => later(empty(StatusCode::SERVICE_UNAVAILABLE), wait),
            Self::Redirect(status, location) => with(empty(status), LOCATION, &location),
            Self::InvalidClient => {
                Answer::Refusal(Refusal::scripted(StatusCode::UNAUTHORIZED, "invalid_client"))
            }
            Self::InvalidGrant => Answer::Refusal(Refusal::scripted(bad, "invalid_grant")),
            Self::InvalidRequest => Answer::Refusal(Refusal::scripted(bad, "invalid_request")),
            Self::UnsupportedGrantType => {
                Answer::Refusal(Refusal::scripted(bad, "unsupported_grant_type"))
            }
            Self::Error(status, code) => Answer::Refusal(Refusal::scripted(status, code)),
            Self::UnsupportedMediaType => Answer::Other(empty(StatusCode::UNSUPPORTED_MEDIA_TYPE)),
            Self::NotFound => Answer::Other(page(StatusCode::NOT_FOUND)),
            Self::ServerError => Answer::Other(page(StatusCode::INTERNAL_SERVER_ERROR)),
            Self::Html => Answer::Other(page(StatusCode::OK)),
            Self::Empty => Answer::Other(empty(StatusCode::OK)),
            Self::Respond(answer) => Answer::Other(answer),
        })
    }
}

// By hand, since an answer may hold a token, and a location a code.
impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self {
            Self::NoAnswer(kind) => return write!(f, "NoAnswer({kind})"),
            Self::Redirect(status, _) => return write!(f, "Redirect({})", status.as_u16()),
            Self::Error(status, _) => return write!(f, "Error({})", status.as_u16()),
            Self::Respond(answer) => return write!(f, "Respond({})", answer.status().as_u16()),
            Self::HiddenToken => "HiddenToken",
            Self::CutOff => "CutOff",
            Self::TokenAndError => "TokenAndError",
            Self::TooManyRequests(wait) => return write!(f, "TooManyRequests({wait:?})"),
            Self::Unavailable(wait) => return write!(f, "Unavailable({wait:?})"),
            Self::InvalidClient => "InvalidClient",
            Self::InvalidGrant => "InvalidGrant",
            Self::InvalidRequest => "InvalidRequest",
            Self::UnsupportedGrantType => "UnsupportedGrantType",
            Self::UnsupportedMediaType => "UnsupportedMediaType",
            Self::NotFound => "NotFound",
            Self::ServerError => "ServerError",
            Self::Html => "Html",
            Self::Empty => "Empty",
        };
        f.write_str(name)
    }
}

/// The failures to come.
#[derive(Default)]
pub(super) struct Script {
    pub(super) next: VecDeque<Aimed>,
    /// What comes after them, for ever; the last is the one that counts.
    pub(super) always: Vec<Aimed>,
}

impl Script {
    /// What happens to this request, if it is to fail.
    pub(super) fn turn(&mut self, request: &HttpRequest) -> Option<Failure> {
        if let Some(due) = self.next.iter().position(|aimed| aimed.is_for(request)) {
            return self.next.remove(due).map(|aimed| aimed.failure);
        }
        let always = self.always.iter().rfind(|aimed| aimed.is_for(request));
        always.map(|aimed| aimed.failure.clone())
    }
}

/// A failure, and which requests it is for.
pub(super) struct Aimed {
    /// Without one, all that a client asks of its authorization server.
    pub(super) at: Option<RequestKind>,
    pub(super) failure: Failure,
}

impl Aimed {
    fn is_for(&self, request: &HttpRequest) -> bool {
        match self.at {
            Some(_) => RequestKind::of(request) == self.at,
            None => Endpoint::of(request).is_the_clients(),
        }
    }
}

impl From<Failure> for Aimed {
    fn from(failure: Failure) -> Self {
        Self { at: None, failure }
    }
}

/// The token that was given, or one made up where there was none to give.
fn token_of(deed: Option<Answer>) -> Value {
    match deed {
        Some(Answer::Token(token)) => token,
        _ => object!({ "access_token": "access-token-0", "token_type": "Bearer" }),
    }
}

fn cut_off(mut answer: HttpResponse) -> HttpResponse {
    let half = answer.body().len() / 2;
    answer.body_mut().truncate(half);
    answer
}

fn later(answer: HttpResponse, wait: Duration) -> Answer {
    let started = u64::from(wait.subsec_nanos() > 0);
    with(answer, RETRY_AFTER, &wait.as_secs().saturating_add(started).to_string())
}

/// Without the header, if no header can hold the value.
fn with(mut answer: HttpResponse, name: HeaderName, value: &str) -> Answer {
    if let Ok(value) = HeaderValue::from_str(value) {
        answer.headers_mut().insert(name, value);
    }
    Answer::Other(answer)
}

fn page(status: StatusCode) -> HttpResponse {
    let body = format!("<!doctype html><title>{status}</title><h1>{status}</h1>\n");
    text(status, "text/html; charset=utf-8", body)
}
