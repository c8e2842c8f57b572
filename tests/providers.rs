//! A provider for each flavor, over real HTTP: each accepts one way of asking and no other.

#![cfg(feature = "reqwest")]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use token_exchanger::{
    AuthorizationCode, BodyEncoding, ClientAuth, CodeVerifier, Flavor, Policy, TokenExchanger,
};
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

/// Encoding changes both, and each reserved character can be misread in its own way.
const ID: &str = "https-app.example/cb?x=1";
const SECRET: &str = "s p@ce+/%25=&\"\\é";
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

#[tokio::test]
async fn exhaustive_gets_a_token_from_a_provider_of_each_flavor_in_the_documented_order() {
    for (turn, flavor) in Flavor::ALL.into_iter().enumerate() {
        let provider = provider(flavor, SECRET).await;
        let issued = exchange(&provider, Policy::Exhaustive, SECRET).await;
        assert_eq!(issued.flavor, flavor);
        assert_eq!(issued.attempts.len(), turn + 1, "{flavor}");
        assert_eq!(issued.token.access_token.expose(), "AT-SECRET-1");
    }
}

#[tokio::test]
async fn careful_gets_a_token_from_a_provider_of_each_flavor() {
    for flavor in Flavor::ALL {
        let provider = provider(flavor, SECRET).await;
        let issued = exchange(&provider, Policy::Careful, SECRET).await;
        assert_eq!(issued.flavor, flavor);
    }
}

#[tokio::test]
async fn careful_takes_the_encoded_twin_where_both_headers_are_the_same() {
    for flavor in [Flavor::BASIC_RAW_FORM, Flavor::BASIC_RAW_JSON] {
        let provider = provider_of("my-client-id", "my-client-secret", flavor).await;
        let exchanger = TokenExchanger::builder("my-client-id", url(&provider))
            .client_secret("my-client-secret")
            .policy(Policy::Careful)
            .build()
            .unwrap();
        let issued = exchanger.exchange(code()).await.unwrap();
        assert_eq!(issued.flavor.encoding, flavor.encoding);
        assert_eq!(issued.flavor.auth, ClientAuth::Basic);
    }
}

#[tokio::test]
async fn a_public_client_gets_a_token_in_either_encoding() {
    for flavor in Flavor::PUBLIC {
        let provider = provider_of(ID, "", flavor).await;
        let exchanger = TokenExchanger::builder(ID, url(&provider)).build().unwrap();
        let code = code().verifier(CodeVerifier::parse(VERIFIER).unwrap());
        assert_eq!(exchanger.exchange(code).await.unwrap().flavor, flavor);
    }
}

#[tokio::test]
async fn the_second_login_asks_once() {
    let provider = provider(Flavor::BASIC_RAW_JSON, SECRET).await;
    let exchanger =
        TokenExchanger::builder(ID, url(&provider)).client_secret(SECRET).build().unwrap();
    assert_eq!(exchanger.exchange(code()).await.unwrap().attempts.len(), 6);
    assert_eq!(exchanger.exchange(code()).await.unwrap().attempts.len(), 1);
    assert_eq!(provider.received_requests().await.unwrap().len(), 7);
}

#[tokio::test]
async fn a_wrong_secret_is_refused_by_every_flavor_and_the_code_given_back() {
    let provider = provider(Flavor::BODY_FORM, SECRET).await;
    let exchanger =
        TokenExchanger::builder(ID, url(&provider)).client_secret("wrong").build().unwrap();
    let error = exchanger.exchange(code()).await.unwrap_err();
    assert_eq!(error.kind().to_string(), "no_flavor_accepted");
    assert_eq!(error.attempts().len(), 6);
    assert!(error.into_code().is_some());
}

async fn exchange(provider: &MockServer, policy: Policy, secret: &str) -> token_exchanger::Issued {
    let exchanger = TokenExchanger::builder(ID, url(provider))
        .client_secret(secret)
        .redirect_uri("https://my.example/callback?a=b c")
        .scopes(["read", "offline_access"])
        .policy(policy)
        .build()
        .unwrap();
    exchanger.exchange(code()).await.unwrap()
}

fn url(provider: &MockServer) -> String {
    format!("{}/token", provider.uri())
}

fn code() -> AuthorizationCode {
    AuthorizationCode::unchecked("C0DE/1+")
}

async fn provider(flavor: Flavor, secret: &'static str) -> MockServer {
    provider_of(ID, secret, flavor).await
}

/// Answers as strict servers do: 415 or 400 to a body that it cannot parse, 401 to a client that it
/// does not know.
async fn provider_of(id: &'static str, secret: &'static str, flavor: Flavor) -> MockServer {
    let server = MockServer::start().await;
    let answer = move |request: &Request| {
        let Some(members) = members(request, flavor.encoding) else {
            let error = r#"{"error":"unsupported_grant_type"}"#;
            return ResponseTemplate::new(400).set_body_raw(error, "application/json");
        };
        let member = |name: &str| {
            members.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
        };
        let in_body = (member("client_id"), member("client_secret"));
        let known = match flavor.auth {
            ClientAuth::Body => basic(request).is_none() && in_body == (Some(id), Some(secret)),
            ClientAuth::None => basic(request).is_none() && in_body == (Some(id), None),
            ClientAuth::BasicRaw => basic(request) == Some(format!("{id}:{secret}")),
            _ => basic(request).is_some_and(|credentials| {
                let (seen_id, seen_secret) = credentials.split_once(':').unwrap();
                (&*decoded(seen_id), &*decoded(seen_secret)) == (id, secret)
            }),
        };
        // A raw reader and a decoding one agree where there is nothing to decode.
        let doubled = basic(request).is_some() && in_body != (None, None);
        if !known || doubled {
            let error = r#"{"error":"invalid_client"}"#;
            return ResponseTemplate::new(401).set_body_raw(error, "application/json");
        }
        assert_eq!(member("grant_type"), Some("authorization_code"));
        assert_eq!(member("code"), Some("C0DE/1+"));
        let token = r#"{"access_token":"AT-SECRET-1","token_type":"Bearer","expires_in":60}"#;
        ResponseTemplate::new(200).set_body_raw(token, "application/json")
    };
    Mock::given(method("POST")).and(path("/token")).respond_with(answer).mount(&server).await;
    server
}

fn members(request: &Request, encoding: BodyEncoding) -> Option<Vec<(String, String)>> {
    let content_type = request.headers.get("content-type")?.to_str().ok()?;
    match encoding {
        BodyEncoding::Json if content_type == "application/json" => {
            let members: std::collections::BTreeMap<String, String> =
                serde_json::from_slice(&request.body).ok()?;
            Some(members.into_iter().collect())
        }
        BodyEncoding::Form if content_type == "application/x-www-form-urlencoded" => {
            Some(url::form_urlencoded::parse(&request.body).into_owned().collect())
        }
        _ => None,
    }
}

fn basic(request: &Request) -> Option<String> {
    let header = request.headers.get("authorization")?.to_str().ok()?;
    String::from_utf8(STANDARD.decode(header.strip_prefix("Basic ")?).ok()?).ok()
}

fn decoded(half: &str) -> String {
    let pair = format!("x={half}");
    let mut pairs = url::form_urlencoded::parse(pair.as_bytes());
    pairs.next().map(|(_, value)| value.into_owned()).unwrap_or_default()
}
