//! A provider on loopback. It does as little as HTTP/1.1 allows, so that the client is what counts.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};

use super::{REFUSAL, TOKEN};

/// Starts a provider in a thread of its own, which counts the connections that it is asked for.
/// Gives the URL to ask below.
pub(crate) fn start(opened: Arc<AtomicUsize>) -> io::Result<String> {
    let runtime = runtime();
    let (base, serving) = runtime.block_on(serve(opened))?;
    thread::spawn(move || runtime.block_on(serving));
    Ok(base)
}

/// A runtime of one thread: what it does is done by that thread alone, and can be measured.
pub(crate) fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().expect("a runtime can be built")
}

/// Gives the URL to ask below, and what must be awaited for answers to come.
pub(crate) async fn serve(
    opened: Arc<AtomicUsize>,
) -> io::Result<(String, impl Future<Output = ()>)> {
    let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await?;
    let base = format!("http://{}", listener.local_addr()?);
    let serving = async move {
        while let Ok((stream, _)) = listener.accept().await {
            opened.fetch_add(1, Ordering::Relaxed);
            tokio::spawn(answer_all(stream));
        }
    };
    Ok((base, serving))
}

async fn answer_all(mut stream: TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let (token, refusal) = (response("200 OK", TOKEN), response("401 Unauthorized", REFUSAL));
    let mut received = Vec::with_capacity(4096);
    loop {
        match length(&received).filter(|&length| length <= received.len()) {
            Some(length) => {
                let accepted = is_accepted(&received[..length]);
                stream.write_all(if accepted { &token } else { &refusal }).await?;
                received.drain(..length);
            }
            None if stream.read_buf(&mut received).await? == 0 => return Ok(()),
            None => {}
        }
    }
}

/// Of the first request, once its head is there.
fn length(received: &[u8]) -> Option<usize> {
    let head = std::str::from_utf8(received).ok()?.split_once("\r\n\r\n")?.0;
    let (_, length) = head.split_once("content-length: ")?;
    let length: usize = length.split("\r\n").next()?.parse().ok()?;
    Some(head.len() + 4 + length)
}

/// At `/sixth` only the last of the six flavors will do, elsewhere any.
fn is_accepted(request: &[u8]) -> bool {
    let holds = |part: &str| request.windows(part.len()).any(|window| window == part.as_bytes());
    !request.starts_with(b"POST /sixth ") || SIXTH.into_iter().all(holds)
}

fn response(status: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncache-control: no-store\r\n\
         content-length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}

/// What only the last flavor writes: the credentials not URL-encoded, in front of JSON.
const SIXTH: [&str; 2] =
    ["Basic bXktY2xpZW50LWlkOm15LWNsaWVudC9zZWNyZXQr\r\n", "content-type: application/json\r\n"];
