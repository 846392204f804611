//! git: tags, commits, pushes; what is there already is left alone, so that a second try does no harm.

use crate::config::Environment;
use crate::config::model::{Argument, Git};
use crate::config::verbs::Effect;
use crate::exec::BoxFuture;
use crate::exec::{Cmd, Done};
use crate::failure::{Failure, Kind};
use crate::text::plain;
use crate::tools::git as tool;
use crate::work::StepCx;
use crate::work::child;
use crate::work::kind::{Mention, StepKind};
use crate::work::marked::marked;
use crate::work::script::Script;
use crate::work::values::Known;

impl StepKind for Git {
    fn visit(&self, _: &Environment, see: &mut dyn FnMut(Mention<'_>)) {
        let given = [&self.tag, &self.commit, &self.remote, &self.message];
        given.into_iter().flatten().for_each(|argument| see(Mention::Template(&argument.0)));
        see(Mention::Sparing);
        see(Mention::Starts("git"));
    }

    fn effect(&self) -> Option<Effect> {
        Some(Effect::Changes)
    }

    fn run<'a>(&'a self, step: &'a mut StepCx<'_>) -> BoxFuture<'a, Result<String, Failure>> {
        Box::pin(run(step, self))
    }

    fn describe(&self, step: &mut StepCx<'_>) -> Result<Vec<String>, Failure> {
        describe(step, self)
    }

    fn script(&self, step: &StepCx<'_>, script: &mut Script) -> Result<Vec<String>, Failure> {
        script_of(script, step, self)
    }
}

/// Commits, tags and pushes, as far as the step says so.
pub(crate) async fn run(step: &mut StepCx<'_>, git: &Git) -> Result<String, Failure> {
    let wanted = Wanted::of(step, git, &Known::of(step))?;
    // What cannot be pushed is not begun: a commit without a branch hangs in the air.
    let branch = if git.push { branch(step, &wanted).await? } else { None };
    let mut did = Vec::new();
    if let Some(message) = &wanted.commit {
        did.push(commit(step, &wanted, message).await?);
    }
    let mut is_new = false;
    if let Some(name) = &wanted.tag {
        is_new = tag(step, name, wanted.message.as_deref()).await?;
        did.push(format!("tag {name}{}", if is_new { "" } else { " is there" }));
    }
    if git.push {
        let pushed = push(step, &wanted, branch).await;
        if let (Err(_), true, Some(name)) = (&pushed, is_new, &wanted.tag) {
            // The next try may be on another commit.
            call(step, tool::untag(&step.env.root, name)).await?;
        }
        did.push(pushed?);
    }
    Ok(did.join(", "))
}

/// The commands, in order.
pub(crate) fn describe(step: &StepCx<'_>, git: &Git) -> Result<Vec<String>, Failure> {
    let wanted = Wanted::of(step, git, &Known::shown(step, git))?;
    let root = &step.env.root;
    let mut cmds = Vec::new();
    if let Some(message) = &wanted.commit {
        if !wanted.add.is_empty() {
            cmds.push(tool::add(root, &wanted.add));
        }
        cmds.push(tool::commit(root, message, &wanted.add));
    }
    if let Some(name) = &wanted.tag {
        cmds.push(tool::tag(root, name, wanted.message.as_deref()));
    }
    let mut lines: Vec<String> = cmds.iter().map(ToString::to_string).collect();
    if git.push {
        lines.push(tool::push(root, &wanted.remote, "HEAD").to_string());
        lines.extend(
            wanted.tag.iter().map(|name| tool::push(root, &wanted.remote, &reference(name)).to_string()),
        );
    }
    Ok(lines)
}

/// The same as lines of bash.
fn script_of(script: &mut Script, step: &StepCx<'_>, git: &Git) -> Result<Vec<String>, Failure> {
    let wanted = Wanted::of(step, git, &marked(step, git))?;
    let root = &step.env.root;
    let mut lines = Vec::new();
    if let Some(message) = &wanted.commit {
        if !wanted.add.is_empty() {
            lines.push(script.command_sparing(step, &tool::add(root, &wanted.add)));
        }
        let nothing = script.command_sparing(step, &tool::nothing_staged(root, &wanted.add));
        let commit = script.command_sparing(step, &tool::commit(root, message, &wanted.add));
        lines.push(format!("{{ {nothing} || {commit}; }}"));
    }
    if let Some(name) = &wanted.tag {
        let there = script.command_sparing(step, &tool::commit_of(root, &reference(name)));
        let tag = script.command_sparing(step, &tool::tag(root, name, wanted.message.as_deref()));
        lines.push(format!(
            "if there=$({there}); then [ \"$there\" = \"$(git rev-parse HEAD)\" ]; else {tag}; fi"
        ));
    }
    if git.push {
        let remote = script.word(&wanted.remote);
        lines.push(format!("git push --quiet -- {remote} \"$(git symbolic-ref --short HEAD)\""));
        if let Some(name) = &wanted.tag {
            lines.push(script.command_sparing(step, &tool::push(root, &wanted.remote, &reference(name))));
        }
    }
    Ok(lines)
}

/// What the step says, rendered.
struct Wanted {
    tag: Option<String>,
    message: Option<String>,
    commit: Option<String>,
    add: Vec<String>,
    remote: String,
}

impl Wanted {
    fn of(step: &StepCx<'_>, git: &Git, known: &Known) -> Result<Wanted, Failure> {
        let text = |argument: &Option<Argument>| {
            argument.as_ref().map(|argument| known.argument(step, &argument.0)).transpose()
        };
        Ok(Wanted {
            tag: text(&git.tag)?,
            message: text(&git.message)?,
            commit: text(&git.commit)?,
            add: git.add.iter().map(|file| crate::work::relative(step, &file.0)).collect(),
            remote: text(&git.remote)?.unwrap_or_else(|| "origin".to_owned()),
        })
    }
}

fn reference(tag: &str) -> String {
    format!("refs/tags/{tag}")
}

async fn commit(step: &StepCx<'_>, wanted: &Wanted, message: &str) -> Result<String, Failure> {
    let root = &step.env.root;
    if !wanted.add.is_empty() {
        done(step, "add", &call(step, tool::add(root, &wanted.add)).await?)?;
    }
    let staged = call(step, tool::nothing_staged(root, &wanted.add)).await?;
    if staged.code == 0 {
        return Ok("nothing to commit".to_owned());
    }
    done(step, "commit", &call(step, tool::commit(root, message, &wanted.add)).await?)?;
    Ok("committed".to_owned())
}

/// Sets the tag; false when it is there.
async fn tag(step: &StepCx<'_>, name: &str, message: Option<&str>) -> Result<bool, Failure> {
    let root = &step.env.root;
    let there = call(step, tool::commit_of(root, &reference(name))).await?;
    if there.code == 0 {
        let head = call(step, tool::commit_of(root, "HEAD")).await?;
        if head.stdout == there.stdout {
            return Ok(false);
        }
        let commit = String::from_utf8_lossy(&there.stdout);
        let message = format!("the tag `{name}` names another commit ({:.12})", commit.trim());
        return Err(
            Failure::new(Kind::Failed, message).help("choose another name: a tag that moves is no tag")
        );
    }
    done(step, "tag", &call(step, tool::tag(root, name, message)).await?)?;
    Ok(true)
}

/// The branch to push; none where only a tag is pushed.
async fn branch(step: &StepCx<'_>, wanted: &Wanted) -> Result<Option<String>, Failure> {
    let branch = call(step, tool::branch(&step.env.root)).await?;
    if branch.code == 0 {
        return Ok(Some(String::from_utf8_lossy(&branch.stdout).trim().to_owned()));
    }
    if wanted.tag.is_some() && wanted.commit.is_none() {
        return Ok(None);
    }
    Err(Failure::new(Kind::Failed, "no branch is checked out: nothing to push")
        .help("check a branch out, or push a `tag` only"))
}

async fn push(step: &StepCx<'_>, wanted: &Wanted, branch: Option<String>) -> Result<String, Failure> {
    let root = &step.env.root;
    if let Some(branch) = branch {
        done(step, "push", &step.run(&equip(step, tool::push(root, &wanted.remote, &branch))).await?)?;
    }
    if let Some(name) = &wanted.tag {
        let cmd = tool::push(root, &wanted.remote, &reference(name));
        done(step, "push", &step.run(&equip(step, cmd)).await?)?;
    }
    Ok(format!("pushed to {}", wanted.remote))
}

async fn call(step: &StepCx<'_>, cmd: Cmd) -> Result<Done, Failure> {
    step.run_with(&equip(step, cmd), &|_| ()).await.map_err(|error| step.unanswered(error))
}

/// Secrets reach git, and so its hooks and helpers, only when the step names them.
fn equip(step: &StepCx<'_>, mut cmd: Cmd) -> Cmd {
    if step.frame.secrets.is_some() {
        for (name, value) in step.secret_variables() {
            cmd = cmd.secret(name, value);
        }
    }
    for (name, value) in child::variables(step) {
        cmd = cmd.env(name, value);
    }
    cmd
}

fn done(step: &StepCx<'_>, verb: &str, done: &Done) -> Result<(), Failure> {
    if done.interrupted {
        return Err(step.interrupted(format!("git {verb} was stopped")));
    }
    if done.code == 0 {
        return Ok(());
    }
    let heading = format!("git {verb} failed with exit code {}", done.code);
    Err(match tool::reason(&plain(&done.tail)).as_str() {
        "" => Failure::new(Kind::Failed, heading),
        reason => Failure::new(Kind::Failed, reason).context(heading),
    })
}
