//! A record of a run that is the same each time its seed is run.

use std::collections::BTreeMap;

use second_opinion::store::LogEntry;

/// The events of a run in order, and the number of events of each kind.
#[derive(Debug, Default)]
pub struct Trace {
    pub lines: Vec<String>,
    pub counts: BTreeMap<&'static str, u64>,
    /// Numbers for cases, in the order in which they were named: ids differ from run to run.
    cases: BTreeMap<String, usize>,
}

impl Trace {
    pub fn record(&mut self, line: String) {
        self.lines.push(line);
    }

    pub fn count(&mut self, kind: &'static str) {
        self.add(kind, 1);
    }

    pub fn add(&mut self, kind: &'static str, times: usize) {
        *self.counts.entry(kind).or_default() += u64::try_from(times).expect("a small number");
    }

    fn case(&mut self, id: &str) -> usize {
        let next = self.cases.len();
        *self.cases.entry(id.to_owned()).or_insert(next)
    }

    pub fn record_answer(&mut self, request: usize, id: &str, etags: usize) {
        let case = self.case(id);
        self.record(format!("request {request}: case {case}, etag {etags}"));
    }

    pub fn record_log_entry(&mut self, entry: &LogEntry) {
        let case = self.case(&entry.determination_id.to_string());
        self.record(format!(
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
