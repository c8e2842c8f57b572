//! Plays the providers of `tests/cases/providers.json`, or of the folder that `CASES_DIR` names, over
//! real connections: each is a strict server made from its entry, and the client is made from the
//! same entry by one mapping.
//!
//! `cargo test --test real_providers -- --nocapture` shows how many are served, and why the others
//! are not. A provider is data: one more needs no code.

#![cfg(feature = "reqwest")]

mod answers;
mod api;
mod browser;
mod entry;
mod expected;
mod judge;
mod mapping;
mod pkce;
mod provider;
mod request;
mod rules;
mod spoil;
mod walk;

#[path = "../support/wire.rs"]
mod wire;

use std::env;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde::Deserialize as _;
use serde_json::Value;
use token_exchanger::{Policy, ReqwestTransport};

use crate::entry::{Client, Entry};
use crate::walk::walk;

#[test]
fn every_provider_that_is_data_is_served() {
    let Some(file) = file() else { return };
    let client = client(&file);
    let providers = file["providers"].as_array().expect("a list of providers");
    let (is_data, is_not): (Vec<_>, Vec<_>) =
        providers.iter().partition(|entry| entry["expressible"] == "data");
    let failures: Vec<String> = each(&is_data, |entry| serve(entry, &client))
        .into_iter()
        .zip(&is_data)
        .filter_map(|(came, entry)| Some(format!("{}: {}", name(entry), came.err()?)))
        .collect();

    let reasons = is_not.iter().map(|entry| {
        let (kind, reason) = (&entry["expressible"], &entry["reason"]);
        let word = |value: &Value| value.as_str().unwrap_or("no reason given").to_owned();
        format!("{}: {}: {}", name(entry), word(kind), word(reason))
    });
    let served = is_data.len() - failures.len();
    let summary = format!("{served} of {} providers served (2 policies)", providers.len());
    let reasons = reasons.chain(failures.iter().cloned()).collect::<Vec<_>>().join("\n");
    show(&format!("{summary}\nnot served:\n{reasons}"));
    assert!(failures.is_empty(), "{summary}\n{}", failures.join("\n"));
    assert!(served > 0 || providers.is_empty(), "{summary}: nothing was played");
}

fn serve(entry: &Value, client: &Client) -> Result<(), String> {
    let entry = Entry::deserialize(entry).map_err(|error| format!("unreadable: {error}"))?;
    for policy in [Policy::Careful, Policy::Exhaustive] {
        let came = played(|transport| walk(&entry, &entry, client, policy, transport));
        came.map_err(|reason| format!("{policy:?}: {reason}"))?;
    }
    Ok(())
}

/// Runs it to its end on this thread.
fn played<'p, F>(play: impl FnOnce(&'p ReqwestTransport) -> F) -> Result<(), String>
where
    F: Future<Output = Result<(), String>>,
{
    static TRANSPORT: std::sync::LazyLock<ReqwestTransport> = std::sync::LazyLock::new(|| {
        // No user agent, and no connection to outlive the server that it goes to.
        let client = reqwest::Client::builder().no_proxy().pool_max_idle_per_host(0);
        ReqwestTransport::from_builder(client).expect("a client")
    });
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    runtime.enable_all().build().expect("a runtime").block_on(play(&TRANSPORT))
}

/// Ours, or that of the folder that `CASES_DIR` names, if it has one.
fn file() -> Option<Value> {
    let Some(folder) = env::var_os("CASES_DIR") else { return Some(ours()) };
    let path = PathBuf::from(folder).join("providers.json");
    if !path.exists() {
        show(&format!("there is no {}", path.display()));
        return None;
    }
    Some(read(&path))
}

fn ours() -> Value {
    read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/providers.json"))
}

fn read(path: &Path) -> Value {
    let text = fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_slice(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn client(file: &Value) -> Client {
    Client::deserialize(&file["schema"]["client"]).expect("the file has a client")
}

/// Several at a time, since each waits for its server.
fn each<T: Sync>(
    all: &[T],
    play: impl Fn(&T) -> Result<(), String> + Sync,
) -> Vec<Result<(), String>> {
    let (turn, came) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                loop {
                    let at = turn.fetch_add(1, Ordering::Relaxed);
                    let Some(one) = all.get(at) else { break };
                    // One that panics costs itself and no other.
                    let result = catch_unwind(AssertUnwindSafe(|| play(one)))
                        .unwrap_or_else(|_| Err("a panic, shown above".to_owned()));
                    came.lock().expect("no panic").push((at, result));
                }
            });
        }
    });
    let mut came = came.into_inner().expect("no panic");
    came.sort_by_key(|&(at, _)| at);
    came.into_iter().map(|(_, result)| result).collect()
}

fn name(entry: &Value) -> &str {
    entry["name"].as_str().unwrap_or("a provider without a name")
}

#[expect(clippy::print_stdout, reason = "shown with --nocapture")]
fn show(text: &str) {
    println!("{text}");
}
