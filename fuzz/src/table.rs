//! What an answer means, as the design's table has it, for the answers that leave no doubt.

use serde_json::{Map, Value};
use token_exchanger::{BodyEncoding, ClientAuth, CodeFate, Flavor, Policy, TransportErrorKind};

use super::scene::{Answer, Client};

/// A row of the table.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Row {
    Token,
    MaybeToken,
    NoAnswer(TransportErrorKind),
    Wait,
    Moved,
    Client,
    Asking { coded: bool },
    Blank,
    Grant,
    Endpoint,
    Fault,
}

/// What comes after an answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Then {
    Stop,
    Next,
    /// No more of this encoding.
    NextWithout(BodyEncoding),
}

/// How the request was asked.
#[derive(Clone, Copy)]
pub(crate) struct Asked {
    pub(crate) policy: Policy,
    pub(crate) client: Client,
    pub(crate) flavor: Flavor,
}

/// A row that is certain, and what follows from it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sure {
    pub(crate) row: Row,
    pub(crate) then: Then,
    pub(crate) fate: CodeFate,
    pub(crate) kind: &'static str,
}

impl Sure {
    pub(crate) fn of(answer: &Answer, asked: Asked) -> Option<Self> {
        let row = row(answer, asked)?;
        let body = body(&answer.body);
        let status = answer.end.map_or(0, |status| status.as_u16());
        let code = body.as_ref().and_then(Body::code);
        let grant_type = code == Some("unsupported_grant_type");
        let fate = match row {
            Row::Token | Row::MaybeToken | Row::Grant => CodeFate::Spent,
            Row::NoAnswer(TransportErrorKind::Connect | TransportErrorKind::Unplugged) => {
                CodeFate::Unsent
            }
            Row::NoAnswer(_) | Row::Fault | Row::Blank => CodeFate::Unknown,
            Row::Client | Row::Wait | Row::Moved | Row::Endpoint => CodeFate::ProbablyLive,
            Row::Asking { .. } if matches!(status, 302 | 303 | 403 | 406 | 415) || grant_type => {
                CodeFate::ProbablyLive
            }
            Row::Asking { .. } => CodeFate::Unknown,
        };
        let kind = match row {
            Row::Token => "a token",
            Row::MaybeToken | Row::Blank => "unreadable",
            Row::NoAnswer(_) => "transport",
            Row::Wait | Row::Fault => "unavailable",
            Row::Moved => "redirected",
            Row::Client | Row::Asking { .. } => "no_flavor_accepted",
            Row::Grant => "refused",
            Row::Endpoint => "wrong_endpoint",
        };
        Some(Self { row, then: then(row, status, asked), fate, kind })
    }

    /// How little the attempt tells, where the call ran out of flavors.
    pub(crate) fn rank(&self) -> usize {
        match self.row {
            Row::Grant => 0,
            Row::Client => 1,
            Row::Asking { coded: true } => 2,
            Row::Asking { coded: false } => 3,
            Row::Blank => 4,
            Row::Endpoint => 5,
            _ => 6,
        }
    }
}

fn then(row: Row, status: u16, asked: Asked) -> Then {
    let ends =
        matches!(row, Row::Token | Row::MaybeToken | Row::NoAnswer(_) | Row::Wait | Row::Moved);
    let encoding = asked.flavor.encoding;
    match row {
        _ if ends => Then::Stop,
        _ if asked.policy == Policy::Exhaustive => Then::Next,
        Row::Asking { .. } if status == 415 => Then::NextWithout(encoding),
        Row::Asking { .. } if encoding == BodyEncoding::Json && status != 401 => {
            Then::NextWithout(encoding)
        }
        Row::Client | Row::Asking { .. } => Then::Next,
        _ => Then::Stop,
    }
}

fn row(answer: &Answer, asked: Asked) -> Option<Row> {
    let status = match answer.end {
        Ok(status) => status.as_u16(),
        Err(kind) => return Some(Row::NoAnswer(kind)),
    };
    let body = body(&answer.body)?;
    if let Body::Token = body {
        return Some(if answer.is_success() { Row::Token } else { Row::MaybeToken });
    }
    let waits = answer.headers.iter().any(|(name, _)| name == "retry-after");
    let row = match (status, body.code()) {
        (429, _) => Row::Wait,
        // Whether a header that no server can send counts is left open.
        (503, _) if waits => {
            return (!answer.header("retry-after").is_empty()).then_some(Row::Wait);
        }
        (301 | 307 | 308, _) => Row::Moved,
        (300..=399, None) => Row::Asking { coded: false },
        (300..=399, Some(_)) => return None,
        (_, Some("invalid_client" | "unauthorized_client")) => Row::Client,
        (_, Some("invalid_grant" | "invalid_scope" | "access_denied" | "invalid_target")) => {
            Row::Grant
        }
        (_, Some("invalid_request" | "unsupported_grant_type")) => Row::Asking { coded: true },
        (_, Some("server_error" | "temporarily_unavailable")) => Row::Fault,
        (200..=299, None) => Row::Blank,
        (401, _) => Row::Client,
        (404 | 405 | 410, _) => Row::Endpoint,
        (200..=499, code) => Row::Asking { coded: code.is_some() },
        _ => Row::Fault,
    };
    let raw = asked.flavor.auth == ClientAuth::BasicRaw && asked.client == Client::Reserved;
    let upset = asked.policy == Policy::Careful
        && (500..=599).contains(&status)
        && (asked.flavor.encoding == BodyEncoding::Json || raw);
    match row {
        Row::Fault if upset => Some(Row::Asking { coded: body.code().is_some() }),
        row => Some(row),
    }
}

/// What a body says, if there is no doubt about it.
enum Body {
    Token,
    Error(String),
    Nothing,
}

impl Body {
    fn code(&self) -> Option<&str> {
        match self {
            Self::Error(code) => Some(code),
            _ => None,
        }
    }
}

fn body(bytes: &[u8]) -> Option<Body> {
    let text = std::str::from_utf8(bytes).ok()?;
    // A name may be written with hyphens and underscores anywhere.
    let lower = text.to_ascii_lowercase().replace(['-', '_'], "");
    let speaks = ["token", "expires", "\\", "%", "&"].iter().any(|word| lower.contains(word));
    let members = serde_json::from_str::<Map<String, Value>>(text);
    match members {
        Ok(members) => {
            let twice = members.keys().any(|name| text.matches(&format!("\"{name}\"")).count() > 1);
            let error = members.get("error").and_then(Value::as_str);
            let known = |code: &str| code.starts_with("x_") || CODES.contains(&code);
            match (text_of(&members, "access_token"), error) {
                _ if twice => None,
                (Some(_), None) if !lower.contains("error") => Some(Body::Token),
                (None, Some(code)) if known(code) && !speaks && members.len() == 1 => {
                    Some(Body::Error(code.to_owned()))
                }
                (None, None) if !lower.contains("error") && !speaks => Some(Body::Nothing),
                _ => None,
            }
        }
        Err(_) if text.is_empty() => Some(Body::Nothing),
        Err(_) if text.starts_with('<') && !speaks => Some(Body::Nothing),
        Err(_) => None,
    }
}

fn text_of<'m>(members: &'m Map<String, Value>, name: &str) -> Option<&'m str> {
    members.get(name)?.as_str().filter(|text| !text.is_empty())
}

/// The codes of the table.
const CODES: [&str; 10] = [
    "invalid_client",
    "unauthorized_client",
    "invalid_grant",
    "invalid_scope",
    "access_denied",
    "invalid_target",
    "invalid_request",
    "unsupported_grant_type",
    "server_error",
    "temporarily_unavailable",
];
