//! The panic hook.

use crate::call;

/// Logs the place of each panic, and never its text, which may hold a person's data.
pub(super) fn log_place_only() {
    std::panic::set_hook(Box::new(|info| {
        let place = info.location().map(ToString::to_string);
        let trace = call::current().and_then(|call| call.trace);
        tracing::error!(
            place = place.as_deref().unwrap_or("unknown"),
            request_id = %call::current_id(),
            trace_id = trace.map(tracing::field::display),
            "panic"
        );
    }));
}
