//! What only a check does: it shows what would change, and works with an inventory that is not written.

use tempfile::NamedTempFile;

use crate::disk;
use crate::failure::{Failure, Kind};
use crate::steps::files::inventory;
use crate::tools::ansible::Playbook;
use crate::tools::ansible::events::Said;
use crate::ui::event::Level;
use crate::work::StepCx;
use crate::work::values::Known;

/// Shows the tasks that would change something, with their differences; the rest is detail.
#[derive(Debug, Default)]
pub(crate) struct Shown {
    /// The task under way, until it was shown.
    task: Option<String>,
    /// Lines since the last host.
    held: Vec<String>,
}

impl Shown {
    pub(crate) fn hear(&mut self, line: &str, said: &Said, show: &dyn Fn(Level, String)) {
        match said {
            Said::Play(_) | Said::Task { .. } => {
                self.let_go(Level::Detail, show);
                let text = line.trim_end_matches('*').trim_end().to_owned();
                if matches!(said, Said::Task { .. }) {
                    self.task = Some(text);
                } else {
                    self.task = None;
                    show(Level::Detail, text);
                }
            }
            Said::Changed => {
                if let Some(task) = self.task.take() {
                    show(Level::Normal, task);
                }
                self.let_go(Level::Normal, show);
                show(Level::Normal, line.to_owned());
            }
            Said::Other => self.held.push(line.to_owned()),
            _ => {
                self.let_go(Level::Detail, show);
                show(Level::Detail, line.to_owned());
            }
        }
    }

    fn let_go(&mut self, level: Level, show: &dyn Fn(Level, String)) {
        for line in self.held.drain(..).filter(|line| !line.trim().is_empty()) {
            show(level, line);
        }
    }
}

/// The inventory as it would be written, beside the one that is: `group_vars` there count. None when that one is up to
/// date, or somebody else's.
pub(crate) fn fresh_inventory(
    step: &StepCx<'_>,
    playbook: &mut Playbook,
) -> Result<Option<NamedTempFile>, Failure> {
    let Some(declared) =
        step.env.inventory.as_ref().filter(|own| playbook.inventory.as_ref() == Some(&own.path))
    else {
        return Ok(None);
    };
    inventory::check_place(step)?;
    let text = inventory::content(step, &Known::of(step))?.render()?;
    if disk::read_text_if_there(&declared.path)?.is_some_and(|old| old == text) {
        return Ok(None);
    }
    let end = declared.path.extension().map(|end| format!(".{}", end.to_string_lossy())).unwrap_or_default();
    let place = declared.path.parent().filter(|dir| dir.is_dir()).unwrap_or(&step.env.root);
    let failed = |error: std::io::Error| {
        Failure::new(Kind::Failed, format!("no file could be made in `{}`: {error}", place.display()))
    };
    let mut file = tempfile::Builder::new()
        .prefix(".check.infractl-")
        .suffix(&end)
        .tempfile_in(place)
        .map_err(failed)?;
    std::io::Write::write_all(&mut file, text.as_bytes()).map_err(failed)?;
    playbook.inventory = Some(file.path().to_owned());
    Ok(Some(file))
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;
    use crate::tools::ansible::events::read;

    #[test]
    fn only_what_would_change_is_shown_with_its_difference() {
        let text = "\
PLAY [p] ***

TASK [same] ***
ok: [h1] => {
    \"msg\": \"x\"
}
TASK [file] ***
ok: [h2]
--- before
+++ after
@@ -0,0 +1 @@
+changed: [nobody]

changed: [h1]
changed: [h3]
";
        let seen = RefCell::new(Vec::new());
        let mut shown = Shown::default();
        for line in text.lines() {
            shown.hear(line, &read(line), &|level, line| {
                if level == Level::Normal {
                    seen.borrow_mut().push(line);
                }
            });
        }
        let expected = [
            "TASK [file]",
            "--- before",
            "+++ after",
            "@@ -0,0 +1 @@",
            "+changed: [nobody]",
            "changed: [h1]",
            "changed: [h3]",
        ];
        assert_eq!(seen.into_inner(), expected);
    }
}
