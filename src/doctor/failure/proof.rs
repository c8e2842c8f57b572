//! The server wants a proof that no flavor writes.

use super::super::facts::Facts;
use super::super::finding::{Finding, FindingKind};

pub(super) fn wanted(facts: &Facts<'_>) -> Option<Finding> {
    let is_refused = matches!(facts.status(), 400..=499);
    let wants_signature = facts.says(&["client assertion"])
        && !facts.says(&["client secret", "public"])
        && (facts.says_missing() || facts.says(&["invalid"]));
    // A challenge may offer it beside other schemes.
    let speaks_of_dpop = |text: &str| text.to_ascii_lowercase().contains("dpop");
    let wants_dpop =
        speaks_of_dpop(facts.code()) || facts.own_words().is_some_and(|it| speaks_of_dpop(&it));
    let (kind, cause, remedy) = if wants_dpop {
        (
            FindingKind::TokenType,
            "the provider wants DPoP (RFC 9449): each request proves that the client holds a key",
            "switch DPoP off for this client in the provider's console, or add the proof by a \
             transport of your own, as examples/signing_transport.rs does; the API wants one too",
        )
    } else if facts.says(&["mutual tls", "mtls", "client certificate", "tls client auth"]) {
        (
            FindingKind::Certificate,
            "the client is registered to show a certificate of its own (RFC 8705)",
            "give the transport the certificate: ReqwestTransport::from_builder, with reqwest's \
             identity; or register the client with a secret",
        )
    } else if wants_signature {
        (
            FindingKind::Flavor,
            "the client is registered to sign, by private_key_jwt or client_secret_jwt (RFC 7523), \
             and no flavor does",
            "register the client with a secret, or sign in a transport of your own, as \
             examples/signing_transport.rs does",
        )
    } else {
        return None;
    };
    is_refused.then(|| Finding::problem(kind, facts.seen(), cause, remedy))
}
