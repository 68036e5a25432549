//! strace as a system that fails: `-e inject` answers chosen calls, or kills who makes them.

use std::path::Path;
use std::time::{Duration, SystemTime};

use crate::load::random::Random;
use crate::machine::call;

/// The calls that are answered, what is done to them, how many of one thread there are at most before it happens,
/// and whether all after it fail as well.
const FAULTS: [(&str, &str, u64, bool); 20] = [
    ("fdatasync", "error=EIO", 400, false),
    ("pwritev", "error=EIO", 400, false),
    ("fdatasync", "signal=SIGKILL", 400, false),
    ("pwritev", "error=ENOSPC", 400, false),
    ("rename", "error=EIO", 1, false),
    ("pwritev", "signal=SIGKILL", 400, false),
    ("fallocate", "error=ENOSPC", 3, true),
    ("fdatasync", "error=EIO", 6, true),
    ("fsync", "error=EIO", 3, false),
    ("sendto,writev", "signal=SIGKILL", 40, false),
    ("pwritev", "error=EIO", 6, true),
    ("rename", "signal=SIGKILL", 1, false),
    ("fdatasync", "error=ENOSPC", 400, false),
    ("fallocate", "signal=SIGKILL", 2, false),
    ("pwritev", "error=EDQUOT", 100, true),
    ("fsync", "signal=SIGKILL", 3, false),
    ("fallocate", "error=EIO", 3, false),
    ("sendto,writev", "signal=SIGKILL", 400, false),
    ("ftruncate", "error=EIO", 2, false),
    ("fdatasync", "error=EIO", 700, false),
];

#[derive(Debug)]
pub(super) struct Fault {
    calls: &'static str,
    what: &'static str,
    /// Which call of a thread it is, as strace has it.
    when: String,
}

impl Fault {
    /// One after the other, each at some call.
    pub(super) fn choose(number: u64, random: &mut Random) -> Self {
        let place = usize::try_from(number).unwrap() % FAULTS.len();
        let (calls, what, most, for_ever) = FAULTS[place];
        let when = format!("{}{}", 1 + random.below(most), if for_ever { "+" } else { "" });
        Self { calls, what, when }
    }

    pub(super) fn kills(&self) -> bool {
        self.what.starts_with("signal")
    }

    /// The command that puts it in the way of the program behind it.
    pub(super) fn strace(&self, log: &Path) -> Vec<String> {
        let Self { calls, what, when } = self;
        let words = ["strace", "-D", "-f", "-qq", "--decode-pids=comm", "-ttt", "-e", "signal=none"];
        let mut command = words.map(str::to_owned).to_vec();
        if !self.kills() {
            // Faster, but it keeps strace from sending signals.
            command.push("--seccomp-bpf".to_owned());
        }
        let inject = format!("inject={calls}:{what}:when={when}");
        command.extend(["-e".to_owned(), format!("trace={calls}"), "-e".to_owned(), inject]);
        command.extend(["-o".to_owned(), log.display().to_string()]);
        command
    }
}

/// Whether strace can do here what is asked of it.
pub(super) fn is_allowed() -> Result<(), String> {
    let words = [
        "-D",
        "-f",
        "-qq",
        "--seccomp-bpf",
        "--decode-pids=comm",
        "-e",
        "trace=fsync",
        "-e",
        "inject=fsync:error=EIO",
        "true",
    ];
    call("strace", &words).map(drop)
}

/// What was done to a call.
pub(super) struct Injected {
    pub(super) line: String,
    thread: String,
    call: String,
    /// When the call was made.
    pub(super) at: SystemTime,
}

impl Injected {
    /// The first, in what strace has written: `12<committer> 1700000000.123456 fdatasync(9) = -1 EIO (…) (INJECTED)`.
    pub(super) fn read(log: &Path) -> Option<Self> {
        let text = std::fs::read_to_string(log).ok()?;
        let mut all = text.lines().filter(|line| line.ends_with("(INJECTED)")).map(Self::parse);
        let first = all.next()?;
        // The one that ends the log counts, wherever it is among them.
        Some(all.find(Self::ends_the_log).filter(|_| !first.ends_the_log()).unwrap_or(first))
    }

    fn parse(line: &str) -> Self {
        let mut words = line.split_whitespace();
        let thread = words.next().unwrap().split(['<', '>']).nth(1).unwrap_or_default().to_owned();
        let seconds: f64 = words.next().unwrap().parse().unwrap();
        let call = words.next().unwrap().split('(').next().unwrap_or_default().to_owned();
        let at = SystemTime::UNIX_EPOCH + Duration::from_secs_f64(seconds);
        Self { line: line.to_owned(), thread, call, at }
    }

    /// Whether nothing can be acknowledged after it: the log itself could not be written or made durable.
    pub(super) fn ends_the_log(&self) -> bool {
        self.thread == "committer" && ["pwritev", "fdatasync"].contains(&&*self.call)
    }
}
