//! The cluster in the user's own file: beside what is there, which stays.

use std::path::{Path, PathBuf};

use super::ask::{answer, asked, order};
use super::kubeconfig::{contexts, there};
use super::record::{Merged, Record};
use crate::config::cluster::Cluster;
use crate::disk;
use crate::failure::{Failure, Kind};
use crate::tools::clusters::kubeconfig::{self as tool, Context};
use crate::work::StepCx;

/// The user's own file.
fn own(step: &StepCx<'_>) -> Result<PathBuf, Failure> {
    let home = step.cx.vars.get("HOME").map(|home| Path::new(home).join(".kube/config"));
    home.ok_or_else(|| {
        Failure::new(Kind::Config, "`merge-kubeconfig` needs `HOME`").help("set it: `export HOME=…`")
    })
}

/// Merges it.
pub(super) async fn merge(step: &StepCx<'_>, cluster: &Cluster) -> Result<(), Failure> {
    let file = own(step)?;
    if file == cluster.kubeconfig {
        return Ok(());
    }
    let ours = there(step, cluster).await?;
    let record = Record::read(step.env)?.unwrap_or_default();
    if file.exists() {
        let before = contexts(step, &file).await?.into_iter().find(|context| context.name == cluster.context);
        if let Some(before) = &before {
            let known =
                record.merged.as_ref().filter(|merged| merged.file == file).map(|merged| &merged.server);
            if before.server == ours.server && known == ours.server.as_ref() {
                return Ok(());
            }
            if before.server.as_ref() != known && before.server != ours.server {
                return Err(taken(&file, before));
            }
        }
    } else if let Some(folder) = file.parent() {
        disk::make_private_dir(folder)?;
    }
    // Noted before: what is merged is taken back, also when this is where it ended.
    let server = ours.server.clone().unwrap_or_default();
    Record { merged: Some(Merged { file: file.clone(), server }), ..record }.write(step.env)?;
    if file.exists() {
        remove(step, &file, &cluster.context).await?;
    }
    let what = format!("`{}` was not merged", file.display());
    let both = if file.exists() {
        answer(step, tool::merged(&file, &cluster.kubeconfig), &what).await?
    } else {
        disk::read(&cluster.kubeconfig)?
    };
    Ok(disk::write(&disk::place_of(&file), &both, 0o600)?)
}

/// Takes it out of there again, unless somebody has put another one in its place.
pub(super) async fn take_back(step: &StepCx<'_>, cluster: &Cluster, merged: &Merged) -> Result<(), Failure> {
    if !merged.file.exists() {
        return Ok(());
    }
    let all = contexts(step, &merged.file).await?;
    let ours =
        all.iter().any(|one| one.name == cluster.context && one.server.as_ref() == Some(&merged.server));
    if ours { remove(step, &merged.file, &cluster.context).await } else { Ok(()) }
}

/// Removes a context with its cluster and its user; the current context stays, unless it is this one.
async fn remove(step: &StepCx<'_>, file: &Path, context: &str) -> Result<(), Failure> {
    let all = contexts(step, file).await?;
    let Some(found) = all.iter().find(|one| one.name == context) else { return Ok(()) };
    let what = format!("`{context}` was not taken out of `{}`", file.display());
    let is_alone = |same: &dyn Fn(&Context) -> bool| all.iter().filter(|one| same(one)).count() == 1;
    let mut words = vec![["delete-context", found.name.as_str()]];
    if is_alone(&|one| one.cluster == found.cluster) {
        words.push(["delete-cluster", &found.cluster]);
    }
    if is_alone(&|one| one.user == found.user) {
        words.push(["delete-user", &found.user]);
    }
    for words in words {
        order(step, &tool::config(file, &words), &what).await?;
    }
    let current = asked(step, tool::config(file, &["current-context"]).io(crate::exec::Io::Capture)).await?;
    if current.is_ok_and(|current| String::from_utf8_lossy(&current).trim() == context) {
        order(step, &tool::config(file, &["unset", "current-context"]), &what).await?;
    }
    Ok(())
}

fn taken(file: &Path, before: &Context) -> Failure {
    let server = before.server.as_deref().unwrap_or("nowhere");
    let text = format!("`{}` has another `{}`, which leads to {server}", file.display(), before.name);
    Failure::new(Kind::Failed, text)
        .help("give this cluster another `name` in `[cluster]`")
        .help(format!("or remove that one: `kubectl config delete-context {}`", before.name))
}
