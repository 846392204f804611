//! The environment file: made from the outputs, written, compared, removed.

use crate::config::Environment;
use crate::config::model::{self, Value, ValueSource};
use crate::config::template::{Name, Rendered};
use crate::config::verbs::Effect;
use crate::disk;
use crate::exec::BoxFuture;
use crate::failure::{Failure, Kind, Problem};
use crate::files::env_file::{Entry, EnvFile, Metadata, Section, environment_of, is_stale};
use crate::steps::files::env_place;
use crate::steps::opened;
use crate::steps::terraform::read;
use crate::text::{nearest, plural, upper_snake};
use crate::tools::terraform::Output;
use crate::work::StepCx;
use crate::work::kind::{Mention, StepKind};
use crate::work::script::{Script, literal, no_script};
use crate::work::values::{self, Known};

/// What is done with the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EnvFileStep {
    /// Write it, if its content changed.
    Write,
    /// Say whether it is stale.
    Compare,
    /// Remove it.
    Remove,
}

impl StepKind for EnvFileStep {
    fn visit(&self, env: &Environment, see: &mut dyn FnMut(Mention<'_>)) {
        if *self != EnvFileStep::Remove {
            see(Mention::Foreign(&["env-file"]));
        }
        match self {
            EnvFileStep::Write => {
                see(Mention::SecretFiles);
                see(Mention::EnvFile);
            }
            EnvFileStep::Compare => {
                see(Mention::SecretFiles);
                see(Mention::Outputs);
            }
            EnvFileStep::Remove => return,
        }
        let sections = env.env_file.sections.iter().flatten();
        for value in sections.flat_map(|section| section.values.values()) {
            if let Value::Text(template) = value {
                template.names().for_each(|name| match name {
                    Name::Value(name) => see(Mention::Value(name)),
                    Name::Image(name) => see(Mention::Image(name)),
                    _ => {}
                });
            }
        }
    }

    fn effect(&self) -> Option<Effect> {
        Some(if *self == EnvFileStep::Compare { Effect::Reads } else { Effect::Writes })
    }

    fn run<'a>(&'a self, step: &'a mut StepCx<'_>) -> BoxFuture<'a, Result<String, Failure>> {
        Box::pin(run(step, self))
    }

    fn describe(&self, step: &mut StepCx<'_>) -> Result<Vec<String>, Failure> {
        Ok(vec![describe(step, *self)])
    }

    fn script(&self, step: &StepCx<'_>, script: &mut Script) -> Result<Vec<String>, Failure> {
        match self {
            EnvFileStep::Write => script.env_file(step),
            EnvFileStep::Compare => Err(no_script(step)),
            EnvFileStep::Remove => Ok(vec![format!(
                "rm -f -- {}",
                literal(&crate::work::relative(step, &step.env.env_file.path))
            )]),
        }
    }
}

/// Does it.
pub(crate) async fn run(step: &mut StepCx<'_>, action: &EnvFileStep) -> Result<String, Failure> {
    let path = &step.env.env_file.path;
    match action {
        EnvFileStep::Remove if !step.facts.left.is_empty() => {
            let shown = crate::work::relative(step, path);
            if !path.exists() {
                return Ok(format!("{shown} was not there"));
            }
            env_place::check(step).await?;
            Ok(crate::work::of_what_is_left(step, &shown, write(step)))
        }
        EnvFileStep::Remove => {
            let shown = crate::work::relative(step, path);
            let text = disk::read_lossy_if_there(path).unwrap_or_default().unwrap_or_default();
            match environment_of(&text) {
                Some(own) if own == step.env.name => {}
                Some(other) => return Ok(format!("{shown} is of {other}, and stays")),
                None if path.is_symlink() || path.exists() => {
                    return Ok(format!("{shown} is not infractl's, and stays"));
                }
                None => return Ok(format!("{shown} was not there")),
            }
            // What a link points to holds the values.
            let place = disk::place_of(path);
            let removed = disk::remove(&place)?;
            let removed = (place != *path && disk::remove(path)?) || removed;
            Ok(if removed { format!("{shown} removed") } else { format!("{shown} was not there") })
        }
        EnvFileStep::Compare => {
            if step.facts.outputs.is_none() {
                opened::secrets(step).await?;
                read::outputs(step).await?;
            }
            let new = content(step)?.render()?;
            let old = disk::read_lossy_if_there(path)?;
            let shown = crate::work::relative(step, path);
            Ok(crate::work::compared(step, &shown, old.map(|old| is_stale(&old, &new))))
        }
        EnvFileStep::Write => {
            // What git said before a long apply may no longer hold.
            if step.facts.env_file_allowed.is_none_or(|asked| asked.elapsed() > env_place::FRESH) {
                env_place::check(step).await?;
            }
            // Asked for alone, without the step before it that reads them.
            if step.facts.outputs.is_none() {
                read::outputs(step).await?;
            }
            write(step)
        }
    }
}

/// Writes the file from what the run knows. The text says how many keys and where.
pub(crate) fn write(step: &StepCx<'_>) -> Result<String, Failure> {
    let path = &step.env.env_file.path;
    let file = content(step)?;
    let keys = file.sections.iter().flat_map(|section| &section.entries).map(|entry| entry.key.as_str());
    step.env.check_absent(None, keys, "the environment file")?;
    let text = file.render()?;
    if disk::read_lossy_if_there(path)?.is_some_and(|old| !old.is_empty() && environment_of(&old).is_none()) {
        let shown = crate::work::relative(step, path);
        step.cx.ui.warn(format!("`{shown}` was not written by infractl: what was in it is replaced"));
    }
    disk::write(path, text.as_bytes(), 0o600)?;
    let keys: usize = file.sections.iter().map(|section| section.entries.len()).sum();
    Ok(format!("{}, {}", crate::work::relative(step, path), plural(keys, "key")))
}

/// What the file has to say now.
pub(crate) fn content(step: &StepCx<'_>) -> Result<EnvFile, Failure> {
    let declared = &step.env.env_file;
    let outputs = step.facts.outputs.clone().unwrap_or_default();
    let sections = match &declared.sections {
        Some(sections) => mapped(step, sections)?,
        None => vec![Section {
            title: None,
            entries: {
                let mut entries: Vec<Entry> =
                    outputs.iter().map(|(name, output)| unmapped(name, output)).collect();
                entries.sort_by(|a, b| a.key.cmp(&b.key));
                entries
            },
        }],
    };
    let workspace = match &step.env.terraform {
        Some(terraform) => values::argument(step, &terraform.workspace)?,
        None => "default".to_owned(),
    };
    Ok(EnvFile {
        title: match Known::of(step).render(step, &declared.title)? {
            Rendered::Plain(text) => text,
            Rendered::Secret(_) => {
                return Err(Failure::new(Kind::Config, "the title of the environment file names a secret"));
            }
        },
        environment: step.env.name.clone(),
        generated: (step.cx.now)(),
        dialect: declared.dialect,
        sections,
        metadata: Metadata { workspace, serial: step.facts.serial },
    })
}

fn unmapped(name: &str, output: &Output) -> Entry {
    let key = upper_snake(name);
    Entry { key, value: values::text(&output.value), sensitive: output.sensitive }
}

/// The sections as configured; everything that has no value is named at once.
fn mapped(step: &StepCx<'_>, sections: &[model::Section]) -> Result<Vec<Section>, Failure> {
    let known = Known::of(step);
    let mut problems = Vec::new();
    let mut all = Vec::new();
    for section in sections {
        let mut entries = Vec::new();
        for (key, source) in &section.values {
            match entry(step, &known, key, source) {
                Ok(entry) => entries.extend(entry),
                Err(failure) => problems.push(Problem {
                    message: format!("`{key}` has no value: {:#}", failure.error),
                    place: None,
                    help: failure.help,
                }),
            }
        }
        all.push(Section { title: Some(section.title.clone()), entries });
    }
    let Some(help) = problems.first().map(|problem| problem.help.clone()) else { return Ok(all) };
    // The same advice for each is one.
    if problems.len() > 1 && problems.iter().all(|problem| problem.help == help) {
        for problem in &mut problems {
            problem.help.clear();
        }
        let failure = Failure::problems(Kind::Failed, problems);
        return Err(help.into_iter().fold(failure, Failure::help));
    }
    Err(Failure::problems(Kind::Failed, problems))
}

fn entry(step: &StepCx<'_>, known: &Known, key: &str, value: &Value) -> Result<Option<Entry>, Failure> {
    let plain = |text: String| Ok(Some(Rendered::Plain(text)));
    let rendered = match value {
        Value::Text(template) => known.render(step, template).map(Some),
        Value::Integer(number) => plain(number.to_string()),
        Value::Float(number) => plain(number.to_string()),
        Value::Boolean(truth) => plain(truth.to_string()),
        Value::Source(source) => sourced(step, known, source),
    }?;
    Ok(rendered.map(|rendered| {
        let (value, sensitive) = match rendered {
            Rendered::Plain(text) => (text, false),
            Rendered::Secret(text) => (secrecy::ExposeSecret::expose_secret(&text).to_owned(), true),
        };
        Entry { key: key.to_owned(), value, sensitive }
    }))
}

fn sourced(step: &StepCx<'_>, known: &Known, source: &ValueSource) -> Result<Option<Rendered>, Failure> {
    let found = if let Some(name) = &source.output {
        known.output(name)
    } else if let Some(name) = &source.secret {
        known.secret(&name.0)
    } else {
        source
            .var
            .as_ref()
            .and_then(|name| step.cx.vars.get(name))
            .map(|text| Rendered::Plain(text.to_owned()))
    };
    match (found, &source.default) {
        (Some(rendered), _) => Ok(Some(rendered)),
        (None, Some(default)) => known.render(step, default).map(Some),
        (None, None) if source.optional => Ok(None),
        (None, None) => Err(missing(step, source)),
    }
}

fn missing(step: &StepCx<'_>, source: &ValueSource) -> Failure {
    let environment = &step.env.name;
    if let Some(name) = &source.secret {
        return Failure::new(Kind::Secrets, format!("there is no secret `{}`", name.0))
            .help(format!("run `infractl secrets set {environment} {}`", name.0));
    }
    let Some(name) = &source.output else {
        let name = source.var.as_deref().unwrap_or_default();
        return Failure::new(Kind::Config, format!("the variable `{name}` is not set"))
            .help(format!("set {name}, or give the key a `default`, or set `optional = true`"));
    };
    let outputs = step.facts.outputs.iter().flatten();
    let names: Vec<&str> = outputs.map(|(name, _)| name.as_str()).collect();
    let failure = Failure::new(Kind::Failed, format!("terraform gives no output `{name}`, or it is null"));
    let failure = match nearest(name, &names) {
        Some(near) => failure.help(format!("write `{near}`, if that was meant")),
        None => failure,
    };
    failure.help(if names.is_empty() {
        format!("run `infractl apply {environment}` first: there are no outputs yet")
    } else {
        format!("add the output `{name}` to the root module, or give the key a `default`, or set `optional = true`")
    })
}

/// What a dry run says of it.
pub(crate) fn describe(step: &StepCx<'_>, action: EnvFileStep) -> String {
    let path = crate::work::relative(step, &step.env.env_file.path);
    match action {
        EnvFileStep::Write => format!("# write {path} (mode 0600)"),
        EnvFileStep::Compare => format!("# compare {path} with the outputs"),
        EnvFileStep::Remove => format!("rm -f {}", shell_words::quote(&path)),
    }
}
