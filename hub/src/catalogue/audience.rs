//! [`Audience`]: the subscriptions of a topic that get the same text, asked together which of them a message passes to.
//!
//! A text is parsed once, however many filters look into it, and most filters are not even asked: see
//! [`filters::Index`].

use super::{SubscriptionView, TopicView};
use crate::content::{Attribute, Draft, Value};
use crate::metrics::filtered::FilterCounts;
use crate::metrics::subscriptions::{Reason, SubscriptionCounts};
use crate::shape::subscription::endpoint;
use filters::{Index, Message, Scope};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The subscriptions of a topic that have the same protocol and get what is published now.
#[derive(Debug)]
pub(crate) struct Audience {
    protocol: Box<str>,
    /// In the order of the topic.
    members: Vec<Member>,
    index: Index,
    /// Those of the members' filters, each once.
    scopes: Vec<Scope>,
    counts: FilterCounts,
}

#[derive(Debug)]
struct Member {
    /// In the view of the topic.
    place: usize,
    scope: Option<Scope>,
    counts: Arc<SubscriptionCounts>,
}

/// What the filters of an audience said to a message.
#[derive(Debug)]
struct Said {
    reasons: Vec<Reason>,
    passed: Vec<usize>,
}

/// What all filters of a topic said to a message, to be counted once it is published.
#[derive(Debug)]
pub(crate) struct Verdict(Vec<Said>);

/// The message that a filter is shown in place of one that gets this text.
pub(crate) fn message<'a>(text: &'a str, attributes: &'a [Attribute]) -> Message<'a> {
    Message::new(text, attributes.iter().map(shown))
}

fn shown(attribute: &Attribute) -> filters::Attribute<'_> {
    let text = match &attribute.value {
        Value::Text(text) => Some(text.as_ref()),
        Value::Binary(_) => None,
    };
    filters::Attribute { name: &attribute.name, data_type: &attribute.data_type, text }
}

impl TopicView {
    /// The places of the subscriptions that a message passes to, ascending, and what their filters said.
    pub(crate) fn listeners(&self, draft: &Draft) -> (Vec<usize>, Verdict) {
        let audiences = self.audiences.get_or_init(|| audiences(&self.subscriptions));
        // By text: protocols that get the same share one message, whose body is read once.
        let mut messages = BTreeMap::new();
        let (mut places, mut verdict) = (Vec::new(), Vec::with_capacity(audiences.len()));
        for audience in audiences {
            let text = draft.text_for(&audience.protocol);
            let message = messages.entry(text).or_insert_with(|| message(text, &draft.published.attributes));
            let said = audience.ask(message);
            let members = said.passed.iter().filter_map(|position| audience.members.get(*position));
            places.extend(members.map(|member| member.place));
            verdict.push(said);
        }
        places.sort_unstable();
        (places, Verdict(verdict))
    }

    /// Counts what the filters said to a message that was published.
    pub(crate) fn count(&self, Verdict(verdict): &Verdict) {
        for (audience, said) in self.audiences.get().into_iter().flatten().zip(verdict) {
            if !said.reasons.is_empty() {
                audience.counts.count(&said.reasons, &said.passed);
            }
        }
    }

    /// Adds what was counted to the counts of the subscriptions.
    pub(super) fn settle(&self) {
        for audience in self.audiences.get().into_iter().flatten() {
            audience.counts.settle(audience.members.iter().map(|member| (member.scope, &*member.counts)));
        }
    }
}

fn audiences(subscriptions: &[Arc<SubscriptionView>]) -> Vec<Audience> {
    let mut by_protocol = BTreeMap::<_, Vec<_>>::new();
    for (place, view) in subscriptions.iter().enumerate().filter(|(_, view)| view.is_live) {
        by_protocol.entry(endpoint::protocol(&view.endpoint)).or_default().push((place, view));
    }
    by_protocol.into_iter().map(|(protocol, views)| Audience::new(protocol, &views)).collect()
}

impl Audience {
    fn new(protocol: &str, views: &[(usize, &Arc<SubscriptionView>)]) -> Self {
        let member = |(place, view): &(usize, &Arc<SubscriptionView>)| Member {
            place: *place,
            scope: view.policy.as_ref().map(filters::Policy::scope),
            counts: Arc::clone(&view.counts),
        };
        let members: Vec<_> = views.iter().map(member).collect();
        let mut scopes = vec![Scope::MessageAttributes, Scope::MessageBody];
        scopes.retain(|scope| members.iter().any(|member| member.scope == Some(*scope)));
        let index = Index::new(views.iter().map(|(_, view)| view.policy.clone()).collect());
        Self { protocol: protocol.into(), members, index, scopes, counts: FilterCounts::default() }
    }

    fn ask(&self, message: &Message<'_>) -> Said {
        let reasons = self.scopes.iter().map(|scope| Reason::of(*scope, message)).collect();
        Said { reasons, passed: self.index.matches(message) }
    }
}
