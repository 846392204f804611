//! The inventory: which machines ansible works on, in which groups, with which variables.

use std::fmt::Write as _;

use indexmap::IndexMap;

use super::ansible_value::{Unfit, Variables, quoted};
use crate::failure::{Failure, Kind, Problem};

/// How it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// `[group]` and lines of hosts.
    Ini,
    /// YAML.
    Yaml,
}

/// A group.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Group {
    /// Hosts in it.
    pub hosts: Vec<String>,
    /// Groups in it.
    pub children: Vec<String>,
    /// Variables of its hosts.
    pub vars: Variables,
}

/// Everything that an inventory says.
#[derive(Debug, Clone, PartialEq)]
pub struct Inventory {
    /// How it is written.
    pub format: Format,
    /// The name of the project.
    pub project: String,
    /// The name of the environment.
    pub environment: String,
    /// Hosts and their variables; those in no group are there as well.
    pub hosts: IndexMap<String, Variables>,
    /// Groups by name.
    pub groups: IndexMap<String, Group>,
    /// Variables of every host.
    pub vars: Variables,
}

/// Something that cannot be written; nothing is written then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// What: "the host `a b`", "`x` of the group `web`".
    pub what: String,
    /// Why.
    pub why: String,
    /// What to do.
    pub help: String,
}

/// All of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused(pub Vec<Refusal>);

impl From<Refused> for Failure {
    fn from(refused: Refused) -> Self {
        let problem = |refusal: Refusal| Problem {
            message: format!("{} cannot be in the inventory: {}", refusal.what, refusal.why),
            place: None,
            help: vec![refusal.help],
        };
        Failure::problems(Kind::Config, refused.0.into_iter().map(problem).collect())
    }
}

const MARK: &str = ": ansible inventory, written by infractl, do not edit";

/// Whether a file is one that infractl wrote.
pub(crate) fn is_ours(text: &str) -> bool {
    text.lines().next().is_some_and(|line| line.starts_with("# ") && line.ends_with(MARK))
}

impl Inventory {
    /// The text of the file, or everything that it cannot hold.
    pub fn render(&self) -> Result<String, Refused> {
        let mut text = format!(
            "# {}{MARK}\n# Environment: {}\n# To write it again: infractl inventory {}\n\n",
            self.project, self.environment, self.environment
        );
        let mut refused = self.names();
        match self.format {
            Format::Ini => self.ini(&mut text, &mut refused),
            Format::Yaml => self.yaml(&mut text, &mut refused),
        }
        if refused.is_empty() { Ok(text) } else { Err(Refused(refused)) }
    }

    fn ini(&self, text: &mut String, refused: &mut Vec<Refusal>) {
        for (name, vars) in &self.hosts {
            text.push_str(name);
            for (key, value) in written(vars, &format!("the host `{name}`"), self.format, refused) {
                // Read by a shell's rules before it is read as Python.
                let value = if value.contains(|c: char| "\"\\ #[{".contains(c)) {
                    format!("'{value}'")
                } else {
                    value
                };
                let _ = write!(text, " {key}={value}");
            }
            text.push('\n');
        }
        let mut section = |title: &str, lines: Vec<String>| {
            let _ = write!(text, "\n[{title}]\n");
            for line in lines {
                text.push_str(&line);
                text.push('\n');
            }
        };
        for (name, group) in &self.groups {
            section(name, group.hosts.clone());
            if !group.children.is_empty() {
                section(&format!("{name}:children"), group.children.clone());
            }
        }
        let everybody = [("all", &self.vars)];
        for (name, vars) in
            everybody.into_iter().chain(self.groups.iter().map(|(name, group)| (&**name, &group.vars)))
        {
            let what =
                if name == "all" { "`[inventory] vars`".to_owned() } else { format!("the group `{name}`") };
            let vars = written(vars, &what, self.format, refused);
            if !vars.is_empty() {
                let lines = vars.into_iter().map(|(key, value)| format!("{key} = {value}"));
                section(&format!("{name}:vars"), lines.collect());
            }
        }
    }

    fn yaml(&self, text: &mut String, refused: &mut Vec<Refusal>) {
        let mut mapping = |text: &mut String, depth: usize, title: &str, what: &str, vars: &Variables| {
            let vars = written(vars, what, self.format, refused);
            let indent = "  ".repeat(depth);
            let empty = if vars.is_empty() { " {}" } else { "" };
            let _ = writeln!(text, "{indent}{title}:{empty}");
            for (key, value) in vars {
                let _ = writeln!(text, "{indent}  {}: {value}", yaml_key(&key));
            }
        };
        text.push_str("all:\n");
        if !self.vars.is_empty() {
            mapping(text, 1, "vars", "`[inventory] vars`", &self.vars);
        }
        let empty = if self.hosts.is_empty() { " {}" } else { "" };
        let _ = writeln!(text, "  hosts:{empty}");
        for (name, vars) in &self.hosts {
            mapping(text, 2, &yaml_key(name), &format!("the host `{name}`"), vars);
        }
        if !self.groups.is_empty() {
            text.push_str("  children:\n");
        }
        for (name, group) in &self.groups {
            let is_empty = group.hosts.is_empty() && group.children.is_empty() && group.vars.is_empty();
            let _ = writeln!(text, "    {}:{}", yaml_key(name), if is_empty { " {}" } else { "" });
            for (title, names) in [("hosts", &group.hosts), ("children", &group.children)] {
                if !names.is_empty() {
                    let _ = writeln!(text, "      {title}:");
                }
                for name in names {
                    let _ = writeln!(text, "        {}: {{}}", yaml_key(name));
                }
            }
            if !group.vars.is_empty() {
                mapping(text, 3, "vars", &format!("the group `{name}`"), &group.vars);
            }
        }
    }

    /// Names that ansible would read as something else.
    fn names(&self) -> Vec<Refusal> {
        let mut refused = Vec::new();
        for name in self.hosts.keys() {
            let is_plain = |c: char| c.is_alphanumeric() || "._-".contains(c);
            if name.is_empty() || name.starts_with('-') || !name.chars().all(is_plain) {
                let why = "ansible would read its name as a pattern";
                let help = "give it letters, digits, `.`, `_` and `-`, and no `-` first";
                refused.push(Refusal {
                    what: format!("the host `{name}`"),
                    why: why.into(),
                    help: help.into(),
                });
            }
        }
        let special = |name: &str| name == "all" || name == "ungrouped";
        for name in self.groups.keys().chain(self.hosts.keys()).filter(|name| special(name)) {
            refused.push(Refusal {
                what: format!("the name `{name}`"),
                why: "ansible has a group of that name".into(),
                help: "name it differently; variables of every host belong into `[inventory] vars`".into(),
            });
        }
        refused
    }
}

/// The variables as the format wants them; what cannot be written is refused.
fn written(
    vars: &Variables,
    whose: &str,
    format: Format,
    refused: &mut Vec<Refusal>,
) -> Vec<(String, String)> {
    let mut all = Vec::new();
    for (key, value) in vars {
        if !is_variable(key) {
            refused.push(Refusal {
                what: format!("`{key}` of {whose}"),
                why: "it cannot be the name of a variable of ansible".into(),
                help: "use letters, digits and `_`, no digit first, and no word of Python".into(),
            });
            continue;
        }
        let text = match format {
            Format::Ini => value.python(),
            Format::Yaml => value.yaml(),
        };
        match text {
            Ok(text) => all.push((key.clone(), text)),
            Err(unfit) => refused.push(Refusal {
                what: format!("`{key}` of {whose}"),
                why: unfit.to_string(),
                help: match unfit {
                    Unfit::Template => {
                        "write `format = \"yaml\"` into `[inventory]`: YAML can say that it is none"
                    }
                    Unfit::Number => "write it as text, in quotes",
                }
                .to_owned(),
            }),
        }
    }
    all
}

const WORDS: &str = " False None True and as assert async await break class continue def del elif else except \
    finally for from global if import in is lambda nonlocal not or pass raise return try while with yield ";

/// What ansible takes as the name of a variable.
pub(crate) fn is_variable(name: &str) -> bool {
    let begins = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    begins
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && !WORDS.contains(&format!(" {name} "))
}

/// A name as a key of YAML: in quotes where it could be read as something else.
pub(crate) fn yaml_key(name: &str) -> String {
    let begins = name.starts_with(|c: char| c.is_ascii_alphabetic());
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    let word = name.to_lowercase();
    let is_word = ["true", "false", "yes", "no", "on", "off", "null", "y", "n"].contains(&word.as_str());
    if begins && name.chars().all(is_plain) && !is_word { name.to_owned() } else { quoted(name) }
}

/// The lines that differ from an old text to a new one, in order: `-` only in the old one, `+` only in the new.
pub(crate) fn diff(old: &str, new: &str) -> Vec<String> {
    let (old, new): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    // How many lines the rests have in common.
    let mut common = vec![vec![0_usize; new.len() + 1]; old.len() + 1];
    for (o, old_line) in old.iter().enumerate().rev() {
        for (n, new_line) in new.iter().enumerate().rev() {
            common[o][n] = if old_line == new_line {
                common[o + 1][n + 1] + 1
            } else {
                common[o + 1][n].max(common[o][n + 1])
            };
        }
    }
    let (mut o, mut n) = (0, 0);
    let mut lines = Vec::new();
    while o < old.len() || n < new.len() {
        if o < old.len() && n < new.len() && old[o] == new[n] {
            (o, n) = (o + 1, n + 1);
        } else if n == new.len() || (o < old.len() && common[o + 1][n] >= common[o][n + 1]) {
            lines.push(format!("- {}", old[o]));
            o += 1;
        } else {
            lines.push(format!("+ {}", new[n]));
            n += 1;
        }
    }
    lines
}

#[cfg(test)]
mod tests;
