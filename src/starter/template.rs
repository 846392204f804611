//! The starter projects, plain files of this folder. Words in capitals stand for names.

use serde::{Deserialize, Serialize};

/// What a new project begins with
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Template {
    /// Nothing but terraform's built-in provider
    Empty,
    /// Amazon Web Services
    Aws,
    /// Microsoft Azure
    Azure,
    /// OVH Public Cloud (OpenStack)
    Ovh,
    /// Containers on this machine, without terraform
    Lab,
}

/// What a template has besides what all have: a file of the project, and its text.
type Extra = &'static [(&'static str, &'static str)];

struct Texts {
    readme: &'static str,
    defaults: &'static str,
    /// Of each environment; none without terraform.
    root_module: Option<&'static str>,
    /// None: what all have.
    environment: Option<&'static str>,
    credentials: Option<&'static str>,
    extra: Extra,
}

const README: &str = include_str!("templates/common/README.md");
const ENVIRONMENT: &str = include_str!("templates/common/environment.toml");
const PROTECTED: &str = include_str!("templates/common/protected.toml");
/// The ports of the lab: one per environment.
const FIRST_PORT: usize = 8080;

impl Template {
    /// All of them, the simplest first.
    pub(crate) const ALL: [Template; 5] =
        [Template::Empty, Template::Aws, Template::Azure, Template::Ovh, Template::Lab];

    fn texts(self) -> Texts {
        match self {
            Template::Empty => Texts {
                readme: include_str!("templates/empty/README.md"),
                defaults: include_str!("templates/empty/defaults.toml"),
                root_module: Some(include_str!("templates/empty/main.tf")),
                environment: None,
                credentials: None,
                extra: &[],
            },
            Template::Aws => Texts {
                readme: include_str!("templates/aws/README.md"),
                defaults: include_str!("templates/aws/defaults.toml"),
                root_module: Some(include_str!("templates/aws/main.tf")),
                environment: None,
                credentials: Some(include_str!("templates/aws/credentials.example")),
                extra: &[],
            },
            Template::Azure => Texts {
                readme: include_str!("templates/azure/README.md"),
                defaults: include_str!("templates/azure/defaults.toml"),
                root_module: Some(include_str!("templates/azure/main.tf")),
                environment: None,
                credentials: Some(include_str!("templates/azure/credentials.example")),
                extra: &[],
            },
            Template::Ovh => Texts {
                readme: include_str!("templates/ovh/README.md"),
                defaults: include_str!("templates/ovh/defaults.toml"),
                root_module: Some(include_str!("templates/ovh/main.tf")),
                environment: None,
                credentials: Some(include_str!("templates/ovh/credentials.example")),
                extra: &[],
            },
            Template::Lab => Texts {
                readme: include_str!("templates/lab/README.md"),
                defaults: include_str!("templates/lab/defaults.toml"),
                root_module: None,
                environment: Some(include_str!("templates/lab/environment.toml")),
                credentials: None,
                extra: &[("app/compose.yml", include_str!("templates/lab/compose.yml"))],
            },
        }
    }

    /// One line for people.
    pub(crate) fn about(self) -> &'static str {
        match self {
            Template::Empty => "empty: terraform's built-in provider, works without an account",
            Template::Aws => "aws",
            Template::Azure => "azure",
            Template::Ovh => "ovh: Public Cloud, by OpenStack",
            Template::Lab => "lab: containers on this machine, without terraform",
        }
    }

    /// The names of the secrets that its provider wants.
    pub(crate) fn secrets(self) -> Vec<&'static str> {
        let lines = self.texts().credentials.unwrap_or_default().lines();
        lines.filter(|line| !line.starts_with('#')).filter_map(|line| Some(line.split_once('=')?.0)).collect()
    }

    /// The text of the project's README.
    pub(crate) fn readme(self, project: &str, first: &str) -> String {
        named(&(README.to_owned() + self.texts().readme), project, first)
    }

    /// What all environments share.
    pub(crate) fn defaults(self, project: &str, first: &str) -> String {
        named(self.texts().defaults, project, first)
    }

    /// What the environment with this number adds.
    pub(crate) fn environment(self, name: &str, number: usize) -> String {
        let text = match self.texts().environment {
            Some(text) => text.replace("PORT_NUMBER", &(FIRST_PORT + number).to_string()),
            None => return environment(name),
        };
        let protected = if is_protected(name) { "protected = true\n" } else { "" };
        text.replace("\n\n[", &format!("\n{protected}\n[")).replace("ENVIRONMENT_NAME", name)
    }

    /// The root module of an environment.
    pub(crate) fn root_module(self, name: &str) -> Option<String> {
        Some(self.texts().root_module?.replace("ENVIRONMENT_NAME", name))
    }

    /// Names of secrets without values.
    pub(crate) fn credentials(self) -> Option<&'static str> {
        self.texts().credentials
    }

    /// What it has besides.
    pub(crate) fn extra(self) -> Extra {
        self.texts().extra
    }
}

/// The file of an environment that has nothing of its own.
pub(crate) fn environment(name: &str) -> String {
    let text = if is_protected(name) { PROTECTED } else { ENVIRONMENT };
    text.replace("ENVIRONMENT_NAME", name)
}

/// The README of a repository that has none.
pub(crate) fn readme(project: &str, first: &str) -> String {
    named(README, project, first)
}

fn named(text: &str, project: &str, first: &str) -> String {
    text.replace("PROJECT_NAME", project).replace("FIRST_ENVIRONMENT", first)
}

/// Whether an environment of this name is one that is asked about before it is changed.
pub(crate) fn is_protected(name: &str) -> bool {
    ["prod", "prd", "production", "live"].contains(&name.to_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_word_in_capitals_is_left() {
        for template in Template::ALL {
            let texts = [
                template.readme("shop", "dev"),
                template.defaults("shop", "dev"),
                template.environment("prod", 1),
                template.root_module("dev").unwrap_or_default(),
            ];
            for text in texts {
                for word in ["PROJECT_NAME", "ENVIRONMENT_NAME", "FIRST_ENVIRONMENT", "PORT_NUMBER"] {
                    assert!(!text.contains(word), "{template:?}: {word} in\n{text}");
                }
            }
            assert!(template.environment("prod", 1).contains("protected = true\n"), "{template:?}");
            assert!(!template.environment("dev", 0).contains("protected"), "{template:?}");
        }
    }

    #[test]
    fn what_a_provider_wants_is_known() {
        assert_eq!(Template::Aws.secrets(), ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"]);
        assert!(Template::Empty.secrets().is_empty());
    }
}
