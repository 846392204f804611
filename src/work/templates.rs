//! The templates of a step: what they name has to be known before it can be done. Pure.

use serde_json::Value as Json;

use crate::config::model::{CommandTable, Run};
use crate::config::step::Until;
use crate::config::template::Template;
use crate::steps::Work;

/// Every template of a step.
pub(crate) fn of(work: &Work) -> Vec<&Template> {
    match work {
        Work::Command(command) => of_command(command),
        Work::Wait(wait) => match &wait.until {
            Until::Tcp { address } => vec![&address.0],
            Until::Http { url, headers, address, .. } => {
                let at = address.as_ref().map(|at| &at.0);
                [&url.0].into_iter().chain(headers.values()).chain(at).collect()
            }
            Until::Tls { name, address, .. } => {
                [&name.0].into_iter().chain(address.as_ref().map(|at| &at.0)).collect()
            }
            Until::File { path, .. } => vec![&path.0],
            Until::Command { command, .. } => of_command(command),
            Until::Ssh { .. } | Until::Ecs { .. } => Vec::new(),
        },
        Work::Copy(copy) => vec![&copy.to.0],
        Work::Remote(remote) => {
            let words = of_run(&remote.run).into_iter();
            words
                .chain(remote.env.values())
                .chain(&remote.input)
                .chain(remote.dir.as_ref().map(|dir| &dir.0))
                .collect()
        }
        Work::Compose(compose) => crate::steps::docker::compose::templates(compose),
        Work::Git(git) => {
            let given = [&git.tag, &git.commit, &git.remote, &git.message];
            given.into_iter().flatten().map(|argument| &argument.0).collect()
        }
        Work::Ansible(ansible) => ansible.tags.iter().chain(&ansible.skip_tags).map(|tag| &tag.0).collect(),
        _ => Vec::new(),
    }
}

pub(crate) fn of_command(command: &CommandTable) -> Vec<&Template> {
    of_run(&command.run).into_iter().chain(command.env.values()).chain(&command.input).collect()
}

fn of_run(run: &Run) -> Vec<&Template> {
    match run {
        Run::Shell(line) => vec![&line.0],
        Run::Argv(words) => words.iter().map(|word| &word.0).collect(),
    }
}

/// The templates inside a value.
pub(crate) fn inside(value: &Json) -> Vec<Template> {
    match value {
        Json::String(text) => Template::parse(text).into_iter().collect(),
        Json::Array(items) => items.iter().flat_map(inside).collect(),
        Json::Object(fields) => fields.values().flat_map(inside).collect(),
        _ => Vec::new(),
    }
}
