//! Answers of other shapes than the standard's.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| token_exchanger_fuzz::shapes(input));
