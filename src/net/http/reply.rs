//! An answer, read to its end. Pure.

use std::borrow::Cow;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value as Json;
use ureq::http::{HeaderMap, StatusCode};

use crate::net::answer::Answer;
use crate::text::plain;

/// An answer, read to its end.
pub(crate) struct Reply {
    /// Its status.
    pub status: u16,
    /// Its header lines.
    pub headers: HeaderMap,
    /// What is after them.
    pub body: Vec<u8>,
}

/// `503 Service Unavailable`.
pub(crate) fn status(code: u16) -> String {
    let words = StatusCode::from_u16(code).ok().and_then(|code| code.canonical_reason());
    words.map_or_else(|| code.to_string(), |words| format!("{code} {words}"))
}

/// `5 MB`.
pub(super) fn size(bytes: u64) -> String {
    match bytes {
        0..10_240 => format!("{bytes} bytes"),
        10_240..1_048_576 => format!("{} kB", bytes / 1024),
        _ => format!("{} MB", bytes / 1024 / 1024),
    }
}

impl Reply {
    /// A header line.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The body as text; what is no UTF-8 is replaced.
    pub(crate) fn text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.body)
    }

    /// The body as JSON.
    pub(crate) fn json(&self) -> Result<Json, Answer> {
        serde_json::from_slice(&self.body).map_err(|error| {
            let what = match (self.body.is_empty(), self.header("content-type")) {
                (true, _) => "it is empty".to_owned(),
                (false, Some(kind)) => format!("{error} (it calls itself `{kind}`)"),
                (false, None) => error.to_string(),
            };
            Answer::new(
                format!("the answer is not JSON: {what}"),
                "check the path: a page for people may be there",
            )
        })
    }

    /// Why it was refused, for people: the status, and what the answer says of it, else its first line.
    pub(crate) fn refusal(&self, said: Option<String>, longest: usize) -> String {
        let said = said.map_or_else(|| self.first_lines(1).concat(), |said| plain(&said).into_owned());
        let said: String = said.chars().take(longest).collect();
        let status = status(self.status);
        if said.is_empty() { status } else { format!("{status}: {said}") }
    }

    /// Its first lines, for people: what drives a terminal is taken out, long ones are cut.
    pub(crate) fn first_lines(&self, count: usize) -> Vec<String> {
        const WIDTH: usize = 200;
        let start = self.body.get(..64 * 1024).unwrap_or(&self.body);
        let text = String::from_utf8_lossy(start);
        let lines = text.lines().map(str::trim_end).filter(|line| !line.is_empty());
        let cut = |line: &str| {
            let line: String = plain(line).chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
            let short: String = line.chars().take(WIDTH).collect();
            if short.len() < line.len() { format!("{short}…") } else { line }
        };
        lines.take(count).map(cut).collect()
    }

    /// How long it asks to be left alone.
    pub(crate) fn retry_after(&self, now: Timestamp) -> Option<Duration> {
        let written = self.header("retry-after")?.trim();
        if let Ok(seconds) = written.parse() {
            return Some(Duration::from_secs(seconds));
        }
        let until = jiff::fmt::rfc2822::parse(written).ok()?.timestamp();
        Some(Duration::try_from(until.duration_since(now)).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(headers: &[(&'static str, &'static str)], body: &str) -> Reply {
        let headers = headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
        Reply { status: 200, headers: headers.collect(), body: body.as_bytes().to_vec() }
    }

    #[test]
    fn a_time_to_wait_is_given_in_seconds_or_as_a_date() {
        let now: Timestamp = "2026-11-28T18:00:00Z".parse().unwrap();
        for (written, seconds) in [
            ("3", Some(3)),
            (" 120 ", Some(120)),
            ("Sat, 28 Nov 2026 18:00:07 GMT", Some(7)),
            ("Sat, 28 Nov 2026 17:00:00 GMT", Some(0)),
            ("soon", None),
            ("-1", None),
        ] {
            let after = reply(&[("retry-after", written)], "").retry_after(now);
            assert_eq!(after, seconds.map(Duration::from_secs), "{written}");
        }
        assert_eq!(reply(&[], "").retry_after(now), None);
    }

    #[test]
    fn what_is_no_json_says_so_and_shows_nothing_of_it() {
        let text =
            |headers: &[(&'static str, &'static str)], body| reply(headers, body).json().unwrap_err().text;
        assert_eq!(text(&[], ""), "the answer is not JSON: it is empty");
        let html = text(&[("content-type", "text/html")], "<p>CANARY");
        assert_eq!(
            html,
            "the answer is not JSON: expected value at line 1 column 1 (it calls itself `text/html`)"
        );
        assert!(text(&[], "{\"a\": CANARY").starts_with("the answer is not JSON: expected value"));
        assert_eq!(reply(&[], "[1]").json().unwrap(), serde_json::json!([1]));
    }

    #[test]
    fn the_first_lines_drive_no_terminal() {
        let reply = reply(&[], &format!("\u{1b}[31mred\u{1b}[0m\n\n  two\t\r\n{}\nfour", "x".repeat(300)));
        let lines = reply.first_lines(3);
        assert_eq!(lines[..2], ["red".to_owned(), "  two".to_owned()]);
        assert_eq!((lines.len(), lines[2].chars().count()), (3, 201));
    }
}
