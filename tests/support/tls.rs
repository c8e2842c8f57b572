//! Certificates for the servers of the tests, good and bad, and who vouches for them.

#![allow(dead_code, reason = "each test file uses a part")]

use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, KeyUsagePurpose,
    date_time_ymd,
};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs::default_provider;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// Whom the client trusts.
pub(crate) struct Authority(CertifiedIssuer<'static, KeyPair>);

/// What a server shows to a client that asks for a host.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Shown {
    Good,
    Expired,
    NotYetValid,
    WrongName,
    SelfSigned,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let key = KeyPair::generate().expect("a key");
        Self(CertifiedIssuer::self_signed(params, key).expect("a root certificate"))
    }

    pub(crate) fn root(&self) -> reqwest::Certificate {
        reqwest::Certificate::from_der(self.0.der()).expect("a root certificate")
    }

    /// The server's side of TLS for this host, speaking one of these protocols after it.
    pub(crate) fn acceptor(&self, host: &str, shown: Shown, protocols: &[&str]) -> TlsAcceptor {
        let name = if let Shown::WrongName = shown { "other.example" } else { host };
        let mut params = CertificateParams::new([name.to_owned()]).expect("a host");
        match shown {
            Shown::Expired => {
                params.not_before = date_time_ymd(2001, 1, 1);
                params.not_after = date_time_ymd(2002, 1, 1);
            }
            Shown::NotYetValid => params.not_before = date_time_ymd(2999, 1, 1),
            Shown::Good | Shown::WrongName | Shown::SelfSigned => {}
        }
        let key = KeyPair::generate().expect("a key");
        let certificate = match shown {
            Shown::SelfSigned => params.self_signed(&key),
            _ => params.signed_by(&key, &self.0),
        };
        let chain = vec![CertificateDer::from(certificate.expect("a certificate"))];
        let key = PrivateKeyDer::try_from(key.serialize_der()).expect("a key");
        let mut config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .and_then(|config| config.with_no_client_auth().with_single_cert(chain, key))
            .expect("a configuration");
        config.alpn_protocols = protocols.iter().map(|it| it.as_bytes().to_vec()).collect();
        TlsAcceptor::from(Arc::new(config))
    }
}
