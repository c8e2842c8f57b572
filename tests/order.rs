//! Which flavors are tried, in which order, and what ends a call.

mod support;

use std::time::{Duration, SystemTime};

use support::{
    always, answer, client, code, flavors, in_turn, invalid_client, json, names, plain, play,
    reserved, token,
};
use token_exchanger::{
    CallErrorKind, ClientAuth, CodeFate, Flavor, Policy, TokenExchanger, TransportError,
    TransportErrorKind,
};

type Answer = fn() -> token_exchanger::HttpResponse;

const DOCUMENTED: [&str; 6] =
    ["basic+form", "basic+json", "body+form", "body+json", "basic-raw+form", "basic-raw+json"];

#[test]
fn exhaustive_sends_the_six_in_the_documented_order_to_a_server_that_answers_500() {
    let exchanger = reserved().build().unwrap();
    let (result, seen) = in_turn(&exchanger, &[json(500, "")]);
    assert_eq!(names(&seen), DOCUMENTED);
    assert!(matches!(result.unwrap_err().kind(), CallErrorKind::Unavailable { .. }));
}

#[test]
fn exhaustive_sends_six_requests_also_where_their_bytes_are_the_same() {
    let exchanger = plain().build().unwrap();
    assert_eq!(names(&exchanger.flavors()), DOCUMENTED);
    let (result, seen) = in_turn(&exchanger, &[json(500, "")]);
    assert_eq!(seen.len(), 6);
    let attempts = result.unwrap_err();
    let attempted: Vec<_> = attempts.attempts().iter().map(|it| it.flavor).collect();
    assert_eq!(names(&attempted), DOCUMENTED);
}

#[test]
fn careful_tries_four_flavors_where_encoding_changes_nothing() {
    let exchanger = plain().policy(Policy::Careful).build().unwrap();
    let (_, seen) = in_turn(&exchanger, &[invalid_client()]);
    assert_eq!(names(&seen), ["basic+form", "body+form", "basic+json", "body+json"]);
}

#[test]
fn careful_begins_in_the_body_where_encoding_changes_something() {
    let exchanger = reserved().policy(Policy::Careful).build().unwrap();
    let (_, seen) = in_turn(&exchanger, &[invalid_client()]);
    let expected =
        ["body+form", "basic-raw+form", "body+json", "basic+form", "basic+json", "basic-raw+json"];
    assert_eq!(names(&seen), expected);
}

#[test]
fn careful_never_sends_the_same_bytes_twice_whatever_the_order() {
    let order = [Flavor::BASIC_RAW_JSON, Flavor::BASIC_JSON, Flavor::BASIC_RAW_FORM];
    let exchanger = plain().policy(Policy::Careful).flavors(order).build().unwrap();
    assert_eq!(exchanger.flavors(), [Flavor::BASIC_RAW_JSON, Flavor::BASIC_RAW_FORM]);
}

#[test]
fn careful_sends_the_same_bytes_once_also_where_a_parameter_makes_them_the_same() {
    let order = [Flavor::BODY_FORM, Flavor::PUBLIC[0], Flavor::BODY_JSON];
    let exchanger = plain().policy(Policy::Careful).flavors(order).build().unwrap();
    let call = exchanger.exchange(code()).param("client_secret", "");
    let (_, seen) = play(call, |_| Ok(invalid_client()));
    assert_eq!(names(&flavors(&seen)), ["none+form", "none+json"]);
}

#[test]
fn without_a_secret_the_two_public_flavors_are_tried() {
    for policy in [Policy::Exhaustive, Policy::Careful] {
        let exchanger = TokenExchanger::builder("cid", "https://as.example/token").policy(policy);
        let exchanger = exchanger.build().unwrap();
        assert_eq!(exchanger.flavors(), Flavor::PUBLIC);
        let (_, seen) = in_turn(&exchanger, &[invalid_client()]);
        assert_eq!(names(&seen), ["none+form", "none+json"]);
    }
}

#[test]
fn a_client_id_with_a_colon_is_never_sent_raw() {
    for policy in [Policy::Exhaustive, Policy::Careful] {
        let exchanger = client("a:b", "secret").policy(policy).build().unwrap();
        let raw = |flavor: &Flavor| flavor.auth == ClientAuth::BasicRaw;
        assert_eq!(exchanger.flavors().len(), 4);
        assert!(!exchanger.flavors().iter().any(raw));
    }
}

#[test]
fn an_order_of_the_callers_own_is_followed_under_both_policies() {
    let order = [Flavor::BODY_JSON, Flavor::BASIC_FORM];
    for policy in [Policy::Exhaustive, Policy::Careful] {
        let exchanger = reserved().policy(policy).flavors(order).build().unwrap();
        assert_eq!(exchanger.flavors(), order);
    }
}

#[test]
fn a_preferred_flavor_comes_first_and_the_others_keep_their_order() {
    let exchanger = plain().prefer(Flavor::BODY_JSON).build().unwrap();
    let expected =
        ["body+json", "basic+form", "basic+json", "body+form", "basic-raw+form", "basic-raw+json"];
    assert_eq!(names(&exchanger.flavors()), expected);
}

#[test]
fn a_preferred_flavor_comes_first_under_careful_though_its_twin_stands_in_the_order() {
    let exchanger = plain().policy(Policy::Careful).prefer(Flavor::BASIC_RAW_JSON).build().unwrap();
    let expected = ["basic-raw+json", "basic+form", "body+form", "body+json"];
    assert_eq!(names(&exchanger.flavors()), expected);
}

#[test]
fn a_preference_has_no_effect_where_the_order_leaves_it_out() {
    let exchanger = plain().flavors([Flavor::BODY_FORM]).prefer(Flavor::BODY_JSON).build().unwrap();
    assert_eq!(exchanger.flavors(), [Flavor::BODY_FORM]);
}

#[test]
fn what_an_exchange_learned_is_tried_first_at_the_next() {
    let exchanger = plain().prefer(Flavor::BASIC_JSON).build().unwrap();
    assert_eq!(exchanger.learned(), None);

    let (issued, _) = in_turn(&exchanger, &[invalid_client(), invalid_client(), token()]);
    assert_eq!(issued.unwrap().flavor, Flavor::BODY_FORM);
    assert_eq!(exchanger.learned(), Some(Flavor::BODY_FORM));
    assert_eq!(exchanger.flavors()[..2], [Flavor::BODY_FORM, Flavor::BASIC_JSON]);

    let (_, seen) = in_turn(&exchanger, &[token()]);
    assert_eq!(seen, [Flavor::BODY_FORM]);
}

#[test]
fn what_one_client_learned_is_not_shared_with_another() {
    let (one, other) = (plain().build().unwrap(), client("b", "s").build().unwrap());
    in_turn(&one, &[invalid_client(), token()]).0.unwrap();
    assert_eq!(one.learned(), Some(Flavor::BASIC_JSON));
    assert_eq!(other.learned(), None);
}

#[test]
fn a_failed_exchange_does_not_unlearn() {
    let exchanger = plain().build().unwrap();
    in_turn(&exchanger, &[invalid_client(), token()]).0.unwrap();
    in_turn(&exchanger, &[json(500, "")]).0.unwrap_err();
    assert_eq!(exchanger.learned(), Some(Flavor::BASIC_JSON));
}

#[test]
fn a_flavor_that_may_have_spent_a_code_comes_last_next_time() {
    // better-auth takes the code out of its store before it looks at the client.
    let refusals = [invalid_client(), json(400, r#"{"error":"invalid_grant"}"#)];
    let exchanger = plain().build().unwrap();
    let (result, _) = in_turn(&exchanger, &refusals);

    let error = result.unwrap_err();
    assert!(matches!(error.kind(), CallErrorKind::Refused(_)));
    assert!(error.to_string().contains("perhaps by attempt 1 (basic+form got 401 invalid_client)"));
    // And with it the one that writes the same bytes.
    let expected =
        ["basic+json", "body+form", "body+json", "basic-raw+json", "basic+form", "basic-raw+form"];
    assert_eq!(names(&exchanger.flavors()), expected);

    // Once it works, it is trusted again.
    in_turn(&exchanger, &[json(500, ""), json(500, ""), json(500, ""), json(500, ""), token()])
        .0
        .unwrap();
    assert_eq!(exchanger.flavors()[0], Flavor::BASIC_FORM);
}

#[test]
fn what_may_have_spent_a_code_is_no_longer_what_was_learned() {
    let exchanger = plain().build().unwrap();
    in_turn(&exchanger, &[token()]).0.unwrap();
    assert_eq!(exchanger.learned(), Some(Flavor::BASIC_FORM));
    let refusals = [invalid_client(), json(400, r#"{"error":"invalid_grant"}"#)];
    in_turn(&exchanger, &refusals).0.unwrap_err();
    assert_eq!(exchanger.learned(), None);

    // Its twin, which writes the same bytes, clears it.
    let call = exchanger.exchange(code()).flavor(Flavor::BASIC_RAW_FORM);
    play(call, |_| Ok(token())).0.unwrap();
    assert_eq!(exchanger.learned(), Some(Flavor::BASIC_RAW_FORM));
    assert_eq!(exchanger.flavors()[..2], [Flavor::BASIC_RAW_FORM, Flavor::BASIC_FORM]);
}

#[test]
fn a_refusal_at_the_first_attempt_casts_doubt_on_nothing() {
    let exchanger = plain().policy(Policy::Careful).build().unwrap();
    let before = exchanger.flavors();
    let (result, _) = in_turn(&exchanger, &[json(400, r#"{"error":"invalid_grant"}"#)]);
    assert!(!result.unwrap_err().to_string().contains("perhaps"));
    assert_eq!(exchanger.flavors(), before);
}

#[test]
fn max_attempts_bounds_the_requests() {
    let exchanger = plain().max_attempts(2).build().unwrap();
    let (result, seen) = in_turn(&exchanger, &[invalid_client()]);
    assert_eq!(seen.len(), 2);
    assert!(matches!(result.unwrap_err().kind(), CallErrorKind::NoFlavorAccepted));
}

#[test]
fn no_attempt_begins_after_the_time_limit() {
    let exchanger = plain().time_limit(Duration::from_secs(10)).build().unwrap();
    let start = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
    let second = Duration::from_secs(1);

    let next = exchanger.exchange(code()).receive(Ok(invalid_client()), start, start + 9 * second);
    let std::ops::ControlFlow::Continue(call) = next else { panic!("one second is left") };
    let end = call.receive(Ok(invalid_client()), start + 9 * second, start + 10 * second);
    let std::ops::ControlFlow::Break(Err(error)) = end else { panic!("none is left") };
    assert_eq!(error.attempts().len(), 2);
    assert!(matches!(error.kind(), CallErrorKind::NoFlavorAccepted));
    assert_eq!(error.attempts()[0].elapsed, 9 * second);
}

#[test]
fn a_pinned_flavor_is_the_only_one_tried() {
    let exchanger = plain().build().unwrap();
    let call = exchanger.exchange(code()).flavor(Flavor::BODY_JSON);
    let (_, seen) = play(call, |_| Ok(json(500, "")));
    assert_eq!(flavors(&seen), [Flavor::BODY_JSON]);
}

#[test]
fn careful_sends_no_further_json_after_json_was_refused_other_than_by_401() {
    let exchanger = reserved().policy(Policy::Careful).build().unwrap();
    let invalid_request = json(400, r#"{"error":"invalid_request"}"#);
    let (_, seen) = in_turn(&exchanger, &[invalid_request]);
    assert_eq!(names(&seen), ["body+form", "basic-raw+form", "body+json", "basic+form"]);
}

#[test]
fn careful_sends_no_more_of_an_encoding_after_a_415() {
    let exchanger = reserved().policy(Policy::Careful).build().unwrap();
    let (_, seen) = in_turn(&exchanger, &[json(415, ""), invalid_client()]);
    assert_eq!(names(&seen), ["body+form", "body+json", "basic+json", "basic-raw+json"]);
}

#[test]
fn careful_goes_on_after_a_500_to_json_or_to_raw_credentials_with_reserved_characters() {
    let order = [Flavor::BASIC_RAW_FORM, Flavor::BASIC_JSON, Flavor::BODY_FORM];
    let exchanger = reserved().policy(Policy::Careful).flavors(order).build().unwrap();
    let (issued, seen) = in_turn(&exchanger, &[json(500, ""), json(500, ""), token()]);
    assert!(issued.is_ok());
    assert_eq!(seen, order);

    // Encoding changes nothing here, so that the raw header cannot be what upset the server.
    let exchanger = plain().policy(Policy::Careful).flavors(order).build().unwrap();
    let (_, seen) = in_turn(&exchanger, &[json(500, "")]);
    assert_eq!(seen.len(), 1);
}

#[test]
fn careful_stops_where_exhaustive_goes_on() {
    let refusals: [(&str, Answer); 7] = [
        ("an empty 200", || json(200, "")),
        ("invalid_grant", || json(400, r#"{"error":"invalid_grant"}"#)),
        ("invalid_scope", || json(400, r#"{"error":"invalid_scope"}"#)),
        ("404", || json(404, "")),
        ("500", || json(500, "")),
        ("503 without Retry-After", || json(503, "")),
        ("temporarily_unavailable", || json(400, r#"{"error":"temporarily_unavailable"}"#)),
    ];
    for (what, refusal) in refusals {
        assert_eq!(always(plain(), Policy::Careful, refusal).1.len(), 1, "{what}");
        assert_eq!(always(plain(), Policy::Exhaustive, refusal).1.len(), 6, "{what}");
    }
}

#[test]
fn both_policies_stop_where_asking_again_would_do_harm() {
    let dangers: [(&str, Answer); 8] = [
        ("a token that is a number", || json(200, r#"{"access_token":1}"#)),
        ("a cut off 200", || json(200, "{")),
        ("a token and an error", || json(200, r#"{"access_token":"T","error":"x"}"#)),
        ("a token in a 400", || json(400, r#"{"access_token":"T"}"#)),
        ("429", || json(429, r#"{"error":"invalid_client"}"#)),
        ("503 with Retry-After", || answer(503, &[("retry-after", "soon")], "")),
        ("307", || answer(307, &[("location", "/v2")], "")),
        ("301", || answer(301, &[], "")),
    ];
    for (what, danger) in dangers {
        for policy in [Policy::Careful, Policy::Exhaustive] {
            assert_eq!(always(plain(), policy, danger).1.len(), 1, "{what}");
        }
    }
}

#[test]
fn both_policies_stop_when_no_answer_comes() {
    let kinds = [
        (TransportErrorKind::Connect, CodeFate::Unsent),
        (TransportErrorKind::Timeout, CodeFate::Unknown),
        (TransportErrorKind::Interrupted, CodeFate::Unknown),
        (TransportErrorKind::TooLarge, CodeFate::Unknown),
    ];
    for policy in [Policy::Careful, Policy::Exhaustive] {
        for (kind, fate) in kinds {
            let exchanger = plain().policy(policy).build().unwrap();
            let (result, seen) =
                play(exchanger.exchange(code()), |_| Err(TransportError::new(kind, "gone")));
            let error = result.unwrap_err();
            assert_eq!(seen.len(), 1);
            assert_eq!(error.code_fate(), fate);
            assert!(matches!(error.kind(), CallErrorKind::Transport(it) if it.kind() == kind));
        }
    }
}

#[test]
fn many_exchanges_may_run_at_once_on_one_exchanger() {
    let exchanger = plain().build().unwrap();
    std::thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| {
                let (issued, seen) = play(exchanger.exchange(code()), |request| {
                    let accepted = Flavor::of(request) == Some(Flavor::BODY_FORM);
                    Ok(if accepted { token() } else { invalid_client() })
                });
                assert_eq!(issued.unwrap().flavor, Flavor::BODY_FORM);
                assert!(seen.len() == 3 || seen.len() == 1);
            });
        }
    });
    assert_eq!(exchanger.learned(), Some(Flavor::BODY_FORM));
}
