//! What a callback may be, and what is refused.

mod support;

use support::plain;
use token_exchanger::{
    AuthorizationCode, Callback, CallbackError, Conventions, PendingAuthorization,
};

#[test]
fn a_callback_is_read_from_a_url_a_path_a_query_or_a_form() {
    for text in [
        "https://my.example/cb?code=C%2F1&state=S&realmId=9",
        "http://127.0.0.1:8080/?code=C%2F1&state=S&realmId=9",
        "com.example.app:/cb?code=C%2F1&state=S&realmId=9",
        "/cb?code=C%2F1&state=S&realmId=9",
        "?code=C%2F1&state=S&realmId=9",
        "code=C%2F1&state=S&realmId=9",
        "&code=C%2F1&&state=S&realmId=9&",
        "https://my.example/cb?code=C%2F1&state=S&realmId=9#_=_",
    ] {
        let callback = Callback::parse(text).unwrap();
        assert_eq!(callback.state(), Some("S"), "{text}");
        assert_eq!(callback.param("code"), Some("C/1"), "{text}");
        let code = pending().accept(callback).unwrap();
        assert_eq!(code.param("realmId"), Some("9"), "{text}");
        assert_eq!(code.param("code"), None, "{text}");
    }
}

#[test]
fn a_question_mark_in_a_value_begins_no_query() {
    let callback = Callback::parse("state=S&code=a?b=c").unwrap();
    assert_eq!(callback.param("code"), Some("a?b=c"));
}

#[test]
fn a_plus_is_a_space_and_an_escaped_one_a_plus() {
    assert_eq!(Callback::parse("code=a%2Bb+c").unwrap().param("code"), Some("a+b c"));
}

#[test]
fn the_state_is_looked_at_before_all_else() {
    assert_error("code=C", "MissingState");
    assert_error("code=C&state=", "MissingState");
    assert_error("error=access_denied", "MissingState");
    assert_error("code=C&state=T", "StateMismatch");
    assert_error("code=C&state=S ", "StateMismatch");
    assert_error("error=access_denied&state=T", "StateMismatch");
}

#[test]
fn an_error_is_one_whatever_else_is_there() {
    for callback in [
        "error=access_denied&error_description=The+user+said+no&state=S",
        "error=access_denied&error_message=The+user+said+no&state=S&code=C",
        "error=access_denied&error_reason=The+user+said+no&state=S",
    ] {
        let Err(CallbackError::Denied(error)) = accept(callback) else { panic!("{callback}") };
        assert_eq!(error.code, "access_denied");
        assert_eq!(error.description.as_deref(), Some("The user said no"));
    }
}

#[test]
fn a_callback_with_neither_a_code_nor_an_error_has_no_code() {
    assert_error("state=S", "MissingCode");
    assert_error("state=S&code=&error=", "MissingCode");
    assert_error("state=S&access_token=T", "MissingCode");
}

#[test]
fn a_parameter_that_stands_there_twice_is_named() {
    for (callback, name) in [
        ("code=C&state=S&state=S", "state"),
        ("code=C&c%6fde=D&state=S", "code"),
        ("code=C&state=S&iss=a&iss=b", "iss"),
        ("code=C&state=S&x=&x=", "x"),
    ] {
        let Err(CallbackError::Repeated(found)) = Callback::parse(callback) else {
            panic!("{callback}")
        };
        assert_eq!(found, name);
    }
    let many = "a=1&".repeat(10_000) + "code=C&state=S";
    assert!(matches!(Callback::parse(&many), Err(CallbackError::Repeated(name)) if name == "a"));
    let odd = "%1b[31m%0a=1&".repeat(2);
    let error = Callback::parse(&odd).unwrap_err();
    assert!(!error.to_string().contains(char::is_control), "{error}");
}

#[test]
fn what_cannot_be_decoded_is_malformed_where_it_matters() {
    for callback in [
        "code=%zz%ff&state=S",
        "code=%ff&state=S",
        "code=C%&state=S",
        "state=%e9",
        "iss=%1",
        "error=%fe",
        "%ff=1",
    ] {
        assert!(matches!(Callback::parse(callback), Err(CallbackError::Malformed)), "{callback}");
    }
    // A name in Latin-1 costs nobody a login.
    let code = accept("code=C&state=S&name=Ren%E9&other=x").unwrap();
    assert_eq!((code.param("name"), code.param("other")), (None, Some("x")));
}

#[test]
fn a_callback_longer_than_64_kib_is_malformed() {
    let of = |length: usize| format!("code={}&state=S", "c".repeat(length - "code=&state=S".len()));
    assert!(Callback::parse(&of(64 * 1024)).is_ok());
    assert!(matches!(Callback::parse(&of(64 * 1024 + 1)), Err(CallbackError::Malformed)));
}

#[test]
fn an_issuer_that_was_configured_is_looked_for_and_compared() {
    let pending = || {
        let builder =
            plain().issuer("https://as.example").authorization_url("https://as.example/a");
        let authorize = builder.build().unwrap().authorize().unwrap();
        authorize.state("S").start().unwrap().pending
    };
    let accept = |callback: &str| pending().accept(Callback::parse(callback).unwrap());
    assert!(accept("code=C&state=S&iss=https%3A%2F%2Fas.example").is_ok());
    for other in ["https://evil.example", "https://as.example/", "https://AS.example"] {
        let error = accept(&format!("code=C&state=S&iss={other}")).unwrap_err();
        assert!(matches!(error, CallbackError::IssuerMismatch), "{other}");
    }
    assert!(matches!(accept("code=C&state=S").unwrap_err(), CallbackError::MissingIssuer));
    assert!(matches!(accept("code=C&state=S&iss=").unwrap_err(), CallbackError::MissingIssuer));
    // An error may come from another server too.
    let error = accept("error=access_denied&state=S&iss=https://evil.example").unwrap_err();
    assert!(matches!(error, CallbackError::IssuerMismatch));
}

#[test]
fn an_issuer_that_was_not_configured_is_not_looked_at() {
    assert!(accept("code=C&state=S&iss=https://whoever.example").is_ok());
}

#[test]
fn an_optional_issuer_may_be_missing_but_not_wrong() {
    let mut conventions = Conventions::default();
    conventions.callback.issuer_optional = true;
    let builder = plain().issuer("https://as.example").authorization_url("https://as.example/a");
    let exchanger = builder.conventions(conventions).build().unwrap();
    let accept = |callback| {
        let pending = exchanger.authorize().unwrap().state("S").start().unwrap().pending;
        pending.accept(Callback::parse(callback).unwrap())
    };
    assert!(accept("code=C&state=S").is_ok());
    assert!(matches!(accept("code=C&state=S&iss=x"), Err(CallbackError::IssuerMismatch)));
}

#[test]
fn conventions_name_the_code_and_the_state() {
    let conventions = r#"{"callback": {"rename": {"code": "auth_code", "state": "customField"}}}"#;
    let conventions: Conventions = serde_json::from_str(conventions).unwrap();
    let builder = plain().authorization_url("https://as.example/a").conventions(conventions);
    let exchanger = builder.build().unwrap();
    let pending = || {
        let pending = exchanger.authorize().unwrap().state("S").start().unwrap().pending;
        // It knows the names by itself, also after it was stored.
        let stored = serde_json::to_string(&pending).unwrap();
        serde_json::from_str::<PendingAuthorization>(&stored).unwrap()
    };
    let callback = Callback::parse("auth_code=C&customField=S&code=other&state=T").unwrap();
    assert_eq!(callback.param("customField"), Some(pending().state()));
    let code = pending().accept(callback).unwrap();
    assert_eq!((code.param("auth_code"), code.param("code")), (None, Some("other")));
    let missing = pending().accept(Callback::parse("code=C&customField=S").unwrap());
    assert!(matches!(missing, Err(CallbackError::MissingCode)));
}

#[test]
fn what_the_provider_says_is_shown_without_the_code_the_state_and_control_characters() {
    let state = "an-unguessable-state";
    let pending = || {
        let builder = plain().authorization_url("https://as.example/a").build().unwrap();
        builder.authorize().unwrap().state(state).start().unwrap().pending
    };
    let callback = format!(
        "error=bad%1b%5B31m&error_description=%3Cb%3E{state}%0d%0aand+the-code-itself&error_uri=javascript:x\
         &state={state}&code=the-code-itself"
    );
    let error = pending().accept(Callback::parse(&callback).unwrap()).unwrap_err();
    let text = format!("{error} {error:?}");
    assert!(!text.contains(state) && !text.contains("the-code-itself"), "{text}");
    assert!(!text.contains(char::is_control) && !text.contains("javascript"), "{text}");
    assert!(text.contains("<b>[state]  and [code]"), "{text}");
}

#[test]
fn a_renamed_state_and_code_are_not_shown_either() {
    let conventions = r#"{"callback": {"rename": {"code": "c", "state": "s"}}}"#;
    let conventions: Conventions = serde_json::from_str(conventions).unwrap();
    let builder = plain().authorization_url("https://as.example/a").conventions(conventions);
    let authorize = builder.build().unwrap().authorize().unwrap().state("THE-SECRET-STATE");
    let pending = authorize.start().unwrap().pending;
    let callback = "error=x&error_description=THE-SECRET-STATE+THE-SECRET-CODE\
                    &s=THE-SECRET-STATE&c=THE-SECRET-CODE";
    let error = pending.accept(Callback::parse(callback).unwrap()).unwrap_err();
    assert!(error.to_string().ends_with("x ([state] [code])"), "{error}");
}

#[test]
fn nothing_secret_is_in_any_debug_text() {
    let builder =
        plain().authorization_url("https://as.example/a?key=QUERY-SECRET").build().unwrap();
    let authorize = builder.authorize().unwrap().state("STATE-SECRET").param("hint", "HINT-SECRET");
    let debug = format!("{authorize:?}");
    let authorization = authorize.start().unwrap();
    let callback = Callback::parse("code=CODE-SECRET&state=STATE-SECRET&x=PARAM-SECRET").unwrap();
    let mut text = format!("{debug} {authorization:?} {:#?} {callback:?}", authorization.pending);
    let code = authorization.pending.accept(callback).unwrap();
    text += &format!("{code:?}");
    text += &format!("{:?}", builder.exchange(code));
    assert!(!text.contains("SECRET"), "{text}");
}

fn pending() -> PendingAuthorization {
    let builder = plain().authorization_url("https://as.example/a").build().unwrap();
    builder.authorize().unwrap().state("S").start().unwrap().pending
}

fn accept(callback: &str) -> Result<AuthorizationCode, CallbackError> {
    pending().accept(Callback::parse(callback)?)
}

#[track_caller]
fn assert_error(callback: &str, variant: &str) {
    let error = accept(callback).unwrap_err();
    assert_eq!(format!("{error:?}"), variant, "{callback}");
}
