//! Secrets that are given to `new`: by a variable's name or on standard input, never as an argument.

use secrecy::{ExposeSecret as _, SecretString};

use crate::commands::input;
use crate::context::Ctx;
use crate::failure::{Failure, Kind};
use crate::secrets::names;
use crate::starter::Given;
use crate::text;

/// A secret that is to be put in, and where its value is.
#[derive(Debug, Clone)]
pub(super) struct Wanted {
    environment: Option<String>,
    name: String,
    source: Source,
}

/// Where a value is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Source {
    /// In a variable of infractl's own environment.
    Variable(String),
    /// On standard input.
    Input,
}

/// What was typed behind `--set`: it may hold a value after all, so that nothing shows it.
#[expect(clippy::unnecessary_wraps, reason = "the form of a value parser")]
pub(super) fn hidden(written: &str) -> Result<SecretString, std::convert::Infallible> {
    Ok(SecretString::from(written))
}

/// Reads what was typed.
pub(super) fn wanted(written: &[SecretString]) -> Result<Vec<Wanted>, Failure> {
    written.iter().map(|written| parse(written.expose_secret())).collect()
}

/// Reads `[ENV:]NAME[=SOURCE]`.
fn parse(written: &str) -> Result<Wanted, Failure> {
    let (target, source) = match written.split_once('=') {
        Some((target, source)) => (target, Some(source)),
        None => (written, None),
    };
    let (environment, name) = match target.split_once(':') {
        Some((environment, name)) => (Some(environment.to_owned()), name),
        None => (None, target),
    };
    if let Some(reason) = names::unusable(name.as_bytes()) {
        return Err(Failure::new(Kind::Usage, format!("`--set` names no secret: {reason}")).help(FORM));
    }
    let source = match source {
        None => Source::Variable(name.to_owned()),
        Some("-") => Source::Input,
        Some(source) => match source.strip_prefix("env:") {
            Some(variable) if !variable.is_empty() => Source::Variable(variable.to_owned()),
            _ => {
                let why =
                    format!("`--set {name}=`: a value as an argument would stay in the history of the shell");
                return Err(Failure::new(Kind::Usage, why).help(FORM));
            }
        },
    };
    Ok(Wanted { environment, name: name.to_owned(), source })
}

const FORM: &str = "write `--set NAME=-` and give the value on standard input, or `--set NAME=env:VARIABLE`";

/// The values.
pub(super) fn values(cx: &Ctx, wanted: &[Wanted], environments: &[&str]) -> Result<Vec<Given>, Failure> {
    if wanted.iter().filter(|wanted| wanted.source == Source::Input).count() > 1 {
        return Err(Failure::new(Kind::Usage, "standard input holds one value, and two secrets want it")
            .help("give the other one by a variable: `--set NAME=env:VARIABLE`"));
    }
    let value = |wanted: &Wanted| {
        if let Some(name) = &wanted.environment
            && !environments.contains(&name.as_str())
        {
            return Err(Failure::new(
                Kind::Usage,
                format!("`{}` is for an environment that is not to be made", wanted.name),
            )
            .help(format!("use {}", text::list(environments, "or"))));
        }
        let value = match &wanted.source {
            Source::Variable(variable) => {
                cx.vars.get(variable).filter(|value| !value.is_empty()).map(SecretString::from).ok_or_else(
                    || {
                        Failure::new(
                            Kind::Usage,
                            format!(
                                "the variable {variable} is not set, and `{}` was to come from it",
                                wanted.name
                            ),
                        )
                        .help(format!(
                            "set it, or write `--set {}=-` and give the value on standard input",
                            wanted.name
                        ))
                    },
                )?
            }
            Source::Input => input(&wanted.name)?,
        };
        Ok(Given { environment: wanted.environment.clone(), name: wanted.name.clone(), value })
    };
    wanted.iter().map(value).collect()
}

/// What is on standard input, without the line end that finishes it.
fn input(name: &str) -> Result<SecretString, Failure> {
    let bytes = input::whole()?;
    let text = std::str::from_utf8(&bytes)
        .map_err(|_| Failure::new(Kind::Usage, format!("the value of `{name}` is not UTF-8")))?;
    let text = text.strip_suffix('\n').map_or(text, |text| text.strip_suffix('\r').unwrap_or(text));
    if text.is_empty() {
        return Err(Failure::new(
            Kind::Usage,
            format!("standard input is empty, and `{name}` was to come from it"),
        ));
    }
    Ok(SecretString::from(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_is_a_variable_or_standard_input() {
        let read = |written| {
            parse(written)
                .map(|wanted| (wanted.environment, wanted.name, wanted.source))
                .map_err(|failure| failure.error)
        };
        let variable = |name: &str| Source::Variable(name.to_owned());
        assert_eq!(read("A").unwrap(), (None, "A".into(), variable("A")));
        assert_eq!(read("dev:A=env:B").unwrap(), (Some("dev".into()), "A".into(), variable("B")));
        assert_eq!(read("A=-").unwrap(), (None, "A".into(), Source::Input));
        for wrong in ["A=hunter2", "A=env:", "=-", "dev:=-"] {
            assert!(!read(wrong).unwrap_err().to_string().contains("hunter2"), "{wrong}");
        }
    }
}
