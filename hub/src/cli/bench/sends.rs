//! A request that sends messages, over and over: the same bytes each time, but for the digits that make each message of a
//! FIFO queue one of its own.

use uuid::Uuid;

use super::request::{Fifo, Requests};

/// Of a number in a group's name or a deduplication id.
const DIGITS: usize = 10;

/// The request of one connection.
pub(super) struct Sends {
    request: Vec<u8>,
    fifo: Option<Digits>,
}

/// What is different each time, by the places where the digits stand.
struct Digits {
    groups: u64,
    in_groups: Vec<usize>,
    in_ids: Vec<usize>,
    /// Of the next message.
    number: u64,
}

impl Sends {
    /// To a standard queue, or a FIFO queue with so many groups, on a level if it is a priority queue. Groups are used in
    /// turns, beginning with that of `first`.
    pub(super) fn new(
        requests: &Requests,
        queue_url: &str,
        body: &str,
        batch: u32,
        groups: Option<u32>,
        level: Option<u32>,
        first: usize,
    ) -> Self {
        let Some(groups) = groups else {
            return Self { request: requests.send(queue_url, body, batch, None, level), fifo: None };
        };
        // Another for each connection and each time that it begins anew, so no id is ever used twice.
        let own = Uuid::new_v4().simple().to_string();
        let (group, id) = (numbered("group"), numbered(&own));
        let fifo = Fifo { group: &group, id: &id };
        let request = requests.send(queue_url, body, batch, Some(fifo), level);
        let number = u64::try_from(first).unwrap_or_default();
        let (in_groups, in_ids) = (places(&request, &group), places(&request, &id));
        Self { request, fifo: Some(Digits { groups: groups.into(), in_groups, in_ids, number }) }
    }

    /// The next request.
    pub(super) fn next(&mut self) -> &[u8] {
        if let Some(digits) = &mut self.fifo {
            for (group, id) in digits.in_groups.iter().zip(&digits.in_ids) {
                write(
                    &mut self.request,
                    *group,
                    digits.number.checked_rem(digits.groups).unwrap_or_default(),
                );
                write(&mut self.request, *id, digits.number);
                digits.number = digits.number.wrapping_add(1);
            }
        }
        &self.request
    }
}

fn numbered(name: &str) -> String {
    format!("{name}-{:0>DIGITS$}", 0)
}

/// Where the digits of a text stand, each time that it is there.
fn places(request: &[u8], text: &str) -> Vec<usize> {
    let found = request.windows(text.len()).enumerate().filter(|(_, window)| *window == text.as_bytes());
    found.map(|(place, _)| place + text.len() - DIGITS).collect()
}

fn write(request: &mut [u8], place: usize, mut number: u64) {
    for digit in request.iter_mut().skip(place).take(DIGITS).rev() {
        *digit = b'0' + u8::try_from(number % 10).unwrap_or_default();
        number /= 10;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::authority::Authority;

    fn body_of(request: &[u8]) -> serde_json::Value {
        let text = String::from_utf8_lossy(request);
        serde_json::from_str(text.split_once("\r\n\r\n").unwrap().1).unwrap()
    }

    #[test]
    fn messages_of_a_fifo_queue_take_turns_in_groups_and_have_ids_of_their_own() {
        let requests = Requests::new(&Authority::parse("hub").unwrap());
        let mut sends = Sends::new(&requests, "q", "x", 2, Some(3), None, 8);
        let mut seen = Vec::new();
        for _ in 0..2 {
            let body = body_of(sends.next());
            for entry in body["Entries"].as_array().unwrap() {
                let of = |name: &str| entry[name].as_str().unwrap().rsplit_once('-').unwrap().1.to_owned();
                seen.push((of("MessageGroupId"), of("MessageDeduplicationId")));
            }
        }
        let expected = [(2, 8), (0, 9), (1, 10), (2, 11)];
        assert_eq!(seen, expected.map(|(group, id)| (format!("{group:0>10}"), format!("{id:0>10}"))));
    }

    #[test]
    fn messages_of_a_standard_queue_are_all_the_same() {
        let requests = Requests::new(&Authority::parse("hub").unwrap());
        let mut sends = Sends::new(&requests, "q", "x", 1, None, None, 8);
        let first = sends.next().to_vec();
        assert_eq!(sends.next(), first);
        assert_eq!(body_of(&first), serde_json::json!({ "QueueUrl": "q", "MessageBody": "x" }));
    }
}
