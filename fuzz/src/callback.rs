//! The callback: whatever a browser brings, nothing is accepted but what has the state.

use serde_json::Value;
use token_exchanger::{
    Callback, CallbackError, Flavor, PendingAuthorization, TokenExchanger, from_fn,
};

use super::scene::PLAIN_SECRET;

/// Reads the text as a callback, and lets an authorization accept it.
///
/// # Panics
///
/// If a promise is broken.
pub fn callback(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let exchanger = exchanger();
    let callback = match Callback::parse(&text) {
        Ok(callback) => callback,
        Err(error) => return assert_shown_well(&error),
    };
    let state = callback.state().map(str::to_owned);
    let code = callback.param("code").map(str::to_owned);
    let error = callback.param("error").map(str::to_owned);
    match pending(&exchanger).accept(callback) {
        Ok(accepted) => {
            assert_eq!(state.as_deref(), Some(STATE), "accepted without the state");
            assert_eq!(error, None, "accepted with an error");
            assert!(!format!("{accepted:?}").contains(STATE));
            let request = exchanger.exchange(accepted).flavor(Flavor::BASIC_JSON).request();
            let sent: Value = serde_json::from_slice(request.body()).expect("JSON");
            assert_eq!(sent["code"].as_str(), code.as_deref(), "another code");
        }
        Err(refusal) => {
            if let CallbackError::Denied(_) = &refusal {
                assert_eq!(state.as_deref(), Some(STATE), "believed without the state");
                assert!(error.is_some(), "denied without an error");
            }
            assert_shown_well(&refusal);
        }
    }
}

fn assert_shown_well(error: &CallbackError) {
    let shown = format!("{error} {error:?}");
    assert!(!shown.contains(char::is_control) && shown.len() < 8192, "{shown:?}");
    // The name of a parameter is shown, and may be any text.
    let is_name = matches!(error, CallbackError::Repeated(_));
    assert!(is_name || !shown.contains(STATE), "{shown}");
}

fn exchanger() -> TokenExchanger {
    TokenExchanger::builder("my-client-id", "https://as.example/token")
        .client_secret(PLAIN_SECRET)
        .authorization_url("https://as.example/authorize")
        .transport(from_fn(async |_| unreachable!("nothing is sent")))
        .build()
        .expect("a configuration")
}

fn pending(exchanger: &TokenExchanger) -> PendingAuthorization {
    let authorize = exchanger.authorize().expect("an authorization URL").state(STATE);
    authorize.start().expect("random bytes").pending
}

const STATE: &str = "ST4TE-q7Lw2xRk9";
