//! How much a plan or an apply changes, counted from terraform's text.

use std::sync::LazyLock;

use regex::Regex;

/// How many resources a plan or an apply touches.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct Digest {
    /// To create (or created).
    pub add: u64,
    /// To change in place.
    pub change: u64,
    /// To destroy.
    pub destroy: u64,
    /// To destroy and create again; not counted in `add` and `destroy`.
    pub replace: u64,
    /// To take over from the world.
    pub import: u64,
    /// To have another address.
    pub moved: u64,
    /// To be left to themselves: no longer managed, not destroyed.
    pub forgotten: u64,
    /// Outputs or other things that are no resources change too.
    pub outputs: bool,
}

impl Digest {
    /// No resource is touched.
    pub fn is_empty(&self) -> bool {
        *self == Digest { outputs: self.outputs, ..Digest::default() }
    }
}

impl std::fmt::Display for Digest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "+{} ~{} \u{2212}{} ±{}", self.add, self.change, self.destroy, self.replace)?;
        if self.import > 0 {
            write!(f, " ←{}", self.import)?;
        }
        if self.moved > 0 {
            write!(f, ", {} moved", self.moved)?;
        }
        if self.forgotten > 0 {
            write!(f, ", {} no longer managed", self.forgotten)?;
        }
        if self.outputs && self.is_empty() {
            write!(f, " (outputs only)")?;
        }
        Ok(())
    }
}

/// Counts what the text of a plan announces, line by line.
#[derive(Debug, Default)]
pub(crate) struct PlanText {
    digest: Digest,
    seen: bool,
}

/// "must be replaced", "is tainted, so must be replaced", "will be replaced, as requested", "… due to changes in …".
static REPLACED: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r" (must|will) be replaced\b").ok());
static PLAN_LINE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"^Plan: (?:(\d+) to import, )?(\d+) to add, (\d+) to change, (\d+) to destroy").ok()
});

impl PlanText {
    /// Takes one line of `plan`, with or without colours.
    pub(crate) fn line(&mut self, line: &str) {
        let line = anstream::adapter::strip_str(line).to_string();
        if let Some(text) = line.strip_prefix("  # ").or_else(|| line.strip_prefix(" # ")) {
            if REPLACED.as_ref().is_some_and(|pattern| pattern.is_match(text)) {
                self.digest.replace += 1;
            } else if text.contains(" has moved to ") || text.starts_with("(moved from ") {
                self.digest.moved += 1;
            } else if text.contains(" will no longer be managed by ")
                || text.contains(" will be removed from the OpenTofu state but will not be destroyed")
            {
                self.digest.forgotten += 1;
            }
        } else if line.starts_with("Changes to Outputs:") {
            self.digest.outputs = true;
        } else if let Some(found) = PLAN_LINE.as_ref().and_then(|pattern| pattern.captures(&line)) {
            let number = |group| found.get(group).and_then(|m| m.as_str().parse().ok()).unwrap_or(0);
            (self.digest.import, self.digest.add) = (number(1), number(2));
            (self.digest.change, self.digest.destroy) = (number(3), number(4));
            self.seen = true;
        }
    }

    /// The digest, once all lines were taken.
    pub(crate) fn digest(&self) -> Digest {
        let replace = if self.seen { self.digest.replace } else { 0 };
        Digest {
            replace,
            add: self.digest.add.saturating_sub(replace),
            destroy: self.digest.destroy.saturating_sub(replace),
            ..self.digest
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_text_is_counted() {
        let mut text = PlanText::default();
        for line in [
            "  # terraform_data.a must be replaced",
            "\u{1b}[1m  # terraform_data.b\u{1b}[0m is tainted, so must be \u{1b}[1m\u{1b}[31mreplaced\u{1b}[0m",
            "Plan: 3 to add, 1 to change, 2 to destroy.",
            "Changes to Outputs:",
        ] {
            text.line(line);
        }
        assert_eq!(
            text.digest(),
            Digest { add: 1, change: 1, replace: 2, outputs: true, ..Digest::default() }
        );
        assert_eq!(text.digest().to_string(), "+1 ~1 −0 ±2");
    }

    #[test]
    fn a_replacement_has_many_reasons_and_some_changes_touch_nothing() {
        let mut text = PlanText::default();
        for line in [
            "  # terraform_data.a will be replaced, as requested",
            "  # terraform_data.b will be replaced due to changes in replace_triggered_by",
            "  # terraform_data.c has moved to terraform_data.d",
            "  # terraform_data.e will be updated in-place",
            "  # (moved from terraform_data.f)",
            " # terraform_data.gone will no longer be managed by Terraform, but will not be destroyed",
            "  # terraform_data.too will be removed from the OpenTofu state but will not be destroyed",
            " # (destroy = false is set in the configuration)",
            "Plan: 2 to add, 1 to change, 2 to destroy.",
        ] {
            text.line(line);
        }
        assert_eq!(text.digest().to_string(), "+0 ~1 −0 ±2, 2 moved, 2 no longer managed");
        assert!(!text.digest().is_empty());
    }

    #[test]
    fn imports_are_counted() {
        let mut text = PlanText::default();
        text.line("Plan: 2 to import, 0 to add, 0 to change, 0 to destroy.");
        assert_eq!(text.digest().to_string(), "+0 ~0 −0 ±0 ←2");
    }
}
