//! What a call tells `tracing`.

mod support;

use std::future::{IntoFuture as _, pending};
use std::io;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use support::{code, invalid_client, json, play, reserved, token};
use token_exchanger::testing::{AuthorizationServer, Failure};
use token_exchanger::{
    AuthorizationCode, CodeVerifier, Flavor, TokenExchanger, TransportError, TransportErrorKind,
    from_fn,
};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::format::FmtSpan;

/// Keeps what is logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    /// What is told while this runs, at every level and of every crate.
    fn of<T>(run: impl FnOnce() -> T) -> (T, String) {
        let log = Self::default();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_span_events(FmtSpan::FULL)
            .with_ansi(false)
            .without_time()
            .with_writer(log.clone())
            .finish();
        let result = tracing::subscriber::with_default(subscriber, run);
        let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
        (result, text)
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// The events of attempts.
fn attempts(log: &str) -> Vec<&str> {
    log.lines().filter(|line| line.contains("DEBUG") && line.contains(" attempt=")).collect()
}

#[test]
fn a_call_is_a_span_and_an_attempt_an_event() {
    let mut answers = vec![token(), invalid_client()];
    let exchanger = reserved().build().unwrap();
    let (_, log) = Log::of(|| {
        play(exchanger.exchange(code()), |_| Ok(answers.pop().unwrap())).0.unwrap();
    });
    let events = attempts(&log);
    assert_eq!(events.len(), 2, "{log}");
    for said in [
        "attempt=1",
        "flavor=basic+form",
        "class=\"client\"",
        "http.request.method=\"POST\"",
        "http.response.status_code=401",
        "error.type=\"invalid_client\"",
        "elapsed_ms=",
        "server.address=\"as.example\"",
        "server.port=443",
        "asked=\"exchange\"",
    ] {
        assert!(events[0].contains(said), "{said}: {}", events[0]);
    }
    assert!(events[1].contains("class=\"token\"") && !events[1].contains("error.type"), "{log}");
    let close = log.lines().find(|line| line.contains("close")).unwrap();
    assert!(close.contains("attempts=2") && close.contains("outcome=\"issued\""), "{close}");
    for not_said in ["otel.status_code", "error.type", "dropped"] {
        assert!(!close.contains(not_said), "{close}");
    }
}

#[test]
fn an_attempt_without_an_answer_tells_in_which_way() {
    let exchanger = reserved().build().unwrap();
    let (_, log) = Log::of(|| {
        let timeout = || TransportError::new(TransportErrorKind::Timeout, "slow");
        play(exchanger.exchange(code()), |_| Err(timeout())).0.unwrap_err();
    });
    let events = attempts(&log);
    assert!(events[0].contains("error.type=\"timeout\""), "{log}");
    assert!(!events[0].contains("status_code"), "{log}");
    let close = log.lines().find(|line| line.contains("close")).unwrap();
    assert!(close.contains("outcome=\"transport\""), "{close}");
    assert!(close.contains("otel.status_code=\"ERROR\""), "{close}");
    assert!(close.contains("error.type=\"transport\""), "{close}");
    assert!(!close.contains("dropped"), "{close}");
}

#[test]
fn a_call_that_is_turned_by_hand_tells_the_same() {
    let exchanger = reserved().build().unwrap();
    let now = std::time::SystemTime::UNIX_EPOCH;
    let (_, log) = Log::of(|| {
        let call = exchanger.exchange(code());
        assert!(call.receive(Ok(json(200, r#"{"access_token":"T"}"#)), now, now).is_break());
    });
    assert_eq!(attempts(&log).len(), 1, "{log}");
}

#[test]
fn a_call_that_is_dropped_in_flight_tells_so() {
    let exchanger = reserved().transport(from_fn(async |_| pending().await)).build().unwrap();
    let (_, log) = Log::of(|| {
        let mut sending = exchanger.exchange(code()).into_future();
        let poll = sending.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        assert!(matches!(poll, Poll::Pending));
    });
    let close = log.lines().find(|line| line.contains("close")).unwrap();
    assert!(close.contains("outcome=\"dropped\""), "{close}");
}

#[test]
fn a_call_that_is_dropped_between_two_requests_tells_so() {
    let exchanger = reserved().build().unwrap();
    let now = std::time::SystemTime::UNIX_EPOCH;
    let (_, log) = Log::of(|| {
        let call = exchanger.exchange(code()).receive(Ok(invalid_client()), now, now);
        assert!(matches!(call, ControlFlow::Continue(_)));
    });
    let close = log.lines().find(|line| line.contains("close")).unwrap();
    assert!(close.contains("outcome=\"dropped\""), "{close}");
}

#[test]
fn a_call_that_was_never_sent_tells_nothing() {
    let exchanger = reserved().build().unwrap();
    let ((), log) = Log::of(|| drop(exchanger.exchange(code())));
    assert_eq!(log, "");
}

#[test]
fn the_address_of_a_server_is_told_without_brackets() {
    for (url, address, port) in [
        ("https://[2001:db8::1]/token", "server.address=\"2001:db8::1\"", "server.port=443"),
        ("http://[::1]:8080/token", "server.address=\"::1\"", "server.port=8080"),
        ("http://127.0.0.1:8080/token", "server.address=\"127.0.0.1\"", "server.port=8080"),
    ] {
        let exchanger = TokenExchanger::builder("id", url)
            .transport(from_fn(async |_| unreachable!()))
            .build()
            .unwrap();
        let (_, log) = Log::of(|| play(exchanger.exchange(code()), |_| Ok(token())).0.unwrap());
        assert!(log.contains(address) && log.contains(port), "{log}");
    }
}

#[test]
fn what_a_transport_tells_stands_within_the_span() {
    let exchanger = reserved().build().unwrap();
    let (_, log) = Log::of(|| {
        play(exchanger.exchange(code()), |_| {
            tracing::info!("from the transport");
            Ok(token())
        })
    });
    let line = log.lines().find(|line| line.contains("from the transport")).unwrap();
    assert!(line.contains("token_exchanger.call"), "{line}");
}

#[cfg(feature = "reqwest")]
#[test]
fn no_log_at_any_level_holds_a_secret() {
    const SECRET: &str = "S3CRET/t+z=planted é";
    const REDIRECT_URI: &str = "https://my.example/cb";
    let server = AuthorizationServer::new("my-client-id", SECRET, [Flavor::BASIC_RAW_JSON]);
    let served = server.serve().unwrap();
    let exchanger = TokenExchanger::builder("my-client-id", served.token_url())
        .client_secret(SECRET)
        .redirect_uri(REDIRECT_URI)
        .revocation_url(served.revocation_url())
        .build()
        .unwrap();
    let verifier = CodeVerifier::from_bytes([7; 32]);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (tokens, log) = Log::of(|| {
        runtime.block_on(async {
            let code = server.code_bound_to(REDIRECT_URI, &verifier);
            let echo = format!(r#"{{"error":"x","error_description":"{SECRET} {code}"}}"#);
            server.fail(Failure::Respond(json(400, &echo)));
            let code = AuthorizationCode::unchecked(code).verifier(verifier);
            let issued = exchanger.exchange(code).await.unwrap();
            let refreshed = exchanger.refresh(&issued.token).unwrap().await.unwrap();
            exchanger.revoke(&refreshed.token).unwrap().await.unwrap();
            [issued.token, refreshed.token]
        })
    });
    assert!(log.contains("hyper") || log.contains("reqwest"), "nothing below us is heard: {log}");
    let mut secrets =
        vec![SECRET.to_owned(), "S3CRET".into(), "BwcHBwcHBwcH".into(), "code-1".into()];
    for token in tokens {
        secrets.push(token.access_token.expose().to_owned());
        secrets.push(token.refresh_token.unwrap().expose().to_owned());
    }
    for request in server.requests() {
        let header = request.headers().get("authorization").map(|it| it.to_str().unwrap());
        secrets.extend(header.and_then(|it| it.strip_prefix("Basic ")).map(str::to_owned));
    }
    for secret in secrets {
        assert!(!log.contains(&secret), "{secret} in {log}");
    }
}
