//! Files to a host: as one stream into a folder beside their place, then renamed one by one, so that a connection that
//! is cut leaves the old files whole.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use futures_util::future::join_all;
use secrecy::ExposeSecret as _;

use crate::config::model::Copy;
use crate::exec::{Done, Part};
use crate::failure::{Failure, Kind};
use crate::hosts::host::{self, Machine};
use crate::hosts::{connection, login};
use crate::steps::files::rendered;
use crate::steps::remote;
use crate::text::plural;
use crate::tools::ssh::remote_shell::{quote_path, script};
use crate::tools::ssh::tar;
use crate::work::values::Known;
use crate::work::{StepCx, relative};

/// A file to be written there.
#[derive(Debug, Clone)]
pub(crate) struct Item {
    /// Its path below the folder there.
    pub path: String,
    /// Its mode there.
    pub mode: u32,
    /// What is in it.
    pub content: Content,
}

/// What is in a file.
#[derive(Debug, Clone)]
pub(crate) enum Content {
    /// What is in this one.
    File(PathBuf),
    /// This.
    Bytes(Vec<u8>),
}

/// Copies files and folders to every machine of the host.
pub(crate) async fn run(step: &mut StepCx<'_>, copy: &Copy, name: &str) -> Result<String, Failure> {
    let known = Known::of(step);
    let machines = host::machines(step, &known, name)?;
    let to = known.argument(step, &copy.to.0)?;
    let mut items = items(step, copy)?;
    for file in rendered::files(step, copy).await? {
        let content = Content::Bytes(file.text.expose_secret().as_bytes().to_vec());
        items.push(Item { path: file.name, mode: file.mode, content });
    }
    put(step, &machines, &items, &to, copy.delete).await?;
    let place = if machines.len() > 1 { plural(machines.len(), "machine") } else { name.to_owned() };
    Ok(format!("{} to {place}:{to}", plural(items.len(), "file")))
}

/// What a dry run says: where they go, and the login.
pub(crate) fn describe(step: &StepCx<'_>, copy: &Copy, name: &str) -> Result<Vec<String>, Failure> {
    let known = Known::shown(step, copy);
    let to = known.argument(step, &copy.to.0)?;
    let files = rendered::plain(copy).chain(&copy.templates);
    let files: Vec<String> = files.map(|file| relative(step, &file.0)).collect();
    let mode = copy.mode.as_ref().map_or_else(|| "mode as here".to_owned(), |mode| format!("mode {mode}"));
    let mut lines = rendered::describe(step, copy)?;
    for machine in host::machines(step, &known, name)? {
        let delete = if copy.delete { "; what else is there is removed" } else { "" };
        let what = files.join(", ");
        lines.push(format!(
            "# {what} to {}:{to}, {mode}, each beside its place and then renamed{delete}",
            machine.name
        ));
        lines.push(login::shown(step.env, &machine).run(receive(&to, copy.delete)).to_string() + " < TAR");
    }
    Ok(lines)
}

/// Writes all of them below a folder of all machines at once; with `delete` what else is there goes.
pub(crate) async fn put(
    step: &mut StepCx<'_>,
    machines: &[Machine],
    items: &[Item],
    to: &str,
    delete: bool,
) -> Result<(), Failure> {
    if delete && ["", "/", ".", "~", "~/"].contains(&to.trim_end_matches("/.")) {
        return Err(Failure::new(
            Kind::Config,
            format!("`delete` in `{to}` would remove more than what was copied"),
        )
        .help("copy to a folder of its own, or leave `delete` out"));
    }
    let logins = connection::open(step, machines).await?;
    let line = receive(to, delete);
    let mut cmds = Vec::new();
    for login in &logins {
        cmds.push(login.run(line.clone()).parts(parts(step, items)?));
    }
    let step = &*step;
    let many = machines.len() > 1;
    let sent = machines.iter().zip(&cmds).map(|(machine, cmd)| remote::one(step, machine, cmd, many));
    for (machine, done) in machines.iter().zip(join_all(sent).await) {
        arrived(step, machine, &done?, to)?;
    }
    Ok(())
}

fn arrived(step: &StepCx<'_>, machine: &Machine, done: &Done, to: &str) -> Result<(), Failure> {
    if done.code == 0 && !done.interrupted {
        return Ok(());
    }
    if let Some(failure) = connection::lost(step, machine, done) {
        return Err(failure.help("copy again: each file there is the old one or the new one, whole"));
    }
    let failure = connection::judge(step, machine, done).err();
    let failure = failure.unwrap_or_else(|| Failure::new(Kind::Failed, "it did not arrive"));
    let has = |text: &str| done.tail.contains(text);
    Err(if has("No space left on device") || has("Disk quota exceeded") || has("Wrote only") {
        Failure::new(Kind::Failed, "no space is left there; what was there before is still whole")
            .context(format!("`{}` could not be copied to `{}`", step.name, machine.name))
            .help(format!("make room: `infractl ssh {} {} -- df -h {to}`", step.env.name, machine.name))
    } else if has("Permission denied") {
        let user = machine.user.as_deref().unwrap_or("the user there");
        failure.help(format!("let {user} write to {to}, or log in as somebody who may"))
    } else {
        failure
    })
}

/// What the files are as a stream that `tar` reads.
fn parts(step: &StepCx<'_>, items: &[Item]) -> Result<Vec<Part>, Failure> {
    let mut parts = Vec::new();
    for item in items {
        let length = match &item.content {
            Content::Bytes(bytes) => bytes.len() as u64,
            Content::File(path) => fs::metadata(path).map_err(|error| unreadable(step, path, &error))?.len(),
        };
        parts.push(Part::Bytes(tar::header(&item.path, item.mode, length)));
        parts.push(match &item.content {
            Content::Bytes(bytes) => Part::Bytes(bytes.clone()),
            Content::File(path) => Part::File(path.clone(), length),
        });
        parts.push(Part::Bytes(tar::padding(length)));
    }
    parts.push(Part::Bytes(tar::header(LAST, 0o600, 0)));
    parts.push(Part::Bytes(tar::end()));
    Ok(parts)
}

/// Every file of the step, links followed.
fn items(step: &StepCx<'_>, copy: &Copy) -> Result<Vec<Item>, Failure> {
    let mode = copy.mode.as_deref().and_then(|mode| u32::from_str_radix(mode, 8).ok());
    let mut all = Vec::new();
    for file in rendered::plain(copy) {
        if !file.0.exists() {
            return Err(Failure::new(Kind::Failed, format!("there is no `{}`", relative(step, &file.0))));
        }
        let name = file.0.file_name().ok_or_else(|| {
            Failure::new(Kind::Config, format!("`{}` has no name to be copied under", file.0.display()))
        })?;
        collect(step, &file.0, &name.to_string_lossy(), mode, &mut all)?;
    }
    let mut seen = BTreeSet::new();
    match all.iter().find(|item| !seen.insert(item.path.clone())) {
        Some(twice) => {
            Err(Failure::new(Kind::Config, format!("two of the files are `{}` there", twice.path)))
        }
        None => Ok(all),
    }
}

fn collect(
    step: &StepCx<'_>,
    from: &Path,
    path: &str,
    mode: Option<u32>,
    all: &mut Vec<Item>,
) -> Result<(), Failure> {
    if from.is_dir() {
        let entries = from.read_dir().map_err(|error| unreadable(step, from, &error))?;
        let mut names: Vec<_> = entries.flatten().map(|entry| entry.file_name()).collect();
        names.sort();
        for name in names {
            collect(step, &from.join(&name), &format!("{path}/{}", name.to_string_lossy()), mode, all)?;
        }
        return Ok(());
    }
    let mode = match mode {
        Some(mode) => mode,
        None => mode_of(step, from)?,
    };
    all.push(Item { path: path.to_owned(), mode, content: Content::File(from.to_owned()) });
    Ok(())
}

fn mode_of(step: &StepCx<'_>, file: &Path) -> Result<u32, Failure> {
    let about = fs::metadata(file).map_err(|error| unreadable(step, file, &error))?;
    Ok(about.permissions().mode() & 0o777)
}

fn unreadable(step: &StepCx<'_>, path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(Kind::Failed, format!("`{}` could not be read: {error}", relative(step, path)))
}

/// What runs there: takes the stream into a folder that only its owner enters, and only when all of it has arrived
/// puts each file into its place.
fn receive(to: &str, delete: bool) -> String {
    let to = quote_path(to);
    let mut lines = vec![
        "set -eu".to_owned(),
        "umask 022".to_owned(),
        format!("mkdir -p -- {to}"),
        format!("cd -- {to}"),
        "new=.infractl-copy".to_owned(),
        "rm -rf -- \"$new\"".to_owned(),
        "trap 'rm -rf -- \"$new\" \"$new.old\"' EXIT".to_owned(),
        "trap 'exit 1' HUP INT TERM".to_owned(),
        "(umask 077; mkdir -- \"$new\")".to_owned(),
        "tar -xpof - -C \"$new\"".to_owned(),
        // what tar itself does not notice when the stream was cut between two files
        format!("rm -- \"$new/{LAST}\""),
    ];
    if delete {
        lines.push(format!(
            "find . -mindepth 1 -path ./.infractl-copy -prune -o -exec {UNWANTED} sh {{}} + >\"$new.old\""
        ));
    }
    lines.push(format!("(cd -- \"$new\"; find . -type d ! -name . -exec {FOLDERS} sh {{}} +)"));
    lines.push(format!("(cd -- \"$new\"; find . -type f -exec {FILES} sh {{}} +)"));
    if delete {
        lines.push("xargs -0 rm -rf -- <\"$new.old\"".to_owned());
    }
    script(&lines.join("\n"))
}

/// The last file of the stream.
const LAST: &str = ".infractl-end";
const UNWANTED: &str = r#"sh -c 'for p; do [ -e ".infractl-copy/$p" ] || printf "%s\0" "$p"; done'"#;
const FOLDERS: &str = r#"sh -c 'for d; do mkdir -p -- "../$d" || exit 1; done'"#;
const FILES: &str = r#"sh -c 'for f; do [ ! -d "../$f" ] || { echo "$f is a folder there" >&2; exit 1; }; mv -f -- "$f" "../$f" || exit 1; done'"#;
