//! The leg through the user's browser.

use serde_json::json;
use token_exchanger::Callback;
use token_exchanger::doctor::FindingKind::{self, *};
use token_exchanger::doctor::{self, Finding};
use token_exchanger::testing::AuthorizationServer;

use crate::{CALLBACK, ID, PLAIN, client, connect, conventions, only, status, value_in};

const URL: &str = "https://as.example/authorize?client_id=my-client-id&state=PLANTED-state";

fn page(code: u16, page: &str) -> Vec<Finding> {
    doctor::check_browser(URL, status(code), page)
}

#[test]
fn of_a_healthy_callback_nothing_is_found() {
    for callback in [
        "https://my.example/callback?code=abc&state=xyz",
        "code=abc&state=xyz&iss=https%3A%2F%2Fas.example",
        "https://my.example/callback?code=abc&state=xyz&error=#_=_",
    ] {
        assert_eq!(doctor::check_callback(callback), [], "{callback}");
    }
}

#[test]
fn each_callback_that_brings_no_code_has_its_one_cause() {
    #[rustfmt::skip]
    let rows: &[(&str, FindingKind, &str)] = &[
        ("error=access_denied&state=s", Denied, "say yes"),
        ("error=access_denied&error_description=The+user+denied+the+scopes&state=s", Denied, "say yes"),
        ("error=invalid_scope&state=s", Scope, "spell the scopes"),
        ("error=unauthorized_client&state=s", GrantType, "authorization code grant"),
        ("error=unauthorized_client&error_description=Invalid+redirect_uri&state=s", RedirectUri, "register this very redirect_uri"),
        ("error=unsupported_response_type&state=s", GrantType, "authorization code grant"),
        ("error=server_error&state=s", Unavailable, "later"),
        ("error=temporarily_unavailable&state=s", Unavailable, "later"),
        ("error=login_required&state=s", Consent, "prompt=none"),
        ("error=consent_required&state=s", Consent, "prompt=none"),
        ("error=invalid_request&error_description=Missing+parameter%3A+code_challenge_method&state=s", Pkce, "leave without_pkce"),
        ("error=invalid_request&error_description=PKCE+is+not+supported&state=s", Pkce, "\"refused\""),
        ("error=invalid_request&state=s", Parameter, "conventions.authorization"),
        ("state=s", Callback, "conventions.callback.rename"),
        ("https://my.example/cb?state=s#access_token=PLANTED", Callback, "response_type"),
        ("access_token=PLANTED&state=s", Callback, "response_type"),
        ("code=abc", State, "conventions.callback.rename"),
        ("code=abc&state=s&state=t", Callback, "as it came"),
        ("code=%ff&state=s", Callback, "not decoded"),
    ];
    for (callback, kind, remedy) in rows {
        eprintln!("{callback}");
        let remedy = remedy.replace("response_type", "let exchanger.authorize() make the URL");
        only(doctor::check_callback(callback), *kind, &remedy);
    }
}

#[test]
fn what_a_pending_authorization_refuses_is_told_and_the_convention_named_helps() {
    let server = AuthorizationServer::new(ID, PLAIN, token_exchanger::Flavor::ALL);
    let start = |builder: token_exchanger::TokenExchangerBuilder| {
        let authorization = builder.build().unwrap().authorize().unwrap().start().unwrap();
        let callback = server.authorize(&authorization.url).unwrap();
        (authorization.pending, callback)
    };
    let (_, callback) = start(client(PLAIN));
    let (other, _) = start(client(PLAIN));
    let error = other.accept(Callback::parse(&callback).unwrap()).unwrap_err();
    let finding = doctor::check_callback_error(&error);
    only(vec![finding], State, "look the pending authorization up");

    let issuer = || client(PLAIN).issuer("https://as.example");
    let (pending, callback) = start(issuer());
    let error = pending.accept(Callback::parse(&callback).unwrap()).unwrap_err();
    let finding = only(vec![doctor::check_callback_error(&error)], Issuer, "issuer_optional");
    assert!(finding.remedy.contains("conventions.callback.issuer_optional"), "{finding}");
    let optional = conventions("callback.issuer_optional", json!(true));
    let (pending, callback) = start(issuer().conventions(optional));
    assert!(pending.accept(Callback::parse(&callback).unwrap()).is_ok());

    let (pending, callback) = start(issuer());
    let wrong = format!("{callback}&iss=https%3A%2F%2Fas.example%2F");
    let error = pending.accept(Callback::parse(&wrong).unwrap()).unwrap_err();
    only(vec![doctor::check_callback_error(&error)], Issuer, "byte by byte");
}

#[test]
fn pkce_that_is_refused_in_the_callback_is_told_and_the_convention_named_helps() {
    use token_exchanger::testing::PkceRule;
    let server =
        AuthorizationServer::new(ID, PLAIN, token_exchanger::Flavor::ALL).pkce(PkceRule::Refused);
    let callback =
        "error=invalid_request&error_description=unknown+parameter+code_challenge&state=s";
    let finding = only(doctor::check_callback(callback), Pkce, "conventions.authorization.pkce");
    let value = value_in(&finding.remedy, "conventions.authorization.pkce");
    let builder = client(PLAIN).conventions(conventions("authorization.pkce", value));
    assert!(connect(builder, &server).is_ok());
}

#[test]
fn a_redirect_uri_that_is_not_registered_is_told_and_the_registered_one_helps() {
    let server =
        AuthorizationServer::new(ID, PLAIN, token_exchanger::Flavor::ALL).redirect_uri(CALLBACK);
    let builder = || client(PLAIN).redirect_uri("https://my.example/callback/");
    let authorization = builder().build().unwrap().authorize().unwrap().start().unwrap();
    let refused = server.authorize(&authorization.url).unwrap_err();
    let findings = page(400, &format!("<h1>Error</h1><p>{refused}</p>"));
    only(findings, RedirectUri, "register this very redirect_uri");
    assert!(connect(client(PLAIN), &server).is_ok());
}

#[test]
fn each_page_in_place_of_the_question_has_its_one_cause() {
    #[rustfmt::skip]
    let rows: &[(u16, &str, FindingKind, &str)] = &[
        (431, "", HeadersTooLarge, "clear the browser's cookies"),
        (431, "", HeadersTooLarge, "keep the state and the authorization URL short"),
        (400, "<title>400 Request Header Or Cookie Too Large</title>", HeadersTooLarge, "cookies"),
        (400, "<h2>Bad Request - Request Too Long</h2>", HeadersTooLarge, "cookies"),
        (400, "Your browser sent a request that this server could not understand. Size of a request header field exceeds server limit.", HeadersTooLarge, "cookies"),
        (494, "", HeadersTooLarge, "cookies"),
        (414, "", HeadersTooLarge, "fewer scopes"),
        (404, "<h1>Not Found", Url, "compare authorization_url"),
        (404, "<h1>unknown client_id", ClientId, "copy the client id"),
        (429, "", Unavailable, "later"),
        (500, "", Unavailable, "later"),
        (400, "<h1>Error 400: redirect_uri_mismatch</h1>", RedirectUri, "register this very redirect_uri"),
        (200, "<p>The reply URL specified in the request does not match the reply URLs configured for the application", RedirectUri, "registered one"),
        (200, "<p>URL blocked: the redirect URI is not whitelisted", RedirectUri, "registered one"),
        (400, "Invalid client_id", ClientId, "copy the client id"),
        (401, "<h1>Error 401: invalid_client</h1><p>The OAuth client was not found.", ClientId, "copy the client id"),
        (400, "<h1>Invalid scope: wirte", Scope, "conventions.scope_delimiter"),
        (400, "code_challenge_method must be S256", Pkce, "leave without_pkce"),
        (400, "<h1>Bad Request", Parameter, "check client_id"),
        (403, "", Parameter, "redirect_uri"),
    ];
    for (code, text, kind, remedy) in rows {
        eprintln!("{code} {text}");
        let finding = only(page(*code, text), *kind, remedy);
        let seen = format!("https://as.example/authorize shows the user {code}; the URL has 71");
        assert!(finding.symptom.contains(&seen), "{finding}");
    }
}

#[test]
fn of_a_page_that_asks_the_user_nothing_is_found() {
    let login = r#"<html><script>if (!x) alert("redirect_uri is invalid")</script><h1>Log in</h1>
        <a href="/signup?redirect_uri=https://my.example&error=invalid&client_id=x">No account?</a>
        <p>Password is required.</p><p>Required scopes: read</p><p>Allow My App the scope read?</p>"#;
    for code in [200, 302, 303] {
        assert_eq!(page(code, login), [], "{code}");
    }
    assert_eq!(page(200, ""), []);
}

#[test]
fn nothing_of_a_page_a_state_or_a_callback_is_shown() {
    // However long it is.
    let long = "é invalid, expired, revoked ".repeat(100_000);
    assert_eq!(page(400, &long)[0].kind, Parameter);
    let mut findings = page(400, "invalid redirect_uri PLANTED");
    for url in
        ["https://as.example/authorize#/?client_id=x&state=PLANTED-state", "PLANTED no URL", URL]
    {
        for code in [400, 404, 431, 500] {
            findings.extend(doctor::check_browser(url, status(code), "PLANTED"));
        }
    }
    for callback in [
        "code=PLANTED-code",
        "state=PLANTED-state",
        "access_token=PLANTED-token&state=PLANTED-state",
        "error=x&error_description=PLANTED-state+is+bad&state=PLANTED-state",
        "error=PLANTED-code&code=PLANTED-code&state=PLANTED-state",
        "https://my.example/#access_token=PLANTED",
    ] {
        findings.extend(doctor::check_callback(callback));
    }
    let shown = format!("{findings:?} {}", serde_json::to_string(&findings).unwrap());
    assert!(!shown.contains("PLANTED"), "{shown}");
}
