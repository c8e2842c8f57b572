//! Finds what is secret in an answer that is to be shown: by name, and by what it looks like.
//!
//! An answer may be cut off, of any format, or hold a token where nobody looked for one. So this reads
//! no grammar, but what stands beside names in anything like JSON, a form or a markup; and takes
//! whatever else looks drawn at random for a secret, as far as the answer may have brought a token.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

/// Secrets under the names of their marks; `None` if there are more than anyone means to read.
/// `public` is known, and no secret.
pub(crate) fn secrets<'a>(
    text: &str,
    headers: impl Iterator<Item = (&'a str, String)>,
    is_success: bool,
    public: &[&str],
) -> Option<Vec<(&'static str, String)>> {
    let mut search = Search { is_success, public, found: Vec::new() };
    search.alone(text);
    search.json(text, 0);
    search.form(text);
    search.markup(text);
    search.words(text);
    for (name, value) in headers {
        match name {
            "set-cookie" | "set-cookie2" => search.cookie(&value),
            name => match mark(name) {
                Some(mark) if name != "www-authenticate" => search.named(mark, &value),
                _ if is_harmless(name) => {}
                _ => {
                    search.form(&value);
                    search.words(&value);
                }
            },
        }
    }
    (search.found.len() <= MOST).then_some(search.found)
}

/// The mark of what stands under the name, if that is a secret.
pub(crate) fn mark(name: &str) -> Option<&'static str> {
    let bare: String = name.chars().filter(|c| c.is_ascii_alphanumeric()).collect();
    let bare = bare.to_ascii_lowercase();
    // What goes with a token, and tells nothing of it.
    let beside = ["type", "endpoint", "uri", "url", "expir", "method", "lifetime", "supported"];
    if beside.iter().any(|word| bare.contains(word)) {
        return None;
    }
    let known = [
        ("accesstoken", "access_token"),
        ("refreshtoken", "refresh_token"),
        ("idtoken", "id_token"),
        ("token", "token"),
    ];
    let secret = [
        "secret",
        "passw",
        "jwt",
        "assertion",
        "credential",
        "cookie",
        "session",
        "apikey",
        "accesskey",
        "privatekey",
        "signature",
        "verifier",
        "authcode",
        "authorizationcode",
        "devicecode",
        "usercode",
        "csrf",
        "authorization",
    ];
    let known = known.iter().find(|(word, _)| bare.contains(word)).map(|(_, mark)| *mark);
    known.or_else(|| secret.iter().any(|word| bare.contains(word)).then_some("secret"))
}

/// The same of a URL: what stands in its query under a telling name, and what looks drawn at random
/// in it.
pub(crate) fn secrets_in_url(url: &str, public: &[&str]) -> Vec<(&'static str, String)> {
    let mut search = Search { is_success: true, public, found: Vec::new() };
    search.form(url);
    search.words(url);
    search.found
}

struct Search<'a> {
    is_success: bool,
    public: &'a [&'a str],
    found: Vec<(&'static str, String)>,
}

impl Search<'_> {
    /// Anything like JSON, whole or not: what stands before a colon is a name, and what follows is
    /// its value, or in the end within it.
    fn json(&mut self, text: &str, depth: usize) {
        let mut within = vec![None];
        let (mut name, mut rest) = (None, text);
        while let Some(next) = rest.chars().next() {
            let inherited = name.or(within.last().copied().flatten());
            match next {
                '{' | '[' => within.push(inherited),
                '}' | ']' => drop(within.pop()),
                ',' => {}
                _ if next.is_whitespace() || next == ':' => {
                    rest = &rest[next.len_utf8()..];
                    continue;
                }
                _ => {
                    let (written, after) = match next {
                        '"' | '\'' => string(&rest[1..], next),
                        _ => bare(rest),
                    };
                    rest = after;
                    let value = unescaped(written);
                    name = None;
                    if rest.trim_start().starts_with(':') {
                        name = mark(&value);
                    } else if let Some(mark) = inherited {
                        self.named(mark, &value);
                    } else {
                        self.opaque_value(&value);
                    }
                    if value.contains('"') && depth < MOST_DEPTH {
                        self.json(&value, depth + 1);
                    }
                    continue;
                }
            }
            name = None;
            rest = &rest[next.len_utf8()..];
        }
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

    fn form(&mut self, text: &str) {
        for pair in text.split(['&', '?', ';', ',', ' ', '\n', '<', '>', '#']) {
            let Some((name, value)) = pair.split_once('=') else { continue };
            let name = decoded(name.trim_start_matches(QUOTES));
            let value = value.trim_start_matches(QUOTES).split(QUOTES).next().unwrap_or_default();
            if let Some(mark) = mark(&name) {
                self.named(mark, value);
                self.named(mark, &decoded(value));
            }
        }
    }

    /// What stands between a tag of a telling name and the next tag.
    fn markup(&mut self, text: &str) {
        for piece in text.split('<').skip(1) {
            let Some((tag, content)) = piece.split_once('>') else { continue };
            let name = tag.split([' ', '/']).next().unwrap_or_default();
            if let Some(mark) = mark(name) {
                self.named(mark, content.trim());
            }
        }
    }

    fn cookie(&mut self, text: &str) {
        let pair = text.split(';').next().unwrap_or_default();
        self.named("cookie", pair.split_once('=').map_or(pair, |(_, value)| value).trim());
    }

    fn named(&mut self, mark: &'static str, value: &str) {
        let says_nothing = ["", "null", "true", "false", "bearer"];
        let is_mark = value.starts_with('[') && value.ends_with(']');
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
        for word in text.split(|c| !in_word(c)) {
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
        if !is_known && self.found.len() <= MOST {
            self.found.push((mark, value.to_owned()));
        }
    }

    fn is_public(&self, text: &str) -> bool {
        self.public.iter().any(|known| known.contains(text))
    }
}

/// A string without its quotes, as it is written, and what follows it. One that was cut off ends
/// with the text.
fn string(text: &str, quote: char) -> (&str, &str) {
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

fn unescaped(written: &str) -> Cow<'_, str> {
    if !written.contains('\\') {
        return Cow::Borrowed(written);
    }
    serde_json::from_str::<String>(&format!("\"{written}\"")).map_or(written.into(), Cow::Owned)
}

fn decoded(text: &str) -> Cow<'_, str> {
    if !text.contains(['%', '+']) {
        return Cow::Borrowed(text);
    }
    percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned().into()
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

/// Whether a header of this name tells one event from another, for the support of the server, or what
/// serves there.
fn is_harmless(name: &str) -> bool {
    let words = [
        "request-id",
        "trace",
        "correlation",
        "-ray",
        "date",
        "etag",
        "content-",
        "-id",
        "server",
        "via",
        "powered-by",
        "policy",
        "cache",
        "vary",
        "allow",
        "transport",
    ];
    words.iter().any(|word| name.contains(word))
}

const QUOTES: [char; 2] = ['"', '\''];

/// To look for more in all that is shown would take long.
const MOST: usize = 64;

/// Of a value of its own, in bytes.
const SHORTEST: usize = 12;

/// Of a word in a text, in bytes.
const SHORTEST_WORD: usize = 20;

/// A JSON text may hold another one.
const MOST_DEPTH: usize = 3;
