//! What an answer of the API means.

use http::header::{ACCEPT, CONTENT_TYPE, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderName, StatusCode};
use serde_json::Value;

use super::super::super::{Finding, FindingKind};
use super::super::report::StepStatus;
use super::Again;
use super::trial::Trial;
use super::words::heard;
use crate::decode;
use crate::transport::{HttpResponse, TransportError, TransportErrorKind};

/// What an answer of the API means.
pub(super) struct Seen {
    pub(super) status: StepStatus,
    pub(super) said: String,
    pub(super) finding: Option<Finding>,
    pub(super) again: Again,
}

/// Reads an answer.
pub(super) fn look(trial: &Trial<'_>, response: &HttpResponse) -> Seen {
    let status = response.status();
    if status.is_success() {
        let setup = trial.exchanger.setup();
        let secrets = || (trial.mask(), setup.known());
        let told = decode::error(response, &setup.conventions.answer, secrets);
        let said = match &told {
            Some(told) => format!("{} and an error: {}", status.as_str(), told.error),
            None => status.as_str().to_owned(),
        };
        let finding = if told.is_some() || says_no(response) {
            Some(error_in_success(trial, response))
        } else {
            is_unasked_page(trial, response).then(page)
        };
        let status = StepStatus::of(finding.as_slice());
        return Seen { status, said, finding, again: Again::Yes };
    }
    let challenge = challenge(response.headers());
    let said = match challenge {
        Some(code) => format!("{} ({code})", status.as_str()),
        None => status.as_str().to_owned(),
    };
    let (finding, again) = refused(status, challenge);
    let finding = heard(trial, response).unwrap_or(finding);
    let status = StepStatus::of(std::slice::from_ref(&finding));
    Seen { status, said, finding: Some(finding), again }
}

/// The error that the answer's challenge names
/// ([RFC 6750, section 3.1](https://www.rfc-editor.org/rfc/rfc6750#section-3.1)).
fn challenge(headers: &HeaderMap) -> Option<&'static str> {
    let challenges = headers.get_all(WWW_AUTHENTICATE);
    let mut texts = challenges.iter().filter_map(|value| value.to_str().ok());
    texts.find_map(|text| {
        let (_, rest) = text.split_once("error=")?;
        let code = rest.trim_start_matches('"').split(['"', ',', ' ']).next()?;
        CHALLENGES.into_iter().find(|known| *known == code)
    })
}

fn refused(status: StatusCode, challenge: Option<&'static str>) -> (Finding, Again) {
    use FindingKind::{ApiForbidden, ApiRefused, ApiUnavailable, ApiUrl, TokenNotAccepted};
    let code = status.as_u16();
    match (code, challenge) {
        (401, Some("insufficient_scope")) | (403, _) => (
            Finding::problem(
                ApiForbidden,
                format!("the API knows the token and refuses the request: {code}"),
                "the token lacks a scope, or its user or client lacks a right or a licence",
                "compare what the API call needs with scopes and with what was granted, authorize \
                 again after a change, and try as a user who may do it",
            ),
            Again::Yes,
        ),
        (401, _) => (
            Finding::problem(
                TokenNotAccepted,
                "the API does not accept the token: 401",
                "the token is put into the request in another way than the API reads it, is meant \
                 for another API (audience, resource, environment), has ended or was revoked, or a \
                 clock is wrong",
                "compare the API's documentation with conventions.apply (place, name, template), check \
                 that API and token URL belong to the same environment, ask for the audience or \
                 scope that the API wants, and refresh the token",
            ),
            Again::Yes,
        ),
        (404 | 405 | 410, _) => (
            Finding::problem(
                ApiUrl,
                format!("the API has nothing there: {code}"),
                "the URL or the method of the API request is wrong, or the API hides what the token \
                 may not see",
                "check the URL of the API request, with its version, host and tenant",
            ),
            Again::No("the API has nothing at that URL"),
        ),
        (300..=399, _) => (
            Finding::problem(
                ApiUrl,
                format!("the API sends elsewhere: {code}"),
                "the URL has moved, or it is a page for people, which sends to a login",
                "use the URL that the answer's location names if it is the API's own; no redirect is \
                 followed, so that the token goes nowhere else",
            ),
            Again::No("the API sends elsewhere"),
        ),
        (429, _) => (
            Finding::risk(
                ApiUnavailable,
                "the API asks to wait: 429",
                "too many requests; whether the token is accepted is not known",
                "walk again later",
            ),
            Again::No("the API asks to wait"),
        ),
        (431, _) => (
            Finding::problem(
                ApiRefused,
                "the API finds the headers too large: 431",
                "the token is too long for a header there",
                "ask for fewer scopes or claims, so that the token gets shorter",
            ),
            Again::Yes,
        ),
        (400..=499, _) => (
            Finding::problem(
                ApiRefused,
                format!("the API refuses the request: {code}"),
                "the request lacks something (a header, a parameter, a version), or the API says so \
                 that it does not accept the token",
                "read the answer, and compare the request with the API's documentation",
            ),
            Again::Yes,
        ),
        _ => (
            Finding::risk(
                ApiUnavailable,
                format!("the API failed: {code}"),
                "a fault of the API; whether the token is accepted is not known",
                "walk again later; if it lasts, compare the request with the API's documentation",
            ),
            Again::No("the API failed"),
        ),
    }
}

/// Whether a success says of itself that it is none.
fn says_no(response: &HttpResponse) -> bool {
    let body = Some(response.body()).filter(|body| body.len() <= LONGEST_NO);
    let json = body.and_then(|body| serde_json::from_slice::<Value>(body).ok());
    json.is_some_and(|json| {
        ["ok", "success"].iter().any(|it| json.get(it) == Some(&Value::Bool(false)))
    })
}

/// Whether it is a page for people, where none was asked for.
fn is_unasked_page(trial: &Trial<'_>, response: &HttpResponse) -> bool {
    names_html(response.headers(), CONTENT_TYPE) && !names_html(trial.api.headers(), ACCEPT)
}

pub(super) fn names_html(headers: &HeaderMap, name: HeaderName) -> bool {
    headers.get(name).and_then(|it| it.to_str().ok()).is_some_and(|it| it.contains("html"))
}

fn page() -> Finding {
    Finding::risk(
        FindingKind::ApiUrl,
        "the API answers with a page in HTML",
        "this is a page for people, such as a login page; whether the token is accepted is not known",
        "use a URL of the API itself, best one that tells who the user is",
    )
}

fn error_in_success(trial: &Trial<'_>, response: &HttpResponse) -> Finding {
    heard(trial, response).unwrap_or_else(|| {
        Finding::risk(
            FindingKind::ApiRefused,
            "the API answers a success that tells an error",
            "some APIs answer so when they do not accept the token",
            "read the answer's error",
        )
    })
}

/// What it means that none came.
pub(super) fn no_answer(error: &TransportError) -> Finding {
    let kind = FindingKind::ApiNoAnswer;
    let symptom = format!("the API gave no answer: {error}");
    match error.kind() {
        TransportErrorKind::Unplugged => Finding::problem(
            kind,
            symptom,
            "nothing was given to send with",
            "hand the walk a transport",
        ),
        _ => Finding::problem(
            kind,
            symptom,
            "a wrong host, a firewall, a certificate, or an API that is down",
            "check the host of the API request and its certificate, and try from the same network",
        ),
    }
}

/// In bytes: who says no says little more.
const LONGEST_NO: usize = 16 * 1024;

const CHALLENGES: [&str; 3] = ["invalid_token", "insufficient_scope", "invalid_request"];
