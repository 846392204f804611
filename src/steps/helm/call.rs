//! What a step says, rendered: where the release is, and what it is made of.

use std::path::Path;
use std::time::Duration;

use serde_json::{Map, Value as Json};

use crate::config::model::{Argument, Helm, HelmWait, WaitStrategy};
use crate::config::template::{Rendered, Template};
use crate::disk::{self, PrivateDir};
use crate::exec::{Cmd, Done};
use crate::failure::{Failure, Kind};
use crate::steps::docker::login::Login;
use crate::text::last_line;
use crate::tools::helm::release::{Release, is_absent};
use crate::tools::helm::trouble;
use crate::tools::helm::{self as tool, Major, Place, Wanted};
use crate::work::typed::whole_output;
use crate::work::values::Known;
use crate::work::{StepCx, relative};

/// How long helm waits when nothing is said, as it does by itself.
const USUAL: Duration = Duration::from_secs(5 * 60);
/// How long a question may take that changes nothing.
const ANSWER: Duration = Duration::from_secs(120);

/// Where a release is and how long helm may wait for it.
pub(super) struct Call<'a> {
    pub place: Place<'a>,
    pub release: String,
    /// How long helm waits, each time.
    pub timeout: Duration,
    /// Logins of this run only.
    logins: Option<PrivateDir>,
}

impl<'a> Call<'a> {
    pub(super) fn new(step: &StepCx<'a>, helm: &Helm, known: &Known) -> Result<Call<'a>, Failure> {
        let Some(cluster) = &step.env.cluster else {
            return Err(Failure::new(Kind::Config, format!("`{}` has no cluster", step.env.name))
                .help("say which one: `[cluster]` with `kind`"));
        };
        let name = helm.release.as_ref().or(helm.uninstall.as_ref());
        let name = name.map(|name| known.argument(step, &name.0)).transpose()?.unwrap_or_default();
        let namespace = helm.namespace.as_ref().map(|name| known.argument(step, &name.0)).transpose()?;
        // Nothing of it has passed where the step is only described.
        let whole = Some(step.frame.timeout).filter(|whole| !whole.is_zero());
        Ok(Call {
            place: Place {
                cluster,
                namespace: namespace.unwrap_or_else(|| "default".to_owned()),
                home: step.env.home.join(".infractl/helm"),
                plain_http: helm.plain_http,
                registry_config: None,
            },
            release: name,
            timeout: timeout(helm, step.left().or(whole)),
            logins: None,
        })
    }

    /// What the release is made of; a file that is not there, or that helm cannot read, is told before helm is started.
    pub(super) fn wanted(&self, step: &StepCx<'_>, helm: &Helm, known: &Known) -> Result<Wanted, Failure> {
        let one = |argument: &Option<Argument>| -> Result<Option<String>, Failure> {
            argument.as_ref().map(|argument| known.argument(step, &argument.0)).transpose()
        };
        let repo = one(&helm.repo)?;
        let chart = one(&helm.chart)?.unwrap_or_default();
        if !step.frame.is_dry {
            if repo.is_none() && !chart.contains("://") {
                chart_is_there(step, &chart)?;
            }
            helm.values.iter().try_for_each(|file| values_are_readable(step, &file.0))?;
        }
        Ok(Wanted {
            release: self.release.clone(),
            chart,
            repo,
            version: one(&helm.version)?,
            values: helm.values.iter().map(|file| relative(step, &file.0)).collect(),
            set: if helm.set.is_empty() { None } else { Some(set(step, helm, known)?.to_string().into()) },
            plain_http: helm.plain_http,
            create_namespace: helm.create_namespace != Some(false),
            wait: helm.wait.unwrap_or(HelmWait::Switch(true)),
            timeout: self.timeout,
        })
    }

    /// Which helm it is, asked once in a run.
    pub(super) async fn major(&self, step: &mut StepCx<'_>, helm: &Helm) -> Result<Major, Failure> {
        let major = if let Some(major) = step.facts.helm {
            major
        } else {
            let done = step.quietly(&tool::version()).await.map_err(|error| step.unanswered(error))?;
            let said = String::from_utf8_lossy(&done.stdout).trim().to_owned();
            let too_old = || {
                let message = format!("helm says version `{said}`: infractl knows helm 3 and 4");
                Failure::new(Kind::Tool, message).help("install helm: https://helm.sh/docs/intro/install")
            };
            *step.facts.helm.insert(tool::major(&said).ok_or_else(too_old)?)
        };
        if major == Major::Three && helm.wait == Some(HelmWait::Way(WaitStrategy::Watcher)) {
            return Err(Failure::new(Kind::Tool, "helm 3 has no `wait = \"watcher\"`")
                .help("install helm 4, or write `wait = true`"));
        }
        Ok(major)
    }

    /// Logs in to the registry of the chart, for this step alone.
    pub(super) async fn log_in(&mut self, step: &mut StepCx<'_>, known: &Known) -> Result<(), Failure> {
        let Some(login) = Login::of(step, known)? else {
            return Err(Failure::new(Kind::Config, "`login = true` without a login in `[registry]`")
                .help("add `[registry]` with `server` and `login`"));
        };
        let folder = PrivateDir::new()?;
        self.place.registry_config = Some(folder.path().join("config.json").to_string_lossy().into_owned());
        self.logins = Some(folder);
        let password = login.known_password(step).await?;
        let cmd = tool::login(&self.place, &login.server, &login.user, password);
        let done = step.quietly(&cmd).await.map_err(|error| step.unanswered(error))?;
        judged(step, &done, &format!("`helm registry login` to `{}`", login.server))
    }

    /// The last revision of the release; none when there is no such release.
    pub(super) async fn status(&self, step: &StepCx<'_>) -> Result<Option<Release>, Failure> {
        let done = self.ask(step, tool::status(&self.place, &self.release)).await?;
        if done.code != 0 && is_absent(&done.tail) {
            return Ok(None);
        }
        judged(step, &done, &format!("`helm status {}`", self.release))?;
        let release = Release::parse(&done.stdout);
        release.map(Some).ok_or_else(|| Failure::new(Kind::Failed, "helm says nothing that can be read"))
    }

    /// Runs a command that answers and changes nothing.
    pub(super) async fn ask(&self, step: &StepCx<'_>, cmd: Cmd) -> Result<Done, Failure> {
        let cmd = cmd.dir(&step.env.root).timeout(Some(ANSWER));
        let done = step.quietly(&cmd).await.map_err(|error| step.unanswered(error))?;
        if done.interrupted {
            return Err(step.interrupted(format!("`{}` of `{}` was stopped", step.name, step.env.name)));
        }
        Ok(done)
    }
}

/// Nothing is killed that still waits: helm would leave the release locked.
fn timeout(helm: &Helm, left: Option<Duration>) -> Duration {
    let most = left.map(|left| left.mul_f64(0.9));
    match (helm.timeout, most) {
        (Some(own), Some(most)) => own.0.min(most),
        (Some(own), None) => own.0,
        (None, most) => most.unwrap_or(USUAL),
    }
}

/// Success, or why not, with what helm's words mean.
pub(super) fn judged(step: &StepCx<'_>, done: &Done, what: &str) -> Result<(), Failure> {
    judged_by(step, done, what, None)
}

/// The same; `reason` is what the pods say, where they say more than helm.
pub(super) fn judged_by(
    step: &StepCx<'_>,
    done: &Done,
    what: &str,
    reason: Option<String>,
) -> Result<(), Failure> {
    if done.interrupted {
        return Err(step.interrupted(format!("{what} was stopped")));
    }
    if done.code == 0 {
        return Ok(());
    }
    let heading = format!("{what} ended with exit code {}", done.code);
    let said = trouble::line(&done.tail).unwrap_or_else(|| last_line(&done.tail));
    if said.is_empty() {
        return Err(Failure::new(Kind::Failed, heading));
    }
    let kind = if trouble::is_busy(&done.tail) { Kind::Busy } else { Kind::Failed };
    let failure = match reason {
        Some(reason) => Failure::new(kind, reason).context(said.to_owned()),
        None => Failure::new(kind, said),
    };
    Err(match trouble::advice(&done.tail) {
        Some(advice) => failure.context(advice.why).context(heading).help(advice.help),
        None => failure.context(heading),
    })
}

fn chart_is_there(step: &StepCx<'_>, chart: &str) -> Result<(), Failure> {
    let path = step.env.root.join(chart);
    if path.is_file() || path.join("Chart.yaml").is_file() {
        return Ok(());
    }
    let shown = relative(step, &path);
    Err(if path.is_dir() {
        Failure::new(Kind::Config, format!("`{shown}` is no chart: there is no `Chart.yaml`"))
            .help("correct `chart`")
    } else {
        Failure::new(Kind::Config, format!("there is no chart `{shown}`"))
            .help("correct `chart`: a folder of the project, `oci://…`, or a name together with `repo`")
    })
}

fn values_are_readable(step: &StepCx<'_>, file: &Path) -> Result<(), Failure> {
    let shown = relative(step, file);
    let Some(text) = disk::read_lossy_if_there(file)? else {
        return Err(Failure::new(Kind::Config, format!("there is no file of values `{shown}`"))
            .help("correct `values`"));
    };
    if text.contains("ENC[AES256_GCM,") && text.lines().any(|line| line.starts_with("sops:")) {
        let message = format!("`{shown}` is encrypted: helm would take what is in it for the values");
        return Err(Failure::new(Kind::Config, message)
            .help("put what is secret into `[secrets]`, and name it in `set`: `{{secret.NAME}}`"));
    }
    Ok(())
}

/// `set` with its texts rendered.
fn set(step: &StepCx<'_>, helm: &Helm, known: &Known) -> Result<Json, Failure> {
    let fields = helm.set.iter().map(|(name, input)| Ok((name.clone(), value(step, known, &input.0)?)));
    Ok(Json::Object(fields.collect::<Result<Map<_, _>, Failure>>()?))
}

fn value(step: &StepCx<'_>, known: &Known, json: &Json) -> Result<Json, Failure> {
    Ok(match json {
        Json::Array(items) => {
            Json::Array(items.iter().map(|item| value(step, known, item)).collect::<Result<_, _>>()?)
        }
        Json::Object(fields) => {
            let fields = fields.iter().map(|(name, one)| Ok((name.clone(), value(step, known, one)?)));
            Json::Object(fields.collect::<Result<_, Failure>>()?)
        }
        Json::String(text) => {
            // What is malformed was refused when the file was read.
            let template = Template::parse(text).unwrap_or_else(|_| Template::literal(text));
            if let Some(output) = whole_output(step, &template) {
                return Ok(output.value.clone());
            }
            Json::String(match known.render(step, &template)? {
                Rendered::Plain(text) => text,
                Rendered::Secret(text) => secrecy::ExposeSecret::expose_secret(&text).to_owned(),
            })
        }
        other => other.clone(),
    })
}
