//! What a document says of scenarios: their names, what they are made of, and the document as one of them has it. Pure.

use std::collections::BTreeSet;

use indexmap::IndexMap;

use crate::config::chosen::{Because, Chosen, Up};
use crate::config::node::{Entry, Node, Place, Value};
use crate::failure::{Failure, Kind};
use crate::text;

/// The key of `[scenarios]` that names one of them.
pub(crate) const DEFAULT: &str = "default";

/// Which scenario is meant, as far as somebody has said so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asked<'a> {
    /// Nobody has: the one that is up, else the default.
    Nothing,
    /// The default, whatever is up: for what has to be the same everywhere.
    Usual,
    /// All of these: on the command line.
    Named(&'a [String]),
    /// All of these, where the environment has scenarios: from outside of this run.
    Handed(&'a [String]),
    /// As far as there is one of these names: what is chosen in other files of the same environment.
    Like(&'a [String]),
}

/// The names of scenarios.
pub(crate) fn names(root: &Node) -> impl Iterator<Item = &str> {
    let all = root.get("scenarios").and_then(Node::table).into_iter().flatten();
    all.filter(|(_, entry)| entry.node.table().is_some()).map(|(name, _)| name.as_str())
}

/// The names of components: those that scenarios have, and those that are declared.
pub(crate) fn components(root: &Node) -> BTreeSet<String> {
    let declared = root.get("components").and_then(Node::table).into_iter().flatten();
    let named = names(root).flat_map(|name| texts(root, name, "components"));
    declared.map(|(name, _)| name.clone()).chain(named.map(|node| node.1.to_owned())).collect()
}

/// The texts of a list of a scenario, with their places.
pub(crate) fn texts<'a>(root: &'a Node, scenario: &str, key: &str) -> Vec<(&'a Place, &'a str)> {
    let list = root.at(&["scenarios", scenario, key]).map(Node::list).unwrap_or_default();
    list.iter().filter_map(|node| Some((&node.place, node.text()?))).collect()
}

/// These and what they include, that first, each once. What goes in a circle is in it once as well.
pub(crate) fn with_included<S: AsRef<str>>(root: &Node, wanted: &[S]) -> Vec<String> {
    fn add(root: &Node, name: &str, above: &mut Vec<String>, all: &mut Vec<String>) {
        if all.iter().chain(above.iter()).any(|known| known == name) {
            return;
        }
        above.push(name.to_owned());
        for (_, included) in texts(root, name, "include") {
            add(root, included, above, all);
        }
        all.extend(above.pop());
    }
    let mut all = Vec::new();
    for name in wanted {
        add(root, name.as_ref(), &mut Vec::new(), &mut all);
    }
    all
}

/// The scenario that is meant; none where there are none. An error when somebody asked for one that is not there.
pub(crate) fn choose(
    root: &Node,
    environment: &str,
    asked: Asked<'_>,
    up: Option<&Up>,
) -> Result<Option<Chosen>, Failure> {
    let known: Vec<&str> = names(root).collect();
    if known.is_empty() {
        return match asked {
            Asked::Named([first, ..]) => {
                let message = format!("`{environment}` has no scenarios, and `{first}` is asked for");
                Err(Failure::new(Kind::Usage, message)
                    .help("leave `--scenario` out, or declare it: `[scenarios]` in its environment.toml"))
            }
            _ => Ok(None),
        };
    }
    let unknown = |names: &[String]| names.iter().find(|name| !known.contains(&name.as_str())).cloned();
    if let Asked::Named(names) | Asked::Handed(names) = asked
        && let Some(name) = unknown(names)
    {
        let failure = Failure::new(Kind::Usage, format!("`{environment}` has no scenario `{name}`"));
        return Err(match text::nearest(&name, &known) {
            Some(near) => failure.help(format!("did you mean `{near}`?")),
            None => failure,
        }
        .help(format!("use {}", text::list(&known, "or"))));
    }
    // What is missing is told by the rules.
    let default = root.at(&["scenarios", DEFAULT]).and_then(Node::text).unwrap_or(known[0]).to_owned();
    let was_up = up.map(|up| up.scenarios.clone()).filter(|names| !names.is_empty());
    let (names, because) = match (asked, &was_up) {
        (Asked::Named(names) | Asked::Handed(names), _) if !names.is_empty() => {
            (names.to_vec(), Because::Named)
        }
        (Asked::Like(names), _) if !names.is_empty() && unknown(names).is_none() => {
            (names.to_vec(), Because::Named)
        }
        (Asked::Usual, _) | (_, None) => (vec![default.clone()], Because::Default),
        (_, Some(names)) if unknown(names).is_none() => (names.clone(), Because::Up),
        (_, Some(_)) => (vec![default.clone()], Because::Lost),
    };
    let all = with_included(root, &names);
    let mut components: Vec<String> = Vec::new();
    for (_, component) in all.iter().flat_map(|name| texts(root, name, "components")) {
        if !components.iter().any(|known| known == component) {
            components.push(component.to_owned());
        }
    }
    Ok(Some(Chosen { names, all, components, because, default, up: was_up }))
}

/// Lays over the document what the scenario says: variables of its components, then its own, and the list of its
/// components where `components-var` wants it. Each value keeps the place where it stands.
pub(crate) fn lay(root: &mut Node, chosen: &Chosen) {
    let of = |section: &str, name: &String| root.at(&[section, name, "vars"]).cloned();
    let components = chosen.components.iter().filter_map(|name| of("components", name));
    let over: Vec<Node> =
        components.chain(chosen.all.iter().filter_map(|name| of("scenarios", name))).collect();
    for vars in over {
        if let Some(place) =
            table(root, "terraform", &vars.place).and_then(|terraform| table(terraform, "vars", &vars.place))
        {
            place.merge(vars);
        }
    }
    let Some(wanted) = root.at(&["terraform"]).and_then(|node| node.entry("components-var")).cloned() else {
        return;
    };
    let Some(name) = wanted.node.text().map(str::to_owned) else { return };
    let text = |name: &str| Node { place: wanted.node.place.clone(), value: Value::Text(name.to_owned()) };
    let list = Value::List(chosen.sorted().into_iter().map(text).collect());
    let node = Node { place: wanted.node.place.clone(), value: list };
    let terraform = table(root, "terraform", &wanted.key);
    if let Some(Node { value: Value::Table(vars), .. }) =
        terraform.and_then(|terraform| table(terraform, "vars", &wanted.key))
    {
        vars.insert(name, Entry { key: wanted.key, node });
    }
}

/// The table under a key, made where there is none; none where something else is there.
fn table<'a>(node: &'a mut Node, key: &str, place: &Place) -> Option<&'a mut Node> {
    let Value::Table(entries) = &mut node.value else { return None };
    let made = || Entry {
        key: place.clone(),
        node: Node { place: place.clone(), value: Value::Table(IndexMap::new()) },
    };
    let entry = entries.entry(key.to_owned()).or_insert_with(made);
    matches!(entry.node.value, Value::Table(_)).then_some(&mut entry.node)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::resolve::plain;
    use crate::config::source::{self, Source};

    const LAB: &str = r#"
        [terraform]
        vars = { region = "here", size = { a = 1, b = 2 } }
        components-var = "parts"
        [scenarios]
        default = "etl"
        etl = { components = ["minio", "airflow"], vars = { mode = "etl" } }
        serve = { include = ["etl"], components = ["trino", "minio"], vars = { mode = "serve" } }
        genai = { include = ["etl"], components = ["mcp"], vars = { gpu = true, size = { b = 3 } } }
        [components.trino]
        vars = { mode = "never seen", with_trino = true }
    "#;

    fn root(text: &str) -> Node {
        source::parse(Source { path: "x".into(), text: text.into() }, 0).root
    }

    fn named(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    fn chosen(names: &[&str]) -> Chosen {
        choose(&root(LAB), "lab", Asked::Named(&named(names)), None).unwrap().unwrap()
    }

    fn up(names: &[&str]) -> Up {
        Up { scenarios: named(names), ..Up::default() }
    }

    #[test]
    fn components_are_a_union_in_order_and_told_sorted() {
        let serve = chosen(&["serve"]);
        assert_eq!(serve.all, ["etl", "serve"]);
        assert_eq!(serve.components, ["minio", "airflow", "trino"]);
        assert_eq!(serve.list(), "airflow,minio,trino");
        let both = chosen(&["genai", "serve"]);
        assert_eq!((both.name().as_str(), both.all.join(" ")), ("genai+serve", "etl genai serve".into()));
        assert_eq!(both.list(), "airflow,mcp,minio,trino");
    }

    #[test]
    fn variables_are_laid_over_key_by_key_and_the_list_of_components_is_one() {
        let vars = |names: &[&str]| {
            let mut root = root(LAB);
            lay(&mut root, &chosen(names));
            plain(root.at(&["terraform", "vars"]).unwrap()).to_string()
        };
        assert_eq!(
            vars(&["etl"]),
            r#"{"region":"here","size":{"a":1,"b":2},"mode":"etl","parts":["airflow","minio"]}"#
        );
        assert_eq!(
            vars(&["serve"]),
            r#"{"region":"here","size":{"a":1,"b":2},"mode":"serve","with_trino":true,"parts":["airflow","minio","trino"]}"#
        );
        assert_eq!(
            vars(&["genai"]),
            r#"{"region":"here","size":{"a":1,"b":3},"mode":"etl","gpu":true,"parts":["airflow","mcp","minio"]}"#
        );
    }

    #[test]
    fn variables_make_their_table_where_there_is_none() {
        let text = "scenarios = { default = 'a', a = { vars = { x = 1 } } }";
        let mut root = root(text);
        let chosen = choose(&root, "lab", Asked::Nothing, None).unwrap().unwrap();
        lay(&mut root, &chosen);
        assert_eq!(plain(root.at(&["terraform", "vars"]).unwrap()).to_string(), r#"{"x":1}"#);
    }

    #[test]
    fn what_is_up_comes_before_the_default_and_what_is_asked_for_before_both() {
        let choose = |asked, up: Option<Up>| {
            let chosen = choose(&root(LAB), "lab", asked, up.as_ref()).unwrap().unwrap();
            (chosen.name(), chosen.because)
        };
        let names = named(&["genai"]);
        assert_eq!(choose(Asked::Nothing, None), ("etl".into(), Because::Default));
        assert_eq!(choose(Asked::Nothing, Some(up(&["serve"]))), ("serve".into(), Because::Up));
        assert_eq!(choose(Asked::Named(&names), Some(up(&["serve"]))), ("genai".into(), Because::Named));
        assert_eq!(choose(Asked::Usual, Some(up(&["serve"]))), ("etl".into(), Because::Default));
        assert_eq!(choose(Asked::Nothing, Some(up(&["gone"]))), ("etl".into(), Because::Lost));
        assert_eq!(choose(Asked::Nothing, Some(up(&[]))), ("etl".into(), Because::Default));
        let gone = named(&["gone"]);
        assert_eq!(choose(Asked::Like(&gone), Some(up(&["serve"]))), ("serve".into(), Because::Up));
    }

    #[test]
    fn what_is_not_there_is_said_with_what_is_near() {
        let wrong = named(&["serv"]);
        let failure = choose(&root(LAB), "lab", Asked::Named(&wrong), None).unwrap_err();
        assert_eq!(failure.kind, Kind::Usage);
        assert_eq!(failure.help, ["did you mean `serve`?", "use `etl`, `serve` or `genai`"]);
        let none = root("protected = true");
        assert_eq!(choose(&none, "dev", Asked::Named(&wrong), None).unwrap_err().kind, Kind::Usage);
        assert_eq!(choose(&none, "dev", Asked::Handed(&wrong), None).unwrap(), None);
        assert_eq!(choose(&none, "dev", Asked::Nothing, Some(&up(&["etl"]))).unwrap(), None);
    }

    #[test]
    fn a_circle_ends() {
        let root =
            root("scenarios = { default = 'a', a = { include = ['b'] }, b = { include = ['a', 'b'] } }");
        assert_eq!(with_included(&root, &["a"]), ["b", "a"]);
    }
}
