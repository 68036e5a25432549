//! To which addresses the hub pushes.
//!
//! Whoever may subscribe can make the hub call any URL, so a hub that others can reach must not become their way to
//! what only it can reach: the services beside it, the metadata of its machine. A hub that listens on loopback is its
//! user's own, and calls what it is told to.

use crate::authority::Host;
use crate::config::Settings;
use filters::Cidr;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

const fn v4(address: [u8; 4], bits: u32) -> Cidr {
    let [a, b, c, d] = address;
    Cidr::new(IpAddr::V4(Ipv4Addr::new(a, b, c, d)), bits)
}

const fn v6(first: [u16; 3], bits: u32) -> Cidr {
    let [a, b, c] = first;
    Cidr::new(IpAddr::V6(Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0)), bits)
}

/// What is not the public network, after IANA's registries of special addresses; of those in IPv6 also the ones that
/// lead to addresses of IPv4 by way of a translator.
const NOT_PUBLIC: [Cidr; 26] = [
    // This network, this machine.
    v4([0, 0, 0, 0], 8),
    v4([127, 0, 0, 0], 8),
    // Private, shared by a provider's customers, of one link.
    v4([10, 0, 0, 0], 8),
    v4([172, 16, 0, 0], 12),
    v4([192, 168, 0, 0], 16),
    v4([100, 64, 0, 0], 10),
    v4([169, 254, 0, 0], 16),
    // Protocols, documentation, measurements.
    v4([192, 0, 0, 0], 24),
    v4([192, 0, 2, 0], 24),
    v4([192, 88, 99, 0], 24),
    v4([198, 18, 0, 0], 15),
    v4([198, 51, 100, 0], 24),
    v4([203, 0, 113, 0], 24),
    // Multicast; reserved, and broadcast.
    v4([224, 0, 0, 0], 4),
    v4([240, 0, 0, 0], 4),
    // Unspecified, this machine, and an old form of addresses of IPv4.
    v6([0, 0, 0], 96),
    // Translated to IPv4.
    v6([0x64, 0xff9b, 0], 96),
    v6([0x64, 0xff9b, 1], 48),
    v6([0x2002, 0, 0], 16),
    // Discarded; protocols, tunnels; documentation.
    v6([0x100, 0, 0], 64),
    v6([0x2001, 0, 0], 23),
    v6([0x2001, 0xdb8, 0], 32),
    // Private, of one link, of one site, multicast.
    v6([0xfc00, 0, 0], 7),
    v6([0xfe80, 0, 0], 10),
    v6([0xfec0, 0, 0], 10),
    v6([0xff00, 0, 0], 8),
];

/// Which addresses may be called.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct AddressRules {
    /// May be called whatever else is said.
    pub(crate) allow: Vec<Cidr>,
    /// May not be called unless they are allowed by name.
    pub(crate) deny: Vec<Cidr>,
    /// Whether the hub is its user's own, so that the rest may be called; otherwise only the public network may.
    pub(crate) is_on_loopback: bool,
}

impl AddressRules {
    /// The rules of a hub with these settings.
    pub(crate) fn of(settings: &Settings) -> Self {
        let is_on_loopback = match &settings.host {
            Host::V4(address) => address.is_loopback(),
            Host::V6(address) => address.to_canonical().is_loopback(),
            Host::Name(name) => name == "localhost",
        };
        // Behind a proxy it is reached from elsewhere all the same.
        let is_on_loopback = is_on_loopback && settings.public_url.is_none() && !settings.trust_proxy;
        Self { allow: settings.push_allow.clone(), deny: settings.push_deny.clone(), is_on_loopback }
    }

    /// Whether an address may be called. One of IPv4 that is written as one of IPv6 counts as what it is.
    pub(crate) fn allows(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        let is_in = |blocks: &[Cidr]| blocks.iter().any(|block| block.contains_address(address));
        is_in(&self.allow) || !is_in(&self.deny) && (self.is_on_loopback || !is_in(&NOT_PUBLIC))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blocks(texts: &[&str]) -> Vec<Cidr> {
        texts.iter().map(|text| Cidr::parse(text).unwrap()).collect()
    }

    fn check(rules: &AddressRules, expected: bool, addresses: &[&str]) {
        for address in addresses {
            assert_eq!(rules.allows(address.parse().unwrap()), expected, "{address} by {rules:?}");
        }
    }

    const PUBLIC: [&str; 8] = [
        "1.1.1.1",
        "9.255.255.255",
        "172.32.0.1",
        "192.167.0.1",
        "100.128.0.1",
        "2606:4700::1111",
        "2a00::1",
        "::ffff:1.1.1.1",
    ];

    const SPECIAL: [&str; 30] = [
        "0.0.0.0",
        "10.1.2.3",
        "100.64.0.1",
        "127.0.0.1",
        "127.255.255.254",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.8",
        "192.0.2.1",
        "192.168.1.1",
        "198.19.0.1",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::127.0.0.1",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "64:ff9b::10.0.0.1",
        "2002:7f00:1::",
        "100::1",
        "2001:db8::1",
        "fd00::1",
        "fe80::1",
        "fec0::1",
        "ff02::1",
    ];

    #[test]
    fn a_hub_that_others_reach_calls_only_the_public_network() {
        let rules = AddressRules::default();
        check(&rules, true, &PUBLIC);
        check(&rules, false, &SPECIAL);
    }

    #[test]
    fn a_hub_on_loopback_calls_everything() {
        let rules = AddressRules { is_on_loopback: true, ..AddressRules::default() };
        check(&rules, true, &PUBLIC);
        check(&rules, true, &SPECIAL);
    }

    #[test]
    fn what_is_allowed_wins_over_what_is_denied_and_that_over_the_default() {
        for is_on_loopback in [true, false] {
            let rules = AddressRules {
                allow: blocks(&["10.1.0.0/16", "fd00::/8", "1.1.1.1/32"]),
                deny: blocks(&["10.0.0.0/8", "1.0.0.0/8", "2a00::/16", "127.0.0.0/8"]),
                is_on_loopback,
            };
            check(&rules, true, &["10.1.2.3", "::ffff:10.1.2.3", "fd00::1", "1.1.1.1", "9.9.9.9"]);
            check(&rules, false, &["10.2.0.1", "1.2.3.4", "2a00::1", "127.0.0.1", "::ffff:127.0.0.1"]);
            check(&rules, is_on_loopback, &["192.168.0.1", "fe80::1"]);
        }
    }
}
