//! `.gitignore`: the lines without which git would commit what nobody should see, added to those that are there.

/// What is said before the line for environment files.
pub(crate) const ENV_FILES: &str = "# environment files are written by infractl and never committed";

/// Of every project.
const LINES: [(&str, &str); 5] = [
    ("# infractl: locks, history, caches", ".infractl/"),
    (ENV_FILES, "shared/.env.*"),
    ("# what a killed run may leave beside a file, until the next write of it", ".*.infractl-*"),
    ("# terraform", ".terraform/"),
    ("", "*.tfstate*"),
];

/// A text with those of the lines of every project that are missing, and which those are.
pub(super) fn with(old: &[u8]) -> (Vec<u8>, Vec<&'static str>) {
    added(old, &LINES)
}

/// The same text with those of these lines that are missing, each with what is said before it, and which those are.
/// What is there stays as it is, byte by byte.
pub(crate) fn added<'l>(old: &[u8], lines: &[(&str, &'l str)]) -> (Vec<u8>, Vec<&'l str>) {
    let there = String::from_utf8_lossy(old);
    let has = |line: &str| there.lines().any(|known| same(known, line));
    let missing: Vec<_> = lines.iter().filter(|(_, line)| !has(line)).collect();
    let end: &[u8] = if old.windows(2).any(|pair| pair == b"\r\n") { b"\r\n" } else { b"\n" };
    let mut text = old.to_vec();
    if !missing.is_empty() && !text.is_empty() && !text.ends_with(b"\n") {
        text.extend_from_slice(end);
    }
    for (comment, line) in &missing {
        for line in [comment, line].into_iter().filter(|line| !line.is_empty()) {
            text.extend_from_slice(line.as_bytes());
            text.extend_from_slice(end);
        }
    }
    (text, missing.into_iter().map(|(_, line)| *line).collect())
}

/// `/.infractl`, `.infractl` and `.infractl/` are the same for a folder at the top.
fn same(known: &str, line: &str) -> bool {
    let bare = |text: &str| text.trim().trim_start_matches('/').trim_end_matches('/').to_owned();
    bare(known) == bare(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_stays_and_only_what_is_missing_is_added() {
        let (all, added) = with(b"");
        assert_eq!(added.len(), LINES.len());
        assert_eq!(with(&all), (all.clone(), Vec::new()), "twice is once");
        let (text, added) = with(b"/target\n/.infractl\nshared/.env.*");
        assert!(text.starts_with(b"/target\n/.infractl\nshared/.env.*\n# what a killed"), "{text:?}");
        assert_eq!(added, [".*.infractl-*", ".terraform/", "*.tfstate*"]);
        let (text, _) = with(b"a\r\n\xff\r\n.infractl/\r\n*.tfstate*\r\n.terraform/\r\n.*.infractl-*");
        let new = b"\r\n# environment files are written by infractl and never committed\r\nshared/.env.*\r\n";
        assert!(text.starts_with(b"a\r\n\xff\r\n") && text.ends_with(new), "{text:?}");
    }
}
