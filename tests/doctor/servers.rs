//! Servers that misbehave by their own rules, and the remedies tried out on them.

use std::time::Duration;

use serde_json::json;
use token_exchanger::doctor::{self, FindingKind};
use token_exchanger::testing::{AuthorizationServer, Failure, PkceRule};
use token_exchanger::{
    AuthorizationCode, Callback, CodeVerifier, Flavor, Token, TokenExchanger, TransportErrorKind,
};

use crate::{
    CALLBACK, ID, PLAIN, PROBLEM, RESERVED, RISK, TOKEN_URL, assert_found, client, code, connect,
    conventions, exchange, first, flavors_in, of_error, of_issued, only, value_in,
};

fn server(accepts: impl IntoIterator<Item = Flavor>) -> AuthorizationServer {
    AuthorizationServer::new(ID, RESERVED, accepts).redirect_uri(CALLBACK)
}

#[test]
fn of_a_healthy_connection_nothing_is_found() {
    let server = server(Flavor::ALL);
    let issued = connect(client(RESERVED), &server).unwrap();
    assert_found(&of_issued(&issued), &[]);
    let exchanger = client(RESERVED).build().unwrap();
    let call = exchanger.refresh(&issued.token).unwrap();
    let refreshed = call.send_blocking(|request| server.respond(request)).unwrap();
    assert_found(&of_issued(&refreshed), &[]);
    let credentials = exchanger.client_credentials();
    let issued = credentials.send_blocking(|request| server.respond(request)).unwrap();
    assert_found(&of_issued(&issued), &[]);
    assert_found(&doctor::check_exchanger(&exchanger), &[]);
}

#[test]
fn a_wrong_secret_is_told_and_the_right_one_helps() {
    let server = server(Flavor::ALL);
    let error = connect(client("s3cr3t/+:=&"), &server).unwrap_err();
    only(of_error(&error), FindingKind::ClientSecret, "copy id and secret");
    assert!(connect(client(RESERVED), &server).is_ok());
}

#[test]
fn a_secret_that_is_missing_is_told_and_setting_it_helps() {
    let server = server(Flavor::ALL);
    let public = || {
        TokenExchanger::builder(ID, TOKEN_URL)
            .authorization_url("https://as.example/authorize")
            .redirect_uri(CALLBACK)
    };
    only(
        of_error(&connect(public(), &server).unwrap_err()),
        FindingKind::ClientSecret,
        "set client_secret",
    );
    assert!(connect(public().client_secret(RESERVED), &server).is_ok());
}

#[test]
fn a_secret_that_needs_the_other_encoding_is_told_and_the_flavor_named_helps() {
    for (wanted, pinned) in
        [(Flavor::BASIC_RAW_FORM, Flavor::BASIC_FORM), (Flavor::BASIC_FORM, Flavor::BASIC_RAW_FORM)]
    {
        let server = server([wanted]);
        let error = connect(client(RESERVED).flavors([pinned]), &server).unwrap_err();
        let findings = of_error(&error);
        assert_found(
            &findings,
            &[(FindingKind::SecretEncoding, PROBLEM), (FindingKind::ClientSecret, PROBLEM)],
        );
        let named = flavors_in(&findings[0].remedy)[..1].to_vec();
        assert_eq!(named, [wanted]);
        assert!(connect(client(RESERVED).flavors(named), &server).is_ok());
        assert!(findings[0].remedy.contains("leave flavors and max_attempts out"));
        assert!(connect(client(RESERVED), &server).is_ok());
    }
}

#[test]
fn credentials_that_belong_elsewhere_are_told_and_the_flavor_named_helps() {
    for (wanted, pinned) in
        [(Flavor::BASIC_FORM, Flavor::BODY_FORM), (Flavor::BODY_FORM, Flavor::BASIC_FORM)]
    {
        let server = AuthorizationServer::new(ID, PLAIN, [wanted]);
        let error = connect(client(PLAIN).flavors([pinned]), &server).unwrap_err();
        let findings = of_error(&error);
        assert_found(
            &findings,
            &[(FindingKind::ClientSecret, PROBLEM), (FindingKind::Flavor, RISK)],
        );
        let named = flavors_in(&findings[1].remedy);
        assert!(connect(client(PLAIN).flavors(named), &server).is_ok());
    }
}

#[test]
fn a_server_that_takes_one_kind_of_body_is_told_and_a_flavor_named_helps() {
    for (wanted, pinned, cause) in [
        (Flavor::BODY_JSON, Flavor::BODY_FORM, "wants JSON"),
        (Flavor::BODY_FORM, Flavor::BODY_JSON, "wants a form"),
    ] {
        let server = server([wanted]);
        let error = connect(client(RESERVED).flavors([pinned]), &server).unwrap_err();
        let finding = only(of_error(&error), FindingKind::BodyEncoding, "pin a flavor");
        assert!(finding.cause.contains(cause), "{finding}");
        let named = flavors_in(&finding.remedy);
        assert!(connect(client(RESERVED).flavors(named), &server).is_ok());
    }
}

#[test]
fn a_kind_of_body_that_was_never_tried_is_told_and_leaving_the_pin_out_helps() {
    let wanted = server([Flavor::BODY_JSON]).error_shape(|_, _| crate::json(400, "{}"));
    let error = connect(client(RESERVED).flavors([Flavor::BODY_FORM]), &wanted).unwrap_err();
    let findings = of_error(&error);
    assert_found(&findings, &[(FindingKind::BodyEncoding, PROBLEM)]);
    assert!(findings[0].remedy.contains("leave flavors"), "{}", findings[0]);
    assert!(connect(client(RESERVED), &wanted).is_ok());
}

#[test]
fn a_flavor_that_was_found_late_is_told_and_pinning_it_silences_it() {
    let server = server([Flavor::BODY_JSON]);
    let issued = connect(client(RESERVED), &server).unwrap();
    let findings = of_issued(&issued);
    assert_found(&findings, &[(FindingKind::Flavor, RISK)]);
    let finding = first(findings, "prefer");
    let named = flavors_in(&finding.remedy);
    assert_eq!(named, [Flavor::BODY_JSON]);
    for builder in [client(RESERVED).flavors(named.clone()), client(RESERVED).prefer(named[0])] {
        assert_found(&of_issued(&connect(builder, &server).unwrap()), &[]);
    }
}

#[test]
fn a_code_of_another_redirect_uri_is_told_and_its_own_helps() {
    let server = server(Flavor::ALL);
    for ours in [Some("https://my.example/callback/"), None] {
        let attempt = |uri: Option<&str>| {
            let builder = TokenExchanger::builder(ID, TOKEN_URL).client_secret(RESERVED);
            let builder = match uri {
                Some(uri) => builder.redirect_uri(uri),
                None => builder,
            };
            exchange(builder, &server, AuthorizationCode::unchecked(server.code()))
        };
        let error = attempt(ours).unwrap_err();
        let finding = only(of_error(&error), FindingKind::RedirectUri, "set redirect_uri");
        assert_eq!(finding.cause.contains("byte by byte"), ours.is_some(), "{finding}");
        assert!(attempt(Some(CALLBACK)).is_ok());
    }
}

#[test]
fn a_code_without_its_verifier_is_told_and_the_verifier_helps() {
    let server = server(Flavor::ALL);
    let verifier = CodeVerifier::from_bytes([7; 32]);
    let code = || AuthorizationCode::unchecked(server.code_bound_to(CALLBACK, &verifier));
    let error = exchange(client(RESERVED), &server, code()).unwrap_err();
    only(of_error(&error), FindingKind::Pkce, "AuthorizationCode::verifier");
    let whole = code().verifier(CodeVerifier::from_bytes([7; 32]));
    assert!(exchange(client(RESERVED), &server, whole).is_ok());

    let other = code().verifier(CodeVerifier::from_bytes([8; 32]));
    let error = exchange(client(RESERVED), &server, other).unwrap_err();
    let finding = only(of_error(&error), FindingKind::Pkce, "pending authorization");
    assert!(finding.cause.contains("two authorizations"), "{finding}");
}

#[test]
fn a_server_that_wants_pkce_is_told_in_the_callback_and_at_the_exchange() {
    let server = server(Flavor::ALL).pkce(PkceRule::Required);
    let exchanger = client(RESERVED).build().unwrap();
    let without = exchanger.authorize().unwrap().without_pkce().start().unwrap();
    let callback = server.authorize(&without.url).unwrap();
    // It says no more than invalid_request.
    only(doctor::check_callback(&callback), FindingKind::Parameter, "conventions.authorization");

    let error = exchange(client(RESERVED), &server, code(&server)).unwrap_err();
    let finding = only(of_error(&error), FindingKind::Pkce, "leave without_pkce");
    assert!(finding.remedy.contains("exchanger.authorize()"), "{finding}");
    assert!(connect(client(RESERVED), &server).is_ok());
}

#[test]
fn a_server_that_is_upset_by_pkce_is_told_and_the_convention_named_helps() {
    let server = server(Flavor::ALL).pkce(PkceRule::Refused);
    let code = code(&server).verifier(CodeVerifier::from_bytes([7; 32]));
    let error = exchange(client(RESERVED), &server, code).unwrap_err();
    let finding = only(of_error(&error), FindingKind::Pkce, "without_pkce");
    let value = value_in(&finding.remedy, "conventions.authorization.pkce");
    let builder = client(RESERVED).conventions(conventions("authorization.pkce", value));
    assert!(connect(builder, &server).is_ok());

    // One that ignores the challenge, and is upset by the verifier later.
    let server = self::server(Flavor::ALL);
    let code = crate::code(&server).verifier(CodeVerifier::from_bytes([7; 32]));
    let error = exchange(client(RESERVED), &server, code).unwrap_err();
    let finding = only(of_error(&error), FindingKind::Pkce, "conventions.authorization.pkce");
    assert!(finding.remedy.starts_with("let exchanger.authorize() make"), "{finding}");
}

#[test]
fn a_code_that_is_used_twice_or_late_is_told() {
    let server = server(Flavor::ALL);
    let used = server.code();
    let again = || AuthorizationCode::unchecked(used.clone());
    assert!(exchange(client(RESERVED), &server, again()).is_ok());
    let error = exchange(client(RESERVED), &server, again()).unwrap_err();
    let finding = only(of_error(&error), FindingKind::Code, "authorize again");
    assert!(finding.cause.contains("has expired, was used before"), "{finding}");

    let late = code(&server);
    server.expire_codes();
    let error = exchange(client(RESERVED), &server, late).unwrap_err();
    only(of_error(&error), FindingKind::Code, "exchange the code at once");
    assert!(connect(client(RESERVED), &server).is_ok());
}

#[test]
fn a_server_that_uses_a_code_up_before_it_knows_the_client_is_told() {
    let server = server([Flavor::BODY_FORM]);
    // Three refusals of the client, and then the code is gone.
    for _ in 0..2 {
        server.fail(Failure::InvalidClient);
    }
    server.fail_always(Failure::InvalidGrant);
    let findings = of_error(&connect(client(RESERVED), &server).unwrap_err());
    assert_found(&findings, &[(FindingKind::Code, PROBLEM), (FindingKind::CodeSpent, RISK)]);
    // What the later flavor was told says nothing of it.
    assert!(flavors_in(&findings[1].remedy).is_empty());
    assert!(findings[1].remedy.contains("that the documentation names"));
    server.recover();
    assert!(connect(client(RESERVED).flavors([Flavor::BODY_FORM]), &server).is_ok());
}

#[test]
fn a_scope_that_there_is_not_is_told_and_leaving_it_out_helps() {
    let server = server(Flavor::ALL).scopes(["read", "offline_access"]);
    let builder = || client(RESERVED).scopes(["read", "wirte"]);
    let exchanger = builder().build().unwrap();
    let authorization = exchanger.authorize().unwrap().start().unwrap();
    let callback = server.authorize(&authorization.url).unwrap();
    only(doctor::check_callback(&callback), FindingKind::Scope, "spell the scopes");

    let error = exchange(builder(), &server, code(&server)).unwrap_err();
    let finding = only(of_error(&error), FindingKind::Scope, "spell the scopes");
    assert!(finding.cause.contains("read wirte"), "{finding}");
    assert!(connect(client(RESERVED), &server).is_ok());
    let omit = value_in(&finding.remedy, "conventions.exchange.omit");
    let builder = builder().conventions(conventions("exchange.omit", omit));
    assert!(exchange(builder, &server, code(&server)).is_ok());
}

#[test]
fn scopes_joined_by_a_comma_are_told_before_and_the_delimiter_helps() {
    let server = server(Flavor::ALL).scopes(["read", "write"]);
    let builder = client(RESERVED).scopes(["read,write"]);
    let findings = doctor::check_builder(builder);
    assert_found(&findings, &[(FindingKind::Scope, RISK)]);
    first(findings, "give each scope by itself");
    assert!(connect(client(RESERVED).scopes(["read", "write"]), &server).is_ok());
    let commas = conventions("scope_delimiter", json!(","));
    let builder = client(RESERVED).scopes(["read,write"]).conventions(commas);
    assert_found(&doctor::check_builder(builder), &[]);
}

#[test]
fn a_refresh_token_that_is_used_twice_is_told() {
    let server = server(Flavor::ALL);
    let issued = connect(client(RESERVED), &server).unwrap();
    let exchanger = client(RESERVED).build().unwrap();
    let refresh = || {
        let call = exchanger.refresh(&issued.token).unwrap();
        call.send_blocking(|request| server.respond(request))
    };
    assert!(refresh().is_ok());
    let finding = only(
        of_error(&refresh().unwrap_err()),
        FindingKind::RefreshToken,
        "save the new token before it is used",
    );
    assert!(finding.cause.contains("replaced by a later refresh"), "{finding}");
}

#[test]
fn a_client_that_may_not_use_a_grant_is_told() {
    let server = AuthorizationServer::new(ID, "", Flavor::PUBLIC);
    let exchanger = TokenExchanger::builder(ID, TOKEN_URL).build().unwrap();
    let error = exchanger
        .client_credentials()
        .flavor(Flavor::PUBLIC[0])
        .send_blocking(|request| server.respond(request))
        .unwrap_err();
    only(of_error(&error), FindingKind::ClientSecret, "set client_secret");

    let server = self::server(Flavor::ALL);
    server.fail_always(Failure::UnsupportedGrantType);
    let error = connect(client(RESERVED), &server).unwrap_err();
    only(of_error(&error), FindingKind::GrantType, "allow the grant type");
}

#[test]
fn each_failure_of_a_server_or_of_the_way_to_it_is_told() {
    let second = Duration::from_secs(1);
    for (failure, kind, remedy) in [
        (Failure::HiddenToken, FindingKind::TokenElsewhere, r#""root":"/result""#),
        (Failure::CutOff, FindingKind::AnswerShape, "look at the answer"),
        (Failure::TokenAndError, FindingKind::AnswerShape, "look at the answer"),
        (Failure::TooManyRequests(second), FindingKind::RateLimit, "pin the flavor"),
        (Failure::Unavailable(second), FindingKind::Unavailable, "later"),
        (
            Failure::Redirect(crate::status(307), "https://as.example/token/".into()),
            FindingKind::Redirect,
            "set token_url to https://as.example/token/",
        ),
        (
            Failure::Redirect(crate::status(302), "/login?next=%2Ftoken".into()),
            FindingKind::Redirect,
            "set token_url to the token endpoint",
        ),
        (
            Failure::Redirect(crate::status(308), "http://as.example/token".into()),
            FindingKind::Redirect,
            "look token_url up",
        ),
        (Failure::InvalidClient, FindingKind::ClientSecret, "copy id and secret"),
        (Failure::InvalidGrant, FindingKind::Code, "authorize again"),
        (Failure::InvalidRequest, FindingKind::Unknown, "doctor::compare"),
        (Failure::UnsupportedGrantType, FindingKind::GrantType, "console"),
        (Failure::UnsupportedMediaType, FindingKind::BodyEncoding, "content type"),
        (Failure::NotFound, FindingKind::Url, "compare token_url"),
        (Failure::ServerError, FindingKind::Unavailable, "later"),
        (Failure::Html, FindingKind::Page, "check token_url"),
        (Failure::Empty, FindingKind::AnswerShape, "check token_url"),
        (Failure::NoAnswer(TransportErrorKind::Connect), FindingKind::Network, "token_url"),
        (Failure::NoAnswer(TransportErrorKind::Timeout), FindingKind::Network, "time_limit"),
        (Failure::NoAnswer(TransportErrorKind::Interrupted), FindingKind::Network, "again"),
        (Failure::NoAnswer(TransportErrorKind::TooLarge), FindingKind::Url, "token_url"),
        (Failure::NoAnswer(TransportErrorKind::Unplugged), FindingKind::Configuration, "transport"),
    ] {
        let server = server(Flavor::ALL);
        server.fail_always(failure.clone());
        let error = connect(client(RESERVED), &server).unwrap_err();
        let findings = of_error(&error);
        // A first attempt that the client was refused in is no reason to doubt the code.
        let finding = only(findings, kind, remedy);
        assert!(!finding.symptom.is_empty(), "{failure:?}");
        server.recover();
        assert!(connect(client(RESERVED), &server).is_ok());
    }
}

#[test]
fn a_refresh_names_the_url_that_it_went_to() {
    let refresh_url = "https://as.example/refresh";
    let builder = client(RESERVED).refresh_url(refresh_url);
    let exchanger = builder.build().unwrap();
    let server = server(Flavor::ALL);
    server.fail_always(Failure::NotFound);
    let token = Token::bearer("PLANTED").with_refresh_token("PLANTED-too");
    let call = exchanger.refresh(&token).unwrap();
    let error = call.send_blocking(|request| server.respond(request)).unwrap_err();
    let finding = only(of_error(&error), FindingKind::Url, "compare refresh_url");
    assert!(finding.symptom.starts_with(refresh_url), "{finding}");
}

#[test]
fn a_call_that_sent_nothing_is_told() {
    let exchanger = client(RESERVED).build().unwrap();
    let other = TokenExchanger::builder("another", TOKEN_URL)
        .authorization_url("https://as.example/authorize")
        .redirect_uri(CALLBACK)
        .build()
        .unwrap();
    let server = AuthorizationServer::accepting_any();
    let authorization = other.authorize().unwrap().start().unwrap();
    let callback = server.authorize(&authorization.url).unwrap();
    let code = authorization.pending.accept(Callback::parse(&callback).unwrap()).unwrap();
    let error = exchanger.exchange(code).send_blocking(|it| server.respond(it)).unwrap_err();
    only(of_error(&error), FindingKind::Configuration, "the exchanger that made");

    let get = conventions("verb", json!("get"));
    let long = AuthorizationCode::unchecked("c".repeat(70_000));
    let error = exchange(client(RESERVED).conventions(get), &server, long).unwrap_err();
    only(of_error(&error), FindingKind::HeadersTooLarge, "leave conventions.verb out");
}
