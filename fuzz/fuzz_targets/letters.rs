//! Does `letters` hold on whatever libFuzzer makes up? With the feature `pdf`, as PDF too.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if cfg!(feature = "pdf") {
        second_opinion_fuzz::letters_as_pdf(data);
    } else {
        second_opinion_fuzz::letters(data);
    }
});
