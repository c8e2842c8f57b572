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

#[test]
fn the_unit_test_that_the_readme_shows_is_the_one_that_runs_here() {
    // To rustdoc it is no Rust, and so no doc test: without the feature that could not be built.
    let (_, shown) = README.split_once("```rs\n").expect("the snippet");
    let (shown, rest) = shown.split_once("\n```\n").expect("its end");
    assert!(!rest.contains("```rs\n"), "a second snippet that nobody runs");
    let lines = |text: &str| text.lines().map(str::trim).collect::<Vec<_>>().join("\n");
    assert!(lines(include_str!("readme.rs")).contains(&lines(shown)), "{shown}");
}

/// As a user of the crate would write it.
#[cfg(feature = "test-util")]
mod unit_test {
    use token_exchanger::testing::AuthorizationServer;
    use token_exchanger::{Callback, Flavor, TokenExchanger, http};

    #[tokio::test]
    async fn a_user_connects() -> Result<(), Box<dyn std::error::Error>> {
        let server = AuthorizationServer::new("my-client-id", "my/secret", [Flavor::BODY_FORM]);
        let exchanger = TokenExchanger::builder("my-client-id", "https://app.example.com/token")
            .client_secret("my/secret")
            .authorization_url("https://app.example.com/authorize")
            .redirect_uri("https://my.example/callback")
            .transport(server.clone())
            .build()?;

        let authorization = exchanger.authorize()?.start()?;
        let callback = server.authorize(&authorization.url)?; // the user says yes
        let code = authorization.pending.accept(Callback::parse(&callback)?)?;
        let issued = exchanger.exchange(code).await?;
        assert_eq!(issued.flavor, Flavor::BODY_FORM);
        assert_eq!(server.flavors_seen(), Flavor::ALL[..3]); // two were refused before

        let mut request = http::Request::get("https://app.example.com/api").body(Vec::new())?;
        exchanger.apply(&issued.token, &mut request)?;
        assert_eq!(server.answer(request).status(), 200);
        Ok(())
    }
}
