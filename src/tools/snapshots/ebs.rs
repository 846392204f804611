//! Volumes of EC2.

use serde_json::{Value as Json, json};

use super::{Cloud, New, gib, parsed, program, state, text};
use crate::exec::Cmd;
use crate::failure::Failure;
use crate::snapshots::away::{Marks, PREFIX, Thing, read, written};
use crate::tools::aws::who;

/// Volumes of EC2, in this region.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ebs(pub(crate) Option<String>);

/// The `aws` program, for one service.
pub(super) fn aws(region: Option<&str>, service: &str, operation: &str) -> Cmd {
    let cmd = program("aws");
    let cmd = region.map_or_else(|| cmd.clone(), |region| cmd.clone().args(["--region", region]));
    cmd.args(["--output", "json", service, operation])
}

/// Tags as AWS writes them.
pub(super) fn tags(marks: &Marks) -> Json {
    marks
        .iter()
        .map(|(name, value)| json!({ "Key": format!("{PREFIX}{name}"), "Value": written(value) }))
        .collect()
}

/// Ours of a list of tags.
pub(super) fn of_tags(tags: &Json) -> Marks {
    let all = tags.as_array().into_iter().flatten();
    all.filter_map(|tag| {
        Some((tag["Key"].as_str()?.strip_prefix(PREFIX)?.to_owned(), read(tag["Value"].as_str()?)))
    })
    .collect()
}

/// What to allow, when AWS does not.
pub(super) fn denied(tail: &str) -> Option<String> {
    let operation = tail.split_once("when calling the ")?.1.split_once(" operation")?.0;
    let is_denied = tail.contains("UnauthorizedOperation") || tail.contains("AccessDenied");
    is_denied.then(|| format!("allow {operation} to whoever runs infractl"))
}

/// AWS may have done it, whatever it says.
pub(super) fn is_unsure(tail: &str) -> bool {
    let refused = tail.contains("An error occurred (");
    let broken = ["InternalError", "InternalFailure", "ServiceUnavailable", "RequestTimeout"];
    !refused || broken.iter().any(|word| tail.contains(word))
}

impl Ebs {
    fn ec2(&self, operation: &str) -> Cmd {
        aws(self.0.as_deref(), "ec2", operation)
    }
}

fn tagged(kind: &str, name: &str, marks: &Marks) -> String {
    let mut all = tags(marks);
    if let Some(all) = all.as_array_mut() {
        all.push(json!({ "Key": "Name", "Value": name }));
    }
    json!([{ "ResourceType": kind, "Tags": all }]).to_string()
}

impl Cloud for Ebs {
    fn noun(&self) -> &'static str {
        "volume"
    }

    fn create(&self, of: &str, name: &str, marks: &Marks, _: bool) -> Cmd {
        // One that is asked for twice is made twice: the program does not try again by itself.
        self.ec2("create-snapshot")
            .args(["--volume-id", of, "--description", name])
            .args(["--tag-specifications".to_owned(), tagged("snapshot", name, marks)])
            .env("AWS_MAX_ATTEMPTS", "1")
    }

    fn list(&self, project: &str, environment: &str) -> Cmd {
        let filters = [("project", project), ("environment", environment)].map(
            |(name, value)| json!({ "Name": format!("tag:{PREFIX}{name}"), "Values": [written(value)] }),
        );
        self.ec2("describe-snapshots")
            .args(["--owner-ids", "self", "--filters"])
            .arg(Json::from(filters.to_vec()).to_string())
    }

    fn look(&self, id: &str) -> Cmd {
        self.ec2("describe-snapshots").args(["--snapshot-ids", id])
    }

    fn read(&self, stdout: &[u8]) -> Result<Vec<Thing>, String> {
        let told = parsed(stdout)?;
        let one = |value: &Json| {
            let (word, progress) = (text(value, "/State"), text(value, "/Progress"));
            let status = match text(value, "/StateMessage") {
                why if !why.is_empty() => format!("{word}: {why}"),
                _ if progress.is_empty() || word == "completed" => word.clone(),
                _ => format!("{word}, {progress}"),
            };
            Thing {
                id: text(value, "/SnapshotId"),
                state: state(&word, &["completed"], &["error", "recoverable", "recovering"]),
                status,
                bytes: gib(value, "/VolumeSize"),
                marks: of_tags(&value["Tags"]),
            }
        };
        Ok(match told["Snapshots"].as_array() {
            Some(all) => all.iter().map(one).collect(),
            None => vec![one(&told)],
        })
    }

    fn mark(&self, id: &str, marks: &Marks) -> Cmd {
        self.ec2("create-tags").args(["--resources", id, "--tags"]).arg(tags(marks).to_string())
    }

    fn remove(&self, id: &str) -> Cmd {
        self.ec2("delete-snapshot").args(["--snapshot-id", id])
    }

    fn source(&self, of: &str) -> Option<Cmd> {
        Some(self.ec2("describe-volumes").args(["--volume-ids", of]))
    }

    fn needs_source(&self) -> bool {
        // A volume is in a zone.
        true
    }

    fn restore(&self, id: &str, new: &New<'_>) -> Cmd {
        let source = &new.source["Volumes"][0];
        let mut cmd = self.ec2("create-volume").args(["--snapshot-id", id]).env("AWS_MAX_ATTEMPTS", "1");
        let kind = text(source, "/VolumeType");
        let has_iops = ["io1", "io2", "gp3"].contains(&kind.as_str());
        for (flag, path, counts) in [
            ("--availability-zone", "/AvailabilityZone", true),
            ("--volume-type", "/VolumeType", true),
            ("--iops", "/Iops", has_iops),
            ("--throughput", "/Throughput", kind == "gp3"),
        ] {
            let value = text(source, path);
            if counts && !value.is_empty() {
                cmd = cmd.args([flag.to_owned(), value]);
            }
        }
        cmd.args(["--tag-specifications".to_owned(), tagged("volume", new.name, new.marks)])
    }

    fn look_new(&self, id: &str) -> Cmd {
        self.ec2("describe-volumes").args(["--volume-ids", id])
    }

    fn read_new(&self, stdout: &[u8]) -> Result<Vec<Thing>, String> {
        let told = parsed(stdout)?;
        let one = |value: &Json| {
            let status = text(value, "/State");
            Thing {
                id: text(value, "/VolumeId"),
                state: state(&status, &["available"], &["error", "deleting", "deleted"]),
                status,
                bytes: gib(value, "/Size"),
                marks: of_tags(&value["Tags"]),
            }
        };
        Ok(match told["Volumes"].as_array() {
            Some(all) => all.iter().map(one).collect(),
            None => vec![one(&told)],
        })
    }

    fn remove_new(&self, id: &str) -> Cmd {
        self.ec2("delete-volume").args(["--volume-id", id])
    }

    fn switch(&self, of: &str, new: &str, source: &Json) -> Vec<String> {
        let attached = &source["Volumes"][0]["Attachments"][0];
        let (instance, device) = (text(attached, "/InstanceId"), text(attached, "/Device"));
        let (instance, device) = match instance.is_empty() {
            true => ("INSTANCE".to_owned(), "DEVICE".to_owned()),
            false => (instance, device),
        };
        vec![
            format!(
                "switch: stop {instance}, `aws ec2 detach-volume --volume-id {of}`, `aws ec2 attach-volume --volume-id {new} \
                 --instance-id {instance} --device {device}`, start it again"
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
        if said("InvalidVolume.NotFound") || said("InvalidParameterValue") {
            return Some(format!("check `of` and the region: `aws ec2 describe-volumes --volume-ids {of}`"));
        }
        if said("InvalidSnapshot.InUse") {
            return Some("remove the image (AMI) that is made of it first, or leave it".to_owned());
        }
        if said("SnapshotLimitExceeded")
            || said("VolumeLimitExceeded")
            || said("PendingSnapshotLimitExceeded")
        {
            return Some(
                "remove what is not needed (`infractl snapshot prune`), or ask AWS for a higher limit"
                    .to_owned(),
            );
        }
        denied(tail)
    }

    fn is_gone(&self, tail: &str) -> bool {
        tail.contains("InvalidSnapshot.NotFound") || tail.contains("InvalidVolume.NotFound")
    }

    fn is_doubtful(&self, tail: &str) -> bool {
        is_unsure(tail)
    }
}
