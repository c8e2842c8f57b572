//! A server that plays a script on raw TCP, for what no HTTP library would send.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// What the server does with one connection, in order; at the end it closes it.
#[derive(Clone)]
pub(crate) enum Step {
    /// Waits for a whole request.
    Read,
    /// Waits for a whole HTTP/2 request, the first of its connection.
    ReadHttp2,
    /// Sends these bytes.
    Send(Vec<u8>),
    /// Does nothing until the client hangs up.
    Hang,
    /// Drops the connection with a reset.
    Reset,
}

pub(crate) struct WireServer {
    port: u16,
    requests: Arc<Mutex<Vec<String>>>,
    connections: Arc<Mutex<usize>>,
}

impl WireServer {
    /// Plays one script a connection, and the last for all that follow.
    pub(crate) async fn start(scripts: Vec<Vec<Step>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let connections = Arc::new(Mutex::new(0));
        let (seen, count) = (Arc::clone(&requests), Arc::clone(&connections));
        tokio::spawn(async move {
            loop {
                let Ok((stream, _)) = listener.accept().await else { return };
                let turn = {
                    let mut count = count.lock().expect("no panic");
                    *count += 1;
                    *count
                };
                let script = scripts[turn.min(scripts.len()) - 1].clone();
                let seen = Arc::clone(&seen);
                // A client that hangs up in the middle of a script is what some scripts are for.
                tokio::spawn(async move { play(stream, script, seen).await.ok() });
            }
        });
        Self { port, requests, connections }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/token", self.port)
    }

    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().expect("no panic").clone()
    }

    pub(crate) fn connections(&self) -> usize {
        *self.connections.lock().expect("no panic")
    }
}

/// An HTTP/1.1 answer with its length.
pub(crate) fn http(status: &str, headers: &str, body: &str) -> Step {
    let length = body.len();
    Step::Send(
        format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\n{headers}\r\n{body}").into(),
    )
}

async fn play(
    mut stream: TcpStream,
    script: Vec<Step>,
    seen: Arc<Mutex<Vec<String>>>,
) -> std::io::Result<()> {
    for step in script {
        match step {
            Step::Read => {
                let request = read_request(&mut stream).await?;
                seen.lock().expect("no panic").push(request);
            }
            Step::ReadHttp2 => {
                read_http2_request(&mut stream).await?;
                seen.lock().expect("no panic").push(String::new());
            }
            Step::Send(bytes) => stream.write_all(&bytes).await?,
            Step::Hang => while stream.read(&mut [0; 1024]).await? > 0 {},
            Step::Reset => {
                stream.set_zero_linger()?;
                return Ok(());
            }
        }
    }
    stream.shutdown().await
}

/// Reads the preface, and frames until one ends its stream.
async fn read_http2_request(stream: &mut TcpStream) -> std::io::Result<()> {
    stream.read_exact(&mut [0; 24]).await?;
    loop {
        let mut head = [0; 9];
        stream.read_exact(&mut head).await?;
        let [high, middle, low, kind, flags, ..] = head;
        let length = u32::from_be_bytes([0, high, middle, low]);
        stream.read_exact(&mut vec![0; length as usize]).await?;
        let (data, headers, end_stream) = (0, 1, 1);
        if (kind == data || kind == headers) && flags & end_stream != 0 {
            return Ok(());
        }
    }
}

async fn read_request(stream: &mut TcpStream) -> std::io::Result<String> {
    let mut request = Vec::new();
    loop {
        let mut chunk = [0; 4096];
        let length = stream.read(&mut chunk).await?;
        if length == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        request.extend_from_slice(&chunk[..length]);
        let text = String::from_utf8_lossy(&request);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            if length.is_none_or(|length| body.len() >= length.parse().expect("a number")) {
                return Ok(text.into_owned());
            }
        }
    }
}
