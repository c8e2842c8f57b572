//! A call: the machine that goes from flavor to flavor, does no IO, and the ways to drive it.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::ops::ControlFlow;
use std::pin::Pin;
use std::sync::Arc;
use std::time::SystemTime;

use http::header::RETRY_AFTER;

use self::end::{Ended, Judged};
use self::letter::Additions;
use self::story::Story;
use self::trace::Trace;
use crate::ask::Ask;
use crate::capture::curl;
use crate::conventions::{Verb, standard_name};
use crate::decode::{self, Reading};
use crate::encode::alike;
use crate::endpoint::Endpoint;
use crate::error::{CallError, ConfigError, Outcome};
use crate::flavor::{BodyEncoding, Flavor};
use crate::ladder::Ladder;
use crate::secret::Secret;
use crate::setup::Setup;
use crate::transport::{
    Deadline, HttpRequest, HttpResponse, Transport, TransportError, within_limit,
};
use crate::verdict::{self, Answer, Asked, Class, Reach, Step};

mod end;
mod issued;
mod letter;
mod story;
mod trace;

pub use self::issued::Issued;

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
    /// What is asked, where and by whom. Nobody else has it until the call is over, when it goes to
    /// those who ask what happened.
    story: Arc<Story>,
    /// Of the conventions, for the next request.
    additions: Option<Box<Additions>>,
    /// What is left to try; the first is under way. Never empty.
    ladder: Ladder,
    judged: Vec<Judged>,
    /// When the first request was sent.
    started: Option<SystemTime>,
    finish: fn(Issued) -> T,
    trace: Trace,
}

impl<T> Call<T> {
    /// `got_by` is how the token was got that this is about.
    pub(crate) fn new(
        setup: &Arc<Setup>,
        endpoint: &Endpoint,
        ask: Ask,
        got_by: Option<Flavor>,
        finish: fn(Issued) -> T,
    ) -> Self {
        Self {
            ladder: setup.flavors(ask.kind(), got_by),
            additions: Additions::new(setup, &ask),
            trace: Trace::default(),
            story: Arc::new(Story::new(Arc::clone(setup), endpoint.clone(), ask)),
            judged: Vec::new(),
            started: None,
            finish,
        }
    }

    /// Adds a parameter, or replaces the one of that name, in place if it is a standard one. Without
    /// a name or a value it is left out. The value is kept out of all output. A standard name is
    /// sent as the [`Conventions`](crate::Conventions) rename it.
    ///
    /// `client_id` and `client_secret` stand where the flavor puts credentials into the body, and
    /// nowhere else.
    pub fn param(mut self, name: impl Into<String>, value: impl Into<Secret>) -> Self {
        self.keep_what_was_sent();
        let Story { setup, ask, parameters, .. } = self.story_mut();
        let rename = &setup.conventions.of(ask.kind()).rename;
        let name = standard_name(rename, ask.kind().parameters(), name.into());
        parameters.retain(|(known, _)| *known != name);
        parameters.push((name, value.into()));
        self
    }

    /// Tries this flavor and no other, written as asked: `basic` without a secret is `id:`.
    /// Where the conventions put all into the URL, there is no body, and JSON is a form.
    pub fn flavor(mut self, mut flavor: Flavor) -> Self {
        if self.story.setup.conventions.verb_of(self.story.ask.kind()) != Verb::Post {
            flavor.encoding = BodyEncoding::Form;
        }
        self.ladder = Ladder::from_slice(&[flavor]);
        self
    }

    /// Sends this call to another endpoint: some token URLs are known only after the callback,
    /// which names the data center or the tenant.
    ///
    /// The secret and the code go there, and whoever can forge a callback can name any host: compare
    /// what the callback says with the provider's list of its hosts before you make a URL of it.
    ///
    /// # Errors
    ///
    /// - the URL could not be configured as the token URL either, see
    ///   [`build`](crate::TokenExchangerBuilder::build); the call is gone then, and with it its code
    pub fn endpoint(mut self, url: &str) -> Result<Self, ConfigError> {
        self.keep_what_was_sent();
        let story = self.story_mut();
        story.endpoint = Endpoint::parse("endpoint", url, story.setup.cleartext)?;
        Ok(self)
    }

    /// Sends the call over this transport.
    ///
    /// # Errors
    ///
    /// - no flavor got a token: [`CallError::kind`] says why, [`CallError::attempts`] what happened
    pub async fn send(mut self, transport: &dyn Transport) -> Result<T, CallError> {
        loop {
            if let Some(kind) = self.obstacle() {
                return Err(self.unsent(kind));
            }
            let sent = now();
            self.trace.begin(self.story.ask.kind(), &self.story.endpoint);
            let mut request = self.request_at(sent);
            request.extensions_mut().insert(Arc::clone(&self.story.endpoint.target));
            let sending = self.trace.within(|| transport.send(request));
            let answer = self.trace.around(sending).await;
            match self.judge(answer, sent, now()) {
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
            if let Some(kind) = self.obstacle() {
                return Err(self.unsent(kind));
            }
            let sent = now();
            self.trace.begin(self.story.ask.kind(), &self.story.endpoint);
            let request = self.request_at(sent);
            let answer = self.trace.within(|| send(request));
            match self.judge(answer, sent, now()) {
                ControlFlow::Continue(next) => self = next,
                ControlFlow::Break(end) => return end,
            }
        }
    }

    /// The request to send now: complete, with its secrets. Hand what comes of it to
    /// [`Call::receive`]. Of a call that cannot be sent, since its code belongs to another exchanger
    /// or its URL would be too long, it is an empty one without any secret, and
    /// [`Call::receive`] gives the error.
    ///
    /// Reads the clock for the [`Deadline`] of the first request; from then on the moments given
    /// to [`Call::receive`] count.
    pub fn request(&self) -> HttpRequest {
        if self.obstacle().is_some() {
            return self.empty_request();
        }
        self.request_at(now())
    }

    /// The request to send now as a curl command that a POSIX shell runs as it stands: complete, with
    /// its secrets. Run it, and the code is used. Empty of a call that cannot be sent.
    pub fn danger_to_curl(&self) -> String {
        match self.obstacle() {
            None => curl::command(&self.request(), str::to_owned),
            Some(_) => String::new(),
        }
    }

    /// Takes the answer to [`Call::request`], when that was sent and when this came. Lifetimes
    /// count from `sent`. Gives the end of the call, or the call with its next request.
    pub fn receive(
        self,
        answer: Result<HttpResponse, TransportError>,
        sent: SystemTime,
        received: SystemTime,
    ) -> ControlFlow<Result<T, CallError>, Self> {
        match self.obstacle() {
            Some(kind) => ControlFlow::Break(Err(self.unsent(kind))),
            None => self.judge(answer, sent, received),
        }
    }

    fn judge(
        mut self,
        answer: Result<HttpResponse, TransportError>,
        sent: SystemTime,
        received: SystemTime,
    ) -> ControlFlow<Result<T, CallError>, Self> {
        self.started.get_or_insert(sent);
        self.trace.begin(self.story.ask.kind(), &self.story.endpoint);
        let elapsed = received.duration_since(sent).unwrap_or_default();
        let response = match answer.and_then(within_limit) {
            Ok(response) => response,
            Err(error) => {
                let ended = Ended { sent, elapsed, response: None };
                return ControlFlow::Break(Err(self.unanswered(error, ended)));
            }
        };

        let status = response.status();
        let asked = self.asked();
        let reading = self.story.ask.read(&response, sent, &self.story.setup, || self.mask());
        let asks_to_wait = || response.headers().contains_key(RETRY_AFTER);
        let class = verdict::class(status, asks_to_wait, &reading, asked);
        let told = match reading {
            Reading::Token(token, warnings) if class == Class::Token => {
                let ended = Ended { sent, elapsed, response: Some(response) };
                return ControlFlow::Break(Ok(self.accepted(token, warnings, ended)));
            }
            Reading::Error(told) => Some(told),
            _ => None,
        };

        let moved = status.is_redirection();
        let location =
            || decode::location(response.headers(), self.mask(), self.story.setup.known());
        let location = moved.then(location).flatten();
        let retry_after = decode::retry_after(response.headers(), received);
        let error = told.as_ref().map(|told| told.error.clone());
        let outcome = Outcome::Answered { status, error };
        let answer = Answer { status, told, retry_after, location };
        let step = verdict::step(class, status, asked);
        let end = (step == Step::Stop).then(|| verdict::kind(class, &answer, asked.reach));
        self.note(class, outcome, Ended { sent, elapsed, response: Some(response) }, Some(answer));

        if let Some(kind) = end {
            return ControlFlow::Break(Err(self.stopped(kind)));
        }
        if let Step::NextWithout(encoding) = step {
            self.ladder.retain(|it| it.encoding != encoding);
        }
        // What tells two flavors apart may be a secret that a parameter has taken away.
        let secret_is_set = self.story.parameters.iter().any(|(name, _)| name == "client_secret");
        let compare = secret_is_set && asked.reach != Reach::Exhaustive;
        let sent = compare.then(|| self.letter().written(asked.flavor).ok()).flatten();
        let repeats = |flavor| {
            let is_alike =
                |sent| self.letter().written(flavor).is_ok_and(|next| alike(sent, &next));
            sent.as_ref().is_some_and(is_alike)
        };
        let left = self.ladder.iter().copied();
        self.ladder = left.filter(|&it| it != asked.flavor && !repeats(it)).collect();
        if self.is_at_its_end(received) {
            return ControlFlow::Break(Err(self.exhausted()));
        }
        self.additions = Additions::new(&self.story.setup, &self.story.ask);
        ControlFlow::Continue(self)
    }

    fn story_mut(&mut self) -> &mut Story {
        Arc::get_mut(&mut self.story).expect("it is given away when the call is over")
    }

    fn asked(&self) -> Asked {
        Asked {
            reach: self.story.ask.reach(&self.story.setup),
            flavor: self.ladder[0],
            encoding_matters: self.story.setup.client.encoding_matters(),
        }
    }

    fn deadline(&self, sent: SystemTime) -> Option<Deadline> {
        let started = self.started.unwrap_or(sent);
        started.checked_add(self.story.setup.time_limit).map(Deadline)
    }

    fn is_at_its_end(&self, now: SystemTime) -> bool {
        self.ladder.is_empty()
            || self.story.setup.max_attempts.is_some_and(|most| self.judged.len() >= most)
            || self.deadline(now).is_some_and(|deadline| deadline.left(now).is_zero())
    }
}

impl<T: Send + 'static> IntoFuture for Call<T> {
    type Output = Result<T, CallError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        let transport = Arc::clone(&self.story.setup.transport);
        Box::pin(async move { self.send(&*transport).await })
    }
}

impl<T> fmt::Debug for Call<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("asks", &self.story.ask.kind().to_string())
            .field("host", &self.story.endpoint.host)
            .field("flavors", &self.ladder)
            .field("parameters", &self.story.parameters)
            .finish_non_exhaustive()
    }
}

/// The one clock of all but the transports.
pub(crate) fn now() -> SystemTime {
    SystemTime::now()
}
