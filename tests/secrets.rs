//! No secret in any output, also where a server sends it back.

mod support;

use std::collections::BTreeSet;
use std::error::Error;
use std::fmt::Debug;
use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use support::{answer, client, json, play};
use token_exchanger::{
    AuthorizationCode, Call, CallError, CallErrorKind, CodeFate, CodeVerifier, Flavor,
    HttpResponse, Issued, Policy, Secret, Token, TokenExchanger, TransportError,
    TransportErrorKind,
};

const SECRET: &str = "S3CRET \"t/+:=&%\\é-ZYXWVUT";
const CODE: &str = "C0DE-4/0AbCd+Ef==";
const VERIFIER: &str = "V3RIFIER-dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1g";
const PARAM: &str = "P4RAM-assertion-value";
const TOKENS: [&str; 3] = ["AT-SECRET-ABCDEFG", "RT-SECRET-ABCDEFG", "ID-SECRET-ABCDEFG"];

#[test]
fn no_public_type_shows_a_secret_in_debug() {
    let exchanger = exchanger();
    let mut text = String::new();
    let mut show = |value: &dyn Debug| text += &format!("{value:?} {value:#?}");
    show(&Secret::from(SECRET));
    show(&CodeVerifier::parse(VERIFIER).unwrap());
    show(&code());
    show(&TokenExchanger::builder("id", "https://as.example").client_secret(SECRET));
    show(&exchanger);
    show(&call(&exchanger));
    show(&Token::bearer(TOKENS[0]).with_refresh_token(TOKENS[1]));
    show(&issued());
    assert_clean(&text);
}

#[test]
fn the_headers_of_a_request_do_not_show_its_authorization() {
    for flavor in exchanger().flavors() {
        let request = call(&exchanger()).flavor(flavor).request();
        assert_clean(&format!("{:?}", request.headers()));
    }
}

#[test]
fn what_a_server_echoes_in_a_success_is_not_shown_either() {
    let quoted = |text: &str| serde_json::to_string(text).unwrap();
    let (secret, access) = (quoted(SECRET), quoted(TOKENS[0]));
    let bodies = [
        format!(r#"{{"access_token":{access},"scope":{secret}}}"#),
        format!(r#"{{"access_token":{access},"token_type":{secret}}}"#),
        format!(r#"{{"access_token":{access},{secret}:1}}"#),
        format!("access_token=x&{}", TOKENS[0]),
    ];
    for body in bodies {
        let issued = play(call(&exchanger()), |_| Ok(json(200, &body))).0.unwrap();
        assert_clean(&format!("{issued:?} {issued:#?}"));
        let warnings: Vec<_> = issued.warnings.iter().map(ToString::to_string).collect();
        assert_clean(&warnings.join(" "));
    }
}

#[test]
fn a_raw_echo_is_masked_also_where_it_is_read_as_a_form() {
    for secret in ["Zm9v+YmFyYmF6cXV4+cXV1eA==", "pre%41fix-secret-value"] {
        let exchanger = client("my-client-id", secret).max_attempts(1).build().unwrap();
        for flavor in exchanger.flavors() {
            let call = exchanger.exchange(code()).flavor(flavor);
            let echoed = call.request().headers().get("authorization").cloned();
            let echoed = echoed.map(|header| header.to_str().unwrap().to_owned());
            let body = format!(
                "error=invalid_client&error_description=bad {secret} here, {}",
                echoed.as_deref().unwrap_or_default()
            );
            let error = play(call, |_| Ok(json(401, &body))).0.unwrap_err();
            let text = everything(&error);
            for part in ["YmFyYmF6", "fix-secret", "bXktY2xpZW50LWlk"] {
                assert!(!text.contains(part), "{part} in {text}");
            }
        }
    }
}

#[test]
fn a_raw_echo_is_masked_also_where_its_backslashes_are_read_as_escapes() {
    let exchanger = client("my-client-id", r"S3CR\tEX\u0041MPLE\/VALUE").build().unwrap();
    let body = r#"{"error":"invalid_grant","error_description":"bad S3CR\tEX\u0041MPLE\/VALUE!"}"#;
    let error = play(exchanger.exchange(code()), |_| Ok(json(400, body))).0.unwrap_err();
    assert!(error.to_string().contains("bad [client_secret]!"), "{error}");
}

#[test]
fn base64_is_masked_right_after_a_mark_and_after_an_escape() {
    let encoded_secret = STANDARD.encode(SECRET);
    for before in [CODE, &format!("{CODE}/"), "%3A", "\\/", "\\u0026", "token="] {
        let error = refused(&json(400, &error_body(&format!("{before}{encoded_secret}"))));
        assert_clean(&everything(&error));
    }
}

#[test]
fn the_beginning_of_a_secret_that_the_server_cut_off_is_masked() {
    for secret in [SECRET, CODE, VERIFIER, PARAM] {
        let cut: String = secret.chars().take(17).collect();
        let error = refused(&json(400, &error_body(&format!("bad {cut}... at all"))));
        assert!(error.to_string().contains("]... at all") || secret.len() < 17, "{error}");
        assert_clean(&everything(&error));
    }
}

#[test]
fn no_text_makes_masking_slow() {
    // Each of these took minutes while masking looked ahead from every escape.
    for unit in ["%41", "\\/", "A", "%", "\\u0041", "&#65;"] {
        let text = unit.repeat(5_000);
        let (result, _) = play(call(&exchanger()), |_| {
            Err(TransportError::new(TransportErrorKind::Interrupted, &*text))
        });
        assert!(result.unwrap_err().source().is_some());
    }
}

#[test]
fn an_echo_is_masked_however_it_is_written() {
    for secret in [SECRET, CODE, VERIFIER, PARAM] {
        for echo in writings(secret) {
            let description = format!("no: <{echo}>, and \"{echo}\" is x{echo}x not it");
            for body in [error_body(&description), form_body(&description)] {
                let error = refused(&answer(400, &[], body));
                assert_clean(&everything(&error));
                assert!(error.headline().to_string().contains("no: <["), "{error}");
            }
        }
    }
}

#[test]
fn an_echo_is_masked_in_every_part_of_an_error() {
    for echo in [SECRET, CODE, VERIFIER, PARAM] {
        let quoted = serde_json::to_string(echo).unwrap();
        let bodies = [
            format!(r#"{{"error":{quoted}}}"#),
            format!(r#"{{"error":"x","error_uri":"https://docs.example/{}"}}"#, encoded(echo)),
            format!(r#"{{"error":{{"code":{quoted},"message":{quoted}}}}}"#),
            format!(r#"{{"error":"x","message":{quoted}}}"#),
        ];
        for body in bodies {
            assert_clean(&everything(&refused(&json(400, &body))));
        }
    }
}

#[test]
fn a_basic_header_that_is_sent_back_is_masked() {
    let exchanger = exchanger();
    for flavor in exchanger.flavors() {
        let request = call(&exchanger).flavor(flavor).request();
        let Some(header) = request.headers().get("authorization") else { continue };
        let header = header.to_str().unwrap().to_owned();
        let error = refused(&json(400, &error_body(&format!("bad header: {header}"))));
        assert!(error.to_string().contains("bad header: Basic ["), "{error}");
        assert!(!error.to_string().contains(&header[6..]));
        assert_clean(&everything(&error));
    }
}

#[test]
fn a_secret_is_masked_to_its_end_though_another_begins_alike() {
    // Both writings of this header begin with more than the client id.
    let exchanger = client("my-client-id", "a-long-secret+/with-an-end").max_attempts(1);
    let exchanger = exchanger.build().unwrap();
    let with_id = STANDARD.encode(format!("my-client-id:{CODE}"));
    for flavor in [Flavor::BASIC_FORM, Flavor::BASIC_RAW_FORM] {
        let call = exchanger.exchange(code()).flavor(flavor);
        let header = call.request().headers()["authorization"].to_str().unwrap().to_owned();
        let (result, _) =
            play(call, |_| Ok(json(400, &error_body(&format!("bad {header}, and {with_id} too")))));
        let error = result.unwrap_err();
        let shown = error.headline().to_string();
        assert!(shown.contains("bad Basic [authorization]"), "{shown}");
        assert!(shown.contains(", and [code]"), "{shown}");
        for echo in [&header, &with_id] {
            assert!(!shown.contains(echo[echo.len() - 12..].trim_end_matches('=')), "{shown}");
        }
    }
}

#[test]
fn a_secret_is_masked_to_its_end_though_base64_before_it_has_no_seam() {
    for before in [VERIFIER, &URL_SAFE_NO_PAD.encode(VERIFIER)] {
        let location = format!("https://x.example/{before}/{}", encoded(CODE));
        let error = refused(&answer(307, &[("location", &location)], ""));
        let CallErrorKind::Redirected { location } = error.kind() else { panic!("{error}") };
        let shown = location.as_deref().unwrap_or_default();
        assert!(shown.ends_with(']'), "{shown}");
        assert_clean(&everything(&error));
    }
}

#[test]
fn a_request_body_that_is_sent_back_is_masked() {
    let exchanger = exchanger();
    for flavor in exchanger.flavors() {
        let request = call(&exchanger).flavor(flavor).request();
        let body = String::from_utf8(request.into_body()).unwrap();
        let error = refused(&json(400, &error_body(&format!("cannot parse {body}"))));
        assert_clean(&everything(&error));
    }
}

#[test]
fn an_echo_that_the_limit_on_a_text_cuts_off_is_masked() {
    // The limit is 512 characters; an echo stands across it.
    for secret in [SECRET, CODE, VERIFIER, PARAM] {
        let description = format!("{}{secret}", "x ".repeat(250));
        assert_clean(&everything(&refused(&json(400, &error_body(&description)))));
    }
}

#[test]
fn an_echo_that_the_limit_on_a_body_cuts_off_is_not_shown() {
    for cut in 1..40 {
        let before = "x".repeat(64 * 1024 - cut - r#"{"error_description":""#.len());
        let body = format!(r#"{{"error_description":"{before}{VERIFIER}","error":"x"}}"#);
        assert_clean(&everything(&refused(&json(400, &body))));
        let body = format!("error=x&error_description={before}{VERIFIER}");
        assert_clean(&everything(&refused(&json(400, &body))));
    }
}

#[test]
fn a_redirect_that_holds_a_secret_is_masked() {
    let locations = [
        format!("https://x.example/{}?a={}#b", encoded(CODE), encoded(SECRET)),
        format!("/login/{}", URL_SAFE_NO_PAD.encode(SECRET)),
        format!("https://{VERIFIER}:{PARAM}@x.example/#access_token={}", TOKENS[0]),
    ];
    for location in locations {
        let error = refused(&answer(307, &[("location", &location)], ""));
        assert_clean(&everything(&error));
    }
}

#[test]
fn the_token_that_comes_with_an_error_is_not_shown() {
    let [access, refresh, id] = TOKENS;
    let bodies = [
        format!(r#"{{"access_token":"{access}","error":"x","error_description":"{access}"}}"#),
        format!(
            r#"{{"refresh_token":"{refresh}","error":"x","error_description":"kept {refresh}"}}"#
        ),
        format!(r#"{{"id_token":"{id}","error":"{id}"}}"#),
        format!(r#"{{"access_token":["{access}"]}}"#),
        access.to_owned(),
        format!(r#"{{"token":"{access}""#),
    ];
    for status in [200, 400] {
        for body in &bodies {
            assert_clean(&everything(&refused(&json(status, body))));
        }
    }
}

#[test]
fn the_error_of_a_transport_that_quotes_the_request_is_masked_along_its_chain() {
    let exchanger = exchanger();
    let quote = |request: &token_exchanger::HttpRequest| {
        let body = String::from_utf8_lossy(request.body()).into_owned();
        let header = request.headers().get("authorization").map(|it| it.to_str().unwrap());
        let header = header.unwrap_or_default().to_owned();
        TransportError::new(TransportErrorKind::Interrupted, Outer(Inner(body + &header)))
    };
    for flavor in exchanger.flavors() {
        let (result, _) = play(call(&exchanger).flavor(flavor), |request| Err(quote(request)));
        let error = result.unwrap_err();
        assert_clean(&everything(&error));
        assert!(everything(&error).contains("while writing"), "the clean part is kept");
    }
}

#[test]
fn the_error_of_a_transport_that_quotes_an_escaped_text_is_masked() {
    #[derive(Debug, thiserror::Error)]
    #[error("could not write")]
    struct Quoting(String);
    for secret in [SECRET, CODE] {
        for echo in writings(secret) {
            let error = || {
                TransportError::new(
                    TransportErrorKind::Timeout,
                    Quoting(format!("bad {echo} here")),
                )
            };
            let (result, _) = play(call(&exchanger()), |_| Err(error()));
            let error = result.unwrap_err();
            assert!(!format!("{error:?}").contains("bad"), "{echo}: {error:?}");
            assert_clean(&everything(&error));
        }
    }
}

#[test]
fn a_code_of_any_length_is_masked() {
    let code = "c0de".repeat(50_000);
    for echo in [&code[..], &code[..60_000], &format!("{code}!")] {
        let call = exchanger().exchange(AuthorizationCode::unchecked(&*code));
        let (result, _) = play(call, |_| Ok(json(400, &error_body(echo))));
        let text = everything(&result.unwrap_err());
        assert!(!text.contains("c0dec0de"), "{text:.200}");
    }
}

#[test]
fn an_error_is_known_though_a_part_of_its_code_is_a_secret() {
    let exchanger = client("id", "grant_type").policy(Policy::Careful).build().unwrap();
    let refused = |error: &str, secret: &str| {
        let call = exchanger.exchange(code()).param("x", secret);
        let body = format!(r#"{{"error":"{error}"}}"#);
        play(call, |_| Ok(json(400, &body))).0.unwrap_err()
    };
    let error = refused("invalid_grant", "invalid_grant");
    assert!(matches!(error.kind(), CallErrorKind::Refused(_)), "{error}");
    assert_eq!(error.attempts().len(), 1, "{error}");
    assert!(!everything(&error).contains("invalid_grant"));

    let error = refused("unsupported_grant_type", "x");
    assert_eq!(error.code_fate(), CodeFate::ProbablyLive);
    assert!(everything(&error).contains("unsupported_[client_secret]"));
}

#[test]
fn a_short_secret_is_masked_as_a_word_and_does_not_garble_the_rest() {
    let exchanger = client("id", "sec").build().unwrap();
    let body = error_body("client secret 'sec' is bad for code c, and x=sec%26 too");
    let call = exchanger.exchange(AuthorizationCode::unchecked("c"));
    let (result, _) = play(call, |_| Ok(json(401, &body)));
    let error = result.unwrap_err();
    let expected = "x (client secret '[client_secret]' is bad for code [code], \
                    and x=[client_secret]%26 too)";
    assert!(error.headline().to_string().ends_with(expected), "{error}");

    // Punctuation is no part of a word, whatever its script.
    let exchanger = client("id", "hunter2").build().unwrap();
    for body in ["a “hunter2” b", "a «hunter2» b", "a …hunter2… b"] {
        let (result, _) = play(exchanger.exchange(code()), |_| Ok(json(401, &error_body(body))));
        assert!(!everything(&result.unwrap_err()).contains("hunter2"), "{body}");
    }
}

#[derive(Debug, thiserror::Error)]
#[error("while writing")]
struct Outer(#[source] Inner);

#[derive(Debug, thiserror::Error)]
#[error("could not write {0}")]
struct Inner(String);

fn exchanger() -> TokenExchanger {
    client("my-client-id", SECRET).max_attempts(2).build().unwrap()
}

fn code() -> AuthorizationCode {
    AuthorizationCode::unchecked(CODE).verifier(CodeVerifier::parse(VERIFIER).unwrap())
}

fn call(exchanger: &TokenExchanger) -> Call<Issued> {
    exchanger.exchange(code()).param("client_assertion", PARAM)
}

fn issued() -> Issued {
    let [access, refresh, id] = TOKENS;
    let body = format!(
        r#"{{"access_token":"{access}","refresh_token":"{refresh}","id_token":"{id}","x":["{access}"]}}"#
    );
    play(call(&exchanger()), |_| Ok(json(200, &body))).0.unwrap()
}

fn refused(answer: &HttpResponse) -> CallError {
    play(call(&exchanger()), |_| Ok(answer.clone())).0.unwrap_err()
}

fn error_body(description: &str) -> String {
    let description = serde_json::to_string(description).unwrap();
    format!(r#"{{"error":"x","error_description":{description}}}"#)
}

fn form_body(description: &str) -> String {
    format!("error=x&error_description={}", encoded(description))
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

/// The ways in which a server may write what it was sent.
fn writings(secret: &str) -> Vec<String> {
    let json = serde_json::to_string(secret).unwrap();
    let escaped: String = secret.encode_utf16().map(|unit| format!("\\u{unit:04X}")).collect();
    let html = secret.replace('&', "&amp;").replace('"', "&quot;").replace('\'', "&#39;");
    let html = html.replace('<', "&lt;").replace('>', "&gt;");
    let entities: String = secret.chars().map(|c| format!("&#x{:x};", u32::from(c))).collect();
    let form: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
    let every_byte: String = secret.bytes().map(|byte| format!("%{byte:02x}")).collect();
    // As Python, PHP and Go write it: some characters escaped, the rest as they are.
    let is_plain = |c: char| c.is_ascii() && !matches!(c, '"' | '\\' | '<' | '>' | '&' | '+' | '%');
    let units =
        |c: char| c.encode_utf16(&mut [0; 2]).iter().map(|it| format!("\\u{it:04x}")).collect();
    let ascii: String =
        secret.chars().map(|c| if is_plain(c) { c.to_string() } else { units(c) }).collect();
    let mut writings = vec![
        secret.to_owned(),
        ascii,
        encoded(secret),
        form,
        every_byte,
        json.trim_matches('"').to_owned(),
        json.trim_matches('"').replace('/', "\\/"),
        escaped,
        html,
        entities,
    ];
    // Whatever stands before and after it within the base64 text.
    for before in ["", "i", "id", "id:"] {
        for after in ["", "x", "xx"] {
            let text = format!("{before}{secret}{after}");
            writings.push(STANDARD.encode(&text));
            writings.push(URL_SAFE_NO_PAD.encode(&text));
            writings.push(encoded(&STANDARD.encode(&text)));
            writings.push(STANDARD.encode(format!("{before}{}{after}", encoded(secret))));
        }
    }
    writings
}

/// Every text that can be had of an error.
fn everything(error: &CallError) -> String {
    let mut text = String::new();
    let mut next: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = next {
        text += &format!("{error} {error:?} {error:#?}");
        next = error.source();
    }
    for attempt in error.attempts() {
        text += &format!("{attempt} {attempt:?}");
    }
    text + &format!("{} {:?}", error.kind(), error.kind())
}

static PARTS: LazyLock<BTreeSet<String>> = LazyLock::new(|| {
    let secrets = || [SECRET, CODE, VERIFIER, PARAM].into_iter().chain(TOKENS);
    // The ends of a base64 text may be no more than what stands around it.
    let core = |writing: String| writing[4..writing.len() - 4].to_owned();
    let cores = secrets().flat_map(writings).map(core);
    let beginnings = secrets().map(|secret| secret[..8].to_owned());
    cores.chain(beginnings).chain(["ZYXWVUT".into(), "0AbCd".into()]).collect()
});

/// Fails if the text holds a planted secret, in any writing, or a telling part of one.
#[track_caller]
fn assert_clean(text: &str) {
    for part in PARTS.iter() {
        assert!(!text.contains(part), "{part} in {text}");
    }
}
