//! The manifests of a step: read, rendered, made.

use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Map, Value as Json, json};

use crate::config::model::Kubernetes;
use crate::config::template::{Rendered, Template};
use crate::disk;
use crate::exec::Io;
use crate::failure::{Failure, Kind, Problem, Snippet};
use crate::steps::kubectl::{kubectl, refused};
use crate::steps::meet::meet;
use crate::work::needs::Needs;
use crate::work::values::Known;
use crate::work::{StepCx, relative};

/// What is put there: the texts of all files, in order.
pub(super) async fn texts(
    step: &mut StepCx<'_>,
    kubernetes: &Kubernetes,
) -> Result<Vec<SecretString>, Failure> {
    if kubernetes.secret.is_some() {
        return Ok(vec![secret(step, &Known::of(step), kubernetes)?]);
    }
    if let Some(folder) = &kubernetes.kustomize {
        let cmd = kubectl(step)?.arg("kustomize").arg(folder.0.to_string_lossy()).io(Io::Capture);
        let done = step.run(&cmd).await?;
        if done.interrupted {
            return Err(step.interrupted(format!("`{}` was stopped", step.name)));
        }
        if done.code != 0 {
            return Err(refused(&done).context(format!("kustomize of {}", relative(step, &folder.0))));
        }
        return Ok(vec![String::from_utf8_lossy(&done.stdout).into_owned().into()]);
    }
    let files = files(step, kubernetes)?;
    let mut all = Vec::new();
    for file in &files {
        all.push(disk::read_text(file)?);
    }
    if kubernetes.template {
        return rendered(step, &files, all).await;
    }
    Ok(all.into_iter().map(Into::into).collect())
}

/// The files that a step names, those of its folders in order of name.
pub(super) fn files(step: &StepCx<'_>, kubernetes: &Kubernetes) -> Result<Vec<PathBuf>, Failure> {
    let mut all = Vec::new();
    for named in &kubernetes.apply {
        all.extend(inside(step, &named.0)?);
    }
    Ok(all)
}

/// A file, or the manifests of a folder in order of name.
pub(super) fn inside(step: &StepCx<'_>, path: &Path) -> Result<Vec<PathBuf>, Failure> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let shown = relative(step, path);
    let entries = fs::read_dir(path)
        .map_err(|error| Failure::new(Kind::Failed, format!("`{shown}` cannot be read: {error}")))?;
    let is_manifest = |path: &PathBuf| {
        let extension = path.extension().and_then(|extension| extension.to_str());
        path.is_file() && matches!(extension, Some("yaml" | "yml" | "json"))
    };
    let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).filter(is_manifest).collect();
    files.sort();
    if files.is_empty() {
        return Err(Failure::new(
            Kind::Config,
            format!("`{shown}` has no manifest: nothing in it ends in .yaml, .yml or .json"),
        )
        .help("name the folder that has them: those in it are not looked into"));
    }
    Ok(files)
}

/// Fills their names in; everything wrong in them is told at once, with its place.
async fn rendered(
    step: &mut StepCx<'_>,
    files: &[PathBuf],
    texts: Vec<String>,
) -> Result<Vec<SecretString>, Failure> {
    let mut problems = Vec::new();
    let mut templates = Vec::new();
    for (file, text) in files.iter().zip(&texts) {
        match Template::parse(text) {
            Ok(template) => templates.push(template),
            Err(wrong) => problems.push(Problem {
                message: wrong.message,
                place: Some(Snippet { path: relative(step, file), text: text.clone(), span: wrong.span }),
                help: vec![wrong.help],
            }),
        }
    }
    if !problems.is_empty() {
        return Err(Failure::problems(Kind::Config, problems));
    }
    let named: Vec<&Template> = templates.iter().collect();
    meet(step, &Needs::of_templates(step.env, &named)).await?;
    let known = Known::of(step);
    let (mut kind, mut all) = (Kind::Config, Vec::new());
    for ((template, file), text) in templates.iter().zip(files).zip(&texts) {
        for (name, span) in template.spans() {
            let Ok(one) = Template::parse(&format!("{{{{{name}}}}}")) else { continue };
            if let Err(failure) = known.render(step, &one) {
                kind = failure.kind;
                let place = Snippet { path: relative(step, file), text: text.clone(), span };
                let message = format!("{:#}", failure.error);
                problems.push(Problem { message, place: Some(place), help: failure.help });
            }
        }
        if problems.is_empty() {
            all.push(plain(known.render(step, template)?));
        }
    }
    if problems.is_empty() { Ok(all) } else { Err(Failure::problems(kind, problems)) }
}

fn plain(rendered: Rendered) -> SecretString {
    match rendered {
        Rendered::Plain(text) => text.into(),
        Rendered::Secret(text) => text,
    }
}

/// The manifest of a Secret. Its values are `data`, not `stringData`: a key that goes from the file goes from there too.
fn secret(step: &StepCx<'_>, known: &Known, kubernetes: &Kubernetes) -> Result<SecretString, Failure> {
    let argument = |one: &Option<crate::config::model::Argument>| {
        one.as_ref().map(|one| known.argument(step, &one.0)).transpose()
    };
    let mut labels = Map::new();
    for (name, value) in &kubernetes.labels {
        labels.insert(name.clone(), Json::String(known.argument(step, &value.0)?));
    }
    let mut data = Map::new();
    for (name, value) in &kubernetes.data {
        let value = plain(known.render(step, value)?);
        let coded = STANDARD.encode(value.expose_secret());
        data.insert(name.clone(), Json::String(coded));
    }
    let mut metadata = json!({ "name": argument(&kubernetes.secret)? });
    if !labels.is_empty() {
        metadata["labels"] = Json::Object(labels);
    }
    let kind = argument(&kubernetes.r#type)?.unwrap_or_else(|| "Opaque".to_owned());
    let all =
        json!({ "apiVersion": "v1", "kind": "Secret", "metadata": metadata, "type": kind, "data": data });
    Ok(all.to_string().into())
}
