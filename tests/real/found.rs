//! Machines that ansible finds by their tags: the real ansible and its collection for AWS, instances in moto.

use std::ffi::OsString;
use std::process::Command;

use crate::common::{CANARY, Sandbox, need, output};

/// Machines of this test in moto; the plugin finds them by a tag of its own.
struct Cloud {
    python: OsString,
    endpoint: String,
    tag: String,
}

const RUN: &str = r"
import boto3, sys
tag, name, role = sys.argv[1:]
ec2 = boto3.client('ec2')
image = ec2.describe_images()['Images'][0]['ImageId']
tags = [{'Key': key, 'Value': value} for key, value in (('Name', name), ('Role', role), ('Environment', tag))]
ec2.run_instances(ImageId=image, MinCount=1, MaxCount=1, TagSpecifications=[{'ResourceType': 'instance', 'Tags': tags}])
";

const STOP: &str = r"
import boto3, sys
ec2 = boto3.client('ec2')
found = ec2.describe_instances(Filters=[{'Name': 'tag:Environment', 'Values': [sys.argv[1]]}])
ids = [one['InstanceId'] for many in found['Reservations'] for one in many['Instances']]
if ids: ec2.terminate_instances(InstanceIds=ids)
";

impl Cloud {
    fn new(test: &str) -> Option<Cloud> {
        let python = need("ansible-aws")?;
        let endpoint = need("s3")?.into_string().unwrap();
        Some(Cloud { python, endpoint, tag: format!("{test}-{}", std::process::id()) })
    }

    fn python(&self, text: &str, args: &[&str]) {
        let mut command = Command::new(&self.python);
        command.args(["-c", text, &self.tag]).args(args);
        output(command.envs(self.vars("http")));
    }

    fn vars(&self, key: &str) -> [(&'static str, String); 4] {
        [
            ("AWS_ENDPOINT_URL", self.endpoint.clone()),
            ("AWS_ACCESS_KEY_ID", "test".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", key.to_owned()),
            ("AWS_DEFAULT_REGION", "eu-west-3".to_owned()),
        ]
    }

    fn runs(&self, name: &str, role: &str) {
        self.python(RUN, &[name, role]);
    }
}

impl Drop for Cloud {
    fn drop(&mut self) {
        self.python(STOP, &[]);
    }
}

fn project(cloud: &Cloud, inventory: &str) -> Option<Sandbox> {
    let project = Sandbox::empty().on_path(need("ansible-playbook")?);
    // The credentials are a secret of the environment: ansible gets them, and nobody else sees them.
    let project = project.with_secrets(&[("AWS_SECRET_ACCESS_KEY", &format!("{CANARY}key"))]);
    let [endpoint, id, _, region] = cloud.vars("");
    let project = [endpoint, id, region]
        .into_iter()
        .fold(project, |project, (name, value)| project.with_var(name, value));
    project.environment(
        "dev",
        &format!("[env-file]\nsections = []\n[inventory]\n{inventory}\n[inventory.groups.backend]\nvars = {{ port = 8080 }}\n[ansible]\nplaybook = \"ansible/site.yml\"\n"),
    );
    project.write("ansible/inventory/aws_ec2.yml", &plugin(&cloud.tag));
    project.write(
        "ansible/site.yml",
        "- hosts: backend\n  gather_facts: false\n  tasks:\n    - ansible.builtin.copy: { dest: \"{{ playbook_dir }}/../found\", content: \"{{ inventory_hostname }}:{{ port }}\\n\" }\n      delegate_to: localhost\n",
    );
    Some(project)
}

fn plugin(tag: &str) -> String {
    format!(
        "plugin: amazon.aws.aws_ec2\nregions: [eu-west-3]\nfilters:\n  tag:Environment: {tag}\n  instance-state-name: running\n\
         hostnames: [tag:Name]\nkeyed_groups:\n  - {{ key: tags.Role, prefix: '', separator: '' }}\nstrict: true\n"
    )
}

#[test]
fn a_group_without_its_machines_is_a_failure_before_the_playbook_and_not_nothing_to_do() {
    let Some(cloud) = Cloud::new("expected") else { return };
    let inventory = "dynamic = \"ansible/inventory/aws_ec2.yml\"\nexpect = { backend = 1 }";
    let Some(project) = project(&cloud, inventory) else { return };
    let none = project.infractl(&["deploy", "dev"]).code(1);
    none.says("`backend` has 0 machines, not 1")
        .says("no group has a machine")
        .says(&format!("tag:Environment: {}", cloud.tag))
        .never_says("keyed_groups");
    cloud.runs("w1", "worker");
    let run = project.infractl(&["deploy", "dev"]).code(1);
    run.says("`backend` has 0 machines, not 1").says("worker 1");
    assert!(!project.path("found").exists(), "the playbook ran");
    cloud.runs("b1", "backend");
    project.infractl(&["deploy", "dev"]).code(0);
    // What is found and what is written come together: the group has its variables.
    assert_eq!(project.read("found"), "b1:8080\n");
    let dry = project.infractl(&["deploy", "dev", "--dry-run"]).code(0);
    dry.prints("ansible-inventory --inventory").prints("ansible/inventory/aws_ec2.yml --list");
    project.assert_no_canary_on_disk();
}

#[test]
fn an_inventory_that_cannot_be_read_is_no_empty_one() {
    let Some(cloud) = Cloud::new("unread") else { return };
    let Some(project) = project(&cloud, "dynamic = \"ansible/inventory/aws_ec2.yml\"") else { return };
    // Without `expect` one machine is enough, whichever it is.
    project.infractl(&["deploy", "dev"]).code(1).says("`all` has 0 machines, not 1");
    cloud.runs("b1", "backend");
    project.infractl(&["deploy", "dev"]).code(0);
    project.write("ansible/inventory/aws_ec2.yml", &plugin(&cloud.tag).replace("tags.Role", "tags.Nothing"));
    project
        .infractl(&["deploy", "dev"])
        .code(1)
        .says("`ansible/inventory/aws_ec2.yml` could not be read: ")
        .says("tags.Nothing");
    std::fs::remove_file(project.path("ansible/inventory/aws_ec2.yml")).unwrap();
    project
        .infractl(&["deploy", "dev"])
        .code(78)
        .says("there is no inventory `ansible/inventory/aws_ec2.yml`");
    // Its plugin would take no file of this name, and ansible would go on.
    project.edit("environments/dev/environment.toml", "inventory/aws_ec2.yml", "inventory/cloud.yml");
    project.write("ansible/inventory/cloud.yml", &plugin(&cloud.tag));
    project
        .infractl(&["deploy", "dev"])
        .code(78)
        .says("the plugin `amazon.aws.aws_ec2` takes no file called `cloud.yml`")
        .says("`aws_ec2.yml` or `aws_ec2.yaml`");
    project.edit("environments/dev/environment.toml", "inventory/cloud.yml", "inventory/aws.yml");
    let run = project.infractl(&["validate", "dev"]).code(78);
    run.says("does not take a file of this name").says("environment.toml:");
}
