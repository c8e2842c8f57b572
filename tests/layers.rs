//! The modules build on one another in one direction only.

use std::fs;
use std::path::{Path, PathBuf};

/// From the bottom up; a module uses only what stands before it.
const LAYERS: [&str; 27] = [
    // nouns
    "secret",
    "transport",
    "flavor",
    "pkce",
    "code",
    "token",
    "kind",
    "conventions",
    // record
    "mask",
    "capture",
    "report",
    "error",
    // functions
    "template",
    "check",
    "encode",
    "endpoint",
    "apply",
    "decode",
    "verdict",
    "ladder",
    // state
    "setup",
    "ask",
    "call",
    "authorize",
    // front door
    "exchanger",
    // tools
    "doctor",
    "testing",
];

#[test]
fn no_module_imports_one_above_it() {
    for (file, text) in sources() {
        let Some(own) = layer(&module(&file)) else { continue };
        for line in text.lines().map(str::trim).take_while(|line| *line != "#[cfg(test)]") {
            let Some(path) = line.strip_prefix("use crate::") else { continue };
            let other: String =
                path.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            let other_layer = layer(&other).unwrap_or_else(|| panic!("{other} has no layer"));
            assert!(other_layer < own, "{} uses {other}", file.display());
        }
    }
}

#[test]
fn every_module_has_a_layer() {
    for (file, _) in sources() {
        assert!(module(&file) == "lib" || layer(&module(&file)).is_some(), "{}", file.display());
    }
}

#[test]
fn only_its_adapter_names_reqwest() {
    for (file, text) in sources() {
        for word in ["reqwest::", "hyper::"] {
            // What serves HTTP in a test names the library that it does it by.
            let serves = word == "hyper::" && file.ends_with("testing/served.rs");
            let adapter = serves || file.ends_with("transport/reqwest.rs");
            let named = text.lines().any(|line| {
                let line = line.trim_start();
                !line.starts_with("//") && line.contains(word) && !line.contains("self::reqwest::")
            });
            assert!(adapter || !named, "{} names {word}", file.display());
        }
    }
}

#[test]
fn only_the_edge_reads_the_clock_each_in_one_line() {
    for (file, text) in sources() {
        let reads = text.matches("SystemTime::now").count() + text.matches("Instant::now").count();
        // A transport that is checked is given a deadline.
        let edge = ["src/call.rs", "transport/reqwest.rs", "testing/contract.rs"]
            .iter()
            .any(|edge| file.ends_with(edge));
        assert_eq!(reads, usize::from(edge), "{}", file.display());
    }
}

#[test]
fn only_authorize_draws_random_bytes_in_one_line() {
    for (file, text) in sources() {
        let draws = text.matches("getrandom::").count();
        assert_eq!(draws, usize::from(file.ends_with("src/authorize.rs")), "{}", file.display());
    }
}

#[test]
fn the_server_for_tests_shares_no_code_with_what_it_judges() {
    let known = ["capture", "flavor", "pkce", "report", "secret", "transport"];
    let ours = sources().into_iter().filter(|(file, _)| module(file) == "testing");
    for (file, text) in ours.filter(|(file, _)| !file.ends_with("src/testing.rs")) {
        for path in text.split("crate::").skip(1) {
            let used: String = path.chars().take_while(char::is_ascii_lowercase).collect();
            // What is left without a module is a link in the docs.
            let is_known = used.is_empty() || known.contains(&&*used);
            assert!(is_known, "{} uses {used}", file.display());
        }
    }
}

#[test]
fn no_file_is_longer_than_400_lines_without_its_tests() {
    for (file, text) in sources() {
        let lines = text.lines().take_while(|line| *line != "#[cfg(test)]").count();
        assert!(lines <= 400, "{} has {lines} lines", file.display());
    }
}

fn layer(module: &str) -> Option<usize> {
    LAYERS.iter().position(|layer| *layer == module)
}

/// The module of the crate root that the file belongs to.
fn module(file: &Path) -> String {
    let below = file.strip_prefix(root()).expect("below the root");
    let first = below.components().next().expect("a name").as_os_str();
    Path::new(first).file_stem().expect("a name").to_string_lossy().into_owned()
}

fn sources() -> Vec<(PathBuf, String)> {
    let mut files = Vec::new();
    let mut folders = vec![root()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let text = fs::read_to_string(&path).expect("text");
                files.push((path, text));
            }
        }
    }
    assert!(files.len() > 10);
    files
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}
