//! Sensitive outputs that are in the state already: masked before terraform says its first line.

use std::path::Path;

use regex::Regex;

use crate::disk;
use crate::exec::Io;
use crate::failure::Failure;
use crate::steps::terraform::equip;
use crate::tools::terraform::root::is_module_file;
use crate::tools::terraform::{self as tool, Output, Root};
use crate::work::{StepCx, values};

/// Masks them. Asks for the state only where the root module declares anything sensitive.
pub(super) async fn mask(step: &mut StepCx<'_>, root: &Root) -> Result<(), Failure> {
    if step.facts.outputs.is_some() || declared_sensitive(&root.dir).is_empty() {
        return Ok(());
    }
    let done = step.quietly(&equip(step, root.state_pull())?.io(Io::Capture)).await;
    let done = done.map_err(|error| step.unanswered(error))?;
    // What is wrong with the state, terraform says better when it is asked for more.
    if let Ok(state) = tool::parse_state(&done.stdout) {
        sensitive(step, state.outputs.iter());
    }
    Ok(())
}

/// Masks the sensitive ones of these.
pub(super) fn sensitive<'a>(step: &StepCx<'_>, outputs: impl Iterator<Item = (&'a String, &'a Output)>) {
    for (name, output) in outputs.filter(|(_, output)| output.sensitive) {
        for text in values::texts(&output.value) {
            values::mask(step, name, &text);
        }
    }
}

/// The outputs that the root module declares as sensitive.
pub(crate) fn declared_sensitive(dir: &Path) -> Vec<String> {
    let files = dir.read_dir().into_iter().flatten().flatten().map(|entry| entry.path());
    let modules =
        files.filter(|path| path.file_name().is_some_and(|name| is_module_file(&name.to_string_lossy())));
    let texts = modules.filter_map(|path| disk::read_lossy_if_there(&path).ok().flatten());
    texts.flat_map(|text| sensitive_names(&text)).collect()
}

/// Rather one too many: what stands between an output and the next is searched for the word.
fn sensitive_names(text: &str) -> Vec<String> {
    if let Ok(json) = serde_json::from_str::<serde_json::Value>(text) {
        let outputs = json["output"].as_object().into_iter().flatten();
        let sensitive = outputs.filter(|(_, output)| output.to_string().contains("\"sensitive\":true"));
        return sensitive.map(|(name, _)| name.clone()).collect();
    }
    let Ok(begin) = Regex::new(r#"(?m)^\s*output\s+"([^"]+)""#) else { return Vec::new() };
    let starts: Vec<usize> = begin.find_iter(text).map(|found| found.start()).collect();
    let ends = starts.iter().skip(1).copied().chain([text.len()]);
    let blocks = starts.iter().zip(ends).map(|(start, end)| &text[*start..end]);
    let sensitive = blocks.filter(|block| block.contains("sensitive"));
    sensitive.filter_map(|block| Some(begin.captures(block)?[1].to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::sensitive_names;

    #[test]
    fn outputs_that_are_sensitive_are_known_by_the_text_of_their_blocks() {
        let hcl = "output \"a\" {\n value = 1\n}\noutput \"b\" {\n value = x.output\n sensitive = true\n}\n";
        let json = r#"{"output": {"c": {"value": 1, "sensitive": true}}}"#;
        assert_eq!(sensitive_names(hcl), ["b"]);
        assert_eq!(sensitive_names(json), ["c"]);
    }
}
