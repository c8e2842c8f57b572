//! What an answer means: for the next attempt, for the code, and in the end for the call.
//!
//! The whole policy, in pure functions. An answer has one [`Class`]; the class decides everything
//! else.

use std::fmt;
use std::time::Duration;

use http::StatusCode;

use crate::code::CodeFate;
use crate::decode::{Reading, Told};
use crate::error::CallErrorKind;
use crate::flavor::{BodyEncoding, ClientAuth, Flavor};
use crate::transport::TransportErrorKind;

/// How far a call goes through the flavors.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum Policy {
    /// Every flavor in the documented order, until one succeeds or an answer says that asking
    /// again would do harm. Of a server that answers 500 it asks six times.
    #[default]
    Exhaustive,
    /// The flavors in the order of evidence, no bytes twice, and only as long as an answer says
    /// that the way of asking was wrong.
    Careful,
}

impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Exhaustive => "exhaustive",
            Self::Careful => "careful",
        })
    }
}

/// How far a call goes: as the policy has it, or less far.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Reach {
    Exhaustive,
    Careful,
    /// As `Careful`, and on to the next flavor only where the client was not recognised. A refresh
    /// token that is used twice may be taken for a stolen one.
    Wary,
}

impl From<Policy> for Reach {
    fn from(policy: Policy) -> Self {
        match policy {
            Policy::Exhaustive => Self::Exhaustive,
            Policy::Careful => Self::Careful,
        }
    }
}

/// What an answer is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Class {
    /// What was asked for: a token, or that one is revoked.
    Token,
    /// What may be a token, and cannot be used.
    MaybeToken,
    /// No answer at all.
    NoAnswer(TransportErrorKind),
    /// Not now.
    Wait,
    /// Elsewhere.
    Moved,
    /// The client was not recognised.
    Client,
    /// The way of asking was not understood; whether the server named an error.
    Asking { coded: bool },
    /// A success that says nothing.
    Blank,
    /// The code, or what was asked for, was refused.
    Grant,
    /// No token endpoint.
    Endpoint,
    /// The server failed.
    Fault,
}

impl Class {
    /// For programs.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::MaybeToken => "maybe_token",
            Self::NoAnswer(_) => "no_answer",
            Self::Wait => "wait",
            Self::Moved => "moved",
            Self::Client => "client",
            Self::Asking { .. } => "asking",
            Self::Blank => "blank",
            Self::Grant => "grant",
            Self::Endpoint => "endpoint",
            Self::Fault => "fault",
        }
    }
}

/// What to do after an answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Step {
    Stop,
    /// On to the next flavor.
    Next,
    /// On to the next flavor of the other encoding.
    NextWithout(BodyEncoding),
}

/// How the request was asked that an answer came to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked {
    pub(crate) reach: Reach,
    pub(crate) flavor: Flavor,
    /// Whether URL-encoding changes the credentials.
    pub(crate) encoding_matters: bool,
}

/// What of an answer its error tells.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) told: Option<Told>,
    pub(crate) retry_after: Option<Duration>,
    pub(crate) location: Option<String>,
}

/// The class of an answer. Where several fit: a token, then 429, 503 and redirects, then a code
/// that we know, then the status.
pub(crate) fn class(
    status: StatusCode,
    asks_to_wait: impl Fn() -> bool,
    reading: &Reading,
    asked: Asked,
) -> Class {
    let code = match reading {
        Reading::Token(..) if status.is_success() => return Class::Token,
        Reading::Token(..) | Reading::TokenAndError => return Class::MaybeToken,
        Reading::Hidden if status.is_success() => return Class::MaybeToken,
        Reading::Error(told) => Some(told.code.expose()),
        Reading::Hidden | Reading::Nothing => None,
    };
    let class = match status.as_u16() {
        429 => Class::Wait,
        503 if asks_to_wait() => Class::Wait,
        301 | 307 | 308 => Class::Moved,
        300..=399 => Class::Asking { coded: false },
        status => {
            code.and_then(class_of_code).unwrap_or_else(|| class_of_status(status, code.is_some()))
        }
    };
    match class {
        Class::Fault if is_upset_by_flavor(status, asked) => {
            Class::Asking { coded: code.is_some() }
        }
        class => class,
    }
}

/// What an error code says, if we know it.
fn class_of_code(code: &str) -> Option<Class> {
    let is_one_of = |codes: &[&str]| codes.iter().any(|known| code.eq_ignore_ascii_case(known));
    if is_one_of(CLIENT) {
        Some(Class::Client)
    } else if is_one_of(GRANT) || is_one_of(SPENT) {
        Some(Class::Grant)
    } else if is_one_of(ASKING) {
        Some(Class::Asking { coded: true })
    } else if is_one_of(FAULT) {
        Some(Class::Fault)
    } else {
        None
    }
}

fn class_of_status(status: u16, coded: bool) -> Class {
    match status {
        200..=299 if !coded => Class::Blank,
        401 => Class::Client,
        404 | 405 | 410 => Class::Endpoint,
        200..=499 => Class::Asking { coded },
        _ => Class::Fault,
    }
}

/// A server may stumble over JSON that it does not parse, or over raw credentials that it decodes.
/// `Careful`, which stops at a fault, takes that for a question of asking.
fn is_upset_by_flavor(status: StatusCode, asked: Asked) -> bool {
    let raw = asked.flavor.auth == ClientAuth::BasicRaw;
    asked.reach == Reach::Careful
        && status.is_server_error()
        && (asked.flavor.encoding == BodyEncoding::Json || raw && asked.encoding_matters)
}

/// What to do after an answer of this class.
pub(crate) fn step(class: Class, status: StatusCode, asked: Asked) -> Step {
    let encoding = asked.flavor.encoding;
    match (class, asked.reach) {
        (Class::Token | Class::MaybeToken | Class::NoAnswer(_) | Class::Wait | Class::Moved, _) => {
            Step::Stop
        }
        (_, Reach::Exhaustive) | (Class::Client, _) => Step::Next,
        (Class::Asking { .. }, Reach::Careful) => match status {
            StatusCode::UNSUPPORTED_MEDIA_TYPE => Step::NextWithout(encoding),
            StatusCode::UNAUTHORIZED => Step::Next,
            _ if encoding == BodyEncoding::Json => Step::NextWithout(encoding),
            _ => Step::Next,
        },
        (Class::Asking { .. }, Reach::Wary)
        | (Class::Blank | Class::Grant | Class::Endpoint | Class::Fault, _) => Step::Stop,
    }
}

/// What has become of the code by an answer of this class.
pub(crate) fn fate(class: Class, answer: Option<&Answer>) -> CodeFate {
    match class {
        Class::Token | Class::MaybeToken | Class::Grant => CodeFate::Spent,
        Class::NoAnswer(TransportErrorKind::Connect | TransportErrorKind::Unplugged) => {
            CodeFate::Unsent
        }
        Class::NoAnswer(_) | Class::Fault | Class::Blank => CodeFate::Unknown,
        Class::Client | Class::Wait | Class::Moved | Class::Endpoint => CodeFate::ProbablyLive,
        Class::Asking { .. } if answer.is_some_and(was_not_read) => CodeFate::ProbablyLive,
        Class::Asking { .. } => CodeFate::Unknown,
    }
}

/// Whether the answer says that the request was turned away before its code was looked at.
fn was_not_read(answer: &Answer) -> bool {
    let code = answer.told.as_ref().map_or("", |told| told.code.expose());
    matches!(answer.status.as_u16(), 302 | 303 | 403 | 406 | 415)
        || code.eq_ignore_ascii_case(UNSUPPORTED_GRANT_TYPE)
}

/// Whether a refresh that was answered so has come to the end of its refresh token.
pub(crate) fn ends_refresh_token(class: Class, answer: &Answer) -> bool {
    let code = answer.told.as_ref().map_or("", |told| told.code.expose());
    class == Class::Grant && SPENT.iter().any(|known| code.eq_ignore_ascii_case(known))
}

/// Why a call failed that this answer stopped.
pub(crate) fn kind(class: Class, answer: &Answer, reach: Reach) -> CallErrorKind {
    let status = answer.status;
    match (class, &answer.told) {
        (Class::Wait | Class::Fault, _) => {
            CallErrorKind::Unavailable { status, retry_after: answer.retry_after }
        }
        (Class::Moved, _) => CallErrorKind::Redirected { location: answer.location.clone() },
        (Class::Grant, Some(told)) => CallErrorKind::Refused(told.error.clone()),
        (Class::Asking { .. }, _) if reach == Reach::Wary && status.is_redirection() => {
            CallErrorKind::Redirected { location: answer.location.clone() }
        }
        // Asked once, the server understood and said no.
        (Class::Asking { coded: true }, Some(told)) if reach == Reach::Wary => {
            CallErrorKind::Refused(told.error.clone())
        }
        (Class::Grant | Class::Client | Class::Asking { .. }, _) => CallErrorKind::NoFlavorAccepted,
        (Class::Endpoint, _) => CallErrorKind::WrongEndpoint(status),
        (Class::Token | Class::MaybeToken | Class::NoAnswer(_) | Class::Blank, _) => {
            CallErrorKind::Unreadable(status)
        }
    }
}

/// The headline of a call that ran out of flavors, attempts or time after these answers, and why it
/// failed.
pub(crate) fn exhausted(answers: &[(Class, &Answer)], reach: Reach) -> (usize, CallErrorKind) {
    let headline = headline(answers.iter().map(|&(class, _)| class));
    let (class, answer) = answers[headline];
    if answers.iter().all(|(_, answer)| answer.status.is_redirection()) {
        return (headline, kind(Class::Moved, answer, reach));
    }
    (headline, kind(class, answer, reach))
}

/// The most telling of the attempts of a call that ran out of flavors, the first of its rank.
fn headline(classes: impl IntoIterator<Item = Class>) -> usize {
    let ranked = classes.into_iter().map(rank).enumerate();
    ranked.min_by_key(|&(_, rank)| rank).map_or(0, |(at, _)| at)
}

fn rank(class: Class) -> u8 {
    match class {
        // These stop the call, and are its headline whatever came before.
        Class::Token | Class::MaybeToken | Class::NoAnswer(_) | Class::Wait | Class::Moved => 0,
        Class::Grant => 1,
        Class::Client => 2,
        Class::Asking { coded: true } => 3,
        Class::Asking { coded: false } => 4,
        Class::Blank => 5,
        Class::Endpoint => 6,
        Class::Fault => 7,
    }
}

/// Codes that say that the client was not recognised: of RFC 6749, of GitHub, of Slack, of Google, of
/// Shopify.
pub(crate) const CLIENT: &[&str] = &[
    "invalid_client",
    "unauthorized_client",
    "incorrect_client_credentials",
    "bad_client_secret",
    "invalid_client_id",
    "deleted_client",
    "disabled_client",
    "application_cannot_be_found",
];

/// Codes that say that the client was recognised, and what it asked for refused: of RFC 6749 and
/// RFC 8707.
const GRANT: &[&str] = &["invalid_scope", "access_denied", "invalid_target"];

/// Codes that say that the code or the refresh token is no longer good: of RFC 6749, of GitHub, of
/// Slack.
const SPENT: &[&str] = &[
    "invalid_grant",
    "bad_verification_code",
    "bad_refresh_token",
    "invalid_code",
    "invalid_refresh_token",
    "code_already_used",
];

/// Codes that say that the request was not understood.
const ASKING: &[&str] = &["invalid_request", UNSUPPORTED_GRANT_TYPE];

/// Said of a body that was not read at all, so that no grant type was found in it.
const UNSUPPORTED_GRANT_TYPE: &str = "unsupported_grant_type";

/// Codes that say that the server failed.
const FAULT: &[&str] = &["server_error", "temporarily_unavailable"];

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;
    use crate::code::CodeFate::{ProbablyLive, Spent, Unknown, Unsent};
    use crate::conventions::AnswerConventions;
    use crate::decode::{self, Expected};

    const NEXT: Step = Step::Next;
    const STOP: Step = Step::Stop;

    /// Status and body of an answer; its class; what Exhaustive and Careful do after a form; the
    /// fate of the code.
    type Row = (&'static str, u16, &'static str, Class, Step, Step, CodeFate);

    const ASKING: Class = Class::Asking { coded: false };
    const ASKING_BY_CODE: Class = Class::Asking { coded: true };

    #[rustfmt::skip]
    const TABLE: &[Row] = &[
        ("a token", 200, r#"{"access_token":"T"}"#, Class::Token, STOP, STOP, Spent),
        ("a token in a 201", 201, r#"{"access_token":"T"}"#, Class::Token, STOP, STOP, Spent),
        ("a form-encoded token", 200, "access_token=T", Class::Token, STOP, STOP, Spent),
        ("a token and error null", 200, r#"{"access_token":"T","error":null}"#, Class::Token, STOP, STOP, Spent),
        ("a token and error 0", 200, r#"{"access_token":"T","error":0}"#, Class::Token, STOP, STOP, Spent),

        ("a token that is a number", 200, r#"{"access_token":1}"#, Class::MaybeToken, STOP, STOP, Spent),
        ("an empty token", 200, r#"{"access_token":""}"#, Class::MaybeToken, STOP, STOP, Spent),
        ("a token given twice", 200, "access_token=T&access_token=U", Class::MaybeToken, STOP, STOP, Spent),
        ("a token further in", 200, r#"{"data":[{"accessToken":"T"}]}"#, Class::MaybeToken, STOP, STOP, Spent),
        ("a refresh token alone", 200, r#"{"refresh_token":"T"}"#, Class::MaybeToken, STOP, STOP, Spent),
        ("an ID token alone", 200, r#"{"id_token":"T"}"#, Class::MaybeToken, STOP, STOP, Spent),
        ("a member token", 200, r#"{"token":"T"}"#, Class::MaybeToken, STOP, STOP, Spent),
        ("a member token_type", 200, r#"{"token_type":"Bearer"}"#, Class::MaybeToken, STOP, STOP, Spent),
        ("a member expires_in", 200, r#"{"expires_in":1}"#, Class::MaybeToken, STOP, STOP, Spent),
        ("a token in XML", 200, "<r><access_token>T</access_token></r>", Class::MaybeToken, STOP, STOP, Spent),
        ("a cut off 200", 200, r#"{"scope":"re"#, Class::MaybeToken, STOP, STOP, Spent),
        ("bytes that are no text", 200, "\0\x01\x02", Class::MaybeToken, STOP, STOP, Spent),
        ("trailing bytes", 200, r#"{"access_token":"T"}x"#, Class::MaybeToken, STOP, STOP, Spent),
        ("a token in a 400", 400, r#"{"access_token":"T"}"#, Class::MaybeToken, STOP, STOP, Spent),
        ("a token in a 302", 302, r#"{"access_token":"T"}"#, Class::MaybeToken, STOP, STOP, Spent),
        ("a token in a 500", 500, r#"{"access_token":"T"}"#, Class::MaybeToken, STOP, STOP, Spent),
        ("a token and an error", 200, r#"{"access_token":"T","error":"x"}"#, Class::MaybeToken, STOP, STOP, Spent),
        ("a token, an error, 401", 401, r#"{"access_token":"T","error":"x"}"#, Class::MaybeToken, STOP, STOP, Spent),

        ("429", 429, "", Class::Wait, STOP, STOP, ProbablyLive),
        ("429 and a code", 429, r#"{"error":"invalid_grant"}"#, Class::Wait, STOP, STOP, ProbablyLive),
        ("503 with Retry-After", 503, "RETRY", Class::Wait, STOP, STOP, ProbablyLive),

        ("301", 301, "", Class::Moved, STOP, STOP, ProbablyLive),
        ("307", 307, "", Class::Moved, STOP, STOP, ProbablyLive),
        ("308 and a code", 308, r#"{"error":"invalid_client"}"#, Class::Moved, STOP, STOP, ProbablyLive),

        ("401", 401, "", Class::Client, NEXT, NEXT, ProbablyLive),
        ("401 and an unknown code", 401, r#"{"error":"Unauthorized"}"#, Class::Client, NEXT, NEXT, ProbablyLive),
        ("invalid_client", 400, r#"{"error":"invalid_client"}"#, Class::Client, NEXT, NEXT, ProbablyLive),
        ("invalid_client in a 500", 500, r#"{"error":"invalid_client"}"#, Class::Client, NEXT, NEXT, ProbablyLive),
        ("unauthorized_client", 403, r#"{"error":"unauthorized_client"}"#, Class::Client, NEXT, NEXT, ProbablyLive),
        ("GitHub's word", 200, "error=incorrect_client_credentials", Class::Client, NEXT, NEXT, ProbablyLive),
        ("Slack's word", 200, r#"{"ok":false,"error":"bad_client_secret"}"#, Class::Client, NEXT, NEXT, ProbablyLive),
        ("Shopify's word", 400, r#"{"error":"application_cannot_be_found"}"#, Class::Client, NEXT, NEXT, ProbablyLive),
        ("Slack's other word", 200, r#"{"ok":false,"error":"invalid_client_id"}"#, Class::Client, NEXT, NEXT, ProbablyLive),

        ("invalid_request", 400, r#"{"error":"invalid_request"}"#, ASKING_BY_CODE, NEXT, NEXT, Unknown),
        ("invalid_request in a 404", 404, r#"{"error":"invalid_request"}"#, ASKING_BY_CODE, NEXT, NEXT, Unknown),
        ("unsupported_grant_type", 400, r#"{"error":"unsupported_grant_type"}"#, ASKING_BY_CODE, NEXT, NEXT, ProbablyLive),
        ("an unknown code", 400, r#"{"error":"interaction_required"}"#, ASKING_BY_CODE, NEXT, NEXT, Unknown),
        ("an error that is an object", 400, r#"{"error":{"code":1}}"#, ASKING_BY_CODE, NEXT, NEXT, Unknown),
        ("a 2xx with an error", 200, r#"{"error":"rate_limited"}"#, ASKING_BY_CODE, NEXT, NEXT, Unknown),
        ("400", 400, "", ASKING, NEXT, NEXT, Unknown),
        ("400 and error false", 400, r#"{"error":false}"#, ASKING, NEXT, NEXT, Unknown),
        ("302", 302, "", ASKING, NEXT, NEXT, ProbablyLive),
        ("302 and a code, which yields to the redirect", 302, r#"{"error":"invalid_grant"}"#, ASKING, NEXT, NEXT, ProbablyLive),
        ("303", 303, "", ASKING, NEXT, NEXT, ProbablyLive),
        ("304", 304, "", ASKING, NEXT, NEXT, Unknown),
        ("403", 403, "<html>", ASKING, NEXT, NEXT, ProbablyLive),
        ("406", 406, "", ASKING, NEXT, NEXT, ProbablyLive),
        ("415", 415, "", ASKING, NEXT, Step::NextWithout(BodyEncoding::Form), ProbablyLive),
        ("422", 422, "", ASKING, NEXT, NEXT, Unknown),
        ("431", 431, "", ASKING, NEXT, NEXT, Unknown),

        ("an empty 200", 200, "", Class::Blank, NEXT, STOP, Unknown),
        ("204", 204, "", Class::Blank, NEXT, STOP, Unknown),
        ("HTML", 200, "<html>Sorry</html>", Class::Blank, NEXT, STOP, Unknown),
        ("JSON without a token", 200, r#"{"hello":"world"}"#, Class::Blank, NEXT, STOP, Unknown),
        ("a list", 200, "[]", Class::Blank, NEXT, STOP, Unknown),
        ("null", 200, "null", Class::Blank, NEXT, STOP, Unknown),
        ("plain text", 200, "OK", Class::Blank, NEXT, STOP, Unknown),

        ("invalid_grant", 400, r#"{"error":"invalid_grant"}"#, Class::Grant, NEXT, STOP, Spent),
        ("invalid_grant in a 401", 401, r#"{"error":"invalid_grant"}"#, Class::Grant, NEXT, STOP, Spent),
        ("GitHub's word for it", 200, "error=bad_verification_code", Class::Grant, NEXT, STOP, Spent),
        ("Slack's word for it", 200, r#"{"error":"code_already_used"}"#, Class::Grant, NEXT, STOP, Spent),
        ("Slack's other word for it", 200, r#"{"error":"invalid_code"}"#, Class::Grant, NEXT, STOP, Spent),
        ("invalid_scope", 400, r#"{"error":"invalid_scope"}"#, Class::Grant, NEXT, STOP, Spent),
        ("access_denied", 403, r#"{"error":"access_denied"}"#, Class::Grant, NEXT, STOP, Spent),
        ("invalid_target", 400, r#"{"error":"invalid_target"}"#, Class::Grant, NEXT, STOP, Spent),

        ("404", 404, "", Class::Endpoint, NEXT, STOP, ProbablyLive),
        ("404 with its reason phrase", 404, r#"{"error":"Not Found"}"#, Class::Endpoint, NEXT, STOP, ProbablyLive),
        ("405", 405, "", Class::Endpoint, NEXT, STOP, ProbablyLive),
        ("410", 410, "", Class::Endpoint, NEXT, STOP, ProbablyLive),

        ("500", 500, "Internal Server Error", Class::Fault, NEXT, STOP, Unknown),
        ("500 with its reason phrase", 500, r#"{"error":"Internal Server Error"}"#, Class::Fault, NEXT, STOP, Unknown),
        ("503 without Retry-After", 503, "", Class::Fault, NEXT, STOP, Unknown),
        ("server_error", 400, r#"{"error":"server_error"}"#, Class::Fault, NEXT, STOP, Unknown),
        ("temporarily_unavailable", 400, r#"{"error":"temporarily_unavailable"}"#, Class::Fault, NEXT, STOP, Unknown),
        ("a status beyond the known", 999, "", Class::Fault, NEXT, STOP, Unknown),
        ("a status beyond the known and a code", 999, r#"{"error":"invalid_client"}"#, Class::Client, NEXT, NEXT, ProbablyLive),
    ];

    #[test]
    fn every_row_of_the_table_holds_under_both_policies() {
        for &(row, status, body, class, exhaustive, careful, fate) in TABLE {
            let (answer, reading) = answer(status, body);
            for (reach, step) in [(Reach::Exhaustive, exhaustive), (Reach::Careful, careful)] {
                let asked = asked(reach, Flavor::BASIC_FORM);
                let found = super::class(answer.status, || body == "RETRY", &reading, asked);
                assert_eq!(found, class, "{row}");
                assert_eq!(super::step(found, answer.status, asked), step, "{row}");
                assert_eq!(super::fate(found, Some(&answer)), fate, "{row}");
            }
        }
    }

    #[test]
    fn no_answer_stops_either_policy_and_its_kind_decides_the_fate() {
        let kinds = [
            (TransportErrorKind::Connect, Unsent),
            (TransportErrorKind::Unplugged, Unsent),
            (TransportErrorKind::Timeout, Unknown),
            (TransportErrorKind::Interrupted, Unknown),
            (TransportErrorKind::TooLarge, Unknown),
        ];
        for (kind, fate) in kinds {
            assert_eq!(super::fate(Class::NoAnswer(kind), None), fate);
            for reach in [Reach::Exhaustive, Reach::Careful, Reach::Wary] {
                let asked = asked(reach, Flavor::BASIC_FORM);
                assert_eq!(step(Class::NoAnswer(kind), StatusCode::OK, asked), STOP);
            }
        }
    }

    #[test]
    fn careful_takes_a_fault_for_asking_where_the_flavor_may_have_upset_the_server() {
        let class_of = |reach, flavor, body| {
            let (answer, reading) = answer(500, body);
            class(answer.status, || false, &reading, asked(reach, flavor))
        };
        assert_eq!(class_of(Reach::Careful, Flavor::BODY_JSON, ""), ASKING);
        assert_eq!(class_of(Reach::Careful, Flavor::BASIC_RAW_FORM, ""), ASKING);
        let body = r#"{"error":"server_error"}"#;
        assert_eq!(class_of(Reach::Careful, Flavor::BODY_JSON, body), ASKING_BY_CODE);
        assert_eq!(class_of(Reach::Careful, Flavor::BODY_FORM, ""), Class::Fault);
        assert_eq!(class_of(Reach::Exhaustive, Flavor::BODY_JSON, ""), Class::Fault);
    }

    #[test]
    fn careful_skips_json_after_a_refusal_other_than_by_401() {
        let asked = asked(Reach::Careful, Flavor::BASIC_JSON);
        let step = |status| step(ASKING_BY_CODE, status, asked);
        assert_eq!(step(StatusCode::BAD_REQUEST), Step::NextWithout(BodyEncoding::Json));
        assert_eq!(step(StatusCode::INTERNAL_SERVER_ERROR), Step::NextWithout(BodyEncoding::Json));
        assert_eq!(step(StatusCode::UNAUTHORIZED), NEXT);
    }

    #[test]
    fn a_refresh_goes_on_after_the_client_alone() {
        let wary = asked(Reach::Wary, Flavor::BODY_FORM);
        assert_eq!(step(Class::Client, StatusCode::UNAUTHORIZED, wary), NEXT);
        let others =
            [ASKING, ASKING_BY_CODE, Class::Grant, Class::Blank, Class::Endpoint, Class::Fault];
        for class in others {
            assert_eq!(step(class, StatusCode::UNSUPPORTED_MEDIA_TYPE, wary), STOP);
        }
    }

    #[test]
    fn the_headline_is_the_first_of_the_most_telling_rank() {
        let ranks = [
            Class::Fault,
            Class::Endpoint,
            Class::Blank,
            ASKING,
            ASKING_BY_CODE,
            Class::Client,
            Class::Grant,
        ];
        for most in 0..ranks.len() {
            assert_eq!(headline(ranks[..=most].iter().copied()), most);
            let twice = ranks[..=most].iter().chain(&ranks[..=most]).copied();
            assert_eq!(headline(twice), most);
        }
    }

    #[test]
    fn the_kind_follows_from_the_headline() {
        let name =
            |class, status, body| kind(class, &answer(status, body).0, Reach::Careful).to_string();
        let of = |class| name(class, 400, r#"{"error":"x"}"#);
        assert_eq!(of(Class::Grant), "refused");
        assert_eq!(of(Class::Client), "no_flavor_accepted");
        assert_eq!(of(ASKING), "no_flavor_accepted");
        assert_eq!(of(Class::Blank), "unreadable");
        assert_eq!(of(Class::MaybeToken), "unreadable");
        assert_eq!(of(Class::Endpoint), "wrong_endpoint");
        assert_eq!(of(Class::Fault), "unavailable");
        assert_eq!(of(Class::Wait), "unavailable");
        assert_eq!(of(Class::Moved), "redirected");
    }

    #[test]
    fn a_call_that_ran_out_is_redirected_only_if_every_answer_was_a_redirect() {
        let (found, refused) = (answer(302, "").0, answer(400, "").0);
        let (headline, kind) = exhausted(&[(ASKING, &found), (ASKING, &found)], Reach::Careful);
        assert_eq!((headline, &*kind.to_string()), (0, "redirected"));
        let (headline, kind) =
            exhausted(&[(Class::Fault, &found), (ASKING, &refused)], Reach::Careful);
        assert_eq!((headline, &*kind.to_string()), (1, "no_flavor_accepted"));
    }

    fn answer(status: u16, body: &str) -> (Answer, Reading) {
        let status = StatusCode::from_u16(status).expect("a status");
        let conventions = AnswerConventions::default();
        let expected = Expected { scopes: &[], delimiter: " ", conventions: &conventions };
        let mut response = http::Response::new(body.as_bytes().to_vec());
        *response.status_mut() = status;
        let reading = decode::read(&response, SystemTime::UNIX_EPOCH, expected, Default::default);
        let told = match &reading {
            Reading::Error(told) => Some(told.clone()),
            _ => None,
        };
        (Answer { status, told, retry_after: None, location: None }, reading)
    }

    fn asked(reach: Reach, flavor: Flavor) -> Asked {
        Asked { reach, flavor, encoding_matters: true }
    }
}
