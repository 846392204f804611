//! What can be asked for: the verbs that are pipelines.

use std::path::PathBuf;

use super::given::Given;
use super::{Step, What};
use crate::config::model::{Argument, Docker, HostName};
use crate::config::template::Template;
use crate::steps::Work;
use crate::steps::bootstrap::Bootstrap;
use crate::steps::docker::builds::Builds;
use crate::steps::maintenance::Maintenance;
use crate::steps::snapshot::Snapshot;
use crate::steps::terraform::{LookForDrift, Reviewed};
use crate::steps::traffic::Traffic;

/// A verb that is a pipeline, with what was asked of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verb {
    /// Connect to the backend, install providers and modules.
    Init,
    /// Preview.
    Plan {
        /// Keep the plan.
        out: Option<PathBuf>,
        /// JSON lines instead of text.
        json: bool,
        /// Say what it costs.
        cost: bool,
    },
    /// What changed behind terraform's back.
    Drift(LookForDrift),
    /// Make the environment match, then write its files.
    Apply {
        /// A saved plan.
        plan: Option<Reviewed>,
    },
    /// Take the environment down, then remove its files.
    Destroy,
    /// Any command of terraform.
    Tf {
        /// As it was typed.
        words: Vec<String>,
    },
    /// Check root module and configuration.
    Validate,
    /// Format the root module.
    Fmt {
        /// Only say which files differ.
        check: bool,
    },
    /// Pause the machines.
    Stop {
        /// Give them back, whatever `mode` says.
        shelve: bool,
    },
    /// Make the bucket of the state.
    Bootstrap(Bootstrap),
    /// Read the outputs.
    Output,
    /// Write the environment file again.
    Genenv,
    /// `deploy` or `check`: what its playbooks are limited to.
    Playbooks {
        /// `deploy`, `check`.
        name: String,
        /// Hosts and tags.
        part: Playbooks,
    },
    /// `build` or `push`: which images, and for which platform they are built.
    Images {
        /// `build`, `push`.
        name: String,
        /// Image and platform.
        part: Images,
    },
    /// `promote`, `rollback`: what `deploy` does, with images that are there.
    Given {
        /// `promote`, `rollback`.
        name: String,
        /// Images of which release.
        given: Given,
    },
    /// Something with snapshots.
    Snapshot(Vec<Snapshot>),
    /// Share traffic out.
    Traffic(Traffic),
    /// Show a page in front of everything, or take it away.
    Maintenance(Maintenance),
    /// A verb or pipeline by its name, with nothing else asked of it.
    Named {
        /// `deploy`, `up`, or one of the project's own.
        name: String,
    },
}

/// What playbooks are limited to, in the place of what the project says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Playbooks {
    /// Tags to run.
    pub tags: Vec<String>,
    /// Tags to leave out.
    pub skip_tags: Vec<String>,
    /// Hosts, and patterns of ansible's.
    pub limit: Vec<String>,
}

impl Playbooks {
    /// Nothing is asked for.
    pub fn is_empty(&self) -> bool {
        *self == Playbooks::default()
    }

    pub(super) fn limit(&self, steps: &mut [Step]) {
        for step in steps {
            match &mut step.what {
                What::Steps(inside) => self.limit(inside),
                What::Work(Work::Ansible(playbook)) => {
                    let words = |all: &[String]| -> Vec<Argument> {
                        all.iter().map(|word| Argument(Template::literal(word))).collect()
                    };
                    if !self.tags.is_empty() {
                        playbook.tags = words(&self.tags);
                    }
                    if !self.skip_tags.is_empty() {
                        playbook.skip_tags = words(&self.skip_tags);
                    }
                    if !self.limit.is_empty() {
                        playbook.limit = self.limit.iter().cloned().map(HostName).collect();
                    }
                }
                What::Work(_) => {}
            }
        }
    }
}

/// What a verb over images is limited to, in the place of what the project says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Images {
    /// Only this one.
    pub only: Option<String>,
    /// Platform to build for.
    pub platform: Option<String>,
}

impl Images {
    pub(super) fn limit(&self, steps: &mut Vec<Step>) {
        steps.retain_mut(|step| match &mut step.what {
            What::Steps(inside) => {
                self.limit(inside);
                true
            }
            What::Work(work) => {
                self.build(work);
                self.is_meant(work)
            }
        });
    }

    fn build(&self, work: &mut Work) {
        if let Work::Docker(Docker { build: Some(image), .. }) = work {
            *work = Work::Builds(Builds { images: vec![image.0.clone()], platform: None });
        }
        if let Work::Builds(builds) = work {
            builds.images.retain(|name| self.only.as_ref().is_none_or(|only| only == name));
            builds.platform.clone_from(&self.platform);
        }
    }

    fn is_meant(&self, work: &Work) -> bool {
        match work {
            Work::Builds(builds) => !builds.images.is_empty(),
            Work::Docker(Docker { push: Some(image), .. }) => {
                self.only.as_ref().is_none_or(|only| *only == image.0)
            }
            _ => true,
        }
    }
}

impl Verb {
    /// A verb by its name, with nothing else asked of it.
    pub fn named(name: &str) -> Verb {
        Verb::Named { name: name.to_owned() }
    }

    /// As it is typed.
    pub fn name(&self) -> &str {
        match self {
            Verb::Init => "init",
            Verb::Plan { .. } => "plan",
            Verb::Drift(_) => "drift",
            Verb::Apply { .. } => "apply",
            Verb::Destroy => "destroy",
            Verb::Tf { .. } => "tf",
            Verb::Validate => "validate",
            Verb::Fmt { .. } => "fmt",
            Verb::Stop { .. } => "stop",
            Verb::Bootstrap(_) => "bootstrap",
            Verb::Output => "output",
            Verb::Genenv => "genenv",
            Verb::Playbooks { name, .. }
            | Verb::Images { name, .. }
            | Verb::Given { name, .. }
            | Verb::Named { name, .. } => name,
            Verb::Snapshot(_) => "snapshot",
            Verb::Traffic(_) => "traffic",
            Verb::Maintenance(_) => "maintenance",
        }
    }
}
