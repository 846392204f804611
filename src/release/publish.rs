//! Commit and tag are made without a name, pushed together, and only then have a name here: what is refused, or killed
//! at any instant before, leaves nothing.

use super::call::{ask, call, failed};
use super::look::{Repository, Rules};
use crate::context::Ctx;
use crate::disk::{self, PrivateDir};
use crate::failure::{Failure, Kind};
use crate::tools::git;

/// What is to be pushed.
#[derive(Debug)]
pub(crate) struct Pushed {
    /// The commit: that of the release, or the one that is checked out.
    pub commit: String,
    /// The object of the tag and its name; none where the tag comes after a merge.
    pub tag: Option<(String, String)>,
    /// `+` where the branch is one of our own, which a run before may have pushed.
    pub force: &'static str,
    /// Options for the server.
    pub options: Vec<String>,
}

/// A commit with these files, by their paths from the top folder.
pub(crate) async fn commit(
    cx: &Ctx,
    repository: &Repository,
    files: Vec<(String, Vec<u8>)>,
    message: &str,
) -> Result<String, Failure> {
    let (top, head) = (&repository.top, &repository.head);
    let what = "make the commit of the release";
    let folder = PrivateDir::new()?;
    let index = folder.path().join("index");
    ask(cx, &git::read_tree(top, &index, head), what).await?;
    for (path, bytes) in files {
        let blob = ask(cx, &git::keep_blob(top, bytes), what).await?;
        ask(cx, &git::put(top, &index, blob.trim(), &path), what).await?;
    }
    let tree = ask(cx, &git::write_tree(top, &index), what).await?;
    let is_signed = is_on(cx, repository, "commit.gpgsign").await?;
    let done = call(cx, &git::commit_tree(top, tree.trim(), head, is_signed, message)).await?;
    if done.code != 0 {
        return Err(failed(&done, what));
    }
    let commit = String::from_utf8_lossy(&done.stdout).trim().to_owned();
    if is_signed && !ask(cx, &git::object(top, &commit), what).await?.contains("\ngpgsig") {
        return Err(failed(&done, "sign the commit of the release").help(
            "see that the key can be used, or release without a signature: `git config commit.gpgSign false`",
        ));
    }
    Ok(commit)
}

/// An annotated tag of a commit.
pub(crate) async fn tag(
    cx: &Ctx,
    repository: &Repository,
    commit: &str,
    name: &str,
    message: &str,
) -> Result<String, Failure> {
    if is_on(cx, repository, "tag.gpgsign").await? {
        return signed(cx, repository, commit, name, message).await;
    }
    let who = ask(cx, &git::committer(&repository.top), "say who releases").await?;
    let text = format!("object {commit}\ntype commit\ntag {name}\ntagger {}\n\n{message}", who.trim());
    Ok(ask(cx, &git::make_tag(&repository.top, text), "make the tag").await?.trim().to_owned())
}

/// The same, signed as git is set to. git signs no tag without giving it a name: here in a repository of its own, which is
/// gone then, and writes its objects where ours are.
async fn signed(
    cx: &Ctx,
    repository: &Repository,
    commit: &str,
    name: &str,
    message: &str,
) -> Result<String, Failure> {
    let top = &repository.top;
    let what = "sign the tag";
    let folder = PrivateDir::new()?;
    let own = folder.path();
    for part in ["objects", "refs"] {
        disk::make_private_dir(&own.join(part))?;
    }
    disk::write(&own.join("HEAD"), b"ref: refs/heads/none\n", 0o600)?;
    disk::write(&own.join("config"), b"[core]\n\trepositoryformatversion = 0\n\tbare = true\n", 0o600)?;
    disk::write(&own.join("message"), message.as_bytes(), 0o600)?;
    let objects = ask(cx, &git::signing::objects(top), what).await?;
    let objects = objects.trim_end_matches('\n');
    let settings = ask(cx, &git::signing::settings(top), what).await?;
    let settings: Vec<(String, String)> = settings
        .split_terminator('\0')
        .map(|setting| setting.split_once('\n').unwrap_or((setting, "true")))
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect();
    let done = call(cx, &git::signing::sign_tag(own, objects, &settings, name, commit)).await?;
    let unsigned = || {
        failed(&done, what)
            .help("nothing was released: see that the key can be used, `git tag --sign` tries it")
            .help("or release without a signature: `git config tag.gpgSign false`")
    };
    if done.code != 0 {
        return Err(unsigned());
    }
    let object = ask(cx, &git::signing::signed_tag(own, objects, name), what).await?.trim().to_owned();
    // git ends well also when ssh-keygen had no key.
    let text = ask(cx, &git::object(top, &object), what).await?;
    let is_signed = text.contains("\n-----BEGIN ") && text.trim_end().ends_with("-----");
    if is_signed { Ok(object) } else { Err(unsigned()) }
}

async fn is_on(cx: &Ctx, repository: &Repository, name: &str) -> Result<bool, Failure> {
    let done = call(cx, &git::setting(&repository.top, name)).await?;
    Ok(done.stdout.trim_ascii() == b"true")
}

/// Pushes it to a branch, all or nothing.
pub(crate) async fn push(
    cx: &Ctx,
    rules: &Rules<'_>,
    repository: &Repository,
    branch: Option<&str>,
    pushed: &Pushed,
) -> Result<(), Failure> {
    let branch = branch.map(|branch| format!("{}{}:refs/heads/{branch}", pushed.force, pushed.commit));
    let tag = pushed.tag.as_ref().map(|(object, name)| format!("{object}:refs/tags/{name}"));
    let what: Vec<String> = branch.into_iter().chain(tag).collect();
    let cmd = git::push_together(&repository.top, rules.remote(), &pushed.options, &what);
    let done = call(cx, &cmd).await?;
    if done.code == 0 {
        return Ok(());
    }
    Err(failed(&done, "push the release")
        .help("nothing was released, and nothing of it is left here: run `infractl release` again")
        .help(
            "where the branch takes no pushes, let the commit be merged, or write none: \
             `[release] write = \"merge-request\"` or `\"none\"`",
        ))
}

/// Gives here the names that the remote has now.
pub(crate) async fn take(
    cx: &Ctx,
    rules: &Rules<'_>,
    repository: &Repository,
    pushed: &Pushed,
) -> Result<(), Failure> {
    let mut cmds = Vec::new();
    if pushed.commit != repository.head {
        cmds.push(git::forward(&repository.top, &pushed.commit));
    }
    cmds.extend(pushed.tag.iter().map(|(object, name)| git::name_tag(&repository.top, name, object)));
    for cmd in cmds {
        let done = cx.runner.run(&cmd.even_if_interrupted(), &|_, _| ()).await?;
        if done.code != 0 {
            let (remote, branch) = (rules.remote(), &repository.branch);
            return Err(Failure::new(Kind::Failed, failed(&done, "take it over here").error.to_string())
                .context(format!("the release is at `{remote}`, and not here yet"))
                .help(format!("take it: `git pull --ff-only --tags {remote} {branch}`")));
        }
    }
    Ok(())
}
