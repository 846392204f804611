//! What `ansible-inventory --list` prints: groups, and the hosts in them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

/// The hosts of each group that has some, those of its children included; none where it is no such document.
pub(crate) fn read(printed: &[u8]) -> Option<BTreeMap<String, BTreeSet<String>>> {
    let text = String::from_utf8_lossy(printed);
    let document: Json = serde_json::from_str(&text[text.find('{')?..]).ok()?;
    let groups = document.as_object()?;
    groups.get("_meta")?;
    let mut found = BTreeMap::new();
    for name in groups.keys().filter(|name| *name != "_meta") {
        let mut hosts = BTreeSet::new();
        collect(&document, name, &mut hosts, &mut BTreeSet::new());
        if !hosts.is_empty() {
            found.insert(name.clone(), hosts);
        }
    }
    Some(found)
}

fn collect<'a>(
    document: &'a Json,
    group: &'a str,
    hosts: &mut BTreeSet<String>,
    seen: &mut BTreeSet<&'a str>,
) {
    if !seen.insert(group) {
        return;
    }
    let names = |key: &str| document[group][key].as_array().into_iter().flatten().filter_map(Json::as_str);
    hosts.extend(names("hosts").map(str::to_owned));
    names("children").for_each(|child| collect(document, child, hosts, seen));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_has_the_hosts_of_its_children_once() {
        let text = br#"warning
            {"_meta": {"hostvars": {}}, "all": {"children": ["ungrouped", "a"]}, "a": {"children": ["b", "a"], "hosts": ["x"]},
             "b": {"hosts": ["x", "y"]}}"#;
        let found = read(text).unwrap();
        let counts: Vec<(&str, usize)> =
            found.iter().map(|(name, hosts)| (name.as_str(), hosts.len())).collect();
        assert_eq!(counts, [("a", 2), ("all", 2), ("b", 2)]);
        assert_eq!(read(br#"{"_meta": {}, "all": {"children": ["ungrouped"]}}"#).unwrap().len(), 0);
        assert_eq!(read(b"no"), None);
        assert_eq!(read(b"{}"), None);
    }
}
