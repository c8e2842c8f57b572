//! The one way from an entry to a configuration.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use token_exchanger::{
    ClientAuth, Conventions, ErrorSign, ExpiresAt, ExpiresAtFormat, Flavor, LifetimeUnit, Pkce,
    RefreshWith, RequestConventions, TokenExchanger, TokenExchangerBuilder, TokenPlace, Verb,
    ZeroLifetime,
};

use crate::entry::{self, Client, Entry, Kind, ParamsIn, PerKind, Text, Unit, Uses};
use crate::provider::{Door, Provider};

pub(crate) struct Mapped {
    pub(crate) builder: TokenExchangerBuilder,
    /// What has to go with each call, since conventions cannot say it.
    pub(crate) params: PerKind<Params>,
}

pub(crate) fn mapped(
    entry: &Entry,
    client: &Client,
    provider: &Provider,
) -> Result<Mapped, String> {
    let at = |door, url: &str| moved(url, provider.address(door));
    // A client that learns the URL from the callback knows none before.
    let token_url = match entry.token_url_from_callback {
        Some(_) => "https://provider.example/known-from-the-callback".to_owned(),
        None => entry.token_url(),
    };
    let mut builder = TokenExchanger::builder(&client.client_id, at(Door::Token, &token_url))
        .redirect_uri(&client.redirect_uri)
        .scopes(entry.scopes(client));
    if needs_secret(entry) {
        builder = builder.client_secret(&*client.client_secret);
    }
    if let Some(url) = entry.authorization_url() {
        builder = builder.authorization_url(at(Door::Authorization, &url));
    }
    if let Some(url) = entry.refresh_url() {
        builder = builder.refresh_url(at(Door::Refresh, &url));
    }
    let (conventions, params) = conventions(entry, client)?;
    let stored = serde_json::to_string(&conventions).map_err(|error| error.to_string())?;
    let read: Conventions = serde_json::from_str(&stored).map_err(|error| error.to_string())?;
    if read != conventions {
        return Err(format!("the conventions come back from JSON otherwise: {stored}"));
    }
    Ok(Mapped { builder: builder.conventions(read), params })
}

/// The same URL on loopback: path and query to the letter.
pub(crate) fn moved(url: &str, to: SocketAddr) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let path = rest.find(['/', '?', '#']).map_or("", |at| &rest[at..]);
    format!("http://{to}{path}")
}

type Params = Vec<(String, String)>;

fn conventions(entry: &Entry, client: &Client) -> Result<(Conventions, PerKind<Params>), String> {
    let server = &entry.server;
    let mut ours = Conventions::default();
    let mut params = PerKind::<Params>::default();
    ours.verb = verb(entry, entry.first());
    ours.basic = server.basic.as_deref().map(template);
    ours.scope_delimiter = server.scope_delimiter.clone().filter(|_| !server.scope_raw);
    for (name, value) in &server.requires_headers {
        if value.0.contains("$CLIENT_SECRET[") {
            return Err(format!("no convention makes the header {name} of a part of the secret"));
        }
        ours.headers.insert(name.clone(), template(&value.0));
    }

    let own = &mut ours.authorization;
    own.raw_scope_delimiter = server.raw_delimiter().map(str::to_owned);
    own.query_in_fragment = server.query_in_fragment;
    own.pkce = match server.pkce {
        entry::Pkce::Allowed => Pkce::Allowed,
        entry::Pkce::Required => Pkce::Required,
        entry::Pkce::Refused => Pkce::Refused,
    };
    own.rename = server.renames.authorization.clone();
    own.omit = server.omits.authorization.clone();
    (own.params, params.authorization) = required(entry, client, Kind::Authorization);
    params.exchange = request(entry, client, Kind::Exchange, &mut ours.exchange);
    params.refresh = request(entry, client, Kind::Refresh, &mut ours.refresh);
    let (kind, own) = (Kind::ClientCredentials, &mut ours.client_credentials);
    params.client_credentials = request(entry, client, kind, own);

    let names = [("code", &server.callback_code_param), ("state", &server.callback_state_param)];
    ours.callback.rename = renamed(names);
    if entry.uses() == Uses::AccessToken {
        ours.refresh_with = RefreshWith::AccessToken;
    }
    answer(entry, &mut ours);
    application(entry, &mut ours);
    Ok((ours, params))
}

fn request(entry: &Entry, client: &Client, kind: Kind, to: &mut RequestConventions) -> Params {
    let server = &entry.server;
    to.rename = server.renames.of(kind).clone();
    to.omit = server.omits.of(kind).clone();
    let said = said(entry, kind).into_iter();
    to.omit.extend(said.filter(|name| STANDARD.contains(&&**name)));
    to.flavors = pinned(entry, kind);
    to.verb = Some(verb(entry, kind)).filter(|_| kind == Kind::Refresh);
    let (params, with_calls) = required(entry, client, kind);
    to.params = params;
    with_calls
}

/// What the URL says itself, and nobody may say again.
fn said(entry: &Entry, kind: Kind) -> Vec<String> {
    let url = match kind {
        Kind::Authorization => entry.authorization_url(),
        Kind::Refresh => entry.refresh_url(),
        Kind::Exchange | Kind::ClientCredentials => None,
    };
    let url = url.unwrap_or_else(|| entry.token_url());
    let query = url.split_once('?').map_or("", |(_, query)| query);
    url::form_urlencoded::parse(query.as_bytes()).map(|(name, _)| name.into_owned()).collect()
}

/// The flavors to give, where trying would not find them.
fn pinned(entry: &Entry, kind: Kind) -> Option<Vec<Flavor>> {
    let server = &entry.server;
    let accepts = server.accepts(kind);
    let is_public = |flavor: &Flavor| flavor.auth == ClientAuth::None;
    // Without a secret the public flavors are tried, with one all others.
    let is_untried = needs_secret(entry) && accepts.iter().all(is_public);
    let says_nothing = server.error_response.body.as_ref();
    let says_nothing = says_nothing.is_some_and(|body| !body.to_string().contains("$ERROR"));
    let differs = kind == Kind::Refresh && server.refresh.accepts.is_some();
    (is_untried || says_nothing || differs).then(|| accepts.to_vec())
}

fn verb(entry: &Entry, kind: Kind) -> Verb {
    match (entry.server.verb(kind), entry.server.params_in(kind)) {
        (entry::Verb::Get, _) => Verb::Get,
        (entry::Verb::Post, ParamsIn::Query) => Verb::PostQuery,
        (entry::Verb::Post, ParamsIn::Body) => Verb::Post,
    }
}

/// The parameters that are required: as conventions, and what has to go with each call.
fn required(entry: &Entry, client: &Client, kind: Kind) -> (BTreeMap<String, String>, Params) {
    let (server, said) = (&entry.server, said(entry, kind));
    let (mut conventions, mut calls) = (BTreeMap::new(), Params::new());
    for (theirs, Text(value)) in server.requires_params.of(kind) {
        if said.contains(theirs) {
            continue;
        }
        let renames = server.renames.of(kind).iter();
        let standard = renames.into_iter().find(|(_, renamed)| *renamed == theirs);
        let name = standard.map_or(theirs, |(standard, _)| standard).clone();
        let is_secret = value.contains("$CLIENT_SECRET");
        if value.contains("$CLIENT_SECRET[") || is_secret && kind == Kind::Authorization {
            calls.push((name, with_secret(value, client)));
        } else {
            conventions.insert(name, template(value));
        }
    }
    (conventions, calls)
}

/// A value as conventions write it.
fn template(value: &str) -> String {
    if value == "*" {
        return "any/1.0".to_owned();
    }
    let words = [
        ("$CLIENT_ID", "{client_id}"),
        ("$CLIENT_SECRET", "{client_secret}"),
        ("$RANDOM", "{random}"),
        ("$SCOPES", "{scope}"),
        ("$STATE", "{state}"),
    ];
    words.iter().fold(value.to_owned(), |text, (theirs, ours)| text.replace(theirs, ours))
}

/// `$CLIENT_SECRET[0:20]` is a part of it.
fn with_secret(value: &str, client: &Client) -> String {
    let secret = &client.client_secret;
    let Some((before, rest)) = value.split_once("$CLIENT_SECRET[") else {
        return value.replace("$CLIENT_SECRET", secret);
    };
    let (range, after) = rest.split_once(']').unwrap_or((rest, ""));
    let (from, to) = range.split_once(':').unwrap_or((range, ""));
    let (from, to) = (from.parse().unwrap_or(0), to.parse().unwrap_or(secret.len()));
    format!("{before}{}{after}", secret.get(from..to).unwrap_or_default())
}

fn answer(entry: &Entry, ours: &mut Conventions) {
    let look = &entry.server.response.look;
    let answer = &mut ours.answer;
    answer.root.clone_from(&look.root);
    answer.rename = renamed([
        ("access_token", &look.access_token),
        ("refresh_token", &look.refresh_token),
        ("expires_in", &look.expires_in),
    ]);
    if look.expires_in_unit == Unit::Milliseconds {
        answer.lifetime_unit = LifetimeUnit::Milliseconds;
    }
    let format = match look.expires_at_format {
        Unit::Seconds => ExpiresAtFormat::Seconds,
        Unit::Milliseconds => ExpiresAtFormat::Milliseconds,
        Unit::Rfc3339 => ExpiresAtFormat::Rfc3339,
    };
    answer.expires_at = look.expires_at.as_ref().map(|name| ExpiresAt::new(name, format));
    answer.default_lifetime = look.default_lifetime;
    if look.zero_lifetime.is_some() {
        answer.zero_lifetime = ZeroLifetime::Never;
    }
    answer.error = entry.server.error_response.recognised.as_ref().map(|told| {
        let mut sign = ErrorSign::at(&told.pointer);
        sign.success.clone_from(&told.success);
        // Without any, every value means an error.
        if !told.error.iter().any(|value| value == "*") {
            sign.error.clone_from(&told.error);
        }
        sign.code.clone_from(&told.code);
        sign.description.clone_from(&told.description);
        sign
    });
}

fn application(entry: &Entry, ours: &mut Conventions) {
    let Some(api) = &entry.server.api else {
        // A type that has a meaning of its own is taken at its word unless the template is given.
        let body = entry.body(entry.first());
        let named = body.get("token_type").and_then(entry::text);
        if named.is_some_and(|named| !named.eq_ignore_ascii_case("bearer")) {
            ours.apply.template = Some("Bearer {token}".to_owned());
        }
        return;
    };
    if api.place == entry::Place::Query {
        ours.apply.place = TokenPlace::Query;
    }
    ours.apply.name = Some(api.name().to_owned());
    ours.apply.template = Some(api.template().to_owned());
}

/// Whether anything that is sent is made of the secret.
pub(crate) fn needs_secret(entry: &Entry) -> bool {
    let server = &entry.server;
    let accepted = server.accepts(entry.first()).iter().chain(server.accepts(Kind::Refresh));
    let params = &server.requires_params;
    let params = [&params.authorization, &params.exchange, &params.refresh];
    let params = params.into_iter().chain([&server.requires_params.client_credentials]);
    let mut values = params.flat_map(BTreeMap::values).chain(server.requires_headers.values());
    accepted.into_iter().any(|flavor| flavor.auth != ClientAuth::None)
        || values.any(|value| value.0.contains("$CLIENT_SECRET"))
}

fn renamed<const N: usize>(names: [(&str, &Option<String>); N]) -> BTreeMap<String, String> {
    let theirs = names.into_iter().filter_map(|(name, theirs)| Some((name, theirs.clone()?)));
    theirs.map(|(name, theirs)| (name.to_owned(), theirs)).collect()
}

/// What a client says of itself at the token endpoint, whatever it asks.
const STANDARD: [&str; 10] = [
    "grant_type",
    "scope",
    "redirect_uri",
    "code",
    "code_verifier",
    "refresh_token",
    "client_id",
    "client_secret",
    "token",
    "token_type_hint",
];
