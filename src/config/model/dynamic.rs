//! Inventories that plugins of ansible make, from what a cloud has.

/// A plugin of ansible, and what a file has to be called for it to take it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Plugin {
    /// Its name in full.
    pub name: &'static str,
    /// A word in the name of a file that is meant for it.
    word: &'static str,
    /// How such a file ends.
    pub ends: &'static [&'static str],
}

const fn plugin(name: &'static str, word: &'static str, ends: &'static [&'static str]) -> Plugin {
    Plugin { name, word, ends }
}

/// Those that look at the name of the file, as their `verify_file` does.
const PLUGINS: [Plugin; 7] = [
    plugin("amazon.aws.aws_rds", "rds", &["aws_rds.yml", "aws_rds.yaml"]),
    plugin("amazon.aws.aws_ec2", "aws", &["aws_ec2.yml", "aws_ec2.yaml"]),
    plugin("amazon.aws.aws_ec2", "ec2", &["aws_ec2.yml", "aws_ec2.yaml"]),
    plugin("azure.azcollection.azure_rm", "azure", &["azure_rm.yml", "azure_rm.yaml"]),
    plugin("openstack.cloud.openstack", "openstack", &["openstack.yml", "openstack.yaml"]),
    plugin(
        "google.cloud.gcp_compute",
        "gcp",
        &["gcp.yml", "gcp.yaml", "gcp_compute.yml", "gcp_compute.yaml"],
    ),
    plugin("hetzner.hcloud.hcloud", "hcloud", &["hcloud.yml", "hcloud.yaml"]),
];

/// The plugin that the name of a file means, and would not take it; none where all is well, or nobody knows.
pub(crate) fn misnamed(file: &str) -> Option<&'static Plugin> {
    let name = file.rsplit('/').next().unwrap_or(file);
    let stem = name.strip_suffix(".yml").or_else(|| name.strip_suffix(".yaml"))?;
    if PLUGINS.iter().any(|plugin| plugin.takes(name)) {
        return None;
    }
    let words: Vec<&str> = stem.split(|c: char| !c.is_ascii_alphanumeric()).collect();
    PLUGINS.iter().find(|plugin| words.contains(&plugin.word))
}

/// The plugin of this name, short or in full, if it looks at the names of its files.
pub(crate) fn plugin_named(name: &str) -> Option<&'static Plugin> {
    PLUGINS.iter().find(|plugin| plugin.name == name || plugin.name.rsplit('.').next() == Some(name))
}

impl Plugin {
    /// It takes a file of this name.
    pub(crate) fn takes(&self, name: &str) -> bool {
        self.ends.iter().any(|end| name.ends_with(end))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_its_plugin_would_not_take_is_known_by_its_name() {
        for name in ["aws.yml", "inventory/ec2.yaml", "aws_ec2_dev.yml", "azure.yml", "my-openstack-dev.yml"]
        {
            assert!(misnamed(name).is_some(), "{name}");
        }
        for name in [
            "aws_ec2.yml",
            "x/dev.aws_ec2.yaml",
            "inventory_aws_ec2.yml",
            "azure_rm.yml",
            "openstack.yml",
            "list.py",
            "proxmox.yml",
            "aws.sh",
            "dev.yml",
        ] {
            assert_eq!(misnamed(name), None, "{name}");
        }
        assert!(plugin_named("aws_ec2").is_some_and(|plugin| !plugin.takes("dev.yml")));
        assert_eq!(plugin_named("community.general.proxmox"), None);
    }
}
