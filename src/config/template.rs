//! Text with `{{…}}`: a name and nothing else, no conditions, no loops.

use std::fmt;
use std::ops::Range;

use serde_json::Value as Json;

use crate::config::cluster::NAMES;
pub use crate::config::scope::{Rendered, Scope};
pub(crate) use crate::config::scope::{TemplateError, shown_value};
use crate::text;

/// A name between `{{` and `}}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Name {
    /// `environment`
    Environment,
    /// `project`
    Project,
    /// `output.NAME`: an output of the root module, or of `[outputs]`.
    Output(String),
    /// `secret.NAME`: a key of the secret files.
    Secret(String),
    /// `var.NAME`: a variable of infractl's own environment.
    Var(String),
    /// `host.NAME.address`: the address of a host of `[hosts]`.
    HostAddress(String),
    /// `value.NAME`: a value of `[values]`, or one that a step has captured.
    Value(String),
    /// `image.NAME`: the digest of an image of `[images]` that was pushed, or built.
    Image(String),
    /// `cluster.NAME`: how the cluster of `[cluster]` is reached.
    Cluster(String),
    /// `with.NAME`: what the step `do` that calls this pipeline gives it.
    With(String),
    /// `env.NAME.output.OUTPUT`: an output of another environment.
    Foreign(Foreign),
}

/// An output of another environment.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Foreign {
    /// Name of that environment.
    pub environment: String,
    /// Name of the output.
    pub output: String,
}

impl fmt::Display for Foreign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "env.{}.output.{}", self.environment, self.output)
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Name::Environment => write!(f, "environment"),
            Name::Project => write!(f, "project"),
            Name::Output(name) => write!(f, "output.{name}"),
            Name::Secret(name) => write!(f, "secret.{name}"),
            Name::Var(name) => write!(f, "var.{name}"),
            Name::HostAddress(name) => write!(f, "host.{name}.address"),
            Name::Foreign(foreign) => foreign.fmt(f),
            Name::Value(name) => write!(f, "value.{name}"),
            Name::Image(name) => write!(f, "image.{name}"),
            Name::Cluster(name) => write!(f, "cluster.{name}"),
            Name::With(name) => write!(f, "with.{name}"),
        }
    }
}

/// What is wrong with a template as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Malformed {
    /// Bytes of the text that are wrong.
    pub span: Range<usize>,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Segment {
    Text(String),
    Name(Name, Range<usize>),
}

/// Text with names between `{{` and `}}`; `{{{{` stands for a literal `{{`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Template {
    pub(super) source: String,
    pub(super) parts: Vec<Segment>,
}

impl Template {
    /// The templates inside a value.
    pub(crate) fn inside(value: &Json) -> Vec<Template> {
        match value {
            Json::String(text) => Template::parse(text).into_iter().collect(),
            Json::Array(items) => items.iter().flat_map(Template::inside).collect(),
            Json::Object(fields) => fields.values().flat_map(Template::inside).collect(),
            _ => Vec::new(),
        }
    }

    /// Reads a template.
    pub fn parse(source: &str) -> Result<Template, Malformed> {
        let mut parts = Vec::new();
        let mut plain = String::new();
        let mut at = 0;
        while let Some(found) = source[at..].find("{{") {
            let open = at + found;
            plain.push_str(&source[at..open]);
            if source[open + 2..].starts_with("{{") {
                plain.push_str("{{");
                at = open + 4;
                continue;
            }
            let Some(length) = source[open + 2..].find("}}") else {
                return Err(Malformed {
                    span: open..source.len(),
                    message: "`{{` without `}}`".to_owned(),
                    help: "close it with `}}`, or write `{{{{` for a literal `{{`".to_owned(),
                });
            };
            let close = open + 2 + length;
            let inner = &source[open + 2..close];
            let start = open + 2 + (inner.len() - inner.trim_start().len());
            let span = start..start + inner.trim().len();
            let name = name(inner.trim()).map_err(|(message, help)| Malformed {
                span: if span.is_empty() { open..close + 2 } else { span.clone() },
                message,
                help,
            })?;
            if !plain.is_empty() {
                parts.push(Segment::Text(std::mem::take(&mut plain)));
            }
            parts.push(Segment::Name(name, span));
            at = close + 2;
        }
        plain.push_str(&source[at..]);
        if !plain.is_empty() {
            parts.push(Segment::Text(plain));
        }
        Ok(Template { source: source.to_owned(), parts })
    }

    /// A template that is this text, whatever it holds.
    pub fn literal(text: impl Into<String>) -> Template {
        let text = text.into();
        Template { source: text.replace("{{", "{{{{"), parts: vec![Segment::Text(text)] }
    }

    /// The text with what a call gives in the place of its `with` names; none where it has no such name.
    pub(crate) fn filled(&self, given: impl Fn(&str) -> Option<String>) -> Option<String> {
        let mut is_filled = false;
        let text = self.parts.iter().map(|part| match part {
            Segment::Text(text) => text.replace("{{", "{{{{"),
            Segment::Name(Name::With(name), _) => {
                is_filled = true;
                given(name).unwrap_or_else(|| format!("{{{{with.{name}}}}}"))
            }
            Segment::Name(name, _) => format!("{{{{{name}}}}}"),
        });
        let text = text.collect();
        is_filled.then_some(text)
    }

    /// The text as written.
    pub fn as_str(&self) -> &str {
        &self.source
    }

    /// The names in it, in order.
    pub fn names(&self) -> impl Iterator<Item = &Name> {
        self.spans().map(|(name, _)| name)
    }

    /// The text around the names, in order.
    pub fn literals(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match part {
            Segment::Text(text) => Some(text.as_str()),
            Segment::Name(..) => None,
        })
    }

    /// The names in it with their place in the text as written.
    pub(crate) fn spans(&self) -> impl Iterator<Item = (&Name, Range<usize>)> {
        self.parts.iter().filter_map(|part| match part {
            Segment::Name(name, span) => Some((name, span.clone())),
            Segment::Text(_) => None,
        })
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.source)
    }
}

const KINDS: [&str; 11] =
    ["environment", "project", "output", "secret", "var", "host", "env", "value", "image", "with", "cluster"];

fn name(text: &str) -> Result<Name, (String, String)> {
    let (kind, rest) = text.split_once('.').map_or((text, None), |(kind, rest)| (kind, Some(rest)));
    let literal = "write `{{{{` for a literal `{{`";
    let one = |form: &str| match rest {
        Some(rest) if is_name(rest) => Ok(rest.to_owned()),
        _ => Err((format!("`{text}` is not a name"), format!("write `{{{{{form}}}}}`"))),
    };
    match (kind, rest) {
        ("environment", None) => Ok(Name::Environment),
        ("project", None) => Ok(Name::Project),
        // The name of an environment may have dots, that of an output has none.
        ("env", rest) => match rest.and_then(|rest| rest.rsplit_once(".output.")) {
            Some((environment, output)) if is_environment_name(environment) && is_name(output) => {
                let (environment, output) = (environment.to_owned(), output.to_owned());
                Ok(Name::Foreign(Foreign { environment, output }))
            }
            _ => Err((format!("`{text}` is not a name"), "write `{{env.NAME.output.OUTPUT}}`".to_owned())),
        },
        ("environment" | "project", Some(_)) => {
            Err((format!("`{text}` is not a name"), format!("write `{{{{{kind}}}}}`")))
        }
        ("output", _) => one("output.NAME").map(Name::Output),
        ("secret", _) => one("secret.NAME").map(Name::Secret),
        ("var", _) => one("var.NAME").map(Name::Var),
        ("value", _) => one("value.NAME").map(Name::Value),
        ("image", _) => one("image.NAME").map(Name::Image),
        ("with", _) => one("with.NAME").map(Name::With),
        ("cluster", Some(rest)) if NAMES.contains(&rest) => Ok(Name::Cluster(rest.to_owned())),
        ("cluster", _) => {
            let all = NAMES.map(|name| format!("{{{{cluster.{name}}}}}"));
            Err((format!("`{text}` is not a name"), format!("write {}", text::list(all, "or"))))
        }
        ("host", Some(rest)) if rest.strip_suffix(".address").is_some_and(is_name) => {
            Ok(Name::HostAddress(rest.trim_end_matches(".address").to_owned()))
        }
        ("host", _) => one("host.NAME.address")
            .and(Err((format!("`{text}` is not a name"), "write `{{host.NAME.address}}`".to_owned()))),
        _ => Err((
            format!("unknown name `{text}` in a template"),
            match text::nearest(kind, KINDS) {
                Some(near) => format!("did you mean `{near}`? Or {literal}"),
                None => format!(
                    "use `environment`, `project`, `output.NAME`, `secret.NAME`, `value.NAME`, `image.NAME`, `var.NAME`, `host.NAME.address` or `env.NAME.output.OUTPUT`, or {literal}"
                ),
            },
        )),
    }
}

/// Letters, digits, `.`, `_` and `-`, a letter or digit first.
pub(crate) fn is_environment_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'))
}

/// What may stand for NAME in a template.
pub(super) fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Vec<String> {
        Template::parse(text).unwrap().names().map(ToString::to_string).collect()
    }

    fn wrong(text: &str) -> String {
        let wrong = Template::parse(text).unwrap_err();
        format!("{} [{}] {}", &text[wrong.span], wrong.message, wrong.help)
    }

    #[test]
    fn every_name_is_known_with_and_without_blanks() {
        assert_eq!(names("a {{environment}} b {{ project }}"), ["environment", "project"]);
        assert_eq!(names("{{output.backend_ip}}{{secret.A}}"), ["output.backend_ip", "secret.A"]);
        assert_eq!(
            names("{{ var.GITHUB_SHA }} {{host.web-1.address}}"),
            ["var.GITHUB_SHA", "host.web-1.address"]
        );
        assert_eq!(names("{{value.lab_ip}}{{ with.key }}"), ["value.lab_ip", "with.key"]);
        assert_eq!(names("{{image.etl-2}}"), ["image.etl-2"]);
        assert!(names("no names } }} { {").is_empty());
    }

    #[test]
    fn what_is_no_name_is_refused_with_help() {
        let all = [
            "x {{enviroment}}",
            "{{output}}",
            "{{output.}}",
            "{{output.a b}}",
            "{{ environment.x }}",
            "{{host.web}}",
            "{{host..address}}",
            "{{ .Names }}",
            "{{}}",
            "{{ open",
            "{{environment}",
            "{{if x}}",
            "{{outputs.x}}",
            "{{image}}",
            "{{env.shared}}",
            "{{env.shared.vpc_id}}",
            "{{env.sh ared.output.x}}",
            "{{cluster.name}}",
        ];
        insta::assert_snapshot!(all.map(wrong).join("\n"), @r#"
        enviroment [unknown name `enviroment` in a template] did you mean `environment`? Or write `{{{{` for a literal `{{`
        output [`output` is not a name] write `{{output.NAME}}`
        output. [`output.` is not a name] write `{{output.NAME}}`
        output.a b [`output.a b` is not a name] write `{{output.NAME}}`
        environment.x [`environment.x` is not a name] write `{{environment}}`
        host.web [`host.web` is not a name] write `{{host.NAME.address}}`
        host..address [`host..address` is not a name] write `{{host.NAME.address}}`
        .Names [unknown name `.Names` in a template] use `environment`, `project`, `output.NAME`, `secret.NAME`, `value.NAME`, `image.NAME`, `var.NAME`, `host.NAME.address` or `env.NAME.output.OUTPUT`, or write `{{{{` for a literal `{{`
        {{}} [unknown name `` in a template] use `environment`, `project`, `output.NAME`, `secret.NAME`, `value.NAME`, `image.NAME`, `var.NAME`, `host.NAME.address` or `env.NAME.output.OUTPUT`, or write `{{{{` for a literal `{{`
        {{ open [`{{` without `}}`] close it with `}}`, or write `{{{{` for a literal `{{`
        {{environment} [`{{` without `}}`] close it with `}}`, or write `{{{{` for a literal `{{`
        if x [unknown name `if x` in a template] use `environment`, `project`, `output.NAME`, `secret.NAME`, `value.NAME`, `image.NAME`, `var.NAME`, `host.NAME.address` or `env.NAME.output.OUTPUT`, or write `{{{{` for a literal `{{`
        outputs.x [unknown name `outputs.x` in a template] did you mean `output`? Or write `{{{{` for a literal `{{`
        image [`image` is not a name] write `{{image.NAME}}`
        env.shared [`env.shared` is not a name] write `{{env.NAME.output.OUTPUT}}`
        env.shared.vpc_id [`env.shared.vpc_id` is not a name] write `{{env.NAME.output.OUTPUT}}`
        env.sh ared.output.x [`env.sh ared.output.x` is not a name] write `{{env.NAME.output.OUTPUT}}`
        cluster.name [`cluster.name` is not a name] write `{{cluster.kubeconfig}}`, `{{cluster.context}}`, `{{cluster.registry}}` or `{{cluster.registry-host}}`
        "#);
    }

    #[test]
    fn what_a_call_gives_stands_in_the_place_of_its_names() {
        let filled = |text: &str| {
            Template::parse(text).unwrap().filled(|name| Some(format!("<{name}|{{{{secret.A}}}}>")))
        };
        assert_eq!(
            filled("a{{{{ {{with.x}}/{{ environment }}").unwrap(),
            "a{{{{ <x|{{secret.A}}>/{{environment}}"
        );
        assert_eq!(filled("{{environment}}"), None);
    }

    #[test]
    fn a_literal_pair_of_braces_is_written_twice() {
        let template = Template::parse("docker ps --format '{{{{.Names}}' {{environment}}").unwrap();
        assert_eq!(template.names().count(), 1);
        let Segment::Text(text) = &template.parts[0] else { panic!() };
        assert_eq!(text, "docker ps --format '{{.Names}}' ");
        let literal = Template::literal("{{environment}}");
        assert_eq!(literal.names().count(), 0);
        assert_eq!(Template::parse(literal.as_str()).unwrap().names().count(), 0);
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "[{} a-z.é]{0,40}|.*") {
            match Template::parse(&text) {
                Ok(template) => {
                    for (_, span) in template.spans() {
                        let _ = &text[span];
                    }
                }
                Err(wrong) => {
                    let _ = &text[wrong.span];
                }
            }
        }

        #[test]
        fn a_literal_stays_what_it_is(text in "[{} a]{0,20}") {
            let template = Template::literal(text.clone());
            let read = Template::parse(template.as_str());
            proptest::prop_assert!(read.is_ok());
        }
    }
}
