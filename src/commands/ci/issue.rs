//! Keep one issue of what is not as it should be.

use std::path::PathBuf;

use super::talk::{self, Stop, ask, find, tried};
use crate::ci::comment::{body, mark};
use crate::ci::forge::{self, Place};
use crate::commands::Global;
use crate::context::Ctx;
use crate::failure::Failure;
use crate::text::plain;

/// Keep one issue at GitHub or GitLab: opened when there is something to say, changed in place, closed when there is nothing
///
/// It is found by a hidden first line. Secrets are masked, and what is longer than the forge takes is cut, as in a comment. The
/// token is that of GITHUB_TOKEN or GITLAB_TOKEN.
#[derive(Debug, clap::Args)]
pub(super) struct IssueArgs {
    /// The text as Markdown; `-` is standard input
    #[arg(value_name = "FILE|-")]
    file: PathBuf,
    /// Which issue, when there are several
    #[arg(long, value_name = "NAME", default_value = "drift", value_parser = talk::name)]
    name: String,
    /// Title of a new one [default: infractl: NAME]
    #[arg(long, value_name = "TEXT")]
    title: Option<String>,
    /// Close nothing when the text is empty: whoever wrote it does not know whether all is well
    #[arg(long)]
    leave_open: bool,
}

/// Opens, changes or closes it.
pub(super) async fn run(cx: &Ctx, global: &Global, args: &IssueArgs) -> Result<(), Failure> {
    let issues = forge::issues(&|name| cx.vars.get(name)).map_err(talk::nowhere)?;
    let text = talk::read(cx, &args.file)?;
    talk::mask_all(cx, &issues).await?;
    let text = cx.masks.mask(&plain(&text)).into_owned();
    let (mark, is_empty) = (mark(&args.name), text.trim().is_empty());
    if is_empty && args.leave_open {
        cx.ui.note("nothing to say; an issue that is open stays open");
        return Ok(());
    }
    let title = args.title.clone().unwrap_or_else(|| format!("infractl: {}", args.name));
    let title = cx.masks.mask(&plain(&title)).into_owned();
    let text = body(&mark, &text, issues.room, issues.log.as_deref());
    if global.dry_run {
        let place = format!("{} of {}", issues.what, issues.forge);
        if is_empty {
            cx.ui.note(format!("would close what is open on {place}"));
            return Ok(());
        }
        cx.ui.note(format!("would say this on {place}"));
        return cx.ui.page(&text);
    }
    let text = (!is_empty).then_some(text);
    tried(cx, &issues, async || keep(cx, &issues, &mark, &title, text.as_deref()).await).await
}

/// Finds the open issue, and makes it say this.
async fn keep(
    cx: &Ctx,
    issues: &Place,
    mark: &str,
    title: &str,
    text: Option<&str>,
) -> Result<&'static str, Stop> {
    match (find(cx, issues, mark).await?, text) {
        (None, None) => Ok("nothing to say, and nothing open"),
        (None, Some(text)) => {
            ask(cx, issues, "POST", issues.new_one(), Some(issues.content(Some(title), text))).await?;
            Ok("opened one")
        }
        (Some((id, _)), None) => {
            ask(cx, issues, issues.changes, &issues.old_one(id), Some(issues.closing())).await?;
            Ok("closed one")
        }
        (Some((_, old)), Some(text)) if old.trim_end() == text.trim_end() => Ok("said already"),
        (Some((id, _)), Some(text)) => {
            let content = issues.content(None, text);
            ask(cx, issues, issues.changes, &issues.old_one(id), Some(content)).await?;
            Ok("changed one")
        }
    }
}
