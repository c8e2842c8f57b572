//! A whole call: any answers in turn, under either policy.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| token_exchanger_fuzz::classifier(input));
