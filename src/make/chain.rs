//! Commands that belong together: `a || b`, `a | b`.

use super::maker::Maker;
use super::marks;
use super::meaning::{Call, guard, secrets, terraform};
use super::note::Verdict;
use super::script::statement;
use super::settings::Step;
use super::shell::{Command, Simple, Statement, Then};
use super::words::{Origin, State, Whole, argument};

/// The steps of commands with `||` and `|` between them.
pub(super) fn chain(
    maker: &mut Maker<'_>,
    all: &[Statement],
    state: &mut State,
    origin: &Origin,
) -> Result<Vec<Step>, Whole> {
    let at = origin.at.clone();
    if all.iter().all(guard::is_guard) {
        for statement in all {
            guard::say(maker, &at, statement);
        }
        return Ok(Vec::new());
    }
    let last = all.last().ok_or(Whole)?;
    let pipes = all[..all.len() - 1].iter().all(|statement| statement.then == Then::Pipe);
    if pipes {
        return pipe(maker, all, state, origin);
    }
    let [first, second] = all else { return Err(Whole) };
    if first.then != Then::Or {
        return Err(Whole);
    }
    // Select a workspace, or make it.
    let is_workspace = |statement: &Statement| statement.text.contains("workspace ");
    if is_workspace(first) && is_workspace(second) {
        return statement(maker, first, state, origin);
    }
    let steps = statement(maker, first, state, origin)?;
    if !guard::is_guard(last) {
        return Err(Whole);
    }
    if last.text.contains("exit") || last.text.contains("false") {
        return Ok(steps);
    }
    // It may fail.
    let may_fail = |step: Step| {
        let mut table = step.table();
        table.insert("on-failure".to_owned(), "continue".into());
        Step::Own(table)
    };
    Ok(steps.into_iter().map(may_fail).collect())
}

fn pipe(
    maker: &mut Maker<'_>,
    all: &[Statement],
    state: &mut State,
    origin: &Origin,
) -> Result<Vec<Step>, Whole> {
    let (Some(first), Some(last)) = (all.first(), all.last()) else { return Err(Whole) };
    let (Command::Simple(one), Command::Simple(end)) = (&first.command, &last.command) else {
        let text: Vec<&str> = all.iter().map(|statement| statement.text.as_str()).collect();
        return secrets::exported_in_loop(maker, &text.join(" | "), state, &origin.at);
    };
    let words = words(one, state).ok_or(Whole)?;
    let program =
        words.first().map(|word| word.rsplit('/').next().unwrap_or(word).to_owned()).unwrap_or_default();
    let is_output = words.iter().any(|word| word == "output");
    if is_output
        && matches!(program.as_str(), "terraform" | "tofu")
        && let Some((_, file)) = end.redirects.iter().find(|(operator, _)| operator.starts_with('>'))
    {
        let out = argument(file, state).ok_or(Whole)?;
        let at = origin.at.clone();
        let call = Call { words, env: state.exports.clone(), dir: state.dir.clone(), out: None, at };
        return terraform::environment_file(maker, &call, &out).ok_or(Whole);
    }
    let shows = end.words.first().and_then(|word| word.text()).unwrap_or_default();
    if all.len() == 2 && matches!(shows, "tee" | "cat" | "less" | "more") && end.redirects.is_empty() {
        let note = format!("`{shows}` is left out: infractl keeps what was said, see `infractl history`");
        let steps = statement(maker, first, state, origin)?;
        maker.report.say(&origin.at, Verdict::Unsure, note);
        return Ok(steps);
    }
    Err(Whole)
}

fn words(simple: &Simple, state: &State) -> Option<Vec<String>> {
    simple.words.iter().map(|word| marks::plain(&argument(word, state)?)).collect()
}
