//! What an answer costs in memory, however it is made: never much more than it is long.

mod support;

use std::iter::repeat_n;

use support::{client, code, play};
use token_exchanger::Policy;

const MEBIBYTE: usize = 1024 * 1024;

#[test]
fn no_answer_of_a_mebibyte_takes_eight_to_read() {
    let token = r#""access_token":"AT","token_type":"Bearer""#;
    let object = |members: &str| format!("{{{token}{members}}}");
    let fill =
        |unit: &str, taken: usize| unit.repeat((MEBIBYTE - taken - token.len() - 2) / unit.len());
    let answers = [
        ("members", object(&fill(r#","":0"#, 0))),
        ("fifty thousand members", object(&r#","a":0"#.repeat(49_990))),
        ("fifty thousand lists", object(&r#","aa":[[[[]]]]"#.repeat(49_990))),
        ("members in objects", object(&format!(r#","x":{{"a":0{}}}"#, fill(r#","a":0"#, 20)))),
        ("access tokens", format!("{{{}}}", vec![token; MEBIBYTE / (token.len() + 1)].join(","))),
        ("one long token", format!(r#"{{"access_token":"{}"}}"#, "a".repeat(MEBIBYTE - 20))),
        ("a token of escapes", format!(r#"{{"access_token":"{}"}}"#, "\\u00e9".repeat(170_000))),
        ("one long extra", object(&format!(r#","x":"{}""#, fill("\\n", 10)))),
        (
            "a nested extra",
            object(&format!(r#","x":{}1{}"#, "[".repeat(500_000), "]".repeat(500_000))),
        ),
        ("scopes", object(&format!(r#","scope":"{}""#, fill("a ", 20)))),
        ("a list of scopes", object(&format!(r#","scope":["a"{}]"#, fill(r#","a""#, 20)))),
        ("pairs", format!("access_token=AT{}", "&a=b".repeat(49_990))),
        ("escaped pairs", format!("access_token=AT&x={}", "%41".repeat(340_000))),
        ("more pairs than are read", format!("access_token=AT{}", fill("&", 20))),
        ("cut off", object(&fill(r#","a":0"#, 0))[..MEBIBYTE - 100].to_owned()),
        ("a page", format!("<html>{}", "access_token ".repeat(80_000))),
        (
            "an error",
            format!(r#"{{"error":"x","error_description":"{}"}}"#, "\\u0041".repeat(170_000)),
        ),
        ("errors", format!(r#"{{"errors":[0{}]}}"#, ",0".repeat(500_000))),
        (
            "a quoted token",
            format!(r#"{{"error":"x",{token},"error_description":"{}"}}"#, "AT".repeat(500_000)),
        ),
    ];
    let mut answers = answers.map(|(name, body)| (name, body.into_bytes())).to_vec();
    let no_text = |begin: &str, unit: &[u8], end: &str| {
        let times = (MEBIBYTE - begin.len() - end.len()) / unit.len();
        [begin.as_bytes(), &unit.repeat(times), end.as_bytes()].concat()
    };
    answers.extend([
        ("no UTF-8", no_text("", b"\xff", "")),
        ("a token of no UTF-8", no_text(r#"{"access_token":""#, b"\xff", r#""}"#)),
        ("an extra of no UTF-8", no_text(r#"{"access_token":"AT","x":""#, b"\xff", r#""}"#)),
        ("members of no UTF-8", no_text(r#"{"access_token":"AT""#, b",\"\xff\":0", "}")),
        ("pairs of no UTF-8", no_text("access_token=AT", b"&\xff=%ff", "")),
    ]);
    for status in [200, 400] {
        for (name, body) in &answers {
            let peak = peak(status, body);
            assert!(peak < 8 * MEBIBYTE as u64, "{name} in a {status}: {peak}");
        }
    }
}

#[test]
fn no_call_of_six_attempts_takes_eight_mebibytes() {
    let filled = |begin: &str| format!("{begin}{}\"}}", "x".repeat(MEBIBYTE - begin.len() - 2));
    for begin in [r#"{"error":""#, r#"{"error":"x","error_description":""#, r#"{"message":""#] {
        for status in [200, 400] {
            let exchanger = client("cid-1", "s3cr3t/+:=&%").build().unwrap();
            let info = allocation_counter::measure(|| {
                let call = exchanger.exchange(code());
                drop(play(call, |_| Ok(support::answer(status, &[], filled(begin)))));
            });
            assert!(info.bytes_max < 8 * MEBIBYTE as u64, "{begin} in a {status}: {info:?}");
        }
    }
}

#[test]
fn no_answer_takes_long_to_read_whatever_tokens_it_holds() {
    // Each was once looked for in what is shown, and in the list of all others: for seconds.
    let tokens: Vec<_> = (0..40_000).map(|it| format!(r#""id_token":"t{it:05}""#)).collect();
    let body = format!(r#"{{"error":"x","error_description":"t00001",{}}}"#, tokens.join(","));
    let exchanger = client("cid-1", "s3cr3t/+:=&%").max_attempts(1).build().unwrap();
    for status in [200, 400] {
        let call = exchanger.exchange(code());
        let (result, _) = play(call, |_| Ok(support::answer(status, &[], &*body)));
        assert!(!format!("{:?}", result.unwrap_err()).contains("t00001"));
    }
}

#[test]
fn no_echo_of_secrets_takes_a_megabyte_to_mask() {
    let secret = "s3cr3t/+:=&%";
    for echo in [secret.to_owned(), "s3cr3t%2F%2B%3A".to_owned(), "czNjcjN0LysIPSYl".to_owned()] {
        let body: String = repeat_n(echo, 64 * 1024 / 18).collect();
        let body = format!(r#"{{"error":"x","error_description":"{body}"}}"#);
        let peak = peak(400, body.as_bytes());
        assert!(peak < MEBIBYTE as u64, "{peak}");
    }
}

/// The bytes that one exchange holds at once beyond its answer.
fn peak(status: u16, body: &[u8]) -> u64 {
    let exchanger = client("cid-1", "s3cr3t/+:=&%").policy(Policy::Careful).max_attempts(1);
    let exchanger = exchanger.build().unwrap();
    let answer = support::answer(status, &[], body);
    let mut answer = Some(answer);
    let info = allocation_counter::measure(|| {
        let call = exchanger.exchange(code());
        drop(play(call, |_| Ok(answer.take().expect("one attempt"))));
    });
    info.bytes_max
}
