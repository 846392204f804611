//! A service of ECS, looked at.

use serde_json::json;

use super::Reader;
use crate::failure::{Failure, Kind};
use crate::net::aws::{ECS, Wrong};
use crate::tools::aws::service::Service;
use crate::work::StepCx;

/// Where a service is.
#[derive(Debug)]
pub(crate) struct Place {
    pub reader: Reader,
    pub cluster: String,
    pub name: String,
}

impl Place {
    /// As AWS has it now; none if there is no such service.
    pub(crate) async fn asked(&self, step: &StepCx<'_>) -> Result<Option<Service>, Wrong> {
        let body = json!({ "cluster": self.cluster, "services": [self.name] });
        let answer = self.reader.ask(step, &ECS, "DescribeServices", &body).await?;
        Ok(Service::described(&answer))
    }

    /// The same; none is a failure.
    pub(crate) async fn look(&self, step: &StepCx<'_>) -> Result<Service, Failure> {
        match self.asked(step).await {
            Ok(found) => found.ok_or_else(|| self.missing()),
            Err(wrong) => Err(self.unseen(wrong)),
        }
    }

    /// There is no such service.
    pub(crate) fn missing(&self) -> Failure {
        let Place { reader, cluster, name } = self;
        let region = reader.region();
        let text =
            format!("AWS has no service `{name}` in the cluster `{cluster}` in {}", reader.said_region());
        Failure::new(Kind::Failed, text)
            .help(format!(
                "check the name, `cluster` and `region`: `aws ecs list-services --cluster {cluster} --region {region}`"
            ))
            .help("make the service first: infractl deploys services, it makes none")
    }

    /// AWS does not tell of it.
    pub(crate) fn unseen(&self, wrong: Wrong) -> Failure {
        let Place { reader, cluster, name } = self;
        match is_no_cluster(&wrong) {
            true => no_cluster(reader, cluster),
            false => wrong.failure(&format!("the service `{name}` could not be looked at")),
        }
    }
}

/// AWS does not know the cluster.
pub(crate) fn is_no_cluster(wrong: &Wrong) -> bool {
    wrong.code() == "ClusterNotFoundException"
}

/// There is no such cluster.
pub(crate) fn no_cluster(reader: &Reader, cluster: &str) -> Failure {
    let text = format!("AWS has no cluster `{cluster}` in {}", reader.said_region());
    Failure::new(Kind::Failed, text)
        .help(format!("check `cluster` and `region`: `aws ecs list-clusters --region {}`", reader.region()))
        .help("check the account: `aws sts get-caller-identity`")
}
