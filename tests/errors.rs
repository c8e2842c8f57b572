//! What an error tells: its kind, its headline, the fate of the code, and what to do.

mod support;

use std::error::Error as _;
use std::time::{Duration, SystemTime};

use support::{always, answer, code, in_turn, invalid_client, json, plain, play, token};
use token_exchanger::{
    CallError, CallErrorKind, CodeFate, Flavor, Outcome, Policy, TransportError, TransportErrorKind,
};

#[test]
fn display_is_one_line_to_act_on() {
    let refusal = r#"{"error":"invalid_grant","error_description":"Code not valid"}"#;
    let lines = [
        (
            answer(400, &[], refusal),
            "refused: basic+form got 400 invalid_grant (Code not valid) (the only attempt); the code \
             is spent; authorize again, or mend what the answer names (redirect URI, scope, \
             verifier)",
        ),
        (
            answer(429, &[("retry-after", "30")], ""),
            "is unavailable: basic+form got 429 (the only attempt), which asks to wait 30 s; the \
             code can probably still be used; try again later",
        ),
        (
            answer(404, &[], ""),
            "has no token endpoint there: basic+form got 404 (the only attempt); the code can \
             probably still be used; check the token URL",
        ),
        (
            answer(307, &[("location", "https://new.example/token?x=1#y")], ""),
            "redirects to https://new.example/token: basic+form got 307 (the only attempt); the \
             code can probably still be used; check the token URL: no redirect is followed",
        ),
        (
            answer(200, &[], "<html>"),
            "gave an answer without a token: basic+form got 200 (the only attempt); the code may be \
             spent; check that the token URL is one, and whether its answer holds a token in \
             another shape",
        ),
        (
            answer(500, &[], ""),
            "is unavailable: basic+form got 500 (the only attempt); the code may be spent; \
             authorize again once the server is back",
        ),
        (
            invalid_client(),
            "accepted no way of asking: basic+form got 401 invalid_client (attempt 1 of the 4 \
             made); the code can probably still be used; check client id and secret, and what the \
             answer says",
        ),
    ];
    for (answer, line) in lines {
        let (result, _) = always(plain(), Policy::Careful, || answer.clone());
        let line = format!("code exchange failed: as.example {line}");
        assert_eq!(result.unwrap_err().to_string(), line);
    }

    let error = unanswered(TransportErrorKind::Connect);
    assert_eq!(
        error.to_string(),
        "code exchange failed: as.example gave no answer: basic+form got no answer (connect) (the \
         only attempt); the code was not sent; check the host, its certificate and the network, \
         then try again"
    );
}

#[test]
fn an_error_says_what_a_limit_left_untried() {
    let untried = [Flavor::BASIC_JSON, Flavor::BODY_FORM];
    let flavors = [Flavor::BASIC_FORM].into_iter().chain(untried);
    let builder = plain().flavors(flavors).max_attempts(1);
    let error = always(builder, Policy::Exhaustive, invalid_client).0.unwrap_err();
    assert_eq!(error.untried(), untried);
    let expected = "; max_attempts or time_limit kept basic+json, body+form from being tried; ";
    assert!(error.to_string().contains(expected), "{error}");

    // Not what a verdict left out.
    let error = always(plain(), Policy::Careful, || json(404, "")).0.unwrap_err();
    assert_eq!(error.untried(), []);
    let error = always(plain(), Policy::Exhaustive, || json(404, "")).0.unwrap_err();
    assert_eq!(error.untried(), []);
}

#[test]
fn the_headline_is_the_most_telling_attempt_and_never_just_the_last() {
    let exchanger = plain().build().unwrap();
    let expired = r#"{"error":"invalid_client","error_description":"secret expired"}"#;
    let (result, _) = in_turn(
        &exchanger,
        &[
            json(500, ""),
            json(400, r#"{"error":"invalid_request"}"#),
            json(401, expired),
            invalid_client(),
            json(404, ""),
            json(415, ""),
        ],
    );
    let error = result.unwrap_err();
    assert_eq!(error.headline().flavor, Flavor::BODY_FORM);
    assert!(
        error.to_string().contains("401 invalid_client (secret expired) (attempt 3 of the 6 made)")
    );
    assert!(matches!(error.kind(), CallErrorKind::NoFlavorAccepted));
}

#[test]
fn what_a_client_that_may_have_been_recognised_was_told_is_not_lost_behind_the_headline() {
    let mismatch = r#"{"error":"invalid_request","error_description":"redirect_uri differs"}"#;
    let unread = r#"{"error":"invalid_request","error_description":"no JSON, please"}"#;
    let of_the_secret = r#"{"error":"invalid_client","error_description":"no such secret"}"#;
    // By form and by JSON, in the header, in the body, and raw in the header.
    let told = |answers: [&str; 6]| {
        let answers = answers.map(|body| answer(400, &[], body));
        in_turn(&plain().build().unwrap(), &answers).0.unwrap_err().to_string()
    };
    let refused = r#"{"error":"invalid_client"}"#;
    let line = told([mismatch, refused, refused, refused, mismatch, refused]);
    assert!(
        line.ends_with(
            "; look first at what attempt 1 was told (basic+form got 400 invalid_request \
             (redirect_uri differs)), then check client id and secret"
        ),
        "{line}"
    );
    for nothing_more in [
        [refused, unread, refused, unread, refused, unread],
        [refused, refused, of_the_secret, refused, refused, refused],
        [refused, refused, r#"{"error":"invalid_request"}"#, refused, refused, refused],
    ] {
        let line = told(nothing_more);
        assert!(line.ends_with("; check client id and secret, and what the answer says"), "{line}");
    }
}

#[test]
fn the_headline_is_the_attempt_that_stopped_the_call_if_one_did() {
    let exchanger = plain().build().unwrap();
    let (result, _) = in_turn(&exchanger, &[invalid_client(), json(429, "")]);
    let error = result.unwrap_err();
    let Outcome::Answered { status, error: None } = &error.headline().outcome else { panic!() };
    assert_eq!(*status, 429);
}

#[test]
fn the_kind_of_six_equal_answers_follows_from_them() {
    let kinds = [
        (500, "", "unavailable"),
        (404, "", "wrong_endpoint"),
        (400, r#"{"error":"invalid_grant"}"#, "refused"),
        (400, "", "no_flavor_accepted"),
        (200, "", "unreadable"),
        (302, "", "redirected"),
        (304, "", "redirected"),
    ];
    for (status, body, kind) in kinds {
        let (result, seen) = always(plain(), Policy::Exhaustive, || json(status, body));
        assert_eq!(seen.len(), 6);
        assert_eq!(result.unwrap_err().kind().to_string(), kind);
    }
}

#[test]
fn it_is_redirected_only_if_every_answer_was_a_redirect() {
    let exchanger = plain().build().unwrap();
    let moved = answer(302, &[("location", "/login")], "");
    let (result, _) = in_turn(&exchanger, std::slice::from_ref(&moved));
    let error = result.unwrap_err();
    let CallErrorKind::Redirected { location } = error.kind() else { panic!("{error}") };
    assert_eq!(location.as_deref(), Some("/login"));
    assert_eq!(error.code_fate(), CodeFate::ProbablyLive);

    let (result, _) = in_turn(&exchanger, &[moved, json(403, "")]);
    assert!(matches!(result.unwrap_err().kind(), CallErrorKind::NoFlavorAccepted));
}

#[test]
fn a_location_is_shown_without_user_query_and_fragment() {
    let locations = [
        ("https://u:p@evil.example/a?code=X#access_token=Y", Some("https://evil.example/a")),
        ("/v2/token?x", Some("/v2/token")),
        ("//u:PASSWORD@evil.example/a@b", Some("//evil.example/a@b")),
        ("https:\\\\u:p@evil.example\\a", Some("https://evil.example/a")),
        ("http://u:PASSWORD@[::1/x", Some("http://[::1/x")),
        ("https:u@evil.example", Some("https:evil.example")),
        ("http://[::1", Some("http://[::1")),
        ("?x", Some("")),
    ];
    for (header, shown) in locations {
        let moved = || answer(308, &[("location", header)], "");
        let error = always(plain(), Policy::Careful, moved).0.unwrap_err();
        let CallErrorKind::Redirected { location } = error.kind() else { panic!("{error}") };
        assert_eq!(location.as_deref(), shown);
    }
    let error = always(plain(), Policy::Careful, || answer(308, &[], "")).0.unwrap_err();
    assert!(matches!(error.kind(), CallErrorKind::Redirected { location: None }));
}

#[test]
fn the_fate_of_the_code_is_the_worst_over_all_attempts() {
    let exchanger = plain().build().unwrap();
    let fate = |answers: &[_]| in_turn(&exchanger, answers).0.unwrap_err().code_fate();
    assert_eq!(fate(&[invalid_client()]), CodeFate::ProbablyLive);
    assert_eq!(fate(&[json(400, ""), invalid_client()]), CodeFate::Unknown);
    assert_eq!(fate(&[json(400, r#"{"error":"invalid_grant"}"#), json(429, "")]), CodeFate::Spent);
}

#[test]
fn the_code_is_given_back_while_it_may_still_be_used() {
    let error = unanswered(TransportErrorKind::Connect);
    let call = plain().build().unwrap().exchange(error.into_code().unwrap());
    assert!(call.request().body().ends_with(b"&code=some-unique-auth-code"));

    for (answer, given_back) in [
        (invalid_client(), true),
        (json(429, ""), true),
        (json(400, ""), false),
        (json(500, ""), false),
        (json(400, r#"{"error":"invalid_grant"}"#), false),
    ] {
        let error = || always(plain(), Policy::Careful, || answer.clone()).0.unwrap_err();
        assert_eq!(error().into_code().is_some(), given_back);
        assert!(error().danger_into_code().is_some());
    }
}

#[test]
fn a_code_that_is_given_back_keeps_its_verifier_and_redirect_uri() {
    let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    let code = code()
        .verifier(token_exchanger::CodeVerifier::parse(verifier).unwrap())
        .redirect_uri("https://other.example/cb");
    let exchanger = plain().build().unwrap();
    let first = exchanger.exchange(code);
    let body = first.request().into_body();
    let (result, _) = play(first, |_| Ok(json(429, "")));
    let again = exchanger.exchange(result.unwrap_err().into_code().unwrap());
    assert_eq!(again.request().into_body(), body);
}

#[test]
fn transient_is_what_may_pass_by_itself() {
    let transient =
        |answer: fn() -> _| always(plain(), Policy::Careful, answer).0.unwrap_err().is_transient();
    assert!(transient(|| json(429, "")));
    assert!(transient(|| json(500, "")));
    assert!(!transient(invalid_client));
    assert!(!transient(|| json(404, "")));
    assert!(unanswered(TransportErrorKind::Timeout).is_transient());
    assert!(!unanswered(TransportErrorKind::TooLarge).is_transient());
    assert!(!unanswered(TransportErrorKind::Unplugged).is_transient());
}

#[test]
fn retry_after_is_read_as_seconds_or_as_a_date_and_of_two_the_longer_counts() {
    let now = SystemTime::now();
    let date = |time| httpdate::fmt_http_date(time);
    let ahead = date(now + Duration::from_secs(7200));
    let past = date(now - Duration::from_secs(7200));
    let nested = format!("Wed, 21 Oct 2026 07:28:00 {}", "(".repeat(10_000));
    let wait = |headers: &[(&str, &str)]| {
        let (result, seen) = always(plain(), Policy::Exhaustive, || answer(503, headers, ""));
        assert_eq!(seen.len(), 1);
        result.unwrap_err().retry_after().map(|wait| wait.as_secs())
    };
    assert_eq!(wait(&[("retry-after", "2")]), Some(2));
    assert_eq!(wait(&[("retry-after", "1"), ("retry-after", "30")]), Some(30));
    assert!(wait(&[("retry-after", &ahead)]).is_some_and(|wait| (7100..=7200).contains(&wait)));
    for unreadable in
        ["-5, soon, 99999999999999999999", "99999999999999999999", "", "1.5", &past, &nested]
    {
        assert_eq!(wait(&[("retry-after", unreadable)]), None, "{unreadable:.40}");
    }
}

#[test]
fn the_source_of_a_transport_error_can_be_reached() {
    let exchanger = plain().build().unwrap();
    let refused = || std::io::Error::from(std::io::ErrorKind::ConnectionRefused);
    let (result, _) = play(exchanger.exchange(code()), |_| {
        Err(TransportError::new(TransportErrorKind::Connect, refused()))
    });
    let error = result.unwrap_err();
    let transport = error.source().unwrap();
    assert_eq!(transport.to_string(), "no connection was made");
    let source = transport.source().unwrap().downcast_ref::<std::io::Error>().unwrap();
    assert_eq!(source.kind(), std::io::ErrorKind::ConnectionRefused);
}

#[test]
fn a_success_after_refusals_lists_them() {
    let exchanger = plain().build().unwrap();
    let (result, _) = in_turn(&exchanger, &[json(500, ""), invalid_client(), token()]);
    let attempts = result.unwrap().attempts;
    let statuses: Vec<_> = attempts.iter().map(|it| it.status().unwrap().as_u16()).collect();
    assert_eq!(statuses, [500, 401, 200]);
    let story: Vec<_> = attempts.iter().map(ToString::to_string).collect();
    assert_eq!(
        story,
        ["basic+form got 500", "basic+json got 401 invalid_client", "body+form got a token"]
    );
}

fn unanswered(kind: TransportErrorKind) -> CallError {
    let exchanger = plain().build().unwrap();
    play(exchanger.exchange(code()), |_| Err(TransportError::new(kind, "down"))).0.unwrap_err()
}
