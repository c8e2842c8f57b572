//! The authorization server on a loopback port, as real HTTP.

use std::convert::Infallible;
use std::error::Error as StdError;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::thread::{self, JoinHandle};
use std::{fmt, future, io};

use http::header::CONTENT_LENGTH;
use http::{HeaderValue, Response, StatusCode, Uri};
use http_body_util::BodyExt as _;
use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::runtime;
use tokio::sync::oneshot;

use super::server::AuthorizationServer;
use crate::transport::{HttpRequest, HttpResponse, TransportErrorKind, body_limit};

/// An [`AuthorizationServer`] on a loopback port. Dropped, it stops: its thread and all its
/// connections have ended then, and its port is closed.
pub struct Served {
    address: SocketAddr,
    /// Dropped to stop the thread.
    running: Option<oneshot::Sender<Infallible>>,
    thread: Option<JoinHandle<()>>,
}

impl Served {
    pub(super) fn start(server: AuthorizationServer) -> io::Result<Self> {
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let runtime = runtime::Builder::new_current_thread().enable_io().build()?;
        let listener = {
            let _inside = runtime.enter();
            TcpListener::from_std(listener)?
        };
        let (running, stopped) = oneshot::channel();
        let thread =
            thread::Builder::new().name("authorization-server".into()).spawn(move || {
                runtime.spawn(listen(listener, address, server));
                // The tasks end with their runtime.
                let _: Result<Infallible, _> = runtime.block_on(stopped);
            })?;
        Ok(Self { address, running: Some(running), thread: Some(thread) })
    }

    /// The URL of a path here, such as `/oauth2/token`.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}/{}", self.address, path.trim_start_matches('/'))
    }

    /// The URL of the authorization endpoint.
    pub fn authorization_url(&self) -> String {
        self.url("/authorize")
    }

    /// The URL of the token endpoint.
    pub fn token_url(&self) -> String {
        self.url("/token")
    }

    /// The URL of the revocation endpoint.
    pub fn revocation_url(&self) -> String {
        self.url("/revoke")
    }

    /// The URL of the API, which takes a GET with a live token.
    pub fn api_url(&self) -> String {
        self.url("/api")
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        drop(self.running.take());
        if let Some(thread) = self.thread.take() {
            // A panic there has failed the request that it was about.
            let _ = thread.join();
        }
    }
}

impl fmt::Debug for Served {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Served").field("address", &self.address).finish_non_exhaustive()
    }
}

async fn listen(listener: TcpListener, address: SocketAddr, server: AuthorizationServer) {
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        let server = server.clone();
        let service = service_fn(move |request| reply(server.clone(), address, request));
        tokio::spawn(async move {
            // A client that hangs up, or a connection that was to break.
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

/// An error ends the connection without an answer.
async fn reply(
    server: AuthorizationServer,
    address: SocketAddr,
    request: http::Request<Incoming>,
) -> Result<Response<Answer>, Box<dyn StdError + Send + Sync>> {
    match server.reply(whole(address, request).await?) {
        Ok(answer) => Ok(Answer::whole(answer)),
        Err(TransportErrorKind::Timeout) => future::pending().await,
        Err(TransportErrorKind::Interrupted) => Ok(Answer::broken()),
        Err(TransportErrorKind::TooLarge) => Ok(Answer::too_large()),
        Err(kind) => Err(kind.to_string().into()),
    }
}

/// The request with its body, and with a URI that says where it went.
async fn whole(
    address: SocketAddr,
    request: http::Request<Incoming>,
) -> Result<HttpRequest, Box<dyn StdError + Send + Sync>> {
    let (mut head, body) = request.into_parts();
    let target = head.uri.path_and_query().map_or("/", |target| target.as_str());
    head.uri = Uri::builder()
        .scheme("http")
        .authority(address.to_string())
        .path_and_query(target)
        .build()?;
    let body = body.collect().await?.to_bytes().to_vec();
    Ok(HttpRequest::from_parts(head, body))
}

/// A body, which may break off.
struct Answer {
    bytes: Option<Bytes>,
    breaks: bool,
}

impl Answer {
    fn whole(answer: HttpResponse) -> Response<Self> {
        answer.map(|body| Self { bytes: Some(body.into()), breaks: false })
    }

    fn broken() -> Response<Self> {
        let half = Bytes::from_static(b"{\"access_token\":\"");
        let mut answer = Response::new(Self { bytes: Some(half), breaks: true });
        answer.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from_static("100"));
        answer
    }

    fn too_large() -> Response<Self> {
        Self::whole(HttpResponse::new(vec![b' '; body_limit(StatusCode::OK) + 1]))
    }
}

impl Body for Answer {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let end = self.breaks.then(|| Err(io::ErrorKind::ConnectionAborted.into()));
        Poll::Ready(self.bytes.take().map(|bytes| Ok(Frame::data(bytes))).or(end))
    }

    fn is_end_stream(&self) -> bool {
        self.bytes.is_none() && !self.breaks
    }

    fn size_hint(&self) -> SizeHint {
        match &self.bytes {
            Some(bytes) if !self.breaks => SizeHint::with_exact(bytes.len() as u64),
            _ => SizeHint::default(),
        }
    }
}
