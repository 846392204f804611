//! A playbook with the inventory and secrets of the environment.

mod check;
mod container;
mod dynamic;
mod end;
mod given;
mod install;

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use crate::config::Environment;
use crate::config::environment;
use crate::config::model::AnsibleStep;
use crate::config::template::Template;
use crate::config::verbs::Effect;
use crate::exec::BoxFuture;
use crate::exec::{Cmd, Handed, Io};
use crate::failure::{Failure, Kind};
use crate::hosts::host;
use crate::steps::ansible::check::Shown;
use crate::steps::ansible::end::{judge, no_task, summary};
use crate::steps::ansible::given::{variables, vault_password};
use crate::steps::ansible::install::install;
use crate::steps::files::inventory;
use crate::steps::meet::meet;
use crate::tools::ansible::events::{Progress, read};
use crate::tools::ansible::{self, Playbook};
use crate::ui::event::Level;
use crate::work::child;
use crate::work::kind::{Mention, StepKind};
use crate::work::needs::Needs;
use crate::work::script::{Script, no_script};
use crate::work::values::{self, Known};
use crate::work::{StepCx, relative, shown_in};

impl StepKind for AnsibleStep {
    fn visit(&self, env: &Environment, see: &mut dyn FnMut(Mention<'_>)) {
        see(Mention::Program);
        let image = env.ansible.as_ref().and_then(|settings| settings.image.as_ref());
        see(Mention::Starts(image.map_or("ansible-playbook", |_| "docker")));
        if image.is_none() && env.inventory.as_ref().is_some_and(|own| own.dynamic.is_some()) {
            see(Mention::Starts("ansible-inventory"));
        }
        if let Some(image) = image {
            see(Mention::Template(image));
        }
        inventory::visit(env, see);
        env.hosts.keys().for_each(|name| see(Mention::Host(name)));
        let tags = self.tags.iter().chain(&self.skip_tags);
        tags.for_each(|tag| see(Mention::Template(&tag.0)));
        let vars = self.vars.values().chain(env.ansible.iter().flat_map(|settings| settings.vars.values()));
        vars.flat_map(|input| Template::inside(&input.0)).for_each(|one| see(Mention::Template(&one)));
        let Some(settings) = &env.ansible else { return };
        if settings.vault_password.is_some() {
            see(Mention::SecretFiles);
        }
        settings.env.values().chain(&settings.user).for_each(|one| see(Mention::Template(one)));
    }

    fn effect(&self) -> Option<Effect> {
        Some(if self.check { Effect::Reads } else { Effect::Changes })
    }

    fn run<'a>(&'a self, step: &'a mut StepCx<'_>) -> BoxFuture<'a, Result<String, Failure>> {
        Box::pin(run(step, self))
    }

    fn describe(&self, step: &mut StepCx<'_>) -> Result<Vec<String>, Failure> {
        describe(step, self)
    }

    fn script(&self, step: &StepCx<'_>, _: &mut Script) -> Result<Vec<String>, Failure> {
        Err(no_script(step))
    }
}

/// Does it.
pub(crate) async fn run(step: &mut StepCx<'_>, declared: &AnsibleStep) -> Result<String, Failure> {
    let settings = &settings(step);
    let needs = Needs::of(step.env, declared, step.frame.secrets.as_deref());
    meet(step, &needs).await?;
    let known = Known::of(step);
    let mut playbook = playbook(step, settings, declared, &known)?;
    // Kept to the end of the run: a check works with an inventory that is not written.
    let fresh = if declared.check {
        crate::steps::ansible::check::fresh_inventory(step, &mut playbook)?
    } else {
        None
    };
    is_there(step, &playbook)?;
    install(step, settings, playbook.container.as_ref()).await?;
    if dynamic::declared(step, &playbook).is_some() {
        let cmd = equip(step, settings, playbook.list_inventory(), &known)?;
        dynamic::check(step, &playbook, &cmd).await?;
    }

    let folder = step.facts.connections.folder(step.cx)?;
    let vars = variables(step, settings, declared, &known).await?;
    container::let_in(step, &mut playbook);
    let mut handed = Vec::new();
    let mut hand = |name: &str, text: String| -> Result<PathBuf, Failure> {
        // A step that is tried again has pipes of its own.
        let name = format!("{name}-{}-{}", std::process::id(), handed.len());
        let one = Handed::new(&folder, &name, text.into()).map_err(|error| {
            Failure::new(Kind::Failed, format!("no pipe could be made in `{}`: {error}", folder.display()))
        })?;
        let path = one.path().to_owned();
        handed.push(one);
        Ok(path)
    };
    playbook.vault = match vault_password(step, settings)? {
        Some(password) => Some(hand("vault", password)?),
        None => None,
    };
    let selects = !playbook.tags.is_empty() || !playbook.skip_tags.is_empty();
    let without_vars = Playbook { vault: None, ..playbook.clone() };
    playbook.vars = Some(hand("vars", vars)?);
    let list = equip(step, settings, without_vars.list_tasks(), &known)?;
    let cmd = equip(step, settings, playbook.run(), &known)?
        .env("ANSIBLE_SSH_CONTROL_PATH_DIR", folder.to_string_lossy())
        // Host keys are checked, whatever ansible.cfg says: `.infractl/known_hosts` follows the life of the machines.
        .env("ANSIBLE_HOST_KEY_CHECKING", "true")
        .env("ANSIBLE_SSH_CONTROL_PATH", "%(directory)s/%%C.ssh");

    let progress = Mutex::new(Progress::default());
    let counted = async {
        let done = step.run_with(&list, &|_| ()).await.ok().filter(|done| done.code == 0)?;
        let plays = ansible::count_tasks(&String::from_utf8_lossy(&done.stdout));
        progress.lock().unwrap_or_else(PoisonError::into_inner).plays.clone_from(&plays);
        Some(plays)
    };
    let shown = Mutex::new(Shown::default());
    let hear = |line: &str| {
        let said = read(line);
        let mut progress = progress.lock().unwrap_or_else(PoisonError::into_inner);
        progress.hear(line, &said);
        let text = progress.text();
        drop(progress);
        if matches!(said, crate::tools::ansible::events::Said::Task { .. }) {
            step.progress(text);
        }
        if declared.check {
            let mut shown = shown.lock().unwrap_or_else(PoisonError::into_inner);
            shown.hear(line, &said, &|level, line| {
                if level == Level::Normal { step.report(line) } else { step.line(level, line) }
            });
        } else {
            step.line(Level::Detail, line.trim_end_matches(' ').trim_end_matches("**").trim_end());
        }
    };
    // Nobody reads the totals where nothing is live; unknown tags only the list tells.
    let wants_list = selects || step.cx.ui.mode.live;
    let work = async {
        if wants_list {
            let (done, plays) = tokio::join!(step.run_with(&cmd, &hear), counted);
            (done, plays)
        } else {
            (step.run_with(&cmd, &hear).await, None)
        }
    };
    let giving = futures_util::future::join_all(handed.iter().map(Handed::give));
    let (done, plays) = tokio::select! {
        ended = work => ended,
        _ = giving, if !handed.is_empty() => return Err(Failure::new(Kind::Bug, "a pipe ended by itself")),
    };
    let done = done.map_err(|error| step.unanswered(error))?;
    drop(fresh);
    let progress = progress.into_inner().unwrap_or_else(PoisonError::into_inner);
    judge(step, &playbook, &progress, &done)?;
    if selects && plays.is_some_and(|plays| plays.iter().sum::<usize>() == 0) {
        return Err(no_task(step, &playbook));
    }
    let text = summary(declared.check, &progress);
    if declared.check && progress.changed().0 > 0 {
        step.facts.differences.push(text.clone());
    }
    Ok(text)
}

/// What a dry run says.
pub(crate) fn describe(step: &mut StepCx<'_>, declared: &AnsibleStep) -> Result<Vec<String>, Failure> {
    let settings = &settings(step);
    let known = Known::shown(step, declared);
    let mut playbook = playbook(step, settings, declared, &known)?;
    let mut lines = Vec::new();
    if let Some(requirements) = &settings.requirements {
        let mut cmd = ansible::install(&settings.dir, requirements, playbook.container.as_ref());
        cmd.env.clear();
        lines.push(format!("# when {} changed: {}", relative(step, requirements), shown_in(&cmd)));
    }
    if dynamic::declared(step, &playbook).is_some() {
        let mut cmd = playbook.list_inventory();
        cmd.env.clear();
        lines.push(format!("{}  # are there as many machines as there have to be", shown_in(&cmd)));
    }
    playbook.vars = Some(PathBuf::from("VARIABLES"));
    playbook.vault = settings.vault_password.as_ref().map(|_| PathBuf::from("VAULT-PASSWORD"));
    let mut cmd = playbook.run();
    cmd.env.clear();
    lines.push(shown_in(&cmd));
    Ok(lines)
}

/// What `[ansible]` says; a step needs none.
fn settings(step: &StepCx<'_>) -> environment::Ansible {
    step.env.ansible.clone().unwrap_or_else(|| environment::Ansible::usual(&step.env.root))
}

/// What the step says, else what `[ansible]` says.
fn playbook(
    step: &StepCx<'_>,
    settings: &environment::Ansible,
    declared: &AnsibleStep,
    known: &Known,
) -> Result<Playbook, Failure> {
    let file = declared.playbook.as_ref().map(|file| file.0.clone()).or_else(|| settings.playbook.clone());
    let Some(file) = file else {
        return Err(Failure::new(
            Kind::Config,
            "there is no playbook: neither ansible/playbooks/site.yml nor ansible/site.yml",
        )
        .help("name it: `playbook` in `[ansible]`"));
    };
    let inventory =
        declared.inventory.as_ref().map(|file| file.0.clone()).or_else(|| settings.inventory.clone());
    let own = step.env.inventory.as_ref().filter(|_| inventory.is_none());
    let dynamic = own.and_then(|own| own.dynamic.clone());
    let inventory = inventory.or_else(|| own.map(|own| own.path.clone()));
    let hosts: Vec<&str> = match declared.limit.as_slice() {
        [] => settings.limit.iter().map(String::as_str).collect(),
        limit => limit.iter().map(|host| host.0.as_str()).collect(),
    };
    let mut limit = Vec::new();
    for name in hosts {
        // A host may be several machines; anything else is a pattern of ansible's.
        match step.env.hosts.contains_key(name).then(|| host::machines(step, known, name)).transpose()? {
            Some(machines) => limit.extend(machines.into_iter().map(|machine| machine.name)),
            None => limit.push(name.to_owned()),
        }
    }
    let words = |all: &[crate::config::model::Argument]| -> Result<Vec<String>, Failure> {
        all.iter().map(|word| known.argument(step, &word.0)).collect()
    };
    Ok(Playbook {
        file,
        dir: settings.dir.clone(),
        inventory,
        dynamic,
        limit,
        tags: words(&declared.tags)?,
        skip_tags: words(&declared.skip_tags)?,
        forks: settings.forks,
        check: declared.check,
        vars: None,
        vault: None,
        extra: step.extra.to_vec(),
        container: container::of(step, settings, known)?,
    })
}

/// Everything that is read is there: ansible ends well without an inventory.
fn is_there(step: &StepCx<'_>, playbook: &Playbook) -> Result<(), Failure> {
    let missing = |what: &str, path: &Path| {
        Failure::new(Kind::Config, format!("there is no {what} `{}`", relative(step, path)))
    };
    if !playbook.dir.is_dir() {
        return Err(missing("folder", &playbook.dir).help("correct `dir` in `[ansible]`"));
    }
    if !playbook.file.is_file() {
        return Err(missing("playbook", &playbook.file).help("correct `playbook` in `[ansible]`"));
    }
    match &playbook.inventory {
        Some(path) if !path.exists() => Err(missing("inventory", path)
            .help(format!("write it: `infractl inventory {}`", step.env.name))
            .help("or correct `inventory` in `[ansible]`")),
        _ => Ok(()),
    }
}

/// The environment of ansible: that of every command, and `[ansible] env`.
fn equip(
    step: &StepCx<'_>,
    settings: &environment::Ansible,
    cmd: Cmd,
    known: &Known,
) -> Result<Cmd, Failure> {
    let (form, io) = (cmd.env.clone(), cmd.io);
    let mut cmd = child::equip(step, cmd, known);
    for (name, template) in &settings.env {
        cmd.env.insert(name.clone(), values::input_value(known.render(step, template)?));
    }
    // What is read by infractl keeps its form.
    cmd.env.extend(form);
    Ok(cmd.io(if io == Io::Capture { Io::Capture } else { Io::Stream }))
}
