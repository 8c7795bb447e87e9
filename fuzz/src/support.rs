//! Shared by the targets: an instant, a plan, the contract, and functions that read bytes as choices.

use std::sync::LazyLock;

use arbitrary::Unstructured;
use chrono::{DateTime, Utc};
use prost_reflect::{DescriptorPool, MessageDescriptor};
use second_opinion::plan::Plan;
use second_opinion::rules::{Calendar, Policy};
use second_opinion::wire::DESCRIPTOR;
use second_opinion::wire::render::RenderContext;
use tokio::runtime::{Builder, Runtime};

pub static POLICY: LazyLock<Policy> = LazyLock::new(Policy::default);
pub static PLAN: LazyLock<Plan> = LazyLock::new(Plan::default);
static CONTRACT: LazyLock<DescriptorPool> =
    LazyLock::new(|| DescriptorPool::decode(DESCRIPTOR).expect("the contract"));

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    Builder::new_current_thread()
        .build()
        .expect("a runtime without threads")
});

/// Runs a future that does not wait for I/O.
pub fn wait<T>(future: impl Future<Output = T>) -> T {
    RUNTIME.block_on(future)
}

/// The server's clock: Monday, March 2, 2026, 10:00 in Los Angeles.
pub fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_772_474_400, 0).expect("an instant")
}

pub fn calendar() -> &'static Calendar {
    &POLICY.calendar
}

/// The context for rendering a case.
pub fn shown(as_of: DateTime<Utc>) -> RenderContext<'static> {
    RenderContext {
        as_of,
        plan: &PLAN,
        calendar: calendar(),
    }
}

/// The descriptor of a message of the contract.
pub fn descriptor(name: &str) -> MessageDescriptor {
    CONTRACT
        .get_message_by_name(&format!("um.secondopinion.v1.{name}"))
        .unwrap_or_else(|| panic!("the contract has no message `{name}`"))
}

/// A number below `end`; 0 if no bytes are left.
pub fn below(bytes: &mut Unstructured<'_>, end: usize) -> usize {
    bytes
        .int_in_range(0..=end.saturating_sub(1))
        .unwrap_or_default()
}

/// One of the items; the first if no bytes are left.
pub fn one_of<T: Copy>(bytes: &mut Unstructured<'_>, all: &[T]) -> T {
    all[below(bytes, all.len())]
}

/// True with a probability of 1 in `of`; false if no bytes are left.
pub fn once_in(bytes: &mut Unstructured<'_>, of: usize) -> bool {
    below(bytes, of) + 1 == of
}

/// Any text; empty if no bytes are left.
pub fn text(bytes: &mut Unstructured<'_>) -> String {
    bytes.arbitrary::<String>().unwrap_or_default()
}

/// Any number; 0 if no bytes are left.
pub fn number(bytes: &mut Unstructured<'_>) -> i64 {
    bytes.arbitrary().unwrap_or_default()
}
