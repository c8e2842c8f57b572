//! The provider's API, which wants the newest token in one place and nowhere else.

use crate::entry::{Entry, Place};
use crate::request::{Request, beyond, form};

/// The request that is sent to it: with a query of its own.
pub(crate) const TARGET: &str = "/api/me?fields=a%2Cb";

pub(crate) fn check(entry: &Entry, request: &Request<'_>, newest: &str) -> Result<(), String> {
    let (path, own) = TARGET.split_once('?').unwrap_or((TARGET, ""));
    if request.path != path {
        return Err(format!("{} instead of {path}", request.path));
    }
    let api = entry.server.api.as_ref();
    let (place, name, template) = api
        .map_or((Place::Header, "Authorization", "Bearer {token}"), |api| {
            (api.place, api.name(), api.template())
        });
    let wanted = template.replace("{token}", newest);
    let given = form(&beyond(request.query, own)?.join("&"))?;
    let in_query: Vec<_> = given.iter().map(|it| (it.name.as_str(), it.value.as_str())).collect();
    let holds_it = |(other, value): &(&str, &str)| {
        value.contains(newest) && !(place == Place::Header && other.eq_ignore_ascii_case(name))
    };
    if let Some((name, _)) = request.headers().find(holds_it) {
        return Err(format!("the token is in the header {name}"));
    }
    match place {
        Place::Header if !in_query.is_empty() => Err(format!("the query has {in_query:?}")),
        Place::Header => match request.header(name)? {
            Some(value) if value == wanted => Ok(()),
            other => Err(format!("{name} is {other:?} instead of {wanted:?}")),
        },
        Place::Query if request.header("authorization")?.is_some() => {
            Err("there is an Authorization header".to_owned())
        }
        Place::Query if in_query == [(name, wanted.as_str())] => Ok(()),
        Place::Query => Err(format!("the query has {in_query:?} instead of {name}")),
    }
}
