//! What is asked of a task: the configuration with its templates filled in.

use std::collections::BTreeSet;

use serde_json::{Value as Json, json};

use crate::config::model::{Argument, ArgumentInput, CommandLine, Invocation, OneOrMany, Task};
use crate::config::template::{Name, Template};
use crate::disk;
use crate::failure::{Failure, Kind};
use crate::steps::docker::task_words;
use crate::tools::aws::definition::Definition;
use crate::work::needs::Needs;
use crate::work::values::{Known, no_value};
use crate::work::{StepCx, relative};

/// A task, and the command that it gets.
#[derive(Debug, Clone)]
pub(crate) struct Asked<'a> {
    /// Its name.
    pub name: &'a str,
    /// What the configuration says of it.
    pub task: &'a Task,
    /// Command instead of that of the task, as it was typed; its own if empty.
    pub args: &'a [String],
    /// The same, as the step has it.
    pub command: Vec<Argument>,
}

/// Everything that a run of it needs to know.
#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    pub cluster: String,
    pub region: Option<String>,
    pub family: String,
    /// Of the file, if there is one.
    pub definition: Option<Definition>,
    pub container: Option<String>,
    /// The input of RunTask but for definition, overrides and tokens.
    input: Json,
    environment: Vec<(String, String)>,
    command: Vec<String>,
}

/// The templates of a task that are rendered for ECS.
pub(crate) fn templates(task: &Task) -> Vec<&Template> {
    let one = [
        &task.definition,
        &task.cluster,
        &task.region,
        &task.launch_type,
        &task.capacity_provider,
        &task.container,
        &task.log_group,
        &task.image,
    ];
    let many = many(task.subnets.as_ref()).iter().chain(many(task.security_groups.as_ref()));
    let arguments = one.into_iter().flatten().chain(many).chain(task.images.values());
    let mut all: Vec<&Template> = arguments.map(|argument| &argument.0).chain(task.env.values()).collect();
    match &task.command {
        Some(CommandLine::Shell(line)) => all.push(&line.0),
        Some(CommandLine::Argv(words)) => all.extend(words.iter().map(|word| &word.0)),
        Some(CommandLine::Table(table)) => match &table.run {
            Invocation::Shell(line) => all.push(&line.0),
            Invocation::Argv(words) => all.extend(words.iter().map(|word| &word.0)),
        },
        None => {}
    }
    all
}

fn many(all: Option<&OneOrMany<Argument>>) -> &[Argument] {
    match all {
        None => &[],
        Some(OneOrMany::One(one)) => std::slice::from_ref(one),
        Some(OneOrMany::Many(all)) => all,
    }
}

/// The file of the definition as it stands there.
pub(crate) fn file(step: &StepCx<'_>, task: &Task) -> Result<Option<Json>, Failure> {
    let Some(file) = &task.definition_file else { return Ok(None) };
    let shown = relative(step, &file.0);
    let text = disk::read_text(&file.0)?;
    let json = serde_json::from_str(&text).map_err(|error| {
        Failure::new(Kind::Config, format!("`{shown}` is not JSON: {error}"))
            .help(format!("correct `{shown}`"))
    })?;
    Ok(Some(json))
}

/// What the texts of a task and of its file name.
pub(crate) fn needs(step: &StepCx<'_>, asked: &Asked<'_>, file: Option<&Json>) -> Needs {
    let inside = file.map(Template::inside).unwrap_or_default();
    let mut all = templates(asked.task);
    all.extend(&inside);
    all.extend(asked.command.iter().map(|argument| &argument.0));
    Needs { secrets: false, secret_names: BTreeSet::new(), ..Needs::of_templates(step.env, &all) }
}

impl Wanted {
    /// With these values; images as they are called.
    pub(crate) fn of(
        step: &StepCx<'_>,
        known: &Known,
        asked: &Asked<'_>,
        file: Option<Json>,
    ) -> Result<(Wanted, Option<String>), Failure> {
        let task = asked.task;
        let one = |argument: &Option<Argument>| -> Result<Option<String>, Failure> {
            argument.as_ref().map(|argument| known.argument(step, &argument.0)).transpose()
        };
        let cluster = one(&task.cluster)?.unwrap_or_else(|| "default".to_owned());
        let (mut definition, mut cleaned) = (None, None);
        if let (Some(json), Some(path)) = (file, &task.definition_file) {
            let shown = relative(step, &path.0);
            let filled = ArgumentInput(json).fill(&known.scope(step)).map_err(|error| {
                no_value(step, error).context(format!("`{shown}` cannot be filled in")).help(
                    "name secrets by `secrets` of the container: what stands in a definition can be read in the console",
                )
            })?;
            let (read, what) = Definition::of(filled).map_err(|why| {
                Failure::new(Kind::Config, format!("`{shown}` is no task definition: {why}"))
                    .help("write what `aws ecs register-task-definition --generate-cli-skeleton` prints")
            })?;
            (definition, cleaned) = (Some(read), what.map(|what| format!("`{shown}`: {what}")));
        }
        let of_file = definition.as_ref().and_then(Definition::family).map(str::to_owned);
        let family = one(&task.definition)?.or(of_file).unwrap_or_else(|| asked.name.to_owned());
        if let Some(definition) = &mut definition {
            definition.set_family(&family);
        }
        let words = if !asked.args.is_empty() {
            asked.args.to_vec()
        } else if asked.command.is_empty() {
            task_words::words(step, known, task)?
        } else {
            asked.command.iter().map(|word| known.argument(step, &word.0)).collect::<Result<_, _>>()?
        };
        let wanted = Wanted {
            input: input(step, known, asked, &cluster)?,
            region: one(&task.region)?,
            container: one(&task.container)?,
            environment: environment(step, known, asked)?,
            command: words,
            cluster,
            family,
            definition,
        };
        Ok((wanted, cleaned))
    }

    /// The input of RunTask for a revision whose main container is this.
    pub(crate) fn run_task(&self, revision: &str, main: &str) -> Json {
        let mut input = self.input.clone();
        input["taskDefinition"] = revision.into();
        let mut over = json!({ "name": main });
        if !self.command.is_empty() {
            over["command"] = self.command.clone().into();
        }
        if !self.environment.is_empty() {
            let pairs = self.environment.iter().map(|(name, value)| json!({ "name": name, "value": value }));
            over["environment"] = pairs.collect();
        }
        if over.as_object().is_some_and(|over| over.len() > 1) {
            input["overrides"] = json!({ "containerOverrides": [over] });
        }
        input
    }
}

fn input(step: &StepCx<'_>, known: &Known, asked: &Asked<'_>, cluster: &str) -> Result<Json, Failure> {
    let task = asked.task;
    let one = |argument: &Argument| known.argument(step, &argument.0);
    let mut input = json!({ "cluster": cluster, "count": 1 });
    match (&task.capacity_provider, &task.launch_type) {
        (Some(_), Some(_)) => {
            let text = format!("task `{}` has a `launch-type` and a `capacity-provider`", asked.name);
            return Err(Failure::new(Kind::Config, text).help("remove one of them"));
        }
        (Some(provider), None) => {
            input["capacityProviderStrategy"] = json!([{ "capacityProvider": one(provider)? }]);
        }
        (None, kind) => {
            input["launchType"] =
                kind.as_ref().map(one).transpose()?.unwrap_or_else(|| "FARGATE".to_owned()).into();
        }
    }
    let (subnets, groups) =
        (listed(step, known, task.subnets.as_ref())?, listed(step, known, task.security_groups.as_ref())?);
    if !subnets.is_empty() {
        let public = if task.assign_public_ip { "ENABLED" } else { "DISABLED" };
        let mut network = json!({ "subnets": subnets, "assignPublicIp": public });
        if !groups.is_empty() {
            network["securityGroups"] = groups.into();
        }
        input["networkConfiguration"] = json!({ "awsvpcConfiguration": network });
    } else if !groups.is_empty() || task.assign_public_ip {
        let text = format!("task `{}` says how it is reached, but not in which subnets it is", asked.name);
        return Err(
            Failure::new(Kind::Config, text).help(format!("add `subnets` to `[tasks.{}]`", asked.name))
        );
    }
    Ok(input)
}

/// Texts, each of which may be a list of them: an output alone in its text.
fn listed(
    step: &StepCx<'_>,
    known: &Known,
    all: Option<&OneOrMany<Argument>>,
) -> Result<Vec<String>, Failure> {
    let mut found = Vec::new();
    for argument in many(all) {
        let text = known.argument(step, &argument.0)?;
        match serde_json::from_str::<Vec<String>>(&text) {
            Ok(several) => found.extend(several),
            Err(_) => found.push(text),
        }
    }
    Ok(found)
}

/// The variables of the overrides, which everybody can read who may look at tasks.
fn environment(
    step: &StepCx<'_>,
    known: &Known,
    asked: &Asked<'_>,
) -> Result<Vec<(String, String)>, Failure> {
    let public = |name: &String, template: &Template| {
        let is_secret = template.names().any(|name| matches!(name, Name::Secret(_)));
        let rendered = if is_secret { None } else { Some(known.argument(step, template)) };
        rendered.unwrap_or_else(|| {
            let text = format!(
                "`{name}` of task `{}` names a secret: overrides of a task can be read in the console",
                asked.name
            );
            Err(Failure::new(Kind::Config, text).help(format!(
                "name it in `secrets` of the container in the task definition, and take `{name}` out of `env`"
            )))
        })
    };
    asked.task.env.iter().map(|(name, template)| Ok((name.clone(), public(name, template)?))).collect()
}

/// Refuses what must not be set.
pub(crate) fn without_absent(step: &StepCx<'_>, asked: &Asked<'_>, wanted: &Wanted) -> Result<(), Failure> {
    let (Some(definition), Some(file)) = (&wanted.definition, &asked.task.definition_file) else {
        return Ok(());
    };
    let of = |one: &Json, key: &str| one[key].as_array().cloned().unwrap_or_default();
    let set = definition.containers().flat_map(|one| [of(one, "environment"), of(one, "secrets")].concat());
    let names: Vec<String> = set.filter_map(|pair| pair["name"].as_str().map(str::to_owned)).collect();
    let by = format!("the task definition `{}`", relative(step, &file.0));
    step.env.check_absent(Some(asked.name), names.iter().map(String::as_str), &by)
}

/// The container whose exit code counts.
pub(crate) fn main(definition: &Json, named: Option<&str>, task: &str) -> Result<String, Failure> {
    crate::tools::aws::task::main(definition, named).map_err(|names| {
        let names = crate::text::list(&names, "and");
        let text = match named {
            Some(named) => format!("the definition of task `{task}` has no container `{named}`"),
            None => format!("the definition of task `{task}` has not one essential container, so nobody knows whose exit code counts"),
        };
        Failure::new(Kind::Config, text)
            .help(format!("name it: `container = \"…\"` in `[tasks.{task}]`; there are {names}"))
    })
}
