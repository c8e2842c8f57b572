//! Looks at a token: how long it lives, and whether there will be another one after it.

use std::time::{Duration, SystemTime};

use super::super::{Finding, FindingKind};
use super::report::{Step, StepEvidence, StepName, StepStatus};
use crate::conventions::RefreshWith;
use crate::report::ReportedToken;
use crate::setup::Setup;
use crate::token::Token;

/// How a token was got.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum By {
    Code,
    ClientCredentials,
    /// It was there before the walk.
    Given,
}

/// A token and what may be told of it.
pub(super) struct Held {
    pub(super) token: Token,
    pub(super) told: ReportedToken,
    pub(super) by: By,
}

impl Held {
    /// A token that was there before the walk: what is left of it at `now` is told.
    pub(super) fn given(token: Token, setup: &Setup, now: SystemTime) -> Self {
        let mask = super::mask(setup, &[&token]);
        let left = |end: Option<SystemTime>| end?.duration_since(now).ok().map(|it| it.as_secs());
        let told = ReportedToken {
            token_type: mask.apply(&token.token_type),
            has_refresh_token: token.refresh_token.is_some(),
            expires_in: left(token.expires_at),
            refresh_expires_in: left(token.refresh_expires_at),
            scope: token.scopes.as_ref().map(|it| mask.apply(&it.join(" "))),
        };
        drop(mask);
        Self { token, told, by: By::Given }
    }

    /// Whether the refresh call has something to send.
    fn can_be_refreshed(&self, setup: &Setup) -> bool {
        let has_refresh_token =
            self.token.refresh_token.as_ref().is_some_and(|it| !it.expose().is_empty());
        has_refresh_token || setup.conventions.refresh_with == RefreshWith::AccessToken
    }

    fn has_expired(&self) -> bool {
        self.token.expires_at.is_some() && self.told.expires_in.unwrap_or_default() == 0
    }
}

/// Whether the connection will outlive the access token.
pub(super) fn refresh_token(held: &Held, setup: &Setup) -> Step {
    let mut findings = Vec::new();
    let said = if held.can_be_refreshed(setup) {
        match held.told.has_refresh_token {
            true => "there is a refresh token",
            false => "there is none; the conventions trade the access token",
        }
    } else if held.by == By::ClientCredentials {
        "none is needed: client credentials get a new token at any time"
    } else if held.token.expires_at.is_some() {
        findings.push(no_refresh_token(setup));
        "there is none, and the access token expires"
    } else {
        findings.push(unknown_lifetime());
        "there is none, and nothing says when the access token expires"
    };
    if held.has_expired() {
        findings.push(Finding::risk(
            FindingKind::TokenExpired,
            "the access token has expired",
            "it was got longer ago than it lives",
            "let the walk refresh it, or begin with a new code",
        ));
    } else if held.by != By::Given {
        findings.extend(short_lifetime(&held.told));
    }
    let lifetime = match (held.told.expires_in, held.by) {
        _ if held.has_expired() => "the access token has expired".to_owned(),
        (Some(seconds), By::Given) => format!("the access token has {seconds} s left"),
        (Some(seconds), _) => format!("the access token lives {seconds} s"),
        (None, _) => "the access token's lifetime is not known".to_owned(),
    };
    let own = held.told.refresh_expires_in.filter(|_| held.told.has_refresh_token);
    let own = own.map(|seconds| format!(", the refresh token {seconds} s")).unwrap_or_default();
    Step::new(StepName::RefreshToken, StepStatus::Passed, format!("{said}; {lifetime}{own}"))
        .shown_by(StepEvidence::Token(held.told.clone()))
        .found(findings)
}

/// Whether a refresh brought what a later one needs.
pub(super) fn refreshed(old: &Held, new: &Held) -> Vec<Finding> {
    let mut findings = Vec::new();
    if new.token.access_token == old.token.access_token {
        findings.push(Finding::risk(
            FindingKind::SameAccessToken,
            "the refresh brought the access token that was there before",
            "some providers give a new one only when the old one has nearly ended; if so, this \
             refresh proves little",
            "walk again with a token that is about to expire",
        ));
    }
    let is_kept = new.token.refresh_token == old.token.refresh_token;
    let ends_as_before = old.token.refresh_expires_at.is_some_and(|old| {
        let later = |new: SystemTime| new.duration_since(old).unwrap_or_default();
        new.token.refresh_expires_at.is_none_or(|new| later(new) < ROUNDING)
    });
    if is_kept && old.told.has_refresh_token && ends_as_before {
        findings.push(Finding::risk(
            FindingKind::RefreshTokenNotRenewed,
            "the refresh token expires, and the refresh brought no new one",
            "the provider gives refresh tokens a fixed end, or renews them only when configured to",
            "switch refresh token rotation on at the provider, or have the user authorize again \
             before the refresh token ends",
        ));
    }
    if old.by == By::Given || short_lifetime(&old.told).is_none() {
        findings.extend(short_lifetime(&new.told));
    }
    findings
}

/// Whether a token without a refresh token will be missed once it has ended.
pub(super) fn is_lost_when_it_expires(held: &Held) -> bool {
    held.by != By::ClientCredentials && held.token.expires_at.is_some()
}

pub(super) fn short_lifetime(told: &ReportedToken) -> Option<Finding> {
    let seconds = told.expires_in.filter(|seconds| *seconds < SHORT)?;
    Some(Finding::risk(
        FindingKind::ShortLifetime,
        format!("the access token lives {seconds} s, less than 5 minutes"),
        "the provider's setting for this client: a token may end between the moment at which it is \
         fetched and the one at which it is used",
        "raise the access token's lifetime at the provider, or refresh right before each use",
    ))
}

fn no_refresh_token(setup: &Setup) -> Finding {
    let asks_for_it = setup.scopes.iter().any(|scope| scope == "offline_access");
    let cause = if asks_for_it {
        "offline_access was asked for, and not granted: the provider or the user did not allow it, \
         or the user had consented before and was not asked again"
    } else {
        "most providers give a refresh token only if asked for one, often by the scope \
         offline_access, which scopes does not have"
    };
    let remedy = if asks_for_it {
        "allow refresh tokens for this client at the provider, and authorize again with \
         prompt=consent"
    } else {
        "add offline_access to scopes, or what the provider has in its place (a parameter such as \
         access_type=offline in conventions.authorization.params), allow refresh tokens for this \
         client, and authorize again"
    };
    Finding::risk(
        FindingKind::NoRefreshToken,
        "no refresh token came, and the access token expires: the connection will fail each time \
         after the same while",
        cause,
        remedy,
    )
}

fn unknown_lifetime() -> Finding {
    Finding::risk(
        FindingKind::UnknownLifetime,
        "no refresh token came, and no lifetime either",
        "the access token may never expire, or the provider does not tell that it does",
        "verify in the provider's documentation that the access token does not expire; if it does, \
         ask for a refresh token (often the scope offline_access), and set \
         conventions.answer.default_lifetime",
    )
}

/// Of a lifetime that is told in seconds twice.
const ROUNDING: Duration = Duration::from_secs(5);

/// In seconds.
const SHORT: u64 = 5 * 60;
