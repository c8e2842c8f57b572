//! A call: the machine that goes from flavor to flavor, does no IO, and the ways to drive it.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::ops::ControlFlow;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use http::StatusCode;
use http::header::RETRY_AFTER;

use crate::code::{AuthorizationCode, CodeFate};
use crate::decode::{self, Reading, Warning};
use crate::encode::{self, Parameters, alike};
use crate::endpoint::Endpoint;
use crate::error::{Attempt, CallError, CallErrorKind, ConfigError, Failure, Outcome};
use crate::flavor::Flavor;
use crate::ladder::Ladder;
use crate::mask::Mask;
use crate::pkce::CodeVerifier;
use crate::secret::Secret;
use crate::setup::Setup;
use crate::token::Token;
use crate::transport::{
    Deadline, HttpRequest, HttpResponse, Transport, TransportError, within_limit,
};
use crate::verdict::{self, Answer, Asked, Class, Policy, Step};

/// One thing asked of the provider, in up to as many requests as there are flavors.
///
/// A call is a value that does no IO. It can be
///
/// - awaited, which uses the exchanger's transport: `exchanger.exchange(code).await?`;
/// - sent over another transport, with [`Call::send`];
/// - sent by a blocking closure, with [`Call::send_blocking`];
/// - turned by hand, with [`Call::request`] and [`Call::receive`].
///
/// Dropped in flight, a call can lose its code, or the token that was on its way. Spawn it where
/// the caller may be cancelled: `tokio::spawn(exchanger.exchange(code).into_future())`.
#[must_use = "a call does nothing until it is awaited, sent or turned"]
pub struct Call<T> {
    setup: Arc<Setup>,
    /// What is asked, for people.
    asks: &'static str,
    endpoint: Endpoint,
    code: AuthorizationCode,
    parameters: Vec<(String, Secret)>,
    /// What is left to try; the first is under way. Never empty.
    ladder: Ladder,
    judged: Vec<Judged>,
    /// When the first request was sent.
    started: Option<SystemTime>,
    finish: fn(Issued) -> T,
}

/// A token, and the story of how it was got. Store the token.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Issued {
    /// The token.
    pub token: Token,
    /// The flavor that was accepted.
    pub flavor: Flavor,
    /// Every attempt, the accepted one last.
    pub attempts: Vec<Attempt>,
    /// What was odd about the answer.
    pub warnings: Vec<Warning>,
}

/// An attempt and what was made of it.
struct Judged {
    attempt: Attempt,
    class: Class,
    /// `None` where none came.
    answer: Option<Answer>,
}

impl Call<Issued> {
    /// Trades the code for a token
    /// ([RFC 6749, section 4.1.3](https://www.rfc-editor.org/rfc/rfc6749#section-4.1.3)).
    pub(crate) fn exchange(setup: Arc<Setup>, code: AuthorizationCode) -> Self {
        Self {
            ladder: setup.flavors(),
            endpoint: setup.token_endpoint.clone(),
            setup,
            asks: "code exchange",
            code,
            parameters: Vec::new(),
            judged: Vec::new(),
            started: None,
            finish: |issued| issued,
        }
    }
}

impl<T> Call<T> {
    /// Adds a parameter, or replaces the one of that name, in place if it is a standard one. Without
    /// a name or a value it is left out. The value is kept out of all output.
    ///
    /// `client_id` and `client_secret` stand where the flavor puts credentials into the body, and
    /// nowhere else.
    pub fn param(mut self, name: impl Into<String>, value: impl Into<Secret>) -> Self {
        let name = name.into();
        self.parameters.retain(|(known, _)| *known != name);
        self.parameters.push((name, value.into()));
        self
    }

    /// Tries this flavor and no other, written as asked: `basic` without a secret is `id:`.
    pub fn flavor(mut self, flavor: Flavor) -> Self {
        self.ladder = Ladder::from_slice(&[flavor]);
        self
    }

    /// Sends this call to another token endpoint: some are known only after the callback, which
    /// names the data center or the tenant.
    ///
    /// # Errors
    ///
    /// - the URL could not be configured as the token URL either, see
    ///   [`build`](crate::TokenExchangerBuilder::build); the call is gone then, and with it its code
    pub fn endpoint(mut self, url: &str) -> Result<Self, ConfigError> {
        self.endpoint = Endpoint::parse("endpoint", url, self.setup.cleartext)?;
        Ok(self)
    }

    /// Sends the call over this transport.
    ///
    /// # Errors
    ///
    /// - no flavor got a token: [`CallError::kind`] says why, [`CallError::attempts`] what happened
    pub async fn send(mut self, transport: &dyn Transport) -> Result<T, CallError> {
        loop {
            let sent = now();
            let answer = transport.send(self.request_at(sent)).await;
            match self.receive(answer, sent, now()) {
                ControlFlow::Continue(next) => self = next,
                ControlFlow::Break(end) => return end,
            }
        }
    }

    /// Sends the call with a blocking closure, which must keep the rules of a [`Transport`].
    ///
    /// # Errors
    ///
    /// - no flavor got a token: [`CallError::kind`] says why, [`CallError::attempts`] what happened
    pub fn send_blocking(
        mut self,
        mut send: impl FnMut(HttpRequest) -> Result<HttpResponse, TransportError>,
    ) -> Result<T, CallError> {
        loop {
            let sent = now();
            let answer = send(self.request_at(sent));
            match self.receive(answer, sent, now()) {
                ControlFlow::Continue(next) => self = next,
                ControlFlow::Break(end) => return end,
            }
        }
    }

    /// The request to send now: complete, with its secrets. Hand what comes of it to
    /// [`Call::receive`].
    ///
    /// Reads the clock for the [`Deadline`] of the first request; from then on the moments given
    /// to [`Call::receive`] count.
    pub fn request(&self) -> HttpRequest {
        self.request_at(now())
    }

    /// Takes the answer to [`Call::request`], when that was sent and when this came. Lifetimes
    /// count from `sent`. Gives the end of the call, or the call with its next request.
    pub fn receive(
        mut self,
        answer: Result<HttpResponse, TransportError>,
        sent: SystemTime,
        received: SystemTime,
    ) -> ControlFlow<Result<T, CallError>, Self> {
        self.started.get_or_insert(sent);
        let elapsed = received.duration_since(sent).unwrap_or_default();
        let response = match answer.and_then(within_limit) {
            Ok(response) => response,
            Err(error) => return ControlFlow::Break(Err(self.unanswered(error, elapsed))),
        };

        let status = response.status();
        let asked = self.asked();
        let reading = decode::read(&response, sent, &self.setup.scopes, || self.mask());
        let asks_to_wait = response.headers().contains_key(RETRY_AFTER);
        let class = verdict::class(status, asks_to_wait, &reading, asked);
        let told = match reading {
            Reading::Token(token, warnings) if class == Class::Token => {
                return ControlFlow::Break(Ok(self.accepted(token, warnings, status, elapsed)));
            }
            Reading::Error(told) => Some(told),
            _ => None,
        };

        let moved = status.is_redirection();
        let location = moved.then(|| decode::location(response.headers(), &self.mask())).flatten();
        let retry_after = decode::retry_after(response.headers(), received);
        let error = told.as_ref().map(|told| told.error.clone());
        let outcome = Outcome::Answered { status, error };
        let answer = Answer { status, told, retry_after, location };
        let step = verdict::step(class, status, asked);
        let end = (step == Step::Stop).then(|| verdict::kind(class, &answer));
        self.judge(class, outcome, elapsed, Some(answer));

        if let Some(kind) = end {
            return ControlFlow::Break(Err(self.stopped(kind)));
        }
        if let Step::NextWithout(encoding) = step {
            self.ladder.retain(|it| it.encoding != encoding);
        }
        // What tells two flavors apart may be a secret that a parameter has taken away.
        let secret_is_set = self.parameters.iter().any(|(name, _)| name == "client_secret");
        let compare = secret_is_set && asked.policy == Policy::Careful;
        let sent = compare.then(|| self.written(asked.flavor));
        let repeats = |flavor| sent.as_ref().is_some_and(|it| alike(it, &self.written(flavor)));
        let left = self.ladder.iter().copied();
        self.ladder = left.filter(|&it| it != asked.flavor && !repeats(it)).collect();
        if self.is_at_its_end(received) {
            return ControlFlow::Break(Err(self.exhausted()));
        }
        ControlFlow::Continue(self)
    }

    fn request_at(&self, sent: SystemTime) -> HttpRequest {
        let mut request = self.written(self.ladder[0]);
        request.extensions_mut().insert(Arc::clone(&self.endpoint.target));
        if let Some(deadline) = self.deadline(sent) {
            request.extensions_mut().insert(deadline);
        }
        request
    }

    fn written(&self, flavor: Flavor) -> HttpRequest {
        let uri = &self.endpoint.target.uri;
        encode::request(&self.setup.client, uri, self.parameters(), flavor)
    }

    /// The parameters in the order of a form.
    fn parameters(&self) -> Parameters<'_> {
        let redirect_uri = self.code.redirect_uri.as_ref().unwrap_or(&self.setup.redirect_uri);
        let verifier = self.code.verifier.as_ref().map_or("", CodeVerifier::expose);
        let mut parameters = Parameters::from_slice(&[
            ("grant_type", "authorization_code"),
            ("scope", &self.setup.scope),
            ("redirect_uri", redirect_uri),
            ("code", self.code.code.expose()),
            ("code_verifier", verifier),
        ]);
        for (name, value) in &self.parameters {
            match parameters.iter_mut().find(|(standard, _)| standard == name) {
                Some(parameter) => parameter.1 = value.expose(),
                None => parameters.push((name, value.expose())),
            }
        }
        parameters
    }

    /// Everything secret that a server could send back.
    fn mask(&self) -> Mask<'_> {
        let mut mask = Mask::default();
        mask.hide("code", self.code.code.expose());
        if let Some(verifier) = &self.code.verifier {
            mask.hide("code_verifier", verifier.expose());
        }
        if let Some(secret) = self.setup.client.secret() {
            mask.hide("client_secret", secret.expose());
            for header in self.setup.client.headers() {
                let credentials = header.to_str().ok().and_then(|it| it.strip_prefix("Basic "));
                mask.hide("authorization", credentials.unwrap_or_default().trim_end_matches('='));
            }
        }
        for (name, value) in &self.parameters {
            if !NOT_SECRET.contains(&&**name) {
                mask.hide(name, value.expose());
            }
        }
        mask
    }

    fn asked(&self) -> Asked {
        Asked {
            policy: self.setup.wishes.policy,
            flavor: self.ladder[0],
            encoding_matters: self.setup.client.encoding_matters(),
        }
    }

    fn deadline(&self, sent: SystemTime) -> Option<Deadline> {
        let started = self.started.unwrap_or(sent);
        started.checked_add(self.setup.time_limit).map(Deadline)
    }

    fn is_at_its_end(&self, now: SystemTime) -> bool {
        self.ladder.is_empty()
            || self.setup.max_attempts.is_some_and(|most| self.judged.len() >= most)
            || self.deadline(now).is_some_and(|deadline| deadline.left(now).is_zero())
    }

    fn accepted(
        self,
        mut token: Token,
        warnings: Vec<Warning>,
        status: StatusCode,
        elapsed: Duration,
    ) -> T {
        let flavor = self.ladder[0];
        self.setup.accept(flavor);
        token.flavor = Some(flavor);
        let mut attempts = Vec::with_capacity(self.judged.len() + 1);
        attempts.extend(self.judged.into_iter().map(|judged| judged.attempt));
        attempts.push(Attempt::new(flavor, Some(status), Outcome::Accepted, elapsed));
        (self.finish)(Issued { token, flavor, attempts, warnings })
    }

    fn unanswered(mut self, error: TransportError, elapsed: Duration) -> CallError {
        let kind = error.kind();
        self.judge(Class::NoAnswer(kind), Outcome::Unanswered(kind), elapsed, None);
        let error = error.map_source(|source| self.mask().error(source));
        self.stopped(CallErrorKind::Transport(error))
    }

    /// The error of a call that its last attempt ended.
    fn stopped(mut self, kind: CallErrorKind) -> CallError {
        // What is left was not to be tried.
        self.ladder.clear();
        let last = self.judged.len() - 1;
        self.error(last, kind)
    }

    /// The error of a call that ran out of flavors, attempts or time.
    fn exhausted(self) -> CallError {
        let answers = self.judged.iter();
        let answers = answers.filter_map(|judged| Some((judged.class, judged.answer.as_ref()?)));
        let (headline, kind) = verdict::exhausted(&answers.collect::<Vec<_>>());
        self.error(headline, kind)
    }

    fn error(self, headline: usize, kind: CallErrorKind) -> CallError {
        let refused = matches!(kind, CallErrorKind::Refused(_));
        let unrecognised = |judged: &&Judged| refused && judged.class == Class::Client;
        let earlier = &self.judged[..headline];
        for suspect in earlier.iter().filter(unrecognised) {
            self.setup.doubt(suspect.attempt.flavor);
        }
        let fates = self.judged.iter();
        let fates = fates.map(|judged| verdict::fate(judged.class, judged.answer.as_ref()));
        CallError::new(Failure {
            kind,
            asked: self.asks,
            host: self.endpoint.host,
            headline,
            fate: fates.max().unwrap_or(CodeFate::Unsent),
            may_have_spent: earlier.iter().position(|judged| unrecognised(&judged)),
            untried: self.ladder.into_vec(),
            attempts: self.judged.into_iter().map(|judged| judged.attempt).collect(),
            code: Some(self.code),
        })
    }

    fn judge(&mut self, class: Class, outcome: Outcome, elapsed: Duration, answer: Option<Answer>) {
        let status = answer.as_ref().map(|answer| answer.status);
        let attempt = Attempt::new(self.ladder[0], status, outcome, elapsed);
        self.judged.push(Judged { attempt, class, answer });
    }
}

impl<T: Send + 'static> IntoFuture for Call<T> {
    type Output = Result<T, CallError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        let transport = Arc::clone(&self.setup.transport);
        Box::pin(async move { self.send(&*transport).await })
    }
}

impl<T> fmt::Debug for Call<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("asks", &self.asks)
            .field("host", &self.endpoint.host)
            .field("flavors", &self.ladder)
            .field("parameters", &self.parameters)
            .finish_non_exhaustive()
    }
}

fn now() -> SystemTime {
    SystemTime::now()
}

/// Standard parameters that anyone may see.
const NOT_SECRET: [&str; 4] = ["grant_type", "scope", "redirect_uri", "client_id"];
