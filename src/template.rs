//! Fills the placeholders of a text, such as `Bearer {token}`.

/// A piece of a template.
enum Piece<'t> {
    Text(&'t str),
    /// What stands between braces, where that is a name. Braces around anything else, as in JSON,
    /// are text.
    Placeholder(&'t str),
}

/// The text with the value of each placeholder in its place.
pub(crate) fn fill<'v>(template: &str, value: impl Fn(&str) -> &'v str) -> String {
    pieces(template)
        .map(|piece| match piece {
            Piece::Text(text) => text,
            Piece::Placeholder(name) => value(name),
        })
        .collect()
}

/// What stands between the placeholders.
pub(crate) fn texts(template: &str) -> impl Iterator<Item = &str> {
    pieces(template).filter_map(|piece| match piece {
        Piece::Text(text) => Some(text),
        Piece::Placeholder(_) => None,
    })
}

/// The names of the placeholders.
pub(crate) fn placeholders(template: &str) -> impl Iterator<Item = &str> {
    pieces(template).filter_map(|piece| match piece {
        Piece::Text(_) => None,
        Piece::Placeholder(name) => Some(name),
    })
}

fn pieces(template: &str) -> impl Iterator<Item = Piece<'_>> {
    let mut rest = template;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        if let Some(name) = leading_name(rest) {
            rest = &rest[name.len() + 2..];
            return Some(Piece::Placeholder(name));
        }
        // A brace that begins no placeholder is text, and the next one may begin one.
        let skip = rest.chars().next().map_or(0, char::len_utf8);
        let end = rest[skip..].find('{').map_or(rest.len(), |at| at + skip);
        let (text, tail) = rest.split_at(end);
        rest = tail;
        Some(Piece::Text(text))
    })
}

fn leading_name(text: &str) -> Option<&str> {
    let (name, _) = text.strip_prefix('{')?.split_once('}')?;
    // White space around a name is a mistake, and to be found.
    let bare = name.trim();
    let is_name =
        !bare.is_empty() && bare.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    is_name.then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_braces_are_filled_and_all_else_is_left_as_it_is() {
        let fill = |template| fill(template, |name| if name == "a" { "A" } else { "?" });
        assert_eq!(fill("Bearer {a}"), "Bearer A");
        assert_eq!(fill("{a}{b}{a}"), "A?A");
        assert_eq!(fill(r#"{"a":{"b":"{a}"}}"#), r#"{"a":{"b":"A"}}"#);
        assert_eq!(fill("{{a}} {} {a b} é{ {a"), "{A} {} {a b} é{ {a");
        assert_eq!(fill(""), "");
    }
}
