//! Tries a token at the API.

use self::meaning::{Seen, look, no_answer};
use self::trial::Trial;
use super::super::words::one_line;
use super::super::{Finding, FindingKind};
use super::report::{ApiEvidence, Step, StepEvidence, StepName, StepStatus};
use crate::call::now;
use crate::capture::{CapturedAnswer, Veil};
use crate::exchanger::TokenExchanger;
use crate::report::{causes, millis};
use crate::token::{Token, unix_seconds};
use crate::transport::{Deadline, HttpRequest, Transport, TransportError, TransportErrorKind};

mod meaning;
mod trial;
mod words;

/// A step that tried a token, and whether another token can fare otherwise.
pub(super) struct Tried {
    pub(super) step: Step,
    pub(super) again: Again,
}

/// Whether to ask the API once more.
pub(super) enum Again {
    Yes,
    /// What failed was not about the token.
    No(&'static str),
}

/// Puts the token into the request, and sends it.
pub(super) async fn call(
    exchanger: &TokenExchanger,
    token: &Token,
    api: &HttpRequest,
    name: StepName,
    transport: &dyn Transport,
) -> Tried {
    let mut request = api.clone();
    if let Err(error) = exchanger.apply(token, &mut request) {
        let finding = Finding::problem(
            FindingKind::TokenNotApplied,
            "the token could not be put into the API request: nothing was sent",
            error.to_string(),
            "mend the request that the walk was given, or conventions.apply",
        );
        let said = format!("nothing was sent: {error}");
        let step = Step::new(name, StepStatus::Failed, said).found([finding]);
        return Tried { step, again: Again::Yes };
    }
    let sent = now();
    if let Some(moment) = sent.checked_add(exchanger.setup().time_limit) {
        request.extensions_mut().insert(Deadline(moment));
    }
    let answer = transport.send(request.clone()).await;
    let elapsed = now().duration_since(sent).unwrap_or_default();

    let trial = Trial { exchanger, token, api, sent: &request };
    let veil = trial.veil();
    let request = trial.captured(&veil);
    let asked =
        format!("{} {}", request.method, request.url.split(['?', '#']).next().unwrap_or_default());
    let evidence = |answer, because| {
        let elapsed_ms = millis(elapsed);
        let sent_at = unix_seconds(sent);
        StepEvidence::Api(ApiEvidence { request, answer, because, sent_at, elapsed_ms })
    };
    match answer {
        Ok(response) => {
            let Seen { status, said, finding, again } = look(&trial, &response);
            let answer = trial.shown(response, status);
            let told = if status == StepStatus::Passed { None } else { told(&answer) };
            let said = format!("{asked} got {said}{}", told.unwrap_or_default());
            let step = Step::new(name, status, said);
            Tried { step: step.found(finding).shown_by(evidence(Some(answer), Vec::new())), again }
        }
        // Only a success is read for so long that it can be too long.
        Err(error) if error.kind() == TransportErrorKind::TooLarge => {
            let said = format!("{asked} got a success, longer than is read");
            let step = Step::new(name, StepStatus::Passed, said);
            Tried { step: step.shown_by(evidence(None, because(error, &veil))), again: Again::Yes }
        }
        Err(error) => {
            let said = format!("{asked} got no answer: {error}");
            let step = Step::new(name, StepStatus::Failed, said).found([no_answer(&error)]);
            let step = step.shown_by(evidence(None, because(error, &veil)));
            Tried { step, again: Again::No("the API gave no answer") }
        }
    }
}

/// The beginning of the body, in one line.
fn told(answer: &CapturedAnswer) -> Option<String> {
    let line = one_line(&answer.body);
    let shown: String = line.chars().take(TOLD).collect();
    let goes_on = if answer.cut || shown.len() < line.len() { "..." } else { "" };
    (!shown.is_empty()).then(|| format!("; it says {shown}{goes_on}"))
}

/// What the error comes from, without secrets.
fn because(error: TransportError, veil: &Veil<'_>) -> Vec<String> {
    let error = error.map_source(|source| veil.error(source));
    let mut because = vec![error.to_string()];
    because.extend(causes(&error));
    because
}

/// In characters.
const TOLD: usize = 300;
