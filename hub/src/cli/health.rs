//! `fanq health`: asks a running hub whether it is well, for containers that have no other tool to ask with.

use std::time::Duration;

use clap::{Arg, ArgAction, ArgMatches, Command};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{Error, config_flag, load_settings, print_line, runtime};
use crate::authority::{Authority, Host};
use crate::config::{PublicUrl, Settings};

pub(super) const NAME: &str = "health";

/// Shorter than the time that container engines wait for a check by default.
const TIMEOUT: Duration = Duration::from_secs(5);

/// An answer is a hundred bytes; whoever sends more than this is no hub.
const ANSWER_BYTES_MAX: u64 = 16 * 1024;

pub(super) fn command() -> Command {
    Command::new(NAME)
        .about("Ask a running hub whether it is well; the exit code is 0 if it is, 1 if not")
        .arg(
            Arg::new("ready")
                .long("ready")
                .action(ArgAction::SetTrue)
                .help("Ask whether it answers requests, not only whether it is there"),
        )
        .arg(Arg::new("endpoint").long("endpoint").value_name("URL").help(
            "Address of the hub; without it, where a hub with the same settings listens on this machine",
        ))
        .arg(config_flag())
}

pub(super) fn run(matches: &ArgMatches) -> Result<(), Error> {
    let endpoint = match matches.get_one::<String>("endpoint") {
        Some(text) => parse_endpoint(text)?,
        None => local_endpoint(&load_settings(matches, None)?),
    };
    let path = if matches.get_flag("ready") { "/ready" } else { "/health" };
    let answer = runtime()?.block_on(async {
        match tokio::time::timeout(TIMEOUT, ask(&endpoint, path)).await {
            Ok(answer) => {
                answer.map_err(|error| Error::Failed(format!("{endpoint} does not answer: {error}")))
            }
            Err(_) => {
                Err(Error::Failed(format!("{endpoint} does not answer within {} s", TIMEOUT.as_secs())))
            }
        }
    })?;
    let (is_well, body) = read_answer(&answer);
    if !is_well {
        let body = if body.is_empty() { "no answer of a hub" } else { body };
        return Err(Error::Failed(format!("{endpoint}: {body}")));
    }
    print_line(body);
    Ok(())
}

pub(super) fn parse_endpoint(text: &str) -> Result<Authority, Error> {
    match PublicUrl::parse(text) {
        Ok(url) if url.scheme() == "http" => {
            Ok(Authority { host: url.host().clone(), port: Some(url.port()) })
        }
        Ok(_) => Err(Error::Setting(format!("--endpoint: {text:?} is not a URL that begins with http://"))),
        Err(expected) => Err(Error::Setting(format!("--endpoint: {text:?} is not {expected}"))),
    }
}

/// A hub that listens on every address is asked over loopback.
fn local_endpoint(settings: &Settings) -> Authority {
    let host = match &settings.host {
        Host::V4(address) if address.is_unspecified() => Host::V4(std::net::Ipv4Addr::LOCALHOST),
        Host::V6(address) if address.is_unspecified() => Host::V4(std::net::Ipv4Addr::LOCALHOST),
        host => host.clone(),
    };
    Authority { host, port: Some(settings.port) }
}

async fn ask(endpoint: &Authority, path: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(endpoint.to_string()).await?;
    let head = format!("GET {path} HTTP/1.1\r\nHost: {endpoint}\r\nConnection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.take(ANSWER_BYTES_MAX).read_to_end(&mut answer).await?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

/// Whether an answer is a success, and its body.
fn read_answer(answer: &str) -> (bool, &str) {
    let is_success = answer.split(' ').nth(1) == Some("200") && answer.starts_with("HTTP/1.");
    let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body.trim());
    (is_success, body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_200_is_well() {
        for (answer, expected) in [
            ("HTTP/1.1 200 OK\r\na: b\r\n\r\n{}\n", (true, "{}")),
            (
                "HTTP/1.1 503 Service Unavailable\r\n\r\n{\"status\":\"not ready\"}",
                (false, "{\"status\":\"not ready\"}"),
            ),
            ("SSH-2.0 200 x", (false, "")),
            ("", (false, "")),
        ] {
            assert_eq!(read_answer(answer), expected, "{answer:?}");
        }
    }

    #[test]
    fn the_endpoint_follows_the_settings_and_the_flag() {
        for (flags, expected) in [
            (&[][..], "127.0.0.1:4566"),
            (&[("port", "9324"), ("host", "0.0.0.0")], "127.0.0.1:9324"),
            (&[("host", "::")], "127.0.0.1:4566"),
            (&[("host", "::1")], "[::1]:4566"),
        ] {
            let settings = crate::config::from_flags(flags).unwrap();
            assert_eq!(local_endpoint(&settings).to_string(), expected);
        }
        for (text, expected) in [
            ("http://hub:4566/", Some("hub:4566")),
            ("http://hub", Some("hub:80")),
            ("https://hub", None),
            ("hub:4566", None),
        ] {
            let endpoint = parse_endpoint(text).ok().map(|endpoint| endpoint.to_string());
            assert_eq!(endpoint.as_deref(), expected, "{text}");
        }
    }
}
