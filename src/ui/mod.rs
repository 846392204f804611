//! Talk to people.

pub mod report;
