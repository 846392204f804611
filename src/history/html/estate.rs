//! The estate as one HTML file: a row for each environment.

use std::fmt::Write as _;

use jiff::Timestamp;

use super::text::escape;
use super::{STYLE, badge};
use crate::history::state::State;

/// What is shown of an environment.
#[derive(Debug)]
pub(crate) struct Row {
    /// Its name.
    pub environment: String,
    /// What changes it is asked about by name.
    pub protected: bool,
    /// How the last run ended.
    pub outcome: Option<State>,
    /// The last run, or why nothing is known.
    pub last: Option<String>,
    /// The last run that changed something, if that is another one.
    pub changed: Option<String>,
    /// What the last plan found.
    pub plan: Option<String>,
    /// What the last look for drift found.
    pub drift: Option<String>,
    /// What was last known of the machines.
    pub machines: Option<String>,
    /// How the environment file is: there, missing, stale.
    pub env_file: &'static str,
    /// Who holds the lock.
    pub lock: Option<String>,
}

/// The page.
pub(crate) fn page(project: &str, rows: &[Row], now: Timestamp) -> String {
    let project = escape(project);
    let mut out = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <title>{project} · estate</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n\
         <div class=\"top\"><h1>{project} <span class=\"envs\">{} environments</span></h1></div>\n\
         <div class=\"card estate\">\n",
        rows.len()
    );
    for row in rows {
        self::row(&mut out, row);
    }
    let _ = write!(
        out,
        "</div>\n<footer>Written by infractl {} on {}, from the runs of one checkout. Secrets are masked.</footer>\n\
         </main>\n</body>\n</html>\n",
        escape(env!("CARGO_PKG_VERSION")),
        now.strftime("%Y-%m-%d %H:%M:%S UTC")
    );
    out
}

fn row(out: &mut String, row: &Row) {
    let protected = if row.protected { " <span class=\"none\">protected</span>" } else { "" };
    let outcome = row.outcome.map(badge).unwrap_or_default();
    let _ = write!(
        out,
        "<section><h3>{}{protected} {outcome}</h3><dl class=\"facts\">",
        escape(&row.environment)
    );
    let mut fact = |name: &str, value: Option<&str>| {
        if let Some(value) = value {
            let _ = write!(out, "<div><dt>{name}</dt><dd>{}</dd></div>", escape(value));
        }
    };
    fact("last run", Some(row.last.as_deref().unwrap_or("never")));
    fact("last change", row.changed.as_deref());
    fact("plan", row.plan.as_deref());
    fact("drift", row.drift.as_deref());
    fact("machines", row.machines.as_deref());
    fact("environment file", Some(row.env_file));
    fact("locked", row.lock.as_deref());
    out.push_str("</dl></section>\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_name_holds_is_no_markup() {
        let row = Row {
            environment: "dev".into(),
            protected: true,
            outcome: Some(State::Failed),
            last: Some("<script>alert(1)</script>".into()),
            changed: None,
            plan: Some("+1 ~0 −2 ±0".into()),
            drift: Some("found, just now".into()),
            machines: Some("1 of 2 machines running, 2 billed".into()),
            env_file: "missing",
            lock: Some("`apply` by \"x\" & y".into()),
        };
        let page = page("a<b", &[row], Timestamp::UNIX_EPOCH);
        assert!(!page.contains("<script"), "{page}");
        for text in [
            "a&lt;b",
            "&lt;script&gt;",
            "&quot;x&quot; &amp; y",
            "badge failed",
            "missing",
            "protected",
            "2 billed",
        ] {
            assert!(page.contains(text), "{text}: {page}");
        }
    }
}
