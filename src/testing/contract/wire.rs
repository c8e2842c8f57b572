//! A server on raw TCP, for what no HTTP library would send.

use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tokio::sync::oneshot;

/// What the server does once it has read a request.
pub(super) enum Act {
    /// Sends these bytes and closes the connection.
    Send(Vec<u8>),
    /// Sends these bytes and reads on.
    Keep(Vec<u8>),
    /// Sends a head of this status and a body of 64 MiB in chunks.
    Flood(&'static str),
    /// Sends these bytes, and then nothing for some seconds.
    Hang(Vec<u8>),
}

/// A request as it arrived.
pub(super) struct Seen {
    head: Vec<u8>,
    pub(super) body: Vec<u8>,
}

impl Seen {
    pub(super) fn method(&self) -> &str {
        self.start(0)
    }

    pub(super) fn target(&self) -> &str {
        self.start(1)
    }

    fn start(&self, part: usize) -> &str {
        let line = self.lines().next().unwrap_or_default();
        std::str::from_utf8(line).unwrap_or_default().split(' ').nth(part).unwrap_or_default()
    }

    /// The values of this header.
    pub(super) fn headers(&self, name: &str) -> Vec<&[u8]> {
        let fields = self.lines().skip(1).filter_map(|line| {
            let colon = line.iter().position(|&byte| byte == b':')?;
            let (known, value) = line.split_at(colon);
            known
                .eq_ignore_ascii_case(name.as_bytes())
                .then(|| value.get(1..).unwrap_or_default().trim_ascii())
        });
        fields.collect()
    }

    fn lines(&self) -> impl Iterator<Item = &[u8]> {
        self.head.split(|&byte| byte == b'\n').map(|line| line.trim_ascii_end())
    }
}

/// A server, which stops when it is dropped.
pub(super) struct Wire {
    address: SocketAddr,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    act: Box<dyn Fn(usize) -> Act + Send + Sync>,
    seen: Mutex<Vec<Seen>>,
    turns: AtomicUsize,
    /// Whether nobody hung up on a flood or a silence before its end.
    sent_it_all: AtomicBool,
    stopping: AtomicBool,
    connections: Mutex<Vec<JoinHandle<()>>>,
}

impl Wire {
    /// Acts by the number of the request, counted from 0.
    pub(super) fn start(act: impl Fn(usize) -> Act + Send + Sync + 'static) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            act: Box::new(act),
            seen: Mutex::default(),
            turns: AtomicUsize::new(0),
            sent_it_all: AtomicBool::new(false),
            stopping: AtomicBool::new(false),
            connections: Mutex::default(),
        });
        let ours = Arc::clone(&shared);
        let thread = thread::Builder::new().spawn(move || listen(&listener, &ours))?;
        Ok(Self { address, shared, thread: Some(thread) })
    }

    pub(super) fn url(&self, target: &str) -> String {
        format!("http://{}{target}", self.address)
    }

    pub(super) fn seen(&self) -> MutexGuard<'_, Vec<Seen>> {
        lock(&self.shared.seen)
    }

    pub(super) fn take_seen(&self) -> Vec<Seen> {
        std::mem::take(&mut *self.seen())
    }

    /// Waits for the connections so far to end, and says whether nobody hung up on a flood or a
    /// silence before its end.
    pub(super) async fn sent_it_all(&self) -> bool {
        let connections = std::mem::take(&mut *lock(&self.shared.connections));
        let (done, ended) = oneshot::channel();
        // On a thread, since it may be this one that the client closes its connections by.
        let waiting = thread::Builder::new().spawn(move || {
            for connection in connections {
                let _ = connection.join();
            }
            let _ = done.send(());
        });
        if waiting.is_ok() {
            let _ = ended.await;
        }
        self.shared.sent_it_all.load(Ordering::SeqCst)
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.shared.stopping.store(true, Ordering::SeqCst);
        // Wakes the thread, which waits for a connection.
        let _ = TcpStream::connect(self.address);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// An HTTP/1.1 answer with its length, which says that the connection closes then.
pub(super) fn answer(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n{headers}\r\n"
    );
    [head.as_bytes(), body].concat()
}

fn listen(listener: &TcpListener, shared: &Arc<Shared>) {
    for stream in listener.incoming() {
        if shared.stopping.load(Ordering::SeqCst) {
            return;
        }
        let Ok(stream) = stream else { return };
        let ours = Arc::clone(shared);
        // Whoever hangs up in the middle does what some of this is for.
        let connection = thread::Builder::new().spawn(move || drop(converse(stream, &ours)));
        lock(&shared.connections).extend(connection);
    }
}

fn converse(mut stream: TcpStream, shared: &Shared) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    loop {
        let request = read_request(&mut stream)?;
        lock(&shared.seen).push(request);
        match (shared.act)(shared.turns.fetch_add(1, Ordering::SeqCst)) {
            Act::Send(bytes) => return stream.write_all(&bytes),
            Act::Keep(bytes) => stream.write_all(&bytes)?,
            Act::Flood(status) => {
                let head = format!("HTTP/1.1 {status}\r\ntransfer-encoding: chunked\r\n\r\n");
                stream.write_all(head.as_bytes())?;
                let chunk = [&b"10000\r\n"[..], &[b' '; 0x10000], b"\r\n"].concat();
                for _ in 0..1024 {
                    stream.write_all(&chunk)?;
                }
                stream.write_all(b"0\r\n\r\n")?;
                shared.sent_it_all.store(true, Ordering::SeqCst);
                return Ok(());
            }
            Act::Hang(bytes) => {
                stream.write_all(&bytes)?;
                let outcome = stream.read(&mut [0]);
                let waited = outcome.is_err_and(|error| {
                    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
                });
                shared.sent_it_all.fetch_or(waited, Ordering::SeqCst);
                return Ok(());
            }
        }
    }
}

fn read_request(stream: &mut TcpStream) -> io::Result<Seen> {
    let head = read_until(stream, b"\r\n\r\n")?;
    let mut seen = Seen { head, body: Vec::new() };
    let is_chunked = seen.headers("transfer-encoding").contains(&&b"chunked"[..]);
    if is_chunked {
        loop {
            let line = read_until(stream, b"\r\n")?;
            let size = std::str::from_utf8(line.trim_ascii()).ok();
            let size = size.and_then(|size| usize::from_str_radix(size, 16).ok());
            let chunk = read_exactly(stream, size.ok_or(io::ErrorKind::InvalidData)?)?;
            read_until(stream, b"\r\n")?;
            if chunk.is_empty() {
                return Ok(seen);
            }
            seen.body.extend(chunk);
        }
    }
    let length = seen.headers("content-length").first().copied().unwrap_or(b"0");
    let length = std::str::from_utf8(length).ok().and_then(|length| length.parse().ok());
    seen.body = read_exactly(stream, length.ok_or(io::ErrorKind::InvalidData)?)?;
    Ok(seen)
}

/// Byte by byte, so as to take none of what follows.
fn read_until(stream: &mut TcpStream, end: &[u8]) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    while !bytes.ends_with(end) {
        let mut byte = [0];
        stream.read_exact(&mut byte)?;
        bytes.extend(byte);
    }
    Ok(bytes)
}

fn read_exactly(stream: &mut TcpStream, length: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let read = stream.take(length as u64).read_to_end(&mut bytes)?;
    if read == length { Ok(bytes) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}

// Sound at any moment.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How long a silence lasts, and how long a client may take for its part.
const PATIENCE: Duration = Duration::from_secs(3);
