//! A request that names its operation, on the way to it and back.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::names::Names;
use super::parameter::Parameters;
use super::reply::{self, Format};
use super::request_id::RequestId;
use super::{Code, Fault, Response, Service, json, query};

/// A call of an operation.
pub(crate) struct Call<'a> {
    pub(super) service: Service,
    /// As the caller wrote it: any text.
    pub(super) action: &'a str,
    pub(super) input: Input<'a>,
    pub(super) format: Format,
    pub(super) id: RequestId,
}

/// The input as it came.
#[derive(Clone, Copy)]
pub(super) enum Input<'a> {
    Json(&'a [u8]),
    Query(&'a Parameters<'a>),
}

impl Call<'_> {
    /// The operation that the caller asks for.
    pub(crate) fn action(&self) -> &str {
        self.action
    }

    /// The input as the shape of an operation.
    pub(crate) fn decode<T: DeserializeOwned>(&self) -> Result<T, Fault> {
        match self.input {
            Input::Json(body) => json::decode(body),
            Input::Query(parameters) => {
                query::decode(parameters, self.names()).map_err(|error| refused(self.service, &error))
            }
        }
    }

    /// An output as the body of the answer.
    pub(crate) fn encode<T: Serialize>(&self, output: &T) -> Result<Vec<u8>, Fault> {
        reply::body(self.format, self.names(), &self.id, output)
    }

    /// What is said of an action that is not served: AWS has it and the hub not yet, or nobody has it.
    pub(crate) fn no_such_action(&self, not_yet: &[&str]) -> Fault {
        let action = self.action;
        match (self.input, self.service) {
            _ if not_yet.contains(&action) => Fault::not_yet(action),
            (Input::Json(_), _) => Fault::unknown_operation(),
            (Input::Query(_), Service::Sqs) => self.not_here(),
            (Input::Query(_), Service::Sns | Service::Sts) => {
                let version = self.service.version();
                let message = format!("Could not find operation {action} for version {version}");
                Fault::new(Code::InvalidAction, message)
            }
        }
    }

    /// A queue's own URL does not take Query calls that are about no queue.
    pub(super) fn check_endpoint(&self, is_queue_path: bool) -> Result<(), Fault> {
        let is_query = matches!(self.input, Input::Query(_)) && self.service == Service::Sqs;
        if is_query && is_queue_path && matches!(self.action, "CreateQueue" | "ListQueues") {
            return Err(self.not_here());
        }
        Ok(())
    }

    pub(crate) fn success(&self, body: Vec<u8>) -> Response {
        reply::success(self.format, &self.id, body)
    }

    pub(crate) fn fault(&self, fault: &Fault) -> Response {
        reply::fault(self.format, self.service, &self.id, fault)
    }

    fn not_here(&self) -> Fault {
        let message = format!("The action {} is not valid for this endpoint.", self.action);
        Fault::new(Code::InvalidAction, message)
    }

    fn names(&self) -> Names<'_> {
        Names { service: self.service, action: self.action }
    }
}

/// What a service says of a parameter that its shape cannot hold.
fn refused(service: Service, error: &query::Error) -> Fault {
    /// A value is repeated to the caller as far as it helps.
    const SHOWN_CHARACTERS_MAX: usize = 256;
    let query::Error { parameter, value, reason } = error;
    if parameter.is_empty() {
        return Fault::new(Code::Serialization, reason.clone());
    }
    match service {
        Service::Sqs => {
            let value = value.chars().take(SHOWN_CHARACTERS_MAX).collect::<String>();
            Fault::invalid_value(value, parameter, reason)
        }
        Service::Sns | Service::Sts => Fault::invalid_parameter(format_args!("{parameter} Reason: {reason}")),
    }
}
