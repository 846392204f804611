//! No key opens a file: what is said then.

use std::fmt::{self, Write as _};

use super::labels::{Labels, bare};
use super::source::Found;
use crate::sops::{EntryFailure, is_post_quantum};

/// No key opens a file: everything one has to know to mend it.
#[derive(Debug, Clone)]
pub struct NoKey {
    /// The file.
    pub file: String,
    /// Whom it is encrypted for, with the reason why each was of no use.
    pub failures: Vec<EntryFailure>,
    /// Names of recipients.
    pub labels: Labels,
    /// Where keys were looked for and what came of it.
    pub found: Vec<Found>,
    /// With key groups: how many are needed, how many could be opened.
    pub groups: Option<(usize, usize)>,
}

impl fmt::Display for NoKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = format!("no key opens `{}`", self.file);
        if let Some((needed, opened)) = self.groups {
            let _ = write!(text, ": {needed} of its key groups are needed, {opened} could be opened");
        }
        text.push_str("\nit is encrypted for:");
        for failure in &self.failures {
            let _ = write!(text, "\n  {}", self.labels.show(&failure.recipient));
            if !failure.reason.starts_with("no identity") {
                let _ = write!(text, ": {}", failure.reason);
            }
        }
        let tried: Vec<_> = self.found.iter().filter(|found| !found.public.is_empty()).collect();
        if tried.is_empty() {
            text.push_str("\nno key was found");
        } else {
            text.push_str("\nkeys that were tried:");
        }
        for found in tried {
            for key in &found.public {
                let _ = write!(text, "\n  {} from {}", self.labels.show(key), found.place);
            }
        }
        let mut skipped = self.found.iter().filter(|found| !found.problems.is_empty()).peekable();
        if skipped.peek().is_some() {
            text.push_str("\nskipped:");
        }
        for found in skipped {
            let _ = write!(text, "\n  {}: {}", found.place, found.problems.join("; "));
        }
        let absent: Vec<_> =
            self.found.iter().filter(|found| found.absent).map(|f| f.place.as_str()).collect();
        if !absent.is_empty() {
            let _ = write!(text, "\nlooked for, but not there: {}", absent.join(", "));
        }
        f.write_str(&text)
    }
}

impl std::error::Error for NoKey {}

impl NoKey {
    /// The one command that mends it.
    pub(super) fn help(&self) -> String {
        let own = self.found.iter().flat_map(|f| &f.public).find(|key| !key.starts_with("an identity"));
        let names: Vec<_> = self.failures.iter().filter_map(|f| self.labels.name(&f.recipient)).collect();
        let who = match names.as_slice() {
            [] => "someone who can open it".to_owned(),
            names => names.join(" or "),
        };
        let only_others = !self.failures.is_empty()
            && self
                .failures
                .iter()
                .all(|f| !f.recipient.starts_with("age1") && !f.recipient.starts_with("ssh-"));
        if only_others {
            let key = own.map_or("AGE-RECIPIENT", String::as_str);
            return format!("ask {who} to run `sops rotate -i --add-age {key} {}`", self.file);
        }
        if self.failures.iter().all(|f| is_post_quantum(&f.recipient)) && !self.failures.is_empty() {
            return format!("ask {who} to add a recipient that begins with `age1` but not with `age1pq1`");
        }
        // What was set on purpose and does not work comes before anything else.
        for found in &self.found {
            let fits =
                |key: &String| self.failures.iter().any(|failure| bare(&failure.recipient) == bare(key));
            let counts = found.public.is_empty() || own.is_none() || found.public.iter().any(fits);
            if let (Some(problem), true) = (found.problems.first(), counts) {
                let (name, path) = found.place.split_once(", ").unwrap_or((&found.place, ""));
                if problem.starts_with("set to a path") {
                    return format!("set {name}_FILE instead of {name}");
                }
                if problem == "no such file" && !path.is_empty() {
                    return format!("set {name} to the file of your key, or unset it");
                }
                if problem.contains("permission denied") {
                    return format!("run `chmod u+r {}`", if path.is_empty() { name } else { path });
                }
                if problem.contains("none was given") || problem.contains("passphrase is wrong") {
                    let file = if path.is_empty() { name } else { path };
                    return format!("run it again and type the passphrase of {file}");
                }
                if problem.contains("nobody is at a terminal") {
                    return "run it at a terminal, or give a key without a passphrase in SOPS_AGE_KEY_FILE"
                        .to_owned();
                }
            }
        }
        let set = self.found.iter().filter(|found| !found.problems.is_empty()).find_map(|found| {
            let name = found.place.split([',', ' ']).next()?;
            (own.is_none() && (name.starts_with("SOPS_") || name.starts_with("INFRACTL_"))).then_some(name)
        });
        if let Some(name) = set {
            return format!(
                "mend what {name} says, or unset it and run `infractl secrets keygen` for a key of your own"
            );
        }
        let is_for = |key: &String| self.failures.iter().any(|f| bare(&f.recipient) == bare(key));
        if self.found.iter().flat_map(|found| &found.public).any(is_for) {
            let file = &self.file;
            return format!(
                "what the file has for your key is damaged: take the last good version with `git log -- {file}` and \
                 `git checkout COMMIT -- {file}`"
            );
        }
        match own {
            Some(key) => format!("ask {who} to run `infractl secrets recipients add {key}`"),
            None => {
                "run `infractl secrets keygen` to make a key of your own, or set SOPS_AGE_KEY_FILE to yours"
                    .to_owned()
            }
        }
    }
}
