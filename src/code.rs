//! The authorization code, which can be used once, and its fate.

use std::fmt;

use crate::pkce::CodeVerifier;
use crate::secret::Secret;

/// An authorization code and what has to go with it when it is exchanged.
///
/// Not `Clone`: a code can be used once ([RFC 6749, section 4.1.2][rfc]). An exchange takes it;
/// a failed one gives it back if it may still be used.
///
/// [rfc]: https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2
#[derive(Debug)]
pub struct AuthorizationCode {
    pub(crate) code: Secret,
    pub(crate) verifier: Option<CodeVerifier>,
    pub(crate) redirect_uri: Option<String>,
    /// Where it comes from, if it was accepted and not taken unchecked.
    pub(crate) accepted: Option<Box<Accepted>>,
}

/// What is known of a code that came by a callback.
#[derive(Clone)]
pub(crate) struct Accepted {
    /// Which exchanger began its authorization.
    pub(crate) origin: String,
    pub(crate) state: Secret,
    /// What was asked for, where it is not what was configured.
    pub(crate) scope: Option<String>,
    /// What else the callback brought.
    pub(crate) params: Vec<(String, Secret)>,
}

impl AuthorizationCode {
    /// Takes a code from a callback whose `state` the caller has already compared with the one
    /// that it sent ([RFC 6749, section 10.12](https://www.rfc-editor.org/rfc/rfc6749#section-10.12)).
    /// An empty code is sent as none, which no provider accepts.
    pub fn unchecked(code: impl Into<Secret>) -> Self {
        Self { code: code.into(), verifier: None, redirect_uri: None, accepted: None }
    }

    /// Adds the verifier of the challenge that the authorization request carried.
    #[must_use]
    pub fn verifier(mut self, verifier: CodeVerifier) -> Self {
        self.verifier = Some(verifier);
        self
    }

    /// Sets the redirect URI that the authorization request carried, where it was another than
    /// the configured one. It is sent byte for byte; an empty one is left out.
    #[must_use]
    pub fn redirect_uri(mut self, uri: impl Into<String>) -> Self {
        self.redirect_uri = Some(uri.into());
        self
    }

    /// The code once more: for the error that gives back what its call has taken.
    pub(crate) fn again(&self) -> Self {
        let Self { code, verifier, redirect_uri, accepted } = self;
        Self {
            code: code.clone(),
            verifier: verifier.clone(),
            redirect_uri: redirect_uri.clone(),
            accepted: accepted.clone(),
        }
    }

    /// What else the callback brought under this name, such as `realmId`; `None` if there was nothing
    /// of it, or the code came without its callback.
    pub fn param(&self, name: &str) -> Option<&str> {
        let mut params = self.accepted.iter().flat_map(|accepted| &accepted.params);
        params.find(|(known, _)| known == name).map(|(_, value)| value.expose())
    }
}

// Whoever forges a callback chooses the names too.
impl fmt::Debug for Accepted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Accepted").field("params", &self.params.len()).finish_non_exhaustive()
    }
}

/// Whether an authorization code can still be used after a call that failed. From best to worst,
/// so that the fate after several attempts is the greatest of theirs.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
#[expect(clippy::exhaustive_enums, reason = "whoever keeps a code must decide for each fate")]
pub enum CodeFate {
    /// No request can have arrived.
    Unsent,
    /// Refused for another reason than the code; most servers keep it then. Of 25 servers
    /// measured, 2 did not.
    ProbablyLive,
    /// It may have been used up, and nothing that came back tells.
    Unknown,
    /// Used up, or refused for good.
    Spent,
}

impl fmt::Display for CodeFate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unsent => "unsent",
            Self::ProbablyLive => "probably_live",
            Self::Unknown => "unknown",
            Self::Spent => "spent",
        })
    }
}
