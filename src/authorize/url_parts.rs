//! Puts parameters into a URL, each once, behind what stands there already.

use std::collections::{BTreeMap, BTreeSet};

use url::Url;

use crate::encode::{appended, url_encode};

/// Parameters under their standard names, their values URL-encoded.
#[derive(Default)]
pub(super) struct Parts(Vec<(String, String)>);

impl Parts {
    /// Adds the parameter, or replaces its value.
    pub(super) fn set(&mut self, name: &str, value: &str) {
        self.set_encoded(name, url_encode(value));
    }

    /// The same of a value of which the delimiter between its parts is not encoded.
    pub(super) fn set_joined(&mut self, name: &str, parts: &[&str], delimiter: &str) {
        let parts: Vec<String> = parts.iter().map(|part| url_encode(part)).collect();
        self.set_encoded(name, parts.join(delimiter));
    }

    fn set_encoded(&mut self, name: &str, value: String) {
        match self.0.iter_mut().find(|(known, _)| known == name) {
            Some(part) => part.1 = value,
            None => self.0.push((name.to_owned(), value)),
        }
    }

    pub(super) fn omit(&mut self, names: &BTreeSet<String>) {
        self.0.retain(|(name, _)| !names.contains(name));
    }

    /// Appends what has a value to the query, or to that of the fragment. What stands there stays to
    /// the letter, but for parameters of the same names.
    pub(super) fn append_to(
        self,
        url: &Url,
        rename: &BTreeMap<String, String>,
        in_fragment: bool,
    ) -> Url {
        let mut url = url.clone();
        let parts =
            self.0.into_iter().filter(|(name, value)| !name.is_empty() && !value.is_empty());
        let parts: Vec<_> = parts
            .map(|(name, value)| (rename.get(&name).cloned().unwrap_or(name), value))
            .collect();
        let names: Vec<_> = parts.iter().map(|(name, _)| &**name).collect();
        let added: Vec<_> =
            parts.iter().map(|(name, value)| format!("{}={value}", url_encode(name))).collect();
        let added = added.join("&");
        if in_fragment {
            let fragment = url.fragment().unwrap_or_default();
            let (route, query) = fragment.split_once('?').unwrap_or((fragment, ""));
            let fragment = format!("{route}?{}", appended(query, &names, &added));
            url.set_fragment(Some(&fragment));
        } else {
            let query = appended(url.query().unwrap_or_default(), &names, &added);
            url.set_query(Some(&query));
        }
        url
    }
}
