//! List the names of secrets.

use super::place::On;
use crate::context::Ctx;
use crate::failure::Failure;
use crate::secrets;
use crate::sops::{Encrypted, Map, Node};

/// List the names of secrets; needs no key
#[derive(Debug, clap::Args)]
pub struct ListArgs {
    #[command(flatten)]
    on: On,
    /// Also say which file each name is in
    #[arg(long)]
    files: bool,
}

/// Lists them.
pub(crate) fn run(cx: &Ctx, args: &ListArgs) -> Result<(), Failure> {
    let place = args.on.place(cx)?;
    let mut lines: Vec<(String, String)> = Vec::new();
    for file in &place.files {
        let encrypted = secrets::read(&place.root, file, args.on.format())?;
        let shown = file.strip_prefix(&place.root).unwrap_or(file).display().to_string();
        for name in names(&encrypted) {
            lines.retain(|(known, _)| *known != name);
            lines.push((name, shown.clone()));
        }
    }
    let text: String = lines
        .iter()
        .map(|(name, file)| if args.files { format!("{name}  {file}\n") } else { format!("{name}\n") })
        .collect();
    cx.ui.page(&text)
}

/// The names in a file; needs no key.
pub(crate) fn names(encrypted: &Encrypted) -> Vec<String> {
    let mut names = Vec::new();
    encrypted.branches().iter().for_each(|map| collect(map, "", &mut names));
    names
}

/// The names of a map: those inside of maps as sops writes places, `["a"]["b"]`.
fn collect(map: &Map, above: &str, names: &mut Vec<String>) {
    for (key, node) in map.pairs() {
        let key = String::from_utf8_lossy(key);
        let quoted = format!("{above}[\"{}\"]", key.replace('\\', "\\\\").replace('"', "\\\""));
        match node {
            Node::Map(inner) => collect(inner, &quoted, names),
            _ if above.is_empty() => names.push(key.into_owned()),
            _ => names.push(quoted),
        }
    }
}
