//! The authorization server for tests, over real loopback connections, and as the replay of a report.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use serde_json::{Value, json as object};
#[cfg(feature = "reqwest")]
use token_exchanger::CallErrorKind;
use token_exchanger::testing::{AuthorizationServer, Failure};
use token_exchanger::{
    AuthorizationCode, Flavor, Report, TokenExchanger, TransportErrorKind, from_fn,
};

#[cfg(feature = "reqwest")]
mod over_reqwest {
    use std::time::Duration;

    use token_exchanger::testing::Served;
    use token_exchanger::{
        CallError, Callback, CodeFate, Issued, ReqwestTransport, Token, TokenExchangerBuilder,
    };

    use super::*;

    #[tokio::test]
    async fn a_whole_life_goes_over_loopback() {
        let server = AuthorizationServer::new("id", "s3cret/+", [Flavor::BASIC_RAW_FORM]);
        let served = server.serve().unwrap();
        let exchanger = builder(&served).build().unwrap();

        let authorization = exchanger.authorize().unwrap().start().unwrap();
        let browser = reqwest::Client::builder().no_proxy();
        let browser = browser.redirect(reqwest::redirect::Policy::none()).build().unwrap();
        let answer = browser.get(authorization.url.as_str()).send().await.unwrap();
        let callback = answer.headers()["location"].to_str().unwrap();
        let code = authorization.pending.accept(Callback::parse(callback).unwrap()).unwrap();

        let issued = exchanger.exchange(code).await.unwrap();
        assert_eq!(issued.flavor, Flavor::BASIC_RAW_FORM);
        let token = exchanger.refresh(&issued.token).unwrap().await.unwrap().token;
        let api = async |token: &Token| {
            let header = format!("Bearer {}", token.access_token.expose());
            let request = browser.get(served.api_url()).header("authorization", header);
            request.send().await.unwrap().status().as_u16()
        };
        assert_eq!(api(&token).await, 200);
        exchanger.revoke(&token).unwrap().await.unwrap();
        assert_eq!(api(&token).await, 401);

        assert_eq!(server.flavors_seen()[..5], Flavor::ALL[..5]);
        let seen = &server.requests()[1];
        assert_eq!(seen.uri().to_string(), served.token_url());
        assert!(seen.headers()["authorization"].is_sensitive());
    }

    #[tokio::test]
    async fn no_answer_is_none_on_the_wire_too() {
        let served = |kind| {
            let server = AuthorizationServer::accepting_any();
            server.fail_always(Failure::NoAnswer(kind));
            (server.serve().unwrap(), server)
        };
        for (kind, told) in [
            (TransportErrorKind::Timeout, TransportErrorKind::Timeout),
            (TransportErrorKind::Interrupted, TransportErrorKind::Interrupted),
            (TransportErrorKind::TooLarge, TransportErrorKind::TooLarge),
            // A server that listens refuses nobody.
            (TransportErrorKind::Connect, TransportErrorKind::Interrupted),
        ] {
            let (served, _server) = served(kind);
            let error = exchange(&served).await.unwrap_err();
            let CallErrorKind::Transport(error) = error.kind() else { panic!("{error}") };
            assert_eq!(error.kind(), told);
        }
    }

    #[tokio::test]
    async fn a_failure_over_loopback_is_the_one_in_memory() {
        let server = AuthorizationServer::accepting_any();
        let served = server.serve().unwrap();
        server.fail(Failure::InvalidClient);
        server.fail(Failure::TooManyRequests(Duration::from_secs(7)));
        let error = exchange(&served).await.unwrap_err();
        assert_eq!(error.retry_after(), Some(Duration::from_secs(7)));
        assert_eq!(error.code_fate(), CodeFate::ProbablyLive);
        assert_eq!(server.requests().len(), 2);
        exchange(&served).await.unwrap();
    }

    #[tokio::test]
    async fn where_nobody_listens_any_more_a_connection_is_refused() {
        let served = AuthorizationServer::accepting_any().serve().unwrap();
        let builder = builder(&served);
        drop(served);
        let error = builder.build().unwrap().exchange(AuthorizationCode::unchecked("c")).await;
        let error = error.unwrap_err();
        assert_eq!(error.code_fate(), CodeFate::Unsent, "{error}");
    }

    fn builder(served: &Served) -> TokenExchangerBuilder {
        TokenExchanger::builder("id", served.token_url())
            .client_secret("s3cret/+")
            .authorization_url(served.authorization_url())
            .revocation_url(served.revocation_url())
            .redirect_uri("https://my.example/callback")
            .time_limit(Duration::from_secs(2))
            .transport(ReqwestTransport::new().unwrap())
    }

    async fn exchange(served: &Served) -> Result<Issued, CallError> {
        builder(served).build().unwrap().exchange(AuthorizationCode::unchecked("c")).await
    }
}

#[test]
fn a_blocking_test_can_use_it_without_a_runtime() {
    let server = AuthorizationServer::accepting_any();
    let served = server.serve().unwrap();
    let answer = post(&served.url("token"));
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.contains(r#""example_parameter""#), "{answer}");
    assert_eq!(server.requests()[0].body(), b"a=b");
}

#[test]
fn it_stops_when_it_is_dropped_whoever_is_still_connected() {
    let server = AuthorizationServer::accepting_any();
    server.fail(Failure::NoAnswer(TransportErrorKind::Timeout));
    let served = server.serve().unwrap();
    let mut waiting = connect(&served.url("token"));
    waiting.write_all(request().as_bytes()).unwrap();
    while server.requests().is_empty() {
        std::thread::yield_now();
    }
    let url = served.token_url();
    drop(served);
    // Closed, or reset.
    let _ = waiting.read_to_end(&mut Vec::new());
    assert!(TcpStream::connect(authority(&url)).is_err());
}

#[test]
fn its_debug_shows_where_it_is_and_nothing_else() {
    let served = AuthorizationServer::new("id", "SECRET", Flavor::ALL).serve().unwrap();
    let debug = format!("{served:?}");
    assert!(debug.contains("127.0.0.1") && !debug.contains("SECRET"), "{debug}");
}

#[test]
fn a_report_answers_as_its_provider_did_and_the_last_for_ever() {
    let report = report(&[
        answered(401, object!([["content-type", "application/json"]]), r#"{"error":"nope"}"#),
        answered(429, object!([["retry-after", "9"], ["content-length", "9999"]]), ""),
    ]);
    let server = AuthorizationServer::replay(&report);
    for retried in [false, true] {
        let call = exchanger().exchange(AuthorizationCode::unchecked("c"));
        let error = call.send_blocking(|request| server.respond(request)).unwrap_err();
        assert_eq!(error.retry_after().unwrap().as_secs(), 9);
        assert_eq!(error.attempts().len(), if retried { 1 } else { 2 });
    }
    assert_eq!(server.requests().len(), 3);
}

#[test]
fn a_replayed_answer_has_no_header_that_its_body_belies() {
    let headers = object!([
        ["content-length", "9999"],
        ["content-encoding", "gzip"],
        ["transfer-encoding", "chunked"],
        ["x-one", "1"],
        ["x-one", "2"],
        ["not a name", "x"],
    ]);
    let server = AuthorizationServer::replay(&report(&[answered(404, headers, "<p>")]));
    let answer = server.answer(http::Request::post("/x").body(Vec::new()).unwrap());
    assert_eq!(answer.status(), 404);
    assert_eq!(answer.body(), b"<p>");
    let headers: Vec<_> = answer.headers().iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(headers, ["x-one", "x-one"]);
}

#[test]
fn a_replayed_attempt_without_an_answer_gets_none() {
    for (outcome, kind) in [
        ("connect", TransportErrorKind::Connect),
        ("timeout", TransportErrorKind::Timeout),
        ("interrupted", TransportErrorKind::Interrupted),
        ("too_large", TransportErrorKind::TooLarge),
        ("unplugged", TransportErrorKind::Unplugged),
        ("a word of a later version", TransportErrorKind::Interrupted),
    ] {
        let server = AuthorizationServer::replay(&report(&[attempt(outcome)]));
        let error = server.respond(http::Request::default()).unwrap_err();
        assert_eq!(error.kind(), kind, "{outcome}");
    }
    let server = AuthorizationServer::replay(&report(&[]));
    server.respond(http::Request::default()).unwrap_err();
}

#[test]
fn a_replayed_token_is_a_token_of_marks() {
    let body = r#"{"access_token":"[access_token]","token_type":"Bearer"}"#;
    let server = AuthorizationServer::replay(&report(&[answered(200, object!([]), body)]));
    let call = exchanger().exchange(AuthorizationCode::unchecked("c"));
    let issued = call.send_blocking(|request| server.respond(request)).unwrap();
    assert_eq!(issued.token.access_token.expose(), "[access_token]");
}

#[cfg(feature = "reqwest")]
#[tokio::test]
async fn a_replay_can_be_served() {
    let report = report(&[answered(404, object!([["content-length", "7"]]), "<p>gone")]);
    let served = AuthorizationServer::replay(&report).serve().unwrap();
    let exchanger = TokenExchanger::builder("id", served.token_url()).build().unwrap();
    let error = exchanger.exchange(AuthorizationCode::unchecked("c")).await.unwrap_err();
    assert!(matches!(error.kind(), CallErrorKind::WrongEndpoint(_)), "{error}");
}

fn exchanger() -> TokenExchanger {
    TokenExchanger::builder("id", "https://as.example/token")
        .client_secret("secret")
        .transport(from_fn(async |_| unreachable!("this exchanger's calls are played")))
        .build()
        .unwrap()
}

fn attempt(outcome: &str) -> Value {
    object!({
        "flavor": "basic+form", "outcome": outcome, "sent_at": 0, "elapsed_ms": 1,
        "request": { "method": "POST", "url": "https://as.example/token", "headers": [] },
    })
}

fn answered(status: u16, headers: Value, body: &str) -> Value {
    let mut attempt = attempt("answered");
    attempt["answer"] =
        object!({ "status": status, "headers": headers, "body": body, "length": 5000 });
    attempt
}

fn report(attempts: &[Value]) -> Report {
    serde_json::from_value(object!({
        "version": 1, "asked": "exchange", "ok": false, "message": "", "attempts": attempts,
        "configuration": {
            "client_id": "id", "has_client_secret": true, "encoding_matters": false,
            "token_url": "https://as.example/token", "redirect_uri": "", "scopes": [],
            "policy": "exhaustive", "flavors": [],
        },
    }))
    .unwrap()
}

fn post(url: &str) -> String {
    let mut stream = connect(url);
    stream.write_all(request().as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

fn request() -> String {
    "POST /token HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 3\r\n\r\na=b".into()
}

fn connect(url: &str) -> TcpStream {
    TcpStream::connect(authority(url)).unwrap()
}

fn authority(url: &str) -> &str {
    url.trim_start_matches("http://").split('/').next().unwrap()
}
