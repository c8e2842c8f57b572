//! What stands in anything like JSON.

use std::borrow::Cow;

use super::{PLAIN, Search, is_name, is_word};

impl Search<'_> {
    /// Anything like JSON, whole or not, or like what other languages print of a map: what stands
    /// before a colon or an arrow is a name, and what follows is its value, or in the end within it.
    pub(super) fn json(&mut self, text: &str, depth: usize) {
        let mut within = vec![None];
        let (mut name, mut names_name, mut is_plain, mut rest) = (None, false, false, text);
        // What the object has under a name such as `value`.
        let (mut is_content, mut content) = (false, None::<Cow<'_, str>>);
        while let Some(next) = rest.chars().next() {
            let inherited = name.or(within.last().copied().flatten());
            match next {
                '=' if is_arrow(rest) => {
                    rest = &rest[2..];
                    continue;
                }
                // `[name] => value`
                ']' if is_arrow(&rest[1..]) => {
                    within.pop();
                    rest = &rest[1..];
                    continue;
                }
                '{' | '[' => within.push(inherited),
                '}' | ']' => {
                    within.pop();
                    content = None;
                }
                ',' => {}
                _ if next.is_whitespace() || next == ':' => {
                    rest = &rest[next.len_utf8()..];
                    continue;
                }
                _ => {
                    let is_quoted = matches!(next, '"' | '\'');
                    let (written, after) =
                        if is_quoted { string(&rest[1..], next) } else { bare(rest) };
                    rest = after;
                    let value = unescaped(written);
                    name = None;
                    let behind = rest.strip_prefix(']').unwrap_or(rest);
                    if rest.trim_start().starts_with(':') || is_arrow(behind) {
                        name = self.mark(&value);
                        names_name = NAMING.contains(&&*value);
                        is_content = CONTENT.contains(&&*value);
                        is_plain = PLAIN.iter().any(|word| value.contains(word));
                    } else if let Some(mark) = inherited {
                        if is_quoted || !is_word(&value) {
                            self.named(mark, &value);
                        }
                    } else if names_name && is_name(&value) {
                        // `{"name": "access_token", "value": ...}`, or the other way round.
                        let named = self.mark(&value);
                        if let (Some(mark), Some(content)) = (named, content.take()) {
                            self.named(mark, &content);
                        }
                        if let Some(last) = within.last_mut() {
                            *last = named;
                        }
                    } else if !is_plain && (is_quoted || !value.contains('=')) {
                        self.opaque_value(&value);
                    }
                    if is_content {
                        content = Some(value.clone());
                    }
                    if is_quoted && depth < MOST_DEPTH {
                        self.nested(&value, written.contains('\\'), depth + 1);
                    }
                    continue;
                }
            }
            name = None;
            rest = &rest[next.len_utf8()..];
        }
    }

    /// A text within a JSON text.
    fn nested(&mut self, value: &str, is_escaped: bool, depth: usize) {
        if value.contains(['"', '=']) {
            self.json(value, depth);
            self.form(value, false);
        }
        // Any other is read as it is written, with what it stands in.
        if is_escaped {
            self.written(value);
        }
    }
}

fn is_arrow(text: &str) -> bool {
    text.trim_start().starts_with("=>")
}

/// A string without its quotes, as it is written, and what follows it. One that was cut off ends
/// with the text.
pub(super) fn string(text: &str, quote: char) -> (&str, &str) {
    let mut is_escaped = false;
    for (at, character) in text.char_indices() {
        match character {
            _ if character == quote && !is_escaped => return (&text[..at], &text[at + 1..]),
            '\\' => is_escaped = !is_escaped,
            _ => is_escaped = false,
        }
    }
    (text, "")
}

/// A word without quotes, and what follows it.
fn bare(text: &str) -> (&str, &str) {
    let ends = |c: char| c.is_whitespace() || "{}[],:\"".contains(c);
    text.split_at(text.find(ends).unwrap_or(text.len()))
}

pub(super) fn unescaped(written: &str) -> Cow<'_, str> {
    if !written.contains('\\') {
        return Cow::Borrowed(written);
    }
    serde_json::from_str::<String>(&format!("\"{written}\"")).map_or(written.into(), Cow::Owned)
}

/// Members that name what stands beside them.
const NAMING: [&str; 5] = ["name", "key", "field", "id", "param"];

/// Members that have what another one names.
const CONTENT: [&str; 2] = ["value", "content"];

/// A JSON text may hold another one.
pub(super) const MOST_DEPTH: usize = 3;
