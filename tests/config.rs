//! A configuration that cannot work is refused at `build`, by the name of its field.

mod support;

use std::error::Error as _;
use std::time::Duration;

use support::{client, plain};
use token_exchanger::{ConfigError, Flavor, TokenExchanger, TokenExchangerBuilder, from_fn};

#[test]
fn a_token_url_must_be_an_absolute_https_url() {
    for url in [
        "",
        "token",
        "/token",
        "//as.example/token",
        "https:",
        "https://",
        "https:///",
        "http://[::1",
    ] {
        assert!(matches!(token_url(url), Err(ConfigError::InvalidUrl { .. })), "{url}");
    }
    for url in ["file:///etc/passwd", "javascript:alert(1)", "data:,x", "ftp://as.example/token"] {
        assert!(matches!(token_url(url), Err(ConfigError::UnsupportedScheme { .. })), "{url}");
    }
    assert!(token_url("HTTPS://AS.example:8443/token?tenant=a").is_ok());
}

#[test]
fn cleartext_is_for_loopback_only() {
    for url in [
        "http://127.0.0.1:8080/token",
        "http://127.1.2.3/token",
        "http://[::1]:8080/token",
        "http://localhost/token",
    ] {
        assert!(token_url(url).is_ok(), "{url}");
    }
    for url in [
        "http://as.example/token",
        "http://localhost.evil.example/token",
        "http://127.0.0.1.evil.example/token",
        "http://10.0.0.1/token",
        "http://0.0.0.0/token",
        "http://[::ffff:10.0.0.1]/token",
    ] {
        assert!(matches!(token_url(url), Err(ConfigError::InsecureUrl { .. })), "{url}");
        let allowed = TokenExchanger::builder("id", url).danger_allow_http();
        assert!(built(allowed).is_ok(), "{url}");
    }
}

#[test]
fn a_url_with_a_user_or_a_fragment_is_refused() {
    for url in [
        "https://user@as.example/token",
        "https://user:password@as.example/token",
        "https://@as.example/token",
        "https://as.example@evil.example/token",
        "https://user:password@as.example/?u=http://h/",
    ] {
        assert!(matches!(token_url(url), Err(ConfigError::UserinfoInUrl { .. })), "{url}");
    }
    for url in ["https://as.example/token#x", "https://as.example/token#"] {
        assert!(matches!(token_url(url), Err(ConfigError::FragmentInUrl { .. })), "{url}");
    }
}

#[test]
fn a_url_that_reads_otherwise_than_it_is_written_is_refused() {
    for url in [
        "https://as.example\\@evil.example/token",
        "https://as.exam\tple/token",
        "https://as.example/to ken",
        "https:as.example/token",
        "https:/user:password@as.example/?u=http://h/",
        "https:user:password@as.example/?://h",
        "https://ⓔⓥⓘⓛ.com/token",
        "https://ｅｖｉｌ.com/token",
        "https://%65vil.com/token",
        "https://2130706433/token",
        "http://0x7f000001/token",
        "http://127.1/token",
    ] {
        assert!(matches!(token_url(url), Err(ConfigError::InvalidUrl { .. })), "{url}");
    }
    assert!(token_url("https://bücher.example/token").is_ok());
    assert!(token_url("https://BÜCHER.example/token").is_ok());
}

#[test]
fn white_space_around_a_value_is_named_as_the_fault_that_it_is() {
    let secret = |text: &str| built(TokenExchanger::builder("id", URL).client_secret(text));
    for space in [" ", "\n", "\t", "\r\n", "\u{a0}", "\u{200b}", "\u{feff}"] {
        let (before, after) = (format!("{space}value"), format!("value{space}"));
        for value in [&before, &after] {
            let id = built(TokenExchanger::builder(&**value, URL));
            assert_whitespace(id, "client_id");
            assert_whitespace(secret(value.as_str()), "client_secret");
            let redirect = value.replace("value", "https://a.example/cb");
            let redirect = TokenExchanger::builder("id", URL).redirect_uri(redirect);
            assert_whitespace(built(redirect), "redirect_uri");
            assert_whitespace(token_url(&value.replace("value", URL)), "token_url");
        }
    }
    assert_whitespace(built(TokenExchanger::builder(" ", URL)), "client_id");
    assert!(built(TokenExchanger::builder("an id", URL).client_secret("a secret")).is_ok());
    let text = secret("value\n").unwrap_err().to_string();
    assert!(text.starts_with("client_secret begins or ends with white space"), "{text}");
    assert!(text.contains("copied and pasted"), "{text}");
}

#[test]
fn a_client_id_must_not_be_empty() {
    assert!(matches!(built(TokenExchanger::builder("", URL)), Err(ConfigError::EmptyClientId)));
}

#[test]
fn an_empty_secret_is_none() {
    let exchanger = built(TokenExchanger::builder("id", URL).client_secret("")).unwrap();
    assert_eq!(exchanger.flavors(), Flavor::PUBLIC);
}

#[test]
fn credentials_longer_than_any_server_takes_are_refused() {
    let long = "a".repeat(8 * 1024 * 1024);
    let secret = TokenExchanger::builder("id", URL).client_secret(&*long);
    for (builder, name) in
        [(TokenExchanger::builder(&*long, URL), "client_id"), (secret, "client_secret")]
    {
        let Err(ConfigError::TooLong { field, .. }) = built(builder) else { panic!("{name}") };
        assert_eq!(field, name);
    }
}

#[test]
fn a_redirect_uri_must_be_absolute_and_without_a_fragment() {
    let redirect = |uri| built(TokenExchanger::builder("id", URL).redirect_uri(uri));
    for uri in ["/cb", "cb", "https://a.example/cb#x", "https://a.example/cb#"] {
        assert!(matches!(redirect(uri), Err(ConfigError::InvalidRedirectUri)), "{uri}");
    }
    for uri in ["http://localhost:3000", "com.example.app:/cb", "urn:ietf:wg:oauth:2.0:oob", ""] {
        assert!(redirect(uri).is_ok(), "{uri}");
    }
}

#[test]
fn a_flavor_that_needs_a_secret_needs_one() {
    let public = || TokenExchanger::builder("id", URL);
    for (builder, name) in [
        (public().flavors([Flavor::PUBLIC[0], Flavor::BODY_FORM]), "flavors"),
        (public().prefer(Flavor::BODY_FORM), "prefer"),
    ] {
        let Err(ConfigError::SecretNeeded { field, flavor, .. }) = built(builder) else {
            panic!("{name}")
        };
        assert_eq!((field, flavor), (name, Flavor::BODY_FORM));
    }
    assert!(built(plain().flavors(Flavor::PUBLIC)).is_ok(), "a secret may be left unsent");
}

#[test]
fn some_flavor_must_be_left_to_try() {
    let raw_only = client("a:b", "secret").flavors([Flavor::BASIC_RAW_FORM]);
    for builder in [raw_only, plain().flavors([])] {
        assert!(matches!(built(builder), Err(ConfigError::NoFlavor)));
    }
}

#[test]
fn attempts_and_time_must_be_more_than_zero() {
    for (builder, name) in [
        (plain().max_attempts(0), "max_attempts"),
        (plain().time_limit(Duration::ZERO), "time_limit"),
    ] {
        let Err(ConfigError::Zero { field, .. }) = built(builder) else { panic!("{name}") };
        assert_eq!(field, name);
    }
}

#[test]
fn the_endpoint_of_a_call_is_checked_like_a_token_url() {
    let exchanger = built(TokenExchanger::builder("id", URL)).unwrap();
    let call = |url: &str| exchanger.exchange(support::code()).endpoint(url);
    for url in ["", "http://as.example/token", "https://user@as.example/token"] {
        assert!(call(url).is_err(), "{url}");
    }
    let request = call("https://eu.as.example/token?x=1").unwrap().request();
    assert_eq!(request.uri(), "https://eu.as.example/token?x=1");
    let refused = |_: &_| Ok(support::invalid_client());
    let error = support::play(call("https://eu.as.example:8443/token").unwrap(), refused).0;
    assert!(error.unwrap_err().to_string().contains("eu.as.example:8443 "));
}

#[test]
fn no_error_text_holds_the_value() {
    let errors = [
        token_url("https://user:hunter2@as.example/token"),
        token_url("https://as.example/token#hunter2"),
        token_url("hunter2"),
        built(TokenExchanger::builder("id", URL).client_secret("hunter2 ")),
        built(TokenExchanger::builder("id", URL).redirect_uri("hunter2")),
    ];
    for error in errors {
        let error = error.unwrap_err();
        assert!(!format!("{error} {error:?}").contains("hunter2"));
        assert!(error.source().is_none());
    }
}

const URL: &str = "https://as.example/token";

fn token_url(url: &str) -> Result<TokenExchanger, ConfigError> {
    built(TokenExchanger::builder("id", url))
}

fn built(builder: TokenExchangerBuilder) -> Result<TokenExchanger, ConfigError> {
    builder.transport(from_fn(async |_| unreachable!("nothing is sent"))).build()
}

#[track_caller]
fn assert_whitespace(result: Result<TokenExchanger, ConfigError>, name: &str) {
    match result {
        Err(ConfigError::SurroundingWhitespace { field, .. }) => assert_eq!(field, name),
        other => panic!("{name}: {other:?}"),
    }
}
