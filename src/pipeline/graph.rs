//! In which order environments are worked on. Pure.

use std::collections::{BTreeSet, HashMap};

use crate::failure::{Failure, Kind};

/// Which way dependencies point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// What others depend on comes first.
    Up,
    /// What others depend on comes last: destroying.
    Down,
    /// Nothing is waited for: only looking.
    Any,
}

/// Environments by number, and which have to be over before another may start.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Graph {
    /// In the order in which they may be worked on one after the other.
    pub order: Vec<usize>,
    /// For each, those that it waits for.
    pub before: Vec<Vec<usize>>,
    /// For each, those that wait for it.
    pub after: Vec<Vec<usize>>,
}

/// Orders the first `selected` of `names`; the others are only there to lead from one selected to another.
/// `depends` names, for each, the environments it depends on; names that are not there do not count.
pub fn graph(
    names: &[String],
    depends: &[Vec<String>],
    selected: usize,
    direction: Direction,
) -> Result<Graph, Failure> {
    let number: HashMap<&str, usize> =
        names.iter().enumerate().map(|(at, name)| (name.as_str(), at)).collect();
    let edges: Vec<Vec<usize>> = depends
        .iter()
        .map(|wanted| {
            let known: BTreeSet<usize> =
                wanted.iter().filter_map(|name| number.get(name.as_str()).copied()).collect();
            known.into_iter().collect()
        })
        .collect();
    let sorted = sorted(names, &edges)?;
    let mut before = vec![Vec::new(); selected];
    let mut after = vec![Vec::new(); selected];
    if direction != Direction::Any {
        for (one, reached) in nearest(&edges, &sorted, selected).into_iter().enumerate().take(selected) {
            for other in reached {
                let (first, second) = if direction == Direction::Up { (other, one) } else { (one, other) };
                before[second].push(first);
                after[first].push(second);
            }
        }
    }
    let mut order: Vec<usize> = match direction {
        Direction::Any => (0..selected).collect(),
        _ => sorted.into_iter().filter(|at| *at < selected).collect(),
    };
    if direction == Direction::Down {
        order.reverse();
    }
    Ok(Graph { order, before, after })
}

/// Dependencies first, else as they were; a circle is named.
fn sorted(names: &[String], edges: &[Vec<usize>]) -> Result<Vec<usize>, Failure> {
    #[derive(Clone, Copy, PartialEq)]
    enum Mark {
        New,
        Open,
        Done,
    }
    let mut marks = vec![Mark::New; names.len()];
    let mut order = Vec::with_capacity(names.len());
    for start in 0..names.len() {
        if marks[start] != Mark::New {
            continue;
        }
        // An own stack: a chain may be longer than the program's.
        let mut path = vec![(start, 0)];
        marks[start] = Mark::Open;
        while let Some((at, next)) = path.last_mut() {
            let Some(&to) = edges[*at].get(*next) else {
                marks[*at] = Mark::Done;
                order.push(*at);
                path.pop();
                continue;
            };
            *next += 1;
            match marks[to] {
                Mark::Done => {}
                Mark::New => {
                    marks[to] = Mark::Open;
                    path.push((to, 0));
                }
                Mark::Open => {
                    let circle = path.iter().map(|(at, _)| *at).skip_while(|at| *at != to).chain([to]);
                    let chain: Vec<String> = circle.map(|at| format!("`{}`", names[at])).collect();
                    return Err(Failure::new(
                        Kind::Config,
                        format!("environments depend on each other in a circle: {}", chain.join(" -> ")),
                    )
                    .help("take one of them out of a `depends-on`"));
                }
            }
        }
    }
    Ok(order)
}

/// For each, the selected ones it depends on, through others that are not selected.
fn nearest(edges: &[Vec<usize>], sorted: &[usize], selected: usize) -> Vec<BTreeSet<usize>> {
    let mut reached: Vec<BTreeSet<usize>> = vec![BTreeSet::new(); edges.len()];
    for &at in sorted {
        let mut found = BTreeSet::new();
        for &to in &edges[at] {
            if to < selected {
                found.insert(to);
            } else {
                found.extend(reached[to].iter().copied());
            }
        }
        reached[at] = found;
    }
    reached
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(all: &[&str]) -> Vec<String> {
        all.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn dependencies_come_first_and_last_when_destroying() {
        let all = names(&["app", "base", "db"]);
        let depends = vec![names(&["db", "base"]), vec![], names(&["base"])];
        let up = graph(&all, &depends, 3, Direction::Up).unwrap();
        assert_eq!(up.order, [1, 2, 0]);
        assert_eq!(up.before, [vec![1, 2], vec![], vec![1]]);
        let down = graph(&all, &depends, 3, Direction::Down).unwrap();
        assert_eq!(down.order, [0, 2, 1]);
        assert_eq!(down.before, [vec![], vec![0, 2], vec![0]]);
        let any = graph(&all, &depends, 3, Direction::Any).unwrap();
        assert_eq!((any.order, any.before), (vec![0, 1, 2], vec![vec![], vec![], vec![]]));
    }

    #[test]
    fn an_environment_that_is_not_selected_still_leads_from_one_to_another() {
        let all = names(&["app", "base", "middle"]);
        let depends = vec![names(&["middle"]), vec![], names(&["base"])];
        assert_eq!(graph(&all, &depends, 2, Direction::Up).unwrap().before, [vec![1], vec![]]);
    }

    #[test]
    fn a_circle_is_named_as_a_chain() {
        let all = names(&["a", "b", "c", "d"]);
        let depends = vec![names(&["b"]), names(&["c"]), names(&["d"]), names(&["b"])];
        let failure = graph(&all, &depends, 4, Direction::Any).unwrap_err();
        assert_eq!(failure.kind, Kind::Config);
        assert_eq!(
            failure.error.to_string(),
            "environments depend on each other in a circle: `b` -> `c` -> `d` -> `b`"
        );
        let own = graph(&names(&["a"]), &[names(&["a"])], 1, Direction::Up).unwrap_err();
        assert!(own.error.to_string().ends_with("`a` -> `a`"));
    }

    proptest::proptest! {
        #[test]
        fn every_order_has_dependencies_first(edges in proptest::collection::vec((0_usize..40, 0_usize..40), 0..120)) {
            let all: Vec<String> = (0..40).map(|at| format!("e{at}")).collect();
            let mut depends = vec![Vec::new(); 40];
            // From higher to lower numbers only: no circle.
            for (a, b) in edges.into_iter().filter(|(a, b)| a != b) {
                depends[a.max(b)].push(all[a.min(b)].clone());
            }
            for (direction, is_up) in [(Direction::Up, true), (Direction::Down, false)] {
                let found = graph(&all, &depends, 40, direction).unwrap();
                let mut place = [0; 40];
                found.order.iter().enumerate().for_each(|(at, one)| place[*one] = at);
                proptest::prop_assert_eq!(found.order.len(), 40);
                for (one, wanted) in depends.iter().enumerate() {
                    for name in wanted {
                        let other = all.iter().position(|known| known == name).unwrap();
                        proptest::prop_assert_eq!(place[other] < place[one], is_up);
                        let (first, second) = if is_up { (other, one) } else { (one, other) };
                        proptest::prop_assert!(found.before[second].contains(&first));
                        proptest::prop_assert!(found.after[first].contains(&second));
                    }
                }
            }
        }
    }
}
