//! Which price a resource has.

use serde_json::Value as Json;

use super::Amount;
use crate::config::model::{Cost, Price, Priced};
use crate::text;

/// Providers whose resources are nowhere.
const NOWHERE: [&str; 8] =
    ["builtin/terraform", "/null", "/random", "/time", "/tls", "/local", "/archive", "/external"];

/// The prices of a project, in their order.
pub(super) struct Prices<'a> {
    all: Vec<(Priced, &'a Price)>,
    free: &'a [String],
}

/// A resource as it is, or as it will be.
pub(super) struct Side<'a> {
    pub(super) values: &'a Json,
    /// What is known after the apply, in the same form.
    pub(super) unknown: &'a Json,
    /// What nobody may see.
    pub(super) sensitive: &'a Json,
}

/// Whether an attribute is what a price asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fit {
    Yes,
    No,
    Unknown,
}

impl<'a> Prices<'a> {
    pub(super) fn of(cost: &'a Cost) -> Prices<'a> {
        let all = cost.prices.iter().filter_map(|(written, price)| Some((Priced::parse(written)?, price)));
        Prices { all: all.collect(), free: &cost.free }
    }

    /// What a resource costs, and what has to be known of that. The first price that fits counts; one that may fit hides
    /// those after it.
    pub(super) fn price(
        &self,
        kind: &str,
        provider: Option<&str>,
        side: &Side<'_>,
    ) -> (Amount, Option<&'a str>) {
        for (priced, price) in self.all.iter().filter(|(priced, _)| priced.kind == kind) {
            let fits = priced.having.iter().map(|(name, wanted)| side.fit(name, wanted));
            match fits.fold(Fit::Yes, Fit::and) {
                Fit::Yes => return (Amount::Known(price.month()), price.note.as_deref()),
                Fit::Unknown => return (Amount::Unknown, None),
                Fit::No => {}
            }
        }
        let is_nowhere = provider.is_some_and(|name| NOWHERE.iter().any(|end| name.ends_with(end)));
        let is_free = is_nowhere || self.free.iter().any(|pattern| text::matches(pattern, kind));
        (if is_free { Amount::Nothing } else { Amount::Unknown }, None)
    }
}

impl Fit {
    /// Both.
    fn and(self, other: Fit) -> Fit {
        match (self, other) {
            (Fit::No, _) | (_, Fit::No) => Fit::No,
            (Fit::Unknown, _) | (_, Fit::Unknown) => Fit::Unknown,
            (Fit::Yes, Fit::Yes) => Fit::Yes,
        }
    }
}

impl Side<'_> {
    /// What is sensitive is compared with nothing: a total would tell it.
    fn fit(&self, path: &str, wanted: &str) -> Fit {
        if marks(self.unknown, path) || marks(self.sensitive, path) {
            return Fit::Unknown;
        }
        let is_it = match at(self.values, path) {
            Some(Json::String(text)) => text == wanted,
            Some(Json::Number(number)) => number.to_string() == wanted,
            Some(Json::Bool(is)) => is.to_string() == wanted,
            _ => false,
        };
        if is_it { Fit::Yes } else { Fit::No }
    }
}

fn step<'a>(value: &'a Json, name: &str) -> Option<&'a Json> {
    match value {
        Json::Object(all) => all.get(name),
        Json::Array(all) => all.get(name.parse::<usize>().ok()?),
        _ => None,
    }
}

/// The value at `a.b.0`.
fn at<'a>(value: &'a Json, path: &str) -> Option<&'a Json> {
    path.split('.').try_fold(value, step)
}

/// Whether a tree of marks has one on the way to a value.
fn marks(tree: &Json, path: &str) -> bool {
    let mut place = Some(tree);
    for name in path.split('.') {
        if place == Some(&Json::Bool(true)) {
            return true;
        }
        place = place.and_then(|place| step(place, name));
    }
    place == Some(&Json::Bool(true))
}
