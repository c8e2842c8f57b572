//! What is made of an answer's body: lenient about form, strict about danger.

mod support;

use std::time::{Duration, SystemTime};

use serde_json::Value;
use support::{always, answer, code, json, names, plain, reserved};
use token_exchanger::{CallErrorKind, CodeFate, HttpResponse, Issued, Policy, Token, Warning};

const JSON: (&str, &str) = ("content-type", "application/json");

#[test]
fn an_answer_by_the_book_gives_everything_and_no_warning() {
    let issued = issued(
        r#"{"access_token":"AT","token_type":"Bearer","expires_in":3600,
            "refresh_token":"RT","scope":"read write","id_token":"I","n":{"a":[1.50]}}"#,
    );
    let token = &issued.token;
    assert_eq!(token.access_token.expose(), "AT");
    assert_eq!(token.token_type, "Bearer");
    assert_eq!(token.refresh_token.as_ref().map(|it| it.expose()), Some("RT"));
    assert_eq!(lifetime(token), Some(3600));
    assert_eq!(token.scopes.as_deref(), Some(&["read".to_owned(), "write".to_owned()][..]));
    assert_eq!(token.extra["id_token"], "I");
    assert_eq!(token.extra["n"]["a"][0].as_f64(), Some(1.5));
    assert_eq!(token.extra.len(), 2);
    assert_eq!(issued.warnings, []);
}

#[test]
fn only_an_access_token_is_required() {
    let issued = issued(r#"{"access_token":"AT"}"#);
    assert_eq!(issued.token.token_type, "Bearer");
    assert_eq!(issued.token.expires_at, None);
    assert_eq!(issued.token.refresh_token, None);
    assert_eq!(issued.token.scopes, None);
    assert_eq!(issued.warnings, [Warning::MissingTokenType]);
}

#[test]
fn json_and_form_are_told_apart_by_the_body_whatever_the_content_type() {
    let bodies =
        [r#"{"access_token":"AT+=","token_type":"b"}"#, "access_token=AT%2B%3D&token_type=b"];
    let types =
        ["application/json", "application/x-www-form-urlencoded", "text/html", "text/plain"];
    for body in bodies {
        for content_type in types {
            let answer = answer(200, &[("content-type", content_type)], body);
            assert_eq!(issued_of(answer).token.access_token.expose(), "AT+=", "{content_type}");
        }
        assert_eq!(issued_of(answer(200, &[], body)).token.access_token.expose(), "AT+=");
    }
}

#[test]
fn a_content_type_that_does_not_fit_is_a_warning() {
    let warned = |content_type, body: &str| {
        let answer = answer(200, &[("content-type", content_type)], body);
        issued_of(answer).warnings.contains(&Warning::ContentType)
    };
    let json = r#"{"access_token":"AT"}"#;
    assert!(!warned("application/json", json));
    assert!(!warned("Application/JSON; charset=UTF-8", json));
    assert!(!warned("application/vnd.api+json", json));
    assert!(!warned("application/x-www-form-urlencoded; charset=utf-8", "access_token=AT"));
    assert!(warned("text/html", json));
    assert!(warned("application/jsonx", json));
    assert!(warned("json", json));
    assert!(warned("text/plain", "access_token=AT"));
}

#[test]
fn any_2xx_with_a_token_is_a_success() {
    for status in [200, 201, 202, 203, 206, 226] {
        let answer = answer(status, &[JSON], r#"{"access_token":"AT"}"#);
        assert_eq!(issued_of(answer).token.access_token.expose(), "AT");
    }
}

#[test]
fn a_lifetime_may_be_a_number_a_float_or_a_text() {
    let lifetimes = [
        ("3600", Some(3600)),
        ("3600.0", Some(3600)),
        ("86400.92", Some(86400)),
        ("3.6e3", Some(3600)),
        (r#""3600""#, Some(3600)),
        (r#"" +3600 ""#, Some(3600)),
        ("null", None),
    ];
    for (text, seconds) in lifetimes {
        let issued = issued(&with("expires_in", text));
        assert_eq!(lifetime(&issued.token), seconds, "{text}");
        assert_eq!(issued.warnings, [], "{text}");
    }
}

#[test]
fn a_lifetime_that_cannot_be_read_is_unknown_with_a_warning() {
    let bad = [
        "{}",
        "[]",
        "true",
        "-1",
        "1e400",
        "99999999999999999999999",
        r#""never""#,
        r#""""#,
        r#""NaN""#,
        r#""inf""#,
    ];
    for text in bad {
        let issued = issued(&with("expires_in", text));
        assert_eq!(issued.token.expires_at, None, "{text}");
        assert_eq!(issued.warnings, [Warning::Ignored("expires_in")], "{text}");
    }
}

#[test]
fn a_lifetime_of_zero_is_unknown_with_a_warning() {
    for text in ["0", "0.0", r#""0""#, "0.9"] {
        let issued = issued(&with("expires_in", text));
        assert_eq!(issued.token.expires_at, None, "{text}");
        assert_eq!(issued.warnings, [Warning::ZeroLifetime], "{text}");
    }
}

#[test]
fn the_lifetime_of_the_refresh_token_is_read_under_either_name() {
    for name in ["refresh_token_expires_in", "refresh_expires_in"] {
        let issued = issued(&with(name, "60"));
        assert!(issued.token.refresh_expires_at.is_some(), "{name}");
        assert_eq!(issued.token.expires_at, None);
    }
}

#[test]
fn a_scope_of_more_than_64_kib_counts_as_missing() {
    for size in [64 * 1024, 64 * 1024 + 2] {
        let scope = "a ".repeat((size - 2) / 2);
        let issued = issued(&with("scope", &format!("\"{scope}\"")));
        let is_read = size == 64 * 1024;
        assert_eq!(issued.token.scopes.is_some(), is_read);
        assert_eq!(issued.warnings.contains(&Warning::Ignored("scope")), !is_read);
    }
}

#[test]
fn scopes_may_be_a_text_or_a_list() {
    let scopes = [
        (r#""a b""#, Some(vec!["a", "b"])),
        (r#"" a  b ""#, Some(vec!["a", "b"])),
        (r#""a,b""#, Some(vec!["a,b"])),
        (r#"["a","b"]"#, Some(vec!["a", "b"])),
        (r#""""#, Some(vec![])),
        ("[]", Some(vec![])),
        ("null", None),
    ];
    for (text, expected) in scopes {
        let issued = issued(&with("scope", text));
        let scopes = issued.token.scopes;
        assert_eq!(
            scopes,
            expected.map(|it| it.into_iter().map(str::to_owned).collect()),
            "{text}"
        );
        assert_eq!(issued.warnings, [], "{text}");
    }
    for text in ["1", "{}", r#"["a",1]"#] {
        let issued = issued(&with("scope", text));
        assert_eq!(issued.token.scopes, None, "{text}");
        assert_eq!(issued.warnings, [Warning::Ignored("scope")], "{text}");
    }
}

#[test]
fn a_scope_that_was_not_granted_is_a_warning() {
    let warnings = |body: &str| {
        let builder = plain().scopes(["read", "write"]);
        always(builder, Policy::Careful, || json(200, body)).0.unwrap().warnings
    };
    assert_eq!(warnings(&with("scope", r#""read""#)), [Warning::NarrowedScope]);
    assert_eq!(warnings(&with("scope", r#""""#)), [Warning::NarrowedScope]);
    assert_eq!(warnings(&with("scope", r#""write admin read""#)), []);
    assert_eq!(warnings(&with("scope", "null")), []);
}

#[test]
fn bearer_is_bearer_in_any_case_and_another_type_is_kept_with_a_warning() {
    let kinds = [
        (r#""bEaReR""#, "Bearer", vec![]),
        ("1", "Bearer", vec![Warning::Ignored("token_type")]),
        ("null", "Bearer", vec![Warning::MissingTokenType]),
        (r#""""#, "Bearer", vec![Warning::Ignored("token_type")]),
        (r#""mac""#, "mac", vec![Warning::UnknownTokenType]),
        (r#""User Access Token""#, "User Access Token", vec![Warning::UnknownTokenType]),
    ];
    for (text, token_type, warnings) in kinds {
        let issued = issued(&format!(r#"{{"access_token":"AT","token_type":{text}}}"#));
        assert_eq!(issued.token.token_type, token_type);
        assert_eq!(issued.warnings, warnings, "{text}");
    }
}

#[test]
fn a_refresh_token_that_is_none_is_left_out() {
    for (text, warnings) in [
        ("null", vec![]),
        (r#""""#, vec![Warning::Ignored("refresh_token")]),
        ("1", vec![Warning::Ignored("refresh_token")]),
    ] {
        let issued = issued(&with("refresh_token", text));
        assert_eq!(issued.token.refresh_token, None);
        assert_eq!(issued.warnings, warnings);
    }
}

#[test]
fn a_token_that_no_header_can_carry_is_accepted_with_a_warning() {
    for text in [r"AT\u0000X", r"AT-SECRET-1\n", r"a\r\nX: y"] {
        let issued = issued(&format!(r#"{{"access_token":"{text}","token_type":"Bearer"}}"#));
        assert_eq!(issued.warnings, [Warning::NotAHeaderValue]);
    }
    let issued = issued(r#"{"access_token":"AT-ü","token_type":"Bearer"}"#);
    assert_eq!(issued.token.access_token.expose(), "AT-ü");
    assert_eq!(issued.warnings, []);
}

#[test]
fn an_optional_member_given_twice_counts_as_missing() {
    let issued = issued(
        r#"{"access_token":"AT","token_type":"Bearer","scope":"a","scope":"b","x":1,"x":2}"#,
    );
    assert_eq!(issued.token.scopes, None);
    assert_eq!(issued.warnings, [Warning::Ignored("scope")]);
    assert_eq!(issued.token.extra.len(), 1);
}

#[test]
fn a_byte_order_mark_and_white_space_do_not_matter() {
    let issued = issued("\u{feff}\r\n\t {\"access_token\":\"AT\",\"token_type\":\"Bearer\"}\r\n");
    assert_eq!(issued.warnings, [Warning::ByteOrderMark]);
    assert_eq!(
        issued_of(answer(200, &[], "access_token=AT\r\n")).token.access_token.expose(),
        "AT"
    );
}

#[test]
fn invalid_utf_8_costs_only_the_member_that_it_is_in() {
    let issued_of = |body: &[u8]| issued_of(answer(200, &[JSON], body));
    let issued =
        issued_of(b"{\"access_token\":\"AT\",\"token_type\":\"Bearer\",\"name\":\"Ren\xe9\"}");
    assert_eq!(issued.warnings, [Warning::DroppedExtra]);
    assert!(issued.token.extra.is_empty());

    let issued = issued_of(
        b"{\"access_token\":\"AT\",\"token_type\":\"Bearer\",\"refresh_token\":\"R\xe9\"}",
    );
    assert_eq!(issued.warnings, [Warning::Ignored("refresh_token")]);

    let (result, seen) = always(plain(), Policy::Exhaustive, || {
        answer(200, &[JSON], b"{\"access_token\":\"A\xe9\",\"token_type\":\"Bearer\"}")
    });
    assert_unreadable(result, &seen);
}

#[test]
fn values_of_a_form_are_kept_as_texts_to_the_letter() {
    let body =
        "access_token=a&token_type=bearer&expires_in=86400.92&id=007&untrimmed=++x++&e=%C3%A9";
    let issued = issued_of(answer(200, &[], body));
    assert_eq!(lifetime(&issued.token), Some(86400));
    assert_eq!(issued.token.extra["id"], "007");
    assert_eq!(issued.token.extra["untrimmed"], "  x  ");
    assert_eq!(issued.token.extra["e"], "é");
}

#[test]
fn what_may_hold_a_token_stops_either_policy_and_spends_the_code() {
    let bodies: [&[u8]; 19] = [
        b"{",
        b"{\"",
        b"{\"access_token\":\"AT\"}<!-- served by lb3 -->",
        b"{\"access_token\":\"AT\"}\0",
        b"{\"access_token\":\"AT\"",
        b"{'access_token':'AT'}",
        b"{\"access_token\":\"AT\",\"expires_in\":NaN}",
        b"{\0\"\0a\0",
        b"\x1f\x8b\x08\x00\x00",
        b"{\"access_token\":[\"AT\"]}",
        b"{\"access_token\":{\"token\":\"AT\"}}",
        b"{\"access_token\":null,\"token_type\":\"Bearer\"}",
        b"{\"access_token\":\"AT\",\"access_token\":\"AT\"}",
        b"{\"access\\u005ftoken\":1}",
        b"[{\"access_token\":\"AT\"}]",
        b"{\"data\":{\"tokenType\":\"x\"}}",
        b"{\"ok\":true,\"authed_user\":{\"access_token\":\"AT\"}}",
        b"access_token=AT&access_token=BT",
        b"<html>#access_token=AT</html>",
    ];
    for body in bodies {
        for policy in [Policy::Exhaustive, Policy::Careful] {
            let (result, seen) = always(plain(), policy, || answer(200, &[JSON], body));
            assert_unreadable(result, &seen);
        }
    }
}

#[test]
fn an_error_is_an_error_whatever_the_status() {
    let bodies = [
        r#"{"error":"bad_verification_code","error_description":"The code is incorrect.","error_uri":"https://docs.example/x"}"#,
        "error=bad_verification_code&error_description=The+code+is+incorrect.&error_uri=https%3A%2F%2Fdocs.example%2Fx",
    ];
    for body in bodies {
        for status in [200, 201, 400, 401, 404, 500] {
            let (result, _) = always(plain(), Policy::Careful, || answer(status, &[], body));
            let error = result.unwrap_err();
            let CallErrorKind::Refused(refusal) = error.kind() else { panic!("{status}: {error}") };
            assert_eq!(refusal.code, "bad_verification_code");
            assert_eq!(refusal.description.as_deref(), Some("The code is incorrect."));
            assert_eq!(refusal.uri.as_deref(), Some("https://docs.example/x"));
        }
    }
}

#[test]
fn an_error_is_read_in_the_shapes_in_which_servers_tell_it() {
    let shapes = [
        (r#"{"error":"x"}"#, "x"),
        (r#"{"error":1,"message":"bad"}"#, "1 (bad)"),
        (r#"{"error":true,"message":"bad"}"#, "true (bad)"),
        (r#"{"error":{"message":"m","type":"OAuthException","code":100}}"#, "OAuthException (m)"),
        (r#"{"error":{"code":400,"message":"m","status":"INVALID"}}"#, "INVALID (m)"),
        (r#"{"error":{"code":100}}"#, "100"),
        (r#"{"error":{"message":"m"}}"#, "unnamed (m)"),
        (r#"{"error":[{"code":"c","message":"m"},{"code":"d"}]}"#, "c (m)"),
        (r#"{"errors":[{"errorType":"c","message":"m"}],"success":false}"#, "c (m)"),
        (r#"{"error":"x","error_description":{"code":1}}"#, "x"),
        (r#"{"error":"x","error_description":"","message":"m"}"#, "x (m)"),
        (r#"{"error":"x","error_uri":"javascript:alert(1)"}"#, "x"),
        (r#"{"x":1,"error":"c","error_description":"cut o"#, "c"),
    ];
    for (body, expected) in shapes {
        let (result, _) = always(plain(), Policy::Careful, || json(400, body));
        let error = result.unwrap_err();
        assert_eq!(
            error.headline().to_string(),
            format!("basic+form got 400 {expected}"),
            "{body}"
        );
    }
    let none = [
        r#"{"error":null}"#,
        r#"{"error":""}"#,
        r#"{"error":0}"#,
        r#"{"error":false}"#,
        r#"{"error":[]}"#,
        r#"{"error":{}}"#,
        "error=",
        "error=0",
        "error=false",
    ];
    for body in none {
        let (result, _) = always(plain(), Policy::Careful, || json(400, body));
        assert_eq!(result.unwrap_err().headline().to_string(), "basic+form got 400");
    }
}

#[test]
fn an_error_text_holds_only_what_the_rfc_allows_and_is_cut() {
    let body = r#"{"error":"invalid_grant","error_description":"\u001b[31mx\u0000\u202e<b>\"q\"\\\r\nINJECTED"}"#;
    let (result, _) = always(plain(), Policy::Careful, || json(400, body));
    let error = result.unwrap_err();
    let CallErrorKind::Refused(refusal) = error.kind() else { panic!("{error}") };
    let description = refusal.description.as_deref().unwrap();
    assert!(description.bytes().all(|b| matches!(b, 0x20..=0x21 | 0x23..=0x5b | 0x5d..=0x7e)));
    assert!(description.contains("INJECTED"));
    assert!(!error.to_string().contains('\n'));

    let long = "e".repeat(10_000);
    let body = format!(r#"{{"error":"{long}","error_description":"{long}"}}"#);
    let (result, _) = always(plain(), Policy::Careful, || json(400, &body));
    assert_eq!(
        result.unwrap_err().headline().to_string(),
        format!("basic+form got 400 {} ({})", &long[..64], &long[..512])
    );
}

#[test]
fn hostile_nesting_is_skipped_in_a_member_and_unreadable_when_cut_off() {
    let (open, close) = ("[".repeat(100_000), "]".repeat(100_000));
    let body = format!(r#"{{"access_token":"AT","token_type":"Bearer","x":{open}{close}}}"#);
    let issued = issued(&body);
    assert_eq!(issued.warnings, [Warning::DroppedExtra]);

    for body in [
        format!(r#"{{"access_token":"AT","x":{open}"#),
        format!(r#"{{"x":{open}{{"access_token":1}}{close}}}"#),
        format!("{open}{{\"access_token\":1}}{close}"),
    ] {
        let (result, seen) = always(plain(), Policy::Exhaustive, || json(200, &body));
        assert_unreadable(result, &seen);
    }

    for body in [format!(r#"{{"error":{open}{close}}}"#), format!(r#"{{"x":{open}"#)] {
        let (result, _) = always(plain(), Policy::Exhaustive, || json(400, &body));
        assert_eq!(result.unwrap_err().attempts().len(), 6);
    }
}

#[test]
fn no_value_is_read_from_within_a_text() {
    // serde_json reads what stands under this name, and begins to count its depth anew.
    for name in ["$serde_json::private::RawValue", "\\u0024serde_json::private::RawValue"] {
        let within = |text: String| format!(r#"{{"{name}":{}}}"#, Value::from(text));
        let deep = (0..11).fold(within("1".to_owned()), |inner, _| {
            within("[".repeat(120) + &inner + &"]".repeat(120))
        });
        let body = format!(r#"{{"access_token":"AT","token_type":"Bearer","x":{deep},"y":1}}"#);
        let issued = issued(&body);
        assert_eq!(issued.warnings, [Warning::DroppedExtra]);
        assert_eq!(issued.token.extra.len(), 1);

        let body = format!(r#"{{"error":{deep},"error_description":{deep}}}"#);
        let (result, _) = always(plain(), Policy::Exhaustive, || json(400, &body));
        assert!(matches!(result.unwrap_err().kind(), CallErrorKind::NoFlavorAccepted));
    }

    // Stored, it would be read so by whoever reads the token as a value.
    let body =
        r#"{"access_token":"AT","token_type":"Bearer","$serde_json::private::RawValue":"["}"#;
    assert_eq!(issued(body).warnings, [Warning::DroppedExtra]);
}

#[test]
fn a_token_that_was_stored_can_be_read_again_however_deep_its_members() {
    for depth in [1, 64, 65, 100, 125, 126, 127, 128] {
        let issued = issued(&with("x", &format!("{}{}", "[".repeat(depth), "]".repeat(depth))));
        assert_eq!(issued.warnings.contains(&Warning::DroppedExtra), depth > 64, "{depth}");
        let stored = serde_json::to_string(&[&issued.token]).unwrap();
        let [restored]: [Token; 1] = serde_json::from_str(&stored).unwrap();
        assert!(restored == issued.token, "{depth}");
    }
}

#[test]
fn a_number_of_an_answer_survives_being_stored() {
    for number in ["123456789012345678901234567890123456789", "1.7976931348623157e308", "0.3e-5"] {
        let issued = issued(&with("x", number));
        let stored = serde_json::to_string(&issued.token).unwrap();
        let restored: Token = serde_json::from_str(&stored).unwrap();
        assert!(restored == issued.token, "{number}: {stored}");
    }
}

#[test]
fn no_more_than_64_kib_are_kept_beyond_the_standard() {
    let flood = |members: usize| {
        let members = (0..members).map(|n| format!(",\"key {n}\":0")).collect::<String>();
        format!(r#"{{"access_token":"AT","token_type":"Bearer"{members}}}"#)
    };
    let issued = issued(&flood(40_000));
    assert_eq!(issued.warnings, [Warning::DroppedExtra]);
    assert!((5_000..10_000).contains(&issued.token.extra.len()));

    let many = "{\"\":0},".repeat(100_000);
    let body = format!(r#"{{"access_token":"AT","x":[{many}0],"y":1}}"#);
    let issued = issued_of(json(200, &body));
    assert!(issued.warnings.contains(&Warning::DroppedExtra));
    assert_eq!(issued.token.extra.len(), 1);
}

#[test]
fn more_members_than_any_answer_has_are_not_read_to_their_end() {
    let form = format!("access_token=AT{}", "&a=1".repeat(60_000));
    let members = (0..60_000).map(|n| format!(",\"{n}\":0")).collect::<String>();
    for body in [form, format!(r#"{{"access_token":"AT"{members}}}"#)] {
        let (result, seen) = always(plain(), Policy::Exhaustive, || answer(200, &[], &*body));
        assert_unreadable(result, &seen);
    }
}

#[test]
fn a_name_that_is_no_text_costs_nothing_but_its_member() {
    let issued = issued(r#"{"\ud800":1,"access_token":"AT","token_type":"Bearer","\ud800":2}"#);
    assert_eq!(issued.token.access_token.expose(), "AT");
}

#[test]
fn a_token_that_cannot_be_used_is_not_undone_by_an_error() {
    for body in [
        r#"{"access_token":"A","access_token":"A","error":"x"}"#,
        r#"{"access_token":["AT"],"error":"invalid_client"}"#,
        r#"{"refresh_token":"RT","expires_in":1,"error":"x"}"#,
        r#"{"data":{"accessToken":"AT"},"error":"x"}"#,
    ] {
        let (result, seen) = always(plain(), Policy::Exhaustive, || json(200, body));
        assert_unreadable(result, &seen);
    }
    for body in [
        r#"{"access_token":null,"error":"invalid_client"}"#,
        r#"{"access_token":"","refresh_token":"","error":"invalid_client"}"#,
    ] {
        let (result, _) = always(plain(), Policy::Exhaustive, || json(200, body));
        assert_eq!(result.unwrap_err().attempts().len(), 6);
    }
}

#[test]
fn a_token_in_what_is_too_large_or_too_deep_to_be_held_is_not_undone_by_an_error_either() {
    let (open, close) = ("[".repeat(200), "]".repeat(200));
    let padding = "x".repeat(70_000);
    for member in [
        format!(r#"{open}{{"access_token":"AT"}}{close}"#),
        format!(r#"{{"refresh_token":"RT","padding":"{padding}"}}"#),
    ] {
        let body = format!(r#"{{"data":{member},"error":"x"}}"#);
        let (result, seen) = always(plain(), Policy::Exhaustive, || json(200, &body));
        assert_unreadable(result, &seen);
    }
    let body = format!(r#"{{"data":{{"user":"{padding}"}},"error":"invalid_client"}}"#);
    let (result, _) = always(plain(), Policy::Exhaustive, || json(200, &body));
    assert_eq!(result.unwrap_err().attempts().len(), 6);
}

#[test]
fn an_answer_that_says_nothing_is_unreadable_only_once_nothing_else_is_left() {
    for body in ["", "<html>Sorry</html>", "null", "[]", "{}", "OK", "\"text\"", "true"] {
        let (result, seen) = always(reserved(), Policy::Exhaustive, || answer(200, &[], body));
        assert_eq!(seen.len(), 6, "{body}");
        let error = result.unwrap_err();
        assert!(matches!(error.kind(), CallErrorKind::Unreadable(status) if *status == 200));
        assert_eq!(error.code_fate(), CodeFate::Unknown);
    }
}

fn issued(body: &str) -> Issued {
    issued_of(json(200, body))
}

#[track_caller]
fn issued_of(answer: HttpResponse) -> Issued {
    let exchanger = plain().build().unwrap();
    let (result, seen) = support::play(exchanger.exchange(code()), |_| Ok(answer.clone()));
    assert_eq!(seen.len(), 1);
    result.unwrap()
}

fn with(member: &str, value: &str) -> String {
    format!(r#"{{"access_token":"AT","token_type":"Bearer","{member}":{value}}}"#)
}

/// In whole seconds. The tests take less than one.
fn lifetime(token: &Token) -> Option<u64> {
    let left = token.expires_at?.duration_since(SystemTime::now()).unwrap();
    Some((left + Duration::from_millis(999)).as_secs())
}

#[track_caller]
fn assert_unreadable(
    result: Result<Issued, token_exchanger::CallError>,
    seen: &[token_exchanger::Flavor],
) {
    assert_eq!(seen.len(), 1, "{:?}", names(seen));
    let error = result.unwrap_err();
    assert!(matches!(error.kind(), CallErrorKind::Unreadable(_)), "{error}");
    assert_eq!(error.code_fate(), CodeFate::Spent);
    assert!(error.needs_reauthorization());
    assert!(error.into_code().is_none());
}
