//! The program `fanq`.
fn main() {}
