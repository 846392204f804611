//! One cache of providers for all root modules, and one init at a time while it is cold.
//!
//! terraform's cache is not made for several inits at once: two that download the same provider write into the
//! same files ("text file busy"). So an init that may download waits for its turn, and those that find everything
//! in the cache run side by side.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::Duration;

use crate::disk;
use crate::failure::{Failure, Kind};
use crate::tools::terraform::Root;
use crate::tools::terraform::root::{self, Needs};
use crate::work::StepCx;

/// The lock file of terraform, with versions and checksums.
const LOCK_FILE: &str = ".terraform.lock.hcl";
/// How often a taken turn is asked for again.
const POLL: Duration = Duration::from_millis(40);

/// Lock files that inits of this run made, by what their root modules need.
static MADE: LazyLock<Mutex<HashMap<String, Vec<u8>>>> = LazyLock::new(Mutex::default);

/// The cache for one init, and its turn to fill it.
pub(crate) struct Cache {
    /// For `TF_PLUGIN_CACHE_DIR`.
    pub(crate) dir: PathBuf,
    needs: String,
    lock_file: PathBuf,
    turn: Option<File>,
}

/// Finds the cache and, while it is cold, waits for the turn. None when no provider is needed.
pub(crate) async fn cache(step: &StepCx<'_>, root: &Root, needs: &Needs) -> Result<Option<Cache>, Failure> {
    let brings_some = |text: &String| text.starts_with("required_providers") || text.starts_with("module ");
    if needs.providers.is_empty() && !needs.text.iter().any(brings_some) {
        return Ok(None);
    }
    let dir = place(step);
    crate::disk::make_dir(&dir).map_err(|error| {
        Failure::new(
            Kind::Failed,
            format!("the cache of providers `{}` could not be made: {error}", dir.display()),
        )
        .help("set TF_PLUGIN_CACHE_DIR to a folder that you may write")
    })?;
    let mut cache = Cache { dir, needs: key(needs), lock_file: root.dir.join(LOCK_FILE), turn: None };
    if !cache.is_warm() {
        cache.turn = Some(turn(step, &cache.dir).await?);
        cache.begin_with_siblings_lock_file(step);
        // Whoever was first has filled it.
        if cache.is_warm() {
            cache.turn = None;
        }
    }
    Ok(Some(cache))
}

impl Cache {
    /// The init is over, and well.
    pub(crate) fn filled(self) {
        if let Ok(bytes) = disk::read(&self.lock_file) {
            MADE.lock().unwrap_or_else(PoisonError::into_inner).insert(self.needs, bytes);
        }
    }

    /// Everything that the lock file names is there.
    fn is_warm(&self) -> bool {
        let text = disk::read_text(&self.lock_file).unwrap_or_default();
        let locked = root::locked_providers(&text);
        let is_there = |(address, version): &(String, String)| {
            fs::read_dir(self.dir.join(address).join(version))
                .is_ok_and(|mut systems| systems.next().is_some())
        };
        !locked.is_empty() && locked.iter().all(is_there)
    }

    /// terraform uses what is in the cache only if the lock file has its checksum; without one it downloads again. A
    /// root module without one begins with that of another which needs exactly the same, made in this run: the same
    /// that its own download would give.
    fn begin_with_siblings_lock_file(&self, step: &StepCx<'_>) {
        if self.lock_file.exists() {
            return;
        }
        let made = MADE.lock().unwrap_or_else(PoisonError::into_inner).get(&self.needs).cloned();
        if let Some(bytes) = made {
            // Without it terraform downloads once more, and that is all.
            if let Err(error) = crate::disk::write(&self.lock_file, &bytes, 0o644) {
                step.line(crate::ui::event::Level::Detail, format!("no lock file to begin with: {error}"));
            }
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

/// The user's cache, as variable or in the configuration of terraform; else one in the project.
fn place(step: &StepCx<'_>) -> PathBuf {
    let vars = &step.cx.vars;
    if let Some(dir) = vars.get("TF_PLUGIN_CACHE_DIR").filter(|dir| !dir.is_empty()) {
        return dir.into();
    }
    let home = Path::new(vars.get("HOME").unwrap_or_default()).to_owned();
    let file = vars.get("TF_CLI_CONFIG_FILE").map_or_else(|| home.join(".terraformrc"), PathBuf::from);
    let configured = disk::read_text(&file).ok().and_then(|text| root::cache_dir(&text));
    match configured {
        Some(dir) => PathBuf::from(dir.replace("$HOME", &home.to_string_lossy())),
        None => step.env.root.join(".infractl/cache/providers"),
    }
}

/// Waits until no other init fills the cache: those of this run and of others.
async fn turn(step: &StepCx<'_>, dir: &Path) -> Result<File, Failure> {
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
