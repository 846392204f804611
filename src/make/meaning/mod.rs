//! What a command means to infractl: one file for each tool.

pub(crate) mod polling;
pub(crate) mod guard;
pub(crate) mod secrets;
mod submake;
pub(crate) mod terraform;
mod attributes;
mod ansible;
mod remote;
mod compose;
mod docker;
mod power;
pub(crate) mod call;

use indexmap::IndexMap;

use super::maker::Maker;
use super::marks;
use super::settings::Step;
use super::words::join;
pub(super) use call::Call;

/// What a call means.
pub(super) enum Meaning {
    /// These steps.
    Steps(Vec<Step>),
    /// What a script of the project does with these words.
    Script { path: String, args: Vec<String> },
    /// What these lines do, with these variables.
    Lines { text: String, env: IndexMap<String, String> },
}

/// What a call means; none when it is not understood.
pub(super) fn of(maker: &mut Maker<'_>, call: &Call) -> Option<Meaning> {
    let program = marks::plain(call.words.first()?)?;
    let mut call = call.clone();
    call.words[0].clone_from(&program);
    let (call, program) = (&call, &program);
    let rest = |from: usize| Call { words: call.words[from..].to_vec(), ..call.clone() };
    let steps = match program.rsplit('/').next().unwrap_or(program) {
        "exec" | "time" | "command" if call.words.len() > 1 => return of(maker, &rest(1)),
        "env" if call.words.len() > 1 => {
            let mut inner = call.clone();
            inner.words.remove(0);
            while let Some((name, value)) = inner.words.first().and_then(|word| word.split_once('=')) {
                let (name, value) = (name.to_owned(), value.to_owned());
                inner.env.insert(name, value);
                inner.words.remove(0);
            }
            return of(maker, &inner);
        }
        "bash" | "sh" if call.words.len() > 1 && !call.words[1].starts_with('-') => {
            return of(maker, &rest(1));
        }
        "make" | "gmake" => submake::steps(maker, call),
        "terraform" | "tofu" => terraform::steps(maker, call),
        "ansible-playbook" => ansible::steps(maker, call),
        "docker" | "docker-compose" if compose::is_one(call) => compose::steps(maker, call),
        "docker" => docker::steps(maker, call),
        "openstack" | "aws" | "az" => power::steps(maker, call),
        "ssh" | "scp" | "rsync" => remote::steps(maker, call),
        "sops" => return secrets::meaning(maker, call),
        "curl" => polling::curl(maker, call),
        // infractl makes its own folders and files, and has its own notes.
        "mkdir" if call.words.iter().any(|word| word.ends_with("shared")) => Some(Vec::new()),
        // Notes of terraform, and plans that were kept.
        "rm" if call.words[1..].iter().all(|word| {
            word.starts_with('-')
                || word.contains(".terraform")
                || word.ends_with("plan")
                || word.ends_with(".tfplan")
        }) =>
        {
            Some(Vec::new())
        }
        _ => {
            let path = plain_path(&call.dir, program)?;
            return Some(Meaning::Script { path, args: call.words[1..].to_vec() });
        }
    };
    steps.map(Meaning::Steps)
}

fn plain_path(dir: &str, program: &str) -> Option<String> {
    let path = marks::plain(program)?;
    let is_path = path.contains('/') || marks::is_shell(&path);
    join(dir, &path).filter(|path| is_path && !path.contains(marks::ENVIRONMENT))
}
