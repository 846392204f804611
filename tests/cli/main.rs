//! infractl as people run it: the real program, an environment of its own, canaries as secrets.

mod apply;
mod faults;
mod lock;
mod many;
mod sandbox;
mod signals;
mod usage;
