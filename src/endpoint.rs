//! Checks a configured URL, and refuses whatever would send secrets somewhere unforeseen.

use std::sync::Arc;

use url::{Host, Url};

use crate::error::ConfigError;
use crate::transport::{Target, is_loopback};

/// A URL to which credentials may be sent.
#[derive(Clone)]
pub(crate) struct Endpoint {
    pub(crate) target: Arc<Target>,
    /// Host and port, for people.
    pub(crate) host: Arc<str>,
}

impl Endpoint {
    pub(crate) fn parse(
        field: &'static str,
        text: &str,
        cleartext: Cleartext,
    ) -> Result<Self, ConfigError> {
        let endpoint = Self::with_fragment(field, text, cleartext)?;
        if endpoint.target.url.fragment().is_some() {
            return Err(ConfigError::FragmentInUrl { field });
        }
        Ok(endpoint)
    }

    /// One that may have a fragment: a page, and nothing that a request is sent to.
    pub(crate) fn with_fragment(
        field: &'static str,
        text: &str,
        cleartext: Cleartext,
    ) -> Result<Self, ConfigError> {
        trimmed(field, text)?;
        let invalid = |reason| ConfigError::InvalidUrl { field, reason };
        // The parser would drop or rewrite these, and so read another URL than a person does.
        if text.contains(|c: char| c.is_control() || c == ' ' || c == '\\') {
            return Err(invalid("it holds a space, a control character or a backslash"));
        }
        let url = Url::parse(text).map_err(|_| invalid("it is not an absolute URL"))?;
        if !matches!(url.scheme(), "https" | "http") {
            return Err(ConfigError::UnsupportedScheme { field });
        }
        let rest = &text[url.scheme().len()..];
        let authority = authority(rest).ok_or_else(|| invalid("no host follows its scheme"))?;
        if authority.contains('@') || !url.username().is_empty() || url.password().is_some() {
            return Err(ConfigError::UserinfoInUrl { field });
        }
        if !reads_as_written(&url, authority) {
            return Err(invalid("its host is another one than it looks like"));
        }
        let host = url.host_str().unwrap_or_default();
        let is_safe = url.scheme() == "https" || is_loopback(host);
        if !is_safe && cleartext == Cleartext::LoopbackOnly {
            return Err(ConfigError::InsecureUrl { field });
        }
        let uri = url.as_str().parse().map_err(|_| invalid("no request can carry it"))?;
        let host = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
        Ok(Self { target: Arc::new(Target { uri, url }), host: host.into() })
    }
}

/// Where `http` may lead to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Cleartext {
    LoopbackOnly,
    Anywhere,
}

/// Refuses white space and invisible characters around a value.
pub(crate) fn trimmed(field: &'static str, text: &str) -> Result<(), ConfigError> {
    let invisible = |c: char| {
        c.is_whitespace() || matches!(c, '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}')
    };
    if text.starts_with(invisible) || text.ends_with(invisible) {
        return Err(ConfigError::SurroundingWhitespace { field });
    }
    Ok(())
}

/// Refuses what cannot be a redirection endpoint, and leaves everything else byte for byte.
pub(crate) fn check_redirect_uri(text: &str) -> Result<(), ConfigError> {
    trimmed("redirect_uri", text)?;
    match Url::parse(text) {
        Ok(url) if url.fragment().is_none() => Ok(()),
        _ => Err(ConfigError::InvalidRedirectUri),
    }
}

/// The authority of a URL, of what follows its scheme.
fn authority(rest: &str) -> Option<&str> {
    let authority = rest.strip_prefix("://")?.split(['/', '?', '#']).next()?;
    Some(authority).filter(|authority| !authority.is_empty())
}

/// The parser maps look-alikes: circled and full-width letters, and numbers that are addresses.
fn reads_as_written(url: &Url, authority: &str) -> bool {
    match url.host() {
        Some(Host::Domain(ascii)) => {
            let written = host_of(authority).to_lowercase();
            written == ascii || written == url::quirks::domain_to_unicode(ascii)
        }
        Some(Host::Ipv4(address)) => host_of(authority) == address.to_string(),
        Some(Host::Ipv6(_)) => true,
        None => false,
    }
}

fn host_of(authority: &str) -> &str {
    authority.rsplit_once(':').map_or(authority, |(host, _port)| host)
}
