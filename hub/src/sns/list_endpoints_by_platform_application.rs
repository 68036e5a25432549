//! [`ListEndpointsByPlatformApplication`](https://docs.aws.amazon.com/sns/latest/api/API_ListEndpointsByPlatformApplication.html): the
//! devices that an application is installed on.

use crate::operation::{Context, Operation};
use crate::shape::platform::{application, endpoint};
use crate::shape::record::{self, Asked};
use crate::shape::topic::limits;
use crate::wire::{Fault, Pairs};
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListEndpointsByPlatformApplication {
    platform_application_arn: Option<String>,
    next_token: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Page {
    endpoints: Vec<Listed>,
    next_token: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Listed {
    endpoint_arn: String,
    attributes: Pairs<String>,
}

impl Operation for ListEndpointsByPlatformApplication {
    const NAME: &'static str = "ListEndpointsByPlatformApplication";
    type Output = Page;

    async fn run(self, cx: &Context) -> Result<Page, Fault> {
        let key = application::named(self.platform_application_arn.as_deref(), cx)?;
        let application = application::find(&key, cx)?;
        let from = endpoint::all_of(&key);
        let token = ("NextToken", self.next_token.as_deref());
        let page = record::page(&Asked { from: &from, token, length: limits::PAGE }, cx)?;
        let found = page.found.iter().filter(|endpoint| endpoint::is_of(endpoint, &application));
        let listed = found.map(|record| Listed {
            endpoint_arn: endpoint::arn(&record.key),
            attributes: endpoint::shown(record),
        });
        Ok(Page { endpoints: listed.collect(), next_token: page.next_token })
    }
}
