//! Benchmark of rendering a letter as text, HTML and PDF.
//!
//! `cargo bench --bench letters`. Targets: a PDF file under 60 milliseconds when warm, HTML under 200 microseconds.

#[allow(dead_code, reason = "only the letter tests use the other parts")]
#[path = "../tests/letters/samples.rs"]
mod samples;
#[path = "../tests/case_support/mod.rs"]
mod support;

use divan::{Bencher, black_box};
use second_opinion::notice::{Form, Letter, Rendition, Templates};
use second_opinion::rules::DenialReasonCode;
use uuid::Uuid;

fn main() {
    divan::main();
}

/// A denial letter to a member in a language, with a referral, criteria and evidence.
fn denial(language: &str) -> Letter {
    let code = DenialReasonCode::QualifiedNetworkProviderAvailable;
    let letters = samples::denial_letters(samples::request_supporting(Some(code), language), code);
    letters.into_iter().next().expect("the member's letter")
}

fn render(bencher: Bencher, form: Form, language: &str) {
    let (templates, letter) = (Templates::shipped(), denial(language));
    let rendition = Rendition {
        form,
        language: language.to_owned(),
        large_print: false,
    };
    // The first rendering loads the fonts.
    rendition.render(templates, &letter).expect("a letter");
    let mut cases = 0;
    // Each letter belongs to another case, because the typesetter caches its results.
    let next_letter = move || {
        cases += 1;
        Letter {
            determination_id: Uuid::from_u128(cases),
            ..letter.clone()
        }
    };
    bencher
        .with_inputs(next_letter)
        .bench_local_values(|letter| rendition.render(templates, black_box(&letter)));
}

#[divan::bench(args = ["en", "es"])]
fn text(bencher: Bencher, language: &str) {
    render(bencher, Form::Text, language);
}

#[divan::bench(args = ["en", "es"])]
fn html(bencher: Bencher, language: &str) {
    render(bencher, Form::Html, language);
}

#[cfg(feature = "pdf")]
#[divan::bench(args = ["en", "es"])]
fn pdf(bencher: Bencher, language: &str) {
    render(bencher, Form::Pdf, language);
}
