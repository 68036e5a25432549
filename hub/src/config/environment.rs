//! Settings from environment variables: `FANQ_` and the name in capitals.

use std::ffi::OsString;
use std::path::PathBuf;

use super::error::{Error, Place};
use super::{Setting, TABLE, suggest};

pub(super) const PREFIX: &str = "FANQ_";

/// Variables that belong to the program rather than to `fanq serve`.
const CONFIG: &str = "FANQ_CONFIG";
const PROGRAM: [&str; 3] = [CONFIG, "FANQ_LOG", "FANQ_LOG_FORMAT"];

/// The settings in an environment, in the order of the table. An empty variable counts as absent, because
/// compose files pass variables on in that way.
pub(super) fn read(environment: &[(OsString, OsString)]) -> Result<Vec<(&'static Setting, String)>, Error> {
    let mut found = Vec::new();
    for (name, value) in environment {
        let (name, value) = (name.to_string_lossy(), value.to_string_lossy());
        if !name.starts_with(PREFIX) || value.is_empty() || is_service_link(&name, &value) {
            continue;
        }
        match TABLE.iter().find(|setting| setting.variable() == name) {
            Some(setting) => found.push((setting, value.into_owned())),
            None if PROGRAM.contains(&name.as_ref()) => {}
            None => {
                let known = TABLE.iter().map(Setting::variable).collect::<Vec<_>>();
                let suggestion = suggest(&name, known.iter().map(String::as_str).chain(PROGRAM));
                return Err(Error::Unknown { place: Place::Environment(name.into_owned()), suggestion });
            }
        }
    }
    Ok(found)
}

/// The file of settings that the environment names.
pub(super) fn config_file(environment: &[(OsString, OsString)]) -> Option<PathBuf> {
    let (_, value) = environment.iter().find(|(name, value)| name == CONFIG && !value.is_empty())?;
    Some(PathBuf::from(value))
}

/// Kubernetes gives every container the addresses of the services of its namespace, and a service that is called
/// `fanq` or `fanq-…` makes variables with our prefix, `FANQ_PORT=tcp://10.0.0.1:4566` among them. They are
/// nobody's settings.
fn is_service_link(name: &str, value: &str) -> bool {
    const PROTOCOLS: [&str; 3] = ["TCP", "UDP", "SCTP"];
    let is_port_of_protocol = || {
        let mut words = name.split('_').skip_while(|word| *word != "PORT").skip(1);
        words.next().is_some_and(|port| port.parse::<u16>().is_ok())
            && words.next().is_some_and(|protocol| PROTOCOLS.contains(&protocol))
    };
    let is_address = || {
        let scheme = value.split_once("://").map(|(scheme, _)| scheme.to_ascii_uppercase());
        scheme.is_some_and(|scheme| PROTOCOLS.contains(&scheme.as_str()))
    };
    name.ends_with("_SERVICE_HOST")
        || name.ends_with("_SERVICE_PORT")
        || name.contains("_SERVICE_PORT_")
        || is_port_of_protocol()
        || (name.ends_with("_PORT") && is_address())
}
