//! Does an address answer with the right status, text and values?

use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;
use regex::Regex;
use secrecy::SecretString;
use serde_json::Value as Json;

use super::json::{self, Wanted};
use super::{Answer, Probed};
use crate::config::model::{Method, Status};
use crate::net::connect;
use crate::net::dial::Dial;
use crate::net::http::{LONGEST, Open, Reply, Request, Trouble, open, status};
use crate::steps::http::statuses;

/// The longest answer that a pattern is looked for in.
const LOOKED_AT: u64 = 1024 * 1024;

/// An address and what it must answer.
#[derive(Debug, Clone)]
pub(crate) struct Http {
    /// The address.
    pub url: String,
    /// What is asked for.
    pub method: Method,
    /// Status that counts; 200 to 299 if empty.
    pub status: Vec<Status>,
    /// Regular expression that the answer matches.
    pub body: Option<String>,
    /// Values that its JSON has.
    pub json: Vec<Wanted>,
    /// Header lines to send.
    pub headers: Vec<(String, SecretString)>,
    /// Follow redirects.
    pub redirects: bool,
    /// The way there.
    pub dial: Dial,
    /// Certificates to trust besides those of the system.
    pub ca: Option<PathBuf>,
}

impl Http {
    /// The status that counts, for people.
    pub(crate) fn wanted(&self) -> String {
        if self.status.is_empty() { "200-299".to_owned() } else { statuses(&self.status) }
    }

    fn is_wanted(&self, code: u16) -> bool {
        match self.status.as_slice() {
            [] => (200..300).contains(&code),
            ranges => ranges.iter().any(|range| range.holds(code)),
        }
    }

    /// One try.
    pub(super) async fn probe(&self, each: Duration, now: Timestamp) -> Probed {
        let own = self.clone();
        let work = tokio::task::spawn_blocking(move || own.ask(each, now));
        // Looking a name up is not in the time limit of the client.
        match tokio::time::timeout(each + Duration::from_millis(200), work).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => Probed::Unknown(Answer::new("the check was ended", "try again")),
            Err(_) => Probed::Unknown(connect::silent(each)),
        }
    }

    fn ask(&self, each: Duration, now: Timestamp) -> Probed {
        let request = Request {
            method: self.method.word(),
            url: self.url.clone(),
            headers: self.headers.clone(),
            body: None,
            redirects: self.redirects,
            dial: self.dial.clone(),
            ca: self.ca.clone(),
        };
        match open(&request, each, now) {
            Ok(open) => self.judge(open),
            Err(trouble) => failed(trouble),
        }
    }

    fn judge(&self, open: Open) -> Probed {
        let code = open.status;
        if !self.is_wanted(code) {
            return self.other_status(&open.begin(LOOKED_AT));
        }
        if !self.json.is_empty() {
            return match open.read(LONGEST) {
                Ok(reply) => self.judge_text(&reply, reply.json()),
                Err(trouble) => failed(trouble),
            };
        }
        if self.body.is_none() {
            return Probed::Good(format!("status {code}"));
        }
        match open.read_some(LOOKED_AT) {
            Ok(reply) => self.judge_text(&reply, Ok(Json::Null)),
            Err(trouble) => failed(trouble),
        }
    }

    fn judge_text(&self, reply: &Reply, json: Result<Json, Answer>) -> Probed {
        let code = reply.status;
        let mut good = format!("status {code}");
        let said = |answer: Answer| Answer { said: reply.text().into_owned(), ..answer };
        if let Some(pattern) = self.body.as_deref().and_then(|pattern| Regex::new(pattern).ok()) {
            if !pattern.is_match(&reply.text()) {
                let text =
                    format!("status {code}, but the answer does not match `{pattern}`: `{}`", first(reply));
                let check = "check the pattern, and what the service says of itself there";
                return Probed::NotYet(said(Answer::new(text, check)));
            }
            good.push_str(&format!(", matches `{pattern}`"));
        }
        let document = match json {
            Ok(document) => document,
            Err(answer) => {
                let text = format!("status {code}, but {}: `{}`", answer.text, first(reply));
                return Probed::Unknown(said(Answer { text, ..answer }));
            }
        };
        for wanted in &self.json {
            match json::judge(wanted, &document) {
                Ok(text) => good.push_str(&format!(", {text}")),
                Err(why) => {
                    let check = "check the path, and what the service says of itself there";
                    return Probed::NotYet(said(Answer::new(format!("status {code}, but {why}"), check)));
                }
            }
        }
        Probed::Good(good)
    }

    fn other_status(&self, reply: &Reply) -> Probed {
        let code = reply.status;
        let (to, check) = match (code, reply.header("location")) {
            (300..=399, Some(to)) => {
                (format!(" to {to}"), "set `redirects = true`, name that address, or name the status")
            }
            (401 | 403, _) => (String::new(), "check the `headers`: the service wants to know who asks"),
            (404, _) => (String::new(), "check the path, and which site the server shows by default"),
            (502..=504, _) => (String::new(), "look at the log of the service behind the proxy"),
            _ => (String::new(), "look at the service's log"),
        };
        let mut text = format!("status {}{to}, not {}", status(code), self.wanted());
        let first = first(reply);
        if !first.is_empty() && code >= 400 {
            text.push_str(&format!(": `{first}`"));
        }
        let answer = Answer { said: reply.text().into_owned(), ..Answer::new(text, check) };
        // Who is not let in, or meets a broken service, does not know what is there.
        match code {
            401 | 403 | 407 | 408 | 429 | 500.. => Probed::Unknown(answer),
            _ => Probed::NotYet(answer),
        }
    }
}

fn failed(trouble: Trouble) -> Probed {
    if trouble.answer.is_final { Probed::Never(trouble.answer) } else { Probed::Unknown(trouble.answer) }
}

/// How an answer begins.
fn first(reply: &Reply) -> String {
    reply.first_lines(1).concat().trim().chars().take(60).collect()
}
