//! What the letters of a decision say of the case (VI.F, X).

use second_opinion::case::{Approve, MemberAgreement, Private, Provider};
use second_opinion::notice::{self, SealedLetter, Templates};
use second_opinion::rules::DenialReasonCode::MemberNotEligible;

use crate::support::{Desk, approval, asked_for, by_npi, denial, elsewhere, person, request};

fn approval_letter(
    asked_for: Option<Provider>,
    approved: Option<Provider>,
    agreed: bool,
) -> String {
    let mut request = request();
    request.requested_provider = asked_for;
    let desk = Desk::submitted(request);
    let command = Approve {
        provider: approved,
        member_agreement: agreed.then(|| MemberAgreement {
            agreed_at: None,
            how: Private::default(),
        }),
        ..approval()
    };
    let context = second_opinion::case::Context {
        now: desk.now,
        policy: &desk.policy,
    };
    let approved = second_opinion::case::approve(&desk.case, command, &person(), &context)
        .expect("the facts bear it");
    let made =
        notice::approval(&approved.approval, desk.making()).expect("the plan can be reached");
    flowing(&text(&made[0]))
}

fn text(made: &SealedLetter) -> String {
    let document = Templates::shipped()
        .document(&made.letter, "en")
        .expect("words");
    notice::text(&document)
}

/// The words without their line breaks.
fn flowing(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn vi_c_a_letter_speaks_of_an_agreement_only_where_another_provider_was_approved() {
    let said = "You agreed to see this provider in place of the one first asked for.";
    for (name, asked, approved, agreed, says) in [
        ("another", Some(asked_for()), Some(elsewhere()), true, true),
        ("the one asked for", Some(asked_for()), None, true, false),
        (
            "the one asked for, by NPI",
            Some(asked_for()),
            Some(by_npi(crate::support::ASKED_FOR)),
            true,
            false,
        ),
        ("no one was asked for", None, Some(elsewhere()), true, false),
        ("no agreement", Some(asked_for()), None, false, false),
    ] {
        let letter = approval_letter(asked, approved, agreed);
        assert_eq!(letter.contains(said), says, "{name}");
    }
}

#[test]
fn x_every_letter_says_that_the_criteria_can_be_had() {
    let mut desk = Desk::submitted(request());
    desk.deny(denial(&[MemberNotEligible], None))
        .expect("it is borne out");
    let second_opinion::case::Decision::Denied(denied) =
        desk.case.current.decision.clone().expect("it was denied")
    else {
        panic!("it was denied");
    };
    let made = notice::denial(&denied, desk.making()).expect("the plan can be reached");
    for letter in [
        flowing(&text(&made[0])),
        approval_letter(Some(asked_for()), None, false),
    ] {
        assert!(letter.contains("copies of the criteria"), "{letter}");
        assert!(letter.contains("free of charge"));
    }
}
