//! The parameters but for the client's credentials.

use std::collections::HashSet;

use serde_json::json;
use url::Url;

use super::super::finding::{FindingKind, Severity};
use super::flavor::{ASSERTION, ASSERTION_TYPE, signs};
use super::letter::{Param, Shape};
use super::shown::HIDDEN;
use super::{Case, add_to_conventions, texts};
use crate::conventions::Pkce;
use crate::kind::Kind;
use crate::secret::Secret;

pub(super) fn look(case: &mut Case<'_>) {
    let signs = signs(case);
    let theirs = std::mem::take(&mut case.theirs.params);
    let ours = std::mem::take(&mut case.ours.params);
    let value = |params: &[Param]| {
        params.iter().find(|it| it.name == "grant_type").map(|it| it.value.clone())
    };
    let grant = value(&theirs).filter(|theirs| Some(theirs) != value(&ours).as_ref());
    match grant.as_deref().and_then(other_grant) {
        Some((name, cause)) => another_grant(case, name, cause),
        None => compare(case, &theirs, &ours, signs),
    }
    (case.theirs.params, case.ours.params) = (theirs, ours);
}

/// What else the standards exchange for a token, by its `grant_type`.
fn other_grant(grant_type: &str) -> Option<(&'static str, &'static str)> {
    GRANTS.into_iter().find(|(name, _)| *name == grant_type)
}

/// The parameters of another grant are others too.
fn another_grant(case: &mut Case<'_>, name: &str, cause: &str) {
    let this = match case.kind {
        Kind::Exchange => "no exchange of a code",
        Kind::Refresh => "no refresh",
        _ => "neither an exchange of a code nor client credentials",
    };
    let symptom = format!("curl's `grant_type` is `{name}`, another grant: it is {this}");
    let remedy = format!(
        "paste a command that exchanges a code, asks for client credentials or refreshes; there is no \
         call for this grant. A call sends it if the conventions say so, and the rest is given by \
         .param(..): {}",
        case.convention("params", json!({ "grant_type": name }))
    );
    case.find(Severity::Problem, FindingKind::GrantType, symptom, cause, remedy);
}

fn compare(case: &mut Case<'_>, theirs: &[Param], ours: &[Param], signs: bool) {
    let is_settled =
        |name: &str| is_credential(name) || signs && [ASSERTION, ASSERTION_TYPE].contains(&name);
    let mut seen = HashSet::new();
    for param in theirs.iter().filter(|param| !is_settled(&param.name)) {
        if !seen.insert(&param.name) {
            twice(case, &param.name);
            continue;
        }
        let other = ours.iter().find(|other| other.name == param.name);
        match other {
            _ if param.shape == Shape::Nested => shape(case, param),
            None => added(case, param),
            Some(other) if other.value != param.value => differs(case, &other.value, param),
            Some(_) if param.shape == Shape::Literal => shape(case, param),
            Some(_) => {}
        }
    }
    for param in ours.iter().filter(|param| !is_credential(&param.name)) {
        if !seen.contains(&param.name) {
            lacking(case, param);
        }
    }
    let has_verifier = seen.contains(&"code_verifier".to_owned());
    pkce(case, has_verifier);
}

fn is_credential(name: &str) -> bool {
    ["client_id", "client_secret"].contains(&name)
}

fn twice(case: &mut Case<'_>, name: &str) {
    let name = case.shown.name(name);
    let symptom = format!("curl sends `{name}` more than once; ours sends it once");
    let cause = "the standard forbids it (RFC 6749, section 3.2); providers take one of the values";
    let remedy = "take all but one out of the command, and see which of them is needed";
    case.find(Severity::Risk, FindingKind::Parameter, symptom, cause, remedy);
}

fn shape(case: &mut Case<'_>, param: &Param) {
    let name = case.shown.name(&param.name);
    let (severity, what) = match param.shape {
        Shape::Nested => (Severity::Problem, "a list or an object"),
        _ => (Severity::Risk, "a number or a truth value"),
    };
    let symptom = format!("curl sends `{name}` as {what}; ours sends texts only");
    let cause = "JSON can tell them apart, and a provider may";
    let remedy = "run curl with the value in double quotes: if that works, ours can send it";
    case.find(severity, FindingKind::Parameter, symptom, cause, remedy);
}

/// What curl sends and ours does not.
fn added(case: &mut Case<'_>, param: &Param) {
    let own = case.setup.conventions.of(case.kind);
    let name = &*param.name;
    if own.omit.contains(name) && case.kind.parameters().contains(&name) {
        let symptom = format!("curl sends `{name}`, which ours leaves out");
        let remedy = case.take_out("omit", name);
        let cause = "the conventions omit it";
        return case.find(Severity::Problem, kind_of(name), symptom, cause, remedy);
    }
    match name {
        "scope" if asks_for_scopes(case.kind) => return scopes(case, "", &param.value),
        "redirect_uri" if case.kind == Kind::Exchange => return redirect(case, "", &param.value),
        _ => {}
    }
    let shown = case.shown.name(name);
    let symptom = match case.shown.value(name, &param.value) {
        value if value == HIDDEN => format!("curl sends `{shown}`, and ours does not"),
        value => format!("curl sends `{shown}` = `{value}`, and ours does not"),
    };
    let cause = "it is no parameter of the standard for this, and the provider may want it";
    let remedy = set(case, param);
    case.find(Severity::Problem, kind_of(name), symptom, cause, remedy);
}

/// How the parameter gets their value.
fn set(case: &Case<'_>, param: &Param) -> String {
    let name = case.shown.name(&param.name);
    let client = &case.setup.client;
    let value = &*param.value;
    let placeholder = if value == client.id() {
        Some("{client_id}")
    } else if client.secret().map(Secret::expose) == Some(value) {
        Some("{client_secret}")
    } else if !value.is_empty() && value == case.setup.scope {
        Some("{scope}")
    } else if param.name == "state" && case.kind == Kind::Exchange {
        Some("{state}")
    } else {
        None
    };
    if let Some(placeholder) = placeholder {
        return case.convention("params", json!({ name: placeholder }));
    }
    match case.shown.value(&param.name, value) {
        hidden if hidden == HIDDEN => format!(
            "{}, with curl's value; one that is secret or of a single call: .param(\"{name}\", ..) at \
             the call",
            case.convention("params", json!({ &*name: HIDDEN }))
        ),
        value => case.convention("params", json!({ name: value })),
    }
}

fn kind_of(name: &str) -> FindingKind {
    match name {
        "scope" => FindingKind::Scope,
        "redirect_uri" => FindingKind::RedirectUri,
        "grant_type" => FindingKind::GrantType,
        "code_verifier" => FindingKind::Pkce,
        _ => FindingKind::Parameter,
    }
}

/// What ours sends and curl does not.
fn lacking(case: &mut Case<'_>, param: &Param) {
    let name = case.shown.name(&param.name);
    let own = case.setup.conventions.of(case.kind);
    let (cause, remedy) = if own.params.contains_key(&param.name) {
        ("the conventions add it", case.take_out("params", &name))
    } else {
        let remedy = case.convention("omit", json!([name]));
        if param.name == "redirect_uri" {
            (
                "the code may have been got without one; a provider wants it where the authorization URL \
              had one",
                format!("leave it so if the authorization URL has one, else: {remedy}"),
            )
        } else {
            ("most providers pass over what they do not need, and some refuse it", remedy)
        }
    };
    let symptom = format!("ours sends `{name}`, and curl does not");
    case.find(Severity::Risk, kind_of(&param.name), symptom, cause, remedy);
}

/// What both send, with different values.
fn differs(case: &mut Case<'_>, ours: &str, param: &Param) {
    let is_set = case.setup.conventions.of(case.kind).params.contains_key(&param.name);
    match &*param.name {
        "scope" if !is_set && asks_for_scopes(case.kind) => {
            return scopes(case, ours, &param.value);
        }
        "redirect_uri" if !is_set => return redirect(case, ours, &param.value),
        _ => {}
    }
    let name = case.shown.name(&param.name);
    let [one, other] = [ours, &param.value].map(|it| case.shown.value(&param.name, it));
    let symptom = if one == HIDDEN || other == HIDDEN {
        format!("`{name}` has another value in curl than in ours")
    } else {
        format!("curl's `{name}` is `{other}`, ours is `{one}`")
    };
    let cause = match &*param.name {
        "grant_type" => "the provider has a word of its own for this grant",
        _ if is_set => "the conventions set it",
        _ => "the provider has a value of its own for it",
    };
    let remedy = set(case, param);
    case.find(Severity::Problem, kind_of(&param.name), symptom, cause, remedy);
}

fn asks_for_scopes(kind: Kind) -> bool {
    matches!(kind, Kind::Exchange | Kind::ClientCredentials)
}

fn redirect(case: &mut Case<'_>, ours: &str, theirs: &str) {
    let shown = case.shown.text(theirs);
    let (symptom, cause) = if ours.is_empty() {
        (
            format!("curl sends the redirect_uri `{shown}`, and ours sends none"),
            "none is configured",
        )
    } else {
        let ours_shown = case.shown.text(ours);
        let symptom = format!("curl's redirect_uri is `{shown}`, ours is `{ours_shown}`");
        (symptom, texts::uris(ours, theirs))
    };
    let as_curl = if shown == theirs { "" } else { ", with curl's value in its place" };
    let is_uri = Url::parse(theirs).is_ok_and(|url| url.fragment().is_none());
    let remedy = if is_uri && theirs.trim() == theirs {
        format!(
            ".redirect_uri(\"{shown}\"){as_curl}, which must be the one of the authorization, byte for \
             byte, and be registered"
        )
    } else {
        case.convention("params", json!({ "redirect_uri": shown })) + as_curl
    };
    case.find(Severity::Problem, FindingKind::RedirectUri, symptom, cause, remedy);
}

fn scopes(case: &mut Case<'_>, ours: &str, theirs: &str) {
    let configured = case.setup.delimiter().to_owned();
    let candidates = [&*configured, " ", ",", "+", ";", "|"];
    let splits = |delimiter: &&str| theirs.contains(delimiter);
    let delimiter = candidates.into_iter().find(splits).unwrap_or(&configured);
    let wanted: Vec<_> = theirs.split(delimiter).filter(|it| !it.is_empty()).collect();
    let had: Vec<_> = case.setup.scopes.iter().map(|it| &**it).collect();

    let [shown, ours_shown] = [theirs, ours].map(|it| case.shown.text(it));
    let symptom = if ours.is_empty() {
        format!("curl sends the scope `{shown}`, and ours sends none")
    } else {
        format!("curl's scope is `{shown}`, ours is `{ours_shown}`")
    };
    let missing: Vec<_> = wanted.iter().filter(|it| !had.contains(it)).copied().collect();
    let surplus: Vec<_> = had.iter().filter(|it| !wanted.contains(it)).copied().collect();
    let is_reordered = missing.is_empty() && surplus.is_empty() && wanted != had;
    let list = |scopes: &[&str]| case.shown.text(&scopes.join(", "));
    let mut causes = Vec::new();
    if !missing.is_empty() && !had.is_empty() {
        causes.push(format!("ours lacks {}", list(&missing)));
    }
    if !surplus.is_empty() {
        causes.push(format!("ours adds {}", list(&surplus)));
    }
    if is_reordered {
        causes.push("the order differs".to_owned());
    }
    let mut remedies = Vec::new();
    if wanted != had {
        let scopes: Vec<_> =
            wanted.iter().map(|it| format!("\"{}\"", case.shown.text(it))).collect();
        remedies.push(format!(".scopes([{}])", scopes.join(", ")));
    }
    if delimiter != configured {
        causes.push(format!("scopes are joined by `{delimiter}`, and not by `{configured}`"));
        remedies.push(add_to_conventions(&json!({ "scope_delimiter": delimiter })));
    }
    // Doubled or outer delimiters, which are nothing that ours would write.
    if remedies.is_empty() {
        causes.push("delimiters stand where there is nothing to divide".to_owned());
        remedies.push(case.convention("params", json!({ "scope": shown })));
    }
    if causes.is_empty() {
        causes.push("none are configured".to_owned());
    }
    let only_order = is_reordered && delimiter == configured;
    let severity = if only_order { Severity::Risk } else { Severity::Problem };
    let (cause, remedy) = (causes.join("; "), remedies.join(", and "));
    case.find(severity, FindingKind::Scope, symptom, cause, remedy);
}

/// Whether the code has a verifier is settled at the authorization.
fn pkce(case: &mut Case<'_>, has_verifier: bool) {
    let conventions = &case.setup.conventions;
    let own = &conventions.exchange;
    let is_set = own.omit.contains("code_verifier") || own.params.contains_key("code_verifier");
    if case.kind != Kind::Exchange || is_set {
        return;
    }
    let begins_here = case.setup.endpoints.authorization.is_some();
    let setting = |value: &str| add_to_conventions(&json!({ "authorization": { "pkce": value } }));
    match (has_verifier, conventions.authorization.pkce) {
        (true, _) if !begins_here => case.find(
            Severity::Risk,
            FindingKind::Pkce,
            "curl sends a `code_verifier`; ours sends one only if the code was given its own",
            "no authorization_url is configured, so the code and its verifier come from elsewhere, \
             and the provider wants both",
            "give each code its verifier, AuthorizationCode::unchecked(..).verifier(..); or set \
             .authorization_url(..) and begin by authorize(), which makes one for each",
        ),
        _ if !begins_here => {}
        (false, Pkce::Allowed | Pkce::Required) => case.find(
            Severity::Risk,
            FindingKind::Pkce,
            "curl sends no `code_verifier`; ours does, for each code that its authorize() asked for",
            "curl's code was asked for without a code_challenge; few providers refuse one",
            format!("only if the provider refuses PKCE: {}", setting("refused")),
        ),
        (true, Pkce::Refused) => case.find(
            Severity::Problem,
            FindingKind::Pkce,
            "curl sends a `code_verifier`, and ours never has one",
            "the conventions refuse PKCE",
            setting("allowed"),
        ),
        _ => {}
    }
}

const GRANTS: [(&str, &str); 6] = [
    ("password", "a user's name and password are given for the token (RFC 6749, section 4.3)"),
    (
        "urn:ietf:params:oauth:grant-type:jwt-bearer",
        "a signed JWT is given for the token (RFC 7523, section 2.1)",
    ),
    (
        "urn:ietf:params:oauth:grant-type:saml2-bearer",
        "a SAML assertion is given for the token (RFC 7522, section 2.1)",
    ),
    (
        "urn:ietf:params:oauth:grant-type:token-exchange",
        "another token is given for the token (RFC 8693)",
    ),
    (
        "urn:ietf:params:oauth:grant-type:device_code",
        "a device asks until its user has agreed elsewhere (RFC 8628)",
    ),
    (
        "urn:openid:params:grant-type:ciba",
        "a client asks until its user has agreed elsewhere (OpenID Connect CIBA)",
    ),
];
