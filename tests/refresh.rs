//! How a token is refreshed, what is kept of the old one, and when a refresh ends.

mod support;

use std::time::{Duration, SystemTime};

use serde_json::json;
use support::{
    body, client, code, flavors, invalid_client, json, names, plain, play, reserved, token,
};
use token_exchanger::{
    CallError, CallErrorKind, CodeFate, Conventions, Flavor, HttpResponse, Issued, Policy,
    RefreshWith, Token, TokenExchanger, TransportError, TransportErrorKind, Warning,
};

#[test]
fn a_refresh_writes_its_own_parameters_and_none_of_the_exchanges() {
    let conventions = r#"{"exchange": {"params": {"resource": "x"}}}"#;
    let exchanger = plain()
        .redirect_uri("https://my.example/cb")
        .scopes(["read"])
        .conventions(serde_json::from_str(conventions).unwrap())
        .build()
        .unwrap();
    let call = exchanger.refresh(&old()).unwrap().flavor(Flavor::BODY_FORM);
    assert_eq!(
        body(&call.request()),
        "grant_type=refresh_token&refresh_token=RT-OLD&client_id=my-client-id&client_secret=my-client-secret"
    );
    let call = exchanger.refresh(&old()).unwrap().flavor(Flavor::BODY_JSON).param("scope", "less");
    assert_eq!(
        body(&call.request()),
        r#"{"client_id":"my-client-id","client_secret":"my-client-secret","grant_type":"refresh_token","refresh_token":"RT-OLD","scope":"less"}"#
    );
}

#[test]
fn a_refresh_goes_to_the_refresh_url_if_there_is_one() {
    let uri =
        |exchanger: &TokenExchanger| exchanger.refresh(&old()).unwrap().request().uri().to_string();
    assert_eq!(uri(&plain().build().unwrap()), "https://as.example/token");
    let apart = plain().refresh_url("https://as.example/refresh?v=2").build().unwrap();
    assert_eq!(uri(&apart), "https://as.example/refresh?v=2");
    let moved = apart.refresh(&old()).unwrap().endpoint("https://eu.as.example/refresh").unwrap();
    assert_eq!(moved.request().uri(), "https://eu.as.example/refresh");
}

#[test]
fn what_the_answer_leaves_out_is_kept_but_for_the_lifetime() {
    let mut old = old();
    old.expires_at = Some(SystemTime::now());
    old.refresh_expires_at = Some(SystemTime::now() + Duration::from_secs(99));
    old.scopes = Some(vec!["read".into()]);
    old.token_type = "User Access Token".into();
    old.extra.insert("instance_url".into(), json!("https://old.example"));
    old.extra.insert("kept".into(), json!(1));
    let answer = r#"{"access_token":"AT-NEW","instance_url":"https://new.example"}"#;
    let issued = refresh(&old, || json(200, answer)).unwrap();
    let new = &issued.token;
    assert_eq!(new.access_token.expose(), "AT-NEW");
    assert_eq!(new.refresh_token, old.refresh_token);
    assert_eq!(new.refresh_expires_at, old.refresh_expires_at);
    assert_eq!(new.expires_at, None);
    assert_eq!(new.scopes, old.scopes);
    assert_eq!(new.token_type, "User Access Token");
    assert_eq!(
        new.extra,
        *json!({"instance_url": "https://new.example", "kept": 1}).as_object().unwrap()
    );
}

#[test]
fn what_stands_beside_a_token_further_in_is_kept_too() {
    let conventions = r#"{"answer": {"root": "/a/b"}}"#;
    let exchanger =
        plain().conventions(serde_json::from_str(conventions).unwrap()).build().unwrap();
    let mut old = old();
    let extra = json!({"a": {"b": {"id": 1, "kept": 2}, "c": 3, "d": {"x": 4}}, "e": {"y": 5}});
    old.extra = extra.as_object().unwrap().clone();
    let answer = r#"{"a": {"b": {"access_token": "AT-NEW", "id": 9}, "d": {}}, "e": {}}"#;
    let (result, _) = play(exchanger.refresh(&old).unwrap(), |_| Ok(json(200, answer)));
    let expected = json!({"a": {"b": {"id": 9, "kept": 2}, "c": 3, "d": {}}, "e": {}});
    assert_eq!(result.unwrap().token.extra, *expected.as_object().unwrap());
}

#[test]
fn what_the_answer_brings_replaces_the_old() {
    let mut old = old();
    old.refresh_expires_at = Some(SystemTime::now());
    old.scopes = Some(vec!["read".into(), "write".into()]);
    let answer = r#"{"access_token":"AT-NEW","token_type":"bearer","expires_in":60,
        "refresh_token":"RT-NEW","scope":"read"}"#;
    let issued = refresh(&old, || json(200, answer)).unwrap();
    assert_eq!(issued.token.refresh_token.unwrap().expose(), "RT-NEW");
    assert_eq!(issued.token.refresh_expires_at, None, "the new one's end is not known");
    assert_eq!(issued.token.scopes, Some(vec!["read".into()]));
    assert!(issued.token.expires_at.is_some());
    assert_eq!(issued.warnings, []);
}

#[test]
fn the_lifetime_of_a_refresh_token_is_read_under_both_its_names() {
    for name in ["refresh_token_expires_in", "refresh_expires_in"] {
        let answer = format!(r#"{{"access_token":"AT","token_type":"Bearer","{name}":"7200"}}"#);
        let issued = refresh(&old(), || json(200, &answer)).unwrap();
        let left = issued.token.refresh_expires_at.unwrap().duration_since(SystemTime::now());
        assert!(left.unwrap() > Duration::from_secs(7190), "{name}");
    }
}

#[test]
fn a_refresh_begins_with_the_flavor_that_the_token_was_got_by() {
    for flavor in Flavor::ALL {
        let mut old = old();
        old.flavor = Some(flavor);
        let (result, seen) =
            play(reserved().build().unwrap().refresh(&old).unwrap(), |_| Ok(token()));
        let issued = result.unwrap();
        assert_eq!((issued.flavor, flavors(&seen)), (flavor, vec![flavor]));
        assert_eq!(issued.token.flavor, Some(flavor));
    }
}

#[test]
fn a_token_that_was_got_elsewhere_begins_with_what_exchanges_have_learned() {
    let exchanger = reserved().build().unwrap();
    let first = |exchanger: &TokenExchanger| {
        let call = exchanger.refresh(&old()).unwrap();
        Flavor::of(&call.request()).unwrap()
    };
    assert_eq!(first(&exchanger), Flavor::BODY_FORM, "by evidence");
    let call = exchanger.exchange(code()).flavor(Flavor::BASIC_JSON);
    play(call, |_| Ok(token())).0.unwrap();
    assert_eq!(first(&exchanger), Flavor::BASIC_JSON);
}

#[test]
fn a_refresh_teaches_nothing() {
    let exchanger = reserved().build().unwrap();
    let call = exchanger.refresh(&old()).unwrap().flavor(Flavor::BASIC_RAW_JSON);
    play(call, |_| Ok(token())).0.unwrap();
    assert_eq!(exchanger.learned(), None);
    assert_eq!(exchanger.flavors(), Flavor::ALL);
    let request = exchanger.client_credentials().request();
    assert_eq!(Flavor::of(&request), Some(Flavor::BASIC_FORM));
}

#[test]
fn a_refresh_goes_on_only_where_the_client_was_not_recognised() {
    for policy in [Policy::Exhaustive, Policy::Careful] {
        let refused = |answer: fn() -> HttpResponse| {
            let exchanger = reserved().policy(policy).build().unwrap();
            let mut old = old();
            old.flavor = Some(Flavor::BODY_FORM);
            let (result, seen) = play(exchanger.refresh(&old).unwrap(), |_| Ok(answer()));
            (result.unwrap_err(), names(&flavors(&seen)))
        };
        let (error, seen) = refused(invalid_client);
        let by_evidence = [
            "body+form",
            "basic-raw+form",
            "body+json",
            "basic+form",
            "basic+json",
            "basic-raw+json",
        ];
        assert_eq!(seen, by_evidence);
        assert_eq!(error.kind().to_string(), "no_flavor_accepted");
        assert_eq!(error.code_fate(), CodeFate::ProbablyLive);
        assert!(!error.needs_reauthorization());

        type Answer = fn() -> HttpResponse;
        let once: [(Answer, &str, bool); 12] = [
            (|| json(400, r#"{"error":"invalid_grant"}"#), "refused", true),
            (|| json(200, r#"{"error":"bad_refresh_token"}"#), "refused", true),
            (|| json(400, r#"{"error":"invalid_scope"}"#), "refused", false),
            (|| json(400, r#"{"error":"invalid_request"}"#), "refused", false),
            (|| json(400, r#"{"error":"unsupported_grant_type"}"#), "refused", false),
            (|| json(400, r#"{"error":"some_word"}"#), "refused", false),
            (|| json(400, ""), "no_flavor_accepted", false),
            (|| json(404, ""), "wrong_endpoint", false),
            (|| json(500, ""), "unavailable", false),
            (|| json(400, r#"{"error":"temporarily_unavailable"}"#), "unavailable", false),
            (|| json(302, ""), "redirected", false),
            (|| json(200, "{}"), "unreadable", false),
        ];
        for (answer, kind, needs_reauthorization) in once {
            let (error, seen) = refused(answer);
            assert_eq!((error.kind().to_string().as_str(), seen.len()), (kind, 1), "{error}");
            assert_eq!(error.needs_reauthorization(), needs_reauthorization, "{error}");
            assert!(error.to_string().starts_with("refresh failed: as.example "), "{error}");
            assert!(!error.to_string().contains("the code"), "{error}");
        }
    }
}

#[test]
fn a_body_that_was_not_read_after_a_refused_client_does_not_hide_the_client() {
    for (last, is_read) in [
        (r#"{"error":"unsupported_grant_type"}"#, false),
        (r#"{"error":"invalid_request"}"#, false),
        (r#"{"error":"invalid_scope"}"#, true),
    ] {
        let mut answers = vec![invalid_client(), invalid_client()].into_iter();
        let answer = || answers.next().unwrap_or_else(|| json(400, last));
        let error = refresh(&old(), answer).unwrap_err().to_string();
        assert_eq!(error.contains("; check client id and secret"), !is_read, "{error}");
    }
}

#[test]
fn a_refusal_of_a_token_from_elsewhere_says_that_its_flavor_is_not_known() {
    let error = refresh(&old(), || json(400, r#"{"error":"invalid_request"}"#)).unwrap_err();
    assert!(error.to_string().ends_with("put that into the token"), "{error}");
    let mut known = old();
    known.flavor = Some(Flavor::BODY_FORM);
    let error = refresh(&known, || json(400, r#"{"error":"invalid_request"}"#)).unwrap_err();
    assert!(error.to_string().ends_with("; mend what the answer names"), "{error}");
    let error = refresh(&known, || json(400, "")).unwrap_err();
    assert!(
        error.to_string().contains("does not say why: if this lasts, authorize again"),
        "{error}"
    );
}

#[test]
fn conventions_say_which_words_mean_a_dead_refresh_token() {
    let conventions =
        r#"{"refresh": {"errors": {"40105": "invalid_grant", "400": "invalid_grant"}}}"#;
    let conventions: Conventions = serde_json::from_str(conventions).unwrap();
    for (status, body, dead) in [
        (200, r#"{"error":40105}"#, true),
        (400, "", true),
        (400, r#"{"errors":[{"detail":"dead"}]}"#, true),
        (400, r#"{"error":true}"#, true),
        (400, r#"{"error":"invalid_request"}"#, false),
        (403, "", false),
    ] {
        let exchanger = plain().conventions(conventions.clone()).build().unwrap();
        let (result, _) = play(exchanger.refresh(&old()).unwrap(), |_| Ok(json(status, body)));
        let error = result.unwrap_err();
        assert_eq!(error.needs_reauthorization(), dead, "{status} {body}: {error}");
    }
    // Of that kind of request alone, and the server's own word is shown.
    let exchanger = plain().conventions(conventions).build().unwrap();
    let (result, _) =
        play(exchanger.refresh(&old()).unwrap(), |_| Ok(json(200, r#"{"error":40105}"#)));
    assert!(result.unwrap_err().to_string().contains("got 200 40105"));
    let (result, _) = play(exchanger.exchange(code()), |_| Ok(json(400, "")));
    assert_eq!(result.unwrap_err().kind().to_string(), "no_flavor_accepted");
}

#[test]
fn an_error_of_the_server_is_one_whatever_the_flavor() {
    let mut old = old();
    for flavor in Flavor::ALL {
        old.flavor = Some(flavor);
        let error = refresh(&old, || json(500, "")).unwrap_err();
        assert!(error.is_transient(), "{error}");
        assert!(error.to_string().ends_with("; try again later"), "{error}");
    }
}

#[test]
fn a_lost_answer_ends_a_refresh_and_leaves_the_old_token_alone() {
    let old = old();
    let exchanger = plain().build().unwrap();
    let (result, seen) = play(exchanger.refresh(&old).unwrap(), |_| {
        Err(TransportError::new(TransportErrorKind::Timeout, "too late"))
    });
    let error = result.unwrap_err();
    assert_eq!((seen.len(), error.code_fate()), (1, CodeFate::Unknown));
    assert!(error.is_transient() && !error.needs_reauthorization());
    assert_eq!(
        error.to_string(),
        "refresh failed: as.example gave no answer: basic+form got no \
        answer (timeout) (the only attempt); the refresh token may be spent; try again once the \
        network is back"
    );
    assert!(error.danger_into_code().is_none());
    assert_eq!(old.refresh_token.unwrap().expose(), "RT-OLD");
}

#[test]
fn a_dead_refresh_token_says_to_authorize_again() {
    let refusal = r#"{"error":"invalid_grant","error_description":"RT-OLD is revoked"}"#;
    let error = refresh(&old(), || json(400, refusal)).unwrap_err();
    assert!(matches!(error.kind(), CallErrorKind::Refused(told) if told.code == "invalid_grant"));
    assert_eq!(
        error.to_string(),
        "refresh failed: as.example refused: basic+form got 400 invalid_grant ([refresh_token] is \
         revoked) (the only attempt); the refresh token is spent; authorize again"
    );
}

#[test]
fn a_token_without_a_refresh_token_cannot_be_refreshed() {
    let exchanger = plain().build().unwrap();
    let error = exchanger.refresh(&Token::bearer("AT")).unwrap_err();
    assert!(error.to_string().contains("offline_access"), "{error}");
    let empty = Token::bearer("AT").with_refresh_token("");
    assert!(exchanger.refresh(&empty).is_err());
}

#[test]
fn where_the_provider_has_it_so_the_access_token_is_traded() {
    let conventions = r#"{
        "refresh_with": "access_token",
        "refresh": {
            "params": {"grant_type": "fb_exchange_token"},
            "rename": {"refresh_token": "fb_exchange_token"},
            "flavors": ["body+form"],
            "verb": "get"
        }
    }"#;
    let conventions: Conventions = serde_json::from_str(conventions).unwrap();
    assert_eq!(conventions.refresh_with, RefreshWith::AccessToken);
    let exchanger = plain().conventions(conventions).build().unwrap();
    let (result, seen) =
        play(exchanger.refresh(&Token::bearer("AT-OLD")).unwrap(), |_| Ok(token()));
    assert_eq!(result.unwrap().token.access_token.expose(), "AT-SECRET-1");
    assert_eq!((seen[0].method().as_str(), seen[0].body().len()), ("GET", 0));
    assert_eq!(
        seen[0].uri(),
        "https://as.example/token?grant_type=fb_exchange_token&fb_exchange_token=AT-OLD\
         &client_id=my-client-id&client_secret=my-client-secret"
    );
    assert!(!seen[0].headers().contains_key("content-type"));
    // A refresh token goes before.
    let request = exchanger.refresh(&old()).unwrap().request();
    assert!(request.uri().to_string().contains("fb_exchange_token=RT-OLD"));
    assert!(exchanger.refresh(&Token::bearer("")).is_err());
}

#[test]
fn the_flavor_that_got_the_token_comes_first_though_it_be_none_of_the_usual() {
    let mut old = old();
    old.flavor = Some(Flavor::PUBLIC[0]);
    let exchanger = plain().build().unwrap();
    let request = exchanger.refresh(&old).unwrap().request();
    assert_eq!(
        body(&request),
        "grant_type=refresh_token&refresh_token=RT-OLD&client_id=my-client-id"
    );
    // Not where an order was given, nor without the secret that it needs.
    let pinned = plain().flavors([Flavor::BODY_FORM]).build().unwrap();
    let request = pinned.refresh(&old).unwrap().request();
    assert_eq!(Flavor::of(&request), Some(Flavor::BODY_FORM));
    old.flavor = Some(Flavor::BASIC_FORM);
    let request = client("cid", "").build().unwrap().refresh(&old).unwrap().request();
    assert_eq!(Flavor::of(&request), Some(Flavor::PUBLIC[0]));
}

#[test]
fn no_lifetime_of_the_old_token_is_left_among_the_extras() {
    let mut old = old();
    for name in ["refresh_token_expires_in", "expires_at", "ext_expires_in", "expireTime"] {
        old.extra.insert(name.into(), json!(1));
    }
    old.extra.insert("end".into(), json!(1));
    let conventions = r#"{"answer": {"expires_at": {"name": "end"}}}"#;
    let exchanger =
        plain().conventions(serde_json::from_str(conventions).unwrap()).build().unwrap();
    let answer = r#"{"access_token":"AT"}"#;
    let (result, _) = play(exchanger.refresh(&old).unwrap(), |_| Ok(json(200, answer)));
    let extra = result.unwrap().token.extra;
    assert!(extra.is_empty(), "{extra:?}");
}

#[test]
fn a_public_client_refreshes_with_its_id_alone() {
    let exchanger = client("cid", "").build().unwrap();
    let request = exchanger.refresh(&old()).unwrap().request();
    assert_eq!(body(&request), "grant_type=refresh_token&refresh_token=RT-OLD&client_id=cid");
}

#[test]
fn a_call_limits_its_attempts_at_a_refresh_too() {
    let exchanger = reserved().max_attempts(2).build().unwrap();
    let (result, seen) = play(exchanger.refresh(&old()).unwrap(), |_| Ok(invalid_client()));
    assert_eq!((seen.len(), result.unwrap_err().untried().len()), (2, 4));
}

#[test]
fn a_zero_lifetime_and_a_narrowed_scope_are_told_as_ever() {
    let answer = r#"{"access_token":"AT","token_type":"Bearer","expires_in":0}"#;
    let issued = refresh(&old(), || json(200, answer)).unwrap();
    assert_eq!(issued.warnings, [Warning::ZeroLifetime]);
}

fn old() -> Token {
    Token::bearer("AT-OLD").with_refresh_token("RT-OLD")
}

fn refresh(token: &Token, mut answer: impl FnMut() -> HttpResponse) -> Result<Issued, CallError> {
    let exchanger = plain().build().unwrap();
    play(exchanger.refresh(token).unwrap(), |_| Ok(answer())).0
}
