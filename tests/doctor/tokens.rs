//! What is odd about a token that was got.

use std::time::Duration;

use http::StatusCode;
use serde_json::{Value, json};
use token_exchanger::doctor::FindingKind::{self, *};
use token_exchanger::testing::{self, AuthorizationServer, RefreshTokens};
use token_exchanger::{Flavor, Issued, TokenExchangerBuilder};

use crate::{
    CALLBACK, ID, PLAIN, PROBLEM, RISK, assert_found, client, connect, conventions, date, first,
    of_issued, value_in,
};

fn server() -> AuthorizationServer {
    AuthorizationServer::new(ID, PLAIN, [Flavor::BASIC_FORM]).redirect_uri(CALLBACK)
}

/// A server whose tokens are this.
fn giving(token: Value) -> AuthorizationServer {
    server().token_shape(move |_| testing::json(StatusCode::OK, &token))
}

fn get(builder: TokenExchangerBuilder, server: &AuthorizationServer) -> Issued {
    connect(builder, server).expect("a token")
}

#[track_caller]
fn assert_odd(server: &AuthorizationServer, kind: FindingKind, remedy: &str) {
    let findings = of_issued(&get(client(PLAIN), server));
    assert_found(&findings, &[(kind, RISK)]);
    first(findings, remedy);
}

#[test]
fn of_a_healthy_token_nothing_is_found() {
    for token in [
        json!({ "access_token": "AT", "token_type": "Bearer", "expires_in": 300, "refresh_token": "RT" }),
        json!({ "access_token": "AT", "token_type": "bearer", "expires_in": 5_184_000, "refresh_token": "RT", "scope": "offline_access read more" }),
        // It may never end, and then needs no other.
        json!({ "access_token": "AT" }),
        json!({ "access_token": "AT", "token_type": "Bearer", "scope": "read offline_access" }),
    ] {
        eprintln!("{token}");
        assert_found(&of_issued(&get(client(PLAIN), &giving(token))), &[]);
    }
}

#[test]
fn a_token_that_ends_without_a_refresh_token_is_told_and_the_scope_named_helps() {
    let server = server().refresh_tokens(RefreshTokens::OfflineAccess);
    let findings = of_issued(&get(client(PLAIN).scopes(["read"]), &server));
    assert_found(&findings, &[(NoRefreshToken, RISK)]);
    let finding = first(findings, "add the scope offline_access");
    assert!(finding.symptom.contains("3600 s"), "{finding}");
    assert!(finding.remedy.contains("access_type=offline (conventions.authorization.params)"));
    let issued = get(client(PLAIN).scopes(["read", "offline_access"]), &server);
    assert_found(&of_issued(&issued), &[]);
}

#[test]
fn a_refresh_token_that_was_asked_for_and_does_not_come_is_told_otherwise() {
    let server = server().refresh_tokens(RefreshTokens::Never);
    assert_odd(&server, NoRefreshToken, "prompt=consent in conventions.authorization.params");
}

#[test]
fn a_token_that_is_traded_itself_needs_no_refresh_token() {
    let server = server().refresh_tokens(RefreshTokens::Never);
    let trading = conventions("refresh_with", json!("access_token"));
    assert_found(&of_issued(&get(client(PLAIN).conventions(trading), &server)), &[]);
}

#[test]
fn client_credentials_need_no_refresh_token() {
    let server = server().refresh_tokens(RefreshTokens::Never);
    let exchanger = client(PLAIN).build().unwrap();
    let call = exchanger.client_credentials();
    let issued = call.send_blocking(|request| server.respond(request)).unwrap();
    assert_found(&of_issued(&issued), &[]);
}

#[test]
fn a_lifetime_of_less_than_5_minutes_is_told() {
    assert_odd(&server().expires_in(Duration::from_secs(299)), ShortLifetime, "raise the lifetime");
    let issued = get(client(PLAIN), &server().expires_in(Duration::from_secs(300)));
    assert_found(&of_issued(&issued), &[]);
}

#[test]
fn a_lifetime_in_milliseconds_or_as_a_moment_is_told_and_the_conventions_named_help() {
    let milliseconds = server().expires_in(Duration::from_secs(3_600_000_000));
    assert_odd(&milliseconds, Lifetime, "conventions.answer.lifetime_unit");
    let finding = of_issued(&get(client(PLAIN), &milliseconds)).remove(0);
    let unit = value_in(&finding.remedy, "conventions.answer.lifetime_unit");
    let builder = client(PLAIN).conventions(conventions("answer.lifetime_unit", unit));
    assert_found(&of_issued(&get(builder, &milliseconds)), &[]);

    let now = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap();
    let moment = server().expires_in(now + Duration::from_secs(3600));
    assert_odd(&moment, Lifetime, "conventions.answer.expires_at");
    let at = conventions("answer.expires_at", json!({ "name": "expires_in" }));
    assert_found(&of_issued(&get(client(PLAIN).conventions(at), &moment)), &[]);
}

#[test]
fn a_lifetime_that_is_not_told_beside_a_refresh_token_is_told_and_a_default_helps() {
    let server = giving(json!({ "access_token": "AT", "refresh_token": "RT", "valid_for": 600 }));
    assert_odd(&server, UnknownLifetime, "conventions.answer.default_lifetime");
    for helps in [
        conventions("answer.default_lifetime", json!(600)),
        conventions("answer.rename", json!({ "expires_in": "valid_for" })),
    ] {
        assert_found(&of_issued(&get(client(PLAIN).conventions(helps), &server)), &[]);
    }
}

#[test]
fn a_scope_that_was_not_granted_is_told() {
    let server = giving(
        json!({ "access_token": "AT", "expires_in": 3600, "refresh_token": "RT", "scope": "read" }),
    );
    assert_odd(&server, Scope, "allow the scope for this client");
}

#[test]
fn a_token_that_needs_a_proof_is_told() {
    let server = giving(
        json!({ "access_token": "AT", "token_type": "DPoP", "expires_in": 3600, "refresh_token": "RT" }),
    );
    let findings = of_issued(&get(client(PLAIN), &server));
    assert_found(&findings, &[(TokenType, PROBLEM)]);
    first(findings, "ask for Bearer");
}

#[test]
fn several_oddities_are_told_in_turn() {
    let token = json!({ "access_token": "AT", "expires_in": 60, "scope": "read" });
    let late = date(-3600);
    let server = server().token_shape(move |_| {
        let mut answer = testing::json(StatusCode::OK, &token);
        answer.headers_mut().insert("date", late.parse().expect("a date"));
        answer
    });
    let findings = of_issued(&get(client(PLAIN), &server));
    let kinds = [NoRefreshToken, ShortLifetime, Scope, ClockSkew].map(|kind| (kind, RISK));
    assert_found(&findings, &kinds);
}

#[test]
fn what_came_with_a_token_under_another_name_is_told_and_the_conventions_named_help() {
    let siblings = json!({ "refreshToken": "RT", "expiresIn": 3600 });
    let usual = json!({ "access_token": "AT", "token_type": "Bearer" });
    let mut answer = usual.as_object().unwrap().clone();
    answer.extend(siblings.as_object().unwrap().clone());
    let server = giving(Value::Object(answer));
    let issued = get(client(PLAIN), &server);
    assert_eq!(issued.token.refresh_token, None);
    let finding = of_issued(&issued).remove(0);
    assert_eq!(finding.kind, TokenElsewhere);
    let told = value_in(&finding.remedy, "conventions.answer");
    let issued = get(client(PLAIN).conventions(conventions("answer", told)), &server);
    assert!(issued.token.refresh_token.is_some() && issued.token.expires_at.is_some());
    assert_found(&of_issued(&issued), &[]);
}
