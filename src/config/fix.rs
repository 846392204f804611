//! Files with keys under their old names, written with the new ones. Everything else stays byte by byte: only the key itself
//! is replaced where it stands, so there are no comments, blank lines or quotes to be kept.

use std::path::Path;

use crate::config::project::{DEFAULTS, Project};
use crate::config::renamed::{self, Renamed, Renaming, State};
use crate::config::source::{self, Source};
use crate::disk::{self, DiskError};
use crate::failure::{Failure, Kind, Problem};

const MARK: &str = "\u{feff}";

/// A file of the project that has keys under their old names.
#[derive(Debug)]
pub(crate) struct Fix {
    /// The file, relative to the root of the project.
    pub(crate) path: String,
    /// Its text.
    pub(crate) old: String,
    /// Its text with the new names.
    pub(crate) new: String,
    /// What has another name, with its line from 1.
    pub(crate) keys: Vec<(usize, Renamed)>,
}

impl Fix {
    /// Writes the new text, with the mode that the file has; an error when it is not what was read.
    pub(crate) fn write(&self, root: &Path) -> Result<(), Failure> {
        let path = root.join(&self.path);
        let bytes = disk::read(&path)?;
        let text = str::from_utf8(&bytes).unwrap_or_default();
        let mark = if text.starts_with(MARK) { MARK } else { "" };
        if text.strip_prefix(MARK).unwrap_or(text) != self.old {
            let message = format!("`{}` was changed by somebody else meanwhile", self.path);
            return Err(Failure::new(Kind::Failed, message).help("run `infractl config fix` again"));
        }
        let mode = disk::mode_of(&path)?.unwrap_or(0o644);
        disk::write(&path, format!("{mark}{}", self.new).as_bytes(), mode).map_err(DiskError::into)
    }
}

impl Project {
    /// The files of the project, those that are not there as well: relative to its root.
    fn files(&self) -> Vec<String> {
        let own = self.environments.iter().map(|name| format!("environments/{name}/environment.toml"));
        std::iter::once(DEFAULTS.to_owned()).chain(own).collect()
    }

    /// What there is to mend in the files of the project; an error when one of them is no TOML, or has both names.
    pub(crate) fn fixes(&self) -> Result<Vec<Fix>, Failure> {
        let (mut fixes, mut problems) = (Vec::new(), Vec::new());
        for path in self.files() {
            let parsed = source::read(&self.root, &path, 0);
            if !parsed.problems.is_empty() {
                problems.extend(parsed.problems);
                continue;
            }
            match fixed(&parsed.source, renamed::ALL) {
                Ok(fix) if fix.keys.is_empty() => {}
                Ok(fix) => fixes.push(fix),
                Err(problem) => problems.extend(problem),
            }
        }
        if problems.is_empty() { Ok(fixes) } else { Err(Failure::problems(Kind::Config, problems)) }
    }
}

/// A text with the new names.
fn fixed(source: &Source, all: &[Renaming]) -> Result<Fix, Vec<Problem>> {
    let mut new = source.clone();
    let mut keys = Vec::new();
    // A table may have several headers, and the tree has the place of the first one only.
    loop {
        let found = renamed::rename(&mut source::as_written(new.clone(), 0).root, all, renamed::own());
        // In later rounds both names are parts of one table, of which some have the new name already.
        let is_first = keys.is_empty();
        let double: Vec<Problem> = (found.iter().filter(|key| is_first && key.state == State::Double))
            .map(|key| source::problem(&new, &key.key, key.message(), vec![key.help()]))
            .collect();
        if !double.is_empty() {
            return Err(double);
        }
        if found.is_empty() {
            break;
        }
        let lines: Vec<usize> = found.iter().map(|key| new.line(&key.key)).collect();
        for key in found.iter().rev() {
            new.text.replace_range(key.key.span.clone(), key.new);
        }
        keys.extend(lines.into_iter().zip(found));
    }
    let wrong = source::as_written(new.clone(), 0).problems;
    if !wrong.is_empty() {
        return Err(wrong);
    }
    Ok(Fix { path: new.path, old: source.text.clone(), new: new.text, keys })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &[Renaming] = &[
        Renaming::of(&["a"], "old", "new"),
        Renaming::of(&["steps", "*", "*"], "wait", "timeout"),
        Renaming::of(&[], "machines", "hosts"),
    ];

    fn fix(text: &str) -> Result<Fix, Vec<Problem>> {
        fixed(&Source { path: "x.toml".into(), text: text.into() }, TABLE)
    }

    #[test]
    fn only_the_key_is_replaced() {
        let text = "# old\r\n[a] # old\r\n  \"old\"   =  'old' # the old one\r\n\r\n[b]\nold = 1\n";
        let fix = fix(text).unwrap();
        assert_eq!(fix.new, text.replace("\"old\"   =", "new   ="));
        assert_eq!(fix.keys.iter().map(|(line, key)| (*line, &*key.old)).collect::<Vec<_>>(), [(3, "a.old")]);
    }

    #[test]
    fn it_is_found_however_it_is_written() {
        for (text, new) in [
            ("a.old = 1", "a.new = 1"),
            ("a = { x = 1, old = 2 }", "a = { x = 1, new = 2 }"),
            ("[a]\nold.x = 1\nold.y = 2", "[a]\nnew.x = 1\nnew.y = 2"),
            ("[a.old]\nx = 1", "[a.new]\nx = 1"),
            ("[machines.x]\n[machines.y]\n[z]\n[ machines . w ]", "[hosts.x]\n[hosts.y]\n[z]\n[ hosts . w ]"),
            (
                "[steps]\nup = [{ wait = 1 }, { x = 1, wait = 2 }]",
                "[steps]\nup = [{ timeout = 1 }, { x = 1, timeout = 2 }]",
            ),
            (
                "[[steps.up]]\nwait = 1\n[[steps.up]]\nwait = 1",
                "[[steps.up]]\ntimeout = 1\n[[steps.up]]\ntimeout = 1",
            ),
            ("old = 1\nb.old = 1", "old = 1\nb.old = 1"),
        ] {
            assert_eq!(fix(text).unwrap().new, new);
        }
    }

    #[test]
    fn both_names_are_an_error() {
        let problems = fix("[a]\nold = 1\nnew = 1\n").unwrap_err();
        assert_eq!(problems[0].message, "`a.old` beside `new`: they are the same key");
        // In two parts of one table.
        assert!(fix("[machines.x]\ny = 1\n[hosts.x]\ny = 1\n").is_err());
    }
}
