//! The user at the provider's page: the URL that the browser brings, and what it is sent back with.

use std::collections::HashSet;

use url::Url;
use url::form_urlencoded::Serializer;

use crate::entry::{Client, Entry, Kind};
use crate::judge::{own_query, path};
use crate::request::{beyond, form};
use crate::rules::{Found, Rules, Wrong};

/// How a code comes back.
pub(crate) enum Arrival {
    /// By the URL that the browser calls.
    Callback(String),
    /// Some other way, with what else comes along.
    Webhook { code: String, params: Vec<(String, String)> },
}

/// What an authorization URL says.
pub(crate) fn check(
    entry: &Entry,
    client: &Client,
    url: &str,
    used: &HashSet<String>,
) -> Result<Found, String> {
    let own = entry.authorization_url().ok_or("this provider has no page")?;
    if path(url) != path(&own) {
        return Err(format!("the page is {} and not {}", path(&own), path(url)));
    }
    let (query, own_query) = if entry.server.query_in_fragment {
        if !beyond(own_query(url), own_query(&own))?.is_empty() {
            return Err("there are parameters before the fragment".to_owned());
        }
        let ((route, query), (own_route, own_query)) = (fragment(url), fragment(&own));
        if route != own_route {
            return Err(format!("the page is #{own_route} and not #{route}"));
        }
        (query, own_query)
    } else {
        if Url::parse(url).is_ok_and(|url| url.fragment().is_some()) {
            return Err("there is a fragment".to_owned());
        }
        (own_query(url), own_query(&own))
    };
    let given = form(&beyond(query, own_query)?.join("&"))?;
    let own = form(own_query)?;
    let state = entry.server.renames.authorization.get("state");
    let state = state.map_or("state", String::as_str);
    let state = given.iter().find(|parameter| parameter.name == state);
    let state = state.map(|parameter| parameter.value.as_str());
    let rules = Rules::new(entry, client, Kind::Authorization, None, state, &own);
    let found = rules.check(&given, used).map_err(|wrong| match wrong {
        Wrong::Client(reason) | Wrong::Parameters(reason) => reason,
    })?;
    if found.get("code_challenge").is_some() != found.get("code_challenge_method").is_some() {
        return Err("a challenge without its method".to_owned());
    }
    Ok(found)
}

pub(crate) fn arrival(entry: &Entry, client: &Client, code: &str, state: Option<&str>) -> Arrival {
    let server = &entry.server;
    if !server.code_comes_by_redirect() {
        return Arrival::Webhook { code: code.to_owned(), params: besides(entry) };
    }
    let mut query = Serializer::new(String::new());
    query.append_pair(server.code_param(), code);
    if let Some(state) = state {
        query.append_pair(server.state_param(), state);
    }
    query.extend_pairs(besides(entry));
    Arrival::Callback(format!("{}?{}", client.redirect_uri, query.finish()))
}

/// What comes with a code.
pub(crate) fn besides(entry: &Entry) -> Vec<(String, String)> {
    let params = entry.server.callback_params.iter();
    params.map(|(name, value)| (name.clone(), value.0.clone())).collect()
}

/// The route behind the hash, and the query behind that.
fn fragment(url: &str) -> (&str, &str) {
    let (_, fragment) = url.split_once('#').unwrap_or_default();
    fragment.split_once('?').unwrap_or((fragment, ""))
}
