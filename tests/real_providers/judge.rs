//! Judges a request to the token endpoint: by the entry alone, and to the letter.

use std::collections::HashSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use token_exchanger::{BodyEncoding, ClientAuth, Flavor};
use url::Url;

use crate::entry::{Client, Entry, Kind, ParamsIn, Verb};
use crate::request::{Parameter, Request, beyond, decoded, form, json};
use crate::rules::{Found, Rules, Wrong, text};

/// How far a request got. The one that got furthest tells what is wrong with it.
#[derive(Clone, Copy, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Stage {
    Route,
    Headers,
    Body,
    Client,
    Parameters,
    Grant,
}

impl Stage {
    pub(crate) fn error(self) -> &'static str {
        match self {
            Self::Client => "invalid_client",
            Self::Grant => "invalid_grant",
            _ => "invalid_request",
        }
    }
}

/// Why a request is refused.
pub(crate) struct Fault {
    pub(crate) stage: Stage,
    pub(crate) reason: String,
}

pub(crate) struct Judge<'p> {
    pub(crate) entry: &'p Entry,
    pub(crate) client: &'p Client,
    pub(crate) used: &'p HashSet<String>,
}

impl Judge<'_> {
    /// What the request says, if it is one of this kind to this URL. `state_of` finds the state of
    /// the authorization that a code belongs to.
    pub(crate) fn token_request(
        &self,
        kind: Kind,
        url: &str,
        request: &Request<'_>,
        state_of: impl Fn(&str) -> Option<String>,
    ) -> Result<Found, Fault> {
        let server = &self.entry.server;
        let own = own_query(url);
        let own = (own, form(own).map_err(at(Stage::Route))?);
        self.check_route(kind, url, request).map_err(at(Stage::Route))?;
        let mut fresh = self.check_headers(request).map_err(at(Stage::Headers))?;
        let (encoding, given) = self.given(kind, own.0, request).map_err(at(Stage::Body))?;
        let code_name = server.renames.of(kind).get("code").map_or("code", String::as_str);
        let code = given.iter().find(|parameter| parameter.name == code_name);
        let state = code.and_then(|code| state_of(&code.value));

        let fits = |flavor: &&Flavor| flavor.encoding == encoding;
        let tried = server.accepts(kind).iter().filter(fits).map(|flavor| {
            self.check_header(flavor.auth, request).map_err(at(Stage::Client))?;
            let auth = Some(flavor.auth);
            let rules = Rules::new(self.entry, self.client, kind, auth, state.as_deref(), &own.1);
            rules.check(&given, self.used).map_err(|wrong| match wrong {
                Wrong::Client(reason) => Fault { stage: Stage::Client, reason },
                Wrong::Parameters(reason) => Fault { stage: Stage::Parameters, reason },
            })
        });
        let mut found = furthest(tried).unwrap_or_else(|| {
            Err(Fault { stage: Stage::Body, reason: "the body is written otherwise".to_owned() })
        })?;
        found.fresh.append(&mut fresh);
        Ok(found)
    }

    /// Whether it brings what this kind of request trades, so that a fault is told of that kind.
    pub(crate) fn seems_to_be(&self, kind: Kind, request: &Request<'_>) -> bool {
        let traded = if kind == Kind::Refresh { "refresh_token" } else { "code" };
        let name = self.entry.server.renames.of(kind).get(traded).map_or(traded, String::as_str);
        let read = [form(request.query), form(request.body), json(request.body)];
        read.into_iter().flatten().flatten().any(|parameter| parameter.name == name)
    }

    fn check_route(&self, kind: Kind, url: &str, request: &Request<'_>) -> Result<(), String> {
        let method = match self.entry.server.verb(kind) {
            Verb::Post => "POST",
            Verb::Get => "GET",
        };
        if request.method != method {
            return Err(format!("{} instead of {method}", request.method));
        }
        let path = path(url);
        if request.path != path {
            return Err(format!("{} instead of {path}", request.path));
        }
        Ok(())
    }

    /// Gives the values that must be new.
    fn check_headers(&self, request: &Request<'_>) -> Result<Vec<String>, String> {
        let accept = request.header("accept")?.unwrap_or_default();
        if !accept.split(',').any(|kind| ["application/json", "*/*"].contains(&kind.trim())) {
            return Err(format!("Accept is {accept:?}, which does not admit JSON"));
        }
        let mut fresh = Vec::new();
        for (name, wanted) in &self.entry.server.requires_headers {
            let value = request.header(name)?.unwrap_or_default();
            let is_right = match &*wanted.0 {
                "*" => !value.is_empty(),
                "$RANDOM" => {
                    fresh.push(value.to_owned());
                    !value.is_empty() && !self.used.contains(value)
                }
                wanted => value == text(self.entry, self.client, wanted, None),
            };
            if !is_right {
                return Err(format!("the header {name} is {value:?} instead of {:?}", wanted.0));
            }
        }
        Ok(fresh)
    }

    /// The parameters, from where they have to stand.
    fn given(
        &self,
        kind: Kind,
        own: &str,
        request: &Request<'_>,
    ) -> Result<(BodyEncoding, Vec<Parameter>), String> {
        let server = &self.entry.server;
        let in_query = beyond(request.query, own)?.join("&");
        let content_type = request.header("content-type")?;
        let is_required = || {
            let mut names = server.requires_headers.keys();
            names.any(|name| name.eq_ignore_ascii_case("content-type"))
        };
        if server.params_in(kind) == ParamsIn::Query {
            if !request.body.is_empty() || (content_type.is_some() && !is_required()) {
                return Err("there is a body, or a type of one".to_owned());
            }
            return Ok((BodyEncoding::Form, form(&in_query)?));
        }
        if !in_query.is_empty() {
            return Err(format!("{in_query} in the query"));
        }
        let essence = content_type.unwrap_or_default().split(';').next().unwrap_or_default();
        match essence.trim() {
            "application/x-www-form-urlencoded" => Ok((BodyEncoding::Form, form(request.body)?)),
            "application/json" => Ok((BodyEncoding::Json, json(request.body)?)),
            other => Err(format!("Content-Type is {other:?}")),
        }
    }

    fn check_header(&self, auth: ClientAuth, request: &Request<'_>) -> Result<(), String> {
        let header = request.header("authorization")?;
        if !matches!(auth, ClientAuth::Basic | ClientAuth::BasicRaw) {
            return match header {
                None => Ok(()),
                Some(_) => Err("an Authorization header".to_owned()),
            };
        }
        let header = header.and_then(|header| header.strip_prefix("Basic "));
        let credentials = STANDARD.decode(header.ok_or("no Basic header")?).ok();
        let credentials = credentials.and_then(|bytes| String::from_utf8(bytes).ok());
        let credentials = credentials.ok_or("a Basic header that cannot be read")?;
        let wanted = self.entry.server.basic.as_deref().unwrap_or("$CLIENT_ID:$CLIENT_SECRET");
        let wanted = wanted.split_once(':').unwrap_or((wanted, ""));
        let of = |half| text(self.entry, self.client, half, None);
        let wanted = (of(wanted.0), of(wanted.1));
        let is_right = if auth == ClientAuth::Basic {
            let halves = credentials.split_once(':').unwrap_or_default();
            (encoded(halves.0)?, encoded(halves.1)?) == wanted
        } else {
            credentials == format!("{}:{}", wanted.0, wanted.1)
        };
        if is_right { Ok(()) } else { Err(format!("Basic carries {credentials:?}")) }
    }
}

/// The path of a URL as it goes into a request.
pub(crate) fn path(url: &str) -> String {
    Url::parse(url).map(|url| url.path().to_owned()).unwrap_or_default()
}

/// The query that a URL has itself, to the letter.
pub(crate) fn own_query(url: &str) -> &str {
    let url = url.split('#').next().unwrap_or_default();
    url.split_once('?').map_or("", |(_, query)| query)
}

/// The first that is right, else the one that got furthest.
pub(crate) fn furthest<T>(
    tried: impl IntoIterator<Item = Result<T, Fault>>,
) -> Option<Result<T, Fault>> {
    let mut best = None;
    for one in tried {
        let is_better = match (&one, &best) {
            (Ok(_), _) => return Some(one),
            (Err(fault), Some(Err::<T, Fault>(best))) => fault.stage > best.stage,
            (Err(_), _) => true,
        };
        if is_better {
            best = Some(one);
        }
    }
    best
}

/// A half of an encoded header. One that was not encoded, and could be read all the same, is none.
fn encoded(half: &str) -> Result<String, String> {
    let may_stand = |c: char| c.is_ascii_alphanumeric() || "-._~%+".contains(c);
    if !half.chars().all(may_stand) {
        return Err(format!("{half:?} is not URL-encoded"));
    }
    decoded(half)
}

fn at(stage: Stage) -> impl Fn(String) -> Fault {
    move |reason| Fault { stage, reason }
}
