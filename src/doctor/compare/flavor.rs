//! The flavor of a request, and whether ours would come to it.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;
use serde_json::json;

use super::super::finding::{FindingKind, Severity, constant};
use super::client::{self, CLIENT_ID, CLIENT_SECRET};
use super::letter::{Authorization, Letter};
use super::{Case, HIDDEN};
use crate::encode::{Client, url_encode};
use crate::flavor::{BodyEncoding, ClientAuth, Flavor};
use crate::kind::Kind;
use crate::ladder::{self, Ladder};
use crate::secret::Secret;
use crate::setup::Setup;

/// The flavor that is nearest to the request.
pub(super) fn flavor(theirs: &Letter, kind: Kind, setup: &Setup) -> Flavor {
    let encoding = theirs.encoding;
    let auth = match &theirs.authorization {
        Authorization::Basic { user, password } => {
            let ladder = setup.flavors(kind, None);
            let pinned = ladder.first().filter(|_| is_twice(theirs) && ladder.len() == 1);
            if pinned.is_some_and(|pinned| pinned.auth == ClientAuth::Body) {
                ClientAuth::Body
            } else {
                basic(user, password, &setup.client)
            }
        }
        Authorization::BrokenBasic => ClientAuth::Basic,
        _ if theirs.param("client_secret").is_some() => ClientAuth::Body,
        _ => ClientAuth::None,
    };
    Flavor { auth, encoding }
}

fn basic(user: &str, password: &str, client: &Client) -> ClientAuth {
    let [encoded, raw] = client.headers().map(client::halves);
    let theirs = Some((user.to_owned(), password.to_owned()));
    let as_encoded = |text: &str| {
        let plain = percent_decode_str(text).decode_utf8();
        plain.is_ok_and(|plain| url_encode(&plain) == text)
    };
    if theirs == encoded {
        ClientAuth::Basic
    } else if theirs == raw || !as_encoded(user) || !as_encoded(password) {
        ClientAuth::BasicRaw
    } else {
        ClientAuth::Basic
    }
}

pub(super) fn is_twice(theirs: &Letter) -> bool {
    theirs.authorization.halves().is_some() && theirs.param("client_secret").is_some()
}

/// Says where ours differs. Of what is neither Basic nor in the body there is nothing to say.
pub(super) fn look(case: &mut Case<'_>) {
    let in_body = case.theirs.param("client_secret").is_some();
    if signs(case) {
        signed(case);
        if case.flavor.auth == ClientAuth::None {
            return;
        }
    }
    match case.theirs.authorization {
        Authorization::Basic { .. } if in_body => twice(case),
        Authorization::Basic { .. } | Authorization::None => order(case),
        Authorization::Other(_) if in_body => order(case),
        Authorization::Other(_) | Authorization::BrokenBasic => {}
    }
}

/// Whether the client of curl's signs, and ours does not.
pub(super) fn signs(case: &Case<'_>) -> bool {
    let has = |letter: &Letter| letter.param(ASSERTION).is_some();
    has(&case.theirs) && !has(&case.ours)
}

fn signed(case: &mut Case<'_>) {
    let flavor = case.flavor;
    let ladder = case.setup.flavors(case.kind, None);
    let is_first = ladder.first() == Some(&flavor);
    let pin =
        if is_first { String::new() } else { format!("; in both cases {}", pin(case, flavor)) };
    let kind = case.theirs.value(ASSERTION_TYPE).and_then(|it| case.shown.whole(it));
    let fixed = json!({ ASSERTION: HIDDEN, ASSERTION_TYPE: kind.as_deref().unwrap_or(HIDDEN) });
    let remedy = format!(
        "a `.transport(..)` that wraps another and adds `{ASSERTION}` and `{ASSERTION_TYPE}` to each \
         request, as examples/signing_transport.rs does; one that is always the same, with curl's \
         value: {}{pin}",
        case.convention("params", fixed)
    );
    case.find(
        Severity::Problem,
        FindingKind::Flavor,
        format!("curl sends a `{ASSERTION}`, and ours does not"),
        "the client signs (private_key_jwt or client_secret_jwt, RFC 7523), which the exchanger does not \
         do by itself",
        remedy,
    );
}

fn twice(case: &mut Case<'_>) {
    let ladder = case.setup.flavors(case.kind, None);
    if ladder.len() == 1 && ladder.first() == Some(&case.flavor) {
        return;
    }
    let encoding = case.theirs.encoding;
    let [header, body] = [basic_of(case), ClientAuth::Body].map(|auth| Flavor { auth, encoding });
    let remedy =
        format!("{}; if the provider refuses that: {}", pin(case, header), pin(case, body));
    case.find(
        Severity::Risk,
        FindingKind::CredentialsTwice,
        "curl sends the secret twice, in a Basic header and in the body; ours sends it once",
        "the standard allows one place only (RFC 6749, section 2.3), and the provider looks at one",
        remedy,
    );
}

fn basic_of(case: &Case<'_>) -> ClientAuth {
    let halves = case.theirs.authorization.halves();
    halves.map_or(ClientAuth::Basic, |(user, password)| basic(user, password, &case.setup.client))
}

/// Whether, and when, ours would come to their flavor.
fn order(case: &mut Case<'_>) {
    let setup = case.setup;
    let (client, mut ladder) = would_be(case);
    if case.theirs.is_in_query {
        ladder.retain(|it| it.encoding == BodyEncoding::Form);
    }
    let client = client.as_ref().unwrap_or(&setup.client);
    let at = ladder.iter().position(|&it| client.writes_alike(it, case.flavor));
    let at = at.filter(|&at| setup.max_attempts.is_none_or(|most| at < most));
    if at == Some(0) {
        return;
    }
    let theirs = case.flavor;
    let (severity, symptom) = match (at, ladder.first()) {
        (Some(at), Some(first)) => {
            let nth = at + 1;
            let symptom = format!(
                "curl uses {theirs}; ours tries {first} first, and {theirs} as attempt {nth}"
            );
            (Severity::Risk, symptom)
        }
        (_, first) => {
            let first = first.map_or_else(|| "nothing".to_owned(), ToString::to_string);
            let symptom =
                format!("curl uses {theirs}, which ours does not try; it begins with {first}");
            (Severity::Problem, symptom)
        }
    };
    let remedy = pin(case, theirs);
    case.find(severity, FindingKind::Flavor, symptom, cause(case), remedy);
}

fn cause(case: &Case<'_>) -> &'static str {
    let has_secret = case.setup.client.secret().is_some();
    match case.flavor.auth {
        ClientAuth::None if case.theirs.param(ASSERTION).is_some() => {
            "the client signs, and what it signs stands in place of the secret (RFC 7523)"
        }
        ClientAuth::None if has_secret => {
            "curl sends no client secret; the provider takes this client for a public one"
        }
        ClientAuth::BasicRaw => {
            "curl puts id and secret into the header as they are; the standard URL-encodes them first, \
             and few providers decode them"
        }
        ClientAuth::Basic if case.setup.client.encoding_matters() => {
            "curl's header has id and secret URL-encoded, as the standard wants it"
        }
        _ => {
            "providers differ in it; some spend the code, or lock the client out, at the first refusal"
        }
    }
}

/// The client and the order that there would be with their secret, where that is another.
fn would_be(case: &Case<'_>) -> (Option<Client>, Ladder) {
    let setup = case.setup;
    let theirs = their_secret(case).filter(|secret| !secret.is_empty());
    let ours = setup.client.secret().map(Secret::expose);
    match theirs {
        Some(theirs) if Some(&*theirs) != ours => {
            let template = client::template(&setup.conventions);
            let secret = Secret::from(&*theirs);
            let client = Client::new(setup.client.id().to_owned(), Some(secret), template);
            let wishes = setup.wishes(case.kind);
            let ladder = ladder::flavors(&client, &wishes, None, &[]);
            (Some(client), ladder)
        }
        _ => (None, setup.flavors(case.kind, None)),
    }
}

fn their_secret<'a>(case: &'a Case<'_>) -> Option<Cow<'a, str>> {
    match case.theirs.authorization.halves() {
        Some(halves) if client::template(&case.setup.conventions) == [CLIENT_ID, CLIENT_SECRET] => {
            // The other way round it is the header that differs, and the secret is ours.
            let is_known = client::as_template(case, halves).is_some();
            let password = client::plain(case.flavor, halves.1);
            Some(password).filter(|_| !is_known)
        }
        Some(_) => None,
        None => case.theirs.value("client_secret").map(Cow::from),
    }
}

/// The setting that leaves no flavor but this.
fn pin(case: &Case<'_>, flavor: Flavor) -> String {
    let has_secret =
        case.setup.client.secret().is_some() || their_secret(case).is_some_and(|it| !it.is_empty());
    if flavor.auth != ClientAuth::None && !has_secret {
        return format!(".flavor({}) at each call", constant(flavor));
    }
    let is_common = matches!(case.kind, Kind::Exchange | Kind::ClientCredentials);
    if is_common && case.setup.conventions.of(case.kind).flavors.is_none() {
        format!("pin it: .flavors([{}])", constant(flavor))
    } else {
        case.convention("flavors", json!([flavor]))
    }
}

pub(super) const ASSERTION: &str = "client_assertion";
pub(super) const ASSERTION_TYPE: &str = "client_assertion_type";
