//! How are lines written that come by the thousand? Many at a time.

use std::io::{self, BufWriter, Write};
use std::thread;
use std::time::Duration;

/// So long after lines were written no others are: they gather.
const PAUSE: Duration = Duration::from_millis(10);

/// Writes what it has when it is flushed, and then pauses.
///
/// The thread that writes lines takes all that wait, flushes, and sleeps until the next one comes. Under load that is at once:
/// it would be woken for nearly every line, which costs the caller that wakes it more than to make the line. While it pauses
/// here no one needs to wake it. A line after a quiet time is written at once, any other one a pause later at most.
pub(super) struct Gathering<W: Write>(BufWriter<W>);

impl<W: Write> Gathering<W> {
    pub fn new(to: W) -> Self {
        Self(BufWriter::new(to))
    }
}

impl<W: Write> Write for Gathering<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()?;
        thread::sleep(PAUSE);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::{self, Write as _};
    use std::sync::{Arc, Mutex, PoisonError};
    use std::time::Instant;

    use tracing_appender::non_blocking::NonBlockingBuilder;

    use super::{Gathering, PAUSE};

    /// Keeps what it was given at a time.
    #[derive(Clone, Default)]
    struct Times(Arc<Mutex<Vec<Vec<u8>>>>);

    impl io::Write for Times {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let mut times = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            times.push(bytes.to_vec());
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn lines_are_written_together_in_their_order_and_none_is_lost() {
        let (times, began) = (Times::default(), Instant::now());
        let (mut lines, guard) = NonBlockingBuilder::default()
            .lossy(false)
            .finish(Gathering::new(times.clone()));
        let mut all = String::new();
        for nth in 0..1_000 {
            let line = format!("line {nth}\n");
            lines.write_all(line.as_bytes()).expect("taken");
            all.push_str(&line);
        }
        drop(guard);
        let times = times.0.lock().expect("a lock");
        assert_eq!(times.concat(), all.as_bytes());
        // One a pause, the first and the last, and one that the buffer was too full for.
        let most = began.elapsed().as_millis() / PAUSE.as_millis() + 3;
        assert!(times.len() as u128 <= most, "{} of {most}", times.len());
    }
}
