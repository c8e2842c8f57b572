//! The contract of a transport, as a check that any of them can be run through.

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::time::{Duration, SystemTime};

use http::header::{AUTHORIZATION, CONTENT_TYPE, COOKIE, HeaderValue};
use http::{Method, StatusCode};

use self::wire::{Act, Seen, Wire, answer};
use crate::transport::{
    Deadline, HttpRequest, HttpResponse, Transport, TransportError, TransportErrorKind, body_limit,
};

mod wire;

/// A rule of [`Transport`] that one has broken. `Display` says it in a line.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Breach {
    /// The request arrived with another method.
    MethodChanged,
    /// The request arrived with another path or query.
    TargetChanged,
    /// This header of the request arrived with another value, twice or not at all.
    HeaderChanged(String),
    /// The request arrived with another body.
    BodyChanged,
    /// The answer came back with another status, body or header than the server gave it.
    AnswerChanged,
    /// An answer of this status came back as an error.
    StatusAsError(StatusCode),
    /// A redirect of this status was followed, or not given back.
    RedirectFollowed(StatusCode),
    /// A cookie that one answer set came with the next request.
    CookieKept,
    /// A request was sent again that the server had read.
    SentTwice,
    /// An endless body of this status was read on past [`body_limit`], or handed on longer than
    /// that.
    Unbounded(StatusCode),
    /// A request was still under way after its [`Deadline`].
    DeadlineIgnored,
    /// What went wrong was told as something else.
    Misnamed {
        /// What it should have been.
        expected: TransportErrorKind,
        /// What it was told as; `None`: as an answer.
        told: Option<TransportErrorKind>,
    },
    /// The system gave no loopback port to check by.
    NotChecked(io::ErrorKind),
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MethodChanged => f.write_str("the method of a request was changed"),
            Self::TargetChanged => f.write_str("the path or query of a request was changed"),
            Self::HeaderChanged(name) => write!(f, "the header {name} of a request was changed"),
            Self::BodyChanged => f.write_str("the body of a request was changed"),
            Self::AnswerChanged => f.write_str("an answer was changed"),
            Self::StatusAsError(status) => {
                write!(f, "a {} was an error and not an answer", status.as_u16())
            }
            Self::RedirectFollowed(status) => write!(f, "a {} was followed", status.as_u16()),
            Self::CookieKept => f.write_str("a cookie was kept"),
            Self::SentTwice => f.write_str("a request was sent twice"),
            Self::Unbounded(status) => {
                write!(f, "a body of a {} was read past its limit", status.as_u16())
            }
            Self::DeadlineIgnored => f.write_str("a request outlived its deadline"),
            Self::Misnamed { expected, told: Some(told) } => {
                write!(f, "an error was {told} and should have been {expected}")
            }
            Self::Misnamed { expected, told: None } => {
                write!(f, "an answer came where the error {expected} should have")
            }
            Self::NotChecked(kind) => write!(f, "no loopback port was to be had: {kind}"),
        }
    }
}

impl std::error::Error for Breach {}

/// Runs a transport through its contract, against servers on loopback that misbehave: the request
/// arrives as it was written, and once; every status is an answer, and a redirect is one too; no
/// cookies; bodies end at their limit, and calls at their deadline; each way of getting no answer has
/// its right name.
///
/// Takes about a second, and some more for each deadline that is ignored. It needs of a
/// runtime what the transport needs.
///
/// # Errors
///
/// - rules were broken: each is named once
pub async fn check_transport(transport: &dyn Transport) -> Result<(), Vec<Breach>> {
    let mut check = Check { transport, breaches: Vec::new() };
    if let Err(error) = check.all().await {
        check.note(Breach::NotChecked(error.kind()));
    }
    if check.breaches.is_empty() { Ok(()) } else { Err(check.breaches) }
}

struct Check<'a> {
    transport: &'a dyn Transport,
    breaches: Vec<Breach>,
}

impl Check<'_> {
    async fn all(&mut self) -> io::Result<()> {
        self.what_is_sent_arrives().await?;
        self.every_status_is_an_answer().await?;
        self.no_redirect_is_followed().await?;
        self.no_cookie_is_kept().await?;
        self.bodies_are_bounded().await?;
        self.a_refused_connection_is_connect().await?;
        self.a_broken_answer_is_interrupted().await?;
        self.a_reused_connection_that_breaks_is_no_reason_to_resend().await?;
        self.the_deadline_is_kept().await
    }

    async fn what_is_sent_arrives(&mut self) -> io::Result<()> {
        let wire = Wire::start(|_| Act::Send(answer("200 OK", "x-told: as it is\r\n", ANSWER)))?;
        let sent = request(&wire.url(TARGET));
        let got = self.transport.send(sent.clone()).await;
        match got {
            Err(_) => self.note(Breach::StatusAsError(StatusCode::OK)),
            Ok(got) => {
                let told = got.headers().get("x-told").map(HeaderValue::as_bytes);
                let same = got.body() == ANSWER && told == Some(b"as it is");
                self.note_unless(same && got.status() == 200, Breach::AnswerChanged);
            }
        }
        let seen = wire.seen();
        self.note_unless(seen.len() < 2, Breach::SentTwice);
        // Nothing came: that has been noted as an error above, or as another answer.
        if let Some(seen) = seen.first() {
            self.compare(&sent, seen);
        }
        Ok(())
    }

    fn compare(&mut self, sent: &HttpRequest, seen: &Seen) {
        self.note_unless(seen.method() == sent.method().as_str(), Breach::MethodChanged);
        self.note_unless(seen.target() == TARGET, Breach::TargetChanged);
        self.note_unless(&seen.body == sent.body(), Breach::BodyChanged);
        for (name, value) in sent.headers() {
            let same = seen.headers(name.as_str()) == [value.as_bytes()];
            self.note_unless(same, Breach::HeaderChanged(name.to_string()));
        }
    }

    /// Those included that clients like to act on by themselves.
    async fn every_status_is_an_answer(&mut self) -> io::Result<()> {
        for status in ["400", "401", "404", "408", "421", "425", "429", "500", "502", "503"] {
            let line = format!("{status} Whatever");
            let challenge = "retry-after: 0\r\nwww-authenticate: Basic realm=\"token\"\r\n";
            let wire = Wire::start(move |_| Act::Send(answer(&line, challenge, ANSWER)))?;
            let got = self.send(&wire).await;
            match got {
                Ok(got) if got.status().as_str() == status && got.body() == ANSWER => {}
                Ok(_) => self.note(Breach::AnswerChanged),
                Err(_) => {
                    let status = StatusCode::from_bytes(status.as_bytes()).unwrap_or_default();
                    self.note(Breach::StatusAsError(status));
                }
            }
            self.note_unless(wire.seen().len() < 2, Breach::SentTwice);
        }
        Ok(())
    }

    async fn no_redirect_is_followed(&mut self) -> io::Result<()> {
        let other = Wire::start(|_| Act::Send(answer("200 OK", "", ANSWER)))?;
        for (status, elsewhere) in REDIRECTS.into_iter().flat_map(|it| [(it, false), (it, true)]) {
            let location = if elsewhere { other.url("/other") } else { "/other".into() };
            let line = format!("{} Moved", status.as_u16());
            let header = format!("location: {location}\r\n");
            let wire = Wire::start(move |turn| {
                // The second time it would be an answer, so that whoever follows comes to an end.
                if turn == 0 {
                    Act::Send(answer(&line, &header, b""))
                } else {
                    Act::Send(answer("200 OK", "", ANSWER))
                }
            })?;
            let got = self.send(&wire).await;
            let given_back = got.is_ok_and(|got| got.status() == status);
            let followed = wire.seen().len() > 1 || !other.take_seen().is_empty();
            self.note_unless(given_back && !followed, Breach::RedirectFollowed(status));
        }
        Ok(())
    }

    async fn no_cookie_is_kept(&mut self) -> io::Result<()> {
        let wire = Wire::start(|_| Act::Send(answer("200 OK", SET_COOKIE, ANSWER)))?;
        for _ in 0..2 {
            // What comes of it has been looked at already.
            let _ = self.send(&wire).await;
        }
        let kept = wire.seen().iter().any(|seen| !seen.headers(COOKIE.as_str()).is_empty());
        self.note_unless(!kept, Breach::CookieKept);
        Ok(())
    }

    async fn bodies_are_bounded(&mut self) -> io::Result<()> {
        for (status, line) in [(StatusCode::OK, "200 OK"), (StatusCode::BAD_REQUEST, "400 Bad")] {
            let wire = Wire::start(move |_| Act::Flood(line))?;
            let got = self.send(&wire).await;
            let limit = body_limit(status);
            match got {
                Ok(got) if got.body().len() > limit => self.note(Breach::Unbounded(status)),
                Ok(_) if status.is_success() => self.misnamed(TransportErrorKind::TooLarge, None),
                Err(error) if error.kind() != TransportErrorKind::TooLarge => {
                    self.misnamed(TransportErrorKind::TooLarge, Some(error.kind()));
                }
                // Cut off, or refused.
                Ok(_) | Err(_) => {}
            }
            self.note_unless(!wire.sent_it_all().await, Breach::Unbounded(status));
        }
        Ok(())
    }

    async fn a_refused_connection_is_connect(&mut self) -> io::Result<()> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let url = format!("http://{}{TARGET}", listener.local_addr()?);
        drop(listener);
        let got = self.transport.send(request(&url)).await;
        self.expect(TransportErrorKind::Connect, got);
        Ok(())
    }

    async fn a_broken_answer_is_interrupted(&mut self) -> io::Result<()> {
        for bytes in BROKEN {
            let wire = Wire::start(move |_| Act::Send(bytes.to_vec()))?;
            let got = self.send(&wire).await;
            self.expect(TransportErrorKind::Interrupted, got);
            self.note_unless(wire.seen().len() < 2, Breach::SentTwice);
        }
        Ok(())
    }

    /// Clients like to take a kept connection that closes for one that was closed before.
    async fn a_reused_connection_that_breaks_is_no_reason_to_resend(&mut self) -> io::Result<()> {
        let wire = Wire::start(|turn| match turn {
            0 => Act::Keep(KEPT.to_vec()),
            _ => Act::Send(Vec::new()),
        })?;
        let _ = self.send(&wire).await;
        let got = self.send(&wire).await;
        self.expect(TransportErrorKind::Interrupted, got);
        self.note_unless(wire.seen().len() < 3, Breach::SentTwice);
        Ok(())
    }

    async fn the_deadline_is_kept(&mut self) -> io::Result<()> {
        // Nothing comes, or a beginning.
        for beginning in [&b""[..], b"HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{"] {
            let wire = Wire::start(move |_| Act::Hang(beginning.to_vec()))?;
            let mut late = request(&wire.url(TARGET));
            late.extensions_mut().insert(Deadline(SystemTime::now() + SHORT));
            let got = self.transport.send(late).await;
            if wire.sent_it_all().await {
                self.note(Breach::DeadlineIgnored);
            } else {
                self.expect(TransportErrorKind::Timeout, got);
            }
        }
        Ok(())
    }

    async fn send(&self, wire: &Wire) -> Result<HttpResponse, TransportError> {
        self.transport.send(request(&wire.url(TARGET))).await
    }

    fn expect(&mut self, kind: TransportErrorKind, got: Result<HttpResponse, TransportError>) {
        let told = got.err().map(|error| error.kind());
        if told != Some(kind) {
            self.misnamed(kind, told);
        }
    }

    fn misnamed(&mut self, expected: TransportErrorKind, told: Option<TransportErrorKind>) {
        self.note(Breach::Misnamed { expected, told });
    }

    fn note_unless(&mut self, kept: bool, breach: Breach) {
        if !kept {
            self.note(breach);
        }
    }

    fn note(&mut self, breach: Breach) {
        if !self.breaches.contains(&breach) {
            self.breaches.push(breach);
        }
    }
}

/// Of a kind that a client that means well may want to mend.
fn request(url: &str) -> HttpRequest {
    let mut request = HttpRequest::new(BODY.to_vec());
    *request.method_mut() = Method::POST;
    *request.uri_mut() = url.parse().expect("a loopback URL is a URI");
    let mut credentials = HeaderValue::from_static("Basic aWQ6YStiJTIw");
    credentials.set_sensitive(true);
    let headers = request.headers_mut();
    headers.insert(AUTHORIZATION, credentials);
    let form = HeaderValue::from_static("application/x-www-form-urlencoded");
    headers.insert(CONTENT_TYPE, form);
    headers.insert("accept", HeaderValue::from_static("application/json"));
    headers.insert("x-of-its-own", HeaderValue::from_static("a,b; c=\"d\""));
    request
}

const TARGET: &str = "/a%2Fb/token/?x=1%20%2B&y=+&x=%C3%A9";
const BODY: &[u8] = b"code=a%2Bb%20c+d&\xc3\xa9=\xff\x00\r\n&";
const ANSWER: &[u8] = b"{\"a\":\"\xc3\xa9\"}\r\n";
const SET_COOKIE: &str = "set-cookie: sid=1; Path=/\r\n";
const KEPT: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";
const SHORT: Duration = Duration::from_millis(200);
const REDIRECTS: [StatusCode; 5] = [
    StatusCode::MOVED_PERMANENTLY,
    StatusCode::FOUND,
    StatusCode::SEE_OTHER,
    StatusCode::TEMPORARY_REDIRECT,
    StatusCode::PERMANENT_REDIRECT,
];
const BROKEN: [&[u8]; 4] = [
    b"",
    b"HTTP/1.1 200 OK\r\ncontent-le",
    b"HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{",
    b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\n{",
];
