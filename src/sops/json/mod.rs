//! The JSON store: objects in order, whole numbers kept whole, printed as Go prints.

mod read;
mod write;

pub(super) use read::{parse, parse_value};
pub(super) use write::emit;
