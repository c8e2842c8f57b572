//! The life of one connection: authorization, callback, exchange, use, refresh, use, and a refusal.

use std::collections::HashMap;
use std::time::{Duration, SystemTime};

use http::header::LOCATION;
use serde_json::Value;
use token_exchanger::{
    AuthorizationCode, Call, Callback, CodeVerifier, HttpRequest, HttpResponse, Issued,
    PendingAuthorization, Policy, ReqwestTransport, Token, TokenExchanger, Transport as _,
};
use url::Url;

use crate::api;
use crate::browser::{Arrival, besides};
use crate::entry::{Client, Entry, Grant, Kind, PerKind, Pkce, Text, Uses, filled};
use crate::expected::{self, Window};
use crate::mapping::{self, Mapped, moved};
use crate::provider::{Door, Provider};

/// Walks through the life of a connection with a client that is made from one entry and a provider
/// that is made from another; both are the same but where a test plants something wrong.
pub(crate) async fn walk(
    ours: &Entry,
    theirs: &Entry,
    client: &Client,
    policy: Policy,
    transport: &ReqwestTransport,
) -> Result<(), String> {
    let provider = Provider::start(theirs, client);
    let walk = Walk::new(ours, client, &provider, policy, transport)?;
    let came = walk.whole().await;
    let last = provider.refusals().into_iter().map(|it| it.reason).collect::<Vec<_>>();
    came.map_err(|reason| match &*last {
        [] => reason,
        reasons => format!("{reason}; the provider: {}", reasons.join(" / ")),
    })
}

struct Walk<'w> {
    entry: &'w Entry,
    client: &'w Client,
    provider: &'w Provider,
    policy: Policy,
    transport: &'w ReqwestTransport,
    exchanger: TokenExchanger,
    params: PerKind<Vec<(String, String)>>,
}

/// A code and what came with it.
struct Brought {
    code: AuthorizationCode,
    params: Vec<(String, String)>,
}

impl<'w> Walk<'w> {
    fn new(
        entry: &'w Entry,
        client: &'w Client,
        provider: &'w Provider,
        policy: Policy,
        transport: &'w ReqwestTransport,
    ) -> Result<Self, String> {
        let Mapped { builder, params } = mapping::mapped(entry, client, provider)?;
        let exchanger = builder.policy(policy).transport(transport.clone()).build();
        let exchanger = exchanger.map_err(|error| format!("the configuration: {error}"))?;
        Ok(Self { entry, client, provider, policy, transport, exchanger, params })
    }

    async fn whole(&self) -> Result<(), String> {
        let first = self.first().await?;
        let token = match self.entry.uses() {
            Uses::RefreshToken | Uses::AccessToken => self.refreshed(first).await?,
            Uses::None => {
                self.cannot_refresh(&first)?;
                first
            }
            Uses::RepeatGrant => {
                self.cannot_refresh(&first)?;
                let second = self.first().await?;
                if second.access_token == first.access_token {
                    return Err("the second token is the first".to_owned());
                }
                second
            }
        };
        self.use_otherwise(&token).await?;
        self.is_refused().await
    }

    /// Gets a token from nothing, and uses it.
    async fn first(&self) -> Result<Token, String> {
        let from = SystemTime::now();
        let call = match self.entry.grant {
            Grant::AuthorizationCode => {
                let Brought { code, params } = self.code().await?;
                self.at_their_url(self.exchanger.exchange(code), &params)?
            }
            Grant::ClientCredentials => self.exchanger.client_credentials(),
        };
        let issued = self.with_params(call, self.entry.first()).await;
        let issued = issued.map_err(|error| format!("the first token: {error}"))?;
        let token = self.accepted(issued, self.entry.first(), from, None)?;
        self.use_it(&token).await?;
        Ok(token)
    }

    /// Refreshes twice, since what a refresh leaves behind must be good for the next.
    async fn refreshed(&self, mut token: Token) -> Result<Token, String> {
        for _ in 0..2 {
            let text = serde_json::to_string(&token).map_err(|error| error.to_string())?;
            let stored: Token = serde_json::from_str(&text).map_err(|error| error.to_string())?;
            if stored != token {
                return Err("the token comes back from JSON otherwise".to_owned());
            }
            if let Some(margin) = self.entry.server.refresh.not_before_expiry {
                self.is_too_early(&stored, margin).await?;
            }
            let (before, from) = (self.provider.answer(), SystemTime::now());
            let issued = self.refresh(&stored)?.await;
            let issued = issued.map_err(|error| format!("the refresh: {error}"))?;
            token = self.accepted(issued, Kind::Refresh, from, Some(&before))?;
            self.use_it(&token).await?;

            let is_new = token.access_token != stored.access_token;
            if is_new == self.entry.server.refresh.lives_on {
                return Err("the access token is the old one, or should be".to_owned());
            }
            if self.entry.server.refresh.rotates {
                if token.refresh_token == stored.refresh_token {
                    return Err("the refresh token is the old one".to_owned());
                }
                self.provider.refusals();
                expected::check_refusal(self.provider, self.refresh(&stored)?.await)?;
            }
        }
        Ok(token)
    }

    /// Refreshes too early, which costs nothing, and moves the provider's clock to the right time.
    async fn is_too_early(&self, token: &Token, margin: u64) -> Result<(), String> {
        self.provider.refusals();
        expected::check_refusal(self.provider, self.refresh(token)?.await)?;
        token.expires_at.ok_or("nobody can tell when to refresh")?;
        self.provider.live_until_before_expiry(Duration::from_secs(margin));
        Ok(())
    }

    fn refresh(&self, token: &Token) -> Result<Call<Issued>, String> {
        let call = self.exchanger.refresh(token).map_err(|error| error.to_string())?;
        let call = self.with_params(call, Kind::Refresh);
        if self.entry.refresh_url().is_some() {
            return Ok(call);
        }
        self.at_their_url(call, &besides(self.entry))
    }

    fn cannot_refresh(&self, token: &Token) -> Result<(), String> {
        match (&token.refresh_token, self.exchanger.refresh(token)) {
            (None, Ok(_)) => Err("what has no refresh token can be refreshed".to_owned()),
            _ => Ok(()),
        }
    }

    fn with_params(&self, call: Call<Issued>, kind: Kind) -> Call<Issued> {
        let params = self.params.of(kind).iter().cloned();
        params.fold(call, |call, (name, value)| call.param(name, value))
    }

    /// Sends the call to the URL that the callback has brought, if that is where it is known from.
    fn at_their_url(
        &self,
        call: Call<Issued>,
        brought: &[(String, String)],
    ) -> Result<Call<Issued>, String> {
        let Some(template) = &self.entry.token_url_from_callback else { return Ok(call) };
        let brought = brought.iter().map(|(name, value)| (name.clone(), Text(value.clone())));
        let url = filled(template, &brought.collect());
        if url != self.entry.token_url() {
            return Err(format!("the callback makes {url} and not {}", self.entry.token_url()));
        }
        let url = moved(&url, self.provider.address(Door::Token));
        call.endpoint(&url).map_err(|error| error.to_string())
    }

    fn accepted(
        &self,
        issued: Issued,
        kind: Kind,
        from: SystemTime,
        before: Option<&Value>,
    ) -> Result<Token, String> {
        self.provider.refusals();
        let (window, token) = (Window { from, to: SystemTime::now() }, issued.token);
        let (entry, client, provider) = (self.entry, self.client, self.provider);
        expected::check(entry, client, provider, kind, &token, &window, before)?;
        Ok(token)
    }

    async fn code(&self) -> Result<Brought, String> {
        if self.entry.authorization_url().is_none() {
            let (code, params) = self.provider.bring();
            return Ok(Brought { code: AuthorizationCode::unchecked(code), params });
        }
        let server = &self.entry.server;
        let mut authorize = self.exchanger.authorize().map_err(|error| error.to_string())?;
        for (name, value) in &self.params.authorization {
            authorize = authorize.param(name, value.clone());
        }
        // Without a callback there is nothing to accept, and the application keeps the verifier.
        let own = CodeVerifier::from_bytes([7; 32]);
        if !server.code_comes_by_redirect() {
            authorize = authorize.verifier(own.clone());
        }
        let authorization = authorize.start().map_err(|error| error.to_string())?;
        let pending = serde_json::to_string(&authorization.pending);
        let pending = pending.map_err(|error| error.to_string())?;
        let kept = HashMap::from([(authorization.pending.state().to_owned(), pending)]);

        match self.browse(&authorization.url).await? {
            Arrival::Callback(url) if server.code_comes_by_redirect() => self.accept(&url, &kept),
            Arrival::Callback(_) => Err("a callback, which was not to come".to_owned()),
            Arrival::Webhook { code, params } => {
                let mut code = AuthorizationCode::unchecked(code);
                if server.pkce != Pkce::Refused {
                    code = code.verifier(own);
                }
                Ok(Brought { code, params })
            }
        }
    }

    fn accept(&self, url: &str, kept: &HashMap<String, String>) -> Result<Brought, String> {
        let server = &self.entry.server;
        let callback = Callback::parse(url).map_err(|error| error.to_string())?;
        let state = callback.param(server.state_param()).ok_or("the callback has no state")?;
        let pending = kept.get(state).ok_or("the callback has a state that nobody sent")?;
        let pending: PendingAuthorization =
            serde_json::from_str(pending).map_err(|error| error.to_string())?;
        let code = pending.accept(callback).map_err(|error| format!("the callback: {error}"))?;
        let mut params = Vec::new();
        for (name, Text(sample)) in &server.callback_params {
            let value = code.param(name).unwrap_or_default();
            if value != sample {
                return Err(format!("the callback brought {value:?} as {name}"));
            }
            params.push((name.clone(), value.to_owned()));
        }
        Ok(Brought { code, params })
    }

    /// Takes the URL to the provider as a browser does, which keeps a fragment to itself: what is in
    /// one is read by the page.
    async fn browse(&self, url: &Url) -> Result<Arrival, String> {
        if self.entry.server.query_in_fragment {
            return self.provider.authorize(url.as_str());
        }
        let response = self.get(url.as_str(), |_| Ok(())).await?;
        if let Some(callback) = response.headers().get(LOCATION) {
            let callback = callback.to_str().map_err(|error| error.to_string())?;
            return Ok(Arrival::Callback(callback.to_owned()));
        }
        let said = || String::from_utf8_lossy(response.body()).into_owned();
        self.provider.arrived().ok_or_else(|| format!("the page says: {}", said()))
    }

    async fn use_it(&self, token: &Token) -> Result<(), String> {
        let url = format!("http://{}{}", self.provider.address(Door::Api), api::TARGET);
        let apply = |request: &mut HttpRequest| {
            self.exchanger.apply(token, request).map_err(|error| error.to_string())
        };
        is_welcome(&self.get(&url, apply).await?)
    }

    /// The same by the other door, for requests of other kinds.
    async fn use_otherwise(&self, token: &Token) -> Result<(), String> {
        let url = format!("http://{}{}", self.provider.address(Door::Api), api::TARGET);
        let mut url = Url::parse(&url).map_err(|error| error.to_string())?;
        let mut headers = http::HeaderMap::new();
        let applied = self.exchanger.apply_to(token, &mut url, &mut headers);
        applied.map_err(|error| error.to_string())?;
        let put = |request: &mut HttpRequest| {
            *request.headers_mut() = headers;
            Ok(())
        };
        is_welcome(&self.get(url.as_str(), put).await?)
    }

    async fn get(
        &self,
        url: &str,
        prepare: impl FnOnce(&mut HttpRequest) -> Result<(), String>,
    ) -> Result<HttpResponse, String> {
        let mut request = HttpRequest::default();
        *request.uri_mut() = url.parse().map_err(|_| format!("no browser can go to {url}"))?;
        prepare(&mut request)?;
        self.transport.send(request).await.map_err(|error| error.to_string())
    }

    /// Asks with a code that is none, or as a client that nobody knows, and is told so.
    async fn is_refused(&self) -> Result<(), String> {
        self.provider.refusals();
        let came = match self.entry.grant {
            Grant::AuthorizationCode => {
                let mut code = AuthorizationCode::unchecked("made-up");
                if self.entry.server.pkce == Pkce::Required {
                    code = code.verifier(CodeVerifier::from_bytes([9; 32]));
                }
                let call = self.exchanger.exchange(code);
                let call = self.at_their_url(call, &besides(self.entry))?;
                self.with_params(call, Kind::Exchange).await
            }
            Grant::ClientCredentials => {
                let wrong = Client {
                    client_id: "nobody".to_owned(),
                    client_secret: "wrong".to_owned(),
                    ..self.client.clone()
                };
                let (provider, transport) = (self.provider, self.transport);
                let other = Walk::new(self.entry, &wrong, provider, self.policy, transport)?;
                let call = other.exchanger.client_credentials();
                other.with_params(call, Kind::ClientCredentials).await
            }
        };
        expected::check_refusal(self.provider, came)
    }
}

fn is_welcome(response: &HttpResponse) -> Result<(), String> {
    if response.status().is_success() {
        return Ok(());
    }
    Err(format!("the API says: {}", String::from_utf8_lossy(response.body())))
}
