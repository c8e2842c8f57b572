//! One exchange, by each of those that are compared. All of them build what must be built once
//! beforehand, and check the token that came.

use std::sync::Arc;
use std::time::Duration;

use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, Method};
use oauth2::basic::BasicClient;
use oauth2::{
    AuthorizationCode as PeerCode, ClientId, ClientSecret, EndpointNotSet, EndpointSet,
    PkceCodeVerifier, RedirectUrl, TokenResponse as _, TokenUrl,
};
use reqwest::{Client, redirect, retry};
use serde::Deserialize;
use token_exchanger::transport::{self, ReqwestTransport, Transport};
use token_exchanger::{
    AuthorizationCode, Call, CodeVerifier, Flavor, HttpResponse, Issued, TokenExchanger,
};
use url::Url;

use super::{ACCESS_TOKEN, CODE, ID, REDIRECT_URI, SECRET, TOKEN, VERIFIER};

/// An exchange that is ready to be made.
#[derive(Clone)]
pub(crate) enum Exchange {
    Ours(TokenExchanger),
    OursInMemory(TokenExchanger),
    Bare(Arc<Bare>),
    Oauth2(Arc<Oauth2>),
    Oauth2InMemory(Arc<Oauth2>),
}

impl Exchange {
    pub(crate) async fn make(&self) {
        match self {
            Self::Ours(exchanger) => {
                let issued = call(exchanger).await.expect("a token");
                assert_eq!(issued.token.access_token.expose(), ACCESS_TOKEN);
            }
            Self::OursInMemory(exchanger) => {
                let issued = call(exchanger).send_blocking(|_| Ok(answer())).expect("a token");
                assert_eq!(issued.token.access_token.expose(), ACCESS_TOKEN);
            }
            Self::Bare(bare) => bare.exchange().await,
            Self::Oauth2(peer) => peer.exchange().await,
            Self::Oauth2InMemory(peer) => peer.exchange_in_memory(),
        }
    }
}

pub(crate) fn exchanger(url: &str, transport: impl Transport + 'static) -> TokenExchanger {
    let builder = TokenExchanger::builder(ID, url).client_secret(SECRET).redirect_uri(REDIRECT_URI);
    builder.transport(transport).build().expect("a sound configuration")
}

/// For calls that are turned without one.
pub(crate) fn no_transport() -> impl Transport + 'static {
    transport::from_fn(async |_| unreachable!("nothing is sent"))
}

pub(crate) fn call(exchanger: &TokenExchanger) -> Call<Issued> {
    let verifier = CodeVerifier::parse(VERIFIER).expect("a verifier");
    exchanger.exchange(AuthorizationCode::unchecked(CODE).verifier(verifier))
}

/// An answer as a transport makes it.
pub(crate) fn answer() -> HttpResponse {
    let mut answer = HttpResponse::new(TOKEN.into());
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    answer
}

pub(crate) fn default_transport() -> ReqwestTransport {
    ReqwestTransport::new().expect("reqwest can be set up")
}

/// The limit: reqwest alone, with URL, headers and bodies that are there beforehand.
pub(crate) struct Bare {
    client: Client,
    url: Url,
    /// Sent in this order; the last is accepted.
    requests: Vec<(HeaderMap, &'static [u8])>,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "an application keeps them, so they are read")]
struct Answer {
    access_token: String,
    token_type: String,
    expires_in: u64,
    refresh_token: String,
}

impl Bare {
    pub(crate) fn new(url: &str, flavors: &[Flavor]) -> Self {
        let exchanger = exchanger(url, no_transport());
        let requests = flavors.iter().map(|&flavor| {
            let (head, body) = call(&exchanger).flavor(flavor).request().into_parts();
            (head.headers, &*body.leak())
        });
        let requests = requests.collect();
        Self { client: client(), url: url.parse().expect("a URL"), requests }
    }

    async fn exchange(&self) {
        let mut received = Default::default();
        for (headers, body) in &self.requests {
            let mut request = reqwest::Request::new(Method::POST, self.url.clone());
            *request.headers_mut() = headers.clone();
            *request.body_mut() = Some((*body).into());
            let response = self.client.execute(request).await.expect("an answer");
            received = response.bytes().await.expect("a body");
        }
        let answer: Answer = serde_json::from_slice(&received).expect("a token");
        assert_eq!(answer.access_token, ACCESS_TOKEN);
    }
}

/// The crate oauth2, over the same client as [`Bare`].
pub(crate) struct Oauth2 {
    client: Client,
    oauth2:
        BasicClient<EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointSet>,
}

impl Oauth2 {
    pub(crate) fn new(url: &str) -> Self {
        let redirect_uri = RedirectUrl::new(REDIRECT_URI.into()).expect("a URL");
        let oauth2 = BasicClient::new(ClientId::new(ID.into()))
            .set_client_secret(ClientSecret::new(SECRET.into()))
            .set_redirect_uri(redirect_uri)
            .set_token_uri(TokenUrl::new(url.into()).expect("a URL"));
        Self { client: client(), oauth2 }
    }

    async fn exchange(&self) {
        let client = self.client.clone();
        let send = move |request: oauth2::HttpRequest| {
            let client = client.clone();
            async move {
                let mut response = client.execute(request.try_into()?).await?;
                let mut answer = oauth2::HttpResponse::default();
                *answer.status_mut() = response.status();
                *answer.headers_mut() = std::mem::take(response.headers_mut());
                *answer.body_mut() = response.bytes().await?.into();
                Ok::<_, reqwest::Error>(answer)
            }
        };
        let token = self
            .oauth2
            .exchange_code(PeerCode::new(CODE.into()))
            .set_pkce_verifier(PkceCodeVerifier::new(VERIFIER.into()))
            .request_async(&send)
            .await
            .expect("a token");
        assert_eq!(token.access_token().secret(), ACCESS_TOKEN);
    }

    fn exchange_in_memory(&self) {
        let token = self
            .oauth2
            .exchange_code(PeerCode::new(CODE.into()))
            .set_pkce_verifier(PkceCodeVerifier::new(VERIFIER.into()))
            .request(&|_| Ok::<_, std::io::Error>(answer()))
            .expect("a token");
        assert_eq!(token.access_token().secret(), ACCESS_TOKEN);
    }
}

/// Set up as [`ReqwestTransport`] sets up its own for loopback, so that only the rest differs.
fn client() -> Client {
    Client::builder()
        .connect_timeout(Duration::from_secs(10))
        .user_agent("token-exchanger/0.0.0")
        .no_gzip()
        .no_proxy()
        .redirect(redirect::Policy::none())
        .referer(false)
        .retry(retry::never())
        .build()
        .expect("reqwest can be set up")
}
