//! An integration and its unit tests, as a program that uses this crate would have them.
//!
//! ```sh
//! cargo test --features test-util --example flavor_detection   # its tests
//! cargo run --features test-util --example flavor_detection    # what is found at which server
//! ```

#![expect(clippy::print_stdout, reason = "an example shows what happens")]

use std::error::Error;
use std::fmt;

use token_exchanger::testing::AuthorizationServer;
use token_exchanger::{
    AuthorizationCode, CallError, ConfigError, Flavor, Token, TokenExchanger, Transport,
};

/// Connects accounts at a provider whose flavor nobody told us.
struct Widgets {
    exchanger: TokenExchanger,
}

/// What the caller can do about a connection that did not come about.
#[derive(Debug)]
enum Trouble {
    /// Send the user to the provider again.
    AskTheUser,
    /// Wait, and do the same again.
    TryLater,
    /// Tell the people who run this.
    Broken(CallError),
}

impl Widgets {
    fn new(
        client_id: &str,
        client_secret: &str,
        transport: impl Transport + 'static,
    ) -> Result<Self, ConfigError> {
        let exchanger = TokenExchanger::builder(client_id, "https://app.example.com/oauth2/token")
            .client_secret(client_secret)
            .transport(transport)
            .build()?;
        Ok(Self { exchanger })
    }

    async fn connect(&self, code: &str) -> Result<Token, Trouble> {
        let issued = self.exchanger.exchange(AuthorizationCode::unchecked(code)).await?;
        Ok(issued.token)
    }

    async fn refresh(&self, token: &Token) -> Result<Token, Trouble> {
        let call = self.exchanger.refresh(token).map_err(|_| Trouble::AskTheUser)?;
        Ok(call.await?.token)
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AskTheUser => f.write_str("the user has to say yes again"),
            Self::TryLater => f.write_str("the provider is not to be had, try later"),
            Self::Broken(error) => error.fmt(f),
        }
    }
}

impl Error for Trouble {}

impl From<CallError> for Trouble {
    fn from(error: CallError) -> Self {
        match error {
            error if error.needs_reauthorization() => Self::AskTheUser,
            error if error.is_transient() => Self::TryLater,
            error => Self::Broken(error),
        }
    }
}

const ID: &str = "my-client-id";
const SECRET: &str = "my/secret+with=reserved&characters";

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    for accepted in Flavor::ALL {
        let server = AuthorizationServer::new(ID, SECRET, [accepted]);
        let widgets = Widgets::new(ID, SECRET, server.clone())?;
        let token = widgets.connect(&server.code()).await?;
        let to_connect = server.requests().len();
        let token = widgets.refresh(&token).await?;
        let to_refresh = server.requests().len() - to_connect;
        let found = token.flavor.map(|flavor| flavor.to_string()).unwrap_or_default();
        println!("{found:<15} attempts to connect: {to_connect}, to refresh: {to_refresh}");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use token_exchanger::testing::Failure;

    use super::*;

    #[tokio::test]
    async fn each_of_the_six_flavors_is_found() {
        for (index, accepted) in Flavor::ALL.into_iter().enumerate() {
            let (server, widgets) = server_of(accepted, SECRET);
            let token = widgets.connect(&server.code()).await.unwrap();
            assert_eq!(token.flavor, Some(accepted));
            assert_eq!(server.flavors_seen(), Flavor::ALL[..=index]);
        }
    }

    #[tokio::test]
    async fn what_was_found_is_the_first_to_be_tried_at_the_next_login() {
        let (server, widgets) = server_of(Flavor::BODY_JSON, SECRET);
        widgets.connect(&server.code()).await.unwrap();
        let before = server.flavors_seen().len();
        widgets.connect(&server.code()).await.unwrap();
        assert_eq!(server.flavors_seen()[before..], [Flavor::BODY_JSON]);
    }

    /// `my-client-id:my%2Fsecret`, and `my-client-id:my/secret`.
    #[tokio::test]
    async fn a_secret_with_reserved_characters_is_sent_encoded_or_raw_as_the_server_wants() {
        let sent = async |accepted| {
            let (server, widgets) = server_of(accepted, "my/secret");
            widgets.connect(&server.code()).await.unwrap();
            let requests = server.requests();
            requests.last().unwrap().headers()["authorization"].to_str().unwrap().to_owned()
        };
        let encoded = sent(Flavor::BASIC_FORM).await;
        let raw = sent(Flavor::BASIC_RAW_FORM).await;
        assert_eq!(encoded, "Basic bXktY2xpZW50LWlkOm15JTJGc2VjcmV0");
        assert_eq!(raw, "Basic bXktY2xpZW50LWlkOm15L3NlY3JldA==");
    }

    #[tokio::test]
    async fn a_server_that_answers_500_sees_all_six() {
        let (server, widgets) = server_of(Flavor::BODY_FORM, SECRET);
        server.fail_always(Failure::ServerError);
        let trouble = widgets.connect(&server.code()).await.unwrap_err();
        assert!(matches!(trouble, Trouble::TryLater), "{trouble:?}");
        assert_eq!(server.flavors_seen(), Flavor::ALL);
    }

    #[tokio::test]
    async fn a_wrong_secret_is_no_trouble_of_the_user() {
        let server = AuthorizationServer::new(ID, "another secret", Flavor::ALL);
        let widgets = Widgets::new(ID, SECRET, server.clone()).unwrap();
        let trouble = widgets.connect(&server.code()).await.unwrap_err();
        assert!(matches!(trouble, Trouble::Broken(_)), "{trouble:?}");
    }

    #[tokio::test]
    async fn a_server_that_asks_to_wait_is_asked_once() {
        let (server, widgets) = server_of(Flavor::BODY_FORM, SECRET);
        server.fail(Failure::TooManyRequests(Duration::from_secs(30)));
        let trouble = widgets.connect(&server.code()).await.unwrap_err();
        assert!(matches!(trouble, Trouble::TryLater), "{trouble:?}");
        assert_eq!(server.requests().len(), 1);
    }

    #[tokio::test]
    async fn a_refresh_uses_the_flavor_that_was_found_and_replaces_both_tokens() {
        let (server, widgets) = server_of(Flavor::BASIC_RAW_FORM, SECRET);
        let old = widgets.connect(&server.code()).await.unwrap();
        let before = server.flavors_seen().len();
        let new = widgets.refresh(&old).await.unwrap();
        assert_eq!(server.flavors_seen()[before..], [Flavor::BASIC_RAW_FORM]);
        assert!(server.is_live(new.access_token.expose()));
        let refresh_token = |token: &Token| token.refresh_token.clone().unwrap();
        assert!(server.is_live(refresh_token(&new).expose()));
        assert!(!server.is_live(refresh_token(&old).expose()));
        assert_eq!(server.refresh_reuses(), 0);
    }

    #[tokio::test]
    async fn a_code_or_a_refresh_token_that_is_worth_nothing_asks_the_user_again() {
        let (server, widgets) = server_of(Flavor::BASIC_FORM, SECRET);
        let code = server.code();
        server.expire_codes();
        let trouble = widgets.connect(&code).await.unwrap_err();
        assert!(matches!(trouble, Trouble::AskTheUser), "{trouble:?}");

        let token = widgets.connect(&server.code()).await.unwrap();
        server.fail(Failure::InvalidGrant);
        let trouble = widgets.refresh(&token).await.unwrap_err();
        assert!(matches!(trouble, Trouble::AskTheUser), "{trouble:?}");
    }

    fn server_of(accepted: Flavor, secret: &str) -> (AuthorizationServer, Widgets) {
        let server = AuthorizationServer::new(ID, secret, [accepted]);
        let widgets = Widgets::new(ID, secret, server.clone()).unwrap();
        (server, widgets)
    }
}
