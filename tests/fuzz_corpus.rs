//! What fuzzing holds us to, on the kept inputs and on some thousands made of them.

use std::collections::BTreeMap;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

// Public, since the fuzz targets use it so.
#[path = "../fuzz/src/lib.rs"]
pub mod oracles;

type Oracle = fn(&[u8]);

#[test]
fn the_decoder_holds_on_its_corpus_and_on_what_is_made_of_it() {
    replay("decoder", oracles::decoder);
}

#[test]
fn the_classifier_holds_on_its_corpus_and_on_what_is_made_of_it() {
    replay("classifier", oracles::classifier);
}

#[test]
fn the_masker_holds_on_its_corpus_and_on_what_is_made_of_it() {
    replay("masker", oracles::masker);
}

#[test]
fn the_callback_holds_on_its_corpus_and_on_what_is_made_of_it() {
    replay("callback", oracles::callback);
}

#[test]
fn other_shapes_hold_on_their_corpus_and_on_what_is_made_of_it() {
    replay("shapes", oracles::shapes);
}

fn replay(target: &str, oracle: Oracle) {
    let corpus = corpus(target);
    assert!(corpus.len() > 20, "the corpus of {target} is missing");
    for (name, input) in &corpus {
        check(oracle, input, name);
    }
    let inputs: Vec<_> = corpus.into_values().collect();
    let words = words();
    let mut chance = Chance(0x9e37_79b9_7f4a_7c15);
    for turn in 0..MADE {
        let mut input = chance.of(&inputs).clone();
        for _ in 0..=chance.below(4) {
            change(&mut input, &inputs, &words, &mut chance);
        }
        check(oracle, &input, &format!("made input {turn}"));
    }
}

#[track_caller]
fn check(oracle: Oracle, input: &[u8], name: &str) {
    let held = catch_unwind(AssertUnwindSafe(|| oracle(input)));
    assert!(held.is_ok(), "{name} broke it:\n{}", String::from_utf8_lossy(input));
}

fn change(input: &mut Vec<u8>, inputs: &[Vec<u8>], words: &[Vec<u8>], chance: &mut Chance) {
    let at = chance.below(input.len() + 1);
    match chance.below(6) {
        0 => input.truncate(at),
        1 => input.iter_mut().skip(at).take(1).for_each(|byte| *byte ^= 1 << chance.below(8)),
        2 => drop(input.drain(at..input.len().min(at + chance.below(16)))),
        3 => {
            let other = chance.of(inputs);
            let from = chance.below(other.len() + 1);
            input.truncate(at);
            input.extend(&other[from..]);
        }
        4 => {
            let other = chance.of(inputs);
            let from = chance.below(other.len() + 1);
            let part = &other[from..other.len().min(from + chance.below(64))];
            drop(input.splice(at..at, part.iter().copied()));
        }
        _ => drop(input.splice(at..at, chance.of(words).iter().copied())),
    }
}

fn corpus(target: &str) -> BTreeMap<String, Vec<u8>> {
    let folder = root().join("corpus").join(target);
    let files = fs::read_dir(folder).expect("a corpus").map(|entry| entry.expect("a file"));
    let named = |entry: fs::DirEntry| {
        let name = entry.file_name().to_string_lossy().into_owned();
        (name, fs::read(entry.path()).expect("a file"))
    };
    files.map(named).collect()
}

/// The words of the dictionary, as libFuzzer writes them: quoted, with `\xNN`, `\\` and `\"`.
fn words() -> Vec<Vec<u8>> {
    let text = fs::read_to_string(root().join("dictionaries/answers.dict")).expect("a dictionary");
    let quoted = text.lines().filter_map(|line| line.strip_prefix('"')?.strip_suffix('"'));
    let words: Vec<_> = quoted.map(unquoted).collect();
    assert!(words.len() > 20, "the dictionary is missing");
    words
}

fn unquoted(word: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = word;
    while let Some(next) = rest.chars().next() {
        let escape = rest.strip_prefix("\\x").and_then(|digits| digits.get(..2));
        let (byte, length) = match escape {
            Some(digits) => (u8::from_str_radix(digits, 16).expect("two hexadecimal digits"), 4),
            None if next == '\\' => (rest.as_bytes()[1], 2),
            None => (rest.as_bytes()[0], 1),
        };
        bytes.push(byte);
        rest = &rest[length..];
    }
    bytes
}

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/fuzz"))
}

/// The same numbers each time: xorshift64, by George Marsaglia.
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        let end = u64::try_from(end).expect("a length");
        usize::try_from(self.0 % end).expect("less than a length")
    }

    fn of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }
}

/// How many inputs are made for each target.
const MADE: usize = 1_500;
