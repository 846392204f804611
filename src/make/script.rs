//! From lines of shell to steps: what is understood becomes a step of its own kind, what is not stays a command.

use indexmap::IndexMap;
use toml::Value;

use super::chain;
use super::maker::Maker;
use super::marks;
use super::meaning::{self, Call, Meaning, guard, polling, secrets};
use super::note::{At, Verdict};
use super::settings::{Step, list, table};
use super::shell::{self, Command, Simple, Statement, Then};
use super::variables::{assign, environment, export, hide_secrets};
use super::words::{Origin, State, Whole, argument, is_stream, join, spliced};

/// Functions and scripts that call each other deeper than this do so in a circle.
const DEPTH: usize = 12;

/// The steps of one line of a recipe; an error when only make could tell what it is.
pub(super) fn recipe_line(
    maker: &mut Maker<'_>,
    at: &At,
    text: &str,
    state: &mut State,
) -> Result<Vec<Step>, marks::OnlyMake> {
    let origin = Origin { at: at.clone(), is_file: false };
    let (said, before) = (maker.settings.mark(), state.clone());
    if let Ok(statements) = shell::read(text)
        && let Ok(steps) = statements_of(maker, &statements, state, &origin)
        && steps.iter().any(|step| !is_command(step)) | steps.is_empty()
    {
        return Ok(steps);
    }
    maker.settings.rollback(said);
    *state = before;
    let text = hide_secrets(maker, at, text);
    let line = marks::shell(&text).ok_or(marks::OnlyMake)?;
    maker.report.say(at, Verdict::Kept, "");
    Ok(vec![Step::Own(command(Value::String(line.trim().to_owned()), state))])
}

fn is_command(step: &Step) -> bool {
    matches!(step, Step::Own(table) if table.contains_key("command"))
}

/// A step `command` with the folder and the variables of the shell.
fn command(run: Value, state: &State) -> toml::Table {
    let env: toml::Table =
        state.exports.iter().map(|(name, value)| (name.clone(), Value::String(value.clone()))).collect();
    if state.dir.is_empty() && env.is_empty() {
        return table([("command", run)]);
    }
    let mut inside = table([("run", run)]);
    if !state.dir.is_empty() {
        inside.insert("dir".to_owned(), Value::String(state.dir.clone()));
    }
    if !env.is_empty() {
        inside.insert("env".to_owned(), Value::Table(env));
    }
    table([("command", Value::Table(inside))])
}

/// The steps of commands, one after the other.
pub(super) fn statements_of(
    maker: &mut Maker<'_>,
    all: &[Statement],
    state: &mut State,
    origin: &Origin,
) -> Result<Vec<Step>, Whole> {
    let mut steps = Vec::new();
    let mut rest = all;
    while let Some(first) = rest.first() {
        let joined = |then: Then| matches!(then, Then::Or | Then::Pipe | Then::Background);
        // What belongs together: up to the first command that the next one simply follows.
        let mut length = rest.iter().take_while(|statement| joined(statement.then)).count() + 1;
        length = length.min(rest.len());
        let (chain, after) = rest.split_at(length);
        rest = after;
        if first.then == Then::Background {
            return Err(Whole);
        }
        // What depends on a test is no step of its own.
        if chain.len() == 1 && first.then == Then::And && guard::decides(first) {
            return Err(Whole);
        }
        let made = if chain.len() == 1 {
            statement(maker, first, state, origin)?
        } else {
            chain::chain(maker, chain, state, origin)?
        };
        steps.extend(made);
    }
    Ok(steps)
}

/// The steps of one command.
pub(super) fn statement(
    maker: &mut Maker<'_>,
    statement: &Statement,
    state: &mut State,
    origin: &Origin,
) -> Result<Vec<Step>, Whole> {
    let at = origin.line(statement.line);
    maker.report.say(&at, Verdict::Understood, "");
    match &statement.command {
        _ if guard::is_guard(statement) => {
            guard::say(maker, &at, statement);
            Ok(Vec::new())
        }
        Command::Simple(simple) => simple_command(maker, statement, simple, state, origin),
        Command::Function(name, body) => {
            state.functions.insert(name.clone(), body.clone());
            for inner in body {
                maker.report.say(&origin.line(inner.line), Verdict::Understood, "");
            }
            Ok(Vec::new())
        }
        Command::Group(inside) => {
            let mut inner = state.clone();
            statements_of(maker, inside, &mut inner, origin)
        }
        Command::While { .. } | Command::For { .. } => {
            let wait = polling::wait(maker, statement, state, &at).ok_or(Whole)?;
            Ok(vec![wait])
        }
        Command::If(_) | Command::Case => Err(Whole),
    }
}

fn simple_command(
    maker: &mut Maker<'_>,
    statement: &Statement,
    simple: &Simple,
    state: &mut State,
    origin: &Origin,
) -> Result<Vec<Step>, Whole> {
    let at = origin.line(statement.line);
    if simple.words.is_empty() {
        for (name, word) in &simple.assigns {
            assign(maker, state, &at, name, word, false);
        }
        return Ok(Vec::new());
    }
    let words = spliced(&simple.words, state);
    let known: Vec<Option<String>> = words.iter().map(|word| argument(word, state)).collect();
    let known = meaning::terraform::known_settings(maker, &at, &words, known);
    let name = known.first().cloned().flatten().unwrap_or_default();
    match name.as_str() {
        "cd" if words.len() == 2 => {
            let to = known[1].clone().and_then(|to| marks::plain(&to)).ok_or(Whole)?;
            state.dir = join(&state.dir, &to).ok_or(Whole)?;
            return Ok(Vec::new());
        }
        "export" | "declare" | "local" | "readonly" => {
            for word in words.iter().skip(1).filter(|word| !word.starts_with("-")) {
                export(maker, state, &at, word, name == "export")?;
            }
            return Ok(Vec::new());
        }
        "shift" => {
            state.args = state.args.split_off(1.min(state.args.len()));
            return Ok(Vec::new());
        }
        "set" | "trap" | "unset" | "return" | ":" | "true" | "pwd" | "shopt" | "umask" => {
            return Ok(Vec::new());
        }
        "echo" | "printf" if simple.redirects.iter().all(|(_, file)| is_stream(file)) => {
            return Ok(Vec::new());
        }
        _ => {}
    }
    if let Some(body) = state.functions.get(&name).cloned() {
        return call_function(maker, &body, &known, state, origin);
    }
    if let Some(steps) = secrets::sourced(maker, simple, &known, state, &at) {
        return Ok(steps);
    }
    let env = environment(maker, simple, state, &at)?;
    let out = simple.redirects.iter().find(|(operator, file)| operator.starts_with('>') && !is_stream(file));
    let has_input = simple.redirects.iter().any(|(operator, _)| operator.starts_with('<'));
    if let Some(words) = known.iter().cloned().collect::<Option<Vec<String>>>()
        && !has_input
        && !statement.is_negated
    {
        let out = out.map(|(_, file)| argument(file, state).ok_or(Whole)).transpose()?;
        let call = Call { words, env: env.clone(), dir: state.dir.clone(), out, at: at.clone() };
        let made = match meaning::of(maker, &call) {
            Some(Meaning::Steps(steps)) => Some(steps),
            Some(Meaning::Script { path, args }) => called(maker, &at, &path, &args, state),
            Some(Meaning::Lines { text, env }) => Some(lines(maker, &at, &text, env, state)?),
            None => None,
        };
        if let Some(steps) = made {
            return Ok(steps);
        }
    }
    keep(maker, statement, &known, simple, env, state, &at)
}

/// The command as it is, in the folder the shell is in.
fn keep(
    maker: &mut Maker<'_>,
    statement: &Statement,
    known: &[Option<String>],
    simple: &Simple,
    env: IndexMap<String, String>,
    state: &State,
    at: &At,
) -> Result<Vec<Step>, Whole> {
    // What changes the shell itself is lost in a step of its own.
    let program = known.first().cloned().flatten().unwrap_or_default();
    if matches!(
        program.as_str(),
        "." | "source" | "eval" | "pushd" | "popd" | "alias" | "ulimit" | "exec" | "wait" | "sleep" | ""
    ) {
        return Err(Whole);
    }
    let mut here = state.clone();
    here.exports = env;
    // Words that depend on what the shell knows are filled in: no shell reads them again.
    let run = if state.vars.is_empty() && state.args.is_empty() && simple.assigns.is_empty() {
        let text = hide_secrets(maker, at, &statement.text);
        Value::String(marks::shell(&text).ok_or(Whole)?)
    } else {
        let words: Option<Vec<String>> = known.iter().map(|word| marks::plain(word.as_deref()?)).collect();
        list(words.filter(|_| simple.redirects.is_empty()).ok_or(Whole)?)
    };
    maker.report.say(at, Verdict::Kept, "");
    Ok(vec![Step::Own(command(run, &here))])
}

fn call_function(
    maker: &mut Maker<'_>,
    body: &[Statement],
    known: &[Option<String>],
    state: &mut State,
    origin: &Origin,
) -> Result<Vec<Step>, Whole> {
    if state.depth >= DEPTH {
        return Err(Whole);
    }
    let args = known.iter().skip(1).cloned().collect::<Option<Vec<String>>>().ok_or(Whole)?;
    let before = std::mem::replace(&mut state.args, args);
    state.depth += 1;
    let steps = statements_of(maker, body, state, origin);
    state.depth -= 1;
    state.args = before;
    steps
}

/// Lines that are a word of a command.
fn lines(
    maker: &mut Maker<'_>,
    at: &At,
    text: &str,
    env: IndexMap<String, String>,
    state: &State,
) -> Result<Vec<Step>, Whole> {
    let all = shell::read(text).map_err(|_| Whole)?;
    let mut inner = State { exports: env, ..state.clone() };
    statements_of(maker, &all, &mut inner, &Origin { at: at.clone(), is_file: false })
}

/// A script that is called: its lines as steps, in a shell of its own; none when it stays a call.
fn called(maker: &mut Maker<'_>, at: &At, path: &str, args: &[String], state: &State) -> Option<Vec<Step>> {
    let text = (maker.files.read)(path)?;
    let is_script = marks::is_shell(path) || text.starts_with("#!") && text.lines().next()?.contains("sh");
    if !is_script || state.depth >= DEPTH {
        return None;
    }
    let origin = Origin { at: At { file: path.into(), line: 1 }, is_file: true };
    let text = marks::without(&text.replace('\r', ""));
    for (number, line) in text.lines().enumerate().filter(|(_, line)| super::load::says_something(line)) {
        maker.report.read(origin.line(number), line);
    }
    let mut inner = State {
        args: args.to_vec(),
        functions: IndexMap::new(),
        depth: state.depth + 1,
        script: Some(format!("{}/{path}", marks::ROOT)),
        ..state.clone()
    };
    let made =
        shell::read(&text).map_err(|_| Whole).and_then(|all| statements_of(maker, &all, &mut inner, &origin));
    if let Ok(steps) = made {
        for (number, _) in text.lines().enumerate() {
            maker.report.say(&origin.line(number), Verdict::Understood, "");
        }
        maker.report.say(at, Verdict::Understood, format!("`{path}` was read"));
        return Some(steps);
    }
    maker.report.say(at, Verdict::Kept, format!("`{path}` is called as it is"));
    maker.kept_script(path);
    None
}
