//! What the doctor says.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::flavor::{BodyEncoding, ClientAuth, Flavor};
use crate::mask;

/// Something that the doctor found: what is seen, why it probably is so, and what to do.
///
/// Its texts are for an integration engineer, hold no secret, and may change; a program asks the kind.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Finding {
    /// What it is about.
    pub kind: FindingKind,
    /// How bad it is.
    pub severity: Severity,
    /// What is seen.
    pub symptom: String,
    /// What it most likely comes from.
    pub cause: String,
    /// What to do, with the setting's name where there is one.
    pub remedy: String,
}

impl Finding {
    pub(crate) fn problem(
        kind: FindingKind,
        symptom: impl Into<String>,
        cause: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        // A report may come from anywhere, and must neither write on a terminal as it likes nor fill it.
        let clean = |text: String| match mask::beginning(&text, LONGEST) {
            shown if shown.len() < text.len() => shown.replace(char::is_control, " ") + "...",
            shown => shown.replace(char::is_control, " "),
        };
        let (symptom, cause, remedy) =
            (clean(symptom.into()), clean(cause.into()), clean(remedy.into()));
        Self { kind, severity: Severity::Problem, symptom, cause, remedy }
    }

    pub(crate) fn risk(
        kind: FindingKind,
        symptom: impl Into<String>,
        cause: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self { severity: Severity::Risk, ..Self::problem(kind, symptom, cause, remedy) }
    }
}

/// Of a text, in bytes.
const LONGEST: usize = 4 * 1024;

/// Three lines.
impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: {}\n  cause: {}\n  remedy: {}",
            self.severity, self.symptom, self.cause, self.remedy
        )
    }
}

/// How bad a finding is.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Severity {
    /// It works now, and may not later.
    Risk,
    /// It does not work.
    Problem,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Risk => "risk",
            Self::Problem => "problem",
        })
    }
}

/// What a finding is about.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FindingKind {
    /// The client id.
    ClientId,
    /// The client secret.
    ClientSecret,
    /// The client's credentials stand in two places.
    CredentialsTwice,
    /// What the `Authorization` header is or carries, beyond id and secret.
    Authorization,
    /// The flavor.
    Flavor,
    /// The redirect URI.
    RedirectUri,
    /// The scopes.
    Scope,
    /// The grant type.
    GrantType,
    /// PKCE.
    Pkce,
    /// Another parameter.
    Parameter,
    /// A parameter that goes by another name.
    ParameterName,
    /// A header.
    Header,
    /// A cookie.
    Cookie,
    /// A client certificate.
    Certificate,
    /// A body that no flavor writes.
    Body,
    /// Whether the parameters stand in the body or in the URL.
    Verb,
    /// Where the request goes.
    Url,
    /// White space around a value.
    WhiteSpace,
    /// Secrets would travel in the clear.
    Cleartext,
    /// A setting that contradicts another or the standard.
    Configuration,
    /// Whether the secret is URL-encoded.
    SecretEncoding,
    /// Whether the body is a form or JSON.
    BodyEncoding,
    /// The code, of which it is not known what is wrong with it.
    Code,
    /// The code was used before.
    CodeSpent,
    /// The code came too late.
    CodeExpired,
    /// The refresh token is no longer good.
    RefreshToken,
    /// No refresh token comes.
    NoRefreshToken,
    /// The token lives less than 5 minutes.
    ShortLifetime,
    /// How long the token lives is not known.
    UnknownLifetime,
    /// The token is said to live longer than any does.
    Lifetime,
    /// The token's type.
    TokenType,
    /// The token stands elsewhere in the answer.
    TokenElsewhere,
    /// The answer cannot be read.
    AnswerShape,
    /// A page for people answers.
    Page,
    /// Something in front of the server keeps programs out.
    Firewall,
    /// The endpoint sends everyone elsewhere.
    Redirect,
    /// The server is down or fails.
    Unavailable,
    /// Too many requests.
    RateLimit,
    /// The URL, or the headers with the browser's cookies, are too long.
    HeadersTooLarge,
    /// The network: names, ports, proxies, time.
    Network,
    /// The server's certificate.
    Tls,
    /// The clocks differ.
    ClockSkew,
    /// Somebody said no.
    Denied,
    /// The user has to do something.
    Consent,
    /// The state of a callback.
    State,
    /// The issuer of a callback.
    Issuer,
    /// A callback that brings no code.
    Callback,
    /// Nobody knows.
    Unknown,
    /// The access token has expired.
    TokenExpired,
    /// A refresh gave the access token that was there before.
    SameAccessToken,
    /// The refresh token expires, and a refresh did not renew it.
    RefreshTokenNotRenewed,
    /// The new token could not be saved.
    TokenNotSaved,
    /// The token could not be put into the API request.
    TokenNotApplied,
    /// The API does not accept the token.
    TokenNotAccepted,
    /// The API accepts the token, and not for this request.
    ApiForbidden,
    /// The API refuses the request.
    ApiRefused,
    /// The API is not at that URL.
    ApiUrl,
    /// The API is unavailable.
    ApiUnavailable,
    /// The API gave no answer.
    ApiNoAnswer,
}

/// How a program writes the flavor.
pub(crate) fn constant(flavor: Flavor) -> &'static str {
    match (flavor.auth, flavor.encoding) {
        (ClientAuth::Basic, BodyEncoding::Form) => "Flavor::BASIC_FORM",
        (ClientAuth::Basic, BodyEncoding::Json) => "Flavor::BASIC_JSON",
        (ClientAuth::Body, BodyEncoding::Form) => "Flavor::BODY_FORM",
        (ClientAuth::Body, BodyEncoding::Json) => "Flavor::BODY_JSON",
        (ClientAuth::BasicRaw, BodyEncoding::Form) => "Flavor::BASIC_RAW_FORM",
        (ClientAuth::BasicRaw, BodyEncoding::Json) => "Flavor::BASIC_RAW_JSON",
        (ClientAuth::None, BodyEncoding::Form) => "Flavor::PUBLIC[0]",
        (ClientAuth::None, BodyEncoding::Json) => "Flavor::PUBLIC[1]",
    }
}
