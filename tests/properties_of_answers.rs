//! What holds of every answer, whatever a server sends.

#[path = "support/inputs.rs"]
mod inputs;
mod support;

use std::ops::ControlFlow;
use std::time::{Duration, SystemTime};

use inputs::{settings, text};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Map, Value, json};
use support::{answer, client, code, plain, play};
use token_exchanger::{HttpResponse, Policy, Token};
use url::form_urlencoded;

proptest! {
    #![proptest_config(settings(256))]

    #[test]
    fn a_token_holds_what_an_independent_reader_finds(grant in grant(), written in written()) {
        let token = grant.read(answer(200, &[], written.json(&grant.members())));

        prop_assert_eq!(token.access_token.expose(), &grant.access_token);
        let refresh_token = grant.refresh_token.as_deref().filter(|text| !text.is_empty());
        prop_assert_eq!(token.refresh_token.as_ref().map(|it| it.expose()), refresh_token);
        prop_assert_eq!(token.expires_at, grant.end(&grant.lifetime));
        prop_assert_eq!(token.refresh_expires_at, grant.end(&grant.refresh_lifetime));
        prop_assert_eq!(&token.scopes, &grant.scope.1);

        // By way of its text, since a feature of serde_json keeps numbers as they were written.
        let mut others: Map<_, _> = serde_json::from_slice(&written.json(&grant.members())).unwrap();
        let fields = ["access_token", "token_type", "refresh_token", "expires_in", "scope"];
        others.retain(|name, _| !fields.contains(&&**name));
        prop_assert_eq!(token.extra, others);
    }

    #[test]
    fn a_token_is_the_same_from_json_and_from_a_form(grant in grant(), written in written()) {
        let members = grant.members().into_iter().map(|(name, value)| {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            (name, text)
        });
        let members = members.collect::<Vec<_>>();
        let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(&members).finish();
        let texts = members.into_iter().map(|(name, text)| (name, text.into())).collect();
        let json = written.json(&texts);
        prop_assert_eq!(grant.read(answer(200, &[], form)), grant.read(answer(200, &[], json)));
    }

    #[test]
    fn a_stored_token_comes_back_as_it_was(grant in grant(), written in written()) {
        let token = grant.read(answer(200, &[], written.json(&grant.members())));
        let stored = serde_json::to_string(&token).unwrap();
        let again: Token = serde_json::from_str(&stored).unwrap();
        prop_assert_eq!(&again, &token);
        prop_assert_eq!(serde_json::to_string(&again).unwrap(), &stored[..]);

        let stored: Value = serde_json::from_str(&stored).unwrap();
        prop_assert_eq!(serde_json::from_value::<Token>(stored.clone()).unwrap(), token);
        let seconds = |end: SystemTime| end.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
        let end = grant.end(&grant.lifetime).map(|end| json!(seconds(end)));
        prop_assert_eq!(stored.get("expires_at"), end.as_ref());
    }

    #[test]
    fn no_answer_makes_a_call_panic(answers in vec(hostile(), 1..4), careful in any::<bool>()) {
        let policy = if careful { Policy::Careful } else { Policy::Exhaustive };
        let exchanger = client("a", "b c").policy(policy).scopes(["a", "b"]).build().unwrap();
        let mut answers = answers.into_iter().cycle();
        let (result, seen) = play(exchanger.exchange(code()), |_| {
            Ok(answers.next().expect("one at least"))
        });
        prop_assert!(seen.len() <= 6);
        match result {
            Ok(issued) => drop(format!("{issued:?}")),
            Err(error) => drop(format!("{error} {error:?}")),
        }
    }

    #[test]
    fn no_error_shows_a_secret_that_came_back(
        secret in "[!#-\\[\\]-~]{8,24}",
        (before, after) in (text(), text()),
        (status, name) in (400..600_u16, select(&["error", "error_description", "error_uri"])),
        written in written(),
    ) {
        let exchanger = client("an-id", &secret).build().unwrap();
        let mut members = Map::from_iter([("error".to_owned(), "invalid_client".into())]);
        members.insert(name.to_owned(), format!("{before} {secret} {after}").into());
        let body = written.json(&members);
        let (result, _) = play(exchanger.exchange(code()), |_| Ok(answer(status, &[], &*body)));
        let error = result.unwrap_err();
        let shown = format!("{error} {error:?}");
        prop_assert!(!shown.contains(&secret), "{}", shown);
    }
}

/// A successful answer, and when its request was sent.
#[derive(Clone, Debug)]
struct Grant {
    access_token: String,
    token_type: Option<Value>,
    refresh_token: Option<String>,
    /// As it is written, and the seconds that it means.
    lifetime: (Value, Option<u64>),
    refresh_lifetime: (Value, Option<u64>),
    /// As it is written, and the scopes that it means.
    scope: (Value, Option<Vec<String>>),
    others: Vec<(String, Value)>,
    sent: SystemTime,
}

fn grant() -> impl Strategy<Value = Grant> {
    let known = ["access_token", "token_type", "refresh_token", "expires_in", "scope", "error"];
    let lifetimes = ["refresh_token_expires_in", "refresh_expires_in"];
    let other = text().prop_filter("other members", move |name| {
        !known.contains(&&**name) && !lifetimes.contains(&&**name)
    });
    let sent = (0..4_000_000_000_u64, 0..1_000_000_000_u32);
    (
        text().prop_filter("none is no token", |text| !text.is_empty()),
        option::of(select(vec![
            json!("Bearer"),
            json!("bearer"),
            json!("mac"),
            json!(null),
            json!(1),
        ])),
        option::of(text()),
        lifetime(),
        lifetime(),
        scope(),
        vec((other, value()), 0..4),
        sent.prop_map(|(s, ns)| SystemTime::UNIX_EPOCH + Duration::new(s, ns)),
    )
        .prop_map(
            |(
                access_token,
                token_type,
                refresh_token,
                lifetime,
                refresh_lifetime,
                scope,
                others,
                sent,
            )| {
                Grant {
                    access_token,
                    token_type,
                    refresh_token,
                    lifetime,
                    refresh_lifetime,
                    scope,
                    others,
                    sent,
                }
            },
        )
}

fn lifetime() -> impl Strategy<Value = (Value, Option<u64>)> {
    let seconds = prop_oneof![1..100_000_u64, 1..10_000_000_000_u64];
    let known = (seconds, 0..4_u8).prop_map(|(seconds, writing)| {
        let value = match writing {
            0 => json!(seconds),
            1 => json!(seconds.to_string()),
            2 => json!(format!(" {seconds}.75")),
            _ => json!(seconds as f64 + 0.5),
        };
        (value, Some(seconds))
    });
    let unknown = select(vec![
        json!(null),
        json!(0),
        json!(0.9),
        json!("0"),
        json!(-3600),
        json!(1e300),
        json!("soon"),
        json!(""),
        json!(true),
        json!([3600]),
        json!({"seconds": 3600}),
    ]);
    prop_oneof![3 => known, 1 => unknown.prop_map(|value| (value, None))]
}

fn scope() -> impl Strategy<Value = (Value, Option<Vec<String>>)> {
    let words = vec("[!#-\\[\\]-~]{1,6}", 0..4).boxed();
    let listed = words.clone().prop_map(|words| (json!(words), Some(words)));
    let text =
        (words, " {1,2}|\t").prop_map(|(words, space)| (json!(words.join(&space)), Some(words)));
    let unknown = select(vec![json!(null), json!(1), json!(["a", 1]), json!({"a": 1})]);
    prop_oneof![listed, text, unknown.prop_map(|value| (value, None))]
}

/// Any JSON.
fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            vec((text(), inner), 0..4).prop_map(Value::from_iter),
        ]
    })
}

impl Grant {
    fn members(&self) -> Map<String, Value> {
        let mut members = Map::from_iter(self.others.iter().cloned());
        members.insert("access_token".to_owned(), (&*self.access_token).into());
        members.insert("expires_in".to_owned(), self.lifetime.0.clone());
        members.insert("refresh_token_expires_in".to_owned(), self.refresh_lifetime.0.clone());
        members.insert("scope".to_owned(), self.scope.0.clone());
        members.extend(self.token_type.clone().map(|value| ("token_type".to_owned(), value)));
        members
            .extend(self.refresh_token.clone().map(|it| ("refresh_token".to_owned(), it.into())));
        members
    }

    fn end(&self, lifetime: &(Value, Option<u64>)) -> Option<SystemTime> {
        lifetime.1.map(|seconds| self.sent + Duration::from_secs(seconds))
    }

    fn read(&self, response: HttpResponse) -> Token {
        let call = plain().build().expect("a configuration").exchange(code());
        match call.receive(Ok(response), self.sent, self.sent + Duration::from_secs(9)) {
            ControlFlow::Break(Ok(issued)) => issued.token,
            _ => panic!("no token"),
        }
    }
}

/// A way to write JSON.
#[derive(Clone, Copy, Debug)]
struct Written {
    pretty: bool,
    escaped: bool,
}

fn written() -> impl Strategy<Value = Written> {
    (any::<bool>(), any::<bool>()).prop_map(|(pretty, escaped)| Written { pretty, escaped })
}

impl Written {
    fn json(self, members: &Map<String, Value>) -> Vec<u8> {
        let write = if self.pretty { serde_json::to_string_pretty } else { serde_json::to_string };
        let mut json = write(members).expect("JSON");
        if self.escaped {
            let unit = |unit| {
                if unit < 0x80 { char::from(unit as u8).into() } else { format!("\\u{unit:04x}") }
            };
            json = json.encode_utf16().map(unit).collect();
        }
        json.into_bytes()
    }
}

/// An answer that no server should send.
fn hostile() -> impl Strategy<Value = HttpResponse> {
    let pieces = select(&[
        "{",
        "}",
        "[",
        "]",
        ":",
        ",",
        "\"",
        "\\",
        "\\u",
        "d800",
        "null",
        "1e999",
        "-",
        "&",
        "=",
        "%",
        "%2",
        "+",
        "<",
        "\u{feff}",
        "\"access_token\"",
        "access_token",
        "\"error\":",
        "\"T\"",
        "é",
        "expires_in",
        "\"scope\":[",
        " ",
        "\n",
        "some-unique-auth-code",
        "\"$serde_json::private::RawValue\":",
    ]);
    let text = vec(pieces, 0..24).prop_map(|pieces| pieces.concat().into_bytes());
    let cut =
        (grant(), written(), any::<Index>(), any::<u8>()).prop_map(|(grant, written, at, byte)| {
            let mut body = written.json(&grant.members());
            let at = at.index(body.len());
            body[at] = byte;
            body
        });
    let body = prop_oneof![vec(any::<u8>(), 0..64), text, cut];
    let value = prop_oneof![
        vec(0x20..=0xff_u8, 0..16)
            .prop_map(|bytes| bytes.into_iter().filter(|&it| it != 0x7f).collect::<Vec<_>>()),
        select(&[
            "18446744073709551616",
            "-1",
            "https://u:p@h/x?y",
            "//@/",
            "Fri, 31 Dec 9999 23:59:59 GMT"
        ])
        .prop_map(|text| text.as_bytes().to_vec()),
    ];
    let name = select(&["retry-after", "location", "content-type"]);
    (100..1000_u16, vec((name, value), 0..3), body).prop_map(|(status, headers, body)| {
        let mut response = answer(status, &[], body);
        for (name, value) in headers {
            response.headers_mut().append(name, value.as_slice().try_into().expect("a header"));
        }
        response
    })
}
