//! The programs of the project: seen, locked, installed.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::Serialize;

use super::{Global, OutputMode, target};
use crate::config::{Environment, Project};
use crate::context::Ctx;
use crate::failure::{Failure, Kind};
use crate::text::document;
use crate::text::{list, nearest};
use crate::toolbox::check;
use crate::toolbox::install::{Wish, install};
use crate::toolbox::lock::{Wanted, checksums, missing};
use crate::toolbox::lock_file::{self, LockFile};
use crate::toolbox::look::Looker;
use crate::toolbox::pin::{Pin, Platform, pins};
use crate::toolbox::store;

/// The programs of `[tools]`: install them by checksum, lock their archives, see what is there
#[derive(Debug, clap::Subcommand)]
pub enum ToolsCommand {
    /// Install the programs of all environments, as `tools.lock` has their checksums
    ///
    /// They are kept per version in the user's data folder and come first on the PATH of what infractl starts for an
    /// environment that asks for them. One that is there already is left alone.
    Install(InstallArgs),
    /// Show the programs of each environment: what is asked for, and what would be started
    List,
    /// Write the checksums of archives into `tools.lock`, which is committed
    ///
    /// From the list that a project publishes, else from the archive itself. Checksums that are known stay; those of
    /// versions that nobody asks for any more go.
    Lock(LockArgs),
}

/// Install the programs of all environments
#[derive(Debug, clap::Args)]
pub struct InstallArgs {
    /// Only these
    #[arg(value_name = "TOOL")]
    names: Vec<String>,
}

/// Write the checksums of archives into `tools.lock`
#[derive(Debug, clap::Args)]
pub struct LockArgs {
    /// For this system too; may be given more than once [default: linux-amd64, linux-arm64 and the one of this machine]
    #[arg(long, value_name = "OS-ARCH", value_parser = platform)]
    platform: Vec<Platform>,
}

fn platform(text: &str) -> Result<Platform, String> {
    Platform::parse(text).ok_or_else(|| "not a system; write `linux-arm64` or `darwin-arm64`".to_owned())
}

/// Runs it.
pub(crate) async fn run(cx: &Ctx, global: &Global, command: &ToolsCommand) -> Result<(), Failure> {
    match command {
        ToolsCommand::Install(args) => run_install(cx, global, args).await,
        ToolsCommand::List => run_list(cx, global).await,
        ToolsCommand::Lock(args) => run_lock(cx, global, args).await,
    }
}

/// All environments of the project.
fn environments(cx: &Ctx) -> Result<(Project, Vec<Environment>), Failure> {
    let project = target::project(cx)?;
    let all = project.environments.iter().map(|name| project.environment(name)).collect::<Result<_, _>>()?;
    Ok((project, all))
}

/// What can be installed, each program and version once; what cannot is said.
fn wanted(cx: &Ctx, environments: &[Environment]) -> Result<Vec<Pin>, Failure> {
    let (mut all, mut told): (Vec<Pin>, BTreeSet<String>) = Default::default();
    if environments.iter().all(|env| env.tools.is_empty()) {
        return Err(Failure::new(Kind::Config, "no environment asks for a tool")
            .help("write it into `environments/defaults.toml`: `tools = { terraform = \"1.11.4\" }`"));
    }
    for (name, pin) in environments.iter().flat_map(|env| pins(&env.tools)) {
        match pin {
            Ok(pin) if all.contains(&pin) => {}
            Ok(pin) => all.push(pin),
            Err(why) => {
                if told.insert(format!("{name} {why}")) {
                    cx.ui.note(format!("`{name}` is left to you; {why}"));
                }
            }
        }
    }
    all.sort_by(|a, b| (&a.name, &a.version).cmp(&(&b.name, &b.version)));
    Ok(all)
}

async fn run_install(cx: &Ctx, global: &Global, args: &InstallArgs) -> Result<(), Failure> {
    let (project, environments) = environments(cx)?;
    let mut pins = wanted(cx, &environments)?;
    for name in &args.names {
        let names: Vec<&String> = environments.iter().flat_map(|env| env.tools.keys()).collect();
        if !names.contains(&name) {
            let failure = Failure::new(Kind::Usage, format!("no environment asks for `{name}`"));
            return Err(match nearest(name, names) {
                Some(near) => failure.help(format!("did you mean `{near}`?")),
                None => failure.help(format!("write it into `[tools]`: `{name} = \"1.2.3\"`")),
            });
        }
    }
    pins.retain(|pin| args.names.is_empty() || args.names.contains(&pin.name));
    let lock = LockFile::read(&project.root)?;
    let root = store::root(&cx.vars)?;
    let wishes = pins.iter().map(|pin| Wish::new(pin, &lock, &root)).collect::<Result<Vec<_>, _>>()?;
    let (there, wishes): (Vec<Wish>, Vec<Wish>) = wishes.into_iter().partition(Wish::is_installed);
    for wish in &there {
        cx.ui.note(format!("{} {} is there", wish.pin.name, wish.pin.version));
    }
    if global.dry_run {
        let lines = wishes.iter().map(|wish| format!("# install {}\n", wish.pin.url(&Platform::here())));
        return cx.ui.page(&lines.collect::<String>());
    }
    if wishes.is_empty() {
        return Ok(());
    }
    let names: Vec<String> =
        wishes.iter().map(|wish| format!("{} {}", wish.pin.name, wish.pin.version)).collect();
    let results = install(cx, wishes).await?;
    ended(
        cx,
        names.iter().zip(results).map(|(name, result)| {
            result
                .map(|()| cx.ui.note(format!("{name} is installed")))
                .map_err(|failure| failure.context(format!("{name} was not installed")))
        }),
    )
}

async fn run_lock(cx: &Ctx, global: &Global, args: &LockArgs) -> Result<(), Failure> {
    let (project, environments) = environments(cx)?;
    let pins = wanted(cx, &environments)?;
    let mut lock = LockFile::read(&project.root)?;
    let here = Platform::here();
    let usual = ["linux-amd64", "linux-arm64"].into_iter().filter_map(Platform::parse);
    let mut platforms: Vec<Platform> =
        usual.chain(args.platform.iter().cloned()).chain([here.clone()]).collect();
    platforms.sort();
    platforms.dedup();
    let before = lock.clone();
    let open = missing(&lock, &pins, &platforms);
    if global.dry_run {
        let lines = open.iter().map(|wanted| format!("# lock {}\n", wanted.pin.url(&wanted.platform)));
        return cx.ui.page(&lines.collect::<String>());
    }
    let results = if open.is_empty() { Vec::new() } else { checksums(cx, open.clone()).await? };
    let mut failures = Vec::new();
    for (Wanted { pin, platform }, result) in open.iter().zip(results) {
        match result {
            Ok(Some(sha256)) => lock.set(pin, platform, &sha256),
            Ok(None) if *platform == here => failures.push(
                Failure::new(
                    Kind::Failed,
                    format!("there is no {} {} for {platform}", pin.name, pin.version),
                )
                .help(format!("check the version: `{}` was asked for", pin.url(platform))),
            ),
            Ok(None) => cx.ui.warn(format!("there is no {} {} for {platform}", pin.name, pin.version)),
            Err(failure) => {
                failures.push(failure.context(format!("{} {} was not locked", pin.name, pin.version)));
            }
        }
    }
    if failures.is_empty() {
        lock.keep_only(&pins);
    }
    // What was found out is kept also when something else was not.
    if lock != before {
        lock.write(&project.root)?;
        cx.ui.note(format!("`{}` has changed; look at it, and commit it", lock_file::NAME));
    } else if failures.is_empty() {
        cx.ui.note(format!("`{}` is up to date", lock_file::NAME));
    }
    ended(cx, failures.into_iter().map(Err))
}

/// The first failure ends it; the others are said before.
fn ended(cx: &Ctx, results: impl Iterator<Item = Result<(), Failure>>) -> Result<(), Failure> {
    let mut failures: Vec<Failure> = results.filter_map(Result::err).collect();
    let Some(last) = failures.pop() else { return Ok(()) };
    for failure in &failures {
        cx.ui.failure(failure);
    }
    Err(last)
}

/// A program that an environment asks for.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Listed {
    /// The environment.
    environment: String,
    /// The program.
    name: String,
    /// The version or range that is asked for.
    wanted: String,
    /// The one that would be started; none where it is not there, or tells none.
    version: Option<String>,
    /// Where that is.
    path: Option<String>,
    /// It is what is asked for.
    ok: bool,
}

async fn run_list(cx: &Ctx, global: &Global) -> Result<(), Failure> {
    let (_, environments) = environments(cx)?;
    let mut rows = Vec::new();
    for env in environments.iter().filter(|env| !env.tools.is_empty()) {
        let looker = Looker::new(cx, env);
        let found = futures_util::future::join_all(env.tools.keys().map(|name| looker.find(name))).await;
        looker.done();
        for ((name, table), found) in env.tools.iter().zip(found) {
            let version = found.as_ref().and_then(|found| found.version.as_ref()).map(ToString::to_string);
            let path = found.as_ref().map(|found| found.path.display().to_string());
            let is_right = check::wrong(name, table, found.as_ref()).is_none();
            rows.push(Listed {
                environment: env.name.clone(),
                name: name.clone(),
                wanted: table.version.0.text.clone(),
                version,
                path,
                ok: is_right,
            });
        }
    }
    if global.output == OutputMode::Json {
        return cx.ui.document(document::line(&rows).as_bytes());
    }
    // One line for those environments that agree.
    let mut lines: Vec<(Vec<String>, [String; 3], bool)> = Vec::new();
    for Listed { environment, name, wanted, version, path, ok } in rows {
        let found = match (version, path) {
            (_, None) => "not there".to_owned(),
            (version, Some(path)) => format!("{} ({path})", version.as_deref().unwrap_or("tells no version")),
        };
        let row = [name, wanted, found];
        match lines.iter_mut().find(|(_, other, _)| *other == row) {
            Some((names, ..)) => names.push(environment),
            None => lines.push((vec![environment], row, ok)),
        }
    }
    if lines.is_empty() {
        cx.ui.note("no program is declared in `[tools]`");
        return Ok(());
    }
    let width = |at: usize| lines.iter().map(|(_, row, _)| row[at].chars().count()).max().unwrap_or(0);
    let (first, second) = (width(0), width(1));
    let shown = lines.iter().map(|(names, [name, wanted, found], is_right)| {
        let sign = if *is_right { "ok   " } else { "wrong" };
        format!("{sign}  {name:first$}  {wanted:second$}  {found}  {}\n", list(names, "and"))
    });
    cx.ui.page(&shown.collect::<Vec<_>>().concat())
}
