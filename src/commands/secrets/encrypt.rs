//! Encrypt a plain file.

use std::path::PathBuf;

use zeroize::Zeroizing;

use super::place::{On, root_of};
use super::said::{self, Before};
use crate::commands::{Global, OutputMode, input};
use crate::context::Ctx;
use crate::disk;
use crate::failure::{Failure, Kind};
use crate::secrets::create::{self, Wanted};
use crate::secrets::{self, Labels, Store};
use crate::sops::{Format, Rule};

/// Encrypt a plain file for the recipients of .sops.yaml
///
/// To standard output, or to FILE with `--output FILE`, or in place of the plain file. `-` reads standard input and
/// needs `--filename-override`.
#[derive(Debug, clap::Args)]
pub struct EncryptArgs {
    #[command(flatten)]
    on: On,
    /// Replace the plain file by the encrypted one
    #[arg(short, long)]
    in_place: bool,
    /// Recipients instead of those of .sops.yaml
    #[arg(long, value_name = "RECIPIENT", value_delimiter = ',')]
    age: Vec<String>,
    /// Use the rule and the form for this name
    #[arg(long, value_name = "FILE")]
    filename_override: Option<PathBuf>,
    /// Encrypt only keys with this ending
    #[arg(long, value_name = "TEXT", group = "rule", help_heading = "What is encrypted")]
    encrypted_suffix: Option<String>,
    /// Leave keys with this ending in clear [default: _unencrypted]
    #[arg(long, value_name = "TEXT", group = "rule", help_heading = "What is encrypted")]
    unencrypted_suffix: Option<String>,
    /// Encrypt only keys that match
    #[arg(long, value_name = "PATTERN", group = "rule", help_heading = "What is encrypted")]
    encrypted_regex: Option<String>,
    /// Leave keys that match in clear
    #[arg(long, value_name = "PATTERN", group = "rule", help_heading = "What is encrypted")]
    unencrypted_regex: Option<String>,
    /// Encrypt only what stands below a comment that matches
    #[arg(long, value_name = "PATTERN", group = "rule", help_heading = "What is encrypted")]
    encrypted_comment_regex: Option<String>,
    /// Leave what stands below a comment that matches in clear
    #[arg(long, value_name = "PATTERN", group = "rule", help_heading = "What is encrypted")]
    unencrypted_comment_regex: Option<String>,
    /// Let other programs change the clear values: leave them out of the seal (MAC)
    #[arg(long, help_heading = "What is encrypted")]
    mac_only_encrypted: bool,
}

impl EncryptArgs {
    fn wanted(&self, cx: &Ctx) -> Wanted {
        let rules = [
            self.encrypted_suffix.clone().map(Rule::EncryptedSuffix),
            self.unencrypted_suffix.clone().map(Rule::UnencryptedSuffix),
            self.encrypted_regex.clone().map(Rule::EncryptedRegex),
            self.unencrypted_regex.clone().map(Rule::UnencryptedRegex),
            self.encrypted_comment_regex.clone().map(Rule::EncryptedCommentRegex),
            self.unencrypted_comment_regex.clone().map(Rule::UnencryptedCommentRegex),
        ];
        Wanted {
            recipients: self.recipients(cx),
            rule: rules.into_iter().flatten().next(),
            mac_only_encrypted: self.mac_only_encrypted,
        }
    }
}

impl EncryptArgs {
    /// Those of `--age`, else of SOPS_AGE_RECIPIENTS, as in sops.
    fn recipients(&self, cx: &Ctx) -> Vec<String> {
        let given: Vec<String> = match cx.vars.get("SOPS_AGE_RECIPIENTS") {
            Some(list) if self.age.is_empty() => list.split(',').map(str::to_owned).collect(),
            _ => self.age.clone(),
        };
        given.iter().map(|key| key.trim().to_owned()).filter(|key| !key.is_empty()).collect()
    }
}

/// Encrypts it.
pub(crate) async fn run(cx: &Ctx, global: &Global, args: &EncryptArgs) -> Result<(), Failure> {
    let is_stdin = args.on.target == "-";
    if is_stdin && (args.filename_override.is_none() || args.in_place) {
        return Err(Failure::new(Kind::Usage, "standard input has no name that says how it is encrypted")
            .help("name the file it is for with `--filename-override FILE`"));
    }
    let (root, file, text) = if is_stdin {
        let name = args.filename_override.clone().unwrap_or_default();
        let path = super::place::resolve(cx, &format!("./{}", name.display()))?;
        (path.root.clone(), path.file().to_owned(), input::whole()?)
    } else {
        let place = args.on.place(cx)?;
        let text = disk::read(place.file()).map(Zeroizing::new)?;
        (place.root.clone(), place.file().to_owned(), text)
    };
    let output = match (&global.output, args.in_place) {
        (OutputMode::File(_), true) => {
            return Err(Failure::new(Kind::Usage, "`--in-place` and `--output FILE` exclude each other"));
        }
        (OutputMode::File(path), false) => Some(cx.dir.join(path)),
        (_, true) => Some(file.clone()),
        _ => None,
    };
    let mut places: Vec<PathBuf> = args.filename_override.iter().map(|name| cx.dir.join(name)).collect();
    places.extend(output.clone());
    places.push(file.clone());
    let root = if places[0].starts_with(&root) { root } else { root_of(&places[0]) };
    let plan = create::plan(&root, super::place::named_rules(cx).as_deref(), &places, &args.wanted(cx))?;
    let name = args.filename_override.as_deref().unwrap_or(&file);
    let format = args.on.format.map_or_else(|| Format::from_path(&name.to_string_lossy()), Format::from);
    let mut store = super::place::store(cx, &root, &[]);
    let plain = create::create(&store.shown(&file), &text, format, &plan.new)?;
    said::content(cx, &store.shown(&file), &plain, &Before::default())?;
    if args.in_place {
        let shown = store.shown(&file);
        said::shut_out(cx, &mut store, &shown, &plan.new.recipients).await;
    }
    let sealed = plain.seal((cx.now)(), &mut secrets::fill).map_err(|source| store.refused(&file, source))?;
    let who = who(&store, &plan.new.recipients.groups);
    let by = plan.origin.map_or_else(String::new, |origin| format!(", by {origin}"));
    match output {
        None => cx.ui.data(&store.verified(&file, &plain, &sealed)?),
        Some(path) if global.dry_run => {
            cx.ui.note(format!("would encrypt {} for {who}{by}", store.shown(&path)));
            Ok(())
        }
        Some(path) => {
            if args.in_place {
                store.save_over(&path, Some(&text), &plain, &sealed)?;
            } else {
                store.save(&path, &plain, &sealed)?;
            }
            cx.ui.note(format!("encrypted {} for {who}{by}", store.shown(&path)));
            Ok(())
        }
    }
}

/// Recipients by name, or shortened.
fn who(store: &Store<'_>, groups: &[Vec<String>]) -> String {
    let labels = Labels::of_project(store.root(), store.keys().named_rules().as_deref());
    let names: Vec<String> = groups.iter().flatten().map(|key| labels.short(key)).collect();
    crate::text::list(&names, "and")
}
