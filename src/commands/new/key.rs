//! Whose key opens the secrets of a new project, and what the rules say of it.

use std::path::Path;
use std::sync::Arc;

use crate::commands::secrets::{git, keygen, place};
use crate::context::Ctx;
use crate::failure::Failure;
use crate::secrets::Stage;
use crate::secrets::keygen::{NewKey, first_rules};
use crate::secrets::{Keys, Nobody, RULES_FILE, Rules, bare, check_recipient, rules_append};
use crate::starter::{self, Seen};
use crate::text;

/// The files of secrets that a new project has.
const PATTERN: &str = r"^credentials/.*\.enc\.(env|yaml|yml|json)$";

/// Who opens the secrets.
pub(super) struct Access {
    /// The rules as they are to be; none when they cannot be had.
    pub(super) rules: Option<Rules>,
    /// They are not on disk as they are here.
    pub(super) writes_rules: bool,
    /// The public key, and where its private part is.
    pub(super) key: Option<(String, String)>,
    /// A key that is not on disk yet.
    new: Option<(NewKey, std::path::PathBuf)>,
    /// What has to be done by hand.
    pub(super) remarks: Vec<String>,
}

impl Access {
    /// The key is one that did not exist.
    pub(super) fn is_new(&self) -> bool {
        self.new.is_some()
    }

    /// Writes the key, if it is a new one.
    pub(super) fn save(&self) -> Result<(), Failure> {
        match &self.new {
            Some((key, path)) => Ok(key.save(path, false)?),
            None => Ok(()),
        }
    }
}

/// Finds a key and the rules; makes what is missing of them, in memory.
pub(super) async fn access(cx: &Ctx, root: &Path, is_needed: bool) -> Result<Access, Failure> {
    let mut access = Access { rules: None, writes_rules: false, key: None, new: None, remarks: Vec::new() };
    let mut keys = Keys::new(cx.vars.0.clone(), Vec::new(), Arc::new(Nobody));
    keys.enter(Stage::Quiet, &[], cx.runner.as_ref()).await;
    let usable = |key: &String| check_recipient(key).is_ok();
    access.key = keys
        .found()
        .into_iter()
        .find_map(|found| Some((found.public.iter().find(|key| usable(key))?.clone(), found.place)));
    let named = place::named_rules(cx);
    let first = root.join(starter::common());
    let there = Rules::find(root, named.as_deref(), &first)?;
    if let Some(rules) = &there
        && let Some(rule) = rules.rule_for(&first)
    {
        // Others decide who reads it.
        let is_known = |key: &(String, String)| rule.age().any(|known| bare(known) == bare(&key.0));
        match &access.key {
            Some(key) if is_known(key) => {}
            Some((key, _)) => access.remarks.push(format!("your key is not among those of `{}`: ask somebody who can read the secrets to run `infractl secrets recipients add {}`", rules.shown, shell_words::quote(key))),
            None => access.remarks.push(format!("you have no key: make one with `infractl secrets keygen`, and ask somebody who can read the secrets to let you in by `{}`", rules.shown)),
        }
        access.rules = there;
        return Ok(access);
    }
    let recipient = if let Some((key, _)) = &access.key {
        key.clone()
    } else {
        let path = keygen::key_file(cx, None)?;
        let key = NewKey::generate((cx.now)());
        let recipient = key.recipient.clone();
        access.key = Some((recipient.clone(), path.display().to_string()));
        access.new = Some((key, path));
        recipient
    };
    let path = root.join(RULES_FILE);
    let user = cx.vars.get("USER");
    access.rules = match there {
        None => {
            let text = first_rules(&recipient, user, "^credentials/.*");
            Some(Rules::parse(root, &path, text)?)
        }
        Some(rules) if rules.rules.is_empty() && !rules.text.contains("creation_rules") => {
            let text = format!("{}{}", rules.text, first_rules(&recipient, user, "^credentials/.*"));
            Some(Rules::parse(root, &rules.path, text)?)
        }
        Some(rules) => {
            let new = rules_append::append(root, &rules, PATTERN, &recipient);
            if new.is_none() {
                let lines = rules_append::lines(PATTERN, &recipient, "  ");
                access.remarks.push(format!("no rule of `{}` is for credentials/, and it is written in a way that infractl does not change: add these lines to its `creation_rules`:\n{}", rules.shown, lines.trim_end()));
                access.new = None;
            }
            new
        }
    };
    access.writes_rules = access.rules.is_some();
    if access.rules.is_none() && is_needed {
        let lines = access.remarks.last().cloned().unwrap_or_default();
        return Err(Failure::new(crate::failure::Kind::Config, lines).help("then run the same command again"));
    }
    Ok(access)
}

/// What is told of files with secrets in clear; they are never touched.
pub(super) async fn clear(cx: &Ctx, root: &Path, seen: &Seen) -> Vec<String> {
    let mut remarks = Vec::new();
    for (path, names) in &seen.clear {
        let shown = path.display().to_string();
        let shown = shell_words::quote(&shown);
        let list = text::list(names.iter().take(4), "and");
        let more = if names.len() > 4 { " …" } else { "" };
        let tracked =
            git::line(cx, root, &["ls-files", "--error-unmatch", "--", &path.to_string_lossy()]).await;
        let tracked = if matches!(tracked, Ok(Some(_))) {
            ", and git has it: change these values, they stay in its history"
        } else {
            ""
        };
        remarks.push(format!(
            "`{shown}` holds what look like secrets in clear ({list}{more}){tracked}. Encrypt it with `infractl secrets encrypt ./{shown} --filename-override {common} --output {common}`, then remove it",
            common = starter::common(),
        ));
    }
    remarks
}
