//! Policies against messages: the recorded and documented cases, and what holds for any input.

mod cases;
mod choice;
mod explain;
mod index;
mod structure;
mod total;
