//! Plays the calls that need no server: to begin an authorization, to take its callback, to use a
//! token.

use std::collections::HashSet;

use http::{HeaderMap, HeaderName, HeaderValue, Request};
use serde_json::{Map, Value, json};
use token_exchanger::{
    ApplyError, Authorization, AuthorizationCode, Callback, CallbackError, CodeVerifier, Flavor,
    PendingAuthorization, Policy, Token, TokenExchanger, from_fn,
};
use url::{Url, form_urlencoded};

use crate::always::logged;
use crate::case::{Asks, Given};
use crate::generated::expanded;
use crate::inputs::{Inputs, Unasked, parsed};
use crate::names;
use crate::play::{Came, End, Failure, Gave, failed};
use crate::server::Reply;
use crate::written;

pub(crate) fn play(given: &Given, inputs: &Inputs, policy: Policy, came: &mut Came) -> Reply<()> {
    if !given.server.is_empty() {
        return Err("a server answers, and nothing is asked of it".to_owned());
    }
    let transport = from_fn(async |_| unreachable!("nothing is sent"));
    let exchanger = match inputs.exchanger(given, policy, transport)? {
        Ok(exchanger) => exchanger,
        Err(unasked) => {
            came.end = failed(unasked);
            return Ok(());
        }
    };
    came.flavors = exchanger.flavors();
    came.words.push(("expected state", inputs.state.clone()));
    let callback = match (&given.callback_url, &given.callback_url_gen) {
        (_, Some(generated)) => generated.text(),
        (url, None) => expanded(url.as_deref().unwrap_or_default()),
    };
    if given.call == Asks::Callback {
        let query = callback.split_once('?').map_or(&*callback, |(_, query)| query);
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let word = ["code", "state"].into_iter().find(|word| *word == name);
            // A shorter one may stand in a text by chance.
            if let Some(word) = word.filter(|_| value.len() >= 4) {
                came.words.push((word, value.clone().into_owned()));
            }
            if word == Some("code") && value.len() >= 6 {
                came.secrets.push(value.into_owned());
            }
        }
    }

    let mut end = Err("nothing was done".to_owned());
    let ((), log) = logged(|| {
        let info = allocation_counter::measure(|| {
            end = match given.call {
                Asks::AuthorizeUrl => authorize_url(given, &exchanger),
                Asks::Pkce => pkce(given, &exchanger),
                Asks::State => state(given, &exchanger),
                Asks::Callback => accept(inputs, &exchanger, &callback),
                Asks::Apply => apply(given, inputs, &exchanger),
                other => Err(format!("{other:?} asks a server")),
            };
        });
        came.peak = info.bytes_max;
    });
    (came.end, came.log) = (end?, log);
    Ok(())
}

fn begun(given: &Given, exchanger: &TokenExchanger) -> Result<(Authorization, String), Unasked> {
    let input = &given.input;
    let authorize = exchanger.authorize();
    let mut authorize = authorize.map_err(|error| (names::MISSING_ENDPOINT, error.to_string()))?;
    for scope in &input.scopes {
        authorize = authorize.scope(scope);
    }
    for (name, value) in &input.params {
        authorize = authorize.param(name, value.as_str());
    }
    if let Some(redirect_uri) = &input.redirect_uri {
        authorize = authorize.param("redirect_uri", redirect_uri.as_str());
    }
    if let Some(state) = &input.state {
        authorize = authorize.state(state);
    }
    authorize = match &input.code_verifier {
        None => authorize,
        Some(None) => authorize.without_pkce(),
        Some(Some(verifier)) => authorize.verifier(parsed(&expanded(verifier))?),
    };
    let shown = format!("{authorize:?}");
    let authorization = authorize.start().expect("random bytes");
    let shown = format!("{shown} {authorization:?} {:?}", authorization.pending);
    Ok((authorization, shown))
}

fn authorize_url(given: &Given, exchanger: &TokenExchanger) -> Reply<End> {
    let (authorization, text) = match begun(given, exchanger) {
        Ok(begun) => begun,
        Err(unasked) => return Ok(failed(unasked)),
    };
    // What grows shows long before a million.
    let many = given.count.unwrap_or(1).min(MANY);
    let again = allocation_counter::measure(|| {
        for _ in 0..many {
            let _ = begun(given, exchanger);
        }
    });
    if again.bytes_current > 0 {
        return Err(format!("{} bytes are kept of {many} authorizations", again.bytes_current));
    }
    let wire = authorization.url.to_string();
    Ok(End::Gave(Gave { facts: facts_of(&authorization)?, text, wire }))
}

/// What the cases call what stands in the URL.
fn facts_of(authorization: &Authorization) -> Reply<Map<String, Value>> {
    let mut query = Map::new();
    let route = authorization.url.fragment().and_then(|fragment| fragment.split_once('?'));
    let pairs = route.map_or(authorization.url.query().unwrap_or_default(), |(_, pairs)| pairs);
    for (name, value) in form_urlencoded::parse(pairs.as_bytes()) {
        if query.insert(name.clone().into_owned(), json!(value)).is_some() {
            return Err(format!("{name} stands twice in {}", authorization.url));
        }
    }
    let state = query.get("state").cloned().unwrap_or_default();
    if state != json!(authorization.pending.state()) {
        return Err("the URL has another state than what is kept".to_owned());
    }
    // Each character of base64 stands for 6 bits.
    let bits = state.as_str().map_or(0, str::len) * 6 / 8 * 8;
    let mut facts = Map::new();
    for (name, value) in [
        ("url", json!(authorization.url.as_str())),
        ("challenge", query.get("code_challenge").cloned().unwrap_or_default()),
        ("method", query.get("code_challenge_method").cloned().unwrap_or_default()),
        ("state", state),
        ("bits", json!(bits)),
        ("query", Value::Object(query)),
    ] {
        facts.insert(name.to_owned(), value);
    }
    Ok(facts)
}

fn pkce(given: &Given, exchanger: &TokenExchanger) -> Reply<End> {
    let (authorization, text) = match begun(given, exchanger) {
        Ok(begun) => begun,
        Err(unasked) => return Ok(failed(unasked)),
    };
    let mut facts = facts_of(&authorization)?;
    let state = authorization.pending.state().to_owned();
    let code = authorization.pending.accept(callback_of(&state));
    let code = code.map_err(|error| error.to_string())?;
    let sent = written::params(&exchanger.exchange(code).flavor(Flavor::BODY_FORM).request());
    let verifier = written::param(&sent, "code_verifier").unwrap_or_default();
    facts.insert("verifier".to_owned(), json!(verifier));
    facts.insert("verifier_length".to_owned(), json!(verifier.len()));
    facts.insert("bits".to_owned(), json!(verifier.len() * 6 / 8 * 8));
    Ok(End::Gave(Gave { facts, text, ..Gave::default() }))
}

/// States that were drawn differ, and each is unguessable (RFC 6749, section 10.10).
fn state(given: &Given, exchanger: &TokenExchanger) -> Reply<End> {
    let many = given.count.unwrap_or(MANY).min(MANY);
    let mut states = HashSet::new();
    let mut facts = Map::new();
    for _ in 0..many {
        let (authorization, _) = match begun(given, exchanger) {
            Ok(begun) => begun,
            Err(unasked) => return Ok(failed(unasked)),
        };
        facts = facts_of(&authorization)?;
        if facts["bits"].as_u64() < Some(128) {
            return Err(format!("the state has {} bits", facts["bits"]));
        }
        states.insert(authorization.pending.state().to_owned());
    }
    if states.len() < many {
        return Err(format!("of {many} states {} differ", states.len()));
    }
    facts.insert("distinct".to_owned(), json!(states.len()));
    Ok(End::Gave(Gave { facts, ..Gave::default() }))
}

fn callback_of(state: &str) -> Callback {
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("code", "C0DE-1")
        .append_pair("state", state)
        .finish();
    Callback::parse(&query).expect("a callback")
}

fn accept(inputs: &Inputs, exchanger: &TokenExchanger, callback: &str) -> Reply<End> {
    let authorize = exchanger.authorize().map_err(|error| error.to_string())?;
    let authorization = authorize.state(&inputs.state).start().expect("random bytes");
    let challenge = authorization.url.query_pairs().find(|(name, _)| name == "code_challenge");
    let challenge = challenge.map(|(_, challenge)| challenge.into_owned());
    // As it is kept until the callback comes.
    let kept = serde_json::to_string(&authorization.pending).expect("it can be kept");
    let pending: PendingAuthorization = serde_json::from_str(&kept).expect("it can be read");

    let pairs = callback.split(['?', '&', '#']);
    let names: Vec<_> = pairs.map(|pair| pair.split('=').next().unwrap_or_default()).collect();
    let callback = match Callback::parse(callback) {
        Ok(callback) => callback,
        Err(error) => return Ok(unaccepted(&error)),
    };
    let mut text = format!("{callback:?} {pending:?}");
    let code = match pending.accept(callback) {
        Ok(code) => code,
        Err(error) => return Ok(unaccepted(&error)),
    };
    text += &format!("{code:?} {code:#?}");
    let (facts, verifier) = code_facts(exchanger, code, &names, &mut text);
    let same = verifier.as_deref().and_then(|it| CodeVerifier::parse(it).ok());
    if same.map(|verifier| verifier.challenge()) != challenge {
        return Err("the code has another verifier than the URL's challenge".to_owned());
    }
    Ok(End::Gave(Gave { facts, text, ..Gave::default() }))
}

/// What a code brings, and its verifier.
fn code_facts(
    exchanger: &TokenExchanger,
    code: AuthorizationCode,
    names: &[&str],
    text: &mut String,
) -> (Map<String, Value>, Option<String>) {
    let mut facts = Map::new();
    let params =
        names.iter().filter_map(|name| Some(((*name).to_owned(), json!(code.param(name)?))));
    facts.insert("params".to_owned(), params.collect());
    let call = exchanger.exchange(code).flavor(Flavor::BODY_FORM);
    *text += &format!("{call:?}");
    let sent = written::params(&call.request());
    let verifier = written::param(&sent, "code_verifier").map(ToOwned::to_owned);
    for (fact, name) in [("code", "code"), ("redirect_uri", "redirect_uri")] {
        facts.insert(fact.to_owned(), json!(written::param(&sent, name)));
    }
    (facts, verifier)
}

fn unaccepted(error: &CallbackError) -> End {
    let mut facts = Map::new();
    match error {
        CallbackError::Denied(told) => {
            facts.insert("code".to_owned(), json!(told.code));
            facts.insert("description".to_owned(), json!(told.description));
            facts.insert("error_uri".to_owned(), json!(told.uri));
        }
        CallbackError::Repeated(name) => {
            facts.insert("name".to_owned(), json!(name));
        }
        _ => {}
    }
    // Anyone can make a browser bring anything, and this goes into logs and pages.
    assert!(!error.to_string().contains(char::is_control), "a control character is shown");
    let text = format!("{error} {error:?} {error:#?}");
    End::Failed(Failure { kinds: vec![names::callback(error)], text, facts })
}

/// What becomes of a token that is put into a request.
pub(crate) fn used(exchanger: &TokenExchanger, token: &Token) -> &'static str {
    let mut request = Request::get("https://api.example/x").body(()).expect("a request");
    exchanger.apply(token, &mut request).map_or_else(names::apply, |()| "ok")
}

/// By both ways, which must agree.
fn apply(given: &Given, inputs: &Inputs, exchanger: &TokenExchanger) -> Reply<End> {
    let token = inputs.token()?;
    let url = given.url.as_deref().unwrap_or("https://api.example/x");
    let mut headers = HeaderMap::new();
    for (name, value) in &given.headers {
        let name = name.parse::<HeaderName>().map_err(|error| error.to_string())?;
        headers.append(name, value.parse::<HeaderValue>().map_err(|error| error.to_string())?);
    }
    let whole = Request::get(url).body(()).ok().map(|mut request| {
        *request.headers_mut() = headers.clone();
        let before = request.uri().to_string();
        let result = exchanger.apply(&token, &mut request);
        (result, [before, request.uri().to_string()], request.headers().clone())
    });
    let in_parts = Url::parse(url).ok().map(|mut url| {
        let (mut headers, before) = (headers.clone(), url.to_string());
        let result = exchanger.apply_to(&token, &mut url, &mut headers);
        (result, [before, url.to_string()], headers)
    });
    if let (Some(whole), Some(in_parts)) = (&whole, &in_parts) {
        if (whole.0, &whole.2) != (in_parts.0, &in_parts.2) {
            return Err(format!("apply gives {whole:?}, apply_to {in_parts:?}"));
        }
    }
    let (result, [before, uri], written) = whole.or(in_parts).ok_or("the URL is none")?;
    let text = format!("{token:?} {token:#?}");
    match result {
        Ok(()) => applied(&uri, &headers, &written, text).map(End::Gave),
        Err(_) if written != headers || uri != before => {
            Err(format!("the request is not as it was: {uri}"))
        }
        Err(error) => Ok(unapplied(error, text)),
    }
}

fn applied(uri: &str, before: &HeaderMap, after: &HeaderMap, text: String) -> Reply<Gave> {
    let mut wire = format!("GET {uri}\r\n");
    let mut all = Map::new();
    for (name, value) in after {
        let shown = value.to_str().map_err(|error| error.to_string())?;
        wire += &format!("{name}: {shown}\r\n");
        all.insert(name.to_string(), json!(shown));
        if !before.contains_key(name) && !value.is_sensitive() {
            return Err(format!("{name} is not marked as sensitive"));
        }
    }
    let mut facts = Map::new();
    facts.insert("authorization".to_owned(), all.get("authorization").cloned().unwrap_or_default());
    facts.insert("headers".to_owned(), Value::Object(all));
    facts.insert("url".to_owned(), json!(uri));
    facts.insert("HeaderValue::is_sensitive".to_owned(), json!(true));
    Ok(Gave { facts, text, wire })
}

fn unapplied(error: ApplyError, text: String) -> End {
    let text = format!("{error} {error:?} {text}");
    End::Failed(Failure { kinds: vec![names::apply(error)], text, facts: Map::new() })
}

const MANY: usize = 2000;
