//! Which environment may start next. Pure: it is told what started and how it ended.

use std::collections::BTreeSet;

use super::graph::Graph;

/// Where an environment is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// Not begun.
    Waiting,
    /// Under way.
    Running,
    /// Over, and well.
    Done,
    /// Over, and not well.
    Failed,
    /// Never begun, because this one failed.
    Skipped(usize),
    /// Never begun, because the user asked to stop.
    Stopped,
}

/// Environments on their way.
#[derive(Debug)]
pub(crate) struct Queue<'a> {
    graph: &'a Graph,
    keep_going: bool,
    states: Vec<State>,
    /// For each, how many it still waits for.
    missing: Vec<usize>,
    /// Those that may start, by their place in the order.
    ready: BTreeSet<usize>,
    /// For each, its place in the order.
    place: Vec<usize>,
}

impl<'a> Queue<'a> {
    /// Nothing has begun.
    pub(crate) fn new(graph: &'a Graph, keep_going: bool) -> Self {
        let mut place = vec![0; graph.order.len()];
        for (at, one) in graph.order.iter().enumerate() {
            place[*one] = at;
        }
        let missing: Vec<usize> = graph.before.iter().map(Vec::len).collect();
        let ready = graph.order.iter().filter(|one| missing[**one] == 0).map(|one| place[*one]).collect();
        Queue { graph, keep_going, states: vec![State::Waiting; place.len()], missing, ready, place }
    }

    /// The next one to start, if one may.
    pub(crate) fn start(&mut self) -> Option<usize> {
        let one = self.graph.order[self.ready.pop_first()?];
        self.states[one] = State::Running;
        Some(one)
    }

    /// One is over.
    pub(crate) fn ended(&mut self, one: usize, is_well: bool) {
        self.states[one] = if is_well { State::Done } else { State::Failed };
        if is_well {
            for &other in &self.graph.after[one] {
                self.missing[other] -= 1;
                if self.missing[other] == 0 && self.states[other] == State::Waiting {
                    self.ready.insert(self.place[other]);
                }
            }
        } else if self.keep_going {
            self.skip_dependents(one);
        } else {
            self.skip_rest(State::Skipped(one));
        }
    }

    /// Nothing starts any more.
    pub(crate) fn stop(&mut self) {
        self.skip_rest(State::Stopped);
    }

    /// Where each environment is.
    pub(crate) fn states(&self) -> &[State] {
        &self.states
    }

    fn skip_rest(&mut self, why: State) {
        self.ready.clear();
        for state in self.states.iter_mut().filter(|state| **state == State::Waiting) {
            *state = why;
        }
    }

    fn skip_dependents(&mut self, root: usize) {
        let mut open = vec![root];
        while let Some(one) = open.pop() {
            for &other in &self.graph.after[one] {
                if self.states[other] == State::Waiting {
                    self.states[other] = State::Skipped(root);
                    open.push(other);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::graph::{Direction, graph};
    use super::*;

    fn chain() -> Graph {
        let names: Vec<String> = ["a", "b", "c", "d"].map(str::to_owned).to_vec();
        // b and c wait for a; d waits for nobody
        let depends = vec![vec![], vec!["a".to_owned()], vec!["b".to_owned()], vec![]];
        graph(&names, &depends, 4, Direction::Up).unwrap()
    }

    #[test]
    fn the_first_failure_lets_nothing_else_start() {
        let graph = chain();
        let mut queue = Queue::new(&graph, false);
        assert_eq!(queue.start(), Some(0));
        queue.ended(0, false);
        assert_eq!(queue.start(), None);
        assert_eq!(queue.states(), [State::Failed, State::Skipped(0), State::Skipped(0), State::Skipped(0)]);
    }

    #[test]
    fn keep_going_skips_only_those_that_depend_on_it() {
        let graph = chain();
        let mut queue = Queue::new(&graph, true);
        assert_eq!(queue.start(), Some(0));
        queue.ended(0, false);
        assert_eq!(queue.start(), Some(3));
        queue.ended(3, true);
        assert_eq!(queue.start(), None);
        assert_eq!(queue.states(), [State::Failed, State::Skipped(0), State::Skipped(0), State::Done]);
    }

    #[test]
    fn after_an_interrupt_nothing_starts() {
        let graph = chain();
        let mut queue = Queue::new(&graph, true);
        queue.start();
        queue.stop();
        queue.ended(0, true);
        assert_eq!(queue.start(), None);
        assert_eq!(queue.states()[1], State::Stopped);
    }

    proptest! {
        #[test]
        fn none_starts_before_its_dependencies_and_all_come_to_an_end(
            edges in prop::collection::vec((0_usize..30, 0_usize..30), 0..90),
            picks in prop::collection::vec((any::<prop::sample::Index>(), prop::bool::weighted(0.9)), 60),
            jobs in 1_usize..6,
            keep_going in any::<bool>(),
            down in any::<bool>(),
        ) {
            let names: Vec<String> = (0..30).map(|at| format!("e{at}")).collect();
            let mut depends = vec![Vec::new(); 30];
            for (a, b) in edges.into_iter().filter(|(a, b)| a != b) {
                depends[a.max(b)].push(names[a.min(b)].clone());
            }
            let direction = if down { Direction::Down } else { Direction::Up };
            let graph = graph(&names, &depends, 30, direction).unwrap();
            let mut queue = Queue::new(&graph, keep_going);
            let mut running: Vec<usize> = Vec::new();
            let mut picks = picks.into_iter();
            loop {
                while running.len() < jobs {
                    let Some(one) = queue.start() else { break };
                    for before in &graph.before[one] {
                        prop_assert_eq!(queue.states()[*before], State::Done, "{} before {}", before, one);
                    }
                    running.push(one);
                }
                if running.is_empty() {
                    break;
                }
                let (pick, is_well) = picks.next().unwrap();
                let one = running.swap_remove(pick.index(running.len()));
                queue.ended(one, is_well);
            }
            for (one, state) in queue.states().iter().enumerate() {
                match state {
                    State::Done | State::Failed => {}
                    State::Skipped(root) => {
                        prop_assert_eq!(queue.states()[*root], State::Failed);
                        prop_assert!(!keep_going || graph.before[one].iter().any(|before| queue.states()[*before] != State::Done));
                    }
                    other => prop_assert!(false, "{one} ended as {other:?}"),
                }
            }
        }
    }
}
