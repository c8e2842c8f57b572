//! What a provider's words at the authorization tell.

use super::super::finding::FindingKind;
use super::super::words::{PKCE, REDIRECT_URI, Words};

/// The kind, the cause and the remedy.
pub(super) type Advice = (FindingKind, &'static str, &'static str);

/// What they tell, if anything.
pub(super) fn advice(words: &Words) -> Option<Advice> {
    let says = |phrases: &[&str]| words.say(phrases);
    if says(REDIRECT_URI) {
        return Some((
            FindingKind::RedirectUri,
            "the redirect URI is not one that is registered for this client; it is compared byte by \
             byte, and differs by region and environment",
            "register this very redirect_uri at the provider, or set redirect_uri to the registered one",
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
    if says(&["response type"]) {
        return Some(RESPONSE_TYPE);
    }
    if says(&["scope"]) {
        return Some((
            FindingKind::Scope,
            "a scope is not known, not allowed for this client, or separated otherwise",
            "spell the scopes as the documentation does, allow them for this client in the console, \
             and set conventions.scope_delimiter if it is not a space",
        ));
    }
    // No client authenticates in a browser: it can only be not known.
    if says(&[
        "client id",
        "unknown client",
        "invalid client",
        "client authentication failed",
        "application with identifier",
    ]) {
        return Some((
            FindingKind::ClientId,
            "the provider does not know the client id: a typing error, or another tenant or environment",
            "copy the client id from the console of the environment that authorization_url belongs to",
        ));
    }
    None
}

/// Whether the words are those of an error, and not of a page that asks or tells something.
pub(super) fn complains(words: &Words) -> bool {
    words.say(&[
        "mismatch",
        "not match",
        "doesn't match",
        "not registered",
        "unregistered",
        "not whitelisted",
        "not allowed",
        "not supported",
        "unsupported",
        "does not support",
        "not valid",
        "not found",
        "invalid",
        "malformed",
        "unknown",
        "missing",
        "is required",
        "failed",
    ])
}

/// Of a URL that asks for something other than a code, or may.
pub(super) const RESPONSE_TYPE: Advice = (
    FindingKind::GrantType,
    "the authorization URL asks for something other than a code, or the client may not use \
     authorization codes",
    "leave response_type out of conventions.authorization.params, conventions.authorization.omit and \
     the query of authorization_url, so that it is code; then allow the authorization code grant for \
     this client in the provider's console",
);

/// Of a client, where a code is asked for.
pub(super) const CODE_NOT_ALLOWED: Advice = (
    FindingKind::GrantType,
    "the client may not use authorization codes",
    "allow the authorization code grant for this client in the provider's console",
);

/// Of a request that is too large.
pub(super) const COOKIES: Advice = (
    FindingKind::HeadersTooLarge,
    "the browser's cookies for this host, with the URL, are more than the server takes; each \
     authorization that was begun may have left some",
    "let the user clear the browser's cookies for this host, or use a private window; keep the state \
     and the authorization URL short",
);

/// Of a server that fails.
pub(super) const OVERLOADED: Advice = (
    FindingKind::Unavailable,
    "the provider is down or overloaded",
    "let the user try again later; if it stays, shorten the URL parameter by parameter",
);
