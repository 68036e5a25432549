//! Tests of the log as a whole, on a simulated disk.
//!
//! `simulation` drives a small hub (`hub`), its clients (`clients`) and the faults of its disk from one seed; what the
//! clients saw is checked at the end, and after every crash the state is compared with what it was before.

mod clients;
mod crashes;
mod damage;
mod fixtures;
mod format;
mod hours;
mod hub;
mod line;
mod planted_bugs;
mod simulation;
mod survey;
mod time;
mod walk;
mod world;
