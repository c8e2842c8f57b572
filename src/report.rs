//! What a call did, as one document without secrets: for a support ticket or a test.

use std::error::Error as StdError;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use crate::capture::{CapturedAnswer, CapturedRequest};
use crate::code::AuthorizationCode;
use crate::flavor::Flavor;

/// What a call keeps of itself for those who ask later. Nothing of it is written, nor masked, before
/// somebody does.
pub(crate) trait Evidence: Send + Sync {
    /// The attempt's request and answer; `None` of one that was not sent.
    fn shown(&self, attempt: usize) -> Option<Shown>;
    /// The attempt's request as a command; `None` of one that was not sent.
    fn curl(&self, attempt: usize) -> Option<String>;
    /// Those of all attempts that were sent.
    fn all_shown(&self) -> Vec<Shown>;
    /// How the exchanger was configured.
    fn configuration(&self) -> ReportedConfiguration;
    /// A text of a server, with a mark in place of each secret.
    fn masked(&self, text: &str) -> String;
    /// The code, if the call was about one.
    fn code(&self) -> Option<AuthorizationCode>;
}

/// One attempt as it may be shown.
pub(crate) struct Shown {
    pub(crate) sent: SystemTime,
    pub(crate) request: CapturedRequest,
    pub(crate) answer: Option<CapturedAnswer>,
}

/// What a call did and what came of it, without a secret. Its JSON is stable within a `version`.
/// [`check_report`](crate::doctor::check_report) says what to make of it, and
/// `testing::AuthorizationServer::replay` answers as the provider in it did.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Report {
    /// The version of this document: [`Report::VERSION`].
    pub version: u32,
    /// What was asked: `exchange`, `client_credentials`, `refresh` or `revocation`.
    pub asked: String,
    /// Whether it got what it asked for.
    pub ok: bool,
    /// Why it failed, such as `no_flavor_accepted`: the name of the
    /// [`CallErrorKind`](crate::CallErrorKind).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// One line for a person.
    pub message: String,
    /// What the error comes from, from the outside in: of a transport that gave no answer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub because: Vec<String>,
    /// Which of the attempts tells most, counted from 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub headline: Option<usize>,
    /// Whether the code or the refresh token can still be used: `unsent`, `probably_live`,
    /// `unknown` or `spent`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fate: Option<String>,
    /// Every attempt, in the order in which they were made.
    pub attempts: Vec<ReportedAttempt>,
    /// What was odd about the answer that was accepted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// What was got.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<ReportedToken>,
    /// How the exchanger was configured.
    pub configuration: ReportedConfiguration,
}

impl Report {
    /// The version that this crate writes.
    pub const VERSION: u32 = 1;
}

/// One attempt.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ReportedAttempt {
    /// How the request was written.
    pub flavor: Flavor,
    /// `accepted`, `answered`, or why no answer came: `connect`, `timeout`, `interrupted`,
    /// `too_large`, `unplugged`.
    pub outcome: String,
    /// The error code that the answer tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// What the answer says about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_description: Option<String>,
    /// When it was sent, in Unix seconds.
    pub sent_at: u64,
    /// How long it took, in milliseconds.
    pub elapsed_ms: u64,
    /// What was sent.
    pub request: CapturedRequest,
    /// What came back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<CapturedAnswer>,
}

/// What is known of a token, without the token.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ReportedToken {
    /// As the server named it.
    pub token_type: String,
    /// Whether a refresh token came with it.
    pub has_refresh_token: bool,
    /// Its lifetime in seconds, if it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_in: Option<u64>,
    /// The refresh token's lifetime in seconds, if it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refresh_expires_in: Option<u64>,
    /// What the server says that it is good for, separated by spaces.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
}

/// How an exchanger is configured, without its secret.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ReportedConfiguration {
    /// The client's id.
    pub client_id: String,
    /// Whether there is a secret.
    pub has_client_secret: bool,
    /// Whether URL-encoding changes the id or the secret.
    pub encoding_matters: bool,
    /// Where tokens are asked for.
    pub token_url: String,
    /// Where users are sent to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authorization_url: Option<String>,
    /// Where tokens are refreshed, if not at the token URL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refresh_url: Option<String>,
    /// Where tokens are revoked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revocation_url: Option<String>,
    /// Where users are sent back to; empty if there is none.
    pub redirect_uri: String,
    /// What is asked for.
    pub scopes: Vec<String>,
    /// `exhaustive` or `careful`.
    pub policy: String,
    /// The order in which the next exchange would try the flavors.
    pub flavors: Vec<Flavor>,
    /// Which conventions depart from the standard, as JSON Pointers into
    /// [`Conventions`](crate::Conventions); their values are left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conventions: Vec<String>,
}

/// What the error comes from, from the outside in.
pub(crate) fn causes(error: &(dyn StdError + 'static)) -> Vec<String> {
    let mut causes = Vec::new();
    let mut source = error.source();
    while let Some(cause) = source {
        causes.push(cause.to_string());
        source = cause.source();
    }
    causes
}

/// In whole milliseconds.
pub(crate) fn millis(duration: Duration) -> u64 {
    duration.as_millis().try_into().unwrap_or(u64::MAX)
}
