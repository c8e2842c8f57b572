//! A token: what an access token comes with, when it expires, how it is stored.

use std::fmt;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::flavor::Flavor;
use crate::secret::{self, Secret};

/// An access token and what came with it ([RFC 6749, section 5.1][rfc]).
///
/// It serializes with its secrets, so that it can be stored: keep it where secrets are kept.
/// Moments are stored as Unix seconds, and so compared, so that a stored token equals itself. What it
/// deserializes from is its own JSON, not a provider's answer.
///
/// [rfc]: https://www.rfc-editor.org/rfc/rfc6749#section-5.1
#[derive(Clone, Deserialize, Serialize)]
#[non_exhaustive]
pub struct Token {
    /// What the API wants to see: [`TokenExchanger::apply`](crate::TokenExchanger::apply) puts it
    /// there, and [`Secret::expose`] gives its text.
    #[serde(with = "secret::stored")]
    pub access_token: Secret,
    /// The type that the server named; `Bearer` if it named none, or named it in another case.
    pub token_type: String,
    /// What a new access token can be had for.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "secret::stored_option")]
    pub refresh_token: Option<Secret>,
    /// When the access token ends; `None` if that is not known.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "stored")]
    pub expires_at: Option<SystemTime>,
    /// When the refresh token ends; `None` if that is not known.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "stored")]
    pub refresh_expires_at: Option<SystemTime>,
    /// What the token is good for; `None` if the answer did not say, which means: what was asked
    /// for ([RFC 6749, section 5.1](https://www.rfc-editor.org/rfc/rfc6749#section-5.1)).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scopes: Option<Vec<String>>,
    /// How it was got, and so where a refresh or a revocation begins; `None` for a token that was got
    /// elsewhere. A refresh by flavors of its own, see
    /// [`RequestConventions::flavors`](crate::RequestConventions::flavors), leaves it as it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flavor: Option<Flavor>,
    /// Every other member of the answer, such as `id_token` (unverified) or `instance_url`.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub extra: Map<String, Value>,
}

impl Token {
    /// A bearer token that was got elsewhere, and of which nothing else is known.
    pub fn bearer(access_token: impl Into<Secret>) -> Self {
        Self {
            access_token: access_token.into(),
            token_type: BEARER.into(),
            refresh_token: None,
            expires_at: None,
            refresh_expires_at: None,
            scopes: None,
            flavor: None,
            extra: Map::new(),
        }
    }

    /// Adds the refresh token that came with it.
    #[must_use]
    pub fn with_refresh_token(mut self, refresh_token: impl Into<Secret>) -> Self {
        self.refresh_token = Some(refresh_token.into());
        self
    }

    /// Whether less than `margin` is left at `now`. `false` if the end is not known: refresh such a
    /// token when the API answers 401.
    pub fn expires_within(&self, margin: Duration, now: SystemTime) -> bool {
        let left = |end: SystemTime| end.duration_since(now).unwrap_or_default();
        self.expires_at.is_some_and(|end| left(end) < margin || end < now)
    }
}

impl PartialEq for Token {
    fn eq(&self, other: &Self) -> bool {
        let Self {
            access_token,
            token_type,
            refresh_token,
            expires_at: _,
            refresh_expires_at: _,
            scopes,
            flavor,
            extra,
        } = self;
        let moments = |token: &Self| {
            [token.expires_at, token.refresh_expires_at].map(|it| it.map(unix_seconds))
        };
        *access_token == other.access_token
            && *token_type == other.token_type
            && *refresh_token == other.refresh_token
            && moments(self) == moments(other)
            && *scopes == other.scopes
            && *flavor == other.flavor
            && *extra == other.extra
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Of what the server wrote itself only what cannot hold a secret.
        let is_bearer = self.token_type == BEARER;
        f.debug_struct("Token")
            .field("access_token", &self.access_token)
            .field("token_type", if is_bearer { &BEARER } else { &"[other]" })
            .field("refresh_token", &self.refresh_token)
            .field("expires_at", &self.expires_at)
            .field("refresh_expires_at", &self.refresh_expires_at)
            .field("scopes", &self.scopes.as_ref().map(Vec::len))
            .field("flavor", &self.flavor)
            .field("extra", &self.extra.len())
            .finish()
    }
}

/// A moment before 1970 has passed like any other.
pub(crate) fn unix_seconds(moment: SystemTime) -> u64 {
    moment.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs()
}

/// The type of every token that we know how to use.
pub(crate) const BEARER: &str = "Bearer";

/// How the moments of a stored token are written.
mod stored {
    use std::time::{Duration, SystemTime};

    use serde::de::Error as _;
    use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer};

    pub(super) fn serialize<S: Serializer>(
        moment: &Option<SystemTime>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        moment.map(super::unix_seconds).serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<SystemTime>, D::Error> {
        let moment = |seconds| {
            SystemTime::UNIX_EPOCH
                .checked_add(Duration::from_secs(seconds))
                .ok_or_else(|| D::Error::custom("a moment beyond what the clock can hold"))
        };
        Option::<u64>::deserialize(from)?.map(moment).transpose()
    }
}
