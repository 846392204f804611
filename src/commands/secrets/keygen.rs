//! Make an age key.

use std::path::{Path, PathBuf};

use crate::commands::Global;
use crate::context::Ctx;
use crate::disk::{self, FolderLock};
use crate::failure::{Failure, Kind};
use crate::secrets::keygen::{self, NewKey};
use crate::secrets::{Keys, Rules, rules_edit};

/// Make an age key of your own and name it in .sops.yaml
///
/// The private key goes to a file that only you can read, by default where sops looks for it too. The public key is
/// printed and added to the rules of the project; a project without rules gets its first ones.
#[derive(Debug, clap::Args)]
pub struct KeygenArgs {
    /// File to write the key to [default: $SOPS_AGE_KEY_FILE, else ~/.config/sops/age/keys.txt]
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,
    /// Your name in .sops.yaml [default: $USER]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Add a further key to a file that has one
    #[arg(long)]
    append: bool,
    /// Leave .sops.yaml alone
    #[arg(long)]
    no_rules: bool,
}

/// Makes it.
pub(crate) fn run(cx: &Ctx, global: &Global, args: &KeygenArgs) -> Result<(), Failure> {
    let path = key_file(cx, args.key_file.as_deref())?;
    if path.exists() && !args.append {
        return Err(keygen::there_already(&path).into());
    }
    let key = NewKey::generate((cx.now)());
    let name = args.name.clone().or_else(|| cx.vars.get("USER").map(str::to_owned));
    if global.dry_run {
        cx.ui.note(format!("would write a new key to {}", path.display()));
        return Ok(());
    }
    key.save(&path, args.append)?;
    cx.ui.note(format!(
        "wrote a new key to {} (mode 0600): keep a copy where nobody else can read it",
        path.display()
    ));
    if !args.no_rules {
        match add_to_rules(cx, &key.recipient, name.as_deref()) {
            Ok(()) => {}
            Err(failure) => {
                cx.ui.warn(format!("{:#}", failure.error));
                for help in failure.help {
                    cx.ui.note(help);
                }
            }
        }
    }
    cx.ui.data(format!("{}\n", key.recipient).as_bytes())
}

/// Where a new key goes: to the file that is named, else where it is found again.
pub(crate) fn key_file(cx: &Ctx, named: Option<&Path>) -> Result<PathBuf, Failure> {
    if let Some(path) = named {
        return Ok(cx.dir.join(path));
    }
    let set = ["INFRACTL_AGE_KEY_FILE", "SOPS_AGE_KEY_FILE"].into_iter().find_map(|name| cx.vars.get(name));
    match set.filter(|path| !path.is_empty()) {
        Some(path) => Ok(cx.dir.join(path)),
        None => Keys::default_file(&cx.vars.0).ok_or_else(|| {
            Failure::new(Kind::Usage, "there is no home folder to put the key in")
                .help("name a file with `--key-file FILE`")
        }),
    }
}

/// Names the recipient in the rules of the project and says what comes next.
fn add_to_rules(cx: &Ctx, recipient: &str, name: Option<&str>) -> Result<(), Failure> {
    let (project, _) = super::place::project(cx);
    let root = project.map_or_else(|| super::place::root_of(&cx.dir.join("x")), |project| project.root);
    let path = super::place::rules_file(cx, &root);
    let shown = path.strip_prefix(&root).unwrap_or(&path).display();
    // A project keeps its secrets in one folder; elsewhere a file may lie anywhere.
    let is_project = root.join("environments").is_dir();
    let _lock = FolderLock::of(&path)?;
    let folder = if is_project { "credentials/" } else { "" };
    let pattern = if is_project { "^credentials/.*" } else { "" };
    if !path.exists() {
        disk::write(&path, keygen::first_rules(recipient, name, pattern).as_bytes(), 0o644)?;
        cx.ui.note(format!("wrote {shown}: its rule is for {folder}*.enc.env, .yaml and .json"));
        let first = if is_project { "credentials/common.enc.env" } else { "secrets.enc.env" };
        cx.ui.note(format!("next: put secrets in with `infractl secrets edit {first}`"));
        return Ok(());
    }
    let rules = Rules::read(&root, &path)?;
    if rules.rules.is_empty() && !rules.text.contains("creation_rules") {
        let text = format!("{}{}", rules.text, keygen::first_rules(recipient, name, pattern));
        write_rules(&path, &text)?;
        cx.ui.note(format!("added the first rule to {shown}: it is for {folder}*.enc.env, .yaml and .json"));
        return Ok(());
    }
    let numbers: Vec<usize> = (0..rules.rules.len()).collect();
    let new = rules_edit::add(&root, &rules, &numbers, recipient, name)?;
    if new.text != rules.text {
        write_rules(&path, &new.text)?;
        cx.ui.note(format!("added the public key to {shown}"));
        if numbers.len() > 1 {
            cx.ui.note(format!(
                "it is in each of the {} rules: take it out of those whose files are not for you",
                numbers.len()
            ));
        }
    }
    cx.ui.note(format!(
        "next: commit {shown}, and ask someone who can read the secrets to run `infractl secrets updatekeys`"
    ));
    Ok(())
}

/// Writes the rules; their mode stays.
pub(crate) fn write_rules(path: &Path, text: &str) -> Result<(), Failure> {
    let mode = disk::mode_of(path)?.unwrap_or(0o644);
    Ok(disk::write(path, text.as_bytes(), mode)?)
}
