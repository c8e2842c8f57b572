//! Secrets that a server echoes never get into a finding.

use token_exchanger::doctor::{self, Finding};
use token_exchanger::testing::{AuthorizationServer, Failure};
use token_exchanger::{
    AuthorizationCode, CodeVerifier, HttpResponse, Token, TransportError, TransportErrorKind,
};

use crate::{answer, client};

const SECRET: &str = "PLANTED/secret+:=&%41";
const CODE: &str = "PLANTED-code-4711";
const VERIFIER: &str = "PLANTED-verifier-0123456789012345678901234567890";
const REFRESH: &str = "PLANTED-refresh-4711";
const ACCESS: &str = "PLANTED-access-4711";

#[track_caller]
fn assert_clean(findings: &[Finding]) {
    assert!(!findings.is_empty());
    let mut shown =
        format!("{findings:?} {findings:#?} {}", serde_json::to_string(findings).unwrap());
    shown.extend(findings.iter().map(ToString::to_string));
    assert!(!shown.contains("PLANTED"), "{shown}");
}

/// Answers that quote all that they were sent, in every part that a finding may quote.
fn echoes() -> Vec<HttpResponse> {
    let all = [SECRET, CODE, VERIFIER, REFRESH, ACCESS].join(" and ");
    let quoted = serde_json::to_string(&all).unwrap();
    let location = format!("https://as.example/token/?code={CODE}&verifier={VERIFIER}");
    let mut echoes = Vec::new();
    for status in [200, 400, 401, 403, 404, 415, 429, 500, 503] {
        for code in ["invalid_grant", "invalid_client", "invalid_request", "invalid_scope", "x"] {
            let words = format!("redirect_uri, verifier, {all} is missing");
            let body = serde_json::json!({ "error": code, "error_description": words });
            echoes.push(answer(status, &[], &body.to_string()));
        }
        echoes.push(answer(status, &[], &format!(r#"{{"error":{quoted}}}"#)));
        echoes.push(answer(status, &[], &format!("<html>{all}")));
        echoes.push(answer(status, &[("retry-after", CODE)], &all));
        echoes.push(answer(status, &[("date", VERIFIER), ("www-authenticate", CODE)], ""));
        let hidden = format!(r#"{{"data":{{"access_token":"{ACCESS}","note":{quoted}}}}}"#);
        echoes.push(answer(status, &[], &hidden));
    }
    echoes.push(answer(307, &[("location", &location)], ""));
    echoes.push(answer(302, &[("location", &format!("/login/{CODE}/{VERIFIER}"))], ""));
    echoes
}

#[test]
fn what_an_answer_to_an_exchange_echoes_is_in_no_finding() {
    let exchanger = client(SECRET).build().unwrap();
    for echo in echoes() {
        let server = AuthorizationServer::accepting_any();
        server.fail_always(Failure::Respond(echo));
        let verifier = CodeVerifier::parse(VERIFIER).unwrap();
        let code = AuthorizationCode::unchecked(CODE).verifier(verifier);
        let call = exchanger.exchange(code).param("r", REFRESH).param("a", ACCESS);
        match call.send_blocking(|request| server.respond(request)) {
            Ok(issued) => panic!("{issued:?}"),
            Err(error) => assert_clean(&doctor::check_error(&error)),
        }
    }
}

#[test]
fn what_an_answer_to_a_refresh_echoes_is_in_no_finding() {
    let exchanger = client(SECRET).build().unwrap();
    for echo in echoes() {
        let server = AuthorizationServer::accepting_any();
        server.fail_always(Failure::Respond(echo));
        let token = Token::bearer(ACCESS).with_refresh_token(REFRESH);
        let call = exchanger.refresh(&token).unwrap();
        let call = call.param("c", CODE).param("v", VERIFIER).param("a", ACCESS);
        let error = call.send_blocking(|request| server.respond(request)).unwrap_err();
        assert_clean(&doctor::check_error(&error));
    }
}

#[test]
fn what_a_token_answer_echoes_is_in_no_finding() {
    let exchanger = client(SECRET).build().unwrap();
    for member in ["token_type", "scope", "note"] {
        let body = serde_json::json!({
            "access_token": ACCESS, "refresh_token": REFRESH, "expires_in": 9,
            member: format!("{CODE} {SECRET} {ACCESS} {REFRESH}"),
        });
        let code = AuthorizationCode::unchecked(CODE);
        let answer = answer(200, &[], &body.to_string());
        let issued = exchanger.exchange(code).send_blocking(|_| Ok(answer.clone())).unwrap();
        assert_clean(&doctor::check_issued(&issued));
    }
}

#[test]
fn what_a_transport_echoes_is_in_no_finding() {
    let exchanger = client(SECRET).build().unwrap();
    for kind in [
        TransportErrorKind::Connect,
        TransportErrorKind::Timeout,
        TransportErrorKind::Interrupted,
        TransportErrorKind::TooLarge,
    ] {
        let text = format!("could not send {CODE} with {SECRET}");
        let code = AuthorizationCode::unchecked(CODE);
        let call = exchanger.exchange(code);
        let error =
            call.send_blocking(|_| Err(TransportError::new(kind, text.clone()))).unwrap_err();
        assert_clean(&doctor::check_error(&error));
    }
}
