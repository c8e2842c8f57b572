//! Exchanges a code at any token endpoint, from a shell.
//!
//! `cargo run --example exchange -- --token-url URL --client-id ID --code CODE`
//!
//! The client's secret comes from the environment variable `CLIENT_SECRET`; without it the client
//! is a public one. Ends with 0 if a token was issued, with 1 if none was, and with 2 if the usage
//! or the configuration is wrong. With `--json` one object is printed on stdout, whether a token was
//! issued or not.

use std::error::Error;
use std::ffi::OsString;
use std::io::{self, Write};
use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use lexopt::prelude::Long;
use serde_json::{Value, json};
use token_exchanger::{
    Attempt, AuthorizationCode, Call, CallError, CodeVerifier, Flavor, Issued, Outcome, Policy,
    Token, TokenExchanger,
};

const USAGE: &str = "\
usage: exchange --token-url URL --client-id ID --code CODE
                [--redirect-uri URI] [--scope S]... [--code-verifier V] [--param NAME=VALUE]...
                [--policy exhaustive|careful] [--flavor NAME]... [--json] [--show-token]
The client's secret is read from CLIENT_SECRET; without it the client is a public one.";

#[tokio::main]
async fn main() -> ExitCode {
    let options = match Options::parse() {
        Ok(options) if options.help => {
            eprintln!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        Ok(options) => options,
        Err(error) => {
            eprintln!("{error}\n\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    let call = match options.call() {
        Ok(call) => call,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::from(2);
        }
    };
    let result = call.await;
    match (options.report(&result, &mut io::stdout()), result) {
        (Ok(()), Ok(_)) => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}

#[derive(Default)]
struct Options {
    token_url: String,
    client_id: String,
    code: String,
    redirect_uri: String,
    scopes: Vec<String>,
    verifier: Option<CodeVerifier>,
    params: Vec<(String, String)>,
    policy: Policy,
    flavors: Vec<Flavor>,
    json: bool,
    show_token: bool,
    help: bool,
}

impl Options {
    fn parse() -> Result<Self, Box<dyn Error>> {
        let mut options = Self::default();
        let mut arguments = lexopt::Parser::from_env();
        while let Some(argument) = arguments.next().map_err(without_value)? {
            let Long(name) = argument else {
                return Err("each value follows its option; one with a space wants quotes".into());
            };
            let name = name.to_owned();
            match name.as_str() {
                "json" => options.json = true,
                "show-token" => options.show_token = true,
                "help" => options.help = true,
                _ => options.set(&name, arguments.value().map_err(without_value)?)?,
            }
        }
        Ok(options)
    }

    fn set(&mut self, name: &str, value: OsString) -> Result<(), Box<dyn Error>> {
        let value = value.into_string().map_err(|_| format!("--{name} is not UTF-8"))?;
        match name {
            "token-url" => self.token_url = value,
            "client-id" => self.client_id = value,
            "code" => self.code = value,
            "redirect-uri" => self.redirect_uri = value,
            "scope" => self.scopes.push(value),
            "code-verifier" => self.verifier = Some(CodeVerifier::parse(&value)?),
            "param" => {
                let (name, value) = value.split_once('=').ok_or("--param wants NAME=VALUE")?;
                self.params.push((name.to_owned(), value.to_owned()));
            }
            "policy" => {
                self.policy = match &*value {
                    "exhaustive" => Policy::Exhaustive,
                    "careful" => Policy::Careful,
                    _ => return Err("--policy is exhaustive or careful".into()),
                }
            }
            "flavor" => self.flavors.push(value.parse()?),
            _ => return Err(format!("there is no option --{name}").into()),
        }
        Ok(())
    }

    fn call(&self) -> Result<Call<Issued>, Box<dyn Error>> {
        let required =
            [("token-url", &self.token_url), ("client-id", &self.client_id), ("code", &self.code)];
        if let Some((name, _)) = required.iter().find(|(_, value)| value.is_empty()) {
            return Err(format!("--{name} is missing\n\n{USAGE}").into());
        }
        let mut builder = TokenExchanger::builder(&self.client_id, &self.token_url)
            .redirect_uri(&self.redirect_uri)
            .scopes(&self.scopes)
            .policy(self.policy);
        if let Some(secret) = std::env::var_os("CLIENT_SECRET") {
            builder = builder
                .client_secret(secret.into_string().map_err(|_| "CLIENT_SECRET is not UTF-8")?);
        }
        if !self.flavors.is_empty() {
            builder = builder.flavors(self.flavors.iter().copied());
        }
        let mut code = AuthorizationCode::unchecked(&*self.code);
        if let Some(verifier) = &self.verifier {
            code = code.verifier(verifier.clone());
        }
        let call = builder.build()?.exchange(code);
        Ok(self.params.iter().fold(call, |call, (name, value)| call.param(name, value.as_str())))
    }

    fn report(&self, result: &Result<Issued, CallError>, out: &mut dyn Write) -> io::Result<()> {
        if let Err(error) = result {
            let mut source = error.source();
            eprintln!("{error}");
            while let Some(cause) = source {
                eprintln!("  because {cause}");
                source = cause.source();
            }
        }
        match result {
            Ok(issued) if self.json => writeln!(out, "{}", self.issued_as_json(issued)),
            Err(error) if self.json => writeln!(out, "{}", error_as_json(error)),
            Ok(issued) => self.write_issued(issued, out),
            Err(error) => write_attempts(error.attempts(), out),
        }
    }

    fn issued_as_json(&self, issued: &Issued) -> Value {
        let token = &issued.token;
        let mut shown = json!({
            "token_type": token.token_type,
            "expires_in": expires_in(token),
            "scopes": token.scopes,
            "has_refresh_token": token.refresh_token.is_some(),
        });
        if self.show_token {
            shown["access_token"] = token.access_token.expose().into();
        }
        let warnings: Vec<_> = issued.warnings.iter().map(ToString::to_string).collect();
        json!({
            "ok": true,
            "flavor": issued.flavor,
            "attempts": attempts_as_json(&issued.attempts),
            "token": shown,
            "warnings": warnings,
        })
    }

    fn write_issued(&self, issued: &Issued, out: &mut dyn Write) -> io::Result<()> {
        let token = &issued.token;
        write_attempts(&issued.attempts, out)?;
        writeln!(out, "token type: {}", token.token_type)?;
        match expires_in(token) {
            Some(seconds) => writeln!(out, "expires in: {seconds} s")?,
            None => writeln!(out, "expires in: not known")?,
        }
        match &token.scopes {
            Some(scopes) => writeln!(out, "scopes: {}", scopes.join(" "))?,
            None => writeln!(out, "scopes: as asked for")?,
        }
        let refresh_token = if token.refresh_token.is_some() { "yes" } else { "no" };
        writeln!(out, "refresh token: {refresh_token}")?;
        if self.show_token {
            writeln!(out, "access token: {}", token.access_token.expose())?;
        }
        issued.warnings.iter().try_for_each(|warning| writeln!(out, "warning: {warning}"))
    }
}

/// What is wrong with the usage, without the value in question: it may be a secret.
fn without_value(error: lexopt::Error) -> String {
    match error {
        lexopt::Error::MissingValue { option: Some(option) } => format!("{option} wants a value"),
        lexopt::Error::UnexpectedValue { option, .. } => format!("{option} takes no value"),
        _ => "the options cannot be read".to_owned(),
    }
}

fn error_as_json(error: &CallError) -> Value {
    let attempts = error.attempts();
    let headline = attempts.iter().position(|attempt| std::ptr::eq(attempt, error.headline()));
    json!({
        "ok": false,
        "kind": error.kind().to_string(),
        "message": error.to_string(),
        "headline": headline,
        "code_fate": error.code_fate().to_string(),
        "attempts": attempts_as_json(attempts),
    })
}

fn attempts_as_json(attempts: &[Attempt]) -> Value {
    let show = |attempt: &Attempt| {
        let error = match &attempt.outcome {
            Outcome::Answered { error, .. } => error.as_ref().map(|error| error.code.clone()),
            Outcome::Unanswered(kind) => Some(kind.to_string()),
            _ => None,
        };
        let status = attempt.status().map(|status| status.as_u16());
        json!({"flavor": attempt.flavor, "status": status, "error": error})
    };
    attempts.iter().map(show).collect()
}

fn write_attempts(attempts: &[Attempt], out: &mut dyn Write) -> io::Result<()> {
    let mut numbered = (1..).zip(attempts);
    numbered.try_for_each(|(number, attempt)| {
        writeln!(out, "attempt {number}: {attempt}, {} ms", attempt.elapsed.as_millis())
    })
}

/// In seconds, counted up to whole ones.
fn expires_in(token: &Token) -> Option<u64> {
    let left = token.expires_at?.duration_since(SystemTime::now()).unwrap_or_default();
    Some((left + Duration::from_millis(999)).as_secs())
}
