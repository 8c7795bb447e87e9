//! The example decisions and changes, each applied to its submission.

use second_opinion::wire::v1;
use tonic::{Code, Status};

use crate::call::{change, example, submit};
use crate::requests::named;
use crate::support::messages::get;
use crate::support::server::{Client, TestServer};
use crate::support::status::clauses;
use crate::tables::table;

const HEADER: [&str; 5] = ["file", "submission", "before", "call", "state"];

/// A row of the README's second table.
struct Row {
    file: String,
    submission: String,
    before: String,
    call: String,
    state: v1::State,
}

fn rows() -> Vec<Row> {
    let rows = table(&HEADER).rows.into_iter().map(|row| {
        let [file, submission, before, call, state] = row.try_into().expect("five cells");
        Row {
            state: named!(State, "STATE", state),
            file,
            submission,
            before,
            call,
        }
    });
    rows.collect()
}

/// The call of a file, by its row.
fn call_of(file: &str) -> String {
    let row = rows().into_iter().find(|row| row.file == file);
    row.unwrap_or_else(|| panic!("no row for {file}")).call
}

/// Submits a row's submission, applies the file before, then the file of the row.
async fn apply(client: &mut Client, row: &Row) -> Result<v1::Determination, Status> {
    let id = submit(client, &row.submission).await.determination_id;
    if !row.before.is_empty() {
        change(client, &call_of(&row.before), &row.before, &id, &[]).await?;
    }
    change(client, &row.call, &row.file, &id, &[]).await
}

/// A letter in plain text on one line, so that line breaks do not split the searched words.
async fn letter(client: &mut Client, notice: &v1::NoticeReference) -> String {
    let request = v1::GetNoticeRequest {
        notice_id: notice.notice_id.clone(),
        format: v1::NoticeFormat::Text.into(),
        ..v1::GetNoticeRequest::default()
    };
    let answer = client.get_notice(request).await.expect("a letter");
    one_line(&String::from_utf8(answer.into_inner().content).expect("UTF-8"))
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[tokio::test]
async fn change_leads_to_the_state_of_its_row() {
    let server = TestServer::start().await;
    let mut client = server.reviewer().await;
    for row in rows() {
        let file = &row.file;
        let after = apply(&mut client, &row)
            .await
            .unwrap_or_else(|status| panic!("{file}: {status:?}"));
        assert_eq!(after.state(), row.state, "{file}");
        let kind = match row.state {
            v1::State::Denied => v1::NoticeKind::Denial,
            v1::State::Approved => v1::NoticeKind::Approval,
            _ => continue,
        };
        let mut of_kind = after.notices.iter().filter(|it| it.kind() == kind);
        let notice = of_kind
            .next()
            .unwrap_or_else(|| panic!("{file}: no letter"));
        let text = letter(&mut client, notice).await;
        if row.state == v1::State::Denied {
            let denial = example!(IssueDenialRequest, file, &[]);
            assert!(!denial.reasons.is_empty(), "{file}");
            for reason in denial.reasons {
                for said in [reason.explanation, reason.clinical_rationale] {
                    assert!(
                        text.contains(&one_line(&said)),
                        "{file}: `{said}` in:\n{text}"
                    );
                }
            }
        }
    }
}

#[tokio::test]
async fn denial_of_another_submission_is_refused_with_a_clause() {
    let server = TestServer::start().await;
    let mut client = server.reviewer().await;
    // Eligibility is looked up by the plan and is not among the facts on the case.
    let elsewhere = |row: &Row| row.file != "denial-member-not-eligible.json";
    let denials = rows().into_iter().filter(|it| it.call == "IssueDenial");
    for row in denials.filter(elsewhere) {
        let other = Row {
            submission: "out-of-network-routine.json".to_owned(),
            ..row
        };
        let file = &other.file;
        let status = apply(&mut client, &other).await.expect_err(file);
        assert_eq!(
            status.code(),
            Code::FailedPrecondition,
            "{file}: {status:?}"
        );
        assert!(!clauses(&status).is_empty(), "{file}: {status:?}");
    }
}

#[tokio::test]
async fn verification_changes_the_recommendation_and_allows_approval() {
    let server = TestServer::start().await;
    let mut client = server.reviewer().await;
    let case = submit(&mut client, "facts-missing.json").await;
    let id = case.determination_id;
    assert_eq!(
        named!(Recommendation, "RECOMMENDATION", "GATHER_INFORMATION"),
        v1::Recommendation::try_from(case.recommendation).expect("a recommendation")
    );
    let verified = change(
        &mut client,
        "RecordVerification",
        "verification.json",
        &id,
        &[],
    );
    let verified = verified.await.expect("facts");
    assert_eq!(verified.recommendation(), v1::Recommendation::Approve);
    let approved = change(&mut client, "IssueApproval", "approval.json", &id, &[]);
    assert_eq!(approved.await.expect("it").state(), v1::State::Approved);
}

#[tokio::test]
async fn mail_stops_the_members_clock_after_a_denial_only_with_the_letters_id() {
    let server = TestServer::start().await;
    let mut client = server.reviewer().await;
    let file = "denial-provider-not-qualified.json";
    let row = rows().into_iter().find(|row| row.file == file);
    let denied = apply(&mut client, &row.expect("a row")).await;
    let denied = denied.expect("a denial");
    let id = &denied.determination_id;
    let letter = denied.notices[0].notice_id.as_str();
    for (set, stops) in [
        (&[][..], false),
        (&[("notification.notice_id", letter)][..], true),
    ] {
        let notified = change(
            &mut client,
            "RecordNotification",
            "notification-by-mail.json",
            id,
            set,
        );
        let notified = notified.await.expect("recorded");
        let member = notified
            .clocks
            .iter()
            .find(|it| it.kind() == v1::ClockKind::MemberNotification);
        assert_eq!(
            member.expect("a clock").stopped_at.is_some(),
            stops,
            "{set:?}"
        );
    }
}

#[tokio::test]
async fn validate_only_returns_the_letter_and_stores_nothing() {
    let server = TestServer::start().await;
    let mut client = server.reviewer().await;
    for (file, submission) in [
        ("approval.json", "out-of-network-routine.json"),
        (
            "denial-provider-not-qualified.json",
            "provider-not-qualified.json",
        ),
    ] {
        let case = submit(&mut client, submission).await;
        let set = [
            ("request_id", "018f3c2e-0000-7000-8000-000000000001"),
            ("determination_id", case.determination_id.as_str()),
            ("validate_only", "true"),
        ];
        let shown = if call_of(file) == "IssueApproval" {
            let preview = client.issue_approval(example!(IssueApprovalRequest, file, &set));
            preview.await.expect("a preview").into_inner().notice_text
        } else {
            let preview = client.issue_denial(example!(IssueDenialRequest, file, &set));
            preview.await.expect("a preview").into_inner().notice_text
        };
        assert!(shown.contains("Sample Member"), "{file}: {shown}");
        let now = client
            .get_determination(get(&case.determination_id, v1::View::Basic))
            .await
            .expect("it");
        assert_eq!(
            now.into_inner().determination.as_deref(),
            Some(&case),
            "{file}"
        );
    }
}
