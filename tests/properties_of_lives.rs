//! What holds of every authorization, callback, refresh and revocation, whatever they are given.

#[path = "support/inputs.rs"]
mod inputs;
#[path = "support/replies.rs"]
mod replies;
mod support;

use inputs::{any_client, settings, text};
use proptest::collection::vec;
use proptest::prelude::*;
use replies::{Class, reply};
use support::play;
use token_exchanger::{Callback, CallbackError, Conventions, Flavor, PendingAuthorization, Token};
use url::form_urlencoded;

proptest! {
    #![proptest_config(settings(256))]

    #[test]
    fn every_parameter_of_an_authorization_is_read_back_once(
        client in any_client(),
        scopes in vec(text(), 0..4),
        state in text(),
        extra in vec((text(), text()), 0..4),
    ) {
        let builder = client.builder().scopes(scopes.clone());
        let builder = builder.authorization_url("https://as.example/a?own=%2f&own2");
        let Ok(exchanger) = builder.build() else { return Ok(()) };
        let mut authorize = exchanger.authorize().unwrap().state(state.clone());
        for (name, value) in &extra {
            authorize = authorize.param(format!("x{name}"), &**value);
        }
        let authorization = authorize.start().unwrap();
        prop_assert_eq!(authorization.url.host_str(), Some("as.example"));
        prop_assert_eq!(authorization.url.fragment(), None);
        let query = authorization.url.query().unwrap();
        prop_assert!(query.starts_with("own=%2f&own2&client_id="), "{}", query);
        // The rule of forms, and that of URLs, which leaves a plus alone.
        prop_assert!(!query.contains('+'));
        let pairs: Vec<_> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        let of = |name: &str| -> Vec<_> {
            pairs.iter().filter(|(known, _)| known == name).map(|(_, value)| &**value).collect()
        };
        prop_assert_eq!(of("client_id"), [&*client.id]);
        prop_assert_eq!(of("state"), [authorization.pending.state()]);
        prop_assert!(state.is_empty() || authorization.pending.state() == state);
        let joined = scopes.iter().filter(|scope| !scope.is_empty()).map(|it| &**it);
        let joined = joined.collect::<Vec<_>>().join(" ");
        prop_assert_eq!(of("scope").concat(), joined);
        for (name, _) in &extra {
            let last = extra.iter().rev().find(|(other, _)| other == name).unwrap();
            prop_assert_eq!(of(&format!("x{name}")).concat(), &*last.1);
        }
    }

    #[test]
    fn a_callback_gives_back_what_the_provider_wrote(
        code in text().prop_filter("a code is not empty", |code| !code.is_empty()),
        state in text().prop_filter("nor is a state", |state| !state.is_empty()),
        extra in text(),
        before in prop_oneof!["https://my\\.example/cb\\?", "/cb\\?", "\\?", ""],
    ) {
        let query = form_urlencoded::Serializer::new(String::new())
            .extend_pairs([("code", &code), ("state", &state), ("realmId", &extra)])
            .finish();
        let callback = Callback::parse(&format!("{before}{query}")).unwrap();
        prop_assert_eq!(callback.state(), Some(&*state));
        let accepted = pending(&state).accept(callback).unwrap();
        prop_assert_eq!(accepted.param("realmId").unwrap_or_default(), extra);
        let request = exchanger().exchange(accepted).flavor(Flavor::BASIC_JSON).request();
        let sent: serde_json::Value = serde_json::from_slice(request.body()).unwrap();
        prop_assert_eq!(&sent["code"], &code);
    }

    #[test]
    fn no_callback_is_accepted_without_its_state(
        state in "[a-zA-Z0-9]{8,43}",
        other in "[a-zA-Z0-9]{0,43}",
        rest in "([a-z]{1,6}=[a-zA-Z0-9%+]{0,5}&){0,4}",
    ) {
        prop_assume!(state != other);
        for callback in [format!("{rest}code=C&state={other}"), format!("{rest}code=C")] {
            let accepted = Callback::parse(&callback).and_then(|it| pending(&state).accept(it));
            prop_assert!(accepted.is_err());
        }
    }

    #[test]
    fn no_text_is_too_odd_to_be_read_as_a_callback(
        text in prop_oneof![
            "\\PC{0,64}",
            "[a-z%&=?#/:+0-9f]{0,64}",
            vec(any::<char>(), 0..64).prop_map(|it| it.into_iter().collect()),
        ],
    ) {
        let read = Callback::parse(&text).and_then(|callback| pending("S").accept(callback));
        if let Err(error) = read {
            prop_assert!(!error.to_string().contains(char::is_control), "{}", error);
        }
    }

    #[test]
    fn a_denial_shows_no_control_character_and_no_code(description in text(), error in text()) {
        let query = form_urlencoded::Serializer::new(String::new())
            .extend_pairs([
                ("error", &*format!("e{error}")),
                ("error_description", &*format!("{description}THE-SECRET-CODE{description}")),
                ("state", "S-T-A-T-E"),
                ("code", "THE-SECRET-CODE"),
            ])
            .finish();
        let callback = Callback::parse(&query).unwrap();
        let denied = pending("S-T-A-T-E").accept(callback).unwrap_err();
        prop_assert!(matches!(denied, CallbackError::Denied(_)));
        let shown = format!("{denied} {denied:?}");
        prop_assert!(!shown.contains(char::is_control) && !shown.contains("SECRET"), "{}", shown);
    }

    #[test]
    fn a_refresh_goes_on_only_after_a_client_that_was_not_recognised(
        client in any_client(),
        replies in vec(reply(), 1..7),
        revokes in any::<bool>(),
    ) {
        let builder = client.builder().revocation_url("https://as.example/revoke");
        let Ok(exchanger) = builder.build() else { return Ok(()) };
        let mut old = Token::bearer("AT").with_refresh_token("RT");
        old.flavor = exchanger.flavors().first().copied();
        let mut given = Vec::new();
        let provide = |_: &_| {
            let reply = &replies[given.len() % replies.len()];
            given.push(reply.class);
            reply.answer()
        };
        let (ok, attempts) = if revokes {
            let (result, seen) = play(exchanger.revoke(&old).unwrap(), provide);
            (result.is_ok(), seen)
        } else {
            let (result, seen) = play(exchanger.refresh(&old).unwrap(), provide);
            (result.is_ok(), seen)
        };
        let (last, earlier) = given.split_last().unwrap();
        // What else an answer may bring means nothing to a revocation but its error.
        let may_go_on = |class: &Class| *class == Class::Client || revokes && *class == Class::MaybeToken;
        prop_assert!(earlier.iter().all(may_go_on), "{:?}", given);
        if !revokes {
            prop_assert_eq!(ok, *last == Class::Token);
        }
        let bytes: std::collections::HashSet<_> = attempts.iter().map(inputs::bytes).collect();
        prop_assert_eq!(bytes.len(), attempts.len(), "no bytes twice");
    }

    #[test]
    fn a_pending_authorization_survives_its_storage(state in text(), issuer in text()) {
        prop_assume!(!state.is_empty());
        let builder = inputs::Client { id: "id".into(), secret: "s".into() }.builder();
        let builder = builder.authorization_url("https://as.example/a").issuer(issuer);
        let Ok(exchanger) = builder.build() else { return Ok(()) };
        let pending = exchanger.authorize().unwrap().state(state).start().unwrap().pending;
        let stored = serde_json::to_value(&pending).unwrap();
        let back: PendingAuthorization = serde_json::from_value(stored.clone()).unwrap();
        prop_assert_eq!(serde_json::to_value(&back).unwrap(), stored);
    }

    #[test]
    fn no_text_is_too_odd_to_be_conventions(text in "[\\x20-\\x7e]{0,24}", name in "[a-z_]{0,12}") {
        let json = serde_json::json!({
            "headers": {&*name: &*text}, "scope_delimiter": &*text,
            "exchange": {"params": {&*name: &*text}, "rename": {"code": &*text}},
            "answer": {"root": &*text, "expires_at": {"name": &*text}},
            "apply": {"template": format!("{text}{{token}}")},
        });
        let Ok(conventions) = serde_json::from_value::<Conventions>(json) else { return Ok(()) };
        let client = inputs::Client { id: "id".into(), secret: "secret".into() };
        let builder = client.builder().conventions(conventions);
        let Ok(exchanger) = builder.authorization_url("https://as.example/a").build() else { return Ok(()) };
        exchanger.authorize().unwrap().start().unwrap();
        let mut api = http::Request::get("https://api.example/").body(()).unwrap();
        let _ = exchanger.apply(&Token::bearer("T"), &mut api);
        let call = exchanger.exchange(support::code());
        let (_, seen) = play(call, |_| Ok(support::json(200, "{\"access_token\":\"T\"}")));
        prop_assert!(seen.iter().all(|request| request.uri().host() == Some("as.example")));
    }
}

fn exchanger() -> token_exchanger::TokenExchanger {
    support::plain().authorization_url("https://as.example/a").build().unwrap()
}

fn pending(state: &str) -> PendingAuthorization {
    exchanger().authorize().unwrap().state(state).start().unwrap().pending
}
