//! Has a JSON document the value that is wanted? Pure.

use serde_json::Value as Json;

use crate::text::JsonPath;

/// A value that is wanted at a place of a document.
#[derive(Clone)]
pub(crate) struct Wanted {
    /// The place, as it is written.
    pub path: String,
    /// The value.
    pub value: Json,
    /// Neither it nor what is found there is shown.
    pub is_secret: bool,
}

impl std::fmt::Debug for Wanted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.path)
    }
}

/// A few words when it is there, else what is there.
pub(super) fn judge(wanted: &Wanted, document: &Json) -> Result<String, String> {
    let Wanted { path, value, is_secret } = wanted;
    let found = JsonPath::parse(path).and_then(|place| place.find(document));
    let Some(found) = found else { return Err(format!("there is no `{path}` in the answer")) };
    match (is_same(found, value), is_secret) {
        (true, true) => Ok(format!("`{path}` is as wanted")),
        (true, false) => Ok(format!("`{path}` is {}", short(found))),
        (false, true) => Err(format!("`{path}` is not the value that is wanted")),
        (false, false) => Err(format!("`{path}` is {}, not {}", short(found), short(value))),
    }
}

/// The same value; a text is also the number or word that it spells, since a template is always a text.
fn is_same(found: &Json, wanted: &Json) -> bool {
    match (found, wanted) {
        (Json::Number(found), Json::Number(wanted)) => found == wanted || found.as_f64() == wanted.as_f64(),
        (Json::Number(_) | Json::Bool(_), Json::String(wanted)) => {
            let spelled = found.to_string();
            spelled == *wanted
        }
        _ => found == wanted,
    }
}

fn short(value: &Json) -> String {
    let text = value.to_string();
    let start: String = text.chars().take(60).collect();
    if start.len() < text.len() { format!("{start}…") } else { text }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn said(path: &str, value: &Json) -> String {
        let document = json!({"db": "ok", "n": 3, "up": true, "list": [{"x": null}], "pw": "CANARY-old"});
        let wanted = Wanted { path: path.to_owned(), value: value.clone(), is_secret: path == ".pw" };
        judge(&wanted, &document).unwrap_or_else(|why| format!("no: {why}"))
    }

    #[test]
    fn a_value_is_found_or_it_is_said_what_is_there() {
        assert_eq!(said(".db", &json!("ok")), "`.db` is \"ok\"");
        assert_eq!(said(".db", &json!("no")), "no: `.db` is \"ok\", not \"no\"");
        assert_eq!(said(".n", &json!(3.0)), "`.n` is 3");
        assert_eq!(said(".n", &json!("3")), "`.n` is 3");
        assert_eq!(said(".up", &json!("true")), "`.up` is true");
        assert_eq!(said(".up", &json!(false)), "no: `.up` is true, not false");
        assert_eq!(said(".list[0].x", &json!(null)), "`.list[0].x` is null");
        assert_eq!(said(".list[1]", &json!(1)), "no: there is no `.list[1]` in the answer");
        assert_eq!(said(".list", &json!([{"x": null}])), "`.list` is [{\"x\":null}]");
    }

    #[test]
    fn a_secret_is_not_shown_nor_what_is_in_its_place() {
        let both = [said(".pw", &json!("CANARY-new")), said(".pw", &json!("CANARY-old"))];
        assert_eq!(both, ["no: `.pw` is not the value that is wanted", "`.pw` is as wanted"]);
    }
}
