//! Remove one value.

use clap_complete::engine::ArgValueCandidates;

use super::place::On;
use crate::commands::{Global, complete};
use crate::context::Ctx;
use crate::failure::Failure;
use crate::secrets::{ATTEMPTS, Mac, SecretsError, key_path};

/// Remove one value
#[derive(Debug, clap::Args)]
pub struct UnsetArgs {
    #[command(flatten)]
    on: On,
    /// Name of the secret, or `["map"]["key"][0]` for what is inside of maps and lists
    #[arg(value_name = "NAME", add = ArgValueCandidates::new(complete::secret_names))]
    name: String,
    /// It is fine when there is no such secret
    #[arg(long)]
    idempotent: bool,
}

/// Removes it.
pub(crate) async fn run(cx: &Ctx, global: &Global, args: &UnsetArgs) -> Result<(), Failure> {
    let place = args.on.place(cx)?;
    let path = key_path::parse(&args.name)?;
    let mut store = place.store(cx);
    for attempt in 1.. {
        let mut opened = store.open_with(place.own()?, args.on.format(), Mac::Verify).await?;
        if opened.plain.get(&path).is_none() {
            if args.idempotent {
                return Ok(());
            }
            // The error of a value that is not there names the one that is near.
            super::get::value(&opened.plain, &path, &args.name, &place.shown())?;
        }
        opened.plain.unset(&path).map_err(|source| store.refused(&opened.path, source))?;
        match super::set::save(cx, global, &store, &opened, &format!("removed {} from", args.name)) {
            Err(SecretsError::ChangedMeanwhile { .. }) if attempt < ATTEMPTS => {}
            ended => return Ok(ended?),
        }
    }
    Ok(())
}
