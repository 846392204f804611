//! The secrets of an environment: which keys open them, what is in them.

mod ask;
mod key_file;
mod keys;
mod source;
mod ssh;

pub use ask::{Ask, Nobody};
pub use keys::{Keys, Stage, Vars};
pub use source::Found;
pub mod stub; pub use stub::*;
