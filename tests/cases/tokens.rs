//! Compares a token with what is expected of it.

use std::time::{Duration, SystemTime};

use serde_json::{Map, Value};
use token_exchanger::{Issued, Token};

use crate::case::Expect;
use crate::check::Differences;
use crate::names;
use crate::play::Came;

pub(crate) fn compare(d: &mut Differences, expect: &Expect, issued: &Issued, came: &Came) {
    if let Some(wanted) = &expect.token {
        members(d, wanted, &issued.token, came.began, came.elapsed);
    }
    for (name, wanted) in expect.saved.iter().filter(|(name, wanted)| is_compared(name, wanted)) {
        let wanted = Map::from_iter([(name.clone(), wanted.clone())]);
        members(d, &wanted, &issued.token, came.began, came.elapsed);
    }
    for extra in &expect.extras {
        d.hold(issued.token.extra.contains_key(extra), || format!("extra {extra} is missing"));
    }
    if let Some(wanted) = &expect.warnings {
        let all = wanted.len() == issued.warnings.len()
            && wanted
                .iter()
                .all(|name| issued.warnings.iter().any(|it| names::is_warning(name, it)));
        let came = &issued.warnings;
        d.hold(all, || format!("warnings: {wanted:?} were expected, {came:?} came"));
    }
}

/// Compares the members that a case names.
pub(crate) fn members(
    d: &mut Differences,
    wanted: &Map<String, Value>,
    token: &Token,
    began: SystemTime,
    elapsed: Duration,
) {
    for (name, wanted) in wanted {
        let came = match name.as_str() {
            "access_token" => token.access_token.expose().into(),
            "refresh_token" => {
                token.refresh_token.as_ref().map_or(Value::Null, |it| it.expose().into())
            }
            "token_type" => {
                let same =
                    wanted.as_str().is_some_and(|it| it.eq_ignore_ascii_case(&token.token_type));
                d.hold(same, || format!("token_type: {wanted}, not {:?}", token.token_type));
                continue;
            }
            "scopes" => token.scopes.clone().map_or(Value::Null, Into::into),
            // Some vectors give the scope as it stood in the answer.
            "scope" => token.scopes.as_ref().map_or(Value::Null, |it| it.join(" ").into()),
            "expires_at" if wanted.is_null() => {
                d.hold(token.expires_at.is_none(), || "expires_at is known".to_owned());
                continue;
            }
            "expires_in" => {
                let earliest = wanted.as_u64().map(|wanted| began + Duration::from_secs(wanted));
                let fits = match (earliest, token.expires_at) {
                    (Some(earliest), Some(at)) => earliest <= at && at <= earliest + elapsed,
                    (earliest, at) => earliest.is_none() && wanted.is_null() && at.is_none(),
                };
                d.hold(fits, || format!("expires_in: {wanted}, not {:?}", token.expires_at));
                continue;
            }
            "extra" => {
                for (name, wanted) in wanted.as_object().into_iter().flatten() {
                    d.equal(name, wanted, token.extra.get(name).unwrap_or(&Value::Null));
                }
                continue;
            }
            // What the peer computes from the rest.
            "effective_scopes" => continue,
            extra => token.extra.get(extra).cloned().unwrap_or_default(),
        };
        d.equal(name, wanted, &came);
    }
}

/// Of what is to be saved the tokens; the rest is for the store, and so is what is told in words.
pub(crate) fn is_compared(name: &str, wanted: &Value) -> bool {
    ["refresh_token", "access_token"].contains(&name)
        && wanted.as_str().is_none_or(|token| !token.contains(' '))
}
