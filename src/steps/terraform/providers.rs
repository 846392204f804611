//! One cache of providers for all root modules: each package is downloaded once.
//!
//! An init that has something to download waits for its turn, and then finds what the one before it has downloaded; those
//! that find everything in the cache run side by side. That nobody is in anybody's way is the work of
//! [`super::staging`], not of the turns.

use std::collections::HashMap;
use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::Duration;

use super::seen::Seen;
use super::staging::{self, Staging};
use crate::config::model::ProviderCache;
use crate::disk;
use crate::failure::{Failure, Kind};
use crate::tools::terraform::Root;
use crate::tools::terraform::root::{self, Locked, Needs};
use crate::work::StepCx;

/// The lock file of terraform, with versions and checksums.
const LOCK_FILE: &str = ".terraform.lock.hcl";
/// How often a taken turn is asked for again.
const POLL: Duration = Duration::from_millis(40);

/// Lock files that inits of this run made, by what their root modules need.
static MADE: LazyLock<Mutex<HashMap<String, Vec<u8>>>> = LazyLock::new(Mutex::default);

/// The cache for one init, and its turn to fill it.
pub(super) struct Cache {
    shared: PathBuf,
    /// None in a cache that may only be read: terraform gets it as it is.
    staging: Option<Staging>,
    needs: String,
    lock_file: PathBuf,
    _turn: Option<File>,
}

/// Finds the cache and, while it is cold, waits for the turn. None when no provider is needed, or no cache is wanted.
pub(super) async fn cache(step: &StepCx<'_>, root: &Root, needs: &Needs) -> Result<Option<Cache>, Failure> {
    let brings_some = |text: &String| text.starts_with("required_providers") || text.starts_with("module ");
    if needs.providers.is_empty() && !needs.text.iter().any(brings_some) {
        return Ok(None);
    }
    let Some(shared) = place(step)? else { return Ok(None) };
    disk::make_dir(&shared).map_err(|error| unusable(&shared, &error))?;
    let (needs, lock_file) = (key(needs), root.dir.join(LOCK_FILE));
    let mut turn = None;
    if !blocking(&shared, &lock_file, staging::is_warm).await && disk::check_writable(&shared).is_ok() {
        turn = Some(take_turn(step, &shared).await?);
        begin_with_siblings_lock_file(step, &needs, &lock_file);
        // Whoever was first has filled it.
        if blocking(&shared, &lock_file, staging::is_warm).await {
            turn = None;
        }
    }
    let staging = blocking(&shared, &lock_file, Staging::new).await.ok();
    Ok(Some(Cache { shared, staging, needs, lock_file, _turn: turn }))
}

/// Asks about what the lock file names, off the thread that hears signals: packages are large.
async fn blocking<T: Send + 'static>(
    shared: &Path,
    lock_file: &Path,
    ask: impl FnOnce(&Path, &[Locked]) -> T + Send + 'static,
) -> T {
    let (shared, lock_file) = (shared.to_owned(), lock_file.to_owned());
    let work = move || {
        let text = disk::read_text(&lock_file).unwrap_or_default();
        ask(&shared, &root::locked_providers(&text))
    };
    match tokio::task::spawn_blocking(work).await {
        Ok(answer) => answer,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}

fn unusable(dir: &Path, error: &std::io::Error) -> Failure {
    Failure::new(Kind::Failed, format!("the cache of providers `{}` cannot be used: {error}", dir.display()))
        .help("name a folder that you may write, in TF_PLUGIN_CACHE_DIR or as `provider-cache` in `[terraform]`")
        .help("or do without: `provider-cache = false`")
}

impl Cache {
    /// For `TF_PLUGIN_CACHE_DIR`.
    pub(super) fn dir(&self) -> &Path {
        self.staging.as_ref().map_or(&self.shared, Staging::path)
    }

    /// The init is over: what it has downloaded is kept. If it went well, others may begin with its lock file.
    pub(super) async fn filled(mut self, data: PathBuf, well: bool) -> Result<(), Failure> {
        if let Some(staging) = self.staging.take() {
            let settled = blocking(&self.shared, &self.lock_file, move |_, _| staging.settle(&data)).await;
            settled.map_err(|error| unusable(&self.shared, &error))?;
        }
        if well && let Ok(bytes) = disk::read(&self.lock_file) {
            MADE.lock().unwrap_or_else(PoisonError::into_inner).insert(self.needs, bytes);
        }
        Ok(())
    }
}

/// terraform uses what is in the cache only if the lock file has its checksum; without one it downloads again. A root
/// module without one begins with that of another which needs exactly the same, made in this run: the same that its own
/// download would give.
fn begin_with_siblings_lock_file(step: &StepCx<'_>, needs: &str, lock_file: &Path) {
    if lock_file.exists() {
        return;
    }
    let made = MADE.lock().unwrap_or_else(PoisonError::into_inner).get(needs).cloned();
    if let Some(bytes) = made {
        // Without it terraform downloads once more, and that is all.
        if let Err(error) = disk::write(lock_file, &bytes, 0o644) {
            step.line(crate::ui::event::Level::Detail, format!("no lock file to begin with: {error}"));
        }
    }
}

/// What is needed, without what is only about the state.
fn key(needs: &Needs) -> String {
    let is_about_state = |text: &&String| text.starts_with("backend") || text.starts_with("cloud");
    let mut texts: Vec<&str> =
        needs.text.iter().filter(|text| !is_about_state(text)).map(String::as_str).collect();
    texts.sort_unstable();
    format!("{texts:?} {:?}", needs.providers)
}

/// The user's cache, as variable or in the configuration of terraform; else that of the project, else the usual one.
pub(super) fn place(step: &StepCx<'_>) -> Result<Option<PathBuf>, Failure> {
    let Some(terraform) = &step.env.terraform else { return Ok(None) };
    let own = match &terraform.provider_cache {
        ProviderCache::Switch(false) => return Ok(None),
        ProviderCache::Switch(true) => None,
        ProviderCache::Path(path) => Some(path.0.clone()),
    };
    let seen = Seen::of(step)?;
    let named = seen.get("TF_PLUGIN_CACHE_DIR").or_else(|| configured(&seen));
    // Relative ones are meant from the folder of the root module.
    Ok(Some(named.map(|dir| terraform.dir.join(dir)).or(own).unwrap_or_else(|| usual(&seen, &step.env.root))))
}

/// What the configuration of terraform's command line names.
fn configured(seen: &Seen) -> Option<String> {
    let file =
        seen.get("TF_CLI_CONFIG_FILE").or_else(|| Some(format!("{}/.terraformrc", seen.get("HOME")?)))?;
    let dir = root::cache_dir(&disk::read_text(Path::new(&file)).ok()?)?;
    Some(root::expanded(&dir, |name| seen.get(name)))
}

/// The configuration of terraform's command line.
pub(super) fn settings(seen: &Seen) -> Option<PathBuf> {
    let named = seen.get("TF_CLI_CONFIG_FILE").map(PathBuf::from);
    named.or_else(|| Some(Path::new(&seen.get("HOME")?).join(".terraformrc")))
}

/// That of the user; that of the project where there is no home that takes it.
fn usual(seen: &Seen, project: &Path) -> PathBuf {
    let set = |name: &str| seen.get(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let cache = set("XDG_CACHE_HOME").or_else(|| Some(set("HOME")?.join(".cache")));
    let own = cache.map(|cache| cache.join("infractl/providers"));
    own.filter(|dir| disk::make_dir(dir).is_ok()).unwrap_or_else(|| project.join(".infractl/cache/providers"))
}

/// Waits until no other init fills the cache: those of this run and of others.
async fn take_turn(step: &StepCx<'_>, dir: &Path) -> Result<File, Failure> {
    let mut name = dir.as_os_str().to_owned();
    name.push(".lock");
    let failed = |error: std::io::Error| {
        Failure::new(
            Kind::Failed,
            format!("the lock `{}` could not be taken: {error}", Path::new(&name).display()),
        )
    };
    let open = || {
        disk::check_own(Path::new(&name))?;
        OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&name)
    };
    let file = open().map_err(failed)?;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) => {}
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        step.progress("init: waiting for another that fills the cache of providers");
        tokio::select! {
            () = tokio::time::sleep(POLL) => {}
            () = step.cx.interrupts.pressed() => {
                return Err(step.interrupted(format!("stopped before the init of `{}`", step.env.name)));
            }
        }
    }
}
