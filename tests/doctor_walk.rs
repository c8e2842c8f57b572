//! A walk through a connection, step by step.

mod support;

use std::io;
use std::time::{Duration, SystemTime};

use support::{answer, code, header, json, plain};
use token_exchanger::doctor::{
    self, FindingKind, Severity, Step, StepEvidence, StepName, StepStatus, Walk, WalkReport, Walked,
};
use token_exchanger::{
    Application, AuthorizationCode, Conventions, Flavor, HttpRequest, HttpResponse, RefreshWith,
    Token, TokenExchanger, TokenPlace, TransportError, TransportErrorKind, from_fn,
};

use StepName::{ApiCall, ApiCallAfterRefresh, Refresh, RefreshToken, Settings, TokenEndpoint};
use StepStatus::{Failed, Passed, Skipped, Warned};

const DISABLED: &str = r#"{"error":{"message":"Drive API has not been used in project 123 before or it is disabled. Enable it by visiting the console"}}"#;

const AUDIENCE: &str = r#"{"error":{"code":"InvalidAuthenticationToken","message":"Access token validation failure. Invalid audience."}}"#;

const NAMES: [StepName; 6] =
    [TokenEndpoint, RefreshToken, ApiCall, Refresh, ApiCallAfterRefresh, Settings];

#[test]
fn a_sound_connection_passes_every_step_in_order() {
    let exchanger = exchanger();
    let mut saved = Vec::new();
    let (walked, seen) = walk(
        Walk::new(&exchanger).code(code()).api(api()).refresh(|token| {
            saved.push(token.clone());
            Ok(())
        }),
        sound,
    );
    assert_eq!(statuses(&walked.report), [Passed; 6], "{}", walked.report);
    assert_eq!(walked.report.steps.iter().map(|step| step.name).collect::<Vec<_>>(), NAMES);
    assert_eq!(walked.report.status(), Passed);
    assert_eq!(paths(&seen), ["/token", "/me", "/token", "/me"]);
    assert_eq!(header(&seen[1], "authorization"), Some("Bearer AT-SECRET-1"));
    assert_eq!(header(&seen[3], "authorization"), Some("Bearer AT-SECRET-2"));
    let token = walked.token.unwrap();
    assert_eq!(token.access_token.expose(), "AT-SECRET-2");
    assert_eq!(saved, [token]);
    assert!(walked.code.is_none());
}

#[test]
fn the_new_token_is_saved_before_it_is_used() {
    let exchanger = exchanger();
    let events = std::sync::Mutex::new(Vec::new());
    Walk::new(&exchanger)
        .code(code())
        .api(api())
        .refresh(|token| {
            events.lock().unwrap().push(format!("saved {}", token.access_token.expose()));
            Ok(())
        })
        .run_blocking(|request| {
            events.lock().unwrap().push(request.uri().path().to_owned());
            sound(&request)
        });
    let events = events.into_inner().unwrap();
    assert_eq!(events, ["/token", "/me", "/token", "saved AT-SECRET-2", "/me"]);
}

#[test]
fn a_token_that_cannot_be_saved_ends_the_walk_and_comes_back() {
    let exchanger = exchanger();
    let broken = |token: &Token| Err(format!("no room for {}", token.access_token.expose()).into());
    let (walked, seen) = walk(Walk::new(&exchanger).code(code()).api(api()).refresh(broken), sound);
    assert_eq!(
        statuses(&walked.report),
        [Passed, Passed, Passed, Failed, Skipped, Passed],
        "{}",
        walked.report
    );
    assert_eq!(paths(&seen), ["/token", "/me", "/token"]);
    let step = walked.report.step(Refresh).unwrap();
    assert_eq!(kinds(step), [FindingKind::TokenNotSaved]);
    assert_eq!(step.findings[0].severity, Severity::Problem);
    assert_eq!(step.findings[0].cause, "no room for [access_token]");
    assert!(step.said.contains("could not be saved"), "{}", step.said);
    assert_eq!(walked.token.unwrap().access_token.expose(), "AT-SECRET-2");
}

#[test]
fn nothing_is_refreshed_unless_it_is_asked_for() {
    let exchanger = exchanger();
    let (walked, seen) = walk(Walk::new(&exchanger).code(code()).api(api()), sound);
    assert_eq!(statuses(&walked.report), [Passed, Passed, Passed, Skipped, Skipped, Passed]);
    assert_eq!(paths(&seen), ["/token", "/me"]);
    assert_eq!(walked.report.step(Refresh).unwrap().said, "not asked for");
    assert_eq!(walked.token.unwrap().access_token.expose(), "AT-SECRET-1");
}

#[test]
fn without_an_api_request_its_steps_are_skipped_and_say_so() {
    let exchanger = exchanger();
    let (walked, _) = walk(Walk::new(&exchanger).code(code()).refresh(|_| Ok(())), sound);
    assert_eq!(statuses(&walked.report), [Passed, Passed, Skipped, Passed, Skipped, Passed]);
    for name in [ApiCall, ApiCallAfterRefresh] {
        let said = &walked.report.step(name).unwrap().said;
        assert_eq!(said, "no API request was given");
    }
}

#[test]
fn a_walk_that_was_given_nothing_looks_at_the_settings_alone() {
    let exchanger = exchanger();
    let (walked, seen) = walk(Walk::new(&exchanger).api(api()).refresh(|_| Ok(())), sound);
    assert_eq!(statuses(&walked.report), [Skipped, Skipped, Skipped, Skipped, Skipped, Passed]);
    assert!(seen.is_empty() && walked.token.is_none());
}

#[test]
fn a_failed_exchange_skips_what_needs_a_token_and_gives_the_code_back() {
    let exchanger = exchanger();
    let (walked, _) = walk(Walk::new(&exchanger).code(code()).api(api()), |_| {
        Ok(json(401, r#"{"error":"invalid_client"}"#))
    });
    assert_eq!(statuses(&walked.report), [Failed, Skipped, Skipped, Skipped, Skipped, Passed]);
    assert_eq!(walked.report.status(), Failed);
    let step = walked.report.step(TokenEndpoint).unwrap();
    let Some(StepEvidence::Call(report)) = &step.evidence else { panic!("{step}") };
    assert_eq!((report.kind.as_deref(), report.attempts.len()), (Some("no_flavor_accepted"), 6));
    assert!(walked.token.is_none() && walked.code.is_some());
    assert_eq!(walked.report.step(ApiCall).unwrap().said, "there is no token");

    let (walked, _) =
        walk(Walk::new(&exchanger).code(code()), |_| Ok(json(400, r#"{"error":"invalid_grant"}"#)));
    assert!(walked.code.is_none(), "it is spent");
}

#[test]
fn a_token_that_is_there_is_not_asked_for_again() {
    let exchanger = exchanger();
    let token = Token::bearer("AT-SECRET-1").with_refresh_token("RT-SECRET-1");
    let (walked, seen) =
        walk(Walk::new(&exchanger).token(token).api(api()).refresh(|_| Ok(())), sound);
    assert_eq!(statuses(&walked.report), [Skipped, Passed, Passed, Passed, Passed, Passed]);
    assert_eq!(paths(&seen), ["/me", "/token", "/me"]);
}

#[test]
fn a_token_that_has_expired_is_said_to_have_and_is_mended_by_a_refresh() {
    let exchanger = exchanger();
    let token = serde_json::json!({"access_token": "AT-SECRET-0", "token_type": "Bearer",
        "refresh_token": "RT-SECRET-1", "expires_at": 1_000_000_000});
    let token: Token = serde_json::from_value(token).unwrap();
    let (walked, _) =
        walk(Walk::new(&exchanger).token(token).api(api()).refresh(|_| Ok(())), |request| {
            match header(request, "authorization") {
                Some("Bearer AT-SECRET-0") => Ok(answer(401, &[], "")),
                _ => sound(request),
            }
        });
    assert_eq!(statuses(&walked.report), [Skipped, Warned, Failed, Passed, Passed, Passed]);
    assert_eq!(kinds(walked.report.step(RefreshToken).unwrap()), [FindingKind::TokenExpired]);
    let said = &walked.report.step(ApiCallAfterRefresh).unwrap().said;
    assert!(said.ends_with("the token before it was refused, so it had ended or was revoked"));
}

#[test]
fn without_a_refresh_token_a_token_that_expires_warns() {
    for (scopes, word) in [
        (["read"].as_slice(), "add offline_access to scopes"),
        (&["read", "offline_access"], "allow refresh tokens for this client"),
    ] {
        let exchanger = plain().scopes(scopes.to_vec()).build().unwrap();
        let body = r#"{"access_token":"AT-SECRET-1","token_type":"Bearer","expires_in":3600}"#;
        let (walked, _) = walk(
            Walk::new(&exchanger).code(code()).refresh(|_| panic!("there is nothing to save")),
            |_| Ok(json(200, body)),
        );
        let step = walked.report.step(RefreshToken).unwrap();
        assert_eq!((step.status, kinds(step)), (Warned, vec![FindingKind::NoRefreshToken]));
        assert_eq!(step.findings[0].severity, Severity::Risk);
        assert!(step.findings[0].remedy.starts_with(word), "{step}");
        let refresh = walked.report.step(Refresh).unwrap();
        assert_eq!(refresh.status, Failed, "it was asked for, and the token will be missed");
    }
}

#[test]
fn without_a_refresh_token_and_a_lifetime_it_is_to_be_verified_that_there_is_none() {
    let exchanger = exchanger();
    let (walked, _) = walk(Walk::new(&exchanger).code(code()).refresh(|_| Ok(())), |_| {
        Ok(json(200, r#"{"access_token":"AT-SECRET-1","token_type":"Bearer"}"#))
    });
    let step = walked.report.step(RefreshToken).unwrap();
    assert_eq!((step.status, kinds(step)), (Warned, vec![FindingKind::UnknownLifetime]));
    assert_eq!(walked.report.step(Refresh).unwrap().status, Skipped);
}

#[test]
fn a_lifetime_under_5_minutes_warns_and_one_of_5_minutes_does_not() {
    for (seconds, expected) in [(299, Warned), (300, Passed)] {
        let exchanger = exchanger();
        let (walked, _) = walk(Walk::new(&exchanger).code(code()), |_| Ok(issued(1, seconds)));
        let step = walked.report.step(RefreshToken).unwrap();
        assert_eq!(step.status, expected, "{step}");
        let found: &[_] = if expected == Warned { &[FindingKind::ShortLifetime] } else { &[] };
        assert_eq!(kinds(step), found);
    }
}

#[test]
fn a_token_that_was_there_has_little_left_and_no_short_lifetime() {
    let exchanger = exchanger();
    let mut token = Token::bearer("AT-SECRET-0").with_refresh_token("RT-SECRET-0");
    token.expires_at = Some(SystemTime::now() + Duration::from_secs(60));
    let (walked, _) =
        walk(Walk::new(&exchanger).token(token).refresh(|_| Ok(())), |_| Ok(issued(1, 299)));
    let step = walked.report.step(RefreshToken).unwrap();
    assert_eq!(step.status, Passed, "{step}");
    assert!(step.said.contains(" s left"), "{step}");
    let step = walked.report.step(Refresh).unwrap();
    assert_eq!(kinds(step), [FindingKind::ShortLifetime], "the new one is known to be short");
}

#[test]
fn a_short_lifetime_is_told_once() {
    let exchanger = exchanger();
    let mut number = 0;
    let (walked, _) = walk(Walk::new(&exchanger).code(code()).refresh(|_| Ok(())), |_| {
        number += 1;
        Ok(issued(number, 60))
    });
    let found: Vec<_> = walked.report.findings().map(|finding| finding.kind).collect();
    assert_eq!(found, [FindingKind::ShortLifetime]);

    let (walked, _) = walk(Walk::new(&exchanger).code(code()).refresh(|_| Ok(())), |request| {
        let is_refresh = support::body(request).contains("grant_type=refresh_token");
        Ok(if is_refresh { issued(2, 60) } else { issued(1, 3600) })
    });
    assert_eq!(kinds(walked.report.step(Refresh).unwrap()), [FindingKind::ShortLifetime]);
}

#[test]
fn client_credentials_need_no_refresh_token() {
    let exchanger = exchanger();
    let (walked, seen) = walk(
        Walk::new(&exchanger).client_credentials().api(api()).refresh(|_| Ok(())),
        |request| match request.uri().path() {
            "/token" => Ok(json(
                200,
                r#"{"access_token":"AT-SECRET-1","token_type":"Bearer","expires_in":3600}"#,
            )),
            _ => sound(request),
        },
    );
    assert_eq!(statuses(&walked.report), [Passed, Passed, Passed, Skipped, Skipped, Passed]);
    assert!(support::body(&seen[0]).starts_with("grant_type=client_credentials"));
}

#[test]
fn the_access_token_is_refreshed_with_where_the_conventions_say_so() {
    let mut conventions = Conventions::default();
    conventions.refresh_with = RefreshWith::AccessToken;
    let exchanger = plain().conventions(conventions).build().unwrap();
    let (walked, _) = walk(
        Walk::new(&exchanger).token(Token::bearer("AT-SECRET-1")).api(api()).refresh(|_| Ok(())),
        sound,
    );
    assert_eq!(statuses(&walked.report), [Skipped, Passed, Passed, Passed, Passed, Passed]);
}

#[test]
fn what_an_api_answers_is_told_apart() {
    let cases = [
        (200, Passed, None),
        (204, Passed, None),
        (401, Failed, Some(FindingKind::TokenNotAccepted)),
        (403, Failed, Some(FindingKind::ApiForbidden)),
        (404, Failed, Some(FindingKind::ApiUrl)),
        (405, Failed, Some(FindingKind::ApiUrl)),
        (302, Failed, Some(FindingKind::ApiUrl)),
        (308, Failed, Some(FindingKind::ApiUrl)),
        (400, Failed, Some(FindingKind::ApiRefused)),
        (431, Failed, Some(FindingKind::ApiRefused)),
        (429, Warned, Some(FindingKind::ApiUnavailable)),
        (500, Warned, Some(FindingKind::ApiUnavailable)),
        (503, Warned, Some(FindingKind::ApiUnavailable)),
    ];
    for (status, expected, kind) in cases {
        let exchanger = exchanger();
        let (walked, seen) =
            walk(Walk::new(&exchanger).code(code()).api(api()).refresh(|_| Ok(())), |request| {
                match request.uri().path() {
                    "/me" => Ok(answer(status, &[], "")),
                    _ => sound(request),
                }
            });
        let step = walked.report.step(ApiCall).unwrap();
        assert_eq!((step.status, kinds(step)), (expected, Vec::from_iter(kind)), "{step}");
        assert!(step.said.contains(&format!("GET https://api.example/me got {status}")), "{step}");
        // What is not about the token is not asked again.
        let again = matches!(status, 200 | 204 | 401 | 403 | 400 | 431);
        let calls = paths(&seen).iter().filter(|path| **path == "/me").count();
        assert_eq!(calls, if again { 2 } else { 1 }, "{status}");
        let last = walked.report.step(ApiCallAfterRefresh).unwrap();
        assert_eq!(last.status, if again { expected } else { Skipped }, "{last}");
    }
}

#[test]
fn a_challenge_that_names_a_scope_is_about_scopes() {
    let challenge = r#"Bearer realm="x", error="insufficient_scope", scope="read""#;
    let step = api_step(|| Ok(answer(401, &[("www-authenticate", challenge)], "")));
    assert_eq!(kinds(&step), [FindingKind::ApiForbidden]);
    assert!(step.said.ends_with("got 401 (insufficient_scope)"), "{step}");
}

#[test]
fn an_error_in_a_success_of_the_api_warns() {
    let step = api_step(|| Ok(json(200, r#"{"ok":false,"error":"invalid_auth"}"#)));
    assert_eq!((step.status, kinds(&step)), (Warned, vec![FindingKind::ApiRefused]));
    assert!(step.said.contains("got 200 and an error: invalid_auth; it says {"), "{step}");
    let StepEvidence::Api(api) = step.evidence.unwrap() else { panic!() };
    assert!(api.answer.unwrap().body.contains("invalid_auth"));
}

#[test]
fn what_an_api_says_when_it_refuses_is_shown() {
    let long = format!("{{\"message\":\"no\n\n  way {}\"}}", "so it is. ".repeat(60));
    for (status, body, shown) in [
        (403, DISABLED, DISABLED),
        (401, AUDIENCE, AUDIENCE),
        (429, "slow\t down", "slow down"),
        (500, "a fault", "a fault"),
        (400, &long, "{\"message\":\"no way so it is. so it is."),
    ] {
        let step = api_step(|| Ok(json(status, body)));
        let (_, said) = step.said.split_once("; it says ").unwrap();
        assert!(said.starts_with(shown) && said.chars().count() <= 303, "{said}");
        assert_eq!(said.ends_with("..."), body.len() > 300, "{said}");
        let StepEvidence::Api(api) = step.evidence.unwrap() else { panic!() };
        assert_eq!(api.answer.unwrap().body, body);
    }
}

#[test]
fn what_an_api_says_is_heard() {
    use FindingKind::{ApiForbidden, ApiRefused, TokenNotAccepted};
    let missing = r#"{"ok":false,"error":"missing_scope","needed":"chat:write"}"#;
    let revoked = r#"{"ok":false,"error":"token_revoked"}"#;
    for (status, body, kind, remedy) in [
        (403, DISABLED, ApiForbidden, "enable the API"),
        (403, "SERVICE_DISABLED", ApiForbidden, "enable the API"),
        (401, AUDIENCE, TokenNotAccepted, "ask for the audience, resource or scope of this API"),
        (401, r#"{"m":"bad \"aud\" claim"}"#, TokenNotAccepted, "ask for the audience"),
        (401, "Missing Scope", ApiForbidden, "add it to scopes"),
        (403, "insufficient authentication scopes", ApiForbidden, "add it to scopes"),
        (200, missing, ApiForbidden, "add it to scopes"),
        (200, revoked, TokenNotAccepted, "refresh the token;"),
        (401, "Access Token has Expired", TokenNotAccepted, "refresh the token;"),
        (400, "the session has been revoked", TokenNotAccepted, "refresh the token;"),
        (401, "send X-Acme-Access-Token", TokenNotAccepted, "set conventions.apply.name"),
        // What tells nothing of it is told by its status.
        (401, "the token is expired or invalid", TokenNotAccepted, "compare the API's"),
        (403, "your trial has expired", ApiForbidden, "compare what the API call needs"),
        (400, "the parameter scope is missing", ApiRefused, "read the answer"),
    ] {
        let step = api_step(|| Ok(json(status, body)));
        assert_eq!((step.status, kinds(&step)), (Failed, vec![kind]), "{step}");
        assert!(step.findings[0].remedy.contains(remedy), "{step}");
    }
}

#[test]
fn what_a_challenge_describes_is_heard_and_what_it_asks_for_is_not() {
    for (challenge, remedy) in [
        (
            r#"Bearer error="invalid_token", error_description="wrong audience""#,
            "ask for the audie",
        ),
        (r#"Bearer error="invalid_token", scope="read""#, "compare the API's documentation"),
        (r#"Acme realm="api", header="X-Acme-Token""#, "set conventions.apply.name"),
    ] {
        let step = api_step(|| Ok(answer(401, &[("www-authenticate", challenge)], "")));
        assert_eq!(kinds(&step), [FindingKind::TokenNotAccepted]);
        assert!(step.findings[0].remedy.contains(remedy), "{step}");
    }
}

#[test]
fn a_header_that_the_token_was_sent_in_is_not_named_as_missing() {
    let mut conventions = Conventions::default();
    conventions.apply.name = Some("X-Acme-Token".to_owned());
    let exchanger = plain().conventions(conventions).build().unwrap();
    let (walked, _) =
        walk(Walk::new(&exchanger).code(code()).api(api()), |request| match request.uri().path() {
            "/me" => Ok(answer(401, &[], "X-Acme-Token has expired")),
            _ => sound(request),
        });
    let step = walked.report.step(ApiCall).unwrap();
    assert!(step.findings[0].remedy.starts_with("refresh the token;"), "{step}");
}

#[test]
fn a_page_of_the_api_is_not_heard() {
    let html = answer(403, &[("content-type", "text/html")], "<html>scripts are disabled");
    let step = api_step(|| Ok(html.clone()));
    assert!(step.findings[0].remedy.starts_with("compare what the API call needs"), "{step}");
}

#[test]
fn a_code_that_was_pasted_badly_is_noticed() {
    for (pasted, symptom) in [
        ("4%2F0AX-CODE", "still URL-encoded"),
        ("https://app.example/cb?code=4%2F0AX-CODE&state=s", "a callback or a part"),
        ("code=4/0AX-CODE", "a callback or a part"),
        ("4/0AX-CODE&state=s", "a callback or a part"),
        (" 4/0AX-CODE", "white space"),
        ("4/0AX-CODE\n", "white space"),
        ("4/0AX CODE", "white space"),
        ("\"4/0AX-CODE\"", "quotes"),
        ("'4/0AX-CODE'", "quotes"),
    ] {
        let findings = doctor::check_code(&AuthorizationCode::unchecked(pasted));
        assert_eq!(findings.len(), 1, "{findings:?}");
        let finding = &findings[0];
        assert_eq!((finding.kind, finding.severity), (FindingKind::Code, Severity::Risk));
        assert!(finding.symptom.contains(symptom), "{pasted}: {finding}");
        assert!(!finding.to_string().contains("0AX"), "{finding}");
    }
    let both = doctor::check_code(&AuthorizationCode::unchecked("'4%2F0AX' "));
    assert_eq!(both.len(), 3, "{both:?}");
}

#[test]
fn a_code_as_providers_send_them_is_not_noticed() {
    for sound in ["4/0AX-CODE_~.", "abc+/DEF==", "a%b", "100%", "%zz", "M.C5_B!*$", "encode=", ""] {
        let findings = doctor::check_code(&AuthorizationCode::unchecked(sound));
        assert!(findings.is_empty(), "{sound}: {findings:?}");
    }
}

#[test]
fn the_code_of_a_callback_that_is_encoded_twice_is_noticed() {
    let kinds = |callback| -> Vec<_> {
        doctor::check_callback(callback).into_iter().map(|finding| finding.kind).collect()
    };
    let twice = "https://app.example/cb?code=4%252F0AX-CODE&state=s";
    assert_eq!(kinds(twice), [FindingKind::Code]);
    assert_eq!(kinds("https://app.example/cb?code=4%2F0AX-CODE&state=s"), []);
}

#[test]
fn a_failed_exchange_says_what_looks_wrong_with_the_code_and_a_good_one_does_not() {
    let exchanger = exchanger();
    let code = || AuthorizationCode::unchecked("4%2F0AX-CODE");
    let (walked, _) =
        walk(Walk::new(&exchanger).code(code()), |_| Ok(json(400, r#"{"error":"invalid_grant"}"#)));
    let step = walked.report.step(TokenEndpoint).unwrap();
    let last = step.findings.last().unwrap();
    assert_eq!((step.status, last.kind), (Failed, FindingKind::Code));
    assert!(step.findings.len() > 1 && last.severity == Severity::Risk, "{step}");

    let (walked, _) = walk(Walk::new(&exchanger).code(code()), sound);
    assert_eq!(walked.report.step(TokenEndpoint).unwrap().status, Passed);
}

#[test]
fn what_is_odd_and_does_no_harm_is_told_and_warns_of_nothing() {
    let exchanger = exchanger();
    let (walked, _) = walk(Walk::new(&exchanger).client_credentials(), |_| Ok(issued(1, 3600)));
    assert_eq!(walked.report.status(), Passed, "{}", walked.report);
    let said = &walked.report.step(TokenEndpoint).unwrap().said;
    assert!(said.contains("client credentials brought a refresh token"), "{said}");
}

#[test]
fn no_answer_of_the_api_fails_and_says_why() {
    let step = api_step(|| {
        let source = io::Error::other("no route for AT-SECRET-1");
        Err(TransportError::new(TransportErrorKind::Connect, source))
    });
    assert_eq!((step.status, kinds(&step)), (Failed, vec![FindingKind::ApiNoAnswer]));
    let StepEvidence::Api(api) = step.evidence.unwrap() else { panic!() };
    assert_eq!(api.because, ["no connection was made", "no route for [access_token]"]);
    assert!(api.answer.is_none());
}

#[test]
fn a_success_of_the_api_that_says_no_or_is_a_page_warns() {
    let html = answer(200, &[("content-type", "text/html")], "<html>Log in");
    for (answer, kind) in [
        (json(200, r#"{"success":false,"message":"unauthorized"}"#), FindingKind::ApiRefused),
        (json(200, r#"{"ok":false}"#), FindingKind::ApiRefused),
        (html, FindingKind::ApiUrl),
    ] {
        let step = api_step(|| Ok(answer.clone()));
        assert_eq!((step.status, kinds(&step)), (Warned, vec![kind]));
    }
}

#[test]
fn a_success_of_the_api_that_is_too_long_is_one() {
    let step = api_step(|| Err(TransportError::new(TransportErrorKind::TooLarge, "1 MiB")));
    assert_eq!(step.status, Passed);
}

#[test]
fn a_request_that_no_token_can_be_put_into_is_not_sent() {
    let exchanger = exchanger();
    let cleartext = http::Request::get("http://api.example/me").body(Vec::new()).unwrap();
    let (walked, seen) = walk(Walk::new(&exchanger).code(code()).api(cleartext), sound);
    let step = walked.report.step(ApiCall).unwrap();
    assert_eq!((step.status, kinds(step)), (Failed, vec![FindingKind::TokenNotApplied]));
    assert_eq!(paths(&seen), ["/token"]);
}

#[test]
fn the_users_data_is_not_in_the_evidence_of_a_success() {
    let step = api_step(|| Ok(json(200, r#"{"name":"Ada Lovelace"}"#)));
    let text = serde_json::to_string(&step).unwrap();
    assert!(step.status == Passed && !text.contains("Lovelace"), "{text}");
}

#[test]
fn a_refresh_that_fails_leaves_the_old_token_and_skips_what_follows() {
    let exchanger = exchanger();
    let (walked, _) = walk(
        Walk::new(&exchanger)
            .code(code())
            .api(api())
            .refresh(|_| panic!("there is nothing to save")),
        |request| match support::body(request) {
            body if body.contains("refresh_token") => Ok(json(400, r#"{"error":"invalid_grant"}"#)),
            _ => sound(request),
        },
    );
    assert_eq!(statuses(&walked.report), [Passed, Passed, Passed, Failed, Skipped, Passed]);
    assert_eq!(walked.token.unwrap().access_token.expose(), "AT-SECRET-1");
}

#[test]
fn a_refresh_token_that_expires_and_is_not_renewed_warns() {
    let renewals = [
        (r#""access_token":"AT-SECRET-2""#, true),
        (r#""access_token":"AT-SECRET-2","refresh_token":"RT-SECRET-1""#, true),
        (
            r#""access_token":"AT-SECRET-2","refresh_token":"RT-SECRET-1","refresh_expires_in":7199"#,
            true,
        ),
        (r#""access_token":"AT-SECRET-2","refresh_token":"RT-SECRET-2""#, false),
        (
            r#""access_token":"AT-SECRET-2","refresh_token":"RT-SECRET-1","refresh_expires_in":9000"#,
            false,
        ),
    ];
    for (members, warns) in renewals {
        let exchanger = exchanger();
        let (walked, _) = walk(Walk::new(&exchanger).code(code()).refresh(|_| Ok(())), |request| {
            Ok(match support::body(request) {
                body if body.contains("grant_type=refresh_token") => {
                    json(200, &format!(r#"{{{members},"token_type":"Bearer","expires_in":3600}}"#))
                }
                _ => json(
                    200,
                    r#"{"access_token":"AT-SECRET-1","token_type":"Bearer","expires_in":3600,
                            "refresh_token":"RT-SECRET-1","refresh_expires_in":7200}"#,
                ),
            })
        });
        let step = walked.report.step(Refresh).unwrap();
        let found: &[_] = if warns { &[FindingKind::RefreshTokenNotRenewed] } else { &[] };
        assert_eq!(kinds(step), found, "{members}: {step}");
    }
}

#[test]
fn a_refresh_that_brings_the_same_access_token_warns() {
    let exchanger = exchanger();
    let (walked, _) =
        walk(Walk::new(&exchanger).code(code()).refresh(|_| Ok(())), |_| Ok(issued(1, 3600)));
    let step = walked.report.step(Refresh).unwrap();
    assert_eq!((step.status, kinds(step)), (Warned, vec![FindingKind::SameAccessToken]));
}

#[test]
fn the_refresh_says_where_it_was_sent() {
    let other = plain().refresh_url("https://as.example/refresh").build().unwrap();
    for (exchanger, path, said) in [
        (exchanger(), "/token", "at the token URL, since no refresh URL is set"),
        (other, "/refresh", "at the refresh URL"),
    ] {
        let (walked, seen) = walk(Walk::new(&exchanger).code(code()).refresh(|_| Ok(())), sound);
        assert_eq!(seen[1].uri().path(), path);
        let step = walked.report.step(Refresh).unwrap();
        assert!(step.said.contains(said), "{step}");
    }
}

#[test]
fn the_settings_are_told_to_be_compared() {
    let exchanger = plain().scopes(["read"]).redirect_uri("https://x.example/cb").build().unwrap();
    let (walked, _) = walk(Walk::new(&exchanger), sound);
    let step = walked.report.step(Settings).unwrap();
    let Some(StepEvidence::Configuration(told)) = &step.evidence else { panic!("{step}") };
    assert_eq!((&*told.client_id, told.has_client_secret), ("my-client-id", true));
    let text = walked.report.to_string();
    for line in [
        "client id: my-client-id",
        "client secret: there is one",
        "token URL: https://as.example/token",
        "refresh URL: the token URL",
        "redirect URI: https://x.example/cb",
        "scopes: read",
    ] {
        assert!(text.contains(line), "{line}: {text}");
    }
}

#[test]
fn the_report_reads_as_a_list_with_marks_and_remedies() {
    let exchanger = exchanger();
    let (walked, _) =
        walk(Walk::new(&exchanger).code(code()).api(api()), |request| match request.uri().path() {
            "/me" => Ok(answer(401, &[], "")),
            _ => Ok(issued(1, 60)),
        });
    let text = walked.report.to_string();
    let begins = |start: &str| text.lines().any(|line| line.starts_with(start));
    for start in [
        "ok    token endpoint: ",
        "warn  refresh token: ",
        "        risk: ",
        "FAIL  API call: ",
        "        problem: ",
        "          remedy: ",
        "skip  refresh: ",
    ] {
        assert!(begins(start), "{start}: {text}");
    }
    assert!(text.ends_with("2 passed, 1 warned, 1 failed, 2 skipped"), "{text}");
}

#[test]
fn a_report_survives_its_json() {
    let exchanger = exchanger();
    let (walked, _) =
        walk(Walk::new(&exchanger).code(code()).api(api()).refresh(|_| Ok(())), sound);
    let json = serde_json::to_string(&walked.report).unwrap();
    assert_eq!(serde_json::from_str::<WalkReport>(&json).unwrap(), walked.report);
    let value: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(value["version"], WalkReport::VERSION);
    assert_eq!(value["steps"][2]["name"], "api_call");
    assert_eq!(value["steps"][2]["status"], "passed");
    assert_eq!(value["steps"][2]["evidence"]["api"]["request"]["method"], "GET");
}

#[test]
fn no_secret_is_in_what_a_walk_tells_also_where_the_api_echoes_it() {
    let secrets = [
        "AT-SECRET",
        "RT-SECRET",
        "my-client-secret",
        "some-unique-auth-code",
        "OWN-API-KEY",
        "OWN-COOKIE",
        "OWN-QUERY",
        "ID-SECRET",
        "S3SS10N",
        "bXktY2xpZW50LWlk",
        "TEMPLATE-KEY",
        "P1N-1",
        "SH0RT-K",
    ];
    let mut template = Conventions::default();
    template.apply.name = Some("X-Token".to_owned());
    template.apply.template = Some("TEMPLATE-KEY:{token}".to_owned());
    let mut query = template.clone();
    query.apply.place = TokenPlace::Query;
    let raw: Application = Application::default();
    for conventions in [Conventions::default(), template, query] {
        let is_default = conventions.apply == raw;
        let exchanger = plain().conventions(conventions).build().unwrap();
        let request = http::Request::post(
            "https://api.example/me?fields=id&apikey=OWN-QUERY-123456&key=SH0RT-K",
        )
        .header("x-own", "OWN-API-KEY-123456")
        .header("cookie", "a=OWN-COOKIE-123456; b=OWN-COOKIE-654321")
        .header("x-pin", "P1N-1")
        .header("accept", "application/json")
        .body(br#"{"password":"OWN-QUERY-654321"}"#.to_vec())
        .unwrap();
        let mut sent = 0;
        let walked = Walk::new(&exchanger)
            .code(code())
            .api(request)
            .refresh(|token| Err(format!("{token:?} {}", token.extra["id_token"]).into()))
            .run_blocking(|request| {
                if request.uri().path() != "/me" {
                    let body = r#"{"access_token":"AT-SECRET-1","refresh_token":"RT-SECRET-1",
                        "token_type":"Bearer","expires_in":60,"id_token":"ID-SECRET-1"}"#;
                    return Ok(json(200, body));
                }
                sent += 1;
                assert_eq!(header(&request, "x-own"), Some("OWN-API-KEY-123456"));
                // What is so short is not looked for in what comes back.
                let headers = request.headers().iter().filter(|(name, _)| *name != "x-pin");
                let headers = headers.map(|(_, value)| value.to_str().unwrap());
                let echo = format!(
                    "{} {} {}",
                    request.uri(),
                    headers.collect::<Vec<_>>().join(" "),
                    support::body(&request)
                );
                let headers = [("set-cookie", "sid=S3SS10N-1; Path=/"), ("x-echo", &*echo)];
                Ok(answer(400, &headers, echo.clone()))
            });
        assert_eq!(sent, 1);
        let report = &walked.report;
        let texts = [
            format!("{report} {report:?} {walked:?} {walked:#?}"),
            serde_json::to_string(report).unwrap(),
        ];
        for text in texts {
            for secret in secrets {
                assert!(!text.contains(secret), "{secret}: {text}");
            }
        }
        let json = serde_json::to_string(report.step(ApiCall).unwrap()).unwrap();
        assert!(json.contains("fields=id") && json.contains("application/json"), "{json}");
        assert!(!is_default || json.contains("Bearer [authorization]"), "{json}");
    }
}

#[test]
fn a_request_with_more_keys_than_can_be_hidden_is_not_shown() {
    let exchanger = exchanger();
    let keys: Vec<_> = (0..70).map(|at| format!("token{at}=OWN-KEY-{at}")).collect();
    let url = format!("https://api.example/me?{}", keys.join("&"));
    let in_url = http::Request::get(&url).body(Vec::new()).unwrap();
    let in_body =
        http::Request::post("https://api.example/me").body(keys.join("&").into()).unwrap();
    for request in [in_url, in_body] {
        let (walked, _) = walk(Walk::new(&exchanger).code(code()).api(request), |request| {
            match request.uri().path() {
                "/me" => Ok(answer(400, &[], "what is OWN-KEY-69?")),
                _ => sound(request),
            }
        });
        let text = serde_json::to_string(&walked.report).unwrap();
        assert!(!text.contains("OWN-KEY") && text.contains("withheld"), "{text}");
    }
}

#[test]
fn a_walk_shows_nothing_of_its_own_in_debug() {
    let exchanger = exchanger();
    let walk = Walk::new(&exchanger).token(Token::bearer("AT-SECRET-1")).api(api());
    let text = format!("{walk:?} {walk:#?}");
    assert!(text.starts_with("Walk") && !text.contains("AT-SECRET"), "{text}");
}

#[tokio::test]
async fn over_a_transport_it_is_the_same_and_can_be_spawned() {
    let exchanger = exchanger();
    let transport = from_fn(async |request| sound(&request));
    let task = tokio::spawn(async move {
        let walk = Walk::new(&exchanger).code(code()).api(api()).refresh(|_| Ok(()));
        walk.run(&transport).await
    });
    assert_eq!(statuses(&task.await.unwrap().report), [Passed; 6]);
}

fn exchanger() -> TokenExchanger {
    plain().build().expect("a configuration")
}

fn api() -> HttpRequest {
    http::Request::get("https://api.example/me").body(Vec::new()).expect("a request")
}

/// The token of this number, which its refresh token can renew.
fn issued(number: u32, seconds: u32) -> HttpResponse {
    let body = format!(
        r#"{{"access_token":"AT-SECRET-{number}","token_type":"Bearer","expires_in":{seconds},
            "refresh_token":"RT-SECRET-{number}"}}"#
    );
    json(200, &body)
}

/// A provider and its API at which all is well.
fn sound(request: &HttpRequest) -> Result<HttpResponse, TransportError> {
    let is_ours = |token: &str| token.starts_with("Bearer AT-SECRET-");
    Ok(match request.uri().path() {
        "/me" if header(request, "authorization").is_some_and(is_ours) => json(200, "{}"),
        "/me" => answer(401, &[], ""),
        _ if Flavor::of(request) != Some(Flavor::BASIC_FORM) => support::invalid_client(),
        _ if support::body(request).contains("grant_type=refresh_token") => issued(2, 3600),
        _ => issued(1, 3600),
    })
}

fn walk(
    walk: Walk<'_>,
    mut provider: impl FnMut(&HttpRequest) -> Result<HttpResponse, TransportError> + Send,
) -> (Walked, Vec<HttpRequest>) {
    let mut seen = Vec::new();
    let walked = walk.run_blocking(|request| {
        let answer = provider(&request);
        seen.push(request);
        answer
    });
    (walked, seen)
}

/// The step of an API that answers so.
fn api_step(mut answer: impl FnMut() -> Result<HttpResponse, TransportError> + Send) -> Step {
    let exchanger = exchanger();
    let (walked, _) =
        walk(Walk::new(&exchanger).code(code()).api(api()), |request| match request.uri().path() {
            "/me" => answer(),
            _ => sound(request),
        });
    walked.report.step(ApiCall).expect("each step is told").clone()
}

fn statuses(report: &WalkReport) -> Vec<StepStatus> {
    report.steps.iter().map(|step| step.status).collect()
}

fn kinds(step: &Step) -> Vec<FindingKind> {
    step.findings.iter().map(|finding| finding.kind).collect()
}

fn paths(requests: &[HttpRequest]) -> Vec<&str> {
    requests.iter().map(|request| request.uri().path()).collect()
}

#[test]
fn the_address_of_the_api_is_shown_whatever_it_looks_like() {
    for url in [
        "https://api.example.com/v1.0/me",
        "https://api2.example.com/2/users/me",
        "https://api.example.com/v1/organizations/current?fields=id,name",
        "http://localhost:3000/api/v1/me",
    ] {
        let exchanger = exchanger();
        let api = http::Request::get(url).body(Vec::new()).unwrap();
        let (walked, _) = walk(Walk::new(&exchanger).code(code()).api(api), sound);
        let shown = serde_json::to_string(&walked.report).unwrap();
        assert!(shown.contains(url), "{shown}");
    }
}
