//! Opens the secrets and checks what can be checked before any tool starts.

use std::collections::BTreeSet;
use std::time::Instant;

use crate::config::Environment;
use crate::config::template::Foreign;
use crate::config::verbs::Effect;
use crate::exec::BoxFuture;
use crate::failure::Failure;
use crate::secrets;
use crate::steps::files::{env_place, inventory};
use crate::steps::stops::{self, Stop};
use crate::steps::{foreign, opened, source};
use crate::text::plural;
use crate::work::StepCx;
use crate::work::kind::{Mention, StepKind};
use crate::work::script::Script;

/// Opens the secrets and checks what can be checked before any tool starts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Prepare {
    /// The environment file will be written: may it?
    pub env_file: bool,
    /// Outputs of other environments that the run names.
    pub(crate) foreign: BTreeSet<Foreign>,
    /// Nothing of the run changes anything or lasts: mocks may stand in for them.
    pub(crate) may_mock: bool,
}

impl StepKind for Prepare {
    fn visit(&self, _: &Environment, see: &mut dyn FnMut(Mention<'_>)) {
        see(Mention::SecretFiles);
        if self.env_file {
            see(Mention::EnvFile);
        }
    }

    fn effect(&self) -> Option<Effect> {
        Some(Effect::Reads)
    }

    fn run<'a>(&'a self, step: &'a mut StepCx<'_>) -> BoxFuture<'a, Result<String, Failure>> {
        Box::pin(run(step, self))
    }

    fn describe(&self, step: &mut StepCx<'_>) -> Result<Vec<String>, Failure> {
        let mut all = describe(step);
        all.extend(foreign::describe(step, &self.foreign, self.may_mock));
        Ok(all)
    }

    fn script(&self, _: &StepCx<'_>, _: &mut Script) -> Result<Vec<String>, Failure> {
        Ok(Vec::new())
    }
}

/// Opens the secrets of the environment, asks whether its file may be written, reads what it wants of others.
async fn run(step: &mut StepCx<'_>, wanted: &Prepare) -> Result<String, Failure> {
    let mut found = Vec::new();
    let mut stops = look(step, wanted.env_file).await;
    if stops::mended(&step.cx.ui, &stops)? {
        stops = look(step, wanted.env_file).await;
    }
    stops.extend(step.facts.stop.take().map(Stop::from));
    stops::refused(stops)?;
    let secrets = step.facts.secrets.as_ref();
    if let Some(secrets) = secrets.filter(|secrets| !secrets.is_empty()) {
        found.push(plural(secrets.len(), "secret"));
        if secrets.files() > 0 {
            found = vec![format!("{} from {}", found.join(""), plural(secrets.files(), "file"))];
        }
    }
    found.extend(foreign::read(step, &wanted.foreign, wanted.may_mock).await?);
    tell_about_variables(step);
    Ok(found.join(", "))
}

/// Everything that the run would stop at. git thinks about the environment file while the secrets are opened.
async fn look(step: &mut StepCx<'_>, writes_env_file: bool) -> Vec<Stop> {
    let (cx, env, asked) = (step.cx, step.env, Instant::now());
    let place = async { if writes_env_file { env_place::all_stops(cx, env).await } else { Vec::new() } };
    let (place, mut stops) = tokio::join!(place, secrets_stops(step));
    stops.extend(place);
    if writes_env_file {
        step.facts.env_file_allowed = Some(asked);
        if env.inventory.is_some() {
            stops.extend(inventory::check_place(step).err().map(Stop::from));
        }
    }
    stops
}

/// Why the secrets cannot be opened: each file that is not there, or what the first of the others says.
async fn secrets_stops(step: &mut StepCx<'_>) -> Vec<Stop> {
    let absent = secrets::absent(step.env);
    if !absent.is_empty() {
        return absent.into_iter().map(Stop::from).collect();
    }
    opened::secrets(step).await.err().into_iter().map(Stop::from).collect()
}

/// Variables of the user's own environment that change what terraform does, said once.
fn tell_about_variables(step: &StepCx<'_>) {
    if step.env.terraform.is_none() {
        return;
    }
    if let Some(file) = step.cx.vars.get("TF_CLI_CONFIG_FILE")
        && !std::path::Path::new(file).exists()
    {
        step.cx.ui.warn_once(format!(
            "TF_CLI_CONFIG_FILE names `{file}`, which does not exist: terraform is started without it"
        ));
    }
    if let Some(args) = step.cx.vars.get("TF_CLI_ARGS").filter(|args| !args.is_empty()) {
        step.cx.ui.warn_once(format!("TF_CLI_ARGS is set and goes to every plan, apply and destroy: {args}"));
    }
}

/// What a dry run says of it.
fn describe(step: &StepCx<'_>) -> Vec<String> {
    let files = &step.env.secrets.files;
    let files = files.iter().map(|file| format!("# open {}", crate::work::relative(step, file)));
    let elsewhere = step.env.secrets.from.iter();
    files
        .chain(elsewhere.map(|(name, from)| format!("# secret {name}: {}", source::shown(step, from))))
        .collect()
}
