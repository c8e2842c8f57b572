//! The schema of `providers.json`, word for word: a word that is not here is an error.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::{Value, json};
use token_exchanger::Flavor;

use self::answer::{leave_out, members_of_form};

mod answer;

pub(crate) use self::answer::{Answer, ErrorResponse, Response, Unit, ZeroLifetime};

/// The client that all entries know, and how long their tokens live.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Client {
    pub(crate) client_id: String,
    pub(crate) client_secret: String,
    pub(crate) redirect_uri: String,
    pub(crate) scopes: Vec<String>,
    pub(crate) lifetime: u64,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Entry {
    #[serde(rename = "name")]
    _name: String,
    pub(crate) grant: Grant,
    #[serde(rename = "level")]
    _level: Option<Value>,
    #[serde(rename = "expressible")]
    _expressible: String,
    #[serde(rename = "reason")]
    _reason: Option<String>,
    #[serde(rename = "note")]
    _note: Option<String>,
    token_url: String,
    authorization_url: Option<String>,
    refresh_url: Option<String>,
    #[serde(default)]
    parameters: BTreeMap<String, Text>,
    pub(crate) token_url_from_callback: Option<String>,
    scopes: Option<Vec<String>>,
    pub(crate) server: Server,
}

#[derive(Clone, Copy, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Grant {
    AuthorizationCode,
    ClientCredentials,
}

#[derive(Clone, Copy, Eq, PartialEq)]
pub(crate) enum Kind {
    Authorization,
    Exchange,
    Refresh,
    ClientCredentials,
}

/// How a provider departs from the standard.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Server {
    accepts: Vec<Flavor>,
    #[serde(default)]
    verb: Verb,
    #[serde(default)]
    params_in: ParamsIn,
    pub(crate) basic: Option<String>,
    #[serde(default)]
    pub(crate) requires_headers: BTreeMap<String, Text>,
    #[serde(default)]
    pub(crate) requires_params: PerKind<BTreeMap<String, Text>>,
    #[serde(default)]
    pub(crate) renames: PerKind<BTreeMap<String, String>>,
    #[serde(default)]
    pub(crate) omits: PerKind<BTreeSet<String>>,
    pub(crate) scope_delimiter: Option<String>,
    #[serde(default)]
    pub(crate) scope_raw: bool,
    #[serde(default)]
    pub(crate) query_in_fragment: bool,
    #[serde(default)]
    pub(crate) pkce: Pkce,
    pub(crate) callback_code_param: Option<String>,
    pub(crate) callback_state_param: Option<String>,
    #[serde(default)]
    pub(crate) callback_params: BTreeMap<String, Text>,
    code_arrives: Option<CodeArrives>,
    #[serde(default)]
    pub(crate) response: Response,
    #[serde(default)]
    pub(crate) error_response: ErrorResponse,
    #[serde(default)]
    pub(crate) refresh: Refresh,
    pub(crate) api: Option<Api>,
}

#[derive(Clone, Copy, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum Verb {
    #[default]
    Post,
    Get,
}

#[derive(Clone, Copy, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ParamsIn {
    #[default]
    Body,
    Query,
}

#[derive(Clone, Copy, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Pkce {
    #[default]
    Allowed,
    Required,
    Refused,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum CodeArrives {
    Webhook,
}

#[derive(Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct PerKind<T> {
    pub(crate) authorization: T,
    pub(crate) exchange: T,
    pub(crate) refresh: T,
    pub(crate) client_credentials: T,
}

#[derive(Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Refresh {
    uses: Option<Uses>,
    pub(crate) rotates: bool,
    pub(crate) omits_refresh_token: bool,
    pub(crate) accepts: Option<Vec<Flavor>>,
    verb: Option<Verb>,
    params_in: Option<ParamsIn>,
    pub(crate) lives_on: bool,
    pub(crate) not_before_expiry: Option<u64>,
}

#[derive(Clone, Copy, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Uses {
    RefreshToken,
    AccessToken,
    RepeatGrant,
    None,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Api {
    #[serde(default)]
    pub(crate) place: Place,
    name: Option<String>,
    template: Option<String>,
}

#[derive(Clone, Copy, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Place {
    #[default]
    Header,
    Query,
}

/// A value that travels as text, also where the file has a number.
#[derive(Clone, Deserialize)]
#[serde(try_from = "Value")]
pub(crate) struct Text(pub(crate) String);

impl TryFrom<Value> for Text {
    type Error = String;

    fn try_from(value: Value) -> Result<Self, String> {
        text(&value).map(Self).ok_or_else(|| format!("{value} is no text"))
    }
}

impl Entry {
    pub(crate) fn token_url(&self) -> String {
        filled(&self.token_url, &self.parameters)
    }

    pub(crate) fn authorization_url(&self) -> Option<String> {
        self.authorization_url.as_ref().map(|url| filled(url, &self.parameters))
    }

    pub(crate) fn refresh_url(&self) -> Option<String> {
        self.refresh_url.as_ref().map(|url| filled(url, &self.parameters))
    }

    pub(crate) fn scopes<'a>(&'a self, client: &'a Client) -> &'a [String] {
        self.scopes.as_ref().unwrap_or(&client.scopes)
    }

    /// What asks for the first token.
    pub(crate) fn first(&self) -> Kind {
        match self.grant {
            Grant::AuthorizationCode => Kind::Exchange,
            Grant::ClientCredentials => Kind::ClientCredentials,
        }
    }

    pub(crate) fn uses(&self) -> Uses {
        self.server.refresh.uses.unwrap_or(match self.grant {
            Grant::AuthorizationCode => Uses::RefreshToken,
            Grant::ClientCredentials => Uses::RepeatGrant,
        })
    }

    pub(crate) fn refreshes(&self) -> bool {
        matches!(self.uses(), Uses::RefreshToken | Uses::AccessToken)
    }

    /// The answer to this kind of request, as far as the entry says it.
    pub(crate) fn answer(&self, kind: Kind) -> Answer {
        let response = &self.server.response;
        let answer = match kind {
            Kind::Refresh if response.refresh.is_some() => &response.refresh,
            Kind::Refresh if self.grant == Grant::AuthorizationCode => &response.exchange,
            Kind::Exchange => &response.exchange,
            _ => &response.client_credentials,
        };
        answer.clone().unwrap_or_default()
    }

    /// Its body, with placeholders.
    pub(crate) fn body(&self, kind: Kind) -> Value {
        let body = self.answer(kind).body.unwrap_or_else(|| self.standard_body());
        let mut body = members_of_form(body);
        if kind == Kind::Refresh && self.server.refresh.omits_refresh_token {
            leave_out(&mut body, "$REFRESH_TOKEN");
        }
        body
    }

    fn standard_body(&self) -> Value {
        let mut body = json!({
            "access_token": "$ACCESS_TOKEN",
            "token_type": "Bearer",
            "expires_in": "$EXPIRES_IN",
            "refresh_token": "$REFRESH_TOKEN",
            "scope": "$SCOPES",
        });
        if self.grant == Grant::ClientCredentials || self.uses() != Uses::RefreshToken {
            leave_out(&mut body, "$REFRESH_TOKEN");
        }
        body
    }
}

impl Server {
    pub(crate) fn accepts(&self, kind: Kind) -> &[Flavor] {
        let own = self.refresh.accepts.as_ref().filter(|_| kind == Kind::Refresh);
        own.unwrap_or(&self.accepts)
    }

    pub(crate) fn verb(&self, kind: Kind) -> Verb {
        self.refresh.verb.filter(|_| kind == Kind::Refresh).unwrap_or(self.verb)
    }

    pub(crate) fn params_in(&self, kind: Kind) -> ParamsIn {
        let own = self.refresh.params_in.filter(|_| kind == Kind::Refresh);
        match self.verb(kind) {
            Verb::Get => ParamsIn::Query,
            Verb::Post => own.unwrap_or(self.params_in),
        }
    }

    /// What stands between scopes, but for those that stand raw in the authorization URL.
    pub(crate) fn delimiter(&self) -> &str {
        self.scope_delimiter.as_deref().filter(|_| !self.scope_raw).unwrap_or(" ")
    }

    pub(crate) fn raw_delimiter(&self) -> Option<&str> {
        self.scope_raw.then(|| self.scope_delimiter.as_deref().unwrap_or(" "))
    }

    pub(crate) fn code_param(&self) -> &str {
        self.callback_code_param.as_deref().unwrap_or("code")
    }

    pub(crate) fn state_param(&self) -> &str {
        self.callback_state_param.as_deref().unwrap_or("state")
    }

    pub(crate) fn code_comes_by_redirect(&self) -> bool {
        self.code_arrives.is_none()
    }
}

impl<T> PerKind<T> {
    pub(crate) fn of(&self, kind: Kind) -> &T {
        match kind {
            Kind::Authorization => &self.authorization,
            Kind::Exchange => &self.exchange,
            Kind::Refresh => &self.refresh,
            Kind::ClientCredentials => &self.client_credentials,
        }
    }
}

impl Api {
    pub(crate) fn name(&self) -> &str {
        self.name.as_deref().unwrap_or("Authorization")
    }

    pub(crate) fn template(&self) -> &str {
        self.template.as_deref().unwrap_or("Bearer {token}")
    }
}

/// The text with each `{name}` that the map knows in its place.
pub(crate) fn filled(template: &str, values: &BTreeMap<String, Text>) -> String {
    values.iter().fold(template.to_owned(), |text, (name, value)| {
        text.replace(&format!("{{{name}}}"), &value.0)
    })
}

/// What a text, a number or a truth value reads as.
pub(crate) fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        _ => None,
    }
}
