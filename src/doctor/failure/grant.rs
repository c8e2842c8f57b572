//! The code or the refresh token was refused.

use super::super::facts::Facts;
use super::super::finding::{Finding, FindingKind};

/// A refresh token that is no longer good.
pub(super) fn revoked(facts: &Facts<'_>) -> Option<Finding> {
    let is_dead = facts.code() == "invalid_grant"
        || facts.report.kind.as_deref() == Some("refused")
            && facts.report.fate.as_deref() == Some("spent");
    (facts.is_refresh() && is_dead).then(|| {
        Finding::problem(
            FindingKind::RefreshToken,
            facts.seen(),
            "the refresh token has expired, was revoked by the user or an administrator, was replaced \
             by a later refresh whose token was not kept, or belongs to another client",
            "let the user authorize again. If it happens time and again: save the new token before \
             it is used, and let one refresh of a token run at a time",
        )
    })
}

/// A code that was refused, by what the server says about it.
pub(super) fn refused(facts: &Facts<'_>) -> Option<Finding> {
    let speaks_of_code = facts.says(&["code", "grant"]);
    let is_grant = facts.is_exchange()
        && (facts.code() == "invalid_grant"
            || facts.report.kind.as_deref() == Some("refused")
            || facts.code() == "bad_verification_code");
    let redirect = facts.says(&[
        "redirect_uri",
        "redirect uri",
        "redirecturi",
        "redirect url",
        "callback url",
    ]);
    let verifier = facts.says(&[
        "code_verifier",
        "pkce",
        "code verifier",
        "code_challenge",
        "code challenge",
        "verifier",
    ]);
    let is_request = matches!(facts.code(), "invalid_request" | "redirect_uri_mismatch")
        || facts.status() == 400 && facts.code().contains("redirect");
    if facts.is_exchange() && redirect && (is_grant || is_request) {
        return Some(redirect_uri(facts));
    }
    if facts.is_exchange() && verifier && (is_grant || is_request) {
        return Some(pkce(facts));
    }
    if !is_grant {
        return None;
    }
    if facts.code() == "invalid_scope"
        || facts.code() == "access_denied"
        || facts.code() == "invalid_target"
    {
        return None;
    }
    let again = "let the user authorize again, and exchange the code at once and once only";
    let (kind, cause, remedy) = if facts
        .says(&["already", "used", "redeemed", "consumed", "reuse", "spent"])
    {
        (
            FindingKind::CodeSpent,
            "the code was used before: the callback was loaded twice, two workers took it, or an \
             earlier attempt used it up",
            again.to_owned(),
        )
    } else if speaks_of_code && facts.says(&["expired", "expire", "too old", "lifetime"]) {
        (
            FindingKind::CodeExpired,
            "codes live for a minute or ten; this one came too late",
            again.to_owned() + "; look at what waits between callback and exchange",
        )
    } else if facts.says(&[
        "another client",
        "different client",
        "other client",
        "not issued to",
        "client mismatch",
        "wrong client",
    ]) {
        (
            FindingKind::ClientId,
            "the code belongs to another client: authorization URL and token request have different \
             client ids",
            "use one configuration for both, and let the user authorize again".to_owned(),
        )
    } else {
        (
            FindingKind::Code,
            "the code has expired or was used before; or the redirect URI, the PKCE verifier or the \
             client differs from that of the authorization URL",
            format!(
                "{again}; if it stays, compare redirect_uri ({}) with the one in the \
                authorization URL, byte by byte",
                facts.report.configuration.redirect_uri
            ),
        )
    };
    Some(Finding::problem(kind, facts.seen(), cause, remedy))
}

fn redirect_uri(facts: &Facts<'_>) -> Finding {
    let uri = &facts.report.configuration.redirect_uri;
    let (cause, remedy) = if facts.sent("redirect_uri") {
        (
            format!("{uri} is not the redirect URI of the authorization URL, or not one that is \
                registered; it is compared byte by byte, a final slash, http for https and the \
                region's host included"),
            "register this very URI at the provider, or set redirect_uri to the registered one; for a \
             code from elsewhere give its own: AuthorizationCode::redirect_uri"
                .to_owned(),
        )
    } else {
        (
            "the request has no redirect URI, and the authorization URL had one".to_owned(),
            "set redirect_uri as it is registered, and do not leave it out by conventions"
                .to_owned(),
        )
    };
    Finding::problem(FindingKind::RedirectUri, facts.seen(), cause, remedy)
}

fn pkce(facts: &Facts<'_>) -> Finding {
    let unwanted = [
        "not allowed",
        "not supported",
        "unsupported",
        "unexpected",
        "unknown",
        "not required",
        "not expected",
        "unrecognized",
        "without",
        "no code challenge",
        "no code_challenge",
        "was not used",
        "not have",
    ];
    let (cause, remedy) = if !facts.sent("code_verifier") {
        (
            "the provider wants PKCE, and the code came without its verifier",
            "begin with exchanger.authorize(), which keeps the verifier in the pending authorization, \
             and leave without_pkce and conventions.authorization.pkce out; for a code from elsewhere \
             give AuthorizationCode::verifier",
        )
    } else if facts.says(&unwanted) {
        (
            "the provider does without PKCE here, and is upset by a verifier",
            "set conventions.authorization.pkce to \"refused\", or call without_pkce on the \
             authorization, and let the user authorize again",
        )
    } else {
        (
            "the verifier is not that of the authorization URL's challenge: two authorizations ran at \
             once, or the pending authorization of another was taken",
            "look the pending authorization up by the callback's state, and let the user authorize \
             again",
        )
    };
    Finding::problem(FindingKind::Pkce, facts.seen(), cause, remedy)
}

/// A code that an earlier attempt of the same call may have used up.
pub(super) fn spent_by_itself(facts: &Facts<'_>) -> Option<Finding> {
    let at = facts.report.headline?;
    let earlier = facts.report.attempts.get(..at)?.first()?;
    let is_client = earlier.answer.as_ref().is_some_and(|answer| answer.status == 401);
    let is_code = facts.is_exchange() && facts.code() == "invalid_grant" && is_client;
    is_code.then(|| {
        Finding::problem(
            FindingKind::CodeSpent,
            format!(
                "{} was refused as a client, {} for the code",
                earlier.flavor, facts.told.flavor
            ),
            "a few servers use a code up before they look at the client, so that the first flavor \
             costs it",
            format!(
                "pin the flavor: .flavors([\"{}\".parse()?]), and let the user authorize again; if \
                that is refused too, check id and secret",
                facts.told.flavor
            ),
        )
    })
}
