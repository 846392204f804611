//! A version that is asked for: one, or a range. Pure.

use semver::{Version, VersionReq};

/// A version as it is asked for: `1.11.4`, `1.11` (any of that series), `>= 1.10, < 1.12`, `~> 1.11.0` as terraform
/// has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// As it is written.
    pub text: String,
    range: VersionReq,
}

impl Wanted {
    /// What a text asks for; none if it is no version.
    pub fn parse(text: &str) -> Option<Wanted> {
        let parts: Option<Vec<String>> = text.split(',').map(|part| comparison(part.trim())).collect();
        let range = VersionReq::parse(&parts?.join(", ")).ok()?;
        Some(Wanted { text: text.trim().to_owned(), range })
    }

    /// Whether a version will do.
    pub fn takes(&self, version: &Version) -> bool {
        self.range.matches(version)
    }

    /// The version, where it is a single one.
    pub fn single(&self) -> Option<&str> {
        let text = self.text.strip_prefix('=').unwrap_or(&self.text).trim();
        let text = text.strip_prefix('v').unwrap_or(text);
        Version::parse(text).is_ok().then_some(text)
    }
}

/// One comparison, as `semver` has it.
fn comparison(part: &str) -> Option<String> {
    if let Some(rest) = part.strip_prefix("~>") {
        let rest = rest.trim();
        // the last number that is written may grow
        return match rest.split('.').collect::<Vec<_>>().as_slice() {
            [_, _, _] => Some(format!("~{rest}")),
            [first, ..] => Some(format!(">={rest}, <{}", first.parse::<u64>().ok()? + 1)),
            [] => None,
        };
    }
    let bare = part.strip_prefix('v').unwrap_or(part);
    let is_bare = bare.starts_with(|c: char| c.is_ascii_digit());
    Some(if is_bare { format!("={bare}") } else { part.to_owned() })
}

/// The first version in a text, as programs print it: `Terraform v1.11.4`, `ansible [core 2.16.3]`, `kind v0.24.0 go1.22`.
pub(crate) fn first_version(text: &str) -> Option<Version> {
    let bytes = text.as_bytes();
    let starts = (0..bytes.len()).filter(|at| {
        let before = at.checked_sub(1).map(|before| bytes[before]);
        let is_in_word = before.is_some_and(|b| b.is_ascii_alphanumeric() && b != b'v' || b == b'.');
        bytes[*at].is_ascii_digit() && !is_in_word
    });
    starts.into_iter().find_map(|at| {
        let end = |c: char| !(c.is_ascii_alphanumeric() || ".-".contains(c));
        let word = text[at..].split(end).next()?;
        let (numbers, pre) = word.split_once('-').unwrap_or((word, ""));
        // `9.2p1` is 9.2.
        let number = |part: &str| part.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok();
        let mut parts = numbers.trim_end_matches('.').split('.').map(number);
        let (major, minor) = (parts.next()??, parts.next()??);
        let patch = parts.next().unwrap_or(Some(0))?;
        let pre = semver::Prerelease::new(pre).unwrap_or_default();
        Some(Version { pre, ..Version::new(major, minor, patch) })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn takes(wanted: &str, version: &str) -> bool {
        Wanted::parse(wanted).unwrap().takes(&Version::parse(version).unwrap())
    }

    #[test]
    fn a_version_is_one_or_a_series_or_a_range() {
        for (wanted, yes, no) in [
            ("1.11.4", "1.11.4", "1.11.5"),
            ("v1.11.4", "1.11.4", "1.12.0"),
            ("1.11", "1.11.9", "1.12.0"),
            ("1", "1.99.0", "2.0.0"),
            (">=1.10", "3.0.0", "1.9.9"),
            (">= 1.10, < 1.12", "1.11.4", "1.12.0"),
            ("~> 1.11.0", "1.11.9", "1.12.0"),
            ("~> 1.11", "1.12.0", "2.0.0"),
            ("~> 0.5", "0.9.0", "1.0.0"),
            ("^2.16", "2.99.0", "3.0.0"),
            ("1.12.0-rc1", "1.12.0-rc1", "1.12.0"),
            (">=1.10", "1.11.0", "1.12.0-beta1"),
        ] {
            assert!(takes(wanted, yes), "{wanted} takes {yes}");
            assert!(!takes(wanted, no), "{wanted} does not take {no}");
        }
        for wrong in ["", "latest", "1.11.x.4", "!= 1.2.3", "1..2", ">", "1.11 or newer", "~> x"] {
            assert_eq!(Wanted::parse(wrong), None, "{wrong}");
        }
        let single = |text| Wanted::parse(text).unwrap().single().map(str::to_owned);
        assert_eq!(single("v1.30.1+k3s1").as_deref(), Some("1.30.1+k3s1"));
        assert_eq!(single("= 1.2.3").as_deref(), Some("1.2.3"));
        assert_eq!((single("1.11"), single(">=1.11.0")), (None, None));
    }

    #[test]
    fn the_version_is_found_in_what_programs_print() {
        for (text, wanted) in [
            ("Terraform v1.11.4\non linux_amd64\n", "1.11.4"),
            ("{\n  \"terraform_version\": \"1.12.0-beta1\"", "1.12.0-beta1"),
            ("ansible-playbook [core 2.16.3]\n  config file = None", "2.16.3"),
            ("Docker version 27.3.1, build ce12230", "27.3.1"),
            ("aws-cli/2.15.0 Python/3.11.6", "2.15.0"),
            ("git version 2.47", "2.47.0"),
            ("k3d version v5.7.4\nk3s version v1.30.4-k3s1 (default)", "5.7.4"),
            ("v3.16.2+g13654a5", "3.16.2"),
            ("tool 2024.05.01", "2024.5.1"),
            ("just 1.36.0.", "1.36.0"),
            ("OpenSSH_9.2p1 Debian-2+deb12u3, OpenSSL 3.0.15 3 Sep 2024", "9.2.0"),
        ] {
            assert_eq!(
                first_version(text).map(|version| version.to_string()).as_deref(),
                Some(wanted),
                "{text}"
            );
        }
        for none in ["", "unknown", "version 7", "error: 10.x", "sha1.2"] {
            assert_eq!(first_version(none), None, "{none}");
        }
    }
}
