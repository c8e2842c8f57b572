//! A token for the client itself.

mod support;

use support::{body, flavors, invalid_client, json, plain, play, reserved, token};
use token_exchanger::{CodeFate, Flavor, HttpRequest, HttpResponse, Policy, Warning};

#[test]
fn the_request_is_as_documented_in_each_flavor() {
    let exchanger =
        plain().scopes(["a:b", "c"]).redirect_uri("https://x.example/cb").build().unwrap();
    let form = "grant_type=client_credentials&scope=a%3Ab%20c&audience=x";
    let json = r#"{"audience":"x","grant_type":"client_credentials","scope":"a:b c"}"#;
    let request =
        |flavor| exchanger.client_credentials().param("audience", "x").flavor(flavor).request();
    assert_eq!(body(&request(Flavor::BASIC_FORM)), form);
    assert_eq!(body(&request(Flavor::BASIC_RAW_JSON)), json);
    let credentials = "&client_id=my-client-id&client_secret=my-client-secret";
    assert_eq!(body(&request(Flavor::BODY_FORM)), format!("{form}{credentials}"));
}

#[test]
fn both_policies_go_through_the_flavors_as_at_an_exchange() {
    for (policy, first) in [(Policy::Exhaustive, "basic+form"), (Policy::Careful, "body+form")] {
        let exchanger = reserved().policy(policy).build().unwrap();
        let (result, seen) = play(exchanger.client_credentials(), |_| Ok(invalid_client()));
        let error = result.unwrap_err();
        assert_eq!((seen.len(), flavors(&seen)[0].to_string().as_str()), (6, first));
        assert_eq!(error.kind().to_string(), "no_flavor_accepted");
        assert!(!error.needs_reauthorization());
        let text = error.to_string();
        assert!(text.starts_with("client credentials failed: as.example"), "{text}");
        assert!(!text.contains("code"), "{text}");
    }
}

#[test]
fn they_learn_for_themselves() {
    let exchanger = reserved().build().unwrap();
    let json_only = |request: &HttpRequest| match Flavor::of(request) {
        Some(Flavor::BODY_JSON) => Ok(token()),
        _ => Ok(invalid_client()),
    };
    let (issued, seen) = play(exchanger.client_credentials(), json_only);
    assert_eq!((issued.unwrap().flavor, seen.len()), (Flavor::BODY_JSON, 4));
    assert_eq!(play(exchanger.client_credentials(), json_only).1.len(), 1);
    assert_eq!(exchanger.learned(), None);
    assert_eq!(exchanger.flavors(), Flavor::ALL);
}

#[test]
fn a_refresh_token_that_they_bring_is_left_out_with_a_warning() {
    let answer = r#"{"access_token":"AT","token_type":"Bearer","refresh_token":"RT",
        "refresh_expires_in":9}"#;
    let exchanger = plain().build().unwrap();
    let issued = play(exchanger.client_credentials(), |_| Ok(json(200, answer))).0.unwrap();
    assert_eq!((issued.token.refresh_token, issued.token.refresh_expires_at), (None, None));
    assert_eq!(issued.warnings, [Warning::RefreshTokenIgnored]);
}

#[test]
fn an_error_of_theirs_is_about_no_code_and_never_asks_the_user_again() {
    type Answer = fn() -> HttpResponse;
    let answers: [(Answer, &str); 3] = [
        (|| json(400, r#"{"error":"invalid_grant"}"#), "mend what the answer names"),
        (|| json(503, ""), "try again later"),
        (|| json(404, ""), "check the token URL"),
    ];
    for (answer, advice) in answers {
        let exchanger = plain().policy(Policy::Careful).build().unwrap();
        let error = play(exchanger.client_credentials(), |_| Ok(answer())).0.unwrap_err();
        assert!(error.to_string().ends_with(advice), "{error}");
        assert!(!error.needs_reauthorization() && error.code_fate() != CodeFate::Unsent);
        assert!(error.into_code().is_none());
    }
}

#[test]
fn an_error_of_theirs_casts_no_doubt_on_the_flavors_of_exchanges() {
    let exchanger = reserved().build().unwrap();
    let mut turn = 0;
    play(exchanger.client_credentials(), |_| {
        turn += 1;
        Ok(if turn == 1 { invalid_client() } else { json(400, r#"{"error":"invalid_grant"}"#) })
    })
    .0
    .unwrap_err();
    assert_eq!(exchanger.flavors(), Flavor::ALL);
}
