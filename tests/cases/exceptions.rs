//! The list of cases that are not played or that differ, each with its reason.

use std::sync::LazyLock;

use serde_json::Value;

/// Why a case that is in scope is not played.
pub(crate) fn not_played(id: &str) -> Option<String> {
    reason("not_played", id)
}

/// Why a case comes out otherwise than it expects, where DESIGN.md or an issue holds.
pub(crate) fn differs(id: &str) -> Option<String> {
    reason("differs", id)
}

fn reason(list: &str, id: &str) -> Option<String> {
    LIST[list][id].as_str().map(ToOwned::to_owned)
}

static LIST: LazyLock<Value> = LazyLock::new(|| {
    serde_json::from_str(include_str!("exceptions.json")).expect("exceptions.json is JSON")
});
