//! Wrong fields, planted: a provider that takes anything, or a walk that looks at nothing, would pass.
//!
//! `planted.json` holds invented entries and, for each, fields to spoil on one side only.

use serde::Deserialize;
use serde_json::{Value, json};
use token_exchanger::{Flavor, Policy};

use crate::entry::{Client, Entry};
use crate::walk::walk;
use crate::{client, each, ours, played, read, show};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    /// Laid over [`whole`].
    entry: Value,
    plants: Vec<Plant>,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Plant {
    on: Side,
    /// A JSON Pointer into the entry.
    at: String,
    /// `null` takes the field away.
    wrong: Value,
}

#[derive(Clone, Copy, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "snake_case")]
enum Side {
    Client,
    Provider,
}

#[test]
fn every_invented_entry_is_served_as_it_stands() {
    let client = client(&ours());
    let cases = cases();
    let came = each(&cases, |case| {
        let entry = whole(&case.entry);
        under_both(&entry, &entry, &client).map_err(|reason| format!("{reason}\n{entry}"))
    });
    let failures: Vec<_> = came.into_iter().filter_map(Result::err).collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn one_wrong_field_of_any_class_on_one_side_makes_the_walk_fail() {
    let client = client(&ours());
    let all: Vec<_> = cases()
        .into_iter()
        .flat_map(|case| {
            let entry = whole(&case.entry);
            case.plants.into_iter().map(move |plant| (entry.clone(), plant))
        })
        .collect();
    let came = each(&all, |(entry, plant)| {
        let spoilt = spoil(entry, plant);
        let (client_side, provider_side) = match plant.on {
            Side::Client => (&spoilt, entry),
            Side::Provider => (entry, &spoilt),
        };
        let of = |policy| match under(client_side, provider_side, &client, policy) {
            Ok(()) => Err(format!("{policy:?}: nothing was noticed")),
            Err(reason) if reason.starts_with("unreadable") => Err(reason),
            Err(_) => Ok(()),
        };
        [Policy::Careful, Policy::Exhaustive].into_iter().try_for_each(of)
    });
    let failures: Vec<_> = came
        .into_iter()
        .zip(&all)
        .filter_map(|(came, (_, plant))| {
            let side = if plant.on == Side::Client { "the client" } else { "the provider" };
            Some(format!("{} = {} on {side}: {}", plant.at, plant.wrong, came.err()?))
        })
        .collect();
    show(&format!("{} of {} planted fields noticed", all.len() - failures.len(), all.len()));
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn the_provider_tells_each_flavor_from_every_other() {
    let client = client(&ours());
    let flavors: Vec<_> = Flavor::ALL.into_iter().chain(Flavor::PUBLIC).collect();
    let pairs = flavors.iter().flat_map(|ours| flavors.iter().map(move |theirs| (ours, theirs)));
    let pairs: Vec<_> = pairs.collect();
    // A refusal that says nothing makes the mapping give the flavors instead of having them tried.
    let entry = |flavor: &Flavor| {
        whole(&json!({"server": {
            "accepts": [flavor],
            "error_response": {"body": {"error": "E-1"}},
        }}))
    };
    let came = each(&pairs, |(ours, theirs)| {
        let came = under(&entry(ours), &entry(theirs), &client, Policy::Careful);
        match came {
            Ok(()) if ours != theirs => Err(format!("{theirs} takes {ours}")),
            Err(reason) if ours == theirs => Err(format!("{ours}: {reason}")),
            _ => Ok(()),
        }
    });
    let failures: Vec<_> = came.into_iter().filter_map(Result::err).collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn every_word_of_the_schema_is_planted_somewhere() {
    let schema = ours()["schema"].clone();
    let planted: Vec<_> = cases().into_iter().flat_map(|case| case.plants).collect();
    let is_planted = |place: &str| {
        planted.iter().any(|plant| {
            let nested = plant.wrong.as_object().into_iter().flat_map(|it| it.keys());
            let mut places = nested.map(|name| format!("{}/{name}", plant.at));
            plant.at == place
                || plant.at.starts_with(&format!("{place}/"))
                || places.any(|it| it == place)
        })
    };
    let words = schema["server"].as_object().expect("the words of a server").keys();
    let words = words.flat_map(|words| words.split(", ")).map(|word| format!("/server/{word}"));
    let within = WITHIN.iter().map(|word| (*word).to_owned());
    let missing: Vec<_> = words
        .filter(|word| word != "/server/response")
        .chain(within)
        .filter(|place| !is_planted(place))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn a_word_that_the_schema_does_not_have_is_noticed() {
    for at in ["/unknown", "/server/unknown", "/server/refresh", "/server/response", "/server/api"]
    {
        let plant = Plant { on: Side::Client, at: at.to_owned(), wrong: json!({"unknown": 1}) };
        let spoilt = spoil(&whole(&json!({"server": {"accepts": ["body+form"]}})), &plant);
        assert!(Entry::deserialize(&spoilt).is_err(), "{at}");
    }
}

fn cases() -> Vec<Case> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/real_providers/planted.json");
    Vec::deserialize(read(path.as_ref())).expect("cases")
}

/// The entry with what all of them have.
fn whole(part: &Value) -> Value {
    let mut whole = json!({
        "name": "invented",
        "grant": "authorization_code",
        "expressible": "data",
        "token_url": "https://as.example/token",
        "authorization_url": "https://as.example/authorize",
    });
    for (name, value) in part.as_object().expect("an entry") {
        whole[name] = value.clone();
    }
    whole
}

fn spoil(entry: &Value, plant: &Plant) -> Value {
    let mut spoilt = entry.clone();
    let (parent, name) = plant.at.rsplit_once('/').expect("a pointer");
    // A parent that is not there is an object without members.
    let mut at = &mut spoilt;
    for segment in parent.split('/').skip(1) {
        at = &mut at[segment];
    }
    match (&plant.wrong, at.as_object_mut()) {
        (Value::Null, Some(members)) => drop(members.remove(name)),
        _ => at[name] = plant.wrong.clone(),
    }
    spoilt
}

fn under_both(ours: &Value, theirs: &Value, client: &Client) -> Result<(), String> {
    let mut policies = [Policy::Careful, Policy::Exhaustive].into_iter();
    policies.try_for_each(|policy| under(ours, theirs, client, policy))
}

fn under(ours: &Value, theirs: &Value, client: &Client, policy: Policy) -> Result<(), String> {
    let read = |entry| Entry::deserialize(entry).map_err(|error| format!("unreadable: {error}"));
    let (ours, theirs): (Entry, Entry) = (read(ours)?, read(theirs)?);
    played(|transport| walk(&ours, &theirs, client, policy, transport))
}

/// The words that the schema has in the prose of others.
const WITHIN: [&str; 43] = [
    "/token_url",
    "/authorization_url",
    "/refresh_url",
    "/parameters",
    "/token_url_from_callback",
    "/scopes",
    "/server/requires_params/authorization",
    "/server/requires_params/exchange",
    "/server/requires_params/refresh",
    "/server/requires_params/client_credentials",
    "/server/renames/authorization",
    "/server/renames/exchange",
    "/server/renames/refresh",
    "/server/renames/client_credentials",
    "/server/omits/authorization",
    "/server/omits/exchange",
    "/server/omits/refresh",
    "/server/omits/client_credentials",
    "/server/response/exchange",
    "/server/response/refresh",
    "/server/response/keeps",
    "/server/response/look/root",
    "/server/response/look/access_token",
    "/server/response/look/refresh_token",
    "/server/response/look/expires_in",
    "/server/response/look/expires_in_unit",
    "/server/response/look/expires_at",
    "/server/response/look/expires_at_format",
    "/server/response/look/default_lifetime",
    "/server/response/look/zero_lifetime",
    "/server/error_response/status",
    "/server/error_response/recognised",
    "/server/refresh/uses",
    "/server/refresh/accepts",
    "/server/refresh/verb",
    "/server/refresh/params_in",
    "/server/refresh/rotates",
    "/server/refresh/omits_refresh_token",
    "/server/refresh/lives_on",
    "/server/refresh/not_before_expiry",
    "/server/api/place",
    "/server/api/name",
    "/server/api/template",
];
