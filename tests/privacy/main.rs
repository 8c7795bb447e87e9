//! No personal data in logs, traces, metrics, errors and panics: every redacted field of every call has a canary value, errors
//! are provoked, and the log level is trace.

#[path = "../support/mod.rs"]
mod support;

mod caller;
mod canaries;
mod reflection;
mod search;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use chrono::TimeDelta;
use prost::Message as _;
use second_opinion::config::{AuditSink, Config};
use second_opinion::telemetry::logs::{self, LogSettings};
use second_opinion::wire::v1;
use tonic::Code;

use caller::{Caller, metrics};
use reflection::Contract;
use search::{LogBuffer, assert_none};
use support::collector::Collector;
use support::faulty::{FaultyStore, NO_FAULT, PANIC, SLOW, UNAVAILABLE};
use support::messages::{get, id};
use support::server::{TestServer, monday};

/// Makes every call, with denied, approved, withdrawn and overdue cases and their letters.
async fn make_every_call(server: &TestServer, caller: &mut Caller<'_>) {
    caller
        .policy("GetPolicy", &v1::GetPolicyRequest::default())
        .await;
    caller
        .policy("EvaluateSecondOpinion", &canaries::evaluate())
        .await;
    let denied = caller.submit(&canaries::submit(true)).await;
    let full = caller
        .call("GetDetermination", &get(&denied, v1::View::Full))
        .await;
    assert!(search::find(&full).is_some(), "the full view has canaries");
    caller.call("ListDeterminations", &canaries::list()).await;
    caller
        .call("RecordVerification", &canaries::verify(&denied))
        .await;
    caller
        .call("ExpediteSecondOpinion", &canaries::expedite(&denied))
        .await;
    caller
        .call("IssueDenial", &canaries::deny(&denied, true))
        .await;
    let response = caller
        .call("IssueDenial", &canaries::deny(&denied, false))
        .await;
    let response = v1::IssueDenialResponse::decode(&*response).expect("a response");
    for notice in response.determination.expect("a determination").notices {
        for format in [
            v1::NoticeFormat::Text,
            v1::NoticeFormat::Html,
            v1::NoticeFormat::Pdf,
        ] {
            let request = v1::GetNoticeRequest {
                notice_id: notice.notice_id.clone(),
                format: format.into(),
                ..v1::GetNoticeRequest::default()
            };
            caller.call("GetNotice", &request).await;
        }
        let notification = v1::Notification {
            recipient: v1::Recipient::Member.into(),
            channel: v1::NotificationChannel::Mail.into(),
            notice_id: notice.notice_id,
            notified_at: None,
        };
        let request = v1::RecordNotificationRequest {
            request_id: id(),
            determination_id: denied.clone(),
            notification: Some(notification),
            ..v1::RecordNotificationRequest::default()
        };
        // Fails for a professional's copy, which does not notify the member.
        caller.try_call("RecordNotification", &request).await;
    }
    let approved = caller.submit(&canaries::submit(false)).await;
    caller
        .call("IssueApproval", &canaries::approve(&approved))
        .await;
    let withdrawn = caller.submit(&canaries::submit(false)).await;
    caller
        .call("WithdrawSecondOpinion", &canaries::withdraw(&withdrawn))
        .await;
    caller.submit_by_grpc_web(&canaries::submit(false)).await;
    caller.watch().await;
    // One case becomes overdue.
    let late = caller.submit(&canaries::submit(false)).await;
    server.clock.set(monday() + TimeDelta::days(30));
    for _ in 0..500 {
        let response = caller
            .call("GetDetermination", &get(&late, v1::View::Basic))
            .await;
        let response = v1::GetDeterminationResponse::decode(&*response).expect("a response");
        let case = response.determination.expect("a determination");
        if !case.notices.is_empty() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the case has no letter about its untimely decision");
}

/// Sends every message again with every kind of error.
async fn provoke_every_error(caller: &mut Caller<'_>, fault: &AtomicU8) {
    let contract = Contract::read();
    let sent = caller.sent.clone();
    for (path, bytes) in &sent {
        let message = contract.message(path, bytes);
        let new_id = id();
        let new = [("request_id", new_id.as_str())];
        let fresh = reflection::with(message.clone(), &new);
        let invalid = reflection::malformed(fresh.clone()).encode_to_vec();
        let stale = reflection::with(fresh.clone(), &[("etag", "stale")]).encode_to_vec();
        // The same request_id with other content.
        let other = reflection::with(message.clone(), &[("etag", "other")]).encode_to_vec();
        let unknown =
            reflection::with(fresh.clone(), &[("determination_id", new[0].1)]).encode_to_vec();
        let fresh = fresh.encode_to_vec();
        for message in [&invalid, &stale, &other, &unknown, &fresh] {
            caller.send(path, message, &[]).await;
        }
        caller.send(path, &bytes[..bytes.len() / 2], &[]).await;
        let mut large = bytes.clone();
        large.resize(2 << 20, b'x');
        caller.send(path, &large, &[]).await;
        caller.send_as(path, &fresh, None).await;
        caller
            .send_as(path, &fresh, Some("canary.canary.canary"))
            .await;
        caller
            .send_as(path, &fresh, Some(&caller.without_scopes.clone()))
            .await;
        caller
            .send(path, &fresh, &[("grpc-timeout", "0n".to_owned())])
            .await;
        fault.store(UNAVAILABLE, Ordering::SeqCst);
        caller.send(path, &fresh, &[]).await;
        fault.store(NO_FAULT, Ordering::SeqCst);
    }
    let (path, bytes) = &sent[0];
    caller.send(&format!("{path}Canary"), bytes, &[]).await;
    fault.store(SLOW, Ordering::SeqCst);
    let timeout = ("grpc-timeout", "100m".to_owned());
    for (path, bytes) in &sent {
        let reads_store = path.contains("GetDetermination");
        if reads_store {
            caller
                .send(path, bytes, std::slice::from_ref(&timeout))
                .await;
        }
    }
    // Last, because the panics also end the background tasks.
    fault.store(PANIC, Ordering::SeqCst);
    for (path, bytes) in &sent {
        let new = id();
        let message = reflection::with(contract.message(path, bytes), &[("request_id", &new)]);
        caller.send(path, &message.encode_to_vec(), &[]).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn personal_data_is_only_in_responses() {
    let collector = Collector::start().await;
    let folder = tempfile::tempdir().expect("a folder");
    let audit = folder.path().join("audit.json");
    let config = Config {
        log: "trace".to_owned(),
        audit: AuditSink::File(audit.clone()),
        otlp_endpoint: Some(collector.endpoint.clone()),
        ..Config::default()
    };
    let log_output = LogBuffer::default();
    let settings = LogSettings {
        filter: &config.log,
        format: config.log_format,
        audit: &config.audit,
    };
    let writer = log_output.clone();
    logs::init_to(move || writer.clone(), settings, false).expect("a log");
    let server_hook = std::panic::take_hook();
    // The server's hook logs only the place; a failed assertion of the test is also printed in full.
    std::panic::set_hook(Box::new(move |info| {
        server_hook(info);
        eprintln!("{info}");
    }));
    let fault = Arc::new(AtomicU8::new(NO_FAULT));
    let switch = Arc::clone(&fault);
    let every = Duration::from_millis(50);
    let mut server = TestServer::start_sweeping(&config, every, monday(), |store| {
        Arc::new(FaultyStore { store, fault })
    })
    .await;
    let ops = server.running.as_ref().expect("a server").ops_address;
    let mut caller = Caller::new(&server);
    make_every_call(&server, &mut caller).await;
    let contract = Contract::read();
    provoke_every_error(&mut caller, &switch).await;
    let Caller {
        sent,
        paths,
        errors,
        ..
    } = caller;
    let metrics = metrics(ops).await;
    server.stop().await;
    drop(server);
    let _ = std::panic::take_hook();

    // Every call, every redacted field and every status code was exercised.
    assert_eq!(paths, contract.paths());
    let fields: BTreeSet<String> = sent
        .iter()
        .flat_map(|(path, bytes)| reflection::fields_with_canaries(contract.message(path, bytes)))
        .collect();
    assert_eq!(fields, contract.redacted());
    let codes: BTreeSet<i32> = errors.iter().map(|status| status.code().into()).collect();
    let expected = [
        Code::InvalidArgument,
        Code::DeadlineExceeded,
        Code::NotFound,
        Code::AlreadyExists,
        Code::PermissionDenied,
        Code::ResourceExhausted,
        Code::FailedPrecondition,
        Code::Aborted,
        Code::Unimplemented,
        Code::Internal,
        Code::Unavailable,
        Code::Unauthenticated,
    ];
    assert_eq!(codes, expected.into_iter().map(i32::from).collect());

    // No output has a canary.
    for status in &errors {
        assert_none("an error", &search::contents(status));
    }
    assert_none("metrics", metrics.as_bytes());
    let log = log_output.text();
    assert_none("the log", log.as_bytes());
    for text in [
        "\"TRACE\"",
        "\"panic\"",
        "faulty.rs",
        "the store cannot be reached",
    ] {
        assert!(log.contains(text), "the log lacks {text}");
    }
    // A panic's line names the call by its span.
    let panics_of_calls = log
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .filter(|line| line["message"] == "panic" && line["span"]["request_id"].is_string());
    assert!(panics_of_calls.count() > 0);
    let audit = std::fs::read_to_string(&audit).expect("audit lines");
    assert_none("audit lines", audit.as_bytes());
    assert!(!log.contains("\"target\":\"audit\"") && audit.lines().count() >= sent.len());
    let spans = collector.requests();
    for request in &spans {
        assert_none("spans", &request.encode_to_vec());
    }
    // Every counted call has a span.
    let counted: f64 = metrics
        .lines()
        .filter(|line| line.starts_with("rpc_server_call_duration_seconds_count"))
        .filter_map(|line| line.rsplit_once(' ')?.1.parse::<f64>().ok())
        .sum();
    let span_count = f64::from(u32::try_from(collector.spans().len()).expect("a small number"));
    assert!(
        (counted - span_count).abs() < 0.5,
        "{counted} calls, {span_count} spans"
    );
}
