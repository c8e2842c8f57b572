//! Fills what was sent into a template of an answer, in the writings that the template names.
//!
//! `{{secret|base64}}` is the secret in base64, `{{code|url|cut=20}}` the first 20 characters of
//! the URL-encoded code. Within a body an echo is written as the body is, so that it can be read
//! again: quoted in JSON, else URL-encoded. `{{secret|bare}}` is not.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

/// Where an echo stands, and so how it is written there.
#[derive(Clone, Copy, Eq, PartialEq)]
pub(crate) enum Within {
    Text,
    Json,
    Form,
}

impl Within {
    /// How an answer of this body is read.
    pub(crate) fn body(template: &str) -> Self {
        let text = template.strip_prefix('\u{feff}').unwrap_or(template).trim_start();
        if text.starts_with('{') { Self::Json } else { Self::Form }
    }

    fn quote(self, text: &str) -> String {
        match self {
            Self::Text => text.to_owned(),
            Self::Json => in_json(text),
            Self::Form => utf8_percent_encode(text, NON_ALPHANUMERIC).to_string(),
        }
    }
}

/// The template with its echoes, `what` of a name being what is echoed.
pub(crate) fn fill<'a>(
    template: &str,
    within: Within,
    what: impl Fn(&str) -> Option<&'a str>,
) -> String {
    let mut filled = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{") {
        filled += before;
        let Some((echo, after)) = after.split_once("}}") else {
            return filled + "{{" + after;
        };
        rest = after;
        // So that a few bytes of fuzz make no gigabytes.
        if filled.len() > 16 * 1024 {
            continue;
        }
        let mut words = echo.split('|');
        let name = words.next().unwrap_or_default();
        let Some(text) = what(name) else { continue };
        // What is sent as a whole is written already, and no server undoes or does two writings.
        let words = words.filter(|word| match name {
            "body" => matches!(*word, "bare" | "base64" | "base64url") || word.starts_with("cut="),
            "header" => !word.starts_with("bas"),
            _ => true,
        });
        // No server writes half an escape before an echo, which would eat the echo's beginning.
        if ends_in_half_an_escape(&filled) {
            filled.push(' ');
        }
        filled += &written(text, words, within);
    }
    filled + rest
}

fn written<'a>(text: &str, words: impl Iterator<Item = &'a str>, within: Within) -> String {
    let mut echo = None;
    let mut bare = false;
    let mut length = usize::MAX;
    for word in words {
        match word {
            // Other writings, put bare into a body, are not what comes out of it.
            "bare" if echo.is_none() => bare = true,
            _ => match word.strip_prefix("cut=") {
                Some(digits) => length = digits.parse().unwrap_or(length),
                None if echo.is_none() && !bare => echo = write(text, word),
                None => {}
            },
        }
    }
    let echo: String = echo.as_deref().unwrap_or(text).chars().take(length).collect();
    if bare { echo } else { within.quote(&echo) }
}

fn write(text: &str, writing: &str) -> Option<String> {
    let each = |write: fn(&mut String, char)| {
        text.chars().fold(String::new(), |mut written, character| {
            write(&mut written, character);
            written
        })
    };
    let encoded = || utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let bytes = |upper: bool| {
        text.bytes().fold(String::new(), |mut written, byte| {
            let _ =
                if upper { write!(written, "%{byte:02X}") } else { write!(written, "%{byte:02x}") };
            written
        })
    };
    Some(match writing {
        "url" => encoded(),
        "url-lower" => lower_escapes(&encoded()),
        "url-all" => bytes(true),
        "url-all-lower" => bytes(false),
        "form" => encoded().replace("%20", "+"),
        "base64" => STANDARD.encode(text),
        "base64url" => URL_SAFE_NO_PAD.encode(text),
        "base64-url" => STANDARD.encode(encoded()),
        "basic" => STANDARD.encode(format!("my-client-id:{text}")),
        "json" => in_json(text),
        "json-slash" => write(text, "json")?.replace('/', "\\/"),
        "json-all" => units(text, |unit| format!("\\u{unit:04X}")),
        "json-all-lower" => units(text, |unit| format!("\\u{unit:04x}")),
        "html" => each(|written, character| match character {
            '&' => *written += "&amp;",
            '<' => *written += "&lt;",
            '>' => *written += "&gt;",
            '"' => *written += "&quot;",
            '\'' => *written += "&#39;",
            character => written.push(character),
        }),
        "html-hex" => each(|written, character| {
            let _ = write!(written, "&#x{:x};", u32::from(character));
        }),
        "html-all" => each(|written, character| {
            let _ = write!(written, "&#{};", u32::from(character));
        }),
        _ => return None,
    })
}

fn in_json(text: &str) -> String {
    let quoted = serde_json::to_string(text).expect("a text");
    quoted[1..quoted.len() - 1].to_owned()
}

fn units(text: &str, write: impl Fn(u16) -> String) -> String {
    text.encode_utf16().map(write).collect()
}

/// With its escapes in lower case.
fn lower_escapes(encoded: &str) -> String {
    let mut parts = encoded.split('%');
    let mut lower = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (digits, rest) = part.split_at(2);
        lower += &format!("%{}{rest}", digits.to_ascii_lowercase());
    }
    lower
}

fn ends_in_half_an_escape(text: &str) -> bool {
    let end = text.len().saturating_sub(5);
    let end = String::from_utf8_lossy(&text.as_bytes()[end..]);
    end.ends_with('\\')
        || end.contains("\\u")
        || end.ends_with('%')
        || end.rfind('%').is_some_and(|at| at + 2 == end.len())
}
