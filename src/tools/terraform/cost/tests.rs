use indexmap::IndexMap;
use serde_json::json;

use super::*;
use crate::config::model::Price;

/// Prices, as they stand in a file.
fn cost(prices: &[(&str, &str)], free: &[&str]) -> Cost {
    let price = |hour: &str| -> Price { serde_json::from_value(json!({ "hour": hour })).unwrap() };
    Cost {
        currency: "EUR".to_owned(),
        prices: prices.iter().map(|(key, hour)| ((*key).to_owned(), price(hour))).collect::<IndexMap<_, _>>(),
        free: free.iter().map(|kind| (*kind).to_owned()).collect(),
    }
}

#[expect(clippy::needless_pass_by_value, reason = "so its callers read as what they say")]
fn change(address: &str, actions: &[&str], before: Json, after: Json) -> Json {
    json!({
        "address": address, "mode": "managed", "type": address.split('.').next().unwrap(),
        "provider_name": "registry.terraform.io/hashicorp/x",
        "change": { "actions": actions, "before": before, "after": after },
    })
}

fn costs(cost: &Cost, changes: &[Json]) -> Costs {
    Costs::read(json!({ "resource_changes": changes }).to_string().as_bytes(), cost).unwrap()
}

fn vm(flavor: &str) -> Json {
    json!({ "flavor": flavor })
}

const PRICES: [(&str, &str); 3] = [("vm[flavor=big]", "0.07"), ("vm[flavor=small]", "0.01"), ("ip", "0.005")];

#[test]
fn what_comes_goes_and_stays_is_counted_by_instance() {
    let cost = cost(&PRICES, &[]);
    let all = [
        change("vm.a[0]", &["create"], Json::Null, vm("big")),
        change("vm.a[1]", &["create"], Json::Null, vm("big")),
        change("vm.b[\"x\"]", &["delete"], vm("small"), Json::Null),
        change("vm.c", &["delete", "create"], vm("small"), vm("big")),
        change("vm.d", &["create", "delete"], vm("big"), vm("small")),
        change("vm.e", &["update"], vm("small"), vm("small")),
        change("ip.f", &["no-op"], json!({}), json!({})),
        change("vm.g", &["forget"], vm("small"), Json::Null),
    ];
    let found = costs(&cost, &all);
    let shown = |amount| match amount {
        Amount::Known(money) => money.signed(),
        other => format!("{other:?}"),
    };
    let differences: Vec<String> = found.rows.iter().map(|row| shown(row.difference())).collect();
    assert_eq!(differences, ["+51.10", "+51.10", "-7.30", "+43.80", "-43.80", "0.00", "0.00", "0.00"]);
    assert_eq!(found.sum(), "cost: 178.85 EUR/month; before 83.95; difference +94.90\n", "{}", found.table());
    assert_eq!(found.is_dearer(Money::parse("94.89").unwrap()).unwrap(), "a month costs 94.90 EUR more");
    assert_eq!(found.is_dearer(Money::parse("94.90").unwrap()), None);
    let table = found.table();
    assert!(table.contains("unchanged: 1 resource") && !table.contains("ip.f"), "{table}");
}

#[test]
fn what_has_no_price_is_unknown_and_never_nothing() {
    let cost = cost(&PRICES, &["iam_*"]);
    let new = |address: &str, after: Json| change(address, &["create"], Json::Null, after);
    let found = costs(&cost, &[new("lb.a", json!({})), new("vm.b", vm("huge"))]);
    assert_eq!(
        found.sum(),
        "cost: unknown EUR/month, 2 unknown; before 0.00; difference unknown, 2 unknown\n"
    );
    let found = costs(&cost, &[new("lb.a", json!({})), new("vm.b", vm("big")), new("iam_role.c", json!({}))]);
    assert_eq!(
        found.sum(),
        "cost: ≥ 51.10 EUR/month, 1 unknown; before 0.00; difference +51.10, 1 unknown\n"
    );
    let json = found.json(str::to_owned);
    assert_eq!(json["after"], json!({ "known": "51.10", "unknown": 1 }));
    assert_eq!(json["resources"][0]["after"], Json::Null);
    assert_eq!(json["resources"].as_array().unwrap().len(), 2, "what is free is not there");
    assert!(costs(&cost, &[]).sum().contains("nothing in it costs anything"));
    // What stays has no difference, whatever it costs.
    let kept = costs(&cost, &[change("lb.a", &["no-op"], json!({}), json!({}))]);
    assert_eq!(
        kept.sum(),
        "cost: unknown EUR/month, 1 unknown; before unknown, 1 unknown; difference 0.00\n"
    );
}

#[test]
fn what_is_known_after_the_apply_or_nobody_may_see_is_unknown() {
    let cost = cost(&[("vm[flavor=big]", "0.07"), ("vm", "0.01")], &[]);
    let with = |key: &str, tree: Json| {
        let mut new = change("vm.a", &["create"], Json::Null, vm("big"));
        new["change"][key] = tree;
        costs(&cost, &[new]).rows[0].after
    };
    let known = Amount::Known(Money::parse("51.10").unwrap());
    assert_eq!(with("after_unknown", json!({ "flavor": true })), Amount::Unknown, "not the price behind it");
    assert_eq!(with("after_unknown", json!(true)), Amount::Unknown);
    assert_eq!(with("after_sensitive", json!({ "flavor": true })), Amount::Unknown);
    assert_eq!(with("after_unknown", json!({ "id": true })), known);
    assert_eq!(with("after_sensitive", json!(false)), known);
}

#[test]
fn attributes_may_be_deep_and_of_any_kind() {
    let disk = |size: Json| json!({ "disk": [{ "size": size, "ssd": true }] });
    let after = |key: &str, value: Json| {
        costs(&cost(&[(key, "1")], &[]), &[change("vm.a", &["create"], Json::Null, value)]).rows[0].after
    };
    let known = Amount::Known(Money::parse("730").unwrap());
    assert_eq!(after("vm[disk.0.size=50,disk.0.ssd=true]", disk(json!(50))), known);
    assert_eq!(after("vm[disk.0.size=50]", disk(json!("50"))), known);
    assert_eq!(after("vm[disk.0.size=50,disk.0.ssd=false]", disk(json!(50))), Amount::Unknown);
    for wrong in ["vm[disk.1.size=50]", "vm[disk.size=50]", "vm[disk=50]", "vm[none=null]"] {
        assert_eq!(after(wrong, disk(json!(50))), Amount::Unknown, "{wrong}");
    }
}

#[test]
fn what_is_nowhere_costs_nothing_unless_it_has_a_price() {
    let of = |provider: &str, prices: &[(&str, &str)]| {
        let mut new = change("terraform_data.a", &["create"], Json::Null, json!({}));
        new["provider_name"] = provider.into();
        costs(&cost(prices, &[]), &[new]).rows.len()
    };
    assert_eq!(of("terraform.io/builtin/terraform", &[]), 0);
    assert_eq!(of("registry.terraform.io/hashicorp/null", &[]), 0);
    assert_eq!(of("registry.opentofu.org/hashicorp/random", &[]), 0);
    assert_eq!(of("registry.terraform.io/hashicorp/aws", &[]), 1);
    assert_eq!(of("terraform.io/builtin/terraform", &[("terraform_data", "1")]), 1);
    let mut data = change("vm.a", &["read"], Json::Null, json!({}));
    data["mode"] = "data".into();
    assert_eq!(costs(&cost(&[], &[]), &[data]).rows, []);
}
