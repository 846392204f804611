//! Functions of make, as far as they can be told without running anything.

use super::expand::Values;
use super::marks;
use super::names::{each_word, pattern, stem};
use super::split::split_at;

impl Values {
    /// The value of a call.
    pub(super) fn function(&self, name: &str, rest: &str, depth: usize, out: &mut String) {
        let parts = arguments(rest);
        let argument = |at: usize| parts.get(at).map(|part| self.text(part, depth)).unwrap_or_default();
        match name {
            "shell" => {
                let command = self.text(rest, depth);
                if matches!(command.trim(), "pwd" | "git rev-parse --show-toplevel") {
                    return out.push(marks::ROOT);
                }
                self.doubt(format!("`$(shell {})` was not run", marks::shown(&command)));
                out.push_str(&format!("$({command})"));
            }
            "strip" => out.push_str(&each_word(&argument(0), str::to_owned)),
            "subst" => out.push_str(&argument(2).replace(&argument(0), &argument(1))),
            "patsubst" => {
                let (from, to) = (argument(0), argument(1));
                out.push_str(&each_word(&argument(2), |word| pattern(word, &from, &to)));
            }
            "firstword" => out.push_str(argument(0).split_whitespace().next().unwrap_or_default()),
            "lastword" => out.push_str(argument(0).split_whitespace().next_back().unwrap_or_default()),
            "notdir" => out.push_str(&each_word(&argument(0), |word| {
                word.rsplit_once('/').map_or(word, |(_, name)| name).to_owned()
            })),
            "dir" => out.push_str(&each_word(&argument(0), |word| {
                word.rsplit_once('/').map_or("./".to_owned(), |(dir, _)| format!("{dir}/"))
            })),
            "abspath" | "realpath" => out.push_str(&argument(0)),
            "addprefix" => out.push_str(&each_word(&argument(1), |word| format!("{}{word}", argument(0)))),
            "addsuffix" => out.push_str(&each_word(&argument(1), |word| format!("{word}{}", argument(0)))),
            "or" => {
                let all: Vec<String> = (0..parts.len()).map(argument).collect();
                // `$(or $(TAG),latest)` is a default for what comes from outside.
                if let [first, second] = all.as_slice()
                    && let [marks::Part::Outer(name, "")] = marks::parts(first.trim()).as_slice()
                {
                    return out.push_str(&marks::outer(name, second.trim()));
                }
                let found = all.into_iter().find(|text| !self.decided(text).trim().is_empty());
                out.push_str(&found.unwrap_or_default());
            }
            "and" => {
                let all: Vec<String> = (0..parts.len()).map(|at| self.decided(&argument(at))).collect();
                if all.iter().all(|text| !text.trim().is_empty()) {
                    out.push_str(all.last().map_or("", String::as_str));
                }
            }
            "if" => {
                let is_empty = self.decided(&argument(0)).trim().is_empty();
                out.push_str(&argument(if is_empty { 2 } else { 1 }));
            }
            "filter" | "filter-out" => {
                let (patterns, words) = (self.decided(&argument(0)), self.decided(&argument(1)));
                let words = words.replace(marks::ENVIRONMENT, &self.environment);
                let patterns = patterns.replace(marks::ENVIRONMENT, &self.environment);
                let is_wanted = |word: &&str| {
                    let is_there = patterns.split_whitespace().any(|wanted| stem(word, wanted).is_some());
                    is_there == (name == "filter")
                };
                out.push_str(&words.split_whitespace().filter(is_wanted).collect::<Vec<_>>().join(" "));
            }
            "call" => {
                let name = argument(0);
                let Some(body) = self.all.get(name.trim()) else {
                    return self.opaque(format!("`$(call {})`: there is no such variable", name.trim()), out);
                };
                let mut inner = body.text.clone();
                for number in 1..=9 {
                    let value = argument(number).replace('$', "$$");
                    inner = inner
                        .replace(&format!("$({number})"), &value)
                        .replace(&format!("${{{number}}}"), &value);
                }
                self.into(&inner, depth + 1, out);
            }
            // They talk, or stop make: a verb of infractl says by itself what is wrong.
            "error" | "warning" | "info" => {}
            name => self.opaque(format!("`$({name} …)` is known to make only"), out),
        }
    }
}

impl Values {
    /// A text that something is decided by: what comes from outside has its default, or no value at all.
    fn decided(&self, text: &str) -> String {
        let mut decided = text.to_owned();
        for part in marks::parts(text) {
            let marks::Part::Outer(name, default) = part else { continue };
            let value = if default.is_empty() {
                "as if it had no value".to_owned()
            } else {
                format!("for `{default}`")
            };
            self.doubt(format!("`{name}` comes from outside: decided {value}"));
            decided = decided.replacen(&marks::outer(name, default), default, 1);
        }
        decided
    }
}

/// The arguments of a function, at the commas outside of brackets.
fn arguments(mut text: &str) -> Vec<&str> {
    let mut all = Vec::new();
    while let Some((first, rest)) = split_at(text, ',') {
        all.push(first);
        text = rest;
    }
    all.push(text);
    all
}
