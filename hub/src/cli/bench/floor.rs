//! `fanq floor`: a server that reads SendMessage and SendMessageBatch as the hub does, answers as the hub does, and
//! does nothing in between: how fast the hub could be if its own work cost nothing. `fanq bench` starts it; it is no
//! command for people.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

use actix_web::web::{Bytes, PayloadConfig};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use clap::{Arg, ArgMatches, Command};
use uuid::Uuid;

use crate::cli::{Error, serve};
use crate::server;
use crate::sqs::{SendMessage, SendMessageBatch};
use crate::wire::{self, Call, Fault, Head, Parameters};

pub(crate) const NAME: &str = "floor";

/// As the hub's own limit.
const BODY_BYTES_MAX: usize = 8 << 20;

pub(crate) fn command() -> Command {
    Command::new(NAME)
        .about("Read and answer as a hub does, without being one; fanq bench runs this by itself")
        .hide(true)
        .arg(
            Arg::new("port")
                .long("port")
                .value_name("PORT")
                .default_value("0")
                .value_parser(clap::value_parser!(u16)),
        )
}

pub(crate) fn run(matches: &ArgMatches) -> Result<(), Error> {
    let port = matches.get_one::<u16>("port").copied().unwrap_or_default();
    let served = actix_web::rt::System::new().block_on(serve(port));
    served.map_err(|error| Error::Failed(format!("the floor ended: {error}")))
}

async fn serve(port: u16) -> std::io::Result<()> {
    let app = || App::new().app_data(PayloadConfig::new(BODY_BYTES_MAX)).default_service(web::to(answer));
    let server = HttpServer::new(app).bind(("127.0.0.1", port))?;
    for address in server.addrs() {
        serve::announce(address, "us-east-1");
    }
    server.run().await
}

async fn answer(request: HttpRequest, body: Bytes) -> HttpResponse {
    let parameters = Parameters::default();
    let response = match wire::read_json(&Head::from(&request), &body, &parameters) {
        Ok(call) => match perform(&call) {
            Ok(body) => call.success(body),
            Err(fault) => call.fault(&fault),
        },
        Err(refusal) => refusal,
    };
    server::into_http(response)
}

fn perform(call: &Call<'_>) -> Result<Vec<u8>, Fault> {
    match call.action() {
        "SendMessage" => call.encode(&call.decode::<SendMessage>()?.unsent(new_id)?),
        "SendMessageBatch" => call.encode(&call.decode::<SendMessageBatch>()?.unsent(new_id)?),
        _ => Err(call.no_such_action(&[])),
    }
}

/// As cheap as the hub's own ids, which take a random number for many messages.
fn new_id() -> Uuid {
    static FIRST: LazyLock<u128> = LazyLock::new(|| Uuid::new_v4().as_u128());
    static NEXT: AtomicU64 = AtomicU64::new(0);
    Uuid::from_u128(FIRST.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed).into()))
}
