//! Texts that stand in the cases by how they are made.

use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// `prefix`, then `repeat` and `suffix_repeat` so many times each, then `suffix`.
#[derive(Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Generated {
    pub(crate) prefix: String,
    pub(crate) repeat: String,
    pub(crate) times: usize,
    pub(crate) suffix_repeat: String,
    pub(crate) suffix: String,
}

impl Generated {
    /// What it is made of, and how often each stands there.
    pub(crate) fn parts(&self) -> [(&str, usize); 4] {
        let times = self.times;
        [(&self.prefix, 1), (&self.repeat, times), (&self.suffix_repeat, times), (&self.suffix, 1)]
            .map(|(text, times)| (text.as_str(), times))
    }

    pub(crate) fn text(&self) -> String {
        self.parts().into_iter().map(|(text, times)| text.repeat(times)).collect()
    }
}

/// A text as it stands is one that is generated of nothing else.
pub(crate) fn or_text<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Generated>, D::Error> {
    match Value::deserialize(from)? {
        Value::String(prefix) => Ok(Some(Generated { prefix, ..Generated::default() })),
        value => Generated::deserialize(value).map(Some).map_err(serde::de::Error::custom),
    }
}

/// The text with each `<text x 10000>` in it written out. Other angle brackets are what they are.
pub(crate) fn expanded(text: &str) -> String {
    let (mut all, mut rest) = (String::new(), text);
    while let Some(at) = rest.find('<') {
        let (before, from) = rest.split_at(at);
        all += before;
        match written_out(&from[1..]) {
            Some((part, left)) => {
                all += &part;
                rest = left;
            }
            None => {
                all.push('<');
                rest = &from[1..];
            }
        }
    }
    all + rest
}

/// What follows the bracket, if it is such a text, and what comes after it.
fn written_out(text: &str) -> Option<(String, &str)> {
    // The text that is repeated may have brackets of its own.
    text.match_indices('>').find_map(|(at, _)| {
        let (part, times) = text[..at].rsplit_once(" x ")?;
        let times = times.replace(['_', ','], "").parse().ok()?;
        Some((part.repeat(times), &text[at + 1..]))
    })
}
