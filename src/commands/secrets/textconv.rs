//! What `git diff` shows of a file of secrets.

use std::fmt::Write as _;
use std::path::PathBuf;

use sha2::{Digest as _, Sha256};

use super::place;
use crate::config::variables;
use crate::context::Ctx;
use crate::disk;
use crate::failure::Failure;
use crate::secrets::{self, SecretsError};
use crate::sops::{Encrypted, Entry, Map, Node, Value};

/// Print a file of secrets for `git diff`: names, and a mark that changes when the value does
///
/// Set up by `infractl secrets merge --install`. Values are shown when INFRACTL_DIFF_VALUES=1 is set; without it no key
/// is needed.
#[derive(Debug, clap::Args)]
pub struct TextconvArgs {
    /// The file, as git hands it over
    file: PathBuf,
    /// Show values, as INFRACTL_DIFF_VALUES=1 does
    #[arg(long)]
    values: bool,
}

/// Prints it.
pub(crate) async fn run(cx: &Ctx, args: &TextconvArgs) -> Result<(), Failure> {
    let path = cx.dir.join(&args.file);
    let bytes = disk::read(&path)?;
    let Ok(encrypted) = secrets::parse(&path, &bytes, None) else {
        // What is not encrypted, or damaged, is shown as git would.
        return cx.ui.data(&bytes);
    };
    if args.values || cx.vars.get(variables::DIFF_VALUES.name).is_some_and(|value| value == "1") {
        let (project, identities) = place::project(cx);
        let root = project.map_or_else(|| cx.dir.clone(), |project| project.root);
        let mut store = place::store(cx, &root, &identities);
        // Of old versions there are some that one's own key does not open: git log goes on.
        match store.data_key(&path, &encrypted).await.and_then(|key| {
            encrypted.decrypt(&key).map_err(|source| SecretsError::File { file: store.shown(&path), source })
        }) {
            Ok(plain) => {
                let text = plain.to_bytes(plain.format()).map_err(|source| store.refused(&path, source))?;
                return cx.ui.data(&text);
            }
            Err(error @ SecretsError::Interrupted { .. }) => return Err(error.into()),
            Err(error) => {
                let reason = error.to_string();
                cx.ui.warn(format!("values are not shown: {}", reason.lines().next().unwrap_or_default()));
            }
        }
    }
    cx.ui.data(names(&encrypted).as_bytes())
}

fn names(encrypted: &Encrypted) -> String {
    let mut text = String::new();
    for map in encrypted.branches() {
        lines(map, "", &mut text);
    }
    for recipient in encrypted.recipients() {
        let _ = writeln!(text, "(recipient) {recipient}");
    }
    text
}

fn lines(map: &Map, above: &str, text: &mut String) {
    for entry in map.entries() {
        if let Entry::Pair(key, node) = entry {
            line(&format!("{above}{}", String::from_utf8_lossy(key)), node, text);
        }
    }
}

fn line(name: &str, node: &Node, text: &mut String) {
    match node {
        Node::Map(map) => lines(map, &format!("{name}."), text),
        Node::List(items) => {
            for (number, item) in items.iter().enumerate() {
                line(&format!("{name}[{number}]"), item, text);
            }
        }
        Node::Comment(_) => {}
        Node::Scalar(scalar) => {
            let shown = match &scalar.value {
                Value::Str(sealed) if sealed.starts_with(b"ENC[") => mark(sealed),
                Value::Str(clear) if clear.is_empty() => "(empty)".to_owned(),
                _ => String::from_utf8_lossy(&secrets::value::text(node)).into_owned(),
            };
            let _ = writeln!(text, "{name} = {shown}");
        }
    }
}

/// A mark of a ciphertext: it stays as long as the value does, and says nothing about it.
fn mark(sealed: &[u8]) -> String {
    let hash = Sha256::digest(sealed);
    format!("(encrypted {:02x}{:02x}{:02x}{:02x})", hash[0], hash[1], hash[2], hash[3])
}
