//! Which attempt of a call tells what is wrong.

use super::super::words::{self, PKCE, REDIRECT_URI};
use super::{is_past_client, refuses_client, said, status};
use crate::report::{Report, ReportedAttempt};

/// The attempt to diagnose: of refusals the one that got furthest through the server, since what a
/// server says of a body that it cannot read hides what it says of one that it can. The first of
/// them. `None` of a call that sent nothing.
pub(super) fn of(report: &Report) -> Option<&ReportedAttempt> {
    let headline = report.attempts.get(report.headline?)?;
    if !matches!(report.kind.as_deref(), Some("refused" | "no_flavor_accepted")) {
        return Some(headline);
    }
    let ranks: Vec<_> = report.attempts.iter().map(|it| rank(it, &report.attempts)).collect();
    let best = *ranks.iter().max()?;
    let at = ranks.iter().position(|rank| *rank == best)?;
    // A server that uses the code up before it looks at the client says nothing of the code.
    let names_secret =
        |it: &&ReportedAttempt| refuses_client(it) && said(it).say(&["client_secret"]);
    let mut earlier = report.attempts.iter().take(at);
    let client = earlier.find(names_secret).filter(|_| best == Rank::Refused);
    client.or(report.attempts.get(at))
}

/// How far a request got.
#[derive(Clone, Copy, Eq, Ord, PartialEq, PartialOrd)]
enum Rank {
    /// It was not read.
    Unread,
    /// The client was not seen.
    Unseen,
    /// The client was not recognised.
    Client,
    /// What was asked for was refused.
    Refused,
    /// And the server names what is wrong with it.
    Named,
}

fn rank(attempt: &ReportedAttempt, all: &[ReportedAttempt]) -> Rank {
    let words = said(attempt);
    let code = attempt.error.as_deref().unwrap_or_default();
    let is_elsewhere = matches!(status(attempt), 404..=406 | 410 | 415 | 500..);
    let is_of_the_grant = matches!(code, "invalid_scope" | "invalid_target" | "access_denied");
    let names = is_of_the_grant || words.say(REDIRECT_URI) || words.say(PKCE) || words.say(NAMED);
    // What misses something in a body of a kind that it reads is not about the body.
    let is_unread =
        || words.say(UNREAD) && !(words.say(&["missing"]) && is_past_client(attempt, all));
    if refuses_client(attempt) {
        Rank::Client
    } else if names {
        Rank::Named
    } else if words.say(&["client id", "client authentication"]) && code != "invalid_grant" {
        if words.say(&["missing", "undefined", "required"]) { Rank::Unseen } else { Rank::Client }
    } else if is_elsewhere || code == "unsupported_grant_type" || is_unread() {
        Rank::Unread
    } else if code.is_empty() || code == "unnamed" {
        Rank::Client
    } else if code == "invalid_request" && says_no_more(attempt) {
        Rank::Unread
    } else {
        Rank::Refused
    }
}

/// Whether the server says no more than its code.
pub(super) fn says_no_more(attempt: &ReportedAttempt) -> bool {
    let body = attempt.answer.as_ref().map_or("", |answer| &answer.body);
    attempt.error_description.is_none() && words::of_body(body).split_whitespace().count() <= 1
}

/// The server could not read the body, or not all of it.
const UNREAD: &[&str] = &[
    "content type",
    "media type",
    "x-www-form-urlencoded",
    "json",
    "missing",
    "expected object",
    "received undefined",
];

/// What a server names only once it has read the rest.
const NAMED: &[&str] =
    &["scope", "grant type is not supported by", "expired", "already", "revoked"];
