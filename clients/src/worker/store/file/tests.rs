//! The file of a store, whole and torn.

use std::time::{Duration, SystemTime};

use super::*;

const HOUR: Duration = Duration::from_secs(3600);

/// A folder of a test's own, which goes with it.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("fanq-store-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self) -> PathBuf {
        self.0.join("done")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn what_was_remembered_is_known_to_the_next_one_and_a_torn_line_is_not() {
    let folder = Folder::new("torn");
    let store = FileStore::open(folder.file(), HOUR, 100).unwrap();
    for key in ["a", "two\nlines \"quoted\"", ""] {
        store.remember(key).unwrap();
    }
    drop(store);
    let whole = std::fs::read(folder.file()).unwrap();
    for torn in ["1", "17000000000 \"tor", "x"] {
        std::fs::write(folder.file(), [&whole, torn.as_bytes()].concat()).unwrap();
        let store = FileStore::open(folder.file(), HOUR, 100).unwrap();
        assert!(["a", "two\nlines \"quoted\"", ""].iter().all(|key| store.is_done(key)));
        assert!(!store.is_done("tor"));
        assert_eq!(std::fs::read(folder.file()).unwrap(), whole);
    }
    std::fs::write(folder.file(), "garbage\n").unwrap();
    assert_eq!(FileStore::open(folder.file(), HOUR, 100).unwrap_err().kind(), io::ErrorKind::InvalidData);
}

#[test]
fn a_file_of_which_most_is_forgotten_is_written_anew() {
    let folder = Folder::new("rewritten");
    let old = SystemTime::now() - 2 * HOUR;
    let mut text = (0..LINES_MIN).map(|number| line(old, &number.to_string())).collect::<String>();
    text.push_str(&line(SystemTime::now(), "kept"));
    std::fs::write(folder.file(), text).unwrap();
    let store = FileStore::open(folder.file(), HOUR, 100).unwrap();
    assert!(!store.is_done("7") && store.is_done("kept"));
    store.remember("new").unwrap();
    let text = std::fs::read_to_string(folder.file()).unwrap();
    assert!(text.lines().count() <= 3, "{text}");
    drop(store);
    let store = FileStore::open(folder.file(), HOUR, 100).unwrap();
    assert!(store.is_done("kept") && store.is_done("new"));
}

#[test]
fn many_that_remember_at_once_are_all_remembered() {
    let folder = Folder::new("many");
    let store = FileStore::open(folder.file(), HOUR, 1000).unwrap();
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let store = &store;
            scope.spawn(move || (0..20).for_each(|key| store.remember(&format!("{thread}-{key}")).unwrap()));
        }
    });
    drop(store);
    let store = FileStore::open(folder.file(), HOUR, 1000).unwrap();
    assert!((0..8).all(|thread| (0..20).all(|key| store.is_done(&format!("{thread}-{key}")))));
}
