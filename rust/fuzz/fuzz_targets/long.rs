//! The target `long` under libFuzzer: it has bounds of its own.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| m2v_fuzz::long(data));
