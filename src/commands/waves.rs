//! What is planned and asked about together. A plan that takes outputs of another environment can be made when that one is
//! as it shall be, not before.

use std::collections::BTreeMap;

/// Gathers the environments of a run: first those that read no outputs of others of the run, then those that read of
/// these alone, and so on; each in the order in which they came.
pub(crate) fn gathered<T>(
    all: Vec<T>,
    name: impl Fn(&T) -> &str,
    reads: impl Fn(&str) -> Vec<String>,
) -> Vec<Vec<T>> {
    let read: BTreeMap<String, Vec<String>> =
        all.iter().map(|one| (name(one).to_owned(), reads(name(one)))).collect();
    let mut waves: BTreeMap<usize, Vec<T>> = BTreeMap::new();
    for one in all {
        waves.entry(depth(name(&one), &read, read.len())).or_default().push(one);
    }
    waves.into_values().collect()
}

/// How many of the run come before this one, each for the next. Circles were refused before; `most` ends what is left
/// of them.
fn depth(name: &str, read: &BTreeMap<String, Vec<String>>, most: usize) -> usize {
    let before = read.get(name).into_iter().flatten().filter(|other| read.contains_key(*other));
    let depths = before.map(|other| if most == 0 { 0 } else { 1 + depth(other, read, most - 1) });
    depths.max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_reads_outputs_comes_after_whom_they_are_of() {
        let reads = |name: &str| match name {
            "app" => vec!["net".to_owned(), "elsewhere".to_owned()],
            "web" => vec!["app".to_owned(), "net".to_owned()],
            _ => Vec::new(),
        };
        let waves = |names: &[&'static str]| gathered(names.to_vec(), |name| name, reads);
        assert_eq!(waves(&["app", "lab", "net", "web"]), [vec!["lab", "net"], vec!["app"], vec!["web"]]);
        // What is not in the run is as it is.
        assert_eq!(waves(&["app", "lab"]), [["app", "lab"]]);
    }
}
