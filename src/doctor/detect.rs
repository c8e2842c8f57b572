//! Learns the flavor of a provider without a code.

use super::blocking::{Blocking, output};
use super::finding::constant;
use crate::call::{Call, Issued};
use crate::conventions::Verb;
use crate::error::{CallError, CallErrorKind, Outcome};
use crate::exchanger::TokenExchanger;
use crate::flavor::{BodyEncoding, ClientAuth, Flavor};
use crate::kind::Kind;
use crate::token::Token;
use crate::transport::{HttpRequest, HttpResponse, Transport, TransportError};

mod detection;

pub use self::detection::{Confidence, Detection, Means, Probe};

/// Finds the flavor that a provider takes, without a code and without a user.
///
/// It asks for a token by client credentials in each flavor until one is accepted. Where the
/// provider does not give the client such a token, and a
/// [`revocation_url`](crate::TokenExchangerBuilder::revocation_url) is configured, it asks to
/// revoke a token that never was, and then once more with a wrong secret, since some endpoints
/// accept anything. It sends no more than it needs, at most
/// [`max_attempts`](crate::TokenExchangerBuilder::max_attempts) in all, no bytes twice, and stops
/// where a server asks to wait or gives no answer.
///
/// Never done by itself: it really gets a token, which it throws away, and its other requests look
/// like failed logins to the server. Nor does it send a made-up code, which misleads: the servers
/// that look at the code first say that it is wrong whatever the flavor, and they are the ones at
/// which a wrong flavor costs the code.
///
/// The exchanger learns what [`client_credentials`](TokenExchanger::client_credentials) always
/// teaches it, for calls of that kind alone; its exchanges go on as before. To use what was found,
/// build an exchanger as [`Detection::remedy`] says. The flavor of one grant is not always that of
/// another, so [`prefer`](crate::TokenExchangerBuilder::prefer) it unless you know.
///
/// A client without a secret has no flavors to tell apart but form and JSON: nothing is sent.
pub async fn detect(exchanger: &TokenExchanger, transport: &dyn Transport) -> Detection {
    let search = Search { exchanger, transport, tried: Vec::new() };
    search.run().await
}

/// The same over a blocking closure, which must keep the rules of a [`Transport`].
pub fn detect_blocking(
    exchanger: &TokenExchanger,
    send: impl FnMut(HttpRequest) -> Result<HttpResponse, TransportError> + Send,
) -> Detection {
    output(detect(exchanger, &Blocking::new(send)))
}

struct Search<'a> {
    exchanger: &'a TokenExchanger,
    transport: &'a dyn Transport,
    tried: Vec<Probe>,
}

/// What came of asking in each flavor.
enum Found {
    Flavor(Flavor),
    /// None was accepted; why, and the flavor with which the client may have been recognised.
    Nothing {
        why: String,
        recognised_with: Option<Flavor>,
    },
    /// Nothing more is to be sent.
    End {
        why: String,
        remedy: &'static str,
    },
}

impl Search<'_> {
    async fn run(mut self) -> Detection {
        if self.exchanger.setup().client.secret().is_none() {
            let why = "a client without a secret is known by its id alone: nothing was sent";
            return self.nothing(why, CHECK);
        }
        let (refused, first) = match self.by(Means::ClientCredentials, None).await {
            Found::Flavor(flavor) => {
                let by = (Means::ClientCredentials, Confidence::Highest);
                let said = format!("{flavor}: the token endpoint gave a token for it");
                return self.found(flavor, by, said);
            }
            Found::End { why, remedy } => return self.nothing(&why, remedy),
            Found::Nothing { why, recognised_with } => (why, recognised_with),
        };
        if self.exchanger.setup().endpoints.revocation.is_none() {
            let why = format!("{refused}; and no revocation_url is configured");
            return self.nothing(&why, CHECK);
        }
        match self.by(Means::Revocation, first).await {
            Found::Flavor(flavor) => self.control(flavor).await,
            Found::End { why, remedy } => self.nothing(&format!("{refused}; {why}"), remedy),
            Found::Nothing { why, .. } => self.nothing(&format!("{refused}; {why}"), CHECK),
        }
    }

    /// Asks in each flavor until one is accepted, in `first` first.
    async fn by(&mut self, means: Means, first: Option<Flavor>) -> Found {
        let mut left = self.flavors(means);
        left.sort_by_key(|&flavor| first != Some(flavor));
        let mut seen = None;
        let mut server_works = false;
        while let Some(flavor) = left.first().copied() {
            if self.is_at_its_limit() {
                return Found::End { why: "max_attempts are made".to_owned(), remedy: CHECK };
            }
            let error = match self.ask(self.exchanger, means, flavor).await {
                Ok(()) => return Found::Flavor(self.named(flavor)),
                Err(error) => error,
            };
            left.remove(0);
            match next(&error, means, flavor) {
                Next::Other => {}
                Next::Without(encoding) => left.retain(|it| it.encoding != encoding),
                Next::OtherMeans => {
                    let why = format!(
                        "the provider gives this client no token by client credentials ({})",
                        error.headline()
                    );
                    return Found::Nothing { why, recognised_with: Some(flavor) };
                }
                Next::Stop => {
                    let why = format!("{means}: {error}");
                    return Found::End { why, remedy: after(&error) };
                }
            }
            server_works |= error.headline().status().is_some_and(|it| !it.is_server_error());
            // The first is as telling as any.
            seen.get_or_insert_with(|| error.headline().to_string());
        }
        let seen = seen.map(|seen| format!(": {seen}")).unwrap_or_default();
        let why = format!("no flavor was accepted by {means}{seen}");
        match server_works {
            true => Found::Nothing { why, recognised_with: None },
            false => Found::End { why, remedy: WAIT },
        }
    }

    /// Whether the endpoint that accepted the flavor refuses a wrong secret.
    async fn control(mut self, flavor: Flavor) -> Detection {
        let said = format!("{flavor}: the revocation endpoint accepted it");
        let low = (Means::Revocation, Confidence::Low);
        if self.is_at_its_limit() {
            return self.found(flavor, low, format!("{said}; max_attempts left no second look"));
        }
        let impostor = self.exchanger.with_secret(WRONG_SECRET.into());
        match self.ask(&impostor, Means::Revocation, flavor).await {
            Ok(()) => self.nothing("the revocation endpoint accepts a wrong secret too", CHECK),
            Err(error) if next(&error, Means::Revocation, flavor) == Next::Stop => {
                self.found(flavor, low, format!("{said}; the second look failed: {error}"))
            }
            Err(_) => {
                let by = (Means::Revocation, Confidence::High);
                self.found(flavor, by, format!("{said}, and refused a wrong secret"))
            }
        }
    }

    async fn ask(
        &mut self,
        exchanger: &TokenExchanger,
        means: Means,
        flavor: Flavor,
    ) -> Result<(), CallError> {
        let call: Call<Issued> = match means {
            Means::ClientCredentials => exchanger.client_credentials(),
            Means::Revocation => {
                // The kind of token that every revocation endpoint knows
                // (RFC 7009, section 2.1).
                let token = Token::bearer(MADE_UP).with_refresh_token(MADE_UP);
                exchanger.revoking(&token, |issued| issued).expect("there is a revocation URL")
            }
        };
        let result = call.flavor(flavor).send(self.transport).await;
        let (attempts, result) = match result {
            Ok(issued) => (issued.report().attempts, Ok(())),
            Err(error) => (error.report().attempts, Err(error)),
        };
        let with_wrong_secret = !std::ptr::eq(exchanger, self.exchanger);
        let probe = |attempt| Probe { means, with_wrong_secret, attempt };
        self.tried.extend(attempts.into_iter().map(probe));
        result
    }

    /// Those of an exchange, in their order, each way of writing once.
    fn flavors(&self, means: Means) -> Vec<Flavor> {
        let setup = self.exchanger.setup();
        let kind = match means {
            Means::ClientCredentials => Kind::ClientCredentials,
            Means::Revocation => Kind::Revocation,
        };
        let mut flavors: Vec<Flavor> = Vec::new();
        for mut flavor in self.exchanger.flavors() {
            // A URL holds a form and nothing else.
            if setup.conventions.verb_of(kind) != Verb::Post {
                flavor.encoding = BodyEncoding::Form;
            }
            if !flavors.iter().any(|&earlier| setup.client.writes_alike(earlier, flavor)) {
                flavors.push(flavor);
            }
        }
        flavors
    }

    /// What is written alike goes by the name of the standard.
    fn named(&self, flavor: Flavor) -> Flavor {
        let standard = Flavor { auth: ClientAuth::Basic, ..flavor };
        let is_alike = self.exchanger.setup().client.writes_alike(flavor, standard);
        if is_alike { standard } else { flavor }
    }

    fn is_at_its_limit(&self) -> bool {
        self.exchanger.setup().max_attempts.is_some_and(|most| self.tried.len() >= most)
    }

    fn found(
        self,
        flavor: Flavor,
        (by, confidence): (Means, Confidence),
        said: String,
    ) -> Detection {
        let name = constant(flavor);
        let remedy = if confidence > Confidence::Low {
            format!(
                "write .prefer({name}) on the builder, or .flavors([{name}]) to send nothing else"
            )
        } else {
            format!("write .prefer({name}) on the builder, which leaves the others to be tried")
        };
        let tried = self.tried;
        Detection { flavor: Some(flavor), by: Some(by), confidence, said, remedy, tried }
    }

    fn nothing(self, why: &str, remedy: &str) -> Detection {
        Detection {
            flavor: None,
            by: None,
            confidence: Confidence::None,
            said: format!("no flavor was found: {why}"),
            remedy: remedy.to_owned(),
            tried: self.tried,
        }
    }
}

/// What to do after a refusal.
#[derive(Debug, Eq, PartialEq)]
enum Next {
    /// On to the next flavor.
    Other,
    /// On to the next flavor of the other encoding.
    Without(BodyEncoding),
    /// The client may be recognised, and is given no token so.
    OtherMeans,
    Stop,
}

fn next(error: &CallError, means: Means, flavor: Flavor) -> Next {
    let Outcome::Answered { status, error: told } = &error.headline().outcome else {
        return Next::Stop;
    };
    let code = told.as_ref().map_or("", |told| &*told.code);
    let is_grant = means == Means::ClientCredentials;
    match (status.as_u16(), code) {
        // Not now, or no such endpoint.
        (429 | 502 | 503 | 504 | 301 | 307 | 308, _) | (_, "temporarily_unavailable") => Next::Stop,
        _ if error.retry_after().is_some() => Next::Stop,
        _ if matches!(error.kind(), CallErrorKind::WrongEndpoint(_)) => Next::Stop,
        _ if matches!(error.kind(), CallErrorKind::Unreadable(_)) => Next::Stop,
        (415, _) => Next::Without(flavor.encoding),
        // The body was not read, or there is no such grant: another body can tell, and no other
        // place of the credentials.
        (_, "unsupported_grant_type") => Next::Without(flavor.encoding),
        // Of a client that was recognised (RFC 6749, section 5.2). In a 401 or 403 some servers
        // say so of one that was not.
        (400, "unauthorized_client") if is_grant => Next::OtherMeans,
        (400, "invalid_scope" | "access_denied" | "invalid_target") if is_grant => Next::OtherMeans,
        (401, _) => Next::Other,
        // Who refuses one JSON body so refuses all.
        _ if flavor.encoding == BodyEncoding::Json => Next::Without(BodyEncoding::Json),
        _ => Next::Other,
    }
}

/// What to do after what ended it all.
fn after(error: &CallError) -> &'static str {
    match error.kind() {
        CallErrorKind::Transport(_) | CallErrorKind::UrlTooLong => UNREACHED,
        CallErrorKind::WrongEndpoint(_)
        | CallErrorKind::Redirected { .. }
        | CallErrorKind::Unreadable(_) => ELSEWHERE,
        _ => WAIT,
    }
}

const CHECK: &str = "check client id and secret; if they are right, leave the flavors as they are: \
     the first exchange finds the flavor";

const UNREACHED: &str = "nothing was learned of the client, since no answer came: check the URL, and \
     the network, the proxy and the certificate on the way, and detect again";

const ELSEWHERE: &str = "nothing was learned of the client, since this was no answer of such an \
     endpoint: compare the URL with the provider's documentation, and detect again";

const WAIT: &str = "nothing was learned of the client, since the server asks to wait or fails: detect \
     again later";

/// No token: any server may see it.
const MADE_UP: &str = "made-up-token-that-was-never-issued";

/// No secret: any server may see it.
const WRONG_SECRET: &str = "made-up-secret-that-is-not-right";
