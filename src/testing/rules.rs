//! What one server has been told about itself.

use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use serde_json::Value;

use super::answers::{self, Answer, Refusal};
use super::client::Client;
use crate::transport::HttpResponse;

/// What a server makes of PKCE ([RFC 7636](https://www.rfc-editor.org/rfc/rfc7636)).
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum PkceRule {
    /// Checked where the authorization request had a challenge; a verifier without one is refused.
    #[default]
    Optional,
    /// An authorization request without a challenge is refused, and so is a code that was given
    /// without one.
    Required,
    /// A challenge is refused, and so is a verifier.
    Refused,
}

/// Whether there are refresh tokens, and how long each is good for.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum RefreshTokens {
    /// Each refresh brings a new one and ends the old one; one that comes twice ends all that came
    /// of the same authorization.
    #[default]
    Rotated,
    /// One is good until it is revoked, and a refresh brings none.
    Kept,
    /// As `Rotated`, but only where the scope holds `offline_access`.
    OfflineAccess,
    /// There are none.
    Never,
}

pub(super) type TokenShape = Arc<dyn Fn(Value) -> HttpResponse + Send + Sync>;
pub(super) type ErrorShape = Arc<dyn Fn(StatusCode, Value) -> HttpResponse + Send + Sync>;

pub(super) struct Rules {
    /// `None`: whoever asks is let in, with whatever code.
    pub(super) client: Option<Client>,
    pub(super) redirect_uris: Vec<String>,
    /// `None`: any.
    pub(super) scopes: Option<Vec<String>>,
    pub(super) expires_in: Duration,
    pub(super) pkce: PkceRule,
    pub(super) refresh_tokens: RefreshTokens,
    pub(super) issuer: Option<String>,
    pub(super) shapes: Shapes,
}

impl Rules {
    pub(super) fn new(client: Option<Client>) -> Self {
        Self {
            expires_in: Duration::from_secs(if client.is_some() { 3600 } else { 60 }),
            client,
            redirect_uris: Vec::new(),
            scopes: None,
            pkce: PkceRule::default(),
            refresh_tokens: RefreshTokens::default(),
            issuer: None,
            shapes: Shapes::default(),
        }
    }

    /// The scopes that this text asks for, where all may be had.
    pub(super) fn scopes_of(&self, scope: &str) -> Result<Vec<String>, Refusal> {
        let asked: Vec<_> = scope.split_ascii_whitespace().map(str::to_owned).collect();
        match &self.scopes {
            Some(allowed) if !asked.iter().all(|scope| allowed.contains(scope)) => {
                Err(Refusal::new("invalid_scope", "no such scope"))
            }
            _ => Ok(asked),
        }
    }

    pub(super) fn gives_refresh_token(&self, scopes: &[String]) -> bool {
        match self.refresh_tokens {
            RefreshTokens::Rotated | RefreshTokens::Kept => true,
            RefreshTokens::OfflineAccess => scopes.iter().any(|scope| scope == "offline_access"),
            RefreshTokens::Never => false,
        }
    }
}

/// How a provider puts its answers.
#[derive(Clone, Default)]
pub(super) struct Shapes {
    pub(super) token: Option<TokenShape>,
    pub(super) error: Option<ErrorShape>,
}

impl Shapes {
    pub(super) fn put(&self, answer: Answer) -> HttpResponse {
        let mut answer = match answer {
            Answer::Other(answer) => return answer,
            Answer::Token(token) => match &self.token {
                Some(shape) => shape(token),
                None => answers::json(StatusCode::OK, &token),
            },
            Answer::Refusal(refusal) => match &self.error {
                Some(shape) => shape(refusal.status, refusal.body()),
                None => answers::json(refusal.status, &refusal.body()),
            },
        };
        answers::add_headers(&mut answer);
        answer
    }
}
