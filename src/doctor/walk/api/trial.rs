//! What of a request to the API, and of its answer, may be shown.

use std::iter::empty;

use url::Url;

use super::super::mask;
use super::super::report::StepStatus;
use crate::capture::{CapturedAnswer, CapturedRequest, Kept, Veil};
use crate::conventions::TokenPlace;
use crate::decode::{self, Known};
use crate::exchanger::TokenExchanger;
use crate::mask::{Mask, WITHHELD};
use crate::token::Token;
use crate::transport::{HttpRequest, HttpResponse};

/// A request to the API, without and with the token.
pub(super) struct Trial<'a> {
    pub(super) exchanger: &'a TokenExchanger,
    pub(super) token: &'a Token,
    pub(super) api: &'a HttpRequest,
    pub(super) sent: &'a HttpRequest,
}

impl<'a> Trial<'a> {
    /// Hides the tokens, and what else of the headers may be a key.
    pub(super) fn mask(&self) -> Mask<'a> {
        let setup = self.exchanger.setup();
        let mut mask = mask(setup, &[self.token]);
        // The caller may have a template with a key in it.
        if setup.conventions.apply.template.is_some() {
            for value in self.added() {
                mask.hide_also("access_token", value);
            }
        }
        for (name, value) in self.api.headers() {
            let text = value.to_str().unwrap_or_default();
            let parts: Vec<_> = match name.as_str() {
                name if is_public(name) => continue,
                "authorization" => text.split(' ').skip(1).collect(),
                "cookie" => text.split(['=', ';']).map(str::trim).collect(),
                _ => vec![text],
            };
            for part in parts.into_iter().filter(|part| part.len() >= SHORTEST_SECRET) {
                mask.hide(name.as_str(), part);
            }
        }
        if let Ok(url) = Url::parse(&self.api.uri().to_string()) {
            for (name, value) in url.query_pairs() {
                if name.to_ascii_lowercase().contains("key") {
                    mask.hide("key", value.into_owned());
                }
            }
        }
        mask
    }

    /// Hides what of the request looks like a key too.
    pub(super) fn veil(&self) -> Veil<'a> {
        let mut veil = Veil::new(self.mask());
        let mut known = self.exchanger.setup().known();
        known.marks = veil.marks();
        let url = veil.thin(&self.api.uri().to_string());
        let body = veil.thin(&String::from_utf8_lossy(self.api.body()));
        // As of a success, where whatever looks drawn at random counts.
        let in_body = decode::secrets(&body, empty(), true, &known).unwrap_or_default();
        for (name, secret) in decode::secrets_in_url(&url, &known).into_iter().chain(in_body) {
            veil.hide(name, secret);
        }
        veil
    }

    /// What holds the token: the value of the header or of the parameter that was added.
    fn added(&self) -> Vec<String> {
        let added = self.sent.headers().iter().filter(|(name, _)| self.is_added(name.as_str()));
        let mut values: Vec<_> =
            added.filter_map(|(_, value)| Some(value.to_str().ok()?.to_owned())).collect();
        let apply = &self.exchanger.setup().conventions.apply;
        if apply.place == TokenPlace::Query {
            let own = apply.name.as_deref().unwrap_or("access_token");
            let url = Url::parse(&self.sent.uri().to_string()).ok();
            let pairs = url.iter().flat_map(Url::query_pairs);
            values.extend(pairs.filter(|(name, _)| name == own).map(|(_, it)| it.into_owned()));
        }
        values
    }

    fn holds_too_much(&self) -> bool {
        is_too_much(&self.api.uri().to_string())
            || is_too_much(&String::from_utf8_lossy(self.api.body()))
    }

    fn is_added(&self, name: &str) -> bool {
        !self.api.headers().contains_key(name)
    }

    pub(super) fn captured(&self, veil: &Veil<'_>) -> CapturedRequest {
        let mut captured = CapturedRequest::new(self.sent, veil);
        for (name, value) in &mut captured.headers {
            if !is_public(name) && !self.is_added(name) {
                *value = format!("[{name}]");
            }
        }
        if is_too_much(&captured.body) {
            captured.body = WITHHELD.to_owned();
        }
        if is_too_much(&captured.url) {
            captured.url.truncate(captured.url.find('?').unwrap_or_default());
        }
        captured
    }

    pub(super) fn shown(&self, response: HttpResponse, status: StepStatus) -> CapturedAnswer {
        let kept = Kept::new(response);
        let mut veil = self.veil();
        let mut known = self.exchanger.setup().known();
        known.marks = veil.marks();
        let headers = kept.headers().map(|(name, value)| (name, veil.thin(&value)));
        let is_success = kept.status().is_success();
        let secrets = decode::secrets(&veil.thin(&kept.text()), headers, is_success, &known);
        let Some(secrets) = secrets.filter(|_| !self.holds_too_much()) else {
            return kept.withheld();
        };
        for (name, secret) in secrets {
            veil.hide(name, secret);
        }
        let mut shown = kept.shown(&veil);
        if status == StepStatus::Passed && !shown.body.is_empty() {
            shown.body = "[left out: a success]".to_owned();
            shown.cut = true;
        }
        shown
    }
}

/// Whether more in it may be secret than can be hidden.
fn is_too_much(text: &str) -> bool {
    decode::secrets(text, empty(), true, &Known::default()).is_none()
}

/// Whether a header of this name holds no key: any other may.
fn is_public(name: &str) -> bool {
    PUBLIC.contains(&name) || name.starts_with("accept-") || name.starts_with("content-")
}

const PUBLIC: [&str; 6] = ["accept", "user-agent", "host", "prefer", "if-none-match", "date"];

/// In bytes.
const SHORTEST_SECRET: usize = 8;
