//! What an error says to a person: what happened, what has become of the code, what to do.

use std::fmt;

use http::StatusCode;

use super::{CallError, CallErrorKind, Failure, Headline, Outcome, ServerError};
use crate::code::CodeFate;
use crate::kind::Kind;
use crate::transport::TransportErrorKind;

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Failure { kind, asked, host, attempts, may_have_spent, .. } = &*self.0;
        write!(f, "{asked} failed: ")?;
        match kind {
            CallErrorKind::Refused(_) => write!(f, "{host} refused")?,
            CallErrorKind::NoFlavorAccepted => write!(f, "{host} accepted no way of asking")?,
            CallErrorKind::WrongEndpoint(_) if *asked == Kind::Revocation => {
                write!(f, "{host} has no revocation endpoint there")?;
            }
            CallErrorKind::WrongEndpoint(_) => write!(f, "{host} has no token endpoint there")?,
            CallErrorKind::Unavailable { .. } => write!(f, "{host} is unavailable")?,
            CallErrorKind::Redirected { location: Some(location) } => {
                write!(f, "{host} redirects to {location}")?;
            }
            CallErrorKind::Redirected { location: None } => write!(f, "{host} redirects")?,
            CallErrorKind::Unreadable(_) => write!(f, "{host} gave an answer without a token")?,
            CallErrorKind::Transport(_) => write!(f, "{host} gave no answer")?,
            CallErrorKind::WrongExchanger => {
                write!(f, "the code is not for {host} and this client")?
            }
            CallErrorKind::UrlTooLong => write!(f, "{host} wants all in a URL, which is too long")?,
        }
        write!(f, ": {}", self.headline())?;
        match (&self.0.headline, attempts.len()) {
            (Headline::Unsent(_), _) => {}
            (Headline::Made(_), 1) => f.write_str(" (the only attempt)")?,
            (Headline::Made(at), made) => write!(f, " (attempt {} of the {made} made)", at + 1)?,
        }
        if let Some(wait) = self.retry_after() {
            write!(f, ", which asks to wait {} s", wait.as_secs())?;
        }
        self.fate(f)?;
        if let Some(spender) = may_have_spent {
            let attempt = &attempts[*spender];
            write!(
                f,
                ", perhaps by attempt {} ({attempt}), so that flavor now comes last",
                spender + 1
            )?;
        }
        if !self.untried().is_empty() {
            let names = self.untried().iter().map(ToString::to_string).collect::<Vec<_>>();
            write!(f, "; max_attempts or time_limit kept {} from being tried", names.join(", "))?;
        }
        f.write_str("; ")?;
        self.advise(f)?;
        if may_have_spent.is_some() {
            f.write_str("; if that fails too, check client id and secret")?;
        }
        if self.0.flavor_was_a_guess {
            f.write_str(
                "; how the token was got is not known: if it was by another flavor, put that into \
                 the token",
            )?;
        }
        Ok(())
    }
}

impl CallError {
    fn fate(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let spent = match self.0.asked {
            Kind::Exchange => "the code",
            Kind::Refresh => "the refresh token",
            // Nothing is used up by asking.
            Kind::ClientCredentials | Kind::Revocation => return Ok(()),
        };
        match self.0.fate {
            CodeFate::Unsent => write!(f, "; {spent} was not sent"),
            CodeFate::ProbablyLive => write!(f, "; {spent} can probably still be used"),
            CodeFate::Spent if self.0.asked == Kind::Refresh && !self.0.refresh_token_is_dead => {
                write!(f, "; {spent} may be spent")
            }
            CodeFate::Unknown => write!(f, "; {spent} may be spent"),
            CodeFate::Spent => write!(f, "; {spent} is spent"),
        }
    }

    /// Whether a refusal tells no error, nor by its status that it was about the client.
    fn says_nothing(&self) -> bool {
        let status = StatusCode::UNAUTHORIZED;
        matches!(&self.headline().outcome, Outcome::Answered { status: other, error: None } if *other != status)
    }

    /// Whether the refusal tells that the body could not be read, of a refresh or a revocation: these
    /// go on only after the client was refused.
    fn has_read_nothing(&self, told: &ServerError) -> bool {
        let is_unread = matches!(&*told.code, "unsupported_grant_type" | "invalid_request");
        is_unread
            && self.attempts().len() > 1
            && matches!(self.0.asked, Kind::Refresh | Kind::Revocation)
    }

    fn advise(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let asked = self.0.asked;
        let url = match asked {
            Kind::Exchange | Kind::ClientCredentials => "token URL",
            Kind::Refresh => "refresh URL (the token URL, if there is no other)",
            Kind::Revocation => "revocation URL",
        };
        // A refresh may be tried again with the token that there is; a spent code is worth nothing.
        let again = if asked == Kind::Exchange && self.0.fate > CodeFate::ProbablyLive {
            "authorize again"
        } else {
            "try again"
        };
        match &self.0.kind {
            CallErrorKind::Refused(told) => f.write_str(match asked {
                Kind::Exchange => {
                    "authorize again, or mend what the answer names (redirect URI, scope, verifier)"
                }
                Kind::Refresh if self.0.refresh_token_is_dead => "authorize again",
                Kind::Revocation if told.code == "unsupported_token_type" => {
                    "revoke the access token instead: a Token::bearer of it"
                }
                _ if self.has_read_nothing(told) => {
                    "check client id and secret, since the attempts before were refused as a client, \
                     then what the answer names"
                }
                _ => "mend what the answer names",
            }),
            CallErrorKind::NoFlavorAccepted if asked == Kind::Refresh && self.says_nothing() => f
                .write_str(
                    "the answer does not say why: if this lasts, authorize again, and check client \
                     id and secret",
                ),
            CallErrorKind::NoFlavorAccepted => match self.0.told_more {
                Some(at) => write!(
                    f,
                    "look first at what attempt {} was told ({}), then check client id and secret",
                    at + 1,
                    self.0.attempts[at]
                ),
                None => f.write_str("check client id and secret, and what the answer says"),
            },
            CallErrorKind::WrongEndpoint(_) => write!(f, "check the {url}"),
            CallErrorKind::Redirected { .. } => {
                write!(f, "check the {url}: no redirect is followed")
            }
            CallErrorKind::Unreadable(_) => write!(
                f,
                "check that the {url} is one, and whether its answer holds a token in another shape"
            ),
            CallErrorKind::Unavailable { .. } if again == "try again" => {
                f.write_str("try again later")
            }
            CallErrorKind::Unavailable { .. } => write!(f, "{again} once the server is back"),
            CallErrorKind::Transport(error) => match (error.kind(), self.0.fate) {
                (TransportErrorKind::Unplugged, _) => {
                    f.write_str("give the builder a transport, or drive the call yourself")
                }
                (TransportErrorKind::TooLarge, _) => write!(f, "check that the {url} is one"),
                (_, CodeFate::Unsent | CodeFate::ProbablyLive) => {
                    f.write_str("check the host, its certificate and the network, then try again")
                }
                _ => write!(f, "{again} once the network is back"),
            },
            CallErrorKind::WrongExchanger => {
                f.write_str("exchange it with the exchanger that began its authorization")
            }
            CallErrorKind::UrlTooLong => {
                f.write_str("check the lengths of the code, the scopes and the parameters")
            }
        }
    }
}
