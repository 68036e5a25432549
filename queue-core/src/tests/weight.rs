//! The memory that the state takes, as the machine knows it. (That what is kept agrees with what is counted anew is
//! checked after every entry.)

use super::player::Player;

fn weight(timetable: &str) -> u64 {
    Player::play(timetable).world.machine.weight()
}

#[test]
fn nothing_weighs_nothing() {
    assert_eq!(weight("0s tick"), 0);
}

#[test]
fn a_message_weighs_what_it_is_allowed_to() {
    let empty = weight("0s create q");
    let full = weight(
        "0s create q
         0s fill q 10000",
    );
    let each = (full - empty) / 10_000;
    assert!((120..=150).contains(&each), "{each} bytes for each message");
}

#[test]
fn what_is_gone_weighs_nothing() {
    let history = "0s create q
                   0s send q 'a'
                   0s receive q
                   0s delete q 1";
    assert_eq!(weight(history), weight("0s create q"));
    assert_eq!(
        weight(
            "0s   topic t fifo
             and  create q fifo
             0s   subscribe s t to q
             0s   publish t 'a' group=x
             0s   unsubscribe s
             0s   delete-queue q
             0s   delete-topic t
             0s   tick
             60s  tick"
        ),
        0
    );
}

#[test]
fn what_a_purge_cut_off_weighs_until_it_is_reclaimed() {
    let purged = "0s create q
                  0s fill q 3000
                  0s purge q";
    let before = weight(purged);
    let after = weight(&format!("{purged}\n0s tick"));
    let reclaimed = weight(&format!("{purged}\n0s tick\n0s tick\n0s tick"));
    assert!(before > 3_000 * 120 && after < before && after > 2_000 * 120);
    assert_eq!(reclaimed, weight("0s create q"));
}

#[test]
fn texts_weigh_as_long_as_they_are_set() {
    let plain = weight("0s create q");
    let tagged = "0s create q
                  0s tag q aaaaaaaaaaaaaaaaaaaa=bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";
    assert!(weight(tagged) > plain + 60);
    assert_eq!(weight(&format!("{tagged}\n0s tag q")), plain);
}

#[test]
fn bodies_count_until_they_are_released() {
    let bytes = |timetable: &str| Player::play(timetable).world.machine.body_bytes();
    let sent = "0s create q
                0s send q 'abc', 'de'";
    assert_eq!(bytes(sent), 5);
    assert_eq!(bytes(&format!("{sent}\n0s note all\n0s carry all")), 5);
    assert_eq!(bytes(&format!("{sent}\n0s receive q max=1\n0s delete q 1")), 2);
    assert_eq!(bytes(&format!("{sent}\n0s purge q")), 5);
    assert_eq!(bytes(&format!("{sent}\n0s purge q\n0s tick")), 0);
    let published = "0s topic t
                     0s create p
                     0s create q
                     0s subscribe a t to p
                     0s subscribe b t to q
                     0s publish t 'abc'";
    assert_eq!(bytes(published), 3);
    assert_eq!(bytes(&format!("{published}\n0s note all\n0s carry all\n0s delete-queue p\n0s tick")), 3);
    assert_eq!(bytes(&format!("{published}\n0s note all\n0s discard all")), 0);
}
