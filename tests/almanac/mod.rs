//! When is the plan closed and when does its day end, computed a second time?
//!
//! Nothing here uses a date library: days are numbers counted from 1970-01-01, a year is walked day by day, and the
//! change of the clocks is written down as the rule of the Energy Policy Act of 2005 (second Sunday of March, first
//! Sunday of November, at 2:00).

/// A day, counted from 1970-01-01, which is day 0 and a Thursday.
pub type Day = i64;

/// Seconds in a day.
const DAY_SECONDS: i64 = 86_400;

/// A year as it is walked: each day with its month, its date, and which of its weekday in the month it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Leaf {
    pub day: Day,
    pub year: i64,
    pub month: u8,
    pub date: u8,
    /// 0 is Monday.
    pub weekday: u8,
    /// 1 for the first Monday, Tuesday … of the month.
    pub nth: u8,
    /// Whether no later day of the month has this weekday.
    pub last: bool,
}

const MONDAY: u8 = 0;
const THURSDAY: u8 = 3;
const FRIDAY: u8 = 4;
const SATURDAY: u8 = 5;
const SUNDAY: u8 = 6;

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

/// Every day from 1 January 2015 to 31 December 2101, in order.
fn pages() -> Vec<Leaf> {
    let mut pages = Vec::new();
    let mut day = (1970..2015)
        .map(|y| if is_leap(y) { 366 } else { 365 })
        .sum();
    for year in 2015..=2101 {
        let february = if is_leap(year) { 29 } else { 28 };
        let lengths = [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
        for (month, length) in (1..).zip(lengths) {
            let mut seen = [0_u8; 7];
            for date in 1..=length {
                let weekday = u8::try_from((day + i64::from(THURSDAY)) % 7).expect("under seven");
                seen[usize::from(weekday)] += 1;
                pages.push(Leaf {
                    day,
                    year,
                    month,
                    date,
                    weekday,
                    nth: seen[usize::from(weekday)],
                    last: date + 7 > length,
                });
                day += 1;
            }
        }
    }
    pages
}

/// The book of days with the State's closures and the changes of the clocks.
pub struct Almanac {
    pages: Vec<Leaf>,
    closed: Vec<bool>,
    /// Hours behind UTC at the first instant of the day.
    hours_behind: Vec<i64>,
}

impl Almanac {
    pub fn new() -> Self {
        let pages = pages();
        let mut closed = vec![false; pages.len()];
        let mut hours_behind = Vec::with_capacity(pages.len());
        let mut summer = false;
        for (index, leaf) in pages.iter().enumerate() {
            // At 0:00 of the Sunday itself the clocks have not been changed yet.
            hours_behind.push(if summer { 7 } else { 8 });
            match (leaf.month, leaf.weekday, leaf.nth) {
                (3, SUNDAY, 2) => summer = true,
                (11, SUNDAY, 1) => summer = false,
                _ => {}
            }
            let holiday = matches!(
                (leaf.month, leaf.date),
                (1, 1) | (3, 31) | (7, 4) | (11, 11) | (12, 25)
            );
            if holiday {
                closed[index] = true;
                match leaf.weekday {
                    SUNDAY => closed[index + 1] = true,
                    SATURDAY if leaf.month == 11 => closed[index - 1] = true,
                    _ => {}
                }
            }
            match (leaf.month, leaf.weekday, leaf.nth) {
                (1 | 2, MONDAY, 3) | (9, MONDAY, 1) => closed[index] = true,
                (5, MONDAY, _) if leaf.last => closed[index] = true,
                (11, THURSDAY, 4) => {
                    closed[index] = true;
                    closed[index + 1] = true;
                }
                _ => {}
            }
        }
        Self {
            pages,
            closed,
            hours_behind,
        }
    }

    /// The page of a day.
    pub fn page(&self, day: Day) -> Leaf {
        self.pages[self.index(day)]
    }

    fn index(&self, day: Day) -> usize {
        usize::try_from(day - self.pages[0].day).expect("a day after 2014")
    }

    /// Whether the State's offices close, weekend or not.
    pub fn is_closed(&self, day: Day) -> bool {
        self.closed[self.index(day)]
    }

    /// Every day of a year on which they do.
    pub fn closures(&self, year: i64) -> Vec<Leaf> {
        let of_year = self.pages.iter().filter(|leaf| leaf.year == year);
        of_year
            .filter(|leaf| self.is_closed(leaf.day))
            .copied()
            .collect()
    }

    /// The first second of a local day, counted from 1970-01-01T00:00:00Z.
    pub fn begins(&self, day: Day) -> i64 {
        day * DAY_SECONDS + self.hours_behind[self.index(day)] * 3_600
    }

    /// The local day of a second.
    pub fn day_at(&self, second: i64) -> Day {
        let guess = second.div_euclid(DAY_SECONDS);
        if second < self.begins(guess) {
            guess - 1
        } else {
            guess
        }
    }

    /// The `count`-th business day after a day, and the weekday closures passed on the way.
    pub fn business_day(&self, after: Day, count: u32) -> (Day, Vec<Day>) {
        let (mut counted, mut passed, mut day) = (0, Vec::new(), after);
        while counted < count {
            day += 1;
            let weekday = self.page(day).weekday;
            if weekday <= FRIDAY {
                if self.is_closed(day) {
                    passed.push(day);
                } else {
                    counted += 1;
                }
            }
        }
        (day, passed)
    }
}
