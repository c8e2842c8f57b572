//! What goes into a call: what a case says, else what the fixture has.

use std::time::{Duration, SystemTime};

use serde::Deserialize;
use serde_json::{Value, json};
use token_exchanger::{
    AuthorizationCode, CodeVerifier, ConfigError, Conventions, Flavor, Pkce, Policy,
    RequestConventions, Token, TokenExchanger, TokenExchangerBuilder, Transport, Verb,
};

use crate::case::{Asks, Config, Context, Given, Stored};
use crate::generated::{Generated, expanded};
use crate::names;
use crate::server::Reply;

pub(crate) struct Inputs {
    id: String,
    secret: Option<String>,
    code: String,
    pub(crate) verifier: Option<String>,
    redirect_uri: Option<String>,
    token_url: String,
    refresh_url: Option<String>,
    authorization_url: String,
    revocation_url: Option<String>,
    issuer: Option<String>,
    configured_redirect_uri: String,
    scopes: Vec<String>,
    stored: Stored,
    pub(crate) state: String,
    pub(crate) time_limit: Duration,
}

/// Why nothing was asked: the names that the cases have for it, and what it says.
pub(crate) type Unasked = (&'static [&'static str], String);

impl Inputs {
    pub(crate) fn of(context: &Context, given: &Given) -> Self {
        let (fixture, input, config) = (&context.fixture, &given.input, &given.config);
        let generated = |text: &Option<_>| text.as_ref().map(Generated::text);
        let secret = match &input.client_secret {
            Some(secret) => secret.clone(),
            None => {
                generated(&input.client_secret_gen).or_else(|| Some(fixture.client_secret.clone()))
            }
        };
        let or = |own: &Option<String>, usual: &str| own.clone().unwrap_or_else(|| usual.into());
        let scope = config.requested_scope.as_deref().unwrap_or_default();
        let scopes = scope.split_whitespace().map(ToOwned::to_owned);
        let both = Stored {
            access_token: Some(fixture.access_token.clone()),
            refresh_token: Some(fixture.refresh_token.clone()),
            ..Stored::default()
        };
        let issuer = given.pending.issuer.clone().or_else(|| config.issuer.clone());
        let revocation_url = config.revocation_url.clone();
        Self {
            id: generated(&input.client_id_gen)
                .unwrap_or_else(|| or(&input.client_id, &fixture.client_id)),
            secret,
            code: generated(&input.code_gen).unwrap_or_else(|| or(&input.code, &fixture.code)),
            verifier: match &input.code_verifier {
                Some(verifier) => verifier.as_deref().map(expanded),
                None => Some(fixture.code_verifier.clone()),
            },
            redirect_uri: input.redirect_uri.clone(),
            token_url: or(&config.token_url, &fixture.token_url),
            refresh_url: config.refresh_url.clone(),
            authorization_url: or(&config.authorize_url, "https://as.example/authorize"),
            revocation_url: revocation_url
                .unwrap_or_else(|| Some("https://as.example/revoke".to_owned())),
            issuer,
            configured_redirect_uri: or(&config.redirect_uri, &fixture.redirect_uri),
            scopes: scopes.chain(config.scopes.iter().cloned()).collect(),
            stored: match &given.stored {
                Some(stored) => {
                    let usual = if given.call == Asks::Apply { both } else { Stored::default() };
                    let access_token = stored.access_token.clone().or(usual.access_token);
                    Stored { access_token, ..stored.clone() }
                }
                None => both,
            },
            state: expanded(&or(&given.pending.state, &fixture.state)),
            time_limit: Duration::from_millis(config.total_timeout_ms.unwrap_or(30_000)),
        }
    }

    /// Where this is asked.
    pub(crate) fn endpoint(&self, asks: Asks) -> &str {
        let own = match asks {
            Asks::Refresh => self.refresh_url.as_deref(),
            Asks::Revoke => self.revocation_url.as_deref(),
            _ => None,
        };
        own.unwrap_or(&self.token_url)
    }

    pub(crate) fn exchanger(
        &self,
        given: &Given,
        policy: Policy,
        transport: impl Transport + 'static,
    ) -> Reply<Result<TokenExchanger, Unasked>> {
        let conventions = match conventions(given)? {
            Ok(conventions) => conventions,
            Err(unasked) => return Ok(Err(unasked)),
        };
        let mut builder = TokenExchanger::builder(&self.id, &self.token_url)
            .redirect_uri(&self.configured_redirect_uri)
            .scopes(&self.scopes)
            .authorization_url(&self.authorization_url)
            .conventions(conventions)
            .policy(policy)
            .time_limit(self.time_limit)
            .transport(transport);
        if let Some(secret) = &self.secret {
            builder = builder.client_secret(secret.as_str());
        }
        if let Some(url) = &self.refresh_url {
            builder = builder.refresh_url(url);
        }
        if let Some(url) = &self.revocation_url {
            builder = builder.revocation_url(url);
        }
        if let Some(issuer) = &self.issuer {
            builder = builder.issuer(issuer);
        }
        if let Some(attempts) = given.config.max_attempts {
            builder = builder.max_attempts(attempts);
        }
        if given.config.allow_http {
            builder = builder.danger_allow_http();
        }
        let (order, prefer) = (flavors(&given.order)?, flavors(&given.prefer)?);
        if !order.is_empty() {
            builder = builder.flavors(order);
        }
        let built = prefer.into_iter().fold(builder, TokenExchangerBuilder::prefer).build();
        Ok(built.map_err(|error| misconfigured(&error)))
    }

    pub(crate) fn code(&self) -> Result<AuthorizationCode, Unasked> {
        let mut code = AuthorizationCode::unchecked(self.code.as_str());
        if let Some(verifier) = &self.verifier {
            code = code.verifier(parsed(verifier)?);
        }
        if let Some(redirect_uri) = &self.redirect_uri {
            code = code.redirect_uri(redirect_uri);
        }
        Ok(code)
    }

    /// The token that is kept.
    pub(crate) fn token(&self) -> Reply<Token> {
        let stored = &self.stored;
        let mut token = Token::bearer(expanded(stored.access_token.as_deref().unwrap_or("AT-OLD")));
        token.refresh_token = stored.refresh_token.as_deref().map(Into::into);
        if let Some(token_type) = &stored.token_type {
            token.token_type.clone_from(token_type);
        }
        let now = SystemTime::now();
        let lives = stored.expires_in.or(stored.expired.then_some(-1));
        token.expires_at = lives.and_then(|seconds| {
            let distance = Duration::from_secs(seconds.unsigned_abs());
            if seconds < 0 { now.checked_sub(distance) } else { now.checked_add(distance) }
        });
        let scopes = stored.scope.as_ref().map(|scope| scope.split_whitespace());
        token.scopes = scopes.map(|scopes| scopes.map(ToOwned::to_owned).collect());
        token.flavor = flavors(&stored.flavor)?.first().copied();
        token.extra.clone_from(&stored.extra);
        Ok(token)
    }

    /// Long enough that they stand in no text by chance.
    pub(crate) fn secrets(&self, context: &Context, given: &Given) -> Vec<String> {
        let tokens = [&context.fixture.access_token, &context.fixture.refresh_token];
        let stored = [&self.stored.access_token, &self.stored.refresh_token];
        let stored = stored.into_iter().flatten().map(|token| expanded(token));
        let ours = [self.secret.as_ref(), Some(&self.code), self.verifier.as_ref()];
        let all = ours.into_iter().flatten().chain(tokens).cloned().chain(stored);
        let others = ["AT-SECRET", "RT-SECRET", "ID-SECRET", "AT-NEW", "RT-NEW", "Pr0xy-Pa55"];
        let all = all.chain(others.map(ToOwned::to_owned)).chain(given.input.state.clone());
        all.filter(|secret| secret.len() >= 6).collect()
    }
}

pub(crate) fn parsed(verifier: &str) -> Result<CodeVerifier, Unasked> {
    CodeVerifier::parse(verifier)
        .map_err(|error| (&[names::INVALID_VERIFIER][..], format!("{error} {error:?}")))
}

pub(crate) fn misconfigured(error: &ConfigError) -> Unasked {
    (names::config(error), format!("{error} {error:?}"))
}

/// What the case says of the provider, as conventions.
fn conventions(given: &Given) -> Reply<Result<Conventions, Unasked>> {
    let config = &given.config;
    let mut all = Conventions::default();
    if !config.conventions.is_null() {
        all = Conventions::deserialize(&config.conventions).map_err(|error| error.to_string())?;
    }
    if !config.params.is_empty() {
        // As JSON has them, and not as a map, which would keep one of two.
        let text = format!(r#"{{"params": {}}}"#, object(&config.params));
        let params = match serde_json::from_str::<RequestConventions>(&text) {
            Ok(conventions) => conventions.params,
            Err(error) => return refused(names::REPEATED_PARAMETER, &error),
        };
        match given.call {
            Asks::Refresh => all.refresh.params.extend(params),
            Asks::Revoke => all.revocation.params.extend(params),
            Asks::ClientCredentials => all.client_credentials.params.extend(params),
            Asks::AuthorizeUrl => all.authorization.params.extend(params),
            _ => all.exchange.params.extend(params),
        }
    }
    if !config.headers.is_empty() {
        let text = format!(r#"{{"headers": {}}}"#, object(&config.headers));
        match serde_json::from_str::<Conventions>(&text) {
            Ok(conventions) => all.headers.extend(conventions.headers),
            Err(error) => return refused(names::REPEATED_HEADER, &error),
        }
    }
    if let Some(root) = root(&config.token_path)? {
        all.answer.root = root;
    }
    all.scope_delimiter = config.scope_separator.clone().or(all.scope_delimiter);
    if let Some(verb) = &config.token_method {
        all.verb = Verb::deserialize(json!(verb.to_lowercase())).map_err(|it| it.to_string())?;
    }
    if let Some(name) = &config.client_id_param {
        rename(&mut all, "client_id", name);
    }
    all.authorization.pkce = match &config.pkce {
        Value::Null => all.authorization.pkce,
        Value::Bool(true) => Pkce::Allowed,
        Value::Bool(false) => Pkce::Refused,
        word => match word.as_str() {
            Some("default" | "S256") => Pkce::Allowed,
            Some("off" | "none" | "disabled") => Pkce::Refused,
            _ => Pkce::deserialize(word).map_err(|error| error.to_string())?,
        },
    };
    if given.pending.iss_required == Some(false) {
        all.callback.issuer_optional = true;
    }
    Ok(Ok(all))
}

/// The parameter is called so in every kind of request.
pub(crate) fn rename(conventions: &mut Conventions, name: &str, theirs: &str) {
    let Conventions { authorization, exchange, client_credentials, refresh, revocation, .. } =
        conventions;
    let requests = [exchange, client_credentials, refresh, revocation];
    let maps = requests.map(|request| &mut request.rename);
    for map in maps.into_iter().chain([&mut authorization.rename]) {
        map.insert(name.to_owned(), theirs.to_owned());
    }
}

/// A JSON Pointer, also one that is told by the names on the way.
fn root(path: &Value) -> Reply<Option<String>> {
    match path {
        Value::Null => Ok(None),
        Value::String(pointer) => Ok(Some(pointer.clone())),
        names => {
            let names = Vec::<String>::deserialize(names).map_err(|error| error.to_string())?;
            let escape = |name: &String| format!("/{}", name.replace('~', "~0").replace('/', "~1"));
            Ok(Some(names.iter().map(escape).collect()))
        }
    }
}

fn object(pairs: &[(String, String)]) -> String {
    let pair = |(name, value): &(String, String)| format!("{}:{}", json!(name), json!(value));
    format!("{{{}}}", pairs.iter().map(pair).collect::<Vec<_>>().join(","))
}

fn refused(
    kinds: &'static [&'static str],
    error: &serde_json::Error,
) -> Reply<Result<Conventions, Unasked>> {
    let text = error.to_string();
    if text.contains("stands there twice") { Ok(Err((kinds, text))) } else { Err(text) }
}

pub(crate) fn flavors<'a>(names: impl IntoIterator<Item = &'a String>) -> Reply<Vec<Flavor>> {
    let flavor = |name| names::flavor(name).ok_or_else(|| format!("`{name}` is no flavor"));
    names.into_iter().map(|name| flavor(name)).collect()
}

/// The verb of the case's requests, as far as it is not the standard's.
pub(crate) fn writes_into_urls(config: &Config) -> bool {
    let told = [&config.conventions["verb"], &config.conventions["exchange"]["verb"]];
    let kinds = ["client_credentials", "refresh", "revocation"];
    let told = told.into_iter().chain(kinds.map(|kind| &config.conventions[kind]["verb"]));
    config.token_method.is_some() || told.into_iter().any(|verb| !verb.is_null())
}
