//! `WithdrawSecondOpinion` (VI.A): who may take a request back, and what becomes of its clocks.

use second_opinion::case::{Requester, State, Timeliness};
use second_opinion::rules::ClockKind;

use crate::support::{
    ALTERNATIVE, Desk, ELSEWHERE, MEMBER_DUE, MICROSECOND, at, professional, refused_by,
    representative, request, urgent_request,
};

#[test]
fn vi_a_who_may_withdraw_what_who_asked_for() {
    let member = || Requester::Member;
    let rep = || representative("Rob Present", true);
    let unpapered = || representative("Rob Present", false);
    let hp = || professional(ELSEWHERE, "Dr. Who Asked");
    let unnamed_hp = || professional("", "");
    let unnamed_rep = || representative("", true);
    let by_name = |name| professional("", name);
    let table: [(&str, Vec<Requester>, Requester, bool); 21] = [
        ("member: own", vec![member()], member(), true),
        (
            "member: what a representative asked for",
            vec![rep()],
            member(),
            true,
        ),
        (
            "member: what a professional asked for",
            vec![hp()],
            member(),
            true,
        ),
        ("representative: own", vec![rep()], rep(), true),
        (
            "representative: own, without papers",
            vec![unpapered()],
            unpapered(),
            true,
        ),
        (
            "representative: asked with the member",
            vec![member(), rep()],
            rep(),
            true,
        ),
        ("representative: did not ask", vec![member()], rep(), false),
        (
            "representative: another one asked",
            vec![rep()],
            representative("Else", true),
            false,
        ),
        (
            "representative: own, unnamed",
            vec![rep()],
            unnamed_rep(),
            true,
        ),
        (
            "representative: the name was not known",
            vec![unnamed_rep()],
            rep(),
            true,
        ),
        ("professional: own", vec![hp()], hp(), true),
        (
            "professional: own, by NPI",
            vec![hp()],
            professional(ELSEWHERE, ""),
            true,
        ),
        ("professional: own, unnamed", vec![hp()], unnamed_hp(), true),
        (
            "professional: nothing was known",
            vec![unnamed_hp()],
            hp(),
            true,
        ),
        (
            "professional: own, by name alone",
            vec![hp()],
            by_name("dr. who  asked"),
            true,
        ),
        (
            "professional: the name alone was known",
            vec![by_name("Dr. Who Asked")],
            hp(),
            true,
        ),
        (
            "professional: another one's name",
            vec![by_name("Dr. Who Asked")],
            by_name("Dr. Else"),
            false,
        ),
        (
            "professional: another one asked",
            vec![hp()],
            professional(ALTERNATIVE, "Dr. Who Asked"),
            false,
        ),
        (
            "professional: the member asked",
            vec![member()],
            hp(),
            false,
        ),
        (
            "professional: asked with the member",
            vec![hp(), member()],
            hp(),
            false,
        ),
        (
            "professional: asked with a representative",
            vec![hp(), rep()],
            hp(),
            false,
        ),
    ];
    for (name, requesters, by, may) in table {
        let mut request = request();
        request.requesters = requesters;
        let mut desk = Desk::submitted(request);
        let expected: &[&str] = if may { &[] } else { &["VI.A"] };
        assert_eq!(refused_by(desk.withdraw(by)), expected, "{name}");
        assert_eq!(desk.state() == State::Withdrawn, may, "{name}");
    }
}

#[test]
fn running_clocks_are_not_counted_before_their_due_instant_and_missed_after_it() {
    let due = at("2026-03-05T18:00:00Z");
    for (now, kept) in [
        (due - MICROSECOND, Timeliness::NotCounted),
        (due, Timeliness::Missed),
        (due + MICROSECOND, Timeliness::Missed),
    ] {
        let mut desk = Desk::submitted(urgent_request());
        desk.at(now)
            .withdraw(Requester::Member)
            .expect("the member asked");
        for kind in [ClockKind::Determination, ClockKind::MemberNotification] {
            assert_eq!(desk.timeliness(kind), Some(kept), "{kind:?} at {now}");
        }
        assert_eq!(desk.case.current.due_at(), None);
        // It stays what it was.
        desk.at(at("2056-01-01T00:00:00Z"));
        assert_eq!(desk.timeliness(ClockKind::Determination), Some(kept));
    }
}

#[test]
fn each_clock_is_judged_by_its_own_due_instant() {
    let mut desk = Desk::submitted(request());
    let expedited = at("2026-03-09T18:00:00Z");
    desk.at(expedited)
        .expedite(expedited, crate::support::claim())
        .expect("it is open");
    desk.at(at(MEMBER_DUE))
        .withdraw(Requester::Member)
        .expect("the member asked");
    assert_eq!(
        desk.timeliness(ClockKind::MemberNotification),
        Some(Timeliness::Missed)
    );
    assert_eq!(
        desk.timeliness(ClockKind::Determination),
        Some(Timeliness::NotCounted)
    );
}

#[test]
fn on_the_network_way_it_can_be_withdrawn_too() {
    let mut desk = Desk::submitted(request());
    desk.network_access();
    desk.withdraw(Requester::Member).expect("it is open");
    assert_eq!(
        desk.timeliness(ClockKind::MemberNotification),
        Some(Timeliness::NotCounted)
    );
}
