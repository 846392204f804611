//! Talk to the API of a forge: tried again where that may help, and what it has against it told.

use std::path::Path;
use std::time::Duration;

use secrecy::ExposeSecret as _;
use serde_json::Value as Json;

use crate::ci::forge::{Nowhere, PAGE, Place};
use crate::commands::{input, target};
use crate::context::Ctx;
use crate::disk;
use crate::failure::{Failure, Kind};
use crate::net::dial::Dial;
use crate::net::http::{self, Reply, Request};
use crate::net::proxies::Proxies;
use crate::secrets;
use crate::text::list;
use crate::work::schedule::pause;

/// Which comment or issue, when there are several.
pub(super) fn name(text: &str) -> Result<String, String> {
    let is_good = |c: char| c.is_ascii_alphanumeric() || " ._/-".contains(c);
    let is_name = !text.is_empty() && text.chars().all(is_good) && !text.contains("--");
    if is_name { Ok(text.to_owned()) } else { Err("use letters, digits, `.`, `_`, `/` and `-`".to_owned()) }
}

/// How long one request may take, how often all is tried, and how long a forge may let us wait.
const EACH: Duration = Duration::from_secs(30);
const TRIES: u32 = 4;
const LONGEST_WAIT: Duration = Duration::from_secs(120);
/// Nobody reads that many comments.
const PAGES: usize = 50;

/// Why it was not written.
pub(super) enum Stop {
    /// It would not be next time either.
    End(Failure),
    /// It may be after a while.
    Later(Failure, Option<Duration>),
}

/// Tries it, as often as it may help. Each time all of it anew, since nobody knows what a request without an answer did.
pub(super) async fn tried(
    cx: &Ctx,
    place: &Place,
    once: impl AsyncFn() -> Result<&'static str, Stop>,
) -> Result<(), Failure> {
    for number in 1.. {
        let wait = match once().await {
            Ok(done) => {
                cx.ui.note(format!("{done} on {} of {}", place.what, place.forge));
                return Ok(());
            }
            Err(Stop::End(failure)) => return Err(failure),
            Err(Stop::Later(failure, _)) if number == TRIES => return Err(failure),
            Err(Stop::Later(failure, Some(wait))) if wait > LONGEST_WAIT => {
                let seconds = wait.as_secs();
                return Err(failure.help(format!(
                    "run this job again in {seconds} s: so long the forge wants to be left alone"
                )));
            }
            Err(Stop::Later(failure, wait)) => {
                let wait = wait.unwrap_or(Duration::from_secs(1 << number));
                cx.ui.warn(format!("{}; again in {} s", failure.error, wait.as_secs()));
                wait
            }
        };
        if !pause(wait, &cx.interrupts).await {
            return Err(cx.interrupts.failure("interrupted"));
        }
    }
    Ok(())
}

/// The one that has this mark: its number, and its text.
pub(super) async fn find(cx: &Ctx, place: &Place, mark: &str) -> Result<Option<(u64, String)>, Stop> {
    for number in 1..=PAGES {
        let reply = ask(cx, place, "GET", &place.page(number), None).await?;
        let page: Json = reply.json().map_err(|answer| {
            Stop::End(Failure::new(Kind::Failed, format!("{} answers: {}", place.forge, answer.text)))
        })?;
        if let Some(found) = place.find(&page, mark) {
            return Ok(Some(found));
        }
        if page.as_array().is_none_or(|page| page.len() < PAGE) {
            break;
        }
    }
    Ok(None)
}

/// One request; `body` is JSON.
pub(super) async fn ask(
    cx: &Ctx,
    place: &Place,
    method: &'static str,
    url: &str,
    body: Option<String>,
) -> Result<Reply, Stop> {
    let (name, token) = &place.header;
    let accept = ("Accept".to_owned(), "application/json".to_owned().into());
    let mut headers = vec![((*name).to_owned(), token.clone()), accept];
    if body.is_some() {
        headers.push(("Content-Type".to_owned(), "application/json".to_owned().into()));
    }
    let request = Request {
        method,
        url: url.to_owned(),
        headers,
        body: body.map(Into::into),
        redirects: false,
        dial: Dial { proxies: Proxies::of(|name| cx.vars.get(name)), at: None },
        ca: None,
    };
    let answer = tokio::select! {
        answer = http::send(request, EACH, (cx.now)()) => answer,
        () = cx.interrupts.pressed() => return Err(Stop::End(cx.interrupts.failure("interrupted"))),
    };
    match answer {
        Ok(reply) if (200..300).contains(&reply.status) => Ok(reply),
        Ok(reply) => Err(refused(cx, place, &reply)),
        Err(trouble) => {
            let message = format!("{} cannot be reached: {}", place.forge, trouble.answer.text);
            let failure = Failure { help: trouble.answer.check, ..Failure::new(Kind::Failed, message) };
            Err(if trouble.answer.is_final { Stop::End(failure) } else { Stop::Later(failure, None) })
        }
    }
}

/// What an answer means that is not good.
fn refused(cx: &Ctx, place: &Place, reply: &Reply) -> Stop {
    let said = reply.json().ok().and_then(|json| {
        let message = json.get("message").or_else(|| json.get("error"))?;
        Some(message.as_str().map_or_else(|| message.to_string(), str::to_owned))
    });
    let said = reply.refusal(said, 200);
    let (forge, what, does, variable) = (place.forge, &place.what, place.does, place.variable);
    let wait = reply.retry_after((cx.now)());
    let failure = |text: String| Failure::new(Kind::Failed, text);
    match reply.status {
        401 => Stop::End(
            failure(format!("{forge} does not know the token of {variable} ({said})"))
                .help("see whether it has run out, and hand a new one over"),
        ),
        403 if wait.is_none() => Stop::End(
            failure(format!("{forge} does not let this token {does} {what} ({said})")).help(place.right),
        ),
        404 => Stop::End(
            failure(format!("{forge} has no {what}, or none that this token may see ({said})"))
                .help("see whether it was removed")
                .help(place.right),
        ),
        403 | 429 => Stop::Later(failure(format!("{forge} wants to be left alone ({said})")), wait),
        500.. => Stop::Later(
            failure(format!("{forge} is not well ({said})")).help("run this job again later"),
            wait,
        ),
        _ => Stop::End(failure(format!("{forge} refuses to {does} {what} ({said})"))),
    }
}

pub(super) fn nowhere(why: Nowhere) -> Failure {
    let failure = |text: String| Failure::new(Kind::Usage, text);
    match why {
        Nowhere::NoForge => failure("this is no job of GitHub or GitLab: there is nowhere to say it".to_owned())
            .help("set GITHUB_ACTIONS, GITHUB_REPOSITORY, GITHUB_REF and GITHUB_TOKEN, or GITLAB_CI, CI_API_V4_URL, CI_PROJECT_ID, CI_MERGE_REQUEST_IID and GITLAB_TOKEN"),
        Nowhere::Missing(forge, names) => {
            let failure = failure(format!("this job of {forge} lacks {}", list(&names, "and")));
            if names.contains(&"GITHUB_TOKEN") {
                failure.help("hand the token over: `env: { GITHUB_TOKEN: \"${{ github.token }}\" }`")
            } else if names.contains(&"GITLAB_TOKEN") {
                failure.help("set it in the CI/CD settings of the project, masked: a token with the scope `api`")
            } else {
                failure.help("the forge sets them: run this in a job")
            }
        }
        Nowhere::Odd(name) => failure(format!("`{name}` does not hold what the forge writes there")),
        Nowhere::NoChange(what) => failure(format!("this job belongs to no {what}"))
            .help(format!("run it in a job that a {what} starts")),
    }
}

/// What is to be said: a file, a pipe, or standard input.
pub(super) fn read(cx: &Ctx, file: &Path) -> Result<String, Failure> {
    let bytes =
        if file.as_os_str() == "-" { input::whole()? } else { disk::read_named(&cx.dir.join(file))?.into() };
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The token, and the secrets of every environment that can be opened with the keys that are here.
pub(super) async fn mask_all(cx: &Ctx, place: &Place) -> Result<(), Failure> {
    let token = place.header.1.expose_secret();
    let _ = cx.masks.add(place.variable, token.strip_prefix("Bearer ").unwrap_or(token));
    let Ok(project) = target::project(cx) else { return Ok(()) };
    let mut closed = Vec::new();
    for name in &project.environments {
        let Ok(env) = project.environment(name) else { continue };
        match secrets::open(cx.runner.as_ref(), &cx.vars.0, &env, true).await {
            Ok(opened) => {
                for (name, value) in opened.iter() {
                    // What is too short to be masked is said where it is used.
                    let _ = cx.masks.add(name, value.expose_secret());
                }
            }
            Err(_) => closed.push(name),
        }
    }
    if !closed.is_empty() {
        cx.ui.note(format!(
            "not looked for in the text: secrets of {}, which cannot be opened here",
            list(closed, "and")
        ));
    }
    Ok(())
}
