//! The secrets verbs as people run them: the real program, real git, real editors, canaries as secrets.

mod check;
mod edit;
mod faults;
mod merge;
mod mutations;
mod support;
mod team;
mod verbs;
mod walk;
