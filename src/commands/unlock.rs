//! Release the lock that a dead run left behind.

use super::{Global, deployments, rollout, target};
use crate::config::Environment;
use crate::context::Ctx;
use crate::deployments::record::What;
use crate::failure::{Failure, Kind};
use crate::lock;
use crate::steps::terraform::program;
use crate::tools::terraform::by_hand;
use crate::ui::prompt;

/// Release the lock that a dead run left behind, and say whose it was
///
/// The lock of a process that lives on this machine is not taken from it: end that process. terraform's own lock of
/// the state is another one; its error message names it and the command that releases it.
#[derive(Debug, clap::Args)]
pub struct UnlockArgs {
    #[command(flatten)]
    target: target::Target,
    /// Allow deployments again that `[rollout] on-failure = "freeze"` has stopped; locks are left alone
    #[arg(long)]
    thaw: bool,
}

/// Runs it.
pub(crate) async fn run(cx: &Ctx, global: &Global, args: &UnlockArgs) -> Result<(), Failure> {
    let env = args.target.environment(cx)?;
    let name = &env.name;
    if args.thaw {
        return thaw(cx, global, &env).await;
    }
    let locks = lock::look(cx, &env).await?;
    let now = (cx.now)();
    if let Some((owner, true)) = &locks.local {
        if let Some(left) = lock::left_running(&env, Some(owner)) {
            let what = format!(
                "the run that held the lock of `{name}` was killed, but what it has started still runs: {left}"
            );
            return Err(Failure::new(Kind::Busy, what)
                .help("wait for it, or end it with `kill`: the lock ends with it"));
        }
        return Err(Failure::new(
            Kind::Busy,
            format!("the run that holds the lock of `{name}` is alive: {}", owner.describe(now)),
        )
        .help(format!("wait for it, or end it: `kill -INT {}`; its lock ends with it", owner.pid)));
    }
    let mut found = Vec::new();
    if let Some((owner, _)) = &locks.local {
        found.push(format!("left behind on this machine: {}", owner.describe(now)));
    }
    if let Some(shared) = &locks.shared {
        let who = shared
            .owner
            .as_ref()
            .map_or_else(|| "somebody who does not say".to_owned(), |owner| owner.describe(now));
        let state = match lock::left_running(&env, shared.owner.as_ref()) {
            Some(left) => format!("held: its run was killed, and what that has started still runs: {left};"),
            None if shared.is_stale => "left behind".to_owned(),
            None => "held, and its owner seems to be alive".to_owned(),
        };
        found.push(format!("{state} at {}: {who}", shared.place));
    }
    if found.is_empty() {
        cx.ui.note(format!("`{name}` is not locked"));
        terraforms_own(cx, &env);
        return Ok(());
    }
    for line in &found {
        cx.ui.note(line);
    }
    if global.dry_run {
        return Ok(());
    }
    if !is_confirmed(global, &env) {
        prompt::confirm_name(&cx.ui, &format!("`unlock` releases the lock of `{name}`"), name)?;
    }
    lock::remove(cx, &env, &locks).await?;
    cx.ui.note(format!("the lock of `{name}` is released"));
    terraforms_own(cx, &env);
    Ok(())
}

/// Somebody has said yes on the command line.
fn is_confirmed(global: &Global, env: &Environment) -> bool {
    target::confirmed(global).any(|confirmed| confirmed == env.name) || (global.yes && !env.protected)
}

/// Allows deployments again.
async fn thaw(cx: &Ctx, global: &Global, env: &Environment) -> Result<(), Failure> {
    let name = &env.name;
    let Some(why) = deployments::records(cx, env).await?.standing.frozen else {
        cx.ui.note(format!("`{name}` is not frozen"));
        return Ok(());
    };
    cx.ui.note(format!("`{name}` is frozen: {why}"));
    if global.dry_run {
        return Ok(());
    }
    if !is_confirmed(global, env) {
        prompt::confirm_name(&cx.ui, &format!("`unlock --thaw` allows deployments to `{name}` again"), name)?;
    }
    rollout::record(cx, env, What::Thawed).await?;
    cx.ui.note(format!("deployments to `{name}` are allowed again"));
    Ok(())
}

/// How to release the lock that terraform itself puts on the state.
fn terraforms_own(cx: &Ctx, env: &Environment) {
    if let Some(terraform) = &env.terraform {
        cx.ui.note(format!(
            "terraform's own lock of the state is another one: if it says `Error acquiring the state lock`, run \
             `{} force-unlock ID` with the ID it names",
            by_hand(&env.name, &program(env, terraform), &terraform.dir)
        ));
    }
}
