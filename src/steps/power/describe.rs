//! What a dry run says: the calls, with names where only the provider knows more.

use std::time::Duration;

use super::cloud::{Cloud, EVERY};
use super::names::Wanted;
use crate::text::duration;
use crate::tools::power::{Billed, Found, Goal, Is};

impl Cloud {
    /// What a dry run says.
    pub(super) fn describe(&self, names: &[Wanted], goal: Goal, limit: Duration) -> Vec<String> {
        let status = if goal == Goal::On { "SHUTOFF" } else { "ACTIVE" };
        let mut found: Vec<Found> = names.iter().map(|wanted| shown(self, &wanted.name, status)).collect();
        if let Cloud::Docker(Some(project)) = self {
            found.insert(0, shown(self, &format!("CONTAINERS-OF-{project}"), status));
        }
        let mut lines = vec![self.list().to_string()];
        lines.push(format!("# those that are not {} yet:", goal.done()));
        let orders = self.orders(goal, &found.iter().map(|one| (one.name.as_str(), one)).collect::<Vec<_>>());
        lines.extend(orders.iter().map(|(cmd, _)| cmd.to_string()));
        if *self == Cloud::Openstack && goal == Goal::On {
            lines.push(
                "# (`unshelve`, `resume` or `unpause` for those that were stopped in that way)".to_owned(),
            );
        }
        lines.push(format!(
            "# the list again every {}, until they are {}: {} at most",
            duration(EVERY),
            goal.done(),
            duration(limit)
        ));
        lines
    }

    /// What a dry run of `state` says.
    pub(super) fn describe_list(&self) -> String {
        self.list().to_string()
    }
}

fn shown(cloud: &Cloud, name: &str, status: &str) -> Found {
    let id = match cloud {
        Cloud::Ec2(_) if !name.starts_with("i-") => format!("ID-OF-{name}"),
        Cloud::Azure(_) => format!("ID-OF-{name}"),
        _ => name.to_owned(),
    };
    Found {
        name: name.to_owned(),
        id,
        state: Is::Changing,
        status: status.to_owned(),
        since: None,
        created: None,
        addresses: Vec::new(),
        billed: Billed::Unknown,
    }
}
