//! The way to the provider: whether it is reached, and trusted.

use std::collections::BTreeSet;

use super::super::curl::Way;
use super::super::finding::{FindingKind, Severity};
use super::Case;

pub(super) fn look(case: &mut Case<'_>, ways: BTreeSet<Way>) {
    let is_https = case.theirs.url.scheme() == "https";
    let goes_past = ways.contains(&Way::NoProxy);
    for way in ways {
        match way {
            // Over http nobody is checked.
            Way::AnyServer | Way::Authority if !is_https => {}
            Way::Proxy if goes_past => {}
            way => {
                let (kind, symptom, cause, remedy) = told(way);
                case.find(Severity::Risk, kind, symptom, cause, remedy);
            }
        }
    }
}

/// What it is about; the symptom, the cause and the remedy.
fn told(way: Way) -> (FindingKind, &'static str, &'static str, &'static str) {
    match way {
        Way::Certificate => (
            FindingKind::Certificate,
            "curl shows a client certificate (--cert); ours does so if its transport does",
            "the provider may know the client by it (mutual TLS, RFC 8705)",
            ".transport(..) with a `ReqwestTransport::from_builder` that was given the certificate, by \
             `identity`",
        ),
        Way::AnyServer => (
            FindingKind::Tls,
            "curl takes whatever certificate the server has (-k); ours wants one that is trusted",
            "where it is not, ours fails before it sends anything; and with -k nobody knows who \
             gets the secret",
            "run curl without -k: if that works, leave it out; if not, never switch the check off, \
             but give ours the CA: .transport(..) with a `ReqwestTransport::from_builder` that was \
             given it, by `tls_certs_merge`",
        ),
        Way::Authority => (
            FindingKind::Tls,
            "curl is told which CA to trust (--cacert); ours trusts it if its transport does",
            "the server's certificate may come from a CA that is not trusted everywhere",
            ".transport(..) with a `ReqwestTransport::from_builder` that was given the CA, by \
             `tls_certs_merge`",
        ),
        Way::Proxy => (
            FindingKind::Network,
            "curl goes through the proxy that it is given (-x); ours does so if its transport does",
            "the provider may be out of reach without it, or let in nobody else",
            "set HTTPS_PROXY, which the default transport reads; or .transport(..) with a \
             `ReqwestTransport::from_builder` that was given the proxy, by `proxy` (for SOCKS with \
             reqwest's feature `socks`)",
        ),
        Way::NoProxy => (
            FindingKind::Network,
            "curl goes past each proxy; ours goes through the one of the environment, if there is one",
            "the proxy may not let the request through, or change it",
            "name the host in NO_PROXY, which the default transport reads; or .transport(..) with a \
             `ReqwestTransport::from_builder` that was given `no_proxy`",
        ),
        Way::Address => (
            FindingKind::Network,
            "curl is told where the host is (--resolve, --connect-to or a DNS server); ours looks \
             its name up as usual",
            "the name may lead elsewhere, or nowhere, for who is not told",
            "run curl without it: if that works, leave it out; if not: .transport(..) with a \
             `ReqwestTransport::from_builder` that was given the address, by `resolve`",
        ),
        Way::Socket => (
            FindingKind::Network,
            "curl talks to a socket of this machine (--unix-socket), and ours to the network",
            "what answers there need not be what the host's name leads to",
            ".transport(..) with a `ReqwestTransport::from_builder` that was given the socket, by \
             `unix_socket`",
        ),
    }
}
