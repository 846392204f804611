//! Flags of terraform that change what a verb means: which command takes them, and what does it instead.

/// A command of terraform that gets flags of the user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Command {
    /// `init`
    Init,
    /// `plan`
    Plan,
    /// `apply`
    Apply,
    /// `destroy`
    Destroy,
    /// `fmt`
    Fmt,
}

use Command::{Apply, Destroy, Fmt, Init, Plan};

impl Command {
    /// As terraform has it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Init => "init",
            Plan => "plan",
            Apply => "apply",
            Destroy => "destroy",
            Fmt => "fmt",
        }
    }
}

/// A flag, the commands that may have it, and what to do instead; `ENV` stands for the environment, `=…` for the value.
type Rule = (&'static str, &'static [Command], &'static str);

const RULES: [Rule; 11] = [
    ("destroy", &[Plan], "run `infractl destroy ENV`"),
    ("refresh-only", &[Plan, Apply], "run `infractl plan ENV -- -refresh-only`"),
    ("replace", &[Plan, Apply], "run `infractl apply ENV -- -replace=…`"),
    ("detailed-exitcode", &[Plan], "run `infractl plan ENV --detailed-exitcode`"),
    ("out", &[Plan], "run `infractl plan ENV --out FILE`, then `infractl apply ENV --plan FILE`"),
    ("json", &[Plan, Init], "use `--output json`"),
    ("chdir", &[], "set `dir` in `[terraform]`"),
    ("state", &[], "set `path` in `[terraform.backend]`"),
    ("state-out", &[], "set `path` in `[terraform.backend]`"),
    ("backup", &[], "leave it out: the state of before is `terraform.tfstate.backup`"),
    ("help", &[], "run `terraform COMMAND -help`"),
];

/// Flags that have a value, which may stand in the next word.
const VALUED: [&str; 19] = [
    "target",
    "target-file",
    "exclude",
    "exclude-file",
    "replace",
    "var",
    "var-file",
    "lock-timeout",
    "parallelism",
    "out",
    "state",
    "state-out",
    "backup",
    "chdir",
    "generate-config-out",
    "backend-config",
    "plugin-dir",
    "from-module",
    "lockfile",
];

/// Flags of an apply that its plan does not know.
const OF_APPLY: [&str; 1] = ["auto-approve"];
/// Flags of a plan that are also for the apply of what it saved.
const OF_BOTH: [&str; 3] = ["lock", "lock-timeout", "parallelism"];

/// One flag as it was given.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Flag<'a> {
    /// Without dashes.
    name: &'a str,
    value: Option<&'a str>,
    /// The words it was given as.
    words: &'a [String],
}

/// A word that is no flag has no name.
fn flags(words: &[String]) -> Vec<Flag<'_>> {
    let mut all = Vec::new();
    let mut at = 0;
    while let Some(word) = words.get(at) {
        let rest = word.strip_prefix("--").or_else(|| word.strip_prefix('-')).unwrap_or_default();
        let (name, mut value) = match rest.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (rest, None),
        };
        let is_apart = value.is_none() && VALUED.contains(&name);
        if is_apart {
            value = words.get(at + 1).map(String::as_str);
        }
        let end = words.len().min(at + 1 + usize::from(is_apart));
        all.push(Flag { name, value, words: &words[at..end] });
        at = end;
    }
    all
}

impl Flag<'_> {
    /// `-json=false` asks for nothing.
    fn is_on(&self) -> bool {
        !matches!(self.value, Some("0" | "f" | "F" | "false" | "FALSE" | "False"))
    }
}

/// Whether a flag has a value, which may stand in the next word.
pub(crate) fn has_value(name: &str) -> bool {
    VALUED.contains(&name)
}

/// Is this flag among the words?
pub(crate) fn asks(words: &[String], name: &str) -> bool {
    flags(words).iter().any(|flag| flag.name == name && flag.is_on())
}

/// The values that a flag was given.
pub(crate) fn values<'a>(words: &'a [String], name: &str) -> Vec<&'a str> {
    flags(words).into_iter().filter(|flag| flag.name == name).filter_map(|flag| flag.value).collect()
}

/// The first of the words that a command must not get, and what to do instead.
pub(crate) fn refused(command: Command, words: &[String]) -> Option<(String, String)> {
    flags(words).into_iter().find_map(|flag| {
        let shown = flag.words.first()?;
        if flag.name.is_empty() {
            let help = if command == Apply {
                "run `infractl apply ENV --plan FILE` to apply a saved plan".to_owned()
            } else {
                "leave it out: flags begin with `-`".to_owned()
            };
            return (command != Fmt && !shown.starts_with('-')).then(|| (shown.clone(), help));
        }
        let (name, may, instead) = RULES.iter().find(|(name, ..)| *name == flag.name)?;
        if may.contains(&command) || !flag.is_on() {
            return None;
        }
        let instead = instead.replace("COMMAND", command.name());
        Some((format!("-{name}"), instead.replace("=…", &format!("={}", flag.value.unwrap_or("…")))))
    })
}

/// What of the words for an apply or a destroy is for the plan that it begins with.
pub(crate) fn for_plan(words: &[String]) -> Vec<String> {
    kept(words, |name| !OF_APPLY.contains(&name))
}

/// What of the words is also for the apply of a plan that was made with all of them.
pub(crate) fn for_saved_plan(words: &[String]) -> Vec<String> {
    kept(words, |name| OF_BOTH.contains(&name))
}

/// The words without this flag.
pub(crate) fn without(words: &[String], name: &str) -> Vec<String> {
    kept(words, |known| known != name)
}

fn kept(words: &[String], is_wanted: impl Fn(&str) -> bool) -> Vec<String> {
    let wanted = flags(words).into_iter().filter(|flag| is_wanted(flag.name));
    wanted.flat_map(|flag| flag.words.iter().cloned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<String> {
        line.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn what_another_verb_does_is_refused_with_that_verb() {
        let why = |command, line: &str| {
            refused(command, &words(line)).map(|(what, help)| format!("{what}: {help}"))
        };
        insta::assert_snapshot!(
            [
                (Apply, "-destroy"),
                (Apply, "-target=a --destroy=true"),
                (Destroy, "-replace a.b"),
                (Destroy, "-refresh-only"),
                (Apply, "-detailed-exitcode"),
                (Apply, "-out=x"),
                (Destroy, "-json"),
                (Plan, "-chdir=x"),
                (Apply, "-state x.tfstate"),
                (Apply, "-lock=false x.tfplan"),
                (Plan, "-help"),
            ]
            .map(|(command, line)| why(command, line).unwrap_or_default())
            .join("\n"),
            @r"
            -destroy: run `infractl destroy ENV`
            -destroy: run `infractl destroy ENV`
            -replace: run `infractl apply ENV -- -replace=a.b`
            -refresh-only: run `infractl plan ENV -- -refresh-only`
            -detailed-exitcode: run `infractl plan ENV --detailed-exitcode`
            -out: run `infractl plan ENV --out FILE`, then `infractl apply ENV --plan FILE`
            -json: use `--output json`
            -chdir: set `dir` in `[terraform]`
            -state: set `path` in `[terraform.backend]`
            x.tfplan: run `infractl apply ENV --plan FILE` to apply a saved plan
            -help: run `terraform plan -help`
            "
        );
        for (command, line) in [
            (Plan, "-destroy -detailed-exitcode -out=x -json"),
            (Plan, "-refresh-only -target a.b -var x=1"),
            (Apply, "-refresh-only -replace=a.b -target=c -destroy=false"),
            (Destroy, "-target=a -var-file x.tfvars -lock-timeout=1s"),
            (Fmt, "-check main.tf"),
        ] {
            assert_eq!(why(command, line), None, "{line}");
        }
    }

    #[test]
    fn flags_are_read_as_terraform_reads_them() {
        let given =
            words("-target a.b --out=x.plan -lock=false -auto-approve -detailed-exitcode=false -target=c");
        assert_eq!(values(&given, "target"), ["a.b", "c"]);
        assert_eq!(values(&given, "out"), ["x.plan"]);
        assert!(asks(&given, "auto-approve") && !asks(&given, "detailed-exitcode"));
        assert!(!asks(&words("-target destroy"), "destroy"));
        assert_eq!(for_saved_plan(&given), ["-lock=false"]);
        assert_eq!(
            for_saved_plan(&words("-lock-timeout 5s -parallelism=2 -lock x")),
            ["-lock-timeout", "5s", "-parallelism=2", "-lock"]
        );
        assert!(!for_plan(&given).contains(&"-auto-approve".to_owned()));
        assert_eq!(for_plan(&words("-target")), ["-target"]);
    }
}
