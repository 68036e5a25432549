//! How long it takes to ask one policy, and a thousand.

#![expect(clippy::expect_used, reason = "a measurement that cannot begin stops")]

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use filters::{Attribute, Index, Message, Policy, Scope};

/// Five keys, each asked in another way.
const POLICY: &str = r#"{
    "kind": ["order.sent", "order.paid"],
    "customer": [{"prefix": "eu-"}],
    "price": [{"numeric": [">", 10, "<=", 500]}],
    "channel": [{"anything-but": ["test", "internal"]}],
    "address": [{"cidr": "10.0.0.0/8"}]
}"#;

const ATTRIBUTES: [(&str, &str, &str); 5] = [
    ("kind", "String", "order.paid"),
    ("customer", "String", "eu-4711"),
    ("price", "Number", "99.90"),
    ("channel", "String", "web"),
    ("address", "String", "10.1.2.3"),
];

fn attributes<'a>() -> impl Iterator<Item = Attribute<'a>> {
    ATTRIBUTES.into_iter().map(|(name, data_type, text)| Attribute { name, data_type, text: Some(text) })
}

/// A body of one KiB with what the policy asks for, and lines of an order.
fn body() -> String {
    let mut body = r#"{"kind":"order.paid","customer":"eu-4711","price":99.90,"channel":"web","address":"10.1.2.3","lines":["#.to_owned();
    let mut line = 0;
    while body.len() < 950 {
        line += 1;
        body.push_str(&format!(
            r#"{{"article":"A-{line:05}","name":"a thing that was ordered","count":{line},"price":12.5}},"#
        ));
    }
    let rest = "x".repeat(1_024 - body.len() - r#"{"rest":""}]}"#.len());
    body + &format!(r#"{{"rest":"{rest}"}}]}}"#)
}

fn one_policy(criterion: &mut Criterion) {
    let policy = Policy::compile(POLICY, Scope::MessageAttributes).expect("a policy");
    criterion.bench_function("5 keys, attributes", |bencher| {
        bencher.iter(|| black_box(&policy).matches(&Message::new("", attributes())));
    });
    let policy = Policy::compile(POLICY, Scope::MessageBody).expect("a policy");
    let body = body();
    assert!(body.len() == 1_024 && policy.matches(&Message::new(&body, [])), "the body is the one it says");
    criterion.bench_function("5 keys, body of 1 KiB", |bencher| {
        bencher.iter(|| black_box(&policy).matches(&Message::new(black_box(&body), [])));
    });
}

/// A thousand policies, of which a message passes ten.
fn many_policies(criterion: &mut Criterion) {
    let body = body();
    for scope in [Scope::MessageAttributes, Scope::MessageBody] {
        let policies: Vec<_> = (0..1_000)
            .map(|number| {
                let text =
                    format!(r#"{{"kind": ["order.paid"], "customer": ["eu-{}"]}}"#, 4_711 + number / 10);
                Policy::compile(&text, scope).expect("a policy")
            })
            .collect();
        let index = Index::new(policies.iter().cloned().map(Some).collect());
        let message = || Message::new(&body, attributes());
        assert_eq!(index.matches(&message()).len(), 10);
        criterion.bench_function(&format!("1,000 policies, each asked, {scope}"), |bencher| {
            bencher.iter(|| {
                let message = message();
                policies.iter().filter(|policy| policy.matches(&message)).count()
            });
        });
        criterion.bench_function(&format!("1,000 policies, by their index, {scope}"), |bencher| {
            bencher.iter(|| index.matches(&message()));
        });
        criterion.bench_function(&format!("an index of 1,000 policies, {scope}"), |bencher| {
            bencher.iter(|| Index::new(policies.iter().cloned().map(Some).collect()));
        });
    }
}

criterion_group!(benches, one_policy, many_policies);
criterion_main!(benches);
