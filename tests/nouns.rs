//! The values that everything else is made of.

mod support;

use std::time::{Duration, SystemTime};

use support::{client, code, json, plain, play};
use token_exchanger::{
    BodyEncoding, ClientAuth, CodeFate, CodeVerifier, Flavor, HttpRequest, Secret, Token,
};

const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

#[test]
fn a_flavor_is_written_and_read_by_its_name() {
    let all = Flavor::ALL.into_iter().chain(Flavor::PUBLIC);
    let names: Vec<_> = all.clone().map(|flavor| flavor.to_string()).collect();
    assert_eq!(
        names,
        [
            "basic+form",
            "basic+json",
            "body+form",
            "body+json",
            "basic-raw+form",
            "basic-raw+json",
            "none+form",
            "none+json"
        ]
    );
    for (flavor, name) in all.zip(names) {
        assert_eq!(name.parse(), Ok(flavor));
        let json = serde_json::to_value(flavor).unwrap();
        assert_eq!(json, name);
        assert_eq!(serde_json::from_value::<Flavor>(json).unwrap(), flavor);
        assert_eq!(format!("{flavor:>16}"), format!("{name:>16}"));
        assert_eq!(format!("{flavor:?}"), name);
    }
    for name in ["", "basic", "Basic+form", "basic+form ", "form+basic"] {
        assert!(name.parse::<Flavor>().is_err(), "{name}");
        assert!(serde_json::from_value::<Flavor>(name.into()).is_err());
    }
}

#[test]
fn a_flavor_recognises_every_request_that_it_wrote() {
    let exchanger = client("cid-1", "s3cr3t/+:=&%").build().unwrap();
    for flavor in Flavor::ALL.into_iter().chain(Flavor::PUBLIC) {
        let call = exchanger.exchange(code()).param("{\"", "client_secret=x&").flavor(flavor);
        assert_eq!(Flavor::of(&call.request()), Some(flavor));
    }
}

#[test]
fn encoded_wins_where_raw_looks_the_same() {
    let request = |flavor| plain().build().unwrap().exchange(code()).flavor(flavor).request();
    assert_eq!(Flavor::of(&request(Flavor::BASIC_RAW_FORM)), Some(Flavor::BASIC_FORM));
    assert_eq!(Flavor::of(&request(Flavor::BASIC_RAW_JSON)), Some(Flavor::BASIC_JSON));
}

#[test]
fn a_raw_secret_looks_encoded_only_where_the_encoder_could_have_written_it() {
    let of = |secret: &str| {
        let exchanger = client("cid", secret).build().unwrap();
        Flavor::of(&exchanger.exchange(code()).flavor(Flavor::BASIC_RAW_FORM).request())
    };
    assert_eq!(of("a%2Fb"), Some(Flavor::BASIC_FORM), "the encoder writes a/b so");
    for secret in ["%41", "a%2fb", "%FF", "100%", "%2"] {
        assert_eq!(of(secret), Some(Flavor::BASIC_RAW_FORM), "{secret}");
    }
}

#[test]
fn a_flavor_is_recognised_however_deeply_a_request_is_nested() {
    let (open, close) = ("[".repeat(100_000), "]".repeat(100_000));
    let body = format!(r#"{{"client_id":"a","x":{open}{close}}}"#);
    assert_eq!(Flavor::of(&HttpRequest::new(body.into())), Some(Flavor::PUBLIC[1]));

    // serde_json makes a value of what stands under this name, and counts its depth anew.
    let body = r#"{"client_id":"a","x":{"$serde_json::private::RawValue":"["}}"#;
    assert_eq!(Flavor::of(&HttpRequest::new(body.into())), Some(Flavor::PUBLIC[1]));
}

#[test]
fn a_request_that_no_flavor_wrote_has_none() {
    let request = |authorization: Option<&str>, body: &[u8]| {
        let mut request = HttpRequest::new(body.to_vec());
        if let Some(value) = authorization {
            request.headers_mut().insert("authorization", value.parse().unwrap());
        }
        request
    };
    for (authorization, body) in [
        (None, &b""[..]),
        (None, b"grant_type=authorization_code&code=x"),
        (None, b"{\"client_id\":"),
        (None, b"{\"code\":\"client_id\"}"),
        (None, b"client_secret_2=x&xclient_id=y"),
        (None, b"\xff\xfe"),
        (Some("Bearer x"), b"client_id=x"),
        (Some("Basic"), b"a=b"),
        (Some("Basic ???"), b"a=b"),
        (Some("Basic eA=="), b"a=b"),
        (Some("Basic YTpi"), b"client_id=a&client_secret=b"),
    ] {
        assert_eq!(Flavor::of(&request(authorization, body)), None, "{authorization:?}");
    }
    let known = request(Some("Basic YTpi"), b"a=b");
    let expected = Flavor { auth: ClientAuth::Basic, encoding: BodyEncoding::Form };
    assert_eq!(Flavor::of(&known), Some(expected));
}

#[test]
fn the_challenge_is_that_of_rfc_7636_appendix_b() {
    let verifier = CodeVerifier::parse(VERIFIER).unwrap();
    assert_eq!(verifier.challenge(), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    let bytes = [
        116, 24, 223, 180, 151, 153, 224, 37, 79, 250, 96, 125, 216, 173, 187, 186, 22, 212, 37,
        77, 105, 214, 191, 240, 91, 88, 5, 88, 83, 132, 141, 121,
    ];
    assert_eq!(CodeVerifier::from_bytes(bytes), verifier);
}

#[test]
fn a_verifier_has_43_to_128_unreserved_characters() {
    for length in [43, 128] {
        assert!(CodeVerifier::parse(&"a".repeat(length)).is_ok());
    }
    for length in [0, 42, 129] {
        assert!(CodeVerifier::parse(&"a".repeat(length)).is_err());
    }
    for character in [" ", "+", "/", "=", "é", "\n"] {
        let verifier = "a".repeat(50) + character;
        assert!(CodeVerifier::parse(&verifier).is_err(), "{character}");
    }
}

#[test]
fn secrets_are_equal_if_their_texts_are() {
    assert_eq!(Secret::from("a"), Secret::new(String::from("a")));
    for other in ["", "b", "aa", "A"] {
        assert_ne!(Secret::from("a"), Secret::from(other));
    }
    assert_eq!(Secret::from("text").expose(), "text");
}

#[test]
fn fates_go_from_best_to_worst() {
    use CodeFate::{ProbablyLive, Spent, Unknown, Unsent};
    let mut fates = [Spent, Unsent, Unknown, ProbablyLive];
    fates.sort();
    // No wildcard: whoever keeps a code must be able to decide for each.
    let names = fates.map(|fate| match fate {
        Unsent => "unsent",
        ProbablyLive => "probably_live",
        Unknown => "unknown",
        Spent => "spent",
    });
    assert_eq!(names, ["unsent", "probably_live", "unknown", "spent"]);
    assert_eq!(names, fates.map(|fate| fate.to_string()));
}

#[test]
fn a_token_expires_within_a_margin_that_is_more_than_what_is_left() {
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
    let second = Duration::from_secs(1);
    let mut token = Token::bearer("AT");
    assert!(!token.expires_within(Duration::MAX, now), "its end is not known");

    token.expires_at = Some(now + 60 * second);
    assert!(!token.expires_within(59 * second, now));
    assert!(!token.expires_within(60 * second, now));
    assert!(token.expires_within(61 * second, now));
    assert!(!token.expires_within(Duration::ZERO, now + 60 * second));
    assert!(token.expires_within(Duration::ZERO, now + 61 * second));
}

#[test]
fn a_stored_token_comes_back_as_it_was() {
    let exchanger = plain().build().unwrap();
    let body = r#"{"access_token":"AT","token_type":"mac","expires_in":60,"refresh_token":"RT",
        "refresh_expires_in":600,"scope":"a b","id_token":"I","x":{"y":[1,null,1.5491667456730153e-161]}}"#;
    let (issued, _) = play(exchanger.exchange(code()), |_| Ok(json(200, body)));
    let token = issued.unwrap().token;
    let stored = serde_json::to_string(&token).unwrap();
    let again: Token = serde_json::from_str(&stored).unwrap();
    assert_eq!(again, token);
    assert_eq!(serde_json::to_string(&again).unwrap(), stored);

    let mut other = token.clone();
    other.expires_at = other.expires_at.map(|end| end + Duration::from_secs(1));
    assert_ne!(other, token);
}

#[test]
fn a_token_is_stored_under_its_field_names_and_without_what_is_not_known() {
    let stored = serde_json::to_string(&Token::bearer("AT").with_refresh_token("RT")).unwrap();
    assert_eq!(stored, r#"{"access_token":"AT","token_type":"Bearer","refresh_token":"RT"}"#);

    let stored = r#"{"access_token":"AT","token_type":"Bearer","expires_at":1700000000,"flavor":"body+form","later":1}"#;
    let token: Token = serde_json::from_str(stored).unwrap();
    let moment = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    assert_eq!(token.expires_at, Some(moment));
    assert_eq!(token.flavor, Some(Flavor::BODY_FORM));

    let stored = r#"{"access_token":"AT","token_type":"Bearer","expires_at":18446744073709551615}"#;
    assert!(serde_json::from_str::<Token>(stored).is_err(), "and no panic");
}
