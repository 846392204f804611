//! The SOPS file format: bytes in, bytes out.
