//! How a token goes into an API request, and when it does not.

mod support;

use http::{HeaderMap, Request};
use support::plain;
use token_exchanger::{ApplyError, Conventions, Token, TokenExchanger, TokenPlace};
use url::Url;

#[test]
fn a_token_goes_into_the_authorization_header() {
    let mut request = request("https://api.example/x?y=z");
    exchanger().apply(&Token::bearer("T"), &mut request).unwrap();
    assert_eq!(request.headers()["authorization"], "Bearer T");
    assert!(request.headers()["authorization"].is_sensitive());
    assert_eq!(request.uri(), "https://api.example/x?y=z");
}

#[test]
fn a_request_in_parts_gets_the_same() {
    let mut headers = HeaderMap::new();
    let mut url = Url::parse("https://api.example/x?y=z").unwrap();
    exchanger().apply_to(&Token::bearer("T"), &mut url, &mut headers).unwrap();
    assert_eq!(headers["authorization"], "Bearer T");
    assert_eq!(url.as_str(), "https://api.example/x?y=z");

    let exchanger = applying(r#"{"place": "query"}"#);
    let mut headers = HeaderMap::new();
    exchanger.apply_to(&Token::bearer("a b&c"), &mut url, &mut headers).unwrap();
    assert_eq!(url.as_str(), "https://api.example/x?y=z&access_token=a%20b%26c");
    assert!(headers.is_empty());
}

#[test]
fn bearer_in_any_case_is_bearer_and_so_is_a_type_that_nobody_knows() {
    for token_type in ["Bearer", "bearer", "BEARER", "User Access Token", "jwt", "token", ""] {
        let mut token = Token::bearer("T");
        token.token_type = token_type.into();
        let mut request = request("https://api.example/");
        exchanger().apply(&token, &mut request).unwrap();
        assert_eq!(request.headers()["authorization"], "Bearer T", "{token_type}");
    }
}

#[test]
fn a_type_that_needs_more_than_the_token_is_refused() {
    for token_type in ["mac", "MAC", "DPoP", "dpop", "basic", "PoP", "N_A"] {
        let mut token = Token::bearer("T");
        token.token_type = token_type.into();
        assert_refused(&exchanger(), &token, "https://api.example/", ApplyError::UnsupportedType);
        let elsewhere = applying(r#"{"place": "query"}"#);
        assert_refused(&elsewhere, &token, "https://api.example/", ApplyError::UnsupportedType);
        // Unless the provider says how it is meant.
        let mut request = request("https://api.example/");
        applying(r#"{"template": "MAC {token}"}"#).apply(&token, &mut request).unwrap();
        assert_eq!(request.headers()["authorization"], "MAC T");
    }
}

#[test]
fn a_token_never_goes_over_cleartext_but_to_loopback() {
    let token = Token::bearer("T");
    for url in [
        "http://api.example/",
        "ws://api.example/",
        "http://localhost.evil.example/",
        "/path",
        "ftp://127.0.0.1/",
    ] {
        assert_refused(&exchanger(), &token, url, ApplyError::InsecureUrl);
    }
    for url in [
        "https://api.example/",
        "wss://api.example/",
        "http://127.0.0.1:8080/",
        "http://[::1]/",
        "http://localhost/",
    ] {
        exchanger().apply(&token, &mut request(url)).unwrap();
    }
    let allowed = plain().danger_allow_http().build().unwrap();
    allowed.apply(&token, &mut request("http://api.example/")).unwrap();
}

#[test]
fn what_stands_there_is_not_replaced() {
    let token = Token::bearer("T");
    let mut request = request("https://api.example/");
    request.headers_mut().insert("authorization", "Basic mine".parse().unwrap());
    assert_eq!(exchanger().apply(&token, &mut request), Err(ApplyError::AlreadyAuthorized));
    assert_eq!(request.headers()["authorization"], "Basic mine");

    let query = applying(r#"{"place": "query", "name": "access token"}"#);
    for url in ["https://api.example/?access+token=x", "https://api.example/?a&acces%73%20token"] {
        assert_refused(&query, &token, url, ApplyError::AlreadyAuthorized);
    }
}

#[test]
fn a_request_never_has_two_tokens() {
    let token = Token::bearer("T");
    let query = applying(r#"{"place": "query"}"#);
    let mut request = request("https://api.example/");
    request.headers_mut().insert("authorization", "bearer OLD".parse().unwrap());
    assert_eq!(query.apply(&token, &mut request), Err(ApplyError::AlreadyAuthorized));
    request.headers_mut().insert("authorization", "Basic key".parse().unwrap());
    query.apply(&token, &mut request).unwrap();
    let url = "https://api.example/?access_token=OLD";
    assert_refused(&exchanger(), &token, url, ApplyError::AlreadyAuthorized);
}

#[test]
fn a_token_that_no_header_can_carry_is_refused() {
    for token in ["", "a\nb", "a\r\nX-Evil: 1", "a\0b", "a\u{7f}"] {
        let token = Token::bearer(token);
        assert_refused(&exchanger(), &token, "https://api.example/", ApplyError::NotAHeaderValue);
    }
    // A URL can carry any but none.
    let mut request = request("https://api.example");
    applying(r#"{"place": "query"}"#).apply(&Token::bearer("a\r\nb"), &mut request).unwrap();
    assert_eq!(request.uri(), "https://api.example/?access_token=a%0D%0Ab");
}

#[test]
fn conventions_name_the_place_the_name_and_the_template() {
    for (apply, name, value) in [
        (r#"{"name": "x-auth-token"}"#, "x-auth-token", "T"),
        (r#"{"name": "X-Token", "template": "v1 {token};"}"#, "x-token", "v1 T;"),
        (r#"{"template": "ID {token}"}"#, "authorization", "ID T"),
        (r#"{"place": "header", "name": "Authorization"}"#, "authorization", "Bearer T"),
    ] {
        let mut request = request("https://api.example/");
        applying(apply).apply(&Token::bearer("T"), &mut request).unwrap();
        assert_eq!(request.headers()[name], value);
        assert_eq!(request.headers().len(), 1, "never both");
        assert_eq!(request.uri(), "https://api.example/");
    }
    for (apply, uri) in [
        (r#"{"place": "query"}"#, "https://api.example/a?b=%2f&access_token=T"),
        (
            r#"{"place": "query", "name": "a&b", "template": "x={token}"}"#,
            "https://api.example/a?b=%2f&a%26b=x%3DT",
        ),
    ] {
        let mut request = request("https://api.example/a?b=%2f");
        applying(apply).apply(&Token::bearer("T"), &mut request).unwrap();
        assert_eq!(request.uri(), uri);
        assert!(request.headers().is_empty(), "never both");
    }
}

#[test]
fn a_token_cannot_fill_a_placeholder_of_its_own() {
    let mut request = request("https://api.example/");
    exchanger().apply(&Token::bearer("{token}"), &mut request).unwrap();
    assert_eq!(request.headers()["authorization"], "Bearer {token}");
}

#[test]
fn a_url_that_would_be_too_long_is_refused() {
    let token = Token::bearer("T".repeat(70_000));
    let exchanger = applying(r#"{"place": "query"}"#);
    assert_refused(&exchanger, &token, "https://api.example/", ApplyError::UrlTooLong);
    let mut url = Url::parse("https://api.example/").unwrap();
    let refused = exchanger.apply_to(&token, &mut url, &mut HeaderMap::new());
    assert_eq!((refused, url.as_str()), (Err(ApplyError::UrlTooLong), "https://api.example/"));
}

fn exchanger() -> TokenExchanger {
    plain().build().unwrap()
}

fn applying(apply: &str) -> TokenExchanger {
    let mut conventions = Conventions::default();
    conventions.apply = serde_json::from_str(apply).unwrap();
    assert!(matches!(conventions.apply.place, TokenPlace::Header | TokenPlace::Query));
    plain().conventions(conventions).build().unwrap()
}

fn request(url: &str) -> Request<()> {
    Request::get(url).body(()).unwrap()
}

#[track_caller]
fn assert_refused(exchanger: &TokenExchanger, token: &Token, url: &str, error: ApplyError) {
    let mut request = request(url);
    assert_eq!(exchanger.apply(token, &mut request), Err(error), "{url}");
    assert_eq!(request.uri(), url, "the request is as it was");
    assert!(request.headers().is_empty(), "the request is as it was");
}
