//! What a step `publish` says, with everything in it known.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use secrecy::{ExposeSecret as _, SecretString};

use super::api::Api;
use crate::config::model::{Forge, Publish, Visibility};
use crate::config::template::Rendered;
use crate::failure::{Failure, Kind};
use crate::steps::source::of_file;
use crate::tools::forge::{self, Place};
use crate::tools::git::publish::Way;
use crate::work::values::{self, Known};
use crate::work::{StepCx, relative};

/// A folder, and the repository it becomes.
#[derive(Debug, Clone)]
pub(super) struct Target {
    pub(super) folder: PathBuf,
    pub(super) name: String,
}

/// Where repositories are.
#[derive(Debug, Clone)]
pub(super) enum Server {
    /// Below an owner of a forge.
    Forge(Place),
    /// Below this address, or folder of this machine.
    Plain(String),
}

/// What is to be done.
pub(super) struct Wanted {
    pub(super) server: Server,
    pub(super) targets: Vec<Target>,
    pub(super) branch: String,
    pub(super) visibility: Visibility,
    /// The branch becomes the default one, whatever was.
    pub(super) takes_default: bool,
    pub(super) allow: Vec<PathBuf>,
    pub(super) ca: Option<PathBuf>,
    pub(super) token: Option<SecretString>,
}

impl Server {
    /// The address of a repository.
    pub(super) fn url(&self, name: &str) -> String {
        match self {
            Server::Forge(place) => place.url(name),
            Server::Plain(base) => format!("{base}/{name}.git"),
        }
    }

    /// The folder of a repository, if it is one of this machine.
    pub(super) fn folder(&self, name: &str) -> Option<PathBuf> {
        let Server::Plain(base) = self else { return None };
        let base = base.strip_prefix("file://").unwrap_or(base);
        base.starts_with('/').then(|| Path::new(base).join(format!("{name}.git")))
    }
}

/// Where they go, and which.
pub(super) fn targets(
    step: &StepCx<'_>,
    known: &Known,
    publish: &Publish,
) -> Result<(Server, Vec<Target>), Failure> {
    let forge = publish.forge.unwrap_or_default();
    let address = known.argument(step, &publish.server.0)?;
    let address = address.trim().trim_end_matches('/').to_owned();
    let owner = publish.owner.as_ref().map(|owner| known.argument(step, &owner.0)).transpose()?;
    let name = publish.name.as_ref().map(|name| known.argument(step, &name.0)).transpose()?;
    let server = if forge == Forge::None {
        let is_relative = !address.contains(':') && !address.starts_with('/');
        let base = if is_relative { step.env.root.join(&address).display().to_string() } else { address };
        Server::Plain(owner.map_or_else(|| base.clone(), |owner| format!("{base}/{owner}")))
    } else {
        if !step.frame.is_dry && !["http://", "https://"].iter().any(|scheme| address.starts_with(scheme)) {
            let message = format!("`{address}` is no address of a forge");
            return Err(Failure::new(Kind::Config, message).help("write it as `https://HOST`"));
        }
        let owner = owner.unwrap_or_else(|| "root".to_owned());
        Server::Forge(Place { forge, server: address, owner: owner.trim_matches('/').to_owned() })
    };
    let mut targets = Vec::new();
    for folder in &publish.folders {
        let own = folder.0.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let name = match &name {
            Some(name) => name.clone(),
            None => format!("{own}{}", publish.suffix.as_deref().unwrap_or_default()),
        };
        if !forge::is_name(&name) && !name.contains("{{") {
            let message = format!("`{name}` cannot be the name of a repository");
            return Err(Failure::new(Kind::Config, message)
                .help("use letters, digits, `.`, `_` and `-`, a letter or digit first: `name = …`"));
        }
        targets.push(Target { folder: folder.0.clone(), name });
    }
    Ok((server, targets))
}

/// The branch that is pushed.
pub(super) fn branch(step: &StepCx<'_>, known: &Known, publish: &Publish) -> Result<String, Failure> {
    let branch = publish.branch.as_ref().map(|branch| known.argument(step, &branch.0)).transpose()?;
    let branch = branch.unwrap_or_else(|| "main".to_owned());
    let is_bad = |c: char| c.is_whitespace() || c.is_control() || "~^:?*[\\".contains(c);
    let is_wrong = branch.is_empty() || branch.starts_with(['-', '/']) || branch.contains("..");
    if is_wrong || branch.contains(is_bad) {
        let message = format!("`{branch}` cannot be the name of a branch");
        return Err(Failure::new(Kind::Config, message).help("mend `branch`"));
    }
    Ok(branch)
}

impl Wanted {
    /// Everything, the token included, which is masked from now on.
    pub(super) fn of(step: &StepCx<'_>, known: &Known, publish: &Publish) -> Result<Wanted, Failure> {
        let (server, targets) = targets(step, known, publish)?;
        for target in &targets {
            if !target.folder.is_dir() {
                let message = format!("there is no folder `{}`", relative(step, &target.folder));
                return Err(
                    Failure::new(Kind::Config, message).help("mend `folders`, or make it before this step")
                );
            }
        }
        let wanted = Wanted {
            server,
            targets,
            branch: branch(step, known, publish)?,
            visibility: publish.visibility.unwrap_or_default(),
            takes_default: publish.default_branch,
            allow: publish.allow.iter().map(|file| file.0.clone()).collect(),
            ca: publish.ca.as_ref().map(|ca| ca.0.clone()),
            token: token(step, known, publish)?,
        };
        if wanted.token.is_some()
            && wanted.targets.first().is_some_and(|one| forge::is_open(&wanted.server.url(&one.name)))
        {
            step.cx.ui.warn_once(format!(
                "`{}` sends its token where others on the way can read it: use `https://`",
                step.name
            ));
        }
        Ok(wanted)
    }

    /// The forge, when it is one that can be asked.
    pub(super) async fn forge<'a>(&'a self, step: &'a StepCx<'_>) -> Result<Option<Api<'a>>, Failure> {
        match (&self.server, &self.token) {
            (Server::Forge(place), Some(token)) => {
                Api::open(step, place, token, self.ca.clone()).await.map(Some)
            }
            _ => Ok(None),
        }
    }

    /// How git gets there.
    pub(super) fn way(&self, step: &StepCx<'_>, name: &str) -> Way {
        let user = match &self.server {
            Server::Forge(place) => place.user(),
            Server::Plain(_) => "oauth2",
        };
        let login = self.token.as_ref().map(|token| {
            format!(
                "Authorization: Basic {}",
                BASE64_STANDARD.encode(format!("{user}:{}", token.expose_secret()))
            )
        });
        if let Some(login) = &login {
            // Longer than what is masked of the token itself.
            let _ = step.cx.masks.add("token", login.trim_start_matches("Authorization: Basic "));
        }
        let has_own_ssh = ["GIT_SSH_COMMAND", "GIT_SSH"].iter().any(|name| step.cx.vars.get(name).is_some());
        Way { url: self.server.url(name), login: login.map(Into::into), ca: self.ca.clone(), has_own_ssh }
    }
}

fn token(step: &StepCx<'_>, known: &Known, publish: &Publish) -> Result<Option<SecretString>, Failure> {
    let empty = |what: &str| {
        Failure::new(Kind::Failed, format!("{what} holds no token"))
            .help("make one on the forge, and keep it there")
    };
    let (text, what) = match (&publish.token, &publish.token_file) {
        (Some(token), _) => {
            let text = match known.render(step, &token.0)? {
                Rendered::Plain(text) => text,
                Rendered::Secret(text) => text.expose_secret().to_owned(),
            };
            (text, format!("`{}`", token.0.as_str()))
        }
        (None, Some(file)) => {
            let shown = format!("`{}`", relative(step, &file.0));
            let text = of_file(step, &file.0, true)?.ok_or_else(|| {
                Failure::new(Kind::Failed, format!("there is no file {shown}, which has the token"))
                    .help("let a step before this one write it")
            })?;
            (text, shown)
        }
        (None, None) => return Ok(None),
    };
    let text = text.trim();
    if text.is_empty() {
        return Err(empty(&what));
    }
    if text.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return Err(Failure::new(
            Kind::Failed,
            format!("{what} holds more than a token: there is white space in it"),
        ));
    }
    values::mask(step, "token", text);
    Ok(Some(text.to_owned().into()))
}
