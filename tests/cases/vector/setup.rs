//! What goes into the call of a vector.

use std::time::{Duration, SystemTime};

use serde::Deserialize as _;
use serde_json::{Value, json};
use token_exchanger::{
    AuthorizationCode, ConfigError, Conventions, Flavor, Policy, Token, TokenExchanger, Verb,
};
use url::Url;

use crate::inputs::rename;
use crate::names;

pub(super) fn exchanger(vector: &Value, policy: Policy) -> Result<TokenExchanger, ConfigError> {
    let (config, input) = (&vector["config"], &vector["input"]);
    let id = config["client_id"].as_str().unwrap_or("cid-1");
    let secret = match &config["client_secret"] {
        Value::Null if config["client_id"].is_null() => "s3cr3t/+:=&%",
        secret => secret.as_str().unwrap_or_default(),
    };
    let url = |name: &str, usual: &str| absolute(config[name].as_str().unwrap_or(usual));
    // Peers that exchange a code send no scope with it.
    let asks_for_all = ["authorize_url", "client_credentials", "refresh"];
    let asks_for_all = asks_for_all.iter().any(|op| vector["op"] == *op);
    let configured = if asks_for_all { texts(&config["scopes"]) } else { Vec::new() };
    let (asked, requested) = (texts(&input["scopes"]), texts(&config["requested_scopes"]));
    let mut builder = TokenExchanger::builder(id, url("token_url", "https://as.example/token"))
        .client_secret(secret)
        .scopes([configured, asked, requested].concat())
        .authorization_url(url("authorize_url", "https://as.example/authorize"))
        .revocation_url(url("revocation_url", "https://as.example/revoke"))
        .conventions(conventions(vector))
        .policy(policy)
        .transport(token_exchanger::from_fn(async |_| unreachable!("the call is played")));
    if let Some(refresh_url) = config["refresh_url"].as_str() {
        builder = builder.refresh_url(absolute(refresh_url));
    }
    if let Some(issuer) = config["issuer"].as_str() {
        builder = builder.issuer(issuer);
    }
    builder.build()
}

/// The Go vectors have URLs without a scheme.
pub(super) fn absolute(url: &str) -> String {
    if url.contains("://") { url.to_owned() } else { format!("https://{url}") }
}

/// What the vector says of the provider.
fn conventions(vector: &Value) -> Conventions {
    let config = &vector["config"];
    let mut all = Conventions::default();
    if !config["conventions"].is_null() {
        all = Conventions::deserialize(&config["conventions"]).expect("conventions");
    }
    for (name, value) in config["token_headers"].as_object().into_iter().flatten() {
        all.headers.insert(name.clone(), text_of(value));
    }
    if let Some(verb) = config["token_method"].as_str() {
        all.verb = Verb::deserialize(json!(verb.to_lowercase())).expect("a verb");
    }
    if let Some(name) = config["client_id_param"].as_str() {
        rename(&mut all, "client_id", name);
    }
    if let Some(pointer) = config["token_pointer"].as_str() {
        all.answer.root = pointer.to_owned();
    }
    let delimiter = config["scope_separator"].as_str().map(ToOwned::to_owned);
    all.scope_delimiter = delimiter.or(all.scope_delimiter);
    // RFC 9207, section 2.4: where the metadata does not promise it, none may come.
    all.callback.issuer_optional |= config["iss_parameter_supported"] != true;
    if vector["op"] == "parse_expires_at" {
        let format = config["format"].as_str().map_or_else(|| format(&vector["input"]), Into::into);
        let told = json!({"name": MOMENT, "format": format});
        all.answer.expires_at = serde_json::from_value(told).expect("a format");
    }
    all
}

/// How a moment is told, by how it looks.
fn format(input: &Value) -> Value {
    let digits = text_of(&input["value"]);
    match digits.parse::<f64>() {
        // In seconds that is the year 5138.
        Ok(number) if number >= 1e11 => json!("milliseconds"),
        Ok(_) => json!("seconds"),
        Err(_) => json!("rfc3339"),
    }
}

pub(super) const MOMENT: &str = "ends";

/// The one flavor of its calls, if it pins one.
pub(super) fn pinned(vector: &Value) -> Option<Flavor> {
    let name = vector["config"]["flavor"].as_str().filter(|name| *name != "auto")?;
    Some(names::flavor(name).expect("a flavor's name"))
}

pub(super) fn code(vector: &Value) -> AuthorizationCode {
    let (config, input) = (&vector["config"], &vector["input"]);
    let from_callback = input["callback_url"].as_str().and_then(|url| {
        let url = Url::parse(url).ok()?;
        url.query_pairs().find(|(name, _)| name == "code").map(|(_, code)| code.into_owned())
    });
    let code = from_callback.unwrap_or_else(|| input["code"].as_str().unwrap_or("c").to_owned());
    let code = AuthorizationCode::unchecked(code);
    // With the code: some peers' are words, and no URI.
    match input["redirect_uri"].as_str().or(config["redirect_uri"].as_str()) {
        Some(redirect_uri) => code.redirect_uri(redirect_uri),
        None => code,
    }
}

/// The token that a refresh, a revocation or an API request has.
pub(super) fn token(vector: &Value) -> Token {
    let input = &vector["input"];
    let text = |name: &str| input["token"][name].as_str();
    if vector["op"] == "revoke" || vector["op"] == "parse_revocation" {
        let token = input["token"].as_str().unwrap_or("t");
        return match input["token_type_hint"].as_str() {
            Some("refresh_token") => Token::bearer("unused").with_refresh_token(token),
            _ => Token::bearer(token),
        };
    }
    let mut token = Token::bearer(text("access_token").unwrap_or("old"));
    let refresh_token = input["refresh_token"].as_str().or(text("refresh_token"));
    token.refresh_token = refresh_token.map(Into::into);
    if let Some(token_type) = text("token_type") {
        token.token_type = token_type.to_owned();
    }
    let scopes = input["token"]["scope"].as_str().map(|it| it.split(' ').map(Into::into).collect());
    token.scopes = scopes;
    // Long ago, so that it cannot be taken for the new one's.
    let lives = input["token"]["expires_in"].as_u64().map(Duration::from_secs);
    token.expires_at = lives.map(|lives| SystemTime::UNIX_EPOCH + lives);
    token
}

pub(super) fn texts(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().map(text_of).collect()
}

pub(super) fn text_of(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned)
}
