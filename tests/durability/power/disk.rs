//! A disk that can lose power: an image file with a file system, on a loop device.

use std::fs;
use std::path::{Path, PathBuf};

use fanq_tests::{TemporaryFolder, eventually};

use crate::load::random::Random;
use crate::machine::{Mount, call, free_bytes};

/// Where there are files in memory.
const MEMORY: &str = "/dev/shm";

/// The size of a disk; what is never written takes no memory.
const DISK_BYTES: u64 = 1 << 30;

/// A disk and its copy.
const MEMORY_BYTES: u64 = 2 * DISK_BYTES;

/// Pages of the system.
const PAGE_BYTES: u64 = 4096;

/// Stretches of a file that are written although nobody asked for it, and how long they are at most.
const STRETCHES: u64 = 4;
const STRETCH_PAGES_MAX: u64 = 512;

pub(super) struct Disk {
    // Unmounted before the image goes away.
    mount: Mount,
    images: TemporaryFolder,
}

impl Disk {
    /// A new one, with an empty file system.
    pub(super) fn new() -> Result<Self, String> {
        let memory = Path::new(MEMORY);
        let free = free_bytes(memory)?;
        if free < MEMORY_BYTES {
            return Err(format!("{MEMORY} has no more than {free} bytes"));
        }
        let images = TemporaryFolder::new_in(memory);
        let image = images.path().join("image");
        let file = fs::File::create(&image).map_err(|error| error.to_string())?;
        file.set_len(DISK_BYTES).map_err(|error| error.to_string())?;
        // Nothing is left to be made later, so that the disk is written to for the sake of the hub alone.
        let whole = "lazy_itable_init=0,lazy_journal_init=0";
        call("mkfs.ext4", &["-q".as_ref(), "-E".as_ref(), whole.as_ref(), image.as_os_str()])?;
        Ok(Self { mount: Mount::image(&image)?, images })
    }

    /// The data folder of a hub.
    pub(super) fn data(&self) -> PathBuf {
        self.mount.data()
    }

    /// Loses power while that process works: it is stopped, and stays so. The disk as it is found afterwards.
    pub(super) fn lose_power(self, process: u32, random: &mut Random) -> Self {
        stop(process);
        self.write_here_and_there(random);
        let images = TemporaryFolder::new_in(Path::new(MEMORY));
        let image = images.path().join("image");
        eventually("nothing is written to the disk while it is copied", || {
            let before = self.writes();
            let from = self.images.path().join("image");
            call("cp", &["--sparse=always".as_ref(), from.as_os_str(), image.as_os_str()]).unwrap();
            before.is_some() && before == self.writes()
        });
        let mount = Mount::image(&image).unwrap();
        Self { mount, images }
    }

    /// Writes some of what the system still holds back, by reading it and having no more use for it; and sometimes
    /// what the file system knows about it.
    fn write_here_and_there(&self, random: &mut Random) {
        let Ok(files) = fs::read_dir(self.data()) else {
            // The hub did not even come to make it.
            return;
        };
        for file in files.map(|file| file.unwrap()) {
            if !file.file_name().to_string_lossy().ends_with(".log") {
                continue;
            }
            // From the beginning, without which nothing counts, and then rather near to it than not.
            write_pages(&file.path(), 0, 1 + random.below(STRETCH_PAGES_MAX));
            for _ in 0..STRETCHES {
                let pages = file.metadata().unwrap().len() / PAGE_BYTES;
                let end = (pages >> random.below(6)).max(1);
                write_pages(&file.path(), random.below(end), 1 + random.below(STRETCH_PAGES_MAX));
            }
        }
        eventually("what was begun is written", || self.writes().is_some());
        if random.percent(75) {
            let other = self.mount.path().join("other");
            fs::write(&other, "other").unwrap();
            fs::File::open(&other).unwrap().sync_all().unwrap();
        }
    }

    /// How often the disk has been written to; none while it is.
    fn writes(&self) -> Option<u64> {
        let image = self.images.path().join("image");
        let device = call(
            "losetup",
            &["-n".as_ref(), "-O".as_ref(), "NAME".as_ref(), "-j".as_ref(), image.as_os_str()],
        );
        let device = device.unwrap();
        let name = device.trim_start_matches("/dev/");
        let numbers = fs::read_to_string(format!("/sys/block/{name}/stat")).unwrap();
        let numbers = numbers.split_whitespace().map(|number| number.parse().unwrap()).collect::<Vec<u64>>();
        let (writes, under_way) = (numbers[4], numbers[8]);
        (under_way == 0).then_some(writes)
    }
}

/// Has the system write so many pages of a file.
fn write_pages(path: &Path, from: u64, count: u64) {
    let input = format!("if={}", path.display());
    let (size, skip, count) = (format!("bs={PAGE_BYTES}"), format!("skip={from}"), format!("count={count}"));
    call("dd", &[&*input, "of=/dev/null", &size, &skip, &count, "iflag=nocache"]).unwrap();
}

/// Stops a process, and waits until each of its threads stands still.
fn stop(process: u32) {
    call("kill", &["-STOP", &process.to_string()]).unwrap();
    let is_still = |status: &str| status.lines().any(|line| line.starts_with("State:\tT"));
    eventually("all threads stand still", || {
        let threads = fs::read_dir(format!("/proc/{process}/task")).unwrap();
        let mut statuses = threads.map(|thread| fs::read_to_string(thread.unwrap().path().join("status")));
        // A thread that has just ended has no status.
        statuses.all(|status| status.map_or(true, |status| is_still(&status)))
    });
}
