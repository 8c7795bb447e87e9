//! What did each slice of the time see, and were memory and latency flat over them?

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

/// As much as a process may grow over the slices that are looked at, by the line of best fit within its lives.
const GROWTH_MEGABYTES_MAX: f64 = 16.0;
/// As many times the second third's 99th percentile as the last third's may be, both the medians of their slices.
const SLOWER_MAX: f64 = 1.5;

/// What callers of one of the services saw in a slice.
#[derive(Clone, Default)]
pub struct Calls {
    /// What each answered call took from the instant at which it was due.
    pub took: Vec<Duration>,
    /// How many failed, by what the caller was told.
    pub failures: BTreeMap<String, usize>,
}

/// A process at the end of a slice.
#[derive(Clone, Copy)]
pub struct Process {
    /// Which of those that stood one after the other in its place.
    pub life: usize,
    pub megabytes: f64,
}

/// A slice of the time.
#[derive(Default)]
pub struct Slice {
    /// One a service.
    pub calls: Vec<Calls>,
    /// One a server.
    pub processes: Vec<Process>,
    /// What was done to servers, database, keys and certificates.
    pub done: Vec<&'static str>,
}

impl Calls {
    pub fn add(&mut self, told: Result<Duration, String>) {
        match told {
            Ok(took) => self.took.push(took),
            Err(told) => *self.failures.entry(told).or_default() += 1,
        }
    }

    fn count(&self) -> usize {
        self.took.len() + self.failures.values().sum::<usize>()
    }

    /// In milliseconds.
    fn percentile(&self, hundredths: usize) -> f64 {
        let mut took = self.took.clone();
        took.sort_unstable();
        let at = took.len().saturating_sub(1) * hundredths / 100;
        took.get(at)
            .map_or(f64::NAN, |took| took.as_secs_f64() * 1_000.0)
    }
}

/// A table in Markdown, a row a slice.
pub fn table(services: &[&str], servers: &[&str], slices: &[Slice]) -> String {
    let mut heads = vec!["slice".to_owned()];
    for service in services {
        let columns = ["calls", "failures", "p50 ms", "p99 ms"];
        heads.extend(columns.map(|column| format!("{service}: {column}")));
    }
    heads.extend(servers.iter().map(|server| format!("{server} MB")));
    heads.push("what was done".to_owned());
    let mut table = String::new();
    let mut row = |cells: Vec<String>| writeln!(table, "| {} |", cells.join(" | ")).expect("text");
    let rule = heads.iter().map(|_| "---".to_owned()).collect();
    row(heads);
    row(rule);
    for (nth, slice) in slices.iter().enumerate() {
        let mut cells = vec![(nth + 1).to_string()];
        for calls in &slice.calls {
            let failures = calls
                .failures
                .iter()
                .map(|(told, count)| format!("{told} {count}"));
            cells.push(calls.count().to_string());
            cells.push(failures.collect::<Vec<_>>().join(", "));
            cells.extend([50, 99].map(|part| format!("{:.1}", calls.percentile(part))));
        }
        let megabytes = slice.processes.iter();
        cells.extend(megabytes.map(|process| format!("{:.1}", process.megabytes)));
        cells.push(slice.done.join(", "));
        row(cells);
    }
    table
}

/// How each server's memory and each service's latency went; those that were not flat are complaints.
pub fn judge(services: &[&str], servers: &[&str], slices: &[Slice]) -> (String, Vec<String>) {
    let (mut said, mut complaints) = (String::new(), Vec::new());
    let mut tell = |flat: bool, line: String| {
        let verdict = if flat { "flat" } else { "NOT flat" };
        writeln!(said, "{verdict}: {line}").expect("text");
        if !flat {
            complaints.push(line);
        }
    };
    let third = slices.len() / 3;
    for (nth, server) in servers.iter().enumerate() {
        let processes: Vec<Process> = slices.iter().map(|slice| slice.processes[nth]).collect();
        let growth = growth(&processes, third);
        tell(
            growth <= GROWTH_MEGABYTES_MAX,
            format!(
                "memory of {server} went {growth:+.1} MB over two thirds of the time, of {GROWTH_MEGABYTES_MAX} at most"
            ),
        );
    }
    for (nth, service) in services.iter().enumerate() {
        let latency = |slices: &[Slice]| {
            let each = slices.iter().map(|slice| slice.calls[nth].percentile(99));
            median(each.collect())
        };
        let second = latency(&slices[third..2 * third]);
        let last = latency(&slices[2 * third..]);
        tell(
            last <= SLOWER_MAX * second,
            format!(
                "p99 of {service} was {second:.1} ms in the second third and {last:.1} ms in the last, \
                 {SLOWER_MAX} times as much at most"
            ),
        );
    }
    (said, complaints)
}

/// By how many megabytes a process grew over two thirds of the slices, as the line says that fits all of its lives best, each
/// from a height of its own. Left out are the slices of the first third, and the first one of each life.
fn growth(processes: &[Process], third: usize) -> f64 {
    let mut lives: BTreeMap<usize, Vec<(f64, f64)>> = BTreeMap::new();
    for (nth, pair) in processes.windows(2).enumerate() {
        if pair[0].life == pair[1].life && nth + 1 >= third {
            let life = lives.entry(pair[1].life).or_default();
            life.push((number(nth + 1), pair[1].megabytes));
        }
    }
    let (mut together, mut along) = (0.0, 0.0);
    for points in lives.values() {
        let count = number(points.len());
        let x = points.iter().map(|(x, _)| x).sum::<f64>() / count;
        let y = points.iter().map(|(_, y)| y).sum::<f64>() / count;
        for point in points {
            together += (point.0 - x) * (point.1 - y);
            along += (point.0 - x).powi(2);
        }
    }
    // Of lives too short for a line nothing is known, and that is no flatness.
    if along == 0.0 {
        return f64::INFINITY;
    }
    together / along * number(processes.len() - third)
}

fn number(count: usize) -> f64 {
    f64::from(u32::try_from(count).expect("few"))
}

fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_unstable_by(f64::total_cmp);
    numbers.get(numbers.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Twelve slices of one service on one server, in the milliseconds and megabytes of each.
fn slices(latency: impl Fn(usize) -> u64, process: impl Fn(usize) -> (usize, usize)) -> Vec<Slice> {
    let slice = |nth| {
        let (life, megabytes) = process(nth);
        Slice {
            calls: vec![Calls {
                took: vec![Duration::from_millis(latency(nth)); 3],
                ..Calls::default()
            }],
            processes: vec![Process {
                life,
                megabytes: number(megabytes),
            }],
            done: Vec::new(),
        }
    };
    (0..12).map(slice).collect()
}

#[test]
fn what_was_not_flat_is_told() {
    let told = |slices: &[Slice]| judge(&["it"], &["it"], slices).1;
    let (slow, steady) = (|nth| 10 + nth as u64, |_| 10);
    // What a process takes as it begins, and a restart gives back, is no growth.
    let warm = |nth| (nth / 6, 50 + 20 * usize::from(nth % 6 > 0));
    assert_eq!(told(&slices(steady, warm)), [""; 0]);
    assert_eq!(told(&slices(slow, warm)), [""; 0]);
    // Two megabytes a slice are 16 in the eight that are looked at, and three are too many; whoever restarts.
    assert_eq!(told(&slices(steady, |nth| (0, 50 + 2 * nth))), [""; 0]);
    for lives in [12, 4] {
        let leak = |nth| (nth / lives, 50 + 3 * (nth % lives));
        let complaints = told(&slices(steady, leak));
        assert!(complaints[0].contains("+24.0 MB"), "{complaints:?}");
    }
    // One new process a slice says nothing of memory.
    assert_eq!(told(&slices(steady, |nth| (nth, 50))).len(), 1);
    let slower = |nth| if nth < 8 { 10 } else { 16 };
    let complaints = told(&slices(slower, warm));
    assert!(
        complaints[0].contains("16.0 ms in the last"),
        "{complaints:?}"
    );
}
