//! Amounts of money: decimal numbers, without a rounding before they are shown.

use std::fmt;
use std::ops::{Add, Neg, Sub};

/// An amount, in billionths of the currency.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Money(i128);

/// Places behind the point.
const PLACES: usize = 9;
/// Billionths of one.
const ONE: i128 = 1_000_000_000;
/// Billionths of a hundredth.
const CENT: i128 = ONE / 100;
/// What is billed by the hour is billed for so many in a month.
const HOURS: i128 = 730;

impl Money {
    /// What a decimal number says: `0.0116`, `41`; none for what is negative, or has more than nine places behind the point.
    pub(crate) fn parse(written: &str) -> Option<Money> {
        let (whole, part) = written.split_once('.').unwrap_or((written, ""));
        let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let fits = (1..=12).contains(&whole.len()) && part.len() <= PLACES && !written.ends_with('.');
        if !fits || !is_number(whole) || !is_number(part) {
            return None;
        }
        let part: i128 = format!("{part:0<PLACES$}").parse().ok()?;
        Some(Money(whole.parse::<i128>().ok()? * ONE + part))
    }

    /// An hour of it, for a month.
    pub(crate) fn for_a_month(self) -> Money {
        Money(self.0 * HOURS)
    }

    /// With its sign: `+41.10`, `-3.00`, `0.00`.
    pub(crate) fn signed(self) -> String {
        if self.0 > 0 { format!("+{self}") } else { self.to_string() }
    }
}

impl Add for Money {
    type Output = Money;

    fn add(self, other: Money) -> Money {
        Money(self.0 + other.0)
    }
}

impl Sub for Money {
    type Output = Money;

    fn sub(self, other: Money) -> Money {
        Money(self.0 - other.0)
    }
}

impl Neg for Money {
    type Output = Money;

    fn neg(self) -> Money {
        Money(-self.0)
    }
}

impl std::iter::Sum for Money {
    fn sum<I: Iterator<Item = Money>>(all: I) -> Money {
        all.fold(Money::default(), Add::add)
    }
}

impl fmt::Display for Money {
    /// Two places behind the point; half a cent is rounded up.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cents = (self.0.abs() + CENT / 2) / CENT;
        let sign = if self.0 < 0 && cents > 0 { "-" } else { "" };
        f.pad(&format!("{sign}{}.{:02}", cents / 100, cents % 100))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn money(text: &str) -> Money {
        Money::parse(text).unwrap()
    }

    #[test]
    fn decimal_numbers_stay_what_they_are() {
        for (hour, month) in
            [("0.07", "51.10"), ("0.018", "13.14"), ("0.00045", "0.33"), ("0.1", "73.00"), ("1", "730.00")]
        {
            assert_eq!(money(hour).for_a_month().to_string(), month, "{hour}");
        }
        // A million times a tenth and two tenths.
        let all: Money = (0..1_000_000).map(|_| money("0.1") + money("0.2")).sum();
        assert_eq!(all, money("300000"));
        assert_eq!(money("0.000000001").to_string(), "0.00");
        for wrong in ["", "-1", "1.", ".5", "1e3", "1,5", "0.0000000001", "1234567890123", "NaN", "+1", " 1"]
        {
            assert_eq!(Money::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn half_a_cent_is_rounded_up_and_nothing_has_no_sign() {
        assert_eq!(money("0.005").to_string(), "0.01");
        assert_eq!(money("0.004999999").to_string(), "0.00");
        assert_eq!((-money("0.001")).to_string(), "0.00");
        assert_eq!((-money("1.5")).signed(), "-1.50");
        assert_eq!(money("1.5").signed(), "+1.50");
        assert_eq!(Money::default().signed(), "0.00");
    }
}
