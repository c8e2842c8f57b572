//! Collects and checks what an exchanger is made of.

use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

use super::TokenExchanger;
use crate::authorize::{NoRandomness, random};
use crate::check::{check, needs_randomness};
use crate::conventions::Conventions;
use crate::encode::Client;
use crate::endpoint::{Cleartext, Endpoint, check_redirect_uri, trimmed};
use crate::error::ConfigError;
use crate::flavor::Flavor;
use crate::kind::Kind;
use crate::ladder::{Learned, Wishes};
use crate::secret::Secret;
use crate::setup::{Endpoints, Random, Setup, wishes_of};
use crate::transport::Transport;
use crate::verdict::Policy;

/// Collects the configuration of a [`TokenExchanger`]. What is wrong with it comes to light at
/// [`TokenExchangerBuilder::build`].
#[must_use = "a builder does nothing until it builds"]
pub struct TokenExchangerBuilder {
    client_id: String,
    token_url: String,
    client_secret: Option<Secret>,
    redirect_uri: String,
    scopes: Vec<String>,
    authorization_url: Option<String>,
    refresh_url: Option<String>,
    revocation_url: Option<String>,
    issuer: Option<String>,
    conventions: Conventions,
    wishes: Wishes,
    max_attempts: Option<usize>,
    time_limit: Duration,
    transport: Option<Arc<dyn Transport>>,
    cleartext: Cleartext,
}

impl TokenExchangerBuilder {
    pub(super) fn new(client_id: String, token_url: String) -> Self {
        Self {
            client_id,
            token_url,
            client_secret: None,
            redirect_uri: String::new(),
            scopes: Vec::new(),
            authorization_url: None,
            refresh_url: None,
            revocation_url: None,
            issuer: None,
            conventions: Conventions::default(),
            wishes: Wishes::default(),
            max_attempts: None,
            time_limit: TIME_LIMIT,
            transport: None,
            cleartext: Cleartext::LoopbackOnly,
        }
    }

    /// The client's secret. Leave it out for a public client; an empty one is none.
    pub fn client_secret(mut self, secret: impl Into<Secret>) -> Self {
        self.client_secret = Some(secret.into());
        self
    }

    /// Where the provider sends the user back to; sent byte for byte as given. Left out by
    /// default.
    pub fn redirect_uri(mut self, uri: impl Into<String>) -> Self {
        self.redirect_uri = uri.into();
        self
    }

    /// The scopes to ask for. None by default; empty ones do not count.
    pub fn scopes(mut self, scopes: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.scopes = scopes.into_iter().map(Into::into).collect();
        self.scopes.retain(|scope| !scope.is_empty());
        self
    }

    /// Where the provider asks its users. Needed by
    /// [`authorize`](crate::TokenExchanger::authorize) alone.
    pub fn authorization_url(mut self, url: impl Into<String>) -> Self {
        self.authorization_url = Some(url.into());
        self
    }

    /// Where tokens are refreshed. The token URL by default.
    pub fn refresh_url(mut self, url: impl Into<String>) -> Self {
        self.refresh_url = Some(url.into());
        self
    }

    /// Where tokens are revoked. Needed by [`revoke`](crate::TokenExchanger::revoke) alone.
    pub fn revocation_url(mut self, url: impl Into<String>) -> Self {
        self.revocation_url = Some(url.into());
        self
    }

    /// What the provider calls itself in each callback, as `iss`
    /// ([RFC 9207](https://www.rfc-editor.org/rfc/rfc9207)); a callback with another name, or with
    /// none, is not accepted then. Give it where the provider's metadata says
    /// `authorization_response_iss_parameter_supported`. By default `iss` is not looked at.
    pub fn issuer(mut self, issuer: impl Into<String>) -> Self {
        self.issuer = Some(issuer.into());
        self
    }

    /// How the provider departs from the standard. Not at all by default.
    pub fn conventions(mut self, conventions: Conventions) -> Self {
        self.conventions = conventions;
        self
    }

    /// The flavors to try, in an order of your own; one alone is pinned. By default the order is
    /// the policy's, of all six with a secret and of the two public ones without. Conventions may have
    /// flavors for one kind of request, which then count there.
    pub fn flavors(mut self, flavors: impl IntoIterator<Item = Flavor>) -> Self {
        self.wishes.flavors = Some(flavors.into_iter().collect());
        self
    }

    /// Tries this flavor first: one that was learned before, and kept elsewhere. It has no effect
    /// where the order leaves it out, and yields to what this exchanger learns itself. One that
    /// needs a secret where there is none is an error at `build`.
    pub fn prefer(mut self, flavor: Flavor) -> Self {
        self.wishes.prefer = Some(flavor);
        self
    }

    /// How far a call goes through the flavors. [`Policy::Exhaustive`] by default.
    pub fn policy(mut self, policy: Policy) -> Self {
        self.wishes.policy = policy;
        self
    }

    /// How many requests a call may send, for servers that lock a client out after so many
    /// failures. By default every flavor once.
    pub fn max_attempts(mut self, attempts: usize) -> Self {
        self.max_attempts = Some(attempts);
        self
    }

    /// How long a call may take from its first request on: no attempt begins after it, and each is
    /// given it as its [`Deadline`](crate::transport::Deadline). 30 s by default.
    pub fn time_limit(mut self, limit: Duration) -> Self {
        self.time_limit = limit;
        self
    }

    /// What awaited calls are sent with. By default a `ReqwestTransport` of its own, with feature
    /// `reqwest`; share one among exchangers to share its connections. Without the feature, a call
    /// that is awaited with none fails as
    /// [`Unplugged`](crate::transport::TransportErrorKind::Unplugged).
    pub fn transport(mut self, transport: impl Transport + 'static) -> Self {
        self.transport = Some(Arc::new(transport));
        self
    }

    /// Allows `http` to hosts that are not loopback, where everyone on the way can read the
    /// secret, the code and the token.
    pub fn danger_allow_http(mut self) -> Self {
        self.cleartext = Cleartext::Anywhere;
        self
    }

    /// Checks the configuration.
    ///
    /// # Errors
    ///
    /// - a URL is no absolute `https` URL (`http` will do for loopback), or has a user, a password or
    ///   a fragment, or a host that is another than it looks like
    /// - the redirect URI is relative or has a fragment
    /// - the client id is empty
    /// - white space stands around client id, secret or a URL
    /// - client id or secret is longer than 64 KiB
    /// - a flavor is asked for that needs a secret, and there is none
    /// - no flavor is left to try
    /// - the conventions name a header that is reserved or cannot be sent, a parameter twice, a
    ///   standard name that is none, an unknown placeholder, no JSON Pointer where one is to be, or
    ///   anything else that cannot be followed; the error names the field
    /// - the conventions ask for random values, and the operating system gives no random bytes
    /// - the attempts or the time are limited to zero
    /// - the default transport cannot be made
    ///
    /// # Panics
    ///
    /// The default transport is made here, where reqwest itself panics if it was built with a
    /// `*-no-provider` TLS feature and the process has no rustls crypto provider installed.
    pub fn build(self) -> Result<TokenExchanger, ConfigError> {
        let secret = self.client_secret.clone().filter(|secret| !secret.expose().is_empty());
        if self.client_id.is_empty() {
            return Err(ConfigError::EmptyClientId);
        }
        check_credential("client_id", &self.client_id)?;
        if let Some(secret) = &secret {
            check_credential("client_secret", secret.expose())?;
        }
        let endpoints = self.endpoints()?;
        if !self.redirect_uri.is_empty() {
            check_redirect_uri(&self.redirect_uri)?;
        }
        if let Some(issuer) = &self.issuer {
            trimmed("issuer", issuer)?;
        }
        if self.max_attempts == Some(0) {
            return Err(ConfigError::Zero { field: "max_attempts" });
        }
        if self.time_limit.is_zero() {
            return Err(ConfigError::Zero { field: "time_limit" });
        }

        let delimiter = self.conventions.scope_delimiter.as_deref().unwrap_or(" ");
        let scope = self.scopes.join(delimiter);
        let text = secret.as_ref().map_or("", Secret::expose);
        let filled = [("client_id", &*self.client_id), ("client_secret", text), ("scope", &scope)];
        check(&self.conventions, filled)?;
        let needs_randomness = needs_randomness(&self.conventions);
        let seed = needs_randomness.then(random).transpose();
        let seed = seed.map_err(|NoRandomness| ConfigError::NoRandomness)?;

        let origin = origin(&self.token_url, &self.client_id);
        let basic = self.conventions.basic.as_deref();
        let client = Client::with_basic(self.client_id, secret, basic);
        let learned = Kind::ALL.map(|kind| {
            let wishes = wishes_of(kind, &self.wishes, &self.conventions);
            Learned::nothing(&client, &wishes)
        });
        for (kind, learned) in Kind::ALL.into_iter().zip(&learned) {
            let own = self.conventions.of(kind).flavors.as_deref();
            let (field, asked) = match own {
                Some(flavors) => (kind.field(), flavors),
                None => ("flavors", self.wishes.flavors.as_deref().unwrap_or_default()),
            };
            check_flavors(field, asked, client.secret())?;
            if learned.flavors.is_empty() {
                let reason = "flavors leaves nothing to try";
                let otherwise = ConfigError::InvalidConvention { field, reason };
                return Err(if own.is_some() { otherwise } else { ConfigError::NoFlavor });
            }
        }
        let [exchanges, client_credentials, ..] = learned;
        check_flavors("prefer", self.wishes.prefer.as_slice(), client.secret())?;
        let setup = Setup {
            exchanges: Mutex::new(exchanges),
            client_credentials: Mutex::new(client_credentials),
            client,
            endpoints,
            cleartext: self.cleartext,
            redirect_uri: self.redirect_uri,
            scope,
            scopes: self.scopes,
            issuer: self.issuer.filter(|issuer| !issuer.is_empty()),
            conventions: self.conventions,
            wishes: self.wishes,
            max_attempts: self.max_attempts,
            time_limit: self.time_limit,
            transport: self.transport.map_or_else(default_transport, Ok)?,
            origin,
            random: Random::new(seed),
        };
        Ok(TokenExchanger { setup: Arc::new(setup) })
    }

    fn endpoints(&self) -> Result<Endpoints, ConfigError> {
        let parse = |field, url: &Option<String>| {
            let parsed = url.as_ref().map(|url| Endpoint::parse(field, url, self.cleartext));
            parsed.transpose()
        };
        let in_fragment = self.conventions.authorization.query_in_fragment;
        let authorization = match &self.authorization_url {
            Some(url) if in_fragment => {
                let endpoint = Endpoint::with_fragment("authorization_url", url, self.cleartext)?;
                if endpoint.target.url.fragment().is_none() {
                    let field = "conventions.authorization.query_in_fragment";
                    let reason = "the authorization URL has no fragment";
                    return Err(ConfigError::InvalidConvention { field, reason });
                }
                Some(endpoint)
            }
            url => parse("authorization_url", url)?,
        };
        Ok(Endpoints {
            authorization,
            token: Endpoint::parse("token_url", &self.token_url, self.cleartext)?,
            refresh: parse("refresh_url", &self.refresh_url)?,
            revocation: parse("revocation_url", &self.revocation_url)?,
        })
    }
}

/// A mark that is the same for the same provider and client, and tells nothing of them.
fn origin(token_url: &str, client_id: &str) -> String {
    let digest = Sha256::new().chain_update(token_url).chain_update("\n").chain_update(client_id);
    URL_SAFE_NO_PAD.encode(&digest.finalize()[..16])
}

impl fmt::Debug for TokenExchangerBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenExchangerBuilder")
            .field("client_id", &self.client_id)
            .field("client_secret", &self.client_secret)
            .field("redirect_uri", &self.redirect_uri)
            .field("scopes", &self.scopes)
            .field("conventions", &self.conventions)
            .field("wishes", &self.wishes)
            .finish_non_exhaustive()
    }
}

fn check_credential(field: &'static str, text: &str) -> Result<(), ConfigError> {
    trimmed(field, text)?;
    if text.len() > CREDENTIAL_LIMIT {
        return Err(ConfigError::TooLong { field, limit: CREDENTIAL_LIMIT });
    }
    Ok(())
}

fn check_flavors(
    field: &'static str,
    flavors: &[Flavor],
    secret: Option<&Secret>,
) -> Result<(), ConfigError> {
    match flavors.iter().find(|flavor| secret.is_none() && flavor.needs_secret()) {
        Some(&flavor) => Err(ConfigError::SecretNeeded { field, flavor }),
        None => Ok(()),
    }
}

#[cfg(feature = "reqwest")]
fn default_transport() -> Result<Arc<dyn Transport>, ConfigError> {
    match crate::transport::ReqwestTransport::new() {
        Ok(transport) => Ok(Arc::new(transport)),
        Err(error) => Err(ConfigError::Transport(error.into())),
    }
}

#[cfg(not(feature = "reqwest"))]
fn default_transport() -> Result<Arc<dyn Transport>, ConfigError> {
    Ok(Arc::new(crate::transport::Unplugged))
}

const TIME_LIMIT: Duration = Duration::from_secs(30);

/// In bytes. No server takes longer ones, and they travel with every request.
const CREDENTIAL_LIMIT: usize = 64 * 1024;
