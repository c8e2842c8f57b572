//! What a call keeps of itself, for those who ask later what was sent and what came back.

use std::sync::Arc;
use std::time::SystemTime;

use smallvec::SmallVec;

use super::letter::{Additions, Letter};
use crate::ask::Ask;
use crate::capture::{CapturedRequest, Kept, Veil, curl};
use crate::code::AuthorizationCode;
use crate::decode::{self, Reading};
use crate::endpoint::Endpoint;
use crate::flavor::Flavor;
use crate::mask::Mask;
use crate::report::{Evidence, ReportedConfiguration, Shown};
use crate::secret::Secret;
use crate::setup::Setup;
use crate::transport::HttpRequest;

/// A call, and once it is over, what came of it. Its requests are not kept but written again: the same
/// goes in, so the same comes out, and nothing is copied for a call whose story nobody asks for.
pub(super) struct Story {
    pub(super) setup: Arc<Setup>,
    pub(super) ask: Ask,
    pub(super) endpoint: Endpoint,
    /// Of the caller.
    pub(super) parameters: Vec<(String, Secret)>,
    /// One for each attempt, once the call is over.
    pub(super) steps: SmallVec<[Step; 1]>,
}

/// An attempt, but for what is the same in all of them.
pub(super) struct Step {
    pub(super) flavor: Flavor,
    pub(super) additions: Option<Box<Additions>>,
    pub(super) sent: SystemTime,
    pub(super) answer: Option<Kept>,
    /// What the call was then, if it was changed since.
    pub(super) before_change: Option<Box<Before>>,
}

/// What a caller can change of a call that is under way.
pub(super) struct Before {
    pub(super) endpoint: Endpoint,
    pub(super) parameters: Vec<(String, Secret)>,
}

impl Story {
    pub(super) fn new(setup: Arc<Setup>, endpoint: Endpoint, ask: Ask) -> Self {
        Self { setup, ask, endpoint, parameters: Vec::new(), steps: SmallVec::new() }
    }

    pub(super) fn letter<'a>(&'a self, additions: Option<&'a Additions>) -> Letter<'a> {
        Letter {
            setup: &self.setup,
            ask: &self.ask,
            endpoint: &self.endpoint,
            parameters: &self.parameters,
            additions,
        }
    }

    /// What the attempt's request was written from.
    fn letter_of<'a>(&'a self, step: &'a Step) -> Letter<'a> {
        let letter = self.letter(step.additions.as_deref());
        match &step.before_change {
            Some(sent) => {
                Letter { endpoint: &sent.endpoint, parameters: &sent.parameters, ..letter }
            }
            None => letter,
        }
    }

    fn request(&self, step: &Step) -> Option<HttpRequest> {
        self.letter_of(step).written(step.flavor).ok()
    }

    /// Hides what was sent in all attempts.
    fn mask(&self) -> Mask<'_> {
        let mut mask = Mask::default();
        self.letter(None).hide(&mut mask);
        for step in &self.steps {
            self.letter_of(step).hide(&mut mask);
        }
        mask
    }

    /// Hides all secrets of all attempts, so that equal ones have equal marks.
    fn veil(&self) -> Veil<'_> {
        let mut veil = Veil::new(self.mask());
        for step in &self.steps {
            let Some(answer) = &step.answer else { continue };
            // What was read as a token is one, whatever it looks like.
            let reading = self.ask.read(answer.response(), step.sent, &self.setup, Mask::default);
            if let Reading::Token(token, _) = reading {
                veil.hide("access_token", token.access_token.expose().to_owned());
                let refresh_token = token.refresh_token.as_ref().map_or("", Secret::expose);
                veil.hide("refresh_token", refresh_token.to_owned());
            }
            match self.secrets(answer, &veil) {
                Some(secrets) => secrets.into_iter().for_each(|(name, it)| veil.hide(name, it)),
                None => veil.give_up(),
            }
        }
        veil
    }

    /// What the answer holds that nobody sent; `None` if that is too much to hide.
    fn secrets(&self, answer: &Kept, veil: &Veil<'_>) -> Option<Vec<(&'static str, String)>> {
        let mut known = self.setup.known();
        known.public.push(self.endpoint.target.url.as_str());
        known.marks = veil.marks();
        let headers = answer.headers().map(|(name, value)| (name, veil.thin(&value)));
        let is_success = answer.status().is_success();
        decode::secrets(&veil.thin(&answer.text()), headers, is_success, &known)
    }

    fn show(&self, step: &Step, veil: &Veil<'_>) -> Option<Shown> {
        Some(Shown {
            sent: step.sent,
            request: CapturedRequest::new(&self.request(step)?, veil),
            answer: step.answer.as_ref().map(|answer| answer.shown(veil)),
        })
    }
}

impl Evidence for Story {
    fn shown(&self, attempt: usize) -> Option<Shown> {
        self.show(self.steps.get(attempt)?, &self.veil())
    }

    fn curl(&self, attempt: usize) -> Option<String> {
        let request = self.request(self.steps.get(attempt)?)?;
        let mask = self.mask();
        Some(curl::command(&request, |text| mask.form(text)))
    }

    fn all_shown(&self) -> Vec<Shown> {
        let veil = self.veil();
        self.steps.iter().filter_map(|step| self.show(step, &veil)).collect()
    }

    fn configuration(&self) -> ReportedConfiguration {
        // Not by what answers brought: an echo of a URL makes no secret of it.
        let mask = self.mask();
        self.setup.configuration(|text| mask.apply_deeply(text))
    }

    fn masked(&self, text: &str) -> String {
        self.veil().apply(text)
    }

    fn code(&self) -> Option<AuthorizationCode> {
        self.ask.code().map(AuthorizationCode::again)
    }
}
