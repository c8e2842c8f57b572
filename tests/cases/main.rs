//! Plays the cases of `tests/cases/*.json`, or of the folder that `CASES_DIR` names, over real
//! connections: a server does what a case says, and what came is compared with what it expects.
//!
//! `cargo test --test cases -- --nocapture` shows what was played, what was not, and why. A case
//! is data: one more needs no code.

#![cfg(feature = "rustls")]

mod always;
mod case;
mod check;
mod client;
mod exceptions;
mod faults;
mod names;
mod play;
mod server;
mod vector;

#[path = "../support/mod.rs"]
mod support;
#[path = "../support/tls.rs"]
mod tls;
#[path = "../support/wire.rs"]
mod wire;

use std::env;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value;

/// What became of one case.
enum Verdict {
    /// In so many runs, all as expected.
    Passed(usize),
    /// It is not for this runner, and why.
    NotPlayed(String),
    /// What is otherwise than expected, for people.
    Failed(String),
}

#[test]
fn every_fault_case_comes_out_as_it_expects() {
    always::keep_logs();
    let file = read("fault-cases.json");
    let context = case::Context::new(&file);
    report("fault cases", &list(&file, "cases"), |case| case::verdict(&context, case));
}

#[test]
fn every_vector_of_the_peers_comes_out_as_it_expects() {
    report("vectors", &list(&read("peer-vectors.json"), "vectors"), vector::verdict);
}

fn read(name: &str) -> Value {
    let ours = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cases");
    let folder = env::var("CASES_DIR").unwrap_or_else(|_| ours.to_owned());
    let path = Path::new(&folder).join(name);
    let text = fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_slice(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn list(file: &Value, name: &str) -> Vec<Value> {
    file[name].as_array().unwrap_or_else(|| panic!("the file has no list of {name}")).clone()
}

/// Plays all of them, several at a time since some wait, and fails if one failed.
fn report(kind: &str, cases: &[Value], verdict: impl Fn(&Value) -> Verdict + Sync) {
    let (turn, verdicts) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                while let Some(case) = cases.get(turn.fetch_add(1, Ordering::Relaxed)) {
                    // A case that the runner cannot take costs itself and no other.
                    let verdict = catch_unwind(AssertUnwindSafe(|| verdict(case)))
                        .unwrap_or_else(|_| Verdict::Failed("a panic, shown above".to_owned()));
                    verdicts.lock().expect("no panic").push((id(case), verdict));
                }
            });
        }
    });
    let mut verdicts = verdicts.into_inner().expect("no panic");
    verdicts.sort_by(|one, other| one.0.cmp(&other.0));

    let (mut passed, mut runs, mut failed) = (0, 0, 0);
    let (mut failures, mut not_played) = (String::new(), String::new());
    for (id, verdict) in verdicts {
        match verdict {
            Verdict::Passed(times) => {
                passed += 1;
                runs += times;
            }
            Verdict::NotPlayed(reason) => not_played += &format!("{id}: not played: {reason}\n"),
            Verdict::Failed(difference) => {
                failed += 1;
                failures += &format!("\n{id}\n{difference}\n");
            }
        }
    }
    let total = cases.len();
    let summary = format!("{passed} of {total} {kind} passed in {runs} runs, {failed} failed");
    show(&format!("{not_played}{summary}"));
    assert!(failed == 0, "{summary}\n{failures}");
}

fn id(case: &Value) -> String {
    case["id"].as_str().unwrap_or("a case without an id").to_owned()
}

#[expect(clippy::print_stdout, reason = "shown with --nocapture")]
fn show(text: &str) {
    println!("{text}");
}
