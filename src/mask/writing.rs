//! The ways in which a text may be written within another, and where it ends in each.

use percent_encoding::percent_decode_str;
use smallvec::SmallVec;

use super::{SHORT, beginning};

/// A way in which a text may be written within another.
#[derive(Clone, Copy)]
pub(super) enum Writing {
    Raw,
    Url,
    Json,
    Html,
}

impl Writing {
    /// Where `secret` ends in `text`, if it begins at `at` in this writing. A beginning of it
    /// counts, if it tells enough: so many bytes as `telling` says, if no word goes on there. And
    /// what agrees with it for very long is hidden to the end, so that no text makes this slow.
    ///
    /// Without `telling` it counts at the end of the text only, where we may have cut it off.
    pub(super) fn end(
        self,
        secret: &str,
        text: &str,
        at: usize,
        telling: Option<usize>,
    ) -> Option<usize> {
        let (mut at, mut known) = (at, 0);
        let secret = secret.as_bytes();
        while known < secret.len() {
            if known >= LONG && telling.is_some() {
                return Some(text.len());
            }
            let mut buffer = [0; 4];
            let next = self.next(&text.as_bytes()[at..], secret[known], &mut buffer);
            let Some((bytes, length)) =
                next.filter(|(bytes, _)| secret[known..].starts_with(bytes))
            else {
                let cut_by_us = at == text.len() && known >= SHORT;
                let goes_on = text.as_bytes().get(at).is_some_and(u8::is_ascii_alphanumeric);
                let least = telling.map(|it| if goes_on { TELLING } else { it });
                let tells = cut_by_us || least.is_some_and(|least| known >= least);
                return tells.then(|| beginning(text, at).len());
            };
            known += bytes.len();
            at += length;
        }
        text.is_char_boundary(at).then_some(at)
    }

    /// The bytes that the text begins with, and how long they are as written.
    fn next<'b>(
        self,
        text: &'b [u8],
        wanted: u8,
        buffer: &'b mut [u8; 4],
    ) -> Option<(&'b [u8], usize)> {
        let raw = text.get(..1)?;
        Some(match self {
            Self::Raw => (raw, 1),
            Self::Url if wanted == b' ' && raw == b"+" => (b" ", 1),
            Self::Url => match url_escape(text) {
                Some(byte) => {
                    buffer[0] = byte;
                    (&buffer[..1], 3)
                }
                None => (raw, 1),
            },
            Self::Json => unescaped(json_escape(text), raw, buffer),
            Self::Html => unescaped(html_escape(text), raw, buffer),
        })
    }
}

/// The character that was escaped, as bytes; if none was, the raw byte.
fn unescaped<'b>(
    escape: Option<(char, usize)>,
    raw: &'b [u8],
    buffer: &'b mut [u8; 4],
) -> (&'b [u8], usize) {
    match escape {
        Some((character, length)) => (character.encode_utf8(buffer).as_bytes(), length),
        None => (raw, 1),
    }
}

/// The text with one layer of URL, JSON or HTML escapes undone, for each that it has.
pub(super) fn readings(text: &str) -> Vec<String> {
    let by = |mark: char, escape: fn(&[u8]) -> Option<(char, usize)>| {
        let mut plain = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(next) = rest.chars().next() {
            let escaped = if next == mark { escape(rest.as_bytes()) } else { None };
            let (character, length) = escaped.unwrap_or((next, next.len_utf8()));
            plain.push(character);
            rest = &rest[length..];
        }
        plain
    };
    let mut readings = Vec::new();
    if text.contains('%') {
        readings.push(percent_decode_str(text).decode_utf8_lossy().into_owned());
    }
    if text.contains('\\') {
        readings.push(by('\\', json_escape));
    }
    if text.contains('&') {
        readings.push(by('&', html_escape));
    }
    readings
}

/// The byte that a URL escape at the start of the text stands for.
pub(super) fn url_escape(text: &[u8]) -> Option<u8> {
    let [b'%', high, low, ..] = *text else { return None };
    Some(hex(high)? << 4 | hex(low)?)
}

/// The character that an escape of JSON, or of a language that has more of them, at the start of the
/// text stands for, and the escape's length.
pub(super) fn json_escape(text: &[u8]) -> Option<(char, usize)> {
    let character = match *text {
        [b'\\', b'n', ..] => '\n',
        [b'\\', b'r', ..] => '\r',
        [b'\\', b't', ..] => '\t',
        [b'\\', b'b', ..] => '\u{8}',
        [b'\\', b'f', ..] => '\u{c}',
        [b'\\', same @ (b'"' | b'\'' | b'\\' | b'/'), ..] => same.into(),
        [b'\\', b'u', b'{', ..] => return braced_escape(text),
        [b'\\', b'x' | b'0'..=b'3', ..] => return byte_escapes(text),
        _ => {
            let units = [Some(json_unit(text)?), text.get(6..).and_then(json_unit)];
            let character = char::decode_utf16(units.into_iter().flatten()).next()?.ok()?;
            return Some((character, 6 * character.len_utf16()));
        }
    };
    Some((character, 2))
}

/// The same of `\u{2f}`.
fn braced_escape(text: &[u8]) -> Option<(char, usize)> {
    let digits = text.get(3..)?;
    let length = digits.iter().take(7).position(|&byte| byte == b'}')?;
    let code = u32::from_str_radix(std::str::from_utf8(&digits[..length]).ok()?, 16).ok()?;
    Some((code.try_into().ok()?, length + 4))
}

/// The same of `\x2f` or `\057`, of which as many as one character takes in UTF-8 make one.
fn byte_escapes(text: &[u8]) -> Option<(char, usize)> {
    let escapes = text.chunks(4).map_while(byte_escape).take(4);
    let bytes: SmallVec<[u8; 4]> = escapes.collect();
    let whole = (1..=bytes.len()).find_map(|count| {
        let character = std::str::from_utf8(&bytes[..count]).ok()?.chars().next()?;
        Some((character, 4 * count))
    });
    whole.or_else(|| Some((char::from(*bytes.first()?), 4)))
}

fn byte_escape(text: &[u8]) -> Option<u8> {
    let octal = |digit: u8| matches!(digit, b'0'..=b'7').then(|| digit - b'0');
    match *text {
        [b'\\', b'x', high, low] => Some(hex(high)? << 4 | hex(low)?),
        [b'\\', high @ b'0'..=b'3', mid, low] => {
            Some(octal(high)? << 6 | octal(mid)? << 3 | octal(low)?)
        }
        _ => None,
    }
}

/// The character that an HTML entity at the start of the text stands for, and the entity's length.
fn html_escape(text: &[u8]) -> Option<(char, usize)> {
    let entity = text.strip_prefix(b"&")?;
    let length = entity.iter().take(9).position(|&byte| byte == b';')?;
    let character = match &entity[..length] {
        b"amp" => '&',
        b"lt" => '<',
        b"gt" => '>',
        b"quot" => '"',
        b"apos" => '\'',
        [b'#', digits @ ..] => {
            let (digits, radix) = match digits {
                [b'x' | b'X', digits @ ..] => (digits, 16),
                digits => (digits, 10),
            };
            u32::from_str_radix(std::str::from_utf8(digits).ok()?, radix).ok()?.try_into().ok()?
        }
        _ => return None,
    };
    Some((character, length + 2))
}

/// The UTF-16 unit that a `\u` escape at the start of the text stands for.
pub(super) fn json_unit(text: &[u8]) -> Option<u16> {
    let [b'\\', b'u', a, b, c, d, ..] = *text else { return None };
    [a, b, c, d].into_iter().try_fold(0, |unit, digit| Some(unit << 4 | u16::from(hex(digit)?)))
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| value.try_into().ok())
}

/// The first so many bytes of a secret tell of it; fewer may be those of the client id.
pub(super) const TELLING: usize = 16;

/// So many bytes that agree are no chance.
const LONG: usize = 4096;
