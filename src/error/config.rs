//! What a configuration can get wrong, named by its field.

use std::error::Error as StdError;

use crate::flavor::Flavor;

/// A configuration that cannot work. `field` is the builder's word for the value in question.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The value is no absolute URL, or one that reads otherwise than it is written.
    #[error("{field} is not a usable URL: {reason}")]
    #[non_exhaustive]
    InvalidUrl {
        /// Which value.
        field: &'static str,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The URL's scheme is neither `https` nor `http`.
    #[error("{field} must be an https URL")]
    #[non_exhaustive]
    UnsupportedScheme {
        /// Which value.
        field: &'static str,
    },
    /// The URL would send secrets in the clear ([RFC 6749, section 3.2][rfc]).
    ///
    /// [rfc]: https://www.rfc-editor.org/rfc/rfc6749#section-3.2
    #[error(
        "{field} is cleartext http to a host that is not loopback: use https, or accept the risk \
         with danger_allow_http"
    )]
    #[non_exhaustive]
    InsecureUrl {
        /// Which value.
        field: &'static str,
    },
    /// The URL has a user or a password, which would compete with the client's credentials.
    #[error(
        "{field} must not hold a user name or a password: give the client id and secret instead"
    )]
    #[non_exhaustive]
    UserinfoInUrl {
        /// Which value.
        field: &'static str,
    },
    /// The URL has a fragment ([RFC 6749, section 3.2][rfc] forbids it).
    ///
    /// [rfc]: https://www.rfc-editor.org/rfc/rfc6749#section-3.2
    #[error("{field} must not have a fragment: remove the # and what follows it{}", behind(field))]
    #[non_exhaustive]
    FragmentInUrl {
        /// Which value.
        field: &'static str,
    },
    /// The redirect URI is relative or has a fragment ([RFC 6749, section 3.1.2][rfc]). A word
    /// that a provider wants in its place can be given with the code:
    /// [`AuthorizationCode::redirect_uri`](crate::AuthorizationCode::redirect_uri).
    ///
    /// [rfc]: https://www.rfc-editor.org/rfc/rfc6749#section-3.1.2
    #[error(
        "redirect_uri must be an absolute URI without a fragment; a provider's word in its place \
         goes with the code"
    )]
    InvalidRedirectUri,
    /// The client id is empty.
    #[error("client_id is empty")]
    EmptyClientId,
    /// The value begins or ends with white space or an invisible character.
    #[error(
        "{field} begins or ends with white space, as a value does that was copied and pasted with \
         more than itself: trim it"
    )]
    #[non_exhaustive]
    SurroundingWhitespace {
        /// Which value.
        field: &'static str,
    },
    /// The value is longer than any that a server would take.
    #[error("{field} is longer than {limit} bytes: is it the right value?")]
    #[non_exhaustive]
    TooLong {
        /// Which value.
        field: &'static str,
        /// How long it may be, in bytes.
        limit: usize,
    },
    /// A flavor was asked for that sends the secret, and there is none.
    #[error("{field} asks for {flavor}, which needs a client_secret: give one, or use none+form")]
    #[non_exhaustive]
    SecretNeeded {
        /// Which value.
        field: &'static str,
        /// The flavor.
        flavor: Flavor,
    },
    /// No flavor is left that could be tried: the list is empty, or holds only raw ones, which
    /// cannot carry a client id with a colon ([RFC 7617, section 2][rfc]), or only JSON, which no URL
    /// can carry.
    ///
    /// [rfc]: https://www.rfc-editor.org/rfc/rfc7617#section-2
    #[error(
        "flavors leaves nothing to try: name one at least, not only raw ones for a client id with a \
         colon, and not only JSON where the conventions put all into the URL"
    )]
    NoFlavor,
    /// A header among the conventions cannot be sent.
    #[error("conventions.headers: {name:?} cannot be sent: {reason}")]
    #[non_exhaustive]
    InvalidHeader {
        /// The header's name.
        name: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A header among the conventions is not theirs to set: a request is authorized in one way only
    /// ([RFC 6749, section 2.3](https://www.rfc-editor.org/rfc/rfc6749#section-2.3)), and HTTP
    /// needs some for itself.
    #[error(
        "conventions.headers: `{name}` is set by the flavor or by HTTP itself: leave it out, and \
         pin a flavor if it is about the credentials"
    )]
    #[non_exhaustive]
    ReservedHeader {
        /// The header's name.
        name: String,
    },
    /// A parameter would stand in a request twice
    /// ([RFC 6749, section 3.2](https://www.rfc-editor.org/rfc/rfc6749#section-3.2)).
    #[error("{field}: the parameter {name:?} would be sent twice")]
    #[non_exhaustive]
    DuplicateParameter {
        /// Which conventions.
        field: &'static str,
        /// The parameter as the provider calls it.
        name: String,
    },
    /// A name that is to be of the standard is not.
    #[error(
        "{field}: {name:?} is no standard name; in rename and omit the standard's name stands left, \
         as in {{\"client_id\": \"app_id\"}}"
    )]
    #[non_exhaustive]
    UnknownParameter {
        /// Which conventions.
        field: &'static str,
        /// The name.
        name: String,
    },
    /// The value of a parameter or a header has a placeholder that has no meaning there.
    #[error(
        "{field}: the value of {name:?} has a placeholder with no meaning there; there are {known}"
    )]
    #[non_exhaustive]
    UnknownPlaceholder {
        /// Which conventions.
        field: &'static str,
        /// The parameter or the header.
        name: String,
        /// The placeholders that have a meaning there.
        known: String,
    },
    /// One of the conventions cannot be followed.
    #[error("{field}: {reason}")]
    #[non_exhaustive]
    InvalidConvention {
        /// Which one.
        field: &'static str,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The operating system gave no random bytes, which the conventions ask for.
    #[error("conventions: the operating system gave no random bytes for {{random}}")]
    NoRandomness,
    /// Nothing could be sent.
    #[error("{field} must be more than zero")]
    #[non_exhaustive]
    Zero {
        /// Which value.
        field: &'static str,
    },
    /// The default transport cannot be made.
    #[error("transport: the default one cannot be made; give the builder one of your own")]
    Transport(#[source] Box<dyn StdError + Send + Sync>),
}

/// A page may be a route of a script, behind a fragment.
fn behind(field: &str) -> &'static str {
    match field {
        "authorization_url" => {
            ", or set conventions.authorization.query_in_fragment if the page is behind it"
        }
        _ => "",
    }
}

/// What was asked for needs a URL that the exchanger was not given.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{field} is not configured: give it to the builder")]
#[non_exhaustive]
pub struct MissingEndpoint {
    /// The builder's word for the URL.
    pub field: &'static str,
}

/// The token brought nothing that a new one can be had for: no refresh token, and the conventions do
/// not say that the access token will do.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error(
    "the token has no refresh token: ask for offline access (often the scope offline_access), or \
     get a new one the way this one was got"
)]
#[non_exhaustive]
pub struct NotRefreshable;
