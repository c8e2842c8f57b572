//! Exchanges a code at any token endpoint, from a shell.
//!
//! `cargo run --example exchange -- --token-url URL --client-id ID --code CODE`
//!
//! The client's secret comes from the environment variable `CLIENT_SECRET`; without it the client
//! is a public one. Ends with 0 if a token was issued, with 1 if none was, and with 2 if the usage
//! or the configuration is wrong.

#![expect(clippy::print_stdout, reason = "a shell tool speaks on stdout")]

use std::error::Error;
use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use lexopt::ValueExt as _;
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
    match call.await {
        Ok(issued) => {
            options.print_issued(&issued);
            ExitCode::SUCCESS
        }
        Err(error) => {
            options.print_error(&error);
            ExitCode::FAILURE
        }
    }
}

#[derive(Default)]
struct Options {
    token_url: Option<String>,
    client_id: Option<String>,
    code: Option<String>,
    redirect_uri: Option<String>,
    scopes: Vec<String>,
    verifier: Option<CodeVerifier>,
    params: Vec<(String, String)>,
    policy: Policy,
    flavors: Vec<Flavor>,
    json: bool,
    show_token: bool,
}

impl Options {
    fn parse() -> Result<Self, Box<dyn Error>> {
        let mut options = Self::default();
        let mut arguments = lexopt::Parser::from_env();
        while let Some(argument) = arguments.next()? {
            let Long(name) = argument else { return Err(argument.unexpected().into()) };
            match name.to_owned().as_str() {
                "token-url" => options.token_url = Some(arguments.value()?.string()?),
                "client-id" => options.client_id = Some(arguments.value()?.string()?),
                "code" => options.code = Some(arguments.value()?.string()?),
                "redirect-uri" => options.redirect_uri = Some(arguments.value()?.string()?),
                "scope" => options.scopes.push(arguments.value()?.string()?),
                "code-verifier" => {
                    let verifier = arguments.value()?.string()?;
                    options.verifier = Some(CodeVerifier::parse(&verifier)?);
                }
                "param" => {
                    let param = arguments.value()?.string()?;
                    let (name, value) = param.split_once('=').ok_or("--param wants NAME=VALUE")?;
                    options.params.push((name.to_owned(), value.to_owned()));
                }
                "policy" => {
                    options.policy = match arguments.value()?.string()?.as_str() {
                        "exhaustive" => Policy::Exhaustive,
                        "careful" => Policy::Careful,
                        _ => return Err("--policy is exhaustive or careful".into()),
                    }
                }
                "flavor" => options.flavors.push(arguments.value()?.string()?.parse()?),
                "json" => options.json = true,
                "show-token" => options.show_token = true,
                _ => return Err(Long(name).unexpected().into()),
            }
        }
        Ok(options)
    }

    fn call(&self) -> Result<Call<Issued>, Box<dyn Error>> {
        let required = |value: &Option<String>, name| {
            value.clone().ok_or_else(|| format!("--{name} is missing\n\n{USAGE}"))
        };
        let code = required(&self.code, "code")?;
        let mut builder = TokenExchanger::builder(
            required(&self.client_id, "client-id")?,
            required(&self.token_url, "token-url")?,
        );
        builder = builder.scopes(&self.scopes).policy(self.policy);
        if let Some(secret) = std::env::var_os("CLIENT_SECRET") {
            builder = builder.client_secret(secret.string()?);
        }
        if let Some(uri) = &self.redirect_uri {
            builder = builder.redirect_uri(uri);
        }
        if !self.flavors.is_empty() {
            builder = builder.flavors(self.flavors.iter().copied());
        }
        let mut code = AuthorizationCode::unchecked(code);
        if let Some(verifier) = &self.verifier {
            code = code.verifier(verifier.clone());
        }
        let call = builder.build()?.exchange(code);
        Ok(self.params.iter().fold(call, |call, (name, value)| call.param(name, value.as_str())))
    }

    fn print_issued(&self, issued: &Issued) {
        let token = &issued.token;
        if self.json {
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
            let report = json!({
                "ok": true,
                "flavor": issued.flavor,
                "attempts": attempts(&issued.attempts),
                "token": shown,
                "warnings": warnings,
            });
            println!("{report}");
            return;
        }
        print_attempts(&issued.attempts);
        println!("token type: {}", token.token_type);
        match expires_in(token) {
            Some(seconds) => println!("expires in: {seconds} s"),
            None => println!("expires in: not known"),
        }
        match &token.scopes {
            Some(scopes) => println!("scopes: {}", scopes.join(" ")),
            None => println!("scopes: as asked for"),
        }
        println!("refresh token: {}", if token.refresh_token.is_some() { "yes" } else { "no" });
        if self.show_token {
            println!("access token: {}", token.access_token.expose());
        }
        for warning in &issued.warnings {
            println!("warning: {warning}");
        }
    }

    fn print_error(&self, error: &CallError) {
        if self.json {
            let headline =
                error.attempts().iter().position(|it| std::ptr::eq(it, error.headline()));
            let report = json!({
                "ok": false,
                "kind": error.kind().to_string(),
                "message": error.to_string(),
                "headline": headline,
                "code_fate": error.code_fate().to_string(),
                "attempts": attempts(error.attempts()),
            });
            println!("{report}");
            return;
        }
        print_attempts(error.attempts());
        eprintln!("{error}");
        let mut source = error.source();
        while let Some(cause) = source {
            eprintln!("  because {cause}");
            source = cause.source();
        }
    }
}

fn print_attempts(attempts: &[Attempt]) {
    for (number, attempt) in (1..).zip(attempts) {
        println!("attempt {number}: {attempt}, {} ms", attempt.elapsed.as_millis());
    }
}

fn attempts(attempts: &[Attempt]) -> Value {
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

/// In seconds, counted up to whole ones.
fn expires_in(token: &Token) -> Option<u64> {
    let left = token.expires_at?.duration_since(SystemTime::now()).unwrap_or_default();
    Some((left + Duration::from_millis(999)).as_secs())
}
