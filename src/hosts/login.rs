//! How to log in to a machine: the key, the host key, the way there.

use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret as _, SecretString};

use crate::config::Environment;
use crate::disk;
use crate::exec::{Cmd, Done};
use crate::failure::{Failure, Kind};
use crate::hosts::host::Machine;
use crate::text::last_line;
use crate::tools::ssh::{self, Login, trouble};
use crate::work::StepCx;
use crate::work::connections::Agent;

/// The host keys of an environment's machines: filled at the first contact, emptied by destroy.
pub(crate) fn known_hosts(env: &Environment) -> PathBuf {
    env.home.join(".infractl/known_hosts").join(&env.name)
}

/// Forgets the host keys of all machines, which are gone.
pub(crate) fn run_forget(step: &mut StepCx<'_>) -> Result<String, Failure> {
    step.facts.connections.end();
    if !step.facts.left.is_empty() {
        return Ok("kept: something is left".to_owned());
    }
    let removed = disk::remove(&known_hosts(step.env))?;
    Ok(if removed { "forgotten" } else { "none were known" }.to_owned())
}

/// What a dry run says of that.
pub(crate) fn describe_forget(step: &StepCx<'_>) -> Vec<String> {
    vec![format!("rm -f {}", shell_words::quote(&crate::work::relative(step, &known_hosts(step.env))))]
}

/// Without a shared connection, a key from a secret, or anything written: for a dry run.
pub(crate) fn shown(env: &Environment, machine: &Machine) -> Login {
    Login {
        address: machine.address.clone(),
        user: machine.user.clone(),
        port: machine.port,
        key: machine.identity_file.clone(),
        agent: None,
        known_hosts: known_hosts(env),
        is_pinned: machine.host_key.is_some(),
        socket: None,
        is_new: false,
        jump: machine.jump.as_ref().map(|jump| Box::new(shown(env, jump))),
    }
}

/// The same for use: its key is in an agent, its host key is known if it was given. A jump host has the login that
/// was made for it.
pub(crate) async fn make(
    step: &mut StepCx<'_>,
    machine: &Machine,
    jump: Option<Login>,
) -> Result<Login, Failure> {
    let file = known_hosts(step.env);
    if let Some(folder) = file.parent() {
        disk::make_private_dir(folder)?;
    }
    // ssh itself writes it
    disk::check_own(&file).map_err(|error| Failure::new(Kind::Failed, error.to_string()))?;
    let is_new = match &jump {
        Some(jump) => jump.is_new,
        None => ssh::is_new(&quietly(step, &Login::version()).await?.tail),
    };
    let mut login = Login { jump: jump.map(Box::new), is_new, ..shown(step.env, machine) };
    if let Some(key) = &machine.host_key {
        pin(step, &login, machine, key).await?;
    }
    if let Some(secret) = &machine.identity {
        let (agent, key) = agent(step, secret).await?;
        login.agent = Some(agent);
        login.key = Some(key);
    }
    Ok(login)
}

/// Writes the host key that was given, in the place of every other.
async fn pin(step: &StepCx<'_>, login: &Login, machine: &Machine, key: &str) -> Result<(), Failure> {
    let Some(keys) = ssh::public_keys(key) else {
        return Err(Failure::new(
            Kind::Config,
            format!("`host-key` of `{}` is no public host key", machine.name),
        )
        .help("give the text of /etc/ssh/ssh_host_ed25519_key.pub: `ssh-ed25519 AAAA…`"));
    };
    let name = known_as(step, login).await?;
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    replace(step.env, &name, &keys).map(drop)
}

/// Forgets the host key of one machine. True if one was known.
pub(crate) async fn forget(step: &StepCx<'_>, machine: &Machine) -> Result<bool, Failure> {
    let name = known_as(step, &shown(step.env, machine)).await?;
    replace(step.env, &name, &[])
}

fn replace(env: &Environment, name: &str, keys: &[&str]) -> Result<bool, Failure> {
    let file = known_hosts(env);
    let old = match disk::read_text(&file) {
        Err(error) if error.is_not_found() => String::new(),
        other => other?,
    };
    let new = ssh::with_keys(&old, name, keys);
    if let Some(text) = &new {
        disk::write(&file, text.as_bytes(), 0o600)?;
    }
    Ok(new.is_some())
}

/// The name that ssh writes into `known_hosts`: the user's configuration may change name and port.
async fn known_as(step: &StepCx<'_>, login: &Login) -> Result<String, Failure> {
    let done = quietly(step, &login.resolve()).await?;
    ssh::known_as(&String::from_utf8_lossy(&done.stdout)).ok_or_else(|| {
        Failure::new(Kind::Failed, trouble::last_words(&done.tail))
            .context(format!("ssh does not say how it reaches `{}`", login.address))
    })
}

/// An agent of our own with the key that this secret holds: its socket, and the file of the public key. It ends with
/// the run, also with one that is killed.
pub(crate) async fn agent(step: &mut StepCx<'_>, secret: &str) -> Result<(PathBuf, PathBuf), Failure> {
    if let Some(agent) = step.facts.connections.agent(secret) {
        return Ok(agent);
    }
    let Some(key) = step.facts.secrets.as_ref().and_then(|secrets| secrets.get(secret)) else {
        return Err(Failure::new(Kind::Secrets, format!("there is no secret `{secret}` to log in with"))
            .help(format!("run `infractl secrets set {} {secret} --from-file KEY`", step.env.name)));
    };
    let key = key.expose_secret().trim_end().to_owned() + "\n";
    let folder = step.facts.connections.folder(step.cx)?;
    let socket = folder.join(format!("{}.agent", step.facts.connections.count()));
    let kept = step.cx.runner.keep(&ssh::agent(&socket))?;
    appears(&socket).await.map_err(|failure| failure.context("`ssh-agent` did not start"))?;
    let added = quietly(step, &ssh::add_key(&socket, SecretString::from(key))).await?;
    if added.code != 0 {
        let why = last_line(&added.tail);
        return Err(Failure::new(
            Kind::Secrets,
            format!("`{secret}` is no private key that ssh can use: {why}"),
        )
        .help("give it a whole private key, with its BEGIN and END lines and without a passphrase"));
    }
    let listed = quietly(step, &ssh::list_keys(&socket)).await?;
    let public = folder.join(format!("{}.pub", step.facts.connections.count()));
    disk::write(&public, &listed.stdout, 0o600)?;
    let agent = (socket, public);
    step.facts.connections.keep_agent(secret, Agent { kept, place: agent.clone() });
    Ok(agent)
}

async fn appears(socket: &Path) -> Result<(), Failure> {
    for _ in 0..500 {
        if std::os::unix::net::UnixStream::connect(socket).is_ok() {
            return Ok(());
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    Err(Failure::new(Kind::Failed, format!("nothing listens at {}", socket.display())))
}

/// A call of infractl's own: its lines are for those who want details.
pub(crate) async fn quietly(step: &StepCx<'_>, cmd: &Cmd) -> Result<Done, Failure> {
    step.quietly(cmd).await.map_err(|error| step.unanswered(error))
}
