//! Names that a text cannot hold where it stands, and why.

use crate::config::known::Known;
use crate::config::template::Name;

/// Why a text of this format cannot hold this name, and what to do instead; none if it can.
pub(crate) fn refused(
    key: &str,
    format: &str,
    name: &Name,
    known: Option<&Known>,
) -> Option<(String, String)> {
    match (format, name) {
        ("argument", Name::Secret(_)) if matches!(key, "url" | "http") => Some((
            format!("a secret in `{key}` would be in the log of every server and proxy on the way"),
            "send it by `headers`, `json`, `form` or `body`".to_owned(),
        )),
        ("argument" | "address", Name::Secret(_)) => Some((
            format!("a secret in `{key}` would be seen in the list of processes"),
            "pass it by `env`, `input` or a file of mode 0600".to_owned(),
        )),
        ("argument" | "address", Name::Output(output))
            if known.is_some_and(|known| known.is_sensitive(output)) =>
        {
            Some((
                format!("`{name}` holds a secret, and in `{key}` it would be seen in the list of processes"),
                "pass it by `env`, `input` or a file of mode 0600".to_owned(),
            ))
        }
        ("argument" | "address", Name::Value(value))
            if known.is_some_and(|known| known.is_secret_value(value)) =>
        {
            Some((
                format!("`{name}` is secret, and in `{key}` it would be seen in the list of processes"),
                "pass it by `env`, `input` or a file of mode 0600".to_owned(),
            ))
        }
        ("address", Name::HostAddress(_)) => Some((
            "the address of a host cannot be that of another".to_owned(),
            "name the output here as well".to_owned(),
        )),
        (
            "given",
            Name::Output(_) | Name::HostAddress(_) | Name::Foreign(_) | Name::Value(_) | Name::Image(_),
        ) => Some((
            format!("`{key}` is given by hand, and `{name}` may come from it"),
            "use `secret.NAME`, `environment`, `project` and `var.NAME` only".to_owned(),
        )),
        (
            "path",
            Name::Output(_)
            | Name::Secret(_)
            | Name::HostAddress(_)
            | Name::Foreign(_)
            | Name::Value(_)
            | Name::Cluster(_)
            | Name::Image(_),
        ) => Some((
            format!("`{key}` is needed before `{name}` is known"),
            "use `environment`, `project` and `var.NAME` only".to_owned(),
        )),
        _ => None,
    }
}
