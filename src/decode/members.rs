//! Reads the members of an answer one by one, so that a bad one does not cost the rest.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserializer, Error as _, IgnoredAny, MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;
use smallvec::SmallVec;

/// What was read of a body.
#[derive(Default)]
pub(super) struct Members<'a> {
    list: List<'a>,
    /// Whether the body could be read to its end, and is a text of a kind that we know.
    pub(super) whole: bool,
    pub(super) form_encoded: bool,
}

/// Few answers have more members than fit without the heap.
type List<'a> = SmallVec<[(Cow<'a, str>, Member<'a>); 8]>;

/// The value of a member, as it stands in the body.
#[derive(Clone, Debug)]
pub(super) enum Member<'a> {
    /// A value of a form, decoded.
    Text(Cow<'a, str>),
    /// A value of a JSON object, unread.
    Json(&'a str),
}

impl<'a> Members<'a> {
    pub(super) fn read(text: &'a str) -> Self {
        let text = text.trim();
        match text.as_bytes().first() {
            Some(b'{') => Self::object(text),
            Some(b'[' | b'"') => Self::none(is_json(text)),
            Some(b'<') | None => Self::none(true),
            Some(_) if is_json(text) => Self::none(true),
            Some(_) if text.contains(is_binary) => Self::none(false),
            Some(_) => Self::form(text),
        }
    }

    /// The value of the member, if it is there, and there once: of two values neither can be
    /// trusted.
    pub(super) fn one(&self, name: &str) -> Option<Option<&Member<'a>>> {
        let mut found = self.list.iter().filter(|(key, _)| key == name);
        let (_, member) = found.next()?;
        Some(found.next().is_none().then_some(member))
    }

    /// The members of the object that a JSON Pointer leads to.
    pub(super) fn at(&self, pointer: &str) -> Option<Self> {
        let (first, mut rest) = first_segment(pointer)?;
        let Member::Json(mut json) = *self.one(&first)?? else { return None };
        while let Some((segment, tail)) = first_segment(rest) {
            json = within(json, &segment)?;
            rest = tail;
        }
        json.starts_with('{').then(|| Self::object(json))
    }

    /// The value that a JSON Pointer leads to, unless it is null, or too large or too deep to be held.
    pub(super) fn value_at(&self, pointer: &str) -> Option<Value> {
        let (first, rest) = first_segment(pointer)?;
        let value = self.one(&first)??.bounded_value();
        value.pointer(rest).cloned().filter(|value| !value.is_null())
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &Member<'a>)> {
        self.list.iter().map(|(name, member)| (&**name, member))
    }

    fn object(text: &'a str) -> Self {
        let mut reader = serde_json::Deserializer::from_str(text);
        let mut list = List::new();
        let read = reader.deserialize_map(Collect(&mut list)).and_then(|()| reader.end());
        Self { list, whole: read.is_ok(), form_encoded: false }
    }

    fn form(text: &'a str) -> Self {
        if text.bytes().filter(|&byte| byte == b'&').count() >= MOST {
            return Self::none(false);
        }
        let pairs = serde_urlencoded::from_str::<Vec<(Cow<'a, str>, Cow<'a, str>)>>(text);
        let list = pairs.unwrap_or_default().into_iter();
        let list = list.map(|(name, value)| (name, Member::Text(value))).collect();
        Self { list, whole: true, form_encoded: true }
    }

    fn none(whole: bool) -> Self {
        Self { list: List::new(), whole, form_encoded: false }
    }
}

impl<'a> Member<'a> {
    /// The text, if the member is one.
    pub(super) fn text(&self) -> Option<Cow<'a, str>> {
        match self {
            Self::Text(text) => Some(text.clone()),
            Self::Json(json) => string(json),
        }
    }

    /// The text, if the member is one and not empty.
    pub(super) fn non_empty_text(&self) -> Option<Cow<'a, str>> {
        self.text().filter(|text| !text.is_empty())
    }

    /// The number, also one that is written as a text.
    pub(super) fn number(&self) -> Option<f64> {
        let number = match self {
            Self::Json(json) if !json.starts_with('"') => json.parse(),
            _ => self.text()?.trim().parse(),
        };
        number.ok().filter(|number: &f64| number.is_finite())
    }

    /// The texts, if the member is a list of nothing else.
    pub(super) fn texts(&self) -> Option<Vec<String>> {
        match self {
            Self::Text(_) => None,
            Self::Json(json) => serde_json::from_str(json).ok(),
        }
    }

    /// In bytes, as it stands in the body.
    pub(super) fn size(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Json(json) => json.len(),
        }
    }

    /// Whether it is an object or a list.
    pub(super) fn is_structured(&self) -> bool {
        matches!(self, Self::Json(json) if json.starts_with(['{', '[']))
    }

    pub(super) fn is_null(&self) -> bool {
        matches!(self, Self::Json("null"))
    }

    /// The whole value; `None` if it is nested too deeply to be held, damaged, or holds a name
    /// that serde_json keeps for itself.
    pub(super) fn value(&self) -> Option<Value> {
        match self {
            Self::Text(text) => Some(Value::String(text.to_string())),
            Self::Json(json) if names_in_json(json).any(|name| is_private(&name)) => None,
            Self::Json(json) => serde_json::from_str(json).ok(),
        }
    }

    /// The value, or `null` if it is too large or cannot be held.
    pub(super) fn bounded_value(&self) -> Value {
        let structure = || (self.size() <= VALUE_LIMIT).then(|| self.value()).flatten();
        self.text().map(|text| text.into_owned().into()).or_else(structure).unwrap_or_default()
    }

    /// The JSON of a value that [`Member::bounded_value`] does not hold.
    pub(super) fn unheld(&self) -> Option<&'a str> {
        match self {
            Self::Json(json) if self.is_structured() && self.bounded_value().is_null() => {
                Some(json)
            }
            _ => None,
        }
    }

    /// Whether bytes of it were no UTF-8, in a body of which some were not.
    pub(super) fn is_damaged(&self) -> bool {
        let text = match self {
            Self::Text(text) => text,
            Self::Json(json) => *json,
        };
        text.contains(char::REPLACEMENT_CHARACTER)
    }
}

/// The first segment of a JSON Pointer as it is meant, and the pointer from there on
/// ([RFC 6901](https://www.rfc-editor.org/rfc/rfc6901)).
pub(crate) fn first_segment(pointer: &str) -> Option<(String, &str)> {
    let path = pointer.strip_prefix('/')?;
    let (segment, rest) = path.split_at(path.find('/').unwrap_or(path.len()));
    Some((segment.replace("~1", "/").replace("~0", "~"), rest))
}

/// What stands under this name in an object, or at this place in a list.
fn within<'a>(json: &'a str, segment: &str) -> Option<&'a str> {
    if json.starts_with('[') {
        let json = Some(json).filter(|json| json.len() <= VALUE_LIMIT)?;
        let values = serde_json::from_str::<Vec<&'a RawValue>>(json).ok()?;
        return values.get(segment.parse::<usize>().ok()?).map(|value| value.get());
    }
    let members = json.starts_with('{').then(|| Members::object(json))?;
    match members.one(segment)?? {
        Member::Json(json) => Some(json),
        Member::Text(_) => None,
    }
}

/// A character of no text, or what stands for bytes that were none.
fn is_binary(character: char) -> bool {
    character == char::REPLACEMENT_CHARACTER || character.is_control() && !character.is_whitespace()
}

fn is_json(text: &str) -> bool {
    // `IgnoredAny` takes any depth without recursion.
    serde_json::from_str::<IgnoredAny>(text).is_ok()
}

/// Collects the members of an object, so that those before an error are kept.
struct Collect<'l, 'a>(&'l mut List<'a>);

impl<'a> Visitor<'a> for Collect<'_, 'a> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'a>>(self, mut members: A) -> Result<(), A::Error> {
        while let Some(name) = members.next_key::<&'a RawValue>()? {
            let value = members.next_value::<&'a RawValue>()?;
            if self.0.len() == MOST {
                return Err(A::Error::custom("more members than any answer has"));
            }
            // A name that is no text is none that we look for.
            if let Some(name) = string(name.get()) {
                self.0.push((name, Member::Json(value.get())));
            }
        }
        Ok(())
    }
}

/// The text that a JSON value is, borrowed where it holds no escapes.
fn string(json: &str) -> Option<Cow<'_, str>> {
    let plain = json.strip_prefix('"')?.strip_suffix('"')?;
    // To the end, whatever comes: many bytes can then be looked at at once.
    if plain.bytes().fold(false, |any, byte| any | (byte == b'\\')) {
        return serde_json::from_str(json).ok().map(Cow::Owned);
    }
    Some(Cow::Borrowed(plain))
}

/// Whether serde_json keeps the name for itself. What stands as a text under such a name it reads
/// as a value, with a depth limit of its own: a few of them, one within the other, use up the
/// stack.
pub(super) fn is_private(name: &str) -> bool {
    name.starts_with("$serde_json::private::")
}

/// The names of all members of all objects in a JSON text, whole or broken, nested or not.
///
/// A scan over its strings instead of a parse: it needs no stack, and sees what stands before a
/// break.
pub(super) fn names_in_json(text: &str) -> impl Iterator<Item = Cow<'_, str>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        loop {
            let start = rest.find('"')?;
            let length = string_length(&rest[start..])?;
            let (literal, tail) = rest[start..].split_at(length);
            rest = tail;
            if tail.trim_start().starts_with(':') {
                return Some(string(literal).unwrap_or_default());
            }
        }
    })
}

/// The length of the JSON string that the text begins with.
fn string_length(text: &str) -> Option<usize> {
    let mut escaped = false;
    let closing = |&(_, byte): &(usize, u8)| {
        let closing = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        closing
    };
    text.bytes().enumerate().skip(1).find(closing).map(|(at, _)| at + 1)
}

/// How many bytes of JSON are made into values, which take many times the memory of the text that
/// they are read from.
pub(super) const VALUE_LIMIT: usize = 64 * 1024;

/// So many members no answer has; a list of them stays within a few MiB.
const MOST: usize = 50_000;
