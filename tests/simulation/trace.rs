//! What happened in a run, in words that are the same whenever its seed is run?

use std::collections::BTreeMap;

use second_opinion::store::LogEntry;
use uuid::Uuid;

/// What happened, in order, and how often each kind of thing did.
#[derive(Debug, Default)]
pub struct Trace {
    pub lines: Vec<String>,
    pub reached: BTreeMap<&'static str, u64>,
    /// Ids are new each time, so a case is named by its place among those that were named.
    cases: BTreeMap<String, usize>,
}

impl Trace {
    pub fn say(&mut self, line: String) {
        self.lines.push(line);
    }

    pub fn count(&mut self, what: &'static str) {
        self.add(what, 1);
    }

    pub fn add(&mut self, what: &'static str, times: usize) {
        *self.reached.entry(what).or_default() += u64::try_from(times).expect("a small number");
    }

    fn case(&mut self, id: &str) -> usize {
        let next = self.cases.len();
        *self.cases.entry(id.to_owned()).or_insert(next)
    }

    pub fn determination(&mut self, asked: usize, id: &str, etags: usize) {
        let case = self.case(id);
        self.say(format!("request {asked}: case {case}, etag {etags}"));
    }

    pub fn entry(&mut self, entry: &LogEntry) {
        let id: Uuid = entry.determination_id;
        let case = self.case(&id.to_string());
        self.say(format!(
            "{}: case {case} version {} {:?} {:?} {:?} due {:?} at {}",
            entry.position,
            entry.version,
            entry.kind,
            entry.state,
            entry.urgency,
            entry.due_at,
            entry.occurred_at
        ));
    }
}
