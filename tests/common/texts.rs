//! What changed in a text.

/// The lines that only the first text has, and those that only the second has.
pub(crate) fn differences(before: &[u8], after: &[u8]) -> (Vec<String>, Vec<String>) {
    let lines = |text: &[u8]| -> Vec<String> {
        String::from_utf8_lossy(text).split_inclusive('\n').map(str::to_owned).collect()
    };
    let (mut gone, mut new) = (Vec::new(), lines(after));
    for line in lines(before) {
        match new.iter().position(|other| *other == line) {
            Some(at) => drop(new.remove(at)),
            None => gone.push(line),
        }
    }
    (gone, new)
}

/// How many lines differ between two texts of the same number of lines.
#[track_caller]
pub(crate) fn changed_lines(before: &str, after: &str) -> usize {
    assert_eq!(before.lines().count(), after.lines().count());
    before.lines().zip(after.lines()).filter(|(old, new)| old != new).count()
}
