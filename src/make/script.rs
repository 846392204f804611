//! From lines of shell to steps: what is understood becomes a step of its own kind, what is not stays a command.

use indexmap::IndexMap;
use toml::Value;

use super::maker::Maker;
use super::marks;
use super::meaning::{self, Call};
use super::note::{At, Verdict};
use super::secret;
use super::settings::{Step, list, table};
use super::shell::{self, Command, Piece, Simple, Statement, Then, Word};

/// Functions and scripts that call each other deeper than this do so in a circle.
const DEPTH: usize = 12;

/// A line that cannot be taken apart: it has to stay one command.
#[derive(Debug, Clone, Copy)]
pub(super) struct Whole;

/// What a shell knows while its lines are read.
#[derive(Debug, Clone, Default)]
pub(super) struct State {
    /// The folder it is in, relative to the project.
    pub dir: String,
    /// Its variables; none for a value that is not known.
    pub vars: IndexMap<String, Option<String>>,
    /// Variables that its programs see.
    pub exports: IndexMap<String, String>,
    /// `$1` and those that follow.
    pub args: Vec<String>,
    /// The script itself.
    script: Option<String>,
    /// The functions of a script.
    functions: IndexMap<String, Vec<Statement>>,
    depth: usize,
}

impl State {
    /// A shell in a folder of the project.
    pub(super) fn in_dir(dir: &str) -> State {
        State { dir: dir.to_owned(), ..State::default() }
    }
}

/// Where the lines stand: the first of them, and whether each of the text is one of the file.
#[derive(Debug, Clone)]
pub(super) struct Origin {
    pub at: At,
    pub is_file: bool,
}

impl Origin {
    fn line(&self, line: usize) -> At {
        let line = if self.is_file { self.at.line + line } else { self.at.line };
        At { file: self.at.file.clone(), line }
    }
}

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

/// A password in an address, or behind an option that says so, becomes a variable.
fn hide_secrets(maker: &mut Maker<'_>, at: &At, text: &str) -> String {
    let mut text = text.to_owned();
    let mut found: Vec<(String, String)> = Vec::new();
    if let Some(password) = secret::in_address(&text) {
        found.push(("PASSWORD".to_owned(), password.to_owned()));
    }
    for word in text.split_whitespace() {
        if let Some((name, value)) = word.split_once('=')
            && secret::is_secret(name, value)
            && !value.contains('$')
        {
            found.push((
                crate::text::upper_snake(name.trim_start_matches('-')),
                value.trim_matches(['"', '\'']).to_owned(),
            ));
        }
    }
    let words: Vec<&str> = text.split_whitespace().collect();
    for pair in words.windows(2) {
        if pair[0].starts_with("--") && secret::is_secret(pair[0], pair[1]) && !pair[1].starts_with('-') {
            let name = crate::text::upper_snake(pair[0].trim_start_matches('-'));
            found.push((name, pair[1].trim_matches(['"', '\'']).to_owned()));
        }
    }
    for (name, value) in found {
        maker.secret(at, &name, &value);
        text = text.replace(&format!("'{value}'"), &value).replace(&value, &marks::outer(&name, ""));
    }
    text
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
        if chain.len() == 1 && first.then == Then::And && meaning::guard::decides(first) {
            return Err(Whole);
        }
        let made = if chain.len() == 1 {
            statement(maker, first, state, origin)?
        } else {
            meaning::chain::chain(maker, chain, state, origin)?
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
        _ if meaning::guard::is_guard(statement) => {
            meaning::guard::say(maker, &at, statement);
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
            let wait = meaning::polling::wait(maker, statement, state, &at).ok_or(Whole)?;
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
    let name = known.first().cloned().flatten().unwrap_or_default();
    match name.as_str() {
        "cd" if words.len() == 2 => {
            let to = known[1].clone().and_then(|to| marks::plain(&to)).ok_or(Whole)?;
            state.dir = meaning::join(&state.dir, &to).ok_or(Whole)?;
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
    if let Some(steps) = meaning::secrets::sourced(maker, simple, &known, state, &at) {
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
        if let Some(steps) = meaning::of(maker, &call, state)? {
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

/// A script that is called: its lines as steps, in a shell of its own.
pub(super) fn called(
    maker: &mut Maker<'_>,
    path: &str,
    args: &[String],
    state: &State,
) -> Option<Result<Vec<Step>, Whole>> {
    let text = (maker.files.read)(path)?;
    let is_script = path.ends_with(".sh") || text.starts_with("#!") && text.lines().next()?.contains("sh");
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
    if made.is_ok() {
        for (number, _) in text.lines().enumerate() {
            maker.report.say(&origin.line(number), Verdict::Understood, "");
        }
    }
    Some(made)
}

fn assign(maker: &mut Maker<'_>, state: &mut State, at: &At, name: &str, word: &Word, is_exported: bool) {
    let value = argument(word, state);
    if let Some(text) = word.text().filter(|text| secret::is_secret(name, text)) {
        maker.secret(at, name, text);
        state.vars.insert(name.to_owned(), Some(marks::outer(name, "")));
        return;
    }
    if is_exported && let Some(value) = &value {
        state.exports.insert(name.to_owned(), value.clone());
    }
    state.vars.insert(name.to_owned(), value);
}

fn export(
    maker: &mut Maker<'_>,
    state: &mut State,
    at: &At,
    word: &Word,
    is_exported: bool,
) -> Result<(), Whole> {
    let Some(Piece::Text(first)) = word.0.first() else { return Err(Whole) };
    let Some((name, rest)) = first.split_once('=') else {
        // A name alone: what it holds is seen from now on.
        if let Some(Some(value)) = state.vars.get(first.as_str()).cloned() {
            state.exports.insert(first.clone(), value);
        }
        return Ok(());
    };
    let mut pieces = word.0.clone();
    pieces[0] = Piece::Text(rest.to_owned());
    if rest.is_empty() {
        pieces.remove(0);
    }
    let (name, word) = (name.to_owned(), Word(pieces));
    assign(maker, state, at, &name, &word, is_exported);
    let is_known = state.vars.get(&name).is_some_and(Option::is_some);
    if is_known || !is_exported { Ok(()) } else { Err(Whole) }
}

/// What a command sees besides what every one sees.
fn environment(
    maker: &mut Maker<'_>,
    simple: &Simple,
    state: &State,
    at: &At,
) -> Result<IndexMap<String, String>, Whole> {
    let mut env = state.exports.clone();
    for (name, word) in &simple.assigns {
        if let Some(text) = word.text().filter(|text| secret::is_secret(name, text)) {
            maker.secret(at, name, text);
            continue;
        }
        let value = argument(word, state).and_then(|value| marks::plain(&value)).ok_or(Whole)?;
        env.insert(name.clone(), value);
    }
    Ok(env)
}

/// Words with `"$@"` replaced by what it stands for.
fn spliced(words: &[Word], state: &State) -> Vec<Word> {
    let mut all = Vec::new();
    for word in words {
        match word.0.as_slice() {
            [Piece::Variable(name, _)] if (name == "@" || name == "*") && !state.args.is_empty() => {
                all.extend(state.args.iter().map(|arg| Word(vec![Piece::Text(arg.clone())])));
            }
            _ => all.push(word.clone()),
        }
    }
    all
}

/// What a word is, as far as it is known.
pub(super) fn argument(word: &Word, state: &State) -> Option<String> {
    let mut text = String::new();
    for piece in &word.0 {
        match piece {
            Piece::Text(part) => text.push_str(part),
            Piece::Variable(name, default) => text.push_str(&variable(name, default.as_deref(), state)?),
            Piece::Command(command) => text.push_str(&meaning::output_of(command, state)?),
            Piece::Other => return None,
        }
    }
    (!text.contains(marks::OPAQUE)).then_some(text)
}

fn variable(name: &str, default: Option<&str>, state: &State) -> Option<String> {
    if name == "0" {
        return state.script.clone();
    }
    if let Ok(number) = name.parse::<usize>() {
        let given = state.args.get(number.wrapping_sub(1)).cloned();
        return given.or_else(|| default.map(str::to_owned));
    }
    if !super::expand::is_shell_name(name) {
        return None;
    }
    match state.vars.get(name) {
        Some(value) => value.clone(),
        None if name == "PWD" => Some(format!("{}/{}", marks::ROOT, state.dir)),
        None if name == "BASH_SOURCE" => state.script.clone(),
        None => Some(marks::outer(name, default.filter(|text| !text.contains('$')).unwrap_or_default())),
    }
}

/// A redirect that only hides what is said.
pub(super) fn is_stream(file: &Word) -> bool {
    file.text()
        .is_some_and(|text| text == "/dev/null" || matches!(text, "1" | "2" | "/dev/stderr" | "/dev/stdout"))
}
