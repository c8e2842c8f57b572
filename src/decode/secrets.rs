//! Finds what is secret in an answer that is to be shown: by name, and by what it looks like.
//!
//! An answer may be cut off, of any format, or hold a token where nobody looked for one. So this reads
//! no grammar, but what stands beside names in anything like JSON, a form or a markup; and takes
//! whatever else looks drawn at random for a secret, as far as the answer may have brought a token.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

mod json;
mod markup;
mod names;
mod pairs;

use self::json::MOST_DEPTH;
use self::names::{is_common_header, mark_of_header, names_event};
pub(crate) use self::names::{mark, mark_in_url};

/// What is known of a provider and a call.
#[derive(Default)]
pub(crate) struct Known<'a> {
    /// What is no secret, though it may look like one.
    pub(crate) public: Vec<&'a str>,
    /// What the provider calls its tokens.
    pub(crate) names: Vec<&'a str>,
    /// What stands in place of the secrets that are known, with its brackets.
    pub(crate) marks: Vec<String>,
}

/// Secrets under the names of their marks; `None` if there are more than anyone means to read.
pub(crate) fn secrets<'a>(
    text: &str,
    headers: impl Iterator<Item = (&'a str, String)>,
    is_success: bool,
    known: &Known<'_>,
) -> Option<Vec<(&'static str, String)>> {
    let mut search = Search { is_success, known, found: Vec::new() };
    search.alone(text);
    search.names(text);
    search.words(text);
    search.end(headers)
}

/// The same of a refusal of which these texts are told: what looks drawn at random elsewhere in it is
/// not quoted.
pub(super) fn secrets_of_refusal<'a>(
    body: &str,
    texts: &[String],
    headers: impl Iterator<Item = (&'a str, String)>,
    is_success: bool,
    known: &Known<'_>,
) -> Option<Vec<(&'static str, String)>> {
    let mut search = Search { is_success, known, found: Vec::new() };
    search.names(body);
    for text in texts {
        search.told(text);
    }
    search.end(headers)
}

/// The same of a URL: what stands in its query under a telling name, and what looks drawn at random
/// in it.
pub(crate) fn secrets_in_url(url: &str, known: &Known<'_>) -> Vec<(&'static str, String)> {
    let mut search = Search { is_success: true, known, found: Vec::new() };
    search.form(url, true);
    search.words(url);
    search.found
}

struct Search<'a> {
    is_success: bool,
    known: &'a Known<'a>,
    found: Vec<(&'static str, String)>,
}

impl Search<'_> {
    /// What was found, and is found in the headers; `None` if that is too much.
    fn end<'a>(
        mut self,
        headers: impl Iterator<Item = (&'a str, String)>,
    ) -> Option<Vec<(&'static str, String)>> {
        for (name, value) in headers {
            self.header(name, &value);
        }
        (!self.is_full()).then_some(self.found)
    }

    fn names(&mut self, text: &str) {
        self.json(text, 0);
        // What stands before may have a quote too many.
        let objects = text.match_indices('{').filter(|(at, _)| *at > 0).take(MOST_OBJECTS);
        for (at, _) in objects {
            self.json(text.get(at..).unwrap_or_default(), MOST_DEPTH);
        }
        self.form(text, false);
        self.written(text);
    }

    /// What stands beside telling names, as people, languages and markups write them.
    fn written(&mut self, text: &str) {
        self.markup(text);
        self.labels(text);
        self.pairs(text);
    }

    /// A text that may quote another one.
    fn told(&mut self, text: &str) {
        if text.contains(['{', '"']) {
            self.json(text, 0);
        }
        self.form(text, false);
        self.written(text);
        self.words(text);
    }

    fn header(&mut self, name: &str, value: &str) {
        // Seen at a glance, as most answers have no others.
        if is_common_header(name) {
            return;
        }
        match mark_of_header(name) {
            Some(mark) => {
                self.named(mark, value);
                // Behind a scheme.
                self.named(mark, value.split_once(' ').map_or("", |(_, rest)| rest));
            }
            None if name.starts_with("set-cookie") => self.cookie(value),
            None if names_event(name) => {}
            None => {
                let scheme = value.split(' ').next().unwrap_or_default().to_ascii_lowercase();
                if matches!(&*scheme, "negotiate" | "ntlm" | "kerberos") {
                    self.named("secret", value.split_once(' ').map_or("", |(_, rest)| rest));
                }
                if matches!(name, "location" | "content-location" | "link" | "refresh") {
                    self.form(value, true);
                }
                self.told(value);
            }
        }
    }

    /// The mark of what stands under the name.
    fn mark(&self, name: &str) -> Option<&'static str> {
        mark(name).or_else(|| self.known.names.contains(&name).then_some("token"))
    }

    /// A success that is nothing but a word may be a token.
    fn alone(&mut self, text: &str) {
        let word = text.trim().trim_matches(QUOTES);
        let is_word = !word.is_empty() && word.bytes().all(|b| b.is_ascii_graphic() && b != b'=');
        let is_other = word.contains(['{', '[', '<']) || word.contains("://");
        if self.is_success && is_word && !is_other {
            self.named("opaque", word);
        }
    }

    /// Pairs of a form or of a query, anywhere in a text.
    fn form(&mut self, text: &str, is_url: bool) {
        if !text.contains('=') {
            return;
        }
        let is_form = is_form(text);
        for piece in text.split([' ', '\n', '<', '>', '"', '\'']) {
            let is_url = is_url || piece.contains("://");
            for pair in piece.split(['&', '?', '#']) {
                let Some((name, value)) = pair.split_once('=') else { continue };
                // What base64 ends with.
                if !value.contains(char::is_alphanumeric) {
                    continue;
                }
                let name = decoded(name.rsplit([';', ',']).next().unwrap_or_default());
                let mark = if is_url { mark_in_url(&name) } else { self.mark(&name) };
                let first = value.split([';', ',']).next().unwrap_or_default();
                match mark {
                    Some(mark) => {
                        for value in [value, first] {
                            self.named(mark, value);
                            self.named(mark, &decoded(value));
                        }
                    }
                    None if is_form && !PLAIN.iter().any(|word| name.contains(word)) => {
                        self.opaque_value(&decoded(value));
                    }
                    None => {}
                }
            }
        }
    }

    fn cookie(&mut self, text: &str) {
        let pair = text.split(';').next().unwrap_or_default();
        self.named("cookie", pair.split_once('=').map_or(pair, |(_, value)| value).trim());
    }

    fn named(&mut self, mark: &'static str, value: &str) {
        let says_nothing = ["", "null", "true", "false", "bearer", "basic"];
        let is_mark = self.known.marks.iter().any(|mark| mark == value);
        if !is_mark && !says_nothing.iter().any(|word| value.eq_ignore_ascii_case(word)) {
            self.add(mark, value);
        }
    }

    /// A value that may be a token under a name that does not say so.
    fn opaque_value(&mut self, value: &str) {
        let is_text = |c: char| c.is_whitespace() || "@,;:<>\"'{}()[]".contains(c);
        let is_one_word = value.len() >= SHORTEST && !value.contains(is_text);
        let is_url = value.starts_with("//");
        let has_digit = value.contains(|c: char| c.is_ascii_digit());
        if self.is_success && is_one_word && has_digit && !is_url && !self.is_public(value) {
            self.add("opaque", value);
        }
    }

    /// What looks drawn at random, anywhere.
    fn words(&mut self, text: &str) {
        let in_word = |c: char| c.is_ascii_alphanumeric() || "-._~+/".contains(c);
        // An escaped URL is a URL, and no word.
        // Without pluses for spaces: in a text a plus is one.
        let text = percent_decode_str(text).decode_utf8_lossy();
        let words = text.split(|c| !in_word(c)).filter(|word| word.len() >= SHORTEST_WORD);
        for word in words {
            let segments = word.split('/');
            let is_name = |it: &str| it.len() > 2 && it.bytes().all(|b| b.is_ascii_lowercase());
            let is_path =
                word.starts_with('/') || word.contains("//") || segments.clone().any(is_name);
            let parts: Vec<_> = if is_path { segments.collect() } else { vec![word] };
            for part in parts {
                let part = part.trim_matches(['.', '-']);
                let is_event = !self.is_success && is_uuid(part);
                if looks_random(part) && !is_event && !self.is_public(part) {
                    self.add("opaque", part);
                }
            }
        }
    }

    fn add(&mut self, mark: &'static str, value: &str) {
        let is_known = self.found.iter().any(|(_, known)| known == value);
        if !is_known && !self.is_full() {
            self.found.push((mark, value.to_owned()));
        }
    }

    fn is_full(&self) -> bool {
        self.found.len() > MOST
    }

    fn is_public(&self, text: &str) -> bool {
        self.known.public.iter().any(|known| known.contains(text))
    }
}

fn decoded(text: &str) -> Cow<'_, str> {
    if !text.contains(['%', '+']) {
        return Cow::Borrowed(text);
    }
    percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned().into()
}

/// Whether the text is that of a form and nothing else.
fn is_form(text: &str) -> bool {
    text.contains('=') && !text.contains(|c: char| c.is_whitespace() || "{}[]<>\"".contains(c))
}

/// Whether it may be the name of something.
fn is_name(text: &str) -> bool {
    text.len() < 40 && text.chars().all(|c| c.is_ascii_alphanumeric() || "_-".contains(c))
}

/// Whether it looks like a word that people write, or like several in one.
fn is_word(text: &str) -> bool {
    text.split(['_', '-', '.', '/']).all(|part| {
        let after_first = part.chars().skip(1);
        let is_lower = |c: char| c.is_alphabetic() && !c.is_uppercase();
        part.len() < LONGEST_WORD
            && part.chars().next().is_none_or(char::is_alphabetic)
            && after_first.into_iter().all(is_lower)
    })
}

fn looks_random(word: &str) -> bool {
    let count = |is: fn(&u8) -> bool| word.bytes().filter(is).count();
    let digits = count(u8::is_ascii_digit);
    let (upper, lower) = (count(u8::is_ascii_uppercase), count(u8::is_ascii_lowercase));
    word.len() >= SHORTEST_WORD
        && upper + lower > 0
        && (digits >= 3 || (digits > 0 && upper > 0 && lower > 0))
}

fn is_uuid(word: &str) -> bool {
    word.len() == 36
        && word.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

const QUOTES: [char; 2] = ['"', '\''];

/// To look for more in all that is shown would take long.
const MOST: usize = 64;

/// What is under such names is no secret, however it looks.
const PLAIN: [&str; 4] = ["expir", "scope", "type", "error"];

/// How many objects of a text are read for themselves.
const MOST_OBJECTS: usize = 16;

/// Of a value of its own, in bytes.
const SHORTEST: usize = 12;

/// Few words that people write are longer, in bytes.
const LONGEST_WORD: usize = 18;

/// Of a word in a text, in bytes.
const SHORTEST_WORD: usize = 20;
