//! Keys, folders and random bytes for the tests.

use std::path::{Path, PathBuf};

/// Fixtures that were made for this project.
pub(crate) fn own() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sops/fixtures")
}

/// A folder of the material shared beside the project: `INFRACTL_SHARED`, or `shared` beside the repository
/// or beside the folder of worktrees. None is a printed skip, and a failure where `CI` is set.
#[expect(clippy::disallowed_methods, reason = "where the tests find their material")]
pub(crate) fn shared(folder: &str) -> Option<PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let places = std::env::var_os("INFRACTL_SHARED").map(PathBuf::from).into_iter().chain(
        [here.parent(), here.parent().and_then(Path::parent)]
            .into_iter()
            .flatten()
            .map(|place| place.join("shared")),
    );
    let found = places.map(|place| place.join(folder)).find(|place| place.exists());
    if found.is_none() {
        assert!(std::env::var_os("CI").is_none(), "shared/{folder} is missing, and CI is set");
        eprintln!("skipped: shared/{folder} is not there (set INFRACTL_SHARED)");
    }
    found
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

/// Numbers that look random and are the same in every run.
pub(crate) struct Numbers(pub(crate) u64);

impl Numbers {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(end.max(1)).unwrap()).unwrap()
    }

    pub(crate) fn fill(&mut self, buffer: &mut [u8]) {
        for byte in buffer {
            *byte = self.next().to_le_bytes()[0];
        }
    }
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

/// The lines that only the first text has, and those that only the second has.
pub(crate) fn differences(before: &[u8], after: &[u8]) -> (Vec<String>, Vec<String>) {
    let lines = |text: &[u8]| -> Vec<String> {
        String::from_utf8_lossy(text).split_inclusive('\n').map(str::to_owned).collect()
    };
    let (mut gone, mut new) = (Vec::new(), lines(after));
    for line in lines(before) {
        match new.iter().position(|other| *other == line) {
            Some(at) => drop(new.remove(at)),
            None => gone.push(line),
        }
    }
    (gone, new)
}

/// Noon, some day.
pub(crate) fn noon() -> jiff::Timestamp {
    "2027-01-02T12:00:00Z".parse().unwrap()
}
