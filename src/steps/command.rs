//! A command on this machine: a list of arguments, or a line for `sh`.

use secrecy::ExposeSecret as _;

use crate::config::Environment;
use crate::config::model::{CommandTable, Invocation, Variables};
use crate::config::template::{Name, Rendered, Template, shown_value};
use crate::config::verbs::Effect;
use crate::exec::BoxFuture;
use crate::exec::{Cmd, Io, Value};
use crate::failure::{Failure, Kind};
use crate::tools::ssh::remote_shell::shell_words;
use crate::work::child::{self, OUTPUT_VARIABLE};
use crate::work::kind::{Mention, StepKind};
use crate::work::marked::marked;
use crate::work::script::Script;
use crate::work::values::{self, Known};
use crate::work::{StepCx, shown_in};
use regex::Regex;

/// Tells what a command refers to.
pub(crate) fn visit(command: &CommandTable, see: &mut dyn FnMut(Mention<'_>)) {
    command.templates().into_iter().for_each(|template| see(Mention::Template(template)));
    if let Some(start) = start(&command.run) {
        see(Mention::Starts(start));
    }
    if mentions_outputs(command) {
        see(Mention::Outputs);
    }
}

/// What it starts: a program, or a line of shell.
pub(super) fn start(run: &Invocation) -> Option<&str> {
    match run {
        Invocation::Shell(line) => Some(line.0.as_str()),
        Invocation::Argv(words) => words.first().map(|word| word.0.as_str()),
    }
}

/// A line of shell that reads a variable with an output.
fn mentions_outputs(command: &CommandTable) -> bool {
    match &command.run {
        Invocation::Shell(line) => line.0.as_str().contains(OUTPUT_VARIABLE),
        Invocation::Argv(words) => words.iter().any(|word| word.0.as_str().contains(OUTPUT_VARIABLE)),
    }
}

impl StepKind for CommandTable {
    fn visit(&self, _: &Environment, see: &mut dyn FnMut(Mention<'_>)) {
        visit(self, see);
        see(Mention::Program);
    }

    fn effect(&self) -> Option<Effect> {
        None
    }

    fn run<'a>(&'a self, step: &'a mut StepCx<'_>) -> BoxFuture<'a, Result<String, Failure>> {
        Box::pin(run(step, self))
    }

    fn describe(&self, step: &mut StepCx<'_>) -> Result<Vec<String>, Failure> {
        describe(step, self)
    }

    fn script(&self, step: &StepCx<'_>, script: &mut Script) -> Result<Vec<String>, Failure> {
        script_of(step, self, script)
    }
}

/// The same as a line of bash.
fn script_of(step: &StepCx<'_>, table: &CommandTable, script: &mut Script) -> Result<Vec<String>, Failure> {
    let mut cmd = build(step, table, &marked(step, table))?;
    // Those of the project are exported once; those of the step say where it is.
    cmd.env.retain(|name, _| table.env.contains_key(name) || name.starts_with("INFRACTL_STEP"));
    for name in mentioned_outputs(table) {
        let marker = format!("{{{{output.{}}}}}", name.to_lowercase());
        cmd.env.insert(child::output_variable(&name), Value::Plain(marker));
    }
    Ok(vec![script.command(step, &cmd)])
}

/// Outputs whose variables a line of shell reads.
fn mentioned_outputs(table: &CommandTable) -> Vec<String> {
    let texts: Vec<&str> = table.run.templates().into_iter().map(Template::as_str).collect();
    let text = texts.join(" ");
    let pattern = Regex::new(&format!("{OUTPUT_VARIABLE}([A-Z0-9_]+)"));
    pattern.iter().flat_map(|pattern| pattern.captures_iter(&text)).map(|found| found[1].to_owned()).collect()
}

/// Runs it to its end.
pub(crate) async fn run(step: &mut StepCx<'_>, command: &CommandTable) -> Result<String, Failure> {
    let cmd = build(step, command, &Known::of(step))?;
    let done = step.run(&cmd).await?;
    child::judge(step, &done)?;
    Ok(String::new())
}

/// The command with its words rendered and its environment.
pub(crate) fn build(step: &StepCx<'_>, command: &CommandTable, known: &Known) -> Result<Cmd, Failure> {
    let cmd = program(step, known, &command.run, "command")?;
    let dir = command.dir.as_ref().map_or(step.env.root.as_path(), |dir| dir.0.as_path());
    let cmd = child::equip(step, cmd.dir(dir), known);
    let cmd = given(step, known, cmd, &command.env, command.input.as_ref())?;
    Ok(if command.interactive { cmd.io(Io::Attach) } else { cmd })
}

/// What is run, its words rendered; `key` is what it is called where it is written.
pub(super) fn program(step: &StepCx<'_>, known: &Known, run: &Invocation, key: &str) -> Result<Cmd, Failure> {
    let words = match run {
        Invocation::Shell(line) => return Ok(shell(&shell_line(step, known, &line.0)?)),
        Invocation::Argv(words) => words.iter().map(|word| known.argument(step, &word.0)),
    };
    let words: Vec<String> = words.collect::<Result<_, _>>()?;
    let Some((program, args)) = words.split_first() else {
        return Err(Failure::new(Kind::Config, format!("`{}` has no program to run", step.name))
            .help(format!("write `{key} = [\"program\", \"argument\"]`")));
    };
    Ok(Cmd::new(program).args(args.iter().cloned()))
}

/// The same with the variables and the input that the project gives it.
pub(super) fn given(
    step: &StepCx<'_>,
    known: &Known,
    mut cmd: Cmd,
    env: &Variables,
    input: Option<&Template>,
) -> Result<Cmd, Failure> {
    for (name, template) in env {
        cmd.env.insert(name.clone(), values::input_value(known.render(step, template)?));
    }
    Ok(match input.map(|input| known.render(step, input)).transpose()? {
        None => cmd,
        Some(Rendered::Plain(text)) => cmd.input(text.into()),
        Some(Rendered::Secret(text)) => cmd.input(text),
    })
}

/// A text for the shell. One of several lines ends at the first line that fails.
fn shell(text: &str) -> Cmd {
    let [program, args @ ..] = shell_words(text);
    Cmd::new(program).args(args)
}

/// A line for the shell. What an output or a variable puts into it must mean nothing to the shell: whether it
/// stands in quotes there is not known here.
pub(super) fn shell_line(step: &StepCx<'_>, known: &Known, line: &Template) -> Result<String, Failure> {
    for name in line.names() {
        let placeholder = format!("{{{{{name}}}}}");
        let Ok(one) = Template::parse(&placeholder) else { continue };
        let value = known.argument(step, &one)?;
        let is_harmless = |c: char| c.is_alphanumeric() || "_-./:@%+=,".contains(c);
        if value != placeholder && !is_shown(name, &value) && !value.chars().all(is_harmless) {
            return Err(Failure::new(
                Kind::Config,
                format!("the value of `{placeholder}` holds characters that mean something to the shell"),
            )
            .help(format!("pass it as a variable: `env = {{ VALUE = \"{placeholder}\" }}` and `\"$VALUE\"`"))
            .help("write the command as a list: no shell reads it then"));
        }
    }
    known.argument(step, line)
}

/// What stands there in a dry run, for what is not known yet.
fn is_shown(name: &Name, value: &str) -> bool {
    matches!(name, Name::Value(name) if shown_value(name) == value)
}

/// What a dry run says: the command as one would type it. Its environment is named where the step declares it.
pub(crate) fn describe(step: &StepCx<'_>, command: &CommandTable) -> Result<Vec<String>, Failure> {
    let known = Known::shown(step, command);
    let mut cmd = build(step, command, &known)?;
    cmd.env.retain(|name, _| command.env.contains_key(name));
    let shown = shown_in(&cmd);
    Ok(vec![match &cmd.input {
        crate::exec::Input::Secret(text) if !text.expose_secret().is_empty() => format!("{shown} < INPUT"),
        _ => shown,
    }])
}
