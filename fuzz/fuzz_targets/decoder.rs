//! One answer of any bytes: what is made of it, and what is shown of it.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| token_exchanger_fuzz::decoder(input));
