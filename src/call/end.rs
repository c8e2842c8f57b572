//! How a call ends: what it got, or the error that tells of every attempt.

use std::mem;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use http::StatusCode;

use super::story::{Before, Step, Story};
use super::trace::Told;
use super::{Call, Issued};
use crate::capture::Kept;
use crate::code::CodeFate;
use crate::conventions::Verb;
use crate::decode::Warning;
use crate::error::{Attempt, CallError, CallErrorKind, Failure, Headline, Outcome};
use crate::flavor::Flavor;
use crate::kind::Kind;
use crate::report::Evidence;
use crate::token::Token;
use crate::transport::{HttpResponse, TransportError};
use crate::verdict::{self, Answer, Class};

/// An attempt and what was made of it.
pub(super) struct Judged {
    class: Class,
    /// `None` where none came.
    answer: Option<Answer>,
    note: Note,
    /// Until the call is over.
    step: Option<Step>,
}

/// What everyone may see of an attempt at once.
struct Note {
    flavor: Flavor,
    status: Option<StatusCode>,
    outcome: Outcome,
    elapsed: Duration,
}

/// When a request was sent, how long it took, and what came back.
pub(super) struct Ended {
    pub(super) sent: SystemTime,
    pub(super) elapsed: Duration,
    pub(super) response: Option<HttpResponse>,
}

impl<T> Call<T> {
    pub(super) fn accepted(
        mut self,
        mut token: Token,
        mut warnings: Vec<Warning>,
        ended: Ended,
    ) -> T {
        let flavor = self.ladder[0];
        self.story.setup.accept(self.story.ask.kind(), flavor);
        token.flavor = Some(flavor);
        self.story.ask.complete(&mut token, &mut warnings, &self.story.setup);
        let (note, step) = self.written_down(Class::Token, Outcome::Accepted, ended);
        let (finish, asked) = (self.finish, self.story.ask.kind());
        self.trace.end(self.judged.len() + 1, Ok("issued"));
        let (evidence, attempts) = self.tell(Some((note, step)));
        finish(Issued { token, flavor, attempts, warnings, evidence, asked })
    }

    pub(super) fn unanswered(mut self, error: TransportError, ended: Ended) -> CallError {
        let kind = error.kind();
        let error = error.map_source(|source| self.mask().error(source));
        self.note(Class::NoAnswer(kind), Outcome::Unanswered(kind), ended, None);
        self.stopped(CallErrorKind::Transport(error))
    }

    /// The error of a call that its last attempt ended. What is left was not to be tried.
    pub(super) fn stopped(self, kind: CallErrorKind) -> CallError {
        let last = self.judged.len() - 1;
        self.error(Some(last), kind, Vec::new())
    }

    /// The error of a call of which the next request is not to be sent.
    pub(super) fn unsent(self, kind: CallErrorKind) -> CallError {
        self.error(None, kind, Vec::new())
    }

    /// The error of a call that ran out of flavors, attempts or time.
    pub(super) fn exhausted(self) -> CallError {
        let answers = self.judged.iter();
        let answers = answers.filter_map(|judged| Some((judged.class, judged.answer.as_ref()?)));
        let reach = self.story.ask.reach(&self.story.setup);
        let (headline, kind) = verdict::exhausted(&answers.collect::<Vec<_>>(), reach);
        let untried = self.ladder.to_vec();
        self.error(Some(headline), kind, untried)
    }

    /// `headline` is the attempt that tells most; `None` where the next was not to be sent.
    fn error(
        mut self,
        headline: Option<usize>,
        kind: CallErrorKind,
        untried: Vec<Flavor>,
    ) -> CallError {
        let asked = self.story.ask.kind();
        let refused = matches!(kind, CallErrorKind::Refused(_)) && asked == Kind::Exchange;
        let unrecognised = |judged: &&Judged| refused && judged.class == Class::Client;
        let earlier = headline.map_or(&[][..], |at| &self.judged[..at]);
        for suspect in earlier.iter().filter(unrecognised) {
            self.story.setup.doubt(suspect.note.flavor);
        }
        let may_be_of_the_flavor = match kind {
            CallErrorKind::Refused(_) | CallErrorKind::NoFlavorAccepted => {
                self.judged.last().is_some_and(Judged::may_be_of_the_flavor)
            }
            _ => false,
        };
        let fates = self.judged.iter().map(|judged| judged.fate(asked));
        let fate = fates.max().unwrap_or(CodeFate::Unsent);
        let may_have_spent = earlier.iter().position(|judged| unrecognised(&judged));
        let told_more = headline.and_then(|at| more_telling(&self.judged, at));
        let flavor_was_a_guess = self.story.ask.is_of_unknown_flavor() && may_be_of_the_flavor;
        let refresh_token_is_dead = self.judged.iter().any(|it| it.ends_refresh_token(asked));
        let host = Arc::clone(&self.story.endpoint.host);
        self.trace.end(self.judged.len(), Err(kind.name()));
        let next = self.ladder.first().copied();
        let (evidence, attempts) = self.tell(None);
        let unsent = |flavor| {
            let made = (&evidence, attempts.len());
            Attempt::new(flavor, None, Outcome::Unsent, Duration::ZERO, made)
        };
        let headline = match (headline, next) {
            (None, Some(flavor)) => Headline::Unsent(unsent(flavor)),
            (at, _) => Headline::Made(at.unwrap_or_default()),
        };
        CallError::new(Failure {
            kind,
            asked,
            host,
            attempts,
            headline,
            fate,
            may_have_spent,
            told_more,
            untried,
            evidence,
            refresh_token_is_dead,
            flavor_was_a_guess,
        })
    }

    pub(super) fn note(
        &mut self,
        class: Class,
        outcome: Outcome,
        ended: Ended,
        answer: Option<Answer>,
    ) {
        let (note, step) = self.written_down(class, outcome, ended);
        self.judged.push(Judged { class, answer, note, step: Some(step) });
    }

    /// The attempt that is under way, as it has ended.
    fn written_down(&self, class: Class, outcome: Outcome, ended: Ended) -> (Note, Step) {
        let Ended { sent, elapsed, response } = ended;
        let flavor = self.ladder[0];
        let status = response.as_ref().map(http::Response::status);
        let transport_error = match class {
            Class::NoAnswer(kind) => Some(kind.name()),
            _ => None,
        };
        let told = match &outcome {
            Outcome::Answered { error: Some(error), .. } => Some(&*error.code),
            _ => transport_error,
        };
        let verb = self.story.setup.conventions.verb_of(self.story.ask.kind());
        self.trace.attempt(&Told {
            number: self.judged.len() + 1,
            flavor: &flavor,
            class: class.name(),
            method: if verb == Verb::Get { "GET" } else { "POST" },
            status: status.map(|status| status.as_u16()),
            error: told,
            elapsed,
        });
        let additions = self.additions.clone();
        let answer = response.map(Kept::new);
        let step = Step { flavor, additions, sent, answer, before_change: None };
        (Note { flavor, status, outcome, elapsed }, step)
    }

    /// What there is to tell, and the attempts, with one that has just ended.
    fn tell(mut self, last: Option<(Note, Step)>) -> (Arc<dyn Evidence>, Vec<Attempt>) {
        let mut judged = mem::take(&mut self.judged);
        let made = judged.len() + usize::from(last.is_some());
        let steps = &mut self.story_mut().steps;
        for judged in &mut judged {
            steps.extend(judged.step.take());
        }
        let last = last.map(|(note, step)| {
            steps.push(step);
            note
        });
        let evidence: Arc<dyn Evidence> = self.story;
        let mut attempts = Vec::with_capacity(made);
        for judged in judged {
            attempts.push(judged.note.attempt(&evidence, attempts.len()));
        }
        if let Some(note) = last {
            attempts.push(note.attempt(&evidence, attempts.len()));
        }
        (evidence, attempts)
    }

    /// Of attempts that were made, before a call that is turned by hand is changed.
    pub(super) fn keep_what_was_sent(&mut self) {
        let Story { endpoint, parameters, .. } = &*self.story;
        for step in self.judged.iter_mut().filter_map(|judged| judged.step.as_mut()) {
            let sent = || Before { endpoint: endpoint.clone(), parameters: parameters.clone() };
            step.before_change.get_or_insert_with(|| Box::new(sent()));
        }
    }
}

impl Note {
    fn attempt(self, evidence: &Arc<dyn Evidence>, at: usize) -> Attempt {
        Attempt::new(self.flavor, self.status, self.outcome, self.elapsed, (evidence, at))
    }
}

impl Judged {
    /// What has become of the code, or of the refresh token.
    fn fate(&self, asked: Kind) -> CodeFate {
        match verdict::fate(self.class, self.answer.as_ref()) {
            // A scope was refused, say.
            CodeFate::Spent
                if asked == Kind::Refresh
                    && self.class == Class::Grant
                    && !self.ends_refresh_token(asked) =>
            {
                CodeFate::ProbablyLive
            }
            fate => fate,
        }
    }

    /// Whether it refuses in words, or without any, that a wrong flavor gets too.
    fn may_be_of_the_flavor(&self) -> bool {
        let told = self.answer.as_ref().and_then(|answer| answer.told.as_ref());
        let code = told.map_or("", |told| told.code.expose());
        matches!(self.class, Class::Asking { .. })
            && matches!(code, "" | "invalid_request" | "unsupported_grant_type")
    }

    fn ends_refresh_token(&self, asked: Kind) -> bool {
        let answer = self.answer.as_ref().filter(|_| asked == Kind::Refresh);
        answer.is_some_and(|answer| verdict::ends_refresh_token(self.class, answer))
    }
}

/// Which attempt was told more than that the client was not recognised, which is all that the headline
/// tells. It may have got further, for its credentials stood in another place; but only if such a body is
/// read, which a refusal of the client tells.
fn more_telling(judged: &[Judged], headline: usize) -> Option<usize> {
    let refuses_client = |it: &&Judged| it.class == Class::Client;
    let is_described = |it: &Judged| {
        matches!(
            &it.note.outcome,
            Outcome::Answered { error: Some(error), .. } if error.description.is_some()
        )
    };
    let is_read = |it: &Judged| {
        let encoding = it.note.flavor.encoding;
        judged.iter().filter(refuses_client).any(|it| it.note.flavor.encoding == encoding)
    };
    judged.get(headline).filter(refuses_client)?;
    judged.iter().position(|it| !refuses_client(&it) && is_described(it) && is_read(it))
}
