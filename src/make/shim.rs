//! A Makefile whose old targets call infractl.

use super::maker::Becomes;
use super::marks;

/// A target of the old Makefile, and what calls it now.
#[derive(Debug, Clone)]
pub(super) struct Line {
    pub target: String,
    pub becomes: Becomes,
    /// The environment in its name.
    pub environment: Option<String>,
}

/// What all of its lines have in common.
pub(super) struct About<'a> {
    /// The name of the old Makefile.
    pub old: &'a str,
    /// The variable that names the environment.
    pub variable: Option<&'a str>,
    /// Its environment when a call names none.
    pub default: Option<&'a str>,
    /// The environment when nothing names one.
    pub only: &'a str,
}

/// Its text.
pub(super) fn text(lines: &[Line], about: &About<'_>) -> String {
    let mut text = format!(
        "# The old targets, done by infractl. What they were stands in {}; `infractl --help` has more.\n",
        about.old
    );
    if let (Some(variable), Some(default)) = (about.variable, about.default) {
        text.push_str(&format!("{variable} ?= {default}\n"));
    }
    let all: Vec<&Line> = lines.iter().filter(|line| can_stand(&line.target)).collect();
    let names: Vec<&str> =
        all.iter().map(|line| line.target.as_str()).filter(|name| !name.contains('%')).collect();
    text.push_str(&format!("\n.PHONY: {}\n", names.join(" ")));
    for line in all {
        text.push_str(&format!("\n{}:\n\t{}\n", line.target, call(line, about)));
    }
    text
}

/// Make reads such a name of a target as it is.
pub(super) fn can_stand(target: &str) -> bool {
    let is_harmless =
        |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '/' | '%' | '+' | '@' | ',');
    !target.is_empty() && target.chars().all(is_harmless) && target.matches('%').count() <= 1
}

fn call(line: &Line, about: &About<'_>) -> String {
    let environment = match (&line.environment, about.variable) {
        (Some(name), _) => name.clone(),
        _ if line.target.contains('%') => "$*".to_owned(),
        (None, Some(variable)) => format!("$({variable})"),
        (None, None) => about.only.to_owned(),
    };
    match &line.becomes {
        Becomes::Verb(name) | Becomes::Pipeline(name) => format!("@infractl {name} {environment}"),
        Becomes::Call(words) => {
            let words: Vec<String> = words
                .iter()
                .map(|word| word.replace('$', "$$").replace(marks::ENVIRONMENT, &environment))
                .collect();
            format!("@infractl {}", words.join(" "))
        }
        Becomes::Old(_) => {
            let target = if line.target.contains('%') { "$@" } else { &line.target };
            format!("@$(MAKE) --no-print-directory -f {} {target}", about.old)
        }
        Becomes::Chooses(name) => match about.variable {
            Some(variable) => format!("@:$(eval {variable} := {name})"),
            None => "@:".to_owned(),
        },
        Becomes::Nothing if line.target == "help" => "@infractl --help".to_owned(),
        Becomes::Nothing => "@:".to_owned(),
    }
}
