//! Print the outputs of an environment.

use std::cell::RefCell;

use clap::ValueEnum;
use clap_complete::engine::ArgValueCandidates;
use indexmap::IndexMap;
use serde_json::{Map, Value as Json};

use super::part::Part;
use super::planned::{Planned, planned};
use super::several::Targets;
use super::{Global, complete, target};
use crate::config::Environment;
use crate::context::Ctx;
use crate::failure::{Failure, Kind};
use crate::files::dotenv::{self, Dialect};
use crate::pipeline::engine;
use crate::pipeline::many::Ended;
use crate::pipeline::plan::Verb;
use crate::text;
use crate::tools::terraform::Output;
use crate::work::values;

/// Print the outputs of an environment
#[derive(Debug, clap::Args)]
pub struct OutputArgs {
    #[command(flatten)]
    target: Targets,
    /// Only this output
    #[arg(add = ArgValueCandidates::new(complete::outputs))]
    name: Option<String>,
    /// How to write them; `text` hides sensitive values unless one output is named
    #[arg(long, value_enum, default_value_t = Format::Text, value_name = "FORMAT")]
    format: Format,
    /// Print the value of NAME as it is, without a newline
    #[arg(long, requires = "name", conflicts_with = "format")]
    raw: bool,
}

/// Forms of outputs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// `name = value`, for people.
    Text,
    /// One JSON object, values as terraform has them.
    Json,
    /// `NAME=value` lines in the `compose` dialect.
    Dotenv,
    /// `export NAME='value'` lines for bash and sh.
    Shell,
    /// Lines for `$GITHUB_OUTPUT`; sensitive values are registered as masks on standard error.
    Github,
    /// `NAME=value` lines for a GitLab dotenv report.
    Gitlab,
    /// Azure Pipelines logging commands.
    Azure,
}

/// Runs it.
pub(crate) async fn run(cx: &Ctx, global: &Global, args: &OutputArgs) -> Result<(), Failure> {
    if args.target.are_several() {
        return several(cx, global, args).await;
    }
    let options = target::options(global, &[]);
    let plan = |env: &Environment| planned(cx, env, &Verb::Output, &Part::default(), &options);
    let work = async |_: &Global, env: &Environment, planned: Planned| {
        one(cx, global, args, env, &planned).await.map(|()| Ended::default())
    };
    args.target.run(cx, global, "output", plan, work).await
}

async fn read(
    cx: &Ctx,
    global: &Global,
    env: &Environment,
    planned: &Planned,
) -> Result<IndexMap<String, Output>, Failure> {
    let facts = engine::run(cx, env, &planned.selected, &target::options(global, &[])).await?;
    Ok(facts.outputs.unwrap_or_default())
}

/// All outputs of several environments: one object by environment, or lines that begin with its name.
async fn several(cx: &Ctx, global: &Global, args: &OutputArgs) -> Result<(), Failure> {
    if !matches!(args.format, Format::Text | Format::Json) {
        args.target.one_only("--format", "use `--format json`: one object by environment")?;
    }
    let found = RefCell::new(Vec::new());
    let options = target::options(global, &[]);
    let plan = |env: &Environment| planned(cx, env, &Verb::Output, &Part::default(), &options);
    let work = async |_: &Global, env: &Environment, planned: Planned| {
        let outputs = read(cx, global, env, &planned).await?;
        found.borrow_mut().push((env.name.clone(), outputs));
        Ok(Ended::default())
    };
    let result = args.target.run(cx, global, "output", plan, work).await;
    if global.dry_run {
        return result;
    }
    let mut found = found.into_inner();
    found.sort_by(|a, b| a.0.cmp(&b.0));
    let text = if args.format == Format::Json {
        let value = |outputs: IndexMap<String, Output>| {
            Json::Object(outputs.into_iter().map(|(name, output)| (name, output.value)).collect())
        };
        format!(
            "{:#}\n",
            Json::Object(found.into_iter().map(|(name, outputs)| (name, value(outputs))).collect())
        )
    } else {
        let lines = |(name, outputs): &(String, IndexMap<String, Output>)| -> String {
            as_text(outputs, false).lines().fold(String::new(), |text, line| text + name + ": " + line + "\n")
        };
        found.iter().map(lines).collect()
    };
    cx.ui.data(text.as_bytes())?;
    result
}

async fn one(
    cx: &Ctx,
    global: &Global,
    args: &OutputArgs,
    env: &Environment,
    planned: &Planned,
) -> Result<(), Failure> {
    let mut outputs = read(cx, global, env, planned).await?;
    if global.dry_run {
        return Ok(());
    }
    if let Some(name) = &args.name {
        let Some(output) = outputs.shift_remove(name) else {
            return Err(unknown(&env.name, name, &outputs));
        };
        if args.raw {
            return cx.ui.data(values::text(&output.value).as_bytes());
        }
        outputs = IndexMap::from([(name.clone(), output)]);
    }
    let text = match args.format {
        Format::Text => as_text(&outputs, args.name.is_some()),
        Format::Json => as_json(&outputs, args.name.as_deref()),
        Format::Dotenv => in_dialect(&outputs, Dialect::Compose, "")?,
        Format::Shell => in_dialect(&outputs, Dialect::Shell, "export ")?,
        Format::Gitlab => in_dialect(&outputs, Dialect::Docker, "")?,
        Format::Github => as_github(cx, &outputs),
        Format::Azure => as_azure(&outputs),
    };
    cx.ui.data(text.as_bytes())
}

fn unknown(environment: &str, name: &str, outputs: &IndexMap<String, Output>) -> Failure {
    let names: Vec<&str> = outputs.keys().map(String::as_str).collect();
    if names.is_empty() {
        return Failure::new(Kind::Usage, format!("`{environment}` has no output `{name}`"))
            .help(format!("run `infractl apply {environment}` first: there are no outputs yet"));
    }
    let failure = Failure::new(Kind::Usage, format!("`{environment}` has no output `{name}`, or it is null"));
    match text::nearest(name, &names) {
        Some(near) => failure.help(format!("write `{near}`, if that was meant")),
        None => failure.help(format!("name one of {}", text::list(&names, "or"))),
    }
}

fn as_text(outputs: &IndexMap<String, Output>, is_named: bool) -> String {
    let line = |(name, output): (&String, &Output)| match (is_named, output.sensitive) {
        (true, _) => format!("{}\n", values::text(&output.value)),
        (false, true) => format!("{name} = <sensitive>\n"),
        (false, false) => format!("{name} = {}\n", output.value),
    };
    outputs.iter().map(line).collect()
}

fn as_json(outputs: &IndexMap<String, Output>, name: Option<&str>) -> String {
    let value = match name.and_then(|name| outputs.get(name)) {
        Some(output) => output.value.clone(),
        None => Json::Object(
            outputs.iter().map(|(name, output)| (name.clone(), output.value.clone())).collect::<Map<_, _>>(),
        ),
    };
    format!("{value:#}\n")
}

fn in_dialect(outputs: &IndexMap<String, Output>, dialect: Dialect, before: &str) -> Result<String, Failure> {
    let mut text = String::new();
    for (name, output) in outputs {
        let line = dotenv::encode(dialect, &text::upper_snake(name), &values::text(&output.value)).map_err(
            |refusal| {
                Failure::new(Kind::Config, format!("output `{name}`: {refusal}"))
                    .help("use `--format json`, or `infractl exec`, where every value fits")
            },
        )?;
        text.push_str(before);
        text.push_str(line.trim_end_matches('\n'));
        text.push('\n');
    }
    Ok(text)
}

/// A delimiter that is not in the value keeps every line of it inside.
fn as_github(cx: &Ctx, outputs: &IndexMap<String, Output>) -> String {
    let mut text = String::new();
    for (name, output) in outputs {
        let value = values::text(&output.value);
        if output.sensitive && cx.vars.get("GITHUB_ACTIONS") == Some("true") {
            for line in value.lines().filter(|line| !line.trim().is_empty()) {
                cx.ui.command(&format!("::add-mask::{}", line.replace('%', "%25").replace('\r', "%0D")));
            }
        }
        let mut end = String::from("INFRACTL_END");
        while value.contains(&end) {
            end.push('_');
        }
        text.push_str(&format!("{name}<<{end}\n{value}\n{end}\n"));
    }
    text
}

fn as_azure(outputs: &IndexMap<String, Output>) -> String {
    let escaped = |text: &str| {
        text.replace('%', "%AZP25").replace('\r', "%0D").replace('\n', "%0A").replace(']', "%5D")
    };
    let line = |(name, output): (&String, &Output)| {
        let secret = if output.sensitive { ";issecret=true" } else { "" };
        let value = values::text(&output.value);
        format!("##vso[task.setvariable variable={}{secret}]{}\n", text::upper_snake(name), escaped(&value))
    };
    outputs.iter().map(line).collect()
}
