//! What the schema says of answers.

use serde::Deserialize;
use serde_json::Value;

#[derive(Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Response {
    pub(super) exchange: Option<Answer>,
    pub(super) refresh: Option<Answer>,
    pub(super) client_credentials: Option<Answer>,
    pub(crate) look: Look,
    pub(crate) keeps: Vec<String>,
}

#[derive(Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Answer {
    pub(crate) status: Option<u16>,
    pub(crate) content_type: Option<String>,
    pub(crate) body: Option<Value>,
}

#[derive(Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Look {
    pub(crate) root: String,
    pub(crate) access_token: Option<String>,
    pub(crate) refresh_token: Option<String>,
    pub(crate) expires_in: Option<String>,
    pub(crate) expires_in_unit: Unit,
    pub(crate) expires_at: Option<String>,
    pub(crate) expires_at_format: Unit,
    pub(crate) default_lifetime: Option<u64>,
    pub(crate) zero_lifetime: Option<ZeroLifetime>,
}

#[derive(Clone, Copy, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Unit {
    #[default]
    Seconds,
    Milliseconds,
    Rfc3339,
}

#[derive(Clone, Copy, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ZeroLifetime {
    Never,
}

#[derive(Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ErrorResponse {
    pub(crate) status: Option<u16>,
    pub(crate) content_type: Option<String>,
    pub(crate) body: Option<Value>,
    pub(crate) recognised: Option<Recognised>,
}

#[derive(Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Recognised {
    pub(crate) pointer: String,
    pub(crate) error: Vec<Value>,
    pub(crate) success: Vec<Value>,
    pub(crate) code: Option<String>,
    pub(crate) description: Option<String>,
}

impl Answer {
    pub(crate) fn is_form(&self) -> bool {
        let content_type = self.content_type.as_deref().unwrap_or_default();
        content_type.contains("form-urlencoded") || matches!(self.body, Some(Value::String(_)))
    }
}

/// A text is a whole form.
pub(super) fn members_of_form(body: Value) -> Value {
    let Value::String(form) = body else { return body };
    let pairs = form.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    Value::Object(pairs.map(|(name, value)| (name.to_owned(), value.into())).collect())
}

/// Takes out every member with this value.
pub(super) fn leave_out(body: &mut Value, unwanted: &str) {
    if let Value::Object(members) = body {
        members.retain(|_, value| *value != unwanted);
        members.values_mut().for_each(|value| leave_out(value, unwanted));
    }
}
