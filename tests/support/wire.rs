//! A server that plays a script on raw TCP or TLS, for what no HTTP library would send.

#![allow(dead_code, reason = "each test file uses a part")]

use std::io::{Error, ErrorKind, Result};
use std::net::SocketAddr;
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufStream};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio::task::AbortHandle;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// What the server does with one connection, in order; at the end it closes it.
#[derive(Clone)]
pub(crate) enum Step {
    /// Waits for a whole request.
    Read,
    /// Waits for a whole HTTP/2 request, the first of its connection.
    ReadHttp2,
    /// Sends these bytes.
    Send(Vec<u8>),
    /// Sends these bytes so many times.
    Flood(Vec<u8>, usize),
    /// Sends these bytes one after the other, with a pause after each, and then again, for ever.
    Drip(Vec<Vec<u8>>, Duration),
    /// Is silent for so long.
    Wait(Duration),
    /// Does nothing until the client hangs up.
    Hang,
    /// Closes the connection as it should be closed.
    Close,
    /// Drops the connection with a reset.
    Reset,
}

/// What the server does after it has read a request. A connection that is left open is read again.
pub(crate) type Answer = Arc<dyn Fn(&str) -> Vec<Step> + Send + Sync>;

pub(crate) struct WireServer {
    pub(crate) address: SocketAddr,
    seen: Arc<Mutex<Seen>>,
    listening: AbortHandle,
}

#[derive(Default)]
struct Seen {
    requests: Vec<String>,
    connections: usize,
    open: usize,
}

#[derive(Clone)]
enum Script {
    /// One for each connection, and the last for all that follow.
    Connections(Arc<[Vec<Step>]>),
    Answers(Answer),
}

impl WireServer {
    /// Plays one script a connection, and the last for all that follow.
    pub(crate) fn start(scripts: Vec<Vec<Step>>) -> Self {
        Self::listen(None, Script::Connections(scripts.into()))
    }

    /// Plays one script a connection, once its TLS handshake is done.
    pub(crate) fn start_tls(tls: TlsAcceptor, scripts: Vec<Vec<Step>>) -> Self {
        Self::listen(Some(tls), Script::Connections(scripts.into()))
    }

    /// Answers request by request, whatever connection each comes on.
    pub(crate) fn answering(tls: Option<TlsAcceptor>, answer: Answer) -> Self {
        Self::listen(tls, Script::Answers(answer))
    }

    fn listen(tls: Option<TlsAcceptor>, script: Script) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        listener.set_nonblocking(true).expect("a setting");
        let seen = Arc::new(Mutex::new(Seen::default()));
        let ours = Arc::clone(&seen);
        let listening = SERVERS.spawn(async move {
            let listener = TcpListener::from_std(listener).expect("a listener");
            loop {
                let Ok((stream, _)) = listener.accept().await else { return };
                let turn = update(&ours, |seen| {
                    seen.connections += 1;
                    seen.open += 1;
                    seen.connections
                });
                let (tls, script, seen) = (tls.clone(), script.clone(), Arc::clone(&ours));
                SERVERS.spawn(async move {
                    // A client that hangs up in the middle of a script is what some are for.
                    let _ = match tls {
                        None => play(stream, turn, &script, &seen).await,
                        Some(tls) => match tls.accept(BufStream::new(stream)).await {
                            Ok(stream) => play(stream, turn, &script, &seen).await,
                            Err(error) => Err(error),
                        },
                    };
                    update(&seen, |seen| seen.open -= 1);
                });
            }
        });
        Self { address, seen, listening: listening.abort_handle() }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/token", self.address)
    }

    pub(crate) fn requests(&self) -> Vec<String> {
        update(&self.seen, |seen| seen.requests.clone())
    }

    pub(crate) fn connections(&self) -> usize {
        update(&self.seen, |seen| seen.connections)
    }

    /// Connections that neither side has closed yet.
    pub(crate) fn open(&self) -> usize {
        update(&self.seen, |seen| seen.open)
    }
}

impl Drop for WireServer {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

/// The servers have threads of their own, so that what a test counts is its client's alone.
static SERVERS: LazyLock<Runtime> = LazyLock::new(|| {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.worker_threads(2).enable_all().build().expect("a runtime")
});

/// An HTTP/1.1 answer with its length.
pub(crate) fn http(status: &str, headers: &str, body: &str) -> Step {
    let length = body.len();
    Step::Send(
        format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\n{headers}\r\n{body}").into(),
    )
}

fn update<T>(seen: &Mutex<Seen>, change: impl FnOnce(&mut Seen) -> T) -> T {
    change(&mut seen.lock().expect("no panic"))
}

/// A connection, which can be reset.
trait Wire: AsyncRead + AsyncWrite + Unpin {
    fn tcp(&self) -> &TcpStream;
}

impl Wire for TcpStream {
    fn tcp(&self) -> &TcpStream {
        self
    }
}

// Buffered, so that an answer and the end of the connection go out together, and no client can
// have sent another request in between.
impl Wire for TlsStream<BufStream<TcpStream>> {
    fn tcp(&self) -> &TcpStream {
        self.get_ref().0.get_ref()
    }
}

async fn play(mut wire: impl Wire, turn: usize, script: &Script, seen: &Mutex<Seen>) -> Result<()> {
    match script {
        Script::Connections(scripts) => {
            let steps = scripts[turn.min(scripts.len()) - 1].clone();
            if take(&mut wire, steps, seen).await? {
                wire.shutdown().await?;
            }
            Ok(())
        }
        Script::Answers(answer) => loop {
            let request = read_request(&mut wire).await?;
            update(seen, |seen| seen.requests.push(request.clone()));
            if !take(&mut wire, answer(&request), seen).await? {
                return Ok(());
            }
        },
    }
}

/// Takes the steps, and says whether the connection is still open.
async fn take(wire: &mut impl Wire, steps: Vec<Step>, seen: &Mutex<Seen>) -> Result<bool> {
    for step in steps {
        if !matches!(step, Step::Send(_) | Step::Close) {
            wire.flush().await?;
        }
        match step {
            Step::Read => {
                let request = read_request(wire).await?;
                update(seen, |seen| seen.requests.push(request));
            }
            Step::ReadHttp2 => {
                read_http2_request(wire).await?;
                update(seen, |seen| seen.requests.push(String::new()));
            }
            Step::Send(bytes) => wire.write_all(&bytes).await?,
            Step::Flood(bytes, times) => {
                let (chunk, chunks, rest) = (bytes.repeat(1024), times / 1024, times % 1024);
                for _ in 0..chunks {
                    wire.write_all(&chunk).await?;
                }
                wire.write_all(&bytes.repeat(rest)).await?;
            }
            Step::Drip(drops, pause) => loop {
                for drop in &drops {
                    wire.write_all(drop).await?;
                    wire.flush().await?;
                    tokio::time::sleep(pause).await;
                }
            },
            Step::Wait(pause) => tokio::time::sleep(pause).await,
            Step::Hang => while wire.read(&mut [0; 1024]).await? > 0 {},
            Step::Close => {
                wire.shutdown().await?;
                return Ok(false);
            }
            Step::Reset => {
                wire.tcp().set_zero_linger()?;
                return Ok(false);
            }
        }
    }
    wire.flush().await?;
    Ok(true)
}

/// Reads the preface, and frames until one ends its stream.
async fn read_http2_request(wire: &mut impl Wire) -> Result<()> {
    wire.read_exact(&mut [0; 24]).await?;
    loop {
        let mut head = [0; 9];
        wire.read_exact(&mut head).await?;
        let [high, middle, low, kind, flags, ..] = head;
        let length = u32::from_be_bytes([0, high, middle, low]);
        wire.read_exact(&mut vec![0; length as usize]).await?;
        let (data, headers, end_stream) = (0, 1, 1);
        if (kind == data || kind == headers) && flags & end_stream != 0 {
            return Ok(());
        }
    }
}

async fn read_request(wire: &mut impl Wire) -> Result<String> {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        // One at a time, so as to take no byte of the body.
        request.push(wire.read_u8().await?);
    }
    let head = String::from_utf8_lossy(&request).to_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    let length: usize =
        length.unwrap_or("0").parse().map_err(|_| Error::from(ErrorKind::InvalidData))?;
    let start = request.len();
    request.resize(start + length, 0);
    wire.read_exact(&mut request[start..]).await?;
    Ok(String::from_utf8_lossy(&request).into_owned())
}
