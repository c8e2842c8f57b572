//! How the authorization URL and the callback depart from the standard.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use super::{is_default, map, names};

/// How the authorization URL departs from the standard.
#[derive(Clone, Default, Deserialize, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct AuthorizationConventions {
    /// Parameters to add, or standard ones to give another value.
    ///
    /// Google wants `access_type=offline` and `prompt=consent` for a refresh token, Atlassian an
    /// `audience`, Reddit `duration=permanent`.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "map::without_repeats")]
    pub params: BTreeMap<String, String>,
    /// Standard parameters that have another name.
    ///
    /// Printful calls `redirect_uri` `redirect_url`.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "map::without_repeats")]
    pub rename: BTreeMap<String, String>,
    /// Standard parameters that are not sent.
    ///
    /// monday.com wants no `response_type`.
    #[serde(skip_serializing_if = "is_default")]
    pub omit: BTreeSet<String>,
    /// Whether PKCE is used: `"allowed"` (default), `"required"` or `"refused"`.
    ///
    /// LinkedIn and Slack refuse it; Airtable and X insist on it.
    #[serde(skip_serializing_if = "is_default")]
    pub pkce: Pkce,
    /// What stands between scopes in this URL, not percent-encoded. Everywhere else
    /// [`Conventions::scope_delimiter`](crate::Conventions::scope_delimiter) does.
    ///
    /// Workable and Pennylane want a `+` as it is.
    #[serde(skip_serializing_if = "is_default")]
    pub raw_scope_delimiter: Option<String>,
    /// Whether the parameters stand in the URL's fragment, after a `?` of its own, instead of in its
    /// query. Only then may the authorization URL have a fragment.
    ///
    /// Apollo's is a page with a route behind a `#`.
    #[serde(skip_serializing_if = "is_default")]
    pub query_in_fragment: bool,
}

/// How the callback departs from the standard.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct CallbackConventions {
    /// What `code` and `state` are called: `{"code": "auth_code"}`. Where the state has another
    /// name, look the pending authorization up by [`Callback::param`](crate::Callback::param).
    ///
    /// Amazon's Selling Partner API calls the code `spapi_oauth_code`.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "map::without_repeats")]
    pub rename: BTreeMap<String, String>,
    /// Whether a callback may come without `iss` although the builder was given an issuer. One that
    /// is there must be right all the same.
    ///
    /// Some servers name themselves in their metadata and not in each callback.
    #[serde(skip_serializing_if = "is_default")]
    pub issuer_optional: bool,
}

/// Whether PKCE is used ([RFC 7636](https://www.rfc-editor.org/rfc/rfc7636)).
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Pkce {
    /// Used, unless [`Authorize::without_pkce`](crate::Authorize::without_pkce) is called.
    #[default]
    Allowed,
    /// Always used.
    Required,
    /// Never used.
    Refused,
}

impl fmt::Debug for AuthorizationConventions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthorizationConventions")
            .field("params", &names(&self.params))
            .field("rename", &self.rename)
            .field("omit", &self.omit)
            .field("pkce", &self.pkce)
            .field("raw_scope_delimiter", &self.raw_scope_delimiter)
            .field("query_in_fragment", &self.query_in_fragment)
            .finish()
    }
}

/// The parameters of an authorization request.
pub(crate) const AUTHORIZATION: &[&str] = &[
    "client_id",
    "redirect_uri",
    "scope",
    "state",
    "response_type",
    "code_challenge",
    "code_challenge_method",
];
