//! A code becomes a token at a provider that accepts `body+json` only; then a provider that answers
//! 500 shows the six requests that it received. Everything runs on loopback.
//!
//! `cargo run --example quickstart`

#![expect(clippy::print_stdout, reason = "an example shows what happens")]

use std::error::Error;
use std::time::SystemTime;

use serde_json::json;
use token_exchanger::{AuthorizationCode, Token, TokenExchanger};
use wiremock::matchers::{any, body_partial_json, header};
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

const ID: &str = "my-client-id";
const SECRET: &str = "my-client-secret";
const CODE: &str = "some-unique-auth-code";

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let provider = json_provider().await;
    println!("A provider that wants id and secret in a JSON body:");
    let issued = exchanger(&provider)?.exchange(AuthorizationCode::unchecked(CODE)).await?;
    for (number, attempt) in (1..).zip(&issued.attempts) {
        println!("  attempt {number}: {attempt}");
    }
    show_token(&issued.token);

    let provider = broken_provider().await;
    println!("\nA provider that answers 500, asked by a fresh exchanger:");
    let error = exchanger(&provider)?.exchange(AuthorizationCode::unchecked(CODE)).await;
    println!("  {}", error.expect_err("it never answers anything else"));
    println!("  It received:");
    let requests = provider.received_requests().await.unwrap_or_default();
    for (number, request) in (1..).zip(&requests) {
        show_request(number, request);
    }
    Ok(())
}

fn exchanger(provider: &MockServer) -> Result<TokenExchanger, Box<dyn Error>> {
    let exchanger = TokenExchanger::builder(ID, format!("{}/oauth2/token", provider.uri()))
        .client_secret(SECRET)
        .redirect_uri("https://my.example/callback")
        .scopes(["widgets:read", "offline_access"])
        .build()?;
    Ok(exchanger)
}

async fn json_provider() -> MockServer {
    let provider = MockServer::start().await;
    let token = json!({
        "access_token": "some-access-token",
        "token_type": "bearer",
        "expires_in": 3600,
        "refresh_token": "some-refresh-token",
        "scope": "widgets:read offline_access",
    });
    Mock::given(header("content-type", "application/json"))
        .and(body_partial_json(json!({"client_id": ID, "client_secret": SECRET, "code": CODE})))
        .respond_with(ResponseTemplate::new(200).set_body_json(token))
        .mount(&provider)
        .await;
    let refusal = json!({"error": "invalid_client"});
    Mock::given(any())
        .respond_with(ResponseTemplate::new(401).set_body_json(refusal))
        .mount(&provider)
        .await;
    provider
}

async fn broken_provider() -> MockServer {
    let provider = MockServer::start().await;
    Mock::given(any()).respond_with(ResponseTemplate::new(500)).mount(&provider).await;
    provider
}

fn show_token(token: &Token) {
    let left = token.expires_at.and_then(|end| end.duration_since(SystemTime::now()).ok());
    println!("  token type:    {}", token.token_type);
    println!("  expires in:    {:.0} s", left.unwrap_or_default().as_secs_f64());
    println!("  scopes:        {}", token.scopes.as_deref().unwrap_or_default().join(" "));
    println!("  refresh token: {}", if token.refresh_token.is_some() { "yes" } else { "no" });
}

fn show_request(number: usize, request: &Request) {
    let header = |name| request.headers.get(name).and_then(|value| value.to_str().ok());
    let scheme = header("authorization").and_then(|value| value.split(' ').next());
    let body = String::from_utf8_lossy(&request.body);
    let masked = body.replace(SECRET, "[client_secret]").replace(CODE, "[code]");
    println!("  {number}. {} {}", request.method, request.url.path());
    println!("     authorization: {}", scheme.unwrap_or("none"));
    println!("     content-type:  {}", header("content-type").unwrap_or("none"));
    println!("     {masked}");
}
