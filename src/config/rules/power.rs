//! What a provider of `[power]` can do, and what it needs.

use crate::config::check::Issue;
use crate::config::node::Node;

/// Rules about `[power]`.
pub(super) fn rules(root: &Node, issues: &mut Vec<Issue>) {
    let Some(power) = root.get("power") else { return };
    let provider = power.get("provider");
    let databases_by = power.get("database-provider").or(provider);
    let by_command =
        [provider, databases_by].into_iter().flatten().find(|word| word.text() == Some("command"));
    if let Some(by_command) = by_command {
        for verb in ["stop", "start"] {
            if power.get(verb).is_none() {
                let message = format!("provider `command` needs `{verb}`");
                issues.push(Issue::new(
                    &by_command.place,
                    message,
                    format!("add `{verb} = \"…\"` to `[power]`"),
                ));
            }
        }
    }
    let name = |word: Option<&Node>| word.and_then(Node::text).unwrap_or_default().to_owned();
    if let Some(mode) = power.get("mode") {
        let fits = match name(Some(mode)).as_str() {
            "shelve" | "suspend" => name(provider) == "openstack",
            "deallocate" => name(provider) == "azure",
            _ => true,
        };
        if !fits && provider.is_some() {
            let message = format!("the provider `{}` cannot `{}`", name(provider), name(Some(mode)));
            issues.push(Issue::new(&mode.place, message, "remove `mode`"));
        }
    }
    let own = power.get("database-provider");
    if let Some(own) = own.filter(|own| !["aws", "command"].contains(&name(Some(own)).as_str())) {
        let message = format!("infractl cannot stop databases of `{}`", name(Some(own)));
        issues.push(Issue::new(&own.place, message, "write `aws` (RDS) or `command`"));
    } else if own.is_some_and(|own| own.text() == Some("command")) && name(provider) == "command" {
        let message = "`stop` and `start` stand for the machines already".to_owned();
        issues.push(Issue::new(
            &databases_by.unwrap_or(power).place,
            message,
            "let them stop the databases too, and remove this",
        ));
    } else if let Some(databases) = power.get("databases").filter(|all| !all.list().is_empty())
        && databases_by.is_some()
        && !["aws", "command"].contains(&name(databases_by).as_str())
    {
        let message = format!("infractl cannot stop databases of `{}`", name(databases_by));
        let help = "add `database-provider = \"command\"` with `stop` and `start`, or remove `databases`";
        issues.push(Issue::new(&databases.place, message, help));
    } else if let Some(databases) = power.get("databases").filter(|all| !all.list().is_empty())
        && name(databases_by) == "command"
        && own.is_none()
    {
        let message = "the commands stop what they name: `databases` means nothing to them".to_owned();
        issues.push(Issue::new(&databases.place, message, "remove `databases`"));
    }
}
