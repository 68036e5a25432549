use super::*;

const ARN: &str = "arn:aws:sqs:us-east-1:000000000000:payment";

/// Enough orders that every mixture occurs.
const ORDERS: u32 = 300;

/// What a run shows when nothing goes wrong.
fn perfect(story: &Story) -> Seen {
    let mut seen = Seen { published: story.orders.len(), ..Seen::default() };
    for (id, order) in &story.orders {
        for place in order.places() {
            let (receives, processed, source) = match place {
                Place::Payment if order.is_declined => (vec![1, 2, 3], 0, None),
                Place::DeadLetters => (vec![4], 1, Some(ARN.to_owned())),
                Place::Inventory | Place::Payment | Place::Shipping => (vec![1], 1, None),
            };
            let sighting = Sighting { receives, processed, altered: 0, source };
            seen.sightings.entry(place).or_default().insert(id.clone(), sighting);
        }
    }
    seen
}

/// An order that should be at a place, and one that should not.
fn pick(story: &Story, place: Place, is_expected: bool) -> String {
    let fits = |order: &&Order| order.places().contains(&place) == is_expected && !order.is_declined;
    let order = story.orders.values().find(fits);
    order.expect("orders of both sorts").id.clone()
}

fn declined(story: &Story) -> String {
    let order = story.orders.values().find(|order| order.is_declined);
    order.expect("a declined order").id.clone()
}

/// Spoils a perfect outcome and expects exactly one problem.
fn check_spoilt(claim: Claim, what: &What, spoil: impl FnOnce(&Story, &mut Seen)) {
    let story = Story::new(ORDERS);
    let mut seen = perfect(&story);
    spoil(&story, &mut seen);
    let problems = check(&story, &seen, Ending::QueuesEmpty, Some(ARN));
    let expected = Problem { claim, what: what.clone() };
    assert_eq!(problems, vec![expected]);
}

fn at<'a>(seen: &'a mut Seen, place: Place, order: &str) -> &'a mut Sighting {
    let orders = seen.sightings.entry(place).or_default();
    orders.entry(order.to_owned()).or_default()
}

#[test]
fn a_perfect_outcome_has_no_problems() {
    for count in [1, 2, 19, ORDERS] {
        let story = Story::new(count);
        let problems = check(&story, &perfect(&story), Ending::QueuesEmpty, Some(ARN));
        assert_eq!(problems, vec![], "{count} orders");
    }
}

#[test]
fn orders_that_were_not_published_are_noticed() {
    check_spoilt(Claim::Published, &What::Unpublished(2), |_, seen| seen.published -= 2);
}

#[test]
fn a_missing_order_is_noticed_at_each_place() {
    let story = Story::new(ORDERS);
    for place in [Place::Inventory, Place::Payment, Place::Shipping] {
        let order = pick(&story, place, true);
        check_spoilt(Claim::Placed, &What::Missing(place, order.clone()), |_, seen| {
            seen.sightings.get_mut(&place).unwrap().remove(&order);
        });
    }
    let order = declined(&story);
    let what = What::Missing(Place::DeadLetters, order.clone());
    check_spoilt(Claim::DeadLetters, &what, |_, seen| {
        seen.sightings.get_mut(&Place::DeadLetters).unwrap().remove(&order);
    });
}

#[test]
fn an_order_at_the_wrong_place_is_noticed() {
    let story = Story::new(ORDERS);
    for place in Place::ALL {
        let order = pick(&story, place, false);
        let claim = if place == Place::DeadLetters { Claim::DeadLetters } else { Claim::Placed };
        check_spoilt(claim, &What::Stray(place, order.clone()), |_, seen| {
            let sighting = at(seen, place, &order);
            sighting.receives.push(1);
            sighting.processed = 1;
        });
    }
}

#[test]
fn a_message_that_nobody_sent_is_noticed() {
    let what = What::Stray(Place::Shipping, "order-99999".to_owned());
    check_spoilt(Claim::Placed, &what, |_, seen| {
        at(seen, Place::Shipping, "order-99999").receives.push(1);
    });
}

#[test]
fn an_order_that_was_not_processed_is_noticed() {
    let order = pick(&Story::new(ORDERS), Place::Payment, true);
    let what = What::Unprocessed(Place::Payment, order.clone());
    check_spoilt(Claim::Once, &what, |_, seen| at(seen, Place::Payment, &order).processed = 0);
}

#[test]
fn an_order_that_came_again_without_a_reason_is_noticed() {
    let order = pick(&Story::new(ORDERS), Place::Inventory, true);
    let what = What::ReceiveCounts(Place::Inventory, order.clone(), vec![1, 2], vec![1]);
    check_spoilt(Claim::Once, &what, |_, seen| {
        at(seen, Place::Inventory, &order).receives.push(2);
    });
    let what = What::ProcessedTwice(Place::Inventory, order.clone(), 2);
    check_spoilt(Claim::Once, &what, |_, seen| at(seen, Place::Inventory, &order).processed = 2);
}

#[test]
fn an_altered_text_is_noticed() {
    let order = pick(&Story::new(ORDERS), Place::Shipping, true);
    let what = What::Altered(Place::Shipping, order.clone());
    check_spoilt(Claim::Intact, &what, |_, seen| at(seen, Place::Shipping, &order).altered = 1);
}

#[test]
fn a_refused_order_is_tried_exactly_three_times() {
    let order = declined(&Story::new(ORDERS));
    for receives in [vec![1, 2], vec![1, 2, 3, 4], vec![1, 1, 1]] {
        let what = What::ReceiveCounts(Place::Payment, order.clone(), receives.clone(), vec![1, 2, 3]);
        check_spoilt(Claim::DeadLetters, &what, |_, seen| {
            at(seen, Place::Payment, &order).receives = receives;
        });
    }
    let what = What::ProcessedTwice(Place::Payment, order.clone(), 1);
    check_spoilt(Claim::DeadLetters, &what, |_, seen| at(seen, Place::Payment, &order).processed = 1);
}

#[test]
fn a_dead_letter_keeps_its_count_and_names_its_source() {
    let order = declined(&Story::new(ORDERS));
    let what = What::ReceiveCounts(Place::DeadLetters, order.clone(), vec![1], vec![4]);
    check_spoilt(Claim::DeadLetters, &what, |_, seen| {
        at(seen, Place::DeadLetters, &order).receives = vec![1];
    });
    for source in [None, Some("arn:aws:sqs:us-east-1:000000000000:shipping".to_owned())] {
        let what = What::Source(order.clone(), source.clone());
        check_spoilt(Claim::DeadLetters, &what, |_, seen| {
            at(seen, Place::DeadLetters, &order).source = source;
        });
    }
}

#[test]
fn an_end_by_the_clock_is_a_problem() {
    let story = Story::new(ORDERS);
    let problems = check(&story, &perfect(&story), Ending::TimeIsUp, Some(ARN));
    assert_eq!(problems, vec![Problem::new(Claim::Empty, What::NotEmpty)]);
}

#[test]
fn nothing_at_all_is_not_a_success() {
    let story = Story::new(ORDERS);
    let problems = check(&story, &Seen::default(), Ending::QueuesEmpty, None);
    let wanted: usize = Place::ALL.iter().map(|place| story.expected(*place)).sum();
    assert_eq!(problems.len(), wanted + 1);
}

#[test]
fn the_orders_vary() {
    let story = Story::new(ORDERS);
    let mut mixtures = std::collections::BTreeSet::new();
    for order in story.orders.values() {
        mixtures.insert(order.places());
    }
    // Of the mixtures of three departments, shipping without inventory cannot be; with dead letters there are more.
    for mixture in [
        vec![],
        vec![Place::Inventory],
        vec![Place::Payment],
        vec![Place::Inventory, Place::Payment],
        vec![Place::Inventory, Place::Shipping],
        vec![Place::Inventory, Place::Payment, Place::Shipping],
        vec![Place::Payment, Place::DeadLetters],
        vec![Place::Inventory, Place::Payment, Place::Shipping, Place::DeadLetters],
    ] {
        assert!(mixtures.contains(&mixture), "{mixture:?} does not occur");
    }
}
