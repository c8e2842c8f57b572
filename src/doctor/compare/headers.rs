//! The headers but for `Authorization`.

use serde_json::json;
use url::Url;

use super::super::finding::{FindingKind, Severity};
use super::shown::{HIDDEN, is_harmless_header};
use super::{Case, add_to_conventions};
use crate::flavor::BodyEncoding;
use crate::secret::Secret;

pub(super) fn look(case: &mut Case<'_>) {
    let theirs = std::mem::take(&mut case.theirs.headers);
    let ours = std::mem::take(&mut case.ours.headers);
    content_type(case);
    for (name, value) in &theirs {
        match &**name {
            name if is_of_the_tool(name, value) => {}
            "host" => host(case, value),
            "cookie" => cookie(case),
            "accept" => accept(case, value),
            name => match ours.iter().find(|(known, _)| known == name) {
                Some((_, known)) if known == value => {}
                Some(_) => differs(case, name, value),
                None => added(case, name, value),
            },
        }
    }
    for (name, _) in ours.iter().filter(|(name, _)| name != "accept") {
        if !theirs.iter().any(|(known, _)| known == name) {
            lacking(case, name);
        }
    }
    (case.theirs.headers, case.ours.headers) = (theirs, ours);
}

/// What a tool sends by itself, and no provider asks for.
fn is_of_the_tool(name: &str, value: &str) -> bool {
    let agents = ["mozilla/", "postmanruntime/", "insomnia/", "curl/", "httpie/", "thunder client"];
    let value = value.to_ascii_lowercase();
    match name {
        "user-agent" => agents.iter().any(|agent| value.starts_with(agent)),
        name => IGNORED.contains(&name) || name.starts_with("sec-"),
    }
}

fn content_type(case: &mut Case<'_>) {
    if case.theirs.is_in_query || case.theirs.is_multipart {
        return;
    }
    let (written, expected) = match case.theirs.encoding {
        BodyEncoding::Form => ("a form", "application/x-www-form-urlencoded"),
        BodyEncoding::Json => ("JSON", "application/json"),
    };
    // Where ours has no body yet, it would be of its flavor.
    let ours = if case.ours.is_in_query { None } else { case.ours.content_type.as_deref() };
    let ours = ours.unwrap_or(expected).to_owned();
    let theirs = case.theirs.content_type.clone();
    if theirs.as_ref().is_some_and(|theirs| theirs.eq_ignore_ascii_case(&ours)) {
        return;
    }
    let Some(theirs) = theirs else {
        let symptom = format!("curl sends {written} without a Content-Type, ours with {ours}");
        let cause = "-H 'Content-Type:' takes it out of curl's request";
        let remedy = "run curl without that option: if it works all the same, ours does too";
        return case.find(Severity::Risk, FindingKind::Header, symptom, cause, remedy);
    };
    let shown = case.shown.whole(&theirs).unwrap_or_else(|| HIDDEN.to_owned());
    let symptom = format!("curl sends {written} as `{shown}`, ours as `{ours}`");
    let (cause, remedy) = if shown.eq_ignore_ascii_case(expected) {
        (
            "the conventions replace it",
            "take `Content-Type` out of `conventions.headers`".to_owned(),
        )
    } else {
        let remedy = add_to_conventions(&json!({ "headers": { "Content-Type": shown } }));
        ("the header and the body do not agree, which this provider lets pass, or wants", remedy)
    };
    case.find(Severity::Problem, FindingKind::Header, symptom, cause, remedy);
}

fn cookie(case: &mut Case<'_>) {
    case.find(
        Severity::Risk,
        FindingKind::Cookie,
        "curl sends cookies; ours sends none",
        "a token endpoint needs none: they were copied along, unless curl gets in by a person's session",
        "run curl without them; if it then fails, its success says nothing of this client",
    );
}

fn host(case: &mut Case<'_>, value: &str) {
    let url = &case.theirs.url;
    let named = Url::parse(&format!("{}://{value}", url.scheme()));
    if named.is_ok_and(|named| same_host(&named, url)) {
        return;
    }
    let shown = case.shown.name(value);
    let symptom = format!("curl names the host `{shown}` (-H Host:), and its URL another one");
    let cause = "a server that has several sites takes the request for that one's; ours always \
                 names the host of its URL";
    let remedy = format!(
        "write `{shown}` into the URL of both, and give curl the address by --connect-to: if that \
         works, `ReqwestTransport::from_builder` with the address, by `resolve`, does the same"
    );
    case.find(Severity::Risk, FindingKind::Header, symptom, cause, remedy);
}

fn same_host(one: &Url, other: &Url) -> bool {
    one.host_str() == other.host_str()
        && one.port_or_known_default() == other.port_or_known_default()
}

fn accept(case: &mut Case<'_>, value: &str) {
    let kinds = value.split(',').map(|range| range.split(';').next().unwrap_or_default().trim());
    let kinds: Vec<_> = kinds.map(str::to_ascii_lowercase).collect();
    let has = |kind: &str| kinds.iter().any(|it| it == kind);
    let ours = case.ours.headers.iter().find(|(name, _)| name == "accept");
    if has("application/json") || has("*/*") || ours.is_some_and(|(_, ours)| ours == value) {
        return;
    }
    let configured = case.setup.conventions.headers.iter();
    let mut configured = configured.filter(|(name, _)| name.eq_ignore_ascii_case("accept"));
    if configured.any(|(_, configured)| configured == value) {
        return;
    }
    let shown = case.shown.whole(value).unwrap_or_else(|| HIDDEN.to_owned());
    let symptom = format!("curl accepts `{shown}`, ours accepts JSON");
    let admits_json = kinds.iter().any(|it| it.ends_with("+json") || it.ends_with("/json"))
        || has("application/*");
    let (cause, remedy) = if admits_json {
        let remedy = add_to_conventions(&json!({ "headers": { "Accept": shown } }));
        ("some providers choose their version by it", remedy)
    } else {
        let remedy = "run curl with -H 'Accept: application/json': if that works, ours does too";
        ("answers in another format than JSON are read where they are forms", remedy.to_owned())
    };
    case.find(Severity::Risk, FindingKind::Header, symptom, cause, remedy);
}

fn added(case: &mut Case<'_>, name: &str, value: &str) {
    let shown = case.shown.name(name);
    let (severity, cause) = match name {
        "user-agent" => (Severity::Risk, "some providers refuse a request without one of your own"),
        "origin" => (Severity::Risk, "a provider may tell browser clients by it"),
        _ => (Severity::Problem, "the provider may want it beside the credentials"),
    };
    let symptom = format!("curl sends the header `{shown}`, and ours does not");
    let remedy = set(case, name, value);
    case.find(severity, FindingKind::Header, symptom, cause, remedy);
}

fn differs(case: &mut Case<'_>, name: &str, value: &str) {
    let shown = case.shown.name(name);
    let symptom = format!("the header `{shown}` has another value in curl than in ours");
    let remedy = set(case, name, value);
    let cause = "the conventions set it";
    case.find(Severity::Problem, FindingKind::Header, symptom, cause, remedy);
}

fn lacking(case: &mut Case<'_>, name: &str) {
    let shown = case.shown.name(name);
    let symptom = format!("ours sends the header `{shown}`, and curl does not");
    let remedy = format!("take `{shown}` out of `conventions.headers`");
    let cause = "the conventions add it; most providers pass over what they do not need";
    case.find(Severity::Risk, FindingKind::Header, symptom, cause, remedy);
}

fn set(case: &Case<'_>, name: &str, value: &str) -> String {
    let shown = case.shown.name(name);
    let client = &case.setup.client;
    let known = if value == client.id() {
        Some("{client_id}".to_owned())
    } else if client.secret().map(Secret::expose) == Some(value) {
        Some("{client_secret}".to_owned())
    } else if is_harmless_header(name) {
        case.shown.whole(value)
    } else {
        None
    };
    match known {
        Some(value) => add_to_conventions(&json!({ "headers": { shown: value } })),
        None => format!(
            "{}, with curl's value; if it is secret, a `.transport(..)` that adds the header",
            add_to_conventions(&json!({ "headers": { shown: HIDDEN } }))
        ),
    }
}

/// What HTTP or a browser needs for itself.
const IGNORED: [&str; 24] = [
    "accept-charset",
    "accept-encoding",
    "accept-language",
    "cache-control",
    "connection",
    "content-length",
    "date",
    "dnt",
    "expect",
    "if-modified-since",
    "if-none-match",
    "keep-alive",
    "postman-token",
    "pragma",
    "priority",
    "proxy-authorization",
    "proxy-connection",
    "range",
    "referer",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "upgrade-insecure-requests",
];
