//! The leg through the user's browser.

use http::StatusCode;
use url::Url;

use super::finding::{Finding, FindingKind};
use super::words::{PKCE, REDIRECT_URI, TOO_LARGE, Words, of_page};
use crate::authorize::{Callback, CallbackError};
use crate::error::ServerError;
use crate::mask::beginning;

/// Says what a callback tells that went wrong: of the URL, the query, or the form that came.
/// Nothing is found where it brings a code and a state.
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
    if callback.param("code").is_none() {
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
            "unauthorized_client" | "unsupported_response_type" => (
                FindingKind::GrantType,
                "the client may not use authorization codes",
                "allow the authorization code grant for this client in the provider's console",
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
    Finding::problem(kind, format!("the callback says {told}"), cause, remedy)
}

/// Says why the provider showed the user an error in place of the question, and never sent them
/// back. `page` is what stands there, as far as it is known; nothing of it is shown.
pub fn check_browser(authorization_url: &str, status: StatusCode, page: &str) -> Vec<Finding> {
    let length = authorization_url.len();
    let url = Url::parse(authorization_url).ok();
    let place = url.map(|mut url| {
        url.set_query(None);
        // Where a convention puts the parameters, the state among them.
        url.set_fragment(None);
        url.to_string()
    });
    // What a person sees first of it.
    let page = beginning(page, LIMIT);
    let place = place.unwrap_or_else(|| "the authorization URL".to_owned());
    let is_error = status.is_client_error() || status.is_server_error();
    let shown = Words::new(&of_page(page).collect::<Vec<_>>().join(" "));
    let found = match status.as_u16() {
        _ if is_error && shown.say(TOO_LARGE) => Some(COOKIES),
        431 | 494 => Some(COOKIES),
        414 => Some((
            FindingKind::HeadersTooLarge,
            "the authorization URL is longer than the server takes",
            "ask for fewer scopes, and keep a state of your own short",
        )),
        404 | 405 | 410 => advice(&shown).or(Some((
            FindingKind::Url,
            "there is no authorization page at this URL: a wrong path, version, tenant or region; a \
             few providers answer so to a client id that they do not know",
            "compare authorization_url, then client_id, with the provider's documentation and console",
        ))),
        500.. if advice(&shown).is_some() => advice(&shown),
        429 | 500.. => Some((
            FindingKind::Unavailable,
            "the provider is down or overloaded",
            "let the user try again later; if it stays, shorten the URL parameter by parameter",
        )),
        _ if is_error => advice(&shown),
        // A page that is none of an error names parameters too, in what it is built of.
        _ => of_page(page).map(Words::new).filter(complains).find_map(|words| advice(&words)),
    };
    let (kind, cause, remedy) = match found {
        Some(found) => found,
        None if is_error => (
            FindingKind::Parameter,
            "the provider refuses without sending the user back, as it does when the client id or the \
             redirect URI is not known",
            "check client_id, and that redirect_uri is registered byte by byte",
        ),
        None => return Vec::new(),
    };
    let symptom =
        format!("{place} shows the user {}; the URL has {length} characters", status.as_u16());
    vec![Finding::problem(kind, symptom, cause, remedy)]
}

fn complains(words: &Words) -> bool {
    words.say(&[
        "mismatch",
        "not match",
        "doesn't match",
        "not registered",
        "not whitelisted",
        "not allowed",
        "not supported",
        "not valid",
        "not found",
        "invalid",
        "unknown",
        "missing",
        "is required",
    ])
}

const COOKIES: Advice = (
    FindingKind::HeadersTooLarge,
    "the browser's cookies for this host, with the URL, are more than the server takes; each \
     authorization that was begun may have left some",
    "let the user clear the browser's cookies for this host, or use a private window; keep the state \
     and the authorization URL short",
);

/// The kind, the cause and the remedy.
type Advice = (FindingKind, &'static str, &'static str);

/// What a provider's words at the authorization tell.
fn advice(words: &Words) -> Option<Advice> {
    let says = |phrases: &[&str]| words.say(phrases);
    if says(REDIRECT_URI) {
        return Some((
            FindingKind::RedirectUri,
            "the redirect URI is not one that is registered for this client; it is compared byte by \
             byte, and differs by region and environment",
            "register redirect_uri as it is at the provider, or set it to the registered one",
        ));
    }
    if says(PKCE) {
        let unwanted = says(&[
            "not supported",
            "unsupported",
            "not allowed",
            "unknown",
            "unexpected",
            "unrecognized",
        ]);
        return Some(if unwanted {
            (
                FindingKind::Pkce,
                "the provider does not take PKCE",
                "set conventions.authorization.pkce to \"refused\"",
            )
        } else {
            (
                FindingKind::Pkce,
                "the provider wants PKCE, or another challenge than S256",
                "leave without_pkce and conventions.authorization.pkce out",
            )
        });
    }
    if says(&["scope"]) {
        return Some((
            FindingKind::Scope,
            "a scope is not known, not allowed for this client, or separated otherwise",
            "spell the scopes as the documentation does, allow them for this client in the console, \
             and set conventions.scope_delimiter if it is not a space",
        ));
    }
    if says(&["client id", "unknown client", "invalid client", "application with identifier"]) {
        return Some((
            FindingKind::ClientId,
            "the provider does not know the client id: a typing error, or another tenant or environment",
            "copy the client id from the console of the environment that authorization_url belongs to",
        ));
    }
    None
}

/// In bytes.
const LIMIT: usize = 64 * 1024;
