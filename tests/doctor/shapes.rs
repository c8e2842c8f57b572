//! Tokens and errors that stand elsewhere in the answer, and the conventions that find them.

use http::StatusCode;
use serde_json::{Value, json};
use token_exchanger::doctor::{self, FindingKind};
use token_exchanger::testing::{self, AuthorizationServer};
use token_exchanger::{AuthorizationCode, Flavor};

use crate::{
    CALLBACK, ID, PLAIN, client, connect, conventions, diagnose, of_error, of_issued, only,
    value_in,
};

/// A provider's shape of a token, from the standard's.
type Shape = fn(Value) -> Value;

#[test]
fn a_token_that_stands_elsewhere_is_told_and_the_conventions_named_find_it() {
    let shapes: [(&str, Shape); 8] = [
        ("in data", |token| json!({ "code": 0, "message": "OK", "data": token })),
        ("in a list", |token| json!({ "tokens": [{ "id": 1 }, { "oauth": token }] })),
        (
            "behind a user",
            |token| json!({ "ok": true, "team": { "id": "T" }, "authed_user": token }),
        ),
        ("an odd name", |token| renamed(token, "accessToken")),
        ("a plain name", |token| renamed(token, "token")),
        ("a name and a place", |token| json!({ "body": renamed(token, "AccessToken") })),
        ("a place that needs escapes", |token| json!({ "a/b~c": token })),
        ("an ID token beside it", |token| json!({ "id_token": "eyJh.eyJz.c2ln", "result": token })),
    ];
    for (name, shape) in shapes {
        eprintln!("{name}");
        let server = AuthorizationServer::new(ID, PLAIN, [Flavor::BASIC_FORM])
            .redirect_uri(CALLBACK)
            .token_shape(move |token| testing::json(StatusCode::OK, &shape(token)));
        let error = connect(client(PLAIN), &server).unwrap_err();
        let finding =
            only(of_error(&error), FindingKind::TokenElsewhere, "let the user authorize again");
        let value = value_in(&finding.remedy, "conventions.answer");
        let builder = client(PLAIN).conventions(conventions("answer", value));
        let issued = connect(builder, &server).unwrap();
        assert!(server.is_live(issued.token.access_token.expose()));
        assert_eq!(of_issued(&issued), []);
    }
}

#[test]
fn a_list_in_place_of_an_object_is_told_not_to_be_reached_by_conventions() {
    let body = r#"[{"access_token":"PLANTED-token-4711","expires_in":3600}]"#;
    only(diagnose(crate::json(200, body)), FindingKind::AnswerShape, "a transport of your own");
}

#[test]
fn a_token_in_an_answer_that_is_too_long_to_show_is_told() {
    let filler = "x y ".repeat(1000);
    let body = json!({ "about": filler, "data": { "access_token": "PLANTED-token-4711" } });
    let findings = diagnose(crate::json(200, &body.to_string()));
    // What comes first may be all that is shown.
    let first = json!({ "access_token": { "value": "PLANTED" }, "data": filler });
    let other = diagnose(crate::json(200, &first.to_string()));
    for findings in [findings, other] {
        let [finding] = findings.as_slice() else { panic!("{findings:#?}") };
        assert!(!finding.cause.contains("damaged"), "{finding}");
        assert!(finding.remedy.contains("conventions.answer.root"), "{finding}");
    }
}

#[test]
fn a_success_that_no_convention_can_read_is_left_to_a_transport() {
    for (body, cause) in [
        ("<r><access_token>PLANTED-token-4711</access_token></r>", "XML"),
        ("access_token: PLANTED-token-4711", "XML, or a text"),
        ("\"gho_16C7e42F292c6912E7710c838347Ae178B4a\"", "nothing but one text"),
        ("gho_16C7e42F292c6912E7710c838347Ae178B4a", "nothing but one text"),
    ] {
        let findings = diagnose(crate::json(200, body));
        let finding = only(findings, FindingKind::AnswerShape, "a transport of your own");
        assert!(finding.cause.contains(cause), "{finding}");
    }
}

#[test]
fn an_id_token_alone_is_no_access_token() {
    let body = r#"{"id_token":"eyJh.eyJzdWIiOiI0MiJ9.c2ln","token_type":"Bearer"}"#;
    only(diagnose(crate::json(200, body)), FindingKind::Scope, "beside openid");
}

#[test]
fn a_refresh_token_that_stands_apart_is_found() {
    let server = AuthorizationServer::new(ID, PLAIN, [Flavor::BASIC_FORM])
        .redirect_uri(CALLBACK)
        .token_shape(|mut token| {
            let refresh_token = token["refresh_token"].take();
            token.as_object_mut().unwrap().remove("refresh_token");
            token["meta"] = json!({ "refreshToken": refresh_token });
            testing::json(StatusCode::OK, &token)
        });
    let issued = connect(client(PLAIN), &server).unwrap();
    let finding = only(of_issued(&issued), FindingKind::TokenElsewhere, "a transport of your own");
    assert!(finding.symptom.contains("/meta/refreshToken"), "{finding}");
}

#[test]
fn a_token_with_the_status_of_an_error_is_no_refused_client() {
    let body = r#"{"access_token":"PLANTED-token-4711","token_type":"Bearer"}"#;
    for status in [400, 401, 500] {
        let findings = diagnose(crate::json(status, body));
        only(findings, FindingKind::AnswerShape, "look at the answer in the report");
    }
}

#[test]
fn an_error_in_a_success_is_told_and_the_convention_named_reads_it() {
    let body = r#"{"code":40002,"message":"the app is on holiday","data":{}}"#;
    let finding = only(
        diagnose(crate::json(200, body)),
        FindingKind::AnswerShape,
        "conventions.answer.error",
    );
    let template = finding.remedy.replace("[...]", "[0]");
    let mut sign = value_in(&template, "conventions.answer.error");
    sign["description"] = json!("/message");
    let builder = client(PLAIN).conventions(conventions("answer.error", sign));
    let findings = crate::diagnose_by(builder, crate::json(200, body));
    assert!(findings[0].symptom.contains("40002 (the app is on holiday)"), "{}", findings[0]);
}

#[test]
fn the_setting_for_errors_in_a_success_lets_a_success_pass() {
    for (sign, good) in [
        (r#""success":false"#, json!({ "success": true })),
        (r#""code":40001"#, json!({ "code": 0 })),
        (r#""status":"fail""#, json!({ "status": "fine" })),
    ] {
        let body = format!(r#"{{{sign},"msg":"no"}}"#);
        let finding = only(
            diagnose(crate::json(200, &body)),
            FindingKind::AnswerShape,
            "conventions.answer.error",
        );
        let remedy = finding.remedy.replace("[\"...\"]", "[\"fine\"]");
        let sign = value_in(&remedy, "conventions.answer.error");
        let mut token = good;
        token["access_token"] = json!("PLANTED-token-4711");
        let server = AuthorizationServer::new(ID, PLAIN, [Flavor::BASIC_FORM])
            .redirect_uri(CALLBACK)
            .token_shape(move |_| testing::json(StatusCode::OK, &token));
        let builder = client(PLAIN).conventions(conventions("answer.error", sign));
        connect(builder, &server).unwrap();
    }
    // An error that was read needs no setting.
    let slack = r#"{"ok":false,"error":"invalid_team"}"#;
    only(diagnose(crate::json(200, slack)), FindingKind::Unknown, "curl command");
}

fn renamed(mut token: Value, name: &str) -> Value {
    let value = token["access_token"].take();
    token.as_object_mut().unwrap().remove("access_token");
    token[name] = value;
    token
}

#[test]
fn a_report_from_anywhere_neither_fills_a_terminal_nor_writes_on_it() {
    let exchanger = client(PLAIN).build().unwrap();
    let refused = crate::json(400, r#"{"error":"invalid_grant"}"#);
    let call = exchanger.exchange(AuthorizationCode::unchecked("PLANTED-code-4711"));
    let error = call.send_blocking(|_| Ok(refused.clone())).unwrap_err();
    let mut report = serde_json::to_value(error.report()).unwrap();
    report["attempts"][0]["error_description"] = json!("\u{1b}[2J".repeat(1 << 20));
    let report = serde_json::from_value(report).unwrap();
    let findings = doctor::check_report(&report);
    assert!(!findings.is_empty());
    for finding in &findings {
        let shown = finding.to_string();
        assert!(shown.len() < 16 * 1024 && !shown.contains('\u{1b}'), "{}", shown.len());
    }
}
