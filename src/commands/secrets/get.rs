//! Print one value.

use clap_complete::engine::ArgValueCandidates;
use zeroize::Zeroizing;

use super::place::On;
use crate::commands::complete;
use crate::context::Ctx;
use crate::failure::{Failure, Kind};
use crate::secrets::{self, Mac, key_path};
use crate::sops::{PathStep, Plain};
use crate::{text, ui};

/// Print one value, as it is
///
/// Without a line end, so that `$(...)` and pipes get the value itself; on a terminal one is added. Of an environment
/// all files are looked at, and the last that has the name wins.
#[derive(Debug, clap::Args)]
pub struct GetArgs {
    #[command(flatten)]
    on: On,
    /// Name of the secret, or `["map"]["key"][0]` for what is inside of maps and lists
    #[arg(value_name = "NAME", add = ArgValueCandidates::new(complete::secret_names))]
    name: String,
}

/// Prints it.
pub(crate) async fn run(cx: &Ctx, args: &GetArgs) -> Result<(), Failure> {
    let place = args.on.place(cx)?;
    let path = key_path::parse(&args.name)?;
    let mut store = place.store(cx);
    let mut names = Vec::new();
    for file in place.files.iter().rev() {
        let opened = store.open_with(file, args.on.format(), Mac::Verify).await?;
        if let Some(node) = opened.plain.get(&path) {
            let mut value = secrets::value::text(node);
            if ui::terminals().2 {
                value.push(b'\n');
            }
            return cx.ui.data(&value);
        }
        names.extend(top_names(&opened.plain));
    }
    let place = if place.files.len() > 1 {
        format!("the files of `{}`", place.name)
    } else {
        format!("`{}`", place.shown())
    };
    Err(missing(&args.name, &place, &names, &args.on.target))
}

/// The value at a place: a text as it is, a list or a map as JSON.
pub(crate) fn value(
    plain: &Plain,
    path: &[PathStep],
    name: &str,
    file: &str,
) -> Result<Zeroizing<Vec<u8>>, Failure> {
    plain
        .get(path)
        .map(secrets::value::text)
        .ok_or_else(|| missing(name, &format!("`{file}`"), &top_names(plain), file))
}

fn top_names(plain: &Plain) -> Vec<String> {
    let pairs = plain.branches().first().into_iter().flat_map(crate::sops::Map::pairs);
    pairs.map(|(key, _)| String::from_utf8_lossy(key).into_owned()).collect()
}

fn missing(name: &str, place: &str, names: &[String], target: &str) -> Failure {
    let failure = Failure::new(Kind::Secrets, format!("there is no `{name}` in {place}"));
    match text::nearest(name, names) {
        Some(near) => failure.help(format!("did you mean `{near}`?")),
        None => failure.help(format!("see what is there with `infractl secrets list {target}`")),
    }
}
