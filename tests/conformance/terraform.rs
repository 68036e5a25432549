//! Terraform with its provider of AWS: what is declared is made, found as it was declared, changed in place, destroyed.
//!
//! The provider looks at the attributes of a queue until they were six times in a row, five seconds apart, what it has
//! set; one that is shown in any other way makes it wait in vain. So this takes three minutes, in which next to nothing
//! happens.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::{Command, Output};

use aws_sdk_sns::types::MessageAttributeValue;
use aws_sdk_sqs::types::QueueAttributeName;
use fanq_tests::{Hub, TemporaryFolder, skip};

use crate::clients::{ACCOUNT, REGION, attribute, bodies, receive_within, sns, sqs};

const CONFIGURATION: &str = include_str!("terraform/main.tf");

/// Of `plan -detailed-exitcode`: nothing to do, and something to do.
const NO_CHANGES: Option<i32> = Some(0);
const CHANGES: Option<i32> = Some(2);

/// A folder with a configuration whose provider is there.
struct Terraform {
    program: &'static str,
    folder: TemporaryFolder,
    endpoint: String,
}

impl Terraform {
    /// Finds a program and a provider, or says what is missing.
    fn with_provider(hub: &Hub) -> Result<Self, String> {
        let answers = |program: &&str| Command::new(program).arg("-version").output().is_ok();
        let program =
            ["terraform", "tofu"].into_iter().find(answers).ok_or("there is no terraform and no tofu")?;
        let found = Self { program, folder: TemporaryFolder::new(), endpoint: hub.endpoint() };
        std::fs::write(found.folder.path().join("main.tf"), CONFIGURATION).unwrap();
        let from_mirror = |mirror: PathBuf| {
            let mut place = std::ffi::OsString::from("-plugin-dir=");
            place.push(mirror);
            found.run([OsStr::new("init"), &place]).status.success()
        };
        if mirrors().into_iter().any(from_mirror) || found.run(["init"]).status.success() {
            Ok(found)
        } else {
            Err(format!("{program} finds no provider of AWS"))
        }
    }

    fn run<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Output {
        let mut command = Command::new(self.program);
        // Whoever runs the tests may have accounts of their own.
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("AWS_")) {
            command.env_remove(name);
        }
        let nothing = self.folder.path().join("nothing");
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .envs([("AWS_ENDPOINT_URL", self.endpoint.as_str()), ("AWS_REGION", REGION)])
            .envs([("AWS_ACCESS_KEY_ID", ACCOUNT), ("AWS_SECRET_ACCESS_KEY", "any")])
            .envs([("AWS_CONFIG_FILE", &nothing), ("AWS_SHARED_CREDENTIALS_FILE", &nothing)])
            .envs([("AWS_EC2_METADATA_DISABLED", "true"), ("CHECKPOINT_DISABLE", "1")])
            .envs([("TF_REGISTRY_DISCOVERY_RETRY", "0"), ("TF_INPUT", "0"), ("TF_CLI_ARGS", "-no-color")])
            .output()
            .unwrap()
    }

    /// Runs a command about one of the two generations, and answers its exit code and what it said.
    fn of(&self, generation: u32, arguments: &[&str]) -> (Option<i32>, String) {
        let output =
            self.run(arguments.iter().copied().chain([format!("-var=generation={generation}").as_str()]));
        let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        (output.status.code(), said.concat())
    }

    /// Applies a generation, after which there is nothing more to do; answers what Terraform has counted.
    fn apply(&self, generation: u32) -> String {
        let (code, said) = self.of(generation, &["apply", "-auto-approve"]);
        assert_eq!(code, Some(0), "{said}");
        self.check_plan(generation, NO_CHANGES);
        said.lines().find(|line| line.starts_with("Apply complete!")).unwrap().to_owned()
    }

    fn check_plan(&self, generation: u32, expected: Option<i32>) {
        let (code, said) = self.of(generation, &["plan", "-detailed-exitcode"]);
        assert_eq!(code, expected, "{said}");
    }
}

/// Folders in which providers are laid out as in their registry, where images of build machines have them. Those that
/// Terraform itself knows of need no naming.
fn mirrors() -> Vec<PathBuf> {
    let registries = ["registry.terraform.io", "registry.opentofu.org"];
    let is_mirror = |folder: &PathBuf| {
        registries.iter().any(|registry| folder.join(registry).join("hashicorp/aws").is_dir())
    };
    let folders = std::fs::read_dir("/opt").into_iter().flatten().flatten().map(|entry| entry.path());
    folders.filter(is_mirror).collect()
}

#[tokio::test]
async fn terraform_makes_changes_and_destroys_what_is_declared() {
    let hub = Hub::start_plain(&["--auto-confirm"]);
    let terraform = match Terraform::with_provider(&hub) {
        Ok(found) => found,
        Err(what) => return skip(&format!("Terraform: {what}")),
    };
    let (sqs, sns) = (sqs(&hub), sns(&hub));
    let url = |name: &str| format!("{}/{ACCOUNT}/{name}", hub.endpoint());
    let timeout = QueueAttributeName::VisibilityTimeout;

    let counted = terraform.apply(1);
    assert!(counted.ends_with(" 0 changed, 0 destroyed."), "{counted}");
    assert_eq!(attribute(&sqs, &url("orders"), timeout.clone()).await, "30");
    let topic = format!("arn:aws:sns:{REGION}:{ACCOUNT}:payments.fifo");
    for currency in ["EUR", "USD"] {
        let value = MessageAttributeValue::builder().data_type("String").string_value(currency);
        let published = sns.publish().topic_arn(&topic).message(currency).message_group_id("g");
        let published = published.message_deduplication_id(currency);
        published.message_attributes("currency", value.build().unwrap()).send().await.unwrap();
    }
    let got = receive_within(&sqs, &url("payments.fifo"), 20).await;
    assert_eq!(got.len(), 1, "what was declared works: {:?}", bodies(&got));
    assert!(got[0].body().unwrap().contains("USD"));

    terraform.check_plan(2, CHANGES);
    let counted = terraform.apply(2);
    assert!(counted.contains(" 0 added, ") && counted.ends_with(" 0 destroyed."), "{counted}");
    assert_eq!(attribute(&sqs, &url("orders"), timeout).await, "120");

    let (code, said) = terraform.of(2, &["destroy", "-auto-approve"]);
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(sqs.list_queues().send().await.unwrap().queue_urls(), [""; 0]);
    assert_eq!(sns.list_topics().send().await.unwrap().topics(), []);
}
