//! Benchmark of the rules.
//!
//! `cargo bench --bench rules`. Targets: a whole evaluation under 2 microseconds, a routine due date under 1.

use chrono::{DateTime, Utc};
use divan::{Bencher, black_box};
use second_opinion::rules::{
    Amount, Answer, Availability, Calendar, Clause, DenialFacts, DenialReasonCode, Facts, Inquiry,
    LIMITS, MediCalStatus, NetworkStatus, Policy, PrimaryCareDecision, Qualification, Reason,
    ReferralFacts, Role, UrgencyClaims, unsupported_reasons,
};

fn main() {
    divan::main();
}

/// The Wednesday before Martin Luther King Jr. Day: the window contains a weekend and a holiday.
fn received() -> DateTime<Utc> {
    "2026-01-14T09:00:00-08:00".parse().expect("an instant")
}

/// A certified and qualified specialist outside the network, where the network has no provider.
fn out_of_network() -> Inquiry {
    Inquiry {
        facts: Facts {
            provider: Some(NetworkStatus::OutOfNetwork),
            availability: Availability::NotAvailable,
            medi_cal: MediCalStatus::Certified,
            role: Role::Specialist,
            within_scope: Answer::Yes,
            relevant_expertise: Answer::Yes,
        },
        primary_care: PrimaryCareDecision::NotGranted,
        reasons: vec![Reason::DiagnosisInDoubt, Reason::SeriousDoubts],
        ..Inquiry::received(received())
    }
}

/// The amount of a clause's first limit.
fn limit_of(source: Clause) -> Amount {
    let limit = LIMITS.iter().find(|limit| limit.source == source);
    limit.expect("a limit").amount
}

#[divan::bench]
fn evaluate_routine(bencher: Bencher) {
    let (policy, inquiry) = (Policy::default(), out_of_network());
    bencher.bench(|| policy.evaluate(black_box(&inquiry)));
}

#[divan::bench]
fn evaluate_urgent(bencher: Bencher) {
    let policy = Policy::default();
    let inquiry = Inquiry {
        claims: UrgencyClaims {
            practitioner: true,
            ..UrgencyClaims::default()
        },
        ..out_of_network()
    };
    bencher.bench(|| policy.evaluate(black_box(&inquiry)));
}

/// The policy's own limit: the end of the fifth business day, with closures.
#[divan::bench]
fn routine_due_date(bencher: Bencher) {
    let (calendar, received) = (Calendar::default(), received());
    let limit = limit_of(Clause::RoutineTimeframe);
    bencher.bench(|| limit.after(black_box(received), &calendar));
}

/// The member's clock with both limits, the policy's and the federal one.
#[divan::bench]
fn routine_clocks(bencher: Bencher) {
    let (policy, received) = (Policy::default(), received());
    bencher.bench(|| policy.clocks(black_box(received), None));
}

#[divan::bench]
fn urgent_due_date(bencher: Bencher) {
    let (calendar, received) = (Calendar::default(), received());
    let limit = limit_of(Clause::UrgentTimeframe);
    bencher.bench(|| limit.after(black_box(received), &calendar));
}

/// Each denial reason checked against facts and a referral that support most of them.
#[divan::bench]
fn denial_reasons(bencher: Bencher) {
    let facts = Facts {
        medi_cal: MediCalStatus::NotCertified,
        role: Role::Other,
        ..out_of_network().facts
    };
    let facts = DenialFacts {
        facts: &facts,
        reasons: &[Reason::Other],
        referral: Some(ReferralFacts {
            is_alternative: false,
            is_requested: false,
            medi_cal: MediCalStatus::Certified,
            qualification: Qualification::Qualified,
        }),
    };
    bencher.bench(|| {
        DenialReasonCode::ALL.map(|code| unsupported_reasons(code, black_box(&facts)).len())
    });
}
