//! What a request asks for, so that a failure can be aimed.

use super::asked::param;
use super::state::Endpoint;
use crate::transport::HttpRequest;

/// What a request to an [`AuthorizationServer`](super::AuthorizationServer) asks for: at the token
/// endpoint by its `grant_type`, else by its path.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum RequestKind {
    /// A token for a code.
    Exchange,
    /// A token for the client itself.
    ClientCredentials,
    /// A token for a refresh token.
    Refresh,
    /// The end of a token.
    Revocation,
    /// Something of the API, whatever the verb and the token.
    Api,
}

impl RequestKind {
    /// `None` of a request for authorization, and of a grant type that is unknown or missing.
    pub(super) fn of(request: &HttpRequest) -> Option<Self> {
        match Endpoint::of(request) {
            Endpoint::Authorization => None,
            Endpoint::Revocation => Some(Self::Revocation),
            Endpoint::Api => Some(Self::Api),
            Endpoint::Token => match param(request, "grant_type")?.as_str() {
                "authorization_code" => Some(Self::Exchange),
                "client_credentials" => Some(Self::ClientCredentials),
                "refresh_token" => Some(Self::Refresh),
                _ => None,
            },
        }
    }
}
