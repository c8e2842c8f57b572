//! What stands in an example for a value of one's own.

use percent_encoding::percent_decode_str;

/// Whether the value is nothing but a placeholder.
pub(super) fn is_one(value: &str) -> bool {
    let lower = value.to_ascii_lowercase();
    let is_bracketed = |open: &str, close: &str| lower.starts_with(open) && lower.ends_with(close);
    is_bracketed("<", ">")
        || is_bracketed("{", "}")
        || lower.starts_with("${")
        || lower.starts_with("{{")
        || holds_word(value)
        || (lower.len() > 2 && lower.bytes().all(|byte| byte == b'x' || byte == b'*'))
        || ["client_id", "client_secret", "undefined", "null", "none", "todo"].contains(&&*lower)
}

/// Whether a part of the URI, or of the scope, is a placeholder: `{tenant}`, `<tenant>`, `/:tenant`.
pub(super) fn is_in(text: &str) -> bool {
    // A URL has its brackets encoded.
    let text = percent_decode_str(text).decode_utf8_lossy();
    let mut segments = text.split('/').skip(1).filter_map(|segment| segment.strip_prefix(':'));
    holds_bracketed(&text, '{', '}')
        || holds_bracketed(&text, '<', '>')
        || segments.any(|name| name.starts_with(|c: char| c.is_ascii_alphabetic()))
        || holds_word(&text)
}

/// Whether a name stands in brackets. JSON in a query has them around more than a name.
fn holds_bracketed(text: &str, open: char, close: char) -> bool {
    let is_name = |name: &str| {
        let may_stand = |c: char| c.is_alphanumeric() || "_-. ".contains(c);
        !name.is_empty() && name.chars().all(may_stand)
    };
    let mut rests = text.split(open).skip(1);
    rests.any(|rest| rest.split_once(close).is_some_and(|(name, _)| is_name(name)))
}

fn holds_word(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    ["YOUR_", "YOUR-"].iter().any(|word| text.contains(word))
        || WORDS.iter().any(|word| lower.contains(word))
}

/// In lower case, as hosts are. Others that begin so are names of real hosts and paths.
const WORDS: [&str; 12] = [
    "your_client",
    "your-client",
    "your client",
    "your_tenant",
    "your-tenant",
    "yourtenant",
    "your_domain",
    "your-domain",
    "yourdomain",
    "changeme",
    "change_me",
    "client_id_here",
];
