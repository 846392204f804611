//! How long an attack is, and the numbers of each of its rounds.

use std::time::{Instant, SystemTime};

use crate::common::Numbers;

/// How many were asked for, else `few`.
pub(crate) fn count(few: u64) -> u64 {
    asked("INFRACTL_ATTACK_ROUNDS").unwrap_or(few)
}

/// Does one round after the other, each with a seed of its own. Short runs are the same each time; long ones begin
/// where the clock says.
pub(crate) fn rounds(few: u64, mut round: impl FnMut(u64, &mut Numbers)) {
    let long = asked("INFRACTL_ATTACK_ROUNDS").map(|_| now());
    let first = asked("INFRACTL_ATTACK_SEED").or(long).unwrap_or(1);
    let (count, begun) = (count(few), Instant::now());
    for seed in first..first + count {
        let seed = Seed(seed);
        round(seed.0, &mut Numbers(seed.0));
    }
    println!("{count} rounds from seed {first} in {:.1} s", begun.elapsed().as_secs_f64());
}

fn asked(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|text| text.parse().expect(variable))
}

fn now() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs()
}

/// Said when the round fails.
struct Seed(u64);

impl Drop for Seed {
    fn drop(&mut self) {
        if std::thread::panicking() {
            println!("again: INFRACTL_ATTACK_SEED={} INFRACTL_ATTACK_ROUNDS=1", self.0);
        }
    }
}
