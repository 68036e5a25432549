//! The settings of the hub, each declared once, in the table below.
//!
//! From a field of the table follow its flag (`--public-url`), its environment variable (`FANQ_PUBLIC_URL`), its
//! key in the table `[server]` of the file (`public-url`), its help and its default. What concerns pushes has a table
//! of its own: `--push-allow` is `allow` in `[push]`. Flags win over the environment, the environment over the file,
//! the file over defaults. Every source is read whole and strictly: a name that is not known is an error, since a
//! misspelt setting that silently does nothing costs an afternoon.

use std::ffi::OsString;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};

use filters::Cidr;
use lettre::message::Mailbox;

use crate::authority::Host;
use crate::shape::topic::limits;
use crate::storage::store::Durability;

mod environment;
mod error;
mod file;
mod value;

pub(crate) use error::Error;
pub(crate) use value::{ByteSize, CorsOrigin, Count, HostPattern, PublicUrl, Region, SmtpUrl, is_under};

use error::Place;
use value::{Shape, Value};

/// Declares the struct of settings and, from the same lines, the table that reads and explains them.
macro_rules! settings {
    ($($(#[doc = $doc:literal])+ $field:ident: $type:ty = $default:expr;)+) => {
        /// What the hub was told to do.
        #[derive(Clone, Debug, PartialEq)]
        pub(crate) struct Settings {
            $($(#[doc = $doc])+ pub(crate) $field: $type,)+
        }

        impl Default for Settings {
            fn default() -> Self {
                Self { $($field: $default,)+ }
            }
        }

        static TABLE: &[Setting] = &[$(Setting {
            field: stringify!($field),
            doc: concat!($($doc, "\n"),+),
            shape: <$type as Value>::SHAPE,
            default: || <$type as Value>::show(&$default),
            set: |settings, text| {
                settings.$field = <$type as Value>::parse(text)?;
                Ok(())
            },
        }),+];
    };
}

settings! {
    /// Address to listen on. There is no authentication yet, so everybody who can reach another address than
    /// loopback can do everything.
    host: Host = Host::V4(Ipv4Addr::LOCALHOST);
    /// Port to listen on; 0 takes a free one.
    port: u16 = 4566;
    /// Region of a request that names none.
    region: Region = Region::default();
    /// Keep all state in memory, to be gone when the hub stops; no data folder is used then.
    in_memory: bool = false;
    /// Folder of the durable log, made if it is not there. One hub at a time can use it.
    data_dir: PathBuf = PathBuf::from("./fanq-data");
    /// When a request counts as kept: when it is on the disk (sync), when the system has it and the disk will within
    /// so many milliseconds (interval:MS), or when the system has it (none). A hub that is killed loses nothing in
    /// any of these; a machine that loses power does, except with sync.
    durability: Durability = Durability::Sync;
    /// How much memory the state may take, such as 512MiB; beyond it messages are refused until others are deleted.
    /// Without it, half of the memory of the machine or container.
    max_state: Option<ByteSize> = None;
    /// How much of the end of the log stays in memory, so that messages that are received soon are not read from the
    /// disk.
    body_cache: ByteSize = ByteSize(64 << 20);
    /// Start although the clock of the machine is more than 30 days ahead of the log, by which messages may expire.
    accept_time_jump: bool = false;
    /// Refuse what AWS refuses for its own reasons: a second purge of a queue, or a deleted queue's name for a new
    /// one, within 60 seconds; and subscriptions of URLs that cannot be connected to.
    strict: bool = false;
    /// Take for granted that the endpoints of http, https and email subscriptions agree, and do not ask them; those
    /// that were asked before the start and have not answered count as agreed, too. For tests.
    auto_confirm: bool = false;
    /// Put all accounts into the sandbox of text messages, where those of AWS begin: only numbers that were verified
    /// get any.
    sms_sandbox: bool = false;
    /// How many queues, and how many subscriptions, have metrics of their own at `/metrics`: the oldest ones; the others
    /// are counted together.
    metrics_queues: Count = Count(1_000);
    /// How many of the last events of a topic are kept in memory while nobody reads them live, for the first who does.
    live_history: Count = Count(100);
    /// How many subscriptions of one topic can have filter policies. AWS has the same limit, and raises it on request.
    filters_per_topic: Count = Count(limits::FILTERS_PER_TOPIC);
    /// Let clients freeze and advance the hub's clock, at `/_fanq/clock`.
    test_clock: bool = false;
    /// URL under which clients reach the hub, for queue URLs and links; without it, the host that each request
    /// was sent to.
    public_url: Option<PublicUrl> = None;
    /// Mail server that passes mails of topics on, as smtp://user:password@host:25, the same with ?tls=required, or
    /// smtps://host; without it they stay in the outbox.
    smtp_url: Option<SmtpUrl> = None;
    /// Sender of the mails that the mail server passes on, such as hub@example.com.
    smtp_from: Option<Mailbox> = None;
    /// Believe `Forwarded` and `X-Forwarded-*` headers. Only behind a proxy that sets them.
    trust_proxy: bool = false;
    /// How many deliveries to an endpoint over HTTP fail in a row before its deliveries pause; 0 is never.
    push_breaker_failures: Count = Count(5);
    /// How many seconds they pause before one is tried again.
    push_breaker_pause_s: Count = Count(30);
    /// Addresses that are pushed to whatever else is said, such as 10.1.0.0/16.
    push_allow: Vec<Cidr> = Vec::new();
    /// Addresses that are not pushed to. A hub that listens on another address than loopback does not push to private
    /// ones, nor to any other that is not public, but for those that are allowed.
    push_deny: Vec<Cidr> = Vec::new();
    /// Web pages that may call the hub, as origins such as https://example.com; * for all.
    cors_origins: Vec<CorsOrigin> = Vec::new();
    /// Further host names that the hub answers to, such as hub.example.com or *.example.com.
    allowed_hosts: Vec<HostPattern> = Vec::new();
}

/// One line of the table.
struct Setting {
    field: &'static str,
    doc: &'static str,
    shape: Shape,
    default: fn() -> String,
    set: fn(&mut Settings, &str) -> Result<(), String>,
}

impl Setting {
    /// The name as flags and files have it.
    fn name(&self) -> String {
        self.field.replace('_', "-")
    }

    /// The table of the file that it stands in, and its key there.
    fn place_in_file(&self) -> (&'static str, String) {
        match self.name().strip_prefix("push-") {
            Some(key) => (file::PUSH, key.to_owned()),
            None => (file::SERVER, self.name()),
        }
    }

    fn variable(&self) -> String {
        format!("{}{}", environment::PREFIX, self.field.to_ascii_uppercase())
    }

    fn help(&self) -> String {
        let words = self.doc.split_whitespace().collect::<Vec<_>>().join(" ");
        let default = match (self.default)() {
            default if default.is_empty() || self.shape == Shape::Switch => String::new(),
            default => format!(" [default: {default}]"),
        };
        format!("{}{default} [env: {}]", words.trim_end_matches('.'), self.variable())
    }

    fn apply(&self, settings: &mut Settings, text: &str, place: Place) -> Result<(), Error> {
        (self.set)(settings, text).map_err(|expected| Error::Invalid {
            place,
            text: text.to_owned(),
            expected,
        })
    }
}

/// The flags of all settings, for the command line.
pub(crate) fn flags() -> impl Iterator<Item = clap::Arg> {
    TABLE.iter().map(|setting| {
        let flag = clap::Arg::new(setting.field).long(setting.name()).help(setting.help());
        match setting.shape {
            Shape::One(placeholder) | Shape::List(placeholder) => flag.value_name(placeholder),
            // `--strict=false` takes back what a file says; `--strict false` would be read as two words.
            Shape::Switch => flag
                .value_name("true|false")
                .num_args(0..=1)
                .require_equals(true)
                .default_missing_value("true"),
        }
    })
}

/// Whether a text can be the value of a setting, for a command that passes it on by its flag.
pub(crate) fn check(name: &str, text: &str) -> Result<(), Error> {
    let setting = TABLE.iter().find(|setting| setting.name() == name);
    let place = Place::Flag(name.to_owned());
    setting.map_or(Ok(()), |setting| setting.apply(&mut Settings::default(), text, place))
}

/// Where settings come from, but for the defaults.
pub(crate) struct Sources<'a> {
    /// A file that must exist. Without one, `fanq.toml` in the working directory is read if it is there.
    pub(crate) file: Option<PathBuf>,
    pub(crate) environment: Vec<(OsString, OsString)>,
    pub(crate) flags: Option<&'a clap::ArgMatches>,
}

const FILE_IN_WORKING_DIRECTORY: &str = "fanq.toml";

/// Reads all sources into settings.
pub(crate) fn load(sources: &Sources<'_>) -> Result<Settings, Error> {
    let variables = environment::read(&sources.environment)?;
    let path = sources.file.clone().or_else(|| environment::config_file(&sources.environment));
    let file = match path {
        Some(path) => Some((read_file(&path)?, path)),
        None => {
            let path = Path::new(FILE_IN_WORKING_DIRECTORY);
            if path.exists() { Some((read_file(path)?, path.to_owned())) } else { None }
        }
    };
    let flags = sources.flags.map(given_flags).unwrap_or_default();
    assemble(file.as_ref().map(|(text, path)| (path.as_path(), text.as_str())), &variables, &flags)
}

fn read_file(path: &Path) -> Result<String, Error> {
    std::fs::read_to_string(path).map_err(|source| Error::Read { file: path.to_owned(), source })
}

fn given_flags(matches: &clap::ArgMatches) -> Vec<(&'static Setting, String)> {
    let given = |setting: &'static Setting| {
        let text = matches.get_one::<String>(setting.field)?;
        Some((setting, text.clone()))
    };
    TABLE.iter().filter_map(given).collect()
}

/// Lays the sources over each other. A value that a later source overrides must be right all the same.
fn assemble(
    file: Option<(&Path, &str)>,
    variables: &[(&'static Setting, String)],
    flags: &[(&'static Setting, String)],
) -> Result<Settings, Error> {
    let mut settings = Settings::default();
    if let Some((path, text)) = file {
        for (setting, value, place) in file::read(path, text)? {
            setting.apply(&mut settings, &value, place)?;
        }
    }
    for (setting, text) in variables {
        setting.apply(&mut settings, text, Place::Environment(setting.variable()))?;
    }
    for (setting, text) in flags {
        setting.apply(&mut settings, text, Place::Flag(setting.name()))?;
    }
    Ok(settings)
}

/// The known name that a misspelt one was probably meant to be.
fn suggest<'a>(wrong: &str, known: impl Iterator<Item = &'a str>) -> Option<String> {
    const SIMILARITY_MIN: f64 = 0.8;
    let plain = |text: &str| text.to_ascii_lowercase().replace('_', "-");
    let wrong = plain(wrong);
    known
        .map(|name| (strsim::jaro_winkler(&wrong, &plain(name)), name))
        .filter(|(similarity, _)| *similarity >= SIMILARITY_MIN)
        .max_by(|(left, _), (right, _)| left.total_cmp(right))
        .map(|(_, name)| name.to_owned())
}

/// Settings for tests, from pairs of flag and value.
#[cfg(test)]
pub(crate) fn from_flags(flags: &[(&str, &str)]) -> Result<Settings, Error> {
    let find = |name: &str| TABLE.iter().find(|setting| setting.name() == name).expect("a known flag");
    let flags = flags.iter().map(|(name, text)| (find(name), (*text).to_owned())).collect::<Vec<_>>();
    assemble(None, &[], &flags)
}

#[cfg(test)]
mod tests;
