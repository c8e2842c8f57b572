//! How a provider's answers depart from the standard.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{is_default, map};

/// How the answers of a token endpoint depart from the standard. JSON Pointers are those of
/// [RFC 6901](https://www.rfc-editor.org/rfc/rfc6901): `/data/0/token`, and an empty one for the
/// whole answer.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct AnswerConventions {
    /// A JSON Pointer to the object that has the token's members. The whole answer by default.
    ///
    /// TikTok Ads answers `{"code": 0, "data": {"access_token": ...}}`, Slack has a user's token
    /// under `/authed_user`.
    #[serde(skip_serializing_if = "is_default")]
    pub root: String,
    /// What the members beside the token are called, by names and not by pointers: of `access_token`, `token_type`, `refresh_token`, `expires_in`,
    /// `refresh_token_expires_in` and `scope` those that have another name.
    ///
    /// Sentry answers `token` and `refreshToken`, ZoomInfo `jwt`.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "map::without_repeats")]
    pub rename: BTreeMap<String, String>,
    /// The unit of the lifetimes: `"seconds"` (default) or `"milliseconds"`.
    ///
    /// Fiserv tells `expires_in` in milliseconds.
    #[serde(skip_serializing_if = "is_default")]
    pub lifetime_unit: LifetimeUnit,
    /// A member that tells the moment at which the access token ends, such as
    /// `{"name": "expires_on", "format": "milliseconds"}`. It counts before a lifetime.
    ///
    /// Clover tells `access_token_expiration` in Unix seconds, SHOPLINE `expireTime` as a date.
    #[serde(skip_serializing_if = "is_default")]
    pub expires_at: Option<ExpiresAt>,
    /// The same of the refresh token.
    ///
    /// Clover tells `refresh_token_expiration`.
    #[serde(skip_serializing_if = "is_default")]
    pub refresh_expires_at: Option<ExpiresAt>,
    /// The lifetime of the access token, in seconds, where an answer tells none.
    ///
    /// Jobber's and Workday's tokens live an hour, and they do not say so.
    #[serde(skip_serializing_if = "is_default")]
    pub default_lifetime: Option<u64>,
    /// What a lifetime of 0 means: `"unknown"` (default) or `"never"`.
    ///
    /// Mailchimp's tokens do not expire, and tell 0.
    #[serde(skip_serializing_if = "is_default")]
    pub zero_lifetime: ZeroLifetime,
    /// What in an answer means an error, beside a standard `error` member; also in the answer to a
    /// revocation.
    ///
    /// Slack answers 200 and `{"ok": false}`, TikTok Ads 200 and a `code` other than 0.
    #[serde(skip_serializing_if = "is_default")]
    pub error: Option<ErrorSign>,
}

/// The unit of a lifetime.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum LifetimeUnit {
    /// Seconds, as the standard has it.
    #[default]
    Seconds,
    /// Milliseconds.
    Milliseconds,
}

/// What a lifetime of 0 means.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ZeroLifetime {
    /// Nothing: it is taken as not known, with a warning.
    #[default]
    Unknown,
    /// The token does not expire. [`AnswerConventions::default_lifetime`] does not count then.
    Never,
}

/// A member that tells a moment.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct ExpiresAt {
    /// Its name, in the object that [`AnswerConventions::root`] points to.
    pub name: String,
    /// How it tells the moment: `"seconds"` (default), `"milliseconds"` or `"rfc3339"`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub format: ExpiresAtFormat,
}

impl ExpiresAt {
    /// A member of this name and format.
    pub fn new(name: impl Into<String>, format: ExpiresAtFormat) -> Self {
        Self { name: name.into(), format }
    }
}

/// How a moment is told.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ExpiresAtFormat {
    /// In seconds since 1970.
    #[default]
    Seconds,
    /// In milliseconds since 1970.
    Milliseconds,
    /// As a date and time of [RFC 3339](https://www.rfc-editor.org/rfc/rfc3339); without an offset
    /// it is UTC.
    Rfc3339,
}

/// Where an answer says whether it is an error, and in which words. Numbers and texts that read the
/// same are the same: `0` and `"0"`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct ErrorSign {
    /// A JSON Pointer to the value that says it, from the whole answer. Where it is missing, the
    /// answer is read as the standard has it.
    pub pointer: String,
    /// The values that mean success; every other one is an error. An answer of success is none even
    /// if it has an `error` member.
    #[serde(default, skip_serializing_if = "is_default")]
    pub success: Vec<Value>,
    /// The values that mean an error, where `success` is empty. If both are, every value does.
    #[serde(default, skip_serializing_if = "is_default")]
    pub error: Vec<Value>,
    /// A JSON Pointer to the error's code. By default the value that said it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub code: Option<String>,
    /// A JSON Pointer to what is said about the error.
    #[serde(default, skip_serializing_if = "is_default")]
    pub description: Option<String>,
}

impl ErrorSign {
    /// A value that means an error whatever it is, where this pointer finds one.
    pub fn at(pointer: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), ..Self::default() }
    }
}
