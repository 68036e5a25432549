//! `fanq bench`: measures a hub, or whatever else speaks the same API, under load that it makes itself.
//!
//! Without an endpoint the server is a process of its own, started for the measurement and ended after it: a hub, or
//! the floor, which reads and answers and does nothing in between. What counts is the ratio between two measurements
//! that were made in turns: it says the same on a slow machine as on a fast one.

use std::time::Duration;

use clap::{ArgMatches, Command};

use super::serve::Signals;
use super::{Error, open_files, print_line, runtime};

mod answer;
mod comparison;
mod connection;
mod consumers;
mod crew;
mod figures;
pub(super) mod floor;
mod flow;
mod folder;
mod ground;
mod idle;
mod measure;
mod messages;
mod options;
mod polls;
mod process;
mod progress;
mod receiver;
mod request;
mod scenario;
mod sends;
mod socket;
mod subject;
mod tally;

use comparison::Comparison;
use figures::Figures;
use measure::measure;
use options::{Asked, Options};
use progress::Progress;

pub(super) const NAME: &str = "bench";

pub(super) fn command() -> Command {
    Command::new(NAME)
        .about("Measure how much a hub can do, with the load made on this machine")
        .after_help(
            "send: SendMessage(Batch). receive: ReceiveMessage and DeleteMessageBatch. fanout: Publish to a topic with \
             --queues raw subscriptions. push: from a publish to --queues receivers over HTTP, which this program is. e2e: from a publish to a consumer in a long poll. polls: from a send to the one of many \
             long polls that it wakes. ws idle: the opening of WebSockets, and their memory. ws live: from a publish \
             to those who watch a topic. ws consume: from a publish to consumers of queues. ws drain: messages pushed to consumers \
             and acknowledged. floor: send, to a server \
             that reads and answers as a hub does and does nothing in between.",
        )
        .args(options::arguments())
        .args(options::further_arguments())
}

pub(super) fn run(matches: &ArgMatches) -> Result<(), Error> {
    let asked = Asked::read(matches)?;
    open_files::raise_limit();
    let runtime = runtime()?;
    let result = runtime.block_on(bench(&asked));
    runtime.shutdown_background();
    result
}

/// Measures until it is done or a signal comes. Whatever was started goes away with the future that has started it.
async fn bench(asked: &Asked) -> Result<(), Error> {
    let mut signals =
        Signals::listen().map_err(|error| Error::Failed(format!("cannot wait for signals: {error}")))?;
    let work = async {
        match &asked.against {
            None => single(&asked.options, asked.json).await,
            Some((other, pairs)) => compare(&asked.options, other, *pairs, asked.json).await,
        }
    };
    tokio::select! {
        result = work => result,
        () = signals.next() => Err(Error::Failed("interrupted".to_owned())),
        () = hung_up() => Err(Error::Failed("the terminal has gone".to_owned())),
    }
}

/// Returns when the terminal goes, which must not leave behind what was started.
#[cfg(unix)]
async fn hung_up() {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::hangup()) {
        Ok(mut signal) => drop(signal.recv().await),
        Err(_) => std::future::pending().await,
    }
}

#[cfg(not(unix))]
async fn hung_up() {
    std::future::pending().await
}

async fn single(options: &Options, json: bool) -> Result<(), Error> {
    let progress = Progress::new(options.duration);
    let figures = measure(options, &progress).await?;
    drop(progress);
    warn_of(&figures);
    if json {
        return print_json(&figures);
    }
    print_line(&figures.title());
    figures.rows().into_iter().for_each(|(name, value)| print_line(&format!("{name:<16}{value:>16}")));
    Ok(())
}

async fn compare(options: &Options, other: &Options, pairs: u32, json: bool) -> Result<(), Error> {
    let pair = options.duration.saturating_add(other.duration);
    let progress = Progress::new(pair.checked_mul(pairs).unwrap_or(Duration::MAX));
    let mut measured = Vec::new();
    for _ in 0..pairs {
        let first = measure(options, &progress).await?;
        measured.push((first, measure(other, &progress).await?));
    }
    drop(progress);
    let Some(comparison) = Comparison::of(&measured) else {
        return Err(Error::Failed("nothing was measured".to_owned()));
    };
    warn_of(&comparison.figures);
    warn_of(&comparison.against);
    if json {
        return print_json(&comparison);
    }
    comparison.lines().iter().for_each(|line| print_line(line));
    Ok(())
}

fn warn_of(figures: &Figures) {
    if let Some(first) = &figures.first_error {
        tracing::warn!("{}: {} errors, of which the first: {first}", figures.scenario, figures.errors);
    }
    if figures.has_missed_its_rate() {
        tracing::warn!(
            "{}: fewer requests than --rate; a server that stalls looks better so",
            figures.scenario
        );
    }
}

fn print_json(value: &impl serde::Serialize) -> Result<(), Error> {
    let text = serde_json::to_string(value).map_err(|error| Error::Failed(error.to_string()))?;
    print_line(&text);
    Ok(())
}
