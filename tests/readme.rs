//! What the README shows is what the crate does.

mod support;

use support::{json, play};
use token_exchanger::{AuthorizationCode, TokenExchanger, from_fn};

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
fn the_readme_lists_the_flavors_in_their_order() {
    let rows = (1..).zip(token_exchanger::Flavor::ALL);
    let rows = rows.map(|(number, flavor)| format!("| {number} | `{flavor}` |"));
    let places: Vec<_> = rows.map(|row| README.find(&row).expect(&row)).collect();
    assert!(places.is_sorted());
}
