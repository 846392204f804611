//! Shares as weights of two records of Route 53. Resolvers remember a record for its TTL: that long after the change the old
//! share may still be seen.

use std::time::Duration;

use serde_json::{Value as Json, json};

use super::sides::{Ears, Sides, Written};
use super::weights::Weights;
use crate::failure::{Failure, Kind};
use crate::net::aws::ROUTE53;
use crate::steps::aws::change;
use crate::work::StepCx;

/// Its API is in one place for all regions.
const REGION: &str = "us-east-1";
/// How long resolvers remember an alias.
const ALIAS: u64 = 60;

/// Two records of a zone.
#[derive(Debug)]
pub(super) struct Zone {
    pub(super) zone: String,
    pub(super) record: String,
    pub(super) kind: String,
    pub(super) sides: Sides,
}

impl Zone {
    pub(super) fn shown(&self) -> String {
        format!("the records {} {}", self.record, self.kind)
    }

    fn failed(&self, wrong: crate::net::aws::Wrong, what: &str) -> Failure {
        wrong.failure(&format!("{} {what}", self.shown()))
    }

    /// The weighted records of that name.
    async fn records(&self, step: &StepCx<'_>) -> Result<Vec<Json>, Failure> {
        let input = json!({
            "HostedZoneId": self.zone, "StartRecordName": self.record, "StartRecordType": self.kind, "MaxItems": "100",
        });
        let answer = change(step, &ROUTE53, REGION, "ListResourceRecordSets", &input).await;
        let answer = answer.map_err(|wrong| self.failed(wrong, "could not be read"))?;
        Ok(named(&answer, &self.record, &self.kind))
    }

    pub(super) async fn read(&self, step: &StepCx<'_>) -> Result<Weights, Failure> {
        let records = self.records(step).await?;
        for side in [&self.sides.blue, &self.sides.green] {
            if !records.iter().any(|record| record["SetIdentifier"].as_str() == Some(side)) {
                let text = format!("{}: there is no weighted record `{side}`", self.shown());
                return Err(Failure::new(Kind::Failed, text)
                    .help("name the set identifiers of two weighted records in `blue` and `green`"));
            }
        }
        let there = records.iter().map(|record| {
            let weight = record["Weight"].as_u64().and_then(|weight| u32::try_from(weight).ok());
            (record["SetIdentifier"].as_str().unwrap_or_default(), weight.unwrap_or_default())
        });
        self.sides.count(there).map_err(|other| {
            let text =
                format!("{}: `{other}` gets something too, and is neither blue nor green", self.shown());
            Failure::new(Kind::Failed, text).help("give it the weight 0, or take it away")
        })
    }

    pub(super) async fn write(
        &self,
        step: &StepCx<'_>,
        wanted: Weights,
        ears: Ears,
    ) -> Result<Written, Failure> {
        let records = self.records(step).await?;
        let changes: Vec<Json> = records
            .iter()
            .filter_map(|record| {
                let weight = match record["SetIdentifier"].as_str()? {
                    side if side == self.sides.blue => wanted.blue,
                    side if side == self.sides.green => wanted.green,
                    _ => return None,
                };
                let mut record = record.clone();
                record["Weight"] = weight.into();
                Some(json!({ "Action": "UPSERT", "ResourceRecordSet": record }))
            })
            .collect();
        let comment = format!("infractl: {wanted}");
        let input = json!({
            "HostedZoneId": self.zone, "ChangeBatch": { "Comment": comment, "Changes": changes },
        });
        let answer = change(step, &ROUTE53, REGION, "ChangeResourceRecordSets", &input).await;
        let answer = answer.map_err(|wrong| self.failed(wrong, "were not changed"))?;
        let rest = if ears == Ears::Open { Duration::from_secs(ttl(&records)) } else { Duration::ZERO };
        Ok(Written { change: answer["ChangeInfo"]["Id"].as_str().map(str::to_owned), rest })
    }

    /// All servers of Route 53 know of the change.
    pub(super) async fn is_in_sync(&self, step: &StepCx<'_>, id: &str) -> Result<bool, Failure> {
        let id = id.trim_start_matches("/change/");
        let answer = change(step, &ROUTE53, REGION, "GetChange", &json!({ "Id": id })).await;
        let answer = answer.map_err(|wrong| {
            self.failed(wrong, "were changed, and whether that is everywhere is not known")
        })?;
        let status = answer["ChangeInfo"]["Status"].as_str().unwrap_or_default();
        step.progress(format!("change {id}: {status}"));
        Ok(status == "INSYNC")
    }
}

/// Those of a name and type that have a weight.
fn named(answer: &Json, record: &str, kind: &str) -> Vec<Json> {
    let bare = |name: &str| name.trim_end_matches('.').to_ascii_lowercase();
    let is_it = |one: &&Json| {
        one["Name"].as_str().map(bare) == Some(bare(record))
            && one["Type"] == kind
            && !one["Weight"].is_null()
    };
    answer["ResourceRecordSets"].as_array().into_iter().flatten().filter(is_it).cloned().collect()
}

/// How long the old answer is remembered.
fn ttl(records: &[Json]) -> u64 {
    let of = |record: &Json| record["TTL"].as_u64().unwrap_or(ALIAS);
    records.iter().map(of).max().unwrap_or(ALIAS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_known_by_name_and_type_and_are_remembered_for_their_ttl() {
        let answer = json!({ "ResourceRecordSets": [
            { "Name": "Api.example.com.", "Type": "A", "SetIdentifier": "blue", "Weight": 3, "TTL": 60 },
            { "Name": "api.example.com.", "Type": "A", "SetIdentifier": "green", "Weight": 0, "TTL": 300 },
            { "Name": "api.example.com.", "Type": "AAAA", "SetIdentifier": "blue", "Weight": 9 },
            { "Name": "www.example.com.", "Type": "A", "TTL": 900 },
        ] });
        let found = named(&answer, "api.example.com", "A");
        assert_eq!((found.len(), ttl(&found)), (2, 300));
        assert_eq!(ttl(&[json!({ "AliasTarget": {} })]), 60);
    }
}
