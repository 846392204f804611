//! What a `copy` step copies: every folder and file below what it names, links followed.

use std::collections::BTreeSet;
use std::fs::{self, Metadata};
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use secrecy::SecretString;

use crate::config::model::Copy;
use crate::exec::BoxFuture;
use crate::failure::{Failure, Kind};
use crate::steps::files::rendered;
use crate::work::{StepCx, relative};

/// A folder or file to be written.
#[derive(Debug)]
pub(crate) struct Item {
    /// Its path below the folder it goes to.
    pub(crate) path: PathBuf,
    /// Its mode.
    pub(crate) mode: u32,
    /// What is in it.
    pub(crate) content: Content,
}

/// What is in a folder or file.
#[derive(Debug)]
pub(crate) enum Content {
    /// It is a folder: the items after it.
    Folder,
    /// What is in this file.
    File { from: PathBuf, length: u64, changed: SystemTime },
    /// This text, which may be secret.
    Text(SecretString),
}

impl Item {
    /// Whether it is no folder.
    pub(crate) fn is_file(&self) -> bool {
        !matches!(self.content, Content::Folder)
    }
}

/// All of them, a folder before what is in it.
pub(crate) async fn find(step: &StepCx<'_>, copy: &Copy) -> Result<Vec<Item>, Failure> {
    let mode = copy.mode.as_deref().and_then(|mode| u32::from_str_radix(mode, 8).ok());
    let mut finder = Finder { step, mode, above: Vec::new(), items: Vec::new() };
    for file in rendered::plain(copy) {
        let name = file.0.file_name().ok_or_else(|| {
            Failure::new(Kind::Config, format!("`{}` has no name to be copied under", file.0.display()))
        })?;
        finder.add(file.0.clone(), name.into()).await?;
    }
    let mut seen = BTreeSet::new();
    let mut files = finder.items.iter().filter(|item| item.is_file());
    match files.find(|item| !seen.insert(&item.path)) {
        Some(twice) => {
            Err(Failure::new(Kind::Config, format!("two of the files are `{}` there", twice.path.display()))
                .help("copy one of them in a step of its own, to another folder"))
        }
        None => Ok(finder.items),
    }
}

struct Finder<'a, 'b> {
    step: &'a StepCx<'b>,
    mode: Option<u32>,
    /// The folders that this one is in, by device and number.
    above: Vec<(u64, u64)>,
    items: Vec<Item>,
}

impl Finder<'_, '_> {
    fn add(&mut self, from: PathBuf, path: PathBuf) -> BoxFuture<'_, Result<(), Failure>> {
        Box::pin(async move {
            self.step.go_on().await?;
            let about = fs::metadata(&from).map_err(|error| self.unreadable(&from, &error))?;
            if let Some(kind) = odd_kind(&about) {
                let message = format!("`{}` is {kind}, which cannot be copied", relative(self.step, &from));
                return Err(Failure::new(Kind::Failed, message)
                    .help("remove it, or name the files that are wanted one by one"));
            }
            if about.is_dir() {
                return self.folder(&from, path, &about).await;
            }
            let mode = self.mode.unwrap_or(about.permissions().mode() & 0o7777);
            let changed = about.modified().unwrap_or(SystemTime::UNIX_EPOCH);
            let content = Content::File { from, length: about.len(), changed };
            self.items.push(Item { path, mode, content });
            Ok(())
        })
    }

    async fn folder(&mut self, from: &Path, path: PathBuf, about: &Metadata) -> Result<(), Failure> {
        let own = (about.dev(), about.ino());
        if self.above.contains(&own) {
            let message = format!("`{}` leads back to a folder that it is in", relative(self.step, from));
            return Err(Failure::new(Kind::Failed, message).help("remove that symbolic link"));
        }
        let mode = about.permissions().mode() & 0o7777;
        self.items.push(Item { path: path.clone(), mode, content: Content::Folder });
        let entries = from.read_dir().and_then(Iterator::collect::<Result<Vec<_>, _>>);
        let entries = entries.map_err(|error| self.unreadable(from, &error))?;
        let mut names: Vec<_> = entries.iter().map(fs::DirEntry::file_name).collect();
        names.sort();
        self.above.push(own);
        for name in names {
            self.add(from.join(&name), path.join(&name)).await?;
        }
        self.above.pop();
        Ok(())
    }

    fn unreadable(&self, path: &Path, error: &std::io::Error) -> Failure {
        let path = relative(self.step, path);
        Failure::new(
            Kind::Failed,
            match error.kind() {
                std::io::ErrorKind::NotFound => format!("there is no `{path}`"),
                _ => format!("`{path}` could not be read: {error}"),
            },
        )
    }
}

/// What a thing is that is neither a file nor a folder; none for those.
fn odd_kind(about: &Metadata) -> Option<&'static str> {
    let kind = about.file_type();
    match (kind.is_file() || kind.is_dir(), kind.is_fifo(), kind.is_socket()) {
        (true, ..) => None,
        (_, true, _) => Some("a named pipe"),
        (.., true) => Some("a socket"),
        _ => Some("a device"),
    }
}
