//! Reads the error that a server tells, in the shapes in which servers tell it.

use serde_json::Value;

use super::members::Members;
use super::secrets::{Known, secrets_of_refusal};
use super::{Body, tokens};
use crate::capture::{Veil, headers};
use crate::conventions::{AnswerConventions, ErrorSign};
use crate::error::ServerError;
use crate::mask::{Mask, beginning};
use crate::secret::Secret;
use crate::transport::HttpResponse;

/// An error as a server told it.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    /// As it may be shown.
    pub(crate) error: ServerError,
    /// Its code as it came: what is shown of it tells less, where a part of it is a secret.
    pub(crate) code: Secret,
}

impl Told {
    /// The error that a status stands for, of an answer that tells none.
    pub(crate) fn by_status(code: &str) -> Self {
        let description = Some("as the conventions read its status".to_owned());
        Self { error: ServerError::new(code.to_owned(), description, None), code: code.into() }
    }
}

/// An error, and whether a token came with it, or may have, usable or not.
pub(super) struct Refusal {
    pub(super) told: Told,
    pub(super) brings_token: bool,
}

/// Whether the answer tells an error, in its own members or in those beside the token, if these are
/// others.
pub(super) fn is_there(
    answer: &Members<'_>,
    members: Option<&Members<'_>>,
    sign: Option<&ErrorSign>,
) -> bool {
    match sign.map_or(Sign::Missing, |sign| look(answer, sign)) {
        Sign::Success => false,
        Sign::Error(_) => true,
        Sign::Missing => find(answer, "error").or_else(|| find(members?, "error")).is_some(),
    }
}

/// The error that an answer tells, in its own members or in those beside the token, without secrets.
///
/// `error` is a text as [RFC 6749, section 5.2](https://www.rfc-editor.org/rfc/rfc6749#section-5.2)
/// has it, or a number, an object or a list of objects; `errors` stands in for it where it is
/// missing. Conventions may say where else to look.
pub(super) fn read<'m>(
    response: &HttpResponse,
    body: &Body<'_>,
    answer: &Members<'_>,
    members: &Members<'_>,
    conventions: &AnswerConventions,
    secrets: impl FnOnce() -> (Mask<'m>, Known<'m>),
) -> Option<Refusal> {
    let find = |name| find(answer, name).or_else(|| find(members, name));
    let sign = conventions.error.as_ref();
    let signed = match sign.map_or(Sign::Missing, |sign| look(answer, sign)) {
        Sign::Success => return None,
        Sign::Error(value) => Some(value),
        Sign::Missing => None,
    };
    let standard = find("error").or_else(|| find("errors"));
    let at = |pointer: Option<&String>| text(&answer.value_at(pointer?)?);
    // Where a sign says that it is an error, but not which, a standard member may.
    let told = signed.as_ref().and_then(|_| at(sign?.code.as_ref()));
    let error = standard.as_ref().or(signed.as_ref()).map(innermost)?;
    let described = ["error_description", "error_message", "message", "description"]
        .into_iter()
        .find_map(|name| find(name).as_ref().and_then(text));

    let code = told.or_else(|| code(error)).unwrap_or_default();
    let code = code.trim();
    let signed = signed.as_ref().and_then(|_| at(sign?.description.as_ref()));
    let description = signed.or_else(|| description(error)).or(described);
    let uri = find("error_uri").as_ref().and_then(text);

    // The answer may bring tokens along, and quote them.
    let mut tokens = tokens::held(answer);
    tokens.extend(renamed(members, conventions));
    let is_page = |uri: &String| uri.starts_with("https://") || uri.starts_with("http://");
    let uri = uri.filter(is_page);
    let texts = [Some(code), description.as_deref(), uri.as_deref()];
    let texts = texts.map(|text| beginning(text.unwrap_or_default(), SEARCHED));
    let quote = || {
        let (mask, known) = secrets();
        let mut veil = Veil::new(mask);
        for token in &tokens {
            veil.hide("token", token.clone());
        }
        let is_success = response.status().is_success();
        let body = beginning(body.text(), SEARCHED);
        quoted(texts, veil, known, (body, headers(response), is_success))
    };
    let shown = (tokens.len() <= MOST_TOKENS).then(quote).flatten();
    let error = if let Some([code, told, page]) = shown {
        let code = Some(clean(&code, CODE_LIMIT)).filter(|code| !code.is_empty());
        ServerError::new(
            code.unwrap_or(UNNAMED.to_owned()),
            description.map(|_| clean(&told, DESCRIPTION_LIMIT)),
            uri.map(|_| clean(&page, DESCRIPTION_LIMIT)),
        )
    } else {
        ServerError::new(UNNAMED.to_owned(), None, None)
    };
    // No code that means anything is longer, and each attempt keeps its own.
    let code: String = code.chars().take(CODE_LIMIT).collect();
    let brings_token = !tokens.is_empty() || tokens::unheld(answer);
    Some(Refusal { told: Told { error, code: code.into() }, brings_token })
}

/// The texts of an answer without what is secret, as where the answer is shown as a whole: what was
/// sent, what stands around them under telling names, and what looks drawn at random in them. `None`
/// if that is too much to hide.
///
/// Around them are the answer's body and headers, and whether it is a success.
pub(super) fn quoted<'h, const N: usize>(
    texts: [&str; N],
    mut veil: Veil<'_>,
    mut known: Known<'_>,
    (body, headers, is_success): (&str, impl Iterator<Item = (&'h str, String)>, bool),
) -> Option<[String; N]> {
    known.marks = veil.marks();
    let texts = texts.map(|text| veil.thin(text));
    let found = secrets_of_refusal(body, &texts, headers, is_success, &known)?;
    found.into_iter().for_each(|(name, secret)| veil.hide(name, secret));
    Some(texts.map(|text| veil.over(&text)))
}

/// What a sign says of an answer.
enum Sign {
    Success,
    /// The value that said so.
    Error(Value),
    /// Nothing.
    Missing,
}

fn look(answer: &Members<'_>, sign: &ErrorSign) -> Sign {
    let Some(value) = answer.value_at(&sign.pointer) else { return Sign::Missing };
    let is_one_of = |values: &[Value]| {
        values.iter().any(|known| {
            *known == value || text(known).is_some_and(|known| text(&value) == Some(known))
        })
    };
    let error = if sign.success.is_empty() {
        sign.error.is_empty() || is_one_of(&sign.error)
    } else {
        !is_one_of(&sign.success)
    };
    match error {
        true => Sign::Error(value),
        false if sign.success.is_empty() => Sign::Missing,
        false => Sign::Success,
    }
}

/// The tokens that stand where the conventions say and under no name that tells of them.
fn renamed(members: &Members<'_>, conventions: &AnswerConventions) -> Vec<String> {
    let names = ["access_token", "refresh_token"];
    let theirs = names.iter().filter_map(|name| conventions.rename.get(*name));
    let texts = theirs.filter_map(|name| members.one(name)??.non_empty_text());
    texts.map(Into::into).collect()
}

/// The first value of this name that says anything.
fn find(members: &Members<'_>, name: &str) -> Option<Value> {
    let mut values = members.iter().filter(|(known, _)| *known == name);
    values.find_map(|(_, member)| Some(member.bounded_value()).filter(tells))
}

/// The text as it may be shown: without secrets, of the characters that RFC 6749 allows in an
/// error, and cut to so many of them.
pub(crate) fn printable(mask: &Mask<'_>, text: &str, limit: usize) -> String {
    clean(&mask.apply_deeply(beginning(text, SEARCHED)), limit)
}

pub(super) fn clean(text: &str, limit: usize) -> String {
    let allowed = |character: char| match character {
        ' ' | '!' | '#'..='[' | ']'..='~' => character,
        '"' => '\'',
        '\\' => '/',
        character if character.is_whitespace() || character.is_control() => ' ',
        _ => '?',
    };
    // Whatever a character was, it becomes one byte.
    let mut shown = String::with_capacity(text.len().min(limit));
    shown.extend(text.chars().map(allowed).take(limit));
    shown.trim().to_owned()
}

/// Whether an `error` of this value is one.
fn tells(error: &Value) -> bool {
    match error {
        Value::Null => false,
        Value::Bool(error) => *error,
        Value::Number(error) => error.as_f64() != Some(0.0),
        // A form has no other values.
        Value::String(error) => !matches!(error.trim(), "" | "0" | "false" | "null"),
        Value::Array(errors) => !errors.is_empty(),
        Value::Object(members) => !members.is_empty(),
    }
}

/// The first error of a list.
fn innermost(error: &Value) -> &Value {
    match error {
        Value::Array(errors) => errors.first().unwrap_or(error),
        error => error,
    }
}

fn code(error: &Value) -> Option<String> {
    let Value::Object(members) = error else { return text(error) };
    let names = ["code", "error", "errorType", "type", "status", "name"];
    let of = |pick: fn(&Value) -> bool| {
        names.iter().filter_map(|name| members.get(*name)).find(|value| pick(value))
    };
    // A word says more than a number: {"code": 100, "type": "OAuthException"}.
    of(Value::is_string).or_else(|| of(Value::is_number)).and_then(text)
}

fn description(error: &Value) -> Option<String> {
    let names = ["message", "error_description", "description", "detail", "details"];
    names.iter().filter_map(|name| error.get(name)).find_map(text)
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()).filter(|text| !text.is_empty()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        _ => None,
    }
}

/// The code of an error that gives none.
const UNNAMED: &str = "unnamed";

/// Of an answer with more tokens than this nothing is shown: to look for all of them would take long.
const MOST_TOKENS: usize = 16;

/// How many bytes of a text are searched for secrets: what an error quotes stands near.
pub(super) const SEARCHED: usize = 8 * 1024;

/// Limits in characters: room for what people write, none for what floods a log.
pub(crate) const CODE_LIMIT: usize = 64;
pub(crate) const DESCRIPTION_LIMIT: usize = 512;
