//! Tests that a machine does not allow.

use std::fs::File;
use std::io::Write as _;

/// Says that something is not tested here, so that it is counted: `FANQ_SKIPPED` names the file with these lines.
#[expect(clippy::print_stdout, reason = "what is not tested is to be seen")]
pub fn skip(what: &str) {
    // One line is one test; programs say more than that.
    let what = what.lines().next().unwrap_or_default();
    println!("SKIPPED {what}");
    if let Some(file) = std::env::var_os("FANQ_SKIPPED") {
        let mut file =
            File::options().append(true).create(true).open(file).expect("the file of what is skipped");
        writeln!(file, "SKIPPED {what}").expect("a line in it");
    }
}
