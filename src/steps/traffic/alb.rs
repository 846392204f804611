//! Shares as weights of two target groups, in the action of a listener or rule of an application load balancer.

use serde_json::{Value as Json, json};

use super::sides::{Sides, Written};
use super::weights::Weights;
use crate::failure::{Failure, Kind};
use crate::net::aws::ELB;
use crate::steps::aws::{Reader, change};
use crate::work::StepCx;

/// A listener or a rule.
#[derive(Debug)]
pub(super) struct Alb {
    pub(super) listener: String,
    pub(super) rule: String,
    pub(super) region: String,
    pub(super) sides: Sides,
}

impl Alb {
    pub(super) fn shown(&self) -> String {
        match self.listener.as_str() {
            "" => format!("the rule {}", short(&self.rule)),
            listener => format!("the listener {}", short(listener)),
        }
    }

    /// Its ARN.
    fn arn(&self) -> &str {
        if self.listener.is_empty() { &self.rule } else { &self.listener }
    }

    /// That of the file, else that of its ARN, else as for everything at AWS.
    pub(super) fn region(&self, step: &StepCx<'_>) -> Result<String, Failure> {
        let said = if self.region.is_empty() { region_of(self.arn()) } else { &self.region };
        Ok(Reader::of(step, Some(said.to_owned()))?.region().to_owned())
    }

    /// Its actions as they are.
    async fn actions(&self, step: &StepCx<'_>) -> Result<Vec<Json>, Failure> {
        let region = self.region(step)?;
        let (operation, input, list, key) = if self.listener.is_empty() {
            ("DescribeRules", json!({ "RuleArns": [self.rule] }), "Rules", "Actions")
        } else {
            ("DescribeListeners", json!({ "ListenerArns": [self.listener] }), "Listeners", "DefaultActions")
        };
        let answer = change(step, &ELB, &region, operation, &input).await;
        let answer = answer.map_err(|wrong| wrong.failure(&format!("{} could not be read", self.shown())))?;
        Ok(answer[list][0][key].as_array().cloned().unwrap_or_default())
    }

    pub(super) async fn read(&self, step: &StepCx<'_>) -> Result<Weights, Failure> {
        let actions = self.actions(step).await?;
        let forward = actions.iter().find(|action| action["Type"] == "forward").ok_or_else(|| {
            let text = format!("{} forwards to no target group", self.shown());
            Failure::new(Kind::Failed, text).help("name a listener or rule whose action is `forward`")
        })?;
        self.sides.count(groups(forward)).map_err(|other| {
            let text =
                format!("{} forwards to {}, which is neither blue nor green", self.shown(), short(&other));
            Failure::new(Kind::Failed, text).help("name its target groups in `blue` and `green`")
        })
    }

    pub(super) async fn write(&self, step: &StepCx<'_>, wanted: Weights) -> Result<Written, Failure> {
        let actions: Vec<Json> =
            self.actions(step).await?.into_iter().map(|action| shared(action, &self.sides, wanted)).collect();
        let region = self.region(step)?;
        let (operation, input) = if self.listener.is_empty() {
            ("ModifyRule", json!({ "RuleArn": self.rule, "Actions": actions }))
        } else {
            ("ModifyListener", json!({ "ListenerArn": self.listener, "DefaultActions": actions }))
        };
        let answer = change(step, &ELB, &region, operation, &input).await;
        answer.map_err(|wrong| wrong.failure(&format!("{} was not changed", self.shown())))?;
        Ok(Written::default())
    }
}

/// The target groups of an action, each with its weight.
fn groups(forward: &Json) -> Vec<(&str, u32)> {
    let of =
        |group: &Json| group["Weight"].as_u64().and_then(|weight| u32::try_from(weight).ok()).unwrap_or(1);
    let several = forward["ForwardConfig"]["TargetGroups"].as_array().into_iter().flatten();
    let several: Vec<(&str, u32)> =
        several.filter_map(|group| Some((group["TargetGroupArn"].as_str()?, of(group)))).collect();
    match forward["TargetGroupArn"].as_str() {
        Some(only) if several.is_empty() => vec![(only, 1)],
        _ => several,
    }
}

/// The action as it has to be; everything else of it stays.
fn shared(mut action: Json, sides: &Sides, wanted: Weights) -> Json {
    if action["Type"] == "authenticate-oidc" {
        // AWS gives no secret away, and keeps it when it is asked to.
        action["AuthenticateOidcConfig"]["UseExistingClientSecret"] = true.into();
    }
    if action["Type"] != "forward" {
        return action;
    }
    action["ForwardConfig"]["TargetGroups"] = json!([
        { "TargetGroupArn": sides.blue, "Weight": wanted.blue },
        { "TargetGroupArn": sides.green, "Weight": wanted.green },
    ]);
    if let Some(action) = action.as_object_mut() {
        // With several target groups none stands outside of their list.
        action.remove("TargetGroupArn");
    }
    action
}

/// The region in an ARN.
fn region_of(arn: &str) -> &str {
    arn.split(':').nth(3).unwrap_or_default()
}

/// The end of an ARN, for people.
fn short(arn: &str) -> &str {
    arn.rsplit_once(':').map_or(arn, |(_, rest)| rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sides() -> Sides {
        Sides { blue: "arn:b".into(), green: "arn:g".into() }
    }

    #[test]
    fn weights_are_set_and_the_rest_of_the_action_stays() {
        let before = json!({
            "Type": "forward", "Order": 2, "TargetGroupArn": "arn:b",
            "ForwardConfig": { "TargetGroups": [{ "TargetGroupArn": "arn:b", "Weight": 1 }],
                "TargetGroupStickinessConfig": { "Enabled": true, "DurationSeconds": 60 } },
        });
        assert_eq!(sides().count(groups(&before)), Ok(Weights { blue: 1, green: 0 }));
        let after = shared(before, &sides(), Weights::of_green(5));
        assert_eq!(sides().count(groups(&after)), Ok(Weights { blue: 95, green: 5 }));
        assert_eq!((&after["Order"], &after["TargetGroupArn"]), (&json!(2), &Json::Null));
        assert_eq!(after["ForwardConfig"]["TargetGroupStickinessConfig"]["DurationSeconds"], 60);
    }

    #[test]
    fn a_single_target_group_gets_everything_and_a_third_one_is_named() {
        let one = json!({ "Type": "forward", "TargetGroupArn": "arn:g" });
        assert_eq!(sides().count(groups(&one)), Ok(Weights { blue: 0, green: 1 }));
        let third = json!({ "Type": "forward", "ForwardConfig": { "TargetGroups": [
            { "TargetGroupArn": "arn:x", "Weight": 1 }, { "TargetGroupArn": "arn:g", "Weight": 0 } ] } });
        assert_eq!(sides().count(groups(&third)), Err("arn:x".to_owned()));
    }

    #[test]
    fn a_login_before_it_keeps_its_secret() {
        let login = json!({ "Type": "authenticate-oidc", "AuthenticateOidcConfig": { "ClientId": "a" } });
        let after = shared(login, &sides(), Weights::of_green(5));
        assert_eq!(after["AuthenticateOidcConfig"]["UseExistingClientSecret"], true);
        assert_eq!(region_of("arn:aws:elasticloadbalancing:eu-west-3:1:listener/app/x/1/2"), "eu-west-3");
    }
}
