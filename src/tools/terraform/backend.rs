//! Where a root module keeps its state: what its `backend` block says.

use std::path::{Path, PathBuf};

use hcl_edit::expr::Expression;
use hcl_edit::structure::{Block, Body};
use indexmap::IndexMap;
use serde_json::Value as Json;

use crate::tools::terraform::flags;

/// A backend: its type and its settings as text, nested ones joined by dots (`endpoints.s3`).
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Backend {
    /// `s3`, `pg`, `local` …
    pub kind: String,
    /// Settings by name.
    pub settings: IndexMap<String, String>,
}

/// Blocks that name a place for the state and are no backend: HCP Terraform and the like, and stores of providers.
const CLOUD: &str = "cloud";
const STORE: &str = "state_store";

/// The backend that one file of a module declares.
pub(crate) fn of_body(body: &Body) -> Option<Backend> {
    let settings = body.blocks().filter(|block| block.ident.as_str() == "terraform");
    let mut inner = settings.flat_map(|block| block.body.blocks());
    inner.find(|block| matches!(block.ident.as_str(), "backend" | CLOUD | STORE)).map(of_block)
}

/// The settings of a file for `-backend-config`; none if it is no such file.
pub(crate) fn settings_of(text: &str) -> Option<Vec<(String, String)>> {
    let body: Body = hcl_edit::parser::parse_body(text).ok()?;
    body.blocks().next().is_none().then(|| settings(&body).into_iter().collect())
}

fn of_block(block: &Block) -> Backend {
    let kind = match block.ident.as_str() {
        "backend" => block.labels.first().map_or("", |label| label.as_str()),
        other => other,
    };
    Backend { kind: kind.to_owned(), settings: settings(&block.body) }
}

fn settings(body: &Body) -> IndexMap<String, String> {
    let mut settings = IndexMap::new();
    for attribute in body.attributes() {
        add(&mut settings, attribute.key.as_str(), &attribute.value);
    }
    for inner in body.blocks() {
        for attribute in inner.body.attributes() {
            add(
                &mut settings,
                &format!("{}.{}", inner.ident.as_str(), attribute.key.as_str()),
                &attribute.value,
            );
        }
    }
    settings
}

fn add(settings: &mut IndexMap<String, String>, key: &str, value: &Expression) {
    let text = match value {
        Expression::String(text) => text.to_string(),
        Expression::Bool(value) => value.to_string(),
        Expression::Number(number) => number.to_string(),
        Expression::Object(fields) => {
            for (name, value) in fields {
                let name = match name {
                    hcl_edit::expr::ObjectKey::Ident(name) => name.as_str().to_owned(),
                    hcl_edit::expr::ObjectKey::Expression(name) => {
                        name.as_str().unwrap_or_default().to_owned()
                    }
                };
                add(settings, &format!("{key}.{name}"), value.expr());
            }
            return;
        }
        _ => return,
    };
    settings.insert(key.to_owned(), text);
}

/// The same for a file in JSON.
pub(crate) fn of_json(file: &Json) -> Option<Backend> {
    let block = |value: &Json| match value {
        Json::Array(items) => items.first().cloned(),
        other => Some(other.clone()),
    };
    let terraform = block(file.get("terraform")?)?;
    let backend = |kind: &str, settings: &Json| {
        let mut backend = Backend { kind: kind.to_owned(), settings: IndexMap::new() };
        for (key, value) in block(settings)?.as_object()? {
            backend.set(key, value);
        }
        Some(backend)
    };
    for kind in [CLOUD, STORE] {
        if let Some(settings) = terraform.get(kind) {
            return backend(kind, settings);
        }
    }
    let declared = block(terraform.get("backend")?)?;
    let (kind, settings) = declared.as_object()?.iter().next()?;
    backend(kind, settings)
}

/// A setting, and the variables that may stand for it.
type Setting = (&'static str, &'static [&'static str]);

/// By kind: the settings without which a state has no place, and those that make another place of it.
const PLACES: [(&str, &[Setting], &[Setting]); 9] = [
    ("azurerm", &[("storage_account_name", &[]), ("container_name", &[]), ("key", &[])], &[]),
    ("consul", &[("path", &[])], &[("address", &["CONSUL_HTTP_ADDR"])]),
    ("cos", &[("bucket", &[])], &[("prefix", &[]), ("key", &[])]),
    ("gcs", &[("bucket", &[])], &[("prefix", &[])]),
    ("http", &[("address", &["TF_HTTP_ADDRESS"])], &[]),
    (
        "kubernetes",
        &[("secret_suffix", &[])],
        &[("namespace", &["KUBE_NAMESPACE"]), ("host", &["KUBE_HOST"])],
    ),
    ("oss", &[("bucket", &[])], &[("prefix", &[]), ("key", &[])]),
    ("pg", &[("conn_str", &["PG_CONN_STR"])], &[("schema_name", &["PG_SCHEMA_NAME"])]),
    (
        "s3",
        &[("bucket", &[]), ("key", &[])],
        &[
            ("workspace_key_prefix", &[]),
            ("endpoints.s3", &["AWS_ENDPOINT_URL_S3", "AWS_S3_ENDPOINT", "AWS_ENDPOINT_URL"]),
            ("endpoint", &[]),
        ],
    ),
];

impl Backend {
    /// Sets one as `-backend-config` does: a table is taken apart.
    pub(crate) fn set(&mut self, key: &str, value: &Json) {
        match value {
            Json::Object(fields) => {
                for (name, value) in fields {
                    self.set(&format!("{key}.{name}"), value);
                }
            }
            Json::String(text) => drop(self.settings.insert(key.to_owned(), text.clone())),
            // A block in JSON.
            Json::Array(items) if matches!(items.as_slice(), [Json::Object(_)]) => self.set(key, &items[0]),
            Json::Null | Json::Array(_) => {}
            other => drop(self.settings.insert(key.to_owned(), other.to_string())),
        }
    }

    /// Takes what words for `init` say: `-backend-config=KEY=VALUE`, or a file, whose text `read` gives. None when one
    /// cannot be read.
    pub(crate) fn configure(
        &mut self,
        words: &[String],
        read: impl Fn(&str) -> Option<String>,
    ) -> Option<()> {
        for given in flags::values(words, "backend-config") {
            match given.split_once('=') {
                Some((key, value)) => drop(self.settings.insert(key.trim().to_owned(), value.to_owned())),
                None if Path::new(given).extension().is_some_and(|end| end == "json") => {
                    let file: Json = serde_json::from_str(&read(given)?).ok()?;
                    file.as_object()?.iter().for_each(|(key, value)| self.set(key, value));
                }
                None => self.settings.extend(settings(&hcl_edit::parser::parse_body(&read(given)?).ok()?)),
            }
        }
        Some(())
    }

    /// The workspace of HCP Terraform that is meant, whichever of its two blocks says so.
    fn cloud_place(&self, workspace: &str, variable: impl Fn(&str) -> Option<String>) -> Option<String> {
        let find = |key: &str, name: &str| self.get(key).map(str::to_owned).or_else(|| variable(name));
        let host = find("hostname", "TF_CLOUD_HOSTNAME").unwrap_or_else(|| "app.terraform.io".to_owned());
        let organization = find("organization", "TF_CLOUD_ORGANIZATION")?;
        let name = match (self.get("workspaces.name"), self.get("workspaces.prefix")) {
            (Some(name), _) => name.to_owned(),
            (None, prefix) => format!("{}{workspace}", prefix.unwrap_or_default()),
        };
        Some([CLOUD, &host.to_lowercase(), &organization, &name].join("\n"))
    }

    /// The file of a state on this disk.
    pub(crate) fn file(&self, dir: &Path, workspace: &str) -> PathBuf {
        if workspace == "default" {
            return dir.join(self.get("path").unwrap_or("terraform.tfstate"));
        }
        let all = dir.join(self.get("workspace_dir").unwrap_or("terraform.tfstate.d"));
        all.join(workspace).join("terraform.tfstate")
    }

    /// What says where the state is, as a text that two with one state have in common; none if a part of it is not known.
    pub(crate) fn place(
        &self,
        dir: &Path,
        workspace: &str,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Option<String> {
        if self.kind == "local" {
            return Some(self.file(dir, workspace).to_string_lossy().into_owned());
        }
        if [CLOUD, "remote"].contains(&self.kind.as_str()) {
            return self.cloud_place(workspace, variable);
        }
        let known = PLACES.iter().find(|(kind, ..)| *kind == self.kind);
        let find = |(name, variables): &Setting| {
            let set = self.get(name).map(str::to_owned);
            set.or_else(|| variables.iter().find_map(|name| variable(name))).filter(|value| !value.is_empty())
        };
        let mut parts = vec![self.kind.clone(), workspace.to_owned()];
        match known {
            Some((_, needed, more)) => {
                for setting in *needed {
                    parts.push(find(setting)?);
                }
                parts.extend(more.iter().map(|setting| find(setting).unwrap_or_default()));
            }
            None if self.settings.is_empty() => return None,
            None => {
                let mut all: Vec<_> =
                    self.settings.iter().map(|(name, value)| format!("{name}={value}")).collect();
                all.sort();
                parts.extend(all);
            }
        }
        Some(parts.join("\n"))
    }

    /// A setting that is there and not empty.
    pub(crate) fn get(&self, key: &str) -> Option<&str> {
        self.settings.get(key).map(String::as_str).filter(|value| !value.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_backend_is_found_with_its_settings() {
        let text = r#"
            terraform {
              required_version = ">= 1.5"
              backend "s3" {
                bucket         = "state"
                use_path_style = true
                endpoints      = { s3 = "http://127.0.0.1:9000" }
              }
            }
        "#;
        let found = |text: &str| of_body(&hcl_edit::parser::parse_body(text).unwrap());
        let cloud = found(
            "terraform {\n  cloud {\n    organization = \"o\"\n    workspaces {\n      name = \"w\"\n    }\n  }\n}\n",
        );
        assert_eq!(cloud.unwrap().get("workspaces.name"), Some("w"));
        let store = found("terraform {\n  state_store \"x_local\" {\n    path = \"p\"\n  }\n}\n");
        assert_eq!(store.unwrap().kind, "state_store");
        assert_eq!(found("resource \"x\" \"y\" {}"), None);
        let found = found(text).unwrap();
        assert_eq!(found.kind, "s3");
        assert_eq!(found.get("bucket"), Some("state"));
        assert_eq!(found.get("use_path_style"), Some("true"));
        assert_eq!(found.get("endpoints.s3"), Some("http://127.0.0.1:9000"));
    }

    #[test]
    fn one_place_is_one_state() {
        let place = |kind: &str, settings: &[(&str, &str)], workspace: &str, set: &[(&str, &str)]| {
            let settings = settings.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
            let variable = |name: &str| {
                set.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
            };
            Backend { kind: kind.into(), settings }.place(Path::new("/p"), workspace, variable)
        };
        let s3 = |key: &'static str| [("bucket", "b"), ("key", key)];
        assert_eq!(
            place("s3", &s3("k"), "default", &[]),
            place("s3", &s3("k"), "default", &[("AWS_PROFILE", "x")])
        );
        let with_key = [("bucket", "b"), ("region", "r"), ("access_key", "x"), ("key", "k")];
        assert_eq!(place("s3", &s3("k"), "default", &[]), place("s3", &with_key, "default", &[]));
        assert_ne!(place("s3", &s3("k"), "default", &[]), place("s3", &s3("l"), "default", &[]));
        assert_ne!(place("s3", &s3("k"), "default", &[]), place("s3", &s3("k"), "blue", &[]));
        let elsewhere = [("AWS_ENDPOINT_URL", "http://x")];
        assert_ne!(place("s3", &s3("k"), "default", &[]), place("s3", &s3("k"), "default", &elsewhere));
        assert_eq!(place("s3", &[("bucket", "b")], "default", &[]), None);
        assert_eq!(place("http", &[], "default", &[]), None);
        assert!(place("http", &[], "default", &[("TF_HTTP_ADDRESS", "http://x")]).is_some());
        assert_eq!(place("new", &[], "default", &[]), None);
        assert_ne!(place("new", &[("a", "1")], "default", &[]), place("new", &[("a", "2")], "default", &[]));
        assert_eq!(place("local", &[], "default", &[]).unwrap(), "/p/terraform.tfstate");
        assert_eq!(
            place("local", &[], "blue", &[]).unwrap(),
            "/p/terraform.tfstate.d/blue/terraform.tfstate"
        );
        assert_eq!(place("local", &[("path", "/s")], "default", &[]).unwrap(), "/s");
    }

    #[test]
    fn a_workspace_of_the_cloud_is_one_state_whatever_says_so() {
        let place = |text: &str, workspace: &str| {
            let variable = |name: &str| (name == "TF_CLOUD_ORGANIZATION").then(|| "o".to_owned());
            of_body(&hcl_edit::parser::parse_body(text).unwrap()).unwrap().place(
                Path::new("/p"),
                workspace,
                variable,
            )
        };
        let cloud = |inner: &str| {
            format!("terraform {{\n cloud {{\n organization = \"o\"\n workspaces {{ {inner} }}\n }}\n}}")
        };
        let named = place(&cloud("name = \"app\""), "default");
        assert!(named.is_some());
        assert_eq!(named, place(&cloud("tags = [\"a\", \"b\"]"), "app"));
        assert_eq!(named, place("terraform {\n cloud {\n workspaces { name = \"app\" }\n }\n}", "default"));
        let remote = "terraform {\n backend \"remote\" {\n hostname = \"App.terraform.io\"\n organization = \"o\"\n workspaces {\n \
                      prefix = \"a\"\n }\n }\n}";
        assert_eq!(named, place(remote, "pp"));
        assert_ne!(named, place(&cloud("tags = [\"a\"]"), "other"));
        assert_ne!(named, place(&cloud("name = \"app\"").replace("\"o\"", "\"p\""), "default"));
        let json = r#"{"terraform":{"cloud":{"organization":"o","workspaces":[{"name":"app"}]}}}"#;
        assert_eq!(
            named,
            of_json(&serde_json::from_str(json).unwrap()).unwrap().place(Path::new("/p"), "x", |_| None)
        );
    }

    #[test]
    fn words_for_init_say_where_a_state_is() {
        let words = |line: &str| line.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let read = |name: &str| match name {
            "b.hcl" => Some("key = \"of-file\"\nendpoints = { s3 = \"http://x\" }\n".to_owned()),
            "b.json" => Some(r#"{"key":"of-json"}"#.to_owned()),
            _ => None,
        };
        let mut backend = Backend { kind: "s3".into(), settings: IndexMap::new() };
        let key = |backend: &Backend| backend.get("key").unwrap_or_default().to_owned();
        backend.configure(&words("-upgrade -backend-config=key=a=b -backend-config bucket=c"), read).unwrap();
        assert_eq!((key(&backend).as_str(), backend.get("bucket")), ("a=b", Some("c")));
        backend.configure(&words("-backend-config=b.hcl"), read).unwrap();
        assert_eq!((key(&backend).as_str(), backend.get("endpoints.s3")), ("of-file", Some("http://x")));
        backend.configure(&words("-backend-config b.json"), read).unwrap();
        assert_eq!(key(&backend), "of-json");
        assert_eq!(backend.configure(&words("-backend-config=nowhere"), read), None);
    }

    #[test]
    fn a_file_of_settings_is_read() {
        let found =
            settings_of("bucket = \"b\"\nuse_lockfile = true\nendpoints = { s3 = \"http://x\" }\n").unwrap();
        let found: Vec<_> = found.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        assert_eq!(found, [("bucket", "b"), ("use_lockfile", "true"), ("endpoints.s3", "http://x")]);
        assert_eq!(settings_of("include \"root\" {}"), None);
    }
}
