//! What a text of a format may look like.

use crate::config::download;
use crate::config::known::{is_variable, version};
use crate::config::model::{ClockTime, DaySpan, Moment, Port, Priced, Status, Weekdays, Zone};
use crate::config::template::is_name;
use crate::config::wanted::Wanted;
use crate::text::money::Money;
use crate::text::{self, JsonPath};

/// Why a text is not of a format, and what to do; none if it is.
pub(crate) fn wrong(key: &str, text: &str, format: &str) -> Option<(String, String)> {
    let is_mode =
        || text.len() == 4 && text.starts_with('0') && text.bytes().all(|b| (b'0'..b'8').contains(&b));
    let (is_good, what, help) = match format {
        "duration" => (
            text::parse_duration(text).is_some(),
            "a duration",
            "write a number and a unit: `90s`, `5m`, `1h30m`, `500ms`",
        ),
        "regex" => return pattern(key, text),
        "json-path" => {
            let message = format!("`{text}` is not the way to a value of a JSON document");
            return JsonPath::parse(text).is_none().then(|| (message, "write it as `.a.b[0]`".to_owned()));
        }
        "download" => return download::wrong(text),
        "status" => (
            Status::parse(text).is_some(),
            "a status of HTTP",
            "write a code or a range: `200`, `\"200-299\"`",
        ),
        "version" => (version(text).is_some(), "a version", "write it as `1.4` or `1.4.2`"),
        "version-range" => (
            Wanted::parse(text).is_some(),
            "a version",
            "write it as `1.11.4`, `1.11`, `>= 1.10, < 1.12` or `~> 1.11.0`",
        ),
        "date" => (text.parse::<jiff::civil::Date>().is_ok(), "a day", "write it as `2027-01-31`"),
        "priced" => (
            Priced::parse(text).is_some(),
            "a type of resource",
            "write it as `aws_instance` or `aws_instance[instance_type=t3.micro]`",
        ),
        "amount" => (
            Money::parse(text).is_some(),
            "an amount",
            "write a decimal number that is not negative, with at most nine places: `0.07`",
        ),
        "time-zone" => (
            Zone::parse(text).is_some(),
            "a time zone",
            "write its name in the database of time zones: `Europe/Paris`, `UTC`",
        ),
        "clock-time" => (ClockTime::parse(text).is_some(), "a time of the day", "write it as `09:00`"),
        "moment" => (
            Moment::parse(text).is_some(),
            "a moment",
            "write a time of the day (`18:00`), or day, time and offset (`2026-12-01T18:00:00+01:00`)",
        ),
        "weekdays" => {
            (Weekdays::parse(text).is_some(), "days of the week", "write them as `mon-thu` or `mon,wed,fri`")
        }
        "days" => (
            DaySpan::parse(text).is_some(),
            "a span of days",
            "write the first and the last one, `2026-12-20/2027-01-03`, or one day",
        ),
        "size" => (
            text::size::parse(text).is_some(),
            "an amount",
            "write a number and a unit: `12GiB`, `512MiB`, `40GB`",
        ),
        "port" => (Port::parse(text).is_some(), "a port", "write a number from 1 to 65535"),
        "name" => (is_name(text), "a name", "use letters, digits, `_` and `-`"),
        "mode" => (is_mode(), "a file mode", "write it as `0600` or `0644`"),
        "variable" => {
            (is_variable(text), "the name of a variable", "use letters, digits and `_`, and no digit first")
        }
        // What was meant may be the secret itself: it is not said again.
        "secret" => {
            let message = format!("`{key}` is not the name of a secret");
            let help =
                "keep it in a file of secrets and write its name, or `{{secret.NAME}}`, `{{value.NAME}}`";
            return (!is_variable(text)).then(|| (message, help.to_owned()));
        }
        _ => return None,
    };
    (!is_good).then(|| (format!("`{text}` is not {what}"), help.to_owned()))
}

fn pattern(key: &str, text: &str) -> Option<(String, String)> {
    let error = regex::Regex::new(text).err()?.to_string();
    let reason = error.lines().last().unwrap_or_default().trim_start_matches("error: ");
    Some((format!("`{key}` is not a regular expression"), format!("mend it: {reason}")))
}
