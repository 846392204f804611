//! The files of secrets: which keys are there, and what they open. Nobody is asked for a passphrase.

use secrecy::ExposeSecret as _;

use super::finding::Finding;
use crate::failure::Failure;
use crate::secrets::{self, Keys, RULES_FILE, Store, terminal};
use crate::text::{list, plural};
use crate::work::{StepCx, relative, values};

const GROUP: &str = "secrets";

/// Looks at all of them. What was opened is there for the other checks, and masked.
pub(crate) async fn check(step: &mut StepCx<'_>) -> Vec<Finding> {
    let env = step.env;
    let mut findings = whole(step);
    let secrets = &env.secrets;
    if secrets.files.is_empty() && secrets.required.is_empty() {
        return findings;
    }
    let keys = Keys::new(step.cx.vars.0.clone(), secrets.identities.clone(), terminal(true));
    let mut store = Store::new(env.root.clone(), keys, step.cx.runner.as_ref());
    let mut open = Vec::new();
    for file in &secrets.files {
        match store.open(file, None).await {
            Ok(_) => open.push(relative(step, file)),
            Err(error) => findings.push(Finding::failed(GROUP, error.into())),
        }
    }
    let keys = store.keys().public_keys();
    if !open.is_empty() {
        let keys: Vec<String> = keys.iter().map(|key| short(key)).collect();
        let with = if keys.is_empty() { String::new() } else { format!(" with {}", list(keys, "or")) };
        findings.push(Finding::ok(
            GROUP,
            format!("{} {} open{with}", list(&open, "and"), if open.len() == 1 { "is" } else { "are" }),
        ));
    }
    if open.len() < secrets.files.len() {
        return findings;
    }
    match secrets::open_files(&mut store, &secrets.files, &secrets.required_in_files(), &secrets.allow_empty)
        .await
    {
        Ok(opened) => {
            for (name, value) in opened.iter() {
                values::mask(step, name, value.expose_secret());
            }
            if !secrets.required.is_empty() {
                let count = plural(secrets.required.len(), "required secret");
                findings.push(Finding::ok(
                    GROUP,
                    format!("{count} of {} are there", plural(opened.len(), "secret")),
                ));
            }
            step.facts.secrets = Some(opened);
        }
        Err(error) => findings.push(Finding::failed(GROUP, error.into())),
    }
    findings
}

/// What shows without a key: files in clear, damage, readers that differ from the rules.
fn whole(step: &StepCx<'_>) -> Vec<Finding> {
    let named = secrets::named_rules(&step.cx.vars.0);
    if named.is_none() && !step.env.root.join(RULES_FILE).exists() {
        return Vec::new();
    }
    match secrets::check::project(&step.env.root, named.as_deref()) {
        Ok(wrong) => wrong
            .into_iter()
            .map(|wrong| {
                let finding = Finding::error(GROUP, format!("`{}`: {}", wrong.file, wrong.message));
                wrong.help.into_iter().fold(finding, Finding::help)
            })
            .collect(),
        Err(error) => vec![Finding::failed(GROUP, Failure::from(error))],
    }
}

/// Enough of a public key to know it again.
fn short(key: &str) -> String {
    let key = key.split(' ').take(2).collect::<Vec<_>>().join(" ");
    if key.chars().count() <= 24 { key } else { key.chars().take(16).chain("…".chars()).collect() }
}
