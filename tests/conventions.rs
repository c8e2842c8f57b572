//! How a provider may depart from the standard, and which departures are refused.

mod support;

use std::collections::{BTreeMap, HashSet};
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};
use support::{basic, body, code, header, invalid_client, names, plain, play, reserved, token};
use token_exchanger::{
    AuthorizationCode, CallErrorKind, Callback, CodeFate, ConfigError, Conventions, ErrorSign,
    ExpiresAt, ExpiresAtFormat, Flavor, HttpRequest, Issued, Outcome, Policy, Token,
    TokenExchanger, Verb, Warning,
};

#[test]
fn the_default_is_the_standard_and_an_empty_object() {
    let standard: Conventions = serde_json::from_str("{}").unwrap();
    assert_eq!(standard, Conventions::default());
    assert_eq!(serde_json::to_string(&standard).unwrap(), "{}");
    let with = plain().conventions(standard).build().unwrap();
    let without = plain().build().unwrap();
    let bytes = |exchanger: &TokenExchanger| format!("{:?}", exchanger.exchange(code()).request());
    assert_eq!(bytes(&with), bytes(&without));
}

#[test]
fn conventions_come_back_from_where_they_were_stored() {
    let text = json!({
        "verb": "get",
        "headers": {"User-Agent": "mine/1"},
        "basic": "{client_secret}:",
        "scope_delimiter": ",",
        "authorization": {
            "params": {"audience": "x"}, "rename": {"client_id": "app"}, "omit": ["response_type"],
            "pkce": "refused", "raw_scope_delimiter": "+", "query_in_fragment": true
        },
        "callback": {"rename": {"code": "c"}, "issuer_optional": true},
        "exchange": {
            "params": {"state": "{state}"}, "rename": {"code": "auth_code"}, "omit": ["grant_type"],
            "errors": {"7": "invalid_grant"}, "flavors": ["body+form"], "verb": "post_query"
        },
        "client_credentials": {"params": {"grant_type": "x"}},
        "refresh": {"omit": ["grant_type"]},
        "revocation": {"rename": {"token": "t"}},
        "refresh_with": "access_token",
        "answer": {
            "root": "/data", "rename": {"access_token": "jwt"}, "lifetime_unit": "milliseconds",
            "expires_at": {"name": "e", "format": "rfc3339"}, "default_lifetime": 60,
            "refresh_expires_at": {"name": "r"},
            "zero_lifetime": "never",
            "error": {"pointer": "/ok", "success": [true], "code": "/error", "description": "/e"}
        },
        "apply": {"place": "query", "name": "t", "template": "x {token}"}
    });
    let conventions = Conventions::deserialize_from(&text);
    assert_eq!(serde_json::to_value(&conventions).unwrap(), text);
}

#[test]
fn an_unknown_key_is_refused_by_name() {
    for text in [
        r#"{"scope_delimeter": ","}"#,
        r#"{"exchange": {"parms": {}}}"#,
        r#"{"authorization": {"flavors": []}}"#,
        r#"{"callback": {"code": "c"}}"#,
        r#"{"answer": {"acces_token": "a"}}"#,
        r#"{"answer": {"error": {"pointer": "/a", "succes": []}}}"#,
        r#"{"answer": {"expires_at": {"name": "a", "unit": "s"}}}"#,
        r#"{"apply": {"header": "a"}}"#,
    ] {
        let error = serde_json::from_str::<Conventions>(text).unwrap_err().to_string();
        assert!(error.contains("unknown field `") && error.contains("expected"), "{text}: {error}");
    }
    let twice = r#"{"exchange": {"params": {"audience": "a", "audience": "b"}}}"#;
    let error = serde_json::from_str::<Conventions>(twice).unwrap_err().to_string();
    assert!(error.contains("`audience` stands there twice"), "{error}");
}

#[test]
fn with_get_all_parameters_go_into_the_query_and_json_is_left_out() {
    let exchanger = exchanger_at("https://as.example/token?q=%2f", &json!({"verb": "get"}));
    assert_eq!(names(&exchanger.flavors()), ["basic+form", "body+form", "basic-raw+form"]);
    let request = exchanger.exchange(code()).flavor(Flavor::BODY_FORM).request();
    assert_eq!(request.method(), "GET");
    assert_eq!(
        request.uri(),
        "https://as.example/token?q=%2f&grant_type=authorization_code&code=some-unique-auth-code\
         &client_id=cid-1&client_secret=s3cr3t%2F%2B%3A%3D%26%25"
    );
    assert!(request.body().is_empty() && !request.headers().contains_key("content-type"));
    assert_eq!(Flavor::of(&request), Some(Flavor::BODY_FORM));
    let request = exchanger.exchange(code()).request();
    assert_eq!(Flavor::of(&request), Some(Flavor::BASIC_FORM));
    assert!(!request.uri().to_string().contains("client_"));
}

#[test]
fn parameters_of_the_urls_own_query_give_way_to_those_of_the_same_names() {
    let exchanger =
        exchanger_at("https://as.example/token?code=evil&a=%2f", &json!({"verb": "get"}));
    let uri = exchanger.exchange(code()).request().uri().to_string();
    let expected = "?a=%2f&grant_type=authorization_code&code=some-unique-auth-code";
    assert_eq!(uri, format!("https://as.example/token{expected}"));
    let call = exchanger.exchange(code()).flavor(Flavor::BODY_JSON);
    assert_eq!(play(call, |_| Ok(token())).0.unwrap().flavor, Flavor::BODY_FORM);
}

#[test]
fn the_query_of_a_post_can_hold_them_too() {
    let exchanger = exchanger(&json!({"client_credentials": {"verb": "post_query"}}));
    let request = exchanger.client_credentials().request();
    assert_eq!((request.method().as_str(), request.body().len()), ("POST", 0));
    assert_eq!(request.uri(), "https://as.example/token?grant_type=client_credentials");
    assert!(!request.headers().contains_key("content-type"));
    assert!(!body(&exchanger.exchange(code()).request()).is_empty(), "of that kind alone");
}

#[test]
fn a_url_that_would_be_too_long_is_not_sent() {
    let exchanger = exchanger(&json!({"verb": "get"}));
    let call = || exchanger.exchange(AuthorizationCode::unchecked("C".repeat(70_000)));
    assert!(call().request().body().is_empty());
    let (result, seen) = play(call(), |_| unreachable!("nothing is sent"));
    let error = result.unwrap_err();
    assert!(matches!(error.kind(), CallErrorKind::UrlTooLong) && seen.is_empty(), "{error}");
    assert_eq!((error.code_fate(), error.attempts().len()), (CodeFate::Unsent, 0));
    assert_eq!(error.headline().outcome, Outcome::Unsent);
    assert!(error.into_code().is_some());
}

#[test]
fn headers_go_with_every_call_and_may_replace_all_but_the_flavors_own() {
    let conventions = json!({"headers": {
        "User-Agent": "mine/1", "content-type": "application/vnd.api+json", "X-App": "{client_id}",
        "Accept": "application/vnd.api+json, */*;q=0.1"
    }});
    let exchanger = exchanger(&conventions);
    let token = Token::bearer("A").with_refresh_token("R");
    let requests = [
        exchanger.exchange(code()).request(),
        exchanger.client_credentials().request(),
        exchanger.refresh(&token).unwrap().request(),
        exchanger.revoke(&token).unwrap().request(),
    ];
    for request in &requests {
        assert_eq!(header(request, "user-agent"), Some("mine/1"));
        assert_eq!(header(request, "content-type"), Some("application/vnd.api+json"));
        assert_eq!(header(request, "x-app"), Some("cid-1"));
        assert_eq!(header(request, "accept"), Some("application/vnd.api+json, */*;q=0.1"));
    }
    // The header is changed, and nothing else.
    assert!(body(&requests[0]).starts_with("grant_type=authorization_code&"));
    assert_eq!(names(&exchanger.flavors()), names(&Flavor::ALL));
}

#[test]
fn an_accept_that_admits_no_json_is_left_out() {
    for accept in ["text/html", "will be overwritten", "application/xml;q=0.9"] {
        let exchanger = exchanger(&json!({"headers": {"accept": accept}}));
        let request = exchanger.exchange(code()).request();
        assert_eq!(header(&request, "accept"), Some("application/json"), "{accept}");
    }
}

#[test]
fn scopes_are_joined_and_split_by_the_delimiter() {
    let exchanger = builder(&json!({"scope_delimiter": ","})).scopes(["a b", "c"]).build().unwrap();
    let request = exchanger.exchange(code()).request();
    assert!(body(&request).contains("&scope=a%20b%2Cc&"), "{}", body(&request));
    let url = exchanger.authorize().unwrap().scope("d").start().unwrap().url;
    assert!(url.query().unwrap().contains("&scope=a%20b%2Cc%2Cd&"));
    let answer = r#"{"access_token":"T","token_type":"Bearer","scope":"a,b, c"}"#;
    let (result, _) = play(exchanger.exchange(code()), |_| Ok(support::json(200, answer)));
    let issued = result.unwrap();
    assert_eq!(issued.token.scopes.unwrap(), ["a", "b", "c"]);
    assert_eq!(issued.warnings, []);
}

#[test]
fn a_raw_delimiter_stands_in_the_authorization_url_alone() {
    let conventions = json!({"authorization": {"raw_scope_delimiter": "+", "pkce": "refused"}});
    let exchanger = builder(&conventions).scopes(["a:b", "c"]).build().unwrap();
    let url = exchanger.authorize().unwrap().state("S").start().unwrap().url;
    assert_eq!(url.query().unwrap(), "client_id=cid-1&scope=a%3Ab+c&state=S&response_type=code");
    assert!(body(&exchanger.exchange(code()).request()).contains("&scope=a%3Ab%20c&"));
}

#[test]
fn parameters_of_each_kind_go_with_that_kind_alone() {
    let conventions = json!({
        "authorization": {"params": {"p": "authorization"}},
        "exchange": {"params": {"p": "exchange"}},
        "client_credentials": {"params": {"p": "client_credentials", "grant_type": "password"}},
        "refresh": {"params": {"p": "refresh", "scope": "{scope}"}},
        "revocation": {"params": {"p": "revocation"}}
    });
    let exchanger = builder(&conventions).scopes(["a", "b"]).build().unwrap();
    let token = Token::bearer("A").with_refresh_token("R");
    let url = exchanger.authorize().unwrap().start().unwrap().url;
    assert!(url.query().unwrap().ends_with("&p=authorization"));
    let ends = |request: HttpRequest, end: &str| assert!(body(&request).ends_with(end), "{end}");
    ends(exchanger.exchange(code()).request(), "&p=exchange");
    let call = exchanger.revoke(&token).unwrap().flavor(Flavor::BASIC_FORM);
    ends(call.request(), "&p=revocation");
    let request = exchanger.client_credentials().request();
    assert_eq!(body(&request), "grant_type=password&scope=a%20b&p=client_credentials");
    let call = exchanger.refresh(&token).unwrap().flavor(Flavor::BASIC_FORM);
    let expected = "grant_type=refresh_token&scope=a%20b&refresh_token=R&p=refresh";
    assert_eq!(body(&call.request()), expected);
    // What one call is given goes before.
    let request = exchanger.exchange(code()).param("p", "mine").param("q", "r").request();
    assert!(body(&request).ends_with("&p=mine&q=r"));
}

#[test]
fn standard_parameters_can_be_renamed_and_left_out() {
    let conventions = json!({
        "authorization": {"rename": {"client_id": "app_id"}, "omit": ["response_type"]},
        "exchange": {
            "rename": {"client_id": "app_id", "client_secret": "secret", "code": "auth_code"},
            "omit": ["grant_type", "redirect_uri", "scope"]
        },
        "revocation": {"rename": {"token": "t"}, "omit": ["token_type_hint"]}
    });
    let exchanger = builder(&conventions).redirect_uri("https://my.example/cb").scopes(["a"]);
    let exchanger = exchanger.build().unwrap();
    let request = exchanger.exchange(code()).flavor(Flavor::BODY_JSON).request();
    let sent: BTreeMap<String, String> = serde_json::from_slice(request.body()).unwrap();
    assert_eq!(
        sent.keys().collect::<Vec<_>>(),
        ["app_id", "auth_code", "secret"],
        "sorted by the new names"
    );
    let url = exchanger.authorize().unwrap().start().unwrap().url;
    let url = url.query().unwrap();
    assert!(
        url.starts_with("app_id=cid-1&redirect_uri=") && !url.contains("response_type"),
        "{url}"
    );
    let call = exchanger.revoke(&Token::bearer("A")).unwrap().flavor(Flavor::BASIC_FORM);
    assert_eq!(body(&call.request()), "t=A");
    // A standard name of the caller's is renamed too, and what was left out can be put in.
    let call = exchanger.exchange(code()).param("code", "other").param("scope", "b");
    assert_eq!(body(&call.request()), "auth_code=other&scope=b");
}

#[test]
fn a_parameter_given_under_the_providers_name_is_the_standard_one() {
    let rename = json!({"rename": {"client_id": "client_key", "scope": "rights"}});
    let exchanger = exchanger(&json!({"exchange": rename, "authorization": rename}));
    let call = exchanger.exchange(code()).param("client_key", "x").param("rights", "r");
    let request = call.flavor(Flavor::BODY_FORM).request();
    assert_eq!(body(&request).matches("client_key=x").count(), 1, "{}", body(&request));
    assert_eq!(body(&request).matches("client_key").count(), 1);
    assert!(body(&request).starts_with("grant_type=authorization_code&rights=r&code="));
    let authorize = exchanger.authorize().unwrap().param("client_key", "x").param("rights", "r");
    let url = authorize.state("S").without_pkce().start().unwrap().url;
    assert_eq!(url.query().unwrap(), "client_key=x&rights=r&state=S&response_type=code");
}

#[test]
fn flavors_of_a_refresh_are_none_of_a_revocation() {
    let exchanger = exchanger(&json!({"refresh": {"flavors": ["body+json"]}}));
    let mut old = Token::bearer("A").with_refresh_token("R");
    old.flavor = Some(Flavor::BASIC_FORM);
    let issued = play(exchanger.refresh(&old).unwrap(), |_| Ok(token())).0.unwrap();
    assert_eq!((issued.flavor, issued.token.flavor), (Flavor::BODY_JSON, Some(Flavor::BASIC_FORM)));
    let request = exchanger.revoke(&issued.token).unwrap().request();
    assert_eq!(Flavor::of(&request), Some(Flavor::BASIC_FORM));
}

#[test]
fn credentials_can_be_left_out_of_a_body() {
    let conventions = json!({"exchange": {"omit": ["client_id"], "flavors": ["none+form"]}});
    let request = exchanger(&conventions).exchange(code()).request();
    assert_eq!(body(&request), "grant_type=authorization_code&code=some-unique-auth-code");
    let conventions = json!({"exchange": {"omit": ["client_secret"], "flavors": ["body+form"]}});
    assert!(
        body(&exchanger(&conventions).exchange(code()).request()).ends_with("&client_id=cid-1")
    );
}

#[test]
fn the_client_id_can_stand_beside_a_basic_header() {
    let conventions = json!({"exchange": {"params": {"client_id": "{client_id}"}}});
    for flavor in Flavor::ALL {
        let request = exchanger(&conventions).exchange(code()).flavor(flavor).request();
        assert_eq!(body(&request).matches("client_id").count(), 1, "{flavor}");
        assert!(body(&request).contains("cid-1"));
    }
}

#[test]
fn a_basic_header_can_carry_the_secret_as_its_user() {
    let exchanger = exchanger(&json!({"basic": "{client_secret}:"}));
    let carried = |flavor| basic(&exchanger.exchange(code()).flavor(flavor).request());
    assert_eq!(carried(Flavor::BASIC_FORM), "s3cr3t%2F%2B%3A%3D%26%25:");
    // A raw one would end at the secret's colon, so it is not tried.
    assert!(!names(&exchanger.flavors()).iter().any(|name| name.starts_with("basic-raw")));
    let conventions = Conventions::deserialize_from(&json!({"basic": "{client_secret}:"}));
    let plain = plain().conventions(conventions).build().unwrap();
    let call = plain.exchange(code()).flavor(Flavor::BASIC_RAW_FORM);
    assert_eq!(basic(&call.request()), "my-client-secret:");
}

#[test]
fn a_kind_of_request_can_have_flavors_of_its_own() {
    let conventions = json!({"refresh": {"flavors": ["body+json"]}});
    let exchanger = builder(&conventions).flavors([Flavor::BASIC_FORM]).build().unwrap();
    assert_eq!(exchanger.flavors(), [Flavor::BASIC_FORM]);
    let mut old = Token::bearer("A").with_refresh_token("R");
    old.flavor = Some(Flavor::BASIC_FORM);
    let (result, seen) = play(exchanger.refresh(&old).unwrap(), |_| Ok(invalid_client()));
    assert_eq!(result.unwrap_err().attempts().len(), 1);
    assert_eq!(Flavor::of(&seen[0]), Some(Flavor::BODY_JSON));
}

#[test]
fn a_random_value_is_new_for_each_request() {
    let conventions = json!({
        "headers": {"x-request-id": "{random}"},
        "exchange": {"params": {"nonce": "n-{random}"}},
        "authorization": {"params": {"nonce": "{random}"}}
    });
    let exchanger = exchanger(&conventions);
    let mut seen = HashSet::new();
    for _ in 0..3 {
        let (_, requests) = play(exchanger.exchange(code()), |_| Ok(invalid_client()));
        for request in &requests {
            let nonce = param(request, "nonce");
            let id = header(request, "x-request-id").unwrap().to_owned();
            assert_eq!(nonce, format!("n-{id}"), "one request has one");
            assert_eq!(id.len(), 32);
            assert!(id.bytes().all(|byte| byte.is_ascii_hexdigit()));
            assert!(seen.insert(id));
        }
        let url = exchanger.authorize().unwrap().start().unwrap().url;
        let nonce = url.query_pairs().find(|(name, _)| name == "nonce").unwrap().1.into_owned();
        assert!(seen.insert(nonce));
    }
    assert_eq!(seen.len(), 21);
    // Whoever looks at a request twice sees the same.
    let call = exchanger.exchange(code());
    assert_eq!(call.request().body(), call.request().body());
}

#[test]
fn the_state_of_the_authorization_can_go_with_the_exchange() {
    let exchanger = exchanger(&json!({"exchange": {"params": {"state": "{state}"}}}));
    let pending = exchanger.authorize().unwrap().state("S/1").start().unwrap().pending;
    let code = pending.accept(Callback::parse("code=C&state=S%2F1").unwrap()).unwrap();
    assert_eq!(param(&exchanger.exchange(code).request(), "state"), "S/1");
    // A code without its callback has none, and an empty parameter is left out.
    assert!(!body(&exchanger.exchange(support::code()).request()).contains("state"));
}

#[test]
fn parameters_can_stand_behind_a_fragment() {
    let conventions = json!({"authorization": {"query_in_fragment": true, "pkce": "refused"}});
    for (url, start) in [
        (
            "https://as.example/#oauth/authorize",
            "https://as.example/#oauth/authorize?client_id=cid-1&",
        ),
        (
            "https://as.example/x?y=z#/a?b=c&state=old",
            "https://as.example/x?y=z#/a?b=c&client_id=cid-1&",
        ),
    ] {
        let exchanger = builder(&conventions).authorization_url(url).build().unwrap();
        let url = exchanger.authorize().unwrap().state("S").start().unwrap().url.to_string();
        assert!(url.starts_with(start), "{url}");
        assert!(url.ends_with("&state=S&response_type=code"), "{url}");
    }
}

#[test]
fn a_token_is_found_further_in_and_under_other_names() {
    let conventions = json!({"answer": {
        "root": "/data/0",
        "rename": {
            "access_token": "accessToken", "refresh_token": "refreshToken", "expires_in": "ttl",
            "refresh_token_expires_in": "refreshTtl", "scope": "rights", "token_type": "kind"
        }
    }});
    let answer = json!({"code": 0, "data": [{
        "accessToken": "AT", "refreshToken": "RT", "ttl": "60", "refreshTtl": 120, "rights": "a b",
        "kind": "bearer", "open_id": "o", "access_token": "not this one"
    }, 7]});
    let issued = issue(&conventions, 201, &answer).unwrap();
    let token = &issued.token;
    assert_eq!(token.access_token.expose(), "AT");
    assert_eq!(token.refresh_token.as_ref().unwrap().expose(), "RT");
    assert_eq!(token.scopes.as_ref().unwrap(), &["a", "b"]);
    assert_eq!(left(token.expires_at), 60);
    assert_eq!(left(token.refresh_expires_at), 120);
    assert_eq!(token.token_type, "Bearer");
    assert_eq!(issued.warnings, []);
    // All else stands where it stood.
    let rest = json!({"open_id": "o", "access_token": "not this one", "refreshTtl": 120});
    let extra = json!({"code": 0, "data": [rest, 7]});
    assert_eq!(Value::Object(token.extra.clone()), extra);
}

#[test]
fn a_token_elsewhere_than_the_conventions_say_is_not_taken() {
    let conventions = json!({"answer": {"root": "/authed_user"}});
    let answer = json!({"ok": true, "access_token": "BOT", "authed_user": {"id": "U"}});
    let error = issue(&conventions, 200, &answer).unwrap_err();
    assert!(matches!(error.kind(), CallErrorKind::Unreadable(_)), "{error}");
    assert_eq!(error.code_fate(), CodeFate::Spent);
    let answer = json!({"authed_user": {"access_token": "USER", "scope": 1}});
    let issued = issue(&conventions, 200, &answer).unwrap();
    assert_eq!(issued.token.access_token.expose(), "USER");
    assert_eq!(issued.warnings, [Warning::MissingTokenType, Warning::Ignored("scope")]);
}

#[test]
fn an_error_beside_the_token_is_one() {
    let conventions = json!({"answer": {"root": "/data"}});
    let error = issue(&conventions, 200, &json!({"data": {"error": "invalid_grant"}})).unwrap_err();
    assert!(matches!(error.kind(), CallErrorKind::Refused(_)), "{error}");
    let both = json!({"data": {"error": "invalid_grant", "access_token": "T"}});
    let error = issue(&conventions, 200, &both).unwrap_err();
    assert!(matches!(error.kind(), CallErrorKind::Unreadable(_)), "{error}");
}

#[test]
fn a_renamed_token_that_cannot_be_used_may_be_one_all_the_same() {
    let conventions = json!({"answer": {"rename": {"access_token": "jwt"}}});
    let error = issue(&conventions, 200, &json!({"jwt": 1})).unwrap_err();
    assert_eq!(
        (error.kind().to_string().as_str(), error.code_fate()),
        ("unreadable", CodeFate::Spent)
    );
    let both =
        json!({"jwt": "T-SECRET-12345", "error": "x", "error_description": "T-SECRET-12345"});
    let error = issue(&conventions, 200, &both).unwrap_err();
    assert_eq!(error.kind().to_string(), "unreadable");
    assert!(!format!("{error} {error:?}").contains("T-SECRET"));
}

#[test]
fn lifetimes_are_told_in_many_ways() {
    let end = SystemTime::UNIX_EPOCH + Duration::from_secs(4_102_444_800);
    let expires_at =
        |name: &str, format: &str| json!({"expires_at": {"name": name, "format": format}});
    for (conventions, member, expected) in [
        (expires_at("e", "seconds"), json!({"e": 4_102_444_800_u64}), Some(end)),
        (expires_at("e", "seconds"), json!({"e": "4102444800.7"}), Some(end)),
        (expires_at("e", "milliseconds"), json!({"e": 4_102_444_800_900_u64}), Some(end)),
        (expires_at("e", "rfc3339"), json!({"e": "2100-01-01T00:00:00Z"}), Some(end)),
        (expires_at("e", "rfc3339"), json!({"e": "2100-01-01T02:00:00.000+02:00"}), Some(end)),
        (expires_at("e", "rfc3339"), json!({"e": " 2100-01-01 00:00:00 "}), Some(end)),
        (
            expires_at("e", "rfc3339"),
            json!({"e": "2100-01-01T00:00:00Z", "expires_in": 5}),
            Some(end),
        ),
        (expires_at("e", "seconds"), json!({"e": null}), None),
    ] {
        let issued = issue(&json!({"answer": conventions}), 200, &with_token(&member)).unwrap();
        assert_eq!(issued.token.expires_at, expected, "{member}");
        assert_eq!(issued.warnings, [], "{member}");
        assert!(!issued.token.extra.contains_key("access_token"));
    }
    let milliseconds = json!({"answer": {"lifetime_unit": "milliseconds"}});
    let issued = issue(&milliseconds, 200, &with_token(&json!({"expires_in": 3_600_900}))).unwrap();
    assert_eq!(left(issued.token.expires_at), 3600);
}

#[test]
fn the_end_of_a_refresh_token_can_be_a_moment_too() {
    let end = SystemTime::UNIX_EPOCH + Duration::from_secs(4_102_444_800);
    let conventions = json!({"answer": {"refresh_expires_at": {"name": "r", "format": "seconds"}}});
    let issued = issue(&conventions, 200, &with_token(&json!({"r": 4_102_444_800_u64}))).unwrap();
    assert_eq!((issued.token.refresh_expires_at, issued.token.expires_at), (Some(end), None));
}

#[test]
fn an_unreadable_moment_is_a_warning_and_leaves_the_lifetime() {
    for (format, e) in [
        ("rfc3339", json!("soon")),
        ("rfc3339", json!(5)),
        ("seconds", json!("never")),
        ("seconds", json!(-1)),
        ("milliseconds", json!(1e300)),
    ] {
        let conventions = json!({"answer": {"expires_at": {"name": "e", "format": format}}});
        let issued =
            issue(&conventions, 200, &with_token(&json!({"e": e, "expires_in": 60}))).unwrap();
        assert_eq!(left(issued.token.expires_at), 60, "{e}");
        assert_eq!(issued.warnings, [Warning::Ignored("expires_at")], "{e}");
    }
}

#[test]
fn dates_that_stand_for_none_are_none() {
    let conventions = json!({"answer": {"expires_at": {"name": "e", "format": "rfc3339"}, "default_lifetime": 60}});
    let of = |e: &str| issue(&conventions, 200, &with_token(&json!({"e": e}))).unwrap();
    let never = of("9999-12-31T23:59:59Z");
    assert_eq!((never.token.expires_at, never.warnings), (None, vec![]));
    for unset in ["0001-01-01T00:00:00Z", "1970-01-01T00:00:00Z"] {
        let issued = of(unset);
        assert_eq!(left(issued.token.expires_at), 60);
        assert_eq!(issued.warnings, [Warning::ZeroLifetime]);
    }
}

#[test]
fn less_than_a_second_is_not_never() {
    let conventions =
        json!({"answer": {"zero_lifetime": "never", "lifetime_unit": "milliseconds"}});
    let issued = issue(&conventions, 200, &with_token(&json!({"expires_in": 900}))).unwrap();
    assert_eq!(issued.warnings, [Warning::ZeroLifetime]);
}

#[test]
fn a_scope_is_narrowed_by_what_was_asked_for() {
    let exchanger = builder(&json!({})).scopes(["a"]).build().unwrap();
    let warnings = |authorize: token_exchanger::Authorize, granted: &str| {
        let pending = authorize.state("S").start().unwrap().pending;
        let code = pending.accept(Callback::parse("code=C&state=S").unwrap()).unwrap();
        let answer = with_token(&json!({"scope": granted})).to_string();
        let (result, _) = play(exchanger.exchange(code), |_| Ok(support::json(200, &answer)));
        result.unwrap().warnings
    };
    let authorize = || exchanger.authorize().unwrap();
    assert_eq!(warnings(authorize().scope("admin"), "a"), [Warning::NarrowedScope]);
    assert_eq!(warnings(authorize().scope("").scope("admin"), "a admin"), []);
    assert_eq!(warnings(authorize().param("scope", "z"), "z"), []);
}

#[test]
fn a_default_lifetime_counts_where_the_answer_tells_none() {
    let conventions = json!({"answer": {"default_lifetime": 3600}});
    let lifetime = |member: Value| {
        let issued = issue(&conventions, 200, &with_token(&member)).unwrap();
        (left(issued.token.expires_at), issued.warnings)
    };
    assert_eq!(lifetime(json!({})), (3600, vec![]));
    assert_eq!(lifetime(json!({"expires_in": null})), (3600, vec![]));
    assert_eq!(lifetime(json!({"expires_in": 60})), (60, vec![]));
    assert_eq!(lifetime(json!({"expires_in": "?"})), (3600, vec![Warning::Ignored("expires_in")]));
    assert_eq!(lifetime(json!({"expires_in": 0})), (3600, vec![Warning::ZeroLifetime]));
}

#[test]
fn a_lifetime_of_zero_can_mean_never() {
    let conventions = json!({"answer": {"zero_lifetime": "never", "default_lifetime": 60}});
    let issued = issue(&conventions, 200, &with_token(&json!({"expires_in": 0}))).unwrap();
    assert_eq!((issued.token.expires_at, issued.warnings), (None, vec![]));
    let issued = issue(&conventions, 200, &with_token(&json!({}))).unwrap();
    assert_eq!(left(issued.token.expires_at), 60);
}

#[test]
fn an_error_is_told_by_what_the_conventions_say() {
    let slack = json!({"pointer": "/ok", "success": [true], "code": "/error"});
    let by_code = json!({"pointer": "/code", "success": [0], "description": "/message"});
    let nested = json!({"pointer": "/errors/0/errorType", "description": "/errors/0/message"});
    let words = json!({"pointer": "/status", "error": ["failed", 5]});
    for (sign, answer, code, description) in [
        (&slack, json!({"ok": false, "error": "invalid_code"}), "invalid_code", None),
        (&slack, json!({"ok": false}), "false", None),
        (&by_code, json!({"code": 40001, "message": "no", "data": {}}), "40001", Some("no")),
        (&by_code, json!({"code": "40001"}), "40001", None),
        (
            &nested,
            json!({"errors": [{"errorType": "invalid_grant", "message": "m"}]}),
            "invalid_grant",
            Some("m"),
        ),
        (&words, json!({"status": "failed", "message": "m"}), "failed", Some("m")),
        (&words, json!({"status": "5"}), "5", None),
        // Where the sign is missing, or says nothing of an error, the standard counts.
        (&words, json!({"status": "unheard of", "error": "invalid_grant"}), "invalid_grant", None),
        (&by_code, json!({"error": "invalid_grant"}), "invalid_grant", None),
        (&by_code, json!({"code": null, "error": "invalid_grant"}), "invalid_grant", None),
    ] {
        let error = issue(&json!({"answer": {"error": sign}}), 200, &answer).unwrap_err();
        let Outcome::Answered { error: Some(told), .. } = &error.headline().outcome else {
            panic!("{answer}: {error}")
        };
        assert_eq!(
            (told.code.as_str(), told.description.as_deref()),
            (code, description),
            "{answer}"
        );
    }
}

#[test]
fn what_the_conventions_call_success_is_no_error() {
    let sign = json!({"pointer": "/error/code", "success": ["ok"]});
    let answer = with_token(&json!({"error": {"code": "ok", "message": ""}}));
    issue(&json!({"answer": {"error": sign}}), 200, &answer).unwrap();
    let refused = with_token(&json!({"error": {"code": "denied"}}));
    let error = issue(&json!({"answer": {"error": sign}}), 200, &refused).unwrap_err();
    assert_eq!(error.kind().to_string(), "unreadable", "a token and an error at once");
}

#[test]
fn a_code_of_the_standard_is_understood_wherever_it_stands() {
    let sign = json!({"pointer": "/status", "success": [0], "code": "/body/reason"});
    let conventions = json!({"answer": {"error": sign}});
    let answer = json!({"status": 1, "body": {"reason": "invalid_grant"}});
    let error = issue(&conventions, 200, &answer).unwrap_err();
    assert!(matches!(error.kind(), CallErrorKind::Refused(told) if told.code == "invalid_grant"));
    assert_eq!(error.code_fate(), CodeFate::Spent);
}

#[test]
fn what_cannot_be_followed_is_refused_by_its_field() {
    for (conventions, start) in [
        (
            json!({"authorization": {"omit": ["code_challenge_method"]}}),
            "conventions.authorization: to leave",
        ),
        (
            json!({"authorization": {"rename": {"code": "auth_code"}}}),
            "conventions.authorization: \"code\" is no",
        ),
        (
            json!({"revocation": {"rename": {"refresh_token": "t"}}}),
            "conventions.revocation: \"refresh_token\" is no",
        ),
        (json!({"exchange": {"params": {"": "x"}}}), "conventions.exchange: a name"),
        (
            json!({"exchange": {"params": {"x": "{ state }"}}}),
            "conventions.exchange: the value of \"x\" has",
        ),
        (
            json!({"refresh": {"errors": {"429": "invalid_grant"}}}),
            "conventions.refresh: errors has a status",
        ),
        (json!({"headers": {"X\r\nY": "v"}}), "conventions.headers: \"X\\r\\nY\" cannot be sent"),
        (json!({"headers": {"X": "René"}}), "conventions.headers: \"X\" cannot be sent"),
        (json!({"headers": {"X": "a\r\nb: c"}}), "conventions.headers: \"X\" cannot be sent"),
        (json!({"headers": {"X": "a", "x": "b"}}), "conventions.headers: \"x\" cannot be sent"),
        (
            json!({"headers": {"Authorization": "Bearer x"}}),
            "conventions.headers: `Authorization` is set",
        ),
        (
            json!({"headers": {"content-length": "3"}}),
            "conventions.headers: `content-length` is set",
        ),
        (json!({"headers": {"Host": "x"}}), "conventions.headers: `Host` is set"),
        (json!({"headers": {"cookie": "x"}}), "conventions.headers: `cookie` is set"),
        (json!({"headers": {"x": "{state}"}}), "conventions.headers: the value of \"x\" has"),
        (json!({"basic": "{client_secret}"}), "conventions.basic: it has no colon"),
        (json!({"basic": "{secret}:"}), "conventions.basic: the value of \"basic\" has"),
        (json!({"scope_delimiter": ""}), "conventions.scope_delimiter: "),
        (
            json!({"authorization": {"params": {"x": "{client_secret}"}}}),
            "conventions.authorization: the value of \"x\" has",
        ),
        (
            json!({"authorization": {"params": {"state": "x"}}}),
            "conventions.authorization: state and",
        ),
        (json!({"authorization": {"omit": ["state"]}}), "conventions.authorization: without state"),
        (
            json!({"authorization": {"omit": ["code_challenge"]}}),
            "conventions.authorization: to leave code_challenge out",
        ),
        (
            json!({"authorization": {"params": {"client_secret": "x"}}}),
            "conventions.authorization: the client_secret",
        ),
        (
            json!({"callback": {"rename": {"code": "state"}}}),
            "conventions.callback.rename: two members",
        ),
        (
            json!({"callback": {"rename": {"code": "error"}}}),
            "conventions.callback.rename: two members",
        ),
        (
            json!({"answer": {"rename": {"refresh_token": "access_token"}}}),
            "conventions.answer.rename: two members",
        ),
        (json!({"apply": {"name": "Host"}}), "conventions.apply.name: HTTP needs"),
        (
            json!({"authorization": {"omit": ["respons_type"]}}),
            "conventions.authorization: \"respons_type\" is no",
        ),
        (
            json!({"authorization": {"rename": {"client_id": "state"}}}),
            "conventions.authorization: the parameter \"state\" would",
        ),
        (
            json!({"authorization": {"raw_scope_delimiter": "&"}}),
            "conventions.authorization.raw_scope_delimiter",
        ),
        (
            json!({"authorization": {"raw_scope_delimiter": "a#"}}),
            "conventions.authorization.raw_scope_delimiter",
        ),
        (
            json!({"callback": {"rename": {"iss": "x"}}}),
            "conventions.callback.rename: \"iss\" is no",
        ),
        (
            json!({"exchange": {"rename": {"app_id": "client_id"}}}),
            "conventions.exchange: \"app_id\" is no",
        ),
        (json!({"exchange": {"rename": {"code": ""}}}), "conventions.exchange: a name"),
        (
            json!({"exchange": {"rename": {"code": "scope"}}}),
            "conventions.exchange: the parameter \"scope\" would",
        ),
        (
            json!({"exchange": {"rename": {"code": "c"}, "params": {"c": "d"}}}),
            "conventions.exchange: the parameter \"c\" would",
        ),
        (
            json!({"refresh": {"params": {"x": "{state}"}}}),
            "conventions.refresh: the value of \"x\" has",
        ),
        (
            json!({"revocation": {"params": {"x": "{clientid}"}}}),
            "conventions.revocation: the value of \"x\" has",
        ),
        (json!({"answer": {"root": "data"}}), "conventions.answer.root: it is no JSON Pointer"),
        (
            json!({"answer": {"rename": {"token": "x"}}}),
            "conventions.answer.rename: \"token\" is no",
        ),
        (json!({"answer": {"expires_at": {"name": ""}}}), "conventions.answer.expires_at: "),
        (json!({"answer": {"default_lifetime": 0}}), "conventions.answer.default_lifetime: "),
        (json!({"answer": {"error": {"pointer": ""}}}), "conventions.answer.error.pointer: "),
        (
            json!({"answer": {"rename": {"access_token": "/data/token"}}}),
            "conventions.answer.rename: it takes a name",
        ),
        (
            json!({"answer": {"refresh_expires_at": {"name": "/a"}}}),
            "conventions.answer.refresh_expires_at: it takes",
        ),
        (json!({"exchange": {"errors": {"7": "nonsense"}}}), "conventions.exchange: errors leads"),
        (
            json!({"answer": {"error": {"pointer": "/a", "code": "b"}}}),
            "conventions.answer.error.code: it is no",
        ),
        (
            json!({"answer": {"error": {"pointer": "/a", "success": [1], "error": [2]}}}),
            "conventions.answer.error: success",
        ),
        (json!({"apply": {"template": "Bearer"}}), "conventions.apply.template: it has no {token}"),
        (json!({"apply": {"template": "{token} {x}"}}), "conventions.apply.template: the value of"),
        (
            json!({"apply": {"template": "a\r\nb: {token}"}}),
            "conventions.apply.template: it has a control",
        ),
        (json!({"apply": {"name": "a b"}}), "conventions.apply.name: it is no name"),
        (json!({"refresh": {"flavors": []}}), "conventions.refresh: flavors leaves nothing to try"),
        (
            json!({"verb": "get", "exchange": {"flavors": ["body+json"]}}),
            "conventions.exchange: flavors leaves",
        ),
        (
            json!({"authorization": {"query_in_fragment": true}}),
            "conventions.authorization.query_in_fragment: ",
        ),
    ] {
        let error = builder(&conventions).build().unwrap_err().to_string();
        assert!(error.starts_with(start), "{conventions}: {error}");
    }
}

#[test]
fn braces_that_are_no_placeholder_are_text() {
    let claims = r#"{"id_token":{"email":null}}"#;
    let exchanger = exchanger(&json!({"authorization": {"params": {"claims": claims}}}));
    let url = exchanger.authorize().unwrap().start().unwrap().url;
    let sent = url.query_pairs().find(|(name, _)| name == "claims").unwrap().1.into_owned();
    assert_eq!(sent, claims);
}

#[test]
fn a_flavor_that_needs_a_secret_is_refused_without_one_in_conventions_too() {
    let conventions =
        Conventions::deserialize_from(&json!({"refresh": {"flavors": ["body+form"]}}));
    let builder =
        TokenExchanger::builder("id", "https://as.example/token").conventions(conventions);
    let error = builder.build().unwrap_err();
    assert!(
        matches!(error, ConfigError::SecretNeeded { field: "conventions.refresh", .. }),
        "{error}"
    );
}

#[test]
fn values_never_change_a_host_or_split_a_header() {
    let evil = "@evil.example/\r\nX-Evil: 1#?&=";
    let conventions = json!({
        "verb": "get",
        "exchange": {"params": {"p": evil}},
        "authorization": {"params": {"p": evil}},
    });
    let exchanger = exchanger(&conventions);
    let request = exchanger.exchange(AuthorizationCode::unchecked(evil)).param("q", evil).request();
    assert_eq!(request.uri().host(), Some("as.example"));
    assert_eq!(request.headers().len(), 2);
    let url = exchanger.authorize().unwrap().state(evil).param(evil, evil).start().unwrap().url;
    assert_eq!((url.host_str(), url.fragment(), url.path()), (Some("as.example"), None, "/auth"));
}

#[test]
fn values_of_conventions_are_neither_shown_nor_told_in_errors() {
    let secret = "CONVENTION-SECRET-1";
    let conventions = json!({
        "headers": {"x-api-key": secret},
        "exchange": {"params": {"password": secret, "short": "read"}},
        "authorization": {"params": {"key": secret}},
        "basic": format!("{secret}:{{client_secret}}"),
        "apply": {"template": format!("key={secret} {{token}}")},
    });
    let builder = builder(&conventions);
    let mut shown = format!("{builder:?} {:?}", Conventions::deserialize_from(&conventions));
    let exchanger = builder.build().unwrap();
    let echo = json!({"error": "invalid_grant", "error_description": format!("read {secret}")});
    let (result, seen) =
        play(exchanger.exchange(code()), |_| Ok(support::json(400, &echo.to_string())));
    let error = result.unwrap_err();
    shown += &format!("{error} {error:?} {exchanger:?} {:?}", exchanger.authorize().unwrap());
    assert!(!shown.contains(secret), "{shown}");
    assert!(error.to_string().contains("(read ["), "a short word is no secret: {error}");
    assert!(seen[0].headers()["x-api-key"].is_sensitive());
}

#[test]
fn made_in_code_they_are_the_same() {
    let mut conventions = Conventions::default();
    conventions.verb = Verb::PostQuery;
    conventions.answer.expires_at = Some(ExpiresAt::new("e", ExpiresAtFormat::Milliseconds));
    conventions.answer.error = Some(ErrorSign::at("/error_code"));
    let text = json!({"verb": "post_query", "answer": {
        "expires_at": {"name": "e", "format": "milliseconds"}, "error": {"pointer": "/error_code"}
    }});
    assert_eq!(conventions, Conventions::deserialize_from(&text));
}

trait DeserializeFrom {
    fn deserialize_from(value: &Value) -> Self;
}

impl DeserializeFrom for Conventions {
    fn deserialize_from(value: &Value) -> Self {
        serde_json::from_value(value.clone()).expect("conventions")
    }
}

fn builder(conventions: &Value) -> token_exchanger::TokenExchangerBuilder {
    reserved()
        .authorization_url("https://as.example/auth")
        .revocation_url("https://as.example/revoke")
        .conventions(Conventions::deserialize_from(conventions))
}

fn exchanger(conventions: &Value) -> TokenExchanger {
    builder(conventions).build().unwrap()
}

fn exchanger_at(token_url: &str, conventions: &Value) -> TokenExchanger {
    TokenExchanger::builder("cid-1", token_url)
        .client_secret("s3cr3t/+:=&%")
        .conventions(Conventions::deserialize_from(conventions))
        .build()
        .unwrap()
}

/// Exchanges a code at a provider that always gives this answer.
fn issue(
    conventions: &Value,
    status: u16,
    answer: &Value,
) -> Result<Issued, token_exchanger::CallError> {
    let exchanger = builder(conventions).policy(Policy::Careful).build().unwrap();
    play(exchanger.exchange(code()), |_| Ok(support::json(status, &answer.to_string()))).0
}

fn with_token(members: &Value) -> Value {
    let mut answer = json!({"access_token": "T", "token_type": "Bearer"});
    answer.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    answer
}

/// In seconds, rounded.
fn left(end: Option<SystemTime>) -> u64 {
    let left = end.expect("an end").duration_since(SystemTime::now()).expect("ahead");
    left.as_secs_f64().round() as u64
}

fn param(request: &HttpRequest, name: &str) -> String {
    let text = body(request);
    if text.starts_with('{') {
        return serde_json::from_str::<BTreeMap<String, String>>(text).unwrap()[name].clone();
    }
    let pairs = url::form_urlencoded::parse(text.as_bytes());
    pairs.into_owned().find(|(known, _)| known == name).expect("the parameter").1
}

#[test]
fn a_token_of_a_get_endpoint_is_a_token() {
    let exchanger = exchanger(&json!({"verb": "get"}));
    play(exchanger.exchange(code()), |_| Ok(token())).0.unwrap();
}
