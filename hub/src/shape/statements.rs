//! The statements of a policy, to which permissions are added, and from which they are taken by their label.
//!
//! What other statements say stays as it is; only space between their words is lost.

use serde_json::{Map, Value, json};

/// A policy, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Statements {
    /// Without its statements.
    policy: Map<String, Value>,
    statements: Vec<Value>,
}

impl Statements {
    /// Takes the text of a policy apart.
    pub(crate) fn parse(policy: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(policy).map(Self::of)
    }

    /// Takes a policy apart; it need not have any statements.
    pub(crate) fn of(mut policy: Map<String, Value>) -> Self {
        // The place of the statements among the members stays theirs.
        let statements = match policy.get_mut("Statement").map(Value::take) {
            Some(Value::Array(statements)) => statements,
            Some(statement) => vec![statement],
            None => Vec::new(),
        };
        Self { policy, statements }
    }

    pub(crate) fn len(&self) -> usize {
        self.statements.len()
    }

    pub(crate) fn has(&self, label: &str) -> bool {
        self.statements.iter().any(|statement| is_labelled(statement, label))
    }

    pub(crate) fn add(&mut self, statement: Value) {
        self.statements.push(statement);
    }

    /// Takes out what bears that label; says whether there was any.
    pub(crate) fn remove(&mut self, label: &str) -> bool {
        let before = self.statements.len();
        self.statements.retain(|statement| !is_labelled(statement, label));
        self.statements.len() < before
    }

    /// The policy as text.
    pub(crate) fn text(self) -> String {
        let Self { mut policy, statements } = self;
        policy.insert("Statement".to_owned(), Value::Array(statements));
        Value::Object(policy).to_string()
    }
}

/// A statement that allows the owners of accounts to do something with a resource. Who or what is named twice counts
/// once.
pub(crate) fn allow(
    label: &str,
    accounts: &[String],
    actions: impl IntoIterator<Item = String>,
    arn: &str,
) -> Value {
    let principals = accounts.iter().map(|account| format!("arn:aws:iam::{account}:root"));
    json!({
        "Sid": label,
        "Effect": "Allow",
        "Principal": { "AWS": one_or_list(principals) },
        "Action": one_or_list(actions),
        "Resource": arn,
    })
}

/// A policy writes one of something without a list around it.
fn one_or_list(texts: impl IntoIterator<Item = String>) -> Value {
    let mut once = Vec::new();
    for text in texts {
        if !once.contains(&text) {
            once.push(text);
        }
    }
    match once.as_slice() {
        [one] => json!(one),
        texts => json!(texts),
    }
}

fn is_labelled(statement: &Value, label: &str) -> bool {
    statement.get("Sid").and_then(Value::as_str) == Some(label)
}
