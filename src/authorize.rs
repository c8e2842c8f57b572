//! Sends the user to the provider: the authorization URL, and what is kept until the callback.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use url::Url;

use self::url_parts::Parts;
use crate::conventions::{AUTHORIZATION, Pkce, standard_name};
use crate::endpoint::Endpoint;
use crate::pkce::CodeVerifier;
use crate::secret::Secret;
use crate::setup::Setup;
use crate::template;

mod callback;
mod pending;
mod url_parts;

pub use self::callback::{Callback, CallbackError};
pub use self::pending::PendingAuthorization;

/// An authorization request
/// ([RFC 6749, section 4.1.1](https://www.rfc-editor.org/rfc/rfc6749#section-4.1.1)), to be started
/// once for each user who connects an account.
#[must_use = "an authorization does nothing until it is started"]
pub struct Authorize {
    setup: Arc<Setup>,
    endpoint: Endpoint,
    scopes: Vec<String>,
    params: Vec<(String, Secret)>,
    state: Option<Secret>,
    verifier: Option<CodeVerifier>,
    with_pkce: bool,
}

/// An authorization that was started.
#[non_exhaustive]
pub struct Authorization {
    /// Where to send the user. It holds the state: keep it out of logs.
    pub url: Url,
    /// What the callback is checked by. Keep it in the user's session, so that no one else's browser
    /// can bring the callback ([RFC 9700, section 4.7][rfc]), or wherever it can be found by its
    /// state.
    ///
    /// [rfc]: https://www.rfc-editor.org/rfc/rfc9700#section-4.7
    pub pending: PendingAuthorization,
}

impl Authorize {
    pub(crate) fn new(setup: Arc<Setup>, endpoint: Endpoint) -> Self {
        Self {
            setup,
            endpoint,
            scopes: Vec::new(),
            params: Vec::new(),
            state: None,
            verifier: None,
            with_pkce: true,
        }
    }

    /// Asks for one scope more than the builder was given.
    pub fn scope(mut self, scope: impl Into<String>) -> Self {
        self.scopes.push(scope.into());
        self.scopes.retain(|scope| !scope.is_empty());
        self
    }

    /// Adds a parameter, such as `prompt` or `login_hint`, or replaces the one of that name, in
    /// place if it is a standard one; without a value it is left out, but for `state` and
    /// `code_challenge`, which are there all the same. A `redirect_uri` goes with the
    /// code to its exchange. Whoever gives a `code_challenge` keeps its verifier too, and adds it to
    /// the code.
    pub fn param(mut self, name: impl Into<String>, value: impl Into<Secret>) -> Self {
        let name =
            standard_name(&self.setup.conventions.authorization.rename, AUTHORIZATION, name.into());
        if name == "state" {
            self.state = Some(value.into());
            return self;
        }
        self.params.retain(|(known, _)| *known != name);
        self.params.push((name, value.into()));
        self
    }

    /// Leaves PKCE out, for a provider that refuses it. Better say so in the
    /// [`Conventions`](crate::Conventions), which can also demand it whatever is said here.
    pub fn without_pkce(mut self) -> Self {
        self.with_pkce = false;
        self
    }

    /// A state of the application's own, by which it finds what the callback belongs to. It must be
    /// unguessable, and serve once. 256 random bits by default.
    pub fn state(mut self, state: impl Into<String>) -> Self {
        self.state = Some(Secret::new(state));
        self
    }

    /// A verifier of the application's own. 256 random bits by default. Without PKCE it has no
    /// effect.
    pub fn verifier(mut self, verifier: CodeVerifier) -> Self {
        self.verifier = Some(verifier);
        self
    }

    /// Makes the URL to send the user to, and what the callback is checked by.
    ///
    /// # Errors
    ///
    /// - the operating system gives no random bytes, and a state or a verifier is to be drawn
    pub fn start(self) -> Result<Authorization, NoRandomness> {
        let state = match &self.state {
            Some(state) if !state.expose().is_empty() => state.clone(),
            _ => Secret::new(URL_SAFE_NO_PAD.encode(random()?)),
        };
        let verifier = match (&self.verifier, self.uses_pkce()) {
            (_, false) => None,
            (Some(verifier), true) => Some(verifier.clone()),
            (None, true) => Some(CodeVerifier::from_bytes(random()?)),
        };
        Ok(self.authorization(state, verifier))
    }

    fn uses_pkce(&self) -> bool {
        let is_the_callers = self
            .params
            .iter()
            .any(|(name, value)| name == "code_challenge" && !value.expose().is_empty());
        !is_the_callers
            && match self.setup.conventions.authorization.pkce {
                Pkce::Allowed => self.with_pkce,
                Pkce::Required => true,
                Pkce::Refused => false,
            }
    }

    fn authorization(self, state: Secret, verifier: Option<CodeVerifier>) -> Authorization {
        let Setup { client, conventions, redirect_uri, .. } = &*self.setup;
        let own = &conventions.authorization;
        let challenge = verifier.as_ref().map(CodeVerifier::challenge).unwrap_or_default();
        let method = if verifier.is_some() { "S256" } else { "" };
        let scopes: Vec<&str> =
            self.setup.scopes.iter().chain(&self.scopes).map(|it| &**it).collect();
        let scope = scopes.join(self.setup.delimiter());

        let mut parts = Parts::default();
        parts.set("client_id", client.id());
        parts.set("redirect_uri", redirect_uri);
        match &own.raw_scope_delimiter {
            Some(delimiter) => parts.set_joined("scope", &scopes, delimiter),
            None => parts.set("scope", &scope),
        }
        parts.set("state", state.expose());
        parts.set("response_type", "code");
        parts.set("code_challenge", &challenge);
        parts.set("code_challenge_method", method);
        parts.omit(&own.omit);
        let random = if own.params.is_empty() { String::new() } else { self.setup.random.value() };
        let fill = |text: &String| {
            template::fill(text, |name| match name {
                "client_id" => client.id(),
                "scope" => &scope,
                "random" => &random,
                "state" => state.expose(),
                _ => "",
            })
        };
        let added = own.params.iter().map(|(name, value)| (&**name, fill(value)));
        // A challenge that is ours has our method.
        let is_ours = |name: &str| name.starts_with("code_challenge") && verifier.is_some();
        let told = self.params.iter().filter(|(name, _)| !is_ours(name));
        let told = told.map(|(name, value)| (&**name, value.expose().to_owned()));
        let set: Vec<(&str, String)> = added.chain(told).collect();
        for (name, value) in &set {
            parts.set(name, value);
        }
        let url = parts.append_to(&self.endpoint.target.url, &own.rename, own.query_in_fragment);

        let last = |name: &str| set.iter().rev().find(|(known, _)| *known == name);
        let sent_uri = last("redirect_uri").map_or(redirect_uri, |(_, uri)| uri).clone();
        let asked = self.params.iter().find(|(name, _)| name == "scope");
        let asked = asked.map_or(&*scope, |(_, scope)| scope.expose());
        let pending = PendingAuthorization {
            redirect_uri: Some(sent_uri).filter(|uri| uri != redirect_uri || !uri.is_empty()),
            scope: Some(asked).filter(|scope| *scope != self.setup.scope).map(str::to_owned),
            state,
            verifier,
            issuer: self.setup.issuer.clone(),
            origin: self.setup.origin.clone(),
            callback: conventions.callback.clone(),
        };
        Authorization { url, pending }
    }
}

impl fmt::Debug for Authorize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authorize")
            .field("host", &self.endpoint.host)
            .field("scopes", &self.scopes)
            .field("params", &self.params)
            .field("with_pkce", &self.uses_pkce())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Authorization {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authorization")
            .field("host", &self.url.host_str())
            .field("pending", &self.pending)
            .finish_non_exhaustive()
    }
}

/// The operating system gave no random bytes.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the operating system gave no random bytes")]
#[non_exhaustive]
pub struct NoRandomness;

pub(crate) fn random() -> Result<[u8; 32], NoRandomness> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|_| NoRandomness)?;
    Ok(bytes)
}
