//! The leg through the user's browser.

use http::StatusCode;
use url::{Url, form_urlencoded};

use self::advice::{
    Advice, CODE_NOT_ALLOWED, COOKIES, OVERLOADED, RESPONSE_TYPE, advice, complains,
};
use super::code::check_code;
use super::finding::{Finding, FindingKind};
use super::words::{TOO_LARGE, Words, one_line};
use crate::authorize::{Callback, CallbackError};
use crate::code::AuthorizationCode;
use crate::error::ServerError;
use crate::mask::beginning;

mod advice;
mod page;

/// Says what a callback tells that went wrong: of the URL, the query, or the form that came.
/// Nothing is found where it brings a code and a state that look as they should; see
/// [`check_code`].
pub fn check_callback(url_query_or_form: &str) -> Vec<Finding> {
    let callback = match Callback::parse(url_query_or_form) {
        Ok(callback) => callback,
        Err(error) => return vec![check_callback_error(&error)],
    };
    let told = match callback.any_error() {
        Ok(told) => told,
        Err(error) => return vec![check_callback_error(&error)],
    };
    if let Some(told) = told {
        return vec![denied(&told)];
    }
    let mut findings = Vec::new();
    if let Some(code) = callback.param("code") {
        findings.extend(check_code(&AuthorizationCode::unchecked(code)));
    } else {
        let fragment = url_query_or_form.split_once('#').map(|(_, fragment)| fragment);
        let told = fragment.and_then(|it| Callback::parse(it).ok()?.any_error().ok()?);
        if let Some(told) = told {
            return vec![denied(&told)];
        }
        let has_token = callback.param("access_token").is_some();
        if has_token || fragment.is_some_and(|it| it.contains('=')) {
            return vec![Finding::problem(
                FindingKind::Callback,
                "the callback has no code, but something behind a # or a token",
                "the authorization URL asks for response_type=token or response_mode=fragment, which \
                 no server sees",
                "let exchanger.authorize() make the URL, and leave both parameters out of \
                 authorization_url and conventions.authorization.params",
            )];
        }
        findings.push(check_callback_error(&CallbackError::MissingCode));
    }
    if callback.state().is_none() {
        findings.push(check_callback_error(&CallbackError::MissingState));
    }
    findings
}

/// Says what to do about a callback that was not accepted.
pub fn check_callback_error(error: &CallbackError) -> Finding {
    let (kind, cause, remedy) = match error {
        CallbackError::Denied(told) => return denied(told),
        CallbackError::StateMismatch => (
            FindingKind::State,
            "the callback belongs to another authorization: the user has two tabs open, the session was \
             lost or shared, or it is forged",
            "look the pending authorization up by callback.state(), keep one for each authorization, and \
             let the user begin again",
        ),
        CallbackError::MissingState => (
            FindingKind::State,
            "the provider did not send the state back, or a proxy cut the query",
            "compare the callback with the documentation; if the state has another name there, set \
             conventions.callback.rename",
        ),
        CallbackError::MissingCode => (
            FindingKind::Callback,
            "it is not the end of an authorization, or the code has another name",
            "if the code has another name, set conventions.callback.rename; else let the user begin \
             again",
        ),
        CallbackError::Repeated(_) => (
            FindingKind::Callback,
            "two values of one name: the redirect URI has a query of its own with that name, or the \
             callback was put together by hand",
            "take the parameter out of the registered redirect URI, and hand on the query as it came",
        ),
        CallbackError::IssuerMismatch | CallbackError::MissingIssuer => (
            FindingKind::Issuer,
            "the callback comes from another provider than the one that was asked, or issuer is \
             written otherwise than the provider writes it",
            "compare issuer with the issuer in the provider's metadata, byte by byte; if the provider \
             sends no iss, set conventions.callback.issuer_optional",
        ),
        CallbackError::Malformed => (
            FindingKind::Callback,
            "it was cut off or decoded once too often on its way",
            "hand on the query as it came, not decoded",
        ),
    };
    Finding::problem(kind, error.to_string(), cause, remedy)
}

fn denied(told: &ServerError) -> Finding {
    let text = format!("{} {}", told.code, told.description.as_deref().unwrap_or_default());
    let (kind, cause, remedy) = match told.code.as_str() {
        "access_denied" => (
            FindingKind::Denied,
            "the user said no, or an administrator or a policy of the provider did",
            "let the user authorize again and say yes, or ask the administrator to allow the \
             application",
        ),
        "server_error" | "temporarily_unavailable" => {
            (FindingKind::Unavailable, "the provider failed", "let the user try again later")
        }
        "login_required"
        | "interaction_required"
        | "consent_required"
        | "account_selection_required" => (
            FindingKind::Consent,
            "prompt=none was asked for, and the user has to do something",
            "leave prompt=none out of authorization_url and conventions.authorization.params",
        ),
        code => advice(&Words::new(&text)).unwrap_or(match code {
            "unsupported_response_type" => RESPONSE_TYPE,
            // Some say so of a response type that is none of the client's.
            "unauthorized_client" => (
                FindingKind::GrantType,
                "the client may not use authorization codes, or is asked for something else",
                "allow the authorization code grant for this client in the provider's console; and leave \
                 response_type out of conventions.authorization.params and the query of \
                 authorization_url, so that it is code",
            ),
            _ => (
                FindingKind::Parameter,
                "the authorization URL has something that the provider does not take, or lacks \
                 something",
                "compare authorization.url with the documentation; conventions.authorization adds, \
                 renames and omits parameters",
            ),
        }),
    };
    // A description may be JSON over several lines.
    let told = one_line(&told.to_string());
    Finding::problem(kind, format!("the callback says {told}"), cause, remedy)
}

/// Says why the provider showed the user an error in place of the question, and never sent them
/// back; and first, whatever the page is, where the URL does not ask for a code. `page` is what
/// stands there, as far as it is known; nothing of it is shown.
pub fn check_browser(authorization_url: &str, status: StatusCode, page: &str) -> Vec<Finding> {
    let asked = Asked::new(authorization_url);
    let symptom = format!(
        "{} shows the user {}; the URL has {} characters",
        asked.place,
        status.as_u16(),
        authorization_url.len()
    );
    let mut findings = Vec::new();
    let is_for_code = asked.is_for_code();
    if !is_for_code {
        findings.push(asked.for_no_code());
    }
    // What a person sees first of it.
    let texts = page::texts(beginning(page, LIMIT), &asked.parameters);
    let told = match told(status, &texts) {
        Some((FindingKind::GrantType, ..)) if !is_for_code => None,
        Some((FindingKind::GrantType, ..)) if asked.response_types == ["code"] => {
            Some(CODE_NOT_ALLOWED)
        }
        // An error that does not say what it is about is about that, as far as is known.
        None if is_for_code => silent(status),
        told => told,
    };
    if let Some((kind, cause, remedy)) = told {
        findings.push(Finding::problem(kind, symptom, cause, remedy));
    }
    findings
}

/// What an authorization URL asks for, and where.
struct Asked {
    place: String,
    parameters: Vec<String>,
    response_types: Vec<String>,
}

impl Asked {
    fn new(authorization_url: &str) -> Self {
        // A convention puts the parameters, the state among them, behind a `?` in the fragment.
        let parts = authorization_url.splitn(2, '#');
        let queries = parts.filter_map(|it| Some(it.split_once('?')?.1));
        let pairs = queries.flat_map(|it| form_urlencoded::parse(it.as_bytes()).into_owned());
        let (mut parameters, mut response_types) = (Vec::new(), Vec::new());
        for (name, value) in pairs.filter(|(name, _)| !name.is_empty()) {
            if name == "response_type" {
                response_types.push(value);
            }
            parameters.push(name);
        }
        let place = Url::parse(authorization_url).ok().map(|mut url| {
            url.set_query(None);
            url.set_fragment(None);
            url.to_string()
        });
        let place = place.unwrap_or_else(|| "the authorization URL".to_owned());
        Self { place, parameters, response_types }
    }

    /// Whether a code is among what is asked for. A URL without a response type has it by another
    /// name, if it is one.
    fn is_for_code(&self) -> bool {
        let mut types = self.response_types.iter();
        types.all(|it| it.split_whitespace().any(|it| it == "code"))
    }

    fn for_no_code(&self) -> Finding {
        let is_word = |it: &str| it.chars().all(|it| it.is_ascii_lowercase() || "_ ".contains(it));
        let mut types = self.response_types.iter();
        let shown = types.find(|it| *it != "code" && it.len() <= LONGEST_TYPE && is_word(it));
        let shown = shown.map_or("another response_type than code".to_owned(), |it| {
            format!("response_type={it}")
        });
        Finding::problem(
            FindingKind::GrantType,
            format!("{} is asked for {shown}", self.place),
            "a configuration gives response_type another value than code, and then no code comes",
            "leave response_type out of conventions.authorization.params, of the query of \
             authorization_url and of the parameters added by program, so that it is code",
        )
    }
}

/// What the status or a text of the page tells.
fn told(status: StatusCode, texts: &[String]) -> Option<Advice> {
    let is_error = status.as_u16() >= 400;
    let shown = Words::new(&texts.join(" "));
    let complaint = || {
        let mut texts = texts.iter().map(|it| Words::new(it)).filter(complains);
        texts.find_map(|words| advice(&words))
    };
    match status.as_u16() {
        _ if is_error && shown.say(TOO_LARGE) => Some(COOKIES),
        431 | 494 => Some(COOKIES),
        414 => Some((
            FindingKind::HeadersTooLarge,
            "the authorization URL is longer than the server takes",
            "ask for fewer scopes, and keep a state of your own short",
        )),
        // A page of what is there instead names parameters too.
        404 | 405 | 410 => complaint().or(Some((
            FindingKind::Url,
            "there is no authorization page at this URL: a wrong path, version, tenant or region; a \
             few providers answer so to a client id that they do not know",
            "compare authorization_url, then client_id, with the provider's documentation and console",
        ))),
        429 => Some(OVERLOADED),
        _ if is_error => advice(&shown),
        // So does a page that is none of an error.
        _ => complaint(),
    }
}

/// What the status alone lets suppose.
fn silent(status: StatusCode) -> Option<Advice> {
    if status.as_u16() >= 500 {
        return Some(OVERLOADED);
    }
    status.is_client_error().then_some((
        FindingKind::Parameter,
        "the provider refuses without sending the user back, as it does when the client id or the \
         redirect URI is not known",
        "check client_id, and that redirect_uri is registered byte by byte",
    ))
}

/// In bytes.
const LIMIT: usize = 64 * 1024;

/// In bytes.
const LONGEST_TYPE: usize = 40;
