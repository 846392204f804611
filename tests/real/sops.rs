//! The same files through the real sops, both ways: what it writes infractl opens and prints to the byte as sops does,
//! what infractl writes sops opens to the same bytes.
//!
//! The sops at hand is 3.11; infractl follows 3.13. What differs by design: whole numbers in JSON are doubles before
//! 3.13.2, so those above 2^53 are not compared, and `encrypt` has no flags for comment rules, so rules come from a
//! configuration file.

mod by_hand;
mod damage;
mod odd;
mod real;
mod seeds;
mod verbs;

#[path = "../sops/odd.rs"]
mod odd_files;
#[expect(clippy::format_push_string, reason = "as in its own crate")]
#[path = "../sops/random.rs"]
mod random;
