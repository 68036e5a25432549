//! The orders, and where each of them should go. The hub has no part in this: a filter policy and the condition
//! beside it say the same thing twice, once to the hub and once to the check.

use std::collections::BTreeMap;

use serde_json::{Value, json};

/// A queue of the shop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Place {
    Inventory,
    Payment,
    Shipping,
    DeadLetters,
}

impl Place {
    pub(super) const ALL: [Self; 4] = [Self::Inventory, Self::Payment, Self::Shipping, Self::DeadLetters];

    /// The name of the queue.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Inventory => "inventory",
            Self::Payment => "payment",
            Self::Shipping => "shipping",
            Self::DeadLetters => "payment-dead-letters",
        }
    }

    /// What it is there for.
    pub(super) fn purpose(self) -> &'static str {
        match self {
            Self::Inventory => "things, by attribute",
            Self::Payment => "amount > 0, by attribute",
            Self::Shipping => "things to AT, CH or DE, by body",
            Self::DeadLetters => "refused by payment 3 times",
        }
    }
}

/// How often payment may try an order.
pub(super) const PAYMENT_TRIES: u32 = 3;

/// A queue that is subscribed to the topic.
pub(super) struct Department {
    pub(super) place: Place,
    pub(super) scope: &'static str,
    pub(super) policy: &'static str,
    /// Whether it gets the order alone, or in the envelope that tells of topic and subscription.
    pub(super) is_raw: bool,
    /// What the policy says.
    pub(super) wants: fn(&Order) -> bool,
}

pub(super) const DEPARTMENTS: [Department; 3] = [
    Department {
        place: Place::Inventory,
        scope: "MessageAttributes",
        policy: r#"{"kind": ["thing"]}"#,
        is_raw: true,
        wants: |order| order.kind == Kind::Thing,
    },
    Department {
        place: Place::Payment,
        scope: "MessageAttributes",
        policy: r#"{"amount": [{"numeric": [">", 0]}]}"#,
        is_raw: false,
        wants: |order| order.cents > 0,
    },
    Department {
        place: Place::Shipping,
        scope: "MessageBody",
        policy: r#"{"kind": ["thing"], "destination": {"country": ["AT", "CH", "DE"]}}"#,
        is_raw: true,
        wants: |order| order.country.is_some_and(|country| ["AT", "CH", "DE"].contains(&country)),
    },
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Has to be taken from a shelf and sent.
    Thing,
    /// A download; it has no destination.
    File,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Order {
    pub(super) id: String,
    pub(super) kind: Kind,
    pub(super) cents: u32,
    pub(super) country: Option<&'static str>,
    /// The bank will never pay this one.
    pub(super) is_declined: bool,
}

impl Order {
    /// The orders vary in several ways at once, by numbers without a common divisor, so that all mixtures occur.
    fn new(number: u32) -> Self {
        let kind = if number.is_multiple_of(3) { Kind::File } else { Kind::Thing };
        let country = match (kind, number % 5) {
            (Kind::File, _) => None,
            (Kind::Thing, 0) => Some("AT"),
            (Kind::Thing, 1 | 2) => Some("DE"),
            (Kind::Thing, 3) => Some("JP"),
            (Kind::Thing, _) => Some("CH"),
        };
        let cents = if number.is_multiple_of(7) { 0 } else { 499 + number * 25 };
        Self {
            id: format!("order-{number:05}"),
            kind,
            cents,
            country,
            is_declined: cents > 0 && number % 41 == 20,
        }
    }

    pub(super) fn kind_name(&self) -> &'static str {
        match self.kind {
            Kind::Thing => "thing",
            Kind::File => "file",
        }
    }

    pub(super) fn amount(&self) -> String {
        format!("{}.{:02}", self.cents / 100, self.cents % 100)
    }

    /// The text that is published.
    pub(super) fn body(&self) -> String {
        let mut body = json!({
            "order": self.id,
            "kind": self.kind_name(),
            "amount": self.amount(),
            "card": if self.is_declined { "declined" } else { "good" },
        });
        if let (Some(country), Some(body)) = (self.country, body.as_object_mut()) {
            body.insert("destination".to_owned(), json!({ "country": country }));
        }
        body.to_string()
    }

    /// Where the order should go, dead letters included.
    pub(super) fn places(&self) -> Vec<Place> {
        let wanted = DEPARTMENTS
            .iter()
            .filter(|department| (department.wants)(self))
            .map(|department| department.place);
        let dead = self.is_declined.then_some(Place::DeadLetters);
        wanted.chain(dead).collect()
    }
}

/// All orders of a run.
pub(super) struct Story {
    pub(super) orders: BTreeMap<String, Order>,
}

impl Story {
    pub(super) fn new(count: u32) -> Self {
        let orders = (1..=count).map(Order::new);
        Self { orders: orders.map(|order| (order.id.clone(), order)).collect() }
    }

    /// How many orders should come to a place.
    pub(super) fn expected(&self, place: Place) -> usize {
        let comes = |order: &&Order| order.places().contains(&place);
        self.orders.values().filter(comes).count()
    }

    /// How many of them should be processed there.
    pub(super) fn processable(&self, place: Place) -> usize {
        let is_refused = |order: &&Order| place == Place::Payment && order.is_declined;
        self.expected(place) - self.orders.values().filter(is_refused).count()
    }

    /// The order that a body is about, and whether the body is what was published.
    pub(super) fn recognise(&self, body: &str) -> (String, bool) {
        let id = serde_json::from_str::<Value>(body)
            .ok()
            .and_then(|value| Some(value.get("order")?.as_str()?.to_owned()))
            .unwrap_or_else(|| format!("unreadable message {body:?}"));
        let is_intact = self.orders.get(&id).is_some_and(|order| order.body() == body);
        (id, is_intact)
    }
}
