//! The refresh token was refused.

use super::super::facts::Facts;
use super::super::finding::{Finding, FindingKind};
use super::grant::{cannot_be_opened, is_about_something_else, is_unclassed};

/// A refresh token that is no longer good.
pub(super) fn refused(facts: &Facts<'_>) -> Option<Finding> {
    if !facts.is_refresh() || is_about_something_else(facts) {
        return None;
    }
    let is_spent = facts.report.kind.as_deref() == Some("refused")
        && facts.report.fate.as_deref() == Some("spent");
    let is_named = matches!(facts.code(), "invalid_grant" | "invalid_token") || speaks_of_it(facts);
    // A refusal without a word is more likely about the token than about anything else.
    let is_silent = matches!(facts.code(), "" | "unnamed")
        && matches!(facts.status(), 400 | 403)
        && facts.told.answer.as_ref().is_some_and(|answer| answer.body.is_empty());
    let mut cause = "the refresh token has expired, was revoked by the user or an administrator, was \
                     replaced by a later refresh whose token was not kept, or belongs to another client"
        .to_owned();
    if is_silent {
        cause += "; or id and secret are not recognised";
    }
    (is_spent || is_named || is_silent).then(|| {
        Finding::problem(
            FindingKind::RefreshToken,
            facts.seen(),
            cause,
            "let the user authorize again. If it happens time and again: save the new token before \
             it is used, and let one refresh of a token run at a time",
        )
    })
}

/// Whether the words are about the refresh token, whatever the code and the status are.
fn speaks_of_it(facts: &Facts<'_>) -> bool {
    let of_the_client =
        ["the client", "client id", "client secret", "invalid client", "grant type"];
    let is_bad = ["invalid", "expired", "revoked", "not found", "unknown"];
    let names_it = facts.says(&["refresh token"]) && !facts.says_missing();
    let is_said = facts.says(&is_bad) && !facts.says(&of_the_client) || is_unclassed(facts);
    // Without its name: nothing else in such a request is a token.
    let means_it = is_unclassed(facts)
        && (cannot_be_opened(facts)
            || facts.says(&["token missing"])
            || facts.says(&["token was invalid", "token is invalid", "token expired"])
                && !facts.says_missing());
    names_it && is_said
        || means_it
        || facts.says(&["token has been revoked", "token is not linked", "decrypt the refresh"])
}
