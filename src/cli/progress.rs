//! How far is it? A bar on a terminal; elsewhere a line now and then.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::store::Progress;

/// No more often than this a line is written.
const LINE_EVERY: Duration = Duration::from_secs(5);
const BAR: &str = "{bar:40} {pos} of {len} rows, {eta} left";
const PROVING: &str = "{spinner} for {elapsed}";
/// How often the sign moves that something goes on.
const TICK: Duration = Duration::from_millis(200);

/// What is shown on standard error. The bar shows itself on a terminal alone.
pub(super) struct Shown {
    bar: ProgressBar,
    total: u64,
    said: Instant,
}

impl Shown {
    pub(super) fn new() -> Self {
        let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr());
        Self {
            bar: bar.with_style(style(BAR)),
            total: 0,
            said: Instant::now(),
        }
    }

    pub(super) fn tell(&mut self, progress: Progress) {
        match progress {
            Progress::Begun { done, total } => {
                self.total = total;
                self.bar.set_length(total);
                self.bar.set_position(done);
                // What was there before says nothing of how long the rest takes.
                self.bar.reset_eta();
                self.say(done);
            }
            Progress::Copied { done } => {
                self.bar.set_position(done);
                if self.said.elapsed() >= LINE_EVERY {
                    self.say(done);
                }
            }
            Progress::Proving => {
                self.end();
                eprintln!(
                    "second-opinion: all {} rows are there; proving them",
                    self.total
                );
                self.bar.reset();
                self.bar.set_style(style(PROVING));
                self.bar.enable_steady_tick(TICK);
            }
        }
    }

    /// Takes the bar away.
    pub(super) fn end(&self) {
        self.bar.finish_and_clear();
    }

    fn say(&mut self, done: u64) {
        self.said = Instant::now();
        if self.bar.is_hidden() {
            eprintln!("second-opinion: {done} of {} rows are there", self.total);
        }
    }
}

/// A template that cannot be read would show the crate's own bar.
fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}
