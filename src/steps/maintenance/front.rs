//! The page as a route of Caddy before all others. Nothing else of its configuration is touched: what was there is there when
//! the route is taken away.

use std::time::Duration;

use serde_json::{Value as Json, json};

use super::page::{Page, Seen};
use crate::failure::{Failure, Kind};
use crate::steps::traffic::Ears;
use crate::steps::traffic::caddy::Admin;
use crate::text::list;
use crate::work::StepCx;

/// When programs may ask again.
const RETRY: Duration = Duration::from_secs(600);

fn id(step: &StepCx<'_>) -> String {
    format!("infractl-maintenance-{}", step.env.name)
}

fn admin(step: &StepCx<'_>, page: &Page<'_>) -> Result<Admin, Failure> {
    Ok(Admin::at(&page.text(step, page.section.admin.as_ref())?))
}

pub(super) async fn seen(step: &StepCx<'_>, page: &Page<'_>) -> Result<Seen, Failure> {
    let place = format!("/id/{}", id(step));
    let wanted = route(step, page)?;
    Ok(match admin(step, page)?.get(step, &place, Ears::Open).await? {
        None => Seen::Off,
        Some(there) => Seen::On { is_as_wanted: there == wanted, place },
    })
}

pub(super) async fn show(step: &StepCx<'_>, page: &Page<'_>, seen: &Seen) -> Result<(), Failure> {
    let (admin, route) = (admin(step, page)?, route(step, page)?);
    if let Seen::On { place, .. } = seen {
        return admin.change(step, "PATCH", place, Some(&route), Ears::Open).await;
    }
    let servers = "/config/apps/http/servers";
    let all = admin.get(step, servers, Ears::Open).await?.unwrap_or_default();
    let name = server(step, page, &all)?;
    let routes = format!("{servers}/{name}/routes");
    if all[&name]["routes"].is_array() {
        admin.change(step, "PUT", &format!("{routes}/0"), Some(&route), Ears::Open).await
    } else {
        admin.change(step, "PUT", &routes, Some(&json!([route])), Ears::Open).await
    }
}

pub(super) async fn hide(step: &StepCx<'_>, page: &Page<'_>, place: &str) -> Result<(), Failure> {
    admin(step, page)?.change(step, "DELETE", place, None, Ears::Open).await
}

/// The server that is named, or the only one.
fn server(step: &StepCx<'_>, page: &Page<'_>, all: &Json) -> Result<String, Failure> {
    let names: Vec<&String> = all.as_object().into_iter().flat_map(|all| all.keys()).collect();
    let wanted = page.text(step, page.section.server.as_ref())?;
    match (wanted.as_str(), names.as_slice()) {
        ("", [only]) => Ok((*only).clone()),
        (_, []) => Err(Failure::new(Kind::Failed, "Caddy serves nothing: it has no server of HTTP")),
        ("", names) => Err(Failure::new(Kind::Failed, "Caddy has several servers")
            .help(format!("name one of {} by `server`", list(names, "or")))),
        (wanted, names) if names.iter().any(|name| *name == wanted) => Ok(wanted.to_owned()),
        (wanted, names) => Err(Failure::new(Kind::Failed, format!("Caddy has no server `{wanted}`"))
            .help(format!("name one of {} by `server`", list(names, "or")))),
    }
}

/// The route.
fn route(step: &StepCx<'_>, page: &Page<'_>) -> Result<Json, Failure> {
    let several = |all: &[crate::config::model::Argument]| -> Result<Vec<String>, Failure> {
        all.iter().map(|one| page.text(step, Some(one))).collect()
    };
    let (hosts, allow) = (several(&page.section.hosts)?, several(&page.section.allow)?);
    let retry = page.section.retry_after.map_or(RETRY, |period| period.0).as_secs();
    let kind = format!("{}; charset=utf-8", page.kind_of_body());
    let mut route = json!({
        "@id": id(step),
        "handle": [{
            "handler": "static_response",
            "status_code": 503,
            "headers": { "Retry-After": [retry.to_string()], "Content-Type": [kind], "Cache-Control": ["no-store"] },
            "body": page.body,
        }],
        "terminal": true,
    });
    let mut but = Vec::new();
    if !allow.is_empty() {
        but.push(json!({ "remote_ip": { "ranges": allow } }));
    }
    if !hosts.is_empty() {
        // Said twice no: for the hosts that a route names by itself Caddy would turn on HTTPS.
        but.push(json!({ "not": [{ "host": hosts }] }));
    }
    if !but.is_empty() {
        route["match"] = json!([{ "not": but }]);
    }
    Ok(route)
}
