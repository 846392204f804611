//! Text for other programs: environment files. Pure: the caller reads and writes.

pub(crate) mod env_file;
pub(crate) mod dotenv;
pub(crate) mod inventory;
pub(crate) mod ansible_value;
