//! Who can open the files.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use super::place;
use crate::commands::Global;
use crate::context::Ctx;
use crate::failure::{Failure, Kind};
use crate::secrets::rekey::DataKeyIs;
use crate::secrets::{self, CreationRule, Labels, Rules, bare, covered, rules_edit};
use crate::sops::KeyGroups;
use crate::text;

/// See and change who can open the files
#[derive(Debug, clap::Subcommand)]
pub enum RecipientsCommand {
    /// List the recipients of files, with their names; needs no key
    List {
        /// Files, `common`, or names of environments; without one every file that a rule is for
        #[arg(value_name = "FILE|ENV|common")]
        targets: Vec<String>,
    },
    /// Let someone open the files: in .sops.yaml and in every file that its rules are for
    Add {
        /// Public key: `age1...`, `ssh-ed25519 ...` or `ssh-rsa ...`
        #[arg(value_name = "RECIPIENT")]
        recipient: String,
        /// Files, `common`, or names of environments: only the rules for these
        #[arg(value_name = "FILE|ENV|common")]
        targets: Vec<String>,
        /// Whose key it is: becomes a comment in .sops.yaml
        #[arg(long, value_name = "NAME")]
        name: Option<String>,
    },
    /// Take someone out, and give the files a new data key
    Remove {
        /// Public key, or its name in .sops.yaml or credentials/recipients.toml
        #[arg(value_name = "RECIPIENT|NAME")]
        recipient: String,
        /// Files, `common`, or names of environments: only the rules for these
        #[arg(value_name = "FILE|ENV|common")]
        targets: Vec<String>,
    },
}

/// Does it.
pub(crate) async fn run(cx: &Ctx, global: &Global, command: &RecipientsCommand) -> Result<(), Failure> {
    match command {
        RecipientsCommand::List { targets } => list(cx, targets),
        RecipientsCommand::Add { recipient, targets, name } => {
            let (recipient, comment) = public_key(recipient)?;
            let name = name.as_deref().or(comment);
            change(cx, global, targets, &Change::Add(&recipient, name)).await
        }
        RecipientsCommand::Remove { recipient, targets } => {
            let (project, _) = place::project(cx);
            let root = project.map_or_else(|| place::root_of(&cx.dir.join("x")), |project| project.root);
            let labels = Labels::of_project(&root, place::named_rules(cx).as_deref());
            let key = labels.recipient(recipient).map_or_else(|| bare(recipient), str::to_owned);
            // A name that nobody has is a mistake; a key that is nowhere is what was wanted.
            if !key.starts_with("age1") && !key.starts_with("ssh-") {
                let failure = Failure::new(Kind::Usage, format!("there is no recipient of the name `{key}`"));
                let names: Vec<String> = labels.names().map(str::to_owned).collect();
                return Err(match text::nearest(&key, &names) {
                    Some(near) => failure.help(format!("did you mean `{near}`?")),
                    None => failure.help("see who there is with `infractl secrets recipients list`"),
                });
            }
            change(cx, global, targets, &Change::Remove(&key)).await
        }
    }
}

fn list(cx: &Ctx, targets: &[String]) -> Result<(), Failure> {
    let (files, root, _) = super::rotate::files(cx, targets)?;
    let labels = Labels::of_project(&root, place::named_rules(cx).as_deref());
    let mut text = String::new();
    for file in files {
        let encrypted = secrets::read(&root, &file, None)?;
        let _ = writeln!(text, "{}", file.strip_prefix(&root).unwrap_or(&file).display());
        for recipient in encrypted.recipients() {
            let recipient = recipient.to_string();
            let name = labels.name(&recipient).map_or_else(String::new, |name| format!(" ({name})"));
            let _ = writeln!(text, "  {recipient}{name}");
        }
    }
    cx.ui.page(&text)
}

/// A public key without what SSH allows behind it, checked before anything is changed.
/// The comment of an SSH key comes along.
fn public_key(text: &str) -> Result<(String, Option<&str>), Failure> {
    let text = text.trim();
    if text.starts_with("AGE-SECRET-KEY-") || text.contains("PRIVATE KEY") {
        return Err(Failure::new(Kind::Usage, "that is a private key, which nobody else may see").help(
            "give the public key, which begins with `age1`; make a new key if this one was seen by others",
        ));
    }
    secrets::check_recipient(text)?;
    let comment = text.splitn(3, char::is_whitespace).nth(2).map(str::trim);
    Ok((bare(text), comment.filter(|comment| text.starts_with("ssh-") && !comment.is_empty())))
}

enum Change<'a> {
    Add(&'a str, Option<&'a str>),
    Remove(&'a str),
}

impl Change<'_> {
    fn rules(&self, root: &Path, rules: &Rules, numbers: &[usize]) -> Result<Rules, Failure> {
        Ok(match self {
            Change::Add(key, name) => rules_edit::add(root, rules, numbers, key, *name)?,
            Change::Remove(key) => rules_edit::remove(root, rules, numbers, key)?,
        })
    }

    /// The recipients of a file that no rule is for.
    fn groups(&self, mut groups: Vec<Vec<String>>) -> Result<KeyGroups, Failure> {
        if groups.len() > 1 {
            return Err(Failure::new(
                Kind::Config,
                "the file has key groups, and no rule says how they change",
            )
            .help("write a rule with `key_groups` and run `infractl secrets updatekeys`"));
        }
        let keys = groups.pop().unwrap_or_default();
        Ok(KeyGroups::any_of(match self {
            Change::Add(key, _) => {
                let mut keys = keys;
                if !keys.iter().any(|known| bare(known) == *key) {
                    keys.push((*key).to_owned());
                }
                keys
            }
            Change::Remove(key) => keys.into_iter().filter(|known| bare(known) != *key).collect(),
        }))
    }
}

/// Changes the rules, then every file they are for. The rules are written first: when it is interrupted,
/// `updatekeys` does the rest.
async fn change(cx: &Ctx, global: &Global, targets: &[String], change: &Change<'_>) -> Result<(), Failure> {
    let (files, root, identities) = super::rotate::files(cx, targets)?;
    let mut changed: BTreeMap<PathBuf, (Rules, Vec<usize>)> = BTreeMap::new();
    let mut wanted: Vec<(PathBuf, KeyGroups)> = Vec::new();
    let mut without_rule = Vec::new();
    let named = place::named_rules(cx);
    for file in files {
        match super::updatekeys::rules_of(&root, named.as_deref(), &file)? {
            Some((rules, number)) => {
                let entry = changed.entry(rules.path.clone()).or_insert_with(|| (rules, Vec::new()));
                if !entry.1.contains(&number) {
                    entry.1.push(number);
                }
            }
            None => without_rule.push(file),
        }
    }
    if targets.is_empty() {
        // All rules, also those that are for no file yet.
        if let Some(file) =
            named.clone().or_else(|| Some(root.join(secrets::RULES_FILE)).filter(|file| file.is_file()))
        {
            let rules = Rules::read(&root, &file)?;
            // Files that only sops can open stay so.
            let is_ours = |number: &usize| {
                let rule = &rules.rules[*number];
                rule.others.is_empty() || rule.age().next().is_some()
            };
            let numbers = (0..rules.rules.len()).filter(is_ours).collect();
            changed.insert(file, (rules, numbers));
        }
    }
    let all = covered::files(&root, named.as_deref())?;
    let mut texts = Vec::new();
    for (path, (rules, numbers)) in &changed {
        let new = change.rules(&root, rules, numbers)?;
        for file in all.iter().filter(|file| file.rules.path == *path && file.is_encrypted) {
            let (old, rule) = (&rules.rules[file.rule], &new.rules[file.rule]);
            if !rule.others.is_empty() {
                super::updatekeys::left_to_sops(cx, &root, &file.path, rule);
            } else if numbers.contains(&file.rule) || recipients(old) != recipients(rule) {
                wanted.push((file.path.clone(), rule.new_file(&new)?.recipients));
            }
        }
        texts.push((path.clone(), rules.text != new.text, new));
    }
    if wanted.is_empty() && without_rule.is_empty() && texts.iter().all(|(_, _, new)| new.rules.is_empty()) {
        return Err(Failure::new(
            Kind::Config,
            "there is no rule and no file of secrets: nothing was changed",
        )
        .help("make the rules with `infractl secrets keygen`"));
    }
    for file in without_rule {
        let groups = secrets::read(&root, &file, None)?.metadata().age_groups();
        wanted.push((file, change.groups(groups)?));
    }
    // Who is removed is named in the old rules, who is added in the new ones.
    let labels = texts
        .iter()
        .fold(Labels::of_project(&root, place::named_rules(cx).as_deref()), |labels, (_, _, new)| {
            labels.or(Labels::in_sops_config(&new.text))
        });
    let mut store = place::store(cx, &root, &identities);
    // Everything is tried before anything is written.
    for (file, _) in &wanted {
        store.open(file, None).await?;
    }
    let mut touched = 0;
    for (path, differs, new) in &texts {
        if *differs {
            touched += 1;
            let verb = if global.dry_run { "would change" } else { "changed" };
            cx.ui.note(format!("{verb} {}", new.shown));
            if !global.dry_run {
                super::keygen::write_rules(path, &new.text)?;
            }
        }
    }
    touched +=
        super::updatekeys::apply(cx, global, &mut store, &wanted, DataKeyIs::NewOnRemoval, &labels).await?;
    if touched == 0 {
        let (key, what) = match change {
            Change::Add(key, _) => (key, "everywhere already"),
            Change::Remove(key) => (key, "nowhere"),
        };
        cx.ui.note(format!("nothing to do: {key} is {what}"));
    }
    Ok(())
}

fn recipients(rule: &CreationRule) -> Vec<&str> {
    rule.age().collect()
}
