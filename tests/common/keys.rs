//! Keys that were made for this project's fixtures, and a time to seal at.

use std::path::{Path, PathBuf};

/// Fixtures that were made for this project.
pub(crate) fn own() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sops/fixtures")
}

/// Identities of a key file: lines of age identities, or an SSH private key.
pub(crate) fn identities(path: &Path) -> Vec<Box<dyn age::Identity>> {
    let text = std::fs::read_to_string(path).unwrap();
    if text.lines().any(|line| line.starts_with("-----BEGIN") && line.ends_with("PRIVATE KEY-----")) {
        let key = age::ssh::Identity::from_buffer(text.as_bytes(), None).unwrap();
        return vec![Box::new(key)];
    }
    let keys = text.lines().filter_map(|line| line.trim().parse::<age::x25519::Identity>().ok());
    keys.map(|key| Box::new(key) as Box<dyn age::Identity>).collect()
}

/// A key of the fixtures.
pub(crate) fn key(name: &str) -> Vec<Box<dyn age::Identity>> {
    identities(&own().join("keys").join(name))
}

/// The public key that belongs to a key of the fixtures.
pub(crate) fn public(name: &str) -> String {
    let text = std::fs::read_to_string(own().join("keys").join(name)).unwrap();
    let key = text.lines().find_map(|line| line.trim().parse::<age::x25519::Identity>().ok());
    key.unwrap().to_public().to_string()
}

/// Noon, some day.
pub(crate) fn noon() -> jiff::Timestamp {
    "2027-01-02T12:00:00Z".parse().unwrap()
}
