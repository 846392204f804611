//! The ansible inventory: made from the outputs and `[hosts]`, written, compared, removed.

use indexmap::IndexMap;

use crate::config::Environment;
use crate::config::environment;
use crate::config::model::{Input, InventoryFormat};
use crate::config::template::{Name, Template};
use crate::config::verbs::Effect;
use crate::disk;
use crate::exec::BoxFuture;
use crate::failure::{Failure, Kind, Problem};
use crate::files::ansible_value::{Value, Variables};
use crate::files::inventory::{self as file, Format, Group, Inventory};
use crate::hosts::host::{self, Machine};
use crate::hosts::login;
use crate::steps::meet::meet;
use crate::text::plural;
use crate::work::kind::{Mention, StepKind};
use crate::work::needs::Needs;
use crate::work::script::{Script, literal};
use crate::work::typed;
use crate::work::values::Known;
use crate::work::{StepCx, relative};

/// Everybody may read it: it holds no secret.
const MODE: u32 = 0o644;

/// What is done with the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InventoryStep {
    /// Write it, if its content changed.
    Write,
    /// Say whether it is stale.
    Compare,
    /// Remove it.
    Remove,
}

/// Tells what is named in it: how to reach the hosts, and all variables. A secret in them is refused, so none is
/// opened.
pub(crate) fn visit(env: &Environment, see: &mut dyn FnMut(Mention<'_>)) {
    for template in env.hosts.keys().flat_map(|name| env.host_templates(name)) {
        see(Mention::Public(template));
    }
    let declared = env.inventory.iter();
    let groups = declared.clone().flat_map(|inventory| inventory.groups.values().map(|group| &group.vars));
    let hosts = env.hosts.values().map(|host| &host.vars);
    let everybody = declared.map(|inventory| &inventory.vars);
    let inputs = groups.chain(hosts).chain(everybody).flat_map(IndexMap::values);
    inputs.flat_map(|input| Template::inside(&input.0)).for_each(|one| see(Mention::Public(&one)));
}

impl StepKind for InventoryStep {
    fn visit(&self, env: &Environment, see: &mut dyn FnMut(Mention<'_>)) {
        if *self != InventoryStep::Remove {
            visit(env, see);
        }
    }

    fn effect(&self) -> Option<Effect> {
        Some(if *self == InventoryStep::Compare { Effect::Reads } else { Effect::Writes })
    }

    fn run<'a>(&'a self, step: &'a mut StepCx<'_>) -> BoxFuture<'a, Result<String, Failure>> {
        Box::pin(run(step, self))
    }

    fn describe(&self, step: &mut StepCx<'_>) -> Result<Vec<String>, Failure> {
        describe(step, *self)
    }

    fn script(&self, step: &StepCx<'_>, script: &mut Script) -> Result<Vec<String>, Failure> {
        super::inventory_script::lines(script, step, *self)
    }
}

/// Does it.
pub(crate) async fn run(step: &mut StepCx<'_>, action: &InventoryStep) -> Result<String, Failure> {
    let path = &declared(step)?.path;
    let shown = relative(step, path);
    match action {
        InventoryStep::Remove if !step.facts.left.is_empty() && path.exists() => {
            let written = Box::pin(run(step, &InventoryStep::Write)).await;
            Ok(crate::work::of_what_is_left(step, &shown, written))
        }
        InventoryStep::Remove => match disk::read_text_if_there(path)? {
            None => Ok(format!("{shown} was not there")),
            Some(text) if !file::is_ours(&text) => Ok(format!("{shown} is not infractl's, and stays")),
            Some(_) => disk::remove(path).map(|_| format!("{shown} removed")).map_err(Failure::from),
        },
        InventoryStep::Compare => {
            meet(step, &Needs::of(step.env, action, None)).await?;
            let text = content(step, &Known::of(step))?.render()?;
            Ok(crate::work::compared(step, &shown, disk::read_text_if_there(path)?.map(|old| old != text)))
        }
        InventoryStep::Write => {
            check_place(step)?;
            meet(step, &Needs::of(step.env, action, None)).await?;
            let inventory = content(step, &Known::of(step))?;
            let text = inventory.render()?;
            let count = plural(inventory.hosts.len(), "host");
            // A program that may be executed would be run by ansible instead of read.
            let is_program = disk::mode_of(path)?.is_some_and(|mode| mode & 0o111 != 0);
            if disk::read_text_if_there(path)?.is_some_and(|old| old == text) && !is_program {
                return Ok(format!("{shown}, {count}, unchanged"));
            }
            disk::write(path, text.as_bytes(), MODE)?;
            Ok(format!("{shown}, {count}"))
        }
    }
}

/// What a dry run says.
pub(crate) fn describe(step: &StepCx<'_>, action: InventoryStep) -> Result<Vec<String>, Failure> {
    let path = relative(step, &declared(step)?.path);
    Ok(vec![match action {
        InventoryStep::Write => {
            content(step, &Known::shown(step, &action))?;
            format!("# write {path} (mode 0644)")
        }
        InventoryStep::Compare => format!("# compare {path} with the outputs"),
        InventoryStep::Remove => format!("rm -f {}", shell_words::quote(&path)),
    }])
}

pub(super) fn is_output(name: &Name) -> bool {
    matches!(name, Name::Output(_) | Name::HostAddress(_))
}

/// What `[inventory]` says.
pub(crate) fn declared<'a>(step: &StepCx<'a>) -> Result<&'a environment::Inventory, Failure> {
    step.env.inventory.as_ref().ok_or_else(|| {
        Failure::new(Kind::Config, format!("`{}` has no inventory: there is no `[inventory]`", step.env.name))
            .help("add `[inventory]` and `[hosts]`")
    })
}

/// Refuses a place that holds somebody else's file, that cannot be written, or that ansible would read otherwise.
pub(crate) fn check_place(step: &StepCx<'_>) -> Result<(), Failure> {
    let declared = declared(step)?;
    let path = &declared.path;
    let shown = relative(step, path);
    let end = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
    let is_read_as_yaml = ["yml", "yaml", "json", ""].contains(&end.as_str());
    if (declared.format == InventoryFormat::Yaml && !is_read_as_yaml) || end == "toml" {
        return Err(Failure::new(Kind::Config, format!("ansible would not read `{shown}` as what it is"))
            .help("let `path` of `[inventory]` end in `.ini` or `.yml`, and leave `format` out"));
    }
    if path.is_dir() {
        return Err(Failure::new(Kind::Config, format!("`{shown}` is a folder"))
            .help("let `path` of `[inventory]` name a file in it"));
    }
    if disk::read_text_if_there(path)?.is_some_and(|text| !file::is_ours(&text)) {
        return Err(Failure::new(
            Kind::Config,
            format!("`{shown}` was not written by infractl, and stays as it is"),
        )
        .help(format!("move it away: `mv {shown} {shown}.old`"))
        .help("name another `path` in `[inventory]`")
        .help("let ansible use it as it is: `inventory` in `[ansible]`"));
    }
    match path.parent().filter(|dir| dir.is_dir()) {
        Some(dir) => Ok(disk::check_writable(dir)?),
        None => Ok(()),
    }
}

/// What the file has to say now.
pub(crate) fn content(step: &StepCx<'_>, known: &Known) -> Result<Inventory, Failure> {
    let declared = declared(step)?;
    let mut problems = Vec::new();
    let mut hosts: IndexMap<String, Variables> = IndexMap::new();
    let mut machines_of: IndexMap<&str, Vec<String>> = IndexMap::new();
    for name in step.env.hosts.keys() {
        for machine in host::machines(step, known, name)? {
            let whose = format!("the host `{}`", machine.name);
            let mut vars = connection(step, &machine);
            vars.extend(variables(step, known, &machine.vars, &whose, &mut problems)?);
            machines_of.entry(name).or_default().push(machine.name.clone());
            if hosts.insert(machine.name.clone(), vars).is_some() {
                return Err(Failure::new(
                    Kind::Config,
                    format!("two machines are called `{}`", machine.name),
                )
                .help("rename one of the hosts in `[hosts]`"));
            }
        }
    }
    let mut groups = IndexMap::new();
    for (name, group) in &declared.groups {
        let machines =
            group.hosts.iter().filter_map(|host| machines_of.get(host.0.as_str())).flatten().cloned();
        let whose = format!("the group `{name}`");
        let vars = variables(step, known, &group.vars, &whose, &mut problems)?;
        groups.insert(
            name.clone(),
            Group { hosts: machines.collect(), children: group.children.clone(), vars },
        );
    }
    // `group_vars/ENV` of ansible is for all hosts of the environment.
    let name = &step.env.name;
    if !groups.contains_key(name)
        && !hosts.contains_key(name)
        && !["all", "ungrouped"].contains(&name.as_str())
    {
        groups.insert(name.clone(), Group { hosts: hosts.keys().cloned().collect(), ..Group::default() });
    }
    let vars = variables(step, known, &declared.vars, "`[inventory]`", &mut problems)?;
    if !problems.is_empty() {
        return Err(Failure::problems(Kind::Config, problems));
    }
    let format = match declared.format {
        InventoryFormat::Ini => Format::Ini,
        InventoryFormat::Yaml => Format::Yaml,
    };
    let (project, environment) = (step.env.project.clone(), step.env.name.clone());
    Ok(Inventory { format, project, environment, hosts, groups, vars })
}

/// How ansible reaches a machine.
fn connection(step: &StepCx<'_>, machine: &Machine) -> Variables {
    let mut vars = Variables::new();
    let mut set = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            vars.insert(name.to_owned(), value);
        }
    };
    set("ansible_host", Some(Value::text(&machine.address)));
    set("ansible_user", machine.user.as_ref().map(Value::text));
    set("ansible_port", machine.port.map(|port| Value::Number(port.into())));
    set(
        "ansible_ssh_private_key_file",
        machine.identity_file.as_ref().map(|file| Value::text(file.to_string_lossy())),
    );
    // For those who use the file by hand; a run of infractl adds what says which host keys are known.
    let options = login::shown(step.env, machine).options();
    let through = options.into_iter().find(|option| option.starts_with("ProxyCommand="));
    set("ansible_ssh_common_args", through.map(|option| Value::text(format!("-o {}", literal(&option)))));
    vars
}

/// Variables with their values. A secret is refused: the file is not private.
fn variables(
    step: &StepCx<'_>,
    known: &Known,
    inputs: &IndexMap<String, Input>,
    whose: &str,
    problems: &mut Vec<Problem>,
) -> Result<Variables, Failure> {
    let mut vars = Variables::new();
    for (name, input) in inputs {
        let names_secret = Template::inside(&input.0)
            .iter()
            .any(|template| template.names().any(|name| matches!(name, Name::Secret(_))));
        let typed = if names_secret { None } else { Some(typed::typed(step, known, &input.0)?) };
        match typed {
            Some(typed) if !typed.is_sensitive => {
                vars.insert(name.clone(), typed.value);
            }
            _ => problems.push(Problem {
                message: format!("`{name}` of {whose} holds a secret, and the inventory is a file for everybody"),
                place: None,
                help: vec![
                    format!("move it to `[ansible] vars`: `vars = {{ {name} = … }}`, which is handed over without a file"),
                    "read it in the playbook from the environment: `{{ lookup('env', 'NAME') }}`".to_owned(),
                ],
            }),
        }
    }
    Ok(vars)
}
