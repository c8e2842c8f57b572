//! A request as it came in, read strictly: what can be read in two ways is refused.

use std::fmt;

use percent_encoding::percent_decode_str;
use serde::de::{Deserializer, Error as _, MapAccess, Visitor};

pub(crate) struct Request<'r> {
    pub(crate) method: &'r str,
    pub(crate) path: &'r str,
    pub(crate) query: &'r str,
    headers: Vec<(&'r str, &'r str)>,
    pub(crate) body: &'r str,
}

impl<'r> Request<'r> {
    pub(crate) fn parse(text: &'r str) -> Result<Self, String> {
        let (head, body) = text.split_once("\r\n\r\n").ok_or("a request without an end")?;
        let mut lines = head.split("\r\n");
        let mut words = lines.next().unwrap_or_default().split(' ');
        let (Some(method), Some(target)) = (words.next(), words.next()) else {
            return Err("a request without a target".to_owned());
        };
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let headers = lines.map(|line| line.split_once(": ").unwrap_or((line, ""))).collect();
        Ok(Self { method, path, query, headers, body })
    }

    /// The value of the header, which may stand there once.
    pub(crate) fn header(&self, name: &str) -> Result<Option<&'r str>, String> {
        let mut found = self.headers.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name));
        let value = found.next().map(|&(_, value)| value);
        match found.next() {
            None => Ok(value),
            Some(_) => Err(format!("the header {name} twice")),
        }
    }

    pub(crate) fn headers(&self) -> impl Iterator<Item = (&'r str, &'r str)> {
        self.headers.iter().copied()
    }
}

/// A parameter as it is meant, and its value as it was written.
#[derive(Clone, Debug)]
pub(crate) struct Parameter {
    pub(crate) name: String,
    pub(crate) value: String,
    pub(crate) raw: String,
}

/// Reads a form or a query.
pub(crate) fn form(text: &str) -> Result<Vec<Parameter>, String> {
    let pairs = text.split('&').filter(|_| !text.is_empty());
    pairs
        .map(|pair| {
            let (name, raw) = pair.split_once('=').ok_or_else(|| format!("{pair:?} has no ="))?;
            let (name, value) = (decoded(name)?, decoded(raw)?);
            Ok(Parameter { name, value, raw: raw.to_owned() })
        })
        .collect()
}

/// Reads a JSON object of texts.
pub(crate) fn json(text: &str) -> Result<Vec<Parameter>, String> {
    let mut reader = serde_json::Deserializer::from_str(text);
    let members = reader.deserialize_map(Texts).map_err(|error| format!("the body: {error}"))?;
    reader.end().map_err(|error| format!("the body: {error}"))?;
    Ok(members)
}

/// The query without the pairs that the URL had from the beginning, which must all be there to the
/// letter.
pub(crate) fn beyond<'q>(query: &'q str, own: &str) -> Result<Vec<&'q str>, String> {
    let pairs = |text: &'q str| text.split('&').filter(|pair| !pair.is_empty());
    let mut left: Vec<_> = pairs(query).collect();
    for pair in own.split('&').filter(|pair| !pair.is_empty()) {
        let at = left.iter().position(|known| *known == pair);
        left.remove(at.ok_or_else(|| format!("{pair:?} of the URL did not arrive in {query:?}"))?);
    }
    Ok(left)
}

/// The text that was form-encoded: a broken escape is no text.
pub(crate) fn decoded(text: &str) -> Result<String, String> {
    unescaped(&text.replace('+', " "))
}

/// The same of a text in which a plus is a plus.
pub(crate) fn unescaped(text: &str) -> Result<String, String> {
    let is_escape = |rest: &str| {
        let digits = rest.as_bytes().get(..2);
        digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    };
    let decoded = percent_decode_str(text).decode_utf8().ok();
    let decoded = decoded.filter(|_| text.split('%').skip(1).all(is_escape));
    decoded.map(Into::into).ok_or_else(|| format!("{text:?} cannot be decoded"))
}

struct Texts;

impl<'de> Visitor<'de> for Texts {
    type Value = Vec<Parameter>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of texts")
    }

    // A map would keep the last of two values.
    fn visit_map<A: MapAccess<'de>>(self, mut from: A) -> Result<Self::Value, A::Error> {
        let mut members: Vec<Parameter> = Vec::new();
        while let Some((name, value)) = from.next_entry::<String, String>()? {
            if members.iter().any(|known| known.name == name) {
                return Err(A::Error::custom(format_args!("{name} stands there twice")));
            }
            members.push(Parameter { name, raw: value.clone(), value });
        }
        Ok(members)
    }
}
