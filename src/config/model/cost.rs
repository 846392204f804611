//! `[cost]`: what resources cost, by prices of the project's own.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, de};
use serde_json::Value as Json;

use crate::text::money::Money;

/// What resources cost, for `plan --cost`. The prices are the project's own: nobody is asked, and nothing is sent anywhere
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Cost {
    /// The word behind amounts
    ///
    /// Example: `currency = "EUR"`
    pub currency: String,
    /// Prices by type of resource, and by attributes of it where they tell them apart (`a.b[0]` is written `a.b.0`); the
    /// first that fits counts. Those of the environment come after those of `defaults.toml`, and replace the ones they repeat
    ///
    /// Example: `prices = { "openstack_compute_instance_v2[flavor_name=b3-8]" = { hour = 0.07 } }`
    #[serde(default)]
    #[schemars(extend("propertyNames" = { "format": "priced" }))]
    pub prices: IndexMap<String, Price>,
    /// Types that cost nothing, `*` stands for any text. Data sources, and resources that are nowhere (of the
    /// providers `random`, `time`, `tls`, `local` and their like, and of terraform itself) cost nothing unless they have a price
    ///
    /// Example: `free = ["aws_iam_*", "aws_security_group*"]`
    #[serde(default)]
    pub free: Vec<String>,
}

/// What has a price: a type, and attributes that it must have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Priced {
    /// The type.
    pub(crate) kind: String,
    /// Attributes, and what they must be.
    pub(crate) having: Vec<(String, String)>,
}

impl Priced {
    pub(crate) fn parse(written: &str) -> Option<Priced> {
        let (kind, rest) = written.split_once('[').unwrap_or((written, "]"));
        let having = rest.strip_suffix(']')?;
        let is_type = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
        if kind.is_empty() || !kind.chars().all(is_type) || (written.contains('[') && having.is_empty()) {
            return None;
        }
        let pair = |pair: &str| {
            let (name, value) = pair.split_once('=')?;
            let (name, value) = (name.trim(), value.trim());
            (!name.is_empty()).then(|| (name.to_owned(), value.to_owned()))
        };
        let having = having.split(',').filter(|_| !having.is_empty()).map(pair).collect::<Option<_>>()?;
        Some(Priced { kind: kind.to_owned(), having })
    }
}

/// A price
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[schemars(extend("oneOf" = [{ "required": ["hour"] }, { "required": ["month"] }]))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Price {
    /// For an hour; a month has 730
    ///
    /// Example: `hour = 0.07`
    pub hour: Option<Amount>,
    /// For a month
    ///
    /// Example: `month = 4.50`
    pub month: Option<Amount>,
    /// What has to be known of it, shown beside it
    ///
    /// Example: `note = "without storage"`
    pub note: Option<String>,
}

impl Price {
    /// For a month.
    pub(crate) fn month(&self) -> Money {
        let by_hour = self.hour.map(|Amount(hour)| hour.for_a_month());
        by_hour.or(self.month.map(|Amount(month)| month)).unwrap_or_default()
    }
}

/// An amount: a decimal number, or the text of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Amount(pub(crate) Money);

impl Amount {
    /// What a value says; the digits are those that were written.
    fn of(value: &Json) -> Option<Amount> {
        match value {
            Json::String(text) => Money::parse(text),
            Json::Number(number) if !number.to_string().contains(['e', 'E']) => {
                Money::parse(&number.to_string())
            }
            Json::Number(number) => Money::parse(&number.as_f64()?.to_string()),
            _ => None,
        }
        .map(Amount)
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Json::deserialize(deserializer)?;
        Amount::of(&value).ok_or_else(|| de::Error::custom("not an amount"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_price_is_for_a_type_and_attributes_of_it() {
        let priced = Priced::parse("aws_instance[instance_type=t3.micro, root.0.type = gp3]").unwrap();
        assert_eq!(priced.kind, "aws_instance");
        let having = [("instance_type", "t3.micro"), ("root.0.type", "gp3")];
        assert_eq!(priced.having, having.map(|(name, value)| (name.to_owned(), value.to_owned())));
        assert_eq!(Priced::parse("aws_eip").unwrap().having, []);
        assert_eq!(Priced::parse("a[b=]").unwrap().having, [("b".to_owned(), String::new())]);
        for wrong in ["", "a[", "a[]", "a]", "a[b]", "a[b=c", "a[=c]", "a b", "aws_*", "a[b=c]d"] {
            assert_eq!(Priced::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn an_amount_is_what_was_written() {
        let amount = |value: Json| Amount::of(&value).map(|Amount(money)| money);
        assert_eq!(amount(serde_json::json!(0.07)), Money::parse("0.07"));
        assert_eq!(amount(serde_json::json!(41)), Money::parse("41"));
        assert_eq!(amount(serde_json::json!("0.10")), Money::parse("0.1"));
        assert_eq!(amount(serde_json::json!(0.000_000_1)), Money::parse("0.0000001"));
        for wrong in [
            serde_json::json!(-1),
            serde_json::json!("free"),
            serde_json::json!([1]),
            serde_json::json!(true),
        ] {
            assert_eq!(amount(wrong.clone()), None, "{wrong}");
        }
    }
}
