//! What holds in every run, whatever its case: the file's `always` list.

use std::cell::RefCell;
use std::error::Error as StdError;
use std::time::Duration;

use token_exchanger::{Attempt, CallError, CodeFate, Flavor, HttpRequest, Issued};

use crate::check::LATE;
use crate::play::{Came, End};

/// What does not hold begins so.
pub(crate) const MARK: &str = "always: ";

const PEAK: u64 = 8 * 1024 * 1024;

/// What did not hold.
pub(crate) fn broken(came: &Came) -> Vec<String> {
    let mut broken = Vec::new();
    let mut hold = |holds: bool, what: &str| {
        if !holds {
            broken.push(format!("{MARK}{what}"));
        }
    };
    let outputs = outputs(came);
    let shown = &came.shown;
    for (number, secret) in came.secrets.iter().enumerate() {
        hold(!outputs.contains(&**secret), &format!("no secret in any output (number {number})"));
        hold(!shown.contains(&**secret), &format!("no secret in a call (number {number})"));
        hold(!came.log.contains(&**secret), &format!("no secret in the log (number {number})"));
    }
    for request in &came.handed {
        let authorization = request.headers().get("authorization");
        let value = authorization.and_then(|it| it.to_str().ok()?.strip_prefix("Basic "));
        hold(value.is_none_or(|it| !outputs.contains(it)), "no Authorization in any output");
        hold(value.is_none_or(|it| !came.log.contains(it)), "no Authorization in the log");
        hold(authorization.is_none_or(|it| it.is_sensitive()), "Authorization is sensitive");
        hold(Flavor::of(request).is_some(), "a request has a flavor, and credentials once");
        hold(is_as_written(request, came), "a request goes to the configured host, as written");
        let target = request.uri().to_string();
        let shown = came.secrets.iter().any(|it| target.contains(&**it));
        hold(!shown || came.writes_into_urls, "no secret in the URL");
    }
    for request in &came.seen {
        let head = request.split("\r\n\r\n").next().unwrap_or_default().to_lowercase();
        for name in ["cookie", "referer", "origin", "proxy-authorization"] {
            hold(!head.contains(&format!("\r\n{name}:")), &format!("no {name} is sent"));
        }
    }
    hold(came.peak < PEAK + own_size(came), "less than 8 MiB of memory more");
    let late = format!("it ends within its time limit: {LATE}{:?}", came.elapsed);
    hold(came.elapsed < came.time_limit + Duration::from_secs(1), &late);
    hold(came.seen.len() <= came.handed.len(), "nothing is sent but what the transport was given");
    if let End::Called(result) = &came.end {
        match &**result {
            Ok(Some(issued)) => of_a_token(issued, came, &mut hold),
            Ok(None) => {}
            Err(error) => of_an_error(error, came, &mut hold),
        }
    }
    broken
}

fn of_a_token(issued: &Issued, came: &Came, hold: &mut impl FnMut(bool, &str)) {
    hold(issued.attempts.len() == came.handed.len(), "every attempt is listed");
    let last = issued.attempts.last().map(|attempt| attempt.flavor);
    hold(last == Some(issued.flavor), "nothing is sent after a token");
}

fn of_an_error(error: &CallError, came: &Came, hold: &mut impl FnMut(bool, &str)) {
    hold(error.attempts().len() == came.handed.len(), "every attempt is listed");
    hold(!error.to_string().contains(char::is_control), "no control character in Display");
    let flavors = error.attempts().iter().map(|attempt| Some(attempt.flavor));
    // A flavor that writes what another writes is read as that one.
    let read = came.handed.iter().map(|request| Flavor::of(request).map(|it| it.encoding));
    hold(flavors.map(|it| it.map(|it| it.encoding)).eq(read), "the attempts are what was sent");
    let unsent = error.code_fate() == CodeFate::Unsent;
    hold(!unsent || came.seen.is_empty(), "the code is unsent only if no request arrived");
}

/// The request is one of those that the call's flavors write, to the letter.
fn is_as_written(request: &HttpRequest, came: &Came) -> bool {
    came.written.iter().any(|written| {
        written.uri() == request.uri()
            && written.headers() == request.headers()
            && written.body() == request.body()
    })
}

/// A large input is written into each request a few times over.
fn own_size(came: &Came) -> u64 {
    let largest = came.written.iter().map(|request| request.body().len()).max();
    4 * largest.unwrap_or_default() as u64
}

/// Everything that a user could print.
pub(crate) fn outputs(came: &Came) -> String {
    match &came.end {
        End::Failed(failure) => failure.text.clone(),
        End::Gave(gave) => gave.text.clone(),
        End::Cancelled => String::new(),
        End::Called(result) => match &**result {
            Ok(None) => String::new(),
            Ok(Some(issued)) => {
                let texts = issued.warnings.iter().map(ToString::to_string);
                let texts = texts.chain(issued.attempts.iter().map(ToString::to_string));
                let texts = texts.chain(issued.attempts.iter().map(Attempt::to_curl));
                let report = serde_json::to_string(&issued.report()).expect("JSON");
                let texts = texts.collect::<Vec<_>>().join(" ");
                format!("{issued:?} {issued:#?} {texts} {report}")
            }
            Err(error) => {
                let attempts = error.attempts().iter().map(|it| format!("{it} {}", it.to_curl()));
                let report = serde_json::to_string(&error.report()).expect("JSON");
                let attempts = attempts.collect::<Vec<_>>().join(" ");
                let headline = error.headline();
                let mut text = format!(
                    "{error} {error:?} {error:#?} {:?} {headline} {attempts} {report}",
                    error.kind()
                );
                let mut source = error.source();
                while let Some(cause) = source {
                    text += &format!(" {cause} {cause:?} {cause:#?}");
                    source = cause.source();
                }
                text
            }
        },
    }
}

thread_local! {
    static LOG: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Keeps what each thread logs, at every level and of every crate.
struct Keep;

impl log::Log for Keep {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        allocation_counter::opt_out(|| {
            LOG.with_borrow_mut(|log| {
                *log += &format!("{} {}\n", record.target(), record.args());
            });
        });
    }

    fn flush(&self) {}
}

pub(crate) fn keep_logs() {
    log::set_logger(&Keep).expect("no other logger");
    log::set_max_level(log::LevelFilter::Trace);
}

/// Runs it, and gives what it logged on this thread.
pub(crate) fn logged<T>(run: impl FnOnce() -> T) -> (T, String) {
    LOG.take();
    let result = run();
    (result, LOG.take())
}
