//! An answer that is about the place or the moment, and not about what was asked.

use serde_json::{Value, json};
use url::Url;

use super::super::facts::Facts;
use super::super::finding::{Finding, FindingKind};
use super::super::words::TOO_LARGE;

/// 429, 503.
pub(super) fn later(facts: &Facts<'_>) -> Option<Finding> {
    let unit = |wait: &str| if wait.bytes().all(|it| it.is_ascii_digit()) { " s" } else { "" };
    let waits = facts.header("retry-after");
    let waits = waits.map(|wait| format!(", and asks to wait ({wait}{})", unit(wait)));
    let symptom = || facts.seen() + waits.as_deref().unwrap_or_default();
    let is_busy = facts.status() == 503 || facts.code() == "temporarily_unavailable";
    if facts.status() == 429
        || facts.code() == "slow_down"
        || facts.says(&["rate limit", "too many requests"])
    {
        return Some(Finding::problem(
            FindingKind::RateLimit,
            symptom(),
            "too many requests came from this client or address; each flavor that is tried counts",
            "wait, then pin the flavor that works (flavors), so that each exchange is one request",
        ));
    }
    is_busy.then(|| {
        Finding::problem(
            FindingKind::Unavailable,
            symptom(),
            "the provider is down or overloaded",
            "try again later, by a new authorization if the code may be spent; look at the \
             provider's status page",
        )
    })
}

pub(super) fn moved(facts: &Facts<'_>) -> Option<Finding> {
    if !(300..400).contains(&facts.status()) {
        return None;
    }
    let setting = facts.setting();
    let location = facts.header("location").unwrap_or_default();
    let ours = Url::parse(facts.url()).ok();
    let theirs = ours.as_ref().and_then(|ours| ours.join(location).ok());
    let (cause, remedy) = match (&ours, &theirs) {
        (Some(ours), Some(theirs)) if is_login(theirs) => (
            "it sends whoever is not logged in to a login page: this is a page for users",
            format!("set {setting} to the token endpoint; {ours} is not it"),
        ),
        (Some(ours), Some(theirs)) if same_service(ours, theirs) && !lowers(ours, theirs) => {
            let mut clean = theirs.clone();
            clean.set_query(None);
            (
                "the endpoint is known under a slightly other URL",
                format!("set {setting} to {clean}"),
            )
        }
        _ => (
            "the endpoint has moved, or this is not one",
            format!(
                "look {setting} up in the provider's documentation; no redirect is followed, since \
                 it would carry the secret to another place"
            ),
        ),
    };
    let to = if location.is_empty() { String::new() } else { format!(", to {location}") };
    Some(Finding::problem(FindingKind::Redirect, format!("{}{to}", facts.seen()), cause, remedy))
}

fn is_login(url: &Url) -> bool {
    let path = url.path().to_ascii_lowercase();
    ["login", "signin", "sign_in", "sign-in", "authenticate"].iter().any(|it| path.contains(it))
}

/// Whether it would give TLS up.
fn lowers(from: &Url, to: &Url) -> bool {
    from.scheme() == "https" && to.scheme() != "https"
}

/// Whether both differ in the scheme, a `www.`, a final slash or letter case only.
fn same_service(one: &Url, other: &Url) -> bool {
    let bare = |url: &Url| {
        let host = url.host_str().unwrap_or_default().trim_start_matches("www.").to_owned();
        (host, url.path().trim_end_matches('/').to_ascii_lowercase())
    };
    bare(one) == bare(other)
}

pub(super) fn too_large_headers(facts: &Facts<'_>) -> Option<Finding> {
    let is_too_large = facts.status() == 400 && facts.is_page() && facts.says(TOO_LARGE);
    (is_too_large || matches!(facts.status(), 413 | 414 | 431)).then(|| {
        Finding::problem(
            FindingKind::HeadersTooLarge,
            facts.seen(),
            "the URL, a header or the body is longer than the server takes",
            "shorten the scopes and the parameters, and send them in the body: leave \
             conventions.verb out",
        )
    })
}

/// A server that takes no cleartext, or thinks that it got some.
pub(super) fn cleartext(facts: &Facts<'_>) -> Option<Finding> {
    let says_so =
        facts.says(&["https required", "https is required", "ssl required", "ssl is required"]);
    let setting = facts.setting();
    let (cause, remedy) = if facts.url().starts_with("http:") {
        ("the server takes https only", format!("write https in {setting}"))
    } else {
        (
            "the server sees cleartext: a proxy before it ends TLS and does not tell so",
            "let the proxy send X-Forwarded-Proto, or ask who runs the server".to_owned(),
        )
    };
    says_so.then(|| Finding::problem(FindingKind::Cleartext, facts.seen(), cause, remedy))
}

/// A server that wants to know who asks, by a header.
pub(super) fn header(facts: &Facts<'_>) -> Option<Finding> {
    let may_say = matches!(facts.status(), 400..=499) && !facts.is_page();
    let wants_key = facts.says(&[
        "no api key",
        "api key missing",
        "missing api key",
        "missing subscription key",
        "api key is required",
        "api key required",
    ]);
    let (cause, remedy) = if may_say && facts.says(&["user agent"]) {
        (
            "the server wants a User-Agent header",
            r#"set conventions.headers to {"User-Agent": "my-product/1.0"}"#,
        )
    } else if may_say && wants_key {
        (
            "what stands before the server wants a key of its own, beside the client's secret",
            "set conventions.headers to the header that the provider's documentation names for it, \
             with the key of this application",
        )
    } else {
        return None;
    };
    Some(Finding::problem(FindingKind::Header, facts.seen(), cause, remedy))
}

/// A proxy on the way that wants a login.
pub(super) fn proxy(facts: &Facts<'_>) -> Option<Finding> {
    (facts.status() == 407).then(|| {
        Finding::problem(
            FindingKind::Network,
            facts.seen(),
            "a proxy on the way wants a login of its own",
            "put user and password of the proxy into HTTPS_PROXY, or let NO_PROXY name the host",
        )
    })
}

pub(super) fn page(facts: &Facts<'_>) -> Option<Finding> {
    if !facts.is_page() {
        return None;
    }
    let setting = facts.setting();
    let challenges = [
        "just a moment",
        "enable javascript and cookies",
        "captcha",
        "request rejected",
        "request blocked",
        "support id",
        "incapsula",
    ];
    let forbids = ["cloudflare", "access denied", "forbidden", "firewall", "bot "];
    let is_guarded = facts.header("cf-mitigated").is_some()
        || facts.says(&challenges)
        || matches!(facts.status(), 403 | 406) && facts.says(&forbids);
    let (kind, cause, remedy) = match facts.status() {
        404 | 405 | 410 => return None,
        _ if is_guarded && !facts.says(&["csrf"]) => (
            FindingKind::Firewall,
            "something in front of the server keeps programs out, by address or by headers",
            "ask the provider to let your address in; some want a User-Agent \
             (conventions.headers)"
                .to_owned(),
        ),
        500.. => return None,
        _ => (
            FindingKind::Page,
            "HTML in place of JSON: this is a page for people, such as a login page, and no token \
             endpoint",
            format!("check {setting}: it answers programs, and often ends in /token"),
        ),
    };
    Some(Finding::problem(kind, format!("{}, with a page in HTML", facts.seen()), cause, remedy))
}

pub(super) fn endpoint(facts: &Facts<'_>) -> Option<Finding> {
    let setting = facts.setting();
    let is_missing = matches!(facts.status(), 404 | 405 | 410) || names_no_tenant(facts);
    if facts.says(&["multi tenant application"]) {
        return Some(Finding::problem(
            FindingKind::Url,
            facts.seen(),
            "the URL is that for the users of all tenants, and the application is of one",
            format!(
                "put the tenant's own id into {setting} and authorization_url, or allow all tenants for \
                the application in the provider's console"
            ),
        ));
    }
    let wants_slash = facts.says(&["end in a slash", "trailing slash", "ends with a slash"]);
    if wants_slash {
        return Some(Finding::problem(
            FindingKind::Url,
            facts.seen(),
            "the server wants the URL with a slash at its end",
            format!("add the slash to {setting}"),
        ));
    }
    // A code speaks of what was asked, and not of the place.
    let is_coded = !matches!(facts.code(), "" | "unnamed") && !facts.code().contains(' ');
    if !is_missing || is_coded && !facts.is_page() && !is_about_place(facts) {
        return None;
    }
    let (cause, remedy) = match facts.status() {
        405 if facts.departs("/verb") => (
            "the URL exists and does not take this verb, which conventions.verb sets",
            format!("leave conventions.verb out, or check {setting}"),
        ),
        405 => (
            "the URL exists and does not take this verb: it is another endpoint, such as the \
             authorization page, or one that wants GET",
            format!(
                "check {setting}; if the documentation asks by GET, set conventions.verb to \"get\""
            ),
        ),
        _ => (
            "there is nothing at this URL: a wrong path, version, tenant, realm or region",
            format!("compare {setting} with the provider's documentation, letter by letter"),
        ),
    };
    Some(Finding::problem(FindingKind::Url, facts.seen(), cause, remedy))
}

/// Whether the part of the URL that names a customer is not known.
fn names_no_tenant(facts: &Facts<'_>) -> bool {
    matches!(facts.status(), 400..=499)
        && facts.says(&["tenant", "realm"])
        && facts.says(&["not found", "not exist", "unknown tenant", "unknown realm"])
        && !facts.says(&["application", "client", "user", "resource"])
}

fn is_about_place(facts: &Facts<'_>) -> bool {
    names_no_tenant(facts)
        || facts.says(&[
            "not found",
            "not_found",
            "no route",
            "no such",
            "method not allowed",
            "cannot post",
        ])
}

/// A success that is none, in words of the provider's own.
pub(super) fn own_error(facts: &Facts<'_>) -> Option<Finding> {
    // Where a code was read, it needs no more to be told.
    let is_read = !matches!(facts.code(), "" | "unnamed");
    if !(200..300).contains(&facts.status()) || is_read {
        return None;
    }
    let json = facts.json();
    let members = json.as_ref().and_then(|json| json.as_object());
    let names = ["ok", "success", "status", "code", "errcode", "err_no", "errno", "ret", "result"];
    let sign = names.iter().find(|name| members.is_some_and(|it| it.contains_key(**name)));
    let texts = ["message", "msg", "errmsg", "error_message", "error_msg", "description", "reason"];
    let text = texts.iter().find_map(|name| Some((*name, members?.get(*name)?.as_str()?)));
    let said = text.map_or(String::new(), |(_, text)| format!(": {text}"));
    Some(match sign {
        Some(sign) => {
            let value = members.and_then(|it| it.get(*sign)).unwrap_or(&Value::Null);
            // What cannot be guessed is left to be filled in.
            let (success, fill_in) = match value {
                Value::Bool(value) => (json!([!value]), ""),
                Value::Number(value) if value.as_f64() != Some(0.0) => (json!([0]), ""),
                _ => (json!(["..."]), ", with what stands there in a success for the dots"),
            };
            let description = text.map_or("message", |(name, _)| name);
            let setting = json!({
                "pointer": format!("/{sign}"),
                "success": success,
                "description": format!("/{description}"),
            });
            Finding::problem(
                FindingKind::AnswerShape,
                format!("{}, without a token{said}", facts.seen()),
                format!("the provider tells its errors in a success, by the member {sign}"),
                format!(
                    "do what it says; and set conventions.answer.error to {setting}{fill_in}, if the \
                    documentation says so too"
                ),
            )
        }
        None => Finding::problem(
            FindingKind::AnswerShape,
            format!("{}, without a token", facts.seen()),
            "this is no answer of a token endpoint, or the token has a name that tells nothing",
            format!(
                "check {}; if the answer does hold the token, set conventions.answer.root and rename",
                facts.setting()
            ),
        ),
    })
}

pub(super) fn fault(facts: &Facts<'_>) -> Option<Finding> {
    let is_fault = facts.status() >= 500 || facts.code() == "server_error";
    let all = &facts.report.attempts;
    let failed = all.iter().filter(|it| it.answer.as_ref().is_some_and(|it| it.status >= 500));
    let cause = if failed.count() == all.len() {
        "the server fails whatever it is asked: it is down, or a parameter that all requests have \
         upsets it"
    } else {
        "the server fails at some ways of asking, and refuses the others"
    };
    is_fault.then(|| {
        Finding::problem(
            FindingKind::Unavailable,
            facts.seen(),
            cause,
            "try again later; if it stays, send the request by curl (Attempt::to_curl) with less and \
             less in it, and show the provider the report",
        )
    })
}
