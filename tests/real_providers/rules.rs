//! Which parameters a request must have, and which it may: all others are refused.

use std::collections::{BTreeMap, HashSet};

use token_exchanger::ClientAuth;

use crate::entry::{Client, Entry, Kind, Pkce};
use crate::request::{Parameter, unescaped};

/// What the entry says of one parameter.
struct Rule {
    /// What the standard calls it, if it knows it.
    standard: Option<&'static str>,
    /// What the provider calls it.
    name: String,
    wanted: Wanted,
    needed: Needed,
}

enum Wanted {
    This(String),
    /// Any value that no earlier request had.
    Fresh,
    /// These, with what stands between them not encoded.
    RawScopes(Vec<String>, String),
    /// Any value, of which something else may have to hold.
    Some,
}

#[derive(Clone, Copy, Eq, PartialEq)]
enum Needed {
    Always,
    Maybe,
}

/// What was found, under standard names, and the values that must be new.
#[derive(Default)]
pub(crate) struct Found {
    values: BTreeMap<&'static str, String>,
    pub(crate) fresh: Vec<String>,
}

impl Found {
    pub(crate) fn get(&self, standard: &str) -> Option<&str> {
        self.values.get(standard).map(String::as_str)
    }
}

/// What is wrong with the parameters.
pub(crate) enum Wrong {
    /// The client is not the one that it says.
    Client(String),
    Parameters(String),
}

pub(crate) struct Rules(Vec<Rule>);

impl Rules {
    /// Those of a request of this kind, which says who the client is in this way and belongs to an
    /// authorization of this state. What the URL's own query has, nobody else may say.
    pub(crate) fn new(
        entry: &Entry,
        client: &Client,
        kind: Kind,
        auth: Option<ClientAuth>,
        state: Option<&str>,
        own: &[Parameter],
    ) -> Self {
        let server = &entry.server;
        let mut rules = standard(entry, client, kind);
        rules.extend(credentials(client, auth));
        rules.retain(|rule| rule.standard.is_none_or(|it| !server.omits.of(kind).contains(it)));
        for rule in &mut rules {
            if let Some(theirs) = server.renames.of(kind).get(&rule.name) {
                rule.name.clone_from(theirs);
            }
        }
        for (name, value) in server.requires_params.of(kind) {
            let wanted = wanted(entry, client, &value.0, state);
            match rules.iter_mut().find(|rule| rule.name == *name) {
                Some(rule) => (rule.wanted, rule.needed) = (wanted, Needed::Always),
                None => rules.push(Rule {
                    standard: None,
                    name: name.clone(),
                    wanted,
                    needed: Needed::Always,
                }),
            }
        }
        rules.retain(|rule| own.iter().all(|parameter| parameter.name != rule.name));
        Self(rules)
    }

    pub(crate) fn check(
        &self,
        given: &[Parameter],
        used: &HashSet<String>,
    ) -> Result<Found, Wrong> {
        // Who the client is comes first, as it decides what an error is called.
        let is_credential =
            |rule: &&Rule| matches!(rule.standard, Some("client_id" | "client_secret"));
        let mut found = Found::default();
        for rule in self.0.iter().filter(is_credential) {
            rule.check(given, used, &mut found).map_err(Wrong::Client)?;
        }
        for rule in self.0.iter().filter(|rule| !is_credential(rule)) {
            rule.check(given, used, &mut found).map_err(Wrong::Parameters)?;
        }
        let is_known = |name: &str| self.0.iter().any(|rule| rule.name == name);
        match given.iter().find(|parameter| !is_known(&parameter.name)) {
            Some(unknown) => Err(Wrong::Parameters(format!("{} is not wanted", unknown.name))),
            None => Ok(found),
        }
    }
}

impl Rule {
    fn check(
        &self,
        given: &[Parameter],
        used: &HashSet<String>,
        found: &mut Found,
    ) -> Result<(), String> {
        let name = &self.name;
        let mut all = given.iter().filter(|parameter| parameter.name == *name);
        let parameter = match (all.next(), self.needed) {
            (Some(parameter), _) => parameter,
            (None, Needed::Maybe) => return Ok(()),
            (None, Needed::Always) => return Err(format!("{name} is missing")),
        };
        if all.next().is_some() {
            return Err(format!("{name} stands there twice"));
        }
        let value = &parameter.value;
        if value.is_empty() {
            return Err(format!("{name} is empty"));
        }
        match &self.wanted {
            Wanted::This(wanted) if value != wanted => {
                return Err(format!("{name} is {value:?} instead of {wanted:?}"));
            }
            Wanted::RawScopes(scopes, delimiter) => {
                let parts = parameter.raw.split(delimiter.as_str()).map(unescaped);
                let parts = parts.collect::<Result<Vec<_>, _>>()?;
                if parts != *scopes {
                    return Err(format!("{name} is written {:?}", parameter.raw));
                }
            }
            Wanted::Fresh if used.contains(value) => {
                return Err(format!("{name} has a value that an earlier request had"));
            }
            Wanted::Fresh => found.fresh.push(value.clone()),
            Wanted::This(_) | Wanted::Some => {}
        }
        if let Some(standard) = self.standard {
            found.values.insert(standard, value.clone());
        }
        Ok(())
    }
}

fn standard(entry: &Entry, client: &Client, kind: Kind) -> Vec<Rule> {
    use Needed::{Always, Maybe};

    let scopes = entry.scopes(client);
    let joined = || Wanted::This(scopes.join(entry.server.delimiter()));
    let this = |text: &str| Wanted::This(text.to_owned());
    let redirect_uri = ("redirect_uri", this(&client.redirect_uri), Always);
    let mut rules = match kind {
        Kind::Authorization => {
            let scope = match entry.server.raw_delimiter() {
                Some(delimiter) => Wanted::RawScopes(scopes.to_vec(), delimiter.to_owned()),
                None => joined(),
            };
            let mut rules = vec![
                ("client_id", this(&client.client_id), Always),
                redirect_uri,
                ("scope", scope, Always),
                ("state", Wanted::Some, Always),
                ("response_type", this("code"), Always),
            ];
            let needed = match entry.server.pkce {
                Pkce::Required => Some(Always),
                Pkce::Allowed => Some(Maybe),
                Pkce::Refused => None,
            };
            if let Some(needed) = needed {
                rules.push(("code_challenge", Wanted::Some, needed));
                rules.push(("code_challenge_method", this("S256"), needed));
            }
            rules
        }
        Kind::Exchange => vec![
            ("grant_type", this("authorization_code"), Always),
            ("code", Wanted::Some, Always),
            redirect_uri,
            ("code_verifier", Wanted::Some, Maybe),
            ("scope", joined(), Maybe),
        ],
        Kind::Refresh => vec![
            ("grant_type", this("refresh_token"), Always),
            ("refresh_token", Wanted::Some, Always),
            ("scope", joined(), Maybe),
        ],
        Kind::ClientCredentials => {
            vec![("grant_type", this("client_credentials"), Always), ("scope", joined(), Always)]
        }
    };
    if scopes.is_empty() {
        rules.retain(|(name, ..)| *name != "scope");
    }
    rules.into_iter().map(Rule::standard).collect()
}

/// The parameters that say who the client is: none where a header does.
fn credentials(client: &Client, auth: Option<ClientAuth>) -> Vec<Rule> {
    let id = ("client_id", Wanted::This(client.client_id.clone()), Needed::Always);
    let secret = ("client_secret", Wanted::This(client.client_secret.clone()), Needed::Always);
    let rules = match auth {
        Some(ClientAuth::Body) => vec![id, secret],
        Some(ClientAuth::None) => vec![id],
        _ => Vec::new(),
    };
    rules.into_iter().map(Rule::standard).collect()
}

impl Rule {
    fn standard((name, wanted, needed): (&'static str, Wanted, Needed)) -> Self {
        Self { standard: Some(name), name: name.to_owned(), wanted, needed }
    }
}

fn wanted(entry: &Entry, client: &Client, value: &str, state: Option<&str>) -> Wanted {
    match value {
        "*" => Wanted::Some,
        "$RANDOM" => Wanted::Fresh,
        value => Wanted::This(text(entry, client, value, state)),
    }
}

/// The value with what its placeholders stand for.
pub(crate) fn text(entry: &Entry, client: &Client, value: &str, state: Option<&str>) -> String {
    let mut text = value.to_owned();
    let secret = &client.client_secret;
    while let Some((before, rest)) = text.split_once("$CLIENT_SECRET[") {
        let slice = rest.split_once(']').and_then(|(range, after)| {
            let (from, to) = range.split_once(':')?;
            let (from, to): (usize, usize) = (from.parse().ok()?, to.parse().ok()?);
            let kept = secret.chars().skip(from).take(to.checked_sub(from)?);
            Some((kept.collect::<String>(), after))
        });
        let Some((kept, after)) = slice else { break };
        text = format!("{before}{kept}{after}");
    }
    text.replace("$CLIENT_SECRET", secret)
        .replace("$CLIENT_ID", &client.client_id)
        .replace("$STATE", state.unwrap_or("(a state)"))
        .replace("$SCOPES", &entry.scopes(client).join(entry.server.delimiter()))
}
