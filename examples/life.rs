//! The whole life of a token, step by step, against a provider of its own on loopback: the user is
//! asked, the code exchanged, the API called, the token refreshed, and in the end revoked.
//!
//! `cargo run --example life`

#![expect(clippy::print_stdout, reason = "an example shows what happens")]

use std::collections::HashMap;
use std::error::Error;
use std::sync::Mutex;
use std::time::SystemTime;

use serde_json::json;
use token_exchanger::{Callback, CodeVerifier, PendingAuthorization, Token, TokenExchanger};
use url::{Url, form_urlencoded};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(Provider::default()).mount(&server).await;
    let url = |path: &str| format!("{}{path}", server.uri());

    let exchanger = TokenExchanger::builder("my-client-id", url("/oauth2/token"))
        .client_secret("my-client-secret")
        .authorization_url(url("/oauth2/authorize"))
        .revocation_url(url("/oauth2/revoke"))
        .redirect_uri("https://my.example/callback")
        .scopes(["widgets:read", "offline_access"])
        .build()?;

    println!("1. Authorize: send the user to");
    let authorization = exchanger.authorize()?.start()?;
    show_url(&authorization.url);
    let stored = serde_json::to_string(&authorization.pending)?;
    println!("   and keep {} bytes in the user's session.", stored.len());

    println!("2. Callback: the provider sends the user back, with");
    let callback = browse(&authorization.url).await?;
    show_url(&Url::parse(&callback)?);
    let callback = Callback::parse(&callback)?;
    let pending: PendingAuthorization = serde_json::from_str(&stored)?;
    let code = pending.accept(callback)?;
    println!(
        "   Its state is the one that was sent. Beside the code: realmId={:?}",
        code.param("realmId")
    );

    println!("3. Exchange:");
    let issued = exchanger.exchange(code).await?;
    for attempt in &issued.attempts {
        println!("   {attempt}");
    }
    let mut token = issued.token;
    show_token(&token);

    println!("4. Use: {}", call_api(&exchanger, &token, &url("/api/widgets")).await?);

    println!("5. Refresh, with what is stored:");
    token = serde_json::from_str(&serde_json::to_string(&token)?)?;
    let issued = exchanger.refresh(&token)?.await?;
    println!("   {}", issued.attempts[0]);
    let old = std::mem::replace(&mut token, issued.token);
    show_token(&token);
    println!(
        "   The old access token: {}",
        call_api(&exchanger, &old, &url("/api/widgets")).await?
    );
    println!(
        "   The new one:          {}",
        call_api(&exchanger, &token, &url("/api/widgets")).await?
    );

    println!("6. Revoke:");
    exchanger.revoke(&token)?.await?;
    println!("   done; the API says {}", call_api(&exchanger, &token, &url("/api/widgets")).await?);

    println!("7. Refresh once more:");
    let error = exchanger.refresh(&token)?.await.expect_err("it is revoked");
    println!("   {error}");
    println!("   needs_reauthorization: {}", error.needs_reauthorization());
    Ok(())
}

/// What a browser does, where the user says yes.
async fn browse(url: &Url) -> Result<String, Box<dyn Error>> {
    let browser = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build()?;
    let answer = browser.get(url.clone()).send().await?;
    let location = answer.headers().get("location").ok_or("the provider did not send back")?;
    Ok(location.to_str()?.to_owned())
}

async fn call_api(
    exchanger: &TokenExchanger,
    token: &Token,
    url: &str,
) -> Result<String, Box<dyn Error>> {
    let mut headers = http::HeaderMap::new();
    let mut url = Url::parse(url)?;
    exchanger.apply_to(token, &mut url, &mut headers)?;
    let answer = reqwest::Client::new().get(url).headers(headers).send().await?;
    Ok(format!("{} {}", answer.status().as_u16(), answer.text().await?))
}

fn show_url(url: &Url) {
    println!("   {}{}", url.host_str().unwrap_or_default(), url.path());
    for (name, value) in url.query_pairs() {
        let secret = ["code", "state", "code_challenge"].contains(&&*name);
        println!("     {name} = {}", if secret { "..." } else { &value });
    }
}

fn show_token(token: &Token) {
    let left = token.expires_at.and_then(|end| end.duration_since(SystemTime::now()).ok());
    let left = left.unwrap_or_default().as_secs_f64();
    let refreshable = if token.refresh_token.is_some() { "a" } else { "no" };
    println!("   {} token for {left:.0} s, with {refreshable} refresh token", token.token_type);
}

/// A provider that wants `body+form`, insists on PKCE, rotates refresh tokens and knows one user.
#[derive(Default)]
struct Provider {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    issued: usize,
    /// The challenge and the redirect URI that each code came with.
    codes: HashMap<String, (String, String)>,
    access_token: Option<String>,
    refresh_token: Option<String>,
}

impl Respond for Provider {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let mut state = self.state.lock().expect("no panic");
        let form: HashMap<String, String> =
            form_urlencoded::parse(&request.body).into_owned().collect();
        match request.url.path() {
            "/oauth2/authorize" => {
                state.authorize(&request.url.query_pairs().into_owned().collect())
            }
            "/oauth2/token" => state.token(&form),
            "/oauth2/revoke" => state.revoke(&form),
            _ => state.api(request),
        }
    }
}

impl State {
    fn authorize(&mut self, query: &HashMap<String, String>) -> ResponseTemplate {
        let code = self.fresh("code");
        let (challenge, uri) = (query["code_challenge"].clone(), query["redirect_uri"].clone());
        let mut location = Url::parse(&uri).expect("a redirect URI");
        self.codes.insert(code.clone(), (challenge, uri));
        location.query_pairs_mut().append_pair("code", &code).append_pair("state", &query["state"]);
        location.query_pairs_mut().append_pair("realmId", "42");
        ResponseTemplate::new(302).insert_header("location", location.as_str())
    }

    fn token(&mut self, form: &HashMap<String, String>) -> ResponseTemplate {
        let of = |name: &str| form.get(name).map(String::as_str);
        if (of("client_id"), of("client_secret"))
            != (Some("my-client-id"), Some("my-client-secret"))
        {
            return refuse(401, "invalid_client");
        }
        let is_good = match of("grant_type") {
            Some("authorization_code") => {
                let begun = of("code").and_then(|code| self.codes.remove(code));
                begun.is_some_and(|(challenge, uri)| {
                    let verifier = of("code_verifier").and_then(|it| CodeVerifier::parse(it).ok());
                    verifier.is_some_and(|it| it.challenge() == challenge)
                        && of("redirect_uri") == Some(&uri)
                })
            }
            Some("refresh_token") => self.refresh_token.as_deref() == of("refresh_token"),
            _ => false,
        };
        if !is_good {
            return refuse(400, "invalid_grant");
        }
        self.access_token = Some(self.fresh("access-token"));
        self.refresh_token = Some(self.fresh("refresh-token"));
        ResponseTemplate::new(200).set_body_json(json!({
            "access_token": self.access_token,
            "token_type": "bearer",
            "expires_in": 3600,
            "refresh_token": self.refresh_token,
        }))
    }

    fn revoke(&mut self, form: &HashMap<String, String>) -> ResponseTemplate {
        if self.refresh_token.as_ref() == form.get("token") {
            (self.access_token, self.refresh_token) = (None, None);
        }
        ResponseTemplate::new(200)
    }

    fn api(&self, request: &Request) -> ResponseTemplate {
        let sent = request.headers.get("authorization").and_then(|value| value.to_str().ok());
        let wanted = self.access_token.as_ref().map(|token| format!("Bearer {token}"));
        if sent.map(str::to_owned) == wanted {
            ResponseTemplate::new(200).set_body_string("3 widgets")
        } else {
            ResponseTemplate::new(401).set_body_string("token unknown")
        }
    }

    fn fresh(&mut self, kind: &str) -> String {
        self.issued += 1;
        format!("{kind}-{}", self.issued)
    }
}

fn refuse(status: u16, error: &str) -> ResponseTemplate {
    ResponseTemplate::new(status).set_body_json(json!({"error": error}))
}
