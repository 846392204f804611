//! Print or write a file in clear.

use std::path::PathBuf;

use super::place::{FormatName, On};
use crate::commands::{Global, OutputMode};
use crate::context::Ctx;
use crate::disk;
use crate::failure::{Failure, Kind};
use crate::secrets::{Mac, key_path};
use crate::sops::Format;

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
    let opened = store.open_with(place.file(), args.on.format(), Mac::ignored_if(args.ignore_mac)).await?;
    let format = args.output_type.map_or_else(|| opened.plain.format(), Format::from);
    let refused = |source| store.refused(&opened.path, source);
    let text = match &args.extract {
        None => opened.plain.to_bytes(format).map_err(refused)?,
        Some(path) => super::get::value(&opened.plain, &key_path::parse(path)?, path, &place.shown())?,
    };
    let file: Option<PathBuf> = match (&global.output, args.in_place) {
        (OutputMode::File(_), true) => {
            return Err(Failure::new(Kind::Usage, "`--in-place` and `--output FILE` exclude each other"));
        }
        (OutputMode::File(path), false) => Some(cx.dir.join(path)),
        (_, true) => Some(opened.path.clone()),
        _ => None,
    };
    match file {
        None => cx.ui.data(&text),
        Some(path) if global.dry_run => {
            cx.ui.note(format!("would write {} in clear", path.display()));
            Ok(())
        }
        Some(path) => {
            disk::write(&path, &text, disk::PRIVATE)?;
            cx.ui.note(format!(
                "wrote {} in clear, for you alone (mode 0600): do not commit it",
                path.display()
            ));
            Ok(())
        }
    }
}
