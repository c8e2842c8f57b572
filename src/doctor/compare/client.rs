//! The client's credentials, wherever they stand.

use std::borrow::Cow;

use http::HeaderValue;
use percent_encoding::percent_decode_str;
use serde_json::json;

use super::super::finding::{FindingKind, Severity};
use super::flavor::is_twice;
use super::letter::{Authorization, Letter};
use super::{Case, HIDDEN, add_to_conventions, texts};
use crate::conventions::Conventions;
use crate::encode::url_encode;
use crate::flavor::{ClientAuth, Flavor};
use crate::secret::Secret;

pub(super) fn look(case: &mut Case<'_>) {
    match case.theirs.authorization {
        Authorization::BrokenBasic => broken(case),
        Authorization::Other(scheme) => other(case, scheme),
        _ => {}
    }
    header(case);
    body(case, is_twice(&case.theirs));
}

fn broken(case: &mut Case<'_>) {
    case.find(
        Severity::Problem,
        FindingKind::Authorization,
        "curl's Authorization header is Basic, and no base64 of `id:secret`",
        "id and secret were written as they are, or were cut off",
        "run curl with -u 'id:secret', and compare that",
    );
}

fn other(case: &mut Case<'_>, scheme: &str) {
    let symptom =
        format!("curl's Authorization header is {scheme}; ours is Basic, or is not there");
    let cause = "the provider wants more than an id and a secret there, or does not look at it";
    let remedy = "run curl without it: if it works all the same, leave it; if not, give the builder \
                  a `.transport(..)` that adds the header";
    case.find(Severity::Problem, FindingKind::Authorization, symptom, cause, remedy);
}

/// Compares what stands in both Basic headers.
fn header(case: &mut Case<'_>) {
    let Some((user, password)) = case.theirs.authorization.halves() else { return };
    let [encoded, raw] = case.setup.client.headers().map(halves);
    let Some((our_user, our_password)) =
        (if case.flavor.auth == ClientAuth::BasicRaw { raw } else { encoded })
    else {
        return;
    };
    if (&*our_user, &*our_password) == (user, password) {
        return;
    }
    let is_standard = template(&case.setup.conventions) == [CLIENT_ID, CLIENT_SECRET];
    if let Some(theirs) = as_template(case, (user, password)) {
        let remedy = if theirs == STANDARD {
            "take `basic` out of the conventions".to_owned()
        } else {
            add_to_conventions(&json!({ "basic": theirs }))
        };
        let symptom = format!("curl's Basic header is `{theirs}`");
        let cause = "the provider has a rule of its own for what the header carries";
        return case.find(Severity::Problem, FindingKind::Authorization, symptom, cause, remedy);
    }
    if !is_standard {
        return case.find(
            Severity::Problem,
            FindingKind::Authorization,
            "curl's Basic header carries something else than ours",
            "`basic` of the conventions is not what curl does, or id or secret are others",
            "compare `basic` of the conventions, the client id and the client secret with curl's",
        );
    }
    let flavor = case.flavor;
    let unencoded = |half: &str| plain(flavor, half).into_owned();
    let (user, password) = (unencoded(user), unencoded(password));
    let (our_user, our_password) = (unencoded(&our_user), unencoded(&our_password));
    if user != our_user {
        client_id(case, &user);
    }
    if password != our_password {
        client_secret(case, &password);
    }
}

/// What a Basic header of ours holds.
pub(super) fn halves(header: &HeaderValue) -> Option<(String, String)> {
    match Authorization::read(header.to_str().ok()?) {
        Authorization::Basic { user, password } => Some((user, password)),
        _ => None,
    }
}

/// What our header is made of.
pub(super) fn template(conventions: &Conventions) -> [&str; 2] {
    let basic = conventions.basic.as_deref().unwrap_or(STANDARD);
    let (user, password) = basic.split_once(':').unwrap_or((basic, ""));
    [user, password]
}

/// A half of a header as it was before the flavor encoded it.
pub(super) fn plain(flavor: Flavor, half: &str) -> Cow<'_, str> {
    match flavor.auth {
        ClientAuth::Basic => percent_decode_str(half).decode_utf8_lossy(),
        _ => half.into(),
    }
}

/// Which of our own words stand in their header, if it is none but those.
pub(super) fn as_template(case: &Case<'_>, (user, password): (&str, &str)) -> Option<String> {
    let client = &case.setup.client;
    let secret = client.secret()?.expose();
    let word = |half: &str| {
        let is = |text: &str| half == text || half == url_encode(text);
        match half {
            "" => Some(""),
            _ if is(client.id()) => Some(CLIENT_ID),
            _ if is(secret) => Some(CLIENT_SECRET),
            _ => None,
        }
    };
    let theirs = [word(user)?, word(password)?];
    let ours = template(&case.setup.conventions);
    (theirs != ours).then(|| theirs.join(":"))
}

fn client_id(case: &mut Case<'_>, theirs: &str) {
    if case.has(FindingKind::ClientId) {
        return;
    }
    let ours = case.setup.client.id().to_owned();
    let shown = case.shown.whole(theirs);
    let theirs_shown = shown.as_deref().unwrap_or(HIDDEN).to_owned();
    let ours_shown = case.shown.text(&ours);
    let symptom = format!("curl's client id is `{theirs_shown}`, ours is `{ours_shown}`");
    let secret = case.setup.client.secret();
    let cause = if secret.is_some_and(|secret| secret.expose() == theirs) {
        "id and secret are the other way round"
    } else if shown.is_none() {
        "what stands there may be a key or a secret, and is not shown"
    } else {
        texts::ids(&ours, theirs)
    };
    let builder = format!("TokenExchanger::builder(\"{theirs_shown}\", token_url)");
    let remedy = match shown {
        Some(_) => builder,
        None => format!(
            "{builder}, with curl's id; if it is a key: .client_secret(..) with it, and `basic` of the \
             conventions"
        ),
    };
    case.find(Severity::Problem, FindingKind::ClientId, symptom, cause, remedy);
}

fn client_secret(case: &mut Case<'_>, theirs: &str) {
    if case.has(FindingKind::ClientSecret) {
        return;
    }
    let (symptom, cause) = match case.setup.client.secret().map(Secret::expose) {
        // The flavor says it.
        Some(_) if theirs.is_empty() => return,
        None if theirs.is_empty() => return,
        None => ("curl sends a client secret, and ours has none", "the builder was given none"),
        Some(_) if theirs == case.setup.client.id() => {
            ("the client secrets differ", "curl's secret is our id: they are the other way round")
        }
        Some(ours) => ("the client secrets differ", texts::secrets(ours, theirs)),
    };
    let ours = case.setup.client.secret().map_or("", Secret::expose);
    let (cause, remedy) = match texts::unencoded(ours, theirs) {
        Some(cause) => {
            (cause, "run curl with --data-urlencode for the secret: if that works, ours does too")
        }
        None => (cause, ".client_secret(..) with the one that curl sends"),
    };
    case.find(Severity::Problem, FindingKind::ClientSecret, symptom, cause, remedy);
}

/// Compares what stands in both bodies.
fn body(case: &mut Case<'_>, is_twice: bool) {
    let value = |letter: &Letter, name| letter.value(name).map(str::to_owned);
    let own = case.setup.conventions.of(case.kind);
    for name in ["client_id", "client_secret"] {
        let (theirs, ours) = (value(&case.theirs, name), value(&case.ours, name));
        let configured = match name {
            "client_id" => Some(case.setup.client.id().to_owned()),
            _ => case.setup.client.secret().map(|secret| secret.expose().to_owned()),
        };
        let Some(theirs) = theirs else {
            if ours.is_some() && !is_twice {
                let remedy = if own.params.contains_key(name) {
                    case.take_out("params", name)
                } else {
                    case.convention("omit", json!([name]))
                };
                let symptom = format!("ours sends `{name}` in the body, and curl does not");
                let cause = "the provider knows the client without it";
                case.find(Severity::Risk, FindingKind::Parameter, symptom, cause, remedy);
            }
            continue;
        };
        if Some(&theirs) != ours.as_ref().or(configured.as_ref()) {
            if name == "client_id" {
                client_id(case, &theirs)
            } else {
                client_secret(case, &theirs)
            }
        }
        if ours.is_some() || is_twice || (name == "client_secret" && configured.is_none()) {
            continue;
        }
        let remedy = if own.omit.contains(name) {
            case.take_out("omit", name)
        } else {
            case.convention("params", json!({ name: format!("{{{name}}}") }))
        };
        let symptom = format!("curl sends `{name}` in the body too, and ours does not");
        let cause = "the provider looks for it there beside the header";
        case.find(Severity::Problem, FindingKind::Parameter, symptom, cause, remedy);
    }
}

pub(super) const CLIENT_ID: &str = "{client_id}";
pub(super) const CLIENT_SECRET: &str = "{client_secret}";
const STANDARD: &str = "{client_id}:{client_secret}";
