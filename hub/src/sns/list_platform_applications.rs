//! [`ListPlatformApplications`](https://docs.aws.amazon.com/sns/latest/api/API_ListPlatformApplications.html): the
//! applications of an account, in the order of their platforms and names.

use crate::operation::{Context, Operation};
use crate::shape::platform::application;
use crate::shape::record::{self, Asked};
use crate::shape::topic::limits;
use crate::wire::{Fault, Pairs};
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListPlatformApplications {
    next_token: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Page {
    platform_applications: Vec<Listed>,
    next_token: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Listed {
    platform_application_arn: String,
    attributes: Pairs<String>,
}

impl Operation for ListPlatformApplications {
    const NAME: &'static str = "ListPlatformApplications";
    type Output = Page;

    async fn run(self, cx: &Context) -> Result<Page, Fault> {
        let from = application::all(cx);
        let token = ("NextToken", self.next_token.as_deref());
        let page = record::page(&Asked { from: &from, token, length: limits::PAGE }, cx)?;
        let listed = page.found.iter().map(|record| Listed {
            platform_application_arn: application::arn(&record.key),
            attributes: application::shown(record),
        });
        Ok(Page { platform_applications: listed.collect(), next_token: page.next_token })
    }
}
