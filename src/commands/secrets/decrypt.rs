//! Print or write a file in clear.

use std::path::PathBuf;

use super::place::{FormatName, On};
use crate::commands::{Global, OutputMode};
use crate::context::Ctx;
use crate::disk;
use crate::failure::{Failure, Kind};
use crate::secrets::{ATTEMPTS, Mac, SecretsError, key_path};
use crate::sops::{Format, Plain};

/// Print or write a file in clear
///
/// To standard output, or to FILE with `--output FILE` (mode 0600), or in place of the encrypted file.
#[derive(Debug, clap::Args)]
pub struct DecryptArgs {
    #[command(flatten)]
    on: On,
    /// Replace the encrypted file by its plain text
    #[arg(short, long)]
    in_place: bool,
    /// Print only this value, as it is: `NAME`, or `["map"]["key"][0]`
    #[arg(long, value_name = "PLACE", conflicts_with = "in_place")]
    extract: Option<String>,
    /// Write it in this form
    #[arg(long, value_enum, value_name = "FORM")]
    output_type: Option<FormatName>,
    /// Open it although its seal (MAC) differs; the values may be those of an attacker
    #[arg(long)]
    ignore_mac: bool,
}

/// Decrypts it.
pub(crate) async fn run(cx: &Ctx, global: &Global, args: &DecryptArgs) -> Result<(), Failure> {
    let place = args.on.place(cx)?;
    let mut store = place.store(cx);
    let file: Option<PathBuf> = match (&global.output, args.in_place) {
        (OutputMode::File(_), true) => {
            return Err(Failure::new(Kind::Usage, "`--in-place` and `--output FILE` exclude each other"));
        }
        (OutputMode::File(path), false) => Some(cx.dir.join(path)),
        (_, true) => Some(place.file().to_owned()),
        _ => None,
    };
    for attempt in 1.. {
        let mac = Mac::ignored_if(args.ignore_mac);
        let opened = store.open_with(place.file(), args.on.format(), mac).await?;
        let format = args.output_type.map_or_else(|| opened.plain.format(), Format::from);
        let refused = |source| store.refused(&opened.path, source);
        let text = match &args.extract {
            None => opened.plain.to_bytes(format).map_err(refused)?,
            Some(path) => super::get::value(&opened.plain, &key_path::parse(path)?, path, &place.shown())?,
        };
        let Some(path) = &file else { return cx.ui.data(&text) };
        if global.dry_run {
            cx.ui.note(format!("would write {} in clear", path.display()));
            return Ok(());
        }
        if args.extract.is_none() {
            lossy(cx, &opened.plain, format, &place.shown());
        }
        let _lock = match store.unchanged(&opened.path, opened.before.as_deref()) {
            // What somebody wrote meanwhile is in the plain text too.
            Err(SecretsError::ChangedMeanwhile { .. }) if args.in_place && attempt < ATTEMPTS => {
                continue;
            }
            Err(error) if args.in_place => return Err(error.into()),
            lock => lock,
        };
        disk::write(path, &text, disk::PRIVATE)?;
        cx.ui.note(format!("wrote {} in clear, for you alone (mode 0600): do not commit it", path.display()));
        return Ok(());
    }
    Ok(())
}

/// Names values that a plain text cannot say: read again they would be others.
fn lossy(cx: &Ctx, plain: &Plain, format: Format, file: &str) {
    let names = plain.lossy(format);
    if !names.is_empty() {
        cx.ui.warn(format!(
            "{format} cannot say {} exactly, and encrypting the plain text again would change it: print it with \
             `infractl secrets get {file} NAME`",
            names.join(", ")
        ));
    }
}
