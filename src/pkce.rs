//! Proof Key for Code Exchange: the verifier and its challenge.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

use crate::flavor::is_unreserved;
use crate::secret::Secret;

/// The code verifier of [RFC 7636, section 4.1](https://www.rfc-editor.org/rfc/rfc7636#section-4.1):
/// the secret behind the challenge that the authorization request carried.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CodeVerifier(Secret);

impl CodeVerifier {
    /// Writes 32 random bytes as a verifier of 43 characters. The bytes must come from a
    /// cryptographic source and serve one authorization only.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(URL_SAFE_NO_PAD.encode(bytes).into())
    }

    /// Takes a verifier that was made and kept elsewhere.
    ///
    /// # Errors
    ///
    /// - it is shorter than 43 or longer than 128 characters
    /// - it holds another character than `A-Z a-z 0-9 - . _ ~`
    pub fn parse(verifier: &str) -> Result<Self, InvalidVerifier> {
        if !(43..=128).contains(&verifier.len()) || !is_unreserved(verifier) {
            return Err(InvalidVerifier);
        }
        Ok(Self(verifier.into()))
    }

    /// The `S256` challenge of [RFC 7636, section 4.2](https://www.rfc-editor.org/rfc/rfc7636#section-4.2).
    pub fn challenge(&self) -> String {
        URL_SAFE_NO_PAD.encode(Sha256::digest(self.expose()))
    }

    pub(crate) fn expose(&self) -> &str {
        self.0.expose()
    }
}

/// A text that cannot be a code verifier.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("a code verifier has 43 to 128 characters, each one of A-Z a-z 0-9 - . _ ~")]
#[non_exhaustive]
pub struct InvalidVerifier;
