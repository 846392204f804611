//! Shares as upstreams of a `reverse_proxy` of Caddy: a side that gets more stands there more often. Every version of Caddy
//! takes that, where it chooses at random or in turn.

use std::time::{Duration, Instant};

use secrecy::SecretString;
use serde_json::{Value as Json, json};

use super::sides::{Ears, Sides, Written, stopped};
use super::weights::Weights;
use crate::config::model::Side;
use crate::failure::{Failure, Kind};
use crate::net::dial::Dial;
use crate::net::http::{Reply, Request, send, status};
use crate::net::proxies::Proxies;
use crate::work::StepCx;

/// Where the admin API is when the file is silent.
const ADMIN: &str = "http://127.0.0.1:2019";
/// How long one request may take.
const EACH: Duration = Duration::from_secs(10);
/// Policies that choose one upstream after the other, or any: what stands there twice is chosen twice as often.
const FAIR: [&str; 3] = ["random", "round_robin", "random_choose"];

/// A handler of Caddy.
#[derive(Debug)]
pub(super) struct Caddy {
    pub(super) admin: Admin,
    pub(super) id: String,
    pub(super) sides: Sides,
}

/// The admin API of Caddy.
#[derive(Debug, Clone)]
pub(crate) struct Admin(String);

impl Admin {
    /// At this address; at the usual one if it is empty.
    pub(crate) fn at(url: &str) -> Admin {
        Admin(if url.is_empty() { ADMIN } else { url }.trim_end_matches('/').to_owned())
    }

    /// The address of a path.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.0)
    }

    /// Asks once. The history knows of it as of a program `http`, whose exit code is the status.
    pub(crate) async fn ask(
        &self,
        step: &StepCx<'_>,
        method: &'static str,
        path: &str,
        body: Option<&Json>,
        ears: Ears,
    ) -> Result<Reply, Failure> {
        if ears == Ears::Open && step.cx.interrupts.is_pressed() {
            return Err(stopped(step));
        }
        let url = self.url(path);
        let request = Request {
            method,
            url: url.clone(),
            headers: vec![("Content-Type".to_owned(), "application/json".to_owned().into())],
            body: body.map(|body| SecretString::from(body.to_string())),
            redirects: false,
            dial: Dial { proxies: Proxies::of(|name| step.cx.vars.get(name)), at: None },
            ca: None,
        };
        step.begun(vec!["http".to_owned(), method.to_owned(), url.clone()]);
        let begun = Instant::now();
        let each = step.left().filter(|_| ears == Ears::Open).map_or(EACH, |left| left.min(EACH));
        let reply = send(request, each, (step.cx.now)()).await;
        step.over(reply.as_ref().ok().map(|reply| i32::from(reply.status)), begun.elapsed());
        reply.map_err(|trouble| {
            let failure = Failure::new(Kind::Failed, trouble.answer.text).context(format!("{method} {url}"));
            failure.help("check `admin`: the address of Caddy's admin API, as this machine reaches it")
        })
    }

    /// What is at a path; none when there is nothing.
    pub(crate) async fn get(
        &self,
        step: &StepCx<'_>,
        path: &str,
        ears: Ears,
    ) -> Result<Option<Json>, Failure> {
        let reply = self.ask(step, "GET", path, None, ears).await?;
        // Older ones say by 500 that they know no such object.
        let is_none = reply.status == 404
            || ["unknown object ID", "invalid traversal path"]
                .iter()
                .any(|words| reply.text().contains(words));
        match reply.status {
            200 => {
                let json = reply.json().map_err(|answer| {
                    Failure::new(Kind::Failed, answer.text).context(format!("GET {}", self.url(path)))
                })?;
                Ok(Some(json).filter(|json| !json.is_null()))
            }
            _ if is_none => Ok(None),
            _ => Err(self.refused("GET", path, &reply)),
        }
    }

    /// Changes what is at a path.
    pub(crate) async fn change(
        &self,
        step: &StepCx<'_>,
        method: &'static str,
        path: &str,
        body: Option<&Json>,
        ears: Ears,
    ) -> Result<(), Failure> {
        let reply = self.ask(step, method, path, body, ears).await?;
        if (200..300).contains(&reply.status) { Ok(()) } else { Err(self.refused(method, path, &reply)) }
    }

    fn refused(&self, method: &str, path: &str, reply: &Reply) -> Failure {
        let said = reply.json().ok();
        let said = said.as_ref().and_then(|said| said["error"].as_str()).unwrap_or_default();
        let why = format!("status {}: {said}", status(reply.status));
        Failure::new(Kind::Failed, why.trim_end_matches(": ").to_owned())
            .context(format!("Caddy refuses {method} {}", self.url(path)))
    }
}

impl Caddy {
    pub(super) fn new(admin: &str, id: &str, sides: Sides) -> Caddy {
        Caddy { admin: Admin::at(admin), id: id.to_owned(), sides }
    }

    pub(super) fn shown(&self) -> String {
        format!("Caddy, `@id` {}", self.id)
    }

    fn path(&self) -> String {
        format!("/id/{}", self.id)
    }

    /// The handler as it is.
    async fn handler(&self, step: &StepCx<'_>, ears: Ears) -> Result<Json, Failure> {
        let id = &self.id;
        let handler = self.admin.get(step, &self.path(), ears).await?.ok_or_else(|| {
            Failure::new(Kind::Failed, format!("Caddy has nothing with `\"@id\": \"{id}\"`")).help(format!(
                "give its handler `reverse_proxy` the `@id`: {{ \"@id\": \"{id}\", \"handler\": \"reverse_proxy\", … }}"
            ))
        })?;
        if handler["handler"] != "reverse_proxy" {
            let text = format!("what Caddy has with `\"@id\": \"{id}\"` is no handler `reverse_proxy`");
            return Err(
                Failure::new(Kind::Failed, text).help("give the `@id` to the handler that has `upstreams`")
            );
        }
        if !handler["dynamic_upstreams"].is_null() {
            let text = format!("the upstreams of `{id}` are found by Caddy itself (`dynamic_upstreams`)");
            return Err(
                Failure::new(Kind::Failed, text).help("write them down, to share traffic out between them")
            );
        }
        Ok(handler)
    }

    fn weights(&self, handler: &Json) -> Result<Weights, Failure> {
        let upstreams = handler["upstreams"].as_array().into_iter().flatten();
        let there = upstreams.map(|upstream| (upstream["dial"].as_str().unwrap_or_default(), 1));
        self.sides.count(there).map_err(|other| {
            let Sides { blue, green } = &self.sides;
            let text = format!(
                "Caddy has an upstream `{other}`, which is neither blue ({blue}) nor green ({green})"
            );
            Failure::new(Kind::Failed, text)
                .help("name the upstreams as Caddy has them, in `blue` and `green`")
        })
    }

    pub(super) async fn read(&self, step: &StepCx<'_>, ears: Ears) -> Result<Weights, Failure> {
        self.weights(&self.handler(step, ears).await?)
    }

    pub(super) async fn write(
        &self,
        step: &StepCx<'_>,
        wanted: Weights,
        ears: Ears,
    ) -> Result<Written, Failure> {
        let handler = self.handler(step, ears).await?;
        fair(&handler, wanted)?;
        let first = handler["upstreams"].get(0).cloned().unwrap_or_else(|| json!({}));
        let upstreams = upstreams(&self.sides, &first, wanted);
        let method = if handler["upstreams"].is_null() { "PUT" } else { "PATCH" };
        let path = format!("{}/upstreams", self.path());
        self.admin.change(step, method, &path, Some(&upstreams), ears).await?;
        Ok(Written::default())
    }

    /// How many requests a side has not answered yet; none where Caddy does not count them: it forgets an upstream that no
    /// handler has any more, whatever is still under way there.
    pub(super) async fn under_way(&self, step: &StepCx<'_>, side: Side) -> Result<Option<u64>, Failure> {
        let wanted = if side == Side::Green { &self.sides.green } else { &self.sides.blue };
        let all = self.admin.get(step, "/reverse_proxy/upstreams", Ears::Open).await?.unwrap_or_default();
        let all = all.as_array().into_iter().flatten();
        let mut its = all.filter(|one| one["address"].as_str() == Some(wanted));
        Ok(its.next().and_then(|one| one["num_requests"].as_u64()))
    }
}

/// An error where Caddy would not share out what stands there several times.
fn fair(handler: &Json, wanted: Weights) -> Result<(), Failure> {
    let policy = &handler["load_balancing"]["selection_policy"]["policy"];
    let policy = policy.as_str().unwrap_or("random");
    let is_weighted = policy == "weighted_round_robin";
    if FAIR.contains(&policy) || (wanted.is_whole() && !is_weighted) {
        return Ok(());
    }
    let text = format!("Caddy chooses by `{policy}` there: green can get 0 or 100 %, and nothing between");
    let text = if is_weighted {
        format!("Caddy chooses by `{policy}` there, whose list of weights infractl does not touch")
    } else {
        text
    };
    Err(Failure::new(Kind::Failed, text).help("let it choose by `random` or `round_robin`"))
}

/// The upstreams: what the first one says besides its address is true of all.
fn upstreams(sides: &Sides, first: &Json, wanted: Weights) -> Json {
    let wanted = wanted.smallest();
    let of = |dial: &str, count: u32| {
        let mut one = first.clone();
        one["dial"] = dial.into();
        std::iter::repeat_n(one, count as usize)
    };
    of(&sides.blue, wanted.blue).chain(of(&sides.green, wanted.green)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_side_that_gets_more_stands_there_more_often() {
        let sides = Sides { blue: "a:1".into(), green: "b:2".into() };
        let all = upstreams(&sides, &json!({ "dial": "a:1", "max_requests": 9 }), Weights::of_green(25));
        let dials: Vec<&str> =
            all.as_array().unwrap().iter().filter_map(|one| one["dial"].as_str()).collect();
        assert_eq!(dials, ["a:1", "a:1", "a:1", "b:2"]);
        assert!(all.as_array().unwrap().iter().all(|one| one["max_requests"] == 9));
        assert_eq!(upstreams(&sides, &json!({}), Weights::of_green(100)), json!([{ "dial": "b:2" }]));
    }

    #[test]
    fn what_caddy_cannot_share_out_is_refused() {
        let by = |policy: &str| json!({ "load_balancing": { "selection_policy": { "policy": policy } } });
        for policy in ["random", "round_robin"] {
            fair(&by(policy), Weights::of_green(5)).unwrap();
        }
        fair(&json!({}), Weights::of_green(5)).unwrap();
        for policy in ["ip_hash", "cookie", "least_conn", "first"] {
            let why = fair(&by(policy), Weights::of_green(5)).unwrap_err();
            assert!(format!("{:#}", why.error).contains("0 or 100 %"), "{policy}");
            fair(&by(policy), Weights::of_green(100)).unwrap();
        }
        assert!(fair(&by("weighted_round_robin"), Weights::of_green(100)).is_err());
    }
}
