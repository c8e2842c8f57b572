//! What a call asks for: its parameters, what of them is secret, what its answer brings.

use std::collections::BTreeMap;
use std::time::SystemTime;

use http::StatusCode;
use serde_json::{Map, Value};

use crate::code::AuthorizationCode;
use crate::conventions::{AnswerConventions, RefreshWith};
use crate::decode::{self, Expected, Reading, Told, Warning, first_segment};
use crate::encode::Parameters;
use crate::kind::Kind;
use crate::mask::Mask;
use crate::pkce::CodeVerifier;
use crate::secret::Secret;
use crate::setup::Setup;
use crate::token::Token;
use crate::transport::HttpResponse;
use crate::verdict::Reach;

pub(crate) enum Ask {
    /// [RFC 6749, section 4.1.3](https://www.rfc-editor.org/rfc/rfc6749#section-4.1.3)
    Exchange(AuthorizationCode),
    /// [RFC 6749, section 4.4](https://www.rfc-editor.org/rfc/rfc6749#section-4.4)
    ClientCredentials,
    /// [RFC 6749, section 6](https://www.rfc-editor.org/rfc/rfc6749#section-6): the old token, and
    /// what of it is traded.
    Refresh { old: Box<Token>, traded: Secret },
    /// [RFC 7009](https://www.rfc-editor.org/rfc/rfc7009)
    Revocation(Box<Token>),
}

impl Ask {
    /// To refresh the token, if it has what can be traded.
    pub(crate) fn refresh(token: &Token, with: RefreshWith) -> Option<Self> {
        let refresh_token = token.refresh_token.as_ref().filter(|it| !it.expose().is_empty());
        let access_token = Some(&token.access_token)
            .filter(|it| with == RefreshWith::AccessToken && !it.expose().is_empty());
        let traded = refresh_token.or(access_token)?.clone();
        Some(Self::Refresh { old: Box::new(token.clone()), traded })
    }

    pub(crate) fn kind(&self) -> Kind {
        match self {
            Self::Exchange(_) => Kind::Exchange,
            Self::ClientCredentials => Kind::ClientCredentials,
            Self::Refresh { .. } => Kind::Refresh,
            Self::Revocation(_) => Kind::Revocation,
        }
    }

    /// How far the call goes.
    pub(crate) fn reach(&self, setup: &Setup) -> Reach {
        match self {
            Self::Exchange(_) | Self::ClientCredentials => setup.wishes.policy.into(),
            Self::Refresh { .. } | Self::Revocation(_) => Reach::Wary,
        }
    }

    /// Whether the call is about a token that was got nobody knows how.
    pub(crate) fn is_of_unknown_flavor(&self) -> bool {
        match self {
            Self::Exchange(_) | Self::ClientCredentials => false,
            Self::Refresh { old: token, .. } | Self::Revocation(token) => token.flavor.is_none(),
        }
    }

    /// The code, if this is about one.
    pub(crate) fn code(&self) -> Option<&AuthorizationCode> {
        match self {
            Self::Exchange(code) => Some(code),
            _ => None,
        }
    }

    /// The parameters in the order of a form: those that [`Kind::parameters`] names.
    pub(crate) fn parameters<'a>(&'a self, setup: &'a Setup) -> Parameters<'a> {
        match self {
            Self::Exchange(code) => Parameters::from_slice(&[
                ("grant_type", "authorization_code"),
                ("scope", scope(code).unwrap_or(&setup.scope)),
                ("redirect_uri", code.redirect_uri.as_ref().unwrap_or(&setup.redirect_uri)),
                ("code", code.code.expose()),
                ("code_verifier", code.verifier.as_ref().map_or("", CodeVerifier::expose)),
            ]),
            Self::ClientCredentials => Parameters::from_slice(&[
                ("grant_type", "client_credentials"),
                ("scope", &setup.scope),
            ]),
            // Without a scope, which would have to be no more than was granted.
            Self::Refresh { traded, .. } => Parameters::from_slice(&[
                ("grant_type", "refresh_token"),
                ("scope", ""),
                ("refresh_token", traded.expose()),
            ]),
            Self::Revocation(token) => {
                let (hint, token) = revoked(token);
                Parameters::from_slice(&[("token", token.expose()), ("token_type_hint", hint)])
            }
        }
    }

    /// Hides what a server could send back of it.
    pub(crate) fn hide<'a>(&'a self, mask: &mut Mask<'a>) {
        match self {
            Self::Exchange(code) => {
                mask.hide("code", code.code.expose());
                if let Some(verifier) = &code.verifier {
                    mask.hide("code_verifier", verifier.expose());
                }
                if let Some(accepted) = &code.accepted {
                    mask.hide("state", accepted.state.expose());
                }
            }
            Self::ClientCredentials => {}
            Self::Refresh { old: token, .. } | Self::Revocation(token) => {
                if let Some(refresh_token) = &token.refresh_token {
                    mask.hide("refresh_token", refresh_token.expose());
                }
                mask.hide("access_token", token.access_token.expose());
            }
        }
    }

    /// What the answer to a request that was sent at `sent` holds, an error as the conventions mean it.
    pub(crate) fn read<'m>(
        &self,
        response: &HttpResponse,
        sent: SystemTime,
        setup: &Setup,
        mask: impl FnOnce() -> Mask<'m>,
    ) -> Reading {
        let reading = self.decode(response, sent, setup, mask);
        let errors = &setup.conventions.of(self.kind()).errors;
        if errors.is_empty() { reading } else { as_meant(reading, response.status(), errors) }
    }

    fn decode<'m>(
        &self,
        response: &HttpResponse,
        sent: SystemTime,
        setup: &Setup,
        mask: impl FnOnce() -> Mask<'m>,
    ) -> Reading {
        let conventions = &setup.conventions.answer;
        let secrets = || (mask(), setup.known());
        if let Self::Revocation(token) = self {
            // The body of a success is ignored, also for a token that the server does not know
            // (RFC 7009, section 2.2), but not an error that stands in one. What is revoked stands
            // for what other calls get.
            return match decode::error(response, conventions, secrets) {
                Some(told) => Reading::Error(told),
                None if response.status().is_success() => {
                    Reading::Token((**token).clone(), Vec::new())
                }
                None => Reading::Nothing,
            };
        }
        let told;
        let scopes = match self {
            Self::Refresh { .. } => &[],
            Self::Exchange(code) if scope(code).is_some() => {
                told = [scope(code).unwrap_or_default().to_owned()];
                &told[..]
            }
            _ => &*setup.scopes,
        };
        let expected = Expected { scopes, delimiter: setup.delimiter(), conventions };
        decode::read(response, sent, expected, secrets)
    }

    /// Completes a token with what its answer leaves out, or takes from it what should not be there.
    pub(crate) fn complete(&self, token: &mut Token, warnings: &mut Vec<Warning>, setup: &Setup) {
        match self {
            Self::Exchange(_) | Self::Revocation(_) => {}
            Self::ClientCredentials => {
                if token.refresh_token.take().is_some() {
                    token.refresh_expires_at = None;
                    warnings.push(Warning::RefreshTokenIgnored);
                }
            }
            Self::Refresh { old, .. } => {
                if warnings.contains(&Warning::MissingTokenType) {
                    token.token_type.clone_from(&old.token_type);
                }
                if token.refresh_token.is_none() {
                    token.refresh_token.clone_from(&old.refresh_token);
                    token.refresh_expires_at = token.refresh_expires_at.or(old.refresh_expires_at);
                }
                if token.scopes.is_none() {
                    token.scopes.clone_from(&old.scopes);
                }
                // Flavors of its own at a refresh say nothing of how the rest is asked.
                if setup.conventions.refresh.flavors.is_some() {
                    token.flavor = old.flavor;
                }
                let answer = &setup.conventions.answer;
                merge(&mut token.extra, &old.extra, &answer.root, answer);
            }
        }
    }
}

/// What was asked for, where it is not what was configured.
pub(crate) fn scope(code: &AuthorizationCode) -> Option<&str> {
    code.accepted.as_ref()?.scope.as_deref()
}

/// An error as the conventions mean it: by its code, or by the status of an answer that tells none.
fn as_meant(reading: Reading, status: StatusCode, errors: &BTreeMap<String, String>) -> Reading {
    let by_status = || errors.get(status.as_str());
    match reading {
        Reading::Error(mut told) => {
            let code = told.code.expose();
            let by_code = errors.iter().find(|(theirs, _)| theirs.eq_ignore_ascii_case(code));
            let meant = match (by_code, code) {
                (Some((_, meant)), _) => Some(meant),
                // A bare `true` is no code.
                (None, "" | "true") => by_status(),
                (None, _) => None,
            };
            if let Some(meant) = meant {
                told.code = Secret::new(&**meant);
            }
            Reading::Error(told)
        }
        Reading::Nothing => match by_status() {
            Some(meant) => Reading::Error(Told::by_status(meant)),
            None => Reading::Nothing,
        },
        reading => reading,
    }
}

/// Adds what the new members leave out, name by name, and in the object that had the token too; but
/// nothing of the old token's lifetime.
fn merge(
    new: &mut Map<String, Value>,
    old: &Map<String, Value>,
    root: &str,
    answer: &AnswerConventions,
) {
    let ends = [&answer.expires_at, &answer.refresh_expires_at];
    let is_end = |name: &str| ends.into_iter().flatten().any(|end| end.name == name);
    let of_lifetime = |name: &str| is_end(name) || name.to_ascii_lowercase().contains("expir");
    let root = first_segment(root);
    for (name, value) in old.iter().filter(|(name, _)| !of_lifetime(name)) {
        let inner = root.as_ref().filter(|(first, _)| first == name).map(|(_, rest)| rest);
        match (inner, new.get_mut(name), value) {
            (Some(rest), Some(Value::Object(new)), Value::Object(old)) => {
                merge(new, old, rest, answer);
            }
            (_, Some(_), _) => {}
            (_, None, value) => {
                new.insert(name.clone(), value.clone());
            }
        }
    }
}

/// What of a token is revoked: the refresh token if there is one, with which most servers end the
/// access token too.
fn revoked(token: &Token) -> (&'static str, &Secret) {
    match &token.refresh_token {
        Some(refresh_token) if !refresh_token.expose().is_empty() => {
            ("refresh_token", refresh_token)
        }
        _ => ("access_token", &token.access_token),
    }
}
