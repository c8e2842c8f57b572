//! Answers of another shape: a token is found just where the conventions say, and leaves nothing of
//! itself behind.

use std::ops::ControlFlow;

use serde_json::{Value, json};
use token_exchanger::{Conventions, Issued, TokenExchanger, from_fn};

use super::decoder::check_stored;
use super::exposure::{assert_printable, of_error, of_issued};
use super::scene::{Answer, CODE, PLAIN_SECRET, call, start};

/// Gives an answer to an exchange and to a refresh, under the conventions that the first byte chooses.
///
/// # Panics
///
/// If a promise is broken.
pub fn shapes(input: &[u8]) {
    let Some((&choice, rest)) = input.split_first() else { return };
    let conventions = conventions(choice);
    let (root, name) = token_of(&conventions);
    let answer = Answer::read(rest);
    let exchanger = exchanger(conventions);

    let end = call(&exchanger).receive(answer.give(), start(), start());
    let Some(issued) = check(&answer, end, &root, &name) else { return };
    let mut old = issued.token;
    old.refresh_token = Some("RT-OLD".into());
    let refresh = exchanger.refresh(&old).expect("a refresh token");
    let end = refresh.receive(answer.give(), start(), start());
    let again = check(&answer, end, &root, &name).expect("the same answer brings a token again");
    assert_eq!(again.token.access_token, old.access_token);
    assert_eq!(again.token.extra, old.extra, "an answer keeps what the same one brought");
}

fn check<T>(
    answer: &Answer,
    end: ControlFlow<Result<Issued, token_exchanger::CallError>, T>,
    root: &str,
    name: &str,
) -> Option<Issued> {
    match end {
        ControlFlow::Continue(_) => None,
        ControlFlow::Break(Err(error)) => {
            assert_printable(&error);
            assert!(!of_error(&error).contains(CODE));
            None
        }
        ControlFlow::Break(Ok(issued)) => {
            assert!(answer.is_success(), "a token of no success");
            let token = issued.token.access_token.expose();
            if let Ok(body) = serde_json::from_slice::<Value>(&answer.body) {
                let found = body.pointer(root).and_then(|object| object.get(name));
                assert_eq!(found.and_then(Value::as_str), Some(token), "another token");
            }
            let extra = Value::Object(issued.token.extra.clone());
            let left = extra.pointer(root).and_then(|object| object.get(name));
            assert_eq!(left, None, "the token stands among the extras");
            check_stored(&issued.token);
            assert!(token.len() < 12 || !of_issued(&issued).contains(token), "a token is shown");
            Some(issued)
        }
    }
}

fn conventions(choice: u8) -> Conventions {
    let answer = match choice % 4 {
        0 => json!({"root": "/data", "error": {"pointer": "/code", "success": [0, "ok"]}}),
        1 => json!({
            "root": "/a~1b/0/c",
            "rename": {"access_token": "jwt", "expires_in": "ttl", "scope": "rights"},
            "lifetime_unit": "milliseconds", "zero_lifetime": "never"
        }),
        2 => json!({
            "rename": {"access_token": "token", "refresh_token": "again"},
            "expires_at": {"name": "end", "format": "rfc3339"}, "default_lifetime": 60,
            "error": {"pointer": "/errors/0/type", "description": "/errors/0/message"}
        }),
        _ => json!({
            "root": "/authed_user", "expires_at": {"name": "end", "format": "milliseconds"},
            "error": {"pointer": "/ok", "error": [false, "no"], "code": "/why/0"}
        }),
    };
    let text = json!({"scope_delimiter": ",", "answer": answer});
    serde_json::from_value(text).expect("conventions")
}

/// The pointer to the object that has the token, and the token's name.
fn token_of(conventions: &Conventions) -> (String, String) {
    let answer = &conventions.answer;
    let name = answer.rename.get("access_token").map_or("access_token", |theirs| theirs);
    (answer.root.clone(), name.to_owned())
}

fn exchanger(conventions: Conventions) -> TokenExchanger {
    TokenExchanger::builder("my-client-id", "https://as.example/token")
        .client_secret(PLAIN_SECRET)
        .conventions(conventions)
        .transport(from_fn(async |_| unreachable!("these calls are turned by hand")))
        .build()
        .expect("a configuration")
}
