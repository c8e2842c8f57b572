//! One request of a call and what came of it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;

use crate::capture::{CapturedAnswer, CapturedRequest};
use crate::flavor::Flavor;
use crate::report::Evidence;
use crate::transport::TransportErrorKind;

/// One request of a call and what came of it.
#[derive(Clone)]
#[non_exhaustive]
pub struct Attempt {
    /// How the request was written.
    pub flavor: Flavor,
    /// What came of it.
    pub outcome: Outcome,
    /// From sending to the whole answer, or to the moment at which none was to come.
    pub elapsed: Duration,
    status: Option<StatusCode>,
    /// What the call keeps, and where in it this attempt stands.
    evidence: Arc<dyn Evidence>,
    at: usize,
}

impl Attempt {
    pub(crate) fn new(
        flavor: Flavor,
        status: Option<StatusCode>,
        outcome: Outcome,
        elapsed: Duration,
        (evidence, at): (&Arc<dyn Evidence>, usize),
    ) -> Self {
        Self { flavor, outcome, elapsed, status, evidence: Arc::clone(evidence), at }
    }

    /// The answer's status, also of an accepted one; `None` if no answer came.
    pub fn status(&self) -> Option<StatusCode> {
        self.status
    }

    /// The request as it was sent, but for a mark in place of each secret; `None` if it was not sent.
    /// Equal secrets have equal marks in all attempts of a call, and others have other marks.
    ///
    /// What a transport, or whoever turns the call by hand, changes in it does not show.
    pub fn request(&self) -> Option<CapturedRequest> {
        self.evidence.shown(self.at).map(|shown| shown.request)
    }

    /// The answer as it came, but for a mark in place of each secret; `None` if none came. Of
    /// a body that goes on for more than 2 KiB the beginning is shown.
    pub fn answer(&self) -> Option<CapturedAnswer> {
        self.evidence.shown(self.at)?.answer
    }

    /// A curl command that sends the same request, with a mark in place of each secret; empty if
    /// it was not sent. A POSIX shell runs it as it stands once the marks are filled in, each as it
    /// says: `[client_secret]` by the secret as it is (a `'` as `'\''`), `[code, URL-encoded]` by the
    /// URL-encoded code. Curl adds a `User-Agent` of its own. What we send is text, so that nothing is
    /// lost in it.
    ///
    /// To send a code again can cost the token that it was traded for: see
    /// [`CallError::danger_into_code`](crate::CallError::danger_into_code).
    pub fn to_curl(&self) -> String {
        self.evidence.curl(self.at).unwrap_or_default()
    }
}

impl fmt::Debug for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Attempt")
            .field("flavor", &self.flavor)
            .field("outcome", &self.outcome)
            .field("elapsed", &self.elapsed)
            .field("status", &self.status)
            .finish()
    }
}

/// `basic+form got 401 invalid_client (unknown client)`
impl fmt::Display for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ", self.flavor)?;
        match &self.outcome {
            Outcome::Accepted => f.write_str("got a token"),
            Outcome::Answered { status, error: None } => write!(f, "got {}", status.as_str()),
            Outcome::Answered { status, error: Some(error) } => {
                write!(f, "got {} {error}", status.as_str())
            }
            Outcome::Unanswered(kind) => write!(f, "got no answer ({kind})"),
            Outcome::Unsent => f.write_str("was not sent"),
        }
    }
}

/// What came of an attempt.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Outcome {
    /// What was asked for.
    Accepted,
    /// Another answer.
    Answered {
        /// The answer's status.
        status: StatusCode,
        /// The error that its body tells, if it tells one.
        error: Option<ServerError>,
    },
    /// No answer.
    Unanswered(TransportErrorKind),
    /// It was not to be sent: the headline of a call that stopped before it asked.
    Unsent,
}

/// An error as the server tells it ([RFC 6749, section 5.2][rfc]): free of secrets, and of
/// characters that the RFC does not allow there.
///
/// [rfc]: https://www.rfc-editor.org/rfc/rfc6749#section-5.2
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct ServerError {
    /// The error code, such as `invalid_grant`; at most 64 characters.
    pub code: String,
    /// What the server says about it; at most 512 characters.
    pub description: Option<String>,
    /// A page about it: an `http` or `https` URL.
    pub uri: Option<String>,
}

impl ServerError {
    pub(crate) fn new(code: String, description: Option<String>, uri: Option<String>) -> Self {
        Self { code, description, uri }
    }
}

impl fmt::Display for ServerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.code)?;
        self.description.iter().try_for_each(|description| write!(f, " ({description})"))
    }
}
