//! The one door to the network: what a transport is, and how it fails.

use std::error::Error as StdError;
use std::fmt;
use std::future::{Future, ready};
use std::marker::PhantomData;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use http::{StatusCode, Uri};
use url::Url;

#[cfg(feature = "reqwest")]
mod reqwest;

#[cfg(feature = "reqwest")]
pub use self::reqwest::{ReqwestTransport, ReqwestTransportError};

/// A request as a transport gets it: complete, with its secrets, its `Authorization` marked
/// sensitive. Its `Debug` shows the body, so log none, and put none into an error.
pub type HttpRequest = http::Request<Vec<u8>>;

/// An answer as a transport gives it.
pub type HttpResponse = http::Response<Vec<u8>>;

/// A request on its way.
pub type Sending<'a> =
    Pin<Box<dyn Future<Output = Result<HttpResponse, TransportError>> + Send + 'a>>;

/// Sends one request and brings back its answer.
///
/// The request holds credentials and a code that can be used once. So a transport
///
/// - never follows a redirect: reqwest's default client, for one, sends a POST body on to another
///   host on a 307;
/// - never sends a request twice that the server may have seen;
/// - stops reading a body at [`body_limit`], and fails with [`TransportErrorKind::TooLarge`] past
///   it in a 2xx;
/// - honours the [`Deadline`] in the request's extensions, if it can.
///
/// The future is boxed, so that a transport can be stored and shared as `dyn Transport`.
/// [`from_fn`] makes a transport of an async closure.
pub trait Transport: Send + Sync {
    /// Sends the request. Every status is an answer; an error means that there was none.
    fn send(&self, request: HttpRequest) -> Sending<'_>;
}

impl<T: Transport + ?Sized> Transport for Arc<T> {
    fn send(&self, request: HttpRequest) -> Sending<'_> {
        (**self).send(request)
    }
}

/// Makes a [`Transport`] of an async closure, over any HTTP client, or of none in a test.
///
/// ```
/// use token_exchanger::{HttpResponse, transport};
///
/// let transport = transport::from_fn(async |_request| {
///     Ok(HttpResponse::new(br#"{"access_token":"T","token_type":"Bearer"}"#.to_vec()))
/// });
/// # let _: &dyn token_exchanger::Transport = &transport;
/// ```
pub fn from_fn<F, Fut>(send: F) -> FromFn<F, Fut>
where
    F: Fn(HttpRequest) -> Fut + Send + Sync,
    Fut: Future<Output = Result<HttpResponse, TransportError>> + Send,
{
    FromFn { send, future: PhantomData }
}

/// A [`Transport`] made of a closure by [`from_fn`].
pub struct FromFn<F, Fut> {
    send: F,
    // Names the future, so that a closure may return one that borrows from its environment.
    future: PhantomData<fn() -> Fut>,
}

impl<F, Fut> Transport for FromFn<F, Fut>
where
    F: Fn(HttpRequest) -> Fut + Send + Sync,
    Fut: Future<Output = Result<HttpResponse, TransportError>> + Send,
{
    fn send(&self, request: HttpRequest) -> Sending<'_> {
        Box::pin((self.send)(request))
    }
}

impl<F, Fut> fmt::Debug for FromFn<F, Fut> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FromFn").finish_non_exhaustive()
    }
}

/// Stands where no transport was given: refuses to send, so that the caller learns it at once.
#[cfg_attr(feature = "reqwest", expect(dead_code, reason = "there is a default transport"))]
pub(crate) struct Unplugged;

impl Transport for Unplugged {
    fn send(&self, _request: HttpRequest) -> Sending<'_> {
        let error = TransportError { kind: TransportErrorKind::Unplugged, source: None };
        Box::pin(ready(Err(error)))
    }
}

/// The moment by which an attempt must have ended: the end of its call's time limit. Found in the
/// extensions of each request, unless the limit lies beyond what the clock can hold.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_structs, reason = "a moment and nothing else")]
pub struct Deadline(pub SystemTime);

impl Deadline {
    /// The time that is left at `now`; zero once the moment has passed.
    pub fn left(self, now: SystemTime) -> Duration {
        self.0.duration_since(now).unwrap_or_default()
    }
}

/// The URL that a request's URI was made of, in its extensions: an HTTP client that wants a URL then
/// need not parse it again. Whoever changes the URI leaves this behind, so compare the two.
pub(crate) struct Target {
    pub(crate) uri: Uri,
    pub(crate) url: Url,
}

/// How many bytes of an answer's body are read: 1 MiB of a 2xx, 64 KiB of any other.
///
/// A 2xx that is longer is [`TransportErrorKind::TooLarge`]; any other answer is cut there and
/// read as far as it goes.
pub fn body_limit(status: StatusCode) -> usize {
    if status.is_success() { 1024 * 1024 } else { 64 * 1024 }
}

/// Other transports than our own may have read on: the limit on a token's answer holds for all.
pub(crate) fn within_limit(response: HttpResponse) -> Result<HttpResponse, TransportError> {
    let status = response.status();
    if status.is_success() && response.body().len() > body_limit(status) {
        return Err(TransportError::too_large(status));
    }
    Ok(response)
}

/// Whether the host of a URL is `localhost` or a loopback address.
pub(crate) fn is_loopback(host: &str) -> bool {
    let address = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    host.eq_ignore_ascii_case("localhost")
        || address.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

/// No answer came back.
///
/// `Display` says in which way, `source` why. A source that holds one of a call's secrets is
/// replaced by its masked text before the call's error shows it.
#[derive(Debug)]
pub struct TransportError {
    kind: TransportErrorKind,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl TransportError {
    /// Says what went wrong, and how far the request can have got.
    pub fn new(
        kind: TransportErrorKind,
        source: impl Into<Box<dyn StdError + Send + Sync>>,
    ) -> Self {
        Self { kind, source: Some(source.into()) }
    }

    pub(crate) fn too_large(status: StatusCode) -> Self {
        let limit = body_limit(status);
        Self::new(TransportErrorKind::TooLarge, format!("more than {limit} bytes in a {status}"))
    }

    /// How far the request can have got.
    pub fn kind(&self) -> TransportErrorKind {
        self.kind
    }

    pub(crate) fn map_source(
        self,
        map: impl FnOnce(Box<dyn StdError + Send + Sync>) -> Box<dyn StdError + Send + Sync>,
    ) -> Self {
        Self { source: self.source.map(map), ..self }
    }
}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            TransportErrorKind::Connect => "no connection was made",
            TransportErrorKind::Timeout => "no answer came in time",
            TransportErrorKind::Interrupted => "the connection broke before the answer was whole",
            TransportErrorKind::TooLarge => "the answer was larger than its limit",
            TransportErrorKind::Unplugged => "no transport was given",
        })
    }
}

impl StdError for TransportError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

/// How far a request that got no answer can have got.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum TransportErrorKind {
    /// The server saw nothing: resolving, connecting, TLS or a proxy failed, or the connection was
    /// refused before a byte of the request was read.
    Connect,
    /// Nothing came back in time; the server may have seen the request.
    Timeout,
    /// The connection broke; the server may have seen the request.
    Interrupted,
    /// The body of a 2xx is longer than [`body_limit`] allows.
    TooLarge,
    /// The exchanger has no transport: give the builder one, or drive the call yourself.
    Unplugged,
}

impl TransportErrorKind {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::Timeout => "timeout",
            Self::Interrupted => "interrupted",
            Self::TooLarge => "too_large",
            Self::Unplugged => "unplugged",
        }
    }
}

impl fmt::Display for TransportErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
