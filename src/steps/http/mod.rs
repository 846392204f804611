//! A request of HTTP: repeated only where that does no harm, with nothing secret in an address, an argument or another
//! server's hands.

pub(crate) mod run;
mod script;
mod verdict;

use std::time::{Duration, Instant};

use indexmap::IndexMap;
use secrecy::{ExposeSecret as _, SecretString};

use crate::config::Environment;
use crate::config::model::{Argument, Http, Method, Variables};
use crate::config::template::{Rendered, Template};
use crate::config::verbs::Effect;
use crate::exec::BoxFuture;
use crate::failure::{Failure, Kind};
use crate::net::connect::bare;
use crate::net::dial::Dial;
use crate::net::http::{Reply, Request, Trouble, send};
use crate::net::proxies::Proxies;
use crate::text::{list, percent};
use crate::work::StepCx;
use crate::work::kind::{Mention, StepKind};
use crate::work::script::Script;
use crate::work::values::{Known, no_value};

pub(crate) use self::script::{is_harmless, pattern};
pub(crate) use self::verdict::statuses;

use self::verdict::Wanted;

/// How long one request may take when the file is silent.
const EACH: Duration = Duration::from_secs(30);

impl StepKind for Http {
    fn visit(&self, _: &Environment, see: &mut dyn FnMut(Mention<'_>)) {
        let mut template = |one: &Template| see(Mention::Template(one));
        template(&self.url.0);
        self.headers
            .values()
            .chain(&self.body)
            .chain(self.form.iter().flat_map(IndexMap::values))
            .for_each(&mut template);
        self.address.iter().for_each(|at| template(&at.0));
        self.json.iter().flat_map(|json| Template::inside(&json.0)).for_each(|one| template(&one));
    }

    fn effect(&self) -> Option<Effect> {
        match self.method {
            method if method.looks() => Some(Effect::Reads),
            // Some services are asked by it: only the project knows.
            Method::Post => None,
            _ => Some(Effect::Changes),
        }
    }

    fn run<'a>(&'a self, step: &'a mut StepCx<'_>) -> BoxFuture<'a, Result<String, Failure>> {
        Box::pin(run::run(step, self))
    }

    fn describe(&self, step: &mut StepCx<'_>) -> Result<Vec<String>, Failure> {
        describe(step, self)
    }

    fn script(&self, step: &StepCx<'_>, script: &mut Script) -> Result<Vec<String>, Failure> {
        script.http(step, self)
    }
}

/// The request with everything in it rendered.
pub(crate) fn request(step: &StepCx<'_>, known: &Known, http: &Http) -> Result<Request, Failure> {
    let mut headers = headers(step, known, &http.headers)?;
    let (kind, body) = match body(step, known, http)? {
        Some((kind, body)) => (Some(kind), Some(body)),
        None => (None, None),
    };
    if let Some(kind) = kind.filter(|_| !has(&headers, "content-type")) {
        headers.push(("Content-Type".to_owned(), kind.to_owned().into()));
    }
    Ok(Request {
        method: http.method.word(),
        url: known.argument(step, &http.url.0)?,
        headers,
        body,
        redirects: http.redirects,
        dial: dial(step, known, http.address.as_ref())?,
        ca: http.ca.as_ref().map(|ca| ca.0.clone()),
    })
}

/// Asks once; none when the user asks to stop. The history knows of it as of a program `http`, whose exit code is the
/// status.
pub(crate) async fn ask(
    step: &StepCx<'_>,
    request: &Request,
    each: Duration,
) -> Option<Result<Reply, Trouble>> {
    let argv = vec!["http".to_owned(), request.method.to_owned(), request.url.clone()];
    step.begun(argv);
    let started = Instant::now();
    let each = step.left().map_or(each, |left| left.min(each));
    let result = tokio::select! {
        result = send(request.clone(), each, (step.cx.now)()) => Some(result),
        () = step.cx.interrupts.pressed() => None,
    };
    let code = result.as_ref().and_then(|result| result.as_ref().ok()).map(|reply| i32::from(reply.status));
    step.over(code, started.elapsed());
    result
}

/// The way to a server, as the environment and the step say.
pub(crate) fn dial(step: &StepCx<'_>, known: &Known, at: Option<&Argument>) -> Result<Dial, Failure> {
    let at = at.map(|at| known.argument(step, &at.0)).transpose()?;
    let proxies = Proxies::of(|name| step.cx.vars.get(name));
    Ok(Dial { proxies, at: at.map(|at| bare(at.trim()).to_owned()) })
}

/// Header lines, rendered.
pub(crate) fn headers(
    step: &StepCx<'_>,
    known: &Known,
    headers: &Variables,
) -> Result<Vec<(String, SecretString)>, Failure> {
    let rendered = headers.iter().map(|(name, value)| Ok((name.clone(), secret(step, known, value)?)));
    rendered.collect()
}

fn secret(step: &StepCx<'_>, known: &Known, template: &Template) -> Result<SecretString, Failure> {
    Ok(match known.render(step, template)? {
        Rendered::Plain(text) => text.into(),
        Rendered::Secret(text) => text,
    })
}

fn has(headers: &[(String, SecretString)], name: &str) -> bool {
    headers.iter().any(|(known, _)| known.eq_ignore_ascii_case(name))
}

/// What is sent, and what it is.
fn body(
    step: &StepCx<'_>,
    known: &Known,
    http: &Http,
) -> Result<Option<(&'static str, SecretString)>, Failure> {
    if let Some(json) = &http.json {
        let (value, _) = json.fill(&known.scope(step)).map_err(|error| no_value(step, error))?;
        return Ok(Some(("application/json", value.to_string().into())));
    }
    if let Some(form) = &http.form {
        let mut text = String::new();
        for (name, template) in form {
            let value = secret(step, known, template)?;
            let between = if text.is_empty() { "" } else { "&" };
            text.push_str(&format!("{between}{}={}", percent(name), percent(value.expose_secret())));
        }
        return Ok(Some(("application/x-www-form-urlencoded", text.into())));
    }
    let Some(body) = &http.body else { return Ok(None) };
    Ok(Some(("text/plain; charset=utf-8", secret(step, known, body)?)))
}

/// What a dry run says.
fn describe(step: &StepCx<'_>, http: &Http) -> Result<Vec<String>, Failure> {
    let known = Known::shown(step, http);
    let request = request(step, &known, http)?;
    let mut more = vec![format!("status {}", Wanted::of(http).shown())];
    if !http.headers.is_empty() {
        more.push(format!("headers {}", list(http.headers.keys(), "and")));
    }
    if let Some((kind, body)) = body(step, &known, http)? {
        let text = step.cx.masks.mask(body.expose_secret()).into_owned();
        more.push(if http.json.is_some() { format!("json {text}") } else { format!("a body of {kind}") });
    }
    Ok(vec![format!("{} {}  # {}", request.method, request.url, more.join("; "))])
}

/// What was asked for is wrong as it is written.
fn never(text: &str) -> Failure {
    Failure::new(Kind::Config, text)
}
