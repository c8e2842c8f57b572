//! One machine, four ways to drive it.

mod support;

use std::ops::ControlFlow;
use std::sync::Mutex;
use std::time::{Duration, SystemTime};

use support::{answer, code, invalid_client, json, plain, play, token};
use token_exchanger::{
    CallErrorKind, CodeFate, Flavor, HttpRequest, Sending, TokenExchanger, Transport,
    TransportErrorKind, from_fn,
};

/// Refuses the first request and accepts the second.
#[derive(Default)]
struct Provider {
    seen: Mutex<Vec<HttpRequest>>,
}

impl Transport for Provider {
    fn send(&self, request: HttpRequest) -> Sending<'_> {
        let mut seen = self.seen.lock().unwrap();
        seen.push(request);
        let answer = if seen.len() == 1 { invalid_client() } else { token() };
        Box::pin(async move { Ok(answer) })
    }
}

#[tokio::test]
async fn a_call_is_awaited_over_the_exchangers_transport() {
    let provider = std::sync::Arc::new(Provider::default());
    let exchanger = TokenExchanger::builder("id", "https://as.example/token")
        .client_secret("secret")
        .transport(std::sync::Arc::clone(&provider))
        .build()
        .unwrap();
    let issued = exchanger.exchange(code()).await.unwrap();
    assert_eq!(issued.attempts.len(), 2);
    assert_eq!(provider.seen.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn a_call_can_be_spawned() {
    let exchanger = TokenExchanger::builder("id", "https://as.example/token")
        .transport(from_fn(async |_| Ok(token())))
        .build()
        .unwrap();
    let task = tokio::spawn(async move { exchanger.exchange(code()).await });
    assert!(task.await.unwrap().is_ok());
}

#[tokio::test]
async fn a_call_is_sent_over_another_transport_which_may_borrow() {
    let provider = Provider::default();
    let counted = Mutex::new(0);
    let transport = from_fn(|request| {
        *counted.lock().unwrap() += 1;
        provider.send(request)
    });
    let exchanger = plain().build().unwrap();
    let issued = exchanger.exchange(code()).send(&transport).await.unwrap();
    assert_eq!(issued.flavor, Flavor::BASIC_JSON);
    assert_eq!(*counted.lock().unwrap(), 2);
}

#[test]
fn a_call_is_sent_by_a_blocking_closure() {
    let exchanger = plain().build().unwrap();
    let mut answers = [invalid_client(), token()].into_iter();
    let issued = exchanger.exchange(code()).send_blocking(|_| Ok(answers.next().unwrap()));
    assert_eq!(issued.unwrap().attempts.len(), 2);
}

#[test]
fn a_call_is_turned_by_hand_and_lifetimes_count_from_when_its_request_was_sent() {
    let exchanger = plain().build().unwrap();
    let start = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
    let second = Duration::from_secs(1);

    let call = exchanger.exchange(code());
    assert_eq!(Flavor::of(&call.request()), Some(Flavor::BASIC_FORM));
    let ControlFlow::Continue(call) = call.receive(Ok(invalid_client()), start, start + second)
    else {
        panic!("a refusal goes on")
    };
    assert_eq!(Flavor::of(&call.request()), Some(Flavor::BASIC_JSON));
    let ControlFlow::Break(Ok(issued)) =
        call.receive(Ok(token()), start + 2 * second, start + 5 * second)
    else {
        panic!("a token ends it")
    };
    assert_eq!(issued.token.expires_at, Some(start + 3602 * second));
    assert_eq!(issued.attempts[0].elapsed, second);
    assert_eq!(issued.attempts[1].elapsed, 3 * second);
    assert_eq!(issued.token.flavor, Some(Flavor::BASIC_JSON));
}

#[test]
fn a_clock_that_runs_backwards_does_no_harm() {
    let exchanger = plain().build().unwrap();
    let start = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
    let earlier = start - Duration::from_secs(3600);
    let end = exchanger.exchange(code()).receive(Ok(token()), start, earlier);
    let ControlFlow::Break(Ok(issued)) = end else { panic!("a token") };
    assert_eq!(issued.attempts[0].elapsed, Duration::ZERO);
}

#[test]
fn a_time_limit_beyond_what_a_clock_can_hold_is_none() {
    let exchanger = plain().time_limit(Duration::MAX).build().unwrap();
    let (result, seen) = play(exchanger.exchange(code()), |_| Ok(json(500, "")));
    assert_eq!((result.unwrap_err().attempts().len(), seen.len()), (6, 6));
}

#[test]
fn an_answer_over_its_limit_from_a_transport_that_read_on_is_too_large_all_the_same() {
    let exchanger = plain().build().unwrap();
    let body = format!(r#"{{"access_token":"T","x":"{}"}}"#, "x".repeat(1024 * 1024));
    let (result, seen) = play(exchanger.exchange(code()), |_| Ok(json(200, &body)));
    let error = result.unwrap_err();
    let CallErrorKind::Transport(transport) = error.kind() else { panic!("{error}") };
    assert_eq!(transport.kind(), TransportErrorKind::TooLarge);
    assert_eq!((seen.len(), error.code_fate()), (1, CodeFate::Unknown));
}

#[test]
fn a_refusal_over_its_limit_is_cut_and_read_as_far_as_it_goes() {
    let exchanger = plain().build().unwrap();
    let late = format!(r#"{{"x":"{}","error":"invalid_grant"}}"#, "x".repeat(64 * 1024));
    let (result, _) = play(exchanger.exchange(code()), |_| Ok(json(400, &late)));
    assert!(matches!(result.unwrap_err().kind(), CallErrorKind::NoFlavorAccepted));

    let early = format!(r#"{{"error":"invalid_grant","x":"{}"}}"#, "x".repeat(64 * 1024));
    let (result, _) = play(exchanger.exchange(code()), |_| Ok(json(400, &early)));
    assert!(matches!(result.unwrap_err().kind(), CallErrorKind::Refused(_)));
}

#[cfg(not(feature = "reqwest"))]
#[tokio::test]
async fn a_call_without_a_transport_says_so_and_keeps_its_code() {
    let exchanger = TokenExchanger::builder("id", "https://as.example/token").build().unwrap();
    let error = exchanger.exchange(code()).await.unwrap_err();
    let CallErrorKind::Transport(transport) = error.kind() else { panic!("{error}") };
    assert_eq!(transport.kind(), TransportErrorKind::Unplugged);
    assert_eq!(error.code_fate(), CodeFate::Unsent);
    assert!(error.into_code().is_some());
}

#[test]
fn the_answers_headers_do_not_matter_where_the_body_speaks() {
    let exchanger = plain().build().unwrap();
    let headers = [("www-authenticate", "Key realm=\"kong\""), ("content-type", "nonsense")];
    let body = r#"{"access_token":"T","token_type":"Bearer"}"#;
    let (issued, _) = play(exchanger.exchange(code()), |_| Ok(answer(206, &headers, body)));
    assert_eq!(issued.unwrap().token.access_token.expose(), "T");
}
