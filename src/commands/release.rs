//! Release what is committed.

use jiff::tz::TimeZone;
use schemars::JsonSchema;
use semver::{Prerelease, Version};
use serde::Serialize;

use super::{Global, OutputMode, target};
use crate::config::Environment;
use crate::config::model::{Release, Write};
use crate::context::Ctx;
use crate::failure::{Failure, Kind};
use crate::release::look::{Repository, Rules, look};
use crate::release::manifest::Manifest;
use crate::release::next::{Asked, Bump, NoNext};
use crate::release::prepare::{Prepared, prepare};
use crate::release::publish;
use crate::text::document;
use crate::text::plain;

/// Release what is committed: the next version, the changelog, and a tag that says what it is made of
///
/// The version follows from the commits since the last tag (`feat`, `fix`, `feat!`: <https://www.conventionalcommits.org>).
/// Branch and tag are pushed together or not at all; when the push is refused, nothing is left.
#[derive(Debug, clap::Args)]
pub struct ReleaseArgs {
    /// This version, or the next `major`, `minor` or `patch` one [default: what the commits ask for]
    #[arg(long, value_name = "VERSION", value_parser = asked)]
    version: Option<Asked>,
    /// A pre-release: `rc` makes `1.2.0-rc.1`, then `1.2.0-rc.2`
    #[arg(long, value_name = "NAME", value_parser = pre)]
    pre: Option<Prerelease>,
    /// Fail when there is nothing to release
    #[arg(long)]
    require: bool,
}

fn asked(text: &str) -> Result<Asked, String> {
    match text {
        "major" => Ok(Asked::Bump(Bump::Major)),
        "minor" => Ok(Asked::Bump(Bump::Minor)),
        "patch" => Ok(Asked::Bump(Bump::Patch)),
        _ => Version::parse(text)
            .map(Asked::Version)
            .map_err(|_| "not a version; write `1.2.0`, `major`, `minor` or `patch`".to_owned()),
    }
}

fn pre(text: &str) -> Result<Prerelease, String> {
    let pre = Prerelease::new(text).ok().filter(|pre| !pre.is_empty() && !pre.contains('.'));
    pre.ok_or_else(|| "not a name; write letters, such as `rc` or `beta`".to_owned())
}

/// Runs it.
pub(crate) async fn run(cx: &Ctx, global: &Global, args: &ReleaseArgs) -> Result<(), Failure> {
    let project = target::project(cx)?;
    let environments: Vec<Environment> =
        project.environments.iter().map(|name| project.environment(name)).collect::<Result<_, _>>()?;
    let release = settings(&environments)?;
    let rules = Rules { release: &release, root: &project.root };
    let repository = look(cx, &rules).await?;
    if let Some(here) = repository.here().filter(|here| here.pre.is_empty() || args.pre.is_some()) {
        let tag = rules.tag(here);
        repository.check_pushed(&tag, rules.remote())?;
        return nothing(cx, args, format!("already {tag}: this commit is released"));
    }
    let asked = args.version.as_ref().unwrap_or(&Asked::Commits);
    let today = (cx.now)().to_zoned(TimeZone::UTC).date().to_string();
    let prepared =
        prepare(cx, &rules, &repository, &environments, (asked, args.pre.as_ref()), &today).await?;
    let (prepared, since) = match prepared {
        (Ok(prepared), since) => (prepared, since),
        (Err(NoNext::Nothing(why)), since) => {
            return nothing(cx, args, format!("nothing to release since {since}: {why}"));
        }
        (Err(none), since) => return Err(refused(none, &since)),
    };
    if repository.is_hotfix {
        is_patch(&repository, &prepared)?;
    }
    repository.check_free(&prepared.tag, rules.remote())?;
    tell(cx, global, &prepared, &since)?;
    if global.dry_run {
        return Ok(());
    }
    let write = release.write.unwrap_or_default();
    let is_merged = write == Write::MergeRequest && prepared.is_written;
    let mut pushed =
        publish::Pushed { commit: repository.head.clone(), tag: None, force: "", options: Vec::new() };
    let message = format!("chore(release): {}", prepared.tag);
    if write != Write::None && !is_merged {
        pushed.commit = publish::commit(cx, &repository, prepared.files.clone(), &message).await?;
    }
    if write == Write::MergeRequest && !is_merged {
        return merge_request(cx, &rules, &repository, &prepared, pushed).await;
    }
    let text = prepared.manifest.message(&prepared.tag, &prepared.section);
    let object = publish::tag(cx, &repository, &pushed.commit, &prepared.tag, &text).await?;
    pushed.tag = Some((object, prepared.tag.clone()));
    let branch = (write == Write::Commit).then_some(repository.branch.as_str());
    publish::push(cx, &rules, &repository, branch, &pushed).await?;
    publish::take(cx, &rules, &repository, &pushed).await?;
    cx.ui.note(format!("released {}, pushed to {}", prepared.tag, rules.remote()));
    if repository.is_hotfix {
        let (from, into) = (&repository.branch, rules.branch());
        cx.ui.note(format!(
            "`{into}` does not have it: merge `{from}` into it, so that its next release has it too"
        ));
    }
    if cx.vars.get("GITHUB_ACTIONS").is_some() {
        cx.ui.note(
            "a tag that is pushed with GITHUB_TOKEN starts no workflow: use another token if one is to start",
        );
    }
    Ok(())
}

/// An older release gets nothing new where it is mended.
fn is_patch(repository: &Repository, prepared: &Prepared) -> Result<(), Failure> {
    let branch = &repository.branch;
    let Some((last, _)) = repository.last() else {
        return Err(Failure::new(
            Kind::Failed,
            format!("`{branch}` mends a release, and descends from none"),
        )
        .help("begin it at the tag of the release: `git switch -c BRANCH v1.2.0`"));
    };
    let next = &prepared.manifest.version;
    if next.starts_with(&format!("{}.{}.", last.major, last.minor)) {
        return Ok(());
    }
    let message =
        format!("{next} is more than a patch of {last}, and `{branch}` is for patches ({})", prepared.why);
    Err(Failure::new(Kind::Failed, message)
        .help("leave those commits to the next release")
        .help("or say that it is a patch all the same: `infractl release --version patch`"))
}

/// `[release]`, on which all environments agree.
fn settings(environments: &[Environment]) -> Result<Release, Failure> {
    let Some(first) = environments.first() else { return Ok(Release::default()) };
    match environments.iter().find(|env| env.release != first.release) {
        Some(other) => Err(Failure::new(
            Kind::Config,
            format!(
                "`[release]` of `{}` is not that of `{}`: a project is released as a whole",
                other.name, first.name
            ),
        )
        .help("write it once, in `environments/defaults.toml`")),
        None => Ok(first.release.clone()),
    }
}

fn nothing(cx: &Ctx, args: &ReleaseArgs, why: String) -> Result<(), Failure> {
    if args.require {
        return Err(Failure::new(Kind::Failed, plain(&why).into_owned())
            .help("leave `--require` out if that is no failure"));
    }
    cx.ui.note(why);
    Ok(())
}

fn refused(none: NoNext, since: &str) -> Failure {
    let by_hand = "say which version it is: `infractl release --version patch`, or `--version X.Y.Z`";
    match none {
        NoNext::NotGreater(greatest) => Failure::new(
            Kind::Usage,
            format!("the version has to be greater than {greatest}, which is released"),
        ),
        NoNext::NotAVersion(text) => {
            Failure::new(Kind::Failed, format!("`Release-As: {text}` names no version")).help(by_hand)
        }
        NoNext::Nothing(why) => Failure::new(Kind::Failed, why),
        NoNext::Unconventional => Failure::new(
            Kind::Failed,
            format!(
                "not one of the commits since {since} is a conventional commit, such as `fix: …` or `feat: …`"
            ),
        )
        .help(by_hand),
    }
}

/// A release.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Told {
    /// Its version.
    version: String,
    /// Its tag.
    tag: String,
    /// The release before it, or where the history begins.
    since: String,
    /// Why it has this version.
    why: String,
    /// Its section of the changelog, as Markdown.
    changelog: String,
    /// What it is made of.
    manifest: Manifest,
}

/// Says what is released, and why.
fn tell(cx: &Ctx, global: &Global, prepared: &Prepared, since: &str) -> Result<(), Failure> {
    for note in &prepared.notes {
        cx.ui.warn(note);
    }
    if global.output == OutputMode::Json {
        let all = Told {
            version: prepared.manifest.version.clone(),
            tag: prepared.tag.clone(),
            since: since.to_owned(),
            why: prepared.why.clone(),
            changelog: prepared.section.clone(),
            manifest: prepared.manifest.clone(),
        };
        return cx.ui.document(document::line(&all).as_bytes());
    }
    cx.ui.note(format!("{} (since {since}; {})", prepared.tag, prepared.why));
    if global.dry_run {
        let text = format!("{}\n{}\n", prepared.section, prepared.manifest.json());
        cx.ui.data(plain(&text).as_bytes())?;
    }
    Ok(())
}

/// Pushes the commit to a branch of its own; the tag comes after the merge.
async fn merge_request(
    cx: &Ctx,
    rules: &Rules<'_>,
    repository: &Repository,
    prepared: &Prepared,
    mut pushed: publish::Pushed,
) -> Result<(), Failure> {
    let (branch, into) = (format!("release/{}", prepared.tag), &repository.branch);
    if prepared.is_gitlab {
        pushed.options = vec![
            "merge_request.create".to_owned(),
            format!("merge_request.target={into}"),
            format!("merge_request.title=chore(release): {}", prepared.tag),
        ];
    }
    pushed.force = "+";
    publish::push(cx, rules, repository, Some(&branch), &pushed).await?;
    cx.ui.note(format!(
        "pushed `{branch}`: merge it into `{into}`, then run `infractl release` there; that sets the tag"
    ));
    Ok(())
}
