//! Print a file in clear.

use super::place::On;
use crate::context::Ctx;
use crate::failure::Failure;
use crate::secrets::Mac;

/// Print a file in clear, exactly as `sops decrypt` does
#[derive(Debug, clap::Args)]
pub struct ViewArgs {
    #[command(flatten)]
    on: On,
    /// Print it although its seal (MAC) differs; the values may be those of an attacker
    #[arg(long)]
    ignore_mac: bool,
}

/// Prints it.
pub(crate) async fn run(cx: &Ctx, args: &ViewArgs) -> Result<(), Failure> {
    let place = args.on.place(cx)?;
    let mut store = place.store(cx);
    let opened = store.open_with(place.file(), args.on.format(), Mac::ignored_if(args.ignore_mac)).await?;
    let text =
        opened.plain.to_bytes(opened.plain.format()).map_err(|source| store.refused(&opened.path, source))?;
    cx.ui.data(&text)
}
