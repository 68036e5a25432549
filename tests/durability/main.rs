//! What a hub keeps when it is ended in the middle of its work.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on stops"
)]
#![expect(clippy::print_stdout, reason = "what a random run did is worth reading")]

mod load;

mod backup;
mod check;
mod connections;
mod crowd;
mod fanout;
mod faults;
mod full;
mod kill;
mod machine;
mod memory;
mod power;
mod replay;
mod sockets;
