//! The AWS CLI: EC2 instances by their tag `Name` or their id, RDS databases by their identifier.

use serde_json::Value as Json;

use crate::exec::{Cmd, Io};
use crate::failure::{Failure, Kind};
use crate::tools::power::{Billed, Found, Goal, Is, list, text};

fn aws(region: Option<&str>) -> Cmd {
    let cmd = Cmd::new("aws").io(Io::Capture);
    region.map_or_else(|| cmd.clone(), |region| cmd.clone().args(["--region", region]))
}

/// Every instance that is not gone.
pub(crate) fn list_instances(region: Option<&str>) -> Cmd {
    let states = "Name=instance-state-name,Values=pending,running,shutting-down,stopping,stopped";
    aws(region).args(["ec2", "describe-instances", "--output", "json", "--filters", states])
}

/// Reads what [`list_instances`] prints.
pub(crate) fn parse_instances(stdout: &[u8]) -> Result<Vec<Found>, String> {
    let reservations = list(stdout, "/Reservations")?;
    let all = reservations.iter().flat_map(|reservation| {
        reservation.get("Instances").and_then(Json::as_array).cloned().unwrap_or_default()
    });
    Ok(all.map(|instance| of_instance(&instance)).collect())
}

fn of_instance(value: &Json) -> Found {
    let id = text(value, "/InstanceId").unwrap_or_default();
    let tags = value.get("Tags").and_then(Json::as_array).into_iter().flatten();
    let name = tags.filter(|tag| tag["Key"] == "Name").find_map(|tag| text(tag, "/Value"));
    let status = text(value, "/State/Name").unwrap_or_default();
    let (state, billed) = match status.as_str() {
        "running" => (Is::On, Billed::Yes),
        "stopped" => (Is::Released, Billed::Disk),
        "terminated" => (Is::Missing, Billed::No),
        _ => (Is::Changing, Billed::Yes),
    };
    let since = match state {
        Is::On => text(value, "/LaunchTime"),
        // "User initiated (2026-11-20 09:00:00 GMT)"
        _ => text(value, "/StateTransitionReason").and_then(|reason| {
            let inside = reason.split_once('(')?.1.split_once(')')?.0.trim_end_matches(" GMT");
            (!inside.is_empty()).then(|| format!("{}Z", inside.replace(' ', "T")))
        }),
    };
    let addresses = ["/PublicIpAddress", "/PrivateIpAddress"].iter().filter_map(|path| text(value, path));
    Found {
        name: name.unwrap_or_else(|| id.clone()),
        id,
        state,
        status,
        since,
        created: None,
        addresses: addresses.collect(),
        billed,
    }
}

/// Asks instances to stop or start: all of them or none.
pub(crate) fn ask_instances<'a>(
    region: Option<&str>,
    goal: Goal,
    ids: impl IntoIterator<Item = &'a str>,
) -> Cmd {
    let word = if goal == Goal::On { "start-instances" } else { "stop-instances" };
    aws(region).args(["ec2", word, "--output", "json", "--instance-ids"]).args(ids)
}

/// Every database.
pub(crate) fn list_databases(region: Option<&str>) -> Cmd {
    aws(region).args(["rds", "describe-db-instances", "--output", "json"])
}

/// Reads what [`list_databases`] prints.
pub(crate) fn parse_databases(stdout: &[u8]) -> Result<Vec<Found>, String> {
    Ok(list(stdout, "/DBInstances")?.iter().map(of_database).collect())
}

fn of_database(value: &Json) -> Found {
    let status = text(value, "/DBInstanceStatus").unwrap_or_default();
    let (state, billed) = match status.as_str() {
        "stopped" => (Is::Released, Billed::Disk),
        "failed" | "storage-full" | "restore-error" => (Is::Failed, Billed::Yes),
        status if status.starts_with("incompatible-") || status.starts_with("inaccessible-") => {
            (Is::Failed, Billed::Yes)
        }
        "starting"
        | "stopping"
        | "creating"
        | "deleting"
        | "rebooting"
        | "modifying"
        | "backing-up"
        | "maintenance"
        | "upgrading"
        | "renaming"
        | "configuring-enhanced-monitoring" => (Is::Changing, Billed::Yes),
        _ => (Is::On, Billed::Yes),
    };
    let name = text(value, "/DBInstanceIdentifier").unwrap_or_default();
    let address = text(value, "/Endpoint/Address").map(|host| match value.pointer("/Endpoint/Port") {
        Some(port) => format!("{host}:{port}"),
        None => host,
    });
    Found {
        id: name.clone(),
        name,
        state,
        status,
        since: None,
        created: text(value, "/InstanceCreateTime"),
        addresses: address.into_iter().collect(),
        billed,
    }
}

/// Asks one database to stop or start.
pub(crate) fn ask_database(region: Option<&str>, goal: Goal, name: &str) -> Cmd {
    let word = if goal == Goal::On { "start-db-instance" } else { "stop-db-instance" };
    aws(region).args(["rds", word, "--output", "json", "--db-instance-identifier", name])
}

/// What an error of the CLI means, where it is not about one machine.
pub(crate) fn explain(tail: &str) -> Option<Failure> {
    let said = |words: &str| tail.contains(words);
    let last = crate::text::last_line(tail);
    if said("must specify a region") {
        return Some(
            Failure::new(Kind::Config, last)
                .context("`aws` does not know the region")
                .help("add `region = \"…\"` to `[power]`, or set AWS_REGION"),
        );
    }
    if said("UnauthorizedOperation") || said("AccessDenied") {
        return Some(Failure::new(Kind::Failed, last).context("AWS does not allow it").help(
            "allow ec2:DescribeInstances, ec2:StopInstances, ec2:StartInstances, rds:DescribeDBInstances, \
                 rds:StopDBInstance and rds:StartDBInstance",
        ));
    }
    super::who(tail, None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instance_goes_by_its_tag_or_its_id() {
        let text = br#"{"Reservations":[{"Instances":[
            {"InstanceId":"i-1","State":{"Name":"running"},"LaunchTime":"2026-11-20T08:00:00+00:00","PublicIpAddress":"203.0.113.7","Tags":[{"Key":"Name","Value":"api"}]},
            {"InstanceId":"i-2","State":{"Name":"stopped"},"StateTransitionReason":"User initiated (2026-11-20 09:00:00 GMT)"}]}]}"#;
        let found = parse_instances(text).unwrap();
        assert!(found[0].is_called("api") && found[0].is_called("i-1"));
        assert_eq!((found[0].state, found[0].billed), (Is::On, Billed::Yes));
        assert_eq!(found[0].addresses, ["203.0.113.7"]);
        assert_eq!(
            (found[1].name.as_str(), found[1].state, found[1].billed),
            ("i-2", Is::Released, Billed::Disk)
        );
        assert_eq!(found[1].since.as_deref(), Some("2026-11-20T09:00:00Z"));
    }

    #[test]
    fn a_database_is_where_its_status_says() {
        let one = |status: &str| {
            let text = format!(
                r#"{{"DBInstances":[{{"DBInstanceIdentifier":"db","DBInstanceStatus":"{status}","Endpoint":{{"Address":"h","Port":5432}}}}]}}"#
            );
            parse_databases(text.as_bytes()).unwrap().remove(0)
        };
        assert_eq!(one("available").state, Is::On);
        assert_eq!(one("stopped").state, Is::Released);
        assert_eq!(one("stopping").state, Is::Changing);
        assert_eq!(one("incompatible-network").state, Is::Failed);
        assert_eq!(one("available").addresses, ["h:5432"]);
    }

    #[test]
    fn the_words_of_an_error_decide() {
        for (tail, kind) in [
            (
                "An error occurred (AuthFailure) when calling the DescribeInstances operation: AWS was not able",
                Kind::Failed,
            ),
            (
                "Unable to locate credentials. You can configure credentials by running \"aws configure\".",
                Kind::Failed,
            ),
            ("You must specify a region. You can also configure your region", Kind::Config),
            ("An error occurred (UnauthorizedOperation) when calling", Kind::Failed),
            ("Could not connect to the endpoint URL: \"http://127.0.0.1:9/\"", Kind::Failed),
        ] {
            assert_eq!(explain(tail).map(|failure| failure.kind), Some(kind), "{tail}");
        }
        assert!(explain("An error occurred (IncorrectInstanceState) when calling").is_none());
    }
}
