//! What a plan takes away, by address: from its stream, or from a saved plan as JSON.

use serde::Deserialize;

use super::diagnostic::clean;
use super::document;
use super::events::Event;

/// What a plan comes to, as far as people are asked about it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Planned {
    /// What is destroyed, or destroyed and made again.
    pub(crate) doomed: Vec<Doomed>,
    /// Nothing at all changes.
    pub(crate) is_empty: bool,
    /// A month gets dearer by more than nobody asks about: by how much.
    pub(crate) dearer: Option<String>,
}

/// A resource that a plan takes away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Doomed {
    /// Its address.
    pub(crate) address: String,
    /// It is made again.
    pub(crate) is_replaced: bool,
}

impl std::fmt::Display for Doomed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", if self.is_replaced { "replace" } else { "destroy" }, self.address)
    }
}

impl Planned {
    /// Takes an event of the stream of a plan.
    pub(crate) fn take(&mut self, event: &Event) {
        if let Event::Planned { address, action, .. } = event
            && let "delete" | "replace" = action.as_str()
        {
            self.add(address, action == "replace");
        }
    }

    fn add(&mut self, address: &str, is_replaced: bool) {
        self.doomed.push(Doomed { address: clean(address).into_owned(), is_replaced });
    }

    /// Reads what `show -json PLAN` printed. It holds secrets in clear text and is never shown.
    pub(crate) fn read(stdout: &[u8]) -> Result<Planned, serde_json::Error> {
        let plan: Plan = serde_json::from_slice(document(stdout))?;
        let mut planned = Planned { is_empty: true, ..Planned::default() };
        for resource in &plan.resource_changes {
            let does = |action: &str| resource.change.actions.iter().any(|known| known == action);
            planned.is_empty &= does("no-op") || does("read");
            if does("delete") {
                planned.add(&resource.address, does("create"));
            }
        }
        let outputs = plan.output_changes.values();
        planned.is_empty &= outputs.flat_map(|change| &change.actions).all(|action| action == "no-op");
        Ok(planned)
    }

    /// It takes nothing away, and costs no more than may be.
    pub(crate) fn is_harmless(&self) -> bool {
        self.doomed.is_empty() && self.dearer.is_none()
    }

    /// "destroys 2 and replaces 1 resource".
    pub(crate) fn sum(&self) -> String {
        let replaced = self.doomed.iter().filter(|doomed| doomed.is_replaced).count();
        let count = |count: usize| crate::text::plural(count, "resource");
        let sum = match (self.doomed.len() - replaced, replaced) {
            (0, 0) => "destroys nothing".to_owned(),
            (gone, 0) => format!("destroys {}", count(gone)),
            (0, replaced) => format!("replaces {}", count(replaced)),
            (gone, replaced) => format!("destroys {gone} and replaces {}", count(replaced)),
        };
        match &self.dearer {
            Some(dearer) => format!("{sum}; {dearer}"),
            None => sum,
        }
    }
}

#[derive(Deserialize)]
struct Plan {
    #[serde(default)]
    resource_changes: Vec<Resource>,
    #[serde(default)]
    output_changes: indexmap::IndexMap<String, Change>,
}

#[derive(Deserialize)]
struct Resource {
    address: String,
    change: Change,
}

#[derive(Deserialize)]
struct Change {
    #[serde(default)]
    actions: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::super::events::parse;
    use super::*;

    #[test]
    fn what_goes_is_known_from_the_stream() {
        let mut planned = Planned::default();
        for (address, action) in
            [("a.b", "create"), ("c.d[0]", "delete"), ("e.f", "replace"), ("g.h", "update")]
        {
            let line = format!(
                r#"{{"type":"planned_change","change":{{"resource":{{"addr":"{address}"}},"action":"{action}"}}}}"#
            );
            planned.take(&parse(&line));
        }
        let shown: Vec<String> = planned.doomed.iter().map(ToString::to_string).collect();
        assert_eq!(shown, ["destroy c.d[0]", "replace e.f"]);
        assert_eq!(planned.sum(), "destroys 1 and replaces 1 resource");
    }

    #[test]
    fn what_goes_is_known_from_a_saved_plan() {
        let plan = |actions: &str, output: &str| {
            let text = format!(
                r#"{{"resource_changes":[{{"address":"a.b","change":{{"actions":{actions}}}}}],
                    "output_changes":{{"x":{{"actions":["{output}"]}}}}}}"#
            );
            Planned::read(text.as_bytes()).unwrap()
        };
        assert_eq!(plan(r#"["no-op"]"#, "no-op"), Planned { is_empty: true, ..Planned::default() });
        assert!(!plan(r#"["no-op"]"#, "update").is_empty && !plan(r#"["create"]"#, "no-op").is_empty);
        for replace in [r#"["create","delete"]"#, r#"["delete","create"]"#] {
            assert_eq!(plan(replace, "no-op").sum(), "replaces 1 resource");
        }
        assert_eq!(plan(r#"["delete"]"#, "no-op").doomed[0].to_string(), "destroy a.b");
        assert_eq!(plan(r#"["forget"]"#, "no-op").sum(), "destroys nothing");
    }
}
