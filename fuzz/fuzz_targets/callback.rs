//! What browsers bring back.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| token_exchanger_fuzz::callback(input));
