//! Which call is allowed in which state; what is decided or withdrawn is never reopened.

use second_opinion::case::{Channel, EVENTS_MAX, Recipient, Refusal, Requester, State};
use second_opinion::rules::DenialReasonCode::MemberNotEligible;

use crate::support::{Desk, approval, claim, denial, nothing_new, refused_by, request};

fn in_state(state: State) -> Desk {
    let mut desk = Desk::submitted(request());
    match state {
        State::PendingReview => {}
        State::NoAuthorizationRequired => desk.network_access(),
        State::Approved => desk.approve(approval()).expect("the facts bear it"),
        State::Denied => desk
            .deny(denial(&[MemberNotEligible], None))
            .expect("it is borne out"),
        State::Withdrawn => desk.withdraw(Requester::Member).expect("the member asked"),
    }
    assert_eq!(desk.state(), state);
    desk
}

const STATES: [State; 5] = [
    State::NoAuthorizationRequired,
    State::PendingReview,
    State::Approved,
    State::Denied,
    State::Withdrawn,
];

/// What becomes of each command, in the order verify, expedite, withdraw, approve, deny, notify.
fn results(desk: &Desk) -> [Result<(), Refusal>; 6] {
    let now = desk.now;
    let fresh = || Desk {
        policy: desk.policy.clone(),
        post: desk.post.clone(),
        now,
        case: desk.case.clone(),
        events: desk.events.clone(),
        sealed: desk.sealed.clone(),
    };
    [
        fresh().verify(nothing_new()),
        fresh().expedite(now, claim()),
        fresh().withdraw(Requester::Member),
        fresh().approve(approval()),
        fresh().deny(denial(&[MemberNotEligible], None)),
        fresh().notify(Recipient::Member, Channel::Phone, None, now),
    ]
}

/// What refuses each of them.
fn refusals(desk: &Desk) -> [Vec<String>; 6] {
    results(desk).map(refused_by)
}

#[test]
fn each_call_in_each_state() {
    for state in STATES {
        let expected: [&str; 6] = match state {
            State::NoAuthorizationRequired => ["", "", "", "STATE", "VI.A", ""],
            State::PendingReview => ["", "", "", "", "", "STATE"],
            State::Approved | State::Denied => ["STATE", "STATE", "STATE", "STATE", "STATE", ""],
            State::Withdrawn => ["STATE"; 6],
        };
        let refusals = refusals(&in_state(state)).map(|refused| refused.join(" "));
        assert_eq!(refusals, expected, "{}", state.name());
    }
}

#[test]
fn a_refusal_names_the_call_and_the_state_as_callers_know_them() {
    let calls = [
        "RecordVerification",
        "ExpediteSecondOpinion",
        "WithdrawSecondOpinion",
        "IssueApproval",
        "IssueDenial",
        "RecordNotification",
    ];
    for (state, name) in [
        (State::Approved, "APPROVED"),
        (State::Denied, "DENIED"),
        (State::Withdrawn, "WITHDRAWN"),
    ] {
        let desk = in_state(state);
        let refusals = results(&desk).map(|result| result.err().map(|error| error.to_string()));
        for (call, said) in calls.iter().zip(refusals) {
            let expected = format!("{call} is not allowed in state {name}");
            let told = *call == "RecordNotification" && state != State::Withdrawn;
            assert_eq!(said, (!told).then_some(expected));
        }
    }
    let open = [State::NoAuthorizationRequired, State::PendingReview].map(State::name);
    assert_eq!(open, ["NO_AUTHORIZATION_REQUIRED", "PENDING_REVIEW"]);
}

#[test]
fn a_case_takes_a_thousand_events() {
    for (version, expected) in [(EVENTS_MAX - 1, ""), (EVENTS_MAX, "FULL")] {
        let mut desk = in_state(State::PendingReview);
        desk.case.version = version;
        for refused in &refusals(&desk)[..5] {
            assert_eq!(refused.join(" "), expected, "after {version} events");
        }
        let mut desk = in_state(State::Approved);
        desk.case.version = version;
        assert_eq!(refusals(&desk)[5].join(" "), expected);
    }
}

#[test]
fn the_etag_changes_with_every_command() {
    let mut desk = in_state(State::PendingReview);
    let mut etags = vec![desk.case.etag()];
    desk.verify(nothing_new()).expect("it is open");
    etags.push(desk.case.etag());
    desk.verify(nothing_new()).expect("it is open");
    etags.push(desk.case.etag());
    etags.sort();
    etags.dedup();
    assert_eq!(etags.len(), 3);
}
