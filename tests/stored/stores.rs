//! Checks of a golden store on either database: its log is proved, its cases are read, and a server starts on it.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use second_opinion::case::Digest;
use second_opinion::notice::{Form, read};
use second_opinion::rules::Policy;
use second_opinion::store::{Store, Worklist, fold, unseal, verify_log};
use second_opinion::wire::render::{self, RenderContext};
use second_opinion::wire::v1;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::contract::{self, send};
use crate::events::as_of;
use crate::files::{Folder, compare};
use crate::plans;
use crate::record::{Caller, RECORD, StoreRecord, replays};
use crate::script::request;
use crate::support::messages::{get, id};
use crate::support::server::{Client, EVERY_SCOPE, TestServer};

/// How long a test waits between two looks at the sweeper, and the most looks.
const LOOK_EVERY: Duration = Duration::from_millis(5);
const LOOKS_MAX: usize = 4_000;

/// Checks a copy of a golden store, which `open` opens.
pub async fn check<S: Store>(folder: &Folder, open: impl AsyncFn() -> S) {
    let record = StoreRecord::of(folder);
    let store: Arc<dyn Store> = Arc::new(open().await);
    check_log(&*store, &record).await;
    check_cases(&*store, &record).await;
    check_letters(&*store, &record).await;

    let config = plans::config("full");
    let once = Duration::from_hours(1);
    let mut server = TestServer::start_sweeping(&config, once, as_of(), |_| store).await;
    wait_for_sweeper(&server).await;
    check_replays(&server, folder).await;
    check_reading(&server, &record).await;
    check_renderings(&server, &record).await;
    check_commands(&server, &record).await;
    check_replays(&server, folder).await;
    assert!(server.stop().await, "every call could finish");

    let store = open().await;
    let report = verify_log(&store).await.expect("a store that can be read");
    assert!(report.is_clean(), "{:?}", report.findings);
    store.close().await;
}

/// Waits until the sweeper has nothing left to do at the instant of the server's clock.
pub async fn wait_for_sweeper(server: &TestServer) {
    use second_opinion::clock::Clock as _;
    for _ in 0..LOOKS_MAX {
        let owed = server
            .store
            .to_sweep(server.clock.now(), 1)
            .await
            .expect("ids");
        if owed.is_empty() {
            return;
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
    panic!("the sweeper is still busy");
}

/// A client of a caller of the script.
pub async fn client(server: &TestServer, caller: Caller) -> Client {
    match caller {
        Caller::Person => server.reviewer().await,
        Caller::Service => server.service(EVERY_SCOPE).await,
    }
}

async fn check_log(store: &dyn Store, record: &StoreRecord) {
    let report = verify_log(store).await.expect("a store that can be read");
    assert!(report.is_clean(), "{:?}", report.findings);
    assert_eq!(
        (report.head.position, report.head.digest),
        (record.position, record.digest)
    );
    assert_eq!(report.events, record.position);
    assert_eq!(report.cases, record.cases.len() as u64);
}

async fn check_cases(store: &dyn Store, record: &StoreRecord) {
    for held in &record.cases {
        let name = &held.name;
        let case = store.case(held.id).await.expect("a case that can be read");
        let case = case.unwrap_or_else(|| panic!("{name} is missing"));
        assert_eq!(
            (case.version, case.head),
            (held.version, held.head),
            "{name}"
        );
        assert_eq!(case.etag(), held.etag, "{name}");
        let history = store.history(held.id).await.expect("a history");
        assert_eq!(fold(held.id, &history).expect("it folds"), *case, "{name}");
    }
    let all = Worklist {
        limit: record.cases.len() + 1,
        ..Worklist::default()
    };
    let page = store.list(&all).await.expect("a page");
    let listed: BTreeSet<Uuid> = page.cases.iter().map(|case| case.id).collect();
    let held = record.cases.iter().map(|case| case.id);
    assert_eq!(listed, held.collect());
}

async fn check_letters(store: &dyn Store, record: &StoreRecord) {
    for held in &record.cases {
        let case = store.case(held.id).await.expect("it").expect("a case");
        for reference in &case.current.notices {
            let stored = store.notice(reference.notice_id).await.expect("it");
            let stored = stored.unwrap_or_else(|| panic!("{}: a letter is missing", held.name));
            assert_eq!(stored.reference, *reference, "{}", held.name);
            assert_eq!(Digest::of(&stored.bytes), reference.sha256, "{}", held.name);
            let letter = read(&stored.bytes).expect("a letter that can be read");
            assert_eq!(letter.content.kind(), reference.kind, "{}", held.name);
        }
    }
}

/// A request that was carried out before gets its first reply again, and changes nothing.
async fn check_replays(server: &TestServer, folder: &Folder) {
    let before = server.store.head().await.expect("a head").position;
    for (file, replay) in replays(folder) {
        let mut client = client(server, replay.by).await;
        let reply = send(&mut client, &replay.call, &replay.request).await;
        let reply = reply.unwrap_or_else(|status| panic!("{file}: {status:?}"));
        compare(&format!("{}/{file}", folder.name), &reply);
    }
    let after = server.store.head().await.expect("a head").position;
    assert_eq!(after, before, "a replay is no change");
}

async fn check_reading(server: &TestServer, record: &StoreRecord) {
    let (plan, policy) = (plans::full(), Policy::default());
    let shown = RenderContext {
        as_of: as_of(),
        plan: &plan,
        calendar: &policy.calendar,
    };
    let mut client = server.reviewer().await;
    for held in &record.cases {
        let request = get(&held.id.to_string(), v1::View::Full);
        let reply = client.get_determination(request).await.expect("a case");
        let found = reply.into_inner().determination.expect("a case");
        let history = server.store.history(held.id).await.expect("a history");
        let case = fold(held.id, &history).expect("it folds");
        let events = unseal(held.id, &history).expect("events");
        let folded = render::full(&case, &events, shown);
        assert_eq!(
            contract::text("Determination", &*found),
            contract::text("Determination", &*folded),
            "{}",
            held.name
        );
        assert_eq!(
            found.etag, held.etag,
            "{}: the sweeper does not move it",
            held.name
        );
    }
}

/// A rendering that was sent once is sent again as it was, although the templates may have changed.
async fn check_renderings(server: &TestServer, record: &StoreRecord) {
    let mut client = server.reviewer().await;
    assert!(!record.renderings.is_empty(), "{RECORD}: no rendering");
    for held in &record.renderings {
        let request: v1::GetNoticeRequest = contract::message("GetNoticeRequest", &held.request);
        if request.format() == v1::NoticeFormat::Pdf && !Form::Pdf.is_supported() {
            continue;
        }
        let reply = client
            .get_notice(request)
            .await
            .expect("a letter")
            .into_inner();
        assert_eq!(reply.media_type, held.media_type, "{}", held.request);
        assert_eq!(
            Digest::of(&reply.content),
            held.content_sha256,
            "{}",
            held.request
        );
        assert_eq!(reply.content_sha256, held.content_sha256.to_string());
    }
}

/// Old cases take new commands under their recorded etags, and a new case can be opened.
async fn check_commands(server: &TestServer, record: &StoreRecord) {
    let about = |name: &str, base: Option<&str>, fields: Value| {
        let held = record.case(name);
        let mut request = request(base, &fields, None);
        request["requestId"] = id().into();
        request["determinationId"] = held.id.to_string().into();
        request["etag"] = held.etag.clone().into();
        request
    };
    let (mut person, mut service) = (
        client(server, Caller::Person).await,
        client(server, Caller::Service).await,
    );
    let denial = about(
        "pending",
        Some("denial"),
        json!({"reasons": ["$base:network has one reason"], "referral": {"npi": "1993999998"}}),
    );
    let denied = send(&mut person, "IssueDenial", &denial)
        .await
        .expect("a denial");
    let denied: Value = serde_json::from_str(&denied).expect("JSON");
    assert_eq!(denied["determination"]["state"], "STATE_DENIED");
    let notices = denied["determination"]["notices"]
        .as_array()
        .expect("letters");
    let denial_notice = notices
        .iter()
        .find(|notice| notice["kind"] == "NOTICE_KIND_DENIAL");
    let notice_id = &denial_notice.expect("the denial's letter")["noticeId"];
    let letter = json!({"noticeId": notice_id, "format": "NOTICE_FORMAT_TEXT"});
    send(&mut person, "GetNotice", &letter)
        .await
        .expect("a letter");

    let notification = json!({"notification": {
        "recipient": "RECIPIENT_MEMBER",
        "channel": "NOTIFICATION_CHANNEL_PHONE",
    }});
    let notification = about("approved-as-asked", None, notification);
    let notified = send(&mut service, "RecordNotification", &notification).await;
    notified.expect("a notification");

    let mut submission = request(
        Some("request"),
        &json!({"secondOpinion": {"member": {"memberId": "90000099A"}}}),
        None,
    );
    submission["requestId"] = id().into();
    let submitted = send(&mut service, "SubmitSecondOpinion", &submission).await;
    submitted.expect("a new case");
}
