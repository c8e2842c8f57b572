//! Plays one case under one policy, over the default transport.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::task::{Context as Polling, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant, SystemTime};

use serde_json::{Map, Value};
use token_exchanger::{
    Call, CallError, Flavor, HttpRequest, Issued, Policy, Token, TokenExchanger, Transport, from_fn,
};
use tokio::runtime::{Builder, Runtime};
use url::Url;

use crate::always::logged;
use crate::case::{Asks, Context, Given};
use crate::client::Watched;
use crate::in_memory;
use crate::inputs::{Inputs, Unasked, flavors, writes_into_urls};
use crate::names;
use crate::server::{Reply, Server};

/// What came of one run.
pub(crate) struct Came {
    pub(crate) end: End,
    /// The order of the flavors before the call.
    pub(crate) flavors: Vec<Flavor>,
    /// What each flavor would write.
    pub(crate) written: Vec<HttpRequest>,
    /// What the transport was given.
    pub(crate) handed: Vec<HttpRequest>,
    /// What the server saw.
    pub(crate) seen: Vec<String>,
    /// Connections that were still open a moment after a cancelled call.
    pub(crate) left_open: usize,
    pub(crate) began: SystemTime,
    pub(crate) elapsed: Duration,
    pub(crate) time_limit: Duration,
    pub(crate) peak: u64,
    pub(crate) secrets: Vec<String>,
    /// What becomes of the token where it is to be used.
    pub(crate) applied: Option<&'static str>,
    /// What exchanger and call show of themselves before anything is sent.
    pub(crate) shown: String,
    /// Words of the cases, and what they stand for.
    pub(crate) words: Vec<(&'static str, String)>,
    /// The conventions ask for what is secret to stand in URLs.
    pub(crate) writes_into_urls: bool,
    pub(crate) log: String,
}

pub(crate) enum End {
    /// Nothing was asked, or a callback not accepted.
    Failed(Failure),
    /// A revocation brings nothing.
    Called(Box<Result<Option<Issued>, CallError>>),
    /// What a call in memory gave.
    Gave(Gave),
    Cancelled,
}

pub(crate) struct Failure {
    /// The names that the cases have for it.
    pub(crate) kinds: Vec<&'static str>,
    /// All that it shows.
    pub(crate) text: String,
    /// What it says, under the names of the cases.
    pub(crate) facts: Map<String, Value>,
}

#[derive(Default)]
pub(crate) struct Gave {
    pub(crate) facts: Map<String, Value>,
    /// All that is shown of it.
    pub(crate) text: String,
    /// What leaves the application: a URL, or an API request.
    pub(crate) wire: String,
}

/// What drives the call.
#[derive(Clone, Debug)]
pub(crate) enum Driver {
    CurrentThread,
    MultiThread,
    Blocking,
    /// An executor that has neither timers nor IO, over a transport that brings its own.
    Bare,
    Unknown(String),
}

pub(crate) fn runtimes(given: &Given) -> Vec<Driver> {
    if given.runtime.is_empty() {
        return vec![Driver::CurrentThread];
    }
    let driver = |name: &String| match name.as_str() {
        "tokio current_thread" => Driver::CurrentThread,
        "tokio multi_thread" => Driver::MultiThread,
        "blocking API" => Driver::Blocking,
        name if name.ends_with("via custom transport") => Driver::Bare,
        name => Driver::Unknown(name.to_owned()),
    };
    given.runtime.iter().map(driver).collect()
}

pub(crate) fn play(
    context: &Context,
    given: &Given,
    policy: Policy,
    driver: Driver,
) -> Reply<Came> {
    let inputs = Inputs::of(context, given);
    let mut came = Came {
        end: End::Cancelled,
        flavors: Vec::new(),
        written: Vec::new(),
        handed: Vec::new(),
        seen: Vec::new(),
        left_open: 0,
        began: SystemTime::now(),
        elapsed: Duration::ZERO,
        time_limit: inputs.time_limit,
        peak: 0,
        secrets: inputs.secrets(context, given),
        applied: None,
        shown: String::new(),
        words: Vec::new(),
        writes_into_urls: writes_into_urls(&given.config),
        log: String::new(),
    };
    if !matches!(
        given.call,
        Asks::Exchange | Asks::Refresh | Asks::Revoke | Asks::ClientCredentials
    ) {
        in_memory::play(given, &inputs, policy, &mut came)?;
        return Ok(came);
    }
    let url = Url::parse(inputs.endpoint(given.call)).ok();
    let tls = url.as_ref().filter(|url| url.scheme() == "https").and_then(Url::host_str);
    let server = Server::start(context, given, tls)?;
    let transport = Watched::new(context, given, &server)?;
    let token = inputs.token()?;

    let exchanger = match inputs.exchanger(given, policy, transport.clone())? {
        Ok(exchanger) => exchanger,
        Err(unasked) => {
            came.end = failed(unasked);
            return Ok(came);
        }
    };
    came.flavors = exchanger.flavors();
    let asked = || asked(given, &inputs, &exchanger, &token);
    let call = match asked() {
        Ok(call) => call,
        Err(unasked) => {
            came.end = failed(unasked);
            return Ok(came);
        }
    };
    came.shown = match &call {
        Asked::Issuing(call) => format!("{exchanger:?} {call:?} {call:#?}"),
        Asked::Revoking(call) => format!("{exchanger:?} {call:?} {call:#?}"),
    };
    let mut all = came.flavors.clone();
    all.extend(token.flavor);
    for kind in ["exchange", "refresh", "revocation", "client_credentials"] {
        let own = given.config.conventions[kind]["flavors"].as_array().into_iter().flatten();
        all.extend(flavors(&own.map(ToString::to_string).collect::<Vec<_>>()).unwrap_or_default());
    }
    let written = |flavor| asked().ok().map(|call| call.written(flavor));
    came.written = all.into_iter().filter_map(written).collect();

    let runtime = driver.runtime()?;
    let begin = Instant::now();
    came.began = SystemTime::now();
    let mut end = End::Cancelled;
    let ((), log) = logged(|| {
        let info = allocation_counter::measure(|| {
            let patience = given.cancel_after_ms;
            end = match call {
                Asked::Issuing(call) => drive(call, &driver, &runtime, &transport, patience, Some),
                Asked::Revoking(call) => {
                    drive(call, &driver, &runtime, &transport, patience, |()| None)
                }
            };
        });
        came.peak = info.bytes_max;
    });
    came.elapsed = begin.elapsed();
    (came.end, came.log) = (end, log);
    if let End::Called(result) = &came.end {
        let token = result.as_ref().as_ref().ok().and_then(|issued| issued.as_ref());
        came.applied = token.map(|issued| in_memory::used(&exchanger, &issued.token));
    }
    if given.cancel_after_ms.is_some() {
        came.left_open = runtime.block_on(left_open(&server));
    }
    came.seen = server.requests();
    came.handed = transport.handed();
    Ok(came)
}

/// A call, by what it brings.
enum Asked {
    Issuing(Call<Issued>),
    Revoking(Call<()>),
}

impl Asked {
    fn written(self, flavor: Flavor) -> HttpRequest {
        match self {
            Self::Issuing(call) => call.flavor(flavor).request(),
            Self::Revoking(call) => call.flavor(flavor).request(),
        }
    }
}

fn asked(
    given: &Given,
    inputs: &Inputs,
    exchanger: &TokenExchanger,
    token: &Token,
) -> Result<Asked, Unasked> {
    let call = match given.call {
        Asks::Refresh => {
            let refresh = exchanger.refresh(token);
            refresh.map_err(|error| (names::NOT_REFRESHABLE, format!("{error} {error:?}")))?
        }
        Asks::Revoke => {
            let call = exchanger.revoke(token);
            let call = call.map_err(|error| (names::MISSING_ENDPOINT, error.to_string()))?;
            return Ok(Asked::Revoking(with_params(call, given)));
        }
        Asks::ClientCredentials => exchanger.client_credentials(),
        _ => exchanger.exchange(inputs.code()?),
    };
    Ok(Asked::Issuing(with_params(call, given)))
}

fn with_params<T>(call: Call<T>, given: &Given) -> Call<T> {
    let params = given.input.params.iter();
    params.fold(call, |call, (name, value)| call.param(name, value.as_str()))
}

pub(crate) fn failed((kinds, text): Unasked) -> End {
    End::Failed(Failure { kinds: kinds.to_vec(), text, facts: Map::new() })
}

fn drive<T: Send + 'static>(
    call: Call<T>,
    driver: &Driver,
    runtime: &Runtime,
    transport: &Watched,
    cancel_after_ms: Option<u64>,
    brings: fn(T) -> Option<Issued>,
) -> End {
    let result = match driver {
        Driver::Blocking => call.send_blocking(|request| runtime.block_on(transport.send(request))),
        Driver::Bare => {
            let (handle, inner) = (runtime.handle().clone(), transport.clone());
            let elsewhere = from_fn(move |request| {
                let inner = inner.clone();
                let task = handle.spawn(async move { inner.send(request).await });
                async move { task.await.expect("no panic") }
            });
            block_on_bare(call.send(&elsewhere))
        }
        _ => {
            let patience = cancel_after_ms.map_or(Duration::MAX, Duration::from_millis);
            let call = call.into_future();
            match runtime.block_on(async { tokio::time::timeout(patience, call).await }) {
                Ok(result) => result,
                Err(_) => return End::Cancelled,
            }
        }
    };
    End::Called(Box::new(result.map(brings)))
}

/// The connections that are open once the client's runtime has had every chance to close them.
async fn left_open(server: &Server) -> usize {
    let patience = Duration::from_secs(5);
    let closed = async {
        while server.open() > 0 {
            tokio::task::yield_now().await;
        }
    };
    let _ = tokio::time::timeout(patience, closed).await;
    server.open()
}

impl Driver {
    fn runtime(&self) -> Reply<Runtime> {
        let mut builder = match self {
            Self::CurrentThread | Self::Blocking => Builder::new_current_thread(),
            Self::MultiThread | Self::Bare => Builder::new_multi_thread(),
            Self::Unknown(name) => return Err(format!("nothing is known of a runtime `{name}`")),
        };
        builder.enable_all().worker_threads(2).build().map_err(|error| error.to_string())
    }
}

/// The smallest executor there is.
fn block_on_bare<F: Future>(future: F) -> F::Output {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut future = std::pin::pin!(future);
    loop {
        match future.as_mut().poll(&mut Polling::from_waker(&waker)) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}

impl fmt::Display for Came {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.end {
            End::Failed(failure) => {
                write!(f, "{:?}: {} {:?}", failure.kinds, failure.text, failure.facts)?;
            }
            End::Gave(gave) => write!(f, "ok: {:?}; {}", gave.facts, gave.wire)?,
            End::Cancelled => f.write_str("cancelled")?,
            End::Called(result) => match &**result {
                Ok(issued) => write!(f, "ok: {issued:?}")?,
                Err(error) => {
                    let (kind, fate) = (names::kind(error.kind()), error.code_fate());
                    write!(f, "{kind}, the code {fate:?}: {error}; {:?}", error.attempts())?;
                }
            },
        }
        let (seen, elapsed, peak) = (self.seen.len(), self.elapsed, self.peak);
        write!(f, "; the server saw {seen} requests; {elapsed:?}, {peak} bytes at the peak")
    }
}
