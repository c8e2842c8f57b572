//! Says what is wrong with a connection, from a shell.
//!
//! ```sh
//! doctor --token-url URL --client-id ID                             # the settings; nothing is sent
//! doctor --token-url URL --client-id ID --code CODE --api-url URL   # a walk from the code to the API
//! doctor --token-url URL --client-id ID --token FILE --api-url URL  # does a stored token still do?
//! doctor --token-url URL --client-id ID --compare FILE              # with a curl command that works
//! doctor --report FILE                                              # what `exchange --report` wrote
//! ```
//!
//! where `doctor` is `cargo run --example doctor --`.
//!
//! The client's secret comes from the environment variable `CLIENT_SECRET`; without it the client
//! is a public one. Ends with 0 if all is well, with 1 if anything was found, risks included, and with
//! 2 if the usage is wrong or a file cannot be read. With `--json` one object is printed on stdout.

use std::error::Error;
use std::fs::File;
use std::io::{self, IsTerminal, Read, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use serde_json::{Value, json};
use token_exchanger::doctor::{self, Finding, StepStatus, Walk};
use token_exchanger::{
    HttpRequest, Report, ReqwestTransport, Token, TokenExchanger, TokenExchangerBuilder,
};

use self::kept::Kept;
use self::support::arguments;
use self::support::connection::Connection;
use self::support::json::complaint;

#[path = "support/kept.rs"]
mod kept;
mod support;

const USAGE: &str = "\
usage: doctor CONNECTION [--json]                   looks at the settings; sends nothing
       doctor CONNECTION --code CODE [WALK]         exchanges the code and tries the token
       doctor CONNECTION --client-credentials [WALK]
       doctor CONNECTION --token FILE [WALK]        tries a stored token, the JSON of a Token
       doctor CONNECTION --detect                   learns the flavor without a code
       doctor CONNECTION --compare FILE             with a curl command that works; sends nothing
       doctor --report FILE                         what the example exchange wrote by --report
       doctor --callback URL                        what the user's browser came back with
CONNECTION: --token-url URL --client-id ID
            [--redirect-uri URI] [--scope S]... [--code-verifier V] [--param NAME=VALUE]... [--conventions FILE]
            [--policy exhaustive|careful] [--flavor NAME]...
            [--authorization-url URL] [--refresh-url URL] [--revocation-url URL]
WALK:       [--api-url URL] [--save-token FILE [--refresh]]
The client's secret is read from CLIENT_SECRET; without it the client is a public one. A FILE that
is read may be -, for stdin; the one that a new token is saved to must not be there yet, and is made only
if there is a new token.";

#[tokio::main]
async fn main() -> ExitCode {
    let options: Options = match arguments::read(USAGE) {
        Ok(options) => options,
        Err(code) => return code,
    };
    let diagnosis = match options.diagnose().await {
        Ok(diagnosis) => diagnosis,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::from(2);
        }
    };
    match diagnosis.print(options.json) {
        // Who closes the pipe, as `grep -q` does, has read enough.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            eprintln!("the output could not be written: {error}");
            ExitCode::FAILURE
        }
        _ if diagnosis.is_healthy => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}

#[derive(Default)]
struct Options {
    connection: Connection,
    authorization_url: Option<String>,
    refresh_url: Option<String>,
    revocation_url: Option<String>,
    has_connection: bool,
    subject: Option<Subject>,
    api_url: Option<String>,
    save_token: Option<PathBuf>,
    refresh: bool,
    json: bool,
}

/// What is looked at, if not the settings alone.
enum Subject {
    Walk(Start),
    Detection,
    Curl(String),
    Report(String),
    Callback(String),
}

/// What a walk begins with.
enum Start {
    Code,
    ClientCredentials,
    Token(String),
}

impl arguments::Options for Options {
    fn switch(&mut self, name: &str) -> Result<bool, Box<dyn Error>> {
        match name {
            "client-credentials" => self.look_at(Subject::Walk(Start::ClientCredentials))?,
            "detect" => self.look_at(Subject::Detection)?,
            "refresh" => self.refresh = true,
            "json" => self.json = true,
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn set(&mut self, name: &str, value: String) -> Result<bool, Box<dyn Error>> {
        match name {
            "api-url" => self.api_url = Some(value),
            "save-token" => self.save_token = Some(value.into()),
            "token" => self.look_at(Subject::Walk(Start::Token(value)))?,
            "compare" => self.look_at(Subject::Curl(value))?,
            "report" => self.look_at(Subject::Report(value))?,
            "callback" => self.look_at(Subject::Callback(value))?,
            "code" => {
                self.look_at(Subject::Walk(Start::Code))?;
                self.connection.set(name, value)?;
            }
            _ => return self.set_connection(name, value),
        }
        Ok(true)
    }
}

impl Options {
    fn set_connection(&mut self, name: &str, value: String) -> Result<bool, Box<dyn Error>> {
        self.has_connection = true;
        match name {
            "authorization-url" => self.authorization_url = Some(value),
            "refresh-url" => self.refresh_url = Some(value),
            "revocation-url" => self.revocation_url = Some(value),
            _ => return self.connection.set(name, value),
        }
        Ok(true)
    }

    fn look_at(&mut self, subject: Subject) -> Result<(), Box<dyn Error>> {
        if self.subject.replace(subject).is_some() {
            return Err("one at a time of --code, --client-credentials, --token, --detect, \
                        --compare, --report and --callback"
                .into());
        }
        Ok(())
    }

    async fn diagnose(&self) -> Result<Diagnosis, Box<dyn Error>> {
        self.check_usage()?;
        match &self.subject {
            Some(Subject::Report(path)) => {
                let findings = doctor::check_report(&report(&read(path, "--report")?)?);
                Ok(Diagnosis::of(&findings, "the report tells of nothing odd"))
            }
            Some(Subject::Callback(url)) => {
                let findings = doctor::check_callback(url);
                Ok(Diagnosis::of(&findings, "the callback brings a code and a state"))
            }
            _ => self.diagnose_connection().await,
        }
    }

    async fn diagnose_connection(&self) -> Result<Diagnosis, Box<dyn Error>> {
        let builder = self.builder().map_err(|error| format!("{error}\n\n{USAGE}"))?;
        let exchanger = match builder.build() {
            Ok(exchanger) => exchanger,
            Err(error) => return Ok(Diagnosis::of(&[doctor::check_config_error(&error)], "")),
        };
        match &self.subject {
            Some(Subject::Walk(start)) => self.walk(&exchanger, start).await,
            Some(Subject::Detection) => detect(&exchanger).await,
            Some(Subject::Curl(path)) => {
                let findings = doctor::compare(&read(path, "--compare")?, &exchanger)?;
                Ok(Diagnosis::of(&findings, "the command and ours are the same to a provider"))
            }
            _ => {
                let findings = doctor::check_exchanger(&exchanger);
                Ok(Diagnosis::of(&findings, "nothing is wrong with the settings in themselves"))
            }
        }
    }

    /// No option is passed over without a word.
    fn check_usage(&self) -> Result<(), &'static str> {
        let is_walk = matches!(self.subject, Some(Subject::Walk(_)));
        let wants_walk = self.api_url.is_some() || self.save_token.is_some() || self.refresh;
        if wants_walk && !is_walk {
            return Err(
                "--api-url, --refresh and --save-token want --code, --client-credentials or --token",
            );
        }
        if self.refresh && self.save_token.is_none() {
            return Err("--refresh may end the old token: say by --save-token FILE where the new \
                        one is kept");
        }
        let has_no_connection =
            matches!(self.subject, Some(Subject::Report(_) | Subject::Callback(_)));
        if has_no_connection && self.has_connection {
            return Err(
                "--report and --callback stand alone, or with --json: they tell all that is \
                        looked at",
            );
        }
        Ok(())
    }

    fn builder(&self) -> Result<TokenExchangerBuilder, Box<dyn Error>> {
        let mut builder = self.connection.builder()?;
        if let Some(url) = &self.authorization_url {
            builder = builder.authorization_url(url);
        }
        if let Some(url) = &self.refresh_url {
            builder = builder.refresh_url(url);
        }
        if let Some(url) = &self.revocation_url {
            builder = builder.revocation_url(url);
        }
        // A walk makes its calls itself.
        let mut conventions = self.connection.conventions.clone();
        let params = self.connection.params.iter().cloned();
        conventions.exchange.params.extend(params.clone());
        conventions.client_credentials.params.extend(params);
        Ok(builder.conventions(conventions))
    }

    async fn walk(
        &self,
        exchanger: &TokenExchanger,
        start: &Start,
    ) -> Result<Diagnosis, Box<dyn Error>> {
        let mut walk = Walk::new(exchanger);
        let mut given = None;
        walk = match start {
            Start::Code => walk.code(self.connection.code().ok_or("--code is empty")?),
            Start::ClientCredentials => walk.client_credentials(),
            Start::Token(path) => walk.token(given.insert(token(&read(path, "--token")?)?).clone()),
        };
        if let Some(api) = self.api_request()? {
            walk = walk.api(api);
        }
        let transport = ReqwestTransport::new()?;
        // All that was given is read by now: no empty file stays behind.
        let mut kept = self.save_token.clone().map(Kept::create).transpose()?;
        let walked = match kept.as_mut().filter(|_| self.refresh) {
            Some(kept) => walk.refresh(|token| Ok(kept.save(token)?)).run(&transport).await,
            None => walk.run(&transport).await,
        };

        let mut diagnosis = Diagnosis {
            is_healthy: walked.report.status() < StepStatus::Warned,
            text: walked.report.to_string(),
            json: json!({
                "findings": walked.report.findings().collect::<Vec<_>>(),
                "walk": walked.report,
            }),
        };
        let new = walked.token.filter(|token| given.as_ref() != Some(token));
        if let Some(Err(error)) = kept.map(|kept| kept.close(new.as_ref())) {
            eprintln!("the token could not be saved: {error}");
            diagnosis.is_healthy = false;
        }
        Ok(diagnosis)
    }

    fn api_request(&self) -> Result<Option<HttpRequest>, Box<dyn Error>> {
        let Some(url) = &self.api_url else { return Ok(None) };
        let request = http::Request::get(url).header("accept", "application/json");
        let is_absolute = request.uri_ref().is_some_and(|url| {
            let is_web = matches!(url.scheme_str(), Some("http" | "https"));
            is_web && url.host().is_some_and(|host| !host.is_empty())
        });
        let request = request.body(Vec::new()).ok().filter(|_| is_absolute);
        Ok(Some(request.ok_or("--api-url is no absolute URL of http or https")?))
    }
}

async fn detect(exchanger: &TokenExchanger) -> Result<Diagnosis, Box<dyn Error>> {
    let detection = doctor::detect(exchanger, &ReqwestTransport::new()?).await;
    Ok(Diagnosis {
        is_healthy: detection.flavor.is_some(),
        text: detection.to_string(),
        json: json!({ "findings": [], "detection": detection }),
    })
}

/// What was found, for a person and for a program.
struct Diagnosis {
    is_healthy: bool,
    text: String,
    json: Value,
}

impl Diagnosis {
    fn of(findings: &[Finding], healthy: &str) -> Self {
        let texts: Vec<_> = findings.iter().map(ToString::to_string).collect();
        let is_healthy = findings.is_empty();
        let text = if is_healthy { format!("ok: {healthy}") } else { texts.join("\n\n") };
        Self { is_healthy, text, json: json!({ "findings": findings }) }
    }

    fn print(&self, as_json: bool) -> io::Result<()> {
        let mut out = io::stdout().lock();
        if as_json {
            let mut json = self.json.clone();
            json["ok"] = self.is_healthy.into();
            return writeln!(out, "{json}");
        }
        let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let in_color = out.is_terminal() && !no_color;
        for line in self.text.lines() {
            // What a server said can stand in it, and is to move no cursor.
            let line = line.replace(char::is_control, " ");
            match color(&line).filter(|_| in_color) {
                Some(color) => writeln!(out, "\x1b[{color}m{line}\x1b[0m")?,
                None => writeln!(out, "{line}")?,
            }
        }
        Ok(())
    }
}

/// By the first word, as findings and steps have it.
fn color(line: &str) -> Option<u8> {
    match line.split_whitespace().next()? {
        "problem:" | "FAIL" => Some(31),
        "risk:" | "warn" => Some(33),
        "ok" | "ok:" => Some(32),
        "skip" => Some(2),
        _ => None,
    }
}

/// A file, or stdin by the name of `-`.
fn read(path: &str, option: &str) -> Result<String, String> {
    let mut text = String::new();
    let result = match path {
        "-" => io::stdin().read_to_string(&mut text),
        _ => File::open(path).and_then(|mut file| file.read_to_string(&mut text)),
    };
    result.map_err(|error| format!("what {option} names cannot be read: {error}"))?;
    Ok(text)
}

fn report(json: &str) -> Result<Report, String> {
    let report: Report = serde_json::from_str(json).map_err(|error| {
        format!(
            "this is no report ({}): give what exchange --report wrote, or the JSON of \
             error.report() or issued.report()",
            complaint(&error)
        )
    })?;
    if report.version > Report::VERSION {
        return Err(format!("this report has version {}, which is not known", report.version));
    }
    Ok(report)
}

fn token(json: &str) -> Result<Token, String> {
    serde_json::from_str(json).map_err(|error| {
        format!(
            "this is no token ({}): give what --save-token wrote, or the JSON of a Token",
            complaint(&error)
        )
    })
}
