//! What every attempt sent and got can be shown, and sent again, without its secrets.

mod support;

use std::process::Command;
use std::sync::mpsc;

use support::{answer, client, code, invalid_client, json, play, reserved, token};
use token_exchanger::{
    AuthorizationCode, Call, CodeVerifier, Conventions, Flavor, HttpRequest, Issued, Report, Token,
    TokenExchanger, TransportError, TransportErrorKind,
};

#[test]
fn a_request_is_shown_with_a_mark_in_place_of_each_secret() {
    let exchanger = reserved().redirect_uri("https://my.example/cb").build().unwrap();
    let code = code().verifier(CodeVerifier::from_bytes([7; 32]));
    let issued = play(exchanger.exchange(code), |_| Ok(token())).0.unwrap();
    let request = issued.attempts[0].request().unwrap();
    assert_eq!(request.method, "POST");
    assert_eq!(request.url, "https://as.example/token");
    assert_eq!(
        request.body,
        "grant_type=authorization_code&redirect_uri=https%3A%2F%2Fmy.example%2Fcb&code=[code]\
         &code_verifier=[code_verifier]"
    );
    assert!(request.headers.contains(&("authorization".into(), "Basic [authorization]".into())));
}

#[test]
fn the_answer_of_a_success_is_shown_without_its_tokens() {
    let body = r#"{"access_token":"AT-1","refresh_token":"RT-1","scope":"a b","expires_in":60}"#;
    let issued = issued(|_| Ok(answer(200, &[("x-served-by", "s1")], body)));
    let shown = issued.attempts[0].answer().unwrap();
    assert_eq!(shown.status, 200);
    assert_eq!(shown.headers, [("x-served-by".to_owned(), "s1".to_owned())]);
    assert_eq!(
        shown.body,
        r#"{"access_token":"[access_token]","refresh_token":"[refresh_token]","scope":"a b","expires_in":60}"#
    );
    assert!(!shown.cut);
}

#[test]
fn equal_secrets_have_equal_marks_in_all_attempts_and_others_have_other_marks() {
    let mut answers = vec![
        json(200, r#"{"access_token":"T-second-1","refresh_token":"T-first-1"}"#),
        json(401, r#"{"error":"invalid_client","session":"T-first-1"}"#),
    ];
    let exchanger = reserved().build().unwrap();
    let issued = play(exchanger.exchange(code()), |_| Ok(answers.pop().unwrap())).0.unwrap();
    let bodies: Vec<_> = issued.attempts.iter().map(|it| it.answer().unwrap().body).collect();
    assert_eq!(bodies[0], r#"{"error":"invalid_client","session":"[secret]"}"#);
    assert_eq!(bodies[1], r#"{"access_token":"[access_token]","refresh_token":"[secret]"}"#);

    let body = r#"{"access_token":"T-1","a":{"access_token":"T-2"},"b":{"access_token":"T-1"}}"#;
    let shown = self::issued(|_| Ok(json(200, body))).attempts[0].answer().unwrap();
    let (first, second) = ("[access_token]", "[access_token 2]");
    let expected = body.replace("T-1", first).replace("T-2", second);
    assert_eq!(shown.body, expected);
}

#[test]
fn a_secret_that_nobody_named_is_not_shown_either() {
    let jwt = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiI0MiJ9.c2lnbmF0dXJlLXZhbHVl";
    let opaque = "9f86d081884c7d659a2feaa0c55ad015";
    let long = "x".repeat(3000);
    let escaped = r#"{\"access_token\":\"PLANTED-1\"}"#;
    let cases = [
        (format!(r#"{{"result":{{"value":"{opaque}"}}}}"#), opaque),
        (r#"{"authed_user":{"access_token":"PLANTED-1"}}"#.to_owned(), "PLANTED-1"),
        (format!(r#"{{"data":"{escaped}"}}"#), "PLANTED-1"),
        (format!(r#"{{"tokens":["PLANTED-1"],"pad":"{long}"}}"#), "PLANTED-1"),
        (format!(r#"{{"pad":"{}","access_token":"PLANTED-1"#, "x".repeat(900)), "PLANTED-1"),
        ("<r><accessToken>PLANTED-1</accessToken></r>".to_owned(), "PLANTED-1"),
        ("status=ok&auth_token=PLANTED-1".to_owned(), "PLANTED-1"),
        ("Array\n(\n    [access_token] => PLANTED-1\n)".to_owned(), "PLANTED-1"),
        (r#"{"access_token"=>"PLANTED-1", :id_token=>nil}"#.to_owned(), "PLANTED-1"),
        (format!("<html>Your key is {jwt}.</html>"), jwt),
        (r#"{"client_secret":"PLANTED-1"}"#.to_owned(), "PLANTED-1"),
        (r#"{"token":123456789}"#.to_owned(), "123456789"),
    ];
    for status in [200, 400, 500] {
        for (body, planted) in &cases {
            let error = failed(|_| Ok(json(status, body)));
            let shown = serde_json::to_string(&error.report()).unwrap();
            assert!(!shown.contains(planted), "{status} {body}: {shown}");
        }
    }
    for (name, value) in [
        ("set-cookie", "sid=PLANTED-1; Path=/"),
        ("x-auth-token", "PLANTED-1"),
        ("location", "https://as.example/?access_token=PLANTED-1"),
        ("authorization", "Bearer PLANTED-1"),
        ("www-authenticate", "Bearer token=\"PLANTED-1\""),
    ] {
        let error = failed(|_| Ok(answer(400, &[(name, value)], "")));
        let shown = serde_json::to_string(&error.report()).unwrap();
        assert!(!shown.contains("PLANTED-1"), "{name}: {shown}");
    }
}

#[test]
fn padding_at_the_end_of_a_token_hides_nothing_beside_it() {
    let body = r#"{"data":{"access_token":"aGVsbG8gd29ybGQ==","refresh_token":"YW5vdGhlcg=="}}"#;
    let shown = failed(|_| Ok(json(200, body))).attempts()[0].answer().unwrap().body;
    assert_eq!(
        shown,
        r#"{"data":{"access_token":"[access_token]","refresh_token":"[refresh_token]"}}"#
    );
}

#[test]
fn what_helps_a_server_s_support_is_shown() {
    let body = r#"{"error":"invalid_request","error_description":"AADSTS900144: no code. Trace ID: 255d1aef-8c98-452f-ac51-23d051240864 Timestamp: 2026-11-26 14:00:00Z"}"#;
    let headers = [("x-request-id", "0af7651916cd43dd8448eb211c80319c"), ("date", "now")];
    let error = failed(|_| Ok(answer(400, &headers, body)));
    let shown = error.attempts()[0].answer().unwrap();
    assert_eq!(shown.body, body);
    assert_eq!(shown.headers[0].1, "0af7651916cd43dd8448eb211c80319c");
}

#[test]
fn an_answer_of_nothing_but_secrets_is_withheld() {
    let tokens: String = (0..100).map(|n| format!(r#""access_token":"T-{n}","#)).collect();
    let error = failed(|_| Ok(json(400, &format!("{{{tokens}"))));
    let shown = error.attempts()[0].answer().unwrap();
    assert_eq!(shown.body, "[withheld: too much in it may be secret]");
}

#[test]
fn of_an_answer_s_body_2_kib_are_shown() {
    for (length, cut) in [(2048, false), (2049, true), (300_000, true)] {
        let error = failed(|_| {
            Ok(answer(200, &[], "é ".repeat(length / 3 + 1)[..length - length % 3].to_owned()))
        });
        let shown = error.attempts()[0].answer().unwrap();
        assert!(shown.body.len() <= 2048 && shown.body.len() >= length.min(2048) - 3);
        assert_eq!(shown.cut, cut && length - length % 3 > 2048, "{length}");
    }
    // A secret that is cut in two is hidden all the same.
    let body = format!("{} some-unique-auth-code", "x".repeat(2040));
    let shown = failed(|_| Ok(answer(400, &[], body.clone()))).attempts()[0].answer().unwrap();
    assert!(!shown.body.contains("some"), "{}", shown.body);
}

#[test]
fn what_a_terminal_would_obey_is_not_shown() {
    let error = failed(|_| Ok(answer(400, &[], "\u{1b}[2Jgone\u{7}")));
    assert_eq!(error.attempts()[0].answer().unwrap().body, "\u{fffd}[2Jgone\u{fffd}");
}

#[test]
fn an_attempt_that_was_not_sent_shows_nothing() {
    let mut conventions = Conventions::default();
    conventions.exchange.verb = Some(token_exchanger::Verb::Get);
    let exchanger = reserved().conventions(conventions).build().unwrap();
    let long = AuthorizationCode::unchecked("c".repeat(70_000));
    let error = exchanger.exchange(long).send_blocking(|_| unreachable!()).unwrap_err();
    let headline = error.headline();
    assert_eq!((headline.request(), headline.answer()), (None, None));
    assert_eq!(headline.to_curl(), "");
    assert_eq!(error.report().headline, None);
}

#[test]
fn a_report_is_read_back_as_it_was_written() {
    let mut answers = vec![Ok(token()), Ok(invalid_client())];
    let exchanger = reserved().build().unwrap();
    let issued = play(exchanger.exchange(code()), |_| answers.pop().unwrap()).0.unwrap();
    let failure = |_: &HttpRequest| Err(TransportError::new(TransportErrorKind::Timeout, "slow"));
    for report in [issued.report(), failed(failure).report()] {
        let json = serde_json::to_string(&report).unwrap();
        assert_eq!(serde_json::from_str::<Report>(&json).unwrap(), report);
        assert_eq!(report.version, Report::VERSION);
    }
}

#[test]
fn a_report_tells_kind_headline_fate_and_configuration() {
    let exchanger = reserved()
        .scopes(["a"])
        .redirect_uri("https://my.example/cb")
        .authorization_url("https://as.example/authorize?prompt=login")
        .conventions(
            serde_json::from_str(
                r#"{"answer":{"root":"/data"},"exchange":{"params":{"key":"PLANTED-key"}}}"#,
            )
            .unwrap(),
        )
        .build()
        .unwrap();
    let error = play(exchanger.exchange(code()), |_| Ok(json(400, r#"{"error":"invalid_grant"}"#)));
    let report = error.0.unwrap_err().report();
    assert_eq!((report.asked.as_str(), report.ok), ("exchange", false));
    assert_eq!(report.kind.as_deref(), Some("refused"));
    assert_eq!((report.headline, report.fate.as_deref()), (Some(0), Some("spent")));
    assert_eq!(report.attempts.len(), 6);
    assert_eq!(report.attempts[0].error.as_deref(), Some("invalid_grant"));
    let configuration = &report.configuration;
    assert_eq!(configuration.client_id, "cid-1");
    assert!(configuration.has_client_secret && configuration.encoding_matters);
    assert_eq!(configuration.conventions, ["/answer/root", "/exchange/params/key"]);
    let url = configuration.authorization_url.as_deref();
    assert_eq!(url, Some("https://as.example/authorize?prompt=login"));
    assert!(!serde_json::to_string(&report).unwrap().contains("PLANTED"));
}

#[test]
fn a_report_of_what_was_issued_tells_of_the_token() {
    let body = r#"{"access_token":"AT","refresh_token":"RT","expires_in":60,"refresh_token_expires_in":7200,"scope":"a b"}"#;
    let report = issued(|_| Ok(json(200, body))).report();
    let token = report.token.unwrap();
    assert!(report.ok && token.has_refresh_token);
    assert_eq!((token.expires_in, token.refresh_expires_in), (Some(60), Some(7200)));
    assert_eq!(token.scope.as_deref(), Some("a b"));
    assert_eq!(
        report.warnings,
        ["token_type is missing, taken for Bearer or that of the old token"]
    );
}

#[test]
fn the_code_comes_back_though_its_attempts_are_kept() {
    let error = failed(|_| Err(TransportError::new(TransportErrorKind::Connect, "refused")));
    let kept = error.attempts().to_vec();
    let again = error.into_code().unwrap();
    let exchanger = reserved().build().unwrap();
    let sent = exchanger.exchange(again).request();
    assert!(support::body(&sent).contains("code=some-unique-auth-code"));
    assert!(kept[0].to_curl().contains("code=[code]"));
}

/// What was sent, and the curl command that sends it again.
fn commands(call: Call<Issued>) -> Vec<(HttpRequest, String, String)> {
    let (mut call, mut complete) = (Some(call), Vec::new());
    let error = loop {
        let now = call.take().unwrap();
        complete.push((now.request(), now.danger_to_curl()));
        let moment = std::time::SystemTime::UNIX_EPOCH;
        match now.receive(Ok(invalid_client()), moment, moment) {
            std::ops::ControlFlow::Continue(next) => call = Some(next),
            std::ops::ControlFlow::Break(end) => break end.unwrap_err(),
        }
    };
    let masked = error.attempts().iter().map(token_exchanger::Attempt::to_curl);
    complete.into_iter().zip(masked).map(|((sent, full), masked)| (sent, full, masked)).collect()
}

const SECRET: &str = "q'7+Zk/x\\9 \"A$(b)`c`!\n%41é==";
const CODE: &str = "4/0A'b\"c\\d $x\n{}[1-2]&=é";

#[test]
fn a_shell_runs_the_command_and_the_server_sees_the_same_bytes() {
    let Some(shells) = shells() else { return };
    let server = Server::start();
    let secret = SECRET;
    for id in ["my-client-id", "i d'[x]/é"] {
        let exchanger =
            TokenExchanger::builder(id, format!("{}/t/[x]?own='1'&api_key=PLANTED-9", server.url))
                .client_secret(secret)
                .redirect_uri("https://my.example/cb?a=b'c")
                .scopes(["a:b", "c"])
                .transport(token_exchanger::from_fn(async |_| unreachable!()))
                .build()
                .unwrap();
        let code =
            || AuthorizationCode::unchecked(CODE).verifier(CodeVerifier::from_bytes([7; 32]));
        for (sent, complete, masked) in commands(exchanger.exchange(code()).param("p", PARAM)) {
            for planted in ["PLANTED-9", "q'7", "q%277", "4/0A", "4%2F0A"] {
                assert!(!masked.contains(planted), "{masked}");
            }
            let filled = filled(&masked, &[("client_secret", secret), ("code", CODE)]);
            for shell in &shells {
                assert_eq!(server.seen(shell, &complete), wire(&sent), "{complete}");
                assert_eq!(server.seen(shell, &filled), wire(&sent), "{masked}");
            }
        }
    }
}

#[test]
fn a_request_without_a_body_is_sent_again_without_one() {
    let Some(shells) = shells() else { return };
    let server = Server::start();
    for verb in ["get", "post_query"] {
        let conventions = format!(r#"{{"exchange":{{"verb":"{verb}"}}}}"#);
        let exchanger = TokenExchanger::builder("id", format!("{}/token", server.url))
            .client_secret("s[1-2]{a,b}'")
            .conventions(serde_json::from_str(&conventions).unwrap())
            .transport(token_exchanger::from_fn(async |_| unreachable!()))
            .build()
            .unwrap();
        for (sent, complete, _) in commands(exchanger.exchange(code())) {
            assert_eq!(server.seen(shells[0], &complete), wire(&sent), "{complete}");
        }
    }
}

#[test]
fn a_secret_that_no_argument_can_hold_is_sent_again_all_the_same() {
    let Some(shells) = shells() else { return };
    let server = Server::start();
    let exchanger = TokenExchanger::builder("id", format!("{}/token", server.url))
        .client_secret("nul\0secret-planted")
        .transport(token_exchanger::from_fn(async |_| unreachable!()))
        .build()
        .unwrap();
    for (sent, complete, masked) in commands(exchanger.exchange(code())) {
        assert!(!masked.contains("planted"), "{masked}");
        assert_eq!(server.seen(shells[0], &complete), wire(&sent), "{complete}");
    }
}

/// A person's work: each mark becomes what it names, written as it says.
fn filled(command: &str, secrets: &[(&str, &str)]) -> String {
    let json = |text: &str| {
        let quoted = serde_json::to_string(text).unwrap();
        quoted[1..quoted.len() - 1].to_owned()
    };
    let url = |text: &str| {
        const ESCAPED: percent_encoding::AsciiSet =
            percent_encoding::NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
        percent_encoding::utf8_percent_encode(text, &ESCAPED).to_string()
    };
    let mut secrets = secrets.to_vec();
    secrets.extend([("code_verifier", VERIFIER), ("p", PARAM), ("secret", "PLANTED-9")]);
    let mut text = command.to_owned();
    for (name, value) in secrets {
        let quoted = |text: String| text.replace('\'', "'\\''");
        text = text
            .replace(&format!("[{name}]"), &quoted(value.to_owned()))
            .replace(&format!("[{name}, URL-encoded]"), &quoted(url(value)))
            .replace(&format!("[{name}, JSON-escaped]"), &quoted(json(value)));
    }
    text
}

const PARAM: &str = "v'\u{7f}";

/// Of seven 32 times.
const VERIFIER: &str = "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc";

/// The shells of this machine that have curl; `None` if it has none, which the run says.
fn shells() -> Option<Vec<&'static str>> {
    let has = |name: &str| {
        Command::new(name)
            .args(["-c", "curl --version"])
            .output()
            .is_ok_and(|it| it.status.success())
    };
    let shells: Vec<_> = ["sh", "dash", "bash"].into_iter().filter(|name| has(name)).collect();
    if shells.is_empty() {
        eprintln!("not run: this machine has no shell with curl");
    }
    Some(shells).filter(|shells| !shells.is_empty())
}

type Seen = (String, Vec<(String, String)>, Vec<u8>);

/// What of a request everyone sends alike.
fn wire(request: &HttpRequest) -> Seen {
    let mut headers: Vec<_> = request
        .headers()
        .iter()
        .map(|(name, value)| {
            (name.to_string(), String::from_utf8(value.as_bytes().to_vec()).unwrap())
        })
        .collect();
    headers.sort();
    let target = request.uri().path_and_query().unwrap();
    (format!("{} {target}", request.method()), headers, request.body().clone())
}

/// A server that hands on what it reads.
struct Server {
    url: String,
    seen: mpsc::Receiver<Seen>,
}

impl Server {
    fn start() -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (seen, receiver) = mpsc::channel();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                if seen.send(read(stream.unwrap())).is_err() {
                    break;
                }
            }
        });
        Self { url, seen: receiver }
    }

    /// What comes of a command.
    fn seen(&self, shell: &str, command: &str) -> Seen {
        let output = Command::new(shell)
            .args(["-c", &format!("{command} --silent --show-error --noproxy '*'")])
            .env("HOME", "/nonexistent")
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{shell}: {command}\n{}",
            String::from_utf8_lossy(&output.stderr)
        );
        self.seen.recv().unwrap()
    }
}

fn read(stream: std::net::TcpStream) -> Seen {
    use std::io::{BufRead, BufReader, Read, Write};
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).unwrap();
    let first = line.trim_end().strip_suffix(" HTTP/1.1").unwrap().to_owned();
    let (mut headers, mut length) = (Vec::new(), 0);
    loop {
        let mut line = Vec::new();
        reader.read_until(b'\n', &mut line).unwrap();
        let line = String::from_utf8(line).unwrap();
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        let name = name.to_ascii_lowercase();
        match &*name {
            "content-length" => length = value.parse().unwrap(),
            "host" | "user-agent" => {}
            _ => headers.push((name, value.to_owned())),
        }
    }
    headers.sort();
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    reader
        .get_mut()
        .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        .unwrap();
    (first, headers, body)
}

fn issued(
    provider: impl FnMut(&HttpRequest) -> Result<token_exchanger::HttpResponse, TransportError>,
) -> Issued {
    let exchanger = client("my-client-id", "my-client-secret").build().unwrap();
    play(exchanger.exchange(code()), provider).0.unwrap()
}

fn failed(
    provider: impl FnMut(&HttpRequest) -> Result<token_exchanger::HttpResponse, TransportError>,
) -> token_exchanger::CallError {
    let exchanger = client("my-client-id", "my-client-secret").max_attempts(1).build().unwrap();
    play(exchanger.exchange(code()), provider).0.unwrap_err()
}

#[test]
fn a_refresh_and_a_revocation_are_shown_without_the_token() {
    let exchanger = reserved().revocation_url("https://as.example/revoke").build().unwrap();
    let token = Token::bearer("PLANTED-at-1").with_refresh_token("PLANTED-rt-1");
    let refresh = exchanger.refresh(&token).unwrap().flavor(Flavor::BODY_JSON);
    let error = play(refresh, |_| {
        Ok(json(400, r#"{"error":"invalid_grant","error_description":"PLANTED-rt-1"}"#))
    });
    let error = error.0.unwrap_err();
    assert!(error.headline().to_curl().contains(r#""refresh_token":"[refresh_token]""#));
    let revoke = exchanger.revoke(&token).unwrap();
    let error2 = play(revoke, |_| Ok(answer(503, &[], "PLANTED-at-1"))).0.unwrap_err();
    assert!(error2.headline().to_curl().contains("token=[refresh_token]"));
    for report in [error.report(), error2.report()] {
        assert!(!serde_json::to_string(&report).unwrap().contains("PLANTED"));
    }
}

/// An exchanger by these conventions.
fn by(conventions: &str) -> TokenExchanger {
    let conventions: Conventions = serde_json::from_str(conventions).unwrap();
    reserved().conventions(conventions).max_attempts(1).build().unwrap()
}

#[test]
fn a_token_is_hidden_by_whatever_name_the_conventions_find_it() {
    let cases = [
        (
            r#"{"answer":{"rename":{"access_token":"value"}}}"#,
            r#"{"value":"correcthorse"}"#,
            "correcthorse",
        ),
        (
            r#"{"answer":{"root":"/data","rename":{"access_token":"key"}}}"#,
            r#"{"data":{"key":"abc99"}}"#,
            "abc99",
        ),
        ("{}", r#"{"access_token":"[huntertok]"}"#, "huntertok"),
    ];
    for (conventions, body, planted) in cases {
        let issued = play(by(conventions).exchange(code()), |_| Ok(json(200, body))).0.unwrap();
        let shown = serde_json::to_string(&issued.report()).unwrap();
        assert!(!shown.contains(planted), "{shown}");
    }
    // More than is shown, and more than can be hidden.
    let many: String = (0..100).map(|n| format!(r#""token_{n}":"T{n}x","#)).collect();
    for beside in [many, format!(r#""pad":"{}","#, "x".repeat(9000))] {
        let body = format!(
            r#"{{{beside}"access_token":"huntertok","token_type":"huntertok","scope":"huntertok a"}}"#
        );
        let shown = issued(|_| Ok(json(200, &body))).report();
        let shown = serde_json::to_string(&shown).unwrap();
        assert!(!shown.contains("huntertok"), "{shown}");
    }
}

#[test]
fn what_is_hidden_in_an_answer_is_hidden_in_the_error_that_quotes_it() {
    let bodies = [
        r#"{"error":"invalid_grant","session_token":"PLANTED","error_description":"PLANTED ended"}"#,
        r#"{"error":"PLANTED","session":"PLANTED"}"#,
        r#"{"error":"x","error_uri":"https://as.example/?access_token=PLANTED","access_token":"PLANTED"}"#,
        r#"{"error":"x","security_token":"PLANTED","message":"no PLANTED"}"#,
    ];
    for body in bodies {
        let error = failed(|_| Ok(json(400, body)));
        let findings = token_exchanger::doctor::check_error(&error);
        let report = serde_json::to_string(&error.report()).unwrap();
        let shown = format!("{error} {error:?} {report} {findings:?}");
        assert!(!shown.contains("PLANTED"), "{shown}");
    }
}

#[test]
fn a_key_in_the_query_of_a_configured_url_is_hidden_everywhere() {
    for name in ["api_key", "sig", "code", "subscription-key", "x-functions-key", "auth"] {
        let exchanger =
            TokenExchanger::builder("id", format!("https://as.example/t?{name}=PLANTEDkey"))
                .client_secret("secret")
                .redirect_uri(format!("https://my.example/cb?{name}=PLANTEDuri"))
                .transport(token_exchanger::from_fn(async |_| unreachable!()))
                .max_attempts(1)
                .build()
                .unwrap();
        let echo = r#"{"error":"x","error_description":"unknown PLANTEDkey at PLANTEDuri"}"#;
        let quoted =
            || TransportError::new(TransportErrorKind::Connect, "https://as.example/t?PLANTEDkey");
        let answers = [Ok(json(400, echo)), Err(quoted())];
        for answer in answers {
            let mut answer = Some(answer);
            let error = play(exchanger.exchange(code()), |_| answer.take().unwrap()).0.unwrap_err();
            let report = serde_json::to_string(&error.report()).unwrap();
            let shown = format!("{error} {error:?} {report} {}", error.headline().to_curl());
            assert!(!shown.contains("PLANTED"), "{name}: {shown}");
        }
    }
}

#[test]
fn what_conventions_send_under_a_telling_name_is_hidden_however_short() {
    let exchanger =
        by(r#"{"headers":{"x-api-key":"abc12"},"exchange":{"params":{"password":"pw12"}}}"#);
    let error =
        play(exchanger.exchange(code()), |_| Ok(json(400, r#"{"error":"x"}"#))).0.unwrap_err();
    let shown = format!(
        "{} {}",
        serde_json::to_string(&error.report()).unwrap(),
        error.headline().to_curl()
    );
    assert!(!shown.contains("abc12") && !shown.contains("pw12"), "{shown}");
}

#[test]
fn a_token_in_an_odd_shape_is_hidden() {
    let bodies = [
        r#"{"body":"{\"access_token\":\"PLANTED\\/defghijkl\"}"}"#,
        r#"expected " in {"access_token":"PLANTED"}"#,
        r#"It 's "odd {"access_token":"PLANTED"}"#,
        "<access_token><![CDATA[PLANTED]]></access_token>",
        "<access_token><value>PLANTED</value></access_token>",
        r#"<item name="access_token">PLANTED</item>"#,
        r#"<access_token value="PLANTED"/>"#,
        r#"[{"name":"access_token","value":"PLANTED"}]"#,
        r#"{"security_token":"PLANTED"}"#,
        "access_token=PLANTED;more",
    ];
    for status in [200, 400, 500] {
        for body in bodies {
            let exchanger = client("my-client-id", "my-client-secret").max_attempts(1);
            let call = exchanger.build().unwrap().exchange(code());
            let report = match play(call, |_| Ok(json(status, body))).0 {
                Ok(issued) => issued.report(),
                Err(error) => error.report(),
            };
            let shown = serde_json::to_string(&report).unwrap();
            assert!(!shown.contains("PLANTED"), "{status} {body}: {shown}");
        }
    }
    for (name, value) in [
        ("x-amz-security-token", "PLANTED"),
        ("x-auth", "Bearer PLANTED"),
        ("content-location", "https://x.example/cb#access_token=PLANTED"),
        ("location", "https://x.example/cb?code=PLANTED"),
        ("www-authenticate", "Negotiate PLANTED"),
    ] {
        let error = failed(|_| Ok(answer(302, &[(name, value)], "")));
        let findings = token_exchanger::doctor::check_error(&error);
        let shown = serde_json::to_string(&error.report()).unwrap();
        assert!(
            !shown.contains("PLANTED") && !format!("{findings:?}").contains("PLANTED"),
            "{shown}"
        );
    }
}

#[test]
fn a_form_is_shown_but_for_its_secrets() {
    let body = "access_token=AT1&scope=a%3Ab&expires_in=3600&instance=eu2.example.com";
    let shown = issued(|_| Ok(answer(200, &[], body))).attempts[0].answer().unwrap();
    assert!(
        shown.body.starts_with("access_token=[access_token]&scope=a%3Ab&expires_in=3600"),
        "{}",
        shown.body
    );
}

#[test]
fn what_only_begins_like_a_secret_is_shown_in_a_request() {
    let exchanger = client("acme-production-client-0001", "acme-production-client-secret")
        .flavors([Flavor::BODY_FORM])
        .build()
        .unwrap();
    let error = play(exchanger.exchange(code()), |_| Ok(invalid_client())).0.unwrap_err();
    let request = error.attempts()[0].request().unwrap();
    let expected = "client_id=acme-production-client-0001&client_secret=[client_secret]";
    assert!(request.body.ends_with(expected), "{}", request.body);
    assert!(error.attempts()[0].to_curl().contains(expected));
}

#[test]
fn a_call_that_is_changed_on_its_way_tells_what_was_sent_before() {
    let now = std::time::SystemTime::UNIX_EPOCH;
    let call = reserved().build().unwrap().exchange(code()).param("pin", "first-pin-value");
    let echo = r#"{"error":"invalid_client","error_description":"first-pin-value"}"#;
    let std::ops::ControlFlow::Continue(call) = call.receive(Ok(json(401, echo)), now, now) else {
        panic!("there are more flavors")
    };
    let call = call.param("pin", "second-pin-value").endpoint("https://other.example/t").unwrap();
    let grant = Ok(json(200, r#"{"access_token":"T"}"#));
    let std::ops::ControlFlow::Break(issued) = call.receive(grant, now, now) else {
        panic!("a token")
    };
    let issued = issued.unwrap();
    let urls: Vec<_> = issued.attempts.iter().map(|it| it.request().unwrap().url).collect();
    assert_eq!(urls, ["https://as.example/token", "https://other.example/t"]);
    let shown = serde_json::to_string(&issued.report()).unwrap();
    assert!(!shown.contains("pin-value"), "{shown}");
    assert!(shown.contains("[pin]") && shown.contains("[pin 2]"), "{shown}");
}
