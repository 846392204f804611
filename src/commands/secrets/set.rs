//! Change or add one value.

use std::path::PathBuf;

use clap_complete::engine::ArgValueCandidates;
use secrecy::{ExposeSecret as _, SecretString};
use zeroize::Zeroizing;

use super::place::{On, Place};
use super::said::{self, Before};
use crate::commands::{Global, complete, input};
use crate::context::Ctx;
use crate::disk;
use crate::failure::{Failure, Kind};
use crate::secrets::create;
use crate::secrets::names::Values;
use crate::secrets::{self, ATTEMPTS, Opened, SecretsError, Store, key_path};
use crate::sops::{Format, Plain, Value};
use crate::ui::{self, prompt};

/// Change or add one value
///
/// The value is read from standard input (one line end at its end is dropped), asked for on a terminal, or read from
/// a file as it is. A file that is not there yet is made by the rules of .sops.yaml.
#[derive(Debug, clap::Args)]
pub struct SetArgs {
    #[command(flatten)]
    on: On,
    /// Name of the secret, or `["map"]["key"][0]` for what is inside of maps and lists
    #[arg(value_name = "NAME", add = ArgValueCandidates::new(complete::secret_names))]
    name: String,
    /// Value as an argument: refused, it would stay in the history of the shell
    #[arg(value_name = "VALUE", hide = true, value_parser = hidden)]
    argument: Option<SecretString>,
    /// Read the value from this file, as it is
    #[arg(long, value_name = "FILE", group = "source")]
    from_file: Option<PathBuf>,
    /// Value as an argument; other users of this machine and the history of the shell can see it
    #[arg(long, value_name = "VALUE", group = "source", value_parser = hidden)]
    value: Option<SecretString>,
    /// The value is JSON: a number, a truth value, a list, a map
    #[arg(long)]
    json: bool,
}

/// A value that `Debug` does not show.
#[expect(clippy::unnecessary_wraps, reason = "the form of a value parser")]
fn hidden(text: &str) -> Result<SecretString, std::convert::Infallible> {
    Ok(SecretString::from(text))
}

/// Changes it.
pub(crate) async fn run(cx: &Ctx, global: &Global, args: &SetArgs) -> Result<(), Failure> {
    if args.argument.is_some() {
        return Err(Failure::new(
            Kind::Usage,
            "a value as an argument would stay in the history of the shell",
        )
        .help("give it on standard input, at the prompt, or with `--from-file FILE`")
        .help("pass `--value VALUE` if that does not matter"));
    }
    let place = args.on.place(cx)?;
    let path = key_path::parse(&args.name)?;
    let value = read_value(cx, args)?;
    let node = if args.json {
        Plain::json_value(&value).ok_or_else(|| {
            Failure::new(Kind::Usage, "the value is not JSON")
                .help("put a text in double quotes, or leave `--json` out")
        })?
    } else {
        Value::text(value.to_vec()).into()
    };
    let mut store = place.store(cx);
    for attempt in 1.. {
        let mut opened = open_or_create(cx, &mut store, &place, args.on.format()).await?;
        let mut rest = opened.plain.clone();
        let is_new = rest.unset(&path).is_err();
        let before = Before::of(&rest, Values::Exact);
        let set = opened.plain.set(&path, node.clone());
        set.map_err(|source| store.refused(&opened.path, source))?;
        said::content(cx, &store.shown(&opened.path), &opened.plain, &before)?;
        let done = if is_new { "added" } else { "changed" };
        match save(cx, global, &store, &opened, &format!("{done} {} in", args.name)) {
            // Another call changed another value: this one comes on top.
            Err(SecretsError::ChangedMeanwhile { .. }) if attempt < ATTEMPTS => {}
            ended => return Ok(ended?),
        }
    }
    Ok(())
}

fn read_value(cx: &Ctx, args: &SetArgs) -> Result<Zeroizing<Vec<u8>>, Failure> {
    if let Some(value) = &args.value {
        cx.ui.warn(
            "a value in `--value` can be seen in the history of the shell and by other users of this machine",
        );
        return Ok(Zeroizing::new(value.expose_secret().as_bytes().to_vec()));
    }
    if let Some(file) = &args.from_file {
        return Ok(Zeroizing::new(disk::read_named(&cx.dir.join(file))?));
    }
    if ui::terminals().1 {
        return typed(cx, args);
    }
    let mut value = input::whole()?;
    if value.is_empty() {
        // A program before the pipe that failed must not wipe a secret.
        return Err(Failure::new(Kind::Usage, "standard input is empty: nothing was changed").help(format!(
            "for an empty value run `echo | infractl secrets set {} {}`",
            args.on.target, args.name
        )));
    }
    without_line_end(&mut value);
    Ok(value)
}

fn without_line_end(value: &mut Vec<u8>) {
    if value.ends_with(b"\n") {
        value.pop();
        if value.ends_with(b"\r") {
            value.pop();
        }
    }
}

/// What is typed or pasted at the prompt.
fn typed(cx: &Ctx, args: &SetArgs) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let typed = prompt::hidden(&cx.ui, &format!("Value of {}", args.name))?;
    if typed.more {
        return Err(Failure::new(
            Kind::Usage,
            "several lines were pasted, and this terminal does not mark their end",
        )
        .help("give them with `--from-file FILE`, or on standard input"));
    }
    let mut value = typed.text;
    if value.is_empty() {
        return Err(Failure::new(Kind::Declined, "nothing was typed: nothing was changed"));
    }
    without_line_end(&mut value);
    Ok(value)
}

/// Opens the file of a target; one that is not there is made by the rules, in memory.
async fn open_or_create(
    cx: &Ctx,
    store: &mut Store<'_>,
    place: &Place,
    format: Option<Format>,
) -> Result<Opened, Failure> {
    let path = place.own()?;
    match store.open(path, format).await {
        Err(SecretsError::NoSuchFile { .. }) => {}
        other => return Ok(other?),
    }
    let plan = create::plan_by_rules(store, path)?;
    let shown = store.shown(path);
    said::shut_out(cx, store, &shown, &plan.new.recipients).await;
    let format = format.unwrap_or_else(|| Format::from_path(&path.to_string_lossy()));
    let empty: &[u8] = if matches!(format, Format::Json | Format::Yaml) { b"{}\n" } else { b"" };
    let plain = create::create(&shown, empty, format, &plan.new)?;
    let encrypted = plain
        .seal(jiff::Timestamp::UNIX_EPOCH, &mut secrets::fill)
        .map_err(|source| store.refused(path, source))?;
    Ok(Opened { path: path.to_owned(), encrypted, plain, before: None })
}

/// Seals and writes a changed file, and says so.
pub(crate) fn save(
    cx: &Ctx,
    global: &Global,
    store: &Store<'_>,
    opened: &Opened,
    what: &str,
) -> Result<(), SecretsError> {
    let sealed = opened
        .plain
        .seal((cx.now)(), &mut secrets::fill)
        .map_err(|source| store.refused(&opened.path, source))?;
    let shown = store.shown(&opened.path);
    if opened.before.is_some() {
        super::said::differences(cx, store, &opened.path, &opened.encrypted);
    }
    if global.dry_run {
        store.verified(&opened.path, &opened.plain, &sealed)?;
        cx.ui.note(format!("would have {what} {shown}"));
        return Ok(());
    }
    store.save_over(&opened.path, opened.before.as_deref(), &opened.plain, &sealed)?;
    cx.ui.note(format!("{what} {shown}"));
    Ok(())
}
