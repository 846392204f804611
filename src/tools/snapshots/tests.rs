//! What clouds are asked, and what they answer.

use serde_json::json;

use super::*;

fn marks() -> Marks {
    [("project".to_owned(), "shop".to_owned()), ("by".to_owned(), "ada, ops".to_owned())].into()
}

fn things(cloud: &dyn Cloud, text: &str) -> Vec<(String, State, String, Option<u64>)> {
    let all = cloud.read(text.as_bytes()).unwrap().into_iter();
    all.map(|thing| (thing.id, thing.state, thing.status, thing.bytes.map(|bytes| bytes / GIB))).collect()
}

#[test]
fn the_states_of_a_snapshot_are_told_apart() {
    let ebs = Ebs(None);
    let volume = |state: &str| {
        format!(
            r#"{{"Snapshots":[{{"SnapshotId":"snap-1","State":"{state}","Progress":"40%","VolumeSize":8}}]}}"#
        )
    };
    for (word, state, status) in [
        ("pending", State::Pending, "pending, 40%"),
        ("completed", State::Ready, "completed"),
        ("error", State::Failed, "error, 40%"),
    ] {
        let wanted = ("snap-1".to_owned(), state, status.to_owned(), Some(8));
        assert_eq!(things(&ebs, &volume(word)), [wanted], "{word}");
    }
    let one = r#"{"DBSnapshot":{"DBSnapshotArn":"arn:aws:rds:r:1:snapshot:a","Status":"creating","PercentProgress":7,"AllocatedStorage":10}}"#;
    let wanted =
        ("arn:aws:rds:r:1:snapshot:a".to_owned(), State::Pending, "creating, 7%".to_owned(), Some(10));
    assert_eq!(things(&Rds(None), one), [wanted]);
    // A list has the names of columns, and one has those of fields.
    let row =
        r#"[{"ID":"i","Status":"creating","Size":1,"Properties":{"infractl_project":"shop","other":"x"}}]"#;
    let read = Cinder(None).read(row.as_bytes()).unwrap();
    assert_eq!(
        (read[0].state, read[0].marks.len(), read[0].marks["project"].as_str()),
        (State::Pending, 1, "shop")
    );
    let one = r#"{"id":"i","status":"error_deleting","size":1,"properties":{}}"#;
    assert_eq!(Cinder(None).read(one.as_bytes()).unwrap()[0].state, State::Failed);
    for (text, state) in [
        (r#"{"id":"/s/a","provisioningState":"Succeeded","diskSizeGb":4}"#, State::Ready),
        (
            r#"{"id":"/s/a","provisioningState":"Succeeded","completionPercent":30.0,"diskSizeGb":4}"#,
            State::Pending,
        ),
        (r#"{"id":"/s/a","provisioningState":"Failed","diskSizeGb":4}"#, State::Failed),
    ] {
        assert_eq!(things(&Disk("g".into()), text)[0].1, state, "{text}");
    }
    for cloud in [&ebs as &dyn Cloud, &Rds(None), &Cinder(None), &Disk("g".into())] {
        assert!(cloud.read(b"oops").is_err() && cloud.read_new(b"").is_err());
    }
}

#[test]
fn tags_go_in_a_form_that_every_cloud_takes() {
    let line = |cmd: Cmd| cmd.args.join(" ");
    let of = line(Ebs(Some("eu-west-3".into())).create("vol-1", "n", &marks(), false));
    assert!(of.starts_with("--region eu-west-3 --output json ec2 create-snapshot --volume-id vol-1"), "{of}");
    assert!(of.contains(r#"{"Key":"infractl:by","Value":"ada=2C ops"}"#), "{of}");
    let of = line(Cinder(None).create("v", "n", &marks(), true));
    assert_eq!(
        of,
        "volume snapshot create -f json --volume v --force --property infractl_by=ada=2C ops --property infractl_project=shop n"
    );
    assert!(!line(Cinder(None).create("v", "n", &marks(), false)).contains("--force"));
    let of = line(Disk("g".into()).create("d", "n", &marks(), false));
    assert!(of.contains("snapshot create --resource-group g --name n --source d --incremental true"), "{of}");
    assert!(of.ends_with("--tags infractl:by=ada=2C ops infractl:project=shop"), "{of}");
    let of = line(Disk("g".into()).mark("/s/a", &marks()));
    assert!(of.ends_with("--output json --tags infractl:by=ada=2C ops infractl:project=shop"), "{of}");
    let told = br#"{"Snapshots":[{"Tags":[{"Key":"infractl:by","Value":"ada=2C ops"},{"Key":"Name","Value":"x"}]}]}"#;
    assert_eq!(Ebs(None).read(told).unwrap()[0].marks, [("by".to_owned(), "ada, ops".to_owned())].into());
}

#[test]
fn what_is_new_is_like_what_it_was_of() {
    let none = Marks::new();
    let line = |cloud: &dyn Cloud, id: &str, source: &Json| {
        cloud.restore(id, &New { name: "new", marks: &none, source, class: None }).args.join(" ")
    };
    let volume = json!({ "Volumes": [{ "AvailabilityZone": "z", "VolumeType": "gp2", "Iops": 100 }] });
    let text = line(&Ebs(None), "snap-1", &volume);
    assert!(
        text.contains("--availability-zone z --volume-type gp2 --tag") && !text.contains("--iops"),
        "{text}"
    );
    let volume = json!({ "Volumes": [{ "AvailabilityZone": "z", "VolumeType": "gp3", "Iops": 100, "Throughput": 125 }] });
    assert!(line(&Ebs(None), "snap-1", &volume).contains("--iops 100 --throughput 125"));
    let database = json!({ "DBInstances": [{ "DBInstanceClass": "c", "DBSubnetGroup": { "DBSubnetGroupName": "s" },
        "DBParameterGroups": [{ "DBParameterGroupName": "p" }], "VpcSecurityGroups": [{ "VpcSecurityGroupId": "sg" }] }] });
    let text = line(&Rds(None), "arn:aws:rds:r:1:snapshot:a", &database);
    assert!(
        text.contains("--db-snapshot-identifier a --db-instance-class c --db-subnet-group-name s"),
        "{text}"
    );
    assert!(text.contains("--vpc-security-group-ids sg --no-publicly-accessible"), "{text}");
    let disk = json!({ "sku": { "name": "Premium_LRS" }, "zones": ["2"] });
    let text = line(&Disk("g".into()), "/s/a", &disk);
    assert!(text.contains(" --source /s/a ") && text.contains(" --sku Premium_LRS --zone 2 "), "{text}");
}
