//! What a walk found, step by step.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::super::{Finding, Severity};
use crate::capture::{CapturedAnswer, CapturedRequest};
use crate::report::{Report, ReportedConfiguration, ReportedToken};

/// What a [`Walk`](super::Walk) found: every step in its order, also those that were not done.
///
/// Holds no secret. Its JSON is stable within a `version`; `Display` is a text for a person.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[non_exhaustive]
pub struct WalkReport {
    /// The version of this document: [`WalkReport::VERSION`].
    pub version: u32,
    /// One of each [`StepName`], in their order.
    pub steps: Vec<Step>,
}

impl WalkReport {
    /// The version that this crate writes.
    pub const VERSION: u32 = 1;

    /// The worst status of all steps: [`StepStatus::Failed`] if one failed.
    pub fn status(&self) -> StepStatus {
        self.steps.iter().map(|step| step.status).max().unwrap_or(StepStatus::Skipped)
    }

    /// The step of this name.
    pub fn step(&self, name: StepName) -> Option<&Step> {
        self.steps.iter().find(|step| step.name == name)
    }

    /// What was found at all steps.
    pub fn findings(&self) -> impl Iterator<Item = &Finding> {
        self.steps.iter().flat_map(|step| &step.findings)
    }
}

/// Each step, and in the end how many came out how.
impl fmt::Display for WalkReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for step in &self.steps {
            writeln!(f, "{step}")?;
        }
        let count = |status| self.steps.iter().filter(|step| step.status == status).count();
        let all = [StepStatus::Passed, StepStatus::Warned, StepStatus::Failed, StepStatus::Skipped];
        let counts = all.map(|status| format!("{} {status}", count(status)));
        f.write_str(&counts.join(", "))
    }
}

/// One step of a walk.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Step {
    /// Which.
    pub name: StepName,
    /// How it came out.
    pub status: StepStatus,
    /// What was done and seen, or why nothing was; one line.
    pub said: String,
    /// What is to be said of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Finding>,
    /// What shows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<StepEvidence>,
}

impl Step {
    pub(super) fn skipped(name: StepName, why: impl Into<String>) -> Self {
        Self::new(name, StepStatus::Skipped, why)
    }

    pub(super) fn new(name: StepName, status: StepStatus, said: impl Into<String>) -> Self {
        Self { name, status, said: said.into(), findings: Vec::new(), evidence: None }
    }

    pub(super) fn shown_by(self, evidence: StepEvidence) -> Self {
        Self { evidence: Some(evidence), ..self }
    }

    /// Adds what was found: a step that passed with anything to say of it has warned.
    pub(super) fn found(mut self, findings: impl IntoIterator<Item = Finding>) -> Self {
        self.findings.extend(findings);
        if self.status == StepStatus::Passed && !self.findings.is_empty() {
            self.status = StepStatus::Warned;
        }
        self
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mark = match self.status {
            StepStatus::Passed => "ok",
            StepStatus::Warned => "warn",
            StepStatus::Failed => "FAIL",
            StepStatus::Skipped => "skip",
        };
        write!(f, "{mark:<5} {}: {}", self.name, self.said)?;
        if let Some(StepEvidence::Configuration(configuration)) = &self.evidence {
            settings(configuration, f)?;
        }
        for finding in &self.findings {
            for line in finding.to_string().lines() {
                write!(f, "\n        {line}")?;
            }
        }
        Ok(())
    }
}

/// What a person compares with what the provider's own page says.
fn settings(told: &ReportedConfiguration, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let otherwise = |value: &Option<String>, otherwise: &str| {
        value.clone().unwrap_or_else(|| otherwise.to_owned())
    };
    let secret = if told.has_client_secret { "there is one" } else { "none" };
    let or_none = |text: String| if text.is_empty() { "none".to_owned() } else { text };
    let lines = [
        ("client id", told.client_id.clone()),
        ("client secret", secret.to_owned()),
        ("token URL", told.token_url.clone()),
        ("refresh URL", otherwise(&told.refresh_url, "the token URL")),
        ("authorization URL", otherwise(&told.authorization_url, "none")),
        ("redirect URI", or_none(told.redirect_uri.clone())),
        ("scopes", or_none(told.scopes.join(" "))),
        ("conventions", or_none(told.conventions.join(" "))),
    ];
    lines.into_iter().try_for_each(|(name, value)| write!(f, "\n        {name}: {value}"))
}

/// The steps of a walk, in their order.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum StepName {
    /// The token endpoint gives an access token.
    TokenEndpoint,
    /// A refresh token came with it, or none is needed.
    RefreshToken,
    /// The API takes the token.
    ApiCall,
    /// The refresh gives a new access token, and it was saved.
    Refresh,
    /// The API takes the new token.
    ApiCallAfterRefresh,
    /// The settings, to be compared with the provider's own.
    Settings,
}

impl fmt::Display for StepName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::TokenEndpoint => "token endpoint",
            Self::RefreshToken => "refresh token",
            Self::ApiCall => "API call",
            Self::Refresh => "refresh",
            Self::ApiCallAfterRefresh => "API call with the new token",
            Self::Settings => "settings",
        })
    }
}

/// How a step came out; the worst is the greatest.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum StepStatus {
    /// It was not done.
    Skipped,
    /// As it should be.
    Passed,
    /// It works, or could not be told, and there is something to look at.
    Warned,
    /// It does not work.
    Failed,
}

impl fmt::Display for StepStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Skipped => "skipped",
            Self::Passed => "passed",
            Self::Warned => "warned",
            Self::Failed => "failed",
        })
    }
}

/// What shows that a step came out as it did.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum StepEvidence {
    /// A call to the token endpoint or the refresh URL.
    Call(Box<Report>),
    /// What is known of the token.
    Token(ReportedToken),
    /// A request to the API.
    Api(ApiEvidence),
    /// How the exchanger is configured.
    Configuration(Box<ReportedConfiguration>),
}

/// A request to the API, and what came of it.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ApiEvidence {
    /// What was sent, with a mark in place of the token, of each header that may hold another key,
    /// and of whatever else looks secret.
    pub request: CapturedRequest,
    /// What came back. The body of a success is left out: it is the user's data, and proves nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<CapturedAnswer>,
    /// Why no answer came, from the outside in.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub because: Vec<String>,
    /// When it was sent, in Unix seconds.
    pub sent_at: u64,
    /// How long it took, in milliseconds.
    pub elapsed_ms: u64,
}

impl StepStatus {
    /// What a step that does not work has come to, by the worst that was found.
    pub(super) fn of(findings: &[Finding]) -> Self {
        match findings.iter().map(|finding| finding.severity).max() {
            Some(Severity::Problem) => Self::Failed,
            Some(_) => Self::Warned,
            None => Self::Passed,
        }
    }
}
