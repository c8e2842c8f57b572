//! How one provider departs from the standard, as data.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::kind::Kind;

mod answer;
mod authorization;
mod map;
mod request;
mod usage;

pub use self::answer::{
    AnswerConventions, ErrorSign, ExpiresAt, ExpiresAtFormat, LifetimeUnit, ZeroLifetime,
};
pub(crate) use self::authorization::AUTHORIZATION;
pub use self::authorization::{AuthorizationConventions, CallbackConventions, Pkce};
pub use self::request::{RequestConventions, Verb};
pub use self::usage::{Application, TokenPlace};

/// How one provider departs from the standard, as plain data: a file, a row in a database, or a
/// value made in code. Give it to
/// [`TokenExchangerBuilder::conventions`](crate::TokenExchangerBuilder::conventions).
///
/// The default is the standard, and each field names a departure from it; set those that your
/// provider needs and no others. In JSON a field that is missing has its default, and an unknown
/// one is refused by name:
///
/// ```
/// use token_exchanger::Conventions;
///
/// # fn main() -> Result<(), serde_json::Error> {
/// let conventions: Conventions = serde_json::from_str(r#"{
///     "scope_delimiter": ",",
///     "authorization": { "rename": { "client_id": "client_key" } },
///     "exchange": { "rename": { "client_id": "client_key" } },
///     "refresh": { "rename": { "client_id": "client_key" } },
///     "answer": { "root": "/data", "default_lifetime": 3600 }
/// }"#)?;
///
/// let mut same = Conventions::default();
/// same.scope_delimiter = Some(",".into());
/// for request in [&mut same.exchange, &mut same.refresh] {
///     request.rename.insert("client_id".into(), "client_key".into());
/// }
/// same.authorization.rename.insert("client_id".into(), "client_key".into());
/// same.answer.root = "/data".into();
/// same.answer.default_lifetime = Some(3600);
/// assert_eq!(conventions, same);
/// # Ok(())
/// # }
/// ```
///
/// # Which field for which oddity
///
/// | the provider | the field |
/// | --- | --- |
/// | wants GET, or everything in the query | [`verb`](Self::verb) |
/// | wants a header, such as an API key or a `User-Agent` | [`headers`](Self::headers) |
/// | wants a parameter more, or another value of a standard one | `params` of the kind of request |
/// | calls a standard parameter otherwise | `rename` of the kind of request |
/// | refuses a standard parameter | `omit` of the kind of request |
/// | takes another flavor for one kind of request | `flavors` of that kind |
/// | joins scopes by something else | [`scope_delimiter`](Self::scope_delimiter), [`AuthorizationConventions::raw_scope_delimiter`] |
/// | refuses PKCE, or insists on it | [`AuthorizationConventions::pkce`] |
/// | calls back with other names | [`CallbackConventions::rename`] |
/// | hides the token further in, or names it otherwise | [`AnswerConventions::root`], [`AnswerConventions::rename`] |
/// | tells no lifetime, or tells it otherwise | [`AnswerConventions::default_lifetime`], [`AnswerConventions::lifetime_unit`], [`AnswerConventions::expires_at`] |
/// | answers 200 and an error of its own shape | [`AnswerConventions::error`] |
/// | has error codes of its own | `errors` of the kind of request |
/// | gives no refresh token, and trades the access token | [`refresh_with`](Self::refresh_with) |
/// | wants the token in another header, or in the URL | [`apply`](Self::apply) |
///
/// # Names and values
///
/// Wherever parameters are named, a standard name means that parameter, also where it is renamed;
/// every other name is sent as it is. The standard names of each kind are, beside `client_id` and
/// `client_secret` in the body:
///
/// | kind | standard names |
/// | --- | --- |
/// | `authorization` | `client_id`, `redirect_uri`, `scope`, `state`, `response_type`, `code_challenge`, `code_challenge_method` |
/// | `exchange` | `grant_type`, `scope`, `redirect_uri`, `code`, `code_verifier` |
/// | `client_credentials` | `grant_type`, `scope` |
/// | `refresh` | `grant_type`, `scope` (not sent by default), `refresh_token` |
/// | `revocation` | `token`, `token_type_hint` |
///
/// An exchange sends the scopes too, where there are any; `omit` them where a provider wants nothing
/// more than it asks for. The value of a parameter, of a header and of
/// [`basic`](Self::basic) may hold placeholders, which are filled for each request:
///
/// | placeholder | stands for | not in |
/// | --- | --- | --- |
/// | `{client_id}` | the client's id | |
/// | `{client_secret}` | the client's secret | `authorization` |
/// | `{scope}` | the scopes that are asked for, joined | `basic` |
/// | `{random}` | 32 hexadecimal digits, drawn anew for each request | `basic` |
/// | `{state}` | the state of the authorization that brought the code; nothing for a code that was taken unchecked | all but `authorization` and `exchange` |
///
/// An empty value leaves its parameter or header out. Conventions are stored and shown, so keep
/// secrets out of them but for `{client_secret}`: a secret parameter goes to
/// [`Call::param`](crate::Call::param), a secret header into a transport that adds it. `Debug` shows
/// the names of parameters and headers only.
#[derive(Clone, Default, Deserialize, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Conventions {
    /// How parameters travel to the token endpoint and the refresh URL: `"post"` (default),
    /// `"post_query"` or `"get"`. A kind of request may have its own:
    /// [`RequestConventions::verb`]; a revocation has no other.
    ///
    /// Untappd and old Facebook apps want GET.
    #[serde(skip_serializing_if = "is_default")]
    pub verb: Verb,
    /// Headers of all requests but those that the user's browser makes. They may replace
    /// `Content-Type`, which changes that header and not how the body is written, and `Accept` (one
    /// that does not admit JSON is left out); never `Authorization`, which is the flavor's, nor what
    /// HTTP needs for itself.
    ///
    /// Reddit refuses requests without a `User-Agent` of your own; Absorb wants an `x-api-key`.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "map::without_repeats")]
    pub headers: BTreeMap<String, String>,
    /// What a Basic header carries: user and password, of which flavor `basic` URL-encodes each.
    /// By default `{client_id}:{client_secret}`.
    ///
    /// Stripe Apps want the secret as user and an empty password: `{client_secret}:`. Pin a Basic
    /// flavor then, since the others put the secret into the body.
    #[serde(skip_serializing_if = "is_default")]
    pub basic: Option<String>,
    /// What stands between scopes, in requests and in answers; an answer's white space separates
    /// them too. A space by default.
    ///
    /// Slack, Strava and TikTok want a comma.
    #[serde(skip_serializing_if = "is_default")]
    pub scope_delimiter: Option<String>,
    /// The authorization URL.
    #[serde(skip_serializing_if = "is_default")]
    pub authorization: AuthorizationConventions,
    /// The callback.
    #[serde(skip_serializing_if = "is_default")]
    pub callback: CallbackConventions,
    /// The exchange of a code.
    ///
    /// Basecamp wants `type=web_server` among its parameters, Jobber refuses `redirect_uri`.
    #[serde(skip_serializing_if = "is_default")]
    pub exchange: RequestConventions,
    /// Client credentials.
    ///
    /// Auth0 wants an `audience`, Zoom another `grant_type`: `account_credentials`.
    #[serde(skip_serializing_if = "is_default")]
    pub client_credentials: RequestConventions,
    /// A refresh. It has nothing of the exchange's.
    ///
    /// Figma refuses `grant_type` here, Microsoft Advertising wants the `scope` again.
    #[serde(skip_serializing_if = "is_default")]
    pub refresh: RequestConventions,
    /// A revocation.
    ///
    /// Salesforce takes a revocation by GET, too.
    #[serde(skip_serializing_if = "is_default")]
    pub revocation: RequestConventions,
    /// What a refresh trades: `"refresh_token"` (default), or, where there is none,
    /// `"access_token"`.
    ///
    /// Facebook and Threads give no refresh token, and trade the access token for a longer one.
    #[serde(skip_serializing_if = "is_default")]
    pub refresh_with: RefreshWith,
    /// Answers of the token endpoint and the refresh URL.
    #[serde(skip_serializing_if = "is_default")]
    pub answer: AnswerConventions,
    /// How the token goes into API requests.
    #[serde(skip_serializing_if = "is_default")]
    pub apply: Application,
}

impl Conventions {
    pub(crate) fn of(&self, kind: Kind) -> &RequestConventions {
        match kind {
            Kind::Exchange => &self.exchange,
            Kind::ClientCredentials => &self.client_credentials,
            Kind::Refresh => &self.refresh,
            Kind::Revocation => &self.revocation,
        }
    }

    pub(crate) fn verb_of(&self, kind: Kind) -> Verb {
        let common = if kind == Kind::Revocation { Verb::Post } else { self.verb };
        self.of(kind).verb.unwrap_or(common)
    }
}

/// What a refresh trades for a new access token.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RefreshWith {
    /// The refresh token.
    #[default]
    RefreshToken,
    /// The refresh token if there is one, else the access token, in its place.
    AccessToken,
}

// What a person put in as a value may be a secret.
impl fmt::Debug for Conventions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Conventions")
            .field("verb", &self.verb)
            .field("headers", &names(&self.headers))
            .field("basic", &self.basic.as_ref().map(|_| "[set]"))
            .field("scope_delimiter", &self.scope_delimiter)
            .field("authorization", &self.authorization)
            .field("callback", &self.callback)
            .field("exchange", &self.exchange)
            .field("client_credentials", &self.client_credentials)
            .field("refresh", &self.refresh)
            .field("revocation", &self.revocation)
            .field("refresh_with", &self.refresh_with)
            .field("answer", &self.answer)
            .field("apply", &self.apply)
            .finish()
    }
}

/// The standard's name of a parameter that goes by the provider's.
pub(crate) fn standard_name(
    rename: &BTreeMap<String, String>,
    standard: &[&str],
    name: String,
) -> String {
    if standard.contains(&&*name) {
        return name;
    }
    let standard = rename.iter().find(|(_, theirs)| **theirs == name);
    standard.map_or(name, |(standard, _)| standard.clone())
}

fn names(map: &BTreeMap<String, String>) -> Vec<&str> {
    map.keys().map(|name| &**name).collect()
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
