//! A request as a call of curl, which reads headers and body from standard input.

use secrecy::ExposeSecret as _;

use super::verdict::Wanted;
use super::{body, headers};
use crate::config::model::{Http, Status};
use crate::failure::Failure;
use crate::text::percent;
use crate::work::marked::marked;
use crate::work::script::{Script, literal, no_script, seconds};
use crate::work::{StepCx, relative};

/// A header that curl takes along to another server only where that does no harm.
pub(crate) fn is_harmless(header: &str) -> bool {
    ["accept", "accept-language", "authorization", "cookie", "user-agent"]
        .iter()
        .any(|known| header.eq_ignore_ascii_case(known))
}

/// A pattern of bash for these: `2..` would be shorter, and less exact.
pub(crate) fn pattern<'a>(ranges: impl IntoIterator<Item = &'a Status>) -> String {
    let codes = ranges.into_iter().flat_map(|range| range.first..=range.last).map(|code| code.to_string());
    codes.collect::<Vec<_>>().join("|").replace(&every("2"), "2..")
}

fn every(hundred: &str) -> String {
    (0..100).map(|rest| format!("{hundred}{rest:02}")).collect::<Vec<_>>().join("|")
}

impl Script {
    /// The call.
    pub(super) fn http(&mut self, step: &StepCx<'_>, http: &Http) -> Result<Vec<String>, Failure> {
        let has_body = http.json.is_some() || http.form.is_some() || http.body.is_some();
        if http.redirects && (has_body || !http.headers.keys().all(|name| is_harmless(name))) {
            // curl takes it along to another server.
            return Err(no_script(step));
        }
        self.helpers.extend(["http_call", "curl_line"]);
        let known = marked(step, http);
        let mut lines = Vec::new();
        for (name, value) in headers(step, &known, &http.headers)? {
            let word = self.word(&format!("{name}: {}", value.expose_secret()));
            lines.push(format!("curl_line header {word}"));
        }
        if let Some(form) = &http.form {
            for (name, template) in form {
                let value = super::secret(step, &known, template)?;
                let word = self.word(&format!("{}={}", percent(name), value.expose_secret()));
                lines.push(format!("curl_line data-urlencode {word}"));
            }
        } else if let Some((kind, text)) = body(step, &known, http)? {
            let is_given = http.headers.keys().any(|name| name.eq_ignore_ascii_case("content-type"));
            if !is_given {
                lines.push(format!("curl_line header {}", literal(&format!("Content-Type: {kind}"))));
            }
            let word = if http.json.is_some() {
                self.json_word(text.expose_secret())
            } else {
                self.word(text.expose_secret())
            };
            lines.push(format!("curl_line data-raw {word}"));
        }
        let wanted = Wanted::of(http);
        let url = known.argument(step, &http.url.0)?;
        let mut call = format!(
            "http_call {} {} {} {}",
            http.method.word(),
            self.word(&url),
            seconds(http.each.map_or(super::EACH, |each| each.0)),
            literal(&pattern(wanted.done.iter().chain(&wanted.already)))
        );
        if http.method.word() == "HEAD" {
            call.push_str(" --head");
        }
        if http.is_repeatable() {
            call.push_str(" --retry 2 --retry-connrefused");
        }
        if http.redirects {
            call.push_str(" --location --proto-redir =https,http");
        }
        if let Some(at) = &http.address {
            let at = known.argument(step, &at.0)?;
            call.push_str(&format!(" --connect-to {}", self.word(&format!("::{at}:"))));
        }
        if let Some(ca) = &http.ca {
            call.push_str(&format!(" --cacert {}", literal(&relative(step, &ca.0))));
        }
        Ok(vec![if lines.is_empty() {
            format!("{call} </dev/null")
        } else {
            format!("{{ {}; }} | {call}", lines.join("; "))
        }])
    }

    /// JSON as one word: what a variable puts into a text of it means nothing to JSON.
    pub(crate) fn json_word(&mut self, json: &str) -> String {
        self.helpers.insert("json_text");
        self.word_of(json, |variable| format!("\"$(json_text \"${variable}\")\""))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn status_is_a_pattern_of_bash() {
        let pattern =
            |all: &[&str]| pattern(&all.iter().map(|text| Status::parse(text).unwrap()).collect::<Vec<_>>());
        assert_eq!(pattern(&["200-299", "409"]), "2..|409");
        assert_eq!(pattern(&["200", "204"]), "200|204");
        assert_eq!(pattern(&["200-202"]), "200|201|202");
    }
}
