//! What holds of every call, whatever its client, its flavors and the answers.

#[path = "support/inputs.rs"]
mod inputs;
#[path = "support/replies.rs"]
mod replies;
mod support;

use std::collections::HashSet;

use inputs::{Asked, Client, Wishes, any_client, asked, bytes, settings, wishes};
use proptest::collection::vec;
use proptest::prelude::*;
use replies::{Class, Reply, Story, ending, foretell, refusal, reply};
use support::play;
use token_exchanger::{
    CallError, CodeFate, Flavor, HttpRequest, Issued, Outcome, Policy, TokenExchanger,
};

proptest! {
    #![proptest_config(settings(256))]

    #[test]
    fn careful_never_sends_the_same_bytes_twice(
        setup in setup(Some(Policy::Careful)),
        exchanges in vec(replies(), 1..4),
    ) {
        let Some(exchanger) = setup.exchanger() else { return Ok(()) };
        for replies in exchanges {
            let (_, seen) = setup.exchange(&exchanger, &replies);
            let distinct = seen.iter().map(bytes).collect::<HashSet<_>>();
            prop_assert_eq!(distinct.len(), seen.len());
        }
    }

    #[test]
    fn what_careful_sends_exhaustive_may_send_too(
        setup in setup(Some(Policy::Careful)),
        replies in replies(),
    ) {
        let Some(exchanger) = setup.exchanger() else { return Ok(()) };
        let exhaustive = setup.asked.exchanger(setup.client.builder());
        let of = |flavor| bytes(&setup.asked.call(&exhaustive).flavor(flavor).request());
        let may_send = setup.client.flavors().map(of).collect::<HashSet<_>>();
        let (_, seen) = setup.exchange(&exchanger, &replies);
        prop_assert!(seen.iter().all(|request| may_send.contains(&bytes(request))));
    }

    #[test]
    fn nothing_is_sent_after_an_answer_that_ends_a_call(
        setup in setup(None),
        refusals in vec(refusal(), 0..6),
        ending in ending(),
        after in replies(),
    ) {
        let Some(exchanger) = setup.exchanger() else { return Ok(()) };
        let most = refusals.len() + 1;
        let class = ending.class;
        let replies = [refusals, vec![ending], after].concat();
        let (result, seen) = setup.exchange(&exchanger, &replies);
        prop_assert!(seen.len() <= most);
        if seen.len() == most {
            prop_assert_eq!(result.is_ok(), class == Class::Token);
        }
    }

    #[test]
    fn a_call_goes_as_the_design_foretells(setup in setup(None), replies in replies()) {
        let Some(exchanger) = setup.exchanger() else { return Ok(()) };
        let story = setup.foretell(&exchanger, &replies);
        let (result, seen) = setup.exchange(&exchanger, &replies);

        let attempts = match &result {
            Ok(issued) => &issued.attempts[..],
            Err(error) => error.attempts(),
        };
        let flavors = story.attempts.iter().map(|(flavor, _)| *flavor).collect::<Vec<_>>();
        prop_assert_eq!(attempts.iter().map(|it| it.flavor).collect::<Vec<_>>(), &flavors[..]);
        prop_assert!(attempts.len() <= setup.most());
        for (attempt, (_, class)) in attempts.iter().zip(&story.attempts) {
            match &attempt.outcome {
                Outcome::Accepted => prop_assert_eq!(*class, Class::Token),
                Outcome::Unanswered(_) => prop_assert_eq!(*class, Class::NoAnswer),
                _ => prop_assert!(![Class::Token, Class::NoAnswer].contains(class)),
            }
        }
        let of = |flavor| bytes(&setup.asked.call(&exchanger).flavor(flavor).request());
        prop_assert_eq!(
            seen.iter().map(bytes).collect::<Vec<_>>(),
            flavors.into_iter().map(of).collect::<Vec<_>>()
        );

        match result {
            Ok(_) => prop_assert_eq!(story.kind, "token"),
            Err(error) => {
                prop_assert_eq!(error.kind().to_string(), story.kind);
                prop_assert!(std::ptr::eq(error.headline(), &error.attempts()[story.headline]));
                prop_assert_eq!(error.code_fate(), story.fate);
                prop_assert_eq!(error.needs_reauthorization(), story.fate == CodeFate::Spent);
                let is_given_back = [CodeFate::Unsent, CodeFate::ProbablyLive].contains(&story.fate);
                prop_assert_eq!(error.into_code().is_some(), is_given_back);
            }
        }
    }

    #[test]
    fn the_order_is_the_one_wished_for(setup in setup(None)) {
        let Some(exchanger) = setup.exchanger() else { return Ok(()) };
        prop_assert_eq!(exchanger.flavors(), setup.order());
    }

    #[test]
    fn what_a_call_learned_changes_the_order_and_nothing_else(
        setup in setup(None),
        exchanges in vec(replies(), 1..4),
    ) {
        let Some(exchanger) = setup.exchanger() else { return Ok(()) };
        let (mut learned, mut doubted) = (None, HashSet::new());
        for replies in exchanges {
            let story = setup.foretell(&exchanger, &replies);
            setup.exchange(&exchanger, &replies).0.ok();
            let flavors = exchanger.flavors();
            let ways = flavors.iter().map(|flavor| setup.way(*flavor)).collect::<Vec<_>>();

            if story.kind == "token" {
                learned = story.attempts.last().map(|(flavor, _)| *flavor);
                doubted.retain(|way| Some(way) != learned.map(|it| setup.way(it)).as_ref());
                prop_assert_eq!(flavors.first().copied(), learned);
            }
            doubted.extend(suspects(&story).into_iter().map(|flavor| setup.way(flavor)));
            prop_assert!(ways.iter().map(|way| doubted.contains(way)).is_sorted());
            learned = learned.filter(|flavor| !doubted.contains(&setup.way(*flavor)));
            prop_assert_eq!(exchanger.learned(), learned);

            let wished = setup.order().into_iter().map(|flavor| setup.way(flavor));
            prop_assert_eq!(HashSet::<_>::from_iter(ways), wished.collect::<HashSet<_>>());
        }
    }
}

/// Who asks, how and for what.
#[derive(Clone, Debug)]
struct Setup {
    client: Client,
    wishes: Wishes,
    asked: Asked,
}

fn setup(policy: Option<Policy>) -> impl Strategy<Value = Setup> {
    (any_client(), wishes(), asked()).prop_map(move |(client, wishes, asked)| {
        let mut wishes = wishes.of(&client);
        wishes.policy = policy.unwrap_or(wishes.policy);
        Setup { client, wishes, asked }
    })
}

fn replies() -> impl Strategy<Value = Vec<Reply>> {
    vec(reply(), 1..8)
}

/// The flavors that may have spent the code that a later one was refused for.
fn suspects(story: &Story) -> Vec<Flavor> {
    let refused = story.kind == "refused";
    let earlier = story.attempts[..story.headline].iter().filter(|_| refused);
    earlier.filter(|(_, class)| *class == Class::Client).map(|(flavor, _)| *flavor).collect()
}

impl Setup {
    fn exchanger(&self) -> Option<TokenExchanger> {
        self.asked.configured(self.wishes.configure(self.client.builder()))
    }

    fn exchange(
        &self,
        exchanger: &TokenExchanger,
        replies: &[Reply],
    ) -> (Result<Issued, CallError>, Vec<HttpRequest>) {
        let mut replies = replies.iter().cycle();
        play(self.asked.call(exchanger), |_| replies.next().expect("one at least").answer())
    }

    fn foretell(&self, exchanger: &TokenExchanger, replies: &[Reply]) -> Story {
        let (policy, reserved) = (self.wishes.policy, self.client.is_reserved());
        let written = |flavor| bytes(&self.asked.call(exchanger).flavor(flavor).request());
        let are_alike = |one, other| written(one) == written(other);
        foretell(exchanger.flavors(), self.most(), policy, reserved, replies, are_alike)
    }

    fn most(&self) -> usize {
        self.wishes.max_attempts.unwrap_or(usize::MAX)
    }

    /// The flavors in the order that a new exchanger is to try them in.
    fn order(&self) -> Vec<Flavor> {
        let careful = self.wishes.policy == Policy::Careful;
        let names = match () {
            () if self.client.secret.is_empty() => "none+form none+json",
            () if !careful => {
                "basic+form basic+json body+form body+json basic-raw+form basic-raw+json"
            }
            () if self.client.is_reserved() => {
                "body+form basic-raw+form body+json basic+form basic+json basic-raw+json"
            }
            () => "basic+form body+form basic+json body+json basic-raw+form basic-raw+json",
        };
        let documented = names.split(' ').map(|name| name.parse().expect("a flavor")).collect();
        let mut order: Vec<Flavor> = self.wishes.flavors.clone().unwrap_or(documented);
        let unfit = |flavor: &Flavor| !self.client.flavors().any(|fit| fit == *flavor);
        order.retain(|flavor| !unfit(flavor));
        if let Some(at) = order.iter().position(|flavor| Some(*flavor) == self.wishes.prefer) {
            order[..=at].rotate_right(1);
        }
        let mut known = HashSet::new();
        order.retain(|flavor| {
            let name = flavor.to_string().into_bytes();
            known.insert(if careful { self.way(*flavor) } else { name })
        });
        order
    }

    /// What tells a flavor from another on the wire, where nothing but the credentials is sent.
    fn way(&self, flavor: Flavor) -> Vec<u8> {
        let exchanger = self.client.builder().build().expect("a configuration");
        bytes(&exchanger.exchange(support::code()).flavor(flavor).request())
    }
}
