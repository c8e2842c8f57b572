//! Hides secrets in text, wherever and however they are written.
//!
//! A server may echo what it was sent, in an error description or a redirect, in any of the ways
//! in which text travels. So a secret is looked for raw, URL-encoded, JSON-escaped and inside
//! base64, and what is found is replaced by a mark that names it: `[code]`.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;

/// The secrets of one call.
#[derive(Default)]
pub(crate) struct Mask<'a> {
    needles: Vec<Needle<'a>>,
}

struct Needle<'a> {
    mark: &'a str,
    secret: Cow<'a, str>,
    /// What base64 makes of the secret at each of the three offsets it can have, without the
    /// characters that its neighbours have a part in.
    base64: Vec<String>,
}

impl<'a> Mask<'a> {
    /// Hides `secret` behind `[mark]`.
    pub(crate) fn hide(&mut self, mark: &'a str, secret: impl Into<Cow<'a, str>>) {
        let secret = secret.into();
        if secret.is_empty() || self.needles.iter().any(|needle| needle.secret == secret) {
            return;
        }
        let base64 = if is_word(&secret) { Vec::new() } else { base64_cores(&secret) };
        self.needles.push(Needle { mark, secret, base64 });
        // The longest first, so that a secret within another leaves nothing of it.
        self.needles.sort_by_key(|needle| std::cmp::Reverse(needle.secret.len()));
    }

    /// The text with a mark in place of each secret.
    pub(crate) fn apply(&self, text: &str) -> String {
        let mut masked = String::with_capacity(text.len());
        let mut at = 0;
        while let Some(next) = text[at..].chars().next() {
            let found =
                self.needles.iter().find_map(|needle| Some((needle, needle.end(text, at)?)));
            if let Some((needle, end)) = found {
                masked.extend(["[", needle.mark, "]"]);
                at = end;
            } else if let Some((needle, end)) = self.base64(text, at) {
                masked.extend(["[", needle.mark, "]"]);
                at = end;
            } else {
                masked.push(next);
                at += next.len_utf8();
            }
        }
        masked
    }

    /// The error, or if it shows a secret anywhere along its chain, the masked text of the chain.
    pub(crate) fn error(
        &self,
        error: Box<dyn StdError + Send + Sync>,
    ) -> Box<dyn StdError + Send + Sync> {
        let mut texts = Vec::new();
        let mut clean = true;
        let mut next: Option<&(dyn StdError + 'static)> = Some(&*error);
        while let Some(error) = next {
            let (text, debug) = (error.to_string(), format!("{error:?} {error:#?}"));
            let masked = self.apply(&text);
            clean &= masked == text && self.apply(&debug) == debug;
            texts.push(masked);
            next = error.source();
        }
        if clean { error } else { Box::new(MaskedError(texts.join(": "))) }
    }

    /// The base64 text that begins at `at` and holds a secret, to its end.
    fn base64(&self, text: &str, at: usize) -> Option<(&Needle<'a>, usize)> {
        let before = text.as_bytes()[..at].last();
        if before.is_some_and(|&byte| base64_character(&[byte]).is_some()) {
            return None;
        }
        let (mut run, mut end) = (String::new(), at);
        while let Some((character, length)) = base64_character(&text.as_bytes()[end..]) {
            run.push(character);
            end += length;
        }
        let holds = |needle: &&Needle<'_>| needle.base64.iter().any(|core| run.contains(core));
        Some((self.needles.iter().find(holds)?, end))
    }
}

impl Needle<'_> {
    /// Where the secret ends that begins at `at`, if one does.
    fn end(&self, text: &str, at: usize) -> Option<usize> {
        let end = [Writing::Raw, Writing::Url, Writing::Json]
            .into_iter()
            .filter_map(|writing| writing.end(&self.secret, text, at))
            .max()?;
        // A short secret may be a part of any word, such as the `c` of `code`: only the whole word
        // can be the secret then.
        let whole = !is_word(&self.secret) || (begins_word(text, at) && ends_word(text, end));
        whole.then_some(end)
    }
}

/// A way in which a text may be written within another.
#[derive(Clone, Copy)]
enum Writing {
    Raw,
    Url,
    Json,
}

impl Writing {
    /// Where `secret` ends in `text`, if it begins at `at` in this writing. A secret that the end
    /// of the text cuts off counts, if enough of it is there.
    fn end(self, secret: &str, text: &str, at: usize) -> Option<usize> {
        let (mut at, mut known) = (at, 0);
        let secret = secret.as_bytes();
        while known < secret.len() {
            if at == text.len() {
                return (known >= SHORT).then_some(at);
            }
            let mut buffer = [0; 4];
            let (bytes, length) = self.next(&text.as_bytes()[at..], secret[known], &mut buffer);
            if !secret[known..].starts_with(bytes) {
                return None;
            }
            known += bytes.len();
            at += length;
        }
        text.is_char_boundary(at).then_some(at)
    }

    /// The bytes that the text begins with, and how long they are as written.
    fn next<'b>(self, text: &'b [u8], wanted: u8, buffer: &'b mut [u8; 4]) -> (&'b [u8], usize) {
        let raw = &text[..1];
        match self {
            Self::Raw => (raw, 1),
            Self::Url if wanted == b' ' && raw == b"+" => (b" ", 1),
            Self::Url => match url_escape(text) {
                Some(byte) => {
                    buffer[0] = byte;
                    (&buffer[..1], 3)
                }
                None => (raw, 1),
            },
            Self::Json => match json_escape(text) {
                Some((character, length)) => (character.encode_utf8(buffer).as_bytes(), length),
                None => (raw, 1),
            },
        }
    }
}

/// The byte that a URL escape at the start of the text stands for.
fn url_escape(text: &[u8]) -> Option<u8> {
    let [b'%', high, low, ..] = *text else { return None };
    Some(hex(high)? << 4 | hex(low)?)
}

/// The character that a JSON escape at the start of the text stands for, and the escape's length.
fn json_escape(text: &[u8]) -> Option<(char, usize)> {
    let character = match *text {
        [b'\\', b'n', ..] => '\n',
        [b'\\', b'r', ..] => '\r',
        [b'\\', b't', ..] => '\t',
        [b'\\', b'b', ..] => '\u{8}',
        [b'\\', b'f', ..] => '\u{c}',
        [b'\\', same @ (b'"' | b'\\' | b'/'), ..] => same.into(),
        _ => {
            let units = [json_unit(text), text.get(6..).and_then(json_unit)];
            let character = char::decode_utf16(units.into_iter().flatten()).next()?.ok()?;
            return Some((character, 6 * character.len_utf16()));
        }
    };
    Some((character, 2))
}

/// The UTF-16 unit that a `\u` escape at the start of the text stands for.
fn json_unit(text: &[u8]) -> Option<u16> {
    let [b'\\', b'u', a, b, c, d, ..] = *text else { return None };
    [a, b, c, d].into_iter().try_fold(0, |unit, digit| Some(unit << 4 | u16::from(hex(digit)?)))
}

/// What base64 makes of a secret whatever stands around it: one text for each offset modulo 3.
fn base64_cores(secret: &str) -> Vec<String> {
    (0..3)
        .map(|offset| {
            let mut bytes = vec![0; offset];
            bytes.extend_from_slice(secret.as_bytes());
            // The first characters hold bits of what stands before, the last of what comes after.
            let (first, last) = ((offset * 8).div_ceil(6), bytes.len() * 8 / 6);
            STANDARD_NO_PAD.encode(bytes)[first..last].to_owned()
        })
        .collect()
}

/// Whether the secret is so short that it is looked for as a whole word only.
fn is_word(secret: &str) -> bool {
    secret.len() < SHORT
}

fn begins_word(text: &str, at: usize) -> bool {
    let before = &text.as_bytes()[..at];
    // An escape before it is a character of its own, though it ends in a letter or a digit.
    let ends_with = |length| before.len().checked_sub(length).map(|start| &before[start..]);
    let escaped = ends_with(3).and_then(url_escape).is_some()
        || ends_with(2).and_then(json_escape).is_some()
        || ends_with(6).and_then(json_unit).is_some();
    escaped || !before.last().copied().is_some_and(in_word)
}

fn ends_word(text: &str, end: usize) -> bool {
    !text.as_bytes().get(end).copied().is_some_and(in_word)
}

fn in_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || !byte.is_ascii()
}

/// The base64 character that the text begins with, URL-safe or escaped or not, and its length.
fn base64_character(text: &[u8]) -> Option<(char, usize)> {
    let character = |byte: u8| match byte {
        b'+' | b'-' => Some('+'),
        b'/' | b'_' => Some('/'),
        byte => byte.is_ascii_alphanumeric().then_some(byte.into()),
    };
    match *text {
        [b'\\', b'/', ..] => Some(('/', 2)),
        [b'%', ..] => Some((character(url_escape(text)?)?, 3)),
        [byte, ..] => Some((character(byte)?, 1)),
        [] => None,
    }
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| value.try_into().ok())
}

/// What is left of an error that showed a secret.
struct MaskedError(String);

impl fmt::Debug for MaskedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for MaskedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl StdError for MaskedError {}

/// Secrets of fewer bytes than this are words, and a cut-off secret of fewer is not one.
const SHORT: usize = 8;
