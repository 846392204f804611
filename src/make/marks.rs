//! Characters that stand for what is not known as text: nobody types them, and those in a file are taken out of it.

/// The environment that a verb is called for.
pub(super) const ENVIRONMENT: char = '\u{e000}';
/// A variable that comes from outside begins: its name follows.
pub(super) const OUTER: char = '\u{e001}';
/// Its default follows, which may be empty.
pub(super) const DEFAULT: char = '\u{e002}';
/// It ends.
pub(super) const END: char = '\u{e003}';
/// Something that only make could tell.
pub(super) const OPAQUE: char = '\u{e004}';
/// An output of the root module begins; its name and `END` follow.
pub(super) const OUTPUT: char = '\u{e005}';

/// The folder of the project.
pub(super) const ROOT: char = '\u{e006}';

/// Only make could tell what it means.
#[derive(Debug, Clone, Copy)]
pub(super) struct OnlyMake;

fn is_mark(c: char) -> bool {
    (ENVIRONMENT..=ROOT).contains(&c)
}

/// A text from outside.
pub(super) fn without(text: &str) -> String {
    text.replace(is_mark, "\u{fffd}")
}

/// A variable from outside.
pub(super) fn outer(name: &str, default: &str) -> String {
    let default =
        if default.contains(is_mark) { plain(default).unwrap_or_default() } else { default.to_owned() };
    format!("{OUTER}{name}{DEFAULT}{default}{END}")
}

/// A part of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part<'a> {
    /// As it is.
    Text(&'a str),
    /// The environment.
    Environment,
    /// A variable from outside and its default.
    Outer(&'a str, &'a str),
    /// An output of the root module.
    Output(&'a str),
    /// The folder of the project.
    Root,
    /// What only make could tell.
    Opaque,
}

/// The parts of a text.
pub(super) fn parts(text: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(is_mark) {
        if at > 0 {
            parts.push(Part::Text(&rest[..at]));
        }
        let mark = rest[at..].chars().next().unwrap_or(OPAQUE);
        rest = &rest[at + mark.len_utf8()..];
        match mark {
            ENVIRONMENT => parts.push(Part::Environment),
            ROOT => parts.push(Part::Root),
            OUTER | OUTPUT => {
                let (inside, after) = rest.split_once(END).unwrap_or((rest, ""));
                rest = after;
                parts.push(match inside.split_once(DEFAULT) {
                    _ if mark == OUTPUT => Part::Output(inside),
                    Some((name, default)) => Part::Outer(name, default),
                    None => Part::Outer(inside, ""),
                });
            }
            _ => parts.push(Part::Opaque),
        }
    }
    if !rest.is_empty() {
        parts.push(Part::Text(rest));
    }
    parts
}

/// For a text of the configuration: the environment stays a mark, defaults stand for what comes from outside. None
/// when there is nothing to stand for it.
pub(super) fn plain(text: &str) -> Option<String> {
    let mut plain = String::new();
    for part in parts(text) {
        match part {
            Part::Text(text) => plain.push_str(text),
            Part::Environment => plain.push(ENVIRONMENT),
            Part::Root => plain.push(ROOT),
            Part::Outer(_, default) if !default.is_empty() => plain.push_str(default),
            Part::Output(name) => plain.push_str(&format!("{OUTPUT}{name}{END}")),
            Part::Outer(..) | Part::Opaque => return None,
        }
    }
    Some(plain)
}

/// The text for one environment; none when something else is not known.
pub(super) fn known(text: &str, environment: &str) -> Option<String> {
    let text = plain(text)?.replace(ENVIRONMENT, environment).replace(ROOT, ".");
    (!text.contains(is_mark)).then_some(text)
}

/// As a template of the configuration.
pub(super) fn template(text: &str) -> String {
    let mut template = String::new();
    for part in parts(text) {
        match part {
            Part::Text(text) => template.push_str(&text.replace("{{", "{{{{")),
            Part::Environment => template.push_str("{{environment}}"),
            Part::Root => template.push('.'),
            Part::Outer(_, default) => template.push_str(&default.replace("{{", "{{{{")),
            Part::Output(name) => template.push_str(&format!("{{{{output.{name}}}}}")),
            Part::Opaque => {}
        }
    }
    template
}

/// As a line for the shell: what comes from outside is a variable there. None when that would not be the same, in single
/// quotes, or when only make could tell.
pub(super) fn shell(text: &str) -> Option<String> {
    let mut line = String::new();
    let (mut single, mut double, mut escaped) = (false, false, false);
    for part in parts(text) {
        match part {
            Part::Text(text) => {
                for c in text.chars() {
                    match c {
                        _ if escaped => escaped = false,
                        '\\' if !single => escaped = true,
                        '\'' if !double => single = !single,
                        '"' if !single => double = !double,
                        _ => {}
                    }
                }
                line.push_str(text);
            }
            Part::Environment => line.push(ENVIRONMENT),
            Part::Root if single => line.push('.'),
            Part::Root => line.push_str("${INFRACTL_DIR:-.}"),
            Part::Output(name) => line.push_str(&format!("{OUTPUT}{name}{END}")),
            Part::Outer(_, "") if single => return None,
            Part::Outer(_, default) if single => line.push_str(default),
            Part::Outer(name, "") => line.push_str(&format!("${{{name}}}")),
            Part::Outer(name, default) if is_simple(default) => {
                line.push_str(&format!("${{{name}:-{}}}", shell(default)?));
            }
            Part::Outer(_, default) => line.push_str(&shell(default)?),
            Part::Opaque => return None,
        }
    }
    Some(line)
}

/// Stands as a default between braces without quotes.
fn is_simple(text: &str) -> bool {
    text.chars().all(|c| c.is_alphanumeric() || matches!(c, ENVIRONMENT | ROOT) || "_-./:@%+=,".contains(c))
}

/// A text for people: without marks.
pub(super) fn shown(text: &str) -> String {
    let mut plain = String::new();
    for part in parts(text) {
        match part {
            Part::Text(text) => plain.push_str(text),
            Part::Environment => plain.push_str("ENV"),
            Part::Root => plain.push('.'),
            Part::Outer(name, _) | Part::Output(name) => plain.push_str(name),
            Part::Opaque => plain.push('…'),
        }
    }
    plain
}

/// It can be a variable of a shell.
pub(super) fn is_shell_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// A file of a shell, by its name.
pub(super) fn is_shell(path: &str) -> bool {
    std::path::Path::new(path).extension().is_some_and(|end| end == "sh")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_is_a_name_in_every_form() {
        let text = format!("a {ENVIRONMENT} {} {} {{{{x}}}}", outer("TAG", "latest"), outer("USER", ""));
        let line = shell(&text).unwrap();
        assert_eq!(template(&line), "a {{environment}} ${TAG:-latest} ${USER} {{{{x}}");
        assert_eq!(plain(&text), None);
        let text = format!("'{ENVIRONMENT} {}'", outer("TAG", "v1"));
        assert_eq!(template(&shell(&text).unwrap()), "'{{environment}} v1'");
        assert_eq!(shell(&format!("'{}'", outer("USER", ""))), None);
        assert_eq!(known(&text, "dev").unwrap(), "'dev v1'");
        assert_eq!(template(&format!("{OUTPUT}ip{END}:22")), "{{output.ip}}:22");
        assert_eq!(shell(&OPAQUE.to_string()), None);
        assert_eq!(without("a\u{e000}b"), "a\u{fffd}b");
    }
}
