//! What an environment is, whom to call, how to log in to its hosts, who reads its secrets.

use std::path::Path;

use super::form::{cell, code, table};
use crate::commands::secrets::list;
use crate::config::Environment;
use crate::secrets::{self, Labels};
use crate::text;

/// What it is, and whom to call.
pub(super) fn head(env: &Environment) -> String {
    let mut facts = vec![format!("project `{}`", env.project)];
    if env.protected {
        facts.push("protected: what changes it wants its name".to_owned());
    }
    if let Some(terraform) = &env.terraform {
        let program = Path::new(&terraform.program).file_name().unwrap_or_default().to_string_lossy();
        facts.push(format!("root module `{}`, by {program}", terraform.dir.display()));
    }
    if !env.depends_on.is_empty() {
        facts.push(format!("is applied after {}", text::list(&env.depends_on, "and")));
    }
    if let Some(promotion) = env.promotion.get(&env.name) {
        let from = &promotion.from.0;
        facts.push(format!("takes releases from {from}: `infractl promote {from} {}`", env.name));
    }
    let mut text = String::new();
    if let Some(description) = &env.description {
        text.push_str(&format!("\n{}\n", description.trim()));
    }
    text.push('\n');
    for fact in &facts {
        text.push_str(&format!("- {fact}\n"));
    }
    if !env.contacts.is_empty() {
        text.push_str("\n## Whom to call\n\n");
        env.contacts.iter().for_each(|line| text.push_str(&format!("- {}\n", cell(line.trim()))));
    }
    text
}

/// Hosts, and how to log in.
pub(super) fn hosts(env: &Environment) -> String {
    let rows = env.hosts.iter().map(|(name, host)| {
        let key = match (&host.identity, &host.identity_file) {
            (Some(secret), _) => format!("secret {}", code(&secret.0)),
            (None, Some(file)) => code(&file.0.display().to_string()),
            (None, None) => "that of whoever logs in".to_owned(),
        };
        let or = |text: Option<&str>, none: &str| text.map_or_else(|| none.to_owned(), code);
        [
            code(name),
            code(host.address.0.as_str()),
            or(host.user.as_ref().map(|user| user.0.as_str()), ""),
            host.port.map(|port| port.to_string()).unwrap_or_default(),
            or(host.jump.as_ref().map(|jump| jump.0.as_str()), "directly"),
            key,
            code(&format!("infractl ssh {} {name}", env.name)),
        ]
    });
    let rows = table(["host", "address", "user", "port", "through", "key", "log in"], rows);
    if rows.is_empty() {
        return rows;
    }
    format!(
        "\n## Hosts\n\nAddresses are outputs where they stand in braces: `infractl output {0}` has their values. One command: \
         `infractl ssh {0} HOST -- COMMAND`.\n{rows}",
        env.name
    )
}

/// Names of secrets and who reads them; never a value.
pub(super) fn secrets(env: &Environment) -> String {
    let declared = &env.secrets;
    if declared.files.is_empty() && declared.required.is_empty() && declared.from.is_empty() {
        return String::new();
    }
    let labels = Labels::of_project(&env.root, None);
    let mut text = format!(
        "\n## Secrets\n\nNames only. `infractl secrets edit {0}` changes them, `infractl secrets check {0}` says what is missing, \
         `infractl secrets recipients list` who reads which file.\n",
        env.name
    );
    for file in &declared.files {
        let shown = file.strip_prefix(&env.root).unwrap_or(file).display();
        text.push_str(&format!("\n### {shown}\n\n"));
        match secrets::read(&env.root, file, None) {
            Ok(encrypted) => {
                let readers: Vec<String> =
                    encrypted.recipients().iter().map(|key| labels.show(&key.to_string())).collect();
                text.push_str("Read by:\n\n");
                for reader in &readers {
                    text.push_str(&format!("- {}\n", cell(reader)));
                }
                text.push_str(&format!("\nHolds {}.\n", text::list(list::names(&encrypted), "and")));
            }
            Err(error) => text.push_str(&format!("Cannot be read: {error}.\n")),
        }
    }
    let listed = |names: &[String]| text::list(names, "and");
    if !declared.required.is_empty() {
        text.push_str(&format!("\nMust be there: {}.\n", listed(&declared.required)));
    }
    if !declared.allow_empty.is_empty() {
        text.push_str(&format!("\nMay be empty: {}.\n", listed(&declared.allow_empty)));
    }
    if !declared.from.is_empty() {
        let names: Vec<String> = declared.from.keys().cloned().collect();
        text.push_str(&format!("\nIn no file, but read where `[secrets] from` says: {}.\n", listed(&names)));
    }
    text
}
