//! infractl as people run it: the real program, an environment of its own, canaries as secrets.

mod apply;
mod ci;
mod faults;
mod history;
mod lock;
mod many;
mod pipelines;
mod readme;
mod sandbox;
mod scripts;
mod signals;
mod usage;
