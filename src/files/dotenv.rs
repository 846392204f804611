//! One `KEY=value` of an environment file, so that its readers get back exactly what was given, or a refusal.
//!
//! Which reader does what is measured, not guessed: `tests/real/dotenv.rs` reads files written here with every
//! reader that a dialect promises.

mod decode;
mod read;

pub use crate::config::model::Dialect;

pub(crate) use decode::decode;
pub(crate) use read::read;

/// Why a value cannot be written: never the value itself, only what is in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// The key is no name.
    #[error("a name is made of letters, digits and `_`, and does not begin with a digit")]
    Name,
    /// The key means something to the shells that read the file.
    #[error("the name means something to the shell itself")]
    ShellName,
    /// The same key again.
    #[error("the name is there twice")]
    Twice,
    /// The value holds a NUL.
    #[error("its value holds a NUL, which no environment can hold")]
    Nul,
    /// No program could be started with such a variable, or the reader gives up on such a line.
    #[error("with its value it is longer than {limit} bytes, the most that {who}")]
    TooLong {
        /// The longest that works.
        limit: usize,
        /// Who sets the limit, and a verb.
        who: &'static str,
    },
    /// The dialect has one way to write a value, and that does not work.
    #[error("its value holds {0}, which the readers of this dialect would change")]
    Holds(&'static str),
    /// Each way to write it is spoilt by something.
    #[error(
        "its value holds {bare}, so it needs quotes; {single} is wrong in single quotes, and {double} in double quotes"
    )]
    NoQuotes {
        /// What forbids to write it without quotes.
        bare: &'static str,
        /// What forbids single quotes.
        single: &'static str,
        /// What forbids double quotes.
        double: &'static str,
    },
}

/// A key that cannot be written, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{key}` cannot be written for `{dialect}`: {reason}")]
pub struct Refusal {
    /// The key.
    pub key: String,
    /// Who would have read it.
    pub dialect: Dialect,
    /// Why not.
    pub reason: Reason,
}

/// The longest `KEY=value` that Linux lets a program start with (`MAX_ARG_STRLEN`, which counts a NUL too).
const VARIABLE_MAX: usize = 128 * 1024 - 1;
/// `docker` reads lines with Go's `bufio.Scanner`: 64 KiB with the line end.
const DOCKER_LINE_MAX: usize = 64 * 1024 - 1;

/// Besides `BASH…`: variables that bash or dash set by themselves, so that a sourced file cannot.
const SHELL_NAMES: &str = "_ COMP_WORDBREAKS DIRSTACK EPOCHREALTIME EPOCHSECONDS EUID FUNCNAME GROUPS HISTCMD LINENO \
    OPTIND PIPESTATUS PPID RANDOM SECONDS SHELLOPTS SHLVL SRANDOM UID";

/// `KEY=value` as the readers of `dialect` read it back unchanged, without a line end. It can be several lines.
pub fn encode(dialect: Dialect, key: &str, value: &str) -> Result<String, Refusal> {
    match key_trouble(dialect, key).map_or_else(|| quoted(dialect, key, value), Err) {
        Ok(text) => Ok(format!("{key}={text}")),
        Err(reason) => Err(Refusal { key: key.to_owned(), dialect, reason }),
    }
}

fn key_trouble(dialect: Dialect, key: &str) -> Option<Reason> {
    let letter = |c: char| c.is_ascii_alphabetic() || c == '_';
    if !key.starts_with(letter) || !key.chars().all(|c| letter(c) || c.is_ascii_digit()) {
        return Some(Reason::Name);
    }
    let sourced = matches!(dialect, Dialect::Shell | Dialect::Portable);
    let shells = || key.starts_with("BASH") || SHELL_NAMES.split_whitespace().any(|name| name == key);
    (sourced && shells()).then_some(Reason::ShellName)
}

fn quoted(dialect: Dialect, key: &str, value: &str) -> Result<String, Reason> {
    if value.contains('\0') {
        return Err(Reason::Nul);
    }
    let length = key.len() + 1 + value.len();
    if length > VARIABLE_MAX {
        return Err(Reason::TooLong { limit: VARIABLE_MAX, who: "a program can be started with" });
    }
    if dialect == Dialect::Docker && length > DOCKER_LINE_MAX {
        return Err(Reason::TooLong { limit: DOCKER_LINE_MAX, who: "docker reads from one line" });
    }
    let single = || format!("'{value}'");
    match dialect {
        Dialect::Docker => {
            docker_trouble(value).map_or(Ok(value.to_owned()), |what| Err(Reason::Holds(what)))
        }
        Dialect::Shell if plain(value) => Ok(value.to_owned()),
        Dialect::Shell => Ok(format!("'{}'", value.replace('\'', r"'\''"))),
        Dialect::Compose => {
            let escaped = || value.replace('\\', r"\\").replace('"', "\\\"").replace('\r', r"\r");
            let double = || format!("\"{}\"", escaped());
            first_that_works(
                (compose_bare_trouble(value), || value.to_owned()),
                (compose_single_trouble(value), single),
                (compose_double_trouble(value), double),
            )
        }
        // task reads values as templates, however they are quoted
        Dialect::Portable if value.contains("{{") => Err(Reason::Holds("a `{{`")),
        Dialect::Portable => first_that_works(
            (portable_bare_trouble(value), || value.to_owned()),
            (compose_single_trouble(value), single),
            (portable_double_trouble(value), || format!("\"{value}\"")),
        ),
    }
}

type Trouble = Option<&'static str>;

fn first_that_works(
    bare: (Trouble, impl FnOnce() -> String),
    single: (Trouble, impl FnOnce() -> String),
    double: (Trouble, impl FnOnce() -> String),
) -> Result<String, Reason> {
    match (bare.0, single.0, double.0) {
        (None, _, _) => Ok(bare.1()),
        (_, None, _) => Ok(single.1()),
        (_, _, None) => Ok(double.1()),
        (Some(bare), Some(single), Some(double)) if bare == single && bare == double => {
            Err(Reason::Holds(bare))
        }
        (Some(bare), Some(single), Some(double)) => Err(Reason::NoQuotes { bare, single, double }),
    }
}

/// Letters, digits and signs that mean nothing to any reader, nor to a shell.
fn plain(value: &str) -> bool {
    value.chars().all(|c| c.is_ascii_alphanumeric() || "!%*+,-./:=?@[]^_{}".contains(c))
}

fn blank(c: char) -> bool {
    // Python strips the four separators too
    c.is_whitespace() || ('\x1c'..='\x1f').contains(&c)
}

const CR: &str = "a carriage return";

fn docker_trouble(value: &str) -> Trouble {
    if value.contains('\n') {
        Some("a line break")
    } else if value.ends_with('\r') {
        Some("a carriage return at its end")
    } else {
        None
    }
}

fn compose_bare_trouble(value: &str) -> Trouble {
    if value.contains('\r') {
        Some(CR)
    } else if value.contains('\n') {
        Some("a line break")
    } else if value.starts_with(['\'', '"']) {
        Some("a quote at its start")
    } else if value.starts_with(blank) || value.ends_with(blank) {
        Some("a blank at its start or end")
    } else if value.match_indices('#').any(|(at, _)| value[..at].ends_with(blank)) {
        Some("a `#` after a blank")
    } else {
        expanded(value)
    }
}

fn compose_single_trouble(value: &str) -> Trouble {
    if value.contains('\r') {
        Some(CR)
    } else if value.contains('\'') {
        Some("a `'`")
    } else if value.ends_with('\\') {
        Some("a backslash at its end")
    } else if value.contains(r"\\") {
        Some("a backslash after a backslash")
    } else if python_expands(value) {
        Some("a `${…}`")
    } else {
        None
    }
}

fn compose_double_trouble(value: &str) -> Trouble {
    if value.ends_with('\\') {
        // python-dotenv takes `\"` as an escaped quote even after a backslash, and reads on into the next lines
        Some("a backslash at its end")
    } else {
        expanded(value)
    }
}

/// Compose 2 expands these without quotes and in double quotes; its pattern ignores case, so two letters that
/// only look foreign count as well.
fn expanded(value: &str) -> Trouble {
    let name = |c: char| c.is_ascii_alphabetic() || matches!(c, '_' | '{' | '$' | '\u{17f}' | '\u{212a}');
    value
        .match_indices('$')
        .any(|(at, _)| value[at + 1..].starts_with(name))
        .then_some("a `$` that is expanded")
}

/// python-dotenv (and so Compose 1) expands `${NAME}` and `${NAME:-default}` even in single quotes.
fn python_expands(value: &str) -> bool {
    value.match_indices("${").any(|(at, _)| {
        let Some((inside, _)) = value[at + 2..].split_once('}') else { return false };
        inside.split_once(':').is_none_or(|(_, default)| default.starts_with('-'))
    })
}

fn portable_bare_trouble(value: &str) -> Trouble {
    (!plain(value)).then_some("something else than letters, digits and plain signs")
}

fn portable_double_trouble(value: &str) -> Trouble {
    if value.contains('\r') {
        Some(CR)
    } else if value.contains('"') {
        Some("a `\"`")
    } else if value.contains(['$', '`']) {
        Some("a `$` or a backtick")
    } else if value.contains('\\') {
        Some("a backslash")
    } else {
        None
    }
}

#[cfg(test)]
mod tests;
