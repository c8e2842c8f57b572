//! Whether a text shows a secret to someone who reads it in every way they know.

use std::collections::BTreeSet;
use std::error::Error;

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::general_purpose::{GeneralPurpose, NO_PAD};
use percent_encoding::percent_decode_str;
use serde_json::Value;
use token_exchanger::{CallError, CallErrorKind, Issued, Outcome, Report, ServerError};

/// Every text that can be had of an error.
pub(crate) fn of_error(error: &CallError) -> String {
    let mut text = format!("{} {:?} {:?}", error.kind(), error.kind(), error.attempts());
    let mut next: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = next {
        text += &format!(" {error} {error:?} {error:#?}");
        next = error.source();
    }
    for attempt in error.attempts() {
        text += &format!(" {attempt}");
    }
    format!("{text} {} {}", error.headline().to_curl(), of_report(&error.report()))
}

/// Every text of a report, each once, as it is before JSON escapes it.
fn of_report(report: &Report) -> String {
    let report = serde_json::to_value(report).expect("a report serializes");
    let mut texts = BTreeSet::new();
    collect(&report, &mut texts);
    texts.into_iter().collect::<Vec<_>>().join(" ")
}

fn collect<'a>(value: &'a Value, texts: &mut BTreeSet<&'a str>) {
    match value {
        Value::String(text) => drop(texts.insert(text)),
        Value::Array(values) => values.iter().for_each(|value| collect(value, texts)),
        Value::Object(members) => members.values().for_each(|value| collect(value, texts)),
        _ => {}
    }
}

/// Every text that can be had of a token and its story, but for the token's own fields.
pub(crate) fn of_issued(issued: &Issued) -> String {
    let mut text = format!("{issued:?} {issued:#?} {:?} {:#?}", issued.token, issued.token);
    for warning in &issued.warnings {
        text += &format!(" {warning} {warning:?}");
    }
    for attempt in &issued.attempts {
        text += &format!(" {attempt} {attempt:?}");
    }
    text + " " + &of_report(&issued.report())
}

/// Every error that a server told in the call.
pub(crate) fn told(error: &CallError) -> Vec<&ServerError> {
    let told = error.attempts().iter().filter_map(|attempt| match &attempt.outcome {
        Outcome::Answered { error, .. } => error.as_ref(),
        _ => None,
    });
    let kind = match error.kind() {
        CallErrorKind::Refused(error) => Some(error),
        _ => None,
    };
    told.chain(kind).collect()
}

/// Fails if a text of a server is longer than is promised, or not of the characters that
/// RFC 6749, section 5.2, allows.
pub(crate) fn assert_printable(error: &CallError) {
    let allowed = |text: &str| {
        text.bytes().all(|byte| matches!(byte, 0x20..=0x21 | 0x23..=0x5b | 0x5d..=0x7e))
    };
    for told in told(error) {
        let description = told.description.as_deref().unwrap_or_default();
        assert!(told.code.len() <= 64 && !told.code.is_empty(), "code {:?}", told.code);
        assert!(description.len() <= 512, "description {description:?}");
        for text in [&told.code, description, told.uri.as_deref().unwrap_or_default()] {
            assert!(allowed(text), "{text:?}");
        }
    }
    if let CallErrorKind::Redirected { location: Some(location) } = error.kind() {
        assert!(allowed(location) && location.len() <= 512, "location {location:?}");
        assert!(!location.contains(['?', '#']), "location {location:?}");
    }
    assert!(!error.to_string().contains(['\n', '\r', '\u{1b}']), "{error}");
}

/// Fails if the text shows a secret. The first 15 bytes of one that was cut off may be seen.
pub(crate) fn assert_hidden(secrets: &[&str], text: &str) {
    if let Some(piece) = found(secrets, text) {
        panic!("{piece} is shown in {text}");
    }
}

/// A telling piece of a secret that is in the text, in any writing.
pub(crate) fn found(secrets: &[&str], text: &str) -> Option<String> {
    let readings = readings(text);
    secrets
        .iter()
        .flat_map(|secret| pieces(secret))
        .find(|piece| readings.iter().any(|reading| reading.contains(piece.as_str())))
}

/// The first 16 bytes of a secret, and what comes after them in pieces of 8.
fn pieces(secret: &str) -> Vec<String> {
    let mut ends = vec![0, 16];
    ends.extend((24..=secret.len()).step_by(8));
    let mut pieces: Vec<_> =
        ends.windows(2).filter_map(|ends| secret.get(ends[0]..ends[1])).map(plain).collect();
    pieces.extend(secret.get(secret.len() - 8..).map(plain));
    pieces
}

/// The text as it stands, and with each writing undone that is in it.
fn readings(text: &str) -> Vec<String> {
    let mut readings = Vec::new();
    let undo = |text: &str, readings: &mut Vec<String>| {
        if text.contains('%') {
            readings.push(percent_decode_str(text).decode_utf8_lossy().into_owned());
        }
        if text.contains("/u") || text.contains("\\u") {
            readings.push(without_escapes(text));
        }
    };
    undo(text, &mut readings);
    if text.contains('&') {
        readings.push(without_entities(text));
    }
    let unquoted = readings.first().filter(|_| text.contains('%')).cloned();
    for encoded in [text].into_iter().chain(unquoted.as_deref()) {
        for decoded in from_base64(encoded) {
            undo(&decoded, &mut readings);
            readings.push(decoded);
        }
    }
    readings.push(text.to_owned());
    let mut readings: Vec<_> = readings.iter().map(|reading| plain(reading)).collect();
    if text.contains('+') {
        let spaced: Vec<_> = readings.iter().map(|reading| reading.replace('+', "?")).collect();
        readings.extend(spaced);
    }
    readings
}

/// With one character for all that may stand for one another in a shown text.
fn plain(text: &str) -> String {
    let plain = |c: char| if c.is_ascii_graphic() && !"\"'\\/".contains(c) { c } else { '?' };
    text.chars().map(plain).collect()
}

fn without_entities(text: &str) -> String {
    let mut parts = text.split('&');
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let entity = part.split_once(';').and_then(|(name, rest)| {
            let character = match name {
                "amp" => '&',
                "quot" => '"',
                "lt" => '<',
                "gt" => '>',
                _ => {
                    let digits = name.strip_prefix('#')?;
                    let code = match digits.strip_prefix('x') {
                        Some(digits) => u32::from_str_radix(digits, 16),
                        None => digits.parse(),
                    };
                    char::from_u32(code.ok()?)?
                }
            };
            Some((character, rest))
        });
        match entity {
            Some((character, rest)) => {
                plain.push(character);
                plain += rest;
            }
            None => {
                plain.push('&');
                plain += part;
            }
        }
    }
    plain
}

/// A backslash is shown as a slash.
fn without_escapes(text: &str) -> String {
    let text = text.replace('\\', "/");
    let mut parts = text.split("/u");
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let unit = part.get(..4).and_then(|digits| u32::from_str_radix(digits, 16).ok());
        match unit {
            Some(unit) => {
                plain.push(char::from_u32(unit).unwrap_or('?'));
                plain += &part[4..];
            }
            None => {
                plain += "/u";
                plain += part;
            }
        }
    }
    plain
}

/// What each long run of base64 characters holds, wherever its first group of four begins.
fn from_base64(text: &str) -> Vec<String> {
    const LENIENT: GeneralPurpose =
        GeneralPurpose::new(&STANDARD, NO_PAD.with_decode_allow_trailing_bits(true));
    let text = text.replace('-', "+").replace('_', "/");
    let runs = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '+' && c != '/');
    let long = runs.filter(|run| run.len() >= 16);
    long.flat_map(|run| (0..4).map(move |offset| &run[offset..]))
        .filter_map(|run| LENIENT.decode(&run[..run.len() - usize::from(run.len() % 4 == 1)]).ok())
        .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
        .collect()
}
