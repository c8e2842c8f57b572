//! Plays one case under one policy, over the default transport.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::task::{Context as Polling, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant, SystemTime};

use token_exchanger::{
    AuthorizationCode, Call, CallError, CodeVerifier, ConfigError, Flavor, HttpRequest, Issued,
    Policy, TokenExchanger, TokenExchangerBuilder, Transport, from_fn,
};
use tokio::runtime::{Builder, Runtime};
use url::Url;

use crate::always::logged;
use crate::case::{Context, Given};
use crate::client::Watched;
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
    pub(crate) log: String,
}

pub(crate) enum End {
    Misconfigured(&'static [&'static str], String),
    Called(Box<Result<Issued, CallError>>),
    Cancelled,
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
    let url = Url::parse(&inputs.token_url).ok();
    let tls = url.as_ref().filter(|url| url.scheme() == "https").and_then(Url::host_str);
    let server = Server::start(context, given, tls)?;
    let transport = Watched::new(context, given, &server)?;
    let (order, prefer) = (flavors(&given.order)?, flavors(&given.prefer)?);

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
        secrets: inputs.secrets(context),
        log: String::new(),
    };
    let exchanger = match inputs.exchanger(given, policy, transport.clone(), order, prefer) {
        Ok(exchanger) => exchanger,
        Err(error) => {
            came.end = misconfigured(&error);
            return Ok(came);
        }
    };
    came.flavors = exchanger.flavors();
    let Some(code) = inputs.code() else {
        let text = "the verifier is none".to_owned();
        came.end = End::Misconfigured(&[names::INVALID_VERIFIER], text);
        return Ok(came);
    };
    let written = |flavor: &Flavor| {
        let call = exchanger.exchange(inputs.code().expect("it was one before"));
        with_params(call, given).flavor(*flavor).request()
    };
    came.written = came.flavors.iter().map(written).collect();

    let call = with_params(exchanger.exchange(code), given);
    let runtime = driver.runtime()?;
    let begin = Instant::now();
    came.began = SystemTime::now();
    let mut end = End::Cancelled;
    let ((), log) = logged(|| {
        let info = allocation_counter::measure(|| {
            end = drive(call, &driver, &runtime, &transport, given.cancel_after_ms);
        });
        came.peak = info.bytes_max;
    });
    came.elapsed = begin.elapsed();
    (came.end, came.log) = (end, log);
    if given.cancel_after_ms.is_some() {
        came.left_open = runtime.block_on(left_open(&server));
    }
    came.seen = server.requests();
    came.handed = transport.handed();
    Ok(came)
}

fn drive(
    call: Call<Issued>,
    driver: &Driver,
    runtime: &Runtime,
    transport: &Watched,
    cancel_after_ms: Option<u64>,
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
    End::Called(Box::new(result))
}

fn flavors<'a>(names: impl IntoIterator<Item = &'a String>) -> Reply<Vec<Flavor>> {
    let flavor = |name| names::flavor(name).ok_or_else(|| format!("`{name}` is no flavor"));
    names.into_iter().map(|name| flavor(name)).collect()
}

fn misconfigured(error: &ConfigError) -> End {
    End::Misconfigured(names::config(error), format!("{error} {error:?}"))
}

fn with_params(call: Call<Issued>, given: &Given) -> Call<Issued> {
    let params = given.config.params.iter();
    params.fold(call, |call, (name, value)| call.param(name, value.as_str()))
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

/// What goes in, a case's or the fixture's.
struct Inputs {
    id: String,
    secret: Option<String>,
    code: String,
    verifier: Option<String>,
    redirect_uri: Option<String>,
    token_url: String,
    configured_redirect_uri: String,
    scopes: Vec<String>,
    time_limit: Duration,
}

impl Inputs {
    fn of(context: &Context, given: &Given) -> Self {
        let (fixture, input, config) = (&context.fixture, &given.input, &given.config);
        let generated = |text: &Option<_>| text.as_ref().map(crate::case::Generated::text);
        let secret = match &input.client_secret {
            Some(secret) => secret.clone(),
            None => {
                generated(&input.client_secret_gen).or_else(|| Some(fixture.client_secret.clone()))
            }
        };
        let or = |own: &Option<String>, usual: &str| own.clone().unwrap_or_else(|| usual.into());
        let scope = config.requested_scope.as_deref().unwrap_or_default();
        Self {
            id: generated(&input.client_id_gen)
                .unwrap_or_else(|| or(&input.client_id, &fixture.client_id)),
            secret,
            code: generated(&input.code_gen).unwrap_or_else(|| or(&input.code, &fixture.code)),
            verifier: match &input.code_verifier {
                Some(verifier) => verifier.clone(),
                None => Some(fixture.code_verifier.clone()),
            },
            redirect_uri: input.redirect_uri.clone(),
            token_url: or(&config.token_url, &fixture.token_url),
            configured_redirect_uri: or(&config.redirect_uri, &fixture.redirect_uri),
            scopes: scope.split_whitespace().map(ToOwned::to_owned).collect(),
            time_limit: Duration::from_millis(config.total_timeout_ms.unwrap_or(30_000)),
        }
    }

    fn exchanger(
        &self,
        given: &Given,
        policy: Policy,
        transport: Watched,
        order: Vec<Flavor>,
        prefer: Vec<Flavor>,
    ) -> Result<TokenExchanger, ConfigError> {
        let mut builder = TokenExchanger::builder(&self.id, &self.token_url)
            .redirect_uri(&self.configured_redirect_uri)
            .scopes(&self.scopes)
            .policy(policy)
            .time_limit(self.time_limit)
            .transport(transport);
        if let Some(secret) = &self.secret {
            builder = builder.client_secret(secret.as_str());
        }
        if let Some(attempts) = given.config.max_attempts {
            builder = builder.max_attempts(attempts);
        }
        if given.config.allow_http {
            builder = builder.danger_allow_http();
        }
        if !order.is_empty() {
            builder = builder.flavors(order);
        }
        prefer.into_iter().fold(builder, TokenExchangerBuilder::prefer).build()
    }

    fn code(&self) -> Option<AuthorizationCode> {
        let mut code = AuthorizationCode::unchecked(self.code.as_str());
        if let Some(verifier) = &self.verifier {
            code = code.verifier(CodeVerifier::parse(verifier).ok()?);
        }
        if let Some(redirect_uri) = &self.redirect_uri {
            code = code.redirect_uri(redirect_uri);
        }
        Some(code)
    }

    /// Long enough that they stand in no text by chance.
    fn secrets(&self, context: &Context) -> Vec<String> {
        let tokens = [&context.fixture.access_token, &context.fixture.refresh_token];
        let ours = [self.secret.as_ref(), Some(&self.code), self.verifier.as_ref()];
        let all = ours.into_iter().flatten().chain(tokens).cloned();
        let others = ["AT-SECRET", "RT-SECRET", "ID-SECRET", "Pr0xy-Pa55"].map(ToOwned::to_owned);
        all.chain(others).filter(|secret| secret.len() >= 6).collect()
    }
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
            End::Misconfigured(kinds, text) => write!(f, "{}: {text}", kinds[0])?,
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
