//! The libFuzzer target `tokens`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| second_opinion_fuzz::tokens(data));
