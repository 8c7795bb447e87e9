//! Where are letters rendered, so that no one else waits for it?
//!
//! Text and HTML are made where they are asked for. A PDF file keeps a processor busy for much longer: it is made on
//! threads of its own, half as many as there are processors, and further ones wait in a queue.

use std::sync::Arc;

use crate::notice::{Letter, NoticeError, Rendition, Templates};

/// Renders letters.
pub struct Renderer {
    templates: Arc<Templates>,
    #[cfg(feature = "pdf")]
    threads: rayon::ThreadPool,
}

impl Renderer {
    /// A renderer with the words of letters.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn new(templates: Arc<Templates>) -> std::io::Result<Self> {
        Ok(Self {
            templates,
            #[cfg(feature = "pdf")]
            threads: threads()?,
        })
    }

    /// The words of letters.
    #[must_use]
    pub fn templates(&self) -> &Templates {
        &self.templates
    }

    /// A letter's bytes in a form, language and size.
    ///
    /// # Errors
    /// When this build does not make the form, or a template cannot be filled in.
    #[cfg_attr(
        not(feature = "pdf"),
        allow(clippy::unused_async, reason = "a PDF alone is waited for")
    )]
    pub async fn render(
        &self,
        letter: Letter,
        rendition: Rendition,
    ) -> Result<Vec<u8>, NoticeError> {
        #[cfg(feature = "pdf")]
        if rendition.form == crate::notice::Form::Pdf {
            return self.in_turn(letter, rendition).await;
        }
        rendition.render(&self.templates, &letter)
    }

    #[cfg(feature = "pdf")]
    async fn in_turn(&self, letter: Letter, rendition: Rendition) -> Result<Vec<u8>, NoticeError> {
        let templates = Arc::clone(&self.templates);
        let (done, rendered) = tokio::sync::oneshot::channel();
        self.threads.spawn(move || {
            // Whoever gave up while the letter waited has no page set.
            if done.is_closed() {
                return;
            }
            let render = || rendition.render(&templates, &letter);
            // A thread of the pool that panics would take the process with it.
            let made = std::panic::catch_unwind(std::panic::AssertUnwindSafe(render));
            // A panic drops the channel; a caller that has gone since does not hear.
            let _ = made.map(|made| done.send(made));
        });
        rendered.await.unwrap_or_else(|_| {
            Err(NoticeError::Template(
                "the page could not be set".to_owned(),
            ))
        })
    }
}

#[cfg(feature = "pdf")]
fn threads() -> std::io::Result<rayon::ThreadPool> {
    /// Pages nest deeply.
    const STACK_BYTES: usize = 16 * 1024 * 1024;
    let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    rayon::ThreadPoolBuilder::new()
        .num_threads((processors / 2).max(1))
        .stack_size(STACK_BYTES)
        .thread_name(|index| format!("renderer-{index}"))
        .build()
        .map_err(std::io::Error::other)
}
