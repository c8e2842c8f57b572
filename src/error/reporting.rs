//! What an error tells as one document.

use super::{Attempt, CallError, Headline, Outcome};
use crate::kind::Kind;
use crate::report::{Report, ReportedAttempt, Shown, causes, millis};
use crate::token::unix_seconds;

impl CallError {
    /// All that is known of the call, as one document without secrets: for a log or a support ticket.
    pub fn report(&self) -> Report {
        let failure = &*self.0;
        Report {
            version: Report::VERSION,
            asked: failure.asked.name().to_owned(),
            ok: false,
            kind: Some(failure.kind.to_string()),
            message: self.to_string(),
            because: causes(self),
            headline: match failure.headline {
                Headline::Made(at) => Some(at),
                Headline::Unsent(_) => None,
            },
            fate: matches!(failure.asked, Kind::Exchange | Kind::Refresh)
                .then(|| failure.fate.to_string()),
            attempts: reported(&failure.attempts, failure.evidence.all_shown()),
            warnings: Vec::new(),
            token: None,
            configuration: failure.evidence.configuration(),
        }
    }
}

/// The attempts as a report has them.
pub(crate) fn reported(attempts: &[Attempt], shown: Vec<Shown>) -> Vec<ReportedAttempt> {
    attempts.iter().zip(shown).map(|(attempt, shown)| reported_attempt(attempt, shown)).collect()
}

fn reported_attempt(attempt: &Attempt, shown: Shown) -> ReportedAttempt {
    let outcome = match &attempt.outcome {
        Outcome::Accepted => "accepted".to_owned(),
        Outcome::Answered { .. } => "answered".to_owned(),
        Outcome::Unanswered(kind) => kind.to_string(),
        Outcome::Unsent => "unsent".to_owned(),
    };
    let error = match &attempt.outcome {
        Outcome::Answered { error, .. } => error.as_ref(),
        _ => None,
    };
    ReportedAttempt {
        flavor: attempt.flavor,
        outcome,
        error: error.map(|error| error.code.clone()),
        error_description: error.and_then(|error| error.description.clone()),
        sent_at: unix_seconds(shown.sent),
        elapsed_ms: millis(attempt.elapsed),
        request: shown.request,
        answer: shown.answer,
    }
}
