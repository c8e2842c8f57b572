//! The default transport, over real connections.

#![cfg(feature = "reqwest")]

mod support;
#[path = "support/wire.rs"]
mod wire;

use std::error::Error as _;
use std::time::{Duration, SystemTime};

use support::{assert_no_answer, code};
use token_exchanger::{
    CallError, CallErrorKind, CodeFate, Deadline, Issued, Policy, ReqwestTransport,
    ReqwestTransportError, TokenExchanger, TokenExchangerBuilder, Transport, TransportErrorKind,
    from_fn,
};
use wire::{Step, WireServer, http};

const TOKEN: &str = r#"{"access_token":"AT-SECRET-1","token_type":"Bearer"}"#;
const INVALID_CLIENT: &str = r#"{"error":"invalid_client"}"#;

#[tokio::test]
async fn a_request_has_our_user_agent_and_neither_cookie_nor_referer_nor_compression() {
    let script = vec![
        Step::Read,
        http("401 Unauthorized", "set-cookie: sid=1; Path=/\r\n", INVALID_CLIENT),
        Step::Read,
        http("200 OK", "", TOKEN),
    ];
    let server = WireServer::start(vec![script]);
    exchange(builder(&server)).await.unwrap();

    assert_eq!(server.requests().len(), 2);
    for request in server.requests() {
        let head = request.split("\r\n\r\n").next().unwrap().to_lowercase();
        let user_agent = concat!("\r\nuser-agent: token-exchanger/", env!("CARGO_PKG_VERSION"));
        assert!(head.contains(user_agent), "{head}");
        for name in ["cookie", "referer", "origin", "accept-encoding"] {
            assert!(!head.contains(&format!("\r\n{name}:")), "{name}");
        }
    }
}

#[tokio::test]
async fn attempts_share_one_connection() {
    let refusal = || http("401 Unauthorized", "", INVALID_CLIENT);
    let mut script = vec![];
    for _ in 0..6 {
        script.extend([Step::Read, refusal()]);
    }
    let server = WireServer::start(vec![script]);
    exchange(builder(&server)).await.unwrap_err();
    assert_eq!((server.requests().len(), server.connections()), (6, 1));
}

#[tokio::test]
async fn a_redirect_is_not_followed_whatever_its_status_and_the_client_builder() {
    for status in ["301 Moved", "302 Found", "303 See Other", "307 Moved", "308 Moved"] {
        let other = WireServer::start(vec![vec![Step::Read, http("200 OK", "", TOKEN)]]);
        let location = format!("location: {}?code=LEAK\r\nconnection: close\r\n", other.url());
        let script = vec![Step::Read, http(status, &location, "")];
        let server = WireServer::start(vec![script]);
        let following =
            reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::limited(5));
        let transport = ReqwestTransport::from_builder(following).unwrap();
        let error = exchange(builder(&server).transport(transport)).await.unwrap_err();

        let CallErrorKind::Redirected { location } = error.kind() else { panic!("{error}") };
        assert_eq!(location.as_deref(), Some(&*other.url()));
        assert_eq!(error.code_fate(), CodeFate::ProbablyLive);
        assert_eq!(other.connections(), 0);
    }
}

#[tokio::test]
async fn a_refused_connection_is_connect_and_the_code_unsent() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/token", listener.local_addr().unwrap());
    drop(listener);
    let error = exchange(TokenExchanger::builder("id", url)).await.unwrap_err();
    assert_no_answer(&error, TransportErrorKind::Connect, CodeFate::Unsent);
    assert!(error.into_code().is_some());
}

#[tokio::test]
async fn a_server_that_speaks_no_tls_is_connect_and_never_falls_back_to_http() {
    let server = WireServer::start(vec![vec![http("200 OK", "", TOKEN), Step::Hang]]);
    let url = server.url().replace("http:", "https:");
    let error = exchange(TokenExchanger::builder("id", url)).await.unwrap_err();
    assert_no_answer(&error, TransportErrorKind::Connect, CodeFate::Unsent);
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn a_server_that_never_answers_is_a_timeout_within_the_time_limit() {
    let server = WireServer::start(vec![vec![Step::Read, Step::Hang]]);
    let error = exchange(impatient(&server.url())).await.unwrap_err();
    assert_no_answer(&error, TransportErrorKind::Timeout, CodeFate::Unknown);
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn a_timeout_of_the_client_builder_gives_way_to_the_time_limit() {
    let script = vec![Step::Read, Step::Wait(millis(200)), http("200 OK", "", TOKEN)];
    let server = WireServer::start(vec![script]);
    let client = reqwest::Client::builder().no_proxy().timeout(millis(50));
    let transport = ReqwestTransport::from_builder(client).unwrap();
    exchange(builder(&server).transport(transport)).await.unwrap();
}

#[tokio::test]
async fn a_request_whose_time_is_over_is_not_sent() {
    let server = WireServer::start(vec![vec![Step::Read, http("200 OK", "", TOKEN)]]);
    let transport = ReqwestTransport::new().unwrap();
    let late = from_fn(move |mut request| {
        let transport = transport.clone();
        async move {
            request.extensions_mut().insert(Deadline(SystemTime::UNIX_EPOCH));
            transport.send(request).await
        }
    });
    let error = exchange(builder(&server).transport(late)).await.unwrap_err();
    assert_no_answer(&error, TransportErrorKind::Connect, CodeFate::Unsent);
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn a_body_that_never_ends_is_a_timeout_within_the_time_limit() {
    let head = Step::Send(b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n{".to_vec());
    let server = WireServer::start(vec![vec![Step::Read, head, Step::Hang]]);
    let error = exchange(impatient(&server.url())).await.unwrap_err();
    assert_no_answer(&error, TransportErrorKind::Timeout, CodeFate::Unknown);
}

#[tokio::test]
async fn a_connection_that_breaks_after_the_request_is_interrupted_and_nothing_is_resent() {
    let breaks = [
        vec![Step::Read],
        vec![Step::Read, Step::Reset],
        vec![Step::Read, Step::Send(b"HTTP/1.1 2".to_vec()), Step::Reset],
        vec![Step::Read, Step::Send(b"HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{".to_vec())],
        vec![Step::Read, Step::Send(TOKEN.into())],
        vec![
            Step::Read,
            Step::Send(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\n{".to_vec()),
        ],
    ];
    for script in breaks {
        let server = WireServer::start(vec![script]);
        let error = exchange(builder(&server)).await.unwrap_err();
        assert_no_answer(&error, TransportErrorKind::Interrupted, CodeFate::Unknown);
        assert_eq!(server.requests().len(), 1);
        assert!(error.into_code().is_none());
    }
}

#[tokio::test]
async fn a_connection_that_went_stale_between_two_logins_does_not_fail_the_second() {
    // The server promises to keep the connection, and closes it after each answer.
    let script = vec![Step::Read, http("200 OK", "connection: keep-alive\r\n", TOKEN)];
    let server = WireServer::start(vec![script]);
    let exchanger = builder(&server).build().unwrap();
    for login in 1..=50 {
        exchanger.exchange(code()).await.unwrap();
        assert_eq!(server.requests().len(), login);
        let closed = async {
            while server.open() > 0 {
                tokio::task::yield_now().await;
            }
            // Yields to the client's task, which only now can have heard of it.
            tokio::task::yield_now().await;
        };
        tokio::time::timeout(millis(10_000), closed).await.unwrap();
    }
}

#[tokio::test]
async fn what_http_2_refuses_unread_is_connect_and_what_it_breaks_off_is_interrupted() {
    const SETTINGS: [u8; 9] = [0, 0, 0, 4, 0, 0, 0, 0, 0];
    let reset = |reason| [&[0, 0, 4, 3, 0, 0, 0, 0, 1][..], &[0, 0, 0, reason]].concat();
    let go_away = [&[0, 0, 8, 7, 0, 0, 0, 0, 0][..], &[0; 8]].concat();
    let (refused_stream, internal_error) = (7, 2);
    for (frame, kind, fate) in [
        (reset(refused_stream), TransportErrorKind::Connect, CodeFate::Unsent),
        (go_away, TransportErrorKind::Connect, CodeFate::Unsent),
        (reset(internal_error), TransportErrorKind::Interrupted, CodeFate::Unknown),
    ] {
        let answer = Step::Send([&SETTINGS[..], &frame].concat());
        let server = WireServer::start(vec![vec![Step::ReadHttp2, answer, Step::Hang]]);
        let client = reqwest::Client::builder().no_proxy().http2_prior_knowledge();
        let transport = ReqwestTransport::from_builder(client).unwrap();
        let error = exchange(builder(&server).transport(transport)).await.unwrap_err();
        assert_no_answer(&error, kind, fate);
        assert_eq!(server.requests().len(), 1, "nothing is resent");
    }
}

#[tokio::test]
async fn a_token_answer_over_its_limit_is_too_large() {
    let body = format!(r#"{{"access_token":"T","x":"{}"}}"#, "x".repeat(1024 * 1024));
    let server = WireServer::start(vec![vec![Step::Read, http("200 OK", "", &body)]]);
    let error = exchange(builder(&server)).await.unwrap_err();
    assert_no_answer(&error, TransportErrorKind::TooLarge, CodeFate::Unknown);
}

#[tokio::test]
async fn a_refusal_over_its_limit_is_cut_and_read_as_far_as_it_goes() {
    let body = format!(r#"{{"error":"invalid_client","x":"{}"}}"#, "x".repeat(10 * 1024 * 1024));
    let script = vec![Step::Read, http("401 Unauthorized", "", &body)];
    let server = WireServer::start(vec![script]);
    let error = exchange(builder(&server)).await.unwrap_err();
    assert!(matches!(error.kind(), CallErrorKind::NoFlavorAccepted));
    assert_eq!(error.headline().to_string(), "basic+form got 401 invalid_client");
    assert_eq!(error.attempts().len(), 6);
}

#[tokio::test]
async fn no_error_text_shows_the_url() {
    for script in [vec![Step::Read], vec![Step::Read, Step::Hang]] {
        let server = WireServer::start(vec![script]);
        let url = format!("{}/PATH?key=URL-SECRET", server.url());
        let error = exchange(impatient(&url)).await.unwrap_err();
        let mut chain = format!("{error} {error:?}");
        let mut source = error.source();
        while let Some(error) = source {
            chain += &format!(" {error} {error:?}");
            source = error.source();
        }
        assert!(!chain.contains("PATH") && !chain.contains("URL-SECRET"), "{chain}");
    }
}

/// The environment is a process's own, so that this test runs another one in one of its own.
#[test]
fn cleartext_to_loopback_goes_past_the_proxy_of_the_environment() {
    let proxy = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", proxy.local_addr().unwrap());
    let output = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "attempts_share_one_connection"])
        .envs([("http_proxy", &url), ("HTTP_PROXY", &url), ("ALL_PROXY", &url)])
        .env_remove("NO_PROXY")
        .env_remove("no_proxy")
        .output()
        .unwrap();
    let output = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.contains("1 passed"), "{output}");
    proxy.set_nonblocking(true).unwrap();
    assert!(proxy.accept().is_err(), "the proxy was asked");
}

#[tokio::test]
async fn a_refusal_of_just_its_limit_is_not_waited_for() {
    let body = format!(r#"{{"error":"invalid_client"}}{}"#, " ".repeat(64 * 1024));
    let head = "HTTP/1.1 401 Unauthorized\r\ncontent-length: 1000000\r\n\r\n";
    let answer = [head, &body[..64 * 1024]].concat().into_bytes();
    let server = WireServer::start(vec![vec![Step::Read, Step::Send(answer), Step::Hang]]);
    let error = exchange(builder(&server)).await.unwrap_err();
    assert_eq!(error.headline().to_string(), "basic+form got 401 invalid_client");
    assert_eq!(error.attempts().len(), 6);
}

#[test]
fn a_client_that_keeps_cookies_is_refused() {
    let builder = reqwest::Client::builder().cookie_store(true);
    let error = ReqwestTransport::from_builder(builder).unwrap_err();
    assert!(matches!(error, ReqwestTransportError::KeepsCookies));
}

#[test]
fn a_client_that_cannot_be_built_is_an_error() {
    let builder = reqwest::Client::builder().user_agent("a\nb");
    let error = ReqwestTransport::from_builder(builder).unwrap_err();
    assert!(matches!(error, ReqwestTransportError::Build(_)));
}

fn builder(server: &WireServer) -> TokenExchangerBuilder {
    TokenExchanger::builder("my-client-id", server.url()).client_secret("my-client-secret")
}

/// Gives a server that does not answer the time in which a busy machine can send, and no more. Of it
/// nothing goes for reading the platform's roots.
fn impatient(url: &str) -> TokenExchangerBuilder {
    let client = reqwest::Client::builder().no_proxy().tls_certs_only([]);
    TokenExchanger::builder("my-client-id", url)
        .transport(ReqwestTransport::from_builder(client).unwrap())
        .time_limit(Duration::from_secs(1))
}

fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

async fn exchange(builder: TokenExchangerBuilder) -> Result<Issued, CallError> {
    builder.policy(Policy::Exhaustive).build().unwrap().exchange(code()).await
}
