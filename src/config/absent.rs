//! Variables that must not be set in an environment: that one is absent is part of what was agreed, as its value is
//! elsewhere.

use crate::config::Environment;
use crate::config::check::Issue;
use crate::config::node::Node;
use crate::failure::{Failure, Kind, Problem};

/// What is done about one that is set.
const HELP: &str = "leave it out there, or take it out of `absent`";

impl Environment {
    /// An error for those of `names` that must not be set, each at the place that says so. `task` is one of `[tasks]`;
    /// `by` is what sets them, for people.
    pub(crate) fn check_absent<'a>(
        &self,
        task: Option<&str>,
        names: impl IntoIterator<Item = &'a str>,
        by: &str,
    ) -> Result<(), Failure> {
        let of_task = task.and_then(|task| Some((task, self.tasks.get(task)?)));
        let problem = |name: &str| -> Option<Problem> {
            let keys = match of_task {
                _ if self.env_file.absent.iter().any(|absent| absent == name) => &["env-file", "absent"][..],
                Some((task, known)) if known.absent.iter().any(|absent| absent.0 == name) => {
                    &["tasks", task, "absent"]
                }
                _ => return None,
            };
            let message = format!("`{name}` must not be set in `{}`, and {by} sets it", self.name);
            Some(self.document.item_problem(keys, name, message, vec![HELP.to_owned()]))
        };
        let problems: Vec<Problem> = names.into_iter().filter_map(problem).collect();
        if problems.is_empty() { Ok(()) } else { Err(Failure::problems(Kind::Config, problems)) }
    }

    /// Whether there are any.
    pub(crate) fn has_absent(&self, task: Option<&str>) -> bool {
        let of_task = task.and_then(|task| self.tasks.get(task));
        !self.env_file.absent.is_empty() || of_task.is_some_and(|task| !task.absent.is_empty())
    }
}

/// The same for what the configuration itself sets, in the environment file and in tasks.
pub(super) fn rules(root: &Node, issues: &mut Vec<Issue>) {
    let names = |keys: &[&str]| -> Vec<&str> {
        root.at(keys).map(Node::list).unwrap_or_default().iter().filter_map(Node::text).collect()
    };
    let absent = names(&["env-file", "absent"]);
    let sections = root.at(&["env-file", "sections"]).map(Node::list).unwrap_or_default();
    for section in sections {
        refuse(section.get("values"), &absent, "env-file", issues);
    }
    for (task, entry) in root.get("tasks").and_then(Node::table).into_iter().flatten() {
        let own = names(&["tasks", task, "absent"]);
        refuse(entry.node.get("env"), &absent, "env-file", issues);
        refuse(entry.node.get("env"), &own, &format!("tasks.{task}"), issues);
    }
}

fn refuse(variables: Option<&Node>, absent: &[&str], section: &str, issues: &mut Vec<Issue>) {
    for (name, entry) in variables.and_then(Node::table).into_iter().flatten() {
        if absent.contains(&name.as_str()) {
            let message = format!("`{name}` must not be set: it is in `absent` of `[{section}]`");
            issues.push(Issue::new(&entry.key, message, HELP));
        }
    }
}
