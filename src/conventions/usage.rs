//! How a token goes into API requests.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::is_default;

/// How a token goes into an API request: by default as `Authorization: Bearer {token}`
/// ([RFC 6750, section 2.1](https://www.rfc-editor.org/rfc/rfc6750#section-2.1)).
#[derive(Clone, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Application {
    /// Where it stands: `"header"` (default) or `"query"`.
    ///
    /// Instagram wants it in the URL, where logs and proxies see it.
    #[serde(skip_serializing_if = "is_default")]
    pub place: TokenPlace,
    /// The name of the header, by default `Authorization`, or of the URL parameter, by default
    /// `access_token`.
    ///
    /// BigCommerce wants the header `x-auth-token`.
    #[serde(skip_serializing_if = "is_default")]
    pub name: Option<String>,
    /// What stands there, with `{token}` for the token. By default `Bearer {token}` in
    /// `Authorization`, else `{token}`. Where this is set, the token's type does not matter.
    ///
    /// Workday wants `ID {token}`, GitHub took `token {token}`.
    #[serde(skip_serializing_if = "is_default")]
    pub template: Option<String>,
}

// A template may hold a key of the application's.
impl fmt::Debug for Application {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Application")
            .field("place", &self.place)
            .field("name", &self.name)
            .field("template", &self.template.as_ref().map(|_| "[set]"))
            .finish()
    }
}

/// Where a token stands in an API request.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum TokenPlace {
    /// In a header.
    #[default]
    Header,
    /// In the query of the URL.
    Query,
}
