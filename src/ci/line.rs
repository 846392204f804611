//! A line of `[ci]`: a command of infractl without its name. Pure.

/// A command of infractl.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Command {
    /// Its words.
    pub words: Vec<String>,
    /// It works on a share of the environments.
    pub is_shared: bool,
}

impl Command {
    /// Of these words.
    pub(super) fn of(words: &[&str]) -> Command {
        Command { words: words.iter().map(|word| (*word).to_owned()).collect(), is_shared: false }
    }

    /// It asks what changed since another branch.
    pub(super) fn compares(&self) -> bool {
        self.words.iter().any(|word| word.starts_with("--changed-since"))
    }
}

/// Why there are no jobs: where that stands in `[ci]`, why, what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wrong {
    pub key: &'static str,
    pub message: String,
    pub help: String,
}

pub(super) fn wrong<T>(
    key: &'static str,
    message: impl Into<String>,
    help: impl Into<String>,
) -> Result<T, Wrong> {
    Err(Wrong { key, message: message.into(), help: help.into() })
}

/// A line of `[ci]`, as a shell would read it.
pub(super) fn command(shards: u16, key: &'static str, line: &str) -> Result<Command, Wrong> {
    if line.chars().any(char::is_control) {
        return wrong(key, format!("`{}` is not one line", line.escape_debug()), "write one command an item");
    }
    let words = shell_words::split(line).unwrap_or_default();
    let words: Vec<String> = match words.as_slice() {
        [first, rest @ ..] if first == "infractl" => rest.to_vec(),
        _ => words,
    };
    match words.first() {
        Some(verb) if !verb.starts_with('-') => {}
        _ => {
            let help = "write a verb and its flags: `plan --all`";
            return wrong(key, format!("`{line}` is not a command of infractl"), help);
        }
    }
    let is_several = |word: &String| {
        ["--all", "--env", "--changed-since"].iter().any(|flag| word.split('=').next() == Some(flag))
    };
    let is_shared =
        shards > 1 && words.iter().any(is_several) && !words.iter().any(|word| word.starts_with("--shard"));
    Ok(Command { words, is_shared })
}
