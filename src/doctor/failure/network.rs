//! No answer came.

use url::Url;

use super::super::facts::Facts;
use super::super::finding::{Finding, FindingKind};
use super::super::words::Words;

pub(super) fn no_answer(facts: &Facts<'_>) -> Option<Finding> {
    let setting = facts.setting();
    let because = facts.report.because.join(": ");
    // A URL in it may have any of these words in its host.
    let said: Vec<_> = because.split_whitespace().filter(|it| !it.contains("://")).collect();
    let words = Words::new(&said.join(" "));
    let says = |phrases: &[&str]| words.say(phrases);
    let is_unnamed = says(&[
        "dns",
        "resolve",
        "lookup",
        "name or service",
        "name resolution",
        "nodename",
        "no such host",
        "enotfound",
    ]);
    let symptom = format!("{} gave no answer: {because}", facts.url());
    let (kind, cause, remedy) = match facts.told.outcome.as_str() {
        _ if says(&[
            "invalidcontenttype",
            "invalid content type",
            "corrupt message",
            "wrong version number",
            "packet length",
        ]) =>
        (
            FindingKind::Tls,
            "what listens at that port speaks no TLS: it is plain http, or another service",
            format!("check the host in {setting}, and the port: https has 443 unless the documentation says otherwise"),
        ),
        "connect" if is_unnamed => (
            FindingKind::Network,
            "there is no host of that name, or this machine cannot look names up",
            format!("check the host in {setting}, letter by letter, then the network's DNS"),
        ),
        "connect" if says(&["CaUsedAsEndEntity"]) => (
            FindingKind::Tls,
            "the server shows the certificate of a CA as its own, as one that signs itself does",
            "let the server have a certificate that a CA has signed and that is none of a CA (openssl: \
             basicConstraints=CA:FALSE), and give the transport the CA's: \
             ReqwestTransport::from_builder"
                .to_owned(),
        ),
        "connect" if says(&[
                "certificate",
                "tls",
                "ssl",
                "handshake",
            ]) => (
            FindingKind::Tls,
            "the server's certificate is not trusted here, has expired, or is for another host; or \
             what listens there speaks no TLS",
            format!(
                "check the host in {setting}; for a CA of your own give the transport its \
                 certificate: ReqwestTransport::from_builder"
            ),
        ),
        "connect" if says(&["proxy", "tunnel"]) => (
            FindingKind::Network,
            "the proxy on the way refused or could not reach the server",
            "check HTTPS_PROXY and NO_PROXY, and what the proxy lets through".to_owned(),
        ),
        "connect" => (
            FindingKind::Network,
            "nobody listens there, or a firewall is in between",
            format!("check host and port in {setting}, and that this machine may reach them"),
        ),
        "timeout" => (
            FindingKind::Network,
            "the server is slow or stuck, or a firewall drops what it sends",
            format!("try again later; if it is always slow, raise time_limit. {}", arrived(facts)),
        ),
        "interrupted" => (
            FindingKind::Network,
            "the connection broke in the middle: a proxy, a restart, or an answer that was cut off",
            arrived(facts).to_owned(),
        ),
        "too_large" => (
            FindingKind::Url,
            "no token endpoint answers so much; it is probably a page or a file",
            format!("check {setting}"),
        ),
        "unplugged" => (
            FindingKind::Configuration,
            "the exchanger was built without an HTTP client",
            "give the builder a transport, switch on the feature rustls, or use send_blocking"
                .to_owned(),
        ),
        _ => return None,
    };
    let is_plain = facts.url().starts_with("http://");
    let has_port = Url::parse(facts.url()).is_ok_and(|url| url.port().is_some());
    let remedy = match facts.told.outcome.as_str() {
        "connect" if is_plain && !has_port && !is_unnamed => {
            remedy + "; if the server speaks TLS, write https"
        }
        // Nothing of an answer came.
        "interrupted" if is_plain && !says(&["body", "message length"]) => {
            format!("if the server speaks TLS, write https in {setting}; else {remedy}")
        }
        _ => remedy,
    };
    Some(Finding::problem(kind, symptom, cause, remedy))
}

/// What to do where the request may have arrived.
fn arrived(facts: &Facts<'_>) -> &'static str {
    match facts.report.asked.as_str() {
        "exchange" => {
            "let the user authorize again: the request may have arrived, and its code with it"
        }
        "refresh" => {
            "try again with the same refresh token: the request may have arrived, and a provider that \
             gives a new one each time often takes the old one for a short while; if it is refused, let \
             the user authorize again"
        }
        _ => "try again: nothing is used up by asking",
    }
}
