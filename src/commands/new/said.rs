//! What is told of a new project: which files, what is left to do, what comes next.

use std::path::Path;

use schemars::JsonSchema;
use serde::Serialize;

use super::key::Access;
use crate::context::Ctx;
use crate::failure::Failure;
use crate::starter::{Fate, Given, Item, Note, Template};
use crate::text::document;

/// What was done, or would be.
pub(super) struct Done<'a> {
    pub(super) root: &'a Path,
    pub(super) note: &'a Note,
    /// What is not sure, and what is left to people.
    pub(super) remarks: Vec<String>,
    /// No git repository was around.
    pub(super) is_new_repository: bool,
    pub(super) is_dry: bool,
}

/// A project that was begun, or adopted.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Written {
    /// Its name.
    project: String,
    /// Its folder.
    root: String,
    /// What it was made from.
    template: Option<Template>,
    /// Its environments.
    environments: Vec<String>,
    /// Nothing was written.
    dry_run: bool,
    /// A git repository was made.
    new_repository: bool,
    /// The key of whoever called it.
    key: Option<OwnKey>,
    /// Its files.
    files: Vec<Place>,
    /// What is to be known.
    remarks: Vec<String>,
}

/// The key of whoever called it.
#[derive(Debug, Serialize, JsonSchema)]
struct OwnKey {
    /// The public half.
    recipient: String,
    /// Where the other half is.
    place: String,
    /// It was made now.
    new: bool,
}

/// A file of the project.
#[derive(Debug, Serialize, JsonSchema)]
struct Place {
    /// Its path.
    path: String,
    /// `written`, `added-to` or `left`.
    fate: String,
}

impl Done<'_> {
    /// Tells it: lines for people, or one document.
    pub(super) fn tell(
        &self,
        cx: &Ctx,
        items: &[Item],
        access: &Access,
        given: &[Given],
    ) -> Result<(), Failure> {
        if cx.ui.mode.json {
            return self.document(cx, items, access);
        }
        self.list(cx, items);
        if self.is_new_repository {
            cx.ui.note(if self.is_dry { "would make a git repository" } else { "made a git repository" });
        }
        if let Some((key, place)) = &access.key {
            let is_new = access.is_new();
            cx.ui.note(match (is_new, self.is_dry) {
                (false, _) => format!("your key is the one of {place}"),
                (true, false) => format!("made a key for you in {place} (mode 0600): keep a copy where nobody else can read it\n  {key}"),
                (true, true) => format!("would make a key for you in {place}"),
            });
        }
        for remark in &self.remarks {
            cx.ui.warn(remark);
        }
        for line in self.next(given) {
            cx.ui.note(line);
        }
        Ok(())
    }

    /// The files.
    pub(super) fn list(&self, cx: &Ctx, items: &[Item]) {
        let would = if self.is_dry { "would have " } else { "" };
        for item in items {
            let path = self.shown(&item.path);
            match &item.fate {
                Fate::New => cx.ui.note(format!("{would}written  {path}")),
                Fate::Added(lines) => cx.ui.note(format!("{would}added to {path}: {}", lines.join(", "))),
                Fate::Kept => cx.ui.note(format!("left as it is  {path}")),
            }
        }
    }

    fn shown(&self, path: &Path) -> String {
        path.strip_prefix(self.root).unwrap_or(path).display().to_string()
    }

    fn next(&self, given: &[Given]) -> Vec<String> {
        if self.is_dry {
            return Vec::new();
        }
        let environment = self.first();
        let mut lines = Vec::new();
        let here = std::env::current_dir().and_then(|here| here.canonicalize());
        if here.map_or(true, |here| here != self.root) {
            lines.push(format!("next: cd {}", shell_words::quote(&self.root.to_string_lossy())));
        }
        if given.is_empty() {
            lines.push("next: infractl secrets set common NAME    (or later)".to_owned());
        }
        let verb = if self.note.template.is_some() { "apply" } else { "plan" };
        lines.push(format!("next: infractl {verb} {environment}"));
        lines
    }

    fn first(&self) -> &str {
        let free = self.note.environments.iter().find(|name| !crate::starter::is_protected(name));
        free.or(self.note.environments.first()).map_or("ENV", String::as_str)
    }

    fn document(&self, cx: &Ctx, items: &[Item], access: &Access) -> Result<(), Failure> {
        let files = items.iter().map(|item| Place {
            path: self.shown(&item.path),
            fate: match &item.fate {
                Fate::New => "written",
                Fate::Added(_) => "added-to",
                Fate::Kept => "left",
            }
            .to_owned(),
        });
        let key = access.key.as_ref().map(|(key, place)| OwnKey {
            recipient: key.clone(),
            place: place.clone(),
            new: access.is_new(),
        });
        let document = Written {
            project: self.note.name.clone(),
            root: self.root.to_string_lossy().into_owned(),
            template: self.note.template,
            environments: self.note.environments.clone(),
            dry_run: self.is_dry,
            new_repository: self.is_new_repository,
            key,
            files: files.collect(),
            remarks: self.remarks.clone(),
        };
        cx.ui.data(document::line(&document).as_bytes())
    }
}
