//! The settings of deliveries over HTTP.

use std::net::IpAddr;

use filters::Cidr;

use super::{Shape, Value, parse_list};

/// Blocks of addresses; an address by itself is a block of one.
impl Value for Vec<Cidr> {
    const SHAPE: Shape = Shape::List("ADDRESSES");

    fn parse(text: &str) -> Result<Self, String> {
        parse_list(text, |item| {
            let alone = |address: IpAddr| Cidr::new(address, if address.is_ipv4() { 32 } else { 128 });
            let block = item.parse().map(alone).or_else(|_| Cidr::parse(item));
            block.map_err(|_| "an address or a block of addresses such as 10.0.0.0/8".to_owned())
        })
    }

    fn show(&self) -> String {
        self.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
    }
}
