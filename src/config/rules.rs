//! What no shape can say: options that belong to one kind only, names that must not go in a circle.

use crate::config::check::Issue;
use crate::config::node::Node;

/// Rules about one file.
pub(crate) fn file(_root: &Node) -> Vec<Issue> {
    Vec::new()
}

/// Rules about the merged document of an environment.
pub(crate) fn document(_root: &Node, _environment: &str) -> Vec<Issue> {
    Vec::new()
}
