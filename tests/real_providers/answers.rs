//! What a provider answers: its bodies with the placeholders filled, and its errors.

use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::entry::{Answer, Client, Entry, text};
use crate::judge::Stage;

/// What the placeholders of a token answer stand for.
pub(crate) struct Filling {
    pub(crate) access_token: String,
    pub(crate) refresh_token: String,
    pub(crate) scopes: Vec<String>,
    pub(crate) delimiter: String,
    pub(crate) lifetime: Duration,
    pub(crate) ends: SystemTime,
}

impl Filling {
    pub(crate) fn fill(&self, template: &Value) -> Value {
        match template {
            Value::String(text) => self.value(text),
            Value::Array(values) => values.iter().map(|value| self.fill(value)).collect(),
            Value::Object(members) => {
                let filled = members.iter().map(|(name, value)| (name.clone(), self.fill(value)));
                Value::Object(filled.collect())
            }
            other => other.clone(),
        }
    }

    fn value(&self, template: &str) -> Value {
        let since_1970 = self.ends.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        match template {
            "$EXPIRES_IN" => json!(self.lifetime.as_secs()),
            "$EXPIRES_IN:ms" => json!(self.lifetime.as_secs() * 1000),
            "$EXPIRES_AT:seconds" => json!(since_1970.as_secs()),
            "$EXPIRES_AT:milliseconds" => json!(since_1970.as_secs() * 1000),
            "$SCOPES:array" => json!(self.scopes),
            template => Value::String(self.text(template)),
        }
    }

    /// A text that may hold several.
    fn text(&self, template: &str) -> String {
        let since_1970 = self.ends.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let seconds = self.lifetime.as_secs();
        let date = i64::try_from(since_1970.as_secs()).ok().map(Timestamp::from_second);
        let date = date.and_then(Result::ok).map(|moment| moment.to_string()).unwrap_or_default();
        template
            .replace("$ACCESS_TOKEN", &self.access_token)
            .replace("$REFRESH_TOKEN", &self.refresh_token)
            .replace("$EXPIRES_IN:string", &seconds.to_string())
            .replace("$EXPIRES_IN:ms", &(seconds * 1000).to_string())
            .replace("$EXPIRES_IN", &seconds.to_string())
            .replace("$EXPIRES_AT:seconds", &since_1970.as_secs().to_string())
            .replace("$EXPIRES_AT:milliseconds", &(since_1970.as_secs() * 1000).to_string())
            .replace("$EXPIRES_AT:rfc3339", &date)
            .replace("$SCOPES", &self.scopes.join(&self.delimiter))
    }
}

/// An answer before it is written.
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: String,
}

impl Reply {
    pub(crate) fn token(answer: &Answer, body: &Value) -> Self {
        let body = match body {
            Value::Object(members) if answer.is_form() => &Value::String(form(members)),
            body => body,
        };
        Self::new(answer.status.unwrap_or(200), answer.content_type.as_deref(), body)
    }

    fn new(status: u16, content_type: Option<&str>, body: &Value) -> Self {
        let content_type = content_type.unwrap_or("application/json");
        let body = match body {
            Value::String(text) => text.clone(),
            body => body.to_string(),
        };
        Self { status, headers: vec![("content-type", content_type.to_owned())], body }
    }

    /// For people, and for a browser.
    pub(crate) fn page(status: u16, text: String) -> Self {
        Self { status, headers: vec![("content-type", "text/plain".to_owned())], body: text }
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        let Self { status, headers, body } = self;
        let mut head = format!("HTTP/1.1 {status} Answer\r\ncontent-length: {}\r\n", body.len());
        for (name, value) in headers {
            head += &format!("{name}: {value}\r\n");
        }
        format!("{head}\r\n{body}").into_bytes()
    }
}

fn form(members: &Map<String, Value>) -> String {
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in members {
        form.append_pair(name, &text(value).unwrap_or_default());
    }
    form.finish()
}

/// A refusal as the entry shapes it, and what the client should read in it.
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) code: Option<String>,
    pub(crate) description: Option<String>,
    /// Why, for people.
    pub(crate) reason: String,
}

pub(crate) fn refuse(entry: &Entry, stage: Stage, reason: String) -> (Reply, Refusal) {
    let shape = &entry.server.error_response;
    let by_default = if stage == Stage::Client { 401 } else { 400 };
    let status = shape.status.unwrap_or(by_default);
    let standard = || json!({ "error": "$ERROR", "error_description": "sample" });
    let body = with_error(&shape.body.clone().unwrap_or_else(standard), stage.error());
    let at = |pointer: &str| body.pointer(pointer).and_then(text).filter(|text| !text.is_empty());
    let (code, description) = match &shape.recognised {
        Some(told) => {
            let code = told.code.as_deref().and_then(at).or_else(|| at(&told.pointer));
            (code, told.description.as_deref().and_then(at))
        }
        None => (at("/error"), at("/error_description")),
    };
    let reply = Reply::new(status, shape.content_type.as_deref(), &body);
    (reply, Refusal { status, code, description, reason })
}

fn with_error(template: &Value, error: &str) -> Value {
    match template {
        Value::String(text) => Value::String(text.replace("$ERROR", error)),
        Value::Array(values) => values.iter().map(|value| with_error(value, error)).collect(),
        Value::Object(members) => {
            let filled = members.iter().map(|(name, it)| (name.clone(), with_error(it, error)));
            Value::Object(filled.collect())
        }
        other => other.clone(),
    }
}

/// What an access token of this answer lives, as far as the provider cares.
pub(crate) fn lifetime(entry: &Entry, client: &Client, body: &Value) -> Duration {
    let told = body.to_string().contains("$EXPIRES_");
    let by_default = entry.server.response.look.default_lifetime.filter(|_| !told);
    Duration::from_secs(by_default.unwrap_or(client.lifetime))
}
