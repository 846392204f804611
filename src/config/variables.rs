//! Every variable of the environment that infractl reads: one table, also the source of the documentation.

/// A variable that infractl reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Variable {
    /// Its name.
    pub name: &'static str,
    /// What it does, for people.
    pub meaning: &'static str,
    /// What a value looks like.
    pub example: &'static str,
}

/// Environment of verbs that are called without one.
pub(crate) const ENV: Variable = Variable {
    name: "INFRACTL_ENV",
    meaning: "Environment of verbs that are called without one; comes before `env use` and `default-environment`",
    example: "dev",
};

/// File of age identities.
pub(crate) const AGE_KEY_FILE: Variable = Variable {
    name: "INFRACTL_AGE_KEY_FILE",
    meaning: "File of age identities; comes before `SOPS_AGE_KEY_FILE` and the file of sops",
    example: "~/.config/infractl/key.txt",
};

/// Age identities themselves.
pub(crate) const AGE_KEY: Variable = Variable {
    name: "INFRACTL_AGE_KEY",
    meaning: "Age identities themselves, one per line: for CI. Never handed on to a tool",
    example: "AGE-SECRET-KEY-1…",
};

/// Never ask.
pub(crate) const NO_INPUT: Variable = Variable {
    name: "INFRACTL_NO_INPUT",
    meaning: "Never ask; say what is missing and end, as `--no-input`",
    example: "1",
};

/// Set by infractl for the programs it starts.
pub(crate) const GROUP: Variable = Variable {
    name: "INFRACTL_GROUP",
    meaning: "Set by infractl for the programs it starts, so that an infractl among them leaves signals to the first one",
    example: "1",
};

/// Asks `git diff` for values.
pub(crate) const DIFF_VALUES: Variable = Variable {
    name: "INFRACTL_DIFF_VALUES",
    meaning: "`git diff` shows the values of files of secrets, not only their names; see `secrets merge --install`",
    example: "1",
};

/// Set by infractl for the programs it starts.
pub(crate) const LOCK: Variable = Variable {
    name: "INFRACTL_LOCK",
    meaning: "Set by infractl for the programs it starts, so that an infractl among them passes the locks of the first one",
    example: "9f2c61b40a7d3e58c0d1f6a7b2e94385",
};

/// The scenario; handed on to the programs that are started.
pub(crate) const SCENARIO: Variable = Variable {
    name: "INFRACTL_SCENARIO",
    meaning: "Scenario of verbs that are called without `--scenario`; several are joined by `+`",
    example: "etl",
};

/// Where archives of tools are had instead.
pub(crate) const TOOLS_MIRROR: Variable = Variable {
    name: "INFRACTL_TOOLS_MIRROR",
    meaning: "Where `tools install` and `tools lock` get archives instead: `https://HOST/PATH` becomes `MIRROR/HOST/PATH`",
    example: "https://mirror.example.org/tools",
};

/// Every variable of infractl's own, in the order of their names.
pub(crate) const ALL: [Variable; 9] =
    [AGE_KEY, AGE_KEY_FILE, DIFF_VALUES, ENV, GROUP, LOCK, NO_INPUT, SCENARIO, TOOLS_MIRROR];

/// Those that hold age identities themselves: no program that infractl starts gets to see them.
pub(crate) const KEYS: [&str; 2] = [AGE_KEY.name, "SOPS_AGE_KEY"];

/// Variables of others that infractl honours.
pub(crate) const STANDARD: [Variable; 12] = [
    Variable { name: "NO_COLOR", meaning: "No colour when it is set and not empty", example: "1" },
    Variable {
        name: "CLICOLOR_FORCE",
        meaning: "Colour off a terminal too, when it is set and neither empty nor `0`; `NO_COLOR` wins",
        example: "1",
    },
    Variable { name: "TERM", meaning: "With `dumb` no colour and no live line", example: "dumb" },
    Variable {
        name: "SOPS_AGE_KEY_FILE",
        meaning: "File of age identities, as sops reads it",
        example: "~/keys.txt",
    },
    Variable {
        name: "SOPS_AGE_KEY",
        meaning: "Age identities themselves, as sops reads it. Never handed on to a tool",
        example: "AGE-SECRET-KEY-1…",
    },
    Variable { name: "EDITOR", meaning: "Editor of `secrets edit`; `VISUAL` comes first", example: "vim" },
    Variable { name: "CI", meaning: "No questions, no live line, keep-alive lines", example: "true" },
    Variable { name: "HOME", meaning: "What `~/` in a path stands for", example: "/home/deploy" },
    Variable {
        name: "XDG_DATA_HOME",
        meaning: "Where `tools install` keeps programs, in `infractl/tools`",
        example: "~/.local/share",
    },
    Variable {
        name: "https_proxy",
        meaning: "The proxy of `wait` and `tools`, with `http_proxy`, `all_proxy` and `no_proxy` as curl reads them",
        example: "http://proxy:3128",
    },
    Variable {
        name: "PAGER",
        meaning: "What shows pages of `infractl help TOPIC` at a terminal, else `less`; empty for none",
        example: "less -R",
    },
    Variable { name: "PATH", meaning: "Where tools are looked for", example: "/usr/local/bin:/usr/bin" },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_variable_of_our_own_begins_alike_and_stands_in_order() {
        assert!(ALL.iter().all(|variable| variable.name.starts_with("INFRACTL_")));
        assert!(ALL.is_sorted_by_key(|variable| variable.name));
    }
}
