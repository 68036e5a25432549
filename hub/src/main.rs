//! The program `fanq`.

use std::process::ExitCode;

/// Many small pieces of many sizes, made on one thread and freed on another, are what a hub allocates.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match fanq::cli::run(std::env::args_os()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => error.report(),
    }
}
