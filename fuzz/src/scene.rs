//! Answers and clients, written so that a person can read and write them.

use std::error::Error;
use std::fmt;
use std::time::{Duration, SystemTime};

use http::{HeaderName, HeaderValue, StatusCode};
use token_exchanger::{
    AuthorizationCode, Call, CodeVerifier, HttpResponse, Issued, Policy, TokenExchanger,
    TransportError, TransportErrorKind, from_fn,
};

/// A secret that every way of writing changes: reserved characters, and some beyond ASCII. What
/// stands after the first 24 bytes is left alone by all.
pub(crate) const RESERVED_SECRET: &str = "S3CRET q7\"w/+:=&%\\é~-.KxNvB2mRtYpLzGhJdWcQ8sFa";
pub(crate) const PLAIN_SECRET: &str = "pl4in-S3CRET_w8ZkVtQ3nXrB6yHfLsDgJm5c";
pub(crate) const CODE: &str = "C0DE-4/0AbCd+Ef==Gh5TuVwXyZ1kLmNoPqRs";
pub(crate) const VERIFIER: &str = "V3RIFIER-dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOE";
pub(crate) const PARAM: &str = "P4RAM.eyJhbGciOiJIUzI1NiJ9.Jx7KqWmZtVbNcRfTgYhUj";

/// One answer, as a text of a head, an empty line and a body.
///
/// The head is a status and headers, one in a line, or the kind of a transport error, and the
/// body then its chain of sources, one in a line.
pub(crate) struct Answer {
    pub(crate) end: Result<StatusCode, TransportErrorKind>,
    pub(crate) headers: Vec<(HeaderName, Vec<u8>)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn read(text: &[u8]) -> Self {
        let (head, body) = split(text, b"\n\n").unwrap_or((text, b""));
        let mut lines = head.split(|&byte| byte == b'\n');
        let headers = lines.clone().skip(1).filter_map(|line| {
            let (name, value) = split(line, b":")?;
            Some((HeaderName::from_bytes(name).ok()?, value.trim_ascii().to_vec()))
        });
        let end = match lines.next().unwrap_or_default() {
            b"connect" => Err(TransportErrorKind::Connect),
            b"timeout" => Err(TransportErrorKind::Timeout),
            b"interrupted" => Err(TransportErrorKind::Interrupted),
            b"too_large" => Err(TransportErrorKind::TooLarge),
            b"unplugged" => Err(TransportErrorKind::Unplugged),
            status => Ok(StatusCode::from_bytes(status).unwrap_or(StatusCode::OK)),
        };
        Self { end, headers: headers.take(16).collect(), body: body.to_vec() }
    }

    pub(crate) fn give(&self) -> Result<HttpResponse, TransportError> {
        let status = match self.end {
            Ok(status) => status,
            Err(kind) => return Err(TransportError::new(kind, Link::chain(&self.body))),
        };
        let mut response = HttpResponse::new(self.body.clone());
        *response.status_mut() = status;
        for (name, value) in &self.headers {
            if let Ok(value) = HeaderValue::from_bytes(value) {
                response.headers_mut().append(name, value);
            }
        }
        Ok(response)
    }

    pub(crate) fn is_success(&self) -> bool {
        self.end.is_ok_and(|status| status.is_success())
    }

    /// The values of a header that is well-formed.
    pub(crate) fn header(&self, name: &str) -> Vec<&str> {
        let named = self.headers.iter().filter(|(known, _)| known == name);
        let valid = named.filter(|(_, value)| HeaderValue::from_bytes(value).is_ok());
        valid.filter_map(|(_, value)| std::str::from_utf8(value).ok()).collect()
    }
}

/// A call and the answers that it gets: a first line of words that say how it is asked, then
/// the answers, each after a line `---`. The last is given for ever.
pub(crate) struct Scene {
    pub(crate) policy: Policy,
    pub(crate) client: Client,
    pub(crate) max_attempts: Option<usize>,
    /// How long each answer takes.
    pub(crate) pace: Duration,
    answers: Vec<Answer>,
}

#[derive(Clone, Copy, Eq, PartialEq)]
pub(crate) enum Client {
    Reserved,
    Plain,
    Public,
}

impl Scene {
    pub(crate) fn read(text: &[u8]) -> Self {
        let (head, mut rest) = split(text, b"\n---\n").unwrap_or((text, b""));
        let mut scene = Self {
            policy: Policy::Exhaustive,
            client: Client::Plain,
            max_attempts: None,
            pace: Duration::from_millis(12),
            answers: Vec::new(),
        };
        for word in head.split(|&byte| byte == b' ' || byte == b'\n') {
            match word {
                b"careful" => scene.policy = Policy::Careful,
                b"reserved" => scene.client = Client::Reserved,
                b"public" => scene.client = Client::Public,
                b"once" => scene.max_attempts = Some(1),
                b"thrice" => scene.max_attempts = Some(3),
                b"slow" => scene.pace = Duration::from_secs(12),
                _ => {}
            }
        }
        while let Some((answer, next)) = split(rest, b"\n---\n") {
            scene.answers.push(Answer::read(answer));
            rest = next;
        }
        scene.answers.push(Answer::read(rest));
        scene
    }

    pub(crate) fn answer(&self, turn: usize) -> &Answer {
        &self.answers[turn.min(self.answers.len() - 1)]
    }

    pub(crate) fn exchanger(&self) -> TokenExchanger {
        let builder = TokenExchanger::builder("my-client-id", "https://as.example/token?v=2")
            .redirect_uri("https://my.example/callback")
            .scopes(["read", "write"])
            .policy(self.policy)
            .transport(from_fn(async |_| unreachable!("these calls are turned by hand")));
        let builder = match self.client.secret() {
            Some(secret) => builder.client_secret(secret),
            None => builder,
        };
        let builder = match self.max_attempts {
            Some(most) => builder.max_attempts(most),
            None => builder,
        };
        builder.build().expect("a configuration")
    }
}

impl Client {
    pub(crate) fn secret(self) -> Option<&'static str> {
        match self {
            Self::Reserved => Some(RESERVED_SECRET),
            Self::Plain => Some(PLAIN_SECRET),
            Self::Public => None,
        }
    }
}

pub(crate) fn call(exchanger: &TokenExchanger) -> Call<Issued> {
    let verifier = CodeVerifier::parse(VERIFIER).expect("a verifier");
    let code = AuthorizationCode::unchecked(CODE).verifier(verifier);
    exchanger.exchange(code).param("client_assertion", PARAM)
}

/// When the first request is sent.
pub(crate) fn start() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000)
}

pub(crate) fn split<'a>(text: &'a [u8], mark: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let at = text.windows(mark.len()).position(|window| window == mark)?;
    Some((&text[..at], &text[at + mark.len()..]))
}

/// An error of some transport. After `debug:` it holds what only its `Debug` shows.
#[derive(Debug)]
struct Link {
    text: String,
    source: Option<Box<Self>>,
}

impl Link {
    fn chain(text: &[u8]) -> Self {
        let text = String::from_utf8_lossy(text);
        let links = text.split('\n').take(8).collect::<Vec<_>>();
        let link = |source, text: &&str| Some(Box::new(Self { text: (*text).into(), source }));
        let chain = links.iter().rev().fold(None, link);
        chain.map_or_else(|| Self { text: String::new(), source: None }, |first| *first)
    }
}

impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.text.starts_with("debug:") { "failed" } else { &self.text })
    }
}

impl Error for Link {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}
