//! [`Cidr`]: a block of IPv4 or IPv6 addresses.

use std::fmt;
use std::net::IpAddr;

/// A block of addresses: those that share the leading bits of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cidr {
    address: IpAddr,
    bits: u32,
}

/// Why a text is not a block of addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CidrError {
    /// It does not have exactly one `/`.
    Slash,
    /// What follows the `/` is not a number.
    Bits,
    /// It fixes more bits than an address of its family has.
    TooManyBits(u32),
    /// What precedes the `/` is not an address.
    Address(String),
}

impl Cidr {
    /// The block of the addresses that share so many leading bits with one.
    #[must_use]
    pub const fn new(address: IpAddr, bits: u32) -> Self {
        Self { address, bits }
    }

    /// Reads an address and a number of bits with a `/` between them.
    ///
    /// # Errors
    ///
    /// The first thing that is wrong with the text.
    pub fn parse(text: &str) -> Result<Self, CidrError> {
        let (address, bits) = text.split_once('/').ok_or(CidrError::Slash)?;
        if bits.contains('/') {
            return Err(CidrError::Slash);
        }
        // The bits come first: recorded for a text in which both are wrong.
        let bits = bits.parse::<u32>().map_err(|_| CidrError::Bits)?;
        let address: IpAddr = address.parse().map_err(|_| CidrError::Address(address.to_owned()))?;
        let width = if address.is_ipv4() { 32 } else { 128 };
        if bits > width { Err(CidrError::TooManyBits(width)) } else { Ok(Self::new(address, bits)) }
    }

    /// Whether a text is an address, in any spelling, of this block.
    pub(crate) fn contains(&self, text: &str) -> bool {
        text.parse().is_ok_and(|address| self.contains_address(address))
    }

    /// Whether an address is of this block. The families do not mix.
    #[must_use]
    pub fn contains_address(&self, address: IpAddr) -> bool {
        let free = |width: u32| width.saturating_sub(self.bits);
        match (self.address, address) {
            (IpAddr::V4(block), IpAddr::V4(address)) => {
                (block.to_bits() ^ address.to_bits()).checked_shr(free(32)).unwrap_or(0) == 0
            }
            (IpAddr::V6(block), IpAddr::V6(address)) => {
                (block.to_bits() ^ address.to_bits()).checked_shr(free(128)).unwrap_or(0) == 0
            }
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.bits)
    }
}

impl fmt::Display for CidrError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Slash => f.write_str("Malformed CIDR, one '/' required"),
            Self::Bits => f.write_str("Malformed CIDR, mask bits must be an integer"),
            Self::TooManyBits(width) => write!(f, "Malformed CIDR, mask bits must not exceed {width}"),
            Self::Address(text) => write!(f, "Nonstandard IP address: {text}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Cidr, CidrError};

    fn check(block: &str, address: &str, expected: bool) {
        assert_eq!(Cidr::parse(block).unwrap().contains(address), expected, "{address} in {block}");
    }

    #[test]
    fn a_block_contains_the_addresses_that_share_its_bits() {
        check("10.0.0.0/24", "10.0.0.255", true);
        check("10.0.0.77/24", "10.0.0.1", true);
        check("10.0.0.0/24", "10.0.1.0", false);
        check("10.0.0.1/32", "10.0.0.1", true);
        check("10.0.0.1/32", "10.0.0.2", false);
        check("0.0.0.0/0", "255.255.255.255", true);
        check("::/0", "ffff::1", true);
        check("2001:db8::/32", "2001:0DB8:0000:0000:0000:0000:0000:0001", true);
        check("2001:db8::1/128", "2001:db8::2", false);
    }

    #[test]
    fn another_family_or_no_address_is_outside() {
        check("0.0.0.0/0", "::1", false);
        check("0.0.0.0/0", "::ffff:10.0.0.1", false);
        check("::/0", "10.0.0.1", false);
        check("10.0.0.0/8", "10.0.0.256", false);
        check("10.0.0.0/8", "", false);
    }

    #[test]
    fn a_text_that_is_no_block_is_refused_with_its_reason() {
        for (text, expected) in [
            ("10.0.0.0", CidrError::Slash),
            ("10.0.0.0/8/8", CidrError::Slash),
            ("10.0.0.0/-1", CidrError::Bits),
            ("10.0.0.0/33", CidrError::TooManyBits(32)),
            ("::/129", CidrError::TooManyBits(128)),
            ("10.0.0/8", CidrError::Address("10.0.0".to_owned())),
        ] {
            assert_eq!(Cidr::parse(text).unwrap_err(), expected, "{text}");
        }
    }
}
