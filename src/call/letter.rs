//! How a call's next request is written, and what of it is secret.

use std::time::SystemTime;

use http::{HeaderName, HeaderValue};

use super::Call;
use crate::ask::{Ask, scope};
use crate::conventions::Verb;
use crate::decode;
use crate::encode::{self, Manner, Parameters, UrlTooLong};
use crate::endpoint::Endpoint;
use crate::error::CallErrorKind;
use crate::flavor::Flavor;
use crate::mask::Mask;
use crate::secret::Secret;
use crate::setup::{Setup, hide_query};
use crate::template;
use crate::transport::HttpRequest;

/// What the conventions add to a request, with the values of its own.
#[derive(Clone)]
pub(super) struct Additions {
    parameters: Vec<(String, Secret)>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl Additions {
    pub(super) fn new(setup: &Setup, ask: &Ask) -> Option<Box<Self>> {
        let (headers, params) =
            (&setup.conventions.headers, &setup.conventions.of(ask.kind()).params);
        if headers.is_empty() && params.is_empty() {
            return None;
        }
        let random = setup.random.value();
        let asked = ask.code().and_then(scope).unwrap_or(&setup.scope);
        let state = ask.code().and_then(|code| code.accepted.as_ref()).map(|it| &it.state);
        let fill = |text: &str| {
            template::fill(text, |name| match name {
                "client_id" => setup.client.id(),
                "client_secret" => setup.client.secret().map_or("", Secret::expose),
                "scope" => asked,
                "random" => &random,
                "state" => state.map_or("", Secret::expose),
                _ => "",
            })
        };
        let parameters = params.iter().map(|(name, value)| (name.clone(), fill(value).into()));
        let headers = headers.iter().filter_map(|(name, value)| {
            let mut value = HeaderValue::try_from(fill(value)).ok()?;
            value.set_sensitive(true);
            Some((HeaderName::try_from(name).ok()?, value)).filter(|(_, value)| !value.is_empty())
        });
        Some(Box::new(Self { parameters: parameters.collect(), headers: headers.collect() }))
    }
}

/// What a request of a call is written from.
#[derive(Clone, Copy)]
pub(super) struct Letter<'a> {
    pub(super) setup: &'a Setup,
    pub(super) ask: &'a Ask,
    pub(super) endpoint: &'a Endpoint,
    /// Of the caller.
    pub(super) parameters: &'a [(String, Secret)],
    /// Of the conventions.
    pub(super) additions: Option<&'a Additions>,
}

impl<'a> Letter<'a> {
    pub(super) fn written(self, flavor: Flavor) -> Result<HttpRequest, UrlTooLong> {
        let kind = self.ask.kind();
        let conventions = self.setup.conventions.of(kind);
        let manner = Manner {
            verb: self.setup.conventions.verb_of(kind),
            headers: self.additions.map_or(&[], |it| &it.headers),
            rename: &conventions.rename,
            id_beside: conventions.params.contains_key("client_id"),
            omits_id: conventions.omit.contains("client_id"),
            omits_secret: conventions.omit.contains("client_secret"),
        };
        let uri = &self.endpoint.target.uri;
        encode::request(&self.setup.client, uri, self.parameters(), flavor, manner)
    }

    /// The parameters in the order of a form, under their standard names.
    fn parameters(self) -> Parameters<'a> {
        let mut parameters = self.ask.parameters(self.setup);
        let omitted = &self.setup.conventions.of(self.ask.kind()).omit;
        if !omitted.is_empty() {
            parameters.retain(|(name, _)| !omitted.contains(*name));
        }
        let added = self.additions.into_iter().flat_map(|it| &it.parameters);
        for (name, value) in added.chain(self.parameters) {
            match parameters.iter_mut().find(|(known, _)| known == name) {
                Some(parameter) => parameter.1 = value.expose(),
                None => parameters.push((name, value.expose())),
            }
        }
        parameters
    }

    /// Hides everything secret of the request that a server could send back.
    pub(super) fn hide(self, mask: &mut Mask<'a>) {
        self.ask.hide(mask);
        self.setup.hide(mask);
        self.setup.hide_urls(mask);
        hide_query(&self.endpoint.target.url, mask);
        for (name, value) in self.parameters {
            hide(mask, name, value.expose());
        }
        if let Some(added) = self.additions {
            // What conventions say is rather a word than a secret, and then no long one.
            let may_be_secret = |name: &str, value: &str| {
                value.len() >= SHORTEST_SECRET || decode::mark(name).is_some()
            };
            for (name, value) in &added.parameters {
                if may_be_secret(name, value.expose()) {
                    hide(mask, name, value.expose());
                }
            }
            for (name, value) in &added.headers {
                let value = value.to_str().unwrap_or_default();
                if may_be_secret(name.as_str(), value) {
                    mask.hide(name.as_str(), value);
                }
            }
        }
    }
}

impl<T> Call<T> {
    /// What the next request is written from.
    pub(super) fn letter(&self) -> Letter<'_> {
        self.story.letter(self.additions.as_deref())
    }

    /// Why the next request cannot be sent, if so.
    pub(super) fn obstacle(&self) -> Option<CallErrorKind> {
        let accepted = self.story.ask.code().and_then(|code| code.accepted.as_ref());
        if accepted.is_some_and(|accepted| accepted.origin != self.story.setup.origin) {
            return Some(CallErrorKind::WrongExchanger);
        }
        let is_in_url = self.story.setup.conventions.verb_of(self.story.ask.kind()) != Verb::Post;
        let is_too_long = is_in_url && self.letter().written(self.ladder[0]).is_err();
        is_too_long.then_some(CallErrorKind::UrlTooLong)
    }

    /// The next request, of a call without an [`obstacle`](Self::obstacle).
    pub(super) fn request_at(&self, sent: SystemTime) -> HttpRequest {
        let written = self.letter().written(self.ladder[0]);
        let Ok(mut request) = written else { return self.empty_request() };
        if let Some(deadline) = self.deadline(sent) {
            request.extensions_mut().insert(deadline);
        }
        request
    }

    /// What stands for a request that is not to be sent.
    pub(super) fn empty_request(&self) -> HttpRequest {
        let mut request = HttpRequest::default();
        *request.uri_mut() = self.story.endpoint.target.uri.clone();
        request
    }

    /// Everything secret that a server could send back.
    pub(super) fn mask(&self) -> Mask<'_> {
        let mut mask = Mask::default();
        self.letter().hide(&mut mask);
        mask
    }
}

fn hide<'a>(mask: &mut Mask<'a>, name: &'a str, value: &'a str) {
    if !NOT_SECRET.contains(&name) {
        mask.hide(name, value);
    }
}

/// Standard parameters that anyone may see.
const NOT_SECRET: [&str; 5] =
    ["grant_type", "scope", "redirect_uri", "client_id", "token_type_hint"];

/// In bytes.
const SHORTEST_SECRET: usize = 8;
