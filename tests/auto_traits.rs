//! What can be sent, shared and held across threads, unwinds and awaits.

use token_exchanger::{
    ApplyError, Attempt, Authorization, AuthorizationCode, Authorize, Call, CallError, Callback,
    CallbackError, CapturedAnswer, CapturedRequest, ConfigError, Conventions, FromFn, HttpRequest,
    Issued, PendingAuthorization, Report, Secret, Token, TokenExchanger, TokenExchangerBuilder,
    Transport, TransportError, doctor,
};

fn sendable<T: Send + Sync + 'static>() {}
fn sendable_value<T: Send>(_: T) {}

#[test]
fn everything_is_send_and_sync() {
    sendable::<TokenExchanger>();
    sendable::<TokenExchangerBuilder>();
    sendable::<Call<Issued>>();
    sendable::<Call<()>>();
    sendable::<Authorize>();
    sendable::<Authorization>();
    sendable::<PendingAuthorization>();
    sendable::<Callback>();
    sendable::<CallbackError>();
    sendable::<ApplyError>();
    sendable::<Conventions>();
    sendable::<Issued>();
    sendable::<Token>();
    sendable::<Secret>();
    sendable::<AuthorizationCode>();
    sendable::<CallError>();
    sendable::<ConfigError>();
    sendable::<TransportError>();
    sendable::<Attempt>();
    sendable::<Report>();
    sendable::<CapturedRequest>();
    sendable::<CapturedAnswer>();
    sendable::<doctor::Finding>();
    sendable::<doctor::WalkReport>();
    sendable::<doctor::Walked>();
    sendable::<doctor::Detection>();
    sendable::<doctor::CurlError>();
    sendable::<Box<dyn Transport>>();
    sendable::<FromFn<fn(HttpRequest) -> std::future::Ready<()>, std::future::Ready<()>>>();
    #[cfg(feature = "reqwest")]
    sendable::<token_exchanger::ReqwestTransport>();
}

#[test]
fn the_futures_of_a_call_are_send() {
    let transport = token_exchanger::from_fn(async |_| unreachable!("nothing is sent"));
    let exchanger = TokenExchanger::builder("id", "https://as.example/token")
        .transport(std::sync::Arc::new(token_exchanger::from_fn(async |_| unreachable!())))
        .build()
        .unwrap();
    let code = || AuthorizationCode::unchecked("C");
    sendable_value(exchanger.exchange(code()).send(&transport));
    sendable_value(exchanger.exchange(code()).into_future());
}

#[test]
fn an_error_is_no_larger_than_a_pointer() {
    assert_eq!(size_of::<CallError>(), size_of::<usize>());
}
