//! Text for other programs: environment files. Pure: the caller reads and writes.

pub mod ansible_value;
pub mod dotenv;
pub mod env_file;
pub mod inventory;
