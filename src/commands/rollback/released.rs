//! The configuration of a release that is not checked out: in a private folder, for as long as a run needs it. What the
//! environment itself has stays where it is: its lock, history, records, secrets, snapshots.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use crate::config::scenarios::Asked;
use crate::config::verbs::Effect;
use crate::config::{Environment, Project};
use crate::context::Ctx;
use crate::deployments::Deployment;
use crate::disk::{self, PrivateDir, repository};
use crate::exec::Cmd;
use crate::failure::{Failure, Kind};
use crate::pipeline::Pipeline;
use crate::steps::Work;
use crate::text::{list, plural};
use crate::tools::git;
use crate::work::{Facts, StepCx, root_module};

/// Where these folders are, seen from the project.
const PLACE: &str = ".infractl/releases";
/// So many names of files are told.
const SHOWN: usize = 5;

/// The configuration of a release.
pub(super) struct Released {
    /// The environment as the release has it.
    pub(super) env: Environment,
    top: PathBuf,
    today: PathBuf,
    dir: PrivateDir,
}

impl Released {
    /// Lays out the files of its commit, and reads them.
    pub(super) async fn of(cx: &Ctx, today: &Environment, wanted: &Deployment) -> Result<Released, Failure> {
        let name = &wanted.name;
        let (Some(top), Some(commit)) = (repository::top(&today.root), wanted.commit.as_deref()) else {
            return Err(unfit(wanted, "it is of no commit of this repository".to_owned()));
        };
        check_commit(cx, &today.root, wanted, commit).await?;
        let place = today.home.join(PLACE);
        disk::make_private_dir(&place)?;
        // What a killed run has left is gone after this.
        let dir = PrivateDir::at(&place)?;
        forget(cx, &top).await;
        let folder = top.file_name().unwrap_or_else(|| "project".as_ref());
        let tree = dir.path().join(folder);
        let done = cx.runner.run(&git::lay_out(&top, &tree, commit), &|_, _| ()).await?;
        if done.code != 0 || done.interrupted {
            if cx.interrupts.is_pressed() {
                return Err(cx.interrupts.failure("`git worktree add` was stopped"));
            }
            return Err(unfit(wanted, format!("git cannot lay it out: {}", git::reason(&done.tail))));
        }
        let inside = today.root.strip_prefix(&top).unwrap_or(Path::new(""));
        let root = tree.join(inside);
        let scenario = today.scenario.as_ref().map(|chosen| chosen.names.as_slice()).unwrap_or_default();
        let asked = Asked::Like(scenario);
        let read = Project::find(&root, Some(&root))
            .and_then(|project| project.with_vars(cx.vars.0.clone()).environment_in(&today.name, asked));
        let mut env = match read {
            Ok(env) => env,
            Err(failure) => {
                drop(dir);
                forget(cx, &top).await;
                let failure = failure
                    .help(format!("this is the configuration of {name}, which this infractl cannot read"));
                return Err(ways(failure, wanted));
            }
        };
        take_over(&mut env, today);
        tell_secrets(cx, today, wanted, commit).await;
        Ok(Released { env, top, today: today.root.clone(), dir })
    }

    /// An error when what the pipeline does cannot be done from a folder that goes.
    pub(super) fn check(&self, cx: &Ctx, pipeline: &Pipeline, wanted: &Deployment) -> Result<(), Failure> {
        let leaves = pipeline.leaves();
        if leaves.iter().any(|leaf| matches!(leaf.work, Work::Compose(compose) if compose.host.is_none())) {
            let why = "`compose` on this machine would go on with files of a folder that goes".to_owned();
            return Err(unfit(wanted, why));
        }
        let Some(terraform) = &self.env.terraform else { return Ok(()) };
        let mut facts = Facts::default();
        let step = StepCx::new(cx, &self.env, "rollback", &[], &mut facts);
        let root = root_module::of(&step);
        if root.declared.backend.as_ref().is_some_and(|backend| backend.kind != "local") {
            return Ok(());
        }
        let changes =
            |work: &Work| matches!(work, Work::Terraform(_)) && work.kind().effect() >= Some(Effect::Changes);
        if self.env.lock.shared == Some(true) || leaves.iter().any(|leaf| changes(leaf.work)) {
            let why = "the state of terraform is a file beside its root module, and that stays where it is"
                .to_owned();
            return Err(unfit(wanted, why));
        }
        // To be read.
        let from_root = terraform.dir.strip_prefix(&self.env.root).unwrap_or(Path::new(""));
        for name in ["terraform.tfstate", "terraform.tfstate.d"] {
            let (state, link) = (self.today.join(from_root).join(name), terraform.dir.join(name));
            if state.exists() && !link.exists() {
                symlink(&state, &link)
                    .map_err(|error| unfit(wanted, format!("its state cannot be read: {error}")))?;
            }
        }
        Ok(())
    }

    /// Removes the folder.
    pub(super) async fn end(self, cx: &Ctx) {
        let Released { top, dir, .. } = self;
        drop(dir);
        forget(cx, &top).await;
    }
}

/// Removes what a run left that was killed after its work: one that has nothing to do would leave it there.
pub(super) async fn tidy(cx: &Ctx, today: &Environment) {
    if let Some(top) = repository::top(&today.root).filter(|_| PrivateDir::sweep_at(&today.home.join(PLACE)))
    {
        forget(cx, &top).await;
    }
}

/// Lets git forget about folders that are gone.
async fn forget(cx: &Ctx, top: &Path) {
    let done = cx.runner.run(&git::forget_laid_out(top), &|_, _| ()).await;
    tracing::debug!(ok = done.is_ok_and(|done| done.code == 0), "git worktree prune");
}

/// The commit is there, whole.
async fn check_commit(cx: &Ctx, root: &Path, wanted: &Deployment, commit: &str) -> Result<(), Failure> {
    if !asked(cx, &git::commit_of(root, commit)).await? {
        let failure = Failure::new(
            Kind::Failed,
            format!("the commit {commit:.12} of {} is not in this repository", wanted.name),
        );
        let is_shallow = repository::is_shallow(root);
        let failure = failure.help(match is_shallow {
            true => "get it, this clone is a shallow one: `git fetch --unshallow --tags`",
            false => {
                "get it: `git fetch --tags`; a commit that no branch or tag has any more may be gone for good"
            }
        });
        return Err(failure.help(keep()));
    }
    if asked(cx, &git::has_file(root, commit, ".gitmodules")).await? {
        return Err(unfit(wanted, "it has submodules, and their files would be missing".to_owned()));
    }
    Ok(())
}

async fn asked(cx: &Ctx, cmd: &Cmd) -> Result<bool, Failure> {
    Ok(cx.runner.run(cmd, &|_, _| ()).await?.code == 0)
}

fn unfit(wanted: &Deployment, why: String) -> Failure {
    ways(
        Failure::new(Kind::Failed, why)
            .context(format!("{} cannot be deployed from a private folder", wanted.name)),
        wanted,
    )
}

fn ways(failure: Failure, wanted: &Deployment) -> Failure {
    failure.help(format!("check it out and run it again: `git checkout {}`", wanted.name)).help(keep())
}

fn keep() -> &'static str {
    "pass `--keep-configuration` to take the images back only, with what is checked out"
}

/// What is of the environment and not of a release: where things are, who opens them, who is asked.
fn take_over(env: &mut Environment, today: &Environment) {
    let (old, root) = (env.root.clone(), today.root.clone());
    env.home.clone_from(&today.home);
    env.secrets.clone_from(&today.secrets);
    env.lock.clone_from(&today.lock);
    env.safety.clone_from(&today.safety);
    env.rollout.clone_from(&today.rollout);
    env.protected |= today.protected;
    for source in env.snapshots.values_mut() {
        if let Some(dir) = source.dir.as_mut()
            && let Ok(inside) = dir.0.strip_prefix(&old)
        {
            dir.0 = root.join(inside);
        }
    }
    env.snapshots.extend(today.snapshots.iter().map(|(name, source)| (name.clone(), source.clone())));
}

/// Secrets do not go back: says which files of them are others now.
async fn tell_secrets(cx: &Ctx, today: &Environment, wanted: &Deployment, commit: &str) {
    let files: Vec<String> =
        today.secrets.files.iter().map(|file| file.to_string_lossy().into_owned()).collect();
    if files.is_empty() {
        return;
    }
    let changed = differing(cx, &today.root, commit, &files).await;
    if !changed.is_empty() {
        cx.ui.note(format!("secrets are those of today: {} since {}", shown(&changed), wanted.name));
    }
}

/// With the configuration of today: says how it differs from that of the release.
pub(super) async fn tell_difference(cx: &Ctx, today: &Environment, wanted: &Deployment) {
    let Some(commit) = &wanted.commit else { return };
    let changed = differing(cx, &today.root, commit, &[".".to_owned()]).await;
    if !changed.is_empty() {
        cx.ui.warn(format!("the configuration is not that of {}: {}", wanted.name, shown(&changed)));
    }
}

fn shown(files: &[String]) -> String {
    let first: Vec<&String> = files.iter().take(SHOWN).collect();
    let more = if files.len() > SHOWN { ", …" } else { "" };
    format!("{} changed ({}{more})", plural(files.len(), "file"), list(first, "and"))
}

/// Files that differ now from what a commit has; none where git cannot say.
async fn differing(cx: &Ctx, root: &Path, commit: &str, files: &[String]) -> Vec<String> {
    let Ok(done) = cx.runner.run(&git::differing(root, commit, files), &|_, _| ()).await else {
        return Vec::new();
    };
    if done.code != 0 {
        return Vec::new();
    }
    let text = String::from_utf8_lossy(&done.stdout).into_owned();
    text.split('\0').filter(|file| !file.is_empty()).map(str::to_owned).collect()
}
