//! Every odd file, in both programs.

use std::collections::BTreeMap;

use infractl::testing::sops::{Format, NewFile, Plain, Rule};

use super::odd_files::{DOTENV, JSON, Odd, Verdict, YAML};
use super::real::{Said, Sops, all, ending, open, printed, sealed, shown};
use crate::common::public;

/// What is wrong, if anything, with what both make of a text.
pub(crate) fn compare(
    sops: &Sops,
    name: &str,
    (text, verdict): Odd<'_>,
    format: Format,
    new: &NewFile,
) -> Result<(), String> {
    let show = |what: &str| {
        format!("{what}\n== text\n{}\n== {:?} mac only {}", shown(text), new.rule, new.mac_only_encrypted)
    };
    let theirs = sops.encrypt(&format!("{name}.{}", ending(format)), text, new);
    let ours = sealed(text, format, new);
    match (verdict, theirs.code == 0, ours.is_ok()) {
        (Verdict::Neither, false, false)
        | (Verdict::OursOnly, false, true)
        | (Verdict::SopsOnly, true, false)
        | (Verdict::Same | Verdict::SameData, true, true) => {}
        _ => {
            let ours = ours.map(drop);
            return Err(show(&format!(
                "expected {verdict:?}: sops {} {}, we {ours:?}",
                theirs.code, theirs.err
            )));
        }
    }
    let Ok((plain, file)) = ours else { return Ok(()) };
    let data = |plain: &Plain| plain.to_bytes(Format::Json).map(|text| text.to_vec()).ok();
    let place = format!("{name}-ours.{}", ending(format));
    let they_read = sops.decrypt(&place, &file);
    if they_read.code != 0 {
        return Err(show(&format!("sops cannot read ours: {}\n{}", they_read.err, shown(&file))));
    }
    let we_read = open(&file, format).map_err(|error| show(&format!("we cannot read ours: {error}")))?;
    let own = match verdict {
        Verdict::Same => Some(sops.decrypt(&format!("{name}-theirs.{}", ending(format)), &theirs.out)),
        _ => None,
    };
    // What it wrote and cannot read, such as keys of several lines in lists; only in YAML.
    if let Some(own) = own.as_ref().filter(|own| own.code != 0 && format != Format::Yaml) {
        return Err(show(&own.err));
    }
    let Some(own) = own.filter(|own| own.code == 0 && !is_misprinted(own, format)) else {
        let Some(ours) = data(&we_read) else { return Ok(()) };
        let theirs = sops.run(&["decrypt", "--output-type", "json", &place]).ok();
        if ours != theirs {
            return Err(show(&format!("sops reads ours as\n{}\n== we\n{}", shown(&theirs), shown(&ours))));
        }
        return Ok(());
    };
    let foreign = open(&theirs.out, format)
        .map_err(|error| show(&format!("we cannot read what sops wrote: {error}\n{}", shown(&theirs.out))))?;
    if format != Format::Json && labels(&theirs.out) != labels(&file) {
        return Err(show(&format!("other types:\n{}\n{}", shown(&theirs.out), shown(&file))));
    }
    for (who, other) in [
        ("sops prints ours", &they_read.out),
        ("we print ours", &printed(&we_read)),
        ("we print theirs", &printed(&foreign)),
        ("we print before it is encrypted", &printed(&plain)),
    ] {
        if !same(other, &own.out, format) {
            return Err(show(&format!(
                "{who}:\n{}\n== sops prints its own\n{}",
                shown(other),
                shown(&own.out)
            )));
        }
    }
    Ok(())
}

/// How often each type is in an encrypted file. In JSON sops has only floats before 3.13.2.
fn labels(file: &[u8]) -> BTreeMap<String, usize> {
    let text = String::from_utf8_lossy(file).into_owned();
    let mut count = BTreeMap::new();
    for part in text.split(",type:").skip(1) {
        *count.entry(part.split(']').next().unwrap_or_default().to_owned()).or_default() += 1;
    }
    count
}

/// The same bytes. In YAML a comment that a blank line parts from what it stands above may be printed below it.
fn same(ours: &[u8], theirs: &[u8], format: Format) -> bool {
    let sorted = |text: &[u8]| {
        let text = String::from_utf8_lossy(text).into_owned();
        let mut lines: Vec<_> = text.lines().map(|line| line.trim().to_owned()).collect();
        lines.sort();
        lines
    };
    ours == theirs || format == Format::Yaml && sorted(ours) == sorted(theirs)
}

/// True for YAML that does not say what is in the file: line breaks of YAML 1.1 are not escaped, the indentation of a
/// text that begins with a blank is wrong in lists, a comment without text becomes a value in lists, and comments far
/// from what they belong to are not decrypted.
fn is_misprinted(own: &Said, format: Format) -> bool {
    let text = String::from_utf8_lossy(&own.out);
    let empty = |line: &str| line.trim() == r#"- """#;
    format == Format::Yaml
        && (text.contains(['\u{85}', '\u{2028}', '\u{2029}'])
            || [": |4", "- |4", ",type:comment]"].iter().any(|part| text.contains(part))
            || text.lines().any(empty))
}

fn check(cases: &[Odd<'_>], format: Format) {
    let Some(sops) = Sops::new() else { return };
    let new = NewFile::for_recipients([public("a.txt")]);
    all(cases, |at, case| compare(&sops, &at.to_string(), *case, format, &new));
}

#[test]
fn odd_yaml_is_the_same_to_both() {
    check(YAML, Format::Yaml);
}

#[test]
fn odd_json_is_the_same_to_both() {
    check(JSON, Format::Json);
}

#[test]
fn odd_dotenv_is_the_same_to_both() {
    check(DOTENV, Format::Dotenv);
}

/// Nothing is encrypted: sops reads the text of the user itself.
#[test]
fn odd_yaml_in_clear_is_the_same_to_both() {
    let Some(sops) = Sops::new() else { return };
    let mut new = NewFile::for_recipients([public("a.txt")]);
    new.rule = Some(Rule::EncryptedRegex("^nothing is called so$".to_owned()));
    // In clear it would be read back as 0, and is refused.
    let kept = |(text, verdict): &&Odd<'_>| {
        matches!(verdict, Verdict::Same | Verdict::OursOnly) && !text.starts_with(b"a: -0.0")
    };
    let cases: Vec<Odd<'_>> = YAML.iter().filter(kept).copied().collect();
    all(&cases, |at, case| compare(&sops, &format!("clear-{at}"), *case, Format::Yaml, &new));
}
