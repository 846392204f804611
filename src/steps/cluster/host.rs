//! k3s on this machine: started and stopped only where the configuration says so.

use std::path::{Path, PathBuf};

use super::ask::{asked, order};
use super::kubeconfig;
use super::record::Record;
use crate::config::cluster::Cluster;
use crate::disk;
use crate::exec::{Cmd, Io};
use crate::failure::{Failure, Kind};
use crate::work::StepCx;

/// What came of taking a cluster down.
pub(super) struct Said {
    /// In a few words.
    pub(super) text: String,
    /// Nothing of it is left.
    pub(super) is_gone: bool,
}

/// Where k3s writes how it is reached.
const KUBECONFIG: &str = "/etc/rancher/k3s/k3s.yaml";

fn systemctl(word: &str) -> Cmd {
    Cmd::new("systemctl").args([word, "k3s"]).io(Io::Capture)
}

async fn runs(step: &StepCx<'_>) -> Result<bool, Failure> {
    Ok(asked(step, systemctl("is-active")).await?.is_ok())
}

fn file(step: &StepCx<'_>) -> PathBuf {
    // The variable of k3s itself.
    step.cx.vars.get("K3S_KUBECONFIG_OUTPUT").map_or_else(|| KUBECONFIG.into(), PathBuf::from)
}

/// It runs; what was done for that.
pub(super) async fn up(step: &StepCx<'_>, cluster: &Cluster) -> Result<&'static str, Failure> {
    let is_managed = cluster.section.managed == Some(true);
    let file = file(step);
    let said = if runs(step).await? {
        "was there"
    } else if is_managed {
        order(step, &systemctl("start"), "k3s was not started").await.map_err(|failure| {
            failure.help("install it, if it is not there: https://docs.k3s.io/quick-start")
        })?;
        "started"
    } else {
        return Err(Failure::new(Kind::Failed, "k3s does not run on this machine")
            .help("start it: `sudo systemctl start k3s`; or let infractl do that: `managed = true`")
            .help("install it, if it is not there: https://docs.k3s.io/quick-start"));
    };
    // Its own file may be named: then nothing is written.
    if file == cluster.kubeconfig {
        kubeconfig::there(step, cluster).await?;
        return Ok(said);
    }
    let context = kubeconfig::write(step, cluster, &read(&file)?).await?;
    let record = Record::read(step.env)?.unwrap_or_default();
    let file = Some(cluster.kubeconfig.clone());
    Record { name: cluster.name.clone(), is_whole: true, server: context.server, file, ..record }
        .write(step.env)?;
    Ok(said)
}

fn read(file: &Path) -> Result<String, Failure> {
    disk::read_text(file).map_err(|error| {
        Failure::from(error).help(
            "let k3s write it for your group: `--write-kubeconfig-mode 640 --write-kubeconfig-group GROUP`",
        )
    })
}

/// It does not run any more, where it is ours to stop.
pub(super) async fn down(step: &StepCx<'_>, cluster: &Cluster) -> Result<Said, Failure> {
    let text = if cluster.section.managed != Some(true) {
        "k3s stays as it is: it is not `managed`"
    } else if runs(step).await? {
        order(step, &systemctl("stop"), "k3s was not stopped").await?;
        "k3s stopped; what it keeps stays"
    } else {
        "k3s does not run"
    };
    Ok(Said { text: text.to_owned(), is_gone: true })
}
