//! `fanq filter test`: shows a message to a filter policy, from files and without a hub.

use std::io::Read;
use std::path::{Path, PathBuf};

use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgMatches, Command};
use filters::Scope;

use super::{Error, print_line};
use crate::catalogue;
use crate::content::Attribute;
use crate::shape::attribute::AttributeValue;
use crate::shape::publication::attributes;
use crate::shape::subscription::attributes::policy;
use crate::shape::through::Through;
use crate::wire::{Fault, Pairs};

pub(super) const NAME: &str = "filter";

const TEST: &str = "test";

/// What names standard input in place of a file.
const STANDARD_INPUT: &str = "-";

pub(super) fn command() -> Command {
    let file = |name: &'static str, help: &'static str| {
        Arg::new(name).long(name).value_name("FILE").value_parser(clap::value_parser!(PathBuf)).help(help)
    };
    let scopes = [Scope::MessageAttributes, Scope::MessageBody].map(Scope::as_str);
    let test = Command::new(TEST)
        .about("Show a message to a filter policy; the exit code is 0 if it matches, 1 if not, 2 if the policy is refused")
        .arg(file("policy", "The filter policy; each FILE may be - for standard input, one of them").required(true))
        .arg(
            Arg::new("scope")
                .long("scope")
                .value_name("SCOPE")
                .value_parser(PossibleValuesParser::new(scopes))
                .default_value(Scope::default().as_str())
                .help("What the policy looks at"),
        )
        .arg(file("message", "The message's text").required(true))
        .arg(file("attributes", r#"The message's attributes: {"name": {"DataType": "String", "StringValue": "…"}}"#));
    Command::new(NAME)
        .about("Try filter policies")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(test)
}

pub(super) fn run(matches: &ArgMatches) -> Result<(), Error> {
    match matches.subcommand() {
        Some((TEST, matches)) => test(matches),
        _ => Ok(()),
    }
}

fn test(matches: &ArgMatches) -> Result<(), Error> {
    let file = |name| matches.get_one::<PathBuf>(name).map(PathBuf::as_path);
    let files = ["policy", "message", "attributes"].map(file);
    if files.iter().flatten().filter(|file| is_standard_input(file)).count() > 1 {
        return Err(Error::Setting("only one FILE can be standard input".to_owned()));
    }
    let [text, message, attributes] = files.map(|file| file.map_or_else(|| Ok(String::new()), read));
    let scope = matches.get_one::<String>("scope").and_then(|name| Scope::named(name)).unwrap_or_default();
    let policy = policy(&text?, scope, Through::SetSubscriptionAttributes).map_err(refused)?;
    let attributes = parse_attributes(&attributes?)?;
    match policy.explain(&catalogue::message(&message?, &attributes)) {
        Ok(()) => {
            print_line("matched");
            Ok(())
        }
        Err(refusal) => {
            print_line(&format!("refused: {refusal}"));
            Err(Error::No)
        }
    }
}

fn is_standard_input(file: &Path) -> bool {
    file.as_os_str() == STANDARD_INPUT
}

fn read(file: &Path) -> Result<String, Error> {
    let mut text = String::new();
    let read = if is_standard_input(file) {
        std::io::stdin().read_to_string(&mut text).map(|_| text)
    } else {
        std::fs::read_to_string(file)
    };
    read.map_err(|error| Error::Setting(format!("cannot read {}: {error}", file.display())))
}

/// No text is no attributes.
fn parse_attributes(text: &str) -> Result<Vec<Attribute>, Error> {
    if text.trim().is_empty() {
        return Ok(Vec::new());
    }
    let pairs: Pairs<AttributeValue> = serde_json::from_str(text)
        .map_err(|error| Error::Setting(format!("the attributes cannot be read: {error}")))?;
    attributes::parse(&pairs, "").map_err(refused)
}

#[expect(clippy::needless_pass_by_value, reason = "so that it can be given to map_err")]
fn refused(fault: Fault) -> Error {
    Error::Setting(fault.message().to_owned())
}
