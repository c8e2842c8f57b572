//! What must not happen, where a case says it in words that are known here.

use crate::always;
use crate::play::{Came, End};
use crate::written::params;

/// Whether what the words speak of did not happen.
pub(crate) type Rule<'a> = Box<dyn Fn(&Came) -> bool + 'a>;

/// `None` for words that are not known.
pub(crate) fn rule(words: &str) -> Option<Rule<'_>> {
    let one_word = |end: &str| words.strip_suffix(end).filter(|it| is_name(it));
    if let Some(text) = words.strip_suffix(" in the message") {
        return Some(Box::new(move |came| {
            let outputs = always::outputs(came);
            if !["code", "state", "expected state"].contains(&text) {
                return !outputs.contains(text);
            }
            let mut values = came.words.iter().filter(|(word, _)| *word == text);
            values.all(|(_, value)| !outputs.contains(&**value))
        }));
    }
    if let Some(name) = one_word(" twice") {
        return Some(Box::new(move |came| most(came, name) < 2));
    }
    if let Some(name) = one_word(" sent") {
        return Some(Box::new(move |came| most(came, name) == 0));
    }
    Some(match words {
        "user told to reconnect" => Box::new(|came| match &came.end {
            End::Called(result) => {
                !result.as_ref().as_ref().is_err_and(|it| it.needs_reauthorization())
            }
            _ => true,
        }),
        "reported as revoked" | "exchange is possible" | "token attached" => {
            Box::new(|came| match &came.end {
                End::Called(result) => result.is_err(),
                End::Gave(_) => false,
                End::Failed(_) | End::Cancelled => true,
            })
        }
        "another flavor is tried" => Box::new(|came| came.handed.len() < 2),
        "code_challenge_method=plain" => Box::new(|came| match &came.end {
            End::Gave(gave) => !gave.wire.contains("code_challenge_method=plain"),
            _ => true,
        }),
        "replacement characters in the code" => Box::new(|came| match &came.end {
            End::Gave(gave) => !gave.facts["code"].to_string().contains('\u{fffd}'),
            _ => true,
        }),
        // A case that panics comes to no comparison.
        "panic" | "overflow" | "abort" | "stack overflow" => Box::new(|_| true),
        _ => return None,
    })
}

/// How often a parameter stands in one request, at most.
fn most(came: &Came, name: &str) -> usize {
    let count = |request| params(request).iter().filter(|(known, _)| known == name).count();
    came.handed.iter().map(count).max().unwrap_or_default()
}

fn is_name(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
}
