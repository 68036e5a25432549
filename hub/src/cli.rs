//! The command line: `fanq <subcommand>`.
//!
//! Data goes to standard output, everything else to standard error. Exit codes: 0 done, 1 failed or no, 2 wrong usage.

use std::ffi::OsString;
use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::error::ErrorKind;
use clap::{Arg, ArgMatches, Command};
use tokio::time::error::Elapsed;
use tracing_subscriber::EnvFilter;

use crate::config::{self, Settings, Sources};
use crate::hub::Hub;
use crate::metrics::process;
use crate::server::{self, Running};
use crate::telemetry::{self, Format, Log, Traces};
use crate::work::Work;

mod backup;
mod bench;
mod check;
mod checkpoint;
mod demo;
mod filter;
mod health;
mod open_files;
mod restore;
mod serve;

/// What is logged unless `--log` or `FANQ_LOG` says otherwise: our own news, and others' only if it is bad. The HTTP
/// library calls every malformed head an error; whoever can reach the hub could fill the log with them.
const LOG_DEFAULT: &str = "warn,actix_http=off,fanq=info";

/// Why a command ended without doing what it should.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The command line itself, or a request for its help.
    #[error("{}", shown(.0))]
    CommandLine(#[from] clap::Error),
    /// A setting.
    #[error("{0}")]
    Setting(String),
    /// The answer is no, and has been given.
    #[error("no")]
    No,
    /// Everything that can go wrong later.
    #[error("{0}")]
    Failed(String),
}

/// The parser's own text, without the word "error" in front: whoever prints it adds the program's name.
fn shown(error: &clap::Error) -> String {
    let text = error.render().to_string();
    text.strip_prefix("error: ").unwrap_or(&text).trim_end().to_owned()
}

impl Error {
    /// Prints the error where it belongs, and says how the program ends.
    pub fn report(&self) -> ExitCode {
        match self {
            Self::CommandLine(asked) if !asked.use_stderr() => {
                print_line(&asked.render().to_string());
                ExitCode::SUCCESS
            }
            // Without any argument the help is the answer, though nothing was done.
            Self::CommandLine(asked)
                if asked.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand =>
            {
                let _ = write!(std::io::stderr(), "{}", asked.render());
                ExitCode::from(2)
            }
            Self::No => ExitCode::from(1),
            Self::CommandLine(_) | Self::Setting(_) => self.complain(2),
            Self::Failed(_) => self.complain(1),
        }
    }

    fn complain(&self, code: u8) -> ExitCode {
        let _ = writeln!(std::io::stderr(), "fanq: {self}");
        ExitCode::from(code)
    }
}

impl From<config::Error> for Error {
    fn from(error: config::Error) -> Self {
        Self::Setting(error.to_string())
    }
}

impl From<server::Error> for Error {
    fn from(error: server::Error) -> Self {
        Self::Failed(error.to_string())
    }
}

/// Runs the subcommand that the arguments name, the first of which is the name of the program.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> Result<(), Error> {
    process::started();
    let matches = command().try_get_matches_from(arguments)?;
    let is_serving = matches.subcommand_name() == Some(serve::NAME);
    let traces = if is_serving { Traces::from_environment() } else { Ok(None) };
    telemetry::start(log(&matches)?, traces.as_ref().ok().and_then(Option::as_ref));
    let traces = traces.unwrap_or_else(|refusal| {
        tracing::warn!("no traces are sent: {refusal}");
        None
    });
    match matches.subcommand() {
        Some((serve::NAME, matches)) => serve::run(matches, traces),
        // A further subcommand is one file beside these, one line here and one in `command`.
        Some((demo::NAME, matches)) => demo::run(matches),
        Some((bench::NAME, matches)) => bench::run(matches),
        Some((bench::floor::NAME, matches)) => bench::floor::run(matches),
        Some((filter::NAME, matches)) => filter::run(matches),
        Some((health::NAME, matches)) => health::run(matches),
        Some((check::NAME, matches)) => check::run(matches),
        Some((backup::NAME, matches)) => backup::run(matches),
        Some((restore::NAME, matches)) => restore::run(matches),
        Some((checkpoint::NAME, matches)) => checkpoint::run(matches),
        _ => Ok(()),
    }
}

fn command() -> Command {
    Command::new("fanq")
        .version(env!("CARGO_PKG_VERSION"))
        .about("A pub/sub event hub that speaks the wire protocols of Amazon SNS and SQS")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .arg(
            Arg::new("log")
                .long("log")
                .global(true)
                .value_name("FILTER")
                .help("What to log to standard error, such as debug or fanq=debug [env: FANQ_LOG]"),
        )
        .arg(
            Arg::new("log-format")
                .long("log-format")
                .global(true)
                .value_name("FORMAT")
                .help("How to log: text, or json for one object per line [env: FANQ_LOG_FORMAT]"),
        )
        .subcommand(serve::command())
        .subcommand(demo::command())
        .subcommand(bench::command())
        .subcommand(bench::floor::command())
        .subcommand(filter::command())
        .subcommand(health::command())
        .subcommand(check::command())
        .subcommand(backup::command())
        .subcommand(restore::command())
        .subcommand(checkpoint::command())
}

/// `--config`, for the subcommands that need settings.
fn config_flag() -> Arg {
    Arg::new("config")
        .long("config")
        .value_name("FILE")
        .value_parser(clap::value_parser!(PathBuf))
        .help("File with settings; without it, fanq.toml in the working directory if there is one [env: FANQ_CONFIG]")
}

/// Reads the settings for a subcommand that has `config_flag`; `flags` if it has those of the settings as well.
fn load_settings(matches: &ArgMatches, flags: Option<&ArgMatches>) -> Result<Settings, config::Error> {
    let file = matches.get_one::<PathBuf>("config").cloned();
    config::load(&Sources { file, environment: std::env::vars_os().collect(), flags })
}

/// What flags and variables say of the log.
fn log(matches: &ArgMatches) -> Result<Log, Error> {
    let said = |flag, variable| {
        let by_flag = matches.subcommand().and_then(|(_, matches)| matches.get_one::<String>(flag).cloned());
        by_flag.or_else(|| std::env::var(variable).ok().filter(|text| !text.is_empty()))
    };
    let text = said("log", "FANQ_LOG").unwrap_or_else(|| LOG_DEFAULT.to_owned());
    let filter = EnvFilter::try_new(&text).map_err(|error| {
        Error::Setting(format!("--log or FANQ_LOG: {text:?} is not a filter of logs: {error}"))
    })?;
    let format = said("log-format", "FANQ_LOG_FORMAT").unwrap_or_else(|| "text".to_owned());
    let format = Format::parse(&format).ok_or_else(|| {
        Error::Setting(format!(
            "--log-format or FANQ_LOG_FORMAT: {format:?} is not a format: text or json is expected"
        ))
    })?;
    Ok(Log { filter, format, has_colours: std::io::stderr().is_terminal() && has_colours() })
}

/// Prints data. Whoever reads it may have gone away, as in `fanq serve | head -1`; that is no reason to stop.
fn print_line(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{}", text.trim_end()).and_then(|()| out.flush());
}

/// Whether standard error is a terminal that can move back over what was written.
fn shows_bars() -> bool {
    let is_dumb = std::env::var_os("TERM").is_some_and(|terminal| terminal == "dumb");
    std::io::stderr().is_terminal() && !is_dumb
}

fn has_colours() -> bool {
    std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// Stops a hub and its server: whoever waits is answered, requests and work under way finish, then the engine ends.
async fn stop(hub: Arc<Hub>, work: Work, running: Running, within: Duration) -> Result<(), Elapsed> {
    hub.begin_shutdown();
    let stopping = async {
        tokio::join!(running.stop(), work.stop());
        let _ = tokio::task::spawn_blocking(move || hub.engine.stop()).await;
    };
    tokio::time::timeout(within, stopping).await
}

/// A runtime for a command; `serve` answers requests on further threads of its own.
fn runtime() -> Result<tokio::runtime::Runtime, Error> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Error::Failed(format!("cannot start threads: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<ArgMatches, clap::Error> {
        command().try_get_matches_from(std::iter::once("fanq").chain(line.split_whitespace()))
    }

    #[test]
    fn the_command_line_is_consistent() {
        command().debug_assert();
    }

    #[test]
    fn flags_become_settings() {
        let settings = |line: &str| {
            let matches = parse(line).unwrap();
            let (_, matches) = matches.subcommand().unwrap();
            config::load(&Sources { file: None, environment: Vec::new(), flags: Some(matches) }).unwrap()
        };
        for (line, expected) in [
            ("serve", Settings::default()),
            ("serve --port 0 --strict", Settings { port: 0, strict: true, ..Settings::default() }),
            ("serve --strict=false --in-memory", Settings { in_memory: true, ..Settings::default() }),
            (
                "serve --trust-proxy --test-clock",
                Settings { trust_proxy: true, test_clock: true, ..Settings::default() },
            ),
        ] {
            assert_eq!(settings(line), expected, "{line}");
        }
    }

    #[test]
    fn a_wrong_line_is_an_error_that_says_what_was_meant() {
        for (line, expected) in [
            ("serve --prot 1", "--port"),
            ("serv", "serve"),
            ("serve --strict false", "unexpected argument 'false'"),
            ("health --endpoint", "a value is required"),
            ("filter test --policy a", "--message <FILE>"),
            ("filter test --policy a --message b --scope body", "MessageBody"),
        ] {
            let error = Error::from(parse(line).unwrap_err());
            assert!(error.to_string().contains(expected), "{line}: {error}");
            assert!(!error.to_string().starts_with("error"), "{line}: {error}");
        }
    }
}
