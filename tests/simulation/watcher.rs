//! Watchers of the log, which lose their streams and resume from a cursor on any replica.

use std::pin::Pin;
use std::sync::Arc;

use futures::StreamExt as _;
use second_opinion::rpc::Calls;
use second_opinion::store::LogEntry;
use second_opinion::wire::render;
use second_opinion::wire::v1;
use second_opinion::wire::v1::second_opinion_service_server::SecondOpinionService as _;
use tonic::Status;

use crate::service::identity;
use crate::turns::CallerKind;

type Message = v1::WatchDeterminationsResponse;
pub type Stream = Pin<Box<dyn futures::Stream<Item = Result<Message, Status>> + Send>>;
/// The next message with the rest of the stream, or the reason for its end.
pub type NextMessage = Result<(Message, Stream), Status>;

/// A caller of `WatchDeterminations`, and the events that it has received.
pub struct Watcher {
    /// Whether it starts at the first event; otherwise at the present end of the log.
    starts_at_first: bool,
    /// The task that waits for its next message, and the task's replica; `None`: it is not connected.
    pub task: Option<(u32, usize)>,
    /// The position before its first event; `None`: it has received nothing.
    start: Option<u64>,
    received: Vec<v1::DeterminationEvent>,
}

pub async fn connect(calls: Arc<Calls>, cursor: String) -> NextMessage {
    let mut request = tonic::Request::new(v1::WatchDeterminationsRequest { cursor });
    request.extensions_mut().insert(identity(CallerKind::Clerk));
    let stream = calls.watch_determinations(request).await?.into_inner();
    next_message(stream).await
}

pub async fn next_message(mut stream: Stream) -> NextMessage {
    match stream.next().await {
        Some(message) => Ok((message?, stream)),
        None => Err(Status::unavailable("the stream ended without a status")),
    }
}

impl Watcher {
    pub const fn new(starts_at_first: bool) -> Self {
        Self {
            starts_at_first,
            task: None,
            start: None,
            received: Vec::new(),
        }
    }

    /// The position up to which it has received every event.
    pub fn position(&self) -> Option<u64> {
        let received = u64::try_from(self.received.len()).expect("a small number");
        self.start.map(|start| start + received)
    }

    /// The cursor from which it resumes.
    pub fn cursor(&self) -> String {
        match self.position() {
            Some(position) => position.to_string(),
            None if self.starts_at_first => "0".to_owned(),
            None => String::new(),
        }
    }

    /// Forgets its last messages, so that it resumes from before them.
    pub fn forget(&mut self, messages: usize) {
        let kept = self.received.len().saturating_sub(messages);
        self.received.truncate(kept);
    }

    /// Takes a message; its event must follow the last one.
    pub fn receive(&mut self, message: Message) {
        let cursor: u64 = message.cursor.parse().expect("a position");
        let before = self.position().or(self.starts_at_first.then_some(0));
        if let Some(event) = message.event {
            let before = before.expect("a heartbeat first, where it starts at the end of the log");
            assert_eq!(cursor, before + 1, "a watcher's next event");
            self.start.get_or_insert(before);
            self.received.push(event);
        } else {
            assert_eq!(cursor, before.unwrap_or(cursor), "a heartbeat's cursor");
            self.start.get_or_insert(cursor);
        }
    }

    /// Checks that it received the log from its start on, and nothing else.
    pub fn check(&self, log: &[LogEntry]) {
        let Some(start) = self.start else {
            assert!(
                !self.starts_at_first || log.is_empty(),
                "a watcher that received nothing"
            );
            return;
        };
        let start = usize::try_from(start).expect("a small number");
        let expected: Vec<_> = log
            .iter()
            .skip(start)
            .map(render::determination_event)
            .collect();
        assert_eq!(self.received, expected, "a watcher's events");
    }
}
