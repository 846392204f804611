//! What `[hosts]` says of a host, by its name or by that of one of its machines.

use super::Environment;
use super::model::Host;
use super::template::Template;

impl Environment {
    /// The host of this name, or the one that a machine of this name (`backend-2`) belongs to.
    pub(crate) fn host(&self, name: &str) -> Option<&Host> {
        self.hosts.get(name).or_else(|| {
            self.hosts.iter().find(|(host, _)| name.starts_with(&format!("{host}-"))).map(|(_, host)| host)
        })
    }

    /// The templates that say how to reach a host, those of its jump host included.
    pub(crate) fn host_templates(&self, name: &str) -> Vec<&Template> {
        let Some(host) = self.host(name) else { return Vec::new() };
        let given = [&host.user, &host.server, &host.host_key];
        let mut all: Vec<&Template> = vec![&host.address.0];
        all.extend(given.into_iter().flatten().map(|argument| &argument.0));
        if let Some(jump) = &host.jump {
            all.extend(self.host_templates(&jump.0));
        }
        all
    }
}
