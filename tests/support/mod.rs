//! Providers that answer from a script, in memory.

#![allow(dead_code, reason = "each test file uses a part")]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use token_exchanger::{
    AuthorizationCode, Call, CallError, CallErrorKind, CodeFate, Flavor, HttpRequest, HttpResponse,
    Policy, TokenExchanger, TokenExchangerBuilder, TransportError, TransportErrorKind, from_fn,
};

/// The client of the documented example: encoding changes nothing in its credentials.
pub(crate) fn plain() -> TokenExchangerBuilder {
    client("my-client-id", "my-client-secret")
}

/// A client whose secret has reserved characters, so that all six flavors differ.
pub(crate) fn reserved() -> TokenExchangerBuilder {
    client("cid-1", "s3cr3t/+:=&%")
}

pub(crate) fn client(id: &str, secret: &str) -> TokenExchangerBuilder {
    TokenExchanger::builder(id, "https://as.example/token")
        .client_secret(secret)
        .transport(from_fn(async |_| unreachable!("this exchanger's calls are played")))
}

pub(crate) fn code() -> AuthorizationCode {
    AuthorizationCode::unchecked("some-unique-auth-code")
}

pub(crate) fn json(status: u16, body: &str) -> HttpResponse {
    answer(status, &[("content-type", "application/json")], body)
}

pub(crate) fn answer(
    status: u16,
    headers: &[(&str, &str)],
    body: impl Into<Vec<u8>>,
) -> HttpResponse {
    let mut response = http::Response::builder().status(status);
    for (name, value) in headers {
        response = response.header(*name, *value);
    }
    response.body(body.into()).expect("a response")
}

pub(crate) fn token() -> HttpResponse {
    json(200, r#"{"access_token":"AT-SECRET-1","token_type":"Bearer","expires_in":3600}"#)
}

pub(crate) fn invalid_client() -> HttpResponse {
    json(401, r#"{"error":"invalid_client"}"#)
}

/// Plays a call against a provider, and brings back what the provider saw too.
pub(crate) fn play<T>(
    call: Call<T>,
    mut provider: impl FnMut(&HttpRequest) -> Result<HttpResponse, TransportError>,
) -> (Result<T, CallError>, Vec<HttpRequest>) {
    let mut seen = Vec::new();
    let result = call.send_blocking(|request| {
        let answer = provider(&request);
        seen.push(request);
        answer
    });
    (result, seen)
}

/// Exchanges a code at a provider that always gives the same answer.
pub(crate) fn always(
    builder: TokenExchangerBuilder,
    policy: Policy,
    answer: impl Fn() -> HttpResponse,
) -> (Result<token_exchanger::Issued, CallError>, Vec<Flavor>) {
    let exchanger = builder.policy(policy).build().expect("a configuration");
    let (result, seen) = play(exchanger.exchange(code()), |_| Ok(answer()));
    (result, flavors(&seen))
}

/// Exchanges a code at a provider that gives these answers in turn, and the last for ever.
pub(crate) fn in_turn(
    exchanger: &TokenExchanger,
    answers: &[HttpResponse],
) -> (Result<token_exchanger::Issued, CallError>, Vec<Flavor>) {
    let mut turn = 0;
    let (result, seen) = play(exchanger.exchange(code()), |_| {
        turn += 1;
        Ok(answers[turn.min(answers.len()) - 1].clone())
    });
    (result, flavors(&seen))
}

pub(crate) fn flavors(requests: &[HttpRequest]) -> Vec<Flavor> {
    requests.iter().map(|request| Flavor::of(request).expect("a flavor")).collect()
}

pub(crate) fn names(flavors: &[Flavor]) -> Vec<String> {
    flavors.iter().map(ToString::to_string).collect()
}

pub(crate) fn body(request: &HttpRequest) -> &str {
    std::str::from_utf8(request.body()).expect("text")
}

pub(crate) fn header<'a>(request: &'a HttpRequest, name: &str) -> Option<&'a str> {
    request.headers().get(name).map(|value| value.to_str().expect("text"))
}

/// What a Basic header holds.
pub(crate) fn basic(request: &HttpRequest) -> String {
    let header = header(request, "authorization").expect("an Authorization header");
    let credentials = header.strip_prefix("Basic ").expect("Basic");
    String::from_utf8(STANDARD.decode(credentials).expect("base64")).expect("text")
}

/// The call ended at its first attempt, without an answer.
#[track_caller]
pub(crate) fn assert_no_answer(error: &CallError, kind: TransportErrorKind, fate: CodeFate) {
    let CallErrorKind::Transport(transport) = error.kind() else { panic!("{error}") };
    assert_eq!(transport.kind(), kind, "{transport:?}");
    assert_eq!(error.code_fate(), fate);
    assert_eq!(error.attempts().len(), 1);
}
