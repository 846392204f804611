//! The file that says how the cluster is reached: infractl's own, whole or not at all.

use std::path::Path;

use super::ask::{answer, asked, failed};
use super::record::{self, Record};
use crate::config::cluster::Cluster;
use crate::disk;
use crate::exec::{Cmd, Io};
use crate::failure::{Failure, Kind};
use crate::text::list;
use crate::tools::clusters::kubeconfig::{self as tool, Context};
use crate::tools::kubernetes;
use crate::work::{StepCx, relative};

/// Whether kubectl is there.
pub(super) fn program(cluster: &Cluster) -> Cmd {
    kubernetes::alone(Cmd::new("kubectl"), cluster).args(["version", "--client"]).io(Io::Capture)
}

/// The contexts of a file.
pub(super) async fn contexts(step: &StepCx<'_>, file: &Path) -> Result<Vec<Context>, Failure> {
    let what = format!("`{}` cannot be read", relative(step, file));
    let printed = answer(step, tool::view(file), &what).await?;
    tool::contexts(&printed)
        .ok_or_else(|| Failure::new(Kind::Failed, "kubectl printed no JSON").context(what))
}

/// Keeps it; its context.
pub(super) async fn write(step: &StepCx<'_>, cluster: &Cluster, text: &str) -> Result<Context, Failure> {
    let file = &cluster.kubeconfig;
    if file.exists() && !record::is_own(step.env, file) {
        let there = contexts(step, file).await?;
        let others: Vec<&str> = there
            .iter()
            .map(|context| context.name.as_str())
            .filter(|name| *name != cluster.context)
            .collect();
        if !others.is_empty() {
            let shown = relative(step, file);
            return Err(Failure::new(Kind::Config, format!("`{shown}` has {} as well", list(others, "and")))
                .help("give `kubeconfig` of `[cluster]` a path of its own: the file is written anew by `up`")
                .help("to have it in yours as well: `merge-kubeconfig = true`"));
        }
    }
    if let Some(folder) = file.parent() {
        disk::make_private_dir(folder)?;
    }
    disk::write(file, tool::kept(text).as_bytes(), 0o600)?;
    let there = contexts(step, file).await?;
    context(cluster, there).ok_or_else(|| {
        let text = format!("{} gave no context `{}`", cluster.kind.word(), cluster.context);
        Failure::new(Kind::Failed, text).help("run it again with `-v` to see what it said")
    })
}

fn context(cluster: &Cluster, there: Vec<Context>) -> Option<Context> {
    there.into_iter().find(|context| context.name == cluster.context)
}

/// A cluster of somebody else is in its file.
pub(super) async fn check_existing(step: &StepCx<'_>, cluster: &Cluster) -> Result<(), Failure> {
    there(step, cluster).await.map(drop)
}

/// The context of the cluster in its file; it leads to where the cluster was when it was made.
pub(super) async fn there(step: &StepCx<'_>, cluster: &Cluster) -> Result<Context, Failure> {
    let shown = relative(step, &cluster.kubeconfig);
    if !cluster.kubeconfig.exists() {
        let failure = Failure::new(Kind::Failed, format!("`{shown}` is not there"));
        return Err(match cluster.section.kubeconfig.is_some() || cluster.section.managed.is_some() {
            true => failure
                .help("check `kubeconfig` of `[cluster]`, or let a step `{ cluster = \"up\" }` come before"),
            false => failure.help("let a step `{ cluster = \"up\" }` come before"),
        });
    }
    let all = match asked(step, tool::view(&cluster.kubeconfig)).await? {
        Ok(printed) => tool::contexts(&printed).unwrap_or_default(),
        Err(tail) => return Err(failed(&tail, &format!("`{shown}` cannot be read"))),
    };
    let names: Vec<String> = all.iter().map(|context| context.name.clone()).collect();
    let found = context(cluster, all).ok_or_else(|| {
        let text = format!("`{shown}` has no context `{}`", cluster.context);
        Failure::new(Kind::Config, text).help(match names.as_slice() {
            [] => "it has none at all".to_owned(),
            names => format!("use one that is there: {}", list(names, "or")),
        })
    })?;
    let made = Record::read(step.env)?.filter(|record| record.name == cluster.name);
    if let (Some(made), Some(now)) = (made.and_then(|record| record.server), &found.server)
        && made != *now
    {
        let text = format!("`{}` of `{shown}` leads to {now}, and the cluster is at {made}", cluster.context);
        return Err(Failure::new(Kind::Config, text)
            .help("run a step `{ cluster = \"up\" }`: it writes the file anew"));
    }
    Ok(found)
}
