//! Where shares are kept: what shares the traffic out.

use std::time::Duration;

use super::Weights;
use super::alb::Alb;
use super::caddy::Caddy;
use super::own::Own;
use super::route53::Zone;
use super::sides::{Ears, Sides, Written};
use crate::config::model::{Argument, RouteKind};
use crate::failure::Failure;
use crate::work::StepCx;
use crate::work::values::Known;

/// What shares the traffic out.
#[derive(Debug)]
pub(super) enum Store {
    Caddy(Caddy),
    Alb(Alb),
    Route53(Zone),
    Own(Box<Own>),
}

impl Store {
    /// That of a route.
    pub(super) fn of(step: &StepCx<'_>, name: &str) -> Result<Store, Failure> {
        let known = if step.frame.is_dry {
            let traffic = super::Traffic {
                step: crate::config::model::TrafficStep {
                    route: crate::config::model::RouteName(name.to_owned()),
                    ..Default::default()
                },
                ..super::Traffic::default()
            };
            Known::shown(step, &traffic)
        } else {
            Known::of(step)
        };
        Store::known(step, &known, name)
    }

    /// The same by what is known.
    pub(super) fn known(step: &StepCx<'_>, known: &Known, name: &str) -> Result<Store, Failure> {
        let route = super::route(step.env, name)?;
        let text = |argument: &Option<Argument>| -> Result<String, Failure> {
            Ok(argument
                .as_ref()
                .map(|argument| known.argument(step, &argument.0))
                .transpose()?
                .unwrap_or_default())
        };
        let sides = Sides { blue: text(&route.blue)?, green: text(&route.green)? };
        Ok(match route.kind {
            RouteKind::Caddy => {
                let id = text(&route.id)?;
                let id = if id.is_empty() { name.to_owned() } else { id };
                Store::Caddy(Caddy::new(&text(&route.admin)?, &id, sides))
            }
            RouteKind::Alb => {
                let (listener, rule) = (text(&route.listener)?, text(&route.rule)?);
                Store::Alb(Alb { listener, rule, region: text(&route.region)?, sides })
            }
            RouteKind::Route53 => {
                let kind = route.r#type.clone().unwrap_or_else(|| "A".to_owned());
                Store::Route53(Zone { zone: text(&route.zone)?, record: text(&route.record)?, kind, sides })
            }
            RouteKind::Command => Store::Own(Box::new(Own::of(name, route)?)),
        })
    }

    /// What it is, for people.
    pub(super) fn shown(&self) -> String {
        match self {
            Store::Caddy(caddy) => caddy.shown(),
            Store::Alb(alb) => alb.shown(),
            Store::Route53(zone) => zone.shown(),
            Store::Own(own) => own.shown(),
        }
    }

    /// How long it may take until it is so.
    pub(super) fn patience(&self) -> Duration {
        Duration::from_secs(if matches!(self, Store::Route53(_)) { 300 } else { 60 })
    }

    /// The shares as they are.
    pub(super) async fn read(&self, step: &StepCx<'_>, ears: Ears) -> Result<Weights, Failure> {
        match self {
            Store::Caddy(caddy) => caddy.read(step, ears).await,
            Store::Alb(alb) => alb.read(step).await,
            Store::Route53(zone) => zone.read(step).await,
            Store::Own(own) => own.read(step, ears).await,
        }
    }

    /// Sets them.
    pub(super) async fn write(
        &self,
        step: &StepCx<'_>,
        wanted: Weights,
        ears: Ears,
    ) -> Result<Written, Failure> {
        match self {
            Store::Caddy(caddy) => caddy.write(step, wanted, ears).await,
            Store::Alb(alb) => alb.write(step, wanted).await,
            Store::Route53(zone) => zone.write(step, wanted, ears).await,
            Store::Own(own) => own.write(step, wanted, ears).await,
        }
        .map_err(|failure| failure.context(format!("the traffic at {} could not be changed", self.shown())))
    }

    /// Whether what was set counts everywhere.
    pub(super) async fn is_done(
        &self,
        step: &StepCx<'_>,
        written: &Written,
        ears: Ears,
    ) -> Result<bool, Failure> {
        match (self, &written.change) {
            // Whoever goes back has set it; nobody gains by waiting.
            (Store::Route53(zone), Some(change)) if ears == Ears::Open => zone.is_in_sync(step, change).await,
            _ => Ok(true),
        }
    }
}
