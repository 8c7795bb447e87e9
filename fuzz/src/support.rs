//! What do the targets share? An instant, a plan, the contract, and how bytes are read as choices.

use std::sync::LazyLock;

use arbitrary::Unstructured;
use chrono::{DateTime, Utc};
use prost_reflect::{DescriptorPool, MessageDescriptor};
use second_opinion::plan::Plan;
use second_opinion::rules::{Calendar, Policy};
use second_opinion::wire::DESCRIPTOR;
use second_opinion::wire::render::Shown;
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

/// What a future comes to that waits for nothing outside.
pub fn wait<T>(future: impl Future<Output = T>) -> T {
    RUNTIME.block_on(future)
}

/// Monday 2 March 2026, 10:00 in Los Angeles: the server's clock.
pub fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_772_474_400, 0).expect("an instant")
}

pub fn calendar() -> &'static Calendar {
    &POLICY.calendar
}

/// What a case is shown with.
pub fn shown(as_of: DateTime<Utc>) -> Shown<'static> {
    Shown {
        as_of,
        plan: &PLAN,
        calendar: calendar(),
    }
}

/// A message of the contract.
pub fn descriptor(name: &str) -> MessageDescriptor {
    CONTRACT
        .get_message_by_name(&format!("um.secondopinion.v1.{name}"))
        .unwrap_or_else(|| panic!("the contract has no message `{name}`"))
}

/// A number below `end`; 0 where no bytes are left.
pub fn below(bytes: &mut Unstructured<'_>, end: usize) -> usize {
    bytes
        .int_in_range(0..=end.saturating_sub(1))
        .unwrap_or_default()
}

/// One of some; the first where no bytes are left.
pub fn one_of<T: Copy>(bytes: &mut Unstructured<'_>, all: &[T]) -> T {
    all[below(bytes, all.len())]
}

/// One chance in `of`; none where no bytes are left.
pub fn once_in(bytes: &mut Unstructured<'_>, of: usize) -> bool {
    below(bytes, of) + 1 == of
}

/// Any text; empty where no bytes are left.
pub fn text(bytes: &mut Unstructured<'_>) -> String {
    bytes.arbitrary::<String>().unwrap_or_default()
}

/// Any number; 0 where no bytes are left.
pub fn number(bytes: &mut Unstructured<'_>) -> i64 {
    bytes.arbitrary().unwrap_or_default()
}
