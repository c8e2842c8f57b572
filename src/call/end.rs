//! How a call ends: what it got, or the error that tells of every attempt.

use std::time::Duration;

use http::StatusCode;

use super::{Call, Issued};
use crate::code::CodeFate;
use crate::decode::Warning;
use crate::error::{Attempt, CallError, CallErrorKind, Failure, Headline, Outcome};
use crate::kind::Kind;
use crate::token::Token;
use crate::transport::TransportError;
use crate::verdict::{self, Answer, Class};

/// An attempt and what was made of it.
pub(super) struct Judged {
    attempt: Attempt,
    class: Class,
    /// `None` where none came.
    answer: Option<Answer>,
}

impl<T> Call<T> {
    pub(super) fn accepted(
        self,
        mut token: Token,
        mut warnings: Vec<Warning>,
        status: StatusCode,
        elapsed: Duration,
    ) -> T {
        let flavor = self.ladder[0];
        self.setup.accept(self.ask.kind(), flavor);
        token.flavor = Some(flavor);
        self.ask.complete(&mut token, &mut warnings, &self.setup);
        let mut attempts = Vec::with_capacity(self.judged.len() + 1);
        attempts.extend(self.judged.into_iter().map(|judged| judged.attempt));
        attempts.push(Attempt::new(flavor, Some(status), Outcome::Accepted, elapsed));
        (self.finish)(Issued { token, flavor, attempts, warnings })
    }

    pub(super) fn unanswered(mut self, error: TransportError, elapsed: Duration) -> CallError {
        let kind = error.kind();
        self.note(Class::NoAnswer(kind), Outcome::Unanswered(kind), elapsed, None);
        let error = error.map_source(|source| self.mask().error(source));
        self.stopped(CallErrorKind::Transport(error))
    }

    /// The error of a call that its last attempt ended.
    pub(super) fn stopped(mut self, kind: CallErrorKind) -> CallError {
        // What is left was not to be tried.
        self.ladder.clear();
        let last = Headline::Made(self.judged.len() - 1);
        self.error(last, kind)
    }

    /// The error of a call of which the next request is not to be sent.
    pub(super) fn unsent(mut self, kind: CallErrorKind) -> CallError {
        let next = Attempt::new(self.ladder[0], None, Outcome::Unsent, Duration::ZERO);
        self.ladder.clear();
        self.error(Headline::Unsent(next), kind)
    }

    /// The error of a call that ran out of flavors, attempts or time.
    pub(super) fn exhausted(self) -> CallError {
        let answers = self.judged.iter();
        let answers = answers.filter_map(|judged| Some((judged.class, judged.answer.as_ref()?)));
        let reach = self.ask.reach(&self.setup);
        let (headline, kind) = verdict::exhausted(&answers.collect::<Vec<_>>(), reach);
        self.error(Headline::Made(headline), kind)
    }

    fn error(self, headline: Headline, kind: CallErrorKind) -> CallError {
        let asked = self.ask.kind();
        let refused = matches!(kind, CallErrorKind::Refused(_)) && asked == Kind::Exchange;
        let unrecognised = |judged: &&Judged| refused && judged.class == Class::Client;
        let earlier = match headline {
            Headline::Made(at) => &self.judged[..at],
            Headline::Unsent(_) => &[],
        };
        for suspect in earlier.iter().filter(unrecognised) {
            self.setup.doubt(suspect.attempt.flavor);
        }
        let may_be_of_the_flavor = match kind {
            CallErrorKind::Refused(_) | CallErrorKind::NoFlavorAccepted => {
                self.judged.last().is_some_and(Judged::may_be_of_the_flavor)
            }
            _ => false,
        };
        let fates = self.judged.iter().map(|judged| judged.fate(asked));
        CallError::new(Failure {
            kind,
            asked,
            host: self.endpoint.host,
            headline,
            fate: fates.max().unwrap_or(CodeFate::Unsent),
            may_have_spent: earlier.iter().position(|judged| unrecognised(&judged)),
            untried: self.ladder.into_vec(),
            flavor_was_a_guess: self.ask.is_of_unknown_flavor() && may_be_of_the_flavor,
            refresh_token_is_dead: self
                .judged
                .iter()
                .any(|judged| judged.ends_refresh_token(asked)),
            attempts: self.judged.into_iter().map(|judged| judged.attempt).collect(),
            code: self.ask.into_code(),
        })
    }

    pub(super) fn note(
        &mut self,
        class: Class,
        outcome: Outcome,
        elapsed: Duration,
        answer: Option<Answer>,
    ) {
        let status = answer.as_ref().map(|answer| answer.status);
        let attempt = Attempt::new(self.ladder[0], status, outcome, elapsed);
        self.judged.push(Judged { attempt, class, answer });
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
