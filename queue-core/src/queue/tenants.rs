//! The tenants of a standard queue, each named by its message group: what each could be given, and who is noisy.
//!
//! Noisy is who holds more than a share of what is in flight, so it changes with everybody's receives. Nothing is
//! moved for that: tenants are kept by how much they have in flight, and a receive looks at the few at the top.

use crate::codec::{Codec, DecodeError, Reader};
use crate::encoded;
use crate::limits::{NOISY_IN_FLIGHT, NOISY_PERCENT};
use crate::message::State;
use crate::weight::in_tree;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Tenants {
    /// Those with something visible or in flight.
    tenants: BTreeMap<Arc<str>, Tenant>,
    /// Those with something visible, by the number of their first.
    heads: BTreeMap<u64, Arc<str>>,
    /// Those with enough in flight to be noisy if it is a large share, by how much that is.
    suspects: BTreeSet<(u32, Arc<str>)>,
    visible: usize,
}

encoded! {
    #[derive(Debug, Clone, PartialEq, Eq, Default)]
    struct Tenant {
        visible: BTreeSet<u64>,
        in_flight: u32,
    }
}

impl Tenants {
    /// How many messages are visible.
    pub(super) fn visible(&self) -> usize {
        self.visible
    }

    /// The first that is visible.
    pub(super) fn first(&self) -> Option<u64> {
        self.heads.first_key_value().map(|(head, _)| *head)
    }

    /// Those that are noisy where so much is in flight altogether, the noisiest first. They are fewer than ten,
    /// since each has more than a tenth.
    pub(super) fn noisy(&self, in_flight: u64) -> Vec<&str> {
        let is_noisy = |suspect: &&(u32, Arc<str>)| u64::from(suspect.0) * 100 > in_flight * NOISY_PERCENT;
        self.suspects.iter().rev().take_while(is_noisy).map(|(_, name)| &**name).collect()
    }

    /// The visible messages of one of them, by number.
    pub(super) fn of(&self, name: &str) -> impl Iterator<Item = u64> {
        self.tenants.get(name).into_iter().flat_map(|tenant| tenant.visible.iter().copied())
    }

    /// The visible messages of all but some, by number. It looks at no more tenants than it tells messages, and
    /// at those left out.
    pub(super) fn of_all_but(&self, out: Vec<&str>) -> impl Iterator<Item = u64> {
        let others = self.heads.iter().filter(move |(_, name)| !out.contains(&&***name));
        let mut others = others.map(|(head, name)| (*head, self.of(name))).peekable();
        // What is left of those looked at, by the number of what they have next.
        let mut begun = BTreeMap::new();
        std::iter::from_fn(move || {
            let next = begun.first_key_value().map(|(next, _)| *next);
            if let Some((head, mut rest)) = others.next_if(|(head, _)| next.is_none_or(|next| *head < next)) {
                rest.next();
                begun.insert(head, rest);
            }
            let (number, mut rest) = begun.pop_first()?;
            if let Some(next) = rest.next() {
                begun.insert(next, rest);
            }
            Some(number)
        })
    }

    /// A message of this tenant is in this state from now on.
    pub(super) fn enter(&mut self, name: &Arc<str>, number: u64, state: State) {
        match state {
            State::Visible | State::Spent(_) => {
                self.visible += 1;
                self.change(name, |tenant| {
                    tenant.visible.insert(number);
                });
            }
            State::InFlight(_) => self.change(name, |tenant| tenant.in_flight += 1),
            State::Delayed(_) => {}
        }
    }

    /// A message of this tenant is not in this state any more.
    pub(super) fn leave(&mut self, name: &Arc<str>, number: u64, state: State) {
        match state {
            State::Visible | State::Spent(_) => {
                self.visible = self.visible.saturating_sub(1);
                self.change(name, |tenant| {
                    tenant.visible.remove(&number);
                });
            }
            State::InFlight(_) => {
                self.change(name, |tenant| tenant.in_flight = tenant.in_flight.saturating_sub(1));
            }
            State::Delayed(_) => {}
        }
    }

    fn change(&mut self, name: &Arc<str>, change: impl FnOnce(&mut Tenant)) {
        let tenant = self.tenants.entry(Arc::clone(name)).or_default();
        let before = tenant.standing();
        change(tenant);
        let after = tenant.standing();
        if tenant.visible.is_empty() && tenant.in_flight == 0 {
            self.tenants.remove(name);
        }
        if before != after {
            self.unlist(name, before);
            self.list(name, after);
        }
    }

    fn list(&mut self, name: &Arc<str>, standing: Standing) {
        if let Some(head) = standing.head {
            self.heads.insert(head, Arc::clone(name));
        }
        if let Some(in_flight) = standing.suspect {
            self.suspects.insert((in_flight, Arc::clone(name)));
        }
    }

    fn unlist(&mut self, name: &Arc<str>, standing: Standing) {
        if let Some(head) = standing.head {
            self.heads.remove(&head);
        }
        if let Some(in_flight) = standing.suspect {
            self.suspects.remove(&(in_flight, Arc::clone(name)));
        }
    }

    /// About how much memory they take; their names are the messages' own.
    pub(super) fn weigh(&self) -> u64 {
        // A tenant's first node is there as a whole.
        const TENANT: u64 = in_tree(size_of::<(Arc<str>, Tenant)>()) + 104;
        const HEAD: u64 = in_tree(size_of::<(u64, Arc<str>)>());
        const SUSPECT: u64 = in_tree(size_of::<(u32, Arc<str>)>());
        self.visible as u64 * in_tree(size_of::<u64>())
            + self.tenants.len() as u64 * TENANT
            + self.heads.len() as u64 * HEAD
            + self.suspects.len() as u64 * SUSPECT
    }

    pub(super) fn is_empty(&self) -> bool {
        self.tenants.is_empty()
    }

    /// Gives up a bit of itself; it is not to be used any more.
    pub(super) fn dismantle(&mut self) {
        let Some((name, tenant)) = self.tenants.first_key_value() else {
            return;
        };
        let name = Arc::clone(name);
        match tenant.visible.first().copied() {
            Some(number) => self.leave(&name, number, State::Visible),
            None => self.change(&name, |tenant| tenant.in_flight = 0),
        }
    }
}

/// Where a tenant is listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Standing {
    head: Option<u64>,
    suspect: Option<u32>,
}

impl Tenant {
    fn standing(&self) -> Standing {
        Standing {
            head: self.visible.first().copied(),
            suspect: (self.in_flight >= NOISY_IN_FLIGHT).then_some(self.in_flight),
        }
    }
}

/// The lists follow from the tenants.
impl Codec for Tenants {
    fn encode(&self, out: &mut Vec<u8>) {
        self.tenants.encode(out);
    }

    fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let tenants = BTreeMap::<Arc<str>, Tenant>::decode(input)?;
        let mut read = Self::default();
        for (name, tenant) in &tenants {
            read.visible += tenant.visible.len();
            read.list(name, tenant.standing());
        }
        Ok(Self { tenants, ..read })
    }
}

#[cfg(test)]
impl Tenants {
    /// All of them, each with what is visible and how many are in flight.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&Arc<str>, &BTreeSet<u64>, u32)> {
        self.tenants.iter().map(|(name, tenant)| (name, &tenant.visible, tenant.in_flight))
    }
}
