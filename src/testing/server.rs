//! The authorization server: how a test sets it up, uses it, and asks what it saw.

use std::fmt;
use std::future::ready;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::{Method, StatusCode, Uri};
use serde_json::Value;

use super::answers::empty;
use super::authorization::{AuthorizationRefused, Consent};
use super::client::Client;
use super::failure::{Aimed, Failure, Script};
use super::ledger::Bound;
use super::replay;
use super::request_kind::RequestKind;
use super::rules::{PkceRule, RefreshTokens, Rules};
use super::served::Served;
use super::state::{Endpoint, State};
use crate::flavor::Flavor;
use crate::pkce::CodeVerifier;
use crate::report::Report;
use crate::secret::Secret;
use crate::transport::{
    HttpRequest, HttpResponse, Sending, Transport, TransportError, TransportErrorKind,
};

/// An authorization server in memory, for one client. It is a [`Transport`], and
/// [`serve`](Self::serve) puts it on a loopback port.
///
/// What a request asks for its path tells, on whatever host: one that ends in `/authorize` is the
/// authorization endpoint, with a user who says yes at once; in `/revoke` the revocation endpoint; in
/// `/api` an API that wants a live Bearer token; any other is the token endpoint. Nothing expires
/// by itself, since there is no clock.
///
/// Clones share all of it: one is the exchanger's transport, another the test's handle.
#[derive(Clone)]
pub struct AuthorizationServer {
    state: Arc<Mutex<State>>,
}

/// What it is.
impl AuthorizationServer {
    /// Knows one client, and takes requests of the flavors named. A server that takes
    /// `basic+form` decodes the credentials in the header, one that takes `basic-raw+form`
    /// compares them as they are; where encoding changes nothing, both take the same.
    ///
    /// Without a secret, give an empty one, and [`Flavor::PUBLIC`].
    pub fn new(
        client_id: impl Into<String>,
        client_secret: impl Into<Secret>,
        accepts: impl IntoIterator<Item = Flavor>,
    ) -> Self {
        let (id, secret) = (client_id.into(), client_secret.into());
        let client = Client { id, secret, accepts: accepts.into_iter().collect() };
        Self::of(State::new(Rules::new(Some(client))))
    }

    /// Answers any request with a token, whoever asks and however: `expires_in` is 60, and an
    /// `example_parameter` and a refresh token come with it. It shows what a client sends; told
    /// [`fail_always`](Self::fail_always), it shows how far a client goes.
    pub fn accepting_any() -> Self {
        Self::of(State::new(Rules::new(None)))
    }

    /// Answers as the provider in the report did: the first request as its first attempt was
    /// answered, and so on, and the last answer for ever; an attempt that got none gets none
    /// again.
    ///
    /// A report holds no secrets, so that a token is the mark in its place, and of a body at most
    /// what the report shows: one that was cut there comes cut.
    pub fn replay(report: &Report) -> Self {
        let state = State::new(Rules::new(None));
        Self::of(State { script: replay::script(report), ..state })
    }

    /// Adds a redirect URI that the client registered. As long as there is none, any will do; then
    /// only one of them, byte for byte.
    #[must_use]
    pub fn redirect_uri(self, uri: impl Into<String>) -> Self {
        self.with(|rules| rules.redirect_uris.push(uri.into()))
    }

    /// Sets the scopes there are; asking for another is `invalid_scope`. By default, any may be had.
    #[must_use]
    pub fn scopes<S: Into<String>>(self, scopes: impl IntoIterator<Item = S>) -> Self {
        self.with(|rules| rules.scopes = Some(scopes.into_iter().map(Into::into).collect()))
    }

    /// Sets what the answers say of a token's lifetime, in whole seconds. Default: an hour.
    #[must_use]
    pub fn expires_in(self, lifetime: Duration) -> Self {
        self.with(|rules| rules.expires_in = lifetime)
    }

    /// Sets whether PKCE is wanted. Default: [`PkceRule::Optional`].
    #[must_use]
    pub fn pkce(self, rule: PkceRule) -> Self {
        self.with(|rules| rules.pkce = rule)
    }

    /// Sets what refresh tokens there are. Default: [`RefreshTokens::Rotated`].
    #[must_use]
    pub fn refresh_tokens(self, refresh_tokens: RefreshTokens) -> Self {
        self.with(|rules| rules.refresh_tokens = refresh_tokens)
    }

    /// Names itself in callbacks, as `iss`
    /// ([RFC 9207](https://www.rfc-editor.org/rfc/rfc9207)). By default it does not.
    #[must_use]
    pub fn issuer(self, issuer: impl Into<String>) -> Self {
        self.with(|rules| rules.issuer = Some(issuer.into()))
    }

    /// Puts each token into a provider's own answer, such as
    /// `|token| json(StatusCode::OK, &json!({ "data": token }))`, with [`json`](super::json) or
    /// [`form`](super::form).
    #[must_use]
    pub fn token_shape(
        self,
        shape: impl Fn(Value) -> HttpResponse + Send + Sync + 'static,
    ) -> Self {
        self.with(|rules| rules.shapes.token = Some(Arc::new(shape)))
    }

    /// Puts each error into a provider's own answer; its status and its standard body are given.
    #[must_use]
    pub fn error_shape(
        self,
        shape: impl Fn(StatusCode, Value) -> HttpResponse + Send + Sync + 'static,
    ) -> Self {
        self.with(|rules| rules.shapes.error = Some(Arc::new(shape)))
    }
}

/// What a test does with it.
impl AuthorizationServer {
    /// A fresh code, as if a user had just said yes: bound to the redirect URI if there is just one,
    /// and to no challenge.
    pub fn code(&self) -> String {
        let mut state = self.state();
        let redirect_uri = match state.rules.redirect_uris.as_slice() {
            [only] => Some(only.clone()),
            _ => None,
        };
        state.ledger.add_code(Bound { redirect_uri, ..Bound::default() })
    }

    /// A fresh code, bound to a redirect URI and to a verifier's challenge.
    pub fn code_bound_to(
        &self,
        redirect_uri: impl Into<String>,
        verifier: &CodeVerifier,
    ) -> String {
        self.state().ledger.add_code(Bound {
            redirect_uri: Some(redirect_uri.into()),
            challenge: Some(verifier.challenge()),
            scopes: None,
        })
    }

    /// Opens an authorization URL as a browser would whose user says yes; gives the callback.
    /// That may hold an error, if the client asked for what there is not.
    ///
    /// # Errors
    ///
    /// - the URL is none, or a parameter comes twice
    /// - the client is another one
    /// - the redirect URI is missing, no URL, or none of those registered
    pub fn authorize(&self, url: impl AsRef<str>) -> Result<String, AuthorizationRefused> {
        self.browse(url.as_ref(), Consent::Yes)
    }

    /// The same for a user who says no.
    ///
    /// # Errors
    ///
    /// As [`authorize`](Self::authorize).
    pub fn deny(&self, url: impl AsRef<str>) -> Result<String, AuthorizationRefused> {
        self.browse(url.as_ref(), Consent::No)
    }

    /// Answers a request. Where it was told to give no answer, it says what a gateway in front of it
    /// would: 504 in place of a timeout, else 502.
    pub fn answer(&self, request: HttpRequest) -> HttpResponse {
        self.reply(request).unwrap_or_else(|kind| {
            empty(match kind {
                TransportErrorKind::Timeout => StatusCode::GATEWAY_TIMEOUT,
                _ => StatusCode::BAD_GATEWAY,
            })
        })
    }

    /// Answers a request, or gives no answer where it was told to: for
    /// [`Call::send_blocking`](crate::Call::send_blocking).
    ///
    /// # Errors
    ///
    /// - it was told to give no answer
    pub fn respond(&self, request: HttpRequest) -> Result<HttpResponse, TransportError> {
        self.reply(request).map_err(|kind| TransportError::new(kind, "a test wants it so"))
    }

    /// Lets the next request to the token or the revocation endpoint fail, after those that were to
    /// fail already. [`fail_at`](Self::fail_at) aims at one kind of request.
    pub fn fail(&self, failure: Failure) {
        self.state().script.next.push_back(failure.into());
    }

    /// Lets the next request of this kind fail, and no other; only so the API can fail. Of these
    /// failures and those of [`fail`](Self::fail), a request takes the first that is for it, in the
    /// order in which they were told.
    ///
    /// A refused attempt may not be the end of its call, which goes on with the next flavor;
    /// [`fail_always_at`](Self::fail_always_at) lets all of them fail.
    pub fn fail_at(&self, kind: RequestKind, failure: Failure) {
        self.state().script.next.push_back(Aimed { at: Some(kind), failure });
    }

    /// Lets all requests to the token and the revocation endpoint fail, once those have that were to
    /// fail already. [`fail_always_at`](Self::fail_always_at) aims at one kind of request.
    pub fn fail_always(&self, failure: Failure) {
        self.state().script.always.push(failure.into());
    }

    /// The same for all requests of this kind, and no other. Where this and
    /// [`fail_always`](Self::fail_always) are both for a request, the one told last counts.
    pub fn fail_always_at(&self, kind: RequestKind, failure: Failure) {
        self.state().script.always.push(Aimed { at: Some(kind), failure });
    }

    /// Lets nothing fail any more.
    pub fn recover(&self) {
        self.state().script = Script::default();
    }

    /// Lets all codes expire that were not used.
    pub fn expire_codes(&self) {
        self.state().ledger.expire_codes();
    }

    /// Lets all access tokens expire; refresh tokens stay.
    pub fn expire_access_tokens(&self) {
        self.state().ledger.expire_access_tokens();
    }

    /// Puts it on a port of 127.0.0.1, as HTTP, until what this gives is dropped. It runs on a
    /// thread of its own, so that blocking tests can use it too.
    ///
    /// # Errors
    ///
    /// - the system gives no port or no thread
    pub fn serve(&self) -> io::Result<Served> {
        Served::start(self.clone())
    }
}

/// What it saw.
impl AuthorizationServer {
    /// All requests, complete, in order.
    pub fn requests(&self) -> Vec<HttpRequest> {
        self.state().requests.clone()
    }

    /// How the requests to the token endpoint were written, in order, by [`Flavor::of`]; those that
    /// no flavor writes are left out.
    pub fn flavors_seen(&self) -> Vec<Flavor> {
        let state = self.state();
        let asked = state.requests.iter().filter(|it| Endpoint::of(it) == Endpoint::Token);
        asked.filter_map(Flavor::of).collect()
    }

    /// Whether this access or refresh token is good now.
    pub fn is_live(&self, token: &str) -> bool {
        self.state().ledger.is_live(token, None)
    }

    /// How often a code came that had been used already. It ends the tokens that the code brought.
    pub fn code_reuses(&self) -> usize {
        self.state().ledger.code_reuses
    }

    /// How often a refresh token came that had been replaced already. It ends all tokens of the
    /// same authorization.
    pub fn refresh_reuses(&self) -> usize {
        self.state().ledger.refresh_reuses
    }
}

impl AuthorizationServer {
    pub(super) fn reply(&self, request: HttpRequest) -> Result<HttpResponse, TransportErrorKind> {
        let (answer, shapes) = self.state().answer(request)?;
        Ok(shapes.put(answer))
    }

    fn of(state: State) -> Self {
        Self { state: Arc::new(Mutex::new(state)) }
    }

    fn with(self, set: impl FnOnce(&mut Rules)) -> Self {
        set(&mut self.state().rules);
        self
    }

    fn browse(&self, url: &str, consent: Consent) -> Result<String, AuthorizationRefused> {
        let uri: Uri = url.parse().map_err(|_| AuthorizationRefused::Malformed)?;
        let query = uri.query().unwrap_or_default().to_owned();
        let mut request = HttpRequest::default();
        *request.method_mut() = Method::GET;
        *request.uri_mut() = uri;
        let mut state = self.state();
        state.requests.push(request);
        state.callback(&query, consent)
    }

    // Sound at any moment, so that a panic in another thread's test does not matter.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Transport for AuthorizationServer {
    fn send(&self, request: HttpRequest) -> Sending<'_> {
        Box::pin(ready(self.respond(request)))
    }
}

impl fmt::Debug for AuthorizationServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state();
        let accepts = state.rules.client.as_ref().map(|client| &client.accepts);
        f.debug_struct("AuthorizationServer")
            .field("accepts", &accepts)
            .field("requests", &state.requests.len())
            .finish_non_exhaustive()
    }
}
