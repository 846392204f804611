//! This machine: is there space, and does the shell complete?

use std::path::{Path, PathBuf};

use super::finding::Finding;
use crate::context::{Ctx, Vars};
use crate::disk;
use crate::ui::ci::Ci;

const GROUP: &str = "machine";
const MIB: u64 = 1024 * 1024;
/// Providers alone take some hundred MiB.
const LITTLE: u64 = 1024 * MIB;
/// Less than this and nothing can be written.
const NOTHING: u64 = 50 * MIB;

/// Looks at it.
pub(crate) fn check(cx: &Ctx, root: &Path) -> Vec<Finding> {
    std::iter::once(space(root)).chain(completion(&cx.vars)).collect()
}

fn space(root: &Path) -> Finding {
    let Ok((left, is_full)) = disk::space(root) else {
        return Finding::warning(GROUP, format!("nobody knows how much space `{}` has", root.display()))
            .help(format!("look yourself: `df -h {}`", root.display()));
    };
    let what = format!("{} MiB are left where the project is", left / MIB);
    let help = format!("free some space where `{0}` is: `df -h {0}`", root.display());
    match left {
        left if left < NOTHING => Finding::error(GROUP, what).help(help),
        left if left < LITTLE => Finding::warning(GROUP, what).help(help),
        _ if is_full => {
            Finding::error(GROUP, "no file can be made where the project is: there are too many").help(help)
        }
        _ => Finding::ok(GROUP, what),
    }
}

/// Where shells find completion, and where people load it; none for a shell that is not known, or in CI.
fn completion(vars: &Vars) -> Option<Finding> {
    if Ci::nobody_is_there(|name| vars.get(name)) {
        return None;
    }
    let shell = vars.get("SHELL")?.rsplit('/').next()?.to_owned();
    let home = PathBuf::from(vars.get("HOME")?);
    let config = vars.get("XDG_CONFIG_HOME").map_or_else(|| home.join(".config"), PathBuf::from);
    let data = vars.get("XDG_DATA_HOME").map_or_else(|| home.join(".local/share"), PathBuf::from);
    let (files, help): (Vec<PathBuf>, String) = match shell.as_str() {
        "bash" => (
            vec![
                home.join(".bashrc"),
                home.join(".bash_profile"),
                home.join(".bash_completion"),
                data.join("bash-completion/completions/infractl"),
                "/usr/share/bash-completion/completions/infractl".into(),
                "/etc/bash_completion.d/infractl".into(),
            ],
            "add it: `echo 'source <(infractl completions bash)' >> ~/.bashrc`".to_owned(),
        ),
        "zsh" => (
            vec![
                home.join(".zshrc"),
                home.join(".zprofile"),
                "/usr/share/zsh/site-functions/_infractl".into(),
            ],
            "add it: `echo 'source <(infractl completions zsh)' >> ~/.zshrc`".to_owned(),
        ),
        "fish" => (
            vec![config.join("fish/completions/infractl.fish"), config.join("fish/config.fish")],
            "add it: `infractl completions fish > ~/.config/fish/completions/infractl.fish`".to_owned(),
        ),
        _ => return None,
    };
    let holds = |file: &PathBuf| {
        disk::read_lossy_if_there(file).ok().flatten().is_some_and(|text| text.contains("infractl"))
    };
    Some(if files.iter().any(holds) {
        Finding::ok(GROUP, format!("{shell} completes infractl"))
    } else {
        Finding::warning(GROUP, format!("{shell} does not complete infractl")).help(help)
    })
}
