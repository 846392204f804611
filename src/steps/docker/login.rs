//! The login to `[registry]`, in a docker configuration of our own or in that of the user.

use std::time::Duration;

use secrecy::SecretString;

use crate::config::Environment;
use crate::config::model::RegistryLogin;
use crate::config::template::Template;
use crate::disk::{self, PrivateDir};
use crate::exec::Cmd;
use crate::failure::{Failure, Kind};
use crate::steps::docker::ended::judge;
use crate::text::last_line;
use crate::tools::docker::{config_folder, registry};
use crate::tools::{aws, azure};
use crate::work::kind::Mention;
use crate::work::values::{self, Known};
use crate::work::{StepCx, child};

/// How long a program may take to give a password.
pub(super) const ANSWER: Duration = Duration::from_secs(60);

/// Who logs in and where the password comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Login {
    /// The server, without a folder.
    pub server: String,
    pub user: String,
    from: From,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum From {
    Secret(String),
    Ecr { region: Option<String> },
    Acr,
}

impl Login {
    /// The one of `[registry]`; none where the docker program has its own.
    pub(crate) fn of(step: &StepCx<'_>, known: &Known) -> Result<Option<Login>, Failure> {
        let Some(registry) = &step.env.registry else { return Ok(None) };
        let whole = known.argument(step, &registry.server.0)?;
        let server = whole.split('/').next().unwrap_or_default().to_owned();
        let kind = registry.login.or(registry.password.is_some().then_some(RegistryLogin::Password));
        let (user, from) = match kind {
            None | Some(RegistryLogin::None) => return Ok(None),
            Some(RegistryLogin::Ecr) => {
                let given = registry.region.as_ref().map(|region| known.argument(step, &region.0));
                let found = || aws::ecr::region_of(&server).map(str::to_owned);
                (aws::ecr::USER.to_owned(), From::Ecr { region: given.transpose()?.or_else(found) })
            }
            Some(RegistryLogin::Acr) => (azure::REGISTRY_USER.to_owned(), From::Acr),
            Some(RegistryLogin::Password) => {
                let (Some(user), Some(password)) = (&registry.user, &registry.password) else {
                    let message =
                        "`[registry]` logs in with a password, and says not both `user` and `password`";
                    return Err(Failure::new(Kind::Config, message)
                        .help("add `user = \"…\"` and `password = \"NAME-OF-A-SECRET\"`"));
                };
                (known.argument(step, &user.0)?, From::Secret(password.0.clone()))
            }
        };
        Ok(Some(Login { server, user, from }))
    }

    /// The password: that of an earlier step, else a new one.
    pub(crate) async fn known_password(&self, step: &mut StepCx<'_>) -> Result<SecretString, Failure> {
        if let Some(known) = step.facts.registry_passwords.get(&self.server) {
            return Ok(known.clone());
        }
        let password = self.password(step).await?;
        step.facts.registry_passwords.insert(self.server.clone(), password.clone());
        Ok(password)
    }

    /// The password, asked for anew; it is masked from now on.
    pub(super) async fn password(&self, step: &StepCx<'_>) -> Result<SecretString, Failure> {
        let cmd = match &self.from {
            From::Secret(name) => {
                let found = step.secrets().find(|(known, _)| known == name);
                return found.map(|(_, value)| value.clone()).ok_or_else(|| {
                    Failure::new(
                        Kind::Secrets,
                        format!("there is no secret `{name}`, the password of `[registry]`"),
                    )
                    .help(format!("run `infractl secrets set {} {name}`", step.env.name))
                });
            }
            From::Ecr { region } => aws::ecr::password(region.as_deref()),
            From::Acr => azure::registry_token(&self.server),
        };
        let printed = child::answer(step, cmd, ANSWER).await?.map_err(|tail| self.without_password(&tail))?;
        let password = String::from_utf8_lossy(&printed).trim().to_owned();
        values::mask(step, "the password of the registry", &password);
        Ok(password.into())
    }

    fn without_password(&self, tail: &str) -> Failure {
        let known = match self.from {
            From::Acr => azure::explain(tail),
            From::Ecr { .. } | From::Secret(_) => aws::ecr::explain(tail),
        };
        let failure = known.unwrap_or_else(|| Failure::new(Kind::Failed, last_line(tail)));
        failure.context(format!("there is no password for `{}`", self.server))
    }

    /// The call that makes a repository; none for registries that make them by themselves.
    pub(super) fn create_repository(&self, name: &str) -> Option<Cmd> {
        match &self.from {
            From::Ecr { region } => Some(aws::ecr::create_repository(region.as_deref(), name)),
            From::Secret(_) | From::Acr => None,
        }
    }

    /// What a dry run or a script shows: where the password comes from, and the login.
    pub(super) fn commands(&self, known: &Known) -> (Option<Cmd>, Cmd) {
        let login = |password| registry::login(&self.server, &self.user, password);
        match &self.from {
            From::Secret(name) => {
                let password = match known.secret(name) {
                    Some(crate::config::template::Rendered::Secret(value)) => value,
                    _ => String::new().into(),
                };
                (None, login(password))
            }
            From::Ecr { region } => {
                (Some(aws::ecr::password(region.as_deref())), login(String::new().into()))
            }
            From::Acr => (Some(azure::registry_token(&self.server)), login(String::new().into())),
        }
    }
}

/// A docker configuration of our own, in memory and gone with the step: the login of one run stays neither with the
/// user nor with the next run.
pub(super) struct Session {
    folder: PrivateDir,
    login: Login,
    /// The password of the last login.
    password: SecretString,
}

impl Session {
    /// Logs in.
    pub(super) async fn open(step: &mut StepCx<'_>, login: Login) -> Result<Session, Failure> {
        let folder = PrivateDir::new()?;
        let own = config_folder(&step.cx.vars).unwrap_or_else(|| ".docker".into());
        let text = disk::read_lossy_if_there(&own.join("config.json")).ok().flatten().unwrap_or_default();
        let plugins = own.join("cli-plugins");
        let text = registry::without_logins(&text, &plugins.to_string_lossy());
        disk::write(&folder.path().join("config.json"), text.as_bytes(), 0o600)?;
        // Contexts say where the engine is.
        let _ = std::os::unix::fs::symlink(own.join("contexts"), folder.path().join("contexts"));
        let is_from_before = step.facts.registry_passwords.contains_key(&login.server);
        let password = login.known_password(step).await?;
        let mut session = Session { folder, login, password };
        match session.log_in(step).await {
            Err(failure) if is_from_before && failure.kind == Kind::Failed => session.renew(step).await?,
            other => other?,
        }
        Ok(session)
    }

    /// Logs in anew.
    pub(super) async fn renew(&mut self, step: &StepCx<'_>) -> Result<(), Failure> {
        self.password = self.login.password(step).await?;
        self.log_in(step).await
    }

    async fn log_in(&self, step: &StepCx<'_>) -> Result<(), Failure> {
        let login = registry::login(&self.login.server, &self.login.user, self.password.clone());
        let done = step.quietly(&self.inside(login)).await.map_err(|error| step.unanswered(error))?;
        judge(step, &done, &format!("`docker login` to `{}`", self.login.server))
    }

    /// A second login, beside the first.
    pub(super) async fn also(
        &self,
        step: &StepCx<'_>,
        login: &Login,
        password: SecretString,
    ) -> Result<(), Failure> {
        let cmd = registry::login(&login.server, &login.user, password);
        let done = step.quietly(&self.inside(cmd)).await.map_err(|error| step.unanswered(error))?;
        judge(step, &done, &format!("`docker login` to `{}`", login.server))
    }

    /// A command with this login.
    pub(super) fn inside(&self, cmd: Cmd) -> Cmd {
        cmd.env("DOCKER_CONFIG", self.folder.path().to_string_lossy())
    }

    pub(super) fn login(&self) -> &Login {
        &self.login
    }

    /// For asking the registry itself.
    pub(super) fn pair(&self) -> (String, SecretString) {
        (self.login.user.clone(), self.password.clone())
    }
}

/// Logs in for whoever uses docker after this, as `docker login` does.
pub(super) async fn run(step: &StepCx<'_>, known: &Known) -> Result<String, Failure> {
    let Some(login) = Login::of(step, known)? else {
        return Err(Failure::new(Kind::Config, "`[registry]` says no `login`")
            .help("add `login = \"password\"`, `\"ecr\"` or `\"acr\"`"));
    };
    let password = login.password(step).await?;
    let done = step.run(&registry::login(&login.server, &login.user, password)).await?;
    judge(step, &done, &format!("`docker login` to `{}`", login.server))?;
    Ok(format!("{} as {}", login.server, login.user))
}

/// What a login refers to, besides the templates of `[registry]`.
pub(crate) fn visit(env: &Environment, see: &mut dyn FnMut(Mention<'_>)) {
    let Some(registry) = &env.registry else { return };
    if let Some(name) = &registry.password {
        see(Mention::Secret(&name.0));
    }
    if matches!(registry.login, Some(RegistryLogin::Ecr | RegistryLogin::Acr)) {
        see(Mention::Program);
    }
}

/// Every template of `[registry]`.
pub(crate) fn templates(env: &Environment) -> impl Iterator<Item = &Template> {
    let registry = env.registry.as_ref();
    let given =
        registry.map(|registry| [Some(&registry.server), registry.user.as_ref(), registry.region.as_ref()]);
    given.into_iter().flatten().flatten().map(|argument| &argument.0)
}
