//! What a store can do, as it was tried out; and the backend that fits. Pure.

use indexmap::IndexMap;

use crate::tools::terraform::backend::Backend;

/// Whether a store does something; else why not, in its own words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    Yes,
    No(String),
}

impl Verdict {
    pub(super) fn is_yes(&self) -> bool {
        *self == Verdict::Yes
    }
}

impl Default for Verdict {
    fn default() -> Self {
        Verdict::No("not tried".to_owned())
    }
}

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// The bucket was not there before.
    pub(super) made: bool,
    /// What is written over is kept.
    pub(super) versions: Verdict,
    /// What is written is encrypted without being asked for.
    pub(super) encrypted: Verdict,
    /// It encrypts when it is asked to with each object.
    pub(super) encrypts: bool,
    /// Nobody can open it to everybody.
    pub(super) closed: Verdict,
    /// Who has no keys could read an object.
    pub(super) is_open: bool,
    /// Of several writers at once it takes one.
    pub(super) locks: Verdict,
    /// It takes the checksums that terraform sends.
    pub(super) checksums: bool,
}

impl Found {
    /// In a few words.
    pub(super) fn summary(&self) -> String {
        let words = [
            (true, if self.made { "made" } else { "there" }),
            (self.versions.is_yes(), "versions"),
            (self.encrypted.is_yes(), "encrypted"),
            (self.closed.is_yes(), "closed"),
            (self.locks.is_yes(), "one writer at a time"),
        ];
        let words: Vec<&str> = words.iter().filter(|(is, _)| *is).map(|(_, word)| *word).collect();
        words.join(", ")
    }

    /// What the store cannot do, and what that means.
    pub(super) fn warnings(&self) -> Vec<String> {
        let mut all = Vec::new();
        if let Verdict::No(why) = &self.locks {
            all.push(format!("this store does not keep two writers apart ({why}): `use_lockfile` and `[lock] shared` would protect nothing here. Let only one machine apply, for instance one CI job, or keep the state elsewhere"));
        }
        if let Verdict::No(why) = &self.versions {
            all.push(format!("this store keeps no versions ({why}): a state that is written over is gone. Copy it before risky changes: `infractl exec ENV -- terraform state pull`"));
        }
        if let Verdict::No(why) = &self.encrypted {
            all.push(format!("this store does not encrypt by itself ({why}): whoever reaches its disks can read the state, and with it every password in it"));
        }
        if self.is_open {
            all.push("everybody can read objects of this bucket without keys: close it at the store before a state comes in".to_owned());
        } else if let Verdict::No(why) = &self.closed {
            all.push(format!(
                "this store cannot forbid that the bucket is opened to everybody ({why}); it is closed now"
            ));
        }
        all
    }

    /// The settings with which terraform can keep a state there.
    pub(super) fn settings(&self, backend: &Backend) -> IndexMap<String, String> {
        let mut all = IndexMap::new();
        let mut set = |name: &str, value: &str| drop(all.insert(name.to_owned(), value.to_owned()));
        for name in ["bucket", "key", "region", "workspace_key_prefix"] {
            if let Some(value) = backend.get(name) {
                set(name, value);
            }
        }
        if self.locks.is_yes() {
            set("use_lockfile", "true");
        }
        if self.encrypts {
            set("encrypt", "true");
        }
        if let Some(endpoint) = backend.get("endpoints.s3").or(backend.get("endpoint")) {
            set("endpoints.s3", endpoint);
            for name in [
                "use_path_style",
                "skip_credentials_validation",
                "skip_region_validation",
                "skip_requesting_account_id",
                "skip_metadata_api_check",
            ] {
                set(name, "true");
            }
        }
        if !self.checksums {
            set("skip_s3_checksum", "true");
        }
        all
    }

    /// Those of the settings that the backend has otherwise or not at all, and those of its own that do harm here.
    pub(super) fn differences(&self, backend: &Backend) -> Vec<String> {
        let is = |name: &str, value: &str| {
            backend.get(name) == Some(value)
                || (name == "use_path_style" && backend.get("force_path_style") == Some(value))
        };
        let settings = self.settings(backend);
        let mut all: Vec<String> = settings
            .iter()
            .filter(|(name, value)| !is(name, value))
            .map(|(name, value)| {
                let value = if value == "true" { value.clone() } else { format!("\"{value}\"") };
                format!("set `{name} = {value}`")
            })
            .collect();
        if !self.locks.is_yes() && backend.get("use_lockfile") == Some("true") {
            all.push("take `use_lockfile` out: it protects nothing here".to_owned());
        }
        all
    }
}

/// A block of terraform's language with these settings, as `terraform fmt` writes it.
pub(super) fn block(settings: &IndexMap<String, String>) -> String {
    let name = |key: &str| key.strip_suffix(".s3").unwrap_or(key).to_owned();
    let value = |key: &str, value: &str| match (key, value) {
        ("endpoints.s3", address) => format!("{{ s3 = {} }}", quoted(address)),
        (_, "true" | "false") => value.to_owned(),
        _ => quoted(value),
    };
    let width = settings.keys().map(|key| name(key).len()).max().unwrap_or_default();
    let line = |(key, text): (&String, &String)| format!("    {:width$} = {}\n", name(key), value(key, text));
    let lines = settings.iter().map(line).collect::<Vec<_>>().concat();
    format!("terraform {{\n  backend \"s3\" {{\n{lines}  }}\n}}\n")
}

/// A text as terraform's language has it.
fn quoted(text: &str) -> String {
    let text = text.replace('\\', "\\\\").replace('"', "\\\"").replace("${", "$${").replace("%{", "%%{");
    format!("\"{text}\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn good() -> Found {
        Found {
            versions: Verdict::Yes,
            encrypted: Verdict::Yes,
            encrypts: true,
            closed: Verdict::Yes,
            locks: Verdict::Yes,
            checksums: true,
            ..Found::default()
        }
    }

    fn backend(settings: &[(&str, &str)]) -> Backend {
        let settings = settings.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        Backend { kind: "s3".to_owned(), settings: settings.collect() }
    }

    #[test]
    fn the_block_fits_what_was_found() {
        let amazon = backend(&[("bucket", "b"), ("key", "dev/terraform.tfstate"), ("region", "eu-west-3")]);
        let text = block(&good().settings(&amazon));
        let expected = "terraform {\n  backend \"s3\" {\n    bucket       = \"b\"\n    key          = \"dev/terraform.tfstate\"\n    \
                        region       = \"eu-west-3\"\n    use_lockfile = true\n    encrypt      = true\n  }\n}\n";
        assert_eq!(text, expected);
        let other = backend(&[("bucket", "b"), ("endpoints.s3", "https://s3.example.com")]);
        let poor = Found { locks: Verdict::No("both".into()), encrypts: false, checksums: false, ..good() };
        let text = block(&poor.settings(&other));
        assert!(!text.contains("use_lockfile") && !text.contains("encrypt "), "{text}");
        assert!(
            text.contains("endpoints                   = { s3 = \"https://s3.example.com\" }\n"),
            "{text}"
        );
        assert!(text.contains("skip_s3_checksum            = true\n"), "{text}");
    }

    #[test]
    fn what_a_store_cannot_do_is_said() {
        assert_eq!(good().warnings(), Vec::<String>::new());
        assert_eq!(Found::default().warnings().len(), 4);
        let locked = backend(&[("bucket", "b"), ("use_lockfile", "true")]);
        let poor = Found { locks: Verdict::No("both".into()), ..good() };
        assert_eq!(
            poor.differences(&locked),
            ["set `encrypt = true`", "take `use_lockfile` out: it protects nothing here"]
        );
    }
}
