//! Plays the cases of `tests/cases/` and `tests/cases/more/`, or of the folder that `CASES_DIR` names,
//! over real connections: a server does what a case says, and what came is compared with what it expects.
//!
//! `cargo test --test cases -- --nocapture` shows what was played, what was not, and why. A case
//! is data: one more needs no code.

#![cfg(feature = "rustls")]

mod always;
mod case;
mod check;
mod client;
mod exceptions;
mod facts;
mod faults;
mod generated;
mod in_memory;
mod inputs;
mod judge;
mod names;
mod never;
mod play;
mod server;
mod tokens;
mod vector;
mod written;

#[path = "../support/mod.rs"]
mod support;
#[path = "../support/tls.rs"]
mod tls;
#[path = "../support/wire.rs"]
mod wire;

use std::env;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
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
    /// The same, where all that is otherwise is the time that it took.
    Late(String),
}

#[test]
fn every_fault_case_comes_out_as_it_expects() {
    always::keep_logs();
    let mut failures = String::new();
    for file in files("fault-cases.json") {
        let (context, cases) = (case::Context::new(&file), list(&file, "cases"));
        for case in cases.iter().filter(|case| judge::is_played(case)) {
            for words in check::in_words(case) {
                show(&format!("{}: in words, left to what always holds: {words}", id(case)));
            }
        }
        failures += &report("fault cases", &cases, |case| judge::verdict(&context, case));
    }
    assert!(failures.is_empty(), "{failures}");
}

#[test]
fn every_vector_of_the_peers_comes_out_as_it_expects() {
    let mut failures = String::new();
    for file in files("peer-vectors.json") {
        failures += &report("vectors", &list(&file, "vectors"), vector::verdict);
    }
    assert!(failures.is_empty(), "{failures}");
}

/// The files of this name: that in the folder which `CASES_DIR` names, if it has one, or ours.
fn files(name: &str) -> Vec<Value> {
    let ours = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let Some(folder) = env::var_os("CASES_DIR") else {
        return [ours.join("more"), ours].map(|folder| read(&folder.join(name))).into();
    };
    let folder = PathBuf::from(folder);
    let has = |name: &&str| folder.join(name).exists();
    if !has(&name) {
        assert!(NAMES.iter().any(has), "{} has none of {NAMES:?}", folder.display());
        show(&format!("{} has no {name}", folder.display()));
        return Vec::new();
    }
    vec![read(&folder.join(name))]
}

/// `tests/real_providers` plays the last of them.
const NAMES: [&str; 3] = ["fault-cases.json", "peer-vectors.json", "providers.json"];

fn read(path: &Path) -> Value {
    let text = fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_slice(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn list(file: &Value, name: &str) -> Vec<Value> {
    file[name].as_array().unwrap_or_else(|| panic!("the file has no list of {name}")).clone()
}

/// Plays all of them, and gives what failed.
fn report(kind: &str, cases: &[Value], verdict: impl Fn(&Value) -> Verdict + Sync) -> String {
    let (mut passed, mut runs, mut failed) = (0, 0, 0);
    let (mut failures, mut not_played) = (String::new(), String::new());
    for (case, mut came) in cases.iter().zip(play_all(cases, &verdict)) {
        if let Verdict::Late(_) = came {
            // Once more, with the machine to itself.
            came = verdict(case);
        }
        match came {
            Verdict::Passed(times) => {
                passed += 1;
                runs += times;
            }
            Verdict::NotPlayed(reason) => {
                not_played += &format!("{}: not played: {reason}\n", id(case));
            }
            Verdict::Failed(difference) | Verdict::Late(difference) => {
                failed += 1;
                failures += &format!("\n{}\n{difference}\n", id(case));
            }
        }
    }
    let total = cases.len();
    let summary = format!("{passed} of {total} {kind} passed in {runs} runs, {failed} failed");
    show(&format!("{not_played}{summary}"));
    if failed == 0 && passed == 0 && !cases.is_empty() {
        return format!("{summary}: nothing was played\n{not_played}");
    }
    if failed > 0 { format!("{summary}\n{failures}\n") } else { String::new() }
}

/// Several at a time, since some wait.
fn play_all(cases: &[Value], verdict: &(impl Fn(&Value) -> Verdict + Sync)) -> Vec<Verdict> {
    let (turn, verdicts) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                loop {
                    let at = turn.fetch_add(1, Ordering::Relaxed);
                    let Some(case) = cases.get(at) else { break };
                    // A case that the runner cannot take costs itself and no other.
                    let verdict = catch_unwind(AssertUnwindSafe(|| verdict(case)))
                        .unwrap_or_else(|_| Verdict::Failed("a panic, shown above".to_owned()));
                    verdicts.lock().expect("no panic").push((at, verdict));
                }
            });
        }
    });
    let mut verdicts = verdicts.into_inner().expect("no panic");
    verdicts.sort_by_key(|&(at, _)| at);
    verdicts.into_iter().map(|(_, verdict)| verdict).collect()
}

fn id(case: &Value) -> String {
    case["id"].as_str().unwrap_or("a case without an id").to_owned()
}

#[expect(clippy::print_stdout, reason = "shown with --nocapture")]
fn show(text: &str) {
    println!("{text}");
}
