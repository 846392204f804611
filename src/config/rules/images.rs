//! Images: all are built at once.

use super::names::each_name;
use crate::config::check::Issue;
use crate::config::node::Node;
use crate::config::template::Name;

/// An image that is made of another would have to wait for it.
pub(super) fn rules(root: &Node, issues: &mut Vec<Issue>) {
    let Some(images) = root.get("images") else { return };
    each_name(images, &mut |place, name| {
        if matches!(name, Name::Image(_)) {
            let message = format!("images are built all at once: none can name `{name}`");
            issues.push(Issue::new(place, message, "make one a stage of the other's Dockerfile (`target`)"));
        }
    });
}
