//! The default transport: reqwest, made to follow nothing, resend nothing and keep no cookies.

use std::error::Error as StdError;
use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};

use http::Uri;
use http::uri::Scheme;
use reqwest::{Client, ClientBuilder, redirect, retry};

use super::{
    Deadline, HttpRequest, HttpResponse, Sending, Target, Transport, TransportError,
    TransportErrorKind, body_limit, is_loopback,
};

/// Sends requests with a [`reqwest::Client`].
///
/// Cheap to clone, and all clones share one pool of connections: make one and give it to every
/// exchanger. Without a TLS feature of reqwest, each request to an `https` URL fails as
/// [`TransportErrorKind::Connect`].
///
/// # Panics
///
/// reqwest itself panics where it cannot work, and no library above it can tell beforehand:
/// sending needs a tokio runtime with time and IO enabled, and building a client whose reqwest has
/// a `*-no-provider` TLS feature needs a rustls crypto provider installed for the process.
#[derive(Clone)]
pub struct ReqwestTransport {
    client: Client,
    /// For cleartext to loopback, made at the first such request. `None`: the same client does.
    loopback: Option<Arc<OnceLock<Client>>>,
}

impl ReqwestTransport {
    /// Makes a client with a connect timeout of 10 s and the user agent `token-exchanger/VERSION`.
    /// A request may take what is left of its [`Deadline`], or 30 s without one.
    ///
    /// Proxies are taken from the environment, but for cleartext to loopback, which no proxy gets
    /// to see.
    ///
    /// # Errors
    ///
    /// - reqwest cannot set up TLS, for want of root certificates for one
    pub fn new() -> Result<Self, ReqwestTransportError> {
        Ok(Self { client: build(default_builder())?, loopback: Some(Arc::default()) })
    }

    /// Makes a client as the caller configures it (proxy, certificates, user agent, connect timeout,
    /// compression), but lets it follow no redirect, send no referer and resend nothing. The limits
    /// on bodies count what comes out of decompression. The builder's `timeout` gives way to the
    /// call's time limit, and a default header to what the flavor writes, if it writes that header.
    ///
    /// # Errors
    ///
    /// - reqwest cannot make a client of the builder
    /// - the builder has a cookie store: cookies of one user would go with the code of another
    pub fn from_builder(client: ClientBuilder) -> Result<Self, ReqwestTransportError> {
        Ok(Self { client: build(client)?, loopback: None })
    }

    /// Uses a client as it is. The caller vouches that it follows no redirects (reqwest's default
    /// client sends a POST body, with secret and code, on to another host on a 307 or 308), resends
    /// nothing and keeps no cookies.
    pub fn danger_from_client(client: Client) -> Self {
        Self { client, loopback: None }
    }

    fn client_for(&self, uri: &Uri) -> Result<&Client, TransportError> {
        let stays_here = uri.scheme() == Some(&Scheme::HTTP) && uri.host().is_some_and(is_loopback);
        let Some(loopback) = self.loopback.as_ref().filter(|_| stays_here) else {
            return Ok(&self.client);
        };
        if let Some(client) = loopback.get() {
            return Ok(client);
        }
        let client = build(default_builder().no_proxy())
            .map_err(|error| TransportError::new(TransportErrorKind::Connect, error))?;
        Ok(loopback.get_or_init(|| client))
    }
}

impl Transport for ReqwestTransport {
    fn send(&self, request: HttpRequest) -> Sending<'_> {
        Box::pin(async move { send(self.client_for(request.uri())?, request).await })
    }
}

impl fmt::Debug for ReqwestTransport {
    // Without the client, whose default headers and proxies may hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReqwestTransport").finish_non_exhaustive()
    }
}

/// A [`ReqwestTransport`] cannot be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReqwestTransportError {
    /// reqwest could not make a client.
    #[error("the HTTP client cannot be built")]
    Build(#[source] Box<dyn StdError + Send + Sync>),
    /// The builder has a cookie store.
    #[error("the HTTP client keeps cookies: build it without a cookie store")]
    KeepsCookies,
}

fn default_builder() -> ClientBuilder {
    Client::builder()
        .connect_timeout(Duration::from_secs(10))
        .user_agent(concat!("token-exchanger/", env!("CARGO_PKG_VERSION")))
        .no_gzip()
        .no_brotli()
        .no_deflate()
        .no_zstd()
}

fn build(client: ClientBuilder) -> Result<Client, ReqwestTransportError> {
    let client = client
        .redirect(redirect::Policy::none())
        .referer(false)
        .retry(retry::never())
        .build()
        .map_err(|error| ReqwestTransportError::Build(error.without_url().into()))?;
    if keeps_cookies(&client) {
        return Err(ReqwestTransportError::KeepsCookies);
    }
    Ok(client)
}

async fn send(client: &Client, request: HttpRequest) -> Result<HttpResponse, TransportError> {
    let limit = time_limit(request.extensions().get().copied());
    if limit.is_zero() {
        // reqwest would look at its clock only after the request was on its way.
        return Err(TransportError::new(
            TransportErrorKind::Connect,
            "no time was left to send it",
        ));
    }
    let mut request = translated(request)?;
    *request.timeout_mut() = Some(limit);
    let mut response = client.execute(request).await.map_err(unanswered)?;
    let status = response.status();
    let limit = body_limit(status);
    let mut body = Vec::new();
    // Of a success to its end, to know one that is too large; of others no more than is read.
    while status.is_success() || body.len() < limit {
        let Some(chunk) = response.chunk().await.map_err(unanswered)? else { break };
        if status.is_success() && body.len() + chunk.len() > limit {
            return Err(TransportError::too_large(status));
        }
        body.extend_from_slice(&chunk[..chunk.len().min(limit - body.len())]);
    }
    let mut answer = HttpResponse::new(body);
    *answer.status_mut() = status;
    *answer.version_mut() = response.version();
    *answer.headers_mut() = std::mem::take(response.headers_mut());
    Ok(answer)
}

fn translated(mut request: HttpRequest) -> Result<reqwest::Request, TransportError> {
    let target = request.extensions_mut().remove::<Arc<Target>>();
    let Some(target) = target.filter(|target| target.uri == *request.uri()) else {
        return reqwest::Request::try_from(request).map_err(|error| {
            TransportError::new(TransportErrorKind::Connect, error.without_url())
        });
    };
    let (head, body) = request.into_parts();
    let mut request = reqwest::Request::new(head.method, target.url.clone());
    *request.version_mut() = head.version;
    *request.headers_mut() = head.headers;
    *request.body_mut() = Some(body.into());
    Ok(request)
}

fn time_limit(deadline: Option<Deadline>) -> Duration {
    // The clock of the edge: reqwest counts a duration, the deadline is a moment.
    deadline.map_or(REQUEST_TIMEOUT, |deadline| deadline.left(SystemTime::now()))
}

fn unanswered(error: reqwest::Error) -> TransportError {
    // A connect timeout is both; then nothing was sent, which is worth more to know.
    let kind = if error.is_connect() || never_read(&error) {
        TransportErrorKind::Connect
    } else if error.is_timeout() {
        TransportErrorKind::Timeout
    } else {
        TransportErrorKind::Interrupted
    };
    TransportError::new(kind, error.without_url())
}

/// Whether the request was handed back unsent, its connection having closed before, or refused by
/// HTTP/2 before it was read ([RFC 9113, section 8.7](https://www.rfc-editor.org/rfc/rfc9113#section-8.7)).
fn never_read(error: &reqwest::Error) -> bool {
    std::iter::successors(error.source(), |error| (*error).source()).any(|error| {
        // The text, since to name the type would bring HTTP/2 into every build.
        let text = error.to_string();
        error.downcast_ref().is_some_and(hyper::Error::is_canceled)
            || HTTP_2_REFUSALS.iter().any(|refusal| text.starts_with(refusal))
    })
}

/// The builder's method that takes a cookie store away exists only with reqwest's feature
/// `cookies`, which is not ours to switch on: it would bring a dozen crates into every build. What
/// reqwest shows of a client in `Debug` tells whether it has one.
fn keeps_cookies(client: &Client) -> bool {
    format!("{client:?}").contains("cookie_store: true")
}

/// A stream that the server reset as refused, and one above the last that it took before it went
/// away.
const HTTP_2_REFUSALS: [&str; 2] = [
    "stream error received: refused stream",
    "connection error received: not a result of an error",
];

const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);
