//! The page itself, and what is seen of it where it is shown.

use serde_json::Value as Json;

use crate::config::Environment;
use crate::config::model;
use crate::failure::{Failure, Kind};
use crate::work::StepCx;
use crate::work::values::Known;

/// What people read when the file is silent.
const TEXT: &str = "Down for maintenance. Back soon.\n";

/// The page, and where it is shown.
pub(super) struct Page<'a> {
    pub(super) section: &'a model::Maintenance,
    pub(super) known: Known,
    pub(super) body: String,
    is_html: bool,
}

/// What is there now.
#[derive(Debug)]
pub(super) enum Seen {
    /// No page.
    Off,
    /// This one; whatever its store calls it.
    On { place: String, is_as_wanted: bool },
}

/// What the project says of it.
pub(super) fn section(env: &Environment) -> Result<&model::Maintenance, Failure> {
    env.maintenance.as_ref().ok_or_else(|| {
        Failure::new(Kind::Usage, format!("`{}` has no maintenance page", env.name))
            .help("say what shows it: `[maintenance]` with `kind = \"caddy\"`, `\"alb\"` or `\"command\"`")
    })
}

impl<'a> Page<'a> {
    pub(super) fn of(step: &StepCx<'a>) -> Result<Page<'a>, Failure> {
        let section = section(step.env)?;
        let body = match (&section.file, &section.text) {
            (Some(file), _) => crate::disk::read_text(&file.0)?,
            (None, Some(text)) => text.clone(),
            (None, None) => TEXT.to_owned(),
        };
        let is_html = section.file.as_ref().is_some_and(|file| {
            file.0
                .extension()
                .is_some_and(|end| end.eq_ignore_ascii_case("html") || end.eq_ignore_ascii_case("htm"))
        });
        Ok(Page { section, known: Known::of(step), body, is_html })
    }

    pub(super) fn text(
        &self,
        step: &StepCx<'_>,
        argument: Option<&model::Argument>,
    ) -> Result<String, Failure> {
        argument.map_or(Ok(String::new()), |argument| self.known.argument(step, &argument.0))
    }

    pub(super) fn kind_of_body(&self) -> &'static str {
        if self.is_html { "text/html" } else { "text/plain" }
    }
}

/// A text of a JSON document; empty where it has none.
pub(super) fn text_at<'a>(json: &'a Json, place: &str) -> &'a str {
    json.pointer(place).and_then(Json::as_str).unwrap_or_default()
}
