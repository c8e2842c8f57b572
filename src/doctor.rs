//! Says what is wrong with a connection, why, and what to do about it.
//!
//! Without sending anything, of a configuration ([`check_builder`], [`check_exchanger`]), a failed
//! call ([`check_error`]), a token that was got ([`check_issued`]), a report of either
//! ([`check_report`]), the leg through the browser ([`check_callback`], [`check_browser`]), a code
//! ([`check_code`]), and a curl command that works ([`compare()`]).
//!
//! ```
//! use token_exchanger::{CallError, doctor};
//!
//! fn advise(error: &CallError) {
//!     for finding in doctor::check_error(error) {
//!         eprintln!("{finding}");
//!     }
//! }
//! ```
//!
//! By sending, where somebody asks for it: a [`Walk`] from the token endpoint to the API and back,
//! and [`detect()`], which learns the flavor without a code.

mod blocking;
mod browser;
mod clock;
mod code;
mod compare;
mod configuration;
mod curl;
mod detect;
mod facts;
mod failure;
mod finding;
mod offline;
mod shape;
mod success;
mod walk;
mod words;

pub use self::browser::{check_browser, check_callback, check_callback_error};
pub use self::code::check_code;
pub use self::compare::compare;
pub use self::configuration::{check_builder, check_config_error, check_exchanger};
pub use self::curl::CurlError;
pub use self::detect::{Confidence, Detection, Means, Probe, detect, detect_blocking};
pub use self::finding::{Finding, FindingKind, Severity};
pub use self::walk::{
    ApiEvidence, Step, StepEvidence, StepName, StepStatus, Walk, WalkReport, Walked,
};

use self::facts::Facts;
use crate::call::Issued;
use crate::error::CallError;
use crate::report::Report;

/// Says why a call failed and what to do, the likeliest cause first.
pub fn check_error(error: &CallError) -> Vec<Finding> {
    check_report(&error.report())
}

/// Says what is odd about a token that was got. Of one that is as it should be it says nothing.
pub fn check_issued(issued: &Issued) -> Vec<Finding> {
    check_report(&issued.report())
}

/// Says why the call of a report failed, or what is odd about the token that it got. A report may have
/// been kept as JSON, and come from anyone.
pub fn check_report(report: &Report) -> Vec<Finding> {
    let mut findings = Vec::new();
    if report.version != Report::VERSION {
        findings.push(Finding::risk(
            FindingKind::Configuration,
            format!(
                "the report has version {}, and this crate reads {}",
                report.version,
                Report::VERSION
            ),
            "it was written by another version of the crate",
            "read it by that version, if what follows makes no sense",
        ));
    }
    match (Facts::new(report), &report.token) {
        (Some(facts), Some(token)) => findings.extend(success::findings(&facts, token)),
        (Some(facts), None) if !report.ok => findings.extend(failure::findings(&facts)),
        (None, _) if !report.ok => findings.extend(unsent(report)),
        _ => {}
    }
    findings.extend(clock::skew(report));
    findings
}

/// A call that sent nothing.
fn unsent(report: &Report) -> Option<Finding> {
    let symptom = || report.message.clone();
    match report.kind.as_deref().unwrap_or_default() {
        "wrong_exchanger" => Some(Finding::problem(
            FindingKind::Configuration,
            symptom(),
            "the code was begun by an exchanger of another token URL or client id",
            "exchange it with the exchanger that made its authorization URL",
        )),
        "url_too_long" => Some(Finding::problem(
            FindingKind::HeadersTooLarge,
            symptom(),
            "the conventions put all parameters into the URL",
            "shorten the scopes and the parameters, or leave conventions.verb out",
        )),
        _ => Some(Finding::problem(
            FindingKind::Unknown,
            symptom(),
            "the report does not say which attempt failed",
            "ask for a report as the crate wrote it",
        )),
    }
}
