//! The fingerprint: the same for the same history, another for any other. (That it survives being written and read
//! back, and is the same after a replay, is checked with every timetable.)

use super::player::Player;

fn fingerprint(timetable: &str) -> u64 {
    Player::play(timetable).world.machine.fingerprint()
}

#[test]
fn the_same_history_has_the_same_fingerprint() {
    let history = "0s create q fifo
                   0s send q 'a' group=x, 'b' group=y
                   1s receive q
                   2s delete q 1";
    assert_eq!(fingerprint(history), fingerprint(history));
}

#[test]
fn a_history_that_differs_in_anything_has_another() {
    let histories = [
        "0s create q",
        "1s create q",
        "0s create q
         and tick",
        "0s create q
         0s tick",
        "0s create q
         0s send q 'a'",
        "0s create q
         0s send q 'ab'",
        "0s create q
         0s send q 'a', 'b'",
        "0s create q
         0s send q 'a'
         and send q 'b'",
        "0s create q
         0s send q 'a' delay=5s",
        "0s create q
         0s send q 'a'
         0s receive q",
        "0s create q
         0s send q 'a'
         0s receive q max=0",
        "0s create q
         0s send q 'a'
         0s receive q
         0s delete q 1",
        "0s create q
         0s send q 'a'
         0s receive q
         0s visibility q 1=0s",
        "0s create q
         0s send q 'a'
         0s purge q",
        "0s create q
         0s send q 'a'
         0s note all
         0s carry all",
        "0s create q
         0s send q 'a'
         0s note all
         0s carry all wrong",
        "0s create q
         0s create q → QueueExists",
        "0s create q
         0s subscribe s t to q → NoSuchTopic",
        "0s topic q",
    ];
    let fingerprints: Vec<_> = histories.iter().map(|history| fingerprint(history)).collect();
    for (at, one) in fingerprints.iter().enumerate() {
        let same = fingerprints.iter().position(|other| other == one);
        assert_eq!(same, Some(at), "{}", histories[at]);
    }
}

#[test]
fn what_differs_and_is_undone_still_shows() {
    let common = "0s create q
                  0s send q 'a'";
    let seen = format!("{common}\n1s receive q visibility=1s\n9s receive q");
    let unseen = format!("{common}\n1s receive q max=0\n9s receive q");
    assert_ne!(fingerprint(&seen), fingerprint(&unseen));
}
