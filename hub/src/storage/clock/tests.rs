use super::*;

fn at(milliseconds: u64) -> Timestamp {
    Timestamp(milliseconds)
}

#[test]
fn frozen_time_stands_still_until_it_is_resumed_from_there() {
    let mut turned = Turned::default();
    turned.turn(ClockChange::Freeze, at(1_000));
    assert_eq!(turned.now(at(5_000)), at(1_000));
    turned.turn(ClockChange::Resume, at(5_000));
    assert_eq!(turned.now(at(5_000)), at(1_000));
    assert_eq!(turned.now(at(6_000)), at(2_000));
}

#[test]
fn advancing_moves_time_whether_it_stands_still_or_not() {
    let mut turned = Turned::default();
    turned.turn(ClockChange::AdvanceBy(Duration::from_secs(10)), at(0));
    assert_eq!(turned.now(at(1_000)), at(11_000));
    turned.turn(ClockChange::Freeze, at(1_000));
    turned.turn(ClockChange::AdvanceBy(Duration::from_secs(5)), at(2_000));
    assert_eq!(turned.now(at(9_000)), at(16_000));
    turned.turn(ClockChange::Resume, at(9_000));
    assert_eq!(turned.now(at(9_500)), at(16_500));
}

#[test]
fn the_clock_of_the_system_moves_and_begins_with_the_wall_clock() {
    let clock = LogClock::starting_now();
    let (first, second) = (clock.now(), clock.now());
    assert!(first <= second);
    assert!((Sources::system().wall)().since(first) < Duration::from_secs(60));
}

/// Clocks that show what a test sets.
#[derive(Clone, Default)]
struct Dials {
    wall: Arc<Mutex<Timestamp>>,
    elapsed: Arc<Mutex<Duration>>,
}

impl Dials {
    fn sources(&self) -> Sources {
        let Self { wall, elapsed } = self.clone();
        Sources {
            wall: Box::new(move || *wall.lock().unwrap()),
            elapsed: Box::new(move || *elapsed.lock().unwrap()),
        }
    }
}

const DAY_MS: u64 = 24 * 60 * 60 * 1_000;
const NEVER: ClockOptions = ClockOptions { may_be_turned: false, may_jump: false };
const TURNED: ClockOptions = ClockOptions { may_be_turned: true, ..NEVER };
const JUMPED: ClockOptions = ClockOptions { may_jump: true, ..NEVER };

fn ahead(seconds: u64) -> Clock {
    Clock { ahead: Duration::from_secs(seconds), ..Clock::default() }
}

fn behind(seconds: u64) -> Clock {
    Clock { behind: Duration::from_secs(seconds), ..Clock::default() }
}

fn frozen() -> Clock {
    Clock { frozen: true, ..Clock::default() }
}

/// What the clock shows at the start and a second later, with the last entry and the wall clock at these moments.
fn resumed(last: u64, clock: Clock, options: ClockOptions, wall: u64) -> Result<(u64, u64), ClockRefusal> {
    let dials = Dials::default();
    *dials.elapsed.lock().unwrap() = Duration::from_secs(500);
    *dials.wall.lock().unwrap() = at(wall);
    let clock = LogClock::resuming(at(last), clock, options, dials.sources())?;
    let first = clock.now();
    *dials.elapsed.lock().unwrap() += Duration::from_secs(1);
    // Only elapsed time counts from now on.
    *dials.wall.lock().unwrap() = at(0);
    Ok((first.milliseconds(), clock.now().milliseconds()))
}

#[test]
fn time_goes_on_at_the_wall_clock_but_never_before_the_last_entry() {
    for (last, wall, expected) in [
        (0, 100 * DAY_MS, 100 * DAY_MS),
        (10_000, 20_000, 20_000),
        (20_000, 10_000, 20_000),
        (DAY_MS, 31 * DAY_MS, 31 * DAY_MS),
    ] {
        assert_eq!(resumed(last, Clock::default(), NEVER, wall), Ok((expected, expected + 1_000)), "{last}");
    }
}

#[test]
fn a_clock_that_was_turned_is_restored_only_where_that_is_expected() {
    for (clock, last, wall, expected) in [
        (frozen(), 10_000, 90_000, (10_000, 10_000)),
        (frozen(), 10_000, 5_000, (10_000, 10_000)),
        (ahead(3), 10_000, 20_000, (23_000, 24_000)),
        (ahead(30), 45_000, 10_000, (45_000, 46_000)),
        (behind(3), 10_000, 20_000, (17_000, 18_000)),
        (behind(15), 10_000, 20_000, (10_000, 11_000)),
    ] {
        assert_eq!(resumed(last, clock, NEVER, wall), Err(ClockRefusal::Turned), "{clock:?}");
        assert_eq!(resumed(last, clock, TURNED, wall), Ok(expected), "{clock:?}");
    }
}

#[test]
fn a_clock_that_was_frozen_goes_on_from_there_when_it_is_resumed() {
    let dials = Dials::default();
    *dials.wall.lock().unwrap() = at(90_000);
    let clock = LogClock::resuming(at(10_000), frozen(), TURNED, dials.sources()).unwrap();
    clock.turn(ClockChange::AdvanceBy(Duration::from_secs(1)));
    assert_eq!(clock.now(), at(11_000));
    clock.turn(ClockChange::Resume);
    *dials.elapsed.lock().unwrap() = Duration::from_secs(5);
    assert_eq!(clock.now(), at(16_000));
    assert!(!clock.turned().frozen);
}

#[test]
fn a_start_that_moves_time_by_more_than_a_month_is_refused_unless_it_is_expected() {
    let (last, wall) = (DAY_MS, 31 * DAY_MS + 1);
    assert_eq!(resumed(last, Clock::default(), NEVER, wall), Err(ClockRefusal::Jump { days: 30 }));
    assert_eq!(resumed(last, ahead(1), TURNED, wall), Err(ClockRefusal::Jump { days: 30 }));
    assert_eq!(resumed(last, Clock::default(), JUMPED, wall), Ok((wall, wall + 1_000)));
    assert!(resumed(last, frozen(), TURNED, wall).is_ok());
}

#[test]
fn a_refusal_names_the_flag_that_allows_it() {
    assert!(ClockRefusal::Turned.to_string().contains("--test-clock"));
    assert!(ClockRefusal::Jump { days: 99 }.to_string().contains("99 days"));
    assert!(ClockRefusal::Jump { days: 99 }.to_string().contains("--accept-time-jump"));
}
