//! Hides secrets in text, wherever and however they are written.
//!
//! A server may echo what it was sent, in an error description or a redirect, in any of the ways
//! in which text travels. So a secret is looked for raw, URL-encoded, JSON-escaped, HTML-escaped and
//! inside base64, and what is found is replaced by a mark that names it: `[code]`. So is the
//! beginning of one that was cut off, unless it is short.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::error::Error as StdError;
use std::fmt;

use base64::Engine as _;
use percent_encoding::percent_decode_str;

use self::base64_run::{BASE64, Base64Run, SHORT_IN_BASE64};
use self::writing::{TELLING, Writing, json_escape, json_unit, url_escape};

mod base64_run;
mod writing;

/// The secrets of one call.
pub(crate) struct Mask<'a> {
    /// The longest first, so that a secret within another leaves nothing of it.
    needles: Vec<Needle<'a>>,
    /// The bytes that a secret may begin with, in any writing: few, so that most of a text is passed
    /// over at a glance.
    first_bytes: [bool; 256],
    /// Marks that stand for other secrets.
    taken: Vec<String>,
    /// Whether a beginning passes for a secret that was cut off.
    hides_beginnings: bool,
}

struct Needle<'a> {
    mark: Cow<'a, str>,
    secret: Cow<'a, str>,
    /// Of so many bytes a beginning of it passes for the secret, cut off.
    telling: usize,
}

impl<'a> Mask<'a> {
    /// One for texts that another one has gone over: its marks are not given again. What it hides was
    /// found and not sent, so that no one has cut it off, and much may begin like it.
    pub(crate) fn after(other: &Mask<'_>) -> Self {
        let taken = other.needles.iter().map(|needle| needle.mark.to_string()).collect();
        Self { taken, hides_beginnings: false, ..Self::default() }
    }

    /// Hides `secret` behind a mark that no other secret has: `[name]`, or `[name 2]`.
    pub(crate) fn hide(&mut self, name: &'a str, secret: impl Into<Cow<'a, str>>) {
        let secret = secret.into();
        if self.knows(&secret) {
            return;
        }
        let is_taken = |mark: &str| {
            self.taken.iter().any(|taken| taken == mark)
                || self.needles.iter().any(|needle| needle.mark == mark)
        };
        let mut mark = Cow::Borrowed(name);
        let mut number = 2;
        while is_taken(&mark) {
            mark = format!("{name} {number}").into();
            number += 1;
        }
        let half = (secret.len() / 2).clamp(SHORT, TELLING);
        self.hide_as(mark, secret, half);
    }

    /// Hides another writing of what is hidden behind `[mark]`, which may begin with what is no secret.
    pub(crate) fn hide_also(&mut self, mark: &'a str, secret: impl Into<Cow<'a, str>>) {
        self.hide_as(mark.into(), secret.into(), TELLING);
    }

    fn hide_as(&mut self, mark: Cow<'a, str>, secret: Cow<'a, str>, telling: usize) {
        // What becomes of it where a raw echo is read as JSON or as a form.
        let holds = |byte| secret.as_bytes().contains(&byte);
        let unescaped = holds(b'\\')
            .then(|| serde_json::from_str::<String>(&format!("\"{secret}\"")).unwrap_or_default());
        let decoded = (holds(b'+') || holds(b'%')).then(|| {
            let spaced = secret.replace('+', " ");
            percent_decode_str(&spaced).decode_utf8().unwrap_or_default().into_owned()
        });
        self.add(mark.clone(), secret, telling);
        for other in [unescaped, decoded].into_iter().flatten() {
            self.add(mark.clone(), other.into(), telling);
        }
    }

    fn add(&mut self, mark: Cow<'a, str>, secret: Cow<'a, str>, telling: usize) {
        let Some(&first) = secret.as_bytes().first() else { return };
        if self.knows(&secret) {
            return;
        }
        self.first_bytes[usize::from(first)] = true;
        let at = self.needles.partition_point(|needle| needle.secret.len() >= secret.len());
        self.needles.insert(at, Needle { mark, secret, telling });
    }

    fn knows(&self, secret: &str) -> bool {
        self.needles.iter().any(|needle| needle.secret == secret)
    }

    /// Whether a secret may begin at `at`.
    fn may_begin(&self, text: &str, at: usize) -> bool {
        text.as_bytes().get(at).is_some_and(|&byte| self.first_bytes[usize::from(byte)])
    }

    /// The text with a mark in place of each secret.
    pub(crate) fn apply(&self, text: &str) -> String {
        // Most answers bring nothing to hide.
        if self.needles.is_empty() {
            return text.to_owned();
        }
        self.beginning(text, usize::MAX)
    }

    /// The same of a text that may quote what was quoted before, as a body does that is not read but
    /// shown: where a secret shows once escapes are undone, they are.
    pub(crate) fn apply_deeply(&self, text: &str) -> String {
        let mut masked = self.apply(text);
        for _ in 0..MOST_LAYERS {
            let once = writing::readings(&masked);
            // One more layer is undone by what looks for the secrets.
            let twice: Vec<_> = once.iter().flat_map(|it| writing::readings(it)).collect();
            match once.into_iter().chain(twice).find(|reading| !self.is_clean(reading)) {
                Some(reading) => masked = self.apply(&reading),
                None => return masked,
            }
        }
        WITHHELD.to_owned()
    }

    /// The beginning of that: at least `length` characters, if there are as many. For a long text
    /// of which no more is shown.
    pub(crate) fn beginning(&self, text: &str, length: usize) -> String {
        self.masked(text, length, false, true)
    }

    /// The text with marks that also say how a secret is written there, for whoever is to fill it
    /// in: `[client_secret, URL-encoded]`.
    pub(crate) fn form(&self, text: &str) -> String {
        self.masked(text, usize::MAX, true, false)
    }

    /// The text of what nobody has cut off: what begins like a secret is another one there.
    pub(crate) fn apply_whole(&self, text: &str) -> String {
        self.masked(text, usize::MAX, false, false)
    }

    /// The marks, with their brackets.
    pub(crate) fn marks(&self) -> Vec<String> {
        self.needles.iter().map(|needle| format!("[{}]", needle.mark)).collect()
    }

    fn masked(&self, text: &str, length: usize, tells_writing: bool, may_be_cut: bool) -> String {
        let mut masked = String::with_capacity(text.len().min(length));
        // How far the base64 text that we are in, if any, is known to hold no secret.
        let (mut at, mut searched, mut characters) = (0, 0, 0);
        while let Some(next) = text[at..].chars().next().filter(|_| characters < length) {
            let mut found = self.plain(text, at, may_be_cut);
            if at >= searched {
                let run = Base64Run::read(&text[at..], length.saturating_sub(characters));
                searched = at + run.length;
                let within = self.within_base64(&run);
                let within = within.map(|needle| (needle, self.hidden_end(text, at, searched)));
                found = farthest(found.into_iter().chain(within));
            }
            characters += 1;
            if let Some((needle, end)) = found {
                let writing = if tells_writing { needle.writing(text, at, end) } else { "" };
                masked.extend(["[", &*needle.mark, writing, "]"]);
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
            // What it quotes may have been escaped before.
            clean &= masked == text && self.is_clean(&debug) && self.is_clean(&unquoted(&debug));
            texts.push(masked);
            next = error.source();
        }
        if clean { error } else { Box::new(MaskedError(texts.join(": "))) }
    }

    fn is_clean(&self, text: &str) -> bool {
        self.apply(text) == text
    }

    /// The secret that begins at `at`, and where it ends.
    fn plain(&self, text: &str, at: usize, may_be_cut: bool) -> Option<(&Needle<'a>, usize)> {
        if !self.may_begin(text, at) {
            return None;
        }
        let may_be_cut = may_be_cut && self.hides_beginnings;
        farthest(self.needles.iter().filter_map(|it| Some((it, it.end(text, at, may_be_cut)?))))
    }

    /// Where to go on after a base64 text: past the secret, if any, in whose midst it ends. To
    /// `https://x.example/<base64>/<code>` there is no seam.
    fn hidden_end(&self, text: &str, start: usize, mut end: usize) -> usize {
        let mut at = start;
        while let Some(next) = text[at..].chars().next().filter(|_| at < end) {
            let found = self.plain(text, at, true).map(|(_, end)| end);
            at = found.unwrap_or(at + next.len_utf8());
            end = end.max(at);
        }
        end
    }

    /// A secret that the base64 text holds.
    fn within_base64(&self, run: &Base64Run) -> Option<&Needle<'a>> {
        let mut bytes = Vec::new();
        // Four characters make three bytes; where the first four begin is not known.
        (0..4).find_map(|offset| {
            let group = run.characters.get(offset..).filter(|it| it.len() >= SHORT_IN_BASE64)?;
            // One character alone makes no byte.
            let whole = group.len() - usize::from(group.len() % 4 == 1);
            bytes.clear();
            BASE64.decode_vec(&group[..whole], &mut bytes).ok()?;
            // Most words are base64 too, of bytes that begin no secret.
            let mut places = bytes[..=bytes.len().checked_sub(SHORT)?].iter();
            let may_hold_one = places.any(|&byte| self.first_bytes[usize::from(byte)]);
            may_hold_one.then(|| self.within(&String::from_utf8_lossy(&bytes))).flatten()
        })
    }

    /// The first secret in the text. Of the long ones: chance would find a short one in anything.
    fn within(&self, text: &str) -> Option<&Needle<'a>> {
        let long = self.needles.iter().filter(|needle| !needle.is_word());
        let found =
            |at| long.clone().find(|needle| needle.end(text, at, self.hides_beginnings).is_some());
        let mut places =
            text.char_indices().map(|(at, _)| at).filter(|&at| self.may_begin(text, at));
        places.find_map(found)
    }
}

impl Default for Mask<'_> {
    fn default() -> Self {
        let mut first_bytes = [false; 256];
        for escape in ESCAPES {
            first_bytes[usize::from(escape)] = true;
        }
        Self { needles: Vec::new(), first_bytes, taken: Vec::new(), hides_beginnings: true }
    }
}

/// The first that reaches farthest. What begins like a secret passes for one that was cut off, and
/// much begins alike: both writings of a Basic header, and all base64 that the client id begins.
fn farthest<T>(found: impl Iterator<Item = (T, usize)>) -> Option<(T, usize)> {
    found.min_by_key(|&(_, end)| Reverse(end))
}

impl Needle<'_> {
    /// How the secret is written that stands there, if not as it is.
    fn writing(&self, text: &str, at: usize, end: usize) -> &'static str {
        let is = |writing: Writing| writing.end(&self.secret, text, at, None) == Some(end);
        let named = [(Writing::Raw, ""), (Writing::Url, URL), (Writing::Json, JSON)];
        named.into_iter().find(|(writing, _)| is(*writing)).map_or("", |(_, name)| name)
    }

    /// Where the secret ends that begins at `at`, if one does.
    fn end(&self, text: &str, at: usize, may_be_cut: bool) -> Option<usize> {
        let first = text.as_bytes().get(at)?;
        if !ESCAPES.contains(first) && self.secret.as_bytes().first() != Some(first) {
            return None;
        }
        let telling = may_be_cut.then_some(self.telling);
        let end = [Writing::Raw, Writing::Url, Writing::Json, Writing::Html]
            .into_iter()
            .filter_map(|writing| writing.end(&self.secret, text, at, telling))
            .max()?;
        // A short secret may be a part of any word, such as the `c` of `code`: only the whole word
        // can be the secret then.
        let whole = !self.is_word() || (begins_word(text, at) && ends_word(text, end));
        whole.then_some(end)
    }

    /// Whether the secret is so short that it is looked for as a whole word only.
    fn is_word(&self) -> bool {
        self.secret.len() < SHORT
    }
}

/// At most so many bytes of the text, and no half of a character.
pub(crate) fn beginning(text: &str, most: usize) -> &str {
    let end = (0..=most.min(text.len())).rev().find(|&at| text.is_char_boundary(at));
    text.get(..end.unwrap_or_default()).unwrap_or_default()
}

/// A `Debug` text without the backslashes that it puts before quotes and backslashes.
fn unquoted(debug: &str) -> String {
    let mut characters = debug.chars().peekable();
    let mut text = String::with_capacity(debug.len());
    while let Some(character) = characters.next() {
        let escaped =
            if character == '\\' { characters.next_if(|c| "\\\"'".contains(*c)) } else { None };
        text.push(escaped.unwrap_or(character));
    }
    text
}

fn begins_word(text: &str, at: usize) -> bool {
    let before = &text.as_bytes()[..at];
    // An escape before it is a character of its own, though it ends in a letter or a digit.
    let ends_with = |length| before.len().checked_sub(length).map(|start| &before[start..]);
    let escaped = ends_with(3).and_then(url_escape).is_some()
        || (2..=LONGEST_ESCAPE).any(|length| {
            ends_with(length).and_then(json_escape).is_some_and(|(_, it)| it == length)
        })
        || ends_with(6).and_then(json_unit).is_some();
    escaped || !text[..at].chars().next_back().is_some_and(in_word)
}

fn ends_word(text: &str, end: usize) -> bool {
    !text[end..].chars().next().is_some_and(in_word)
}

// With the underscore: error codes are words.
fn in_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
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

/// Nobody quotes so often by chance.
const MOST_LAYERS: usize = 3;

/// What stands for a text of which secrets cannot be told.
pub(crate) const WITHHELD: &str = "[withheld: too much in it may be secret]";

const URL: &str = ", URL-encoded";
const JSON: &str = ", JSON-escaped";

/// Secrets of fewer bytes than this are words, and a cut-off secret of fewer is not one.
const SHORT: usize = 8;

/// Such as `\u{10ffff}`, in bytes.
const LONGEST_ESCAPE: usize = 10;

/// What a written character may begin with that is not the character itself.
const ESCAPES: [u8; 4] = *b"%+\\&";
