//! The kinds of call.

use std::fmt;

/// What a call asks for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    Exchange,
    ClientCredentials,
    Refresh,
    Revocation,
}

impl Kind {
    pub(crate) const ALL: [Self; 4] =
        [Self::Exchange, Self::ClientCredentials, Self::Refresh, Self::Revocation];

    /// The parameters of such a request, without the client's credentials, in the order in which they
    /// stand in a form.
    pub(crate) fn parameters(self) -> &'static [&'static str] {
        match self {
            Self::Exchange => &["grant_type", "scope", "redirect_uri", "code", "code_verifier"],
            Self::ClientCredentials => &["grant_type", "scope"],
            Self::Refresh => &["grant_type", "scope", "refresh_token"],
            Self::Revocation => &["token", "token_type_hint"],
        }
    }

    /// For programs.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Exchange => "exchange",
            Self::ClientCredentials => "client_credentials",
            Self::Refresh => "refresh",
            Self::Revocation => "revocation",
        }
    }

    /// The builder's word for the conventions of this kind.
    pub(crate) fn field(self) -> &'static str {
        match self {
            Self::Exchange => "conventions.exchange",
            Self::ClientCredentials => "conventions.client_credentials",
            Self::Refresh => "conventions.refresh",
            Self::Revocation => "conventions.revocation",
        }
    }
}

/// For people.
impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Exchange => "code exchange",
            Self::ClientCredentials => "client credentials",
            Self::Refresh => "refresh",
            Self::Revocation => "revocation",
        })
    }
}
