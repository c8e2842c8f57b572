//! What of a command and of a configuration may be shown.

use super::letter::Letter;
use crate::kind::Kind;
use crate::mask::Mask;
use crate::secret::Secret;
use crate::setup::Setup;

/// Shows foreign text without what is, or may be, secret.
pub(super) struct Shown {
    secrets: Vec<Secret>,
    /// The client's secret, in lower case: what curl sends of it may be in pieces.
    own: Secret,
}

impl Shown {
    /// `theirs` has its parameters under standard names.
    pub(super) fn new(setup: &Setup, theirs: &Letter) -> Self {
        let known = [setup.client.id(), &setup.redirect_uri, &setup.scope];
        let mut secrets: Vec<Secret> = setup.client.secret().cloned().into_iter().collect();
        let mut hide = |value: &str, shortest: usize| {
            if value.len() >= shortest && !value.is_empty() && !known.contains(&value) {
                secrets.push(value.into());
            }
        };
        for param in &theirs.params {
            let is_swapped = param.name == "client_id"
                && theirs
                    .params
                    .iter()
                    .any(|it| it.name == "client_secret" && known.contains(&&*it.value));
            let is_pair = param.name == "client_id" && param.value.contains(':');
            if is_swapped || is_pair || SECRETS.contains(&&*param.name) {
                hide(&param.value, 1);
            } else if !is_harmless(&param.name) {
                hide(&param.value, SHORTEST_UNKNOWN);
            }
        }
        for (name, value) in &theirs.query {
            if !is_harmless(name) {
                hide(value, SHORTEST_UNKNOWN);
            }
        }
        for (name, value) in &theirs.headers {
            if !is_harmless_header(name) {
                hide(value, SHORTEST_UNKNOWN);
            }
        }
        if let Some((user, password)) = theirs.authorization.halves() {
            hide(password, SHORTEST_HALF);
            // An id beside nothing that is a secret is rather a key, and one before the id a secret.
            if password.len() < SHORTEST_PASSWORD || password == setup.client.id() {
                hide(user, SHORTEST_HALF);
            }
        }
        // Hosts and names of headers are compared, and shown, in lower case.
        let lower = secrets.iter().map(|secret| secret.expose().to_ascii_lowercase().into());
        let lower: Vec<Secret> = lower.collect();
        secrets.extend(lower);
        let own = setup.client.secret().map_or("", Secret::expose).to_ascii_lowercase().into();
        Self { secrets, own }
    }

    /// The text, as far as it may be shown.
    pub(super) fn text(&self, text: &str) -> String {
        let mut mask = Mask::default();
        for secret in &self.secrets {
            mask.hide("secret", secret.expose());
        }
        let masked = mask.beginning(&self.query_hidden(before_another(text)), LONGEST + 1);
        let mut shown: String = masked.chars().filter(|c| !c.is_control()).take(LONGEST).collect();
        if masked.chars().nth(LONGEST).is_some() {
            shown.push('…');
        }
        shown
    }

    /// The text without the values of its query, but for those that are harmless by their name.
    fn query_hidden(&self, text: &str) -> String {
        let Some((before, query)) = text.split_once('?') else {
            let encoded = text.to_ascii_lowercase().find("%3f").and_then(|at| text.get(..at));
            return encoded.map_or_else(|| text.to_owned(), |before| format!("{before}{HIDDEN}"));
        };
        let pairs = query.split('&').map(|pair| match pair.split_once('=') {
            Some((name, value)) if !value.is_empty() && !is_harmless(name) => {
                format!("{}={HIDDEN}", self.name(name))
            }
            None if !pair.is_empty() => self.name(pair),
            _ => pair.to_owned(),
        });
        format!("{before}?{}", pairs.collect::<Vec<_>>().join("&"))
    }

    /// The text, if nothing of it must be hidden.
    pub(super) fn whole(&self, text: &str) -> Option<String> {
        Some(self.text(text)).filter(|shown| shown == text)
    }

    /// A value of the name, or a mark in its place.
    pub(super) fn value(&self, name: &str, value: &str) -> String {
        let shown = if is_harmless(name) { self.whole(value) } else { None };
        shown.unwrap_or_else(|| HIDDEN.to_owned())
    }

    /// A name, or a mark in place of what is none: a secret that was not encoded may fall apart into
    /// names.
    pub(super) fn name(&self, name: &str) -> String {
        let may_stand = |c: char| c.is_ascii_alphanumeric() || "_-.:[]".contains(c);
        let is_name = !name.is_empty() && name.len() <= 64 && name.chars().all(may_stand);
        let lower = name.to_ascii_lowercase();
        let holds = |secret: &str| {
            secret == lower || secret.len() >= SHORTEST_PART && lower.contains(secret)
        };
        // There is each in lower case too.
        let is_part = self.secrets.iter().any(|it| holds(it.expose()))
            || name.len() >= SHORTEST_PART && self.own.expose().contains(&lower);
        let is_known =
            is_harmless(name) || Kind::ALL.iter().any(|it| it.parameters().contains(&name));
        let may_be_shown = is_known || !is_part && !is_random(name);
        if is_name && may_be_shown { name.to_owned() } else { HIDDEN.to_owned() }
    }
}

/// Whether the name is rather drawn at random than made of words: letters and digits take turns in a
/// part of it, or it goes on for longer than words do.
fn is_random(name: &str) -> bool {
    name.split(|c: char| !c.is_ascii_alphanumeric()).any(|part| {
        let digits = || part.bytes().map(|byte| byte.is_ascii_digit());
        let turns = digits().zip(digits().skip(1)).filter(|(one, next)| one != next).count();
        turns >= 3 || part.len() >= 20 && turns > 0
    })
}

/// The text up to where another parameter begins that was meant to stand apart, and may be secret:
/// the `&` between them was lost.
fn before_another(text: &str) -> &str {
    let lower = text.to_ascii_lowercase();
    let sensitive = ["secret", "code", "verifier", "token", "password", "assertion"];
    let begins = |equals: &str| {
        let found = lower.match_indices(equals);
        let mut ends = found.filter(|(at, _)| {
            lower.get(..*at).is_some_and(|before| sensitive.iter().any(|it| before.ends_with(it)))
        });
        ends.next().map(|(at, _)| at)
    };
    // An equals sign in a URI stands in its query.
    let misplaced = text.find('=').filter(|&at| !text.get(..at).is_some_and(|it| it.contains('?')));
    let ends =
        [misplaced, begins("="), begins("%3d"), begins("x3d"), begins("u003d"), begins("\":")];
    let end = ends.into_iter().flatten().min();
    end.and_then(|end| text.get(..end)).unwrap_or(text)
}

/// Whether a parameter of the name is no secret whatever its value.
pub(super) fn is_harmless(name: &str) -> bool {
    HARMLESS.contains(&&*name.to_ascii_lowercase())
}

pub(super) fn is_harmless_header(name: &str) -> bool {
    ["accept", "host", "user-agent", "origin"].contains(&name) || name.ends_with("version")
}

/// Stands for what is not shown.
pub(super) const HIDDEN: &str = "…";

const HARMLESS: [&str; 22] = [
    "access_type",
    "api-version",
    "api_version",
    "app_id",
    "audience",
    "client_id",
    "client_key",
    "format",
    "grant_type",
    "lang",
    "locale",
    "prompt",
    "redirect_uri",
    "resource",
    "response_type",
    "scope",
    "tenant",
    "token_type_hint",
    "type",
    "v",
    "version",
    "client_assertion_type",
];

const SECRETS: [&str; 6] =
    ["client_secret", "code", "code_verifier", "refresh_token", "token", "password"];

/// In bytes. A shorter value of an unknown name is rather a word, and is not shown by its name anyway.
const SHORTEST_UNKNOWN: usize = 8;

/// In bytes. A shorter half of a header is no secret, and a part of many words.
const SHORTEST_HALF: usize = 4;

/// In bytes. A shorter password stands there because there must be one.
const SHORTEST_PASSWORD: usize = 8;

/// In bytes. A shorter part of a secret is rather a word.
const SHORTEST_PART: usize = 6;

/// In characters.
const LONGEST: usize = 300;
