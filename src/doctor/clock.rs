//! The clock, compared with what a server of the environment says: only one that runs would ask anyway.

use std::time::Duration;

use jiff::SignedDuration;

use super::finding::Finding;
use super::network;
use crate::steps::terraform::bucket;
use crate::steps::terraform::seen::Seen;
use crate::steps::terraform::state_place;
use crate::text;
use crate::toolbox::web::Web;
use crate::work::{StepCx, values};

const GROUP: &str = "machine";
/// So much is the way of the answer, and the second that it names.
const LITTLE: SignedDuration = SignedDuration::from_secs(30);
/// Stores refuse what is signed so far from their time.
const MUCH: SignedDuration = SignedDuration::from_mins(5);

/// Looks at it.
pub(crate) async fn check(step: &StepCx<'_>) -> Finding {
    let untold = |why: &str| Finding::ok(GROUP, format!("the clock was not compared: {why}"));
    let Some(server) = server(step) else {
        return untold("no server of this environment could say what time it is");
    };
    let is_here = ["//127.", "//localhost", "//[::1]"].iter().any(|name| server.contains(name));
    if !is_here && !network::is_there() {
        return untold("there is no network");
    }
    let Ok(web) = Web::of(&step.cx.vars) else { return untold("no server could be asked") };
    let asked = server.clone();
    let theirs = tokio::task::spawn_blocking(move || web.date(&asked)).await.ok().flatten();
    let Some(theirs) = theirs else { return untold(&format!("{server} does not say what time it is")) };
    told((step.cx.now)().duration_since(theirs), &server)
}

/// How far it is off.
fn told(ahead: SignedDuration, server: &str) -> Finding {
    let off = ahead.abs();
    if off < LITTLE {
        return Finding::ok(GROUP, format!("the clock is that of {server}"));
    }
    let by = text::duration(Duration::try_from(off).unwrap_or_default());
    let word = if ahead.is_negative() { "behind" } else { "ahead of" };
    let what = format!("the clock is {by} {word} that of {server}");
    let found = if off < MUCH { Finding::warning(GROUP, what) } else { Finding::error(GROUP, what) };
    found
        .why("clouds refuse what is signed at another time than theirs, and certificates seem to be over")
        .help("let the clock be set: `sudo timedatectl set-ntp true`")
}

/// The address of a server that runs ask anyway, without path and login: that of the state, of the cloud, of the registry.
fn server(step: &StepCx<'_>) -> Option<String> {
    let seen = Seen::of(step).ok();
    let of_state = || {
        step.env.terraform.as_ref()?;
        let backend = state_place::backend(step).ok()?;
        match backend.kind.as_str() {
            "s3" => bucket::endpoint(&backend, seen.as_ref()?).or_else(|| {
                let region = bucket::region(&backend, seen.as_ref()?)?;
                Some(format!("https://s3.{region}.amazonaws.com"))
            }),
            "http" => backend.get("address").map(str::to_owned),
            _ => None,
        }
    };
    let of_cloud = || seen.as_ref()?.get("OS_AUTH_URL");
    let of_registry = || {
        let server = values::argument(step, &step.env.registry.as_ref()?.server.0).ok()?;
        Some(format!("https://{server}"))
    };
    bare(&of_state().or_else(of_cloud).or_else(of_registry)?)
}

/// `https://me:secret@host:443/path` is `https://host:443/`.
fn bare(address: &str) -> Option<String> {
    let (scheme, rest) = address.split_once("://")?;
    let host = rest.split(['/', '?', '#']).next()?.rsplit('@').next().filter(|host| !host.is_empty())?;
    matches!(scheme, "http" | "https").then(|| format!("{scheme}://{host}/"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::finding::Level;

    #[test]
    fn a_clock_is_right_doubtful_or_wrong() {
        let level = |seconds| told(SignedDuration::from_secs(seconds), "x").level;
        assert_eq!(
            [level(0), level(-29), level(31), level(-299)],
            [Level::Ok, Level::Ok, Level::Warning, Level::Warning]
        );
        assert_eq!([level(301), level(-86_400)], [Level::Error, Level::Error]);
        let found = told(SignedDuration::from_secs(-420), "https://x/");
        assert!(found.what.contains("7m") && found.what.contains("behind"), "{}", found.what);
    }

    #[test]
    fn nothing_but_the_server_is_named() {
        assert_eq!(bare("https://me:secret@host:443/path?key=1").as_deref(), Some("https://host:443/"));
        assert_eq!(bare("postgres://host/db"), None);
        assert_eq!(bare("https://"), None);
    }
}
