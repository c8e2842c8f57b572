//! The authorization endpoint, and a user who makes up their mind at once.

use url::Url;
use url::form_urlencoded::Serializer;

use super::answers::Refusal;
use super::asked::Params;
use super::ledger::{Bound, Ledger};
use super::rules::{PkceRule, Rules};

/// What the user says.
#[derive(Clone, Copy, Eq, PartialEq)]
pub(super) enum Consent {
    Yes,
    No,
}

/// An authorization request of which the user is told and not the client: nobody knows where to
/// send them ([RFC 6749, section 4.1.2.1](https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2.1)).
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum AuthorizationRefused {
    /// The URL cannot be read, or a parameter comes twice.
    #[error("the authorization request cannot be read")]
    Malformed,
    /// `client_id` is missing, or another client's.
    #[error("the client is not known")]
    UnknownClient,
    /// `redirect_uri` is missing, no URL, or none of those that the server was told.
    #[error("the redirect URI is not known")]
    UnknownRedirectUri,
}

/// Where the user is sent to after this request.
pub(super) fn callback(
    rules: &Rules,
    ledger: &mut Ledger,
    query: &str,
    consent: Consent,
) -> Result<String, AuthorizationRefused> {
    let params = Params::of_form(query.as_bytes()).map_err(|_| AuthorizationRefused::Malformed)?;
    let is_known =
        rules.client.as_ref().is_none_or(|client| params.get("client_id") == Some(&client.id));
    if !is_known {
        return Err(AuthorizationRefused::UnknownClient);
    }
    let redirect_uri = redirect_uri(rules, &params)?;

    let outcome = bound(rules, &params, consent);
    let mut answer = Serializer::new(String::new());
    match &outcome {
        Ok(bound) => answer.append_pair("code", &ledger.add_code(bound.clone())),
        Err(error) => answer.append_pair("error", error),
    };
    if let Some(state) = params.get("state") {
        answer.append_pair("state", state);
    }
    if let Some(issuer) = &rules.issuer {
        answer.append_pair("iss", issuer);
    }
    let joint = if redirect_uri.contains('?') { '&' } else { '?' };
    Ok(format!("{redirect_uri}{joint}{}", answer.finish()))
}

fn redirect_uri<'a>(rules: &'a Rules, params: &'a Params) -> Result<&'a str, AuthorizationRefused> {
    let uri = match (params.get("redirect_uri"), rules.redirect_uris.as_slice()) {
        (Some(uri), []) => Some(uri),
        (Some(uri), known) => known.iter().any(|known| known == uri).then_some(uri),
        (None, [only]) => Some(only.as_str()),
        (None, _) => None,
    };
    uri.filter(|uri| Url::parse(uri).is_ok()).ok_or(AuthorizationRefused::UnknownRedirectUri)
}

/// What the code is bound to, or the error code to send the user back with.
fn bound(rules: &Rules, params: &Params, consent: Consent) -> Result<Bound, &'static str> {
    if params.get("response_type") != Some("code") {
        return Err("unsupported_response_type");
    }
    let challenge = params.get("code_challenge");
    let is_s256 = params.get("code_challenge_method") == Some("S256");
    match (rules.pkce, challenge) {
        (PkceRule::Required, None) | (PkceRule::Refused, Some(_)) => return Err("invalid_request"),
        (_, Some(_)) if !is_s256 => return Err("invalid_request"),
        _ => {}
    }
    let scopes = params.get("scope").map(|scope| rules.scopes_of(scope)).transpose();
    let scopes = scopes.map_err(|_: Refusal| "invalid_scope")?;
    match consent {
        Consent::Yes => Ok(Bound {
            redirect_uri: params.get("redirect_uri").map(str::to_owned),
            challenge: challenge.map(str::to_owned),
            scopes,
        }),
        Consent::No => Err("access_denied"),
    }
}
