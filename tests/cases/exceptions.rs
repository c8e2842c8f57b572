//! The list of cases that are not played or that differ, each with its reason.

use std::path::Path;
use std::sync::LazyLock;
use std::{env, fs};

use serde_json::Value;

/// Why a case that is in scope is not played.
pub(crate) fn not_played(id: &str) -> Option<String> {
    reason("not_played", id)
}

/// Why a case comes out otherwise than it expects, where DESIGN.md or an issue holds.
pub(crate) fn differs(id: &str) -> Option<String> {
    reason("differs", id)
}

/// Whether cases of this part are for later.
pub(crate) fn is_to_come(part: &str) -> bool {
    LIST["parts_to_come"].as_array().is_some_and(|parts| parts.iter().any(|it| it == part))
}

fn reason(list: &str, id: &str) -> Option<String> {
    LIST[list][id].as_str().map(ToOwned::to_owned)
}

/// What comes with the cases, or ours.
static LIST: LazyLock<Value> = LazyLock::new(|| {
    let ours = include_str!("exceptions.json").to_owned();
    let theirs = env::var_os("CASES_DIR").map(|it| Path::new(&it).join("exceptions.json"));
    let list = theirs.and_then(|path| fs::read_to_string(path).ok()).unwrap_or(ours);
    serde_json::from_str(&list).expect("exceptions.json is JSON")
});
