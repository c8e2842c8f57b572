//! The machine turned by the caller: no transport and no runtime.
//!
//! `cargo run --example by_hand`

#![expect(clippy::print_stdout, reason = "an example shows what happens")]

use std::error::Error;
use std::ops::ControlFlow;
use std::time::SystemTime;

use token_exchanger::{
    AuthorizationCode, Flavor, HttpRequest, HttpResponse, TokenExchanger, from_fn,
};

fn main() -> Result<(), Box<dyn Error>> {
    let exchanger = TokenExchanger::builder("my-client-id", "https://provider.example/token")
        .client_secret("my-client-secret")
        .transport(from_fn(async |_| unreachable!("this call is turned by hand")))
        .build()?;

    let mut call = exchanger.exchange(AuthorizationCode::unchecked("some-unique-auth-code"));
    let issued = loop {
        let sent = SystemTime::now();
        let answer = provider(&call.request());
        match call.receive(Ok(answer), sent, SystemTime::now()) {
            ControlFlow::Continue(next) => call = next,
            ControlFlow::Break(end) => break end?,
        }
    };

    for attempt in &issued.attempts {
        println!("{attempt}");
    }
    println!("{:?}", issued.token);
    Ok(())
}

/// Stands for whatever carries a request and brings back an answer.
fn provider(request: &HttpRequest) -> HttpResponse {
    let (status, body) = if Flavor::of(request) == Some(Flavor::BODY_FORM) {
        (200, r#"{"access_token":"some-access-token","token_type":"Bearer","expires_in":3600}"#)
    } else {
        (401, r#"{"error":"invalid_client"}"#)
    };
    let mut answer = HttpResponse::new(body.into());
    *answer.status_mut() = status.try_into().expect("a status");
    answer
}
