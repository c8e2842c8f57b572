//! A token for the client itself, from any endpoint or, without arguments, from one on loopback.
//!
//! ```sh
//! cargo run --example client_credentials
//! CLIENT_SECRET=... cargo run --example client_credentials -- \
//!     https://app.example.com/oauth2/token my-client-id [CONVENTIONS.json]
//! ```

#![expect(clippy::print_stdout, reason = "an example shows what happens")]

use std::error::Error;
use std::process::ExitCode;

use serde_json::json;
use token_exchanger::{Conventions, TokenExchanger};
use wiremock::matchers::{body_string_contains, header_exists};
use wiremock::{Mock, MockServer, ResponseTemplate};

#[tokio::main]
async fn main() -> ExitCode {
    match run(std::env::args().skip(1).collect()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Vec<String>) -> Result<(), Box<dyn Error>> {
    match &arguments[..] {
        [] => {
            let provider = provider().await;
            println!("A provider that wants a Basic header, JSON and an `audience`:");
            let conventions = r#"{"client_credentials": {"params": {"audience": "widgets"}}}"#;
            let url = format!("{}/oauth2/token", provider.uri());
            get(&url, "my-client-id", "my-client-secret", conventions).await
        }
        [token_url, client_id, rest @ ..] => {
            let secret = std::env::var("CLIENT_SECRET").unwrap_or_default();
            let conventions = match rest.first() {
                Some(path) => std::fs::read_to_string(path)?,
                None => "{}".to_owned(),
            };
            get(token_url, client_id, &secret, &conventions).await
        }
        _ => Err("usage: client_credentials [TOKEN_URL CLIENT_ID [CONVENTIONS.json]]".into()),
    }
}

async fn get(
    token_url: &str,
    client_id: &str,
    secret: &str,
    conventions: &str,
) -> Result<(), Box<dyn Error>> {
    let conventions: Conventions = serde_json::from_str(conventions)?;
    let exchanger = TokenExchanger::builder(client_id, token_url)
        .client_secret(secret)
        .conventions(conventions)
        .build()?;
    for asked in ["at first", "again, with what was learned"] {
        let issued = exchanger.client_credentials().await?;
        println!("{asked}:");
        for attempt in &issued.attempts {
            println!("  {attempt}");
        }
        println!("  {:?}", issued.token);
        for warning in &issued.warnings {
            println!("  warning: {warning}");
        }
    }
    Ok(())
}

async fn provider() -> MockServer {
    let provider = MockServer::start().await;
    let token = json!({"access_token": "some-token", "token_type": "Bearer", "expires_in": 3600});
    Mock::given(header_exists("authorization"))
        .and(body_string_contains("\"audience\":\"widgets\""))
        .respond_with(ResponseTemplate::new(200).set_body_json(token))
        .mount(&provider)
        .await;
    Mock::given(wiremock::matchers::any())
        .respond_with(ResponseTemplate::new(401).set_body_json(json!({"error": "invalid_client"})))
        .mount(&provider)
        .await;
    provider
}
