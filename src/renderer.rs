//! Renders letters: text and HTML on the calling task, PDF on a thread pool.
//!
//! A PDF takes tens of milliseconds of processor time. The pool has half as many threads as the machine has processors, so
//! that other calls keep the rest; further PDFs wait in its queue.

use std::sync::Arc;

use crate::notice::{Letter, NoticeError, Rendition, Templates};

/// Renders letters by the templates of their language.
pub struct Renderer {
    templates: Arc<Templates>,
    #[cfg(feature = "pdf")]
    threads: rayon::ThreadPool,
}

impl Renderer {
    /// A renderer with templates.
    ///
    /// # Errors
    /// Fails if the thread pool cannot be started.
    pub fn new(templates: Arc<Templates>) -> std::io::Result<Self> {
        Ok(Self {
            templates,
            #[cfg(feature = "pdf")]
            threads: threads()?,
        })
    }

    /// The templates.
    #[must_use]
    pub fn templates(&self) -> &Templates {
        &self.templates
    }

    /// Renders a letter in a form, language and size.
    ///
    /// # Errors
    /// Fails if this build does not render the form, or a template cannot be filled in.
    #[cfg_attr(
        not(feature = "pdf"),
        allow(clippy::unused_async, reason = "only a PDF is awaited")
    )]
    pub async fn render(
        &self,
        letter: Letter,
        rendition: Rendition,
    ) -> Result<Vec<u8>, NoticeError> {
        #[cfg(feature = "pdf")]
        if rendition.form == crate::notice::Form::Pdf {
            return self.render_on_pool(letter, rendition).await;
        }
        rendition.render(&self.templates, &letter)
    }

    #[cfg(feature = "pdf")]
    async fn render_on_pool(
        &self,
        letter: Letter,
        rendition: Rendition,
    ) -> Result<Vec<u8>, NoticeError> {
        let templates = Arc::clone(&self.templates);
        let (done, rendered) = tokio::sync::oneshot::channel();
        self.threads.spawn(move || {
            // The caller gave up while the letter waited in the queue.
            if done.is_closed() {
                return;
            }
            let render = || rendition.render(&templates, &letter);
            // An uncaught panic in a pool thread would abort the process.
            let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(render));
            // A panic drops the channel. Sending fails if the caller has gone, which is no error.
            let _ = outcome.map(|rendered| done.send(rendered));
        });
        rendered
            .await
            .unwrap_or_else(|_| Err(NoticeError::Template("the rendering panicked".to_owned())))
    }
}

#[cfg(feature = "pdf")]
fn threads() -> std::io::Result<rayon::ThreadPool> {
    /// Stack of a pool thread, in bytes: the layout of nested blocks recurses deeply.
    const STACK_BYTES: usize = 16 * 1024 * 1024;
    let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    rayon::ThreadPoolBuilder::new()
        .num_threads((processors / 2).max(1))
        .stack_size(STACK_BYTES)
        .thread_name(|index| format!("renderer-{index}"))
        .build()
        .map_err(std::io::Error::other)
}
