//! A server that ends at any moment, by `kill -9` or SIGTERM, loses nothing that it acknowledged.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use second_opinion::store::sqlite::SqliteStore;
use second_opinion::store::verify_log;
use second_opinion::wire::v1;
use tonic::{Code, Status};

use crate::callers::{TEST_TIMEOUT, whole_log};
use crate::program::Server;
use crate::support::messages::{available, denial, get, second_opinion, submission};
use crate::support::server::Client;

const ROUNDS: usize = 20;
const CALLERS: usize = 16;

/// The answers to callers, with their requests.
#[derive(Default)]
struct Acknowledged {
    submissions: Vec<(v1::SubmitSecondOpinionRequest, v1::Determination)>,
    denials: Vec<(v1::IssueDenialRequest, v1::Determination)>,
    /// The status of each caller's last call.
    refused: Vec<Status>,
}

/// Submits and denies until a call fails, and records the answers.
async fn call_until_refused(client: Client, acknowledged: Arc<Mutex<Acknowledged>>) {
    let refused = first_refusal(client, &acknowledged).await;
    acknowledged.lock().expect("a lock").refused.push(refused);
}

async fn first_refusal(mut client: Client, acknowledged: &Mutex<Acknowledged>) -> Status {
    loop {
        let opinion = v1::SecondOpinion {
            network_availability: Some(available()),
            ..second_opinion()
        };
        let request = submission(opinion);
        let answer = match client.submit_second_opinion(request.clone()).await {
            Ok(answer) => answer,
            Err(status) => return status,
        };
        let case = answer.into_inner().determination.expect("a determination");
        let id = case.determination_id.clone();
        acknowledged
            .lock()
            .expect("a lock")
            .submissions
            .push((request, *case));
        let request = denial(&id);
        let answer = match client.issue_denial(request.clone()).await {
            Ok(answer) => answer,
            Err(status) => return status,
        };
        let denied = answer.into_inner().determination.expect("a determination");
        acknowledged
            .lock()
            .expect("a lock")
            .denials
            .push((request, *denied));
    }
}

/// Ends twenty servers on one store under load, one after the other. `check_last` checks the status of each last call.
async fn end_twenty_times(end: fn(Server), check_last: fn(&Status)) {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path();
    let mut total = Acknowledged::default();
    for round in 0..ROUNDS {
        let server = Server::start(data);
        let acknowledged = Arc::new(Mutex::new(Acknowledged::default()));
        let mut callers = Vec::new();
        for _ in 0..CALLERS {
            let client = server.client(data).await;
            callers.push(tokio::spawn(call_until_refused(
                client,
                Arc::clone(&acknowledged),
            )));
        }
        // Once a change is acknowledged, and at a different moment in each round: the end falls into every part of a commit.
        let first_change = async {
            while acknowledged.lock().expect("a lock").submissions.is_empty() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        let in_time = tokio::time::timeout(TEST_TIMEOUT, first_change).await;
        in_time.expect("an acknowledged change");
        tokio::time::sleep(Duration::from_millis(50 + 23 * round as u64)).await;
        tokio::task::spawn_blocking(move || end(server))
            .await
            .expect("no panic");
        for caller in callers {
            caller.await.expect("no panic");
        }
        let mut acknowledged = std::mem::take(&mut *acknowledged.lock().expect("a lock"));
        acknowledged.refused.iter().for_each(check_last);
        check_after_restart(data, &acknowledged).await;
        total.submissions.append(&mut acknowledged.submissions);
        total.denials.append(&mut acknowledged.denials);
    }
    check_log(data, &total).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_kills_under_load_lose_no_acknowledged_change() {
    // After a broken connection the status is the client's own.
    end_twenty_times(Server::kill, |_| {}).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_terminations_under_load_lose_nothing_and_refuse_calls_as_unavailable() {
    let end = |server: Server| assert_eq!(server.terminate(), Some(0));
    // A call that was accepted is answered. A later one is refused by the server, or by the client itself: it cannot
    // connect, or has not sent the call yet when the GOAWAY arrives.
    end_twenty_times(end, |status| {
        let text = format!("{status:?}");
        let is_by_client = text.contains("operation was canceled") || text.contains("GoAway");
        assert!(status.code() == Code::Unavailable || is_by_client, "{text}");
    })
    .await;
}

/// Checks that every answer is replayed word for word, and that each denial has its letter.
async fn check_after_restart(data: &std::path::Path, acknowledged: &Acknowledged) {
    let server = Server::start(data);
    let mut client = server.client(data).await;
    for (request, answer) in &acknowledged.submissions {
        let replay = client
            .submit_second_opinion(request.clone())
            .await
            .expect("a replay")
            .into_inner();
        assert_eq!(replay.determination.as_deref(), Some(answer));
    }
    for (request, answer) in &acknowledged.denials {
        let replay = client
            .issue_denial(request.clone())
            .await
            .expect("a replay")
            .into_inner();
        assert_eq!(replay.determination.as_deref(), Some(answer));
        let stored = client
            .get_determination(get(&answer.determination_id, v1::View::Basic))
            .await
            .expect("an answer");
        assert_eq!(
            stored
                .into_inner()
                .determination
                .expect("a determination")
                .state(),
            v1::State::Denied
        );
        let notice = v1::GetNoticeRequest {
            notice_id: answer.notices[0].notice_id.clone(),
            format: v1::NoticeFormat::Text.into(),
            ..v1::GetNoticeRequest::default()
        };
        client.get_notice(notice).await.expect("its letter");
    }
    assert_eq!(server.terminate(), Some(0));
}

/// Checks that the log verifies and has each acknowledged change once.
async fn check_log(data: &std::path::Path, total: &Acknowledged) {
    let store = SqliteStore::open(&data.join("second-opinion.db")).expect("the store");
    let report = verify_log(&store).await.expect("a report");
    assert_eq!(report.findings, []);
    let mut events: HashMap<String, Vec<u32>> = HashMap::new();
    for entry in whole_log(&store).await {
        let id = entry.determination_id.to_string();
        events.entry(id).or_default().push(entry.version);
    }
    for (_, answer) in &total.submissions {
        assert_eq!(events[&answer.determination_id][0], 1);
    }
    for (_, answer) in &total.denials {
        assert_eq!(events[&answer.determination_id], [1, 2]);
    }
    // Each caller may have one change in each round that was committed and not acknowledged.
    assert!(events.len() <= total.submissions.len() + ROUNDS * CALLERS);
}
