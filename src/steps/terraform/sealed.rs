//! Saved plans, which hold secrets: in clear in a private place only.

use std::path::{Path, PathBuf};

use crate::disk::{self, PrivateDir};
use crate::failure::{Failure, Kind};
use crate::secrets::sealed;
use crate::tools::terraform::{Root, flags, saved_plan};
use crate::work::{OpenedPlan, StepCx, relative};

/// Where terraform keeps a plan until it is encrypted for those who asked for it.
#[derive(Debug)]
pub(super) struct Out {
    files: Vec<PathBuf>,
    dir: Option<PrivateDir>,
}

impl Out {
    /// For the files of `--out`, and of `-out` after `--`.
    pub(super) fn new(
        step: &StepCx<'_>,
        root: &Root,
        out: Option<&Path>,
        words: &[String],
    ) -> Result<Out, Failure> {
        let named = flags::values(words, "out").into_iter().map(|file| root.dir.join(file));
        let files: Vec<PathBuf> = out.map(Path::to_owned).into_iter().chain(named).collect();
        if let (Some(mock), false) = (step.facts.foreign.mocks.first(), files.is_empty()) {
            let message = format!("`{mock}` is a mock: a plan that was made with it is good for a look only");
            return Err(Failure::new(Kind::Usage, message)
                .help(format!("run `infractl apply {}` first", mock.environment))
                .help("leave the file out"));
        }
        files.iter().try_for_each(|file| disk::check_replaceable(file))?;
        let dir = if files.is_empty() { None } else { Some(PrivateDir::new()?) };
        Ok(Out { files, dir })
    }

    /// The same with a place of its own, also when nobody asked for a file.
    pub(super) fn with_a_place(self) -> Result<Out, Failure> {
        let dir = self.dir.map_or_else(PrivateDir::new, Ok)?;
        Ok(Out { dir: Some(dir), ..self })
    }

    /// The file for terraform.
    pub(super) fn private(&self) -> Option<PathBuf> {
        self.dir.as_ref().map(|dir| dir.path().join("infractl.tfplan"))
    }

    /// Says in the plan whose it is, encrypts it, and puts it where it was asked for. No plan, no file.
    pub(super) fn keep(self, step: &StepCx<'_>) -> Result<(), Failure> {
        let Some(bytes) = self.private().map(|file| disk::read_if_there(&file)).transpose()?.flatten() else {
            return Ok(());
        };
        let bytes = saved_plan::marked(bytes.clone(), &owner(step)).unwrap_or(bytes);
        for file in &self.files {
            let cx = step.cx;
            let sealed = sealed::seal(cx.runner.as_ref(), &cx.vars.0, step.env, (file, &bytes), (cx.now)())?;
            let shown = relative(step, file);
            let name = &step.env.name;
            disk::write(file, sealed.as_deref().unwrap_or(&bytes), 0o600)?;
            if sealed.is_some() {
                cx.ui.note(format!("{shown} is encrypted for those who read the secrets of `{name}`"));
            } else {
                let why = "neither secrets nor .sops.yaml say who may read it";
                cx.ui.warn(format!("{shown} is not encrypted: {why}"));
            }
        }
        Ok(())
    }
}

/// Where a saved plan of this environment can be read: itself, or what is in it in a private place.
pub(super) async fn opened(step: &mut StepCx<'_>, root: &Root, file: &Path) -> Result<PathBuf, Failure> {
    let place = readable(step, file).await?;
    is_ours(step, root, file, &place)?;
    Ok(place)
}

/// The same for a plan of anybody.
pub(super) async fn readable(step: &mut StepCx<'_>, file: &Path) -> Result<PathBuf, Failure> {
    if let Some(opened) = step.facts.opened_plan.as_ref().filter(|opened| opened.from == file) {
        return Ok(opened.file());
    }
    // What is not there is said by others.
    let bytes = disk::read_if_there(file)?.unwrap_or_default();
    if !sealed::is_sealed(&bytes) {
        return Ok(file.to_owned());
    }
    let cx = step.cx;
    let no_input = cx.ui.mode.no_input;
    let text = sealed::open(cx.runner.as_ref(), &cx.vars.0, step.env, no_input, file).await?;
    let opened = OpenedPlan { from: file.to_owned(), dir: PrivateDir::new()? };
    disk::write(&opened.file(), &text, 0o600)?;
    let place = opened.file();
    step.facts.opened_plan = Some(opened);
    Ok(place)
}

/// The plan of another environment or workspace would make its resources in this one's state.
///
/// `place` is where it can be read.
fn is_ours(step: &StepCx<'_>, root: &Root, file: &Path, place: &Path) -> Result<(), Failure> {
    // What is not there, and what is no plan, is said by others.
    let bytes = disk::read(place).unwrap_or_default();
    let (name, shown) = (&step.env.name, crate::work::relative(step, file));
    let refused = |why: String| Failure::new(Kind::Usage, format!("`{shown}` {why}"));
    if let Some(owner) = saved_plan::owner(&bytes).filter(|found| *found != owner(step)) {
        let (project, other) = owner.rsplit_once('/').unwrap_or(("", owner));
        let of = if project == step.env.project { other } else { owner };
        return Err(refused(format!("is a plan of `{of}`, not of `{name}`"))
            .help(format!("run `infractl plan {name} --out FILE`, or apply it to `{of}`")));
    }
    let made = saved_plan::made(&bytes);
    if let Some(other) = made.workspace.filter(|workspace| *workspace != root.workspace) {
        let own = &root.workspace;
        return Err(refused(format!("is a plan of workspace `{other}`, not of `{own}`")).help(format!(
            "run `infractl plan {name} --out FILE`: `workspace` in `[terraform]` says `{own}` now"
        )));
    }
    if made.destroys {
        return Err(refused("takes everything down: it was made with `-destroy`".to_owned())
            .help(format!("run `infractl destroy {name}`")));
    }
    Ok(())
}

/// Whose plans those of this environment are.
fn owner(step: &StepCx<'_>) -> String {
    format!("{}/{}", step.env.project, step.env.name)
}
