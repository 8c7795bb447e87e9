//! The libFuzzer target `letters`. With the feature `pdf`, every letter is rendered as PDF too.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if cfg!(feature = "pdf") {
        second_opinion_fuzz::letters_as_pdf(data);
    } else {
        second_opinion_fuzz::letters(data);
    }
});
