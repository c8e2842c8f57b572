//! What real networks and servers do wrong, over real connections.

#![cfg(feature = "rustls")]

mod support;
#[path = "support/tls.rs"]
mod tls;
#[path = "support/wire.rs"]
mod wire;

use std::time::Duration;

use support::{assert_no_answer, code};
use tls::{Authority, Shown};
use token_exchanger::{
    CallError, CallErrorKind, CodeFate, Issued, ReqwestTransport, TokenExchanger,
    TransportErrorKind,
};
use wire::{Step, WireServer, http};

const TOKEN: &str = r#"{"access_token":"AT-SECRET-1","token_type":"Bearer","expires_in":3600}"#;

#[tokio::test]
async fn an_answer_cut_off_after_any_byte_is_no_token_and_is_not_asked_for_again() {
    let whole = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{TOKEN}",
        TOKEN.len()
    );
    for end in [Step::Reset, Step::Close] {
        for length in 0..whole.len() {
            let cut = Step::Send(whole.as_bytes()[..length].to_vec());
            let server = WireServer::start(vec![vec![Step::Read, cut, end.clone()]]);
            let error = exchange(&server).await.unwrap_err();
            assert_no_answer(&error, TransportErrorKind::Interrupted, CodeFate::Unknown);
            assert_eq!(server.requests().len(), 1, "after {length} bytes");
        }
        let script = vec![Step::Read, Step::Send(whole.clone().into()), Step::Close];
        exchange(&WireServer::start(vec![script])).await.unwrap();
    }
}

#[tokio::test]
async fn an_answer_that_comes_byte_by_byte_is_whole_in_the_end() {
    let text = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{TOKEN}", TOKEN.len());
    let bytes = text.bytes().map(|byte| vec![byte]).collect();
    let drip = Step::Drip(bytes, Duration::from_millis(1));
    let server = WireServer::start(vec![vec![Step::Read, drip]]);
    exchange(&server).await.unwrap();
}

#[tokio::test]
async fn an_answer_that_drips_for_ever_ends_at_the_time_limit_wherever_it_drips() {
    let head = "HTTP/1.1 200 OK\r\n";
    let body = "HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n";
    let chunks = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
    for (begin, drop) in [("", "\r\n"), (head, "X-A: b\r\n"), (body, " "), (chunks, "1\r\n \r\n")] {
        let drip = Step::Drip(vec![drop.into()], Duration::from_millis(20));
        let script = vec![Step::Read, Step::Send(begin.into()), drip];
        let server = WireServer::start(vec![script]);
        let error = exchange_within(&server, Duration::from_secs(1)).await.unwrap_err();
        assert_no_answer(&error, TransportErrorKind::Timeout, CodeFate::Unknown);
        assert_eq!(server.requests().len(), 1);
    }
}

#[tokio::test]
async fn what_is_broken_in_its_framing_is_interrupted() {
    let chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
    let answers = [
        // Chunks: no last one, none at its size, a size that is none or too large.
        format!("{chunked}{:x}\r\n{TOKEN}", TOKEN.len()),
        format!("{chunked}{:x}\r\n{TOKEN}\r\n", TOKEN.len()),
        format!("{chunked}{:x}\r\n{TOKEN}0\r\n\r\n", TOKEN.len()),
        format!("{chunked}xyz\r\n{TOKEN}\r\n0\r\n\r\n"),
        format!("{chunked}fffffffffffffffff\r\n{TOKEN}"),
        // A length: too long, none, two that differ.
        format!("HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{TOKEN}"),
        format!("HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n{TOKEN}"),
        format!("HTTP/1.1 200 OK\r\ncontent-length: 73\r\ncontent-length: 74\r\n\r\n{TOKEN}"),
        // A head: none, of another protocol, with a status that is none, with a broken header.
        TOKEN.to_owned(),
        "220 mail.example ESMTP\r\n".to_owned(),
        format!("HTTP/1.1 20 OK\r\ncontent-length: 73\r\n\r\n{TOKEN}"),
        format!("HTTP/1.1 200 OK\r\ncontent length: 73\r\n\r\n{TOKEN}"),
        format!("HTTP/1.1 200 OK\r\nx: a\0b\r\ncontent-length: 73\r\n\r\n{TOKEN}"),
    ];
    for answer in answers {
        let script = vec![Step::Read, Step::Send(answer.clone().into()), Step::Close];
        let server = WireServer::start(vec![script]);
        let Err(error) = exchange(&server).await else { panic!("a token of {answer}") };
        assert_no_answer(&error, TransportErrorKind::Interrupted, CodeFate::Unknown);
        assert_eq!(server.requests().len(), 1);
    }
}

#[tokio::test]
async fn a_length_that_is_too_short_cuts_the_token_which_may_be_spent() {
    let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: 30\r\n\r\n{TOKEN}");
    let script = vec![Step::Read, Step::Send(answer.into()), Step::Close];
    let error = exchange(&WireServer::start(vec![script])).await.unwrap_err();
    assert!(matches!(error.kind(), CallErrorKind::Unreadable(_)), "{error}");
    assert_eq!(error.code_fate(), CodeFate::Spent);
}

#[tokio::test]
async fn old_and_odd_but_whole_http_is_read() {
    let length = TOKEN.len();
    let answers = [
        format!("HTTP/1.0 200 OK\r\n\r\n{TOKEN}"),
        format!("HTTP/1.0 200 OK\r\ncontent-length: {length}\r\n\r\n{TOKEN}"),
        format!("HTTP/1.1 200 OK\r\n\r\n{TOKEN}"),
        format!("HTTP/1.1 200\r\ncontent-length: {length}\r\n\r\n{TOKEN}"),
        format!("HTTP/1.1 200 OK\ncontent-length: {length}\n\n{TOKEN}"),
        format!(
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{TOKEN}"
        ),
        format!(
            "{}HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{TOKEN}",
            "HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n".repeat(1000)
        ),
        format!(
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n\
             {length:X};x=y\r\n{TOKEN}\r\n0\r\nx-trailer: y\r\n\r\n"
        ),
        format!(
            "HTTP/1.1 200 OK\r\ncontent-length: {length}\r\ncontent-length: {length}\r\n\r\n{TOKEN}"
        ),
    ];
    for answer in answers {
        let script = vec![Step::Read, Step::Send(answer.clone().into()), Step::Close];
        let server = WireServer::start(vec![script]);
        if let Err(error) = exchange(&server).await {
            panic!("{error:?} of {answer:.200}");
        }
    }
}

#[test]
fn a_flood_of_headers_is_interrupted_within_two_megabytes_of_memory() {
    let floods = [
        (b"x: y\r\n".to_vec(), 1_000_000),
        (b"a".to_vec(), 7 * 1024 * 1024),
        (b"HTTP/1.1 103 Early Hints\r\nx: ".to_vec(), 1_000_000),
    ];
    for (unit, times) in floods {
        let begin = Step::Send(b"HTTP/1.1 200 OK\r\nx: y".to_vec());
        let script = vec![Step::Read, begin, Step::Flood(unit, times), Step::Hang];
        let server = WireServer::start(vec![script]);
        let (result, peak) = measured(exchange(&server));
        let error = result.unwrap_err();
        assert_no_answer(&error, TransportErrorKind::Interrupted, CodeFate::Unknown);
        assert!(peak < 2 * 1024 * 1024, "{peak}");
    }
}

#[tokio::test]
async fn no_connection_is_made_to_a_server_whose_certificate_is_not_good_for_it() {
    let authority = Authority::new();
    let script = || vec![Step::Read, http("200 OK", "", TOKEN)];
    for shown in [Shown::Expired, Shown::NotYetValid, Shown::WrongName, Shown::SelfSigned] {
        let tls = authority.acceptor("localhost", shown, &[]);
        let server = WireServer::start_tls(tls, vec![script()]);
        let error = exchange_over_tls(&authority, &server).await.unwrap_err();
        assert_no_answer(&error, TransportErrorKind::Connect, CodeFate::Unsent);
        assert_eq!(server.requests().len(), 0, "{shown:?}");
        assert!(error.into_code().is_some());
    }
    let tls = authority.acceptor("localhost", Shown::Good, &[]);
    let server = WireServer::start_tls(tls, vec![script()]);
    exchange_over_tls(&authority, &server).await.unwrap();
}

#[tokio::test]
async fn no_connection_is_made_to_what_speaks_no_tls_or_none_of_today() {
    let answers = [
        Step::Send(b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec()),
        // The alert of a server whose newest version is TLS 1.1.
        Step::Send(vec![0x15, 3, 2, 0, 2, 2, 70]),
        Step::Send(vec![0xff; 300]),
        Step::Close,
        Step::Reset,
    ];
    for answer in answers {
        let server = WireServer::start(vec![vec![answer, Step::Close]]);
        let error = exchange_over_tls(&Authority::new(), &server).await.unwrap_err();
        assert_no_answer(&error, TransportErrorKind::Connect, CodeFate::Unsent);
        assert_eq!(server.connections(), 1, "it is asked once, and never without TLS");
    }
}

#[test]
fn a_gzip_bomb_is_read_to_the_limit_within_two_megabytes_of_memory() {
    let bomb = gzip(256);
    let head = |status| {
        let length = bomb.len();
        format!("HTTP/1.1 {status}\r\ncontent-encoding: gzip\r\ncontent-length: {length}\r\n\r\n")
    };
    for status in ["200 OK", "500 Fault"] {
        let answer = Step::Send([head(status).as_bytes(), &bomb].concat());
        let server = WireServer::start(vec![vec![Step::Read, answer]]);
        let client = reqwest::Client::builder().no_proxy().gzip(true);
        let transport = ReqwestTransport::from_builder(client).unwrap();
        let exchanger = builder(&server.url()).transport(transport).build().unwrap();
        let (result, peak) = measured(exchanger.exchange(code()).into_future());
        let error = result.unwrap_err();
        if status == "200 OK" {
            assert_no_answer(&error, TransportErrorKind::TooLarge, CodeFate::Unknown);
        } else {
            assert!(matches!(error.kind(), CallErrorKind::Unavailable { .. }), "{error}");
            assert_eq!(error.attempts().len(), 6);
        }
        assert!(peak < 2 * 1024 * 1024, "{peak}");
    }
}

#[tokio::test]
async fn a_compressed_answer_that_nobody_asked_for_may_hold_a_token() {
    let body = gzip(0);
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    let answer = Step::Send([head.as_bytes(), &body].concat());
    let server = WireServer::start(vec![vec![Step::Read, answer]]);
    let error = exchange(&server).await.unwrap_err();
    assert!(matches!(error.kind(), CallErrorKind::Unreadable(_)));
    assert_eq!(error.code_fate(), CodeFate::Spent);
}

/// The token, after so many MiB of white space.
fn gzip(mebibytes: usize) -> Vec<u8> {
    use std::io::Write as _;

    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    for _ in 0..mebibytes {
        encoder.write_all(&[b' '; 1024 * 1024]).unwrap();
    }
    encoder.write_all(TOKEN.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

/// What comes of it, and the bytes that the client held at once.
fn measured<T>(exchange: impl Future<Output = T>) -> (T, u64) {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder.enable_all().build().unwrap();
    let mut result = None;
    let info = allocation_counter::measure(|| result = Some(runtime.block_on(exchange)));
    (result.unwrap(), info.bytes_max)
}

fn builder(url: &str) -> token_exchanger::TokenExchangerBuilder {
    TokenExchanger::builder("my-client-id", url).client_secret("my-client-secret")
}

async fn exchange(server: &WireServer) -> Result<Issued, CallError> {
    exchange_within(server, Duration::from_secs(30)).await
}

async fn exchange_within(server: &WireServer, limit: Duration) -> Result<Issued, CallError> {
    // As the default transport, but that it need not read the platform's roots each time.
    let client = reqwest::Client::builder().no_proxy().no_gzip().tls_certs_only([]);
    let transport = ReqwestTransport::from_builder(client).unwrap();
    let builder = builder(&server.url()).transport(transport).time_limit(limit);
    builder.build().unwrap().exchange(code()).await
}

async fn exchange_over_tls(
    authority: &Authority,
    server: &WireServer,
) -> Result<Issued, CallError> {
    let client = reqwest::Client::builder().no_proxy().tls_certs_only([authority.root()]);
    let transport = ReqwestTransport::from_builder(client).unwrap();
    let url = format!("https://localhost:{}/token", server.address.port());
    builder(&url).transport(transport).build().unwrap().exchange(code()).await
}
