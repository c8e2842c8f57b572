//! Exchanges a code at any token endpoint, from a shell.
//!
//! `cargo run --example exchange -- --token-url URL --client-id ID --code CODE`
//!
//! The client's secret comes from the environment variable `CLIENT_SECRET`; without it the client
//! is a public one. Ends with 0 if a token was issued, with 1 if none was, and with 2 if the usage
//! or the configuration is wrong. With `--json` one object is printed on stdout, whether a token was
//! issued or not. With `--report FILE` all that was sent and came back is written there, without
//! secrets: the example `doctor` reads it. The file must not be there yet. With `--report -` it is all that
//! goes to stdout.

use std::error::Error;
use std::fs::File;
use std::io::{self, Write};
use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};
use token_exchanger::{Attempt, Call, CallError, Issued, Outcome, Token};

use self::support::arguments;
use self::support::connection::Connection;

mod support;

const USAGE: &str = "\
usage: exchange --token-url URL --client-id ID --code CODE
                [--redirect-uri URI] [--scope S]... [--code-verifier V] [--param NAME=VALUE]... [--conventions FILE]
                [--policy exhaustive|careful] [--flavor NAME]... [--json] [--show-token]
                [--report FILE]
The client's secret is read from CLIENT_SECRET; without it the client is a public one.
The report holds no secret; the example doctor says what it tells. Its file must not be there yet; by the
name of - it is all that goes to stdout.";

/// The name that stands for it where a file is wanted.
const STDOUT: &str = "-";

#[tokio::main]
async fn main() -> ExitCode {
    let options: Options = match arguments::read(USAGE) {
        Ok(options) => options,
        Err(code) => return code,
    };
    let (call, report) = match options.call().and_then(|call| Ok((call, options.report_to()?))) {
        Ok(ready) => ready,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::from(2);
        }
    };
    let result = call.await;
    let kept = report.map_or(Ok(()), |to| keep(&result, to));
    if let Err(error) = &kept {
        eprintln!("the report could not be written: {error}");
    }
    let shown = match options.report.as_deref() {
        Some(STDOUT) => options.show(&result, &mut io::sink()),
        _ => options.show(&result, &mut io::stdout()),
    };
    match (shown.and(kept), result) {
        (Ok(()), Ok(_)) => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}

#[derive(Default)]
struct Options {
    connection: Connection,
    report: Option<String>,
    json: bool,
    show_token: bool,
}

impl arguments::Options for Options {
    fn switch(&mut self, name: &str) -> Result<bool, Box<dyn Error>> {
        match name {
            "json" => self.json = true,
            "show-token" => self.show_token = true,
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn set(&mut self, name: &str, value: String) -> Result<bool, Box<dyn Error>> {
        if name != "report" {
            return self.connection.set(name, value);
        }
        self.report = Some(value);
        Ok(true)
    }
}

impl Options {
    fn call(&self) -> Result<Call<Issued>, Box<dyn Error>> {
        let builder = self.connection.builder();
        let builder = builder.map_err(|error| format!("{error}\n\n{USAGE}"))?;
        let missing = || format!("--code is missing\n\n{USAGE}");
        let code = self.connection.code().ok_or_else(missing)?;
        let call = builder.build()?.exchange(code);
        let params = self.connection.params.iter();
        Ok(params.fold(call, |call, (name, value)| call.param(name, value.as_str())))
    }

    /// Made before anything is sent, so that the code is not used up where it cannot be.
    fn report_to(&self) -> Result<Option<Box<dyn Write>>, Box<dyn Error>> {
        let Some(path) = &self.report else { return Ok(None) };
        if path == STDOUT {
            return Ok(Some(Box::new(io::stdout())));
        }
        let file = File::create_new(path)
            .map_err(|error| format!("the file of --report cannot be made: {error}"))?;
        Ok(Some(Box::new(file)))
    }

    fn show(&self, result: &Result<Issued, CallError>, out: &mut dyn Write) -> io::Result<()> {
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

fn keep(result: &Result<Issued, CallError>, mut to: Box<dyn Write>) -> io::Result<()> {
    let report = match result {
        Ok(issued) => issued.report(),
        Err(error) => error.report(),
    };
    let json = serde_json::to_string_pretty(&report)?;
    writeln!(to, "{json}")
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
