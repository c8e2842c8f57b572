//! What can go wrong in a call, told attempt by attempt.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;

use crate::code::{AuthorizationCode, CodeFate};
use crate::flavor::Flavor;
use crate::kind::Kind;
use crate::report::Evidence;
use crate::transport::{TransportError, TransportErrorKind};

mod advice;
mod attempt;
mod config;
mod reporting;

pub use self::attempt::{Attempt, Outcome, ServerError};
pub use self::config::{ConfigError, MissingEndpoint, NotRefreshable};
pub(crate) use self::reporting::reported;

/// A call that failed: why, at which attempts, and what has become of the code.
///
/// `Display` is one line to act on. No part of it, nor of its sources, holds a secret, also where
/// the server sent one back.
pub struct CallError(Box<Failure>);

/// What a [`CallError`] holds.
pub(crate) struct Failure {
    pub(crate) kind: CallErrorKind,
    pub(crate) asked: Kind,
    pub(crate) host: Arc<str>,
    pub(crate) attempts: Vec<Attempt>,
    pub(crate) headline: Headline,
    pub(crate) fate: CodeFate,
    /// The first attempt, where it may have spent the code that a later one was refused for.
    pub(crate) may_have_spent: Option<usize>,
    /// The first attempt that was told in words of something other than the client, where the headline
    /// is of a client that was not recognised.
    pub(crate) told_more: Option<usize>,
    /// What a limit on attempts or time left untried.
    pub(crate) untried: Vec<Flavor>,
    pub(crate) evidence: Arc<dyn Evidence>,
    /// Whether the refresh token is no longer good.
    pub(crate) refresh_token_is_dead: bool,
    /// Whether the flavor may be the wrong one, of a token that was got nobody knows how.
    pub(crate) flavor_was_a_guess: bool,
}

/// Which attempt tells most.
pub(crate) enum Headline {
    /// An index of the attempts.
    Made(usize),
    /// One that was not to be sent.
    Unsent(Attempt),
}

impl CallError {
    pub(crate) fn new(failure: Failure) -> Self {
        Self(Box::new(failure))
    }

    /// Why the call failed.
    pub fn kind(&self) -> &CallErrorKind {
        &self.0.kind
    }

    /// Every attempt, in the order in which they were made.
    pub fn attempts(&self) -> &[Attempt] {
        &self.0.attempts
    }

    /// The attempt that stopped the call; where none did, the most telling one. Of a call that sent
    /// nothing, the one that it would have made.
    pub fn headline(&self) -> &Attempt {
        match &self.0.headline {
            Headline::Made(at) => &self.0.attempts[*at],
            Headline::Unsent(attempt) => attempt,
        }
    }

    /// The flavors that were not tried because the call reached its limit on attempts or time.
    pub fn untried(&self) -> &[Flavor] {
        &self.0.untried
    }

    /// Whether the code can still be used: the worst over all attempts. Of a refresh it speaks of
    /// the refresh token, and of any other call it says how far its requests may have got.
    pub fn code_fate(&self) -> CodeFate {
        self.0.fate
    }

    /// The code, if it may be tried again: its fate is [`CodeFate::Unsent`] or
    /// [`CodeFate::ProbablyLive`]. With it come its verifier and redirect URI, but not what
    /// [`Call::param`](crate::Call::param) added.
    pub fn into_code(self) -> Option<AuthorizationCode> {
        if self.0.fate <= CodeFate::ProbablyLive { self.0.evidence.code() } else { None }
    }

    /// The code, whatever its fate. A server that sees a code again after it issued a token should
    /// revoke that token ([RFC 6749, section 4.1.2][rfc]).
    ///
    /// [rfc]: https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2
    pub fn danger_into_code(self) -> Option<AuthorizationCode> {
        self.0.evidence.code()
    }

    /// Whether it is sure that nothing but a new authorization by the user can help: the code is
    /// spent, or a refresh was answered `invalid_grant` or a vendor's word for it.
    pub fn needs_reauthorization(&self) -> bool {
        match self.0.asked {
            Kind::Exchange => self.0.fate == CodeFate::Spent,
            Kind::Refresh => self.0.refresh_token_is_dead,
            Kind::ClientCredentials | Kind::Revocation => false,
        }
    }

    /// Whether the fault may pass by itself: the server is unavailable, or the network failed. The
    /// code may be spent all the same: try it again only if [`into_code`](Self::into_code) gives it
    /// back, else begin a new authorization.
    pub fn is_transient(&self) -> bool {
        match &self.0.kind {
            CallErrorKind::Unavailable { .. } => true,
            CallErrorKind::Transport(error) => matches!(
                error.kind(),
                TransportErrorKind::Connect
                    | TransportErrorKind::Timeout
                    | TransportErrorKind::Interrupted
            ),
            _ => false,
        }
    }

    /// How long the server asked to wait, if it did.
    pub fn retry_after(&self) -> Option<Duration> {
        match self.0.kind {
            CallErrorKind::Unavailable { retry_after, .. } => retry_after,
            _ => None,
        }
    }
}

impl fmt::Debug for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallError")
            .field("asked", &self.0.asked.to_string())
            .field("kind", &self.0.kind)
            .field("host", &self.0.host)
            .field("attempts", &self.0.attempts)
            .field("headline", self.headline())
            .field("code_fate", &self.0.fate)
            .field("untried", &self.0.untried)
            .finish_non_exhaustive()
    }
}

impl StdError for CallError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match &self.0.kind {
            CallErrorKind::Transport(error) => Some(error),
            _ => None,
        }
    }
}

/// Why a call failed, and with that what to do.
#[derive(Debug)]
#[non_exhaustive]
pub enum CallErrorKind {
    /// The server understood and said no (`invalid_grant`, `invalid_scope`, `access_denied`):
    /// authorize again, or mend what it names. The code is the server's own, also where conventions
    /// give it a meaning: ask [`CallError::needs_reauthorization`].
    Refused(ServerError),
    /// No way of asking was accepted: check the client id and the secret, and what the headline
    /// attempt was told.
    NoFlavorAccepted,
    /// 404, 405 or 410: check the URL.
    WrongEndpoint(StatusCode),
    /// 429, 5xx, or an error that says as much: try again later.
    Unavailable {
        /// The status of the headline attempt.
        status: StatusCode,
        /// How long the server asked to wait, if it did.
        retry_after: Option<Duration>,
    },
    /// The endpoint has moved, or sends everyone elsewhere. Redirects are never followed: the
    /// credentials go to the configured host and to no other.
    Redirected {
        /// Where to, as the server wrote it, without user, query and fragment.
        location: Option<String>,
    },
    /// An answer without an error and without a token that could be used: it may hold one that
    /// cannot be found, or it is none of a token endpoint.
    Unreadable(StatusCode),
    /// No answer came.
    Transport(TransportError),
    /// The code was begun by another exchanger, of another token URL or client id, and would be
    /// given away here. Nothing was sent; the error gives the code back.
    WrongExchanger,
    /// The conventions put the parameters into the URL, and it would be longer than any request can
    /// have: 64 KiB. The last request was not sent.
    UrlTooLong,
}

impl CallErrorKind {
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Refused(_) => "refused",
            Self::NoFlavorAccepted => "no_flavor_accepted",
            Self::WrongEndpoint(_) => "wrong_endpoint",
            Self::Unavailable { .. } => "unavailable",
            Self::Redirected { .. } => "redirected",
            Self::Unreadable(_) => "unreadable",
            Self::Transport(_) => "transport",
            Self::WrongExchanger => "wrong_exchanger",
            Self::UrlTooLong => "url_too_long",
        }
    }
}

impl fmt::Display for CallErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
