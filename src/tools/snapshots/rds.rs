//! Databases of RDS. A snapshot goes by its ARN, which ends in its name: tags are asked for by that.

use serde_json::{Value as Json, json};

use super::ebs::{aws, denied, is_unsure, of_tags, tags};
use super::{Cloud, New, gib, parsed, state, text};
use crate::exec::Cmd;
use crate::failure::Failure;
use crate::snapshots::away::{Marks, Thing};
use crate::tools::aws::who;

/// Databases of RDS, in this region.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rds(pub(crate) Option<String>);

/// An instance that never will be well without somebody.
const BROKEN: [&str; 8] = [
    "failed",
    "restore-error",
    "storage-full",
    "incompatible-network",
    "incompatible-option-group",
    "incompatible-parameters",
    "incompatible-restore",
    "inaccessible-encryption-credentials",
];

impl Rds {
    fn rds(&self, operation: &str) -> Cmd {
        aws(self.0.as_deref(), "rds", operation)
    }
}

fn name(arn: &str) -> &str {
    arn.rsplit(':').next().unwrap_or(arn)
}

impl Cloud for Rds {
    fn noun(&self) -> &'static str {
        "database"
    }

    fn create(&self, of: &str, name: &str, marks: &Marks, _: bool) -> Cmd {
        self.rds("create-db-snapshot")
            .args(["--db-instance-identifier", of, "--db-snapshot-identifier", name, "--tags"])
            .arg(tags(marks).to_string())
    }

    fn list(&self, _: &str, _: &str) -> Cmd {
        self.rds("describe-db-snapshots").args(["--snapshot-type", "manual"])
    }

    fn look(&self, id: &str) -> Cmd {
        self.rds("describe-db-snapshots").args(["--db-snapshot-identifier", name(id)])
    }

    fn read(&self, stdout: &[u8]) -> Result<Vec<Thing>, String> {
        let told = parsed(stdout)?;
        let one = |value: &Json| {
            let (word, progress) = (text(value, "/Status"), text(value, "/PercentProgress"));
            let is_on = !matches!(word.as_str(), "available" | "failed") && !progress.is_empty();
            Thing {
                id: text(value, "/DBSnapshotArn"),
                state: state(&word, &["available"], &["failed", "incompatible-restore"]),
                status: if is_on { format!("{word}, {progress}%") } else { word.clone() },
                bytes: gib(value, "/AllocatedStorage"),
                marks: of_tags(&value["TagList"]),
            }
        };
        Ok(match told["DBSnapshots"].as_array() {
            Some(all) => all.iter().map(one).collect(),
            None => vec![one(&told["DBSnapshot"])],
        })
    }

    fn mark(&self, id: &str, marks: &Marks) -> Cmd {
        self.rds("add-tags-to-resource").args(["--resource-name", id, "--tags"]).arg(tags(marks).to_string())
    }

    fn remove(&self, id: &str) -> Cmd {
        self.rds("delete-db-snapshot").args(["--db-snapshot-identifier", name(id)])
    }

    fn source(&self, of: &str) -> Option<Cmd> {
        Some(self.rds("describe-db-instances").args(["--db-instance-identifier", of]))
    }

    fn restore(&self, id: &str, new: &New<'_>) -> Cmd {
        // Without these it would come up in the default network, with the default settings.
        let source = &new.source["DBInstances"][0];
        let mut cmd = self.rds("restore-db-instance-from-db-snapshot").args([
            "--db-instance-identifier",
            new.name,
            "--db-snapshot-identifier",
            name(id),
        ]);
        let class = new.class.map_or_else(|| text(source, "/DBInstanceClass"), str::to_owned);
        for (flag, value) in [
            ("--db-instance-class", class),
            ("--db-subnet-group-name", text(source, "/DBSubnetGroup/DBSubnetGroupName")),
            ("--db-parameter-group-name", text(source, "/DBParameterGroups/0/DBParameterGroupName")),
        ] {
            if !value.is_empty() {
                cmd = cmd.args([flag.to_owned(), value]);
            }
        }
        let groups = source["VpcSecurityGroups"].as_array().into_iter().flatten();
        let groups: Vec<String> = groups.map(|group| text(group, "/VpcSecurityGroupId")).collect();
        if !groups.is_empty() {
            cmd = cmd.arg("--vpc-security-group-ids").args(groups);
        }
        let is_open = source["PubliclyAccessible"] == json!(true);
        cmd = cmd.arg(if is_open { "--publicly-accessible" } else { "--no-publicly-accessible" });
        cmd.arg("--tags").arg(tags(new.marks).to_string())
    }

    fn look_new(&self, id: &str) -> Cmd {
        self.rds("describe-db-instances").args(["--db-instance-identifier", id])
    }

    fn read_new(&self, stdout: &[u8]) -> Result<Vec<Thing>, String> {
        let told = parsed(stdout)?;
        let one = |value: &Json| {
            let status = text(value, "/DBInstanceStatus");
            Thing {
                id: text(value, "/DBInstanceIdentifier"),
                state: state(&status, &["available"], &BROKEN),
                status,
                bytes: gib(value, "/AllocatedStorage"),
                marks: of_tags(&value["TagList"]),
            }
        };
        Ok(match told["DBInstances"].as_array() {
            Some(all) => all.iter().map(one).collect(),
            None => vec![one(&told["DBInstance"])],
        })
    }

    fn remove_new(&self, id: &str) -> Cmd {
        let last = ["--skip-final-snapshot", "--delete-automated-backups"];
        self.rds("delete-db-instance").args(["--db-instance-identifier", id]).args(last)
    }

    fn switch(&self, of: &str, new: &str, _: &Json) -> Vec<String> {
        vec![
            format!(
                "switch: let the applications use the address of {new} (`aws rds describe-db-instances --db-instance-identifier \
                 {new}`), or rename both: `aws rds modify-db-instance --db-instance-identifier {of} --new-db-instance-identifier \
                 {of}-before --apply-immediately`, then {new} to {of}"
            ),
            format!(
                "tell terraform, if it has made {of}: `terraform state rm ADDRESS`, `terraform import ADDRESS {new}`"
            ),
        ]
    }

    fn explain(&self, tail: &str) -> Option<Failure> {
        who(tail, None)
    }

    fn advice(&self, of: &str, tail: &str) -> Option<String> {
        let said = |word: &str| tail.contains(word);
        if said("DBInstanceNotFound") {
            return Some(format!(
                "check `of` and the region: `aws rds describe-db-instances --db-instance-identifier {of}`"
            ));
        }
        if said("InvalidDBInstanceState") {
            return Some(format!(
                "wait until it is `available`: `aws rds wait db-instance-available --db-instance-identifier {of}`; one that is \
                 stopped has to be started"
            ));
        }
        if said("DBSnapshotAlreadyExists") {
            return Some("run it again: somebody has made one by this name in the same second".to_owned());
        }
        if said("SnapshotQuotaExceeded") || said("InstanceQuotaExceeded") || said("StorageQuotaExceeded") {
            return Some(
                "remove what is not needed (`infractl snapshot prune`), or ask AWS for a higher quota"
                    .to_owned(),
            );
        }
        denied(tail)
    }

    fn is_gone(&self, tail: &str) -> bool {
        tail.contains("DBSnapshotNotFound") || tail.contains("DBInstanceNotFound")
    }

    fn is_doubtful(&self, tail: &str) -> bool {
        // The name is ours alone: one that is there may be what an answer that got lost was about.
        tail.contains("DBSnapshotAlreadyExists") || is_unsure(tail)
    }
}
