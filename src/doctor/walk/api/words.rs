//! What an API says in words when it refuses.

use http::header::{CONTENT_TYPE, WWW_AUTHENTICATE};

use super::super::super::words::{Words, of_body};
use super::super::super::{Finding, FindingKind};
use super::meaning::names_html;
use super::trial::Trial;
use crate::mask::beginning;
use crate::transport::HttpResponse;

/// What an answer says that is no plain success, if it says anything that is known.
pub(super) fn heard(trial: &Trial<'_>, response: &HttpResponse) -> Option<Finding> {
    let status = response.status().as_u16();
    let is_heard = matches!(status, 200..=299 | 400 | 401 | 403);
    // A page for people speaks of much: of cookies, scripts and sessions.
    if !is_heard || names_html(response.headers(), CONTENT_TYPE) {
        return None;
    }
    let body = String::from_utf8_lossy(response.body());
    let body = of_body(beginning(&body, LIMIT));
    let challenges = response.headers().get_all(WWW_AUTHENTICATE).into_iter();
    let challenges = challenges.filter_map(|it| it.to_str().ok()).collect::<Vec<_>>().join("\n");
    if status == 401 && names_own_header(trial, &format!("{body}\n{challenges}")) {
        return Some(finding(OWN_HEADER, status));
    }
    // A challenge may name the scopes of the API whatever it refuses for.
    let described = challenges.split("error_description=").skip(1);
    let described = described.filter_map(|it| it.trim_start_matches('"').split('"').next());
    let words = Words::new(&format!("{body}\n{}", described.collect::<Vec<_>>().join("\n")));
    // Whatever is wrong with the request, it may have parameters of these names.
    if status == 400 && !words.say(OF_THE_TOKEN) {
        return None;
    }
    let says = |phrases: &[&str]| phrases.is_empty() || words.say(phrases);
    let (.., advice) = TABLE
        .iter()
        .find(|(any, beside, never, _)| says(any) && says(beside) && !words.say(never))?;
    Some(finding(*advice, status))
}

/// Whether a header for a token is named that was not sent.
fn names_own_header(trial: &Trial<'_>, text: &str) -> bool {
    let names = text.split(|it: char| !it.is_ascii_alphanumeric() && it != '-');
    names.map(str::to_ascii_lowercase).any(|name| {
        name.starts_with("x-")
            && name.ends_with("-token")
            && !trial.sent.headers().contains_key(name)
    })
}

fn finding((kind, symptom, cause, remedy): Advice, status: u16) -> Finding {
    Finding::problem(kind, format!("{symptom}: {status}"), cause, remedy)
}

/// The kind, the symptom, the cause and the remedy.
type Advice = (FindingKind, &'static str, &'static str, &'static str);

/// One of these is said, and one of these beside it (if there are any), and none of these.
type Row = (&'static [&'static str], &'static [&'static str], &'static [&'static str], Advice);

const TABLE: [Row; 4] = [
    (
        &["has not been used", "not enabled", "disabled", "access not configured"],
        &[],
        &[],
        (
            FindingKind::ApiForbidden,
            "the API says that something is switched off",
            "the API is not enabled for the project, the organisation or the account that the client \
             or its user belongs to",
            "enable the API where the client is registered (the answer may say where), wait some \
             minutes, and walk again",
        ),
    ),
    (
        &["audience", "'aud'", "aud claim", "claim aud", "(aud)"],
        &[],
        &[],
        (
            FindingKind::TokenNotAccepted,
            "the API says that the token is not meant for it",
            "the token is for another API: its audience is that of the audience, resource or scope \
             that was asked for, or of none",
            "ask for the audience, resource or scope of this API (scopes, conventions.authorization\
             .params, conventions.client_credentials.params), and get a new token; a refresh keeps \
             the audience",
        ),
    ),
    (
        &["scope"],
        &[],
        &[],
        (
            FindingKind::ApiForbidden,
            "the API says that the token lacks a scope",
            "the scope was not asked for, or not granted, or was added after the user had authorized",
            "compare what the API call needs (the answer may name it) with scopes and with what was \
             granted, allow the scope for this client, add it to scopes, and authorize again",
        ),
    ),
    (
        &["expired", "revoked"],
        OF_THE_TOKEN,
        // Who names all that it may be says nothing of what it is.
        &["or invalid", "invalid or", "invalid, expired", "malformed"],
        (
            FindingKind::TokenNotAccepted,
            "the API says that the token has ended",
            "it has expired, or was revoked, as a newer one, a logout or a new password may do",
            "refresh the token; if the refresh is refused too, let the user authorize again",
        ),
    ),
];

const OWN_HEADER: Advice = (
    FindingKind::TokenNotAccepted,
    "the API names a header of its own, which was not sent",
    "it reads the token, or another key, from there",
    "if it is for the token, set conventions.apply.name to that header and conventions.apply.template \
     to \"{token}\"; if it is for another key, put that into the API request",
);

const OF_THE_TOKEN: &[&str] = &["token", "session", "jwt", "credential"];

/// In bytes.
const LIMIT: usize = 64 * 1024;
