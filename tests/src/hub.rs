//! The program under test.

use std::ffi::{OsStr, OsString};
use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Output, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::http::Request;

mod folder;

pub use folder::TemporaryFolder;

/// A hub that does not start within this time has failed.
const START: Duration = Duration::from_secs(30);

/// A condition that does not hold within this time never will.
const PATIENCE: Duration = Duration::from_secs(30);

/// Between two looks at a condition.
const PAUSE: Duration = Duration::from_millis(5);

/// The program: the one that `FANQ_BIN` names, or the one that was built with these tests.
#[must_use]
pub fn binary() -> PathBuf {
    if let Some(named) = std::env::var_os("FANQ_BIN") {
        return named.into();
    }
    let test = std::env::current_exe().expect("the path of this test");
    let profile = test.ancestors().nth(2).expect("a test lies in target/<profile>/deps");
    let program = profile.join(format!("fanq{}", std::env::consts::EXE_SUFFIX));
    assert!(
        program.exists(),
        "{} is missing; build it (cargo build -p fanq, in the profile of the tests) or name another with FANQ_BIN",
        program.display()
    );
    program
}

/// A program with arguments, without settings from the environment and away from any file of settings.
fn command<S: AsRef<OsStr>>(program: &Path, arguments: &[S]) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(std::env::temp_dir());
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("FANQ_") {
            command.env_remove(name);
        }
    }
    command
}

/// Runs the program to its end.
#[must_use]
pub fn run<S: AsRef<OsStr>>(arguments: &[S]) -> Output {
    command(&binary(), arguments).output().expect("the program starts")
}

/// Waits until a condition holds.
pub fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < deadline, "in vain: {what}");
        thread::sleep(PAUSE);
    }
}

/// A running hub. It ends with this value.
#[derive(Debug)]
pub struct Hub {
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
    arguments: Vec<OsString>,
    log: Arc<Mutex<String>>,
}

/// A hub that was started and may not be ready yet.
#[derive(Debug)]
pub struct Starting {
    hub: Hub,
    output: ChildStdout,
}

impl Starting {
    /// Starts the program with these arguments.
    fn new(arguments: Vec<OsString>) -> Self {
        Self::spawn(command(&binary(), &arguments), arguments)
    }

    /// Starts a command that is the program or becomes it.
    fn spawn(mut command: Command, arguments: Vec<OsString>) -> Self {
        let mut child =
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the hub starts");
        let log = Arc::<Mutex<String>>::default();
        let errors = child.stderr.take().expect("a pipe");
        let kept = Arc::clone(&log);
        thread::spawn(move || {
            for line in BufReader::new(errors).lines().map_while(Result::ok) {
                let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                kept.push_str(&line);
                kept.push('\n');
            }
        });
        let output = child.stdout.take().expect("a pipe");
        // Kills the child if nobody waits for it, so that reading its output ends.
        let hub = Hub { child, address: SocketAddr::from(([127, 0, 0, 1], 0)), arguments, log };
        Self { hub, output }
    }

    /// Waits until the hub is ready; if it does not get there, says what it has said.
    pub fn ready(self) -> Result<Hub, String> {
        let Self { mut hub, output } = self;
        match read_address(output) {
            Ok(address) => {
                hub.address = address;
                Ok(hub)
            }
            Err(what) => {
                let _ = hub.child.kill();
                let status = hub.child.wait().expect("the process has ended");
                Err(format!("the hub did not start: {what}: {status}\n{}", hub.log()))
            }
        }
    }

    /// The number of the process.
    #[must_use]
    pub fn process(&self) -> u32 {
        self.hub.process()
    }

    /// Ends it after so long in the middle of whatever it is doing, ready or not. What is returned can be restarted.
    #[must_use]
    pub fn killed_after(mut self, time: Duration) -> Hub {
        let deadline = Instant::now() + time;
        while Instant::now() < deadline {
            self.hub.assert_alive();
            thread::sleep(deadline.saturating_duration_since(Instant::now()).min(PAUSE));
        }
        self.hub.kill();
        self.hub
    }

    fn expect_ready(self) -> Hub {
        self.ready().unwrap_or_else(|what| panic!("{what}"))
    }
}

impl Hub {
    /// Starts a hub in memory on a free port, with a clock that can be turned and these further flags.
    #[must_use]
    pub fn start(flags: &[&str]) -> Self {
        Self::start_plain(&[flags, &["--test-clock"]].concat())
    }

    /// Starts a hub in memory on a free port, with these flags only.
    #[must_use]
    pub fn start_plain(flags: &[&str]) -> Self {
        Starting::new(arguments(&["--in-memory".as_ref()], flags)).expect_ready()
    }

    /// Starts a hub on a free port that keeps its state in a folder.
    #[must_use]
    pub fn start_in(folder: &Path, flags: &[&str]) -> Self {
        Self::starting_in(folder, flags).expect_ready()
    }

    /// The same, without waiting until it is ready.
    #[must_use]
    pub fn starting_in(folder: &Path, flags: &[&str]) -> Starting {
        Starting::new(arguments(&["--data-dir".as_ref(), folder.as_os_str()], flags))
    }

    /// The same, by another program that takes the command line of the hub behind its own, and then becomes the hub.
    /// If it is started anew, that is without the other program.
    #[must_use]
    pub fn starting_by(other: &[String], folder: &Path, flags: &[&str]) -> Starting {
        let arguments = arguments(&["--data-dir".as_ref(), folder.as_os_str()], flags);
        let (program, own) = other.split_first().expect("the name of a program");
        let mut command = command(Path::new(program), own);
        command.arg(binary()).args(&arguments);
        Starting::spawn(command, arguments)
    }

    /// Starts the program anew, as it was started before and on another free port. A hub that still runs is killed
    /// first.
    #[must_use]
    pub fn restarting(mut self) -> Starting {
        self.kill();
        Starting::new(std::mem::take(&mut self.arguments))
    }

    /// The same, waiting until it is ready.
    #[must_use]
    pub fn restart(self) -> Self {
        self.restarting().expect_ready()
    }

    /// The same on the port that it had, where clients look for it.
    #[must_use]
    pub fn restart_in_its_place(mut self) -> Self {
        let port = self.address.port().to_string();
        let flag =
            self.arguments.iter().position(|argument| argument == "--port").expect("the flag of the port");
        if let Some(value) = self.arguments.get_mut(flag + 1) {
            *value = port.into();
        }
        self.restart()
    }

    /// Ends the process in the middle of whatever it is doing, by SIGKILL, and waits until it is gone.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        self.child.wait().expect("the process has ended");
    }

    /// The number of the process.
    #[must_use]
    pub fn process(&self) -> u32 {
        self.child.id()
    }

    /// The URL that clients call.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What it has written to standard error.
    #[must_use]
    pub fn log(&self) -> String {
        self.log.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether the process has not ended.
    pub fn is_alive(&mut self) -> bool {
        self.child.try_wait().expect("a look at the process").is_none()
    }

    /// Fails if the process has ended.
    pub fn assert_alive(&mut self) {
        let ended = self.child.try_wait().expect("a look at the process");
        assert!(ended.is_none(), "the hub ended with {ended:?}\n{}", self.log());
    }

    /// Turns the clock, by a JSON object such as `{"advance_ms": 1000}`; what fell due has happened after it.
    pub fn turn_clock(&self, turn: &str) {
        let answer = Request::post("/_fanq/clock").body(turn).send(self);
        assert_eq!(answer.status, 200, "{answer:?}");
    }

    /// Stops the clock, so that only `advance` moves it.
    pub fn freeze(&self) {
        self.turn_clock(r#"{"freeze": true}"#);
    }

    /// Moves the clock.
    pub fn advance(&self, by: Duration) {
        self.turn_clock(&format!(r#"{{"advance_ms": {}}}"#, by.as_millis()));
    }

    /// Asks the process to end, as a service manager does.
    pub fn terminate(&self) {
        let asked =
            Command::new("kill").arg("-TERM").arg(self.child.id().to_string()).status().expect("a signal");
        assert!(asked.success());
    }

    /// Waits until the process has ended by itself.
    pub fn wait(&mut self, within: Duration) -> ExitStatus {
        let deadline = Instant::now() + within;
        loop {
            if let Some(status) = self.child.try_wait().expect("a look at the process") {
                return status;
            }
            assert!(Instant::now() < deadline, "the hub runs on after {within:?}\n{}", self.log());
            thread::sleep(PAUSE);
        }
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn arguments(storage: &[&OsStr], flags: &[&str]) -> Vec<OsString> {
    let common = ["serve", "--port", "0"].into_iter().map(OsStr::new);
    common.chain(storage.iter().copied()).chain(flags.iter().map(OsStr::new)).map(OsStr::to_owned).collect()
}

/// Reads what the hub prints until it is ready, and finds its address in it.
fn read_address(output: impl Read + Send + 'static) -> Result<SocketAddr, String> {
    let (tell, told) = std::sync::mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            if tell.send(line).is_err() {
                break;
            }
        }
    });
    let deadline = Instant::now() + START;
    let mut address = None;
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let line = told.recv_timeout(left).map_err(|error| error.to_string())?;
        if let Some(endpoint) = line.strip_prefix("export AWS_ENDPOINT_URL=http://") {
            address = Some(endpoint.parse().map_err(|error| format!("{endpoint} is no address: {error}"))?);
        }
        if line == "Ready." {
            return address.ok_or_else(|| "it was ready without naming its endpoint".to_owned());
        }
    }
}
