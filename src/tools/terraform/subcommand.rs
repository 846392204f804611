//! Every command of terraform: what it does to an environment, and what it takes of its settings. Pure.

use super::Root;
use crate::config::verbs::Effect;
use crate::exec::Cmd;

/// What infractl has to know of a command before it starts it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Subcommand {
    /// As it is typed: `state mv`.
    words: &'static str,
    /// What it does to the environment.
    pub(crate) effect: Effect,
    /// It works with the root module or its state, so that an init has to come first.
    pub(crate) needs_init: bool,
    /// What it prints is of use as a whole only: with something masked it would be a trap.
    pub(crate) is_whole: bool,
    /// It takes the values of variables.
    pub(crate) takes_variables: bool,
    takes_lock: bool,
    is_about_workspaces: bool,
}

const fn command(words: &'static str, effect: Effect) -> Subcommand {
    Subcommand {
        words,
        effect,
        needs_init: true,
        is_whole: false,
        takes_variables: false,
        takes_lock: false,
        is_about_workspaces: false,
    }
}

const fn reads(words: &'static str) -> Subcommand {
    command(words, Effect::Reads)
}

/// It is about the program or files, not about what they are for.
const fn alone(words: &'static str) -> Subcommand {
    Subcommand { needs_init: false, ..reads(words) }
}

/// It changes the state, under terraform's own lock.
const fn changes(words: &'static str) -> Subcommand {
    Subcommand { takes_lock: true, ..command(words, Effect::Changes) }
}

const fn with_variables(command: Subcommand) -> Subcommand {
    Subcommand { takes_variables: true, ..command }
}

const fn of_workspaces(words: &'static str, effect: Effect) -> Subcommand {
    Subcommand { is_about_workspaces: true, ..command(words, effect) }
}

/// Those of terraform and tofu that no verb of infractl does.
const ALL: [Subcommand; 35] = [
    with_variables(reads("console")),
    command("force-unlock", Effect::Changes),
    reads("get"),
    reads("graph"),
    with_variables(changes("import")),
    alone("login"),
    alone("logout"),
    alone("metadata"),
    alone("metadata functions"),
    reads("modules"),
    reads("output"),
    reads("providers"),
    Subcommand { needs_init: false, ..command("providers lock", Effect::Writes) },
    Subcommand { needs_init: false, ..command("providers mirror", Effect::Writes) },
    reads("providers schema"),
    reads("show"),
    alone("state"),
    reads("state identities"),
    reads("state list"),
    changes("state mv"),
    Subcommand { is_whole: true, ..reads("state pull") },
    changes("state push"),
    changes("state replace-provider"),
    changes("state rm"),
    reads("state show"),
    changes("taint"),
    // It makes what it tests, and takes it down again.
    with_variables(command("test", Effect::Changes)),
    changes("untaint"),
    alone("version"),
    alone("workspace"),
    of_workspaces("workspace delete", Effect::Destroys),
    of_workspaces("workspace list", Effect::Reads),
    of_workspaces("workspace new", Effect::Changes),
    reads("workspace show"),
    alone(""),
];

/// One that is not known: taken for the worst that it may be.
const UNKNOWN: Subcommand = command("", Effect::Changes);

/// Those that a verb of infractl does, or a setting: `ENV` stands for the environment, `…` for the rest of the words.
const INSTEAD: [(&str, &str); 10] = [
    ("apply", "run `infractl apply ENV…`"),
    ("destroy", "run `infractl destroy ENV…`"),
    ("env", "set `workspace` in `[terraform]`"),
    ("fmt", "run `infractl fmt ENV…`"),
    ("init", "run `infractl init ENV…`"),
    ("plan", "run `infractl plan ENV…`"),
    ("refresh", "run `infractl apply ENV -- -refresh-only`"),
    ("validate", "run `infractl validate ENV`"),
    ("workspace select", "set `workspace` in `[terraform]`: it is selected for every command"),
    ("-chdir", "set `dir` in `[terraform]`: it is the folder of every command"),
];

/// The command that these words are for, and how many of them are its name.
fn named(words: &[String]) -> (Subcommand, usize) {
    let is_help =
        |word: &String| matches!(word.trim_start_matches('-'), "help" | "h") && word.starts_with('-');
    let is_version = |word: &String| matches!(word.as_str(), "-v" | "-version" | "--version");
    if words.iter().any(is_help) || words.first().is_some_and(is_version) {
        return (alone(""), 0);
    }
    let by = |count: usize| {
        let name = words.get(..count)?.join(" ");
        ALL.iter().find(|command| command.words == name).map(|command| (*command, count))
    };
    by(2).or_else(|| by(1)).unwrap_or((UNKNOWN, words.len().min(1)))
}

/// The command that these words are for.
pub(crate) fn find(words: &[String]) -> Subcommand {
    named(words).0
}

/// The command that is not for `tf`, and what to do instead.
pub(crate) fn instead(environment: &str, words: &[String]) -> Option<(String, String)> {
    let begins = |known: &str| {
        let own: Vec<&str> = known.split(' ').collect();
        let is_same = |(word, own): (&String, &&str)| word.split('=').next() == Some(*own);
        words.len() >= own.len() && words.iter().zip(&own).all(is_same)
    };
    let (known, instead) = INSTEAD.iter().find(|(known, _)| begins(known))?;
    let rest = &words[known.split(' ').count()..];
    let rest = if rest.is_empty() { String::new() } else { format!(" -- {}", shell_words::join(rest)) };
    Some(((*known).to_owned(), instead.replace("ENV", environment).replace('…', &rest)))
}

impl Root {
    /// Any command, as the user wrote it, with what it takes of the settings of the environment.
    pub(crate) fn any(&self, words: &[String]) -> Cmd {
        let (command, count) = named(words);
        let (own, rest) = words.split_at(count);
        let mut cmd = self.cmd(&own.iter().map(String::as_str).collect::<Vec<_>>());
        if command.takes_variables {
            let files = self.values.iter().chain(&self.var_files);
            cmd = cmd.args(files.map(|file| format!("-var-file={}", file.display())));
        }
        if let Some(limit) = self.lock_timeout.as_ref().filter(|_| command.takes_lock) {
            cmd = cmd.arg(format!("-lock-timeout={limit}"));
        }
        if command.is_about_workspaces {
            // terraform refuses these where one is chosen for it.
            cmd.env.remove("TF_WORKSPACE");
            cmd = cmd.unset("TF_WORKSPACE");
        }
        cmd.args(rest.iter().cloned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<String> {
        line.split(' ').filter(|word| !word.is_empty()).map(str::to_owned).collect()
    }

    fn root() -> Root {
        Root {
            environment: "dev".into(),
            program: "terraform".into(),
            dir: "/p".into(),
            workspace: "blue".into(),
            var_files: vec!["/p/common.tfvars".into()],
            lock_timeout: Some("30s".into()),
            parallelism: None,
            values: None,
            color: false,
            container: None,
        }
    }

    #[test]
    fn what_a_command_does_is_known_and_what_is_not_known_is_a_change() {
        for (line, effect) in [
            ("state list", Effect::Reads),
            ("state show a.b", Effect::Reads),
            ("state mv a.b c.d", Effect::Changes),
            ("state rm -dry-run a.b", Effect::Changes),
            ("state", Effect::Reads),
            ("console", Effect::Reads),
            ("import a.b id", Effect::Changes),
            ("taint a.b", Effect::Changes),
            ("force-unlock -force 1f2c", Effect::Changes),
            ("providers", Effect::Reads),
            ("providers lock -platform=linux_amd64", Effect::Writes),
            ("workspace delete old", Effect::Destroys),
            ("state mv -help", Effect::Reads),
            ("-version", Effect::Reads),
            ("stacks something", Effect::Changes),
            ("state frobnicate", Effect::Reads),
        ] {
            assert_eq!(find(&words(line)).effect, effect, "{line}");
        }
        assert!(!find(&words("version")).needs_init && find(&words("state list")).needs_init);
        assert!(find(&words("state pull")).is_whole);
    }

    #[test]
    fn settings_come_before_what_the_user_wrote_and_only_where_they_are_taken() {
        let line = |text: &str| root().any(&words(text)).args.join(" ");
        assert_eq!(line("import a.b id"), "import -var-file=/p/common.tfvars -lock-timeout=30s a.b id");
        assert_eq!(line("console"), "console -var-file=/p/common.tfvars");
        assert_eq!(line("state mv -dry-run a b"), "state mv -lock-timeout=30s -dry-run a b");
        assert_eq!(line("state list a"), "state list a");
        assert_eq!(line("import -help"), "import -help");
        assert!(root().any(&words("state list")).env.contains_key("TF_WORKSPACE"));
        let list = root().any(&words("workspace list"));
        assert!(!list.env.contains_key("TF_WORKSPACE") && list.unset.contains("TF_WORKSPACE"));
    }

    #[test]
    fn what_a_verb_does_is_named_with_its_flags() {
        let why = |line: &str| instead("dev", &words(line)).map(|(_, help)| help).unwrap_or_default();
        assert_eq!(why("plan -destroy"), "run `infractl plan dev -- -destroy`");
        assert_eq!(why("apply"), "run `infractl apply dev`");
        assert_eq!(why("refresh"), "run `infractl apply dev -- -refresh-only`");
        assert!(why("-chdir=x plan").starts_with("set `dir`"));
        assert!(why("workspace select blue").starts_with("set `workspace`"));
        for line in ["state list", "workspace list", "planet", ""] {
            assert_eq!(why(line), "", "{line}");
        }
    }
}
