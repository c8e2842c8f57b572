//! The authorization server for tests, in memory: what it accepts, gives, refuses, and saw.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::StatusCode;
use serde_json::{Value, json as object};
use token_exchanger::testing::{
    AuthorizationRefused, AuthorizationServer, Failure, PkceRule, RefreshTokens, RequestKind, form,
    json, param,
};
use token_exchanger::{
    Authorization, AuthorizationCode, BodyEncoding, Call, CallError, CallErrorKind, Callback,
    CallbackError, ClientAuth, CodeFate, CodeVerifier, Conventions, Flavor, HttpRequest,
    HttpResponse, Issued, Policy, Token, TokenExchanger, TokenExchangerBuilder, TransportErrorKind,
};

const ID: &str = "my client/id";
const SECRET: &str = "s3cr3t/+:=&%41é ~";
const CALLBACK: &str = "https://my.example/callback?a=%2f";

#[tokio::test]
async fn a_flavor_is_found_in_ten_lines() -> Result<(), Box<dyn std::error::Error>> {
    let server = AuthorizationServer::new("my-client-id", "my/secret", [Flavor::BODY_FORM]);
    let exchanger = TokenExchanger::builder("my-client-id", "https://app.example.com/oauth2/token")
        .client_secret("my/secret")
        .transport(server.clone())
        .build()?;
    let issued = exchanger.exchange(AuthorizationCode::unchecked(server.code())).await?;
    assert_eq!(issued.flavor, Flavor::BODY_FORM);
    assert_eq!(exchanger.learned(), Some(Flavor::BODY_FORM));
    assert_eq!(server.flavors_seen(), Flavor::ALL[..3]);
    Ok(())
}

#[test]
fn each_flavor_is_accepted_where_it_alone_is_wanted_and_refused_where_any_other_is() {
    for wanted in Flavor::ALL {
        for sent in Flavor::ALL {
            let server = AuthorizationServer::new(ID, SECRET, [wanted]);
            let code = AuthorizationCode::unchecked(server.code());
            let call = exchanger(&server).exchange(code).flavor(sent);
            let accepted = call.send_blocking(|request| server.respond(request)).is_ok();
            assert_eq!(accepted, sent == wanted, "{sent} at {wanted}");
        }
    }
}

#[test]
fn credentials_in_the_header_are_decoded_as_a_form_is_or_not_at_all() {
    for (header, encoded, raw) in [
        ("my+client%2fid:s3cr3t%2F%2B%3A%3D%26%25%34%31%C3%A9+%7E", true, false),
        ("my%20client/id:s3cr3t%2F%2B%3A%3D%26%2541%c3%a9%20~", true, false),
        ("my client/id:s3cr3t/+:=&%41é ~", false, true),
        ("your+client%2Fid:s3cr3t%2F%2B%3A%3D%26%2541%C3%A9+~", false, false),
        ("your client/id:s3cr3t/+:=&%41é ~", false, false),
        ("my+client%2Fid:", false, false),
    ] {
        for (wanted, right) in [(Flavor::BASIC_FORM, encoded), (Flavor::BASIC_RAW_FORM, raw)] {
            let server = AuthorizationServer::new(ID, SECRET, [wanted]);
            let mut request = HttpRequest::new(b"grant_type=client_credentials".to_vec());
            *request.method_mut() = http::Method::POST;
            let form = "application/x-www-form-urlencoded".parse().unwrap();
            request.headers_mut().insert("content-type", form);
            let header = format!("Basic {}", STANDARD.encode(header)).parse().unwrap();
            request.headers_mut().insert("authorization", header);
            let status = if right { 200 } else { 401 };
            assert_eq!(server.answer(request).status(), status, "{wanted}");
        }
    }
}

#[test]
fn where_encoding_changes_nothing_encoded_and_raw_are_taken_for_each_other() {
    for [wanted, sent] in [
        [Flavor::BASIC_FORM, Flavor::BASIC_RAW_FORM],
        [Flavor::BASIC_RAW_FORM, Flavor::BASIC_FORM],
        [Flavor::BASIC_JSON, Flavor::BASIC_RAW_JSON],
    ] {
        let server = AuthorizationServer::new("plain-id", "plain-secret", [wanted]);
        let exchanger = builder("plain-id", "plain-secret").build().unwrap();
        let call = exchanger.exchange(AuthorizationCode::unchecked(server.code())).flavor(sent);
        call.send_blocking(|request| server.respond(request)).unwrap();
    }
}

#[test]
fn a_public_client_is_accepted_by_its_id_and_by_no_other() {
    for flavor in Flavor::PUBLIC {
        let server = AuthorizationServer::new("app", "", [flavor]);
        for (id, known) in [("app", true), ("other", false)] {
            let exchanger =
                TokenExchanger::builder(id, TOKEN_URL).transport(server.clone()).build().unwrap();
            let code = AuthorizationCode::unchecked(server.code());
            let call = exchanger.exchange(code).flavor(flavor);
            assert_eq!(call.send_blocking(|it| server.respond(it)).is_ok(), known, "{id}");
        }
    }
}

#[test]
fn a_wrong_flavor_is_answered_as_real_servers_do() {
    let wrong = |wanted: Flavor, sent: Flavor| {
        let server = AuthorizationServer::new(ID, SECRET, [wanted]);
        let request = exchanger(&server).exchange(code(&server)).flavor(sent).request();
        let answer = server.answer(request);
        let challenged = answer.headers().contains_key("www-authenticate");
        (answer.status().as_u16(), error(&answer), challenged)
    };
    let invalid_client = (401, "invalid_client".to_owned(), true);
    assert_eq!(wrong(Flavor::BODY_FORM, Flavor::BASIC_FORM), invalid_client);
    assert_eq!(wrong(Flavor::BASIC_FORM, Flavor::BODY_FORM), invalid_client);
    assert_eq!(wrong(Flavor::BASIC_FORM, Flavor::BASIC_RAW_FORM), invalid_client);
    let not_read = (400, "unsupported_grant_type".to_owned(), false);
    assert_eq!(wrong(Flavor::BASIC_FORM, Flavor::BASIC_JSON), not_read);
    let not_json = (400, "invalid_request".to_owned(), false);
    assert_eq!(wrong(Flavor::BASIC_JSON, Flavor::BASIC_FORM), not_json);
}

#[test]
fn what_no_client_should_send_is_refused_as_an_invalid_request() {
    let server = AuthorizationServer::new("id", "secret", Flavor::ALL);
    let ask = |content_type: &str, authorization: &str, body: &str| {
        let mut request = HttpRequest::new(body.as_bytes().to_vec());
        *request.method_mut() = http::Method::POST;
        *request.uri_mut() = TOKEN_URL.parse().unwrap();
        for (name, value) in [("content-type", content_type), ("authorization", authorization)] {
            if !value.is_empty() {
                request.headers_mut().insert(name, value.parse().unwrap());
            }
        }
        let answer = server.answer(request);
        (answer.status().as_u16(), error(&answer))
    };
    let invalid = || (400, "invalid_request".to_owned());
    let unknown = || (401, "invalid_client".to_owned());
    let form = "application/x-www-form-urlencoded; charset=utf-8";
    let basic = "Basic aWQ6c2VjcmV0";
    let asks = "grant_type=client_credentials";
    assert_eq!(ask(form, basic, &format!("{asks}&client_id=id&client_secret=secret")), invalid());
    assert_eq!(ask(form, basic, &format!("{asks}&client_id=other")), invalid());
    assert_eq!(ask(form, basic, &format!("{asks}&{asks}")), invalid());
    assert_eq!(ask("text/plain", basic, asks), invalid());
    assert_eq!(ask("", basic, asks), invalid());
    assert_eq!(ask("application/json", basic, "[]"), invalid());
    assert_eq!(ask(form, basic, ""), invalid());
    assert_eq!(ask(form, basic, "grant_type=authorization_code"), invalid());
    assert_eq!(ask(form, basic, "grant_type=password").1, "unsupported_grant_type");
    assert_eq!(ask(form, "", asks), unknown());
    for header in ["Bearer aWQ6c2VjcmV0", "Basic", "Basic !", "Basic aWQ=", "Basic aWQ6"] {
        assert_eq!(ask(form, header, asks), unknown(), "{header}");
    }
    assert_eq!(ask(form, "basic aWQ6c2VjcmV0", asks), (200, String::new()));
}

#[test]
fn a_server_that_accepts_any_answers_whoever_asks_and_shows_what_was_asked() {
    let server = AuthorizationServer::accepting_any();
    let issued = exchange(&server, AuthorizationCode::unchecked("any code")).unwrap();
    assert_eq!(issued.flavor, Flavor::BASIC_FORM);
    assert!(issued.token.refresh_token.is_some());
    assert!(issued.token.extra.contains_key("example_parameter"));
    let body = server.answer(HttpRequest::default()).into_body();
    let body: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!((&body["expires_in"], &body["token_type"]), (&60.into(), &"bearer".into()));

    server.fail_always(Failure::ServerError);
    exchange(&server, AuthorizationCode::unchecked("any code")).unwrap_err();
    let after = server.flavors_seen();
    assert_eq!(after[after.len() - 6..], Flavor::ALL);
}

#[test]
fn a_code_is_good_once_and_its_second_use_ends_its_tokens() {
    let server = server();
    let code = server.code();
    let first = exchange(&server, AuthorizationCode::unchecked(code.clone())).unwrap().token;
    assert!(server.is_live(first.access_token.expose()));
    assert_eq!(server.code_reuses(), 0);

    let error = exchange(&server, AuthorizationCode::unchecked(code)).unwrap_err();
    assert_refused(&error, "invalid_grant");
    assert_eq!(server.code_reuses(), 1);
    assert!(!server.is_live(first.access_token.expose()));
    assert!(!server.is_live(first.refresh_token.unwrap().expose()));
}

#[test]
fn a_code_that_expired_or_was_never_given_is_refused() {
    let server = server();
    let code = AuthorizationCode::unchecked(server.code());
    server.expire_codes();
    assert_refused(&exchange(&server, code).unwrap_err(), "invalid_grant");
    let code = AuthorizationCode::unchecked("made-up");
    assert_refused(&exchange(&server, code).unwrap_err(), "invalid_grant");
    exchange(&server, self::code(&server)).unwrap();
}

#[test]
fn the_redirect_uri_is_compared_byte_for_byte() {
    for (sent, same) in [
        (CALLBACK, true),
        ("https://my.example/callback?a=%2F", false),
        ("https://my.example/callback?a=/", false),
        ("", false),
    ] {
        let server = server().redirect_uri(CALLBACK);
        let code = AuthorizationCode::unchecked(server.code()).redirect_uri(sent);
        assert_eq!(exchange(&server, code).is_ok(), same, "{sent}");
    }
}

#[test]
fn a_verifier_must_be_that_of_the_challenge() {
    let [right, wrong] = [1, 2].map(|byte| CodeVerifier::from_bytes([byte; 32]));
    for (sent, same) in [(Some(right.clone()), true), (Some(wrong), false), (None, false)] {
        let server = server();
        let code = server.code_bound_to(CALLBACK, &right);
        let mut code = AuthorizationCode::unchecked(code).redirect_uri(CALLBACK);
        if let Some(verifier) = sent {
            code = code.verifier(verifier);
        }
        assert_eq!(exchange(&server, code).is_ok(), same);
    }
}

#[test]
fn a_verifier_that_nobody_asked_for_is_refused() {
    let verifier = CodeVerifier::from_bytes([1; 32]);
    for (rule, code) in
        [(PkceRule::Optional, "invalid_grant"), (PkceRule::Refused, "invalid_request")]
    {
        let server = server().pkce(rule);
        let request = exchanger(&server)
            .exchange(self::code(&server).verifier(verifier.clone()))
            .flavor(Flavor::BASIC_FORM)
            .request();
        assert_eq!(error(&server.answer(request)), code);
    }
    let server = server().pkce(PkceRule::Required);
    assert_refused(&exchange(&server, code(&server)).unwrap_err(), "invalid_grant");
}

#[test]
fn a_user_is_sent_back_with_a_code_that_is_good_for_its_authorization() {
    let server = server().redirect_uri(CALLBACK).issuer("https://as.example").scopes(["a", "b"]);
    let exchanger = builder(ID, SECRET)
        .redirect_uri(CALLBACK)
        .issuer("https://as.example")
        .scopes(["a"])
        .build()
        .unwrap();
    let Authorization { url, pending, .. } = exchanger.authorize().unwrap().start().unwrap();
    let callback = server.authorize(&url).unwrap();
    assert!(callback.starts_with(&format!("{CALLBACK}&code=")), "{callback}");

    let code = pending.accept(Callback::parse(&callback).unwrap()).unwrap();
    let issued = send(&server, exchanger.exchange(code)).unwrap();
    assert_eq!(issued.token.scopes, Some(vec!["a".to_owned()]));
}

#[test]
fn a_browser_is_redirected_at_the_authorization_endpoint() {
    let server = server();
    let Authorization { url, pending, .. } =
        exchanger(&server).authorize().unwrap().start().unwrap();
    let mut request = HttpRequest::default();
    *request.uri_mut() = url.as_str().parse().unwrap();
    let answer = server.answer(request);
    assert_eq!(answer.status(), 302);
    let location = answer.headers()["location"].to_str().unwrap();
    pending.accept(Callback::parse(location).unwrap()).unwrap();
}

#[test]
fn a_user_who_says_no_is_sent_back_with_access_denied() {
    let server = server();
    let Authorization { url, pending, .. } =
        exchanger(&server).authorize().unwrap().start().unwrap();
    let callback = server.deny(&url).unwrap();
    let error = pending.accept(Callback::parse(&callback).unwrap()).unwrap_err();
    let CallbackError::Denied(error) = error else { panic!("{error}") };
    assert_eq!(error.code, "access_denied");
}

#[test]
fn an_authorization_request_that_is_wrong_is_sent_back_with_its_error() {
    let start = |server: &AuthorizationServer, change: fn(String) -> String| {
        let exchanger = builder(ID, SECRET).redirect_uri(CALLBACK).scopes(["a"]).build().unwrap();
        let url = exchanger.authorize().unwrap().start().unwrap().url;
        let callback = server.authorize(change(url.into())).unwrap();
        let query = callback.split_once('?').unwrap().1.to_owned();
        url::form_urlencoded::parse(query.as_bytes())
            .find_map(|(name, value)| (name == "error").then(|| value.into_owned()))
    };
    let without_pkce: fn(String) -> String =
        |url| url.split("&code_challenge").next().unwrap().to_owned();
    let plain: fn(String) -> String = |url| url.replace("S256", "plain");
    let implicit: fn(String) -> String = |url| url.replace("=code&", "=token&");
    let as_it_is: fn(String) -> String = |url| url;
    let invalid = Some("invalid_request".to_owned());

    assert_eq!(start(&server(), as_it_is), None);
    assert_eq!(start(&server(), without_pkce), None);
    assert_eq!(start(&server(), plain), invalid);
    assert_eq!(start(&server().pkce(PkceRule::Required), as_it_is), None);
    assert_eq!(start(&server().pkce(PkceRule::Required), without_pkce), invalid);
    assert_eq!(start(&server().pkce(PkceRule::Refused), as_it_is), invalid);
    let unsupported = Some("unsupported_response_type".to_owned());
    assert_eq!(start(&server(), implicit), unsupported);
    assert_eq!(start(&server().scopes(["b"]), as_it_is), Some("invalid_scope".to_owned()));
}

#[test]
fn of_a_wrong_client_or_redirect_uri_the_user_is_told_and_nobody_else() {
    let server = server().redirect_uri(CALLBACK);
    let url = |query: &str| format!("https://as.example/authorize?response_type=code&{query}");
    let asked = |query: &str| server.authorize(url(query)).unwrap_err();
    let known = "client_id=my+client%2Fid";
    assert_eq!(asked("client_id=other"), AuthorizationRefused::UnknownClient);
    assert_eq!(asked(""), AuthorizationRefused::UnknownClient);
    let elsewhere = format!("{known}&redirect_uri=https%3A%2F%2Fevil.example");
    assert_eq!(asked(&elsewhere), AuthorizationRefused::UnknownRedirectUri);
    assert_eq!(asked(&format!("{known}&{known}")), AuthorizationRefused::Malformed);
    assert_eq!(server.authorize("no url at all"), Err(AuthorizationRefused::Malformed));
    // The only one that is registered may be left out.
    server.authorize(url(known)).unwrap();
}

#[test]
fn a_refresh_token_is_replaced_and_its_second_use_ends_the_authorization() {
    let server = server();
    let first = exchange(&server, code(&server)).unwrap().token;
    let second = refresh(&server, &first).unwrap().token;
    let third = refresh(&server, &second).unwrap().token;
    assert_ne!(first.refresh_token, second.refresh_token);
    assert_eq!(server.refresh_reuses(), 0);

    let error = refresh(&server, &first).unwrap_err();
    assert!(error.needs_reauthorization());
    assert_eq!(server.refresh_reuses(), 1);
    assert!(!server.is_live(third.access_token.expose()));
    assert_refused(&refresh(&server, &third).unwrap_err(), "invalid_grant");
}

#[test]
fn refresh_tokens_are_there_as_the_server_was_told() {
    let get = |rule, scope: &str| {
        let server = server().refresh_tokens(rule);
        let exchanger = builder(ID, SECRET).scopes(scope.split(' ')).build().unwrap();
        let token = send(&server, exchanger.exchange(code(&server))).unwrap().token;
        (server, token)
    };
    assert!(get(RefreshTokens::Never, "a").1.refresh_token.is_none());
    assert!(get(RefreshTokens::OfflineAccess, "a").1.refresh_token.is_none());
    assert!(get(RefreshTokens::OfflineAccess, "a offline_access").1.refresh_token.is_some());
    let (server, token) = get(RefreshTokens::Kept, "a");
    for _ in 0..3 {
        assert_eq!(refresh(&server, &token).unwrap().token.refresh_token, token.refresh_token);
    }
}

#[test]
fn scopes_are_those_that_there_are_and_a_refresh_widens_none() {
    let server = server().scopes(["a", "b"]);
    let exchanger = |scopes: &[&str]| builder(ID, SECRET).scopes(scopes.to_vec()).build().unwrap();
    let error = send(&server, exchanger(&["c"]).exchange(code(&server))).unwrap_err();
    assert_refused(&error, "invalid_scope");

    let token = send(&server, exchanger(&["a"]).exchange(code(&server))).unwrap().token;
    let wider = exchanger(&[]).refresh(&token).unwrap().param("scope", "a b");
    assert_refused(&send(&server, wider).unwrap_err(), "invalid_scope");
}

#[test]
fn a_client_gets_a_token_of_its_own_without_a_refresh_token() {
    let server = server();
    let token = send(&server, exchanger(&server).client_credentials()).unwrap().token;
    assert!(server.is_live(token.access_token.expose()));
    assert!(token.refresh_token.is_none());

    let flavor = Flavor { auth: ClientAuth::None, encoding: BodyEncoding::Form };
    let server = AuthorizationServer::new("app", "", [flavor]);
    let exchanger = TokenExchanger::builder("app", TOKEN_URL).transport(server.clone());
    let call = exchanger.build().unwrap().client_credentials().flavor(flavor);
    assert_eq!(error(&server.answer(call.request())), "unauthorized_client");
}

#[test]
fn a_token_is_good_at_the_api_until_it_expires_or_is_revoked() {
    let server = server();
    let exchanger = exchanger(&server);
    let call_api = |token: &Token| call_api(&server, token);
    let token = exchange(&server, code(&server)).unwrap().token;
    assert_eq!(call_api(&token).status(), 200);
    server.expire_access_tokens();
    let refused = call_api(&token);
    assert_eq!(refused.status(), 401);
    let challenge = refused.headers()["www-authenticate"].to_str().unwrap();
    assert!(challenge.contains("Bearer") && challenge.contains("invalid_token"), "{challenge}");

    let token = refresh(&server, &token).unwrap().token;
    assert_eq!(call_api(&token).status(), 200);
    send(&server, exchanger.revoke(&token).unwrap()).unwrap();
    assert_eq!(call_api(&token).status(), 401);
    assert_refused(&refresh(&server, &token).unwrap_err(), "invalid_grant");
    assert_eq!(server.refresh_reuses(), 0, "revoked is not replaced");
}

#[test]
fn an_access_token_can_be_revoked_alone_and_an_unknown_one_is_none_already() {
    let server = server();
    let exchanger = exchanger(&server);
    let token = exchange(&server, code(&server)).unwrap().token;
    for access_token in [token.access_token.expose(), "unknown"] {
        let revocation = exchanger.revoke(&Token::bearer(access_token)).unwrap();
        send(&server, revocation.flavor(Flavor::BASIC_FORM)).unwrap();
    }
    assert!(!server.is_live(token.access_token.expose()));
    assert!(server.is_live(token.refresh_token.as_ref().unwrap().expose()));
    let stranger = builder("other", SECRET).build().unwrap().revoke(&token).unwrap();
    send(&server, stranger).unwrap_err();
}

#[test]
fn the_lifetime_is_the_one_it_was_told() {
    let server = server().expires_in(Duration::from_secs(7));
    let request = exchanger(&server).exchange(code(&server)).request();
    let answer: Value = serde_json::from_slice(server.answer(request).body()).unwrap();
    assert_eq!(answer["expires_in"], 7);
}

#[test]
fn each_failure_is_the_answer_that_it_names() {
    let wait = Duration::from_secs(5);
    let moved = |status| Failure::Redirect(status, "https://new.example/token".into());
    let coded = |code: &str| Failure::Error(StatusCode::OK, code.into());
    let rows: Vec<(Failure, &str, usize, CodeFate)> = vec![
        (Failure::HiddenToken, "unreadable", 1, CodeFate::Spent),
        (Failure::CutOff, "unreadable", 1, CodeFate::Spent),
        (Failure::TokenAndError, "unreadable", 1, CodeFate::Spent),
        (Failure::NoAnswer(TransportErrorKind::Connect), "transport", 1, CodeFate::Unsent),
        (Failure::NoAnswer(TransportErrorKind::Unplugged), "transport", 1, CodeFate::Unsent),
        (Failure::NoAnswer(TransportErrorKind::Timeout), "transport", 1, CodeFate::Unknown),
        (Failure::NoAnswer(TransportErrorKind::Interrupted), "transport", 1, CodeFate::Unknown),
        (Failure::NoAnswer(TransportErrorKind::TooLarge), "transport", 1, CodeFate::Unknown),
        (Failure::TooManyRequests(wait), "unavailable", 1, CodeFate::ProbablyLive),
        (Failure::Unavailable(wait), "unavailable", 1, CodeFate::ProbablyLive),
        (moved(StatusCode::MOVED_PERMANENTLY), "redirected", 1, CodeFate::ProbablyLive),
        (moved(StatusCode::TEMPORARY_REDIRECT), "redirected", 1, CodeFate::ProbablyLive),
        (moved(StatusCode::PERMANENT_REDIRECT), "redirected", 1, CodeFate::ProbablyLive),
        (Failure::InvalidClient, "no_flavor_accepted", 6, CodeFate::ProbablyLive),
        (Failure::UnsupportedGrantType, "no_flavor_accepted", 6, CodeFate::ProbablyLive),
        (Failure::UnsupportedMediaType, "no_flavor_accepted", 6, CodeFate::ProbablyLive),
        (Failure::InvalidRequest, "no_flavor_accepted", 6, CodeFate::Unknown),
        (coded("invalid_request"), "no_flavor_accepted", 6, CodeFate::Unknown),
        (Failure::Html, "unreadable", 6, CodeFate::Unknown),
        (Failure::Empty, "unreadable", 6, CodeFate::Unknown),
        (Failure::InvalidGrant, "refused", 6, CodeFate::Spent),
        (Failure::NotFound, "wrong_endpoint", 6, CodeFate::ProbablyLive),
        (Failure::ServerError, "unavailable", 6, CodeFate::Unknown),
        (Failure::Respond(HttpResponse::default()), "unreadable", 6, CodeFate::Unknown),
    ];
    for (failure, kind, attempts, fate) in rows {
        let server = server();
        server.fail_always(failure.clone());
        let error = exchange(&server, code(&server)).unwrap_err();
        assert_eq!(kind_of(&error), kind, "{failure:?}: {error}");
        assert_eq!(error.attempts().len(), attempts, "{failure:?}");
        assert_eq!(error.code_fate(), fate, "{failure:?}");
    }
}

#[test]
fn failures_come_in_turn_and_end() {
    let server = AuthorizationServer::new(ID, SECRET, Flavor::ALL);
    server.fail(Failure::InvalidClient);
    server.fail(Failure::InvalidRequest);
    let issued = exchange(&server, code(&server)).unwrap();
    assert_eq!(issued.attempts.len(), 3);

    server.fail(Failure::InvalidClient);
    server.fail_always(Failure::TooManyRequests(Duration::from_secs(9)));
    let error = exchange(&server, code(&server)).unwrap_err();
    assert_eq!(error.attempts().len(), 2);
    assert_eq!(error.retry_after(), Some(Duration::from_secs(9)));
    server.recover();
    exchange(&server, code(&server)).unwrap();
}

#[test]
fn a_failure_that_is_aimed_fails_the_next_of_its_kind_and_no_other() {
    let kinds = [
        RequestKind::Exchange,
        RequestKind::ClientCredentials,
        RequestKind::Refresh,
        RequestKind::Revocation,
        RequestKind::Api,
    ];
    let token_flavors = [Flavor::BASIC_FORM, Flavor::BODY_JSON];
    for (aimed_at, flavor) in kinds.into_iter().flat_map(|it| token_flavors.map(|to| (it, to))) {
        let server = AuthorizationServer::new(ID, SECRET, [flavor]);
        let exchanger = builder(ID, SECRET).flavors([flavor]).build().unwrap();
        server.fail_at(aimed_at, Failure::ServerError);
        let mut failed = Vec::new();
        for _ in 0..2 {
            let exchanged = send(&server, exchanger.exchange(code(&server)));
            failed.extend(exchanged.is_err().then_some(RequestKind::Exchange));
            let own = send(&server, exchanger.client_credentials());
            failed.extend(own.is_err().then_some(RequestKind::ClientCredentials));
            let Ok(Issued { token, .. }) = exchanged else { continue };
            failed.extend((call_api(&server, &token).status() == 500).then_some(RequestKind::Api));
            let refreshed = send(&server, exchanger.refresh(&token).unwrap());
            failed.extend(refreshed.is_err().then_some(RequestKind::Refresh));
            let revoked = send(&server, exchanger.revoke(&token).unwrap());
            failed.extend(revoked.is_err().then_some(RequestKind::Revocation));
        }
        assert_eq!(failed, [aimed_at]);
    }
}

#[test]
fn each_request_takes_the_first_failure_that_is_for_it() {
    let server = server();
    let token = exchange(&server, code(&server)).unwrap().token;
    server.fail_at(RequestKind::Refresh, Failure::Unavailable(Duration::from_secs(1)));
    server.fail(Failure::Unavailable(Duration::from_secs(2)));
    server.fail_at(RequestKind::Refresh, Failure::Unavailable(Duration::from_secs(3)));
    let wait = |error: CallError| error.retry_after().unwrap().as_secs();
    assert_eq!(wait(exchange(&server, code(&server)).unwrap_err()), 2);
    exchange(&server, code(&server)).unwrap();
    assert_eq!(wait(refresh(&server, &token).unwrap_err()), 1);
    assert_eq!(wait(refresh(&server, &token).unwrap_err()), 3);
    refresh(&server, &token).unwrap();
}

#[test]
fn what_fails_for_ever_comes_after_what_fails_once_and_the_last_told_counts() {
    let server = server();
    let wait = |error: CallError| error.retry_after().unwrap().as_secs();
    let ask_for = |seconds| Failure::Unavailable(Duration::from_secs(seconds));
    let token = exchange(&server, code(&server)).unwrap().token;
    server.fail_always(ask_for(1));
    server.fail_always_at(RequestKind::Refresh, ask_for(2));
    server.fail(ask_for(3));
    for seconds in [3, 2, 2] {
        assert_eq!(wait(refresh(&server, &token).unwrap_err()), seconds);
    }
    assert_eq!(wait(exchange(&server, code(&server)).unwrap_err()), 1);
    server.fail_always(ask_for(4));
    assert_eq!(wait(refresh(&server, &token).unwrap_err()), 4);
    server.recover();
    refresh(&server, &token).unwrap();
}

#[test]
fn the_api_fails_where_it_is_aimed_at_alone_and_in_its_own_words() {
    let server = server();
    let token = exchange(&server, code(&server)).unwrap().token;
    server.fail_always(Failure::ServerError);
    assert_eq!(call_api(&server, &token).status(), 200);

    let server = server.error_shape(|_, _| json(StatusCode::IM_A_TEAPOT, &Value::Null));
    for (status, code) in
        [(StatusCode::UNAUTHORIZED, "invalid_token"), (StatusCode::FORBIDDEN, "insufficient_scope")]
    {
        server.fail_at(RequestKind::Api, Failure::Error(status, code.into()));
        let answer = call_api(&server, &token);
        assert_eq!((answer.status(), &*error(&answer)), (status, code));
        let challenge = format!("Bearer realm=\"api\", error=\"{code}\"");
        assert_eq!(answer.headers()["www-authenticate"], &*challenge);
        assert_eq!(call_api(&server, &token).status(), 200);
    }
    server.fail_always_at(RequestKind::Api, Failure::NotFound);
    assert_eq!(call_api(&server, &token).status(), 404);
    server.fail_at(RequestKind::Api, Failure::NoAnswer(TransportErrorKind::Connect));
    let seen = server.requests().len();
    assert_eq!(call_api(&server, &token).status(), 502);
    assert_eq!(server.requests().len(), seen);
}

#[test]
fn a_wait_is_told_in_whole_seconds_that_are_not_too_few() {
    for (wait, told) in [(1500, "2"), (1000, "1"), (1, "1"), (0, "0")] {
        let wait = Duration::from_millis(wait);
        for failure in [Failure::TooManyRequests(wait), Failure::Unavailable(wait)] {
            let server = server();
            server.fail(failure);
            assert_eq!(server.answer(HttpRequest::default()).headers()["retry-after"], told);
        }
    }
    let server = server();
    server.fail(Failure::TooManyRequests(Duration::MAX));
    let answer = server.answer(HttpRequest::default());
    assert_eq!(answer.headers()["retry-after"], &*u64::MAX.to_string());
}

#[test]
fn a_parameter_is_read_however_the_request_was_written() {
    for flavor in Flavor::ALL {
        let server = AuthorizationServer::accepting_any();
        let call = exchanger(&server)
            .exchange(AuthorizationCode::unchecked("c&d=é \"+"))
            .param("empty", "")
            .flavor(flavor);
        send(&server, call).unwrap();
        let request = &server.requests()[0];
        assert_eq!(param(request, "code").as_deref(), Some("c&d=é \"+"), "{flavor}");
        assert_eq!(param(request, "grant_type").as_deref(), Some("authorization_code"));
        assert_eq!(param(request, "empty"), None);
        let in_body = flavor.auth == ClientAuth::Body;
        assert_eq!(param(request, "client_secret").as_deref(), in_body.then_some(SECRET));
    }
}

#[test]
fn a_parameter_of_a_url_is_read_too_and_one_of_the_body_before_it() {
    let server = server();
    let authorization = exchanger(&server).authorize().unwrap().start().unwrap();
    server.authorize(&authorization.url).unwrap();
    let request = &server.requests()[0];
    assert_eq!(param(request, "state").as_deref(), Some(authorization.pending.state()));

    let read = |content_type: &str, body: &str| {
        let mut request = HttpRequest::new(body.into());
        *request.uri_mut() = "https://as.example/token?a=query&b=".parse().unwrap();
        request.headers_mut().insert("content-type", content_type.parse().unwrap());
        ["a", "b", "c"].map(|name| param(&request, name).unwrap_or_else(|| "none".into()))
    };
    let form = "application/x-www-form-urlencoded; charset=utf-8";
    assert_eq!(read(form, "a=body&a=again&c=%20"), ["body", "", " "]);
    assert_eq!(
        read("application/json", r#"{"a":1,"b":{"d":"\n"},"c":null}"#),
        ["1", r#"{"d":"\n"}"#, "null"]
    );
    assert_eq!(read("application/json", "a=body"), ["query", "", "none"]);
    assert_eq!(read("text/plain", "a=body"), ["query", "", "none"]);
}

#[test]
fn after_a_lost_answer_the_deed_is_done_and_before_a_refused_connection_it_is_not() {
    for (kind, live, seen) in [
        (TransportErrorKind::Connect, true, 0),
        (TransportErrorKind::Timeout, false, 1),
        (TransportErrorKind::Interrupted, false, 1),
    ] {
        let server = server();
        let token = exchange(&server, code(&server)).unwrap().token;
        let before = server.requests().len();
        server.fail(Failure::NoAnswer(kind));
        refresh(&server, &token).unwrap_err();
        assert_eq!(server.requests().len() - before, seen);
        assert_eq!(server.is_live(token.refresh_token.unwrap().expose()), live, "{kind}");
    }
}

#[test]
fn a_gateway_answers_for_a_server_that_does_not() {
    for (kind, status) in [
        (TransportErrorKind::Timeout, StatusCode::GATEWAY_TIMEOUT),
        (TransportErrorKind::Connect, StatusCode::BAD_GATEWAY),
        (TransportErrorKind::Interrupted, StatusCode::BAD_GATEWAY),
    ] {
        let server = server();
        server.fail(Failure::NoAnswer(kind));
        assert_eq!(server.answer(HttpRequest::default()).status(), status);
    }
}

#[test]
fn a_provider_can_put_its_answers_in_its_own_way() {
    let server = AuthorizationServer::new(ID, SECRET, [Flavor::BODY_FORM])
        .token_shape(|token| json(StatusCode::OK, &object!({ "code": 0, "data": token })))
        .error_shape(|status, body| {
            let code = if body["error"] == "invalid_client" { 401 } else { 400 };
            let body = object!({ "code": code, "message": body["error"], "was": status.as_u16() });
            json(StatusCode::OK, &body)
        });
    let conventions: Conventions = serde_json::from_value(object!({
        "exchange": { "errors": { "401": "invalid_client" } },
        "answer": {
            "root": "/data",
            "error": { "pointer": "/code", "success": [0], "description": "/message" }
        }
    }))
    .unwrap();
    let exchanger = builder(ID, SECRET).conventions(conventions).build().unwrap();
    let issued = send(&server, exchanger.exchange(code(&server))).unwrap();
    assert_eq!(issued.flavor, Flavor::BODY_FORM);
    assert!(server.is_live(issued.token.access_token.expose()));

    let error = send(&server, exchanger.exchange(AuthorizationCode::unchecked("no"))).unwrap_err();
    assert!(error.attempts().iter().any(|attempt| attempt.to_string().contains("400")), "{error}");
}

#[test]
fn a_form_encoded_token_is_a_token() {
    let server = server().token_shape(|token| form(StatusCode::OK, &token));
    let request = exchanger(&server).exchange(code(&server)).request();
    let answer = server.answer(request);
    assert_eq!(answer.headers()["content-type"], "application/x-www-form-urlencoded");
    let body = String::from_utf8(answer.into_body()).unwrap();
    assert!(body.contains("access_token=access-token-1") && body.contains("expires_in=3600"));
    assert!(exchange(&server, code(&server)).is_ok());
}

#[test]
fn a_shape_may_ask_its_own_server() {
    let server = server();
    let inside = server.clone();
    let server = server.token_shape(move |mut token| {
        token["number"] = inside.requests().len().into();
        json(StatusCode::OK, &token)
    });
    let issued = exchange(&server, code(&server)).unwrap();
    assert_eq!(issued.token.extra["number"], 1);
}

#[test]
fn clones_are_one_server() {
    let server = server();
    let clone = server.clone();
    exchange(&server, AuthorizationCode::unchecked(clone.code())).unwrap();
    assert_eq!(clone.requests().len(), 1);
}

#[test]
fn its_requests_are_whole_and_its_debug_shows_no_secret() {
    let server = server();
    let token = exchange(&server, code(&server)).unwrap().token;
    let request = &server.requests()[0];
    assert!(request.headers()["authorization"].is_sensitive());
    assert!(String::from_utf8_lossy(request.body()).contains("code=code-1"));

    let failure = Failure::Respond(HttpResponse::new(SECRET.into()));
    let moved = Failure::Redirect(StatusCode::FOUND, format!("https://x.example/{SECRET}"));
    server.fail(failure.clone());
    let debug = format!("{server:?} {server:#?} {failure:?} {moved:?}");
    for secret in [SECRET, "code-1", token.access_token.expose()] {
        assert!(!debug.contains(secret), "{debug}");
    }
}

const TOKEN_URL: &str = "https://as.example/token";

fn server() -> AuthorizationServer {
    AuthorizationServer::new(ID, SECRET, [Flavor::BASIC_FORM])
}

fn builder(id: &str, secret: &str) -> TokenExchangerBuilder {
    TokenExchanger::builder(id, TOKEN_URL)
        .client_secret(secret)
        .authorization_url("https://as.example/authorize")
        .revocation_url("https://as.example/revoke")
        .redirect_uri("https://my.example/default")
        .policy(Policy::Exhaustive)
        .transport(AuthorizationServer::accepting_any())
}

fn exchanger(server: &AuthorizationServer) -> TokenExchanger {
    builder(ID, SECRET).transport(server.clone()).build().unwrap()
}

fn code(server: &AuthorizationServer) -> AuthorizationCode {
    AuthorizationCode::unchecked(server.code())
}

fn send<T>(server: &AuthorizationServer, call: Call<T>) -> Result<T, CallError> {
    call.send_blocking(|request| server.respond(request))
}

fn exchange(server: &AuthorizationServer, code: AuthorizationCode) -> Result<Issued, CallError> {
    send(server, exchanger(server).exchange(code))
}

fn refresh(server: &AuthorizationServer, token: &Token) -> Result<Issued, CallError> {
    send(server, exchanger(server).refresh(token).unwrap())
}

fn call_api(server: &AuthorizationServer, token: &Token) -> HttpResponse {
    let mut request = HttpRequest::default();
    *request.uri_mut() = "https://as.example/api".parse().unwrap();
    exchanger(server).apply(token, &mut request).unwrap();
    server.answer(request)
}

fn error(answer: &HttpResponse) -> String {
    let body: Value = serde_json::from_slice(answer.body()).expect("JSON");
    body["error"].as_str().unwrap_or_default().to_owned()
}

fn kind_of(error: &CallError) -> &'static str {
    match error.kind() {
        CallErrorKind::Refused(_) => "refused",
        CallErrorKind::NoFlavorAccepted => "no_flavor_accepted",
        CallErrorKind::WrongEndpoint(_) => "wrong_endpoint",
        CallErrorKind::Unavailable { .. } => "unavailable",
        CallErrorKind::Redirected { .. } => "redirected",
        CallErrorKind::Unreadable(_) => "unreadable",
        CallErrorKind::Transport(_) => "transport",
        _ => "another",
    }
}

#[track_caller]
fn assert_refused(error: &CallError, code: &str) {
    let CallErrorKind::Refused(refusal) = error.kind() else { panic!("{error}") };
    assert_eq!(refusal.code, code);
}

#[test]
fn the_report_of_a_real_failure_is_played_again_attempt_by_attempt() {
    let provider = AuthorizationServer::new("my-client-id", "other/secret", [Flavor::BODY_FORM]);
    let exchange = |server: &AuthorizationServer| {
        let exchanger = TokenExchanger::builder("my-client-id", "https://as.example/token")
            .client_secret("my/secret")
            .transport(server.clone())
            .build()
            .expect("a configuration");
        let call = exchanger.exchange(AuthorizationCode::unchecked("C0DE"));
        call.send_blocking(|request| server.respond(request)).expect_err("a wrong secret")
    };
    let report = exchange(&provider).report();
    let again = exchange(&AuthorizationServer::replay(&report)).report();
    assert_eq!(again.kind, report.kind);
    assert_eq!(again.attempts.len(), 6);
    for (one, other) in again.attempts.iter().zip(&report.attempts) {
        assert_eq!((&one.error, &one.request), (&other.error, &other.request));
        assert_eq!(one.answer, other.answer);
    }
}
