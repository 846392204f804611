//! Values of variables of make, as far as they are known without running anything.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;

use super::marks;
use super::names::{each_word, pattern};
use super::split::split_at;

/// Deeper is no Makefile that somebody wrote.
const DEPTH: usize = 40;
/// Longer is no line that somebody wrote.
const LONGEST: usize = 64 * 1024;
/// More references than this are not followed: a few lines can ask for billions.
const REFERENCES: usize = 4_000_000;
/// For one text.
const REFERENCES_AT_ONCE: usize = 20_000;

/// A variable.
#[derive(Debug, Clone, Default)]
pub(super) struct Variable {
    /// As written, or its value when it is known already.
    pub text: String,
    /// Its value is read again each time.
    pub is_late: bool,
    /// Somebody else may set it (`?=`).
    pub is_outer: bool,
    /// It holds a secret: never shown, never copied.
    pub is_secret: bool,
}

/// Variables, for one environment.
#[derive(Debug, Default)]
pub(super) struct Values {
    /// By name.
    pub all: HashMap<String, Variable>,
    /// The environment they are for.
    pub environment: String,
    left: Cell<usize>,
    left_at_once: Cell<usize>,
    doubts: RefCell<Vec<String>>,
}

impl Values {
    pub(super) fn new(environment: &str) -> Values {
        Values { environment: environment.to_owned(), left: Cell::new(REFERENCES), ..Values::default() }
    }

    /// The text with its variables replaced.
    pub(super) fn expand(&self, text: &str) -> String {
        if !text.contains('$') {
            return text.to_owned();
        }
        self.left_at_once.set(REFERENCES_AT_ONCE);
        let mut out = String::new();
        self.into(text, 0, &mut out);
        out
    }

    /// The same, and what is doubtful in it.
    pub(super) fn expand_with_doubts(&self, text: &str) -> (String, Vec<String>) {
        self.doubts.borrow_mut().clear();
        let text = self.expand(text);
        let mut doubts = std::mem::take(&mut *self.doubts.borrow_mut());
        doubts.dedup();
        (text, doubts)
    }

    pub(super) fn doubt(&self, why: String) {
        let mut doubts = self.doubts.borrow_mut();
        if doubts.len() < 8 && !doubts.contains(&why) {
            doubts.push(why);
        }
    }

    pub(super) fn opaque(&self, why: String, out: &mut String) {
        self.doubt(why);
        out.push(marks::OPAQUE);
    }

    pub(super) fn into(&self, text: &str, depth: usize, out: &mut String) {
        let mut rest = text;
        while let Some(at) = rest.find('$') {
            out.push_str(&rest[..at]);
            rest = &rest[at + 1..];
            let Some(next) = rest.chars().next() else { return };
            let is_over =
                depth > DEPTH || out.len() > LONGEST || self.left.get() == 0 || self.left_at_once.get() == 0;
            if is_over {
                self.opaque("goes too deep to be followed".to_owned(), out);
                return;
            }
            self.left.set(self.left.get() - 1);
            self.left_at_once.set(self.left_at_once.get() - 1);
            match next {
                '$' => {
                    out.push('$');
                    rest = &rest[1..];
                }
                '(' | '{' => {
                    let Some((inside, after)) = closed(rest) else {
                        self.opaque("a reference that is never closed".to_owned(), out);
                        return;
                    };
                    self.reference(inside, depth + 1, out);
                    rest = after;
                }
                c => {
                    self.variable(c.encode_utf8(&mut [0; 4]), depth + 1, out);
                    rest = &rest[c.len_utf8()..];
                }
            }
        }
        out.push_str(rest);
    }

    pub(super) fn text(&self, text: &str, depth: usize) -> String {
        let mut out = String::new();
        self.into(text, depth, &mut out);
        out
    }

    fn reference(&self, inside: &str, depth: usize, out: &mut String) {
        if let Some((name, rest)) = inside.split_once([' ', '\t'])
            && FUNCTIONS.contains(&name)
        {
            return self.function(name, rest.trim_start(), depth, out);
        }
        let name = self.text(inside, depth);
        if let Some((name, change)) = split_at(&name, ':')
            && let Some((from, to)) = change.split_once('=')
        {
            let mut value = String::new();
            self.variable(name, depth, &mut value);
            return out.push_str(&each_word(&value, |word| pattern(word, from, to)));
        }
        self.variable(&name, depth, out);
    }

    fn variable(&self, name: &str, depth: usize, out: &mut String) {
        let name = name.replace(marks::ENVIRONMENT, &self.environment);
        if let Some(variable) = self.all.get(&name) {
            if variable.is_secret {
                return out.push_str(&marks::outer(&name, ""));
            }
            let value =
                if variable.is_late { self.text(&variable.text, depth) } else { variable.text.clone() };
            if variable.is_outer && !value.contains(marks::ENVIRONMENT) && marks::is_shell_name(&name) {
                return out.push_str(&marks::outer(&name, &value));
            }
            return out.push_str(&value);
        }
        match name.as_str() {
            "MAKE" => out.push_str("make"),
            "CURDIR" | "PWD" => out.push(marks::ROOT),
            "SHELL" => out.push_str("/bin/sh"),
            "MAKEFILE_LIST" => out.push_str("Makefile"),
            "@" | "*" | "<" | "^" | "?" | "+" | "MAKEFLAGS" | "MAKECMDGOALS" => {
                self.opaque(format!("`$({name})` is known to make only"), out);
            }
            name if marks::is_shell_name(name) => {
                self.doubt(format!("`{name}` has no value here: it comes from outside, as a variable"));
                out.push_str(&marks::outer(name, ""));
            }
            name => self.opaque(format!("`$({})` has no value here", name.escape_debug()), out),
        }
    }
}

/// Functions of make; those without an arm above are not known to us.
const FUNCTIONS: [&str; 33] = [
    "shell",
    "strip",
    "subst",
    "patsubst",
    "firstword",
    "lastword",
    "notdir",
    "dir",
    "abspath",
    "realpath",
    "addprefix",
    "addsuffix",
    "or",
    "and",
    "if",
    "filter",
    "filter-out",
    "call",
    "error",
    "warning",
    "info",
    "eval",
    "foreach",
    "wildcard",
    "file",
    "value",
    "origin",
    "flavor",
    "sort",
    "word",
    "words",
    "basename",
    "suffix",
];

/// What stands between a bracket and the one that closes it, and what follows.
fn closed(text: &str) -> Option<(&str, &str)> {
    let (open, close) = if text.starts_with('(') { (b'(', b')') } else { (b'{', b'}') };
    let mut depth = 0_usize;
    for (at, byte) in text.bytes().enumerate() {
        if byte == open {
            depth += 1;
        } else if byte == close {
            depth -= 1;
            if depth == 0 {
                return Some((&text[1..at], &text[at + 1..]));
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(all: &[(&str, &str)]) -> Values {
        let mut values = Values::new("dev");
        for (name, text) in all {
            let variable = Variable { text: (*text).to_owned(), is_late: true, ..Variable::default() };
            values.all.insert((*name).to_owned(), variable);
        }
        values
    }

    #[test]
    fn variables_and_functions_have_their_values() {
        let values = values(&[
            ("DIR", "terraform/$(SUB)"),
            ("SUB", "live"),
            ("REGION_dev", "par"),
            ("ENV", "\u{e000}"),
            ("say", "echo $(1) > $(2)"),
        ]);
        let expand = |text: &str| values.expand(text);
        assert_eq!(expand("cd $(DIR) && echo $$HOME ${SUB}"), "cd terraform/live && echo $HOME live");
        assert_eq!(expand("$(REGION_$(ENV))"), "par");
        assert_eq!(expand("$(call say,a b,c)"), "echo a b > c");
        assert_eq!(
            expand("$(if $(SUB),yes,no) $(or $(filter x,y),z) $(patsubst %.a,%.b,1.a 2.c)"),
            "yes z 1.b 2.c"
        );
        assert_eq!(expand("$(SUB:ve=ft) $(filter $(ENV),dev prod)"), "lift dev");
    }

    #[test]
    fn what_is_not_known_is_said() {
        let values = values(&[]);
        let (text, doubts) = values.expand_with_doubts("a $(shell date) $(wildcard *.tf) $(TAG)");
        assert_eq!(text, format!("a $(date) {} {}", marks::OPAQUE, marks::outer("TAG", "")));
        assert_eq!(doubts.len(), 3, "{doubts:?}");
        assert!(values.expand("$(open").contains(marks::OPAQUE));
    }

    #[test]
    fn nothing_goes_on_without_end() {
        let bomb = values(&[("A", "$(B)$(B)"), ("B", "$(A)$(A)"), ("C", "$(C)")]);
        assert!(bomb.expand("$(A)").len() < 2 * LONGEST);
        assert!(bomb.expand("$(C)").contains(marks::OPAQUE));
        assert!(bomb.expand(&"$(".repeat(100_000)).contains(marks::OPAQUE));
        assert!(!bomb.expand(&format!("{}x{}", "$(C".repeat(30), ")".repeat(30))).is_empty());
    }
}
