//! Lines that people bring along from make, terraform and ssh: what they are here.

use clap::Command;

use crate::config::verbs;
use crate::tools::ssh::remote_shell::quote;
use crate::tools::terraform::flags;

/// What make's users write before a name: `ENV=dev`.
const VARIABLES: [&str; 4] = ["ENV", "ENVIRONMENT", "env", "environment"];

/// Commands of terraform that are no verbs, or that mean something else here when the second word follows.
const OF_TERRAFORM: [(&str, &[&str]); 14] = [
    ("console", &[]),
    ("force-unlock", &[]),
    ("get", &[]),
    ("import", &[]),
    ("login", &[]),
    ("metadata", &[]),
    ("modules", &[]),
    ("providers", &[]),
    ("show", &[]),
    ("state", &["identities", "list", "mv", "pull", "push", "replace-provider", "rm", "show"]),
    ("taint", &[]),
    ("test", &[]),
    ("untaint", &[]),
    ("workspace", &[]),
];

/// `dev`, written `dev` or `ENV=dev`.
pub(super) fn environment(word: &str) -> &str {
    match word.split_once('=') {
        Some((variable, name)) if VARIABLES.contains(&variable) => name,
        _ => word,
    }
}

/// The line to type instead of one that was refused, if it is one of those that people bring along. The words are
/// those after the program's name.
pub(crate) fn line(words: &[String], environments: &[String], cli: &Command) -> Option<String> {
    let typed = Typed { words, environments, cli };
    let meant = typed
        .verb_first()
        .or_else(|| typed.terraform())
        .or_else(|| typed.flags_of_terraform())
        .or_else(|| typed.several())
        .or_else(|| typed.command_of_ssh())
        .or_else(|| typed.number_of_run())?;
    let quoted: Vec<String> = meant.iter().map(|word| quote(word)).collect();
    Some(format!("infractl {}", quoted.join(" ")))
}

struct Typed<'a> {
    words: &'a [String],
    environments: &'a [String],
    cli: &'a Command,
}

impl Typed<'_> {
    fn is_environment(&self, word: &str) -> bool {
        self.environments.iter().any(|name| name == environment(word))
    }

    /// Whether the verb has this argument.
    fn takes(&self, verb: &str, argument: &str) -> bool {
        let Some(mut verb) = self.cli.find_subcommand(verb).cloned() else { return false };
        verb.build();
        verb.get_arguments().any(|known| known.get_id() == argument)
    }

    /// `dev plan`
    fn verb_first(&self) -> Option<Vec<String>> {
        let [first, second, rest @ ..] = self.words else { return None };
        let is_swapped = self.is_environment(first) && verbs::find(second).is_some_and(verbs::Verb::exists);
        is_swapped.then(|| [&[second.clone(), environment(first).to_owned()], rest].concat())
    }

    /// `state list`, `taint dev null_resource.x`
    fn terraform(&self) -> Option<Vec<String>> {
        verbs::find("tf").filter(|verb| verb.exists())?;
        let (first, rest) = self.words.split_first()?;
        let (_, seconds) = OF_TERRAFORM.iter().find(|(command, _)| command == first)?;
        let (named, rest): (Vec<&String>, Vec<&String>) =
            rest.iter().partition(|word| self.is_environment(word));
        let fits =
            seconds.is_empty() || rest.first().is_some_and(|second| seconds.contains(&second.as_str()));
        if !fits || (first == "import" && rest.first().is_some_and(|second| *second == "make")) {
            return None;
        }
        let env = named.first().map_or("ENV", |name| environment(name));
        let mut meant = vec!["tf".to_owned(), env.to_owned(), "--".to_owned(), first.clone()];
        meant.extend(rest.into_iter().cloned());
        Some(meant)
    }

    /// `plan dev -target=x`, `apply dev -auto-approve`, `apply dev -y`
    fn flags_of_terraform(&self) -> Option<Vec<String>> {
        let (verb, rest) = self.words.split_first()?;
        if !self.takes(verb, "extra") || rest.iter().any(|word| word == "--") {
            return None;
        }
        let (mut ours, mut terraforms) = (vec![verb.clone()], Vec::new());
        let mut rest = rest.iter();
        while let Some(word) = rest.next() {
            let name = word.trim_start_matches('-').split('=').next().unwrap_or_default();
            let is_single = word.starts_with('-') && !word.starts_with("--") && name.len() > 1;
            let is_ours = !is_single || name.chars().all(|letter| matches!(letter, 'v' | 'q'));
            match (word.as_str(), word.starts_with('-')) {
                ("-y" | "-auto-approve" | "--auto-approve", _) => ours.push("--yes".to_owned()),
                (_, true) if !is_ours || (flags::has_value(name) && !self.takes(verb, name)) => {
                    terraforms.push(word.clone());
                    if flags::has_value(name) && !word.contains('=') {
                        terraforms.extend(rest.next().cloned());
                    }
                }
                _ => ours.push(word.clone()),
            }
        }
        if !terraforms.is_empty() {
            ours.push("--".to_owned());
            ours.append(&mut terraforms);
        }
        (ours != self.words).then_some(ours)
    }

    /// `plan dev rec`
    fn several(&self) -> Option<Vec<String>> {
        let (verb, rest) = self.words.split_first()?;
        let count = rest.iter().take_while(|word| self.is_environment(word)).count();
        if count < 2 || !self.takes(verb, "env") {
            return None;
        }
        let (names, rest) = rest.split_at(count);
        let names: Vec<&str> = names.iter().map(|name| environment(name)).collect();
        Some([&[verb.clone(), "--env".to_owned(), names.join(",")], rest].concat())
    }

    /// `ssh dev backend uptime`
    fn command_of_ssh(&self) -> Option<Vec<String>> {
        let [verb, env, host, command @ ..] = self.words else { return None };
        let is_command = command.first().is_some_and(|word| !word.starts_with('-'));
        (verb == "ssh" && self.is_environment(env) && is_command)
            .then(|| [&[verb.clone(), env.clone(), host.clone(), "--".to_owned()], command].concat())
    }

    /// `history 5`
    fn number_of_run(&self) -> Option<Vec<String>> {
        let [verb, number] = self.words else { return None };
        (verb == "history" && number.parse::<u64>().is_ok())
            .then(|| vec![verb.clone(), "show".to_owned(), number.clone()])
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    fn meant(line: &str) -> String {
        let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
        let environments = ["dev", "rec"].map(str::to_owned);
        super::line(&words, &environments, &crate::commands::Cli::command()).unwrap_or_default()
    }

    #[test]
    fn lines_of_other_tools_are_told_as_ours() {
        for (typed, ours) in [
            ("dev plan", "infractl plan dev"),
            ("ENV=dev apply --yes", "infractl apply dev --yes"),
            ("plan dev -target=a.b", "infractl plan dev -- -target=a.b"),
            (
                "plan dev -target a.b --detailed-exitcode",
                "infractl plan dev --detailed-exitcode -- -target a.b",
            ),
            ("plan dev --var-file=x.tfvars", "infractl plan dev -- --var-file=x.tfvars"),
            ("apply dev -auto-approve", "infractl apply dev --yes"),
            ("destroy dev --auto-approve -lock=false", "infractl destroy dev --yes -- -lock=false"),
            ("apply rec -y", "infractl apply rec --yes"),
            ("plan dev rec", "infractl plan --env dev,rec"),
            ("ssh dev backend uptime -p", "infractl ssh dev backend -- uptime -p"),
            ("history 5", "infractl history show 5"),
        ] {
            assert_eq!(meant(typed), ours, "{typed}");
        }
    }

    #[test]
    fn what_is_ours_already_is_left_alone() {
        for typed in [
            "plan dev",
            "plan dev -vv",
            "plan dev -- -target=x",
            "plan dev --out x",
            "dev",
            "make",
            "history",
        ] {
            assert_eq!(meant(typed), "", "{typed}");
        }
    }

    #[test]
    fn an_environment_may_be_written_as_make_has_it() {
        assert_eq!(environment("ENV=dev"), "dev");
        assert_eq!(environment("environment=rec"), "rec");
        assert_eq!(environment("A=dev"), "A=dev");
        assert_eq!(environment("dev"), "dev");
    }
}
