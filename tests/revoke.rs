//! How a token is revoked, and what counts as done.

mod support;

use support::{answer, body, flavors, invalid_client, json, plain, play, reserved};
use token_exchanger::{CallError, Flavor, HttpRequest, HttpResponse, Token};

#[test]
fn the_refresh_token_is_revoked_if_there_is_one_else_the_access_token() {
    let exchanger = plain().revocation_url("https://as.example/revoke?x=y").build().unwrap();
    let both = Token::bearer("AT").with_refresh_token("RT");
    let request = exchanger.revoke(&both).unwrap().request();
    assert_eq!(request.uri(), "https://as.example/revoke?x=y");
    assert_eq!(request.method(), "POST");
    assert_eq!(body(&request), "token=RT&token_type_hint=refresh_token");
    for token in [Token::bearer("AT"), Token::bearer("AT").with_refresh_token("")] {
        let request = exchanger.revoke(&token).unwrap().flavor(Flavor::BODY_FORM).request();
        assert_eq!(
            body(&request),
            "token=AT&token_type_hint=access_token&client_id=my-client-id&client_secret=my-client-secret"
        );
    }
}

#[test]
fn any_success_is_one_whatever_its_body_holds() {
    for body in
        ["", "{}", "true", "<html>", "\u{1}\u{2}", r#"{"error":null}"#, r#"{"access_token":"T"}"#]
    {
        for status in [200, 204, 240] {
            revoke(|| answer(status, &[], body)).0.unwrap();
        }
    }
}

#[test]
fn an_error_in_a_success_is_an_error() {
    let (result, seen) = revoke(|| json(200, r#"{"error":"unsupported_token_type"}"#));
    assert_eq!((result.unwrap_err().kind().to_string().as_str(), seen.len()), ("refused", 1));
}

#[test]
fn a_failed_revocation_never_looks_like_a_success() {
    type Answer = fn() -> HttpResponse;
    let failures: [(Answer, &str); 7] = [
        (|| answer(503, &[("retry-after", "7")], ""), "unavailable"),
        (|| json(500, ""), "unavailable"),
        (|| json(400, r#"{"error":"unsupported_token_type"}"#), "refused"),
        (|| json(400, r#"{"error":"invalid_request"}"#), "refused"),
        (|| json(404, ""), "wrong_endpoint"),
        (|| answer(302, &[("location", "https://evil.example/?a=b")], ""), "redirected"),
        (|| json(400, ""), "no_flavor_accepted"),
    ];
    for (failure, kind) in failures {
        let (result, seen) = revoke(failure);
        let error = result.unwrap_err();
        assert_eq!((error.kind().to_string().as_str(), seen.len()), (kind, 1));
        assert!(error.to_string().starts_with("revocation failed: as.example "), "{error}");
        assert!(!error.to_string().contains("code"), "{error}");
        assert!(!error.needs_reauthorization());
    }
    let error = revoke(|| answer(503, &[("retry-after", "7")], "")).0.unwrap_err();
    assert_eq!(error.retry_after().unwrap().as_secs(), 7);
}

#[test]
fn a_server_that_revokes_no_refresh_tokens_is_offered_the_access_token() {
    let error = revoke(|| json(400, r#"{"error":"unsupported_token_type"}"#)).0.unwrap_err();
    assert!(
        error.to_string().ends_with("; revoke the access token instead: a Token::bearer of it")
    );
}

#[test]
fn a_client_that_is_not_recognised_is_asked_about_in_another_way() {
    let exchanger = reserved().revocation_url("https://as.example/revoke").build().unwrap();
    let token = Token::bearer("AT");
    let (result, seen) = play(exchanger.revoke(&token).unwrap(), |request| {
        let accepted = Flavor::of(request) == Some(Flavor::BASIC_FORM);
        Ok(if accepted { json(200, "") } else { invalid_client() })
    });
    result.unwrap();
    assert_eq!(
        flavors(&seen),
        [Flavor::BODY_FORM, Flavor::BASIC_RAW_FORM, Flavor::BODY_JSON, Flavor::BASIC_FORM]
    );
    assert_eq!(exchanger.learned(), None);
}

#[test]
fn a_revocation_begins_with_the_flavor_that_the_token_was_got_by() {
    let exchanger = reserved().revocation_url("https://as.example/revoke").build().unwrap();
    let mut token = Token::bearer("AT");
    token.flavor = Some(Flavor::BASIC_RAW_JSON);
    let request = exchanger.revoke(&token).unwrap().request();
    assert_eq!(Flavor::of(&request), Some(Flavor::BASIC_RAW_JSON));
}

#[test]
fn a_token_that_the_server_sends_back_is_not_shown() {
    let refusal =
        r#"{"error":"unsupported_token_type","error_description":"RT-SECRET-1, AT-SECRET-1"}"#;
    let error = revoke(|| json(400, refusal)).0.unwrap_err();
    assert!(error.to_string().contains("([refresh_token], [access_token])"), "{error}");
}

#[test]
fn without_a_revocation_url_there_is_no_revocation() {
    let missing = plain().build().unwrap().revoke(&Token::bearer("AT")).unwrap_err();
    assert_eq!(missing.field, "revocation_url");
}

fn revoke(answer: impl Fn() -> HttpResponse) -> (Result<(), CallError>, Vec<HttpRequest>) {
    let exchanger = plain().revocation_url("https://as.example/revoke").build().unwrap();
    let token = Token::bearer("AT-SECRET-1").with_refresh_token("RT-SECRET-1");
    play(exchanger.revoke(&token).unwrap(), |_| Ok(answer()))
}
