//! The progress of a copy: a bar on a terminal, elsewhere a line every few seconds.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::store::Progress;

/// The minimum time between two lines.
const LINE_INTERVAL_MIN: Duration = Duration::from_secs(5);
const BAR: &str = "{bar:40} {pos} of {len} rows, {eta} left";
const VERIFYING: &str = "{spinner} for {elapsed}";
/// The period of the spinner.
const TICK_INTERVAL: Duration = Duration::from_millis(200);

/// The progress on standard error. The bar is drawn on a terminal alone.
pub(super) struct ProgressLine {
    bar: ProgressBar,
    total: u64,
    last_line: Instant,
}

impl ProgressLine {
    pub(super) fn new() -> Self {
        let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr());
        Self {
            bar: bar.with_style(style(BAR)),
            total: 0,
            last_line: Instant::now(),
        }
    }

    pub(super) fn update(&mut self, progress: Progress) {
        match progress {
            Progress::Started { done, total } => {
                self.total = total;
                self.bar.set_length(total);
                self.bar.set_position(done);
                // The rows of an earlier run say nothing about the time for the rest.
                self.bar.reset_eta();
                self.write_line(done);
            }
            Progress::Copied { done } => {
                self.bar.set_position(done);
                if self.last_line.elapsed() >= LINE_INTERVAL_MIN {
                    self.write_line(done);
                }
            }
            Progress::Verifying => {
                self.clear();
                eprintln!(
                    "second-opinion: all {} rows are copied; verifying them",
                    self.total
                );
                self.bar.reset();
                self.bar.set_style(style(VERIFYING));
                self.bar.enable_steady_tick(TICK_INTERVAL);
            }
        }
    }

    /// Removes the bar.
    pub(super) fn clear(&self) {
        self.bar.finish_and_clear();
    }

    fn write_line(&mut self, done: u64) {
        self.last_line = Instant::now();
        if self.bar.is_hidden() {
            eprintln!("second-opinion: {done} of {} rows are copied", self.total);
        }
    }
}

/// A template that cannot be parsed falls back to the library's bar.
fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}
