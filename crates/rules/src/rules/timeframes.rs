//! Section VI.D and the law beside it: the clocks of a request and their due instants.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use super::Policy;
use super::calendar::{Calendar, SkippedDay, next_day};
use super::clock::{Clock, Limit};
use super::edition::{Amount, ClockKind, CountedFrom, LIMITS, TimeLimit, Urgency};

impl Amount {
    /// The first instant that is too late, counted from `start`, and the closures skipped before it.
    ///
    /// Days are counted on the plan's calendar: the local day of `start` is day 0, whatever its hour, and the
    /// limit is the local midnight that ends the last day. Hours are elapsed hours.
    ///
    /// ```
    /// use second_opinion_rules::rules::{Amount, Calendar};
    /// // Friday 10:00 before the clocks go forward: 72 hours later it is Monday 11:00.
    /// let start = "2026-03-06T10:00:00-08:00".parse::<chrono::DateTime<chrono::Utc>>().unwrap();
    /// let (due, _) = Amount::Hours(72).after(start, &Calendar::default());
    /// assert_eq!(due, "2026-03-09T11:00:00-07:00".parse::<chrono::DateTime<chrono::Utc>>().unwrap());
    /// ```
    #[must_use]
    pub fn after(
        self,
        start: DateTime<Utc>,
        calendar: &Calendar,
    ) -> (DateTime<Utc>, Vec<SkippedDay>) {
        match self {
            Self::Hours(hours) => (start + TimeDelta::hours(i64::from(hours)), Vec::new()),
            Self::BusinessDays(days) => {
                let (last, skipped) = calendar.business_day_after(calendar.day_of(start), days);
                (calendar.end_of(last), skipped)
            }
            Self::CalendarDays(days) => (
                calendar.end_of(days_after(calendar.day_of(start), days)),
                Vec::new(),
            ),
        }
    }

    /// The last local day of an amount of calendar days counted from `day`, which is day 0; `day` itself for an
    /// amount in hours or business days.
    #[must_use]
    pub fn last_calendar_day(self, day: NaiveDate) -> NaiveDate {
        match self {
            Self::CalendarDays(days) => days_after(day, days),
            Self::Hours(_) | Self::BusinessDays(_) => day,
        }
    }
}

fn days_after(day: NaiveDate, days: u32) -> NaiveDate {
    (0..days).fold(day, |day, _| next_day(day))
}

impl TimeLimit {
    fn at(&self, start: DateTime<Utc>, policy: &Policy) -> Limit {
        let (due_at, skipped_days) = self.amount.after(start, &policy.calendar);
        Limit {
            source: self.source,
            due_at,
            skipped_days,
        }
    }
}

impl Policy {
    /// The limits that bind a request received at `received_at`: the policy's, and the law's where they are applied.
    fn limits_of(
        &self,
        received_at: DateTime<Utc>,
        urgency: Urgency,
        counted_from: CountedFrom,
    ) -> impl Iterator<Item = &'static TimeLimit> {
        let (received, law) = (self.calendar.day_of(received_at), self.law_limits);
        LIMITS.iter().filter(move |limit| {
            limit.counted_from == counted_from
                && limit.urgency.is_none_or(|of| of == urgency)
                && (law || limit.source.is_policy())
                && limit.first_day <= received
        })
    }

    /// The clocks of a request that needs prior authorization, in the order of [`ClockKind`].
    ///
    /// `urgent_since` is the instant from which an urgent request's hours count: its own receipt, or the receipt of
    /// a later request to expedite. In the latter case the routine limits stay beside the urgent ones, so that no due
    /// instant moves later.
    #[must_use]
    pub fn clocks(
        &self,
        received_at: DateTime<Utc>,
        urgent_since: Option<DateTime<Utc>>,
    ) -> Vec<Clock> {
        let mut clocks: Vec<Clock> = Vec::with_capacity(2);
        let mut add = |limit: &TimeLimit, start: DateTime<Utc>, clock_start: DateTime<Utc>| {
            let computed = limit.at(start, self);
            match clocks.iter_mut().find(|clock| clock.kind == limit.clock) {
                Some(clock) => clock.limits.push(computed),
                None => clocks.push(Clock::started(limit.clock, clock_start, vec![computed])),
            }
        };
        if urgent_since.is_none_or(|since| since > received_at) {
            for limit in self.limits_of(received_at, Urgency::Routine, CountedFrom::Receipt) {
                add(limit, received_at, received_at);
            }
        }
        if let Some(since) = urgent_since {
            for limit in self.limits_of(received_at, Urgency::Urgent, CountedFrom::Receipt) {
                // The member's clock keeps its start at receipt; the decision's starts with the claim.
                let clock_start = if limit.clock == ClockKind::Determination {
                    since
                } else {
                    received_at
                };
                add(limit, since, clock_start);
            }
        }
        clocks.sort_by_key(|clock| clock.kind);
        clocks
    }

    /// The limits that a denial adds to the member's clock (HSC 1367.01(h)(3)); none where the law's limits are off.
    #[must_use]
    pub fn member_limits_after_denial(
        &self,
        received_at: DateTime<Utc>,
        decided_at: DateTime<Utc>,
    ) -> Vec<Limit> {
        self.limits_of(received_at, Urgency::Routine, CountedFrom::Denial)
            .filter(|limit| limit.clock == ClockKind::MemberNotification)
            .map(|limit| limit.at(decided_at, self))
            .collect()
    }

    /// The clock that a decision starts where a health professional is among the requesters (HSC 1367.01(h)(3));
    /// `None`: the law's limits are off.
    #[must_use]
    pub fn provider_clock(
        &self,
        received_at: DateTime<Utc>,
        decided_at: DateTime<Utc>,
    ) -> Option<Clock> {
        let limits: Vec<Limit> = self
            .limits_of(received_at, Urgency::Routine, CountedFrom::Decision)
            .filter(|limit| limit.clock == ClockKind::ProviderNotification)
            .map(|limit| limit.at(decided_at, self))
            .collect();
        let kind = ClockKind::ProviderNotification;
        (!limits.is_empty()).then(|| Clock::started(kind, decided_at, limits))
    }
}
