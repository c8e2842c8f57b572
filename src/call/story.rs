//! What a call keeps of itself, for those who ask later what was sent and what came back.

use std::sync::Arc;
use std::time::SystemTime;

use serde_json::Value;
use smallvec::SmallVec;
use url::{Url, form_urlencoded};

use super::letter::{Additions, Letter};
use crate::ask::Ask;
use crate::capture::{CapturedRequest, Kept, Veil, curl};
use crate::code::AuthorizationCode;
use crate::conventions::Conventions;
use crate::decode;
use crate::endpoint::Endpoint;
use crate::flavor::Flavor;
use crate::kind::Kind;
use crate::mask::Mask;
use crate::report::{Evidence, ReportedConfiguration, Shown};
use crate::secret::Secret;
use crate::setup::{Endpoints, Setup};
use crate::transport::HttpRequest;

/// A call that is over. Its requests are not kept but written again: the same goes in, so the same
/// comes out, and nothing is copied for a call whose story nobody asks for.
pub(super) struct Story {
    pub(super) setup: Arc<Setup>,
    pub(super) ask: Ask,
    pub(super) endpoint: Endpoint,
    pub(super) parameters: Vec<(String, Secret)>,
    /// One for each attempt.
    pub(super) steps: SmallVec<[Step; 1]>,
}

/// An attempt, but for what is the same in all of them.
pub(super) struct Step {
    pub(super) flavor: Flavor,
    pub(super) additions: Option<Box<Additions>>,
    pub(super) sent: SystemTime,
    pub(super) answer: Option<Kept>,
}

impl Story {
    fn letter<'a>(&'a self, step: Option<&'a Step>) -> Letter<'a> {
        Letter {
            setup: &self.setup,
            ask: &self.ask,
            endpoint: &self.endpoint,
            parameters: &self.parameters,
            additions: step.and_then(|step| step.additions.as_deref()),
        }
    }

    fn request(&self, step: &Step) -> Option<HttpRequest> {
        self.letter(Some(step)).written(step.flavor).ok()
    }

    /// Hides all secrets of all attempts, so that equal ones have equal marks.
    fn veil(&self) -> Veil<'_> {
        let mut mask = Mask::default();
        self.letter(None).hide(&mut mask);
        for step in &self.steps {
            self.letter(Some(step)).hide(&mut mask);
        }
        for url in self.urls().into_iter().flatten().chain([&self.endpoint.target.url]) {
            hide_query(url, &mut mask);
        }
        let mut veil = Veil::new(mask);
        for answer in self.steps.iter().filter_map(|step| step.answer.as_ref()) {
            for (name, secret) in self.secrets(answer, &veil).unwrap_or_default() {
                veil.hide(name, secret);
            }
        }
        veil
    }

    /// What the answer holds that nobody sent; `None` if that is too much to hide.
    fn secrets(&self, answer: &Kept, veil: &Veil<'_>) -> Option<Vec<(&'static str, String)>> {
        let setup = &*self.setup;
        let mut public = vec![setup.client.id(), &setup.redirect_uri];
        public.extend(setup.scopes.iter().map(String::as_str));
        public.extend(self.urls().into_iter().flatten().map(Url::as_str));
        public.push(self.endpoint.target.url.as_str());
        let headers = answer.headers().map(|(name, value)| (name, veil.thin(&value)));
        let is_success = answer.status.is_success();
        decode::secrets(&veil.thin(&answer.text()), headers, is_success, &public)
    }

    /// The token URL first, then those of authorization, refresh and revocation.
    fn urls(&self) -> [Option<&Url>; 4] {
        let Endpoints { authorization, token, refresh, revocation } = &self.setup.endpoints;
        let endpoints =
            [Some(token), authorization.as_ref(), refresh.as_ref(), revocation.as_ref()];
        endpoints.map(|endpoint| Some(&endpoint?.target.url))
    }

    fn show(&self, step: &Step, veil: &Veil<'_>) -> Option<Shown> {
        Some(Shown {
            sent: step.sent,
            request: CapturedRequest::new(&self.request(step)?, veil),
            answer: step.answer.as_ref().map(|answer| match self.secrets(answer, veil) {
                Some(_) => answer.shown(veil),
                None => answer.withheld(),
            }),
        })
    }
}

impl Evidence for Story {
    fn shown(&self, attempt: usize) -> Option<Shown> {
        self.show(self.steps.get(attempt)?, &self.veil())
    }

    fn curl(&self, attempt: usize) -> Option<String> {
        let request = self.request(self.steps.get(attempt)?)?;
        let veil = self.veil();
        Some(curl::command(&request, |text| veil.form(text)))
    }

    fn all_shown(&self) -> Vec<Shown> {
        let veil = self.veil();
        self.steps.iter().filter_map(|step| self.show(step, &veil)).collect()
    }

    fn configuration(&self) -> ReportedConfiguration {
        let Setup { client, scopes, redirect_uri, wishes, conventions, .. } = &*self.setup;
        let veil = self.veil();
        let [_, authorization, refresh, revocation] =
            self.urls().map(|url| url.map(|url| veil.apply(url.as_str())));
        ReportedConfiguration {
            client_id: client.id().to_owned(),
            has_client_secret: client.secret().is_some(),
            encoding_matters: client.encoding_matters(),
            token_url: veil.apply(self.setup.endpoints.token.target.url.as_str()),
            authorization_url: authorization,
            refresh_url: refresh,
            revocation_url: revocation,
            redirect_uri: veil.apply(redirect_uri),
            scopes: scopes.clone(),
            policy: wishes.policy.to_string(),
            flavors: self.setup.flavors(Kind::Exchange, None).into_vec(),
            conventions: departures(conventions),
        }
    }

    fn masked(&self, text: &str) -> String {
        self.veil().apply(text)
    }

    fn code(&self) -> Option<AuthorizationCode> {
        self.ask.code().map(AuthorizationCode::again)
    }
}

/// Hides what a URL's own query has under a telling name.
fn hide_query(url: &Url, mask: &mut Mask<'_>) {
    for (name, value) in form_urlencoded::parse(url.query().unwrap_or_default().as_bytes()) {
        if let Some(mark) = decode::mark(&name) {
            mask.hide(mark, value.into_owned());
        }
    }
}

/// Where the conventions depart from the standard, as JSON Pointers. What they say there may be
/// a secret.
fn departures(conventions: &Conventions) -> Vec<String> {
    let value = |conventions| serde_json::to_value(conventions).unwrap_or_default();
    let mut pointers = Vec::new();
    collect(&value(conventions), &value(&Conventions::default()), "", &mut pointers);
    pointers
}

fn collect(value: &Value, default: &Value, at: &str, pointers: &mut Vec<String>) {
    match value {
        value if value == default => {}
        Value::Object(members) => {
            for (name, value) in members {
                let name = name.replace('~', "~0").replace('/', "~1");
                let default = default.get(&name).unwrap_or(&Value::Null);
                collect(value, default, &format!("{at}/{name}"), pointers);
            }
        }
        _ => pointers.push(at.to_owned()),
    }
}
