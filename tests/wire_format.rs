//! The bytes that go out, to the letter.

mod support;

use std::time::{Duration, SystemTime};

use support::{basic, body, client, code, header, json, plain, play};
use token_exchanger::{AuthorizationCode, CodeVerifier, Deadline, Flavor, HttpRequest};

const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

#[test]
fn the_six_flavors_write_the_documented_bytes() {
    let form = "grant_type=authorization_code\
                &scope=widgets%3Aread%20widgets%3Awrite%20offline_access\
                &redirect_uri=https%3A%2F%2Foauth2.prismatic.io%2Fcallback\
                &code=some-unique-auth-code";
    let json = r#"{"code":"some-unique-auth-code","grant_type":"authorization_code","redirect_uri":"https://oauth2.prismatic.io/callback","scope":"widgets:read widgets:write offline_access"}"#;
    let body_form = format!("{form}&client_id=my-client-id&client_secret=my-client-secret");
    let body_json = r#"{"client_id":"my-client-id","client_secret":"my-client-secret","code":"some-unique-auth-code","grant_type":"authorization_code","redirect_uri":"https://oauth2.prismatic.io/callback","scope":"widgets:read widgets:write offline_access"}"#;
    let basic = Some("Basic bXktY2xpZW50LWlkOm15LWNsaWVudC1zZWNyZXQ=");
    let expected = [
        ("basic+form", basic, "application/x-www-form-urlencoded", form),
        ("basic+json", basic, "application/json", json),
        ("body+form", None, "application/x-www-form-urlencoded", &body_form),
        ("body+json", None, "application/json", body_json),
        ("basic-raw+form", basic, "application/x-www-form-urlencoded", form),
        ("basic-raw+json", basic, "application/json", json),
    ];

    let requests = documented_requests();

    assert_eq!(requests.len(), expected.len());
    for (request, (flavor, authorization, content_type, expected)) in requests.iter().zip(expected)
    {
        assert_eq!(request.method(), "POST", "{flavor}");
        assert_eq!(request.uri(), "https://as.example/token", "{flavor}");
        assert_eq!(header(request, "authorization"), authorization, "{flavor}");
        assert_eq!(header(request, "content-type"), Some(content_type), "{flavor}");
        assert_eq!(header(request, "accept"), Some("application/json"), "{flavor}");
        assert_eq!(body(request), expected, "{flavor}");
    }
}

#[test]
fn a_request_has_no_headers_but_those_documented() {
    for request in documented_requests() {
        for name in request.headers().keys() {
            assert!(["authorization", "content-type", "accept"].contains(&name.as_str()), "{name}");
        }
    }
}

#[test]
fn the_verifier_comes_after_the_code_and_extra_parameters_before_the_credentials() {
    let exchanger = plain().flavors([Flavor::BODY_FORM]).build().unwrap();
    let verifier = CodeVerifier::parse(VERIFIER).unwrap();
    let call = exchanger.exchange(code().verifier(verifier)).param("resource", "r").param("a", "b");

    let expected = format!(
        "grant_type=authorization_code&code=some-unique-auth-code&code_verifier={VERIFIER}\
         &resource=r&a=b&client_id=my-client-id&client_secret=my-client-secret"
    );
    assert_eq!(body(&call.request()), expected);
}

#[test]
fn a_standard_name_replaces_that_parameter_in_place() {
    let exchanger = plain().scopes(["read"]).flavors([Flavor::BODY_FORM]).build().unwrap();
    let call = exchanger
        .exchange(code())
        .param("grant_type", "my_grant")
        .param("scope", "write")
        .param("client_id", "other");

    assert_eq!(
        body(&call.request()),
        "grant_type=my_grant&scope=write&code=some-unique-auth-code\
         &client_id=other&client_secret=my-client-secret"
    );
}

#[test]
fn a_parameter_is_sent_once_with_its_last_value() {
    let exchanger = plain().flavors([Flavor::BASIC_FORM]).build().unwrap();
    let call = exchanger.exchange(code()).param("audience", "a").param("audience", "b");
    assert!(body(&call.request()).ends_with("&audience=b"));
    assert!(!body(&call.request()).contains("audience=a"));
}

#[test]
fn an_empty_parameter_is_left_out() {
    let exchanger = plain().scopes(["read"]).redirect_uri("https://a.example/cb").build().unwrap();
    let without_uri = code().redirect_uri("");
    let call =
        exchanger.exchange(without_uri).param("scope", "").param("audience", "").param("", "x");
    let expected = "grant_type=authorization_code&code=some-unique-auth-code";
    assert_eq!(body(&call.request()), expected);

    let exchanger = plain().scopes(["", "a", "", "b", ""]).build().unwrap();
    assert!(body(&exchanger.exchange(code()).request()).contains("&scope=a%20b&"));
}

#[test]
fn credentials_that_are_set_to_nothing_are_left_out_of_the_body() {
    let exchanger = plain().flavors([Flavor::BODY_FORM]).build().unwrap();
    let call = exchanger.exchange(code()).param("client_id", "").param("client_secret", "");
    let expected = "grant_type=authorization_code&code=some-unique-auth-code";
    assert_eq!(body(&call.request()), expected);
}

#[test]
fn credentials_never_stand_in_header_and_body_at_once() {
    let exchanger = plain().build().unwrap();
    let call = exchanger.exchange(code()).param("client_secret", "x").param("client_id", "y");
    let (_, requests) = play(call, |_| Ok(json(500, "")));

    assert_eq!(requests.len(), 6);
    for request in requests {
        let in_body = body(&request).contains("client_secret");
        assert_ne!(in_body, request.headers().contains_key("authorization"));
        assert_eq!(in_body, body(&request).contains("client_id"));
    }
}

#[test]
fn every_byte_but_the_unreserved_is_escaped_in_a_form_and_in_an_encoded_header() {
    let exchanger = client("a~b*c", "x %&+£€").build().unwrap();
    let request = exchanger.exchange(code()).flavor(Flavor::BASIC_FORM).request();
    assert_eq!(basic(&request), "a~b%2Ac:x%20%25%26%2B%C2%A3%E2%82%AC");

    let request = exchanger.exchange(code()).flavor(Flavor::BODY_FORM).request();
    let expected = "&client_id=a~b%2Ac&client_secret=x%20%25%26%2B%C2%A3%E2%82%AC";
    assert!(body(&request).ends_with(expected));
}

#[test]
fn a_raw_header_holds_the_credentials_as_utf_8() {
    let exchanger = client("cid", "päss-日本 %").build().unwrap();
    let request = exchanger.exchange(code()).flavor(Flavor::BASIC_RAW_FORM).request();
    assert_eq!(basic(&request), "cid:päss-日本 %");
}

#[test]
fn json_members_are_texts_and_escaped_as_json_only() {
    let exchanger = client("cid", "q\"\\/é").build().unwrap();
    let call = exchanger.exchange(code()).param("n", "5").flavor(Flavor::BODY_JSON);
    assert_eq!(
        body(&call.request()),
        r#"{"client_id":"cid","client_secret":"q\"\\/é","code":"some-unique-auth-code","grant_type":"authorization_code","n":"5"}"#
    );
}

#[test]
fn without_a_secret_only_the_id_goes_into_the_body() {
    let exchanger = token_exchanger::TokenExchanger::builder("cid", "https://as.example/token")
        .client_secret("");
    let exchanger = exchanger.build().unwrap();
    let (_, requests) = play(exchanger.exchange(code()), |_| Ok(json(500, "")));

    let bodies: Vec<_> = requests.iter().map(body).collect();
    assert_eq!(
        bodies,
        [
            "grant_type=authorization_code&code=some-unique-auth-code&client_id=cid",
            r#"{"client_id":"cid","code":"some-unique-auth-code","grant_type":"authorization_code"}"#,
        ]
    );
    assert!(requests.iter().all(|request| !request.headers().contains_key("authorization")));
}

#[test]
fn a_pinned_flavor_is_written_as_asked_also_without_a_secret() {
    let exchanger = token_exchanger::TokenExchanger::builder("c:d", "https://as.example/token")
        .build()
        .unwrap();
    let request = |flavor| exchanger.exchange(code()).flavor(flavor).request();
    assert_eq!(basic(&request(Flavor::BASIC_FORM)), "c%3Ad:");
    assert_eq!(basic(&request(Flavor::BASIC_RAW_FORM)), "c:d:");
    assert!(body(&request(Flavor::BODY_FORM)).ends_with("&client_id=c%3Ad"));
}

#[test]
fn the_query_of_the_token_url_survives_and_nothing_is_added_to_it() {
    let url = "https://as.example/token?tenant=a%2Fb&x=";
    let exchanger =
        token_exchanger::TokenExchanger::builder("id", url).client_secret("s").build().unwrap();
    let (_, requests) = play(exchanger.exchange(code()), |_| Ok(json(500, "")));
    assert!(requests.iter().all(|request| request.uri() == url));
}

#[test]
fn the_redirect_uri_goes_out_byte_for_byte() {
    let uri = "https://app.example:443/cb/../CB?a=%7e";
    let exchanger = plain().redirect_uri(uri).build().unwrap();
    let form = exchanger.exchange(code()).request();
    assert!(
        body(&form)
            .contains("redirect_uri=https%3A%2F%2Fapp.example%3A443%2Fcb%2F..%2FCB%3Fa%3D%257e&")
    );
    let json = exchanger.exchange(code()).flavor(Flavor::BASIC_JSON).request();
    assert!(body(&json).contains(&format!(r#""redirect_uri":"{uri}""#)));
}

#[test]
fn the_redirect_uri_of_the_code_goes_before_the_configured_one() {
    let exchanger = plain().redirect_uri("https://app.example/one").build().unwrap();
    let code = AuthorizationCode::unchecked("C").redirect_uri("postmessage");
    assert!(body(&exchanger.exchange(code).request()).contains("&redirect_uri=postmessage&"));
}

#[test]
fn an_international_host_goes_out_in_its_ascii_form() {
    let url = "https://bücher.example/token";
    let exchanger = token_exchanger::TokenExchanger::builder("id", url).build().unwrap();
    let request = exchanger.exchange(code()).request();
    assert_eq!(request.uri().host(), Some("xn--bcher-kva.example"));
}

#[test]
fn the_authorization_header_is_marked_sensitive() {
    let exchanger = plain().build().unwrap();
    let request = exchanger.exchange(code()).request();
    assert!(request.headers()["authorization"].is_sensitive());
}

#[test]
fn every_request_carries_the_deadline_of_its_call() {
    let exchanger = plain().time_limit(Duration::from_secs(5)).build().unwrap();
    let call = exchanger.exchange(code());
    let sent = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
    let next = call.receive(Ok(support::invalid_client()), sent, sent + Duration::from_secs(1));
    let std::ops::ControlFlow::Continue(call) = next else { panic!("the call goes on") };

    let deadline = call.request().extensions().get::<Deadline>().copied();
    assert_eq!(deadline, Some(Deadline(sent + Duration::from_secs(5))));
}

fn documented_requests() -> Vec<HttpRequest> {
    let exchanger = plain()
        .scopes(["widgets:read", "widgets:write", "offline_access"])
        .redirect_uri("https://oauth2.prismatic.io/callback")
        .build()
        .unwrap();
    play(exchanger.exchange(code()), |_| Ok(json(500, ""))).1
}
