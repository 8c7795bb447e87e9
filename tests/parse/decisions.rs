//! `IssueApproval` and `RecordNotification`.

use second_opinion::wire::parse;
use second_opinion::wire::v1;

use crate::samples::{
    DETERMINATION_ID, REQUEST_ID, at, check, long, now, provider, reviewer, seconds_from_now,
};

fn approval() -> v1::IssueApprovalRequest {
    v1::IssueApprovalRequest {
        request_id: REQUEST_ID.to_owned(),
        determination_id: DETERMINATION_ID.to_owned(),
        etag: String::new(),
        provider: Some(provider()),
        reviewer: Some(reviewer()),
        rationale: "the facts support it".to_owned(),
        valid_from: "2026-03-02".to_owned(),
        valid_through: "2026-06-01".to_owned(),
        authorization_number: "AUTH-1".to_owned(),
        validate_only: false,
        member_agreement: Some(v1::MemberAgreement {
            agreed_at: at("2026-03-02T17:00:00Z"),
            how: "by phone".to_owned(),
        }),
        service_code: "99243".to_owned(),
        units: 2,
    }
}

fn reviews(message: &mut v1::IssueApprovalRequest) -> &mut v1::Reviewer {
    message.reviewer.get_or_insert_default()
}

#[test]
fn issue_approval_provider_and_reviewer() {
    check(
        &approval(),
        |message| parse::issue_approval(&message, now()),
        &[
            (
                "an empty message",
                |m| *m = v1::IssueApprovalRequest::default(),
                &[
                    "determination_id",
                    "rationale",
                    "request_id",
                    "reviewer",
                    "valid_through",
                ],
            ),
            ("no provider", |m| m.provider = None, &[]),
            (
                "facts of the requested provider",
                |m| {
                    m.provider = Some(v1::Provider {
                        medi_cal_status: 1,
                        ..v1::Provider::default()
                    });
                },
                &[],
            ),
            (
                "a malformed provider",
                |m| {
                    m.provider = Some(v1::Provider {
                        npi: "1".to_owned(),
                        ..provider()
                    });
                },
                &["provider.npi"],
            ),
            (
                "an empty reviewer",
                |m| m.reviewer = Some(v1::Reviewer::default()),
                &["reviewer.full_name", "reviewer.phone", "reviewer.title"],
            ),
            (
                "no license, which an approval does not need",
                |m| {
                    reviews(m).license_type = 0;
                    reviews(m).license_number.clear();
                },
                &[],
            ),
            (
                "an unknown license",
                |m| reviews(m).license_type = 4,
                &["reviewer.license_type"],
            ),
            (
                "a malformed phone",
                |m| reviews(m).phone = "call me".to_owned(),
                &["reviewer.phone"],
            ),
        ],
    );
}

#[test]
fn issue_approval_terms() {
    check(
        &approval(),
        |message| parse::issue_approval(&message, now()),
        &[
            (
                "a blank rationale",
                |m| m.rationale = " \n".to_owned(),
                &["rationale"],
            ),
            (
                "a day that does not exist",
                |m| m.valid_through = "2026-06-31".to_owned(),
                &["valid_through"],
            ),
            ("no first day", |m| m.valid_from.clear(), &[]),
            (
                "one day",
                |m| m.valid_through = "2026-03-02".to_owned(),
                &[],
            ),
            (
                "ends before it begins",
                |m| m.valid_through = "2026-03-01".to_owned(),
                &["valid_through"],
            ),
            (
                "a malformed code",
                |m| m.service_code = "F1234".to_owned(),
                &["service_code"],
            ),
            (
                "no code, no units",
                |m| {
                    m.service_code.clear();
                    m.units = 0;
                },
                &[],
            ),
            ("negative units", |m| m.units = -1, &["units"]),
            (
                "an empty agreement",
                |m| m.member_agreement = Some(v1::MemberAgreement::default()),
                &[],
            ),
            (
                "an agreement in the future",
                |m| {
                    m.member_agreement = Some(v1::MemberAgreement {
                        agreed_at: seconds_from_now(61),
                        how: String::new(),
                    });
                },
                &["member_agreement.agreed_at"],
            ),
            (
                "a long number",
                |m| m.authorization_number = long(201),
                &["authorization_number"],
            ),
        ],
    );
    let zero = v1::IssueApprovalRequest {
        units: 0,
        ..approval()
    };
    let change = parse::issue_approval(&zero, now()).expect("a valid message");
    assert_eq!(change.command.units, 1, "0 means one");
    let license = change.command.reviewer.license.expect("a license");
    assert_eq!(license.state, "CA", "empty means CA");
}

fn notification(message: &mut v1::RecordNotificationRequest) -> &mut v1::Notification {
    message.notification.get_or_insert_default()
}

#[test]
fn record_notification_fields() {
    let good = v1::RecordNotificationRequest {
        request_id: REQUEST_ID.to_owned(),
        determination_id: DETERMINATION_ID.to_owned(),
        etag: String::new(),
        notification: Some(v1::Notification {
            recipient: v1::Recipient::Member.into(),
            channel: v1::NotificationChannel::Mail.into(),
            notice_id: REQUEST_ID.to_owned(),
            notified_at: at("2026-03-02T17:00:00Z"),
        }),
    };
    check(
        &good,
        |message| parse::record_notification(&message, now()),
        &[
            (
                "an empty message",
                |m| *m = v1::RecordNotificationRequest::default(),
                &["determination_id", "notification", "request_id"],
            ),
            (
                "an empty one",
                |m| m.notification = Some(v1::Notification::default()),
                &["notification.channel", "notification.recipient"],
            ),
            (
                "unknown numbers",
                |m| {
                    notification(m).recipient = 4;
                    notification(m).channel = 5;
                },
                &["notification.channel", "notification.recipient"],
            ),
            ("no letter", |m| notification(m).notice_id.clear(), &[]),
            (
                "a malformed letter id",
                |m| notification(m).notice_id = "n".to_owned(),
                &["notification.notice_id"],
            ),
            (
                "absent means now",
                |m| notification(m).notified_at = None,
                &[],
            ),
            (
                "now",
                |m| notification(m).notified_at = seconds_from_now(0),
                &[],
            ),
            (
                "a microsecond from now",
                |m| notification(m).notified_at = at("2026-03-02T18:00:00.000001Z"),
                &["notification.notified_at"],
            ),
        ],
    );
}
