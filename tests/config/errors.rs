//! What people read when the configuration is wrong.
