//! A base64 text within another, which may hold a secret.

use base64::alphabet;
use base64::engine::general_purpose::{GeneralPurpose, NO_PAD};
use smallvec::SmallVec;

use super::SHORT;
use super::writing::url_escape;

/// The base64 text at the start of a text, in whichever alphabet, escaped or not, with the breaks of
/// its lines, and with blanks for the pluses that were read as such.
pub(super) struct Base64Run {
    /// In the standard alphabet; of a very long one only the beginning.
    pub(super) characters: SmallVec<[u8; 64]>,
    /// How long it is as written.
    pub(super) length: usize,
}

impl Base64Run {
    /// Reads so many of its characters that no secret beginning among the first `shown` is missed.
    pub(super) fn read(text: &str, shown: usize) -> Self {
        let (mut characters, mut length, mut unbroken) = (SmallVec::new(), 0, 0);
        let mut push = |character| {
            if characters.len() <= shown.saturating_add(LOOKAHEAD) {
                characters.push(character);
            }
        };
        loop {
            let rest = &text.as_bytes()[length..];
            if let Some((character, size)) = base64_character(rest) {
                push(character);
                length += size;
                unbroken += 1;
                continue;
            }
            let gap = (unbroken >= LINE).then(|| gap(rest)).flatten();
            let goes_on = |&(_, size): &(_, usize)| base64_character(&rest[size..]).is_some();
            let Some((character, size)) = gap.filter(goes_on) else { break };
            character.into_iter().for_each(&mut push);
            length += size;
            unbroken = 0;
        }
        Self { characters, length }
    }
}

/// The base64 character that the text begins with, URL-safe or escaped or not, and its length.
fn base64_character(text: &[u8]) -> Option<(u8, usize)> {
    let character = |byte: u8| match byte {
        b'+' | b'-' => Some(b'+'),
        b'/' | b'_' => Some(b'/'),
        byte => byte.is_ascii_alphanumeric().then_some(byte),
    };
    match *text {
        [b'\\', b'/', ..] => Some((b'/', 2)),
        [b'%', ..] => Some((character(url_escape(text)?)?, 3)),
        [byte, ..] => Some((character(byte)?, 1)),
        [] => None,
    }
}

/// What the text begins with that may stand within base64, if anything: the character that it was, and
/// its length.
fn gap(text: &[u8]) -> Option<(Option<u8>, usize)> {
    if text.starts_with(b" ") {
        return Some((Some(b'+'), 1));
    }
    let first = line_break(text)?;
    Some((None, first + line_break(&text[first..]).unwrap_or(0)))
}

/// The length of a half of a line break, escaped or not.
fn line_break(text: &[u8]) -> Option<usize> {
    match *text {
        [b'\r' | b'\n', ..] => Some(1),
        [b'\\', b'r' | b'n', ..] => Some(2),
        [b'%', ..] => matches!(url_escape(text)?, b'\r' | b'\n').then_some(3),
        _ => None,
    }
}

/// Words are shorter than what stands in base64 before a gap.
const LINE: usize = 16;

/// So many characters of base64 the shortest secret takes that is looked for in it.
pub(super) const SHORT_IN_BASE64: usize = (SHORT * 4).div_ceil(3);

/// How many characters of a base64 text are looked at beyond those that are shown, so that a secret
/// that begins among these is known.
const LOOKAHEAD: usize = 64;

/// Takes a text that was cut off anywhere.
pub(super) const BASE64: GeneralPurpose =
    GeneralPurpose::new(&alphabet::STANDARD, NO_PAD.with_decode_allow_trailing_bits(true));
