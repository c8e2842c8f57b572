//! What a server brings or quotes is hidden wherever it is shown, and what an integrator has to read
//! is not.

mod support;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use support::{answer, client, code, json, play, reserved};
use token_exchanger::{CallError, Conventions, HttpResponse, TransportError, doctor};

const JWT: &str = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJQTEFOVCJ9.c2lnbmF0dXJlMTIz";
const OPAQUE: &str = "gho_16C7e42F292c6912E7710c838347Ae178B4a";

#[test]
fn what_the_answer_s_body_hides_no_other_text_of_the_error_shows() {
    let twice = |text: &str| serde_json::to_string(text).unwrap();
    let secret = r#"q7+Zk/x9A"b=="#;
    let told = [
        format!("The access token {JWT} has been revoked"),
        format!("{OPAQUE} is no assertion"),
        format!("token='{OPAQUE}'"),
        format!("Authorization: Bearer {OPAQUE}"),
        format!("[access_token] => {OPAQUE}"),
        "q7%252BZk%252Fx9A%2522b%253D%253D".to_owned(),
        "q7+Zk/x9A&amp;quot;b==".to_owned(),
        twice(&twice(secret)),
        "q7%2BZk%2Fx9A%5C%22b%3D%3D".to_owned(),
    ];
    for text in &told {
        for body in [
            serde_json::json!({ "error": "invalid_request", "error_description": text }),
            serde_json::json!({ "error": text }),
            serde_json::json!({ "error": { "code": 7, "message": text } }),
            serde_json::json!({ "error": "x", "error_uri": format!("https://as.example/{text}") }),
        ] {
            for status in [200, 400] {
                let shown = everything(&refused(secret, json(status, &body.to_string())));
                for part in ["eyJ", "c2ln", "gho_16", "q7+Z", "q7%", "x9A"] {
                    assert!(!shown.contains(part), "{status} {body}: {shown}");
                }
            }
        }
    }
}

#[test]
fn what_a_header_brings_is_hidden_where_the_error_quotes_it() {
    let body = r#"{"error":"x","error_description":"Huntertok is over"}"#;
    let shown = everything(&refused("s", answer(400, &[("x-auth-token", "Huntertok")], body)));
    assert!(!shown.contains("Huntertok"), "{shown}");
}

#[test]
fn what_looks_drawn_at_random_in_the_path_of_a_redirect_is_hidden() {
    let location = format!("https://as.example/login/{OPAQUE}/done");
    let shown = everything(&refused("s", answer(302, &[("location", &location)], "")));
    assert!(shown.contains("https://as.example/login/[opaque]/done"), "{shown}");
    assert!(!shown.contains("gho_16"), "{shown}");
}

#[test]
fn what_stands_behind_a_telling_name_is_hidden_in_any_shape() {
    let shapes = [
        "access_token = @",
        "access_token='@'",
        "access_token: @",
        "\"access_token\": \"@\"",
        "[access_token] => @",
        "\"access_token\"=>\"@\"",
        "[\"access_token\"]=>\n  string(9) \"@\"",
        "<input type=hidden name=access_token value=@>",
        "<td>access_token</td><td>@</td>",
        "<key>access_token</key>\n<string>@</string>",
        "<dt>access_token:</dt><dd>@</dd>",
        "{\"value\":\"@\",\"name\":\"access_token\"}",
        "Authorization: Bearer @",
        "we got Bearer @ from you",
        "passphrase: @",
        "{\"user_pass\":\"@\"}",
        "<input type=hidden name=SAMLResponse value='@'>",
        "JSESSIONID=@; Path=/",
        "Token(access_token='@', x=1)",
    ];
    let values = ["PLANTEDk", "Zq7xP2yQ", "qwertyzuiopasdfghjkl", "48151623420815"];
    for (shape, value) in shapes.iter().flat_map(|it| values.map(|value| (it, value))) {
        let text = shape.replace('@', value);
        let described = serde_json::json!({ "error": "x", "error_description": text }).to_string();
        for (status, body) in [(400, &text), (500, &text), (400, &described)] {
            let shown = everything(&refused("s", json(status, body)));
            assert!(!shown.contains(value), "{status} {body}: {shown}");
        }
    }
    let headers = [("x-foo", r#"{"access_token":"PLANTEDk"}"#), ("x-foo", "token = PLANTEDk")];
    for header in headers {
        let shown = everything(&refused("s", answer(400, &[header], "")));
        assert!(!shown.contains("PLANTED"), "{shown}");
    }
}

#[test]
fn what_people_write_about_a_token_is_shown() {
    for text in [
        "the token is invalid",
        "access_token: expired",
        "Token: Expired. Please sign in again.",
        "Missing parameter: client_secret. See https://as.example/docs?topic=errors",
        "invalid client_secret: must not be empty, grant_type: authorization_code",
        "Bearer token required, Basic authentication unsupported",
        "session: not found (code: 40105)",
        "authorization: Bearer realm missing",
        "<html><title>Session expired</title><h1>Your token</h1><p>Error 1020</p></html>",
        "<p>The <b>token</b> is invalid</p>",
        "supported: client_secret_basic, client_secret_post, private_key_jwt",
        "the nonce 42 and the digest were checked; ticket 4711",
        "unsupported grant urn:ietf:params:oauth:grant-type:jwt-bearer",
    ] {
        for body in [
            text.to_owned(),
            serde_json::json!({ "error": "invalid_grant", "error_description": text }).to_string(),
        ] {
            let error = refused("some-client-secret", json(400, &body));
            assert_eq!(error.headline().answer().unwrap().body, body);
            assert!(!error.to_string().contains('['), "{error}");
        }
    }
}

#[test]
fn what_the_conventions_write_into_a_basic_header_is_hidden() {
    let conventions = r#"{"basic":"PLANTEDapikey:pk-{client_secret}"}"#;
    let conventions: Conventions = serde_json::from_str(conventions).unwrap();
    let exchanger = reserved().conventions(conventions).max_attempts(1).build().unwrap();
    let body = r#"{"error":"invalid_client","error_description":"no user PLANTEDapikey"}"#;
    let error = play(exchanger.exchange(code()), |_| Ok(json(401, body))).0.unwrap_err();
    let shown = everything(&error);
    assert!(!shown.contains("PLANTED"), "{shown}");
    let command = error.headline().to_curl();
    assert!(command.contains("[basic]:pk-[client_secret"), "{command}");
}

#[test]
fn a_secret_is_hidden_in_the_escapes_of_any_language() {
    let (before, after) = ("Vq8Jz", "Wm3Xk-tail");
    let secret = format!("{before}'/é{after}");
    for escaped in
        [r"\'/é", r"\x27\x2f\xc3\xa9", r"\u{27}\u{2F}\u{e9}", r"\047\057\303\251", r"'/\xe9"]
    {
        let text = format!("bad secret {before}{escaped}{after}");
        let described = serde_json::json!({ "error": "x", "error_description": text }).to_string();
        for body in [text, described] {
            let shown = everything(&refused(&secret, json(400, &body)));
            assert!(!shown.contains(before) && !shown.contains("-tail"), "{body}: {shown}");
        }
    }
}

#[test]
fn a_secret_is_hidden_to_its_end_in_base64_with_gaps() {
    let secret = "Vq8Jz?Wm3Xk>long-secret-of-more-than-a-line?>and-of-a-second-one?>";
    for padding in 0..6 {
        let text = format!("{}{secret}", "z".repeat(40 + padding));
        let base64 = STANDARD.encode(&text);
        let lines = |end: &str| {
            let lines: Vec<_> = base64.as_bytes().chunks(76).collect();
            lines.join(end.as_bytes()).iter().map(|&byte| char::from(byte)).collect::<String>()
        };
        let end = base64.trim_end_matches('=');
        let end = &end[end.len() - 12..];
        for written in [lines("\r\n"), lines("\n"), base64.replace('+', " ")] {
            let described = serde_json::json!({ "error": "x", "error_description": written });
            for body in [written.clone(), described.to_string()] {
                let shown = everything(&refused(secret, json(400, &body)));
                assert!(!shown.contains(end), "{body}: {shown}");
            }
        }
    }
}

#[test]
fn half_of_a_secret_is_hidden_where_it_was_cut_off() {
    let secret = "kJ8sQz2LpVx94TnbWqYc7Rf";
    for length in 11..=secret.len() {
        for end in ["", "...", "'", " is wrong"] {
            let text = format!("no {}{end}", &secret[..length]);
            let shown = everything(&refused(secret, json(400, &text)));
            assert!(!shown.contains("kJ8s"), "{text}: {shown}");
        }
    }
    // What goes on is another word.
    let body = r#"{"error":"x","error_description":"unknown my-client-id"}"#;
    let error = refused("my-client-secret", json(400, body));
    assert!(error.to_string().contains("unknown my-client-id"), "{error}");
}

#[test]
fn a_header_that_names_an_event_hides_a_known_secret_all_the_same() {
    let secret = "kJ8sQz2LpVx94TnbWqYc7Rf";
    for name in ["etag", "server", "x-request-id"] {
        let shown = everything(&refused(secret, answer(400, &[(name, secret)], "")));
        assert!(!shown.contains("kJ8s"), "{name}: {shown}");
    }
}

fn refused(secret: &str, answer: HttpResponse) -> CallError {
    let exchanger = client("my-client-id", secret).max_attempts(1).build().unwrap();
    let provider = |_: &_| Ok::<_, TransportError>(answer.clone());
    play(exchanger.exchange(code()), provider).0.unwrap_err()
}

/// Whatever shows the error.
fn everything(error: &CallError) -> String {
    let report = error.report();
    let findings = (doctor::check_error(error), doctor::check_report(&report));
    let report = serde_json::to_string(&report).unwrap();
    let body = error.headline().answer().unwrap().body;
    format!("{error} {error:?} {:?} {report} {body} {findings:?}", error.kind())
}
