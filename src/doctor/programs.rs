//! The programs that an environment starts, and those of `[tools]`: there, and of the right version?

use std::time::Duration;

use super::asks::Asks;
use super::finding::{Finding, Level};
use crate::config::Environment;
use crate::context::Ctx;
use crate::toolbox::check;
use crate::toolbox::lock_file::LockFile;
use crate::toolbox::look::{Found, Looker};
use crate::tools;

const GROUP: &str = "tools";
/// Nobody waits longer for a version that no one asked for.
const LIMIT: Duration = Duration::from_millis(1500);

/// Looks at all of them.
pub(crate) async fn check(cx: &Ctx, env: &Environment, asks: &Asks) -> Vec<Finding> {
    let lock = match LockFile::read(&env.root) {
        Ok(lock) => lock,
        Err(failure) => return vec![Finding::failed(GROUP, failure)],
    };
    let mut names: Vec<&String> = asks.programs.iter().chain(env.tools.keys()).collect();
    names.sort();
    names.dedup();
    let looker = Looker::new(cx, env);
    let looks = names.iter().map(|name| async {
        let there = || looker.place_of(name).map(|path| Found { path, version: None });
        // A program of the project may do anything, whatever it is asked.
        if !is_known(env, name) {
            return there();
        }
        match tokio::time::timeout(LIMIT, looker.find(name)).await {
            Ok(found) => found,
            // It is there; what it is will be said another time.
            Err(_) => there(),
        }
    });
    let found = futures_util::future::join_all(looks).await;
    looker.done();
    names.iter().zip(found).filter_map(|(name, found)| judged(env, asks, &lock, name, found)).collect()
}

/// A program that can be asked for its version.
fn is_known(env: &Environment, name: &str) -> bool {
    env.tools.contains_key(name) || tools::install_help(name).is_some()
}

fn judged(
    env: &Environment,
    asks: &Asks,
    lock: &LockFile,
    name: &str,
    found: Option<Found>,
) -> Option<Finding> {
    if let Some(table) = env.tools.get(name)
        && let Some(wrong) = check::wrong(name, table, found.as_ref())
    {
        // What no step starts keeps no run from its work.
        let level = if asks.program(name) { Level::Error } else { Level::Warning };
        let place = env.document.place_of(&["tools", name]);
        let finding = Finding { level, ..Finding::error(GROUP, wrong) };
        let finding =
            place.into_iter().fold(finding, |finding, place| finding.why(format!("asked for at {place}")));
        return Some(check::help(name, table, lock).into_iter().fold(finding, Finding::help));
    }
    match found {
        None => {
            let finding = Finding::error(GROUP, format!("`{name}` is not there, and steps start it"));
            let help = tools::install_help(name).map_or_else(
                || format!("install it, or write it into `[tools]` with its archive: `{name} = {{ version = \"1.2.3\", url = \"…\" }}`"),
                str::to_owned,
            );
            Some(finding.help(help))
        }
        // Programs of every system are no news.
        Some(_) if !is_known(env, name) => None,
        Some(found) => {
            let version = found.version.map(|version| format!(" {version}")).unwrap_or_default();
            Some(Finding::ok(GROUP, format!("{name}{version} ({})", found.path.display())))
        }
    }
}
