//! The target `request` under libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| m2v_server_fuzz::request(data));
