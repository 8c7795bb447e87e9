//! The libFuzzer target `events`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| second_opinion_fuzz::events(data));
