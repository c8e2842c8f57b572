//! What is wrong with a configuration, before anything is sent.

use url::Url;

use super::finding::{Finding, FindingKind};
use super::offline;
use crate::conventions::{Conventions, Pkce, RefreshWith};
use crate::endpoint::Endpoint;
use crate::error::ConfigError;
use crate::exchanger::{TokenExchanger, TokenExchangerBuilder};
use crate::kind::Kind;
use crate::secret::Secret;
use crate::setup::Setup;
use crate::transport::is_loopback;

mod placeholder;

/// Looks a configuration over, before it is saved: what keeps it from being built, or else what
/// [`check_exchanger`] finds. Nothing is sent.
pub fn check_builder(builder: TokenExchangerBuilder) -> Vec<Finding> {
    match builder.build() {
        Ok(exchanger) => check_exchanger(&exchanger),
        Err(error) => vec![check_config_error(&error)],
    }
}

/// Says what to do about a configuration that cannot be built.
pub fn check_config_error(error: &ConfigError) -> Finding {
    let (kind, cause, remedy) = match error {
        ConfigError::SurroundingWhitespace { .. } => (
            FindingKind::WhiteSpace,
            "it was copied with more than itself; providers take it for another value, and answer \
             invalid_client or a mismatch",
            "paste it again without the white space, or trim it before it is stored",
        ),
        ConfigError::InsecureUrl { .. } => (
            FindingKind::Cleartext,
            "over http the secret, the code and the tokens can be read by everyone on the way",
            "write https; for a test server in your own network, danger_allow_http",
        ),
        ConfigError::FragmentInUrl { .. } | ConfigError::UserinfoInUrl { .. } => (
            FindingKind::Url,
            "the URL was copied from a browser or a command, with a part that no endpoint has",
            "do what the symptom says; id and secret have settings of their own",
        ),
        ConfigError::InvalidUrl { .. } | ConfigError::UnsupportedScheme { .. } => (
            FindingKind::Url,
            "a part of the URL is missing, or something else was pasted in its place",
            "copy the whole URL from the provider's documentation, https:// included, and fill in \
             what stands in brackets there",
        ),
        ConfigError::InvalidRedirectUri => (
            FindingKind::RedirectUri,
            "the redirect URI is the whole URL that the provider sends the user back to",
            "write it as it is registered at the provider, scheme included and without a #",
        ),
        ConfigError::EmptyClientId => (
            FindingKind::ClientId,
            "it was not filled in",
            "copy the client id (some call it application id, key or consumer key) from the \
             provider's console",
        ),
        _ => (
            FindingKind::Configuration,
            "the settings contradict each other or the standard",
            "change the setting that the symptom names",
        ),
    };
    Finding::problem(kind, error.to_string(), cause, remedy)
}

/// Looks an exchanger's configuration over for what is allowed and yet probably wrong. Nothing is
/// sent.
pub fn check_exchanger(exchanger: &TokenExchanger) -> Vec<Finding> {
    let setup = &**exchanger.setup();
    let mut findings = Vec::new();
    endpoints(setup, &mut findings);
    credentials(setup, &mut findings);
    redirect_uri(setup, &mut findings);
    scopes(setup, &mut findings);
    findings.extend(issuer(setup));
    findings.extend(refresh(setup));
    findings.extend(pkce(setup));
    findings.extend(limits(setup));
    findings
}

fn endpoints(setup: &Setup, findings: &mut Vec<Finding>) {
    let endpoints = &setup.endpoints;
    let named = [
        ("token_url", Some(&endpoints.token)),
        ("authorization_url", endpoints.authorization.as_ref()),
        ("refresh_url", endpoints.refresh.as_ref()),
        ("revocation_url", endpoints.revocation.as_ref()),
    ];
    for (field, endpoint) in named {
        let Some(url) = endpoint.map(|endpoint| &endpoint.target.url) else { continue };
        findings.extend(misplaced(field, url));
        findings.extend(unfilled(FindingKind::Url, field, url.as_str()));
        if url.scheme() == "http" && !is_loopback(url.host_str().unwrap_or_default()) {
            findings.push(Finding::risk(
                FindingKind::Cleartext,
                format!("{field} is cleartext http"),
                "over http the secret, the code and the tokens can be read by everyone on the way",
                "write https, and leave danger_allow_http out",
            ));
        }
    }
    let token = &endpoints.token.target.url;
    if endpoints.authorization.as_ref().is_some_and(|it| same_place(&it.target.url, token)) {
        findings.push(Finding::problem(
            FindingKind::Url,
            "authorization_url and token_url are the same",
            "the first is a page for users, the second answers programs; one was pasted twice",
            "look both up in the provider's documentation",
        ));
    }
    let authorization = endpoints.authorization.as_ref().map(|it| it.target.url.as_str().len());
    if authorization.is_some_and(|length| length > LONG_URL) {
        findings.push(Finding::risk(
            FindingKind::HeadersTooLarge,
            format!(
                "authorization_url is longer than {LONG_URL} characters before anything is added"
            ),
            "servers and proxies refuse long URLs by 414 or 431",
            "shorten its query and the list of scopes; a state of your own should be short",
        ));
    }
    let other_host = |endpoint: &Endpoint| endpoint.target.url.host_str() != token.host_str();
    if let Some(refresh) = endpoints.refresh.as_ref().filter(|it| other_host(it)) {
        findings.push(Finding::risk(
            FindingKind::Url,
            format!("refresh_url is at {}, token_url at {}", refresh.host, endpoints.token.host),
            "the client's secret goes to both hosts; most providers refresh at the token URL",
            "leave refresh_url out, unless the documentation names another one",
        ));
    }
}

/// A URL that looks like another endpoint's.
fn misplaced(field: &'static str, url: &Url) -> Option<Finding> {
    let path = url.path().to_ascii_lowercase();
    let last = path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    let is_authorization = last.starts_with("authori") || matches!(last, "auth" | "consent");
    let is_metadata = path.contains("/.well-known/");
    let (is, remedy) = match field {
        _ if is_metadata => (
            "is the provider's metadata, a document",
            "open it in a browser and copy the endpoint from it: token_endpoint, \
             authorization_endpoint, revocation_endpoint",
        ),
        "authorization_url" if last == "token" || last == "access_token" => (
            "looks like a token URL",
            "set the URL of the page where users say yes; it often ends in /authorize",
        ),
        "token_url" | "refresh_url" if is_authorization => (
            "looks like an authorization URL",
            "set the URL that answers programs; it often ends in /token",
        ),
        "revocation_url" if last.contains("introspect") || last == "token" => (
            "does not look like a revocation URL",
            "set the URL that ends tokens; it often ends in /revoke",
        ),
        "token_url" if last.is_empty() => (
            "has no path",
            "set the whole URL of the token endpoint, not the address of the service",
        ),
        _ => return None,
    };
    Some(Finding::problem(
        FindingKind::Url,
        format!("{field} {is}: {}", without_query(url)),
        "another of the provider's URLs was pasted",
        remedy,
    ))
}

fn credentials(setup: &Setup, findings: &mut Vec<Finding>) {
    let id = setup.client.id();
    let secret = setup.client.secret().map_or("", Secret::expose);
    let named = [
        ("client_id", FindingKind::ClientId, id),
        ("client_secret", FindingKind::ClientSecret, secret),
    ];
    for (field, kind, value) in named {
        if placeholder::is_one(value) {
            findings.push(Finding::problem(
                kind,
                format!("{field} is the placeholder of an example or a variable"),
                "it was not filled in, or the variable was not replaced",
                "copy the value from the provider's console",
            ));
        } else if is_quoted(value) {
            findings.push(Finding::problem(
                kind,
                format!("{field} stands in quotes"),
                "the quotes were copied along; they are sent as a part of it",
                "leave the quotes out",
            ));
        }
    }
    if !secret.is_empty() && id == secret {
        findings.push(Finding::problem(
            FindingKind::ClientSecret,
            "client_id and client_secret are the same",
            "one was pasted twice",
            "copy both from the provider's console again",
        ));
    }
    if holds_escape(secret) {
        findings.push(Finding::risk(
            FindingKind::SecretEncoding,
            "client_secret looks URL-encoded: it has an escape such as %2B",
            "it was taken from a URL or a form; where an escape is needed, a flavor writes it",
            "give the secret as the provider shows it",
        ));
    }
}

fn redirect_uri(setup: &Setup, findings: &mut Vec<Finding>) {
    let uri = &setup.redirect_uri;
    if uri.is_empty() {
        if setup.endpoints.authorization.is_some() {
            findings.push(Finding::risk(
                FindingKind::RedirectUri,
                "redirect_uri is not set",
                "most providers want it in both requests, and refuse if it is missing in one",
                "set it as it is registered at the provider",
            ));
        }
        return;
    }
    let Ok(url) = Url::parse(uri) else { return };
    if uri.contains('*') || placeholder::is_in(uri) {
        findings.push(Finding::problem(
            FindingKind::RedirectUri,
            format!("redirect_uri is a pattern: {}", without_query(&url)),
            "providers compare it byte by byte",
            "write the one URL that users come back to",
        ));
    }
    if url.scheme() == "http" && !is_loopback(url.host_str().unwrap_or_default()) {
        findings.push(Finding::risk(
            FindingKind::RedirectUri,
            format!("redirect_uri is cleartext http: {}", without_query(&url)),
            "the code travels in the clear, and many providers refuse to register such a URI",
            "use https",
        ));
    }
}

fn scopes(setup: &Setup, findings: &mut Vec<Finding>) {
    let mut unfilled =
        setup.scopes.iter().filter_map(|it| unfilled(FindingKind::Scope, "scopes", it));
    findings.extend(unfilled.next());
    let delimiter = setup.conventions.scope_delimiter.as_deref();
    let joined = setup.scopes.iter().find(|scope| scope.contains(',') || scope.contains(';'));
    if let (Some(scope), None) = (joined, delimiter) {
        findings.push(Finding::risk(
            FindingKind::Scope,
            format!("a scope holds a delimiter: {scope}"),
            "several scopes were given as one; the standard separates them by spaces",
            "give each scope by itself; if the provider wants commas between them, set \
             conventions.scope_delimiter to \",\"",
        ));
    }
}

fn issuer(setup: &Setup) -> Option<Finding> {
    unfilled(FindingKind::Issuer, "issuer", setup.issuer.as_deref()?)
}

/// A text of the documentation that was not filled in.
fn unfilled(kind: FindingKind, field: &str, value: &str) -> Option<Finding> {
    let without_query = value.split('?').next().unwrap_or_default();
    placeholder::is_in(value).then(|| {
        Finding::problem(
            kind,
            format!("{field} holds the placeholder of an example or a variable: {without_query}"),
            "it was not filled in, or the variable was not replaced",
            "write your own in its place, such as the tenant that the provider's console shows",
        )
    })
}

fn refresh(setup: &Setup) -> Option<Finding> {
    let Conventions { refresh, refresh_with, .. } = &setup.conventions;
    if *refresh_with == RefreshWith::AccessToken {
        return None;
    }
    let is_expected = setup.endpoints.refresh.is_some() || *refresh != Default::default();
    let params = &setup.conventions.authorization.params;
    let is_asked_for = setup.scopes.iter().any(|scope| offline::is_scope(scope))
        || params.iter().any(|(name, value)| offline::is_parameter(name, value));
    let authorization = setup.endpoints.authorization.as_ref()?;
    let mut own = authorization.target.url.query_pairs();
    let is_in_url = own.any(|(name, value)| offline::is_parameter(&name, &value));
    (is_expected && !is_asked_for && !is_in_url).then(|| {
        Finding::risk(
            FindingKind::NoRefreshToken,
            "refreshing is configured, and nothing asks for a refresh token",
            "many providers give one only to those who ask",
            offline::REMEDY,
        )
    })
}

fn pkce(setup: &Setup) -> Option<Finding> {
    let is_off = setup.conventions.authorization.pkce == Pkce::Refused;
    (is_off && setup.client.secret().is_none()).then(|| {
        Finding::risk(
            FindingKind::Pkce,
            "a client without a secret does without PKCE",
            "whoever sees the code can use it, and most providers refuse such a client",
            "leave conventions.authorization.pkce out",
        )
    })
}

fn limits(setup: &Setup) -> Option<Finding> {
    let flavors = setup.flavors(Kind::Exchange, None).len();
    let most = setup.max_attempts.filter(|most| *most < flavors)?;
    Some(Finding::risk(
        FindingKind::Flavor,
        format!("max_attempts is {most}, of {flavors} flavors"),
        "the flavor that the provider takes may never be tried",
        "leave max_attempts out until the flavor is known, then pin it by flavors",
    ))
}

fn is_quoted(value: &str) -> bool {
    ['"', '\'', '`']
        .iter()
        .any(|&quote| value.len() > 1 && value.starts_with(quote) && value.ends_with(quote))
}

fn holds_escape(value: &str) -> bool {
    let is_escape = |it: &[u8]| matches!(it, [b'%', high, low] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit());
    value.as_bytes().windows(3).any(is_escape)
}

fn same_place(one: &Url, other: &Url) -> bool {
    one.origin() == other.origin() && one.path() == other.path()
}

fn without_query(url: &Url) -> String {
    let mut url = url.clone();
    url.set_query(None);
    url.into()
}

/// In characters. Many servers take 8 KiB of headers in all, and what is added is another 500.
const LONG_URL: usize = 1500;
