//! A command on this machine: a list of arguments, or a line for `sh`.

use std::path::Path;

use secrecy::ExposeSecret as _;

use crate::config::model::{CommandTable, Run};
use crate::config::template::{Rendered, Template};
use crate::exec::{Cmd, Done, Io, Value};
use crate::failure::{Failure, Kind};
use crate::tools::ssh::remote_shell::shell_words;
use crate::work::needs::OUTPUT_VARIABLE;
use crate::work::values::{self, Known, text};
use crate::work::{StepCx, shown_in};

/// An output that is longer does not become a variable: no program could be started with it.
const LONGEST: usize = 100_000;

/// Runs it to its end.
pub(crate) async fn run(step: &mut StepCx<'_>, command: &CommandTable) -> Result<String, Failure> {
    let cmd = build(step, command, &Known::of(step))?;
    let done = step.run(&cmd).await?;
    judge(step, &done)?;
    Ok(String::new())
}

/// Success, or why not.
pub(crate) fn judge(step: &StepCx<'_>, done: &Done) -> Result<(), Failure> {
    if done.interrupted {
        return Err(step.interrupted(format!("`{}` of `{}` was stopped", step.name, step.env.name)));
    }
    if done.code == 0 {
        return Ok(());
    }
    let heading = format!("`{}` of `{}` ended with exit code {}", step.name, step.env.name, done.code);
    Err(match done.tail.lines().rev().find(|line| !line.trim().is_empty()) {
        Some(last) => Failure::new(Kind::Failed, last.trim()).context(heading),
        None => Failure::new(Kind::Failed, heading),
    })
}

/// The command with its words rendered and its environment.
pub(crate) fn build(step: &StepCx<'_>, command: &CommandTable, known: &Known) -> Result<Cmd, Failure> {
    let cmd = match &command.run {
        Run::Shell(line) => shell(&shell_line(step, known, &line.0)?),
        Run::Argv(words) => {
            let words: Vec<String> =
                words.iter().map(|word| known.argument(step, &word.0)).collect::<Result<_, _>>()?;
            let Some((program, args)) = words.split_first() else {
                return Err(Failure::new(Kind::Config, format!("`{}` has no program to run", step.name))
                    .help("write `command = [\"program\", \"argument\"]`"));
            };
            Cmd::new(program).args(args.iter().cloned())
        }
    };
    let dir = command.dir.as_ref().map_or(step.env.root.as_path(), |dir| dir.0.as_path());
    let mut cmd = equip(step, cmd.dir(dir), known);
    for (name, template) in &command.env {
        cmd.env.insert(name.clone(), values::input_value(known.render(step, template)?));
    }
    if let Some(input) = &command.input {
        cmd = cmd.input(match known.render(step, input)? {
            Rendered::Plain(text) => text.into(),
            Rendered::Secret(text) => text,
        });
    }
    Ok(if command.interactive { cmd.io(Io::Attach) } else { cmd })
}

/// A text for the shell. One of several lines ends at the first line that fails.
pub(super) fn shell(text: &str) -> Cmd {
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
        if value != placeholder && !value.chars().all(is_harmless) {
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

/// The environment of a command: secrets it may see, variables of `[terraform]`, outputs, where it runs.
pub(super) fn equip(step: &StepCx<'_>, mut cmd: Cmd, known: &Known) -> Cmd {
    for (name, value) in step.secret_variables() {
        cmd = cmd.secret(name, value);
    }
    if let Some(terraform) = &step.env.terraform {
        // What names a secret that the step may not see, or an output that is not there, is left out.
        let scope = known.scope(step);
        for (name, input) in &terraform.vars {
            if let Ok(rendered) = input.render(&scope) {
                cmd.env.insert(format!("TF_VAR_{name}"), values::input_value(rendered));
            }
        }
        for (name, template) in &terraform.env {
            if let Ok(rendered) = template.render(&scope) {
                cmd.env.insert(name.clone(), values::input_value(rendered));
            }
        }
    }
    for (name, output) in step.facts.outputs.iter().flatten() {
        let value = text(&output.value);
        if value.len() > LONGEST || value.contains('\0') {
            continue;
        }
        match (output.sensitive, &step.frame.secrets) {
            (false, _) => {
                cmd.env.insert(output_variable(name), Value::Plain(value));
            }
            (true, None) => {
                cmd.env.insert(output_variable(name), Value::Secret(value.into()));
            }
            (true, Some(_)) => {}
        }
    }
    for (name, value) in variables(step) {
        cmd.env.insert(name, Value::Plain(value));
    }
    cmd
}

/// `INFRACTL_OUTPUT_BACKEND_IP` for `backend_ip`.
pub(crate) fn output_variable(output: &str) -> String {
    format!("{OUTPUT_VARIABLE}{}", crate::text::upper_snake(output))
}

/// Tells an infractl that a step starts what it is started by.
pub(crate) const WITHIN: &str = "INFRACTL_WITHIN";

/// What runs above, innermost last: `dev/up:dev/deploy`.
fn within(above: Option<&str>, environment: &str, verb: &str) -> String {
    let own = format!("{environment}/{verb}");
    match above {
        Some(above) if !above.is_empty() => format!("{above}:{own}"),
        _ => own,
    }
}

/// Whether this verb on this environment already runs above us.
pub(crate) fn is_within(above: Option<&str>, environment: &str, verb: &str) -> bool {
    let own = format!("{environment}/{verb}");
    above.is_some_and(|above| above.split(':').any(|known| known == own))
}

/// Where a command runs, as variables of its environment.
pub(crate) fn variables(step: &StepCx<'_>) -> Vec<(String, String)> {
    let frame = &step.frame;
    let root: &Path = &step.env.root;
    let mut all = vec![
        ("INFRACTL_ENVIRONMENT".to_owned(), step.env.name.clone()),
        // An infractl that the command starts works on the same environment and project.
        ("INFRACTL_ENV".to_owned(), step.env.name.clone()),
        ("INFRACTL_DIR".to_owned(), root.to_string_lossy().into_owned()),
        ("INFRACTL_PROJECT".to_owned(), step.env.project.clone()),
        ("INFRACTL_VERB".to_owned(), frame.verb.clone()),
        ("INFRACTL_STEP".to_owned(), step.name.to_owned()),
        ("INFRACTL_STEP_NUMBER".to_owned(), frame.number.to_string()),
        ("INFRACTL_ATTEMPT".to_owned(), frame.attempt.max(1).to_string()),
        ("INFRACTL_ENV_FILE".to_owned(), step.env.env_file.path.to_string_lossy().into_owned()),
    ];
    all.push((WITHIN.to_owned(), within(step.cx.vars.get(WITHIN), &step.env.name, &frame.verb)));
    all.extend(frame.vars.iter().cloned());
    all
}

/// What a dry run says: the command as one would type it. Its environment is named where the step declares it.
pub(crate) fn describe(step: &StepCx<'_>, command: &CommandTable) -> Result<Vec<String>, Failure> {
    let known = Known::shown(step, &super::Work::Command(command.clone()));
    let mut cmd = build(step, command, &known)?;
    cmd.env.retain(|name, _| command.env.contains_key(name));
    let shown = shown_in(&cmd);
    Ok(vec![match &cmd.input {
        crate::exec::Input::Secret(text) if !text.expose_secret().is_empty() => format!("{shown} < INPUT"),
        _ => shown,
    }])
}
