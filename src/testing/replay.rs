//! The report of a call, as the script of a server that answers the same again.

use http::StatusCode;
use http::header::{
    CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH, HeaderName, HeaderValue, TRANSFER_ENCODING,
};

use super::failure::{Aimed, Failure, Script};
use crate::capture::CapturedAnswer;
use crate::report::{Report, ReportedAttempt};
use crate::transport::{HttpResponse, TransportErrorKind};

/// What each attempt got, and the last for ever.
pub(super) fn script(report: &Report) -> Script {
    let mut next: Vec<_> = report.attempts.iter().map(failure).collect();
    // Of a call that sent nothing there is nothing to answer with.
    let last = next.pop().unwrap_or(Failure::NoAnswer(TransportErrorKind::Unplugged));
    let next = next.into_iter().map(Aimed::from).collect();
    Script { next, always: vec![last.into()] }
}

fn failure(attempt: &ReportedAttempt) -> Failure {
    let answer = attempt.answer.as_ref().and_then(answer);
    answer.map(Failure::Respond).unwrap_or(Failure::NoAnswer(match attempt.outcome.as_str() {
        "connect" => TransportErrorKind::Connect,
        "timeout" => TransportErrorKind::Timeout,
        "too_large" => TransportErrorKind::TooLarge,
        "unplugged" => TransportErrorKind::Unplugged,
        // And whatever a later version of a report may say.
        _ => TransportErrorKind::Interrupted,
    }))
}

fn answer(captured: &CapturedAnswer) -> Option<HttpResponse> {
    let mut answer = HttpResponse::new(captured.body.clone().into_bytes());
    *answer.status_mut() = StatusCode::from_u16(captured.status).ok()?;
    for (name, value) in &captured.headers {
        let name = HeaderName::try_from(name).ok().filter(|name| !UNTRUE.contains(name));
        if let (Some(name), Ok(value)) = (name, HeaderValue::from_str(value)) {
            answer.headers_mut().append(name, value);
        }
    }
    Some(answer)
}

/// What the captured body is no more: as long as it was, in pieces, or compressed.
const UNTRUE: [HeaderName; 4] = [CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH, TRANSFER_ENCODING];
