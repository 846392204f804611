//! Who holds a shared lock when its run was killed: a process of its own, as long as what that run has started lives.

use std::io::Read as _;
use std::time::Duration;

use tokio::time::Instant;

use crate::config::{Environment, variables};
use crate::context::Ctx;
use crate::exec::{Background, Cmd};
use crate::failure::{Failure, Kind};
use crate::lock::BEATS;
use crate::lock::file::FileLock;
use crate::lock::owner::Owner;
use crate::lock::shared::Place;
use crate::work::{Facts, StepCx};

/// The verb that infractl calls itself with.
pub(crate) const VERB: &str = "keep-lock";
/// What it is told when the lock is released.
const RELEASED: &[u8] = b"released";
/// From one look to the next whether anything of the run lives.
const LOOK: Duration = Duration::from_millis(200);
/// How long a process that was killed may take to be gone.
const GONE: Duration = Duration::from_secs(5);

/// The process beside a run. It ends with the run, or soon after everything that a killed one has started.
#[derive(Debug)]
pub(super) struct Keeper(Background);

impl Keeper {
    /// Starts it; none where that cannot be done: then the lock counts as left behind after a while.
    pub(super) fn start(cx: &Ctx, env: &Environment, local: &FileLock, owner: &Owner) -> Option<Keeper> {
        let own = std::env::current_exe().ok()?;
        let mut cmd = Cmd::new(own.to_string_lossy()).arg("-C").arg(env.root.to_string_lossy());
        cmd = cmd.args([VERB, &env.name]);
        for key in variables::KEYS {
            if let Some(value) = cx.vars.get(key) {
                // Infractl itself needs what no other program gets.
                cmd = cmd.secret(key, value.to_owned().into());
            }
        }
        let kept = local.not_inherited(|| cx.runner.keep(&cmd)).ok()?;
        kept.tell(owner.to_json().as_bytes());
        Some(Keeper(kept))
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        // A run that was killed gets nowhere near this.
        self.0.tell(RELEASED);
    }
}

/// Waits for the end of the run that has started this; holds its lock if it was killed.
pub(crate) async fn keep(cx: &Ctx, env: &Environment) -> Result<(), Failure> {
    let told = tokio::task::spawn_blocking(|| {
        let mut told = Vec::new();
        std::io::stdin().read_to_end(&mut told).map(|_| told)
    });
    let told = told.await.ok().and_then(Result::ok).unwrap_or_default();
    let Some(owner) = Owner::parse(&told) else {
        return Err(Failure::new(Kind::Usage, format!("`{VERB}` is for infractl itself")));
    };
    if told.ends_with(RELEASED) || !is_gone(&owner).await || !owner.has_heirs_here() {
        return Ok(());
    }
    let mut facts = Facts::default();
    let mut step = StepCx::new(cx, env, "lock", &[], &mut facts);
    let place = Box::pin(Place::of(&mut step)).await?;
    let Some(shared) = Box::pin(place.adopt(&owner)).await? else { return Ok(()) };
    let every = owner.patience() / BEATS;
    let mut next = Instant::now() + every;
    while owner.has_heirs_here() {
        tokio::time::sleep(LOOK).await;
        if Instant::now() >= next {
            next += every;
            if shared.beat(&owner.alive((cx.now)())).await.is_err() {
                return Ok(());
            }
        }
    }
    // Known to be dead now, elsewhere too.
    let _ = shared.beat(&Owner { stale_after: 1, ..owner.alive((cx.now)()) }).await;
    shared.leave();
    Ok(())
}

async fn is_gone(owner: &Owner) -> bool {
    let limit = Instant::now() + GONE;
    while !owner.is_gone_here() {
        if Instant::now() >= limit {
            return false;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    true
}
