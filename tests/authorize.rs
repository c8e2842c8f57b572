//! The authorization URL, and what is kept until the callback.

mod support;

use std::collections::BTreeMap;

use support::{body, code, plain, play, token};
use token_exchanger::{
    Callback, CodeVerifier, ConfigError, Conventions, Flavor, PendingAuthorization, Pkce,
    TokenExchanger, TokenExchangerBuilder,
};
use url::Url;

const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

#[test]
fn the_authorization_url_has_the_documented_bytes() {
    let exchanger = TokenExchanger::builder("abc-123", "https://auth.example.com/token")
        .authorization_url("https://auth.example.com/authorize")
        .redirect_uri("https://oauth2.prismatic.io/callback")
        .scopes(["widget:read", "widget:write"])
        .build()
        .unwrap();
    let verifier = CodeVerifier::parse(VERIFIER).unwrap();
    let authorize = exchanger.authorize().unwrap().state("SW5example").verifier(verifier);
    assert_eq!(
        authorize.start().unwrap().url.as_str(),
        format!(
            "https://auth.example.com/authorize?client_id=abc-123\
             &redirect_uri=https%3A%2F%2Foauth2.prismatic.io%2Fcallback\
             &scope=widget%3Aread%20widget%3Awrite&state=SW5example&response_type=code\
             &code_challenge={CHALLENGE}&code_challenge_method=S256"
        )
    );
}

#[test]
fn its_own_query_stays_to_the_letter_and_gives_way_to_parameters_of_the_same_names() {
    let url =
        "https://as.example/auth?a=%2f+x&client_id=other&stat%65=old&&b&scope=old&prompt=none#";
    let url = url.trim_end_matches('#');
    let exchanger = builder().authorization_url(url).build().unwrap();
    let authorize =
        exchanger.authorize().unwrap().without_pkce().state("S").param("prompt", "login");
    assert_eq!(
        authorize.start().unwrap().url.query().unwrap(),
        "a=%2f+x&b&scope=old&client_id=my-client-id&redirect_uri=https%3A%2F%2Fmy.example%2Fcb&state=S\
         &response_type=code&prompt=login"
    );
}

#[test]
fn the_redirect_uri_goes_out_byte_for_byte() {
    for uri in
        ["https://My.Example:443/cb?x=%7e&y=a b", "com.example.app:/cb", "http://127.0.0.1/cb/"]
    {
        let exchanger = builder().redirect_uri(uri).build().unwrap();
        let authorization = exchanger.authorize().unwrap().start().unwrap();
        assert_eq!(query(&authorization.url)["redirect_uri"], uri);
        let callback = format!("code=C&state={}", authorization.pending.state());
        let code = authorization.pending.accept(Callback::parse(&callback).unwrap()).unwrap();
        let call = exchanger.exchange(code).flavor(Flavor::BASIC_JSON);
        let request = call.request();
        let body: BTreeMap<String, String> = serde_json::from_slice(request.body()).unwrap();
        assert_eq!(body["redirect_uri"], uri);
    }
}

#[test]
fn state_and_verifier_are_256_random_bits_and_new_each_time() {
    let exchanger = builder().build().unwrap();
    let mut seen = std::collections::HashSet::new();
    for _ in 0..100 {
        let authorization = exchanger.authorize().unwrap().start().unwrap();
        let query = query(&authorization.url);
        assert_eq!(query["state"].len(), 43);
        assert_eq!(query["code_challenge"].len(), 43);
        assert_eq!(query["code_challenge_method"], "S256");
        assert_eq!(authorization.pending.state(), query["state"]);
        assert!(
            seen.insert(query["state"].clone()) && seen.insert(query["code_challenge"].clone())
        );
    }
}

#[test]
fn scopes_and_parameters_can_be_added_and_empty_ones_are_left_out() {
    let exchanger = builder().scopes(["read"]).build().unwrap();
    let authorize = exchanger.authorize().unwrap().scope("write").without_pkce();
    let authorize =
        authorize.param("access_type", "offline").param("hint", "").param("max_age", "0");
    let query = query(&authorize.start().unwrap().url);
    assert_eq!(query["scope"], "read write");
    assert_eq!(query["access_type"], "offline");
    assert_eq!(query["max_age"], "0");
    assert!(!query.contains_key("hint") && !query.contains_key("code_challenge"));
}

#[test]
fn an_empty_state_is_none_so_that_one_is_drawn() {
    let exchanger = builder().build().unwrap();
    for authorize in [
        exchanger.authorize().unwrap().state(""),
        exchanger.authorize().unwrap().param("state", ""),
    ] {
        assert_eq!(query(&authorize.start().unwrap().url)["state"].len(), 43);
    }
}

#[test]
fn a_redirect_uri_of_one_authorization_goes_with_its_code() {
    let exchanger = builder().build().unwrap();
    let authorize = exchanger.authorize().unwrap().param("redirect_uri", "https://eu.example/cb");
    let authorization = authorize.state("S").start().unwrap();
    assert_eq!(query(&authorization.url)["redirect_uri"], "https://eu.example/cb");
    let callback = Callback::parse("?code=C&state=S").unwrap();
    let code = authorization.pending.accept(callback).unwrap();
    let request = exchanger.exchange(code).request();
    assert!(
        body(&request).contains("redirect_uri=https%3A%2F%2Feu.example%2Fcb&code=C&code_verifier=")
    );
}

#[test]
fn what_was_asked_for_in_one_authorization_is_asked_for_at_its_exchange() {
    let conventions = r#"{"authorization": {"params": {"redirect_uri": "urn:other:cb"}}}"#;
    let builder =
        builder().scopes(["read"]).conventions(serde_json::from_str(conventions).unwrap());
    let exchanger = builder.build().unwrap();
    let exchanged = |authorize: token_exchanger::Authorize| {
        let pending = authorize.state("S").without_pkce().start().unwrap().pending;
        let code = pending.accept(Callback::parse("code=C&state=S").unwrap()).unwrap();
        body(&exchanger.exchange(code).request()).to_owned()
    };
    let authorize = || exchanger.authorize().unwrap();
    let ends = "&redirect_uri=urn%3Aother%3Acb&code=C";
    assert!(exchanged(authorize()).ends_with(&format!("&scope=read{ends}")));
    assert!(exchanged(authorize().scope("write")).ends_with(&format!("&scope=read%20write{ends}")));
    assert!(exchanged(authorize().param("scope", "all")).ends_with(&format!("&scope=all{ends}")));
    let without = exchanged(authorize().param("redirect_uri", ""));
    assert!(!without.contains("redirect_uri"), "{without}");
}

#[test]
fn a_challenge_of_the_callers_own_leaves_the_verifier_to_the_caller() {
    let exchanger = builder().build().unwrap();
    let authorize = exchanger.authorize().unwrap().state("S").param("code_challenge", CHALLENGE);
    let authorization = authorize.start().unwrap();
    assert_eq!(query(&authorization.url)["code_challenge"], CHALLENGE);
    let code = authorization.pending.accept(Callback::parse("code=C&state=S").unwrap()).unwrap();
    assert!(!body(&exchanger.exchange(code).request()).contains("code_verifier"));
}

#[test]
fn the_method_is_that_of_the_challenge() {
    let exchanger = builder().build().unwrap();
    let authorize = exchanger.authorize().unwrap().param("code_challenge_method", "plain");
    assert_eq!(query(&authorize.start().unwrap().url)["code_challenge_method"], "S256");
    let authorize = exchanger.authorize().unwrap().param("code_challenge", "");
    assert_eq!(query(&authorize.start().unwrap().url)["code_challenge"].len(), 43);
    let authorize = exchanger.authorize().unwrap().param("code_challenge", CHALLENGE);
    let authorize = authorize.param("code_challenge_method", "plain");
    assert_eq!(query(&authorize.start().unwrap().url)["code_challenge_method"], "plain");
}

#[test]
fn conventions_decide_about_pkce() {
    for (pkce, without, expected) in [
        (Pkce::Allowed, false, true),
        (Pkce::Allowed, true, false),
        (Pkce::Required, true, true),
        (Pkce::Refused, false, false),
    ] {
        let mut conventions = Conventions::default();
        conventions.authorization.pkce = pkce;
        let exchanger = builder().conventions(conventions).build().unwrap();
        let mut authorize = exchanger.authorize().unwrap();
        if without {
            authorize = authorize.without_pkce();
        }
        let has_it = query(&authorize.start().unwrap().url).contains_key("code_challenge");
        assert_eq!(has_it, expected, "{pkce:?} {without}");
    }
}

#[test]
fn a_pending_authorization_is_small_and_comes_back_from_where_it_was_stored() {
    let exchanger = builder().issuer("https://as.example").build().unwrap();
    let authorization = exchanger.authorize().unwrap().start().unwrap();
    let stored = serde_json::to_string(&authorization.pending).unwrap();
    assert!(stored.len() < 400, "{stored}");
    let pending: PendingAuthorization = serde_json::from_str(&stored).unwrap();
    let callback = format!("code=C&state={}&iss=https%3A%2F%2Fas.example", pending.state());
    let code = pending.accept(Callback::parse(&callback).unwrap()).unwrap();
    let (result, seen) = play(exchanger.exchange(code), |_| Ok(token()));
    result.unwrap();
    assert!(body(&seen[0]).contains("&code=C&code_verifier="));
}

#[test]
fn without_an_authorization_url_there_is_no_authorization() {
    let missing = plain().build().unwrap().authorize().unwrap_err();
    assert_eq!(missing.to_string(), "authorization_url is not configured: give it to the builder");
}

#[test]
fn an_authorization_url_is_checked_like_a_token_url() {
    let with = |url: &str| builder().authorization_url(url).build();
    assert!(matches!(
        with("javascript:alert(1)"),
        Err(ConfigError::UnsupportedScheme { field: "authorization_url", .. })
    ));
    assert!(matches!(with("http://as.example/auth"), Err(ConfigError::InsecureUrl { .. })));
    assert!(matches!(with("https://as.example/#/auth"), Err(ConfigError::FragmentInUrl { .. })));
    assert!(matches!(with("https://u:p@as.example/"), Err(ConfigError::UserinfoInUrl { .. })));
    assert!(with("https://as.example/auth?x=y").is_ok());
}

#[test]
fn a_code_goes_to_no_other_exchanger_than_the_one_that_began_it() {
    let ours = builder().build().unwrap();
    let others = [
        TokenExchanger::builder("my-client-id", "https://other.example/token"),
        TokenExchanger::builder("other-id", "https://as.example/token"),
    ];
    for other in others {
        let other = other.client_secret("s").build().unwrap();
        let authorization = ours.authorize().unwrap().state("S").start().unwrap();
        let code =
            authorization.pending.accept(Callback::parse("code=C0DE&state=S").unwrap()).unwrap();
        let call = other.exchange(code);
        let empty = call.request();
        assert!(empty.body().is_empty() && empty.headers().is_empty(), "{empty:?}");
        let (result, seen) = play(call, |_| unreachable!("nothing is sent"));
        let error = result.unwrap_err();
        assert_eq!((error.kind().to_string(), seen.len()), ("wrong_exchanger".to_owned(), 0));
        assert!(error.attempts().is_empty());
        assert_eq!(error.headline().to_string(), "basic+form was not sent");
        assert!(
            error.untried().is_empty() && !error.to_string().contains("max_attempts"),
            "{error}"
        );
        let code = error.into_code().unwrap();
        play(ours.exchange(code), |_| Ok(token())).0.unwrap();
    }
    // One that was taken from elsewhere belongs to whoever vouches for it.
    play(ours.exchange(code()), |_| Ok(token())).0.unwrap();
}

fn builder() -> TokenExchangerBuilder {
    plain().authorization_url("https://as.example/auth").redirect_uri("https://my.example/cb")
}

fn query(url: &Url) -> BTreeMap<String, String> {
    let pairs: Vec<_> = url.query_pairs().into_owned().collect();
    let map: BTreeMap<_, _> = pairs.iter().cloned().collect();
    assert_eq!(map.len(), pairs.len(), "no parameter stands there twice: {pairs:?}");
    map
}
