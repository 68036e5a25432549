//! What is to be measured: the flags of `fanq bench`, and those of the measurement that it is compared with.
//!
//! The flags that were given are kept apart from the defaults, because a measurement that is compared with another
//! takes over what it does not say itself.

use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};

use super::scenario::Scenario;
use crate::authority::Authority;
use crate::cli::{Error, health};
use crate::config;

const CONNECTIONS: RangeInclusive<i64> = 1..=10_000;
/// As large as a message can be.
const BODY_BYTES: RangeInclusive<i64> = 1..=1_048_576;
/// As many entries as a batch can have.
const BATCH: RangeInclusive<i64> = 1..=10;
const QUEUES: RangeInclusive<i64> = 1..=1_000;
/// As many as the digits of a group's name.
const GROUPS: RangeInclusive<i64> = 1..=1_000_000;
/// As many members as a priority queue can have.
const MEMBERS: RangeInclusive<i64> = 2..=16;
const BACKLOG: RangeInclusive<i64> = 0..=100_000_000;
/// The publisher has one connection, and timers are no finer than a millisecond.
const RATE: RangeInclusive<i64> = 1..=10_000;
const PAIRS: RangeInclusive<i64> = 1..=101;
const DURATION: RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_secs(3_600);

/// Enough for a median that one disturbance does not move.
const PAIRS_DEFAULT: u32 = 3;

/// One measurement, complete.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Options {
    pub(super) scenario: Scenario,
    pub(super) connections: u32,
    pub(super) body_bytes: u32,
    pub(super) batch: u32,
    pub(super) queues: u32,
    /// Queues whose subscriptions have filters that let the messages through, if subscriptions have filters at all.
    pub(super) matching: Option<u32>,
    /// Whether subscriptions deliver in an envelope.
    pub(super) is_enveloped: bool,
    /// Subscriptions whose receiver is not there.
    pub(super) dead: u32,
    /// Subscribers that read nothing.
    pub(super) frozen: u32,
    /// Queues that each queue is put together from, if they are priority queues.
    pub(super) members: Option<u32>,
    pub(super) backlog: u32,
    /// Message groups, where the queues are FIFO.
    pub(super) groups: Option<u32>,
    pub(super) rate: u32,
    pub(super) duration: Duration,
    pub(super) subject: Subject,
}

/// Who is measured.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Subject {
    /// Whoever listens there.
    Endpoint(Authority),
    /// A hub of our own.
    Hub { durability: String, folder: Option<PathBuf> },
    /// The floor, which has no log.
    Floor { folder: Option<PathBuf> },
}

/// All that the command line asks for.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) options: Options,
    /// What it is compared with, and how often.
    pub(super) against: Option<(Options, u32)>,
    pub(super) json: bool,
}

/// The flags that were given.
#[derive(Clone, Debug, Default)]
struct Given {
    connections: Option<u32>,
    body_bytes: Option<u32>,
    batch: Option<u32>,
    queues: Option<u32>,
    matching: Option<u32>,
    is_enveloped: bool,
    dead: Option<u32>,
    frozen: Option<u32>,
    members: Option<u32>,
    backlog: Option<u32>,
    is_fifo: bool,
    groups: Option<u32>,
    rate: Option<u32>,
    duration: Option<Duration>,
    durability: Option<String>,
    folder: Option<PathBuf>,
    endpoint: Option<Authority>,
}

/// The scenario and the flags that a measurement has, whether it is the first or the one to compare with.
pub(super) fn arguments() -> Vec<Arg> {
    let number = |name: &'static str, range: RangeInclusive<i64>, help: String| {
        let help = format!("{help}, {} to {}", range.start(), range.end());
        Arg::new(name).long(name).value_name("COUNT").value_parser(value_parser!(u32).range(range)).help(help)
    };
    vec![
        Arg::new("scenario")
            .required(true)
            .value_name("SCENARIO")
            .value_parser(PossibleValuesParser::new(Scenario::WORDS))
            .help("What to measure"),
        Arg::new("of-ws")
            .value_name("OF-WS")
            .value_parser(PossibleValuesParser::new(Scenario::SECOND_WORDS))
            .help("What of WebSockets to measure, behind ws"),
        number(
            "connections",
            CONNECTIONS,
            "Connections used at once, but for push; in polls, the polls; in ws live, the subscribers \
             [default: 64, in polls and ws idle 10000, in ws live and ws consume 1]"
                .to_owned(),
        )
        .visible_aliases(["polls", "subscribers"]),
        number("body-bytes", BODY_BYTES, "Size of a message [default: 1024]".to_owned()),
        number("batch", BATCH, "Messages of a request; with 1, SendMessage [default: 1, in ws drain 10]".to_owned()),
        number("queues", QUEUES, "Queues, or subscriptions of the topic [default: 1]".to_owned()),
        number(
            "matching",
            QUEUES,
            "Of fanout: subscriptions that a message passes to; all have filters then, for a customer each as many, \
             and without the flag none"
                .to_owned(),
        ),
        number("backlog", BACKLOG, "Messages that lie in the queues all the while [default: 0]".to_owned()),
        Arg::new("enveloped")
            .long("enveloped")
            .action(ArgAction::SetTrue)
            .help("Of fanout, e2e, push and ws consume: deliveries in an envelope, and not raw"),
        number("dead", QUEUES, "Of push: so many of the receivers are not there [default: 0]".to_owned()),
        number("frozen", QUEUES, "Of ws live: so many of the subscribers read nothing [default: 0]".to_owned()),
        number(
            "members",
            MEMBERS,
            "Of send, receive and ws drain: priority queues of so many members, all of them used".to_owned(),
        ),
        Arg::new("fifo")
            .long("fifo")
            .action(ArgAction::SetTrue)
            .help("Of send, receive and ws drain: FIFO queues, and each message with a deduplication id of its own"),
        number("groups", GROUPS, "Message groups of the FIFO queues [default: 1000]".to_owned())
            .requires("fifo"),
        number("rate", RATE, "Publishes per second of e2e, push, ws live and ws consume, sends of polls [default: 100]".to_owned()),
        Arg::new("duration")
            .long("duration")
            .value_name("TIME")
            .value_parser(parse_duration)
            .help("How long to measure, such as 10s or 2min [default: 10s]"),
        Arg::new("durability")
            .long("durability")
            .value_name("sync|interval:MS|none")
            .help("What the hub that is started is told [default: sync]"),
        Arg::new("folder").long("folder").value_name("DIR").value_parser(value_parser!(PathBuf)).help(
            "Where the hub that is started gets a folder for its log, on the disk to be measured \
             [default: the working directory]",
        ),
        Arg::new("endpoint").long("endpoint").value_name("URL").help(
            "Measure what listens there; without it, a hub is started, and ended when it has been measured",
        ),
    ]
}

/// The flags of the comparison, and of the way it is told.
pub(super) fn further_arguments() -> Vec<Arg> {
    vec![
        Arg::new("against").long("against").value_name("SCENARIO [FLAGS]").help(
            "Measure this as well, in turns, and tell the median of the ratios; it has the flags of this command but \
             for those that it gives itself, --fifo, --members, --enveloped, --dead, --frozen and --matching",
        ),
        Arg::new("pairs")
            .long("pairs")
            .value_name("COUNT")
            .requires("against")
            .value_parser(value_parser!(u32).range(PAIRS))
            .help("How often both are measured [default: 3]"),
        Arg::new("json")
            .long("json")
            .action(ArgAction::SetTrue)
            .help("Print one JSON object, as the last line of standard output"),
    ]
}

impl Asked {
    pub(super) fn read(matches: &ArgMatches) -> Result<Self, Error> {
        let given = Given::read(matches)?;
        let options = given.clone().complete(scenario(matches)?)?;
        let against = match matches.get_one::<String>("against") {
            Some(text) => {
                let pairs = matches.get_one::<u32>("pairs").copied().unwrap_or(PAIRS_DEFAULT);
                Some((read_against(text, given)?, pairs))
            }
            None => None,
        };
        Ok(Self { options, against, json: matches.get_flag("json") })
    }
}

/// Reads what stands behind `--against`, for a measurement that was given these flags.
fn read_against(text: &str, inherited: Given) -> Result<Options, Error> {
    let command = Command::new("--against").no_binary_name(true).args(arguments()).disable_help_flag(true);
    let matches = command.try_get_matches_from(text.split_whitespace())?;
    let (scenario, own) = (scenario(&matches)?, Given::read(&matches)?);
    own.check(scenario)?;
    own.over(inherited).complete_inherited(scenario)
}

fn scenario(matches: &ArgMatches) -> Result<Scenario, Error> {
    let words = ["scenario", "of-ws"].into_iter().filter_map(|word| matches.get_one::<String>(word));
    let name = words.map(String::as_str).collect::<Vec<_>>().join(" ");
    let found = Scenario::ALL.into_iter().find(|scenario| scenario.name() == name);
    let names = Scenario::ALL.map(Scenario::name).join(", ");
    found.ok_or_else(|| Error::Setting(format!("there is no scenario {name:?}, only {names}")))
}

fn parse_duration(text: &str) -> Result<Duration, String> {
    let duration = humantime::parse_duration(text).map_err(|error| error.to_string())?;
    if DURATION.contains(&duration) {
        return Ok(duration);
    }
    let [least, most] = [DURATION.start(), DURATION.end()].map(|limit| humantime::format_duration(*limit));
    Err(format!("it is {least} to {most}"))
}

impl Given {
    fn read(matches: &ArgMatches) -> Result<Self, Error> {
        let number = |name: &str| matches.get_one::<u32>(name).copied();
        let durability = matches.get_one::<String>("durability").cloned();
        if let Some(text) = &durability {
            config::check("durability", text)?;
        }
        let endpoint = matches.get_one::<String>("endpoint").map(|text| health::parse_endpoint(text));
        Ok(Self {
            connections: number("connections"),
            body_bytes: number("body-bytes"),
            batch: number("batch"),
            queues: number("queues"),
            matching: number("matching"),
            backlog: number("backlog"),
            is_enveloped: matches.get_flag("enveloped"),
            dead: number("dead"),
            frozen: number("frozen"),
            members: number("members"),
            is_fifo: matches.get_flag("fifo"),
            groups: number("groups"),
            rate: number("rate"),
            duration: matches.get_one::<Duration>("duration").copied(),
            durability,
            folder: matches.get_one::<PathBuf>("folder").cloned(),
            endpoint: endpoint.transpose()?,
        })
    }

    /// These flags, and those of the other where there are none here.
    fn over(self, other: Self) -> Self {
        // Whoever is told to start a hub in a certain way does not want the other's endpoint.
        let starts = self.durability.is_some() || self.folder.is_some();
        Self {
            connections: self.connections.or(other.connections),
            body_bytes: self.body_bytes.or(other.body_bytes),
            batch: self.batch.or(other.batch),
            queues: self.queues.or(other.queues),
            // Nor has it one that says "without filters".
            matching: self.matching,
            is_enveloped: self.is_enveloped,
            dead: self.dead,
            frozen: self.frozen,
            members: self.members,
            backlog: self.backlog.or(other.backlog),
            // The kind of a queue has no flag that says "standard", so it is not taken over.
            is_fifo: self.is_fifo,
            groups: self.groups,
            rate: self.rate.or(other.rate),
            duration: self.duration.or(other.duration),
            durability: self.durability.or(other.durability),
            folder: self.folder.or(other.folder),
            endpoint: self.endpoint.or(other.endpoint.filter(|_| !starts)),
        }
    }

    /// Refuses flags that mean nothing to a scenario or together.
    fn check(&self, scenario: Scenario) -> Result<(), Error> {
        let name = scenario.name();
        let wrong = |text: String| Err(Error::Setting(text));
        if self.endpoint.is_some() && (self.durability.is_some() || self.folder.is_some()) {
            return wrong(
                "--durability and --folder are for a hub that is started, not for --endpoint".to_owned(),
            );
        }
        if scenario == Scenario::Floor && (self.endpoint.is_some() || self.durability.is_some()) {
            return wrong(
                "floor measures a server of its own without a log: no --endpoint, no --durability".to_owned(),
            );
        }
        if (self.backlog.is_some() || self.is_fifo || self.members.is_some()) && !scenario.is_of_queues() {
            return wrong(format!(
                "--backlog, --fifo and --members are for send, receive and ws drain, not for {name}"
            ));
        }
        if self.queues.is_some() && !scenario.has_queues() {
            return wrong(format!("--queues is not for {name}, which has none"));
        }
        if self.frozen.is_some() && scenario != Scenario::SocketLive {
            return wrong(format!("--frozen is for ws live, not for {name}"));
        }
        if self.matching.is_some() && scenario != Scenario::Fanout {
            return wrong(format!("--matching is for fanout, not for {name}"));
        }
        if self.is_enveloped && !(scenario.has_topic() && scenario.has_queues()) {
            return wrong(format!("--enveloped is for fanout, e2e, push and ws consume, not for {name}"));
        }
        if self.dead.is_some() && scenario != Scenario::Push {
            return wrong(format!("--dead is for push, not for {name}"));
        }
        if self.connections.is_some() && scenario == Scenario::Push {
            return wrong("--connections is not for push, which publishes on one".to_owned());
        }
        if self.rate.is_some() && !scenario.has_rate() {
            return wrong(format!("--rate is for e2e, push, polls, ws live and ws consume, not for {name}"));
        }
        Ok(())
    }

    fn complete(self, scenario: Scenario) -> Result<Options, Error> {
        self.check(scenario)?;
        self.complete_inherited(scenario)
    }

    /// With the defaults; what was taken over from another scenario and means nothing to this one is left out.
    fn complete_inherited(self, scenario: Scenario) -> Result<Options, Error> {
        let subject = match (scenario, self.endpoint) {
            (Scenario::Floor, _) => Subject::Floor { folder: self.folder },
            (_, Some(endpoint)) => Subject::Endpoint(endpoint),
            (_, None) => {
                let durability = self.durability.unwrap_or_else(|| "sync".to_owned());
                Subject::Hub { durability, folder: self.folder }
            }
        };
        let options = Options {
            scenario,
            connections: self
                .connections
                .filter(|_| scenario != Scenario::Push)
                .unwrap_or(scenario.connections()),
            body_bytes: self.body_bytes.unwrap_or(1_024),
            batch: self.batch.unwrap_or(scenario.batch()),
            queues: self.queues.filter(|_| scenario.has_queues()).unwrap_or(1),
            matching: self.matching,
            is_enveloped: self.is_enveloped,
            dead: self.dead.unwrap_or(0),
            frozen: self.frozen.unwrap_or(0),
            members: self.members,
            backlog: self.backlog.filter(|_| scenario.is_of_queues()).unwrap_or(0),
            groups: self.is_fifo.then(|| self.groups.unwrap_or(1_000)),
            rate: self.rate.unwrap_or(100),
            duration: self.duration.unwrap_or(Duration::from_secs(10)),
            subject,
        };
        options.check()?;
        Ok(options)
    }
}

impl Options {
    /// Refuses numbers that do not go together.
    fn check(&self) -> Result<(), Error> {
        let name = self.scenario.name();
        let queues = self.queues.saturating_mul(self.members.unwrap_or(1));
        if self.scenario.has_connections_per_queue() && queues > self.connections {
            let connections = self.connections;
            return Err(Error::Setting(format!(
                "{name}: {connections} connections cannot serve {queues} queues; --connections is at least --queues, \
                 times --members"
            )));
        }
        if self.frozen >= self.connections && self.frozen > 0 {
            return Err(Error::Setting(format!("{name}: --frozen is less than --subscribers")));
        }
        if self.dead >= self.queues && self.dead > 0 {
            return Err(Error::Setting("push: --dead is less than --queues".to_owned()));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
