//! Where the records of an environment are: `.infractl/deployments/ENVIRONMENT.jsonl`; with a shared lock also beside
//! that, where everybody sees them, and what is here is a copy.

use std::path::{Path, PathBuf};

use super::chain;
use super::record::{Line, SCHEMA, What};
use super::standing::Standing;
use crate::context::Ctx;
use crate::disk;
use crate::failure::{Failure, Kind};
use crate::history;
use crate::lock::beside::{Beside, Seen};
use crate::lock::person;
use crate::work::StepCx;

/// What is added to the name of the state for those beside a shared lock.
const ENDING: &str = ".infractl-deployments";
/// Where they are, seen from the project.
const FOLDER: &str = ".infractl/deployments";
/// So often others may have been faster.
const TRIES: u32 = 20;

/// The records of an environment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Records {
    /// What they come to.
    pub standing: Standing,
    /// What was changed or cut, in words.
    pub broken: Vec<String>,
}

impl Records {
    fn of(text: &str) -> Records {
        let chain = chain::read(text);
        Records { standing: Standing::of(&chain.lines), broken: chain.broken }
    }
}

/// The records as this machine knows them: nothing is asked.
pub(crate) fn here(root: &Path, environment: &str) -> Result<Records, Failure> {
    let path = file(root, environment);
    let text = disk::read_lossy_if_there(&path)?.unwrap_or_default();
    let head = disk::read_lossy_if_there(&head_file(&path))?.unwrap_or_default();
    let mut records = Records::of(&text);
    if chain::is_cut(&text, &head) && records.broken.is_empty() {
        records.broken.push("the last records were changed, or are missing".to_owned());
    }
    Ok(records)
}

/// The environments whose records this machine has.
pub(crate) fn names(root: &Path) -> Result<Vec<String>, Failure> {
    let folder = root.join(FOLDER);
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let files = std::fs::read_dir(&folder).map_err(|error| {
        Failure::new(Kind::Failed, format!("`{}` cannot be read: {error}", folder.display()))
    })?;
    let names = files.flatten().filter_map(|file| file.file_name().into_string().ok());
    Ok(names.filter_map(|name| name.strip_suffix(".jsonl").map(str::to_owned)).collect())
}

/// The records as everybody knows them, and whether the copy here says the same.
pub(crate) async fn all(step: &mut StepCx<'_>) -> Result<Records, Failure> {
    let (root, name) = (step.env.home.clone(), step.env.name.clone());
    let here = here(&root, &name)?;
    let place = Box::pin(Beside::of(step, ENDING)).await?;
    let Some(seen) = place.read().await.map_err(|failure| lost(failure, &name))? else { return Ok(here) };
    let own = disk::read_lossy_if_there(&file(&root, &name))?.unwrap_or_default();
    if seen.text.is_empty() && !own.is_empty() {
        return Ok(here);
    }
    let mut records = Records::of(&seen.text);
    if !seen.text.starts_with(&own) {
        records.broken.push("the records beside the lock are not those that were copied here".to_owned());
    }
    Ok(records)
}

/// Adds a record: the number it got.
pub(crate) async fn add(step: &mut StepCx<'_>, what: What) -> Result<u64, Failure> {
    let path = file(&step.env.home, &step.env.name);
    let place = Box::pin(Beside::of(step, ENDING)).await?;
    let cx = step.cx;
    let Some(mut seen) = place.read().await.map_err(|failure| lost(failure, &step.env.name))? else {
        let mut number = 0;
        keep(&path, |old| {
            let line = line(cx, old, &what);
            number = line.number;
            format!("{old}{}\n", line.text())
        })?;
        return Ok(number);
    };
    let mut wanted: Option<Line> = None;
    for _ in 0..TRIES {
        let is_ours = |line: &Line| seen.text.lines().any(|known| known == line.text());
        if let Some(line) = wanted.as_ref().filter(|line| is_ours(line)) {
            // It was written, and the answer got lost.
            let number = line.number;
            keep(&path, |_| seen.text.clone())?;
            return Ok(number);
        }
        if seen.text.is_empty() {
            // The lock was not shared before: what is here goes there.
            let own = disk::read_lossy_if_there(&path)?.unwrap_or_default();
            if !own.is_empty() && place.write(&seen, &own).await? {
                seen = place.read().await?.unwrap_or_default();
            }
        }
        let line = line(cx, &seen.text, &what);
        let text = format!("{}{}\n", seen.text, line.text());
        let is_written = place.write(&seen, &text).await.map_err(|failure| lost(failure, &step.env.name))?;
        if is_written {
            keep(&path, |_| text)?;
            return Ok(line.number);
        }
        wanted = Some(line);
        seen = place.read().await?.unwrap_or_else(Seen::default);
    }
    Err(Failure::new(
        Kind::Busy,
        format!("others write deployment records of `{}` all the time", step.env.name),
    )
    .help("run it again"))
}

/// The next line.
fn line(cx: &Ctx, text: &str, what: &What) -> Line {
    let (number, before) = chain::next(text);
    Line {
        schema: SCHEMA,
        number,
        at: (cx.now)(),
        by: person(cx),
        host: history::host(),
        run: cx.run.get().copied(),
        what: what.clone(),
        before,
    }
}

/// Writes the lines here, whole; then what shows that their end was cut.
fn keep(path: &Path, change: impl FnOnce(&str) -> String) -> Result<(), Failure> {
    let mut head = String::new();
    disk::update(path, disk::PRIVATE, |old| {
        let text = change(&String::from_utf8_lossy(old.unwrap_or_default()));
        head = chain::head(&text);
        Ok::<_, Failure>(text.into_bytes())
    })?;
    Ok(disk::write(&head_file(path), head.as_bytes(), disk::PRIVATE)?)
}

fn lost(failure: Failure, environment: &str) -> Failure {
    failure.context(format!("the deployment records of `{environment}` are beside the shared lock"))
}

fn file(root: &Path, environment: &str) -> PathBuf {
    root.join(FOLDER).join(format!("{environment}.jsonl"))
}

fn head_file(path: &Path) -> PathBuf {
    path.with_extension("head")
}
