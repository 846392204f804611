//! An audit as Markdown, JSON and CSV. Pure.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::rows::Row;
use crate::history::took;
use crate::text::document;

/// Version of the form of the JSON.
const FORMAT: u32 = 1;

/// Who did what.
#[derive(Debug, Default)]
pub(super) struct Audit {
    /// Only that one.
    pub(super) environment: Option<String>,
    /// From this time on.
    pub(super) since: Option<Timestamp>,
    /// Oldest first.
    pub(super) rows: Vec<Row>,
    /// What was changed or cut, in words.
    pub(super) broken: Vec<String>,
    /// Runs that were tidied away.
    pub(super) gone: usize,
}

/// An audit for programs.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Document {
    /// Version of this form.
    format: u32,
    /// Only that one; none for all.
    environment: Option<String>,
    /// From this time on; none for as far as there is something.
    since: Option<Timestamp>,
    /// No line was changed or cut.
    whole: bool,
    /// What was, in words.
    broken: Vec<String>,
    /// Runs that are not in it, for they were too old or too much.
    tidied_away: usize,
    /// Oldest first.
    rows: Vec<Row>,
}

/// For programs.
pub(super) fn json(audit: &Audit) -> String {
    document::pretty(&Document {
        format: FORMAT,
        environment: audit.environment.clone(),
        since: audit.since,
        whole: audit.broken.is_empty(),
        broken: audit.broken.clone(),
        tidied_away: audit.gone,
        rows: audit.rows.clone(),
    })
}

/// For a spreadsheet.
pub(super) fn csv(audit: &Audit) -> String {
    let head = [
        "at",
        "by",
        "host",
        "verb",
        "environment",
        "run",
        "deployment",
        "commit",
        "dirty",
        "release",
        "confirmed",
        "changes",
        "snapshot",
        "verified",
        "outcome",
        "code",
        "error",
        "seconds",
        "command",
        "whole",
    ];
    let mut text = line(head.map(str::to_owned));
    for row in &audit.rows {
        text.push_str(&line([
            stamp(row.at),
            row.by.clone(),
            row.host.clone(),
            row.verb.clone(),
            row.environment.clone(),
            or_nothing(row.run),
            or_nothing(row.deployment),
            row.commit.clone().unwrap_or_default(),
            or_nothing(row.dirty),
            row.release.clone().unwrap_or_default(),
            row.confirmed.clone(),
            row.changes.clone(),
            row.snapshot.clone().unwrap_or_default(),
            or_nothing(row.verified),
            row.outcome.word().to_owned(),
            or_nothing(row.code),
            row.error.clone().unwrap_or_default(),
            or_nothing(row.seconds),
            row.command.clone(),
            row.whole.to_owned(),
        ]));
    }
    text
}

fn or_nothing<T: ToString>(value: Option<T>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

fn stamp(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

fn line<const N: usize>(fields: [String; N]) -> String {
    fields.map(|field| quoted(&field)).join(",") + "\r\n"
}

/// A field, always in quotes and on one line. What a spreadsheet would take for a formula is text.
fn quoted(field: &str) -> String {
    let flat = field.replace(['\n', '\r', '\t'], " ");
    let is_formula = flat.trim_start().starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠']);
    let guard = if is_formula { "'" } else { "" };
    format!("\"{guard}{}\"", flat.replace('"', "\"\""))
}

/// For people.
pub(super) fn markdown(audit: &Audit) -> String {
    let mut text = format!("# Audit of {}\n\n", audit.environment.as_deref().unwrap_or("all environments"));
    let since = audit
        .since
        .map_or_else(|| "as far as there is something".to_owned(), |since| format!("since {}", stamp(since)));
    text.push_str(&format!(
        "{}, {since}. Times are in UTC.\n\n",
        crate::text::plural(audit.rows.len(), "line")
    ));
    if audit.broken.is_empty() {
        text.push_str("The records are whole: no line was changed or cut.\n");
    } else {
        text.push_str("**The records are not whole:**\n\n");
        audit.broken.iter().for_each(|what| text.push_str(&format!("- **{}**\n", cell(what))));
    }
    if audit.gone > 0 {
        let runs = crate::text::plural(audit.gone, "run");
        text.push_str(&format!("\n{runs} of this machine were too old or too much, and are not in it.\n"));
    }
    if audit.rows.is_empty() {
        return text;
    }
    text.push_str(
        "\n| when | who | verb | environment | commit | release | confirmed | changes | snapshot | outcome | took | whole |\n\
         |---|---|---|---|---|---|---|---|---|---|---|---|\n",
    );
    for row in &audit.rows {
        let dirty = if row.dirty == Some(true) { ", with changes" } else { "" };
        let commit = row.commit.as_ref().map(|commit| format!("{commit:.12}{dirty}")).unwrap_or_default();
        let code = row.code.filter(|code| *code > 1).map(|code| format!(" ({code})")).unwrap_or_default();
        let verified = match row.verified {
            Some(true) => ", verified",
            Some(false) => ", not verified",
            None => "",
        };
        let whole = if row.whole == "no" { "**no**" } else { row.whole };
        let cells = [
            stamp(row.at),
            format!("{}@{}", row.by, row.host),
            row.verb.clone(),
            row.environment.clone(),
            commit,
            row.release.clone().unwrap_or_default(),
            row.confirmed.clone(),
            row.changes.clone(),
            row.snapshot.clone().unwrap_or_default(),
            format!("{}{code}{verified}", row.outcome.word()),
            row.seconds.map(took).unwrap_or_default(),
            whole.to_owned(),
        ];
        text.push_str(&format!("| {} |\n", cells.map(|text| cell(&text)).join(" | ")));
    }
    text
}

fn cell(text: &str) -> String {
    crate::text::plain(text).replace('\\', "\\\\").replace('|', "\\|").replace(['\n', '\r'], " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_field_is_a_formula_or_ends_another() {
        assert_eq!(quoted("plain"), "\"plain\"");
        assert_eq!(quoted("a,\"b\"\r\nc"), "\"a,\"\"b\"\"  c\"");
        for formula in ["=1+1", "+1", "-1", "@SUM(A1)", " =x", "\t=x", "\r=x", "＝x"] {
            assert!(quoted(formula).starts_with("\"'"), "{formula}");
        }
        assert_eq!(quoted("a=b"), "\"a=b\"");
        assert_eq!(quoted(""), "\"\"");
    }

    #[test]
    fn nothing_is_a_whole_report() {
        let audit = Audit::default();
        assert_eq!(csv(&audit).lines().count(), 1);
        assert!(markdown(&audit).contains("0 lines"), "{}", markdown(&audit));
        let json: serde_json::Value = serde_json::from_str(&json(&audit)).unwrap();
        assert_eq!((json["rows"].as_array().unwrap().len(), &json["whole"]), (0, &serde_json::json!(true)));
    }

    #[test]
    fn what_is_broken_is_said_first() {
        let audit = Audit { broken: vec!["history: run 2 is missing".into()], ..Audit::default() };
        assert!(
            markdown(&audit).contains("**The records are not whole:**\n\n- **history: run 2 is missing**")
        );
    }
}
