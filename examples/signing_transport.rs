//! What data cannot say, a transport adds: here a client assertion, which some providers want in
//! place of a secret (RFC 7523, section 2.2), and a signature of the body in a header. A client
//! certificate belongs into the HTTP client that the inner transport is made of:
//! `ReqwestTransport::from_builder(reqwest::Client::builder().identity(...))`.
//!
//! `cargo run --example signing_transport`

#![expect(clippy::print_stdout, reason = "an example shows what happens")]

use std::error::Error;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::HeaderValue;
use serde_json::json;
use sha2::{Digest as _, Sha256};
use token_exchanger::{
    AuthorizationCode, Conventions, Flavor, HttpRequest, HttpResponse, Sending, TokenExchanger,
    Transport, from_fn,
};

/// Signs each request on its way to another transport. One request at a time is signed, after it was
/// written: whatever the flavor, the signature is that of the bytes that go out.
struct Signing<T> {
    inner: T,
    key: &'static str,
}

impl<T: Transport> Transport for Signing<T> {
    fn send(&self, mut request: HttpRequest) -> Sending<'_> {
        // A parameter goes to the end of a form.
        let assertion = sign(self.key, request.uri().to_string().as_bytes());
        let added = format!(
            "&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer\
             &client_assertion={assertion}"
        );
        request.body_mut().extend_from_slice(added.as_bytes());
        // A header, of what the body is now.
        let signature = HeaderValue::try_from(sign(self.key, request.body()));
        let mut signature = signature.expect("base64 is a header value");
        signature.set_sensitive(true);
        request.headers_mut().insert("x-signature", signature);
        self.inner.send(request)
    }
}

/// Stands for a real signature: an RS256 of a JWT, or an HMAC, by the crate of your choice.
fn sign(key: &str, bytes: &[u8]) -> String {
    let digest = Sha256::new().chain_update(key).chain_update(bytes).finalize();
    URL_SAFE_NO_PAD.encode(digest)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    // A client without a secret: the assertion stands for it, so the flavor is `none+form`.
    let mut conventions = Conventions::default();
    conventions.exchange.flavors = Some(vec![Flavor::PUBLIC[0]]);
    let exchanger = TokenExchanger::builder("my-client-id", "https://provider.example/token")
        .conventions(conventions)
        .transport(Signing { inner: from_fn(provider), key: "some-private-key" })
        .build()?;

    let issued = exchanger.exchange(AuthorizationCode::unchecked("some-unique-auth-code")).await?;
    for attempt in &issued.attempts {
        println!("{attempt}");
    }
    println!("{:?}", issued.token);
    Ok(())
}

/// A provider that checks both, in memory.
async fn provider(request: HttpRequest) -> Result<HttpResponse, token_exchanger::TransportError> {
    let assertion = sign("some-private-key", request.uri().to_string().as_bytes());
    let body = String::from_utf8_lossy(request.body());
    let signature = request.headers().get("x-signature").and_then(|value| value.to_str().ok());
    let signed = signature == Some(&sign("some-private-key", request.body()));
    println!("The provider received:\n  {body}\n  signed: {signed}");
    let (status, answer) = if signed && body.contains(&format!("client_assertion={assertion}")) {
        (200, json!({"access_token": "some-token", "token_type": "Bearer", "expires_in": 3600}))
    } else {
        (401, json!({"error": "invalid_client"}))
    };
    let mut response = HttpResponse::new(answer.to_string().into_bytes());
    *response.status_mut() = status.try_into().expect("a status");
    Ok(response)
}
