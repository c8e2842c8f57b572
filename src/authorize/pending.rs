//! What is kept between redirect and callback, and the checks that a callback must pass.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::callback::{Callback, CallbackError};
use crate::code::{Accepted, AuthorizationCode};
use crate::conventions::CallbackConventions;
use crate::pkce::CodeVerifier;
use crate::secret::{self, Secret};

/// What is kept between redirect and callback: state, verifier, redirect URI, issuer, scopes where
/// they are not the configured ones, and a mark of the exchanger. It accepts one callback.
///
/// Some hundred bytes. It serializes with its secrets: keep it where secrets are kept, in the user's
/// session best of all, and forget it once it was used or is some hours old.
#[derive(Deserialize, Serialize)]
pub struct PendingAuthorization {
    #[serde(with = "secret::stored")]
    pub(super) state: Secret,
    #[serde(default, skip_serializing_if = "Option::is_none", with = "stored_verifier")]
    pub(super) verifier: Option<CodeVerifier>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) redirect_uri: Option<String>,
    /// What was asked for, where it is not what was configured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) scope: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) issuer: Option<String>,
    pub(super) origin: String,
    #[serde(default, skip_serializing_if = "is_standard")]
    pub(super) callback: CallbackConventions,
}

impl PendingAuthorization {
    /// What the callback will bring, to find this by.
    pub fn state(&self) -> &str {
        self.state.expose()
    }

    /// Checks that the callback belongs to this authorization, and takes its code.
    ///
    /// # Errors
    ///
    /// In this order:
    ///
    /// - [`MissingState`](CallbackError::MissingState), [`StateMismatch`](CallbackError::StateMismatch):
    ///   the callback belongs to another authorization, or is forged
    ///   ([RFC 6749, section 10.12](https://www.rfc-editor.org/rfc/rfc6749#section-10.12))
    /// - [`IssuerMismatch`](CallbackError::IssuerMismatch), or, where the builder was given an issuer,
    ///   [`MissingIssuer`](CallbackError::MissingIssuer): it comes from another server
    ///   ([RFC 9207, section 2.4](https://www.rfc-editor.org/rfc/rfc9207#section-2.4))
    /// - [`Denied`](CallbackError::Denied): it tells an error, whatever else it brings
    /// - [`MissingCode`](CallbackError::MissingCode): it tells neither an error nor a code
    /// - [`Malformed`](CallbackError::Malformed): one of these parameters cannot be decoded
    pub fn accept(self, callback: Callback) -> Result<AuthorizationCode, CallbackError> {
        let theirs = |name| self.callback.rename.get(name).map_or(name, |theirs| &**theirs);
        let state = callback.decoded(theirs("state"))?.ok_or(CallbackError::MissingState)?;
        if *state != self.state {
            return Err(CallbackError::StateMismatch);
        }
        match (&self.issuer, callback.decoded("iss")?) {
            (Some(issuer), Some(found)) if found.expose() != issuer => {
                return Err(CallbackError::IssuerMismatch);
            }
            (Some(_), None) if !self.callback.issuer_optional => {
                return Err(CallbackError::MissingIssuer);
            }
            _ => {}
        }
        let name = theirs("code");
        if let Some(error) = callback.error([name, theirs("state")])? {
            return Err(CallbackError::Denied(error));
        }
        let code = callback.decoded(name)?.ok_or(CallbackError::MissingCode)?.clone();
        let params = callback.into_params().filter(|(known, _)| known != name);
        Ok(AuthorizationCode {
            code,
            verifier: self.verifier,
            redirect_uri: self.redirect_uri,
            accepted: Some(Box::new(Accepted {
                origin: self.origin,
                state: self.state,
                scope: self.scope,
                params: params.collect(),
            })),
        })
    }
}

impl fmt::Debug for PendingAuthorization {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PendingAuthorization")
            .field("state", &self.state)
            .field("verifier", &self.verifier)
            .field("redirect_uri", &self.redirect_uri)
            .field("issuer", &self.issuer)
            .finish_non_exhaustive()
    }
}

fn is_standard(callback: &CallbackConventions) -> bool {
    *callback == CallbackConventions::default()
}

mod stored_verifier {
    use serde::de::Error as _;
    use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer};

    use crate::pkce::CodeVerifier;

    pub(super) fn serialize<S: Serializer>(
        verifier: &Option<CodeVerifier>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        verifier.as_ref().map(CodeVerifier::expose).serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<CodeVerifier>, D::Error> {
        let text = Option::<String>::deserialize(from)?;
        text.as_deref().map(CodeVerifier::parse).transpose().map_err(D::Error::custom)
    }
}
