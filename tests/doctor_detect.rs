//! How the flavor of a provider is learned without a code.

mod support;

use support::{answer, basic, body, client, invalid_client, json, plain, reserved, token};
use token_exchanger::doctor::{Confidence, Detection, Means, detect, detect_blocking};
use token_exchanger::{
    BodyEncoding, ClientAuth, Flavor, HttpRequest, HttpResponse, Policy, TokenExchanger,
    TokenExchangerBuilder, TransportError, TransportErrorKind, from_fn,
};

const SECRET: &str = "s3cr3t/+:=&%";

#[test]
fn client_credentials_tell_the_flavor_that_a_server_takes() {
    for flavor in Flavor::ALL {
        let (detection, seen) = detected(&exchanger(reserved()), Server::granting(flavor));
        assert_eq!(detection.flavor, Some(flavor), "{detection}");
        assert_eq!(detection.by, Some(Means::ClientCredentials));
        assert_eq!(detection.confidence, Confidence::Highest);
        assert!(seen.iter().all(|request| request.uri().path() == "/token"), "{detection}");
        assert_eq!(detection.tried.len(), seen.len());
        assert!(!detection.tried.iter().any(|probe| probe.with_wrong_secret));
    }
}

#[test]
fn a_server_that_takes_the_first_flavor_is_asked_once() {
    let (detection, seen) = detected(&exchanger(reserved()), Server::granting(Flavor::BASIC_FORM));
    assert_eq!((detection.flavor, seen.len()), (Some(Flavor::BASIC_FORM), 1));
}

#[test]
fn where_encoding_changes_nothing_raw_is_not_tried_beside_encoded() {
    let (detection, seen) = detected(
        &exchanger(plain()),
        Server { grants: false, ..Server::granting(Flavor::BODY_FORM) },
    );
    assert_eq!(detection.flavor, Some(Flavor::BODY_FORM), "{detection}");
    let (nothing, all) = detected(&exchanger(plain()), Server::nothing());
    assert_eq!(nothing.flavor, None);
    assert_eq!(all.iter().filter(|it| it.uri().path() == "/token").count(), 4);
    assert!(seen.len() < all.len());

    let raw = exchanger(plain().flavors([Flavor::BASIC_RAW_FORM]));
    let (detection, _) = detected(&raw, Server::granting(Flavor::BASIC_FORM));
    assert_eq!(detection.flavor, Some(Flavor::BASIC_FORM), "the standard's name of the same bytes");
}

#[test]
fn the_remedy_is_what_to_write_in_the_configuration() {
    let (detection, _) = detected(&exchanger(reserved()), Server::granting(Flavor::BASIC_RAW_FORM));
    assert!(detection.remedy.contains(".flavors([Flavor::BASIC_RAW_FORM])"), "{detection}");
    assert!(detection.remedy.contains(".prefer(Flavor::BASIC_RAW_FORM)"), "{detection}");
}

#[test]
fn where_the_grant_is_not_allowed_a_made_up_token_is_revoked() {
    for flavor in Flavor::ALL {
        let server = Server { grants: false, ..Server::granting(flavor) };
        let (detection, seen) = detected(&exchanger(reserved()), server);
        assert_eq!(detection.flavor, Some(flavor), "{detection}");
        assert_eq!(detection.by, Some(Means::Revocation));
        assert_eq!(detection.confidence, Confidence::High);
        let [.., revocation, control] = &seen[..] else { panic!("{detection}") };
        assert_eq!(revocation.uri().path(), "/revoke");
        assert!(body(revocation).contains("made-up-token"));
        assert!(has_secret(revocation, SECRET) && !has_secret(control, SECRET));
        assert_eq!(Flavor::of(control).map(|it| it.encoding), Some(flavor.encoding));
        let last = detection.tried.last().expect("a probe");
        assert!(last.with_wrong_secret && last.attempt.flavor == flavor);
    }
}

#[test]
fn the_flavor_with_which_the_client_was_recognised_is_revoked_with_first() {
    let server = Server { grants: false, ..Server::granting(Flavor::BODY_FORM) };
    let (_, seen) = detected(&exchanger(reserved().policy(Policy::Exhaustive)), server);
    let revocations: Vec<_> = seen.iter().filter(|it| it.uri().path() == "/revoke").collect();
    assert_eq!(revocations.len(), 2, "one, and one with a wrong secret");
}

#[test]
fn a_revocation_endpoint_that_accepts_anything_tells_nothing() {
    let server =
        Server { grants: false, revokes_all: true, ..Server::granting(Flavor::BASIC_FORM) };
    let (detection, _) = detected(&exchanger(reserved()), server);
    assert_eq!((detection.flavor, detection.by), (None, None));
    assert_eq!(detection.confidence, Confidence::None);
    assert!(detection.said.contains("accepts a wrong secret too"), "{detection}");
}

#[test]
fn a_control_that_is_not_answered_leaves_little_confidence() {
    let (detection, seen) = run(&exchanger(reserved()), |request, turn| match turn {
        0 => Ok(json(400, r#"{"error":"unauthorized_client"}"#)),
        1 => Ok(answer(200, &[], "")),
        _ => {
            assert_eq!(request.uri().path(), "/revoke");
            Ok(json(503, ""))
        }
    });
    assert_eq!((detection.flavor, seen.len()), (Some(Flavor::BASIC_FORM), 3));
    assert_eq!(detection.confidence, Confidence::Low);
    assert!(!detection.remedy.contains(".flavors("), "{detection}");
}

#[test]
fn without_a_revocation_url_it_says_that_none_is_configured() {
    let server = Server { grants: false, ..Server::granting(Flavor::BASIC_FORM) };
    let exchanger = reserved().build().unwrap();
    let (detection, seen) = detected(&exchanger, server);
    assert_eq!((detection.flavor, seen.len()), (None, 1));
    assert!(detection.said.contains("no revocation_url is configured"), "{detection}");
    assert!(detection.said.contains("unauthorized_client"), "{detection}");
}

#[test]
fn a_grant_that_does_not_exist_is_not_asked_for_in_each_place_of_the_credentials() {
    let (detection, seen) = run(&exchanger(reserved()), |request, _| {
        Ok(match request.uri().path() {
            "/token" => json(400, r#"{"error":"unsupported_grant_type"}"#),
            _ => invalid_client(),
        })
    });
    let asked: Vec<_> = seen.iter().filter(|it| it.uri().path() == "/token").collect();
    assert_eq!(asked.len(), 2, "a form and JSON");
    assert_eq!(detection.flavor, None);
}

#[test]
fn a_body_that_is_refused_as_such_is_not_sent_again() {
    let (detection, seen) = run(&exchanger(reserved()), |request, _| {
        let flavor = Flavor::of(request).expect("a flavor");
        Ok(match flavor.encoding {
            BodyEncoding::Form => json(415, ""),
            BodyEncoding::Json if flavor == Flavor::BODY_JSON => token(),
            BodyEncoding::Json => invalid_client(),
            _ => unreachable!("there are two"),
        })
    });
    assert_eq!(detection.flavor, Some(Flavor::BODY_JSON));
    assert_eq!(
        support::flavors(&seen),
        [Flavor::BASIC_FORM, Flavor::BASIC_JSON, Flavor::BODY_JSON]
    );
}

#[test]
fn it_stops_where_a_server_asks_to_wait_has_moved_or_is_no_token_endpoint() {
    type Answer = fn() -> HttpResponse;
    let ends: [(Answer, &str); 6] = [
        (|| json(429, ""), "detect again later"),
        (|| json(503, ""), "detect again later"),
        (
            || answer(400, &[("retry-after", "7")], r#"{"error":"temporarily_unavailable"}"#),
            "detect again later",
        ),
        (|| json(404, ""), "compare the URL"),
        (|| answer(308, &[("location", "https://elsewhere.example/")], ""), "compare the URL"),
        (|| answer(200, &[("content-type", "text/html")], "<html>"), "compare the URL"),
    ];
    for (end, remedy) in ends {
        let (detection, seen) = run(&exchanger(reserved()), |_, _| Ok(end()));
        assert_eq!((detection.flavor, seen.len()), (None, 1), "{detection}");
        assert!(detection.said.starts_with("no flavor was found: "), "{detection}");
        assert!(detection.remedy.starts_with("nothing was learned of the client"), "{detection}");
        assert!(detection.remedy.contains(remedy), "{detection}");
    }
}

#[test]
fn it_stops_where_no_answer_comes() {
    let (detection, seen) = run(&exchanger(reserved()), |_, _| {
        Err(TransportError::new(TransportErrorKind::Timeout, "slow"))
    });
    assert_eq!((detection.flavor, seen.len()), (None, 1));
    assert_eq!(detection.tried[0].attempt.outcome, "timeout");
    assert!(detection.remedy.contains("no answer came"), "{detection}");
}

#[test]
fn a_server_that_fails_at_everything_is_not_asked_to_revoke() {
    let (_, seen) = run(&exchanger(reserved()), |_, _| Ok(json(500, "")));
    assert!(seen.iter().all(|it| it.uri().path() == "/token"));
    // Three forms, and of JSON the first.
    assert_eq!(seen.len(), 4);
}

#[test]
fn it_sends_no_more_requests_than_max_attempts() {
    for most in 1..=3 {
        let server = Server { grants: false, ..Server::granting(Flavor::BASIC_FORM) };
        let (detection, seen) = detected(&exchanger(reserved().max_attempts(most)), server);
        assert_eq!(seen.len(), most);
        let expected = [Confidence::None, Confidence::Low, Confidence::High][most - 1];
        assert_eq!(detection.confidence, expected, "{detection}");
    }
}

#[test]
fn a_client_without_a_secret_is_not_asked_about() {
    let public = TokenExchanger::builder("id", "https://as.example/token")
        .transport(from_fn(async |_| unreachable!("nothing is sent")))
        .build()
        .unwrap();
    let (detection, seen) = run(&public, |_, _| unreachable!("nothing is sent"));
    assert_eq!((detection.flavor, seen.len()), (None, 0));
}

#[test]
fn exchanges_go_on_as_before_and_client_credentials_learn() {
    let exchanger = exchanger(reserved());
    let before = exchanger.flavors();
    detected(&exchanger, Server::granting(Flavor::BODY_JSON));
    assert_eq!((exchanger.flavors(), exchanger.learned()), (before, None));
    let request = exchanger.client_credentials().request();
    assert_eq!(Flavor::of(&request), Some(Flavor::BODY_JSON));
}

#[test]
fn a_failed_detection_and_its_wrong_secret_teach_nothing() {
    let exchanger = exchanger(reserved());
    let before = exchanger.flavors();
    detected(&exchanger, Server { grants: false, ..Server::granting(Flavor::BODY_JSON) });
    assert_eq!((exchanger.flavors(), exchanger.learned()), (before, None));
    let request = exchanger.client_credentials().request();
    assert_eq!(Flavor::of(&request), Some(Flavor::BASIC_FORM));
    assert!(has_secret(&request, SECRET));
}

#[test]
fn no_secret_is_in_what_it_tells() {
    for grants in [true, false] {
        let server = Server { grants, ..Server::granting(Flavor::BASIC_RAW_FORM) };
        let (detection, _) = detected(&exchanger(client("cid-1", "S3CRET/+:=&%-ZYX")), server);
        assert!(!detection.tried.is_empty());
        let texts = [
            format!("{detection} {detection:?} {detection:#?}"),
            serde_json::to_string(&detection).unwrap(),
        ];
        for text in texts {
            for secret in ["S3CRET", "AT-SECRET-1", "Y2lkLTE6", "UzNDUkVU"] {
                assert!(!text.contains(secret), "{secret}: {text}");
            }
        }
    }
}

#[test]
fn a_detection_survives_its_json() {
    let server = Server { grants: false, ..Server::granting(Flavor::BODY_FORM) };
    let (detection, _) = detected(&exchanger(reserved()), server);
    let json = serde_json::to_string(&detection).unwrap();
    assert_eq!(serde_json::from_str::<Detection>(&json).unwrap(), detection);
    assert!(json.contains(r#""by":"revocation","confidence":"high""#), "{json}");
}

#[tokio::test]
async fn over_a_transport_it_is_the_same_and_can_be_spawned() {
    let exchanger = exchanger(reserved());
    let transport =
        from_fn(async |request| Ok(Server::granting(Flavor::BODY_FORM).answer(&request)));
    let task = tokio::spawn(async move { detect(&exchanger, &transport).await });
    assert_eq!(task.await.unwrap().flavor, Some(Flavor::BODY_FORM));
}

/// A server that takes one flavor.
#[derive(Clone, Copy)]
struct Server {
    flavor: Option<Flavor>,
    /// Whether this client may use client credentials.
    grants: bool,
    revokes_all: bool,
}

impl Server {
    fn granting(flavor: Flavor) -> Self {
        Self { flavor: Some(flavor), grants: true, revokes_all: false }
    }

    fn nothing() -> Self {
        Self { flavor: None, grants: true, revokes_all: false }
    }

    fn answer(self, request: &HttpRequest) -> HttpResponse {
        let knows = ["my-client-secret", SECRET, "S3CRET/+:=&%-ZYX"]
            .iter()
            .any(|secret| has_secret(request, secret));
        let is_recognised = knows && Flavor::of(request) == self.flavor;
        match request.uri().path() {
            "/revoke" if self.revokes_all || is_recognised => answer(200, &[], ""),
            "/token" if is_recognised && self.grants => token(),
            "/token" if is_recognised => json(400, r#"{"error":"unauthorized_client"}"#),
            _ => invalid_client(),
        }
    }
}

/// Whether the request has the secret, in whichever flavor it is written.
fn has_secret(request: &HttpRequest, secret: &str) -> bool {
    let flavor = Flavor::of(request).expect("a flavor");
    let encoded: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
    match flavor.auth {
        ClientAuth::Basic => basic(request).ends_with(&format!(":{encoded}")),
        ClientAuth::BasicRaw => basic(request).ends_with(&format!(":{secret}")),
        _ => body(request).contains(&encoded) || body(request).contains(secret),
    }
}

fn exchanger(builder: TokenExchangerBuilder) -> TokenExchanger {
    builder.revocation_url("https://as.example/revoke").build().expect("a configuration")
}

fn detected(exchanger: &TokenExchanger, server: Server) -> (Detection, Vec<HttpRequest>) {
    run(exchanger, |request, _| Ok(server.answer(request)))
}

/// Detects at a provider that is told how many requests it has answered before.
fn run(
    exchanger: &TokenExchanger,
    mut provider: impl FnMut(&HttpRequest, usize) -> Result<HttpResponse, TransportError> + Send,
) -> (Detection, Vec<HttpRequest>) {
    let mut seen = Vec::new();
    let detection = detect_blocking(exchanger, |request| {
        let answer = provider(&request, seen.len());
        seen.push(request);
        answer
    });
    (detection, seen)
}
