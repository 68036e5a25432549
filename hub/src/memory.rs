//! Memory: how much this process can have, which is that of the machine or less where a control group says so, and
//! giving back what it does not need any more.

use std::path::Path;

/// Where the system does not say.
const UNKNOWN: u64 = 4 << 30;

const MEMINFO: &str = "/proc/meminfo";
const GROUPS: &str = "/proc/self/cgroup";

/// Bytes of memory.
pub(crate) fn available() -> u64 {
    let read = |path: &str| std::fs::read_to_string(path).ok();
    let machine = read(MEMINFO).and_then(|text| total(&text)).unwrap_or(UNKNOWN);
    let groups = read(GROUPS).unwrap_or_default();
    let limits = limit_files(&groups).into_iter().filter_map(|path| limit(&read(&path)?));
    limits.fold(machine, u64::min)
}

/// Gives memory that was freed back to the system. The allocator does so by itself, but only bit by bit while it is used:
/// what a start has taken to read the log would stay with an idle hub for long.
#[expect(unsafe_code, reason = "the allocator is written in C")]
pub(crate) fn give_back() {
    // SAFETY: any thread may call it at any time; it touches nothing but free memory of the allocator.
    unsafe { libmimalloc_sys::mi_collect(true) }
}

/// The memory of the machine, from `/proc/meminfo`.
fn total(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kibibytes.checked_mul(1_024)
}

/// The files that may limit the process, from `/proc/self/cgroup`. Every group above its own counts as well; in a
/// container the groups may be listed as seen from outside, and then only the topmost is there.
fn limit_files(groups: &str) -> Vec<String> {
    let mut found = Vec::new();
    for line in groups.lines() {
        let mut parts = line.splitn(3, ':').skip(1);
        let (Some(controllers), Some(group)) = (parts.next(), parts.next()) else {
            continue;
        };
        let (root, file) = if controllers.is_empty() {
            ("/sys/fs/cgroup", "memory.max")
        } else if controllers.split(',').any(|name| name == "memory") {
            ("/sys/fs/cgroup/memory", "memory.limit_in_bytes")
        } else {
            continue;
        };
        for group in Path::new(group).ancestors() {
            let group = group.to_string_lossy();
            found.push(format!("{root}{}/{file}", group.trim_end_matches('/')));
        }
    }
    found
}

/// A limit; none if the group has none. An older kernel says so with a number near the largest there is.
fn limit(text: &str) -> Option<u64> {
    text.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_memory_of_the_machine_is_read() {
        let text = "MemTotal:        4028224 kB\nMemFree:          100000 kB\n";
        assert_eq!(total(text), Some(4_028_224 * 1_024));
        assert_eq!(total("MemFree: 1 kB\n"), None);
        assert!(available() > 0);
    }

    #[test]
    fn every_group_above_may_limit() {
        for (groups, expected) in [
            ("0::/\n", &["/sys/fs/cgroup/memory.max"][..]),
            (
                "0::/a/b\n",
                &[
                    "/sys/fs/cgroup/a/b/memory.max",
                    "/sys/fs/cgroup/a/memory.max",
                    "/sys/fs/cgroup/memory.max",
                ],
            ),
            (
                "4:cpu:/x\n3:hugetlb,memory:/docker/1\n",
                &[
                    "/sys/fs/cgroup/memory/docker/1/memory.limit_in_bytes",
                    "/sys/fs/cgroup/memory/docker/memory.limit_in_bytes",
                    "/sys/fs/cgroup/memory/memory.limit_in_bytes",
                ],
            ),
            ("", &[]),
            ("nonsense", &[]),
        ] {
            assert_eq!(limit_files(groups), expected, "{groups}");
        }
    }

    #[test]
    fn a_group_without_a_limit_limits_nothing() {
        assert_eq!(limit("536870912\n"), Some(536_870_912));
        assert_eq!(limit("max\n"), None);
    }
}
