//! Takes off what comes along when a command is copied: what surrounds it on a page or in a terminal,
//! and what a word processor made of its quotes and dashes.

use std::borrow::Cow;

use super::is_curl;
use super::options::Opt;

/// The text as it was typed.
pub(super) fn clean(text: &str) -> Cow<'_, str> {
    let mut text = Cow::Borrowed(text);
    if text.lines().any(is_fence) {
        text = fenced(&text).into();
    }
    // A command within a line of prose.
    if text.trim_start().starts_with('`') {
        text = text.trim().trim_matches('`').to_owned().into();
    }
    if text.contains('>') {
        text = without_prompts(&text).into();
    }
    if text.contains(is_typographic) {
        text = typed(&text).into();
    }
    text
}

/// With the prompt of the superuser taken off, which is also the sign of a comment.
pub(super) fn without_root_prompt(text: &str) -> String {
    let lines = text.split('\n').map(|line| match line.trim_start().strip_prefix('#') {
        Some(rest) if begins_with_curl(rest) => rest,
        _ => line,
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// Whether it is a command of PowerShell, in which `curl` is another name of `Invoke-WebRequest`.
pub(super) fn is_web_request(text: &str) -> bool {
    let mut words = text.split_whitespace();
    let is_any =
        |word: &str, known: &[&str]| known.iter().any(|known| word.eq_ignore_ascii_case(known));
    let starts = |word: &&str| is_curl(word) || is_any(word, &WEB_REQUESTS);
    match words.find(starts) {
        Some(word) if word.eq_ignore_ascii_case("curl") => {
            words.any(|word| is_any(word, &WEB_REQUEST_OPTIONS))
        }
        Some(word) => is_any(word, &WEB_REQUESTS),
        None => false,
    }
}

fn is_fence(line: &str) -> bool {
    let line = line.trim_start();
    line.starts_with("```") || line.starts_with("~~~")
}

/// What stands between fences, of that the first with a command.
fn fenced(text: &str) -> String {
    let mut blocks = vec![String::new()];
    for line in text.lines() {
        if is_fence(line) {
            let rest = line.trim().trim_matches(['`', '~']).trim();
            // All of it on a line, or the name of a language.
            if begins_with_curl(rest) && rest.contains(char::is_whitespace) {
                blocks.push(rest.to_owned());
            }
            blocks.push(String::new());
        } else if let Some(block) = blocks.last_mut() {
            block.push_str(line);
            block.push('\n');
        }
    }
    let has_curl = |block: &&String| block.split_whitespace().any(is_curl);
    let inside = blocks.iter().skip(1).step_by(2).find(has_curl);
    inside.or_else(|| blocks.iter().find(has_curl)).cloned().unwrap_or_default()
}

fn begins_with_curl(text: &str) -> bool {
    let text = text.trim_start();
    let begins = text.get(..4).is_some_and(|it| it.eq_ignore_ascii_case("curl"));
    begins && text.split_whitespace().next().is_some_and(is_curl)
}

/// Without `C:\>`, `PS>`, and the `>` of lines that go on.
fn without_prompts(text: &str) -> String {
    let mut follows = false;
    let lines = text.split('\n').map(|line| {
        let rest = after_prompt(line).or_else(|| continuation(line).filter(|_| follows));
        let line = rest.unwrap_or(line);
        follows = rest.is_some() || line.split_whitespace().any(is_curl);
        line
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// The command after a prompt that ends with `>`.
fn after_prompt(line: &str) -> Option<&str> {
    let (prompt, rest) = line.split_once('>')?;
    let rest = rest.trim_start_matches('>');
    (begins_with_curl(rest) && !prompt.contains(['\'', '"'])).then_some(rest)
}

/// What a shell was given after a prompt for the rest of the command, unless it may be the target of a
/// redirection.
fn continuation(line: &str) -> Option<&str> {
    let rest = line.trim_start().strip_prefix('>')?.trim_start_matches('>');
    let mut words = rest.split_whitespace();
    let (first, is_alone) = (words.next(), words.next().is_none());
    let is_target = first.is_some_and(|first| {
        let may_be_else = first.contains(['\'', '"', '{', '}']) || first.contains("://");
        is_alone && !first.starts_with('-') && !may_be_else
    });
    let is_apart = rest.is_empty() || rest.starts_with(char::is_whitespace);
    (is_apart && !is_target).then_some(rest)
}

/// With the quotes and dashes of a keyboard, outside of what stands in such quotes.
fn typed(text: &str) -> String {
    let mut typed = String::with_capacity(text.len());
    let mut quote: Option<Quote> = None;
    let mut before = ' ';
    let mut rest = text.chars();
    while let Some(character) = rest.next() {
        let is_plain_quoted = quote.is_some_and(|quote| !quote.is_typographic);
        let plain = plain_quote(character).filter(|_| !is_plain_quoted);
        let is_apostrophe = quote.is_none() && character == '’' && before.is_alphanumeric();
        match (quote, plain) {
            (_, Some(_)) if is_apostrophe => typed.push(character),
            (_, Some(plain)) => {
                typed.push(plain);
                let is_typographic = plain != character;
                match quote {
                    None => quote = Some(Quote { plain, is_typographic }),
                    Some(open) if open.plain == plain => quote = None,
                    Some(_) => {}
                }
            }
            (Some(open), None) if character == open.plain => {
                typed.push(character);
                quote = None;
            }
            (None, None) if DASHES.contains(&character) && before.is_whitespace() => {
                typed.push_str(dashes(rest.as_str()));
            }
            _ => typed.push(character),
        }
        before = character;
        // Escapes what follows.
        if character == '\\' && quote.is_none_or(|quote| quote.plain != '\'') {
            if let Some(escaped) = rest.next() {
                typed.push(escaped);
                before = escaped;
            }
        }
    }
    typed
}

/// A quote that is open.
#[derive(Clone, Copy)]
struct Quote {
    plain: char,
    is_typographic: bool,
}

fn is_typographic(character: char) -> bool {
    DASHES.contains(&character) || plain_quote(character).is_some_and(|plain| plain != character)
}

fn plain_quote(character: char) -> Option<char> {
    match character {
        '"' | '“' | '”' | '„' | '‟' => Some('"'),
        '\'' | '‘' | '’' | '‚' | '‛' => Some('\''),
        _ => None,
    }
}

/// What the dash was before the option that follows: two hyphens are made one dash too.
fn dashes(rest: &str) -> &'static str {
    let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && !"-.".contains(c));
    let name = end.map_or(rest, |end| rest.get(..end).unwrap_or_default());
    if name.len() > 1 && Opt::long(name).is_some() { "--" } else { "-" }
}

const DASHES: [char; 5] = ['–', '—', '‒', '―', '−'];

const WEB_REQUESTS: [&str; 4] = ["Invoke-WebRequest", "Invoke-RestMethod", "iwr", "irm"];

const WEB_REQUEST_OPTIONS: [&str; 5] =
    ["-Uri", "-Body", "-Headers", "-ContentType", "-UseBasicParsing"];
