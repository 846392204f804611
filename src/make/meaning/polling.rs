//! Loops that ask again and again: `until …; do sleep …; done`, `for i in …; do … && break; sleep …; done`.

use toml::{Table, Value};

use super::call::{Call, Options};
use super::remote;
use crate::make::maker::Maker;
use crate::make::marks;
use crate::make::note::{At, Verdict};
use crate::make::settings::{Step, table};
use crate::make::shell::{Command, Piece, Statement, Then, Word};
use crate::make::words::join;
use crate::make::words::{State, argument};

/// How often a loop that says no number is tried.
const ATTEMPTS: i64 = 60;

/// The step that a loop means; none when it does something else than waiting.
pub(in crate::make) fn wait(
    maker: &mut Maker<'_>,
    statement: &Statement,
    state: &State,
    at: &At,
) -> Option<Step> {
    let (condition, attempts, body) = match &statement.command {
        Command::While { is_until, condition, body } => {
            let [asked] = condition.as_slice() else { return None };
            // `while !` and `until` are the same.
            (*is_until != asked.is_negated).then_some(())?;
            (asked.clone(), limit(&statement.text), body.as_slice())
        }
        Command::For { words, body } => {
            let attempts = count(words)?;
            let asked = asked_in(body)?;
            (asked, Some(attempts), body.as_slice())
        }
        _ => return None,
    };
    let every = body.iter().find_map(slept).unwrap_or(1);
    let is_waiting = body.iter().all(|statement| waits(statement) || is_asking(statement, &condition));
    if !is_waiting {
        return None;
    }
    let mut inside = asked(maker, &condition, state, at)?;
    if attempts.is_none() {
        maker.report.say(
            at,
            Verdict::Unsure,
            format!("it would wait without end: {ATTEMPTS} attempts are proposed"),
        );
    }
    maker.report.say(at, Verdict::Understood, "wait");
    inside.insert("attempts".to_owned(), attempts.unwrap_or(ATTEMPTS).into());
    inside.insert("every".to_owned(), format!("{every}s").into());
    Some(Step::Own(inside))
}

/// How often a loop goes around: `$(seq 1 15)`, `{1..15}`, `1 2 3`.
fn count(words: &[Word]) -> Option<i64> {
    if let [Word(pieces)] = words {
        match pieces.as_slice() {
            [Piece::Command(command)] => {
                let numbers: Vec<i64> = command
                    .strip_prefix("seq ")?
                    .split_whitespace()
                    .map(|word| word.parse().ok())
                    .collect::<Option<_>>()?;
                return match numbers.as_slice() {
                    [last] => Some(*last),
                    [first, last] => Some(last - first + 1),
                    _ => None,
                }
                .filter(|count| (1..=100_000).contains(count));
            }
            [Piece::Text(text)] if text.contains("..") => {
                let (first, last) = text.trim_matches(['{', '}']).split_once("..")?;
                let count = last.parse::<i64>().ok()?.checked_sub(first.parse().ok()?)?.checked_add(1)?;
                return Some(count).filter(|count| (1..=100_000).contains(count));
            }
            _ => {}
        }
    }
    let is_number = |word: &Word| word.text().is_some_and(|text| text.parse::<u32>().is_ok());
    (!words.is_empty() && words.iter().all(is_number)).then(|| i64::try_from(words.len()).unwrap_or(1))
}

/// A number that the loop compares with: `[ $n -ge 30 ]`.
fn limit(text: &str) -> Option<i64> {
    let at = ["-ge ", "-gt ", "-eq ", "-lt ", "-le "]
        .iter()
        .find_map(|word| Some(text.find(word)? + word.len()))?;
    let digits: String =
        text[at..].trim_start_matches('"').chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok().filter(|count| (1..=100_000).contains(count))
}

/// What a `for` asks: `ask && break`, or `if ask; then break; fi`.
fn asked_in(body: &[Statement]) -> Option<Statement> {
    let leaves = |statement: &Statement| {
        let first = statement.text.split_whitespace().next().unwrap_or_default();
        matches!(first, "break" | "exit" | "return")
            || statement.text.starts_with('{') && statement.text.contains("break")
    };
    for (at, statement) in body.iter().enumerate() {
        if statement.then == Then::And && body.get(at + 1).is_some_and(leaves) {
            return Some(statement.clone());
        }
        if let Command::If(branches) = &statement.command
            && let [(condition, then), rest @ ..] = branches.as_slice()
            && let [asked] = condition.as_slice()
            && then.iter().any(leaves)
            && rest.iter().all(|(_, body)| body.iter().all(waits))
        {
            return Some(asked.clone());
        }
    }
    None
}

fn is_asking(statement: &Statement, asked: &Statement) -> bool {
    statement.text == asked.text
        || matches!(&statement.command, Command::If(_)) && statement.text.contains(&asked.text)
}

/// The seconds of a `sleep`.
fn slept(statement: &Statement) -> Option<i64> {
    let text = statement.text.strip_prefix("sleep ")?;
    text.trim().trim_end_matches('s').parse().ok().filter(|seconds| (1..=86_400).contains(seconds))
}

/// It sleeps, talks, counts, or gives up.
fn waits(statement: &Statement) -> bool {
    let first = statement.text.split_whitespace().next().unwrap_or_default();
    match &statement.command {
        Command::Simple(simple) if simple.words.is_empty() => true,
        Command::Simple(_) => {
            let talks = [
                "sleep", "echo", "printf", "break", "exit", "continue", "true", ":", "return", "test", "[",
                "[[", "let",
            ];
            talks.contains(&first) || first.starts_with("((")
        }
        Command::If(branches) => branches.iter().all(|(_, body)| body.iter().all(waits)),
        Command::Group(inside) => inside.iter().all(waits),
        _ => false,
    }
}

/// What is waited for, as a step without its numbers.
fn asked(maker: &mut Maker<'_>, statement: &Statement, state: &State, at: &At) -> Option<Table> {
    let Command::Simple(simple) = &statement.command else { return command(statement, state) };
    let words: Option<Vec<String>> = simple.words.iter().map(|word| argument(word, state)).collect();
    let Some(words) = words else { return command(statement, state) };
    let call = Call { words, env: state.exports.clone(), dir: state.dir.clone(), out: None, at: at.clone() };
    let wait = match call.words.first()?.as_str() {
        "ssh" => on_host(maker, &call),
        "nc" => port(maker, &call),
        "curl" | "wget" => address(maker, &call).map(|url| table([("http", url.into())])),
        "test" | "[" => file(maker, &call),
        _ => None,
    };
    match wait {
        Some(wait) => Some(table([("wait", Value::Table(wait))])),
        None => command(statement, state),
    }
}

/// Any command that ends with 0.
fn command(statement: &Statement, state: &State) -> Option<Table> {
    if !state.vars.is_empty() || !state.args.is_empty() {
        return None;
    }
    let line = marks::shell(&statement.text)?;
    let run: Value = if state.dir.is_empty() {
        line.into()
    } else {
        Value::Table(table([("run", line.into()), ("dir", state.dir.as_str().into())]))
    };
    Some(table([("wait", Value::Table(table([("command", run)])))]))
}

/// A login that works, a file that is there, or a command that ends with 0 on a host.
fn on_host(maker: &mut Maker<'_>, call: &Call) -> Option<Table> {
    let login = remote::login(maker, call)?;
    let line = login.rest.join(" ");
    let words: Vec<&str> = line.split_whitespace().collect();
    let host: Value = login.name.into();
    Some(match words.as_slice() {
        [] | ["true" | "exit" | ":" | "uptime" | "echo" | "hostname", ..] => table([("ssh", host)]),
        ["test", "-f" | "-e", path] | ["[", "-f" | "-e", path, "]"] => {
            table([("file", maker.plain(&call.at, path)?.into()), ("host", host)])
        }
        _ => table([("command", maker.plain(&call.at, &line)?.into()), ("host", host)]),
    })
}

fn port(maker: &mut Maker<'_>, call: &Call) -> Option<Table> {
    let mut words: Vec<&String> = Vec::new();
    let mut options = Options::new(&call.words[1..]);
    while let Some((word, value)) = options.next() {
        match word {
            "-w" | "-G" => drop(options.value(value)?),
            _ if word.starts_with('-') => {}
            _ => words.push(call.words.iter().find(|known| *known == word)?),
        }
    }
    let [host, port] = words.as_slice() else { return None };
    let place = maker.plain(&call.at, &format!("{host}:{port}"))?;
    Some(table([("tcp", place.into())]))
}

/// The address that `curl` or `wget` asks; none when it does more than asking.
fn address(maker: &mut Maker<'_>, call: &Call) -> Option<String> {
    let mut url = None;
    let mut options = Options::new(&call.words[1..]);
    while let Some((word, value)) = options.next() {
        match word {
            "-o" | "--output" | "-O" if value.is_none() => {
                (options.value(None)? == "/dev/null").then_some(())?;
            }
            "-m" | "--max-time" | "--connect-timeout" | "--retry" | "--retry-delay" | "--retry-max-time" => {
                options.value(value)?;
            }
            "--retry-connrefused"
            | "--retry-all-errors"
            | "--fail"
            | "--silent"
            | "--show-error"
            | "--quiet"
            | "--spider" => {}
            _ if word.starts_with("--") => return None,
            _ if word.starts_with('-') => word[1..].chars().all(|c| "fsSqI".contains(c)).then_some(())?,
            _ if url.is_some() => return None,
            _ => url = Some(word),
        }
    }
    let url = maker.plain(&call.at, url?)?;
    let url = if url.contains("://") { url } else { format!("http://{url}") };
    (!url.contains('@')).then_some(url)
}

fn file(maker: &mut Maker<'_>, call: &Call) -> Option<Table> {
    let words: Vec<&str> = call.words.iter().map(String::as_str).collect();
    let ["test" | "[", "-f" | "-e" | "-s", path, ..] = words.as_slice() else { return None };
    let path = join(&call.dir, &maker.plain(&call.at, path)?)?;
    Some(table([("file", path.into())]))
}

/// `curl --retry 10 --retry-delay 3 address`.
pub(in crate::make) fn curl(maker: &mut Maker<'_>, call: &Call) -> Option<Vec<Step>> {
    let number = |name: &str| {
        let at = call.words.iter().position(|word| word == name || word.starts_with(&format!("{name}=")))?;
        let value = call.words[at]
            .split_once('=')
            .map_or_else(|| call.words.get(at + 1).map(String::as_str), |(_, value)| Some(value));
        value?.parse::<i64>().ok().filter(|number| (1..=100_000).contains(number))
    };
    let attempts = number("--retry")?;
    if call.out.is_some() {
        return None;
    }
    let url = address(maker, call)?;
    let mut step = table([("wait", Value::Table(table([("http", url.into())])))]);
    step.insert("attempts".to_owned(), (attempts + 1).into());
    step.insert("every".to_owned(), format!("{}s", number("--retry-delay").unwrap_or(1)).into());
    maker.report.say(&call.at, Verdict::Understood, "wait");
    Some(vec![Step::Own(step)])
}
