//! What the token endpoint and the revocation endpoint do.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json as object};
use sha2::{Digest as _, Sha256};

use super::answers::Refusal;
use super::asked::Asked;
use super::ledger::{Ledger, TokenKind};
use super::rules::{PkceRule, RefreshTokens, Rules};
use crate::flavor::ClientAuth;

/// The token that is asked for, or why there is none.
pub(super) fn token(
    rules: &Rules,
    ledger: &mut Ledger,
    asked: &Asked,
    auth: ClientAuth,
) -> Result<Value, Refusal> {
    match asked.required("grant_type", "grant_type is missing")? {
        "authorization_code" => by_code(rules, ledger, asked),
        "refresh_token" => by_refresh_token(rules, ledger, asked),
        "client_credentials" if auth == ClientAuth::None => {
            Err(Refusal::new("unauthorized_client", "a client without a secret"))
        }
        "client_credentials" => {
            let scopes = rules.scopes_of(asked.param("scope").unwrap_or_default())?;
            let authorization = ledger.begin();
            Ok(issued(rules, ledger, authorization, scopes, None))
        }
        _ => Err(Refusal::new("unsupported_grant_type", "no such grant type")),
    }
}

/// What a server that accepts anything gives to anyone.
pub(super) fn token_for_anyone(rules: &Rules, ledger: &mut Ledger) -> Value {
    let authorization = ledger.begin();
    let access_token = ledger.add_token(TokenKind::Access, authorization, Vec::new());
    let refresh_token = ledger.add_token(TokenKind::Refresh, authorization, Vec::new());
    object!({
        "access_token": access_token,
        "token_type": "bearer",
        "expires_in": rules.expires_in.as_secs(),
        "example_parameter": "example value",
        "refresh_token": refresh_token,
    })
}

/// Ends a token ([RFC 7009](https://www.rfc-editor.org/rfc/rfc7009)); one that is not known is none
/// already.
pub(super) fn revoke(ledger: &mut Ledger, asked: &Asked) -> Result<(), Refusal> {
    ledger.revoke(asked.required("token", "token is missing")?);
    Ok(())
}

fn by_code(rules: &Rules, ledger: &mut Ledger, asked: &Asked) -> Result<Value, Refusal> {
    let code = asked.required("code", "code is missing")?;
    let verifier = asked.param("code_verifier");
    if verifier.is_some() && rules.pkce == PkceRule::Refused {
        return Err(Refusal::request("code_verifier is not known here"));
    }
    let bound = ledger
        .code(code)
        .ok_or_else(|| Refusal::grant("the code is unknown, used already, or has expired"))?;
    if bound.redirect_uri.as_deref().is_some_and(|bound| asked.param("redirect_uri") != Some(bound))
    {
        return Err(Refusal::grant("another redirect_uri than in the authorization request"));
    }
    check_verifier(rules.pkce, bound.challenge.as_deref(), verifier)?;
    let asked_scopes = rules.scopes_of(asked.param("scope").unwrap_or_default())?;
    let authorization = ledger.use_code(code);
    let scopes = bound.scopes.unwrap_or(asked_scopes);
    let refresh_token = rules
        .gives_refresh_token(&scopes)
        .then(|| ledger.add_token(TokenKind::Refresh, authorization, scopes.clone()));
    Ok(issued(rules, ledger, authorization, scopes, refresh_token))
}

fn by_refresh_token(rules: &Rules, ledger: &mut Ledger, asked: &Asked) -> Result<Value, Refusal> {
    let token = asked.required("refresh_token", "refresh_token is missing")?;
    let (authorization, granted) = ledger.refresh_token(token).ok_or_else(|| {
        Refusal::grant("the refresh token is unknown, replaced already, or revoked")
    })?;
    let scopes = match asked.param("scope") {
        None => granted.clone(),
        Some(scope) => rules.scopes_of(scope)?,
    };
    if !scopes.iter().all(|scope| granted.contains(scope)) {
        return Err(Refusal::new("invalid_scope", "more than was granted"));
    }
    let rotates = rules.refresh_tokens != RefreshTokens::Kept;
    let next = rotates.then(|| {
        ledger.replace(token);
        ledger.add_token(TokenKind::Refresh, authorization, granted)
    });
    Ok(issued(rules, ledger, authorization, scopes, next))
}

/// Compares by [RFC 7636, section 4.6](https://www.rfc-editor.org/rfc/rfc7636#section-4.6), and
/// refuses a verifier that nobody asked for
/// ([RFC 9700, section 2.1.1](https://www.rfc-editor.org/rfc/rfc9700#section-2.1.1)).
fn check_verifier(
    rule: PkceRule,
    challenge: Option<&str>,
    verifier: Option<&str>,
) -> Result<(), Refusal> {
    match (challenge, verifier) {
        (None, None) if rule == PkceRule::Required => {
            Err(Refusal::grant("the code was given without a code_challenge"))
        }
        (None, None) => Ok(()),
        (None, Some(_)) => Err(Refusal::grant("a code_verifier without a code_challenge")),
        (Some(_), None) => Err(Refusal::grant("code_verifier is missing")),
        (Some(challenge), Some(verifier)) => {
            let written = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier));
            if (43..=128).contains(&verifier.len()) && written == challenge {
                Ok(())
            } else {
                Err(Refusal::grant("another code_verifier than that of the code_challenge"))
            }
        }
    }
}

fn issued(
    rules: &Rules,
    ledger: &mut Ledger,
    authorization: usize,
    scopes: Vec<String>,
    refresh_token: Option<String>,
) -> Value {
    let scope = scopes.join(" ");
    let mut token = object!({
        "access_token": ledger.add_token(TokenKind::Access, authorization, scopes),
        "token_type": "Bearer",
        "expires_in": rules.expires_in.as_secs(),
    });
    if let Some(members) = token.as_object_mut() {
        members.extend(refresh_token.map(|token| ("refresh_token".into(), token.into())));
        if !scope.is_empty() {
            members.insert("scope".into(), scope.into());
        }
    }
    token
}
