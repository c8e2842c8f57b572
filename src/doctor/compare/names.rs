//! Which parameter of a request stands for which of the standard, whatever it is called.

use std::collections::BTreeMap;

use super::letter::{Letter, Param};
use crate::conventions::{Conventions, standard_name};
use crate::kind::Kind;
use crate::setup::Setup;

/// What a request asks for.
pub(super) fn kind(letter: &Letter, conventions: &Conventions) -> Option<Kind> {
    let goes_by = |kind: Kind, name: &str| {
        let theirs = conventions.of(kind).rename.get(name);
        letter.params.iter().any(|it| Some(&it.name) == theirs || stands_for(name, it))
    };
    let grant_type = Kind::ALL.into_iter().find_map(|kind| {
        let name = conventions.of(kind).rename.get("grant_type")?;
        letter.value(name)
    });
    let by_name = |it: &&Param| stands_for("grant_type", it);
    let written = || letter.params.iter().find(by_name).map(|it| &*it.value);
    let grant_type = grant_type.or_else(written);
    match grant_type {
        Some("authorization_code") => return Some(Kind::Exchange),
        Some("refresh_token") => return Some(Kind::Refresh),
        Some("client_credentials") => return Some(Kind::ClientCredentials),
        _ => {}
    }
    let own = |kind: &Kind| conventions.of(*kind).params.get("grant_type").map(|it| &**it);
    if let Some(kind) =
        Kind::ALL.into_iter().find(|kind| grant_type.is_some() && own(kind) == grant_type)
    {
        return Some(kind);
    }
    let by_secret = || conventions.client_credentials.omit.contains("grant_type");
    if goes_by(Kind::Exchange, "code") {
        Some(Kind::Exchange)
    } else if goes_by(Kind::Refresh, "refresh_token") {
        Some(Kind::Refresh)
    } else if grant_type.is_none() && goes_by(Kind::Revocation, "token") {
        Some(Kind::Revocation)
    } else {
        (grant_type.is_some() || by_secret()).then_some(Kind::ClientCredentials)
    }
}

/// Gives the parameters of one of our requests their standard names.
pub(super) fn standardise_ours(letter: &mut Letter, kind: Kind, rename: &BTreeMap<String, String>) {
    for param in &mut letter.params {
        let name = std::mem::take(&mut param.name);
        param.name = standard_name(rename, kind.parameters(), name);
    }
}

/// A parameter that goes by another name than in our requests.
pub(super) struct Renamed {
    pub(super) standard: &'static str,
    pub(super) theirs: String,
}

/// Gives the parameters their standard names, and tells which go by a name that is not ours.
pub(super) fn standardise(letter: &mut Letter, kind: Kind, setup: &Setup) -> Vec<Renamed> {
    let own = setup.conventions.of(kind);
    let has_header = letter.authorization.halves().is_some();
    let standard: Vec<&'static str> =
        kind.parameters().iter().copied().chain(["client_id", "client_secret"]).collect();
    let mut claimed: Vec<Option<&'static str>> = vec![None; letter.params.len()];
    for &name in &standard {
        let expected = own.rename.get(name).map_or(name, |theirs| theirs);
        let named = letter.params.iter().zip(&mut claimed).find(|(it, _)| it.name == expected);
        if let Some((_, claim)) = named {
            *claim = Some(name);
        }
    }
    let mut renamed = Vec::new();
    for &name in &standard {
        let is_credential = name.starts_with("client_");
        if claimed.contains(&Some(name)) || (is_credential && has_header) {
            continue;
        }
        let ours = value(setup, name).filter(|value| value.len() >= SHORTEST);
        let is_free = |param: &Param| !own.params.contains_key(&param.name);
        let by_name = |param: &Param| is_free(param) && stands_for(name, param);
        let by_value = |param: &Param| is_free(param) && Some(&*param.value) == ours;
        let mut find = |fits: &dyn Fn(&Param) -> bool| {
            let mut free = letter.params.iter().zip(&mut claimed).filter(|(_, it)| it.is_none());
            let (param, claim) = free.find(|(param, _)| fits(param))?;
            *claim = Some(name);
            Some(Renamed { standard: name, theirs: param.name.clone() })
        };
        renamed.extend(find(&by_name).or_else(|| find(&by_value)));
    }
    for (param, claim) in letter.params.iter_mut().zip(claimed) {
        if let Some(name) = claim {
            name.clone_into(&mut param.name);
        }
    }
    renamed
}

/// Our value of the parameter, where it can tell it.
fn value<'a>(setup: &'a Setup, name: &str) -> Option<&'a str> {
    match name {
        "client_id" => Some(setup.client.id()),
        "client_secret" => setup.client.secret().map(|secret| secret.expose()),
        "redirect_uri" => Some(&setup.redirect_uri),
        "scope" => Some(&setup.scope),
        _ => None,
    }
}

/// Whether the parameter is, by its name, what the standard calls `name`.
fn stands_for(name: &str, param: &Param) -> bool {
    let plain = |name: &str| {
        name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase()
    };
    let theirs = plain(&param.name);
    if theirs == plain(name) {
        return true;
    }
    match name {
        "code" => {
            let others = ["verifier", "challenge", "type", "country", "device", "language", "user"];
            theirs.contains("code") && !others.iter().any(|other| theirs.contains(other))
        }
        "client_id" => {
            ["clientkey", "appid", "appkey", "applicationid", "consumerkey"].contains(&&*theirs)
        }
        "client_secret" => ["secret", "appsecret", "consumersecret"].contains(&&*theirs),
        "redirect_uri" => ["redirecturl", "callback", "callbackurl", "callbackuri", "returnurl"]
            .contains(&&*theirs),
        "code_verifier" => ["verifier", "pkceverifier"].contains(&&*theirs),
        "refresh_token" => ["refresh"].contains(&&*theirs),
        "scope" => ["scopes"].contains(&&*theirs),
        _ => false,
    }
}

/// In bytes. A shorter value is the same by chance.
const SHORTEST: usize = 4;
