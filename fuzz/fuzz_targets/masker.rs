//! Answers that echo what was sent, however they write it.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| token_exchanger_fuzz::masker(input));
