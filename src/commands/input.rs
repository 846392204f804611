//! What is handed over on standard input.

use std::io::Read as _;

use zeroize::Zeroizing;

use crate::failure::{Failure, Kind};

/// All of it.
pub(super) fn whole() -> Result<Zeroizing<Vec<u8>>, Failure> {
    let mut bytes = Zeroizing::new(Vec::new());
    let read = std::io::stdin().read_to_end(&mut bytes);
    read.map_err(|error| Failure::new(Kind::Failed, format!("standard input cannot be read: {error}")))?;
    Ok(bytes)
}
