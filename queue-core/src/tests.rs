//! Tests of the machine as a whole.
//!
//! Most of them are timetables: what is done when, and behind `→` what it leads to. [`check`] plays one against a
//! machine that sees nothing but encoded entries, and then makes sure of what must hold of every history: that it
//! can be replayed, from the start and from the middle, and that every body is released once and in the end.
//!
//! `script` reads timetables, `player` turns their lines into commands, `outcome` turns replies into text, `world`
//! is the log around the machine. `model` compares the machine with a slow one that is obviously right. `planted` has
//! the machine make mistakes, to see whether all this notices.

mod archive;
mod carry;
mod codec;
mod dedup;
mod delay;
mod due;
mod entry;
mod fair;
mod fanout;
mod fifo;
mod fingerprint;
mod leases;
mod model;
mod moves;
mod outcome;
mod outside;
mod places;
mod planted;
mod player;
mod priority;
mod purge;
mod queue;
mod random;
mod record;
mod redrive;
mod retention;
mod script;
mod standard;
mod tally;
mod topic;
mod visibility;
mod weight;
mod world;

/// Plays a timetable. Each line has a time, or `and` if it belongs to the entry of the line before; a command; and
/// perhaps what it leads to. The facts in parentheses are the ones that matter, not all there are.
#[track_caller]
fn check(timetable: &str) {
    player::Player::play(timetable).finish();
}
