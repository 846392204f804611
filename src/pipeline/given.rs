//! What `deploy` does, with images that are there already: nothing is built. Pure.

use indexmap::IndexMap;

use super::{OnFailure, Step, What, refused};
use crate::config::model::Docker;
use crate::steps::Work;
use crate::steps::docker::builds::Builds;
use crate::steps::docker::carry::Carry;
use crate::steps::nothing::Nothing;
use crate::steps::snapshot::Snapshot;

/// A release whose images are there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Given {
    /// For people.
    pub release: String,
    /// By name and digest.
    pub images: IndexMap<String, String>,
    /// The environment that it comes from; none if it ran in this one.
    pub from: Option<String>,
    /// The snapshot whose data come into their place before.
    pub data: Option<Box<Snapshot>>,
}

impl Given {
    /// First the registry is asked, then the steps are done with what it has.
    pub(super) fn steps(&self, mut steps: Vec<Step>) -> Vec<Step> {
        self.build_nothing(&mut steps);
        let data = self.data.iter().map(|data| Step::new("data", Work::Snapshot((**data).clone())));
        if self.images.is_empty() {
            return data.chain(steps).collect();
        }
        let carry = |copies| {
            Work::Carry(Carry {
                images: self.images.clone(),
                from: self.from.clone(),
                release: self.release.clone(),
                copies,
            })
        };
        let copy = self.from.is_some().then(|| Step::new("copy images", carry(true)));
        std::iter::once(Step::new("images", carry(false))).chain(copy).chain(data).chain(steps).collect()
    }

    fn build_nothing(&self, steps: &mut [Step]) {
        for step in steps {
            if let OnFailure::Steps(steps) = &mut step.rules.on_failure {
                self.build_nothing(steps);
            }
            match &mut step.what {
                What::Steps(steps) => self.build_nothing(steps),
                What::Work(work) => {
                    if let Some(instead) = self.instead(&step.name, work) {
                        step.what = instead.what;
                        // Waits and values of a build say nothing about one that is not done.
                        step.rules.unless = None;
                        step.rules.verify = None;
                    }
                }
            }
        }
    }

    /// What stands in for a build or a push.
    fn instead(&self, name: &str, work: &Work) -> Option<Step> {
        let images: Vec<&String> = match work {
            Work::Builds(Builds { images, .. }) => images.iter().collect(),
            Work::Docker(Docker { build: Some(image), .. } | Docker { push: Some(image), .. }) => {
                vec![&image.0]
            }
            _ => return None,
        };
        if let Some(missing) = images.into_iter().find(|image| !self.images.contains_key(*image)) {
            let why = format!("`{missing}` is no part of {}, and nothing is built now", self.release);
            return Some(refused(name, &why, "release it with that image: build, push and deploy it first"));
        }
        let why = format!("as it is in {}: nothing is built or pushed", self.release);
        Some(Step::new(name, Work::Nothing(Nothing(why))))
    }
}
