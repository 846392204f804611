//! Files to a host: as one stream into a folder beside their place, then renamed one by one, so that a connection that
//! is cut leaves the old files whole.

use std::os::unix::ffi::OsStrExt as _;
use std::time::SystemTime;

use futures_util::future::join_all;
use secrecy::ExposeSecret as _;

use crate::config::model::Copy;
use crate::exec::{Done, InputPart};
use crate::failure::{Failure, Kind};
use crate::hosts::host::{self, Machine};
use crate::hosts::{connection, login};
use crate::steps::files::items::{self, Content, Item};
use crate::steps::files::{place, rendered};
use crate::steps::remote;
use crate::text::plural;
use crate::tools::ssh::remote_shell::{quote_path, script};
use crate::tools::ssh::tar;
use crate::work::values::Known;
use crate::work::{StepCx, relative};

/// Copies files and folders to every machine of the host.
pub(crate) async fn run(step: &mut StepCx<'_>, copy: &Copy, name: &str) -> Result<String, Failure> {
    let known = Known::of(step);
    let machines = host::machines(step, &known, name)?;
    let to = known.argument(step, &copy.to.0)?;
    place::check_there(copy, &to)?;
    let mut items = items::find(step, copy).await?;
    items.extend(rendered::files(step, copy).await?);
    put(step, &machines, &items, &to, copy.delete).await?;
    let place = if machines.len() > 1 { plural(machines.len(), "machine") } else { name.to_owned() };
    let count = items.iter().filter(|item| item.is_file()).count();
    Ok(format!("{} to {place}:{to}", plural(count, "file")))
}

/// What a dry run says: where they go, and the login.
pub(crate) fn describe(step: &StepCx<'_>, copy: &Copy, name: &str) -> Result<Vec<String>, Failure> {
    let known = Known::shown(step, copy);
    let to = known.argument(step, &copy.to.0)?;
    place::check_there(copy, &to)?;
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
    let logins = connection::open(step, machines).await?;
    let line = receive(to, delete);
    let mut cmds = Vec::new();
    for login in &logins {
        cmds.push(login.run(line.clone()).parts(parts(items)));
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
    if done.code == TOO_MUCH {
        return Err(
            place::too_much(to).context(format!("`{}` was not copied to `{}`", step.name, machine.name))
        );
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

/// What they are as a stream that `tar` reads. Its last file makes the folders there.
fn parts(items: &[Item]) -> Vec<InputPart> {
    let now = SystemTime::now();
    let mut parts = Vec::new();
    let mut folders = Vec::new();
    for Item { path, mode, content } in items {
        let path = path.as_os_str().as_bytes();
        let (mode, length, changed, part) = match content {
            Content::Folder => {
                // A folder that its owner may not write could not be filled.
                folders.extend(format!("folder {:o} '", mode | 0o700).into_bytes());
                folders.extend(path.iter().flat_map(|byte| match byte {
                    b'\'' => br#"'"'"'"#.as_slice(),
                    byte => std::slice::from_ref(byte),
                }));
                folders.extend(b"'\n");
                parts.push(InputPart::Bytes(tar::folder(path)));
                continue;
            }
            Content::Text(text) => {
                let text = text.expose_secret().as_bytes();
                (*mode, text.len() as u64, now, InputPart::Bytes(text.to_vec()))
            }
            Content::File { from, length, changed } => {
                (*mode, *length, *changed, InputPart::File(from.clone(), *length))
            }
        };
        parts.push(InputPart::Bytes(tar::file(path, mode, length, changed)));
        parts.push(part);
        parts.push(InputPart::Bytes(tar::padding(length)));
    }
    let length = folders.len() as u64;
    parts.push(InputPart::Bytes(tar::file(LAST.as_bytes(), 0o600, length, now)));
    parts.push(InputPart::Bytes(folders));
    parts.push(InputPart::Bytes(tar::padding(length)));
    parts.push(InputPart::Bytes(tar::end()));
    parts
}

/// What runs there: takes the stream into a folder that only its owner enters, and only when all of it has arrived
/// puts each file into its place.
fn receive(to: &str, delete: bool) -> String {
    let to = quote_path(to);
    let mut lines = vec!["set -eu; umask 022".to_owned(), format!("mkdir -p -- {to}; cd -- {to}")];
    if delete {
        lines.push(format!(
            r#"here=$(pwd -P); home=$(cd && pwd -P) || home=/; case $home/ in "${{here%/}}"/*) exit {TOO_MUCH};; esac"#
        ));
    }
    lines.extend([
        "new=.infractl-copy".to_owned(),
        "rm -rf -- \"$new\"".to_owned(),
        r#"trap 'rm -rf -- "$new" "$new.old"' EXIT"#.to_owned(),
        "trap 'exit 1' HUP INT TERM".to_owned(),
        "(umask 077; mkdir -- \"$new\")".to_owned(),
        "tar -xpof - -C \"$new\"".to_owned(),
        // what tar itself does not notice when the stream was cut between two files
        format!("[ -e \"$new/{LAST}\" ]"),
    ]);
    if delete {
        lines.push(format!(
            "find . -mindepth 1 -path ./.infractl-copy -prune -o -exec {UNWANTED} sh {{}} + >\"$new.old\""
        ));
        // nothing is written to where a link leads
        lines.push(r#"clear() { [ ! -L "$1" ] || rm -f -- "$1"; }"#.to_owned());
    } else {
        lines.push("clear() { :; }".to_owned());
    }
    lines.push(r#"folder() { clear "$2"; [ -d "$2" ] || mkdir -m "$1" -- "$2"; }"#.to_owned());
    lines.push(format!(". \"./$new/{LAST}\"; rm -- \"$new/{LAST}\""));
    lines.push(format!("(cd -- \"$new\"; find . -type f -exec {FILES} sh {{}} +)"));
    if delete {
        lines.push("xargs -0 rm -rf -- <\"$new.old\"".to_owned());
    }
    script(&lines.join("; "))
}

/// The exit code when `delete` would go too far.
const TOO_MUCH: i32 = 78;
/// The last file of the stream.
const LAST: &str = ".infractl-end";
const UNWANTED: &str = r#"sh -c 'for p; do [ -e ".infractl-copy/$p" ] || printf "%s\0" "$p"; done'"#;
const FILES: &str = r#"sh -c 'for f; do [ ! -d "../$f" ] || { echo "$f is a folder there" >&2; exit 1; }; mv -f -- "$f" "../$f" || exit 1; done'"#;
