//! Values in a script: read when first used, or taken of what a step says.

use super::Step;
use super::script::Writer;
use crate::config::model::{Capture, CommandLine, ValueFrom};
use crate::config::template::Template;
use crate::failure::{Failure, Kind};
use crate::steps::source;
use crate::work::marked::marked_text;
use crate::work::picked::Pick;
use crate::work::script::{literal, variable_of};
use crate::work::values;
use crate::work::{Facts, Frame, StepCx, relative};

impl Writer<'_> {
    /// Lines that make known what the lines written last use: outputs, then values.
    pub(super) fn known(&mut self, is_local: bool) -> Result<Vec<String>, Failure> {
        let mut values = Vec::new();
        loop {
            let used = self.script.used_values();
            if used.is_empty() {
                break;
            }
            for name in used {
                let Some(from) = self.env.values.get(&name) else { continue };
                let line = self.read(&variable_of("value", &name), from)?;
                // Those that it needs itself come before it.
                values.insert(0, line);
            }
        }
        let mut lines = Vec::new();
        for (variable, output) in self.script.used_outputs() {
            lines.extend(is_local.then(|| format!("local {variable}")));
            lines.push(format!("{variable}=$(output {})", literal(&output)));
        }
        lines.extend(values);
        Ok(lines)
    }

    /// A line that reads a value once.
    fn read(&mut self, variable: &str, from: &ValueFrom) -> Result<String, Failure> {
        let source = self.source(from)?;
        let picked = match self.pick(Pick::of_source(from)) {
            None => format!("$({source})"),
            Some(pick) => format!("$({source} | {pick})"),
        };
        let got = got(variable, &picked, from.default.as_deref());
        Ok(format!("{{ [ -n \"${{{variable}+set}}\" ] || {{ {got}; }}; }}"))
    }

    /// A line that makes a secret known that is in no file, unless it is set already.
    pub(super) fn secret(&mut self, name: &str, from: &ValueFrom) -> Result<String, Failure> {
        let source = self.source(from)?;
        let picked = match self.pick(Pick::of_source(from)) {
            None => format!("$({source})"),
            Some(pick) => format!("$({source} | {pick})"),
        };
        Ok(format!("[ -n \"${{{name}:-}}\" ] || {{ {}; }}", got(name, &picked, from.default.as_deref())))
    }

    /// What prints the text that a value is taken of.
    fn source(&mut self, from: &ValueFrom) -> Result<String, Failure> {
        let mut facts = Facts::default();
        let mut step = StepCx::new(self.cx, self.env, "", &[], &mut facts);
        step.frame = Frame { secrets: Some(Vec::new()), ..Frame::default() };
        if let Some(file) = &from.file {
            return Ok(format!("cat -- {}", literal(&relative(&step, &file.0))));
        }
        if let Some(url) = &from.http {
            let texts: Vec<Template> = from.templates();
            let texts: Vec<&str> = texts.iter().map(Template::as_str).collect();
            let known = marked_text(&texts.join("\n"));
            let url = self.script.word(&known.argument(&step, &url.0)?);
            let mut lines = String::new();
            for (name, value) in &from.headers {
                let value = values::input_value(known.render(&step, value)?);
                lines.push(' ');
                lines.push_str(&self.script.word(&format!("{name}: {}", value.text())));
            }
            return Ok(if lines.is_empty() {
                format!("curl -fsS -- {url}")
            } else {
                format!("printf '%s\\n'{lines} | curl -fsS -H @- -- {url}")
            });
        }
        if let Some(route) = &from.route {
            let message =
                format!("which side of the route `{}` gets the traffic only infractl knows", route.0);
            return Err(
                Failure::new(Kind::Usage, message).help("leave the steps out that name it, with `--skip`")
            );
        }
        let table = from.command.clone().map(CommandLine::into_table);
        let Some(table) = table else { return Err(Failure::new(Kind::Bug, "a value without a source")) };
        let texts: Vec<&str> = table.templates().into_iter().map(Template::as_str).collect();
        let mut cmd = source::command_of(&step, &table, &marked_text(&texts.join("\n")))?;
        cmd.env.retain(|name, _| table.env.contains_key(name));
        Ok(self.script.command(&step, &cmd))
    }

    /// What takes a value of the text on standard input; none when it is all of it.
    fn pick(&mut self, pick: Pick<'_>) -> Option<String> {
        Some(match pick {
            Pick::All => return None,
            Pick::Line(number) => format!("sed -n {number}p"),
            Pick::Match(pattern) => {
                self.script.helpers.insert("found");
                format!("found {}", literal(pattern))
            }
            Pick::Json(path) => format!("jq -rc {}", literal(&format!("{} | values", path.for_jq()))),
        })
    }

    /// The lines of a step, and those that take its values.
    pub(super) fn captured(&mut self, step: &Step, lines: Vec<String>) -> Result<Vec<String>, Failure> {
        let captures = &step.rules.capture;
        if captures.is_empty() {
            return Ok(lines);
        }
        let no_script = |why: &str| {
            let message = format!("`{}` has no script that does the same without infractl: {why}", step.name);
            Failure::new(Kind::Usage, message).help("leave it out with `--skip`")
        };
        if step.rules.retry.is_some() {
            return Err(no_script("it is tried again, and a value is taken of it"));
        }
        if captures.values().any(|capture| capture.header.is_some()) {
            return Err(no_script("a value is taken of a header line"));
        }
        let mut all = lines;
        if captures.values().any(|capture| capture.file.is_none()) {
            let joins = if captures.values().any(|capture| capture.log.is_some()) { " 2>&1" } else { "" };
            all = vec!["local said".to_owned(), format!("said=$({{ {}; }}{joins})", all.join(" && "))];
            if captures.values().all(|capture| !capture.secret) {
                all.push("printf '%s\\n' \"$said\" >&2".to_owned());
            }
        }
        for (name, capture) in captures {
            all.push(self.take(&variable_of("value", name), capture));
        }
        Ok(all)
    }

    /// The values of a step that has nothing to do: what it wrote once, and what counts instead.
    pub(super) fn known_anyway(&mut self, step: &Step) -> String {
        let mut lines = String::new();
        for (name, capture) in &step.rules.capture {
            let variable = variable_of("value", name);
            let line = match (&capture.file, &capture.default) {
                (Some(_), _) => self.take(&variable, capture),
                (None, Some(default)) => format!("{variable}={}", literal(default)),
                (None, None) => continue,
            };
            lines.push_str(" && ");
            lines.push_str(&line);
        }
        lines
    }

    fn take(&mut self, variable: &str, capture: &Capture) -> String {
        let picked = match (&capture.file, self.pick(Pick::of_capture(capture))) {
            (Some(file), _) => {
                let shown =
                    file.0.strip_prefix(&self.env.root).unwrap_or(&file.0).to_string_lossy().into_owned();
                format!("$(cat -- {})", literal(&shown))
            }
            (None, None) => "$said".to_owned(),
            (None, Some(pick)) => format!("$({pick} <<<\"$said\")"),
        };
        format!("{{ {}; }}", got(variable, &picked, capture.default.as_deref()))
    }
}

/// Sets a variable, and fails when nothing is found.
fn got(variable: &str, picked: &str, default: Option<&str>) -> String {
    match default {
        None => format!("{variable}={picked} && [ -n \"${variable}\" ]"),
        Some(default) => {
            format!("{variable}={picked} || {variable}=''; {variable}=${{{variable}:-{}}}", literal(default))
        }
    }
}
