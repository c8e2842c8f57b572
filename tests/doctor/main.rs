//! What the doctor says, of servers that misbehave, and whether its remedies help.

use std::time::SystemTime;

use http::StatusCode;
use serde_json::Value;
use token_exchanger::doctor::{self, Finding, FindingKind, Severity};
use token_exchanger::testing::{AuthorizationServer, Failure};
use token_exchanger::{
    AuthorizationCode, CallError, Callback, Conventions, Flavor, HttpResponse, Issued, Report,
    TokenExchanger, TokenExchangerBuilder,
};

mod browser;
mod configuration;
mod network;
mod pages;
mod refusals;
mod secrets;
mod servers;
mod shapes;
mod tokens;

const ID: &str = "my-client-id";
const PLAIN: &str = "my-client-secret";
/// All six flavors differ.
const RESERVED: &str = "s3cr3t/+:=&%";
const CALLBACK: &str = "https://my.example/callback";
const TOKEN_URL: &str = "https://as.example/token";

const PROBLEM: Severity = Severity::Problem;
const RISK: Severity = Severity::Risk;

/// A healthy configuration of the servers here.
fn client(secret: &str) -> TokenExchangerBuilder {
    TokenExchanger::builder(ID, TOKEN_URL)
        .client_secret(secret)
        .authorization_url("https://as.example/authorize")
        .redirect_uri(CALLBACK)
        .scopes(["read", "offline_access"])
        .conventions(Conventions::default())
}

/// The whole way of a user, from the authorization URL to the token.
fn connect(
    builder: TokenExchangerBuilder,
    server: &AuthorizationServer,
) -> Result<Issued, CallError> {
    let exchanger = builder.transport(server.clone()).build().expect("a configuration");
    let authorization = exchanger.authorize().expect("an endpoint").start().expect("randomness");
    let callback = server.authorize(&authorization.url).expect("a callback");
    let callback = Callback::parse(&callback).expect("a callback");
    let code = authorization.pending.accept(callback).expect("a code");
    exchanger.exchange(code).send_blocking(|request| server.respond(request))
}

/// The exchange of a code that came from elsewhere.
fn exchange(
    builder: TokenExchangerBuilder,
    server: &AuthorizationServer,
    code: AuthorizationCode,
) -> Result<Issued, CallError> {
    let exchanger = builder.transport(server.clone()).build().expect("a configuration");
    exchanger.exchange(code).send_blocking(|request| server.respond(request))
}

fn code(server: &AuthorizationServer) -> AuthorizationCode {
    AuthorizationCode::unchecked(server.code()).redirect_uri(CALLBACK)
}

/// What the doctor says of an exchange that is always answered so.
fn diagnose(answer: HttpResponse) -> Vec<Finding> {
    diagnose_by(client(PLAIN), answer)
}

fn diagnose_by(builder: TokenExchangerBuilder, answer: HttpResponse) -> Vec<Finding> {
    let server = AuthorizationServer::accepting_any();
    server.fail_always(Failure::Respond(answer));
    let code = AuthorizationCode::unchecked("PLANTED-code-4711");
    of_error(&exchange(builder, &server, code).expect_err("a refusal"))
}

/// The same after a way through JSON, which takes nothing away.
fn of_error(error: &CallError) -> Vec<Finding> {
    same_from_json(&error.report(), doctor::check_error(error))
}

fn of_issued(issued: &Issued) -> Vec<Finding> {
    same_from_json(&issued.report(), doctor::check_issued(issued))
}

fn same_from_json(report: &Report, findings: Vec<Finding>) -> Vec<Finding> {
    let json = serde_json::to_string(report).expect("JSON");
    let kept: Report = serde_json::from_str(&json).expect("a report");
    assert_eq!(doctor::check_report(&kept), findings);
    findings
}

/// Exactly these, in this order; each with a symptom, a cause and a remedy of its own.
#[track_caller]
fn assert_found(findings: &[Finding], expected: &[(FindingKind, Severity)]) {
    let found: Vec<_> = findings.iter().map(|it| (it.kind, it.severity)).collect();
    assert_eq!(found, expected, "{findings:#?}");
    for finding in findings {
        let Finding { symptom, cause, remedy, .. } = finding;
        let texts = [symptom, cause, remedy];
        assert!(texts.iter().all(|text| text.len() > 8 && text.trim() == **text), "{finding}");
        assert!(!texts.iter().any(|text| text.contains("  ")), "{finding}");
    }
}

/// The one finding, whose remedy names this.
#[track_caller]
fn only(findings: Vec<Finding>, kind: FindingKind, remedy: &str) -> Finding {
    assert_found(&findings, &[(kind, PROBLEM)]);
    first(findings, remedy)
}

#[track_caller]
fn first(findings: Vec<Finding>, remedy: &str) -> Finding {
    let finding = findings.into_iter().next().expect("a finding");
    assert!(finding.remedy.contains(remedy), "{finding}");
    finding
}

/// The flavors that a remedy says to pin.
fn flavors_in(remedy: &str) -> Vec<Flavor> {
    let named = remedy.split(|c: char| !c.is_ascii_uppercase() && c != '_');
    let name = |word: &str| {
        let (auth, encoding) = word.rsplit_once('_')?;
        format!("{}+{encoding}", auth.replace('_', "-")).to_ascii_lowercase().parse().ok()
    };
    named.filter_map(name).collect()
}

/// The JSON value that a remedy says to set `setting` to.
fn value_in(remedy: &str, setting: &str) -> Value {
    let (_, value) = remedy.split_once(&format!("{setting} to ")).expect("the setting");
    let mut values = serde_json::Deserializer::from_str(value).into_iter::<Value>();
    values.next().expect("a value").expect("JSON")
}

/// Conventions with one value set, by its path: `exchange.omit`.
fn conventions(path: &str, value: Value) -> Conventions {
    let json = path.rsplit('.').fold(value, |value, name| serde_json::json!({ name: value }));
    serde_json::from_value(json).expect("conventions")
}

fn json(status: u16, body: &str) -> HttpResponse {
    answer(status, &[("content-type", "application/json")], body)
}

fn page(status: u16, body: &str) -> HttpResponse {
    answer(status, &[("content-type", "text/html; charset=utf-8")], body)
}

fn answer(status: u16, headers: &[(&str, &str)], body: &str) -> HttpResponse {
    let mut response = http::Response::builder().status(status);
    for (name, value) in headers {
        response = response.header(*name, *value);
    }
    response.body(body.into()).expect("a response")
}

fn status(status: u16) -> StatusCode {
    StatusCode::from_u16(status).expect("a status")
}

/// So many seconds from now, as a server writes it.
fn date(offset: i64) -> String {
    let shift = std::time::Duration::from_secs(offset.unsigned_abs());
    let now = SystemTime::now();
    httpdate::fmt_http_date(if offset < 0 { now - shift } else { now + shift })
}
