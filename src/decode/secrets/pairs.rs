//! What stands behind a telling name in any text: `name = value`, `name: value`, `"name" => "value"`.

use std::borrow::Cow;

use super::json::{string, unescaped};
use super::{QUOTES, Search, is_word};
use crate::mask::beginning;

impl Search<'_> {
    /// Hides the values. People write `token: expired` too, so that a word behind a colon is none.
    pub(super) fn pairs(&mut self, text: &str) {
        for (at, separator) in text.match_indices([':', '=', ' ']) {
            if self.is_full() {
                return;
            }
            let before = &text[..at];
            let mark = match separator {
                " " => ends_in_scheme(before).then_some("token"),
                _ => self.mark(name_before(before)),
            };
            let rest = beginning(&text[at + 1..], LONGEST);
            let Some((mark, value)) = mark.and_then(|mark| Some((mark, Value::read(rest)?))) else {
                continue;
            };
            let is_telling = separator == "=" || value.is_quoted || !may_be_prose(&value.text);
            if is_telling && value.text.contains(char::is_alphanumeric) {
                self.named(mark, &value.text);
            }
        }
    }
}

/// The name that ends a text, without what quotes it.
fn name_before(text: &str) -> &str {
    let text = text.trim_end_matches(|c| " \t\"'\\]".contains(c));
    let in_name = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
    let longer = text.char_indices().rev().take(LONGEST_NAME + 1);
    let length = longer.take_while(|(_, c)| in_name(*c)).count();
    // What is longer is rather base64 with its padding.
    if length > LONGEST_NAME { "" } else { &text[text.len() - length..] }
}

struct Value<'a> {
    text: Cow<'a, str>,
    is_quoted: bool,
}

impl<'a> Value<'a> {
    /// The value behind a separator.
    fn read(text: &'a str) -> Option<Self> {
        let text = match text.strip_prefix('>') {
            Some(text) => text.trim_start(),
            None => text.trim_start_matches([' ', '\t']),
        };
        // `string(9) "value"`, as PHP prints it.
        let typed = text.strip_prefix("string(").and_then(|it| it.split_once(") "));
        let text = typed.map_or(text, |(_, text)| text);
        if let Some(quote) = text.chars().next().filter(|it| QUOTES.contains(it)) {
            let (written, behind) = string(&text[1..], quote);
            // It is a name itself.
            let is_name = behind.trim_start().starts_with([':', '=']);
            return (!is_name).then(|| Self { text: unescaped(written), is_quoted: true });
        }
        if let Some(quote) = ["\\\"", "\\'"].into_iter().find(|it| text.starts_with(it)) {
            let written = text[2..].split(quote).next().unwrap_or_default();
            return Some(Self { text: written.into(), is_quoted: true });
        }
        let mut words = text.split(ends).filter(|word| !word.is_empty());
        let first = words.next().filter(|_| !text.starts_with(ends))?;
        let word = if is_scheme(first) { words.next()? } else { first };
        let word = word.trim_end_matches(['.', ':']);
        Some(Self { text: word.into(), is_quoted: false })
    }
}

/// Whether it ends a value without quotes.
fn ends(character: char) -> bool {
    character.is_whitespace() || ",;&<>\"'\\`{}[]()".contains(character)
}

/// Seen at a glance: most words are none.
fn ends_in_scheme(text: &str) -> bool {
    text.ends_with(['r', 'R', 'c', 'C']) && is_scheme(name_before(text))
}

fn is_scheme(word: &str) -> bool {
    ["bearer", "basic"].iter().any(|scheme| word.eq_ignore_ascii_case(scheme))
}

/// Whether it is rather a word of a sentence than a value, or a pair or a URL of its own.
fn may_be_prose(text: &str) -> bool {
    text.len() < SHORTEST
        || text.contains("://")
        || text.trim_end_matches('=').contains('=')
        || is_word(text.trim_end_matches('='))
}

/// Of a value behind a colon, in bytes.
const SHORTEST: usize = 4;

const LONGEST_NAME: usize = 40;

/// Of a value, in bytes.
const LONGEST: usize = 4096;
