//! What all clones of one server share, and what it does with a request.

use http::header::{ALLOW, AUTHORIZATION, HeaderValue, LOCATION, WWW_AUTHENTICATE};
use http::{Method, StatusCode};
use serde_json::json as object;

use super::answers::{Answer, empty, json, text};
use super::asked::Asked;
use super::authorization::{self, AuthorizationRefused, Consent};
use super::failure::Script;
use super::grants;
use super::ledger::{Ledger, TokenKind};
use super::rules::{Rules, Shapes};
use crate::transport::{HttpRequest, HttpResponse, TransportErrorKind};

pub(super) struct State {
    pub(super) rules: Rules,
    pub(super) ledger: Ledger,
    pub(super) script: Script,
    pub(super) requests: Vec<HttpRequest>,
}

/// What an address is for, by the last part of its path.
#[derive(Clone, Copy, Eq, PartialEq)]
pub(super) enum Endpoint {
    Authorization,
    Token,
    Revocation,
    Api,
}

impl Endpoint {
    pub(super) fn of(request: &HttpRequest) -> Self {
        let path = request.uri().path().trim_end_matches('/');
        match path.rsplit('/').next().unwrap_or_default() {
            "authorize" => Self::Authorization,
            "revoke" => Self::Revocation,
            "api" => Self::Api,
            _ => Self::Token,
        }
    }

    pub(super) fn is_the_clients(self) -> bool {
        matches!(self, Self::Token | Self::Revocation)
    }
}

impl State {
    pub(super) fn new(rules: Rules) -> Self {
        let (ledger, script) = (Ledger::default(), Script::default());
        Self { rules, ledger, script, requests: Vec::new() }
    }

    /// The answer, and the shapes to put it into: a shape is the test's own code, and may want this
    /// state.
    pub(super) fn answer(
        &mut self,
        mut request: HttpRequest,
    ) -> Result<(Answer, Shapes), TransportErrorKind> {
        let endpoint = Endpoint::of(&request);
        let shapes = self.rules.shapes.clone();
        if let Some(failure) = self.script.turn(&request) {
            if !failure.precedes_the_request() {
                mark_sensitive(&mut request);
                self.requests.push(request.clone());
            }
            let deed = failure.follows_the_deed().then(|| self.deed(endpoint, &request));
            let answer = failure.answer(deed)?;
            let answer = if endpoint == Endpoint::Api { of_the_api(answer) } else { answer };
            return Ok((answer, shapes));
        }
        mark_sensitive(&mut request);
        let deed = self.deed(endpoint, &request);
        self.requests.push(request);
        Ok((deed, shapes))
    }

    /// Where the user is sent to.
    pub(super) fn callback(
        &mut self,
        query: &str,
        consent: Consent,
    ) -> Result<String, AuthorizationRefused> {
        authorization::callback(&self.rules, &mut self.ledger, query, consent)
    }

    fn deed(&mut self, endpoint: Endpoint, request: &HttpRequest) -> Answer {
        let reads = matches!(endpoint, Endpoint::Authorization | Endpoint::Api);
        let allowed = if reads { Method::GET } else { Method::POST };
        // Whoever accepts anything accepts a token request by GET.
        let any = self.rules.client.is_none() && endpoint.is_the_clients();
        if request.method() != allowed && !any {
            let mut answer = empty(StatusCode::METHOD_NOT_ALLOWED);
            let allowed = HeaderValue::from_static(if reads { "GET" } else { "POST" });
            answer.headers_mut().insert(ALLOW, allowed);
            return Answer::Other(answer);
        }
        match endpoint {
            Endpoint::Authorization => Answer::Other(self.authorization(request)),
            Endpoint::Token => self.token(request),
            Endpoint::Revocation => self.revocation(request),
            Endpoint::Api => Answer::Other(self.api(request)),
        }
    }

    fn authorization(&mut self, request: &HttpRequest) -> HttpResponse {
        let query = request.uri().query().unwrap_or_default();
        match self.callback(query, Consent::Yes) {
            Err(refused) => {
                text(StatusCode::BAD_REQUEST, "text/plain; charset=utf-8", refused.to_string())
            }
            Ok(callback) => {
                let mut answer = empty(StatusCode::FOUND);
                // Without it, if the redirect URI holds what no header can.
                if let Ok(location) = HeaderValue::from_bytes(callback.as_bytes()) {
                    answer.headers_mut().insert(LOCATION, location);
                }
                answer
            }
        }
    }

    fn token(&mut self, request: &HttpRequest) -> Answer {
        let Some(client) = &self.rules.client else {
            return Answer::Token(grants::token_for_anyone(&self.rules, &mut self.ledger));
        };
        let token = client
            .admit(request)
            .and_then(|(asked, auth)| grants::token(&self.rules, &mut self.ledger, &asked, auth));
        token.map_or_else(Answer::Refusal, Answer::Token)
    }

    fn revocation(&mut self, request: &HttpRequest) -> Answer {
        let done = match &self.rules.client {
            Some(client) => client.admit(request).map(|(asked, _)| asked),
            None => Asked::read(request),
        };
        let done = done.and_then(|asked| grants::revoke(&mut self.ledger, &asked));
        match done {
            Err(refusal) if self.rules.client.is_some() => Answer::Refusal(refusal),
            _ => Answer::Other(empty(StatusCode::OK)),
        }
    }

    fn api(&mut self, request: &HttpRequest) -> HttpResponse {
        let header = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        let token = header
            .and_then(|header| header.split_once(' '))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
            .map(|(_, token)| token);
        let error = match token {
            Some(token) if self.ledger.is_live(token, Some(TokenKind::Access)) => {
                return json(StatusCode::OK, &object!({ "ok": true }));
            }
            Some(_) => Some("invalid_token"),
            None => None,
        };
        challenged(empty(StatusCode::UNAUTHORIZED), error)
    }
}

/// An error in the words of an API, which knows nothing of the token endpoint's shapes.
fn of_the_api(answer: Answer) -> Answer {
    match answer {
        Answer::Refusal(refusal) => {
            let answer = json(refusal.status, &refusal.body());
            Answer::Other(challenged(answer, Some(&refusal.code)))
        }
        other => other,
    }
}

/// As [RFC 6750, section 3](https://www.rfc-editor.org/rfc/rfc6750#section-3) has it; without an error
/// code that no header can hold.
fn challenged(mut answer: HttpResponse, error: Option<&str>) -> HttpResponse {
    let error = error.map(|code| format!(", error=\"{code}\"")).unwrap_or_default();
    let challenge = HeaderValue::try_from(format!("Bearer realm=\"api\"{error}"))
        .unwrap_or(HeaderValue::from_static("Bearer realm=\"api\""));
    answer.headers_mut().insert(WWW_AUTHENTICATE, challenge);
    answer
}

/// Over loopback the mark is lost that keeps credentials out of a header's `Debug`.
fn mark_sensitive(request: &mut HttpRequest) {
    if let Some(value) = request.headers_mut().get_mut(AUTHORIZATION) {
        value.set_sensitive(true);
    }
}
