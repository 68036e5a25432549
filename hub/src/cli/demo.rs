//! `fanq demo`: a small shop on a hub of its own, every order of which is accounted for in the end.
//!
//! A hub is started in memory on a free port. Orders are published to a topic; inventory, payment and shipping
//! each have a queue with a filter policy, and payment has a dead-letter queue for what it cannot process. All of
//! it goes over HTTP through the public client, and what should have happened is worked out without the hub.

use std::sync::Arc;
use std::time::Duration;

use clap::{Arg, ArgMatches, Command};
use fanq_client::Client;

use super::serve::Signals;
use super::{Error, runtime};

mod check;
mod ledger;
mod local_hub;
mod progress;
mod shop;
mod story;
mod summary;
mod traffic;

use ledger::Ledger;
use local_hub::LocalHub;
use progress::Progress;
use shop::Shop;
use story::Story;
use traffic::{Ending, Traffic};

pub(super) const NAME: &str = "demo";

const ORDERS_DEFAULT: &str = "2000";

/// More are too many for the time limit.
const ORDERS_MAX: u32 = 10_000;

/// For the shop, after which the summary says what is missing. With the start and the end of the hub, which have
/// limits of their own, the command takes less than 30 seconds.
const SHOP: Duration = Duration::from_secs(24);

/// How often progress is shown, and, when all is published, asked whether the queues are empty.
const LOOK: Duration = Duration::from_millis(50);

pub(super) fn command() -> Command {
    Command::new(NAME).about("Run a small shop on a hub of its own, and check where each order went").arg(
        Arg::new("orders")
            .long("orders")
            .value_name("COUNT")
            .value_parser(clap::value_parser!(u32).range(1..=i64::from(ORDERS_MAX)))
            .default_value(ORDERS_DEFAULT)
            .help("How many orders to publish"),
    )
}

pub(super) fn run(matches: &ArgMatches) -> Result<(), Error> {
    let orders = matches.get_one::<u32>("orders").copied().unwrap_or(1);
    let runtime = runtime()?;
    let result = runtime.block_on(demo(orders));
    runtime.shutdown_background();
    result
}

async fn demo(orders: u32) -> Result<(), Error> {
    let mut signals =
        Signals::listen().map_err(|error| Error::Failed(format!("cannot wait for signals: {error}")))?;
    let hub = LocalHub::start().await?;
    let endpoint = hub.endpoint();
    let result = tokio::select! {
        result = open_shop(&endpoint, orders) => result,
        () = signals.next() => Err(Error::Failed("interrupted".to_owned())),
    };
    let stopped = hub.stop().await;
    result.and(stopped)
}

/// Runs the shop until all orders are through or its time is up, prints the summary, and fails if it is not good.
async fn open_shop(endpoint: &str, orders: u32) -> Result<(), Error> {
    let story = Arc::new(Story::new(orders));
    let ledger = Arc::new(Ledger::default());
    let mut progress = Progress::start(&story, endpoint);
    let mut payment_arn = None;
    let work = async {
        let shop = Shop::open(&Client::new(endpoint)?).await?;
        payment_arn = Some(shop.payment_arn.clone());
        let mut traffic = Traffic::start(shop, &story, &ledger);
        traffic.run(LOOK, || progress.show(&ledger.counts())).await
    };
    let ending = match tokio::time::timeout(SHOP, work).await {
        Ok(result) => result,
        Err(_) => Ok(Ending::TimeIsUp),
    };
    progress.finish(&ledger.counts());
    let ending = ending.map_err(|error: fanq_client::Error| Error::Failed(error.to_string()))?;
    let seen = ledger.seen();
    let problems = check::check(&story, &seen, ending, payment_arn.as_deref());
    summary::print(&story, &seen, &problems);
    if ending == Ending::TimeIsUp {
        return Err(Error::Failed(format!("not done within {} s", SHOP.as_secs())));
    }
    if !problems.is_empty() {
        return Err(Error::Failed("not every order is where it should be".to_owned()));
    }
    Ok(())
}
