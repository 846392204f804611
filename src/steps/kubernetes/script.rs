//! The same as lines of bash.

use super::calls::{namespace, server_side};
use super::{delete, manifests};
use crate::config::model::Kubernetes;
use crate::exec::Cmd;
use crate::failure::Failure;
use crate::steps::kubectl::kubectl;
use crate::tools::kubernetes::manifests::Ordered;
use crate::work::script::{Script, literal, no_script};
use crate::work::values::Known;
use crate::work::{StepCx, marked::marked, relative};

/// Each goes on only when the one before went well.
pub(super) fn lines(
    step: &StepCx<'_>,
    kubernetes: &Kubernetes,
    script: &mut Script,
) -> Result<Vec<String>, Failure> {
    if kubernetes.template {
        return Err(no_script(step));
    }
    let known = marked(step, kubernetes);
    if !kubernetes.delete.is_empty() {
        let cmds = delete::commands(step, &known, kubernetes)?;
        return Ok(cmds.iter().map(|cmd| line(step, script, cmd)).collect());
    }
    let apply = server_side(step, &known, kubernetes, "apply")?;
    if kubernetes.secret.is_some() {
        return Ok(vec![secret(step, &known, kubernetes, script)?]);
    }
    if let Some(folder) = &kubernetes.kustomize {
        let folder = literal(&relative(step, &folder.0));
        let apply = line(step, script, &apply.args(["-f", "-"]));
        return Ok(vec![again(&format!("kubectl kustomize {folder} | {apply}"))]);
    }
    let files = kubernetes.apply.iter().flat_map(|file| ["-f".to_owned(), relative(step, &file.0)]);
    let apply = line(step, script, &apply.args(files));
    // What is needed first may be known a moment later.
    Ok(vec![if has_order(step, kubernetes)? { again(&apply) } else { apply }])
}

/// kubectl sees no secret but those that its line names.
fn line(step: &StepCx<'_>, script: &mut Script, cmd: &Cmd) -> String {
    let named = step.frame.secrets.clone().unwrap_or_default();
    script.command_seeing(step, cmd, Some(&named))
}

/// Tries it for half a minute.
fn again(line: &str) -> String {
    format!("for try in 1 2 3 4 5 6; do {line} && break; [ \"$try\" != 6 ] && sleep 5; done")
}

/// Some of the objects are needed by others.
fn has_order(step: &StepCx<'_>, kubernetes: &Kubernetes) -> Result<bool, Failure> {
    let mut texts = Vec::new();
    for file in manifests::files(step, kubernetes)? {
        texts.push(crate::disk::read_text(&file)?);
    }
    let all = Ordered::of(texts.iter().map(String::as_str));
    Ok(!all.namespaces.is_empty() || !all.definitions.is_empty())
}

/// A Secret whose values are read from pipes: none is an argument.
fn secret(
    step: &StepCx<'_>,
    known: &Known,
    kubernetes: &Kubernetes,
    script: &mut Script,
) -> Result<String, Failure> {
    let Some(name) = &kubernetes.secret else { return Err(no_script(step)) };
    let name = known.argument(step, &name.0)?;
    let mut made = format!("kubectl create secret generic {} --dry-run=client -o yaml", script.word(&name));
    if let Some(kind) = &kubernetes.r#type {
        made.push_str(&format!(" --type={}", script.word(&known.argument(step, &kind.0)?)));
    }
    for (key, value) in &kubernetes.data {
        let text = match known.render(step, value)? {
            crate::config::template::Rendered::Plain(text) => text,
            crate::config::template::Rendered::Secret(text) => {
                secrecy::ExposeSecret::expose_secret(&text).to_owned()
            }
        };
        made.push_str(&format!(" --from-file={}=<(printf %s {})", literal(key), script.word(&text)));
    }
    let mut all = vec![made];
    if !kubernetes.labels.is_empty() {
        let mut label = "kubectl label --local -f - -o yaml".to_owned();
        for (name, value) in &kubernetes.labels {
            label.push_str(&format!(" {}={}", literal(name), script.word(&known.argument(step, &value.0)?)));
        }
        all.push(label);
    }
    let mut apply = kubectl(step)?.args(["apply", "--server-side", "--field-manager=infractl"]);
    if kubernetes.force_conflicts {
        apply = apply.arg("--force-conflicts");
    }
    let apply = apply.args(namespace(step, known, kubernetes)?).args(["-f", "-"]);
    all.push(line(step, script, &apply));
    Ok(all.join(" | "))
}
