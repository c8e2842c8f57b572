//! Answers that never came.

use std::error::Error as StdError;
use std::fmt;

use token_exchanger::doctor::{Finding, FindingKind};
use token_exchanger::{AuthorizationCode, Token, TransportError, TransportErrorKind};

use crate::{PLAIN, client, of_error, only};

/// An error with all that it comes from.
#[derive(Debug)]
struct Chain(&'static str, Option<Box<Self>>);

impl Chain {
    fn new(texts: &[&'static str]) -> Option<Box<Self>> {
        let (first, rest) = texts.split_first()?;
        Some(Box::new(Self(first, Self::new(rest))))
    }
}

impl fmt::Display for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl StdError for Chain {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.1.as_ref().map(|it| &**it as _)
    }
}

fn unanswered(kind: TransportErrorKind, texts: &[&'static str]) -> Vec<Finding> {
    let exchanger = client(PLAIN).build().unwrap();
    let error = exchanger
        .exchange(AuthorizationCode::unchecked("PLANTED"))
        .send_blocking(|_| Err(TransportError::new(kind, Chain::new(texts).expect("an error"))))
        .unwrap_err();
    of_error(&error)
}

#[test]
fn a_refresh_without_an_answer_gets_no_advice_for_codes() {
    let exchanger = client(PLAIN).build().unwrap();
    let token = Token::bearer("PLANTED").with_refresh_token("PLANTED-refresh");
    for kind in [TransportErrorKind::Interrupted, TransportErrorKind::Timeout] {
        let call = exchanger.refresh(&token).unwrap();
        let error = call.send_blocking(|_| Err(TransportError::new(kind, "gone"))).unwrap_err();
        let finding = only(of_error(&error), FindingKind::Network, "the same refresh token");
        assert!(!finding.remedy.contains("code"), "{finding}");
    }
}

#[test]
fn each_way_to_get_no_answer_has_its_one_cause() {
    let connect = TransportErrorKind::Connect;
    let (network, tls) = (FindingKind::Network, FindingKind::Tls);
    #[rustfmt::skip]
    let rows: &[(TransportErrorKind, &[&str], FindingKind, &str)] = &[
        (connect, &["client error (Connect)", "dns error", "failed to lookup address information: Name or service not known"], network, "letter by letter"),
        (connect, &["nodename nor servname provided, or not known"], network, "letter by letter"),
        (connect, &["lookup as.example: no such host"], network, "letter by letter"),
        (connect, &["client error (Connect)", "tcp connect error", "Connection refused (os error 111)"], network, "host and port in token_url"),
        (connect, &["error sending request for url (https://ssl.dns-proxy.example/token)", "Connection refused (os error 111)"], network, "host and port in token_url"),
        (connect, &["No route to host (os error 113)"], network, "host and port in token_url"),
        (connect, &["client error (Connect)", "invalid peer certificate: UnknownIssuer"], tls, "ReqwestTransport::from_builder"),
        (connect, &["invalid peer certificate: certificate expired: verification time 1 (UNIX)"], tls, "check the host in token_url"),
        (connect, &["invalid peer certificate: certificate not valid for name \"as.example\""], tls, "check the host in token_url"),
        (connect, &["invalid peer certificate: Other(OtherError(CaUsedAsEndEntity))"], tls, "CA:FALSE"),
        (connect, &["received corrupt message of type InvalidContentType"], tls, "check the host in token_url"),
        (connect, &["tunnel error: unsuccessful"], network, "HTTPS_PROXY"),
        (connect, &["proxy authentication required"], network, "HTTPS_PROXY"),
        (TransportErrorKind::Timeout, &["operation timed out"], network, "raise time_limit"),
        (TransportErrorKind::Interrupted, &["connection reset by peer (os error 104)"], network, "authorize again"),
        (TransportErrorKind::TooLarge, &["the body is larger than 1 MiB"], FindingKind::Url, "check token_url"),
    ];
    for (kind, texts, found, remedy) in rows {
        eprintln!("{texts:?}");
        let finding = only(unanswered(*kind, texts), *found, remedy);
        assert!(finding.symptom.contains(texts[texts.len() - 1]), "{finding}");
    }
}

#[cfg(feature = "reqwest")]
mod over_loopback {
    use std::net::TcpListener;

    use token_exchanger::{Flavor, ReqwestTransport, TokenExchanger};

    use super::*;
    use crate::ID;

    async fn ask(url: &str) -> Vec<Finding> {
        let exchanger = TokenExchanger::builder(ID, url)
            .client_secret(PLAIN)
            .flavors([Flavor::BASIC_FORM])
            .transport(ReqwestTransport::new().expect("a transport"))
            .build()
            .expect("a configuration");
        of_error(&exchanger.exchange(AuthorizationCode::unchecked("PLANTED")).await.unwrap_err())
    }

    /// A port at which nobody listens any more.
    fn closed() -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        listener.local_addr().expect("an address").port()
    }

    #[tokio::test]
    async fn a_refused_port_is_told() {
        let findings = ask(&format!("http://127.0.0.1:{}/token", closed())).await;
        only(findings, FindingKind::Network, "check host and port in token_url");
    }

    #[tokio::test]
    async fn a_connection_that_breaks_off_is_told() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let server = std::thread::spawn(move || {
            use std::io::{Read as _, Write as _};
            let (mut stream, _) = listener.accept().expect("a connection");
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{\"acc");
        });
        let findings = ask(&format!("http://127.0.0.1:{port}/token")).await;
        only(findings, FindingKind::Network, "authorize again");
        server.join().expect("a server");
    }

    #[cfg(feature = "rustls")]
    #[tokio::test]
    async fn https_to_a_port_that_speaks_none_is_told() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let server = std::thread::spawn(move || {
            use std::io::{Read as _, Write as _};
            let (mut stream, _) = listener.accept().expect("a connection");
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
        });
        let findings = ask(&format!("https://127.0.0.1:{port}/token")).await;
        only(findings, FindingKind::Tls, "check the host in token_url");
        server.join().expect("a server");
    }
}
