//! The page as a rule of a load balancer that answers by itself. AWS takes 1,024 bytes, and no header of ours.

use serde_json::{Value as Json, json};

use super::page::{Page, Seen, text_at};
use crate::failure::{Failure, Kind};
use crate::net::aws::{ELB, Wrong};
use crate::steps::aws::{Reader, change};
use crate::work::StepCx;

/// The longest text that AWS takes.
const LONGEST: usize = 1024;

async fn ask(step: &StepCx<'_>, page: &Page<'_>, operation: &str, input: &Json) -> Result<Json, Failure> {
    let region = page.text(step, page.section.region.as_ref())?;
    let listener = page.text(step, page.section.listener.as_ref())?;
    let said = if region.is_empty() { listener.split(':').nth(3).unwrap_or_default() } else { &region };
    let reader = Reader::of(step, Some(said.to_owned()))?;
    change(step, &ELB, reader.region(), operation, input).await.map_err(|wrong: Wrong| {
        let is_taken = wrong.code() == "PriorityInUse";
        let failure = wrong.failure("AWS refuses");
        if is_taken {
            failure.help("give the page a `priority` that no other rule has, and that is lower")
        } else {
            failure
        }
    })
}

fn priority(page: &Page<'_>) -> u32 {
    page.section.priority.unwrap_or(1)
}

pub(super) async fn seen(step: &StepCx<'_>, page: &Page<'_>) -> Result<Seen, Failure> {
    let listener = page.text(step, page.section.listener.as_ref())?;
    let answer = ask(step, page, "DescribeRules", &json!({ "ListenerArn": listener })).await?;
    let priority = priority(page).to_string();
    let rules = answer["Rules"].as_array().into_iter().flatten();
    let own = rules.into_iter().find(|rule| {
        text_at(rule, "/Priority") == priority
            && text_at(rule, "/Actions/0/FixedResponseConfig/StatusCode") == "503"
    });
    Ok(match own {
        None => Seen::Off,
        Some(rule) => Seen::On {
            place: text_at(rule, "/RuleArn").to_owned(),
            is_as_wanted: text_at(rule, "/Actions/0/FixedResponseConfig/MessageBody") == page.body,
        },
    })
}

pub(super) async fn show(step: &StepCx<'_>, page: &Page<'_>, seen: &Seen) -> Result<(), Failure> {
    if page.body.len() > LONGEST {
        let text = format!("the page has {} bytes, and a load balancer takes {LONGEST}", page.body.len());
        return Err(
            Failure::new(Kind::Failed, text).help("make it shorter: a few words, and where to read more")
        );
    }
    let actions = json!([{ "Type": "fixed-response", "FixedResponseConfig": {
        "MessageBody": page.body, "StatusCode": "503", "ContentType": page.kind_of_body(),
    } }]);
    let (operation, input) = match seen {
        Seen::On { place, .. } => ("ModifyRule", json!({ "RuleArn": place, "Actions": actions })),
        Seen::Off => (
            "CreateRule",
            json!({
                "ListenerArn": page.text(step, page.section.listener.as_ref())?,
                "Priority": priority(page),
                "Conditions": [{ "Field": "path-pattern", "Values": ["/*"] }],
                "Actions": actions,
            }),
        ),
    };
    ask(step, page, operation, &input).await.map(|_| ())
}

pub(super) async fn hide(step: &StepCx<'_>, page: &Page<'_>, place: &str) -> Result<(), Failure> {
    ask(step, page, "DeleteRule", &json!({ "RuleArn": place })).await.map(|_| ())
}
