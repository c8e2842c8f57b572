//! A provider made from its entry alone: four doors on loopback, and what it remembers behind them.

use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use serde_json::Value;

use crate::answers::{Filling, Refusal, Reply, lifetime, refuse};
use crate::browser::{self, Arrival};
use crate::entry::{Client, Entry, Kind, Uses};
use crate::judge::{Fault, Judge, Stage, furthest};
use crate::request::Request;
use crate::rules::Found;
use crate::wire::{Step, WireServer};
use crate::{api, pkce};

/// Each URL of a provider may be at a host of its own.
#[derive(Clone, Copy, Eq, PartialEq)]
pub(crate) enum Door {
    Authorization,
    Token,
    Refresh,
    Api,
}

pub(crate) struct Provider {
    inner: Arc<Inner>,
    doors: [(Door, WireServer); 4],
}

struct Inner {
    entry: Entry,
    client: Client,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    codes: HashMap<String, Authorized>,
    access_token: String,
    refresh_token: Option<String>,
    ends: Option<SystemTime>,
    issued: usize,
    /// By how much its clock is ahead.
    ahead: Duration,
    /// Values that were to be new, and no longer are.
    used: HashSet<String>,
    refusals: Vec<Refusal>,
    answer: Value,
    arrived: Option<Arrival>,
}

/// What a code stands for.
#[derive(Clone, Default)]
struct Authorized {
    state: Option<String>,
    challenge: Option<String>,
    spent: bool,
}

impl Provider {
    pub(crate) fn start(entry: &Entry, client: &Client) -> Self {
        let (entry, client) = (entry.clone(), client.clone());
        let inner = Arc::new(Inner { entry, client, state: Mutex::default() });
        let doors = [Door::Authorization, Door::Token, Door::Refresh, Door::Api].map(|door| {
            let inner = Arc::clone(&inner);
            let answer = move |request: &str| vec![Step::Send(inner.answer(door, request).bytes())];
            (door, WireServer::answering(None, Arc::new(answer)))
        });
        Self { inner, doors }
    }

    pub(crate) fn entry(&self) -> &Entry {
        &self.inner.entry
    }

    pub(crate) fn address(&self, door: Door) -> SocketAddr {
        let found = self.doors.iter().find(|(known, _)| *known == door);
        found.map(|(_, server)| server.address).expect("every door is open")
    }

    /// What the user's browser brings, when it is sent to this URL.
    pub(crate) fn authorize(&self, url: &str) -> Result<Arrival, String> {
        self.inner.authorize(url)
    }

    /// A code that comes without an authorization, and what comes along.
    pub(crate) fn bring(&self) -> (String, Vec<(String, String)>) {
        (self.inner.code(Authorized::default()), browser::besides(&self.inner.entry))
    }

    /// What the code has brought that came last, if it came by no redirect.
    pub(crate) fn arrived(&self) -> Option<Arrival> {
        self.inner.state().arrived.take()
    }

    pub(crate) fn access_token(&self) -> String {
        self.inner.state().access_token.clone()
    }

    pub(crate) fn refresh_token(&self) -> Option<String> {
        self.inner.state().refresh_token.clone()
    }

    /// The body of the last answer with a token.
    pub(crate) fn answer(&self) -> Value {
        self.inner.state().answer.clone()
    }

    pub(crate) fn refusals(&self) -> Vec<Refusal> {
        std::mem::take(&mut self.inner.state().refusals)
    }

    /// Moves the provider's clock to so long before the newest token ends.
    pub(crate) fn live_until_before_expiry(&self, margin: Duration) {
        let mut state = self.inner.state();
        let now = SystemTime::now() + state.ahead;
        let left = state.ends.and_then(|ends| ends.duration_since(now).ok()).unwrap_or_default();
        state.ahead += left.saturating_sub(margin);
    }

    pub(crate) fn ahead(&self) -> Duration {
        self.inner.state().ahead
    }
}

impl Inner {
    fn answer(&self, door: Door, request: &str) -> Reply {
        let request = match Request::parse(request) {
            Ok(request) => request,
            Err(reason) => return Reply::page(400, reason),
        };
        match door {
            Door::Authorization => self.page(&request),
            Door::Token | Door::Refresh => self.token(door, &request),
            Door::Api => {
                let newest = self.state().access_token.clone();
                match api::check(&self.entry, &request, &newest) {
                    Ok(()) => Reply::page(200, "welcome".to_owned()),
                    Err(reason) => Reply::page(403, reason),
                }
            }
        }
    }

    fn page(&self, request: &Request<'_>) -> Reply {
        let url = format!("http://loopback{}?{}", request.path, request.query);
        let arrival = match request.method {
            "GET" => self.authorize(&url),
            other => Err(format!("a browser that sends {other}")),
        };
        match arrival {
            Ok(Arrival::Callback(url)) => {
                let mut page = Reply::page(302, String::new());
                page.headers.push(("location", url));
                page
            }
            Ok(arrival) => {
                self.state().arrived = Some(arrival);
                Reply::page(200, "installed".to_owned())
            }
            Err(reason) => Reply::page(400, reason),
        }
    }

    fn authorize(&self, url: &str) -> Result<Arrival, String> {
        let (entry, client) = (&self.entry, &self.client);
        let mut state = self.state();
        let found = browser::check(entry, client, url, &state.used)?;
        state.used.extend(found.fresh.iter().cloned());
        drop(state);
        let own = |name| found.get(name).map(str::to_owned);
        let authorized =
            Authorized { state: own("state"), challenge: own("code_challenge"), spent: false };
        let code = self.code(authorized);
        Ok(browser::arrival(entry, client, &code, found.get("state")))
    }

    fn code(&self, authorized: Authorized) -> String {
        let mut state = self.state();
        // Characters that any encoding has to get right.
        let code = format!("c0de-{}/+ =&%25", state.codes.len());
        state.codes.insert(code.clone(), authorized);
        code
    }

    fn token(&self, door: Door, request: &Request<'_>) -> Reply {
        let mut state = self.state();
        let judge = Judge { entry: &self.entry, client: &self.client, used: &state.used };
        let mut kinds = self.kinds(door);
        if kinds.iter().any(|(kind, _)| judge.seems_to_be(*kind, request)) {
            kinds.retain(|(kind, _)| judge.seems_to_be(*kind, request));
        }
        let judged = kinds.into_iter().map(|(kind, url)| {
            let state_of = |code: &str| state.codes.get(code)?.state.clone();
            let found = judge.token_request(kind, &url, request, state_of)?;
            self.check_grant(kind, &found, &state)?;
            Ok((kind, found))
        });
        let fault = || Fault { stage: Stage::Route, reason: "nobody lives here".to_owned() };
        match furthest(judged).unwrap_or_else(|| Err(fault())) {
            Ok((kind, found)) => self.issue(kind, &found, &mut state),
            Err(fault) => {
                let (reply, refusal) = refuse(&self.entry, fault.stage, fault.reason);
                state.refusals.push(refusal);
                reply
            }
        }
    }

    /// What can be asked for at this door, and at which URL.
    fn kinds(&self, door: Door) -> Vec<(Kind, String)> {
        let (entry, refresh_url) = (&self.entry, self.entry.refresh_url());
        let mut kinds = Vec::new();
        if door == Door::Token {
            kinds.push((entry.first(), entry.token_url()));
        }
        let refreshes_here = refresh_url.is_some() == (door == Door::Refresh);
        if refreshes_here && entry.refreshes() {
            kinds.push((Kind::Refresh, refresh_url.unwrap_or_else(|| entry.token_url())));
        }
        kinds
    }

    /// Checks the code, or the token that is traded: only now that the client is known.
    fn check_grant(&self, kind: Kind, found: &Found, state: &State) -> Result<(), Fault> {
        let refused = |reason: &str| Err(Fault { stage: Stage::Grant, reason: reason.to_owned() });
        match kind {
            Kind::Exchange => {
                let code = found.get("code").and_then(|code| state.codes.get(code));
                let Some(code) = code.filter(|code| !code.spent) else {
                    return refused("the code is none, or was used");
                };
                let verifier = found.get("code_verifier");
                if code.challenge.as_deref() != verifier.map(pkce::challenge).as_deref() {
                    return refused("the verifier is not that of the challenge");
                }
            }
            Kind::Refresh => {
                let known = match self.entry.uses() {
                    Uses::AccessToken => Some(&state.access_token),
                    _ => state.refresh_token.as_ref(),
                };
                let traded = found.get("refresh_token");
                // An entry that omits it has no other sign of whose token is meant.
                let is_omitted = self.entry.server.omits.refresh.contains("refresh_token");
                if !is_omitted && (traded.is_none() || traded != known.map(String::as_str)) {
                    return refused("the token that is traded is none, or was used");
                }
                let margin = self.entry.server.refresh.not_before_expiry.map(Duration::from_secs);
                let now = SystemTime::now() + state.ahead;
                if margin.zip(state.ends).is_some_and(|(margin, ends)| now + margin < ends) {
                    let reason = "it is too early to refresh".to_owned();
                    return Err(Fault { stage: Stage::Parameters, reason });
                }
            }
            Kind::Authorization | Kind::ClientCredentials => {}
        }
        Ok(())
    }

    fn issue(&self, kind: Kind, found: &Found, state: &mut State) -> Reply {
        state.used.extend(found.fresh.iter().cloned());
        if let Some(code) = found.get("code").and_then(|code| state.codes.get_mut(code)) {
            code.spent = true;
        }
        let (refresh, body) = (&self.entry.server.refresh, self.entry.body(kind));
        state.issued += 1;
        if !(kind == Kind::Refresh && refresh.lives_on) {
            state.access_token = format!("at-{}.AbC_~+/=", state.issued);
        }
        if (kind != Kind::Refresh && body.to_string().contains("$REFRESH_TOKEN"))
            || (refresh.rotates && state.refresh_token.is_some())
        {
            state.refresh_token = Some(format!("rt-{}/+=&%25", state.issued));
        }
        let lifetime = lifetime(&self.entry, &self.client, &body);
        let ends = SystemTime::now() + state.ahead + lifetime;
        state.ends = Some(ends);
        let filling = Filling {
            access_token: state.access_token.clone(),
            refresh_token: state.refresh_token.clone().unwrap_or_default(),
            scopes: self.entry.scopes(&self.client).to_vec(),
            delimiter: self.entry.server.delimiter().to_owned(),
            lifetime,
            ends,
        };
        state.answer = filling.fill(&body);
        Reply::token(&self.entry.answer(kind), &state.answer)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
