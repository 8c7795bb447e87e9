//! The report of a soak: a table of its intervals, and whether memory and latency stayed flat over them.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

/// Maximum growth of a process over the last two thirds of the intervals, by the line of best fit within its generations.
const GROWTH_MEGABYTES_MAX: f64 = 16.0;
/// Maximum ratio of the last third's 99th percentile to the second third's, both the medians of their intervals.
const SLOWDOWN_MAX: f64 = 1.5;

/// The calls of one service's callers in an interval.
#[derive(Clone, Default)]
pub struct CallStats {
    /// The time from the instant at which each answered call was due to its answer.
    pub latencies: Vec<Duration>,
    /// The number of failed calls by status.
    pub failures: BTreeMap<String, usize>,
}

/// A process at the end of an interval.
#[derive(Clone, Copy)]
pub struct Process {
    /// The number of earlier processes of this server.
    pub generation: usize,
    pub megabytes: f64,
}

/// An interval of a soak.
#[derive(Default)]
pub struct Interval {
    /// One for each service.
    pub calls: Vec<CallStats>,
    /// One for each server.
    pub processes: Vec<Process>,
    /// Restarts and rotations.
    pub actions: Vec<&'static str>,
}

impl CallStats {
    pub fn add(&mut self, result: Result<Duration, String>) {
        match result {
            Ok(latency) => self.latencies.push(latency),
            Err(status) => *self.failures.entry(status).or_default() += 1,
        }
    }

    fn count(&self) -> usize {
        self.latencies.len() + self.failures.values().sum::<usize>()
    }

    /// A percentile of the latencies, in milliseconds.
    fn percentile_ms(&self, percent: usize) -> f64 {
        let mut latencies = self.latencies.clone();
        latencies.sort_unstable();
        let index = latencies.len().saturating_sub(1) * percent / 100;
        latencies
            .get(index)
            .map_or(f64::NAN, |latency| latency.as_secs_f64() * 1_000.0)
    }
}

/// A Markdown table with a row for each interval.
pub fn table(services: &[&str], servers: &[&str], intervals: &[Interval]) -> String {
    let mut header = vec!["interval".to_owned()];
    for service in services {
        let columns = ["calls", "failures", "p50 ms", "p99 ms"];
        header.extend(columns.map(|column| format!("{service}: {column}")));
    }
    header.extend(servers.iter().map(|server| format!("{server} MB")));
    header.push("actions".to_owned());
    let mut table = String::new();
    let mut row = |cells: Vec<String>| writeln!(table, "| {} |", cells.join(" | ")).expect("text");
    let rule = header.iter().map(|_| "---".to_owned()).collect();
    row(header);
    row(rule);
    for (nth, interval) in intervals.iter().enumerate() {
        let mut cells = vec![(nth + 1).to_string()];
        for calls in &interval.calls {
            let failures = calls
                .failures
                .iter()
                .map(|(status, count)| format!("{status} {count}"));
            cells.push(calls.count().to_string());
            cells.push(failures.collect::<Vec<_>>().join(", "));
            cells.extend([50, 99].map(|percent| format!("{:.1}", calls.percentile_ms(percent))));
        }
        let megabytes = interval.processes.iter();
        cells.extend(megabytes.map(|process| format!("{:.1}", process.megabytes)));
        cells.push(interval.actions.join(", "));
        row(cells);
    }
    table
}

/// Compares each server's memory and each service's latency over the intervals. Returns a report of all, and the failures.
pub fn check_flatness(
    services: &[&str],
    servers: &[&str],
    intervals: &[Interval],
) -> (String, Vec<String>) {
    let (mut report, mut failures) = (String::new(), Vec::new());
    let mut add = |is_flat: bool, line: String| {
        let verdict = if is_flat { "flat" } else { "NOT flat" };
        writeln!(report, "{verdict}: {line}").expect("text");
        if !is_flat {
            failures.push(line);
        }
    };
    let third = intervals.len() / 3;
    for (nth, server) in servers.iter().enumerate() {
        let processes = intervals.iter().map(|interval| interval.processes[nth]);
        let growth = growth_megabytes(&processes.collect::<Vec<_>>(), third);
        add(
            growth <= GROWTH_MEGABYTES_MAX,
            format!(
                "memory of {server} grew {growth:+.1} MB over the last two thirds, at most {GROWTH_MEGABYTES_MAX}"
            ),
        );
    }
    for (nth, service) in services.iter().enumerate() {
        let p99 = |intervals: &[Interval]| {
            let each = intervals
                .iter()
                .map(|interval| interval.calls[nth].percentile_ms(99));
            median(each.collect())
        };
        let second = p99(&intervals[third..2 * third]);
        let last = p99(&intervals[2 * third..]);
        add(
            last <= SLOWDOWN_MAX * second,
            format!(
                "p99 of {service} was {second:.1} ms in the second third and {last:.1} ms in the last, \
                 at most {SLOWDOWN_MAX} times as long"
            ),
        );
    }
    (report, failures)
}

/// The growth of a server over the last two thirds of the intervals, by the common slope that fits all of its generations best,
/// each with an intercept of its own. The first interval of a generation is left out.
fn growth_megabytes(processes: &[Process], third: usize) -> f64 {
    let mut generations: BTreeMap<usize, Vec<(f64, f64)>> = BTreeMap::new();
    for (nth, pair) in processes.windows(2).enumerate() {
        if pair[0].generation == pair[1].generation && nth + 1 >= third {
            let points = generations.entry(pair[1].generation).or_default();
            points.push((number(nth + 1), pair[1].megabytes));
        }
    }
    let (mut covariance, mut variance) = (0.0, 0.0);
    for points in generations.values() {
        let count = number(points.len());
        let x = points.iter().map(|(x, _)| x).sum::<f64>() / count;
        let y = points.iter().map(|(_, y)| y).sum::<f64>() / count;
        for point in points {
            covariance += (point.0 - x) * (point.1 - y);
            variance += (point.0 - x).powi(2);
        }
    }
    // Generations too short for a slope prove nothing, which is a failure.
    if variance == 0.0 {
        return f64::INFINITY;
    }
    covariance / variance * number(processes.len() - third)
}

fn number(count: usize) -> f64 {
    f64::from(u32::try_from(count).expect("a small number"))
}

fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_unstable_by(f64::total_cmp);
    numbers.get(numbers.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Twelve intervals of one service on one server, with the milliseconds, generation and megabytes of each.
fn intervals(
    latency_ms: impl Fn(usize) -> u64,
    process: impl Fn(usize) -> (usize, usize),
) -> Vec<Interval> {
    let interval = |nth| {
        let (generation, megabytes) = process(nth);
        Interval {
            calls: vec![CallStats {
                latencies: vec![Duration::from_millis(latency_ms(nth)); 3],
                ..CallStats::default()
            }],
            processes: vec![Process {
                generation,
                megabytes: number(megabytes),
            }],
            actions: Vec::new(),
        }
    };
    (0..12).map(interval).collect()
}

#[test]
fn growth_and_slowdown_are_failures() {
    let failures = |intervals: &[Interval]| check_flatness(&["it"], &["it"], intervals).1;
    let (rising, steady) = (|nth| 10 + nth as u64, |_| 10);
    // Memory that every start takes again is no growth.
    let warm = |nth| (nth / 6, 50 + 20 * usize::from(nth % 6 > 0));
    assert_eq!(failures(&intervals(steady, warm)), [""; 0]);
    assert_eq!(failures(&intervals(rising, warm)), [""; 0]);
    // Two megabytes an interval are 16 in the last eight. Three are too many, with restarts and without.
    let bounded = intervals(steady, |nth| (0, 50 + 2 * nth));
    assert_eq!(failures(&bounded), [""; 0]);
    for length in [12, 4] {
        let leak = |nth| (nth / length, 50 + 3 * (nth % length));
        let found = failures(&intervals(steady, leak));
        assert!(found[0].contains("+24.0 MB"), "{found:?}");
    }
    // A restart in every interval proves nothing about memory.
    assert_eq!(failures(&intervals(steady, |nth| (nth, 50))).len(), 1);
    let slower = |nth| if nth < 8 { 10 } else { 16 };
    let found = failures(&intervals(slower, warm));
    assert!(found[0].contains("16.0 ms in the last"), "{found:?}");
}
