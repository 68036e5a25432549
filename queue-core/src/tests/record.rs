//! Records: kept and never looked at.

use super::check;

#[test]
fn a_record_is_what_was_last_said_of_it() {
    check(
        "0s   record settings a=1 b=2
         0s   changed                         → record 1
         0s   records                         → settings (a=1, b=2)
         0s   record settings a=3
         0s   records                         → settings (a=3)
         0s   record settings a=4 stale       → Stale
         0s   record other c=5
         0s   records                         → settings (a=3), other (c=5)
         0s   record settings gone
         0s   records                         → other
         0s   record settings gone            → done
         0s   record settings
         0s   records                         → other, settings",
    );
}
