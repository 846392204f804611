//! What of a root module's files decides whether `terraform init` has to run.
//!
//! terraform itself wants an `init` when modules, providers or the backend change, and nothing else. A wrapper
//! that runs it every time costs seconds; one that never does is annoying.

use std::collections::BTreeSet;
use std::path::Path;

use hcl_edit::Span;
use hcl_edit::structure::{Block, Body};

/// What `init` depends on, from one file of a module.
#[derive(Debug, Default, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Needs {
    /// Text that matters: `terraform` blocks, sources and versions of modules.
    pub text: Vec<String>,
    /// Providers by their local name; terraform's built-in one needs no init and is left out.
    pub providers: BTreeSet<String>,
    /// Folders of modules on this disk, as written (`./modules/network`).
    pub local_modules: BTreeSet<String>,
}

impl Needs {
    /// Nothing to install and no backend to connect to: terraform works without an init.
    pub(crate) fn is_empty(&self) -> bool {
        self.text.is_empty() && self.providers.is_empty() && self.local_modules.is_empty()
    }

    /// Adds those of another file.
    pub(crate) fn extend(&mut self, other: Needs) {
        self.text.extend(other.text);
        self.providers.extend(other.providers);
        self.local_modules.extend(other.local_modules);
    }
}

/// Is this a file that terraform (or tofu) reads as part of a module?
pub(crate) fn is_module_file(name: &str) -> bool {
    [".tf", ".tf.json", ".tofu", ".tofu.json"].iter().any(|end| name.ends_with(end))
}

/// Folders of modules on this disk that a file calls, as written.
pub(crate) fn module_sources(name: &str, text: &str) -> Vec<String> {
    if Path::new(name).extension().is_none_or(|end| end != "json") {
        let body = hcl_edit::parser::parse_body(text).ok();
        return body.map(|body| needs(&body, text).local_modules.into_iter().collect()).unwrap_or_default();
    }
    let json: serde_json::Value = serde_json::from_str(text).unwrap_or_default();
    let mut open = vec![&json["module"]];
    let mut found = Vec::new();
    // Blocks stand in objects by their label, or in lists of such objects.
    while let Some(value) = open.pop() {
        if let Some(source) = value.get("source").and_then(serde_json::Value::as_str) {
            found.extend(is_local(source).then(|| source.to_owned()));
            continue;
        }
        open.extend(value.as_object().into_iter().flat_map(|fields| fields.values()));
        open.extend(value.as_array().into_iter().flatten());
    }
    found
}

/// A folder, not an address.
fn is_local(source: &str) -> bool {
    source.starts_with("./") || source.starts_with("../")
}

/// A provider in a `.terraform.lock.hcl`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Locked {
    /// `registry.terraform.io/hashicorp/aws`.
    pub address: String,
    /// The version that was chosen.
    pub version: String,
    /// Checksums of its packages: `h1:` of what is in them, `zh:` of archives.
    pub hashes: Vec<String>,
}

/// Providers in a `.terraform.lock.hcl`.
pub(crate) fn locked_providers(text: &str) -> Vec<Locked> {
    let Ok(body) = hcl_edit::parser::parse_body(text) else { return Vec::new() };
    let entry = |block: &Block| {
        let hashes = block.body.get_attribute("hashes").and_then(|hashes| hashes.value.as_array());
        Some(Locked {
            address: block.labels.first()?.as_str().to_owned(),
            version: block.body.get_attribute("version")?.value.as_str()?.to_owned(),
            hashes: hashes.into_iter().flatten().filter_map(|hash| Some(hash.as_str()?.to_owned())).collect(),
        })
    };
    body.blocks().filter(|block| block.ident.as_str() == "provider").filter_map(entry).collect()
}

/// `plugin_cache_dir` in the configuration of terraform's command line.
pub(crate) fn cache_dir(text: &str) -> Option<String> {
    let body: Body = hcl_edit::parser::parse_body(text).ok()?;
    let value = &body.get_attribute("plugin_cache_dir")?.value;
    // As it is written: `${HOME}` is no expression there.
    let written = text.get(value.span()?)?.trim();
    written.strip_prefix('"')?.strip_suffix('"').map(str::to_owned)
}

/// Absolute paths in that configuration: of mirrors, and of providers under development.
pub(crate) fn folders(text: &str) -> Vec<String> {
    let texts = text.lines().filter(|line| !line.trim_start().starts_with('#')).flat_map(|line| {
        line.split('"').skip(1).step_by(2).filter(|text| text.starts_with(['/', '$'])).map(str::to_owned)
    });
    texts.collect()
}

/// A path of that configuration, with the variables in it: `$NAME` and `${NAME}`. One that is not set is empty.
pub(crate) fn expanded(path: &str, variable: impl Fn(&str) -> Option<String>) -> String {
    let mut parts = path.split('$');
    let mut all = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let (name, rest) = match part.strip_prefix('{').and_then(|inner| inner.split_once('}')) {
            Some(braced) => braced,
            None => part.split_at(part.find(|c| !is_name(c)).unwrap_or(part.len())),
        };
        all.push_str(&variable(name).unwrap_or_default());
        all.push_str(rest);
    }
    all
}

/// Does this file of a module change what others declare?
pub(crate) fn is_override(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default();
    stem == "override" || stem.ends_with("_override")
}

/// Those of one file, which was parsed from this text.
pub(crate) fn needs(body: &Body, text: &str) -> Needs {
    let mut needs = Needs::default();
    for block in body.blocks() {
        let label = block.labels.first().map_or("", |label| label.as_str());
        match block.ident.as_str() {
            "terraform" => of_settings(block, text, &mut needs),
            "module" => of_module(block, label, text, &mut needs),
            "provider" => add_provider(label, &mut needs),
            "resource" | "data" | "ephemeral" => {
                add_provider(label.split('_').next().unwrap_or(label), &mut needs);
            }
            _ => {}
        }
    }
    needs
}

/// `required_version` alone needs no init: terraform checks it at every call.
fn of_settings(block: &Block, text: &str, needs: &mut Needs) {
    for inner in block.body.blocks() {
        if matches!(inner.ident.as_str(), "backend" | "cloud" | "state_store" | "required_providers") {
            needs.text.extend(source(inner.span(), text));
        }
    }
}

fn of_module(block: &Block, label: &str, text: &str, needs: &mut Needs) {
    needs.text.push(format!("module {label}"));
    for key in ["source", "version"] {
        if let Some(attribute) = block.body.get_attribute(key) {
            needs.text.extend(source(attribute.span(), text));
            match attribute.value.as_str() {
                Some(path) if is_local(path) => {
                    needs.local_modules.insert(path.to_owned());
                }
                _ => {}
            }
        }
    }
}

fn add_provider(name: &str, needs: &mut Needs) {
    if !matches!(name, "terraform" | "") {
        needs.providers.insert(name.to_owned());
    }
}

fn source(span: Option<std::ops::Range<usize>>, text: &str) -> Option<String> {
    span.and_then(|range| text.get(range)).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn needs(text: &str) -> Needs {
        super::needs(&hcl_edit::parser::parse_body(text).unwrap(), text)
    }

    #[test]
    fn a_module_of_built_ins_needs_no_init() {
        let text = r#"
            terraform { required_version = ">= 1.5" }
            variable "x" { type = string }
            resource "terraform_data" "a" { input = var.x }
            output "a" { value = "${terraform_data.a.output} <<EOT" }
        "#;
        assert!(needs(text).is_empty());
    }

    #[test]
    fn providers_backends_and_modules_count() {
        let text = r#"
            terraform {
              backend "s3" { bucket = "b" }
              required_providers { aws = { source = "hashicorp/aws", version = "~> 5.0" } }
            }
            provider "aws" { region = "eu-west-3" }
            resource "openstack_compute_instance_v2" "web" {}
            module "network" {
              source = "./modules/network"
              cidr   = "10.0.0.0/8"
            }
        "#;
        let found = needs(text);
        assert_eq!(found.providers, BTreeSet::from(["aws".to_owned(), "openstack".to_owned()]));
        assert_eq!(found.local_modules, BTreeSet::from(["./modules/network".to_owned()]));
        assert!(found.text[0].contains("bucket"), "{found:?}");
        assert!(
            found.text.iter().all(|text| !text.contains("10.0.0.0")),
            "arguments do not count: {found:?}"
        );
    }

    #[test]
    fn modules_on_this_disk_are_found_in_both_languages() {
        let hcl = "module \"a\" {\n source = \"../../modules/a\"\n}\nmodule \"b\" {\n source = \"git::https://x/y\"\n}\n";
        assert_eq!(module_sources("main.tf", hcl), ["../../modules/a"]);
        let json =
            r#"{"module": {"a": {"source": "./a"}, "b": [{"source": "../b"}], "c": {"source": "x/y/z"}}}"#;
        let mut found = module_sources("main.tf.json", json);
        found.sort();
        assert_eq!(found, ["../b", "./a"]);
        assert!(module_sources("main.tf.json", "no").is_empty());
    }

    #[test]
    fn locked_providers_and_the_cache_are_read() {
        let text = "# made by terraform\nprovider \"registry.terraform.io/hashicorp/aws\" {\n  version     = \"6.1.0\"\n  \
                    constraints = \"~> 6.0\"\n  hashes = [\"h1:x\"]\n}\n";
        let aws = Locked {
            address: "registry.terraform.io/hashicorp/aws".into(),
            version: "6.1.0".into(),
            hashes: vec!["h1:x".into()],
        };
        assert_eq!(locked_providers(text), [aws]);
        assert!(locked_providers("").is_empty());
        for path in ["$HOME/cache", "${HOME}/cache"] {
            let text = format!("disable_checkpoint = true\nplugin_cache_dir = \"{path}\"\n");
            assert_eq!(cache_dir(&text).as_deref(), Some(path));
        }
        assert_eq!(cache_dir("disable_checkpoint = true\n"), None);
        let text = "# path = \"/no\"\nprovider_installation {\n  filesystem_mirror {\n    path = \"/mirror\"\n    include = [\"a/b\"]\n  }\n}\n";
        assert_eq!(folders(text), ["/mirror"]);
        let variable = |name: &str| (name == "HOME").then(|| "/home/me".to_owned());
        for (path, meant) in [
            ("$HOME/cache", "/home/me/cache"),
            ("${HOME}/a/$NONE/b", "/home/me/a//b"),
            ("/var/cache", "/var/cache"),
        ] {
            assert_eq!(expanded(path, variable), meant);
        }
    }

    #[test]
    fn an_edit_elsewhere_changes_nothing() {
        let before = needs("module \"a\" {\n source = \"./a\"\n size = 1\n}");
        let after = needs("module \"a\" {\n source = \"./a\"\n size = 2\n}\nlocals { x = 1 }");
        assert_eq!(before, after);
    }
}
