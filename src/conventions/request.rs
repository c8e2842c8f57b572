//! How requests to the token endpoint and its like depart from the standard.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use super::{is_default, map, names};
use crate::flavor::Flavor;

/// How one kind of request departs from the standard.
#[derive(Clone, Default, Deserialize, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct RequestConventions {
    /// Parameters to add, or standard ones to give another value. `client_id` here is sent beside
    /// a Basic header too.
    ///
    /// Agiloft wants the `client_id` beside the header, Follow Up Boss the `state` once more.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "map::without_repeats")]
    pub params: BTreeMap<String, String>,
    /// Standard parameters that have another name: `{"client_id": "client_key"}`.
    ///
    /// TikTok calls the client id `client_key`, ZoomInfo the secret `password`.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "map::without_repeats")]
    pub rename: BTreeMap<String, String>,
    /// Standard parameters that are not sent. To ask without any credentials, omit `client_id` and
    /// `client_secret` and give the flavor `none+form`.
    ///
    /// Clover refuses `grant_type` and `redirect_uri`.
    #[serde(skip_serializing_if = "is_default")]
    pub omit: BTreeSet<String>,
    /// Error codes that mean another: `{"40105": "invalid_grant"}`. In place of a code stands the
    /// status of an answer that tells none: `{"400": "invalid_grant"}`. So a provider's own words get
    /// the meaning of the standard's: `invalid_grant` ends a code or a refresh token, and asks the
    /// user again; `invalid_client` goes on to the next flavor. The provider's own code is shown all
    /// the same.
    ///
    /// Glewlwyd refuses a dead refresh token by an empty 400; TikTok has numbers.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "map::without_repeats")]
    pub errors: BTreeMap<String, String>,
    /// The flavors to try for this kind of request, in this order, instead of those that the
    /// builder has: `["body+json"]`. The builder's [`flavors`](crate::TokenExchangerBuilder::flavors)
    /// are for all kinds.
    ///
    /// Figma takes a Basic header at the exchange and refreshes by JSON; Clover wants no secret at
    /// a refresh.
    #[serde(skip_serializing_if = "is_default")]
    pub flavors: Option<Vec<Flavor>>,
    /// How the parameters of this kind of request travel, where that differs from
    /// [`Conventions::verb`](crate::Conventions::verb).
    ///
    /// Facebook refreshes with everything in the query.
    #[serde(skip_serializing_if = "is_default")]
    pub verb: Option<Verb>,
}

/// How the parameters of a request travel.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Verb {
    /// In the body of a POST.
    #[default]
    Post,
    /// In the query of a POST without a body. Flavors with a JSON body are left out.
    PostQuery,
    /// In the query of a GET. Flavors with a JSON body are left out.
    Get,
}

impl fmt::Debug for RequestConventions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestConventions")
            .field("params", &names(&self.params))
            .field("rename", &self.rename)
            .field("omit", &self.omit)
            .field("errors", &self.errors)
            .field("flavors", &self.flavors)
            .field("verb", &self.verb)
            .finish()
    }
}
