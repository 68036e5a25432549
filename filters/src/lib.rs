//! Filter policies of subscriptions: compiled once, asked many times, and able to say why they refused.
//!
//! A [`Policy`] is compiled from the JSON text of a subscription; a [`Message`] is built once per published
//! message and shown to the policies of its topic, all that an [`Index`] of them does not leave out. All are functions of their input: no clock, entropy, I/O,
//! thread, or lock.
//!
//! ```
//! use filters::{Attribute, Message, Policy, Scope};
//!
//! let policy = Policy::compile(r#"{"colour": ["blue", {"prefix": "gr"}]}"#, Scope::MessageAttributes)?;
//! let green = Attribute { name: "colour", data_type: "String", text: Some("green") };
//! assert!(policy.matches(&Message::new("a body", [green])));
//! # Ok::<(), filters::Error>(())
//! ```
//!
//! The way of a policy, left to right, is the way through the files:
//!
//! ```text
//! text ─ json ──▶ tokens ─ parse, expression ──▶ Object ─ complexity ──▶ checked ─ condition ──▶ Policy
//!                          (numeric, cidr, wildcard)                       (alternatives of conditions)
//!
//! message ─ message ──▶ values of attributes ─┐
//!                       members of the body ──┴─ evidence (body, together) ──▶ match, or Refusal
//!
//! policies ─ index ──▶ who wants which exact value ─ message ──▶ the few that have to be asked
//! ```
//!
//! Where AWS documents nothing, the choice taken stands beside the code that takes it.

#![forbid(unsafe_code)]

mod body;
mod cidr;
mod complexity;
mod condition;
mod error;
mod evidence;
mod expression;
mod index;
mod json;
pub mod limits;
mod message;
mod number;
mod numeric;
mod operator;
mod parse;
mod pattern;
mod policy;
mod refusal;
mod scope;
mod together;
mod value;
mod wildcard;

#[cfg(test)]
mod tests;

pub use cidr::{Cidr, CidrError};
pub use error::{Error, ErrorKind, Location};
pub use index::Index;
pub use json::{SyntaxError, check_json};
pub use message::{Attribute, Message};
pub use numeric::NumericError;
pub use operator::Operator;
pub use policy::{Policy, is_no_policy};
pub use refusal::{Reason, Refusal};
pub use scope::Scope;
