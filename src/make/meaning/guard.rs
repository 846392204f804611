//! Checks before the work: whether something is given, or there.

use crate::make::maker::Maker;
use crate::make::note::{At, Verdict};
use crate::make::shell::{Command, Simple, Statement};

/// Commands that look, talk or stop.
const ONLY_LOOK: [&str; 16] = [
    "test", "[", "[[", "echo", "printf", "exit", "command", "which", "type", "true", "false", "read", ":",
    "return", "hash", "usage",
];

/// It only looks, talks and stops.
pub(in crate::make) fn is_guard(statement: &Statement) -> bool {
    match &statement.command {
        Command::Simple(simple) => is_look(simple),
        Command::Group(inside) => inside.iter().all(is_guard),
        Command::If(branches) => branches
            .iter()
            .all(|(condition, body)| condition.iter().all(is_guard) && body.iter().all(is_guard)),
        _ => false,
    }
}

fn is_look(simple: &Simple) -> bool {
    let name = simple.words.first().and_then(|word| word.text());
    let is_known = name.is_some_and(|name| ONLY_LOOK.contains(&name));
    // `command -v x` looks, `command x` runs it.
    let runs = name == Some("command") && !simple.words.get(1).is_some_and(|word| word.starts_with("-v"));
    is_known && !runs && simple.redirects.iter().all(|(_, file)| crate::make::words::is_stream(file))
}

/// What follows behind `&&` is done only sometimes.
pub(in crate::make) fn decides(statement: &Statement) -> bool {
    let is_given = ["-n ", "command -v", "which "].iter().any(|word| statement.text.contains(word));
    is_guard(statement) && checks(statement) && !is_given
}

/// It tests something, or stops.
fn checks(statement: &Statement) -> bool {
    match &statement.command {
        Command::Simple(simple) => {
            let name = simple.words.first().and_then(|word| word.text()).unwrap_or_default();
            !matches!(name, "echo" | "printf" | ":" | "true")
        }
        Command::Group(inside) => inside.iter().any(checks),
        Command::If(_) => true,
        _ => false,
    }
}

/// Says what became of it.
pub(in crate::make) fn say(maker: &mut Maker<'_>, at: &At, statement: &Statement) {
    let text = &statement.text;
    if !checks(statement) {
        return maker.report.say(at, Verdict::Understood, "");
    }
    if text.contains("read ") {
        return maker.report.say(
            at,
            Verdict::Understood,
            "infractl asks by itself: `[safety]`, `protected = true`",
        );
    }
    let is_usual =
        ["-z ", "-n ", "-f ", "-d ", "-e ", "command -v", "which "].iter().any(|word| text.contains(word));
    if is_usual {
        maker.report.say(
            at,
            Verdict::Understood,
            "infractl refuses by itself what is not given or not there",
        );
    } else {
        let note = "a check of its own: `protected = true`, or `when` on a step, may be what it is for";
        maker.report.say(at, Verdict::Unsure, note);
    }
}
