//! A base64 text within another, which may hold a secret.

use base64::alphabet;
use base64::engine::general_purpose::{GeneralPurpose, NO_PAD};
use smallvec::SmallVec;

use super::SHORT;
use super::writing::url_escape;

/// The base64 text at the start of a text, in whichever alphabet, escaped or not.
pub(super) struct Base64Run {
    /// In the standard alphabet; of a very long one only the beginning.
    pub(super) characters: SmallVec<[u8; 64]>,
    /// How long it is as written.
    pub(super) length: usize,
}

impl Base64Run {
    /// Reads so many of its characters that no secret beginning among the first `shown` is missed.
    pub(super) fn read(text: &str, shown: usize) -> Self {
        let (mut characters, mut length) = (SmallVec::new(), 0);
        while let Some((character, size)) = base64_character(&text.as_bytes()[length..]) {
            length += size;
            if characters.len() <= shown.saturating_add(LOOKAHEAD) {
                characters.push(character);
            }
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

/// So many characters of base64 the shortest secret takes that is looked for in it.
pub(super) const SHORT_IN_BASE64: usize = (SHORT * 4).div_ceil(3);

/// How many characters of a base64 text are looked at beyond those that are shown, so that a secret
/// that begins among these is known.
const LOOKAHEAD: usize = 64;

/// Takes a text that was cut off anywhere.
pub(super) const BASE64: GeneralPurpose =
    GeneralPurpose::new(&alphabet::STANDARD, NO_PAD.with_decode_allow_trailing_bits(true));
