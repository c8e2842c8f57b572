//! Servers and proxies that fail before there is an answer in HTTP/1.1.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use serde_json::Value;
use tokio::net::TcpSocket;

use crate::case::Context;
use crate::server::Reply;
use crate::tls::Shown;
use crate::wire::{Step, WireServer};

/// A port that takes no connection and refuses none: these fill its queue.
pub(crate) type FullPort = (TcpListener, Vec<TcpStream>);

/// Where a proxy stands, and what answers there, if anything does.
pub(crate) type Proxy = (SocketAddr, Option<WireServer>);

/// A server whose TLS fails.
pub(crate) fn tls(context: &Context, fault: &str, host: &str) -> Reply<WireServer> {
    let is = |names: &[&str]| names.iter().any(|name| fault.contains(name));
    if is(&["notify"]) {
        return Err(format!("`{fault}` is told of an answer, and none is given"));
    }
    let shown = if is(&["self", "untrusted", "unknown"]) {
        Shown::SelfSigned
    } else if is(&["expired"]) {
        Shown::Expired
    } else if is(&["not_yet", "future"]) {
        Shown::NotYetValid
    } else if is(&["name", "host"]) {
        Shown::WrongName
    } else {
        // What a server sends to a client that offers nothing that it has.
        let alert = |reason| Step::Send(vec![0x15, 3, 2, 0, 2, 2, reason]);
        let step = if is(&["tls1.", "ssl", "version"]) {
            alert(70)
        } else if is(&["handshake", "cipher", "alert"]) {
            alert(40)
        } else if is(&["plain"]) {
            Step::Send(b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec())
        } else if is(&["garbage"]) {
            Step::Send(vec![0xff; 300])
        } else if is(&["close", "eof"]) {
            Step::Close
        } else if is(&["reset"]) {
            Step::Reset
        } else if is(&["hang", "stall", "silent"]) {
            Step::Hang
        } else {
            return Err(format!("no TLS can fail by `{fault}`"));
        };
        return Ok(WireServer::start(vec![vec![step]]));
    };
    let acceptor = context.authority.acceptor(host, shown, &["http/1.1"]);
    Ok(WireServer::start_tls(acceptor, vec![vec![Step::Read]]))
}

/// What a server sends in HTTP/2 in answer to the request in stream 1.
pub(crate) fn h2(fault: &str) -> Reply<Step> {
    let (data, headers, priority, rst_stream, settings, ping, go_away, window_update) =
        (0, 1, 2, 3, 4, 6, 7, 8);
    let (of_the_connection, of_the_request, no_flags) = (0, 1, 0);
    let reset = |reason: u8| frame(rst_stream, no_flags, of_the_request, &[0, 0, 0, reason]);
    let go_away =
        |last: u8| frame(go_away, no_flags, of_the_connection, &[0, 0, 0, last, 0, 0, 0, 0]);
    let hello = frame(settings, no_flags, of_the_connection, &[]);
    let frames = match fault {
        "goaway_unprocessed" => go_away(0),
        "goaway_processed" => go_away(1),
        "refused_stream" => reset(7),
        "continuation_flood" => {
            // The same field again and again, in frames that never end the headers.
            let (continuation, fields) = (9, [&[0, 1, b'x', 1][..], b"y"].concat().repeat(1000));
            let more = frame(continuation, no_flags, of_the_request, &fields).repeat(4000);
            [frame(headers, no_flags, of_the_request, &fields), more].concat()
        }
        "ping_flood" => frame(ping, no_flags, of_the_connection, &[0; 8]).repeat(100_000),
        "settings_flood" => hello.repeat(100_000),
        "priority_flood" => frame(priority, no_flags, of_the_request, &[0; 5]).repeat(100_000),
        "window_update_flood" => {
            frame(window_update, no_flags, of_the_request, &[0, 0, 0, 1]).repeat(100_000)
        }
        "rst_flood" | "rst_stream_flood" | "reset_flood" => reset(8).repeat(100_000),
        "data_flood" | "empty_data_flood" => {
            let (end_headers, status_200) = (4, [0x88]);
            let nothing = frame(data, no_flags, of_the_request, &[]).repeat(100_000);
            [frame(headers, end_headers, of_the_request, &status_200), nothing].concat()
        }
        rst => reset(reason(rst).ok_or_else(|| format!("no HTTP/2 can fail by `{rst}`"))?),
    };
    Ok(Step::Send([hello, frames].concat()))
}

fn frame(kind: u8, flags: u8, stream: u8, payload: &[u8]) -> Vec<u8> {
    let [high, low] = u16::try_from(payload.len()).expect("a small frame").to_be_bytes();
    [&[0, high, low, kind, flags, 0, 0, 0, stream][..], payload].concat()
}

/// The number of a reason for the reset of a stream, by the beginning of its name.
fn reason(fault: &str) -> Option<u8> {
    let reasons = [
        "no_error",
        "protocol",
        "internal",
        "flow_control",
        "settings_timeout",
        "stream_closed",
        "frame_size",
        "refused",
        "cancel",
        "compression",
        "connect",
        "enhance_your_calm",
        "inadequate_security",
        "http_1_1_required",
    ];
    let name = fault.strip_prefix("rst_")?;
    let name = name.strip_prefix("stream_").unwrap_or(name);
    let reason = reasons.iter().position(|reason| !name.is_empty() && name.starts_with(reason));
    reason.and_then(|reason| u8::try_from(reason).ok())
}

/// How a proxy answers: with a status, or not at all.
pub(crate) fn proxy(answer: &Value) -> Reply<Proxy> {
    let steps = match (answer.as_u64(), answer.as_str()) {
        (Some(status), _) => {
            let head = format!("HTTP/1.1 {status} No\r\ncontent-length: 0\r\n\r\n");
            vec![Step::Read, Step::Send(head.into())]
        }
        (_, Some("refused")) => return Ok((closed_port(), None)),
        (_, Some("close")) => vec![Step::Read, Step::Close],
        (_, Some("hang" | "timeout")) => vec![Step::Read, Step::Hang],
        (_, Some("reset")) => vec![Step::Read, Step::Reset],
        _ => return Err(format!("no proxy answers by {answer}")),
    };
    let server = WireServer::start(vec![steps]);
    Ok((server.address, Some(server)))
}

pub(crate) fn closed_port() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address")
}

pub(crate) fn full_port() -> FullPort {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(async {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.bind(([127, 0, 0, 1], 0).into()).expect("a port");
        let listener = socket.listen(1).and_then(|listener| listener.into_std());
        let listener = listener.expect("a listener");
        let address = listener.local_addr().expect("an address");
        let patience = Duration::from_millis(100);
        let filling = std::iter::from_fn(|| TcpStream::connect_timeout(&address, patience).ok());
        let filling = filling.collect();
        (listener, filling)
    })
}
