//! What the doctor says of a curl command that works, beside an exchanger.

mod support;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use token_exchanger::doctor::{self, CurlError, Finding, FindingKind, Severity};
use token_exchanger::{
    AuthorizationCode, CodeVerifier, Conventions, Flavor, HttpRequest, Token, TokenExchanger,
    from_fn,
};

const CODE: &str = "PLANTED-code-4711";
const VERIFIER: &str = "PLANTED-verifier-0123456789012345678901234567890";
const REFRESH: &str = "PLANTED-refresh-4711";
const PLAIN: &str = "PLANTED-secret-4711";
const RESERVED: &str = "PLANTED/s3cr3t+:=&%'\"\\$`^!é";
const URL: &str = "https://as.example/token";
const AUTHORIZE: &str = "https://as.example/authorize";
const REDIRECT: &str = "https://app.example/cb";

// The same request in every tool's style.

#[test]
fn the_same_request_in_every_style_differs_in_nothing() {
    for secret in [PLAIN, RESERVED] {
        for flavor in Flavor::ALL {
            let mut settings = Settings::new();
            settings.secret = Some(secret.into());
            settings.flavors = Some(vec![flavor]);
            settings.authorization_url = Some(AUTHORIZE.into());
            settings.revocation_url = Some("https://as.example/revoke".into());
            let exchanger = settings.build();
            for request in requests(&exchanger) {
                for (style, write) in STYLES {
                    let curl = write(&request);
                    let findings = doctor::compare(&curl, &exchanger);
                    let findings =
                        findings.unwrap_or_else(|error| panic!("{error}: {style}\n{curl}"));
                    assert!(findings.is_empty(), "{flavor} {style}\n{curl}\n{findings:#?}");
                }
            }
        }
    }
}

#[test]
fn the_same_request_of_a_public_client_differs_in_nothing() {
    for flavor in Flavor::PUBLIC {
        let mut settings = Settings::new();
        settings.secret = None;
        settings.flavors = Some(vec![flavor]);
        settings.authorization_url = Some(AUTHORIZE.into());
        let exchanger = settings.build();
        let code =
            AuthorizationCode::unchecked(CODE).verifier(CodeVerifier::parse(VERIFIER).unwrap());
        let request = exchanger.exchange(code).request();
        for (style, write) in STYLES {
            let curl = write(&request);
            let findings = doctor::compare(&curl, &exchanger).unwrap();
            assert!(findings.is_empty(), "{flavor} {style}\n{curl}\n{findings:#?}");
        }
    }
}

#[test]
fn the_same_request_with_all_in_the_url_differs_in_nothing() {
    for verb in ["get", "post_query"] {
        let mut settings = Settings::new();
        settings.conventions = json!({ "verb": verb });
        settings.flavors = Some(vec![Flavor::BODY_FORM]);
        settings.url = "https://as.example/token?tenant=7".into();
        let exchanger = settings.build();
        let request = exchanger.exchange(AuthorizationCode::unchecked(CODE)).request();
        for (style, write) in STYLES {
            let curl = write(&request);
            let findings = doctor::compare(&curl, &exchanger).unwrap();
            assert!(findings.is_empty(), "{verb} {style}\n{curl}\n{findings:#?}");
        }
    }
}

#[test]
fn conventions_that_are_followed_make_no_difference() {
    let mut settings = Settings::new();
    settings.flavors = Some(vec![Flavor::BODY_JSON]);
    settings.conventions = json!({
        "headers": { "X-Api-Key": "abcdefghijkl", "User-Agent": "mine/1", "Client-ID": "{client_id}" },
        "exchange": {
            "rename": { "client_id": "client_key", "code": "auth_code" },
            "params": { "audience": "a", "nonce": "{random}", "client_id": "{client_id}" },
            "omit": ["grant_type"],
        },
        "scope_delimiter": ",",
    });
    let exchanger = settings.build();
    let request = exchanger.exchange(AuthorizationCode::unchecked(CODE)).request();
    for (style, write) in STYLES {
        let findings = doctor::compare(&write(&request), &exchanger).unwrap();
        assert!(findings.is_empty(), "{style}\n{findings:#?}");
    }
}

#[test]
fn what_surrounds_the_command_or_does_not_reach_the_provider_makes_no_difference() {
    let exchanger = Settings::new().build();
    for text in [
        "# get a token\n$ CURL | jq .access_token",
        "export X=1\nCURL; echo done",
        "CURL 2>/dev/null > out.json",
        "CURL 2>&1 && echo",
        "time CURL -sS --max-time 10 --http1.1 --http2 -v --compressed -L -i --interface eth0 -o out",
        "CURL --no-progress-meter --retry 3 -w '%{http_code}' --tlsv1.2",
        "CURL -H 'Cache-Control: no-cache' -H 'Postman-Token: x' -H 'Host: as.example'",
        "CURL -A 'Mozilla/5.0 (X11)' -H 'sec-fetch-mode: cors' -e https://as.example -H 'Accept: */*'",
        "CURL -H 'Content-Type: application/x-www-form-urlencoded; charset=utf-8'",
        "CURL --no-insecure --noproxy localhost -H 'Host: AS.example:443'",
        "CURL -d state= -d ''",
        "CURL # -d x=y",
    ] {
        let text = text.replace("CURL", WORKS);
        let findings = doctor::compare(&text, &exchanger).unwrap();
        assert!(findings.is_empty(), "{text}\n{findings:#?}");
    }
}

// Each difference alone, and its remedy.

#[test]
fn each_difference_is_found_alone_and_its_remedy_makes_ours_the_same() {
    use FindingKind::*;
    use Severity::*;
    let same = |_: &mut Settings| {};
    let cases: Vec<Case> = vec![
        // Flavor.
        case("body", with(&["-u", CREDENTIALS], BODY), same, (Flavor, Risk), "[Flavor::BODY_FORM]"),
        case("json", as_json(), same, (Flavor, Risk), "[Flavor::BASIC_JSON]"),
        case("pinned", WORKS, |it| it.flavors = Some(vec![FJ]), (Flavor, Problem), "BASIC_FORM"),
        case(
            "none",
            with(&["-u", CREDENTIALS], " -d client_id=cid-1"),
            same,
            (Flavor, Problem),
            "PUBLIC[0]",
        ),
        case(
            "refresh",
            "curl https://as.example/token -d grant_type=refresh_token -d refresh_token=PLANTED-r -d client_id=cid-1 -d client_secret=PLANTED-secret-4711",
            same,
            (Flavor, Risk),
            r#"{"refresh":{"flavors":["body+form"]}}"#,
        ),
        // The client.
        case("id", replaced("cid-1", "cid-2"), same, (ClientId, Problem), "builder(\"cid-2\""),
        case(
            "secret",
            replaced(PLAIN, "PLANTED-other"),
            same,
            (ClientSecret, Problem),
            ".client_secret",
        ),
        case("no secret", WORKS, |it| it.secret = None, (ClientSecret, Problem), ".client_secret"),
        case(
            "swapped",
            replaced(CREDENTIALS, "PLANTED-secret-4711:"),
            |_| {},
            (Authorization, Problem),
            r#"{"basic":"{client_secret}:"}"#,
        ),
        case(
            "standard header",
            WORKS,
            |it| it.conventions = json!({ "basic": "{client_secret}:" }),
            (Authorization, Problem),
            "take `basic` out",
        ),
        case(
            "beside",
            plus(" -d client_id=cid-1"),
            same,
            (Parameter, Problem),
            "{\"client_id\":\"{client_id}\"}",
        ),
        case(
            "not beside",
            WORKS,
            |it| {
                it.conventions = json!({ "exchange": { "params": { "client_id": "{client_id}" } } })
            },
            (Parameter, Risk),
            "take `client_id` out of `conventions.exchange.params`",
        ),
        // Redirect URI.
        case(
            "slash",
            replaced("app.example/cb", "app.example/cb/"),
            same,
            (RedirectUri, Problem),
            "cb/\")",
        ),
        case("no uri", WORKS, |it| it.redirect.clear(), (RedirectUri, Problem), ".redirect_uri("),
        case(
            "uri too much",
            without(REDIRECT_PART),
            same,
            (RedirectUri, Risk),
            r#"{"omit":["redirect_uri"]}"#,
        ),
        case(
            "uri encoded twice",
            replaced("https://app.example/cb", "https%253A%252F%252Fapp.example%252Fcb"),
            same,
            (RedirectUri, Problem),
            r#"{"redirect_uri":"https%3A%2F%2Fapp.example%2Fcb"}"#,
        ),
        case(
            "uri omitted",
            WORKS,
            |it| it.conventions = json!({ "exchange": { "omit": ["redirect_uri"] } }),
            (RedirectUri, Problem),
            "take `redirect_uri` out of `conventions.exchange.omit`",
        ),
        // Scope.
        case(
            "a scope more",
            replaced("read write", "read write admin"),
            same,
            (Scope, Problem),
            "\"admin\"])",
        ),
        case(
            "a scope less",
            replaced("read write", "read"),
            same,
            (Scope, Problem),
            ".scopes([\"read\"])",
        ),
        case(
            "other order",
            replaced("read write", "write read"),
            same,
            (Scope, Risk),
            "[\"write\", \"read\"]",
        ),
        case(
            "comma",
            replaced("read write", "read,write"),
            same,
            (Scope, Problem),
            r#"{"scope_delimiter":","}"#,
        ),
        case(
            "comma and more",
            replaced("read write", "read,write,x"),
            same,
            (Scope, Problem),
            "scope_delimiter",
        ),
        case("two spaces", replaced("read write", "read  write"), same, (Scope, Problem), "params"),
        case("no scopes", WORKS, |it| it.scopes.clear(), (Scope, Problem), ".scopes("),
        case("scopes too much", without(SCOPE_PART), same, (Scope, Risk), r#"{"omit":["scope"]}"#),
        case(
            "scope at a refresh",
            "curl https://as.example/token -u cid-1:PLANTED-secret-4711 -d grant_type=refresh_token -d refresh_token=PLANTED-r -d 'scope=read write'",
            same,
            (Scope, Problem),
            r#"{"refresh":{"params":{"scope":"{scope}"}}}"#,
        ),
        // Parameters.
        case(
            "grant",
            replaced("authorization_code", "my_grant"),
            same,
            (GrantType, Problem),
            "my_grant",
        ),
        case(
            "no grant",
            without("-d grant_type=authorization_code "),
            same,
            (GrantType, Risk),
            "omit",
        ),
        case(
            "another grant",
            "curl https://as.example/token -u cid-1:PLANTED-secret-4711 -d grant_type=account_credentials -d 'scope=read write'",
            same,
            (GrantType, Problem),
            r#"{"client_credentials":{"params":{"grant_type":"account_credentials"}}}"#,
        ),
        case(
            "audience",
            plus(" -d audience=https://api.example"),
            same,
            (Parameter, Problem),
            "https://api.example",
        ),
        case(
            "id again",
            plus(" -d app=cid-1"),
            same,
            (Parameter, Problem),
            r#"{"app":"{client_id}"}"#,
        ),
        case(
            "state",
            plus(" -d state=PLANTED-state"),
            same,
            (Parameter, Problem),
            r#"{"state":"{state}"}"#,
        ),
        case(
            "another audience",
            plus(" -d audience=b"),
            |it| it.conventions = json!({ "exchange": { "params": { "audience": "a" } } }),
            (Parameter, Problem),
            r#"{"audience":"b"}"#,
        ),
        case(
            "no audience",
            WORKS,
            |it| it.conventions = json!({ "exchange": { "params": { "audience": "a" } } }),
            (Parameter, Risk),
            "take `audience` out of `conventions.exchange.params`",
        ),
        case(
            "code",
            replaced("-d code=", "-d auth_code="),
            same,
            (ParameterName, Problem),
            r#"{"code":"auth_code"}"#,
        ),
        case(
            "uri",
            replaced("redirect_uri", "redirect_url"),
            same,
            (ParameterName, Problem),
            "redirect_url",
        ),
        case(
            "renamed in vain",
            WORKS,
            |it| it.conventions = json!({ "exchange": { "rename": { "code": "auth_code" } } }),
            (ParameterName, Problem),
            "take `code` out of `conventions.exchange.rename`",
        ),
        case(
            "id by its value",
            body_with("client_id", "klient"),
            |it| it.flavors = Some(vec![token_exchanger::Flavor::BODY_FORM]),
            (ParameterName, Problem),
            r#"{"client_id":"klient"}"#,
        ),
        case(
            "id omitted",
            body_with(" -d client_id=cid-1", ""),
            |it| it.flavors = Some(vec![token_exchanger::Flavor::BODY_FORM]),
            (Parameter, Risk),
            r#"{"omit":["client_id"]}"#,
        ),
        case(
            "no hint",
            "curl https://as.example/revoke -u cid-1:PLANTED-secret-4711 -d token=PLANTED-t",
            |it| it.revocation_url = Some("https://as.example/revoke".into()),
            (Parameter, Risk),
            r#"{"revocation":{"omit":["token_type_hint"]}}"#,
        ),
        // PKCE.
        case(
            "no verifier",
            WORKS,
            |it| it.authorization_url = Some("https://as.example/authorize".into()),
            (Pkce, Risk),
            r#"{"authorization":{"pkce":"refused"}}"#,
        ),
        case(
            "a verifier",
            plus(&format!(" -d code_verifier={VERIFIER}")),
            |it| {
                it.authorization_url = Some("https://as.example/authorize".into());
                it.conventions = json!({ "authorization": { "pkce": "refused" } });
            },
            (Pkce, Problem),
            r#"{"authorization":{"pkce":"allowed"}}"#,
        ),
        // Headers.
        case(
            "version",
            plus(" -H 'Api-Version: 2024-01-01'"),
            same,
            (Header, Problem),
            "2024-01-01",
        ),
        case(
            "id header",
            plus(" -H 'Client-ID: cid-1'"),
            same,
            (Header, Problem),
            r#"{"client-id":"{client_id}"}"#,
        ),
        case("agent", plus(" -A my-app/1.0"), same, (Header, Risk), "my-app/1.0"),
        case(
            "origin",
            plus(" -H 'Origin: https://app.example'"),
            same,
            (Header, Risk),
            "https://app.example",
        ),
        case(
            "vendor",
            plus(" -H 'Accept: application/vnd.x+json'"),
            same,
            (Header, Risk),
            "application/vnd.x+json",
        ),
        case(
            "type",
            plus(" -H 'Content-Type: application/json'"),
            same,
            (Header, Problem),
            "Content-Type",
        ),
        case(
            "header too much",
            WORKS,
            |it| it.conventions = json!({ "headers": { "x-thing": "y" } }),
            (Header, Risk),
            "take `x-thing` out of `conventions.headers`",
        ),
        // Where.
        case(
            "path",
            replaced("/token", "/oauth/token"),
            same,
            (Url, Problem),
            "https://as.example/oauth/token",
        ),
        case(
            "end",
            replaced("/token", "/token/"),
            same,
            (Url, Problem),
            "https://as.example/token/",
        ),
        case(
            "host",
            replaced("as.example", "as2.example"),
            same,
            (Url, Problem),
            "https://as2.example/token",
        ),
        case(
            "port",
            replaced("as.example", "as.example:8443"),
            same,
            (Url, Problem),
            "https://as.example:8443/token",
        ),
        case(
            "query",
            replaced("/token", "/token?version=2"),
            same,
            (Url, Problem),
            "token?version=2",
        ),
        case("get", plus(" -G"), same, (Verb, Problem), r#"{"verb":"get"}"#),
        case("post query", plus(" -G -X POST"), same, (Verb, Problem), r#"{"verb":"post_query"}"#),
        case(
            "post",
            WORKS,
            |it| it.conventions = json!({ "verb": "get" }),
            (Verb, Problem),
            r#"{"verb":"post"}"#,
        ),
        case(
            "refresh url",
            "curl https://as.example/refresh -u cid-1:PLANTED-secret-4711 -d grant_type=refresh_token -d refresh_token=PLANTED-r",
            same,
            (Url, Problem),
            ".refresh_url(\"https://as.example/refresh\")",
        ),
        case(
            "revocation url",
            "curl https://as.example/revoke -u cid-1:PLANTED-secret-4711 -d token=PLANTED-t -d token_type_hint=access_token",
            same,
            (Url, Problem),
            ".revocation_url(\"https://as.example/revoke\")",
        ),
    ];
    for case in cases {
        let mut settings = Settings::new();
        (case.configure)(&mut settings);
        let name = case.name;
        let findings = compare(&case.curl, &settings);
        let [finding] = &*findings else { panic!("{name}: {findings:#?}") };
        assert_eq!((finding.kind, finding.severity), case.expected, "{name}: {finding}");
        assert!(finding.remedy.contains(case.remedy), "{name}: {finding}");

        settings.follow(finding, &case.curl);
        let findings = compare(&case.curl, &settings);
        assert!(findings.is_empty(), "{name}: {finding}\nleaves {findings:#?}");
    }
}

#[test]
fn several_differences_are_found_at_once_and_their_remedies_mend_all() {
    let curl = "curl 'https://login.example/v2/token' -H 'Content-Type: application/json' \
                -H 'X-Version: 3' \
                --data '{\"client_key\": \"cid-9\", \"client_secret\": \"PLANTED-new\", \
                \"auth_code\": \"PLANTED-c\", \"grant_type\": \"authorization_code\", \
                \"redirectUri\": \"https://app.example/other\", \"scope\": \"a,b\", \"audience\": \"x\"}'";
    let mut settings = Settings::new();
    let findings = compare(curl, &settings);
    let mut kinds: Vec<_> = findings.iter().map(|it| format!("{:?}", it.kind)).collect();
    kinds.sort_unstable();
    let expected = "ClientId,ClientSecret,Flavor,Header,Parameter,ParameterName,ParameterName,\
                    ParameterName,RedirectUri,Scope,Url";
    assert_eq!(kinds.join(","), expected, "{findings:#?}");

    settings.id = "cid-9".into();
    for finding in &findings {
        settings.follow(finding, curl);
    }
    let findings = compare(curl, &settings);
    assert!(findings.is_empty(), "{findings:#?}");
}

#[test]
fn what_no_setting_makes_the_same_is_said() {
    for (curl, kind, word) in [
        (plus(" -H 'Cookie: session=PLANTED-cookie'"), FindingKind::Cookie, "without them"),
        (plus(" -b 'session=PLANTED-cookie'"), FindingKind::Cookie, "without them"),
        (plus(" -X PUT"), FindingKind::Verb, "without -X"),
        (plus(" -X GET"), FindingKind::Verb, "without -X"),
        (plus(" -H 'Accept: text/plain'"), FindingKind::Header, "Accept: application/json"),
        (plus(" -H 'Content-Type:'"), FindingKind::Header, "without that option"),
        (plus(" -d audience=a -d audience=b"), FindingKind::Parameter, "all but one"),
        (
            replaced(
                "-u cid-1:PLANTED-secret-4711",
                "-H 'Authorization: Basic cid-1:PLANTED-secret-4711'",
            ),
            FindingKind::Authorization,
            "-u 'id:secret'",
        ),
        (WORKS.replace("-d ", "-F "), FindingKind::Body, "-d in place of -F"),
    ] {
        let findings = compare(&curl, &Settings::new());
        let found = findings.iter().any(|it| it.kind == kind && it.remedy.contains(word));
        assert!(found, "{curl}\n{findings:#?}");
    }
}

#[test]
fn what_is_not_shown_is_the_same_once_curls_value_stands_in_its_place() {
    for (more, remedy, conventions) in [
        (
            " -d device=PLANTED-device",
            r#"{"exchange":{"params":{"device":"…"}}}"#,
            json!({ "exchange": { "params": { "device": "PLANTED-device" } } }),
        ),
        (
            " -H 'X-Api-Key: PLANTED-key'",
            r#"{"headers":{"x-api-key":"…"}}"#,
            json!({ "headers": { "x-api-key": "PLANTED-key" } }),
        ),
    ] {
        let mut settings = Settings::new();
        let findings = compare(&plus(more), &settings);
        assert_eq!(findings.len(), 1, "{findings:#?}");
        assert!(findings[0].remedy.contains(remedy), "{}", findings[0]);
        settings.conventions = conventions;
        assert_eq!(compare(&plus(more), &settings), []);
    }
}

#[test]
fn a_header_without_a_secret_is_asked_for_call_by_call() {
    let curl = replaced(CREDENTIALS, "cid-1:");
    let mut settings = Settings::new();
    settings.secret = None;
    let findings = compare(&curl, &settings);
    assert_eq!(kinds(&findings), [FindingKind::Flavor], "{findings:#?}");
    assert!(findings[0].remedy.contains(".flavor(Flavor::BASIC_FORM)"), "{}", findings[0]);
    // With a secret of ours it is the header that is made otherwise.
    let mut settings = Settings::new();
    let findings = compare(&curl, &settings);
    assert_eq!(kinds(&findings), [FindingKind::Authorization], "{findings:#?}");
    settings.follow(&findings[0], &curl);
    assert_eq!(compare(&curl, &settings), []);
}

#[test]
fn a_secret_for_a_public_client_brings_its_flavor_along() {
    let curl = with(&["-u", CREDENTIALS], BODY);
    let mut settings = Settings::new();
    settings.secret = None;
    let findings = compare(&curl, &settings);
    assert_eq!(kinds(&findings), [FindingKind::Flavor, FindingKind::ClientSecret], "{findings:#?}");
    assert!(findings[0].symptom.contains("attempt 3"), "{}", findings[0]);
    for finding in &findings {
        settings.follow(finding, &curl);
    }
    assert_eq!(compare(&curl, &settings), []);
}

#[test]
fn a_request_may_be_written_in_many_ways() {
    let mut settings = Settings::new();
    settings.url = "https://as.example/token?v=1".into();
    settings.secret = Some("PLANTED p%w".into());
    let exchanger = settings.build();
    for curl in [
        r"curl 'URL' -u 'USER' -d grant_type=client_credentials -d 'scope=read write'",
        r"curl https://as.example/token --url-query v=1 -u USER -d GRANT -d scope=read+write",
        r"curl https://cid-1:PLANTED%2520p%2525w@as.example:443/token?v=1 -d GRANT -d scope=read%20write",
        r"curl https://a:b@AS.example/token?v=1#x -u USER -d GRANT -d scope=read%20write",
        r"curl URL -H 'authorization: basic Y2lkLTE6UExBTlRFRCUyMHAlMjV3' -H 'X-Nothing:' -H nothing --data-urlencode GRANT --data-urlencode 'scope=read write'",
        r"curl URL -uUSER -XPOST -d $'grant_type=client\x5fcredentials\u0026scope=read\40write'",
        r#"curl URL -u USER -d 'grant_type='client\_"credentials" -d "scope=read write""#,
        r"curl URL -u USER -d GRANT -d scope=read%20write& wait",
        r"curl URL -u USER -d GRANT -d =scope --data-urlencode '=scope' -d scope=read%20write",
        "curl URL\n  -u USER\n  -d GRANT\n  -d scope=read%20write\n",
        "curl URL \\ \n  -u USER \\\t\r\n  -d GRANT \\\n  -d scope=read%20write\n",
        "curl ^\"https://as.example/token?v=1^\" -u USER -d GRANT ^\r\n -d \"scope=read write\" & echo",
    ] {
        let curl = curl.replace("URL", &settings.url).replace("USER", "cid-1:PLANTED%20p%25w");
        let curl = curl.replace("GRANT", "grant_type=client_credentials");
        let findings = doctor::compare(&curl, &exchanger);
        let findings = findings.unwrap_or_else(|error| panic!("{error}\n{curl}"));
        assert!(findings.is_empty(), "{curl}\n{findings:#?}");
    }
}

#[test]
fn no_more_is_looked_at_than_a_request_can_need() {
    let exchanger = Settings::new().build();
    for piece in [" -d a=PLANTED-1234", " --url-query a=b", " -H 'a: b'"] {
        let curl = format!("{WORKS}{}", piece.repeat(1_000));
        assert_eq!(doctor::compare(&curl, &exchanger), Err(CurlError::TooLong), "{piece}");
    }
}

#[test]
fn a_bearer_header_is_none_of_ours() {
    let curl = body_with("curl", "curl -H 'Authorization: Bearer PLANTED-bearer'");
    let mut settings = Settings::new();
    settings.flavors = Some(vec![Flavor::BODY_FORM]);
    let findings = compare(&curl, &settings);
    assert_eq!(kinds(&findings), [FindingKind::Authorization], "{findings:#?}");
    assert!(findings[0].symptom.contains("Bearer"));
}

#[test]
fn a_secret_in_two_places_is_said_and_either_place_may_be_chosen() {
    let curl = plus(BODY);
    let mut settings = Settings::new();
    let findings = compare(&curl, &settings);
    assert_eq!(kinds(&findings), [FindingKind::CredentialsTwice], "{findings:#?}");
    assert!(findings[0].remedy.contains("BASIC_FORM") && findings[0].remedy.contains("BODY_FORM"));
    for flavor in [Flavor::BASIC_FORM, Flavor::BODY_FORM] {
        settings.flavors = Some(vec![flavor]);
        assert_eq!(compare(&curl, &settings), [], "{flavor}");
    }
}

#[test]
fn raw_and_encoded_headers_are_told_apart_where_they_differ() {
    let mut settings = Settings::new();
    settings.secret = Some("PLANTED/a+b".into());
    let raw = replaced(PLAIN, "PLANTED/a+b");
    let encoded = replaced(PLAIN, "PLANTED%2Fa%2Bb");
    assert_eq!(compare(&encoded, &settings), []);
    let findings = compare(&raw, &settings);
    assert_eq!(kinds(&findings), [FindingKind::Flavor], "{findings:#?}");
    assert!(findings[0].remedy.contains("Flavor::BASIC_RAW_FORM"), "{}", findings[0]);
    assert!(findings[0].symptom.contains("attempt 5"), "{}", findings[0]);
    settings.follow(&findings[0], &raw);
    assert_eq!(compare(&raw, &settings), []);
    assert_eq!(kinds(&compare(&encoded, &settings)), [FindingKind::Flavor]);
    // Where encoding changes nothing there is nothing to tell apart.
    settings.secret = Some(PLAIN.into());
    assert_eq!(compare(WORKS, &settings), []);
}

#[test]
fn a_number_of_attempts_that_ends_before_theirs_is_a_problem() {
    let curl = with(&["-u", CREDENTIALS], BODY);
    let exchanger = Settings::new().builder().max_attempts(2).build().unwrap();
    let findings = doctor::compare(&curl, &exchanger).unwrap();
    assert_eq!(findings[0].severity, Severity::Problem, "{findings:#?}");
}

#[test]
fn the_way_in_which_two_secrets_differ_is_said_and_neither_is_shown() {
    for (ours, theirs, word) in [
        ("PLANTED-x", " PLANTED-x", "white space"),
        ("PLANTED-x", "\"PLANTED-x\"", "quotes"),
        ("PLANTED%2Fx", "PLANTED/x", "ours is the URL-encoded form"),
        ("PLANTED/x", "PLANTED%2Fx", "curl's is the URL-encoded form"),
        ("PLANTED-x", "planted-X", "case"),
        ("PLANTED-x", "PLANTED-xyz", "cut off"),
        ("PLANTED-xyz", "PLANTED-x", "cut off"),
        ("PLANTED-xyz", "cid-1", "the other way round"),
        ("PLANTED-xyz", "PLANTED-abc", "two secrets"),
        ("PLANTED+x/y", "PLANTED x/y", "curl's + was not encoded"),
        ("PLANTED&xyz", "PLANTED", "curl's & was not encoded"),
        ("PLANTED+x&y&z", "PLANTED x&y", "curl's & was not encoded"),
        ("PLANTED+x&y", "PLANTED z", "two secrets"),
    ] {
        let mut settings = Settings::new();
        settings.secret = Some(ours.into());
        settings.flavors = Some(vec![Flavor::BODY_FORM]);
        let curl = format!(
            "{} --data-urlencode 'client_secret={theirs}'",
            with(&["-u", CREDENTIALS], " -d client_id=cid-1")
        );
        let findings = compare(&curl, &settings);
        assert_eq!(kinds(&findings), [FindingKind::ClientSecret], "{ours} {theirs} {findings:#?}");
        assert!(findings[0].cause.contains(word), "{}", findings[0]);
    }
}

#[test]
fn the_way_in_which_two_redirect_uris_differ_is_said_and_both_are_shown() {
    for (theirs, word) in [
        ("https://app.example/cb/", "slash"),
        ("http://app.example/cb", "schemes"),
        ("https://app.example/CB", "case"),
        ("https://app.example:444/cb", "ports"),
        ("https://app.example/%63b", "percent-encoding"),
        ("https://www.app.example/cb", "hosts"),
        ("https://app.example/other", "paths"),
        ("https://app.example/cb?type=y", "queries"),
    ] {
        let curl = replaced(REDIRECT, &theirs.replace('%', "%25"));
        let findings = compare(&curl, &Settings::new());
        assert_eq!(kinds(&findings), [FindingKind::RedirectUri], "{findings:#?}");
        assert!(findings[0].cause.contains(word), "{}", findings[0]);
        assert!(findings[0].symptom.contains(theirs) && findings[0].symptom.contains(REDIRECT));
    }
}

#[test]
fn https_is_not_given_up_lightly() {
    let findings = compare(&replaced("https://as", "http://as"), &Settings::new());
    assert_eq!(kinds(&findings), [FindingKind::Url]);
    assert!(findings[0].remedy.starts_with("keep https"), "{}", findings[0]);
}

#[test]
fn the_call_is_told_by_what_is_sent() {
    let exchanger = Settings::new().build();
    let start = format!("curl {URL} -u {CREDENTIALS}");
    for (rest, asks) in [
        ("-d authCode=PLANTED", true),
        ("-d refresh_token=PLANTED", true),
        ("-d token=PLANTED", true),
        ("-d grant_type=password -d username=x -d password=PLANTED", true),
        ("-d x=y", false),
        ("", false),
    ] {
        let findings = doctor::compare(&format!("{start} {rest}"), &exchanger);
        assert_eq!(findings.is_ok(), asks, "{rest} {findings:?}");
    }
}

// The way to the provider, and what is settled before the exchange.

#[test]
fn what_decides_whether_the_provider_is_reached_or_trusted_is_a_risk() {
    use FindingKind::*;
    for (option, kind, remedy) in [
        ("--cert client.pem", Certificate, "given the certificate"),
        ("-E client.pem:PLANTED-pass", Certificate, "given the certificate"),
        ("-k", Tls, "never switch the check off"),
        ("-sSk", Tls, "tls_certs_merge"),
        ("--insecure", Tls, "ReqwestTransport::from_builder"),
        ("--cacert ca.pem", Tls, "tls_certs_merge"),
        ("--cacert ca.pem --capath=certs", Tls, "tls_certs_merge"),
        ("-x http://user:PLANTED-pass@proxy.example:8080", Network, "HTTPS_PROXY"),
        ("-xproxy.example:8080 --proxy-user user:PLANTED-pass", Network, "by `proxy`"),
        ("--proxy PLANTED-user:PLANTED-pass@proxy.example", Network, "HTTPS_PROXY"),
        ("--proxy1.0 proxy.example", Network, "HTTPS_PROXY"),
        ("--preproxy socks5://PLANTED:PLANTED@proxy.example -x b.example", Network, "HTTPS_PROXY"),
        ("--socks5 proxy.example", Network, "`socks`"),
        ("--socks5-hostname proxy.example", Network, "`socks`"),
        ("--socks4 proxy.example --socks4a proxy.example", Network, "`socks`"),
        ("--noproxy '*'", Network, "NO_PROXY"),
        ("-x ''", Network, "`no_proxy`"),
        ("--noproxy '*' -x http://proxy.example", Network, "NO_PROXY"),
        ("--resolve as.example:443:192.0.2.7", Network, "by `resolve`"),
        ("--connect-to ::other.example:443", Network, "by `resolve`"),
        ("--dns-servers 192.0.2.7 --doh-url https://dns.example", Network, "by `resolve`"),
        ("--unix-socket /run/as.sock", Network, "`unix_socket`"),
    ] {
        let curl = plus(&format!(" {option}"));
        let findings = compare(&curl, &Settings::new());
        let [finding] = &*findings else { panic!("{curl}\n{findings:#?}") };
        assert_eq!((finding.kind, finding.severity), (kind, Severity::Risk), "{finding}");
        assert!(finding.remedy.contains(remedy), "{finding}");
        assert!(!finding.to_string().contains("proxy.example"), "{finding}");
    }
    let findings = compare(&plus(" -k -x a.example --cert c.pem"), &Settings::new());
    assert_eq!(kinds(&findings), [Certificate, Tls, Network], "{findings:#?}");
}

#[test]
fn over_http_no_certificate_is_checked_by_anyone() {
    let mut settings = Settings::new();
    settings.url = "http://127.0.0.1/token".into();
    let curl = replaced(URL, &settings.url) + " -k --cacert ca.pem";
    assert_eq!(compare(&curl, &settings), []);
}

#[test]
fn another_host_in_the_header_than_in_the_url_is_a_risk() {
    for (curl, shown) in [
        (plus(" -H 'Host: other.example'"), "other.example"),
        (plus(" -H 'host: as.example:8443'"), "as.example:8443"),
        (plus(" -H 'Host: PLANTED-secret-4711'"), "…"),
        (plus(" -H 'Host: a:PLANTED@other.example'"), "…"),
    ] {
        let findings = compare(&curl, &Settings::new());
        let [finding] = &*findings else { panic!("{curl}\n{findings:#?}") };
        assert_eq!((finding.kind, finding.severity), (FindingKind::Header, Severity::Risk));
        assert!(finding.symptom.contains(&format!("`{shown}`")), "{finding}");
        assert!(finding.remedy.contains("by `resolve`"), "{finding}");
    }
    // It hides nothing of the URL.
    let curl = replaced("as.example", "as2.example") + " -H 'Host: as2.example'";
    let findings = compare(&curl, &Settings::new());
    assert_eq!(kinds(&findings), [FindingKind::Url], "{findings:#?}");
    assert!(findings[0].remedy.contains("https://as2.example/token"), "{}", findings[0]);
}

#[test]
fn a_scheme_that_curl_works_out_itself_is_named_and_its_key_is_no_client_id() {
    for (option, scheme) in [
        ("--aws-sigv4 aws:amz:eu-west-1:execute-api", "AWS4-HMAC-SHA256"),
        ("--digest", "Digest"),
        ("--ntlm", "NTLM"),
        ("--negotiate", "Negotiate"),
    ] {
        let curl = body_with("curl", &format!("curl {option} -u PLANTED-key:PLANTED-pass"));
        let mut settings = Settings::new();
        settings.flavors = Some(vec![Flavor::BODY_FORM]);
        let findings = compare(&curl, &settings);
        assert_eq!(kinds(&findings), [FindingKind::Authorization], "{findings:#?}");
        assert!(findings[0].symptom.contains(scheme), "{}", findings[0]);
    }
}

#[test]
fn a_verifier_is_a_risk_where_the_codes_of_an_exchanger_come_from_elsewhere() {
    let curl = plus(&format!(" -d code_verifier={VERIFIER}"));
    let mut settings = Settings::new();
    for pkce in ["allowed", "required", "refused"] {
        settings.conventions = json!({ "authorization": { "pkce": pkce } });
        let findings = compare(&curl, &settings);
        let [finding] = &*findings else { panic!("{findings:#?}") };
        assert_eq!((finding.kind, finding.severity), (FindingKind::Pkce, Severity::Risk));
        for way in ["AuthorizationCode::unchecked(..).verifier(..)", "authorize()"] {
            assert!(finding.remedy.contains(way), "{finding}");
        }
    }
    // Nor is one missing that the conventions add.
    settings.conventions = json!({ "exchange": { "params": { "code_verifier": VERIFIER } } });
    assert_eq!(compare(&curl, &settings), []);
    // Where authorize() makes one for each code there is no difference.
    settings.conventions = json!({});
    settings.authorization_url = Some(AUTHORIZE.into());
    assert_eq!(compare(&curl, &settings), []);
}

#[test]
fn of_a_redirect_uri_no_value_of_the_query_is_shown() {
    let keyed = "https://app.example/cb?api_key=PLANTED1&locale=en&x";
    for (ours, theirs, shown) in [
        (REDIRECT, keyed, "https://app.example/cb?api_key=…&locale=en&x"),
        ("", keyed, "https://app.example/cb?api_key=…&locale=en&x"),
        (keyed, REDIRECT, "https://app.example/cb?api_key=…&locale=en&x"),
        (REDIRECT, "https://app.example/cb?k=PLANTED", "https://app.example/cb?k=…"),
        (
            REDIRECT,
            "https%3A%2F%2Fapp.example%2Fcb%3Fk%3DPLANTED",
            "https%3A%2F%2Fapp.example%2Fcb…",
        ),
    ] {
        let mut settings = Settings::new();
        settings.redirect = ours.into();
        let encoded: String = url::form_urlencoded::byte_serialize(theirs.as_bytes()).collect();
        let findings = compare(&replaced(REDIRECT, &encoded), &settings);
        let [finding] = &*findings else { panic!("{findings:#?}") };
        assert_eq!(finding.kind, FindingKind::RedirectUri, "{finding}");
        assert!(finding.symptom.contains(&format!("`{shown}`")), "{finding}");
        let is_hidden = finding.remedy.contains('…');
        assert_eq!(
            finding.remedy.contains("with curl's value in its place"),
            is_hidden,
            "{finding}"
        );
        assert_eq!(is_hidden, theirs != REDIRECT, "{finding}");
    }
    let params = json!({ "exchange": { "params": { "redirect_uri": keyed } } });
    let mut settings = Settings::new();
    settings.conventions = params;
    let findings = compare(&replaced("/cb", "/cb?api_key=PLANTED2"), &settings);
    assert_eq!(kinds(&findings), [FindingKind::RedirectUri], "{findings:#?}");
}

// What the standards have, and the crate leaves to others.

#[test]
fn a_client_that_signs_is_told_where_a_signature_goes() {
    let signs = " -d client_id=cid-1 -d client_assertion=PLANTED.jwt.x \
                 -d client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
    let curl = with(&["-u", CREDENTIALS], signs);
    for secret in [Some(PLAIN), None] {
        let mut settings = Settings::new();
        settings.secret = secret.map(Into::into);
        let findings = compare(&curl, &settings);
        assert_eq!(kinds(&findings), [FindingKind::Flavor], "{findings:#?}");
        let Finding { cause, remedy, .. } = &findings[0];
        assert!(cause.contains("private_key_jwt") && cause.contains("RFC 7523"), "{cause}");
        assert!(remedy.contains("examples/signing_transport.rs"), "{remedy}");
        assert!(remedy.contains(r#"{"exchange":{"params":{"client_assertion":"…","#), "{remedy}");
        assert_eq!(remedy.contains("Flavor::PUBLIC[0]"), secret.is_some(), "{remedy}");

        // A fixed one, with curl's value in place of the mark.
        settings.follow(&findings[0], &curl);
        settings.conventions["exchange"]["params"]["client_assertion"] = json!("PLANTED.jwt.x");
        assert_eq!(compare(&curl, &settings), []);
    }
    // Beside a secret the flavor is compared too.
    let findings = compare(&body_with("curl", &format!("curl {signs}")), &Settings::new());
    let found = findings.iter().filter(|it| it.kind == FindingKind::Flavor).count();
    assert_eq!(found, 2, "{findings:#?}");
}

#[test]
fn another_grant_of_the_standards_is_no_word_of_the_providers() {
    for (grant, rest, standard) in [
        ("password", "-d username=x -d password=PLANTED", "RFC 6749"),
        ("urn:ietf:params:oauth:grant-type:jwt-bearer", "-d assertion=PLANTED", "RFC 7523"),
        ("urn:ietf:params:oauth:grant-type:saml2-bearer", "-d assertion=PLANTED", "RFC 7522"),
        ("urn:ietf:params:oauth:grant-type:token-exchange", "-d subject_token=PLANTED", "RFC 8693"),
        ("urn:ietf:params:oauth:grant-type:device_code", "-d device_code=PLANTED", "RFC 8628"),
        ("urn:openid:params:grant-type:ciba", "-d auth_req_id=PLANTED", "CIBA"),
    ] {
        let curl = format!("curl {URL} -u {CREDENTIALS} -d grant_type={grant} {rest}");
        let mut settings = Settings::new();
        let findings = compare(&curl, &settings);
        assert_eq!(kinds(&findings), [FindingKind::GrantType], "{findings:#?}");
        let Finding { symptom, cause, remedy, .. } = &findings[0];
        assert!(symptom.contains(grant) && symptom.contains("another grant"), "{symptom}");
        assert!(cause.contains(standard), "{cause}");
        assert!(remedy.contains("no call for this grant"), "{remedy}");
        // Who has set it is told of the rest.
        settings.follow(&findings[0], &curl);
        let findings = compare(&curl, &settings);
        assert!(!kinds(&findings).contains(&FindingKind::GrantType), "{findings:#?}");
        assert!(kinds(&findings).contains(&FindingKind::Parameter), "{findings:#?}");
    }
}

#[test]
fn a_key_in_place_of_the_id_is_not_shown_and_an_id_beside_a_secret_is() {
    let remedy = |credentials: &str| {
        let curl = replaced(CREDENTIALS, credentials);
        let findings = compare(&curl, &Settings::new());
        let id = findings.into_iter().find(|it| it.kind == FindingKind::ClientId);
        id.unwrap_or_else(|| panic!("{curl}")).remedy
    };
    assert!(remedy("PLANTEDsk_live_51H8xyz:X").contains("builder(\"…\""));
    assert!(remedy("PLANTEDsk_live_51H8xyz:X").contains("`basic` of the conventions"));
    assert!(remedy("cid-2:PLANTED-secret-4711").contains("builder(\"cid-2\""));
    // What stands there because something must hides nothing of other texts.
    let findings = compare(
        &replaced("as.example/token -u cid-1:PLANTED-secret-4711", "x.example/t -u PLANTED-key:x"),
        &Settings::new(),
    );
    assert!(findings[0].remedy.contains("\"https://x.example/t\""), "{findings:#?}");
    // Our own id is no key, whatever stands beside it.
    let findings = compare(&replaced(CREDENTIALS, "cid-1:PLANTED"), &Settings::new());
    assert_eq!(kinds(&findings), [FindingKind::ClientSecret], "{findings:#?}");
}

#[test]
fn names_made_of_words_are_shown() {
    for name in ["oauth2_token", "userIdV2", "x509_cert", "sha256", "clientApplicationIdentifier"] {
        let findings = compare(&plus(&format!(" -d {name}=1")), &Settings::new());
        assert!(findings[0].symptom.contains(&format!("`{name}`")), "{findings:#?}");
    }
}

#[test]
fn a_plus_or_an_ampersand_that_a_form_has_read_is_told_from_another_secret() {
    for (secret, word) in [("PLANTED+4711/x", "+ was not encoded"), ("PLANTED&47=11", "& was not")]
    {
        let mut settings = Settings::new();
        settings.secret = Some(secret.into());
        settings.flavors = Some(vec![Flavor::BODY_FORM]);
        let curl =
            with(&["-u", CREDENTIALS], &format!(" -d 'client_id=cid-1&client_secret={secret}'"));
        let findings = compare(&curl, &settings);
        assert_eq!(findings[0].kind, FindingKind::ClientSecret, "{findings:#?}");
        assert!(findings[0].cause.contains(word), "{}", findings[0]);
        assert!(findings[0].remedy.contains("--data-urlencode"), "{}", findings[0]);
        let encoded = curl.replace("-d 'client_id=cid-1&", "-d client_id=cid-1 --data-urlencode '");
        assert_eq!(compare(&encoded, &settings), []);
    }
}

// What comes along when a command is copied.

#[test]
fn what_a_page_or_a_terminal_adds_to_a_command_makes_no_difference() {
    let exchanger = Settings::new().build();
    let lines = WORKS.split(" -").collect::<Vec<_>>();
    let [unix, windows, powershell] =
        ["\\\n  -", "^\n  -", "`\n  -"].map(|end| lines.join(&format!(" {end}")));
    let windows = windows.replace('\'', "\"");
    let prompted = unix.replace("\n  ", "\n> ");
    let dashed = WORKS.replace(" -d ", " —data ").replace(" -u ", " –u ");
    let json = as_json().replace("PLANTED-c", CODE);
    let texts = [
        format!("```bash\n{unix}\n```\n- then read the token"),
        format!("Call it with curl:\n\n~~~ curl\n{unix}\n~~~\nIt isn't \"much\"."),
        format!("    ```sh\r\n    {WORKS}\r\n    ```"),
        format!("```{WORKS}```"),
        format!("{WORKS}\n```"),
        format!("`{WORKS}`"),
        format!("# {unix}"),
        format!("# {prompted}"),
        format!("$ {prompted}\n{{\"access_token\":\"x\"}}"),
        format!("root@host:/# {unix}"),
        format!("me@host:~$ {WORKS} --fail \\\n> out.json"),
        format!("{} \\\n> out.json", WORKS.trim_end()),
        format!("> {prompted}"),
        format!("C:\\Users\\me>{windows}"),
        format!("PS C:\\Users\\me> {}", powershell.replace("curl ", "curl.exe ")),
        format!("PS> {}", powershell.replace("\n  ", "\n>> ")),
        format!("# curl as it works:\n{WORKS}"),
        WORKS.replace('\'', "’"),
        WORKS.replace(CREDENTIALS, &format!("“{CREDENTIALS}”")).replace('\'', "”"),
        format!("Don’t “wait”:\n{}", dashed.replace('\'', "’")),
        dashed,
    ];
    for text in texts {
        let findings = doctor::compare(&text, &exchanger);
        let findings = findings.unwrap_or_else(|error| panic!("{error}\n{text}"));
        assert!(findings.is_empty(), "{text}\n{findings:#?}");
    }
    let mut settings = Settings::new();
    settings.flavors = Some(vec![Flavor::BASIC_JSON]);
    let escaped = json.replace('"', "`\"").replace('\'', "\"").replace("curl ", "curl.exe ");
    for text in [
        json.replace('\'', "‘").replace('"', "“"),
        json.replace(",\"", ",\n> \"").replace("curl", "$ curl"),
        escaped.clone(),
        escaped.replace("`\"", "\"\""),
    ] {
        assert_eq!(compare(&text, &settings), [], "{text}");
    }
}

#[test]
fn what_stands_in_quotes_stays_as_it_is() {
    for (secret, curl, quoted) in [
        ("PLANTED“–x’", "curl ", "-d 'client_secret=PLANTED“–x’'"),
        ("PLANTED's", "curl.exe ", "-d 'client_secret=PLANTED''s'"),
        ("PLANTED`\"$s", "curl.exe ", "-d \"client_secret=PLANTED```\"`$s\""),
        ("PLANTED%C3%A9%ab", "curl ^\n", "--data-urlencode \"client_secret=PLANTED%C3%A9%ab\""),
        ("PLANTED é/", "curl ^\n", "-d \"client_secret=PLANTED%20%C3%A9%2F\""),
    ] {
        let mut settings = Settings::new();
        settings.secret = Some(secret.into());
        settings.scopes.clear();
        settings.flavors = Some(vec![Flavor::BODY_FORM]);
        let curl =
            format!("{curl} {URL} -d grant_type=client_credentials -d client_id=cid-1 {quoted}");
        assert_eq!(compare(&curl, &settings), [], "{curl}");
    }
}

// What is no command.

#[test]
fn what_cannot_be_compared_is_said_without_a_word_of_it() {
    let exchanger = Settings::new().build();
    for (text, expected) in [
        ("", "NoCommand"),
        ("wget PLANTED", "NoCommand"),
        ("curl", "NoUrl"),
        ("curl -d PLANTED", "NoUrl"),
        ("curl https://a.example 'PLANTED", "Unfinished"),
        ("curl https://a.example \"PLANTED\\", "Unfinished"),
        ("curl https://a.example $'PLANTED\\", "Unfinished"),
        ("curl https://a.example -d a=PLANTED&b=PLANTED", "BareAmpersand"),
        ("curl https://a.example -d \"code=$PLANTED\"", "Variable"),
        ("curl https://a.example -d code=`PLANTED`", "Variable"),
        ("curl https://a.example -d code=$(cat PLANTED)", "Variable"),
        ("curl 'https://a.example/{{PLANTED}}' -d code=1", "Variable"),
        ("curl https://a.example -u %PLANTED_ID%:%SECRET% -d code=1", "Variable"),
        ("curl https://a.example ^\n -u %ADDRESS%:x -d \"code=%PLANTED_1%\"", "Variable"),
        ("curl -Uri https://a.example -Method Post -Body @{code='PLANTED'}", "PowerShell"),
        ("curl https://a.example `\n -Headers $PLANTED -body 'code=1'", "PowerShell"),
        ("Invoke-RestMethod -Uri https://a.example -Body \"PLANTED\"", "PowerShell"),
        ("curl https://a.example -d @PLANTED", "File { word: 3 }"),
        ("curl https://a.example --data-binary=@PLANTED", "File { word: 3 }"),
        ("curl https://a.example --data-urlencode code@PLANTED", "File { word: 3 }"),
        ("curl https://a.example -F code=@PLANTED", "File { word: 3 }"),
        ("curl https://a.example -H @PLANTED", "File { word: 3 }"),
        ("curl https://a.example -K PLANTED", "File { word: 3 }"),
        ("curl https://a.example --PLANTED", "UnknownOption { word: 3 }"),
        ("curl https://a.example -§PLANTED", "UnknownOption { word: 3 }"),
        ("curl https://a.example -d", "MissingValue { word: 3 }"),
        ("curl https://a.example -u PLANTED -d code=1", "MissingPassword"),
        ("curl PLANTED://x -d code=1", "InvalidUrl"),
        ("curl 'https://[PLANTED' -d code=1", "InvalidUrl"),
        ("curl https://a.example https://b.example", "SeveralRequests"),
        ("curl https://a.example -d code=1 --next https://b.example", "SeveralRequests"),
        ("curl https://a.example --json '{\"code\": PLANTED}'", "InvalidJson"),
        ("curl https://a.example --json '[1]'", "InvalidJson"),
        ("curl https://a.example -d PLANTED=1", "NotForTokens"),
    ] {
        let error = doctor::compare(text, &exchanger).expect_err(text);
        assert_eq!(format!("{error:?}"), expected, "{text}");
        assert!(!error.to_string().contains("PLANTED"), "{error}");
        assert!(error.to_string().contains(':'), "what to do: {error}");
    }
    let long = format!("curl https://a.example -d code={}", "x".repeat(1 << 20));
    assert_eq!(doctor::compare(&long, &exchanger), Err(CurlError::TooLong));
    let in_url = format!("curl https://a.example -G -d code={}", "x".repeat(70_000));
    assert!(doctor::compare(&in_url, &exchanger).is_ok());
}

// Secrets, and whatever may come.

#[test]
fn no_secret_is_shown_wherever_it_stands() {
    let places = [
        "-u cid-1:PLANTED-1234",
        "-u PLANTED-1234:",
        "-u PLANTED-1234:cid-1",
        "-u PLANTED-1234:X -d grant_type=client_credentials",
        "-u PLANTED-1234:unused -d code=X",
        "-d code=X -u PLANTED-1234:-",
        "-d code=X -H 'X-PLANTED-secret-4711: v'",
        "-d code=X -H 'X-PLANTED-51H8xyz: v'",
        "-d code=X -d PLANTEDsk_live_51H8xyz=1",
        "-d code=X -d a[PLANTED-secret-4711]=1",
        "-d code=X --url-query PLANTED9f86d081884c7d65=",
        "--json '{\"code\":\"X\",\"PLANTED9f86d081884c7d65\":1}'",
        "-d PLANTED-secret-4711",
        "-d UExBTlRFRC0xMjM0NTY3ODkw==",
        "-u 'cid-1:PLANTED-1234 '",
        "-d client_secret=PLANTED-1234",
        "-d refresh_token=PLANTED-1234",
        "-d token=PLANTED-1234",
        "-d code=PLANTED-1234",
        "-d code=X -d audience=PLANTED-secret-4711",
        "-d code=X -d 'scope=read PLANTED-secret-4711'",
        "-d code=X -d redirect_uri=https://PLANTED-secret-4711.example/PLANTED-secret-4711",
        "-d code=X -d PLANTED-secret-4711=x",
        "-d code=PLANTED-1234 -d client_id=PLANTED-1234",
        "-d code=X -d password=PLANTED-1234",
        "-d code=X -d password=PLANTED-1234 -d grant_type=PLANTED-1234",
        "-d code=X -d client_assertion=PLANTED-1234",
        "-d code=X -d foo=PLANTED-1234",
        "-d code=X -H 'X-Key: PLANTED-1234'",
        "-d code=X -H 'PLANTED-secret-4711: PLANTED-1234'",
        "-d code=X -d redirect_uri=https://app.example/cb?client_secret=PLANTED-1234",
        "-d code=X -d redirect_uri=https://app.example/cb%26client_secret=PLANTED-1234",
        "-d code=X -d grant_type=authorization_code%26x=PLANTED-1234",
        "-d code=X -d audience=x%22token%22%3A%22PLANTED-1234",
        "-d code=X -H 'Authorization: PLANTED-1234'",
        "-d code=X -H 'Authorization: Basic PLANTED-1234'",
        "-d code=X -H 'Cookie: PLANTED-1234'",
        "-d code=X -b x=PLANTED-1234",
        "-d code=X --oauth2-bearer PLANTED-1234",
        "-d code=X -X PLANTED-1234",
        "-d code=X -H 'Accept: PLANTED-secret-4711'",
        "-d code=X -A PLANTED-secret-4711",
        "-d code=X -H 'Content-Type: PLANTED-secret-4711'",
        "-d code=X -H 'Content-Type: text/PLANTED-secret-4711'",
        "-d code=X --url-query api_key=PLANTED-1234",
        "-F code=PLANTED-1234 -F other=PLANTED-1234",
        "--json '{\"code\":\"X\",\"list\":[\"PLANTED-1234\"],\"object\":{\"PLANTED-1234\":1}}'",
    ];
    for place in places {
        for url in [
            URL,
            "https://PLANTED-secret-4711.example/PLANTED-secret-4711",
            "https://cid-1:PLANTED-1234@as.example/other?sig=PLANTED-1234",
        ] {
            for secret in [Some(PLAIN), None] {
                let mut settings = Settings::new();
                settings.secret = secret.map(Into::into);
                if secret.is_none() {
                    settings.secret = Some("PLANTED-secret-4711".into());
                    settings.conventions =
                        json!({ "exchange": { "params": { "foo": "PLANTED-secret-4711" } } });
                }
                let curl = format!("curl '{url}' {place}");
                match doctor::compare(&curl, &settings.build()) {
                    Ok(findings) => assert_no_secret(&curl, &findings),
                    Err(error) => assert!(!format!("{error} {error:?}").contains("PLANTED")),
                }
            }
        }
    }
}

#[test]
fn whatever_is_pasted_nothing_panics_and_no_secret_is_shown() {
    let mut settings = Settings::new();
    settings.secret = Some(RESERVED.into());
    settings.revocation_url = Some("https://as.example/revoke".into());
    settings.authorization_url = Some("https://as.example/authorize".into());
    let exchanger = settings.build();
    let mut texts: Vec<String> = Vec::new();
    for flavor in [Flavor::BASIC_FORM, Flavor::BODY_JSON, Flavor::BASIC_RAW_FORM] {
        settings.flavors = Some(vec![flavor]);
        for request in requests(&settings.build()) {
            texts.extend(STYLES.iter().map(|(_, write)| write(&request)));
        }
    }
    let bits = [
        "'",
        "\"",
        "\\",
        "^",
        "`",
        "$",
        "$'",
        "&",
        "|",
        ">",
        "<",
        "#",
        "\n",
        "\r\n",
        " ",
        "-",
        "--",
        "=",
        "@",
        "%",
        "%2",
        "{",
        "}",
        "{{x}}",
        "é",
        "\u{1f600}",
        "\0",
        ":",
        " -d ",
        " -H ",
        " -F a",
        " -G ",
        " -X ",
        " -u ",
        " --json ",
        "\\\n",
        "^\n",
        "\\x",
        "\\u12",
        "[",
        "]",
        "?",
        ";",
    ];
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let mut compared = 0;
    for round in 0..6_000 {
        let text = &texts[round % texts.len()];
        let mut characters: Vec<char> = text.chars().collect();
        for _ in 0..=random.below(3) {
            let at = random.below(characters.len().max(1)).min(characters.len());
            let end = (at + random.below(12)).min(characters.len());
            match random.below(4) {
                0 => drop(characters.drain(at..end)),
                1 => characters.truncate(at),
                2 => {
                    let piece = characters[at..end].to_vec();
                    let to = random.below(characters.len() + 1);
                    characters.splice(to..to, piece);
                }
                _ => drop(characters.splice(at..at, bits[random.below(bits.len())].chars())),
            }
        }
        let text: String = characters.into_iter().collect();
        match doctor::compare(&text, &exchanger) {
            Ok(findings) => {
                compared += 1;
                let shown = format!("{findings:?} {}", serde_json::to_string(&findings).unwrap());
                assert!(!shown.contains(RESERVED), "{text}\n{shown}");
                let named =
                    [("code", CODE), ("code_verifier", VERIFIER), ("refresh_token", REFRESH)];
                for (_, secret) in named.into_iter().filter(|(name, it)| is_named(&text, name, it))
                {
                    assert!(!shown.contains(secret), "{text}\n{shown}");
                }
            }
            Err(error) => assert!(!format!("{error} {error:?}").contains("PLANTED"), "{text}"),
        }
    }
    assert!(compared > 1_000, "{compared}");
}

#[test]
fn every_beginning_of_a_command_is_taken_or_refused() {
    let exchanger = Settings::new().build();
    for request in requests(&exchanger) {
        for (_, write) in STYLES {
            let text = write(&request);
            for (at, _) in text.char_indices() {
                if let Ok(findings) = doctor::compare(&text[..at], &exchanger) {
                    assert_no_secret(&text[..at], &findings);
                }
            }
        }
    }
}

// Helpers.

const CREDENTIALS: &str = "cid-1:PLANTED-secret-4711";
const BODY: &str = " -d client_id=cid-1 -d client_secret=PLANTED-secret-4711";
const REDIRECT_PART: &str = "-d redirect_uri=https://app.example/cb ";
const SCOPE_PART: &str = "-d 'scope=read write' ";
const FJ: Flavor = Flavor::BASIC_JSON;

/// As our own exchanger asks by default.
const WORKS: &str = "curl https://as.example/token -u cid-1:PLANTED-secret-4711 \
                     -d grant_type=authorization_code -d 'scope=read write' \
                     -d redirect_uri=https://app.example/cb -d code=PLANTED-code-4711";

fn plus(more: &str) -> String {
    format!("{WORKS}{more}")
}

#[track_caller]
fn replaced(part: &str, by: &str) -> String {
    assert!(WORKS.contains(part));
    WORKS.replace(part, by)
}

fn without(part: &str) -> String {
    replaced(part, "")
}

/// Without these words, and with more.
fn with(without: &[&str], more: &str) -> String {
    let words = without.join(" ");
    format!("{}{more}", replaced(&words, ""))
}

fn body_with(part: &str, by: &str) -> String {
    let curl = with(&["-u", CREDENTIALS], BODY);
    assert!(curl.contains(part));
    curl.replace(part, by)
}

fn as_json() -> String {
    format!(
        "curl {URL} -u {CREDENTIALS} --json '{{\"grant_type\":\"authorization_code\",\
         \"scope\":\"read write\",\"redirect_uri\":\"{REDIRECT}\",\"code\":\"PLANTED-c\"}}'"
    )
}

struct Case {
    name: &'static str,
    curl: String,
    configure: fn(&mut Settings),
    expected: (FindingKind, Severity),
    remedy: &'static str,
}

fn case(
    name: &'static str,
    curl: impl Into<String>,
    configure: fn(&mut Settings),
    expected: (FindingKind, Severity),
    remedy: &'static str,
) -> Case {
    Case { name, curl: curl.into(), configure, expected, remedy }
}

fn kinds(findings: &[Finding]) -> Vec<FindingKind> {
    findings.iter().map(|it| it.kind).collect()
}

#[track_caller]
fn compare(curl: &str, settings: &Settings) -> Vec<Finding> {
    let findings = doctor::compare(curl, &settings.build());
    let findings = findings.unwrap_or_else(|error| panic!("{error}\n{curl}"));
    assert_no_secret(curl, &findings);
    findings
}

#[track_caller]
fn assert_no_secret(curl: &str, findings: &[Finding]) {
    let display: String = findings.iter().map(ToString::to_string).collect();
    let shown = format!("{findings:?} {display} {}", serde_json::to_string(findings).unwrap());
    assert!(!shown.to_lowercase().contains("planted"), "{curl}\n{findings:#?}");
}

/// A configuration that remedies can change.
#[derive(Clone)]
struct Settings {
    id: String,
    url: String,
    secret: Option<String>,
    redirect: String,
    scopes: Vec<String>,
    authorization_url: Option<String>,
    refresh_url: Option<String>,
    revocation_url: Option<String>,
    flavors: Option<Vec<Flavor>>,
    conventions: Value,
}

impl Settings {
    fn new() -> Self {
        Self {
            id: "cid-1".into(),
            url: URL.into(),
            secret: Some(PLAIN.into()),
            redirect: REDIRECT.into(),
            scopes: vec!["read".into(), "write".into()],
            authorization_url: None,
            refresh_url: None,
            revocation_url: None,
            flavors: None,
            conventions: json!({}),
        }
    }

    fn builder(&self) -> token_exchanger::TokenExchangerBuilder {
        let conventions: Conventions = serde_json::from_value(self.conventions.clone()).unwrap();
        let mut builder = TokenExchanger::builder(&*self.id, &*self.url)
            .redirect_uri(&*self.redirect)
            .scopes(&self.scopes)
            .conventions(conventions)
            .transport(from_fn(async |_| unreachable!("nothing is sent")));
        if let Some(secret) = &self.secret {
            builder = builder.client_secret(&**secret);
        }
        if let Some(url) = &self.authorization_url {
            builder = builder.authorization_url(url);
        }
        if let Some(url) = &self.refresh_url {
            builder = builder.refresh_url(url);
        }
        if let Some(url) = &self.revocation_url {
            builder = builder.revocation_url(url);
        }
        if let Some(flavors) = &self.flavors {
            builder = builder.flavors(flavors.iter().copied());
        }
        builder
    }

    #[track_caller]
    fn build(&self) -> TokenExchanger {
        self.builder().build().unwrap()
    }

    /// Does what the remedy says, to the letter.
    #[track_caller]
    fn follow(&mut self, finding: &Finding, curl: &str) {
        let remedy = &*finding.remedy;
        let mut is_followed = false;
        for part in remedy.split('`').skip(1).step_by(2).filter(|part| part.starts_with('{')) {
            let addition = serde_json::from_str(part).expect("JSON");
            merge(&mut self.conventions, addition);
            is_followed = true;
        }
        if let Some(rest) = remedy.strip_prefix("take `") {
            let (name, place) = rest.split_once("` out of ").expect("a place");
            let path = place.trim_matches('`').trim_start_matches("the conventions");
            let path = path.trim_start_matches("conventions.").replace('.', "/");
            let pointer = if path.is_empty() { path } else { format!("/{path}") };
            match self.conventions.pointer_mut(&pointer).expect("what is to be changed") {
                Value::Array(list) => list.retain(|it| it != name),
                Value::Object(map) => drop(map.remove(name).expect("what is to go")),
                other => panic!("{other}"),
            }
            is_followed = true;
        }
        let quoted = |start: &str| {
            let (_, rest) = remedy.split_once(start)?;
            Some(rest.split_once('"')?.0.to_owned())
        };
        let list = |start: &str| Some(remedy.split_once(start)?.1.split_once("])")?.0.to_owned());
        if let Some(flavors) = list(".flavors([") {
            self.flavors = Some(vec![match &*flavors {
                "Flavor::BASIC_FORM" => Flavor::BASIC_FORM,
                "Flavor::BASIC_JSON" => Flavor::BASIC_JSON,
                "Flavor::BODY_FORM" => Flavor::BODY_FORM,
                "Flavor::BODY_JSON" => Flavor::BODY_JSON,
                "Flavor::BASIC_RAW_FORM" => Flavor::BASIC_RAW_FORM,
                "Flavor::PUBLIC[0]" => Flavor::PUBLIC[0],
                other => panic!("{other}"),
            }]);
            is_followed = true;
        }
        if let Some(scopes) = list(".scopes([") {
            self.scopes = serde_json::from_str(&format!("[{scopes}]")).expect("scopes");
            is_followed = true;
        }
        for (start, setting) in [
            ("builder(client_id, \"", &mut self.url),
            ("TokenExchanger::builder(\"", &mut self.id),
            (".redirect_uri(\"", &mut self.redirect),
        ] {
            if let Some(value) = quoted(start) {
                *setting = value;
                is_followed = true;
            }
        }
        for (start, setting) in [
            (".refresh_url(\"", &mut self.refresh_url),
            (".revocation_url(\"", &mut self.revocation_url),
        ] {
            if let Some(value) = quoted(start) {
                *setting = Some(value);
                is_followed = true;
            }
        }
        if remedy.contains(".client_secret(..)") {
            let known = [PLAIN, "PLANTED-other", "PLANTED-new"];
            self.secret = known.into_iter().find(|it| curl.contains(it)).map(Into::into);
            is_followed = true;
        }
        assert!(is_followed, "{finding}");
    }
}

fn merge(into: &mut Value, addition: Value) {
    match (into, addition) {
        (Value::Object(into), Value::Object(addition)) => {
            for (name, value) in addition {
                merge(into.entry(name).or_insert(json!({})), value);
            }
        }
        (Value::Array(into), Value::Array(addition)) => into.extend(addition),
        (into, addition) => *into = addition,
    }
}

/// One of each kind of call.
fn requests(exchanger: &TokenExchanger) -> Vec<HttpRequest> {
    let code = AuthorizationCode::unchecked(CODE).verifier(CodeVerifier::parse(VERIFIER).unwrap());
    let token = Token::bearer("PLANTED-access").with_refresh_token(REFRESH);
    let mut requests = vec![
        exchanger.exchange(code).request(),
        exchanger.client_credentials().request(),
        exchanger.refresh(&token).unwrap().request(),
    ];
    requests.extend(exchanger.revoke(&token).ok().map(|call| call.request()));
    requests.extend(exchanger.revoke(&Token::bearer("PLANTED")).ok().map(|call| call.request()));
    requests
}

type Style = (&'static str, fn(&HttpRequest) -> String);

const STYLES: [Style; 11] = [
    ("documentation", documentation),
    ("short options", short_options),
    ("Postman", postman),
    ("Postman with encoding left to curl", postman_urlencode),
    ("Insomnia", insomnia),
    ("browser, bash", browser_bash),
    ("browser, bash with escapes", browser_escaped),
    ("browser, cmd", browser_cmd),
    ("PowerShell", powershell),
    ("one line in double quotes", double_quoted),
    ("equals signs", equals_signs),
];

fn documentation(request: &HttpRequest) -> String {
    let mut text = format!("curl {}", single(&url(request)));
    if request.method() == "POST" {
        text.push_str(" \\\n  -X POST");
    }
    for (name, value) in headers(request) {
        match value.strip_prefix("Basic ") {
            Some(basic) => {
                let user = String::from_utf8(STANDARD.decode(basic).unwrap()).unwrap();
                text.push_str(&format!(" \\\n  -u {}", single(&user)));
            }
            None => text.push_str(&format!(" \\\n  -H {}", single(&format!("{name}: {value}")))),
        }
    }
    for data in pieces(request) {
        text.push_str(&format!(" \\\n  -d {}", single(&data)));
    }
    text + "\n"
}

fn short_options(request: &HttpRequest) -> String {
    let mut text = format!("/usr/bin/curl -sSLX{}", request.method());
    for (name, value) in headers(request) {
        text.push_str(&format!(" -H{}", single(&format!("{name}:{value}"))));
    }
    for data in pieces(request) {
        text.push_str(&format!(" -Nd{}", single(&data)));
    }
    text + " -iv " + &single(&url(request))
}

fn postman(request: &HttpRequest) -> String {
    let mut text =
        format!("curl --location --request {} {}", request.method(), single(&url(request)));
    for (name, value) in headers(request) {
        text.push_str(&format!(" \\\n--header {}", single(&format!("{name}: {value}"))));
    }
    if !request.body().is_empty() {
        text.push_str(&format!(" \\\n--data-raw {}", single(body(request))));
    }
    text
}

fn postman_urlencode(request: &HttpRequest) -> String {
    let mut text = format!("curl -L -X {} {}", request.method(), single(&url(request)));
    for (name, value) in headers(request) {
        text.push_str(&format!(" \\\r\n-H {}", single(&format!("{name}: {value}"))));
    }
    if body(request).starts_with('{') {
        text.push_str(&format!(" \\\r\n--data {}", single(body(request))));
    } else {
        for (name, value) in url::form_urlencoded::parse(request.body()) {
            let data = single(&format!("{name}={value}"));
            text.push_str(&format!(" \\\r\n--data-urlencode {data}"));
        }
    }
    text
}

fn insomnia(request: &HttpRequest) -> String {
    let method = request.method();
    let mut text = format!("curl --request {method} \\\n  --url {}", single(&url(request)));
    for (name, value) in headers(request) {
        text.push_str(&format!(" \\\n  --header {}", single(&format!("{name}: {value}"))));
    }
    text.push_str(" \\\n  --header 'User-Agent: insomnia/10.0.0'");
    for data in pieces(request) {
        text.push_str(&format!(" \\\n  --data {}", single(&data)));
    }
    text
}

fn browser_bash(request: &HttpRequest) -> String {
    let mut text = format!("curl {}", single(&url(request)));
    text.push_str(&format!(" \\\n  -X {}", single(request.method().as_str())));
    for (name, value) in headers(request) {
        text.push_str(&format!(" \\\n  -H {}", single(&format!("{name}: {value}"))));
    }
    text.push_str(" \\\n  -H 'sec-ch-ua: \"Chromium\";v=\"131\"' \\\n  -H 'accept-language: en'");
    text.push_str(" \\\n  -H 'user-agent: Mozilla/5.0 (X11; Linux x86_64)'");
    if !request.body().is_empty() {
        text.push_str(&format!(" \\\n  --data-raw {}", single(body(request))));
    }
    text + " \\\n  --compressed ;"
}

fn browser_escaped(request: &HttpRequest) -> String {
    let escaped = |text: &str| {
        let escape = |c: char| match c {
            '\\' => "\\\\".to_owned(),
            '\'' => "\\'".to_owned(),
            '!' | '&' => format!("\\u{:04x}", c as u32),
            '=' => "\\x3d".to_owned(),
            '_' => "\\137".to_owned(),
            c if !c.is_ascii() => c.to_string().bytes().map(|it| format!("\\x{it:x}")).collect(),
            c => c.to_string(),
        };
        format!("$'{}'", text.chars().map(escape).collect::<String>())
    };
    let mut text = format!("curl {} -X {}", escaped(&url(request)), request.method());
    for (name, value) in headers(request) {
        text.push_str(&format!(" \\\n  -H {}", escaped(&format!("{name}: {value}"))));
    }
    if !request.body().is_empty() {
        text.push_str(&format!(" \\\n  --data-binary {}", escaped(body(request))));
    }
    text
}

fn browser_cmd(request: &HttpRequest) -> String {
    let quote = |text: &str| {
        let escape = |c: char| match c {
            '"' => "^\\^\"".to_owned(),
            '\\' => "\\".to_owned(),
            c if c.is_ascii_alphanumeric() || "-_.:/ =".contains(c) => c.to_string(),
            c => format!("^{c}"),
        };
        // A backslash before a quote is doubled there.
        let text = text.replace("\\\"", "\\\\\"");
        format!("^\"{}^\"", text.chars().map(escape).collect::<String>())
    };
    let mut text = format!("curl {} -X {}", quote(&url(request)), request.method());
    for (name, value) in headers(request) {
        text.push_str(&format!(" ^\r\n  -H {}", quote(&format!("{name}: {value}"))));
    }
    if !request.body().is_empty() {
        text.push_str(&format!(" ^\r\n  --data-raw {}", quote(body(request))));
    }
    text + "\r\n"
}

fn powershell(request: &HttpRequest) -> String {
    let mut text =
        format!("curl.exe --url {} `\r\n -X {}", single(&url(request)), request.method());
    for (name, value) in headers(request) {
        text.push_str(&format!(" `\r\n -H {}", single(&format!("{name}: {value}"))));
    }
    for data in pieces(request) {
        text.push_str(&format!(" `\r\n --data-ascii {}", single(&data)));
    }
    text
}

fn double_quoted(request: &HttpRequest) -> String {
    let quote = |text: &str| {
        let mut text = text.replace('\\', "\\\\");
        for character in ['"', '$', '`'] {
            text = text.replace(character, &format!("\\{character}"));
        }
        format!("\"{text}\"")
    };
    let mut text = format!("curl -X {}", request.method());
    for (name, value) in headers(request) {
        text.push_str(&format!(" -H {}", quote(&format!("{name}: {value}"))));
    }
    let is_json = body(request).starts_with('{');
    for data in pieces(request) {
        text.push_str(&format!(" {} {}", if is_json { "--json" } else { "-d" }, quote(&data)));
    }
    text + " " + &quote(&url(request))
}

fn equals_signs(request: &HttpRequest) -> String {
    let mut text = format!("curl --request={} --url={}", request.method(), single(&url(request)));
    for (name, value) in headers(request) {
        text.push_str(&format!(" --header={}", single(&format!("{name}: {value}"))));
    }
    for data in pieces(request) {
        text.push_str(&format!(" --data={}", single(&data)));
    }
    text
}

fn url(request: &HttpRequest) -> String {
    request.uri().to_string()
}

fn body(request: &HttpRequest) -> &str {
    std::str::from_utf8(request.body()).unwrap()
}

/// A form one by one, JSON as a whole.
fn pieces(request: &HttpRequest) -> Vec<String> {
    let body = body(request);
    if body.starts_with('{') {
        return vec![body.to_owned()];
    }
    body.split('&').filter(|it| !it.is_empty()).map(str::to_owned).collect()
}

fn headers(request: &HttpRequest) -> Vec<(String, String)> {
    let headers = request.headers().iter();
    let text = |value: &http::HeaderValue| value.to_str().unwrap().to_owned();
    headers.map(|(name, value)| (name.to_string(), text(value))).collect()
}

fn single(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// Whether the name still stands before the secret: what has become a part of something else cannot be
/// known for one.
fn is_named(text: &str, name: &str, secret: &str) -> bool {
    let Some((before, _)) = text.split_once(secret) else { return false };
    let before = before.trim_end_matches("\\x3d");
    before.trim_end_matches(|c: char| !c.is_alphanumeric()).ends_with(name)
}

/// The same numbers each time.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % end.max(1) as u64).unwrap()
    }
}
