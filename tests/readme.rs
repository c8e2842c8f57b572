//! What the README shows is what the crate does.

mod support;

use support::{json, play};
use token_exchanger::{AuthorizationCode, TokenExchanger, doctor, from_fn};

const README: &str = include_str!("../README.md");

#[test]
fn the_error_that_the_readme_prints_is_the_error_as_it_is() {
    let exchanger = TokenExchanger::builder("id", "https://app.example.com/oauth2/token")
        .client_secret("secret")
        .transport(from_fn(async |_| unreachable!("this call is played")))
        .build()
        .unwrap();
    let refusal = r#"{"error":"invalid_grant","error_description":"Code not valid"}"#;
    let call = exchanger.exchange(AuthorizationCode::unchecked("some-unique-auth-code"));
    let error = play(call, |_| Ok(json(400, refusal))).0.unwrap_err();
    assert!(README.contains(&format!("\n{error}\n")), "{error}");
}

#[test]
fn the_curl_command_and_the_advice_that_the_readme_prints_are_as_they_are() {
    let exchanger = TokenExchanger::builder("my-client-id", "https://app.example.com/oauth2/token")
        .client_secret("my/secret")
        .redirect_uri("https://my.example/callback")
        .transport(from_fn(async |_| unreachable!("this call is played")))
        .build()
        .unwrap();
    let refusal = r#"{"error":"invalid_client"}"#;
    let call = exchanger.exchange(AuthorizationCode::unchecked("some-unique-auth-code"));
    let error = play(call, |_| Ok(json(401, refusal))).0.unwrap_err();
    let command = error.attempts()[0].to_curl();
    assert!(README.contains(&format!("\n{command}\n401 {refusal}\n")), "{command}");
    let [finding] = &doctor::check_error(&error)[..] else { panic!("there is one finding") };
    assert!(README.contains(&format!("\n{finding}\n")), "{finding}");
}

#[test]
fn the_readme_lists_the_flavors_in_their_order() {
    let rows = (1..).zip(token_exchanger::Flavor::ALL);
    let rows = rows.map(|(number, flavor)| format!("| {number} | `{flavor}` |"));
    let places: Vec<_> = rows.map(|row| README.find(&row).expect(&row)).collect();
    assert!(places.is_sorted());
}
