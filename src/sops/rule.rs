//! Which leaves are encrypted: the six rules of sops (`shouldBeEncrypted`).

use regex::bytes::{Regex, RegexBuilder};

use super::SopsError;

/// The rule that chooses the leaves to encrypt; stored in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rule {
    /// Every leaf but those with a key on their path that ends so.
    UnencryptedSuffix(String),
    /// Only leaves with a key on their path that ends so.
    EncryptedSuffix(String),
    /// Every leaf but those with a key on their path that matches.
    UnencryptedRegex(String),
    /// Only leaves with a key on their path that matches.
    EncryptedRegex(String),
    /// Every leaf but those below a comment that matches.
    UnencryptedCommentRegex(String),
    /// Only leaves below a comment that matches.
    EncryptedCommentRegex(String),
}

impl Default for Rule {
    /// What sops uses when no rule is named: all but keys that end in `_unencrypted`.
    fn default() -> Self {
        Rule::UnencryptedSuffix("_unencrypted".to_owned())
    }
}

impl Rule {
    pub(super) const NAMES: [&'static str; 6] = [
        "unencrypted_suffix",
        "encrypted_suffix",
        "unencrypted_regex",
        "encrypted_regex",
        "unencrypted_comment_regex",
        "encrypted_comment_regex",
    ];

    /// A rule by the name of its field in the metadata.
    pub fn named(name: &str, text: &str) -> Option<Rule> {
        let text = text.to_owned();
        Some(match name {
            "unencrypted_suffix" => Rule::UnencryptedSuffix(text),
            "encrypted_suffix" => Rule::EncryptedSuffix(text),
            "unencrypted_regex" => Rule::UnencryptedRegex(text),
            "encrypted_regex" => Rule::EncryptedRegex(text),
            "unencrypted_comment_regex" => Rule::UnencryptedCommentRegex(text),
            "encrypted_comment_regex" => Rule::EncryptedCommentRegex(text),
            _ => return None,
        })
    }

    /// The name of its field in the metadata and its text.
    pub fn field(&self) -> (&'static str, &str) {
        match self {
            Rule::UnencryptedSuffix(text) => (Rule::NAMES[0], text),
            Rule::EncryptedSuffix(text) => (Rule::NAMES[1], text),
            Rule::UnencryptedRegex(text) => (Rule::NAMES[2], text),
            Rule::EncryptedRegex(text) => (Rule::NAMES[3], text),
            Rule::UnencryptedCommentRegex(text) => (Rule::NAMES[4], text),
            Rule::EncryptedCommentRegex(text) => (Rule::NAMES[5], text),
        }
    }

    /// True when comments decide rather than keys.
    pub(super) fn is_about_comments(&self) -> bool {
        matches!(self, Rule::UnencryptedCommentRegex(_) | Rule::EncryptedCommentRegex(_))
    }

    /// True when what matches stays clear.
    pub(super) fn spares(&self) -> bool {
        matches!(
            self,
            Rule::UnencryptedSuffix(_) | Rule::UnencryptedRegex(_) | Rule::UnencryptedCommentRegex(_)
        )
    }
}

/// A rule ready for use.
pub(super) struct Matcher {
    /// What matches stays clear, all else is encrypted.
    pub(super) spares: bool,
    /// Looks at comments rather than keys.
    pub(super) comments: bool,
    suffix: Option<Vec<u8>>,
    /// None when it does not compile: matches nothing.
    regex: Option<Regex>,
}

impl Matcher {
    /// For reading: a pattern that does not compile matches nothing, as in sops.
    pub(super) fn for_reading(rule: &Rule) -> Self {
        let mut matcher = Matcher { spares: rule.spares(), comments: false, suffix: None, regex: None };
        match rule {
            Rule::UnencryptedSuffix(text) | Rule::EncryptedSuffix(text) => {
                matcher.suffix = Some(text.clone().into_bytes());
            }
            Rule::UnencryptedRegex(text) | Rule::EncryptedRegex(text) => {
                matcher.regex = compile(text).ok();
            }
            Rule::UnencryptedCommentRegex(text) | Rule::EncryptedCommentRegex(text) => {
                matcher.regex = compile(text).ok();
                matcher.comments = true;
            }
        }
        matcher
    }

    /// For writing: a pattern that does not compile is an error rather than a leak.
    pub(super) fn for_writing(rule: &Rule) -> Result<Self, SopsError> {
        let (name, text) = rule.field();
        if text.is_empty() {
            return Err(SopsError::Pattern { rule: name, reason: "it is empty".to_owned() });
        }
        if !matches!(rule, Rule::UnencryptedSuffix(_) | Rule::EncryptedSuffix(_)) {
            compile(text).map_err(|reason| SopsError::Pattern { rule: name, reason })?;
        }
        Ok(Matcher::for_reading(rule))
    }

    /// True when the key matches a rule about keys.
    pub(super) fn key(&self, key: &[u8]) -> bool {
        !self.comments && self.matches(key)
    }

    /// True when the text of a comment matches a rule about comments.
    pub(super) fn comment(&self, text: &[u8]) -> bool {
        self.comments && self.matches(text)
    }

    fn matches(&self, text: &[u8]) -> bool {
        match (&self.suffix, &self.regex) {
            (Some(suffix), _) => text.ends_with(suffix),
            (None, Some(regex)) => regex.is_match(text),
            (None, None) => false,
        }
    }
}

/// A pattern in the syntax of Go.
pub(crate) fn compile(pattern: &str) -> Result<Regex, String> {
    RegexBuilder::new(&translate(pattern))
        .size_limit(4 << 20)
        .build()
        .map_err(|error| error.to_string().lines().last().unwrap_or("it does not compile").to_owned())
}

/// Go's RE2 syntax in that of the `regex` crate: ASCII classes, literal braces, plain character classes.
fn translate(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len() + 16);
    let mut rest = pattern;
    while let Some(c) = rest.chars().next() {
        let tail = &rest[c.len_utf8()..];
        rest = match c {
            '\\' if tail.starts_with('Q') => {
                let literal = tail[1..].split("\\E").next().unwrap_or_default();
                out.push_str(&regex::escape(literal));
                let tail = &tail[1 + literal.len()..];
                tail.strip_prefix("\\E").unwrap_or(tail)
            }
            '\\' if tail.starts_with(['b', 'B']) => {
                out.push_str("(?-u:\\");
                out.push_str(&tail[..1]);
                out.push(')');
                &tail[1..]
            }
            '\\' => escape(tail, &mut out),
            '[' => class(tail, &mut out),
            '{' if !is_repetition(rest) => {
                out.push_str("\\{");
                tail
            }
            other => {
                out.push(other);
                tail
            }
        };
    }
    out
}

/// One escape, after its backslash; Perl classes are ASCII in Go.
fn escape<'a>(text: &'a str, out: &mut String) -> &'a str {
    let Some(c) = text.chars().next() else {
        out.push('\\');
        return text;
    };
    match c {
        'd' => out.push_str("[0-9]"),
        'D' => out.push_str("[^0-9]"),
        'w' => out.push_str("[0-9A-Za-z_]"),
        'W' => out.push_str("[^0-9A-Za-z_]"),
        's' => out.push_str("[\\t\\n\\f\\r ]"),
        'S' => out.push_str("[^\\t\\n\\f\\r ]"),
        other => {
            out.push('\\');
            out.push(other);
        }
    }
    &text[c.len_utf8()..]
}

/// A character class, after its opening bracket: `[`, `&`, `~` and `-` have no further meaning in Go.
fn class<'a>(text: &'a str, out: &mut String) -> &'a str {
    out.push('[');
    let mut rest = text;
    if let Some(tail) = rest.strip_prefix('^') {
        out.push('^');
        rest = tail;
    }
    let mut first = true;
    while let Some(c) = rest.chars().next() {
        if c == ']' && !first {
            out.push(']');
            return &rest[1..];
        }
        first = false;
        let named = rest.strip_prefix("[:").and_then(|tail| tail.split_once(":]"));
        if let Some((name, tail)) = named {
            out.push_str("[:");
            out.push_str(name);
            out.push_str(":]");
            rest = tail;
            continue;
        }
        rest = atom(rest, out);
        if rest.starts_with('-') && rest.len() > 1 && !rest.starts_with("-]") {
            out.push('-');
            rest = atom(&rest[1..], out);
        }
    }
    rest
}

/// One character of a class or its escape.
fn atom<'a>(text: &'a str, out: &mut String) -> &'a str {
    let Some(c) = text.chars().next() else { return text };
    let tail = &text[c.len_utf8()..];
    if c == '\\' {
        if let Some(hex) = tail.strip_prefix("x{").and_then(|tail| tail.split_once('}')) {
            out.push_str("\\x{");
            out.push_str(hex.0);
            out.push('}');
            return hex.1;
        }
        return escape(tail, out);
    }
    if matches!(c, '[' | ']' | '&' | '~' | '-' | '^') {
        out.push('\\');
    }
    out.push(c);
    tail
}

/// True for `{2}`, `{2,}`, `{2,3}` at the start; RE2 takes any other brace literally.
fn is_repetition(text: &str) -> bool {
    let Some(end) = text.find('}') else { return false };
    let (least, most) = text[1..end].split_once(',').unwrap_or((&text[1..end], ""));
    !least.is_empty() && (least.bytes().chain(most.bytes())).all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, text: &str) -> Option<bool> {
        compile(pattern).ok().map(|regex| regex.is_match(text.as_bytes()))
    }

    #[test]
    fn patterns_mean_what_they_mean_in_go() {
        for (pattern, text, expected) in [
            (r"^\w+$", "abc_1", true),
            (r"^\w+$", "caf\u{e9}", false),
            (r"^\d$", "\u{0665}", false),
            (r"\bKEY\b", "\u{e9}KEY", true),
            (r"^[\w-]+$", "a-b", true),
            (r"^[[]$", "[", true),
            (r"^[]a]+$", "]a", true),
            (r"^[^]a]+$", "bc", true),
            (r"^[a&&b]+$", "a&b", true),
            (r"^[+--]+$", ",", true),
            (r"^a{$", "a{", true),
            (r"^a{,2}$", "a{,2}", true),
            (r"^a{2}$", "aa", true),
            (r"^\Qa.b\E$", "a.b", true),
            (r"^\Qa.b\E$", "axb", false),
            (r"^[[:alpha:]]+$", "abc", true),
            (r"^[^[:alpha:]]+$", "12", true),
            ("pass", "MY_password", true),
            ("(?i)PASS", "my_password", true),
            (r"^[\D]$", "x", true),
            (r"^\S+$", "a b", false),
        ] {
            assert_eq!(matches(pattern, text), Some(expected), "{pattern} on {text}");
        }
        assert_eq!(matches("(?=a)", "a"), None, "look-around does not compile");
        assert_eq!(matches(r"(a)\1", "aa"), None, "back-references do not compile");
        assert_eq!(matches("[", "["), None);
    }

    #[test]
    fn a_broken_pattern_matches_nothing_on_reading_and_is_refused_on_writing() {
        let rule = Rule::EncryptedRegex("(".to_owned());
        assert!(!Matcher::for_reading(&rule).key(b"("));
        assert!(matches!(Matcher::for_writing(&rule), Err(SopsError::Pattern { .. })));
        assert!(Matcher::for_writing(&Rule::EncryptedSuffix(String::new())).is_err());
    }
}
