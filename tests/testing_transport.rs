//! The contract of a transport: ours keeps it, and each that breaks a rule is told which.

use std::collections::HashSet;
use std::io::{ErrorKind, Read as _};
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use http::StatusCode;
use token_exchanger::testing::{Breach, check_transport};
use token_exchanger::{
    Deadline, HttpRequest, HttpResponse, Transport, TransportError, TransportErrorKind, body_limit,
    from_fn,
};

#[cfg(feature = "reqwest")]
#[tokio::test]
async fn our_own_transport_keeps_the_contract() {
    use token_exchanger::ReqwestTransport;
    check_transport(&ReqwestTransport::new().unwrap()).await.unwrap();
    let client = reqwest::Client::builder().no_proxy();
    check_transport(&ReqwestTransport::from_builder(client).unwrap()).await.unwrap();
}

#[cfg(feature = "reqwest")]
#[tokio::test(flavor = "multi_thread")]
async fn our_own_transport_keeps_the_contract_on_many_threads() {
    let transport = token_exchanger::ReqwestTransport::new().unwrap();
    check_transport(&transport).await.unwrap();
}

#[tokio::test]
async fn a_transport_that_keeps_every_rule_by_hand_is_found_to() {
    assert_eq!(breaches(Careful::default()).await, []);
}

#[tokio::test]
async fn a_blocking_client_can_keep_the_contract_too() {
    let agent: ureq::Agent =
        ureq::Agent::config_builder().max_redirects(0).http_status_as_error(false).build().into();
    let blocking = from_fn(async |request| blocking(&agent, request));
    assert_eq!(breaches(blocking).await, []);
}

#[tokio::test]
async fn a_client_that_follows_redirects_is_told_so() {
    let client = || reqwest::Client::builder().no_proxy().redirect(Default::default());
    let breaches = breaches(Careful { client: client().build().unwrap(), ..keeping() }).await;
    let followed = [301, 302, 303, 307, 308]
        .map(|status| Breach::RedirectFollowed(StatusCode::from_u16(status).unwrap()));
    assert_eq!(breaches, followed);
}

#[tokio::test]
async fn a_client_that_keeps_cookies_is_told_so() {
    let client = client().cookie_store(true).build().unwrap();
    assert_eq!(breaches(Careful { client, ..keeping() }).await, [Breach::CookieKept]);
}

#[tokio::test]
async fn a_client_that_reads_without_end_is_told_so() {
    let expected = [
        Breach::Misnamed { expected: TransportErrorKind::TooLarge, told: None },
        Breach::Unbounded(StatusCode::OK),
        Breach::Unbounded(StatusCode::BAD_REQUEST),
    ];
    let found = breaches(Careful { limit: |_| usize::MAX, ..keeping() }).await;
    assert!(found.contains(&expected[1]) && found.contains(&expected[2]), "{found:?}");
    assert!(found.iter().all(|breach| expected.contains(breach)), "{found:?}");
}

#[tokio::test]
async fn a_client_that_cuts_a_token_off_is_told_so() {
    let found = breaches(Careful { too_large: false, ..keeping() }).await;
    assert_eq!(found, [Breach::Misnamed { expected: TransportErrorKind::TooLarge, told: None }]);
}

#[tokio::test]
async fn a_client_that_has_one_word_for_all_errors_is_told_so() {
    let found = breaches(Careful { name: |_| TransportErrorKind::Interrupted, ..keeping() }).await;
    let misnamed =
        |expected| Breach::Misnamed { expected, told: Some(TransportErrorKind::Interrupted) };
    assert_eq!(
        found,
        [misnamed(TransportErrorKind::Connect), misnamed(TransportErrorKind::Timeout)]
    );
}

#[tokio::test]
async fn a_client_that_never_looks_at_its_deadline_is_told_so() {
    let found = breaches(Careful { keeps_deadline: false, ..keeping() }).await;
    assert_eq!(found, [Breach::DeadlineIgnored]);
}

#[tokio::test]
async fn a_client_that_takes_statuses_for_errors_is_told_so() {
    let strict = over(|answer| match answer {
        Ok(answer) if answer.status().is_client_error() || answer.status().is_server_error() => {
            Err(TransportError::new(TransportErrorKind::Interrupted, "a bad status"))
        }
        other => other,
    });
    let found = breaches(strict).await;
    for status in [StatusCode::BAD_REQUEST, StatusCode::INTERNAL_SERVER_ERROR] {
        assert!(found.contains(&Breach::StatusAsError(status)), "{found:?}");
    }
}

#[tokio::test]
async fn a_client_that_resends_what_was_lost_is_told_so() {
    let inner = Arc::new(keeping());
    let resending = from_fn(move |request: HttpRequest| {
        let inner = Arc::clone(&inner);
        async move {
            match inner.send(request.clone()).await {
                Err(error) if error.kind() == TransportErrorKind::Interrupted => {
                    inner.send(request).await
                }
                other => other,
            }
        }
    });
    assert_eq!(breaches(resending).await, [Breach::SentTwice]);
}

#[tokio::test]
async fn a_client_that_resends_what_was_lost_on_a_reused_connection_alone_is_told_so() {
    let inner = Arc::new((keeping(), Mutex::new(HashSet::new())));
    let resending = from_fn(move |request: HttpRequest| {
        let inner = Arc::clone(&inner);
        async move {
            let (inner, known) = &*inner;
            let reused = !known.lock().unwrap().insert(request.uri().authority().cloned());
            match inner.send(request.clone()).await {
                Err(error) if reused && error.kind() == TransportErrorKind::Interrupted => {
                    inner.send(request).await
                }
                other => other,
            }
        }
    });
    assert_eq!(breaches(resending).await, [Breach::SentTwice]);
}

#[tokio::test]
async fn a_client_that_takes_a_part_for_the_whole_is_told_so() {
    let found = breaches(Careful { takes_a_part: true, ..keeping() }).await;
    assert_eq!(found, [Breach::Misnamed { expected: TransportErrorKind::Interrupted, told: None }]);
}

#[tokio::test]
async fn a_client_that_retries_a_busy_server_is_told_so() {
    let inner = Arc::new(keeping());
    let retrying = from_fn(move |request: HttpRequest| {
        let inner = Arc::clone(&inner);
        async move {
            match inner.send(request.clone()).await {
                Ok(answer) if answer.status() == 503 => inner.send(request).await,
                other => other,
            }
        }
    });
    assert_eq!(breaches(retrying).await, [Breach::SentTwice]);
}

#[tokio::test]
async fn a_client_that_changes_the_request_is_told_what_it_changed() {
    type Change = fn(&mut HttpRequest);
    let changes: [(Change, Breach); 5] = [
        (|it| *it.method_mut() = http::Method::PUT, Breach::MethodChanged),
        (
            |it| {
                let uri = it.uri().to_string().replace("%2Fb/token/", "/b/token");
                *it.uri_mut() = uri.parse().unwrap();
            },
            Breach::TargetChanged,
        ),
        (
            |it| {
                let form = "application/x-www-form-urlencoded; charset=utf-8";
                it.headers_mut().insert("content-type", form.parse().unwrap());
            },
            Breach::HeaderChanged("content-type".into()),
        ),
        (
            |it| drop(it.headers_mut().remove("authorization")),
            Breach::HeaderChanged("authorization".into()),
        ),
        (|it| it.body_mut().push(b'\n'), Breach::BodyChanged),
    ];
    for (change, breach) in changes {
        let inner = Arc::new(keeping());
        let changing = from_fn(move |mut request: HttpRequest| {
            let inner = Arc::clone(&inner);
            change(&mut request);
            async move { inner.send(request).await }
        });
        assert_eq!(breaches(changing).await, [breach]);
    }
}

#[tokio::test]
async fn a_client_that_changes_the_answer_is_told_so() {
    let changing = over(|answer| answer.map(|answer| answer.map(|body| body.to_ascii_uppercase())));
    assert_eq!(breaches(changing).await, [Breach::AnswerChanged]);
}

#[tokio::test]
async fn a_transport_that_sends_nothing_is_told_so() {
    let nowhere = from_fn(async |_| Err(TransportError::new(TransportErrorKind::Connect, "no")));
    let found = breaches(nowhere).await;
    assert!(found.contains(&Breach::StatusAsError(StatusCode::OK)), "{found:?}");
}

#[test]
fn each_breach_says_in_a_line_what_was_broken() {
    let breaches = [
        (Breach::SentTwice, "a request was sent twice"),
        (Breach::RedirectFollowed(StatusCode::FOUND), "a 302 was followed"),
        (Breach::Unbounded(StatusCode::OK), "a body of a 200 was read past its limit"),
        (
            Breach::Misnamed {
                expected: TransportErrorKind::Connect,
                told: Some(TransportErrorKind::Interrupted),
            },
            "an error was interrupted and should have been connect",
        ),
    ];
    for (breach, line) in breaches {
        assert_eq!(breach.to_string(), line);
    }
}

async fn breaches(transport: impl Transport) -> Vec<Breach> {
    check_transport(&transport).await.err().unwrap_or_default()
}

/// A transport over reqwest written by hand, which keeps every rule but those that a test lifts.
struct Careful {
    client: reqwest::Client,
    limit: fn(StatusCode) -> usize,
    too_large: bool,
    keeps_deadline: bool,
    takes_a_part: bool,
    name: fn(TransportErrorKind) -> TransportErrorKind,
}

fn client() -> reqwest::ClientBuilder {
    reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none())
}

fn keeping() -> Careful {
    Careful::default()
}

impl Default for Careful {
    fn default() -> Self {
        let client = client().retry(reqwest::retry::never()).build().unwrap();
        Self {
            client,
            limit: body_limit,
            too_large: true,
            keeps_deadline: true,
            takes_a_part: false,
            name: |it| it,
        }
    }
}

impl Careful {
    async fn answer(&self, request: HttpRequest) -> Result<HttpResponse, TransportError> {
        let deadline = request.extensions().get::<Deadline>().copied();
        let mut request = reqwest::Request::try_from(request).unwrap();
        if let Some(deadline) = deadline.filter(|_| self.keeps_deadline) {
            *request.timeout_mut() = Some(deadline.left(SystemTime::now()));
        }
        let failed = |error: reqwest::Error| {
            let kind = match () {
                () if error.is_connect() => TransportErrorKind::Connect,
                () if error.is_timeout() => TransportErrorKind::Timeout,
                () => TransportErrorKind::Interrupted,
            };
            TransportError::new((self.name)(kind), error)
        };
        let mut answer = self.client.execute(request).await.map_err(failed)?;
        let (status, limit) = (answer.status(), (self.limit)(answer.status()));
        let mut body = Vec::new();
        loop {
            let chunk = match answer.chunk().await {
                Err(error) if self.takes_a_part && !error.is_timeout() => break,
                chunk => chunk.map_err(failed)?,
            };
            let Some(chunk) = chunk else { break };
            body.extend_from_slice(&chunk);
            if body.len() > limit && status.is_success() && self.too_large {
                return Err(TransportError::new(TransportErrorKind::TooLarge, "too large"));
            }
            if body.len() > limit {
                body.truncate(limit);
                break;
            }
        }
        let mut whole = HttpResponse::new(body);
        *whole.status_mut() = status;
        *whole.headers_mut() = answer.headers().clone();
        Ok(whole)
    }
}

impl Transport for Careful {
    fn send(&self, request: HttpRequest) -> token_exchanger::Sending<'_> {
        Box::pin(self.answer(request))
    }
}

fn blocking(agent: &ureq::Agent, request: HttpRequest) -> Result<HttpResponse, TransportError> {
    let failed = |error: ureq::Error| {
        let kind = match &error {
            ureq::Error::Io(error) if error.kind() == ErrorKind::ConnectionRefused => {
                TransportErrorKind::Connect
            }
            ureq::Error::Timeout(_) => TransportErrorKind::Timeout,
            _ => TransportErrorKind::Interrupted,
        };
        TransportError::new(kind, error)
    };
    let deadline = request.extensions().get::<Deadline>();
    let limit = deadline.map(|deadline| deadline.left(SystemTime::now()));
    let request = agent.configure_request(request).timeout_global(limit).build();
    let mut answer = agent.run(request).map_err(failed)?;
    let (status, limit) = (answer.status(), body_limit(answer.status()));
    let mut body = Vec::new();
    let mut reader = answer.body_mut().as_reader().take(limit as u64 + 1);
    reader.read_to_end(&mut body).map_err(|error| failed(error.into()))?;
    if status.is_success() && body.len() > limit {
        return Err(TransportError::new(TransportErrorKind::TooLarge, "too large"));
    }
    body.truncate(limit);
    Ok(answer.map(|_| body))
}

/// A transport that makes something else of what comes back.
fn over(
    change: fn(Result<HttpResponse, TransportError>) -> Result<HttpResponse, TransportError>,
) -> impl Transport {
    let inner = Arc::new(keeping());
    from_fn(move |request| {
        let inner = Arc::clone(&inner);
        async move { change(inner.send(request).await) }
    })
}
