//! How a code looks that was not taken over as it was sent.

use super::finding::{Finding, FindingKind};
use crate::code::AuthorizationCode;

/// Says what looks wrong with a code before it is sent: it is still URL-encoded, is a whole callback or a
/// part of one, or has white space or quotes about it. Of a code as providers send them it says
/// nothing; what it says is a risk only, since a code may hold what it likes.
pub fn check_code(code: &AuthorizationCode) -> Vec<Finding> {
    let code = code.code.expose();
    let risk = |(symptom, cause, remedy)| Finding::risk(FindingKind::Code, symptom, cause, remedy);
    let mut findings = Vec::new();
    if is_callback(code) {
        findings.push(risk(CALLBACK));
    } else if is_encoded(code) {
        findings.push(risk(ENCODED));
    }
    if code.contains(char::is_whitespace) {
        findings.push(risk(WHITE_SPACE));
    }
    if code.trim().starts_with(QUOTES) || code.trim().ends_with(QUOTES) {
        findings.push(risk(QUOTED));
    }
    findings
}

/// Whether it is a URL or a query, or the end or the beginning of one.
fn is_callback(code: &str) -> bool {
    let code = code.trim().trim_matches(QUOTES).to_ascii_lowercase();
    ["code=", "?code=", "http://", "https://"].iter().any(|it| code.starts_with(it))
        || ["?code=", "&code=", "&state="].iter().any(|it| code.contains(it))
}

/// Whether a byte stands there as a URL writes it, such as `%2F`.
fn is_encoded(code: &str) -> bool {
    code.as_bytes().windows(3).any(
        |it| matches!(it, [b'%', high, low] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit()),
    )
}

const QUOTES: [char; 3] = ['"', '\'', '`'];

/// The symptom, the cause and the remedy.
type Advice = (&'static str, &'static str, &'static str);

const CALLBACK: Advice = (
    "the code looks like a callback or a part of one",
    "more than the value of the parameter code was taken over",
    "give what stands between code= and the next &, URL-decoded, or hand the whole callback to \
     Callback::parse",
);

const ENCODED: Advice = (
    "the code looks as if it were still URL-encoded: it has a % with two hex digits",
    "it was copied from a URL as it stands there, or was encoded twice on its way",
    "give it decoded once more (%2F is /), or hand the query to Callback::parse as it came from the \
     provider",
);

const WHITE_SPACE: Advice = (
    "the code has white space in it",
    "it was copied or read with a space or a line break, or a + of it was URL-decoded once too often",
    "give the code alone; if a + was lost, decode the callback only once",
);

const QUOTED: Advice = (
    "the code has quotes about it",
    "it was copied with them, or is still the JSON of a text",
    "give the code alone, without its quotes",
);
