//! Several environments: what each depends on, and the order that follows from it.

use crate::config::foreign::{self, Named};
use crate::config::node::{Node, Place, Value};
use crate::config::project::Project;
use crate::config::source::{self, Parsed};
use crate::failure::{Failure, Kind, Problem};
use crate::text;

/// What can be said of an environment without checking it: for lists and graphs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Glance {
    /// Its name.
    pub name: String,
    /// One line for people.
    pub description: Option<String>,
    /// Whether destroying verbs ask for its name.
    pub protected: bool,
    /// Environments that must be applied before.
    pub depends_on: Vec<String>,
}

impl Project {
    /// A look at an environment that checks nothing but its syntax.
    pub fn glance(&self, name: &str) -> Result<Glance, Failure> {
        self.looked(name).map(|(glance, _)| glance)
    }

    /// Environments whose outputs an environment names; what is wrong with its files does not matter here.
    pub(crate) fn names_outputs_of(&self, name: &str) -> Vec<String> {
        let own = source::read(&self.root, &own_file(name), 1);
        self.foreign(&own).into_iter().map(|named| named.foreign.environment).collect()
    }

    /// The names in an order in which each comes after those it depends on, directly or through others; a circle
    /// is an error that shows each of its arrows. `destroy` wants the reverse.
    pub fn order(&self, names: &[String]) -> Result<Vec<String>, Failure> {
        let mut visit = Visit { project: self, way: Vec::new(), done: Vec::new() };
        for name in names {
            visit.environment(name)?;
        }
        visit.done.retain(|name| names.contains(name));
        Ok(visit.done)
    }

    /// The look, and for each dependency the problem to show when it closes a circle.
    fn looked(&self, name: &str) -> Result<(Glance, Vec<Problem>), Failure> {
        self.known(name)?;
        let own = source::read(&self.root, &own_file(name), 1);
        let problems: Vec<Problem> = self.defaults.problems.iter().chain(&own.problems).cloned().collect();
        if !problems.is_empty() {
            return Err(Failure::problems(Kind::Config, problems));
        }
        let get = |key| own.root.get(key).or_else(|| self.defaults.root.get(key));
        let items = get("depends-on").map(Node::list).unwrap_or_default();
        let named = items.iter().filter_map(|item| Some((item.text()?.to_owned(), item)));
        let files = [&self.defaults.source, &own.source];
        let arrow = |place: &Place, message| source::problem(files[place.file], place, message, Vec::new());
        let (mut depends_on, mut arrows): (Vec<String>, Vec<Problem>) = named
            .map(|(target, item)| {
                let message = format!("`{name}` depends on `{target}`");
                (target, arrow(&item.place, message))
            })
            .unzip();
        for named in self.foreign(&own) {
            let target = named.foreign.environment;
            if !depends_on.contains(&target) {
                arrows.push(arrow(&named.place, format!("`{name}` reads an output of `{target}`")));
                depends_on.push(target);
            }
        }
        let glance = Glance {
            name: name.to_owned(),
            description: get("description").and_then(Node::text).map(str::to_owned),
            protected: matches!(get("protected").map(|node| &node.value), Some(Value::Boolean(true))),
            depends_on,
        };
        Ok((glance, arrows))
    }

    /// The outputs of others that an environment names, all its files together.
    fn foreign(&self, own: &Parsed) -> Vec<Named> {
        let files = [&self.defaults.source, &own.source];
        if !files.iter().any(|source| source.text.contains(".output.")) {
            return Vec::new(); // most name none, and this is asked of each of a thousand
        }
        let mut merged = self.defaults.root.clone();
        merged.merge(own.root.clone());
        foreign::below(&merged, &files)
    }
}

fn own_file(name: &str) -> String {
    format!("environments/{name}/environment.toml")
}

struct Visit<'a> {
    project: &'a Project,
    /// The environments between the first one and this one, each with the arrow that leads on.
    way: Vec<(String, Problem)>,
    done: Vec<String>,
}

impl Visit<'_> {
    fn environment(&mut self, name: &str) -> Result<(), Failure> {
        if self.done.iter().any(|done| done == name) {
            return Ok(());
        }
        if let Some(start) = self.way.iter().position(|(seen, _)| seen == name) {
            let circle = &self.way[start..];
            let names = text::list(circle.iter().map(|(name, _)| name), "and");
            let arrows = circle.iter().map(|(_, arrow)| arrow.clone()).collect();
            let message = match circle.len() {
                1 => format!("{names} depends on itself"),
                _ => format!("{names} depend on each other in a circle"),
            };
            return Err(
                Failure::problems(Kind::Config, arrows).help(format!("remove one of these: {message}"))
            );
        }
        let (glance, arrows) = self.project.looked(name)?;
        for (target, arrow) in glance.depends_on.iter().zip(arrows) {
            self.project.known(target).map_err(|_| unknown(target, &arrow))?;
            self.way.push((name.to_owned(), arrow));
            self.environment(target)?;
            self.way.pop();
        }
        self.done.push(name.to_owned());
        Ok(())
    }
}

fn unknown(target: &str, arrow: &Problem) -> Failure {
    let message = format!("there is no environment `{target}`");
    let help = vec![format!("make the folder `environments/{target}`, or remove the name")];
    Failure::problems(Kind::Config, vec![Problem { message, place: arrow.place.clone(), help }])
}
