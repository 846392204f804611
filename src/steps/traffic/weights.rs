//! How traffic is shared out between two sides. Pure.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::model::{Side, TrafficStep};

/// What each side gets, in parts of the sum of both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Weights {
    /// The one.
    pub blue: u32,
    /// The other.
    pub green: u32,
}

impl Weights {
    /// Of the percentage that green gets.
    pub(crate) fn of_green(green: u32) -> Weights {
        let green = green.min(100);
        Weights { blue: 100 - green, green }
    }

    /// What green gets, in percent; none where nobody gets anything.
    pub(crate) fn share(self) -> Option<f64> {
        let sum = f64::from(self.blue) + f64::from(self.green);
        (sum > 0.0).then(|| f64::from(self.green) * 100.0 / sum)
    }

    /// Both share in the same way.
    pub(crate) fn is_like(self, other: Weights) -> bool {
        let cross = |one: u32, other: u32| u64::from(one) * u64::from(other);
        let is_some = |weights: Weights| weights.blue > 0 || weights.green > 0;
        is_some(self) && is_some(other) && cross(self.blue, other.green) == cross(self.green, other.blue)
    }

    /// One side gets everything.
    pub(crate) fn is_whole(self) -> bool {
        self.live().is_some()
    }

    /// The side that gets everything; none where both get something, or nobody does.
    pub(crate) fn live(self) -> Option<Side> {
        match (self.blue, self.green) {
            (1.., 0) => Some(Side::Blue),
            (0, 1..) => Some(Side::Green),
            _ => None,
        }
    }

    /// The side that gets nothing.
    pub(crate) fn idle(self) -> Option<Side> {
        self.live().map(|live| if live == Side::Blue { Side::Green } else { Side::Blue })
    }

    /// In the smallest numbers: 19 and 1 for 95 and 5.
    pub(crate) fn smallest(self) -> Weights {
        let (mut one, mut other) = (self.blue, self.green);
        while other > 0 {
            (one, other) = (other, one % other);
        }
        let divisor = one.max(1);
        Weights { blue: self.blue / divisor, green: self.green / divisor }
    }

    /// What a step wants where it is like this; none where it asks for the idle side and there is none.
    pub(crate) fn wanted(self, step: &TrafficStep) -> Option<Weights> {
        match (step.green, step.to) {
            (Some(green), _) => Some(Weights::of_green(green)),
            (None, Some(Side::Idle)) => self.idle().map(Weights::all),
            (None, Some(side)) => Some(Weights::all(side)),
            (None, None) => None,
        }
    }

    fn all(side: Side) -> Weights {
        Weights::of_green(if side == Side::Green { 100 } else { 0 })
    }
}

impl fmt::Display for Weights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.share() {
            Some(share) => write!(f, "blue {} %, green {} %", short(100.0 - share), short(share)),
            None => f.write_str("neither blue nor green gets anything"),
        }
    }
}

/// `33.3`, and `5` for a whole number.
fn short(percent: f64) -> String {
    let text = format!("{percent:.1}");
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn weights(blue: u32, green: u32) -> Weights {
        Weights { blue, green }
    }

    #[test]
    fn weights_are_compared_by_what_they_mean() {
        assert!(weights(95, 5).is_like(weights(19, 1)));
        assert!(weights(1, 0).is_like(weights(100, 0)) && weights(0, 7).is_like(weights(0, 1)));
        for (one, other) in [((95, 5), (94, 6)), ((1, 0), (0, 1)), ((0, 0), (0, 0)), ((0, 0), (1, 0))] {
            assert!(!weights(one.0, one.1).is_like(weights(other.0, other.1)), "{one:?} {other:?}");
        }
        assert_eq!(weights(95, 5).smallest(), weights(19, 1));
        assert_eq!((weights(100, 0).smallest(), weights(0, 0).smallest()), (weights(1, 0), weights(0, 0)));
        assert_eq!(weights(99, 1).smallest(), weights(99, 1));
    }

    #[test]
    fn the_idle_side_is_the_one_that_gets_nothing() {
        let to = |side| TrafficStep { to: Some(side), ..TrafficStep::default() };
        assert_eq!(weights(3, 0).wanted(&to(Side::Idle)), Some(weights(0, 100)));
        assert_eq!(weights(0, 1).wanted(&to(Side::Idle)), Some(weights(100, 0)));
        assert_eq!(weights(95, 5).wanted(&to(Side::Idle)), None, "both get something");
        assert_eq!(weights(0, 0).wanted(&to(Side::Idle)), None);
        assert_eq!(weights(95, 5).wanted(&to(Side::Green)), Some(weights(0, 100)));
        let green = TrafficStep { green: Some(5), ..TrafficStep::default() };
        assert_eq!(weights(1, 0).wanted(&green), Some(weights(95, 5)));
    }

    #[test]
    fn people_read_percent() {
        assert_eq!(weights(19, 1).to_string(), "blue 95 %, green 5 %");
        assert_eq!(weights(2, 1).to_string(), "blue 66.7 %, green 33.3 %");
        assert_eq!(weights(0, 0).to_string(), "neither blue nor green gets anything");
    }
}
