//! What does a watcher see, wherever it comes and however often it is cut off?

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
use crate::turns::Who;

type Message = v1::WatchDeterminationsResponse;
pub type Events = Pin<Box<dyn futures::Stream<Item = Result<Message, Status>> + Send>>;
/// The next message with what is still to come, or why there is none.
pub type Next = Result<(Message, Events), Status>;

/// One who follows the log, and keeps what it was given.
pub struct Watcher {
    /// Whether it wants everything from the first event on, or what happens from now on.
    from_the_first: bool,
    /// The task that waits for its next message, and on which replica; `None`: it is not connected.
    pub task: Option<(u32, usize)>,
    /// After which position it began; `None`: it has never heard anything.
    from: Option<u64>,
    seen: Vec<v1::DeterminationEvent>,
}

pub async fn connect(calls: Arc<Calls>, cursor: String) -> Next {
    let mut request = tonic::Request::new(v1::WatchDeterminationsRequest { cursor });
    request.extensions_mut().insert(identity(Who::Clerk));
    let events = calls.watch_determinations(request).await?.into_inner();
    next(events).await
}

pub async fn next(mut events: Events) -> Next {
    match events.next().await {
        Some(message) => Ok((message?, events)),
        None => Err(Status::unavailable("the stream ended without a word")),
    }
}

impl Watcher {
    pub const fn new(from_the_first: bool) -> Self {
        Self {
            from_the_first,
            task: None,
            from: None,
            seen: Vec::new(),
        }
    }

    /// The place up to which it has heard everything.
    pub fn position(&self) -> Option<u64> {
        let seen = u64::try_from(self.seen.len()).expect("a small number");
        self.from.map(|from| from + seen)
    }

    /// What it hands back.
    pub fn cursor(&self) -> String {
        match self.position() {
            Some(position) => position.to_string(),
            None if self.from_the_first => "0".to_owned(),
            None => String::new(),
        }
    }

    /// It has not kept its last messages, and goes back to before them.
    pub fn lose(&mut self, messages: usize) {
        let kept = self.seen.len().saturating_sub(messages);
        self.seen.truncate(kept);
    }

    /// Each event follows on the one before it.
    pub fn hear(&mut self, message: Message) {
        let cursor: u64 = message.cursor.parse().expect("a position");
        let before = self.position().or(self.from_the_first.then_some(0));
        if let Some(event) = message.event {
            let before = before.expect("the first message from now on is a heartbeat");
            assert_eq!(cursor, before + 1, "a watcher's next event");
            self.from.get_or_insert(before);
            self.seen.push(event);
        } else {
            assert_eq!(cursor, before.unwrap_or(cursor), "a heartbeat's cursor");
            self.from.get_or_insert(cursor);
        }
    }

    /// It has seen the log from where it began, and nothing else.
    pub fn check(&self, log: &[LogEntry]) {
        let Some(from) = self.from else {
            assert!(
                !self.from_the_first || log.is_empty(),
                "a watcher without a word"
            );
            return;
        };
        let from = usize::try_from(from).expect("a small number");
        let there: Vec<_> = log.iter().skip(from).map(render::watched).collect();
        assert_eq!(self.seen, there, "what a watcher has seen");
    }
}
