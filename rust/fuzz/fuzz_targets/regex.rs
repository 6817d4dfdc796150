//! The target `regex` under libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| m2v_fuzz::run(m2v_fuzz::regex, data));
