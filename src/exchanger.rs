//! The front door: an exchanger, its builder, and which calls exist.

use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::call::{Call, Issued};
use crate::code::AuthorizationCode;
use crate::encode::Client;
use crate::endpoint::{Cleartext, Endpoint, check_redirect_uri, trimmed};
use crate::error::ConfigError;
use crate::flavor::Flavor;
use crate::ladder::{Learned, Wishes};
use crate::secret::Secret;
use crate::setup::Setup;
use crate::transport::Transport;
use crate::verdict::Policy;

/// Gets tokens at one provider for one client, and learns how that provider wants to be asked.
///
/// Cheap to clone; clones share what was learned. Any number of calls may run at once.
#[derive(Clone)]
pub struct TokenExchanger {
    setup: Arc<Setup>,
}

impl TokenExchanger {
    /// Begins with what every exchanger needs: who asks, and where.
    pub fn builder(
        client_id: impl Into<String>,
        token_url: impl Into<String>,
    ) -> TokenExchangerBuilder {
        TokenExchangerBuilder {
            client_id: client_id.into(),
            token_url: token_url.into(),
            client_secret: None,
            redirect_uri: String::new(),
            scopes: Vec::new(),
            wishes: Wishes::default(),
            max_attempts: None,
            time_limit: TIME_LIMIT,
            transport: None,
            cleartext: Cleartext::LoopbackOnly,
        }
    }

    /// Trades an authorization code for a token
    /// ([RFC 6749, section 4.1.3](https://www.rfc-editor.org/rfc/rfc6749#section-4.1.3)). Takes the
    /// code, since it can be used once; a call that fails gives it back if it may still be used.
    pub fn exchange(&self, code: AuthorizationCode) -> Call<Issued> {
        Call::exchange(Arc::clone(&self.setup), code)
    }

    /// The flavors in the order in which the next exchange would try them.
    pub fn flavors(&self) -> Vec<Flavor> {
        self.setup.flavors().into_vec()
    }

    /// The flavor that the last successful exchange succeeded with, which the next one tries
    /// first; `None` until one has succeeded, whatever was preferred. Keep it elsewhere, and give
    /// it to [`TokenExchangerBuilder::prefer`] after a restart.
    pub fn learned(&self) -> Option<Flavor> {
        self.setup.learned().flavor
    }
}

impl fmt::Debug for TokenExchanger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenExchanger")
            .field("host", &self.setup.token_endpoint.host)
            .field("flavors", &self.flavors())
            .finish_non_exhaustive()
    }
}

/// Collects the configuration of a [`TokenExchanger`]. What is wrong with it comes to light at
/// [`TokenExchangerBuilder::build`].
#[must_use = "a builder does nothing until it builds"]
pub struct TokenExchangerBuilder {
    client_id: String,
    token_url: String,
    client_secret: Option<Secret>,
    redirect_uri: String,
    scopes: Vec<String>,
    wishes: Wishes,
    max_attempts: Option<usize>,
    time_limit: Duration,
    transport: Option<Arc<dyn Transport>>,
    cleartext: Cleartext,
}

impl TokenExchangerBuilder {
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

    /// The flavors to try, in an order of your own; one alone is pinned. By default the order is
    /// the policy's, of all six with a secret and of the two public ones without.
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
    /// - the token URL is no absolute `https` URL (`http` will do for loopback), or has a user, a
    ///   password or a fragment, or a host that is another than it looks like
    /// - the redirect URI is relative or has a fragment
    /// - the client id is empty
    /// - white space stands around client id, secret or a URL
    /// - client id or secret is longer than 64 KiB
    /// - a flavor is asked for that needs a secret, and there is none
    /// - no flavor is left to try
    /// - the attempts or the time are limited to zero
    /// - the default transport cannot be made
    ///
    /// # Panics
    ///
    /// The default transport is made here, where reqwest itself panics if it was built with a
    /// `*-no-provider` TLS feature and the process has no rustls crypto provider installed.
    pub fn build(self) -> Result<TokenExchanger, ConfigError> {
        let secret = self.client_secret.filter(|secret| !secret.expose().is_empty());
        if self.client_id.is_empty() {
            return Err(ConfigError::EmptyClientId);
        }
        check_credential("client_id", &self.client_id)?;
        if let Some(secret) = &secret {
            check_credential("client_secret", secret.expose())?;
        }
        let token_endpoint = Endpoint::parse("token_url", &self.token_url, self.cleartext)?;
        if !self.redirect_uri.is_empty() {
            check_redirect_uri(&self.redirect_uri)?;
        }
        check_wishes(&self.wishes, secret.as_ref())?;
        if self.max_attempts == Some(0) {
            return Err(ConfigError::Zero { field: "max_attempts" });
        }
        if self.time_limit.is_zero() {
            return Err(ConfigError::Zero { field: "time_limit" });
        }
        let client = Client::new(self.client_id, secret);
        let learned = Learned::nothing(&client, &self.wishes);
        if learned.flavors.is_empty() {
            return Err(ConfigError::NoFlavor);
        }
        let setup = Setup {
            client,
            token_endpoint,
            cleartext: self.cleartext,
            redirect_uri: self.redirect_uri,
            scope: self.scopes.join(" "),
            scopes: self.scopes,
            wishes: self.wishes,
            max_attempts: self.max_attempts,
            time_limit: self.time_limit,
            transport: self.transport.map_or_else(default_transport, Ok)?,
            learned: Mutex::new(learned),
        };
        Ok(TokenExchanger { setup: Arc::new(setup) })
    }
}

impl fmt::Debug for TokenExchangerBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenExchangerBuilder")
            .field("client_id", &self.client_id)
            .field("client_secret", &self.client_secret)
            .field("redirect_uri", &self.redirect_uri)
            .field("scopes", &self.scopes)
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

fn check_wishes(wishes: &Wishes, secret: Option<&Secret>) -> Result<(), ConfigError> {
    let asked = wishes.flavors.iter().flatten().map(|&flavor| ("flavors", flavor));
    let asked = asked.chain(wishes.prefer.map(|flavor| ("prefer", flavor)));
    for (field, flavor) in asked {
        if secret.is_none() && flavor.needs_secret() {
            return Err(ConfigError::SecretNeeded { field, flavor });
        }
    }
    Ok(())
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
