//! Read a Makefile, propose environments and pipelines.

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::told;
use crate::commands::{Global, OutputMode};
use crate::config::Project;
use crate::context::Ctx;
use crate::disk;
use crate::failure::{Failure, Kind};
use crate::make::{self, Files, Proposal, TooMany};
use crate::ui::prompt;

/// What the Makefile is called once another one calls infractl in its place.
const OLD: &str = "Makefile.before-infractl";
/// Longer is no Makefile that somebody wrote.
const LONGEST: usize = 16 * 1024 * 1024;
/// A file is readable by whom the umask lets.
const MODE: u32 = 0o644;

/// Read a Makefile and the scripts it calls, and propose environments and pipelines
///
/// Nothing of it is executed, and nothing is written without `--write`. Shown is what each target and each line becomes: what was
/// understood, what stays a step `command`, what is not sure; secrets in clear are named and not copied.
#[derive(Debug, clap::Args)]
pub(super) struct MakeArgs {
    /// The Makefile [default: GNUmakefile, makefile or Makefile]
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    /// Write the files that are not there yet; nothing is overwritten
    #[arg(long)]
    write: bool,
    /// Put a Makefile in its place whose targets call infractl; the old one is kept beside it
    #[arg(long)]
    shim: bool,
    /// Show the files that are proposed, whole
    #[arg(long)]
    files: bool,
}

/// Runs it.
pub(crate) fn run(cx: &Ctx, global: &Global, args: &MakeArgs) -> Result<(), Failure> {
    let path = makefile(&cx.dir, args.file.as_deref())?;
    let root = path.parent().unwrap_or(&cx.dir).to_owned();
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let text = text_of(&path, &name)?;
    let old = if args.shim { OLD } else { &name };
    let (texts, folders) = (RefCell::new(HashMap::new()), RefCell::new(HashMap::new()));
    let read = |path: &str| -> Option<String> {
        let read = || {
            let bytes = disk::read(&root.join(path)).ok().filter(|bytes| bytes.len() <= LONGEST)?;
            String::from_utf8(bytes).ok().filter(|text| !text.contains('\0'))
        };
        texts.borrow_mut().entry(path.to_owned()).or_insert_with(read).clone()
    };
    let list = |folder: &str| -> Vec<String> {
        folders.borrow_mut().entry(folder.to_owned()).or_insert_with(|| names_in(&root.join(folder))).clone()
    };
    let files = Files { read: &read, list: &list, old };
    let proposal = make::propose(&name, &text, &files).map_err(|TooMany(count)| {
        let what = format!("{count} targets are no Makefile that somebody wrote: nothing was written");
        Failure::new(Kind::Usage, what).help("name a file of your own: `infractl import make FILE`")
    })?;
    let states = proposal.files.iter().map(|(path, text)| state(&root.join(path), text)).collect::<Vec<_>>();
    if global.output == OutputMode::Json {
        cx.ui.document(told::json(&proposal, &states, args.shim).as_bytes())?;
    } else {
        cx.ui.page(&told::human(&proposal, &states, args.files, args.shim))?;
    }
    check(&root, &proposal)?;
    if !args.write || global.dry_run {
        cx.ui.note("nothing was written: `--write` writes what is not there yet");
        return Ok(());
    }
    write(cx, &root, &proposal, &states)?;
    if args.shim { put_shim(cx, global, &path, &proposal) } else { Ok(()) }
}

fn makefile(dir: &Path, given: Option<&Path>) -> Result<PathBuf, Failure> {
    if let Some(given) = given {
        let path = dir.join(given);
        return Ok(if path.is_dir() { makefile(&path, None)? } else { path });
    }
    let usual = ["GNUmakefile", "makefile", "Makefile"].map(|name| dir.join(name));
    usual.into_iter().find(|path| path.exists()).ok_or_else(|| {
        Failure::new(Kind::Usage, format!("no Makefile in `{}`", dir.display()))
            .help("name it: `infractl import make FILE`")
    })
}

/// Bytes that are no UTF-8 are shown as such; what is no text at all is refused.
fn text_of(path: &Path, name: &str) -> Result<String, Failure> {
    let bytes = disk::read(path)?;
    let refused = |why: String| {
        Failure::new(Kind::Usage, format!("`{name}` {why}"))
            .help("name another file: `infractl import make FILE`")
    };
    if bytes.len() > LONGEST {
        return Err(refused("has more than 16 MiB: no Makefile that somebody wrote".to_owned()));
    }
    if let Some(at) = memchr::memchr(0, &bytes) {
        let line = memchr::memchr_iter(b'\n', &bytes[..at]).count() + 1;
        return Err(refused(format!("is not text: a zero byte on line {line}")));
    }
    let text = String::from_utf8_lossy(&bytes).into_owned();
    Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
}

fn names_in(folder: &Path) -> Vec<String> {
    let Ok(entries) = folder.read_dir() else { return Vec::new() };
    let mut names: Vec<String> = entries
        .flatten()
        .take(10_000)
        .map(|entry| {
            let name = entry.file_name().to_string_lossy().into_owned();
            if entry.path().is_dir() { name + "/" } else { name }
        })
        .collect();
    names.sort();
    names
}

/// What there is in the place of a file that is proposed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// Nothing.
    New,
    /// The same text.
    Same,
    /// Another text, which stays.
    Kept,
}

fn state(path: &Path, text: &str) -> State {
    match disk::read_if_there(path) {
        Ok(None) => State::New,
        Ok(Some(bytes)) if bytes == text.as_bytes() => State::Same,
        _ => State::Kept,
    }
}

/// What is proposed is read the way infractl will read it, beside what is there and stays.
fn check(root: &Path, proposal: &Proposal) -> Result<(), Failure> {
    let folder = tempfile::tempdir()
        .map_err(|error| Failure::new(Kind::Failed, format!("no folder for what is checked: {error}")))?;
    for (path, text) in &proposal.files {
        let there = disk::read_if_there(&root.join(path)).ok().flatten();
        disk::write(&folder.path().join(path), there.as_deref().unwrap_or(text.as_bytes()), MODE)?;
    }
    let project = Project::find(folder.path(), Some(folder.path()))?;
    for name in &proposal.environments {
        project.environment(name).map(drop).map_err(|failure| {
            failure.context("what is proposed does not fit what is there").help("nothing was written")
        })?;
    }
    Ok(())
}

fn write(cx: &Ctx, root: &Path, proposal: &Proposal, states: &[State]) -> Result<(), Failure> {
    for ((path, text), state) in proposal.files.iter().zip(states) {
        match state {
            State::New => {
                disk::write(&root.join(path), text.as_bytes(), MODE)?;
                cx.ui.note(format!("wrote {path}"));
            }
            State::Same => cx.ui.note(format!("{path} is there already, with this text")),
            State::Kept => cx.ui.warn(format!(
                "{path} is there already, and stays as it is: `--files` shows what was proposed"
            )),
        }
    }
    Ok(())
}

/// The new Makefile in place of the old one, which is kept: asked for, as it changes what people type.
fn put_shim(cx: &Ctx, global: &Global, path: &Path, proposal: &Proposal) -> Result<(), Failure> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let old = path.with_file_name(OLD);
    if old.symlink_metadata().is_ok() {
        cx.ui.warn(format!("{OLD} is there already: {name} stays as it is"));
        return Ok(());
    }
    if !global.yes {
        if global.no_input || !cx.ui.mode.can_ask {
            return Err(Failure::new(
                Kind::Declined,
                format!("nobody is there to ask whether {name} may be replaced"),
            )
            .help(format!("pass `--yes`: it is kept as {OLD}")));
        }
        if !prompt::yes(
            &cx.ui,
            &format!("Keep {name} as {OLD} and put one in its place that calls infractl?"),
        )? {
            return Err(Failure::new(Kind::Declined, format!("declined: {name} stays as it is")));
        }
    }
    let bytes = disk::read(path)?;
    disk::write(&old, &bytes, MODE)?;
    disk::write(path, proposal.shim.as_bytes(), MODE)?;
    cx.ui.note(format!("{name} calls infractl now; what it was is in {OLD}"));
    Ok(())
}
