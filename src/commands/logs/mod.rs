//! Print the logs of an environment, and follow them.

mod feed;
mod containers;
mod ended;
mod cloud;
mod find;
mod args;

use futures_util::future::join_all;

use super::{Global, target};
use crate::config::Environment;
use crate::context::Ctx;
use crate::failure::{Failure, Kind};
use crate::text::plain;
use crate::work::{Facts, StepCx};

pub(crate) use args::LogsArgs;

/// Runs it.
pub(crate) async fn run(cx: &Ctx, global: &Global, args: &LogsArgs) -> Result<(), Failure> {
    let (env, names) = wanted(cx, &args.words)?;
    let mut facts = Facts::default();
    let mut step = StepCx::new(cx, &env, "logs", &[], &mut facts);
    find::meet_needs(&mut step, global.dry_run).await?;
    let sources = find::sources(&mut step, &names, args).await?;
    if global.dry_run {
        let lines = sources.iter().map(|source| format!("# read the log of {}\n", source.name()));
        return cx.ui.data(lines.collect::<String>().as_bytes());
    }
    let feeds = feed::feeds(&mut step, &sources, args).await?;
    if feeds.is_empty() {
        cx.ui.note("nothing of that has a log now");
        return Ok(());
    }
    let has_names = feeds.iter().map(feed::Feed::count).sum::<usize>() > 1;
    let line = |name: &str, text: &str| {
        let text = cx.masks.mask(text);
        let text = plain(&text);
        if args.filter.as_ref().is_none_or(|filter| filter.is_match(&text)) {
            let name = if has_names { format!("{name} | ") } else { String::new() };
            // A pipe that is closed is noticed at the end.
            drop(cx.ui.data(format!("{name}{text}\n").as_bytes()));
        }
    };
    let results = join_all(feeds.iter().map(|feed| feed.read(&step, args, &line))).await;
    let seen = cx.interrupts.seen();
    if args.follow && seen.kind() == Some(Kind::Interrupted) {
        // What goes on without end is ended like that.
        cx.interrupts.theirs(seen.presses);
    }
    results.into_iter().collect()
}

/// The environment, and the names: the first word may be either.
fn wanted<'a>(cx: &Ctx, words: &'a [String]) -> Result<(Environment, Vec<&'a str>), Failure> {
    let load = |environment: Option<String>| target::Target { environment }.environment(cx);
    let names = |words: &'a [String]| words.iter().map(String::as_str).collect();
    let Some((first, rest)) = words.split_first() else { return Ok((load(None)?, Vec::new())) };
    if target::project(cx)?.environments.contains(first) {
        return Ok((load(Some(first.clone()))?, names(rest)));
    }
    match load(None) {
        Ok(env) => Ok((env, names(words))),
        Err(_) => Ok((load(Some(first.clone()))?, names(rest))),
    }
}
