//! The rules of this house that no lint can hold, as tests.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod repository;

mod crates;
mod documents;
mod operations;
mod sources;
mod words;
