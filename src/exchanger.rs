//! The front door: an exchanger, and which calls exist.

use std::fmt;
use std::sync::Arc;

use http::{HeaderMap, Request};
use url::Url;

use crate::apply::{self, Applied, ApplyError};
use crate::ask::Ask;
use crate::authorize::Authorize;
use crate::call::{Call, Issued};
use crate::code::AuthorizationCode;
use crate::encode::with_query;
use crate::error::{MissingEndpoint, NotRefreshable};
use crate::flavor::Flavor;
use crate::kind::Kind;
use crate::mask::Mask;
use crate::report::ReportedConfiguration;
use crate::secret::Secret;
use crate::setup::Setup;
use crate::token::Token;

mod builder;

pub use self::builder::TokenExchangerBuilder;

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
        TokenExchangerBuilder::new(client_id.into(), token_url.into())
    }

    /// Begins an authorization
    /// ([RFC 6749, section 4.1.1](https://www.rfc-editor.org/rfc/rfc6749#section-4.1.1)): the URL to
    /// send a user to, and what the callback is checked by.
    ///
    /// # Errors
    ///
    /// - the builder was given no [`authorization_url`](TokenExchangerBuilder::authorization_url)
    pub fn authorize(&self) -> Result<Authorize, MissingEndpoint> {
        let endpoint = self.setup.endpoints.authorization.clone();
        let endpoint = endpoint.ok_or(MissingEndpoint { field: "authorization_url" })?;
        Ok(Authorize::new(Arc::clone(&self.setup), endpoint))
    }

    /// Trades an authorization code for a token
    /// ([RFC 6749, section 4.1.3](https://www.rfc-editor.org/rfc/rfc6749#section-4.1.3)). Takes the
    /// code, since it can be used once; a call that fails gives it back if it may still be used.
    pub fn exchange(&self, code: AuthorizationCode) -> Call<Issued> {
        self.issuing(Ask::Exchange(code), None)
    }

    /// Gets a token for the client itself
    /// ([RFC 6749, section 4.4](https://www.rfc-editor.org/rfc/rfc6749#section-4.4)), by the same
    /// flavors. What succeeds is learned apart from the exchanges. Such a token is not refreshed: ask
    /// again.
    pub fn client_credentials(&self) -> Call<Issued> {
        self.issuing(Ask::ClientCredentials, None)
    }

    /// Trades the refresh token for a new access token
    /// ([RFC 6749, section 6](https://www.rfc-editor.org/rfc/rfc6749#section-6)), at the refresh URL
    /// if there is one.
    ///
    /// Begins with the flavor that the token was got by, else with what exchanges have learned, and
    /// goes on to another only where an answer says that the client was not recognised: many servers
    /// take a refresh token that comes twice for a stolen one. If you know how a token was got that
    /// comes from elsewhere, put it into [`Token::flavor`]. What the answer leaves out the new
    /// token has from the old one, but for its lifetime. A failed refresh does not change the
    /// token that you have; after a lost answer the server may have replaced its refresh token all the
    /// same, see [`code_fate`](crate::CallError::code_fate).
    ///
    /// Store the new token before you use it. The old refresh token may be worth nothing from then
    /// on, and of two refreshes of one token at once one may end both.
    ///
    /// # Errors
    ///
    /// - the token has no refresh token, and the conventions do not say that the access token is
    ///   traded
    pub fn refresh(&self, token: &Token) -> Result<Call<Issued>, NotRefreshable> {
        let ask = Ask::refresh(token, self.setup.conventions.refresh_with);
        Ok(self.issuing(ask.ok_or(NotRefreshable)?, token.flavor))
    }

    /// Ends a token before its time ([RFC 7009](https://www.rfc-editor.org/rfc/rfc7009)): the refresh
    /// token if there is one, with which most servers end the access token too, else the access
    /// token. To be sure of both, revoke a [`Token::bearer`] of the access token as well.
    ///
    /// A token that the server does not know counts as revoked. One that could not be revoked, since
    /// the server is [unavailable](crate::CallErrorKind::Unavailable), say, is as good as before.
    ///
    /// # Errors
    ///
    /// - the builder was given no [`revocation_url`](TokenExchangerBuilder::revocation_url)
    pub fn revoke(&self, token: &Token) -> Result<Call<()>, MissingEndpoint> {
        self.revoking(token, |_| ())
    }

    /// Revokes, and makes something of the story of how.
    pub(crate) fn revoking<T>(
        &self,
        token: &Token,
        finish: fn(Issued) -> T,
    ) -> Result<Call<T>, MissingEndpoint> {
        let endpoint = self.setup.endpoints.revocation.as_ref();
        let endpoint = endpoint.ok_or(MissingEndpoint { field: "revocation_url" })?;
        let ask = Ask::Revocation(Box::new(token.clone()));
        Ok(Call::new(&self.setup, endpoint, ask, token.flavor, finish))
    }

    /// Puts the token into an API request: as `Authorization: Bearer`, or as
    /// [`Conventions::apply`](crate::Conventions::apply) has it. Reads no clock: an expired token is
    /// put in too, see [`Token::expires_within`].
    ///
    /// # Errors
    ///
    /// The request is left as it was.
    ///
    /// - the URL is cleartext to a host that is not loopback, or not absolute
    /// - the request has that header or parameter already, or another token in the other place
    /// - the token is of a type that needs more than the token, such as `DPoP` or `mac`
    /// - the token is empty, or has characters that no header can carry
    /// - the URL would be longer than 64 KiB
    pub fn apply<B>(&self, token: &Token, request: &mut Request<B>) -> Result<(), ApplyError> {
        let uri = request.uri();
        apply::check_url(uri.scheme_str(), uri.host(), self.setup.cleartext)?;
        match apply::applied(token, &self.setup.conventions.apply)? {
            Applied::Header(name, value) => {
                apply::check_query(uri.query(), "access_token")?;
                apply::add_header(request.headers_mut(), name, value)
            }
            Applied::Parameter { name, pair } => {
                apply::check_query(uri.query(), &name)?;
                apply::check_headers(request.headers())?;
                let extended =
                    with_query(uri, &[&name], &pair).map_err(|_| ApplyError::UrlTooLong)?;
                *request.uri_mut() = extended;
                Ok(())
            }
        }
    }

    /// The same for a request in parts, such as a `reqwest::Request`.
    ///
    /// # Errors
    ///
    /// As [`apply`](Self::apply).
    pub fn apply_to(
        &self,
        token: &Token,
        url: &mut Url,
        headers: &mut HeaderMap,
    ) -> Result<(), ApplyError> {
        apply::check_url(Some(url.scheme()), url.host_str(), self.setup.cleartext)?;
        match apply::applied(token, &self.setup.conventions.apply)? {
            Applied::Header(name, value) => {
                apply::check_query(url.query(), "access_token")?;
                apply::add_header(headers, name, value)
            }
            Applied::Parameter { name, pair } => {
                apply::check_query(url.query(), &name)?;
                apply::check_headers(headers)?;
                let uri = url.as_str().parse().map_err(|_| ApplyError::UrlTooLong)?;
                let extended =
                    with_query(&uri, &[&name], &pair).map_err(|_| ApplyError::UrlTooLong)?;
                url.set_query(extended.query());
                Ok(())
            }
        }
    }

    /// The flavors in the order in which the next exchange would try them.
    pub fn flavors(&self) -> Vec<Flavor> {
        self.setup.flavors(Kind::Exchange, None).into_vec()
    }

    /// The flavor that the last successful exchange succeeded with, which the next one tries
    /// first; `None` until one has succeeded, whatever was preferred. Keep it elsewhere, and give
    /// it to [`TokenExchangerBuilder::prefer`] after a restart.
    pub fn learned(&self) -> Option<Flavor> {
        self.setup.learned()
    }

    /// What the doctor looks at.
    pub(crate) fn setup(&self) -> &Arc<Setup> {
        &self.setup
    }

    /// How it is configured, without a secret.
    pub(crate) fn configuration(&self) -> ReportedConfiguration {
        let mut mask = Mask::default();
        self.setup.hide(&mut mask);
        self.setup.hide_urls(&mut mask);
        self.setup.configuration(|text| mask.apply(text))
    }

    /// An exchanger for a client of the same id and another secret. It has learned nothing.
    pub(crate) fn with_secret(&self, secret: Secret) -> Self {
        Self { setup: Arc::new(self.setup.with_secret(secret)) }
    }

    fn issuing(&self, ask: Ask, got_by: Option<Flavor>) -> Call<Issued> {
        let endpoints = &self.setup.endpoints;
        let endpoint = match ask.kind() {
            Kind::Refresh => endpoints.refresh.as_ref().unwrap_or(&endpoints.token),
            _ => &endpoints.token,
        };
        Call::new(&self.setup, endpoint, ask, got_by, |issued| issued)
    }
}

impl fmt::Debug for TokenExchanger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenExchanger")
            .field("host", &self.setup.endpoints.token.host)
            .field("flavors", &self.flavors())
            .finish_non_exhaustive()
    }
}
