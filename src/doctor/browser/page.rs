//! What a page says of itself, and not by its markup or as an echo of the request.

use super::super::words::{json, of_body, one_line};

/// The texts that stand apart on a page, without what they repeat of the request. `parameters` are
/// the names of those that it had.
pub(super) fn texts(page: &str, parameters: &[String]) -> Vec<String> {
    if !page.trim_start().starts_with('<') && json(page).is_some() {
        return vec![own_words(&of_body(page), parameters)];
    }
    let mut texts = Vec::new();
    for Block { text, is_cell } in blocks(page) {
        let text = own_words(&decoded(&text), parameters);
        if !(is_cell && parameters.contains(&text)) {
            texts.push(text);
        }
    }
    texts
}

/// Without the pieces that repeat the request: a URL, a query, a printed map of its parameters.
/// White space is one space each.
fn own_words(text: &str, parameters: &[String]) -> String {
    // Some print a map with space around its arrows.
    let text = one_line(text).replace(" => ", "=>");
    let mut own = String::with_capacity(text.len());
    let mut words = text.split(' ').peekable();
    while let Some(word) = words.next() {
        let is_member = |next: &&str| next.starts_with(QUOTES) && is_quoted_name(word, parameters);
        if words.next_if(is_member).is_some() {
            continue;
        }
        let before = own.len();
        for piece in word.split_inclusive(',').filter(|it| !is_echo(it, parameters)) {
            own.push_str(piece);
        }
        if own.len() > before {
            own.push(' ');
        }
    }
    own.truncate(own.trim_end().len());
    own
}

fn is_echo(piece: &str, parameters: &[String]) -> bool {
    let is_list = |name: &str| parameters.iter().any(|it| name.ends_with(&**it));
    piece.contains('=')
        || piece.contains("://")
        || piece.split_once(":[").is_some_and(|(name, _)| is_list(name))
}

/// Whether it is a member's name in a printed map: `{'scope':`.
fn is_quoted_name(word: &str, parameters: &[String]) -> bool {
    let name = word.strip_suffix(':').and_then(|it| it.strip_suffix(QUOTES));
    let name = name.and_then(|it| it.trim_start_matches(['{', '[', '(']).strip_prefix(QUOTES));
    name.is_some_and(|name| parameters.iter().any(|it| it == name))
}

/// What stands between two tags that begin or end more than a part of a sentence.
#[derive(Default)]
struct Block {
    text: String,
    /// Whether it is one of a table.
    is_cell: bool,
}

fn blocks(page: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut block = Block::default();
    let mut rest = page;
    while let Some((text, markup)) = rest.split_once('<') {
        block.text.push_str(text);
        let Some((name, after)) = tag(markup) else {
            block.text.push('<');
            rest = markup;
            continue;
        };
        rest = after;
        if !INLINE.iter().any(|it| name.eq_ignore_ascii_case(it)) {
            blocks.push(block);
            let is_cell = ["td", "th"].iter().any(|it| name.eq_ignore_ascii_case(it));
            block = Block { text: String::new(), is_cell };
        }
    }
    block.text.push_str(rest);
    blocks.push(block);
    blocks
}

/// The tag's name, and what follows it; `None` of what is no tag. A comment has an empty name.
fn tag(markup: &str) -> Option<(&str, &str)> {
    if let Some(comment) = markup.strip_prefix("!--") {
        return Some(("", comment.split_once("-->").unwrap_or_default().1));
    }
    let named = markup.strip_prefix('/').unwrap_or(markup);
    let end = named.find(|it: char| !it.is_ascii_alphanumeric()).unwrap_or(named.len());
    let name = named.get(..end).unwrap_or_default();
    if !named.starts_with(|it: char| it.is_ascii_alphabetic() || "!?".contains(it)) {
        return None;
    }
    let after = markup.split_once('>').unwrap_or_default().1;
    let is_hidden = !markup.starts_with('/')
        && ["script", "style"].iter().any(|it| name.eq_ignore_ascii_case(it));
    let name = if name.is_empty() { "!" } else { name };
    Some((name, if is_hidden { after_hidden(after, name) } else { after }))
}

/// From where a script or a style ends.
fn after_hidden<'a>(text: &'a str, name: &str) -> &'a str {
    let mut ends = text.match_indices("</").map(|(at, _)| text.get(at..).unwrap_or_default());
    let is_its =
        |end: &&str| end.get(2..2 + name.len()).is_some_and(|it| it.eq_ignore_ascii_case(name));
    ends.find(is_its).unwrap_or_default()
}

fn decoded(text: &str) -> String {
    let mut decoded = String::with_capacity(text.len());
    let mut pieces = text.split('&');
    decoded.extend(pieces.next());
    for piece in pieces {
        let entity = piece.split_once(';').and_then(|(name, after)| Some((entity(name)?, after)));
        let (character, after) = entity.unwrap_or(('&', piece));
        decoded.push(character);
        decoded.push_str(after);
    }
    decoded
}

fn entity(name: &str) -> Option<char> {
    if let Some(number) = name.strip_prefix('#') {
        let number = match number.strip_prefix(['x', 'X']) {
            Some(digits) => u32::from_str_radix(digits, 16),
            None => number.parse(),
        };
        return char::from_u32(number.ok()?);
    }
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "nbsp" => Some(' '),
        "apos" | "lsquo" | "rsquo" => Some('\''),
        "quot" | "ldquo" | "rdquo" => Some('"'),
        _ => None,
    }
}

/// Tags in the midst of a sentence, and a comment.
const INLINE: [&str; 13] =
    ["", "b", "strong", "i", "em", "u", "code", "tt", "kbd", "samp", "var", "q", "wbr"];

const QUOTES: [char; 2] = ['"', '\''];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_what_stands_between_blocks_in_one_writing() {
        let page = "<h1 title=x>No</h1><P>The <b>redirect_uri</b>\n  is&nbsp;wrong<!-- <p>x -->.</P>\
                    <script>a<b</SCRIPT >1 < 2 <3 &amp;lt; <style>p{}</style";
        let shown: Vec<_> = texts(page, &[]).into_iter().filter(|it| !it.is_empty()).collect();
        assert_eq!(shown, ["No", "The redirect_uri is wrong.", "1 < 2 <3 &lt;"]);
    }

    #[test]
    fn only_what_is_repeated_of_the_request_is_left_out() {
        let parameters = ["scope".to_owned(), "state".to_owned()];
        for (text, own) in [
            ("not x?scope=y known, a=b, scope", "not known, scope"),
            (
                "{\"error\":\"bad scope\",\"url\":\"/?a=b\",\"c\":1}",
                "{\"error\":\"bad scope\",\"c\":1}",
            ),
            ("{'scope': 'read', 'other': 'it'}", "'other': 'it'}"),
            ("\"message\": \"scope: 'x' is bad\"", "\"message\": \"scope: 'x' is bad\""),
            ("map[scope:[a] other:[b]]", "other:[b]]"),
            ("[scope] => read [x] => y", ""),
        ] {
            assert_eq!(own_words(text, &parameters), own);
        }
    }
}
