//! What a step would do, as lines: for a dry run, and as bash.

use super::look::Look;
use super::{make, record};
use crate::config::cluster::Cluster;
use crate::config::model::{ClusterKind, ClusterStep};
use crate::disk;
use crate::exec::Cmd;
use crate::failure::{Failure, Kind};
use crate::tools::clusters::{self, Standing, k3d, kind, ready};
use crate::work::script::{Script, no_script};
use crate::work::{StepCx, relative};

/// The command that makes it, as it would be when nothing is there.
fn create(step: &StepCx<'_>, cluster: &Cluster) -> Result<Cmd, Failure> {
    let config = cluster.section.config.as_ref().map(|file| disk::read_named(&file.0)).transpose()?;
    let look = Look {
        nodes: Vec::new(),
        standing: Standing::Absent,
        record: None,
        owner: clusters::owner(step.env),
        wanted: clusters::made_of(cluster, config.as_deref()),
    };
    Ok(make::command(step, cluster, &look))
}

/// For a dry run.
pub(super) fn described(
    step: &StepCx<'_>,
    cluster: &Cluster,
    wanted: ClusterStep,
) -> Result<Vec<String>, Failure> {
    let name = &cluster.name;
    let waits = format!("# until `{}` can be used", cluster.context);
    Ok(match (wanted, cluster.kind) {
        (ClusterStep::Wait, _) | (ClusterStep::Up, ClusterKind::Existing) => vec![waits],
        (ClusterStep::Down, ClusterKind::Existing) => {
            vec![format!("# `{name}` stays: it was never made here")]
        }
        (ClusterStep::Up, ClusterKind::K3s) => vec!["systemctl start k3s".to_owned(), waits],
        (ClusterStep::Down, ClusterKind::K3s) => vec!["systemctl stop k3s".to_owned()],
        (ClusterStep::Up, _) => {
            let cmd = create(step, cluster)?;
            let unless = format!("# unless `{name}` is there; it is started when it is stopped:");
            let mut lines = vec![unless, cmd.to_string()];
            if let Some(container) = cluster.registry_container() {
                lines.push(format!("# the registry `{container}` beside it"));
            }
            lines.push(format!("# how it is reached goes to {}", relative(step, &cluster.kubeconfig)));
            lines.push(waits);
            lines
        }
        (ClusterStep::Down, kind_of) => {
            let cmd = if kind_of == ClusterKind::K3d { k3d::delete(cluster) } else { kind::delete(cluster) };
            vec![
                format!("# if this environment has made `{name}`:"),
                cmd.to_string(),
                format!("rm -f {}", shell_words::quote(&relative(step, &cluster.kubeconfig))),
            ]
        }
    })
}

/// As bash.
pub(super) fn lines(
    step: &StepCx<'_>,
    script: &mut Script,
    cluster: &Cluster,
    wanted: ClusterStep,
) -> Result<Vec<String>, Failure> {
    let mut lines = Vec::new();
    match (wanted, cluster.kind) {
        (ClusterStep::Down, ClusterKind::Existing) => return Ok(Vec::new()),
        (_, ClusterKind::K3s) if wanted != ClusterStep::Wait => return Err(no_script(step)),
        (ClusterStep::Up, ClusterKind::K3d | ClusterKind::Kind) => {
            if cluster.registry.is_some() || cluster.section.merge_kubeconfig == Some(true) {
                let text = format!("`{}` has a registry, or is merged, which no script does", step.name);
                return Err(Failure::new(Kind::Usage, text).help("leave it out with `--skip`"));
            }
            made(step, script, cluster, &mut lines)?;
        }
        (ClusterStep::Down, _) => {
            let cmd = match cluster.kind {
                ClusterKind::K3d => k3d::delete(cluster),
                _ => kind::delete(cluster),
            };
            lines.push(script.command_sparing(step, &cmd));
            lines.push(format!("rm -f {}", script.word(&relative(step, &cluster.kubeconfig))));
            return Ok(lines);
        }
        _ => {}
    }
    let seconds = make::patience(cluster).as_secs();
    let has_network = wanted == ClusterStep::Wait || cluster.section.cni != Some(false);
    let kubectl = |cmd: Cmd, script: &mut Script| script.command_sparing(step, &cmd);
    let asked = kubectl(ready::api(cluster), script);
    lines.push(waiting(seconds, &format!("{asked} >/dev/null 2>&1")));
    let account = kubectl(ready::account(cluster), script);
    lines.push(waiting(seconds, &format!("{account} | grep -q '\"name\": \"default\"'")));
    if has_network {
        let wait = crate::tools::kubernetes::kubectl(cluster);
        let timeout = format!("--timeout={seconds}s");
        let wait = wait.args(["wait", "--for=condition=Ready", "nodes", "--all", &timeout]);
        lines.push(kubectl(wait, script));
    }
    Ok(lines)
}

fn made(
    step: &StepCx<'_>,
    script: &mut Script,
    cluster: &Cluster,
    lines: &mut Vec<String>,
) -> Result<(), Failure> {
    let create = script.command_sparing(step, &create(step, cluster)?);
    let name = script.word(&cluster.name);
    let (there, start, get) = match cluster.kind {
        ClusterKind::K3d => (
            format!("k3d cluster list {name} >/dev/null 2>&1"),
            format!("k3d cluster start {name}"),
            k3d::kubeconfig(cluster),
        ),
        _ => (
            format!("kind get clusters 2>/dev/null | grep -qxF {name}"),
            format!("docker start $(kind get nodes --name {name}) >/dev/null"),
            kind::kubeconfig(cluster),
        ),
    };
    let folder = cluster.kubeconfig.parent().map(|folder| script.word(&relative(step, folder)));
    let own = script.word(&relative(step, &record::folder(step.env)));
    lines.push(format!("mkdir -p {} {own}", folder.unwrap_or_default()));
    lines.push(format!("{{ {there} || {create}; }}"));
    lines.push(start);
    let get = script.command_sparing(step, &get);
    let file = script.word(&relative(step, &cluster.kubeconfig));
    lines.push(format!("(umask 077 && {get} | sed 's#://0\\.0\\.0\\.0:#://127.0.0.1:#' >{file})"));
    Ok(())
}

/// A line that goes on until a command ends well, and ends badly when that takes too long.
fn waiting(seconds: u64, command: &str) -> String {
    let inside = shell_words::quote(command).into_owned();
    let line = format!("until bash -c {inside}; do sleep 2; done");
    format!("timeout {seconds} bash -c {}", shell_words::quote(&line))
}
