//! Walks through a connection as a person would by hand: a token, the API, a refresh, the API again,
//! the settings.

use std::error::Error as StdError;
use std::fmt;

use serde_json::Value;

use self::api::{Again, Tried};
use self::token::{By, Held};
use super::blocking::{Blocking, output};
use super::{Finding, FindingKind, check_code, check_exchanger, check_report};
use crate::call::{Issued, now};
use crate::code::AuthorizationCode;
use crate::decode;
use crate::error::CallError;
use crate::exchanger::TokenExchanger;
use crate::mask::Mask;
use crate::setup::Setup;
use crate::token::Token;
use crate::transport::{HttpRequest, HttpResponse, Transport, TransportError};

mod api;
mod report;
mod token;

pub use self::report::{ApiEvidence, Step, StepEvidence, StepName, StepStatus, WalkReport};

/// Walks through a connection step by step, as a person does who looks for what is wrong with it:
///
/// 1. the token endpoint gives an access token;
/// 2. a refresh token comes with it, or none is needed;
/// 3. the API takes the token;
/// 4. the refresh gives a new access token (only if [asked for](Walk::refresh));
/// 5. the API takes the new token;
/// 6. the settings are checked, and told so that they can be compared with the provider's.
///
/// Each step passes, warns, fails or is skipped, and keeps its evidence; what depends on a step that
/// failed is skipped. Test a connection so before it is saved, or when it has stopped working.
///
/// It does what the steps say: a code is used, tokens are issued, a refresh may end the old token.
///
/// ```no_run
/// # use token_exchanger::{AuthorizationCode, TokenExchanger, Transport, doctor::Walk};
/// # async fn walk(exchanger: TokenExchanger, code: AuthorizationCode, transport: impl Transport) {
/// let me = http::Request::get("https://api.example.com/me").body(Vec::new()).unwrap();
/// let walked = Walk::new(&exchanger).code(code).api(me).run(&transport).await;
/// println!("{}", walked.report);
/// // walked.token is as good as any other: keep it.
/// # }
/// ```
#[must_use = "a walk does nothing until it is run"]
pub struct Walk<'a> {
    exchanger: &'a TokenExchanger,
    start: Start,
    api: Option<HttpRequest>,
    save: Option<Save<'a>>,
}

/// What a walk begins with.
enum Start {
    Nothing,
    Code(AuthorizationCode),
    ClientCredentials,
    Token(Box<Token>),
}

/// Keeps a new token.
type Save<'a> = Box<dyn FnMut(&Token) -> Result<(), Box<dyn StdError + Send + Sync>> + Send + 'a>;

impl<'a> Walk<'a> {
    /// Begins with nothing, so that the settings alone are looked at. Give it a
    /// [code](Self::code), [client credentials](Self::client_credentials) or a
    /// [token](Self::token); the last one given counts.
    pub fn new(exchanger: &'a TokenExchanger) -> Self {
        Self { exchanger, start: Start::Nothing, api: None, save: None }
    }

    /// Begins with a code, which is exchanged.
    pub fn code(self, code: AuthorizationCode) -> Self {
        Self { start: Start::Code(code), ..self }
    }

    /// Begins with a token for the client itself.
    pub fn client_credentials(self) -> Self {
        Self { start: Start::ClientCredentials, ..self }
    }

    /// Begins with a token that is there already: the token endpoint is not asked for one.
    pub fn token(self, token: Token) -> Self {
        Self { start: Start::Token(Box::new(token)), ..self }
    }

    /// The API request to try, without a token: best a GET that changes nothing, since it may be
    /// sent twice. The token is put in as [`TokenExchanger::apply`] does it. It goes over the
    /// same transport, which follows no redirect.
    pub fn api(self, request: HttpRequest) -> Self {
        Self { api: Some(request), ..self }
    }

    /// Refreshes the token too. The new one is handed to `save` before anything else is done, since
    /// the old one may be worth nothing by then. If `save` fails, the step fails, the new token is not
    /// used, and comes back in [`Walked::token`].
    ///
    /// `save` may block, and holds up the walk as long. What its error says is told in the report, with
    /// a mark in place of each secret.
    pub fn refresh(
        self,
        save: impl FnMut(&Token) -> Result<(), Box<dyn StdError + Send + Sync>> + Send + 'a,
    ) -> Self {
        Self { save: Some(Box::new(save)), ..self }
    }

    /// Walks, over this transport.
    ///
    /// Dropped on the way, it can lose the code or the token, as a [`Call`](crate::Call) can: spawn
    /// it where the caller may be cancelled.
    pub async fn run(self, transport: &dyn Transport) -> Walked {
        let Self { exchanger, start, api, save } = self;
        let setup = exchanger.setup();
        let mut steps = Vec::new();

        let (step, first, code) = begin(exchanger, start, transport).await;
        steps.push(step);
        let Some(first) = first else {
            let why = "there is no token";
            let later = [
                StepName::RefreshToken,
                StepName::ApiCall,
                StepName::Refresh,
                StepName::ApiCallAfterRefresh,
            ];
            steps.extend(later.map(|name| Step::skipped(name, why)));
            steps.push(settings(exchanger));
            return Walked::new(steps, None, code);
        };

        steps.push(token::refresh_token(&first, setup));
        let ask = async |token: &Token, name| match &api {
            Some(api) => api::call(exchanger, token, api, name, transport).await,
            None => {
                let why = "no API request was given";
                Tried { step: Step::skipped(name, why), again: Again::No(why) }
            }
        };
        let Tried { step, again } = ask(&first.token, StepName::ApiCall).await;
        let was_refused = step.status == StepStatus::Failed;
        steps.push(step);

        let (step, token) = refresh(exchanger, first, save, transport).await;
        let has_new = matches!(step.status, StepStatus::Passed | StepStatus::Warned);
        steps.push(step);
        let last = StepName::ApiCallAfterRefresh;
        let mut step = match (has_new, again) {
            (false, _) => Step::skipped(last, "there is no new token that was saved"),
            (true, Again::No(why)) => Step::skipped(last, why),
            (true, Again::Yes) => ask(&token, last).await.step,
        };
        if was_refused && step.status == StepStatus::Passed {
            step.said += "; the token before it was refused, so it had ended or was revoked";
        }
        steps.push(step);
        steps.push(settings(exchanger));
        Walked::new(steps, Some(token), code)
    }

    /// Walks with a blocking closure, which must keep the rules of a [`Transport`].
    pub fn run_blocking(
        self,
        send: impl FnMut(HttpRequest) -> Result<HttpResponse, TransportError> + Send,
    ) -> Walked {
        output(self.run(&Blocking::new(send)))
    }
}

// The API request may hold keys.
impl fmt::Debug for Walk<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Walk").field("exchanger", &self.exchanger).finish_non_exhaustive()
    }
}

/// What a walk leaves behind.
#[derive(Debug)]
#[non_exhaustive]
pub struct Walked {
    /// What was found.
    pub report: WalkReport,
    /// The last token that was got, or the one that was given: keep it. `None` if there never was
    /// one.
    pub token: Option<Token>,
    /// The code, if its exchange failed and it may be tried again, as
    /// [`CallError::into_code`] has it.
    pub code: Option<AuthorizationCode>,
}

impl Walked {
    fn new(steps: Vec<Step>, token: Option<Token>, code: Option<AuthorizationCode>) -> Self {
        Self { report: WalkReport { version: WalkReport::VERSION, steps }, token, code }
    }
}

/// The first step, with the token or the code that it leaves.
async fn begin(
    exchanger: &TokenExchanger,
    start: Start,
    transport: &dyn Transport,
) -> (Step, Option<Held>, Option<AuthorizationCode>) {
    let name = StepName::TokenEndpoint;
    let mut of_the_code = Vec::new();
    let (call, by) = match start {
        Start::Nothing => {
            let why = "no code, client credentials or token to begin with was given";
            return (Step::skipped(name, why), None, None);
        }
        Start::Token(token) => {
            let held = Held::given(*token, exchanger.setup(), now());
            return (Step::skipped(name, "a token was there already"), Some(held), None);
        }
        Start::Code(code) => {
            of_the_code = check_code(&code);
            (exchanger.exchange(code), By::Code)
        }
        Start::ClientCredentials => (exchanger.client_credentials(), By::ClientCredentials),
    };
    match call.send(transport).await {
        Ok(issued) => {
            let (step, held) = accepted(name, issued, by);
            (step, Some(held), None)
        }
        // A code that was accepted is right, whatever it looks like.
        Err(error) => (failed(name, &error).found(of_the_code), None, error.into_code()),
    }
}

/// The refresh, with the token to go on with.
async fn refresh(
    exchanger: &TokenExchanger,
    old: Held,
    save: Option<Save<'_>>,
    transport: &dyn Transport,
) -> (Step, Token) {
    let name = StepName::Refresh;
    let Some(mut save) = save else {
        return (Step::skipped(name, "not asked for"), old.token);
    };
    let Ok(call) = exchanger.refresh(&old.token) else {
        let step = match old.by {
            By::ClientCredentials => {
                Step::skipped(name, "client credentials get a new token instead")
            }
            _ if token::is_lost_when_it_expires(&old) => Step::new(
                name,
                StepStatus::Failed,
                "the token expires, and there is no refresh token: nothing was sent",
            ),
            _ => Step::skipped(name, "there is no refresh token"),
        };
        return (step, old.token);
    };
    let issued = match call.send(transport).await {
        Ok(issued) => issued,
        Err(error) => return (failed(name, &error), old.token),
    };
    let saved = save(&issued.token);
    let (step, new) = accepted(name, issued, old.by);
    let step = match saved {
        Ok(()) => {
            let findings = token::refreshed(&old, &new);
            let setup = exchanger.setup();
            let mut step = step.found(findings);
            step.said += match setup.endpoints.refresh {
                Some(_) => ", at the refresh URL",
                None => ", at the token URL, since no refresh URL is set",
            };
            step.said += if new.token.refresh_token == old.token.refresh_token {
                "; the refresh token is the one that was there before"
            } else {
                "; a new refresh token came"
            };
            step.said += "; saved";
            step
        }
        Err(error) => {
            let mask = mask(exchanger.setup(), &[&new.token, &old.token]);
            not_saved(step, &*error, &mask)
        }
    };
    (step, new.token)
}

fn not_saved(step: Step, error: &(dyn StdError + 'static), mask: &Mask<'_>) -> Step {
    let mut texts = Vec::new();
    let mut next = Some(error);
    while let Some(error) = next {
        let text = mask.apply(&error.to_string());
        texts.push(text.replace(char::is_control, " "));
        next = error.source();
    }
    let finding = Finding::problem(
        FindingKind::TokenNotSaved,
        "the refresh gave a new token, and it could not be saved: the walk uses it no further",
        texts.join(": "),
        "save the token that the walk gives back, since the old one may be worth nothing by now; then \
         mend what the connection is saved by",
    );
    let said = format!("{}; the new token could not be saved", step.said);
    Step { said, status: StepStatus::Failed, ..step }.found([finding])
}

/// A call that got a token. What is to be said of the token itself has its own step.
fn accepted(name: StepName, issued: Issued, by: By) -> (Step, Held) {
    let report = issued.report();
    let mut findings = check_report(&report);
    findings.retain(|finding| !OF_THE_TOKEN.contains(&finding.kind));
    let mut said = report.message.clone();
    for warning in &report.warnings {
        said = format!("{said}; {warning}");
    }
    let told = report.token.clone();
    // What is odd and does no harm has no finding, and is told all the same.
    let step = Step::new(name, StepStatus::Passed, said)
        .shown_by(StepEvidence::Call(Box::new(report)))
        .found(findings);
    let told = told.expect("the report of what was issued has a token");
    (step, Held { token: issued.token, told, by })
}

fn failed(name: StepName, error: &CallError) -> Step {
    let report = error.report();
    Step::new(name, StepStatus::Failed, report.message.clone())
        .found(check_report(&report))
        .shown_by(StepEvidence::Call(Box::new(report)))
}

fn settings(exchanger: &TokenExchanger) -> Step {
    let configuration = exchanger.configuration();
    let findings = check_exchanger(exchanger);
    let said = "compare these with the provider's page for this client";
    Step::new(StepName::Settings, StepStatus::of(&findings), said)
        .found(findings)
        .shown_by(StepEvidence::Configuration(Box::new(configuration)))
}

/// Hides the client's secret and the tokens with all that came with them.
fn mask<'a>(setup: &'a Setup, tokens: &[&'a Token]) -> Mask<'a> {
    let mut mask = Mask::default();
    setup.hide(&mut mask);
    setup.hide_urls(&mut mask);
    for token in tokens {
        mask.hide("access_token", token.access_token.expose());
        if let Some(refresh_token) = &token.refresh_token {
            mask.hide("refresh_token", refresh_token.expose());
        }
        for (name, value) in &token.extra {
            hide_texts(decode::mark(name), value, &mut mask);
        }
    }
    mask
}

fn hide_texts<'a>(mark: Option<&'static str>, value: &'a Value, mask: &mut Mask<'a>) {
    match (value, mark) {
        (Value::String(text), Some(mark)) => mask.hide(mark, text.as_str()),
        (Value::Array(items), _) => items.iter().for_each(|item| hide_texts(mark, item, mask)),
        (Value::Object(members), _) => {
            for (name, value) in members {
                hide_texts(decode::mark(name).or(mark), value, mask);
            }
        }
        _ => {}
    }
}

const OF_THE_TOKEN: [FindingKind; 3] =
    [FindingKind::NoRefreshToken, FindingKind::UnknownLifetime, FindingKind::ShortLifetime];
