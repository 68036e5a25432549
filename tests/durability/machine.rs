//! What a test needs of the machine beyond files and sockets, and may not get.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use fanq_tests::TemporaryFolder;
pub(crate) use fanq_tests::skip;

/// Runs a program of the system to its end; gives what it printed.
pub(crate) fn call<S: AsRef<OsStr>>(program: &str, arguments: &[S]) -> Result<String, String> {
    let output =
        Command::new(program).args(arguments).output().map_err(|error| format!("{program}: {error}"))?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    } else {
        Err(format!("{program}: {}", String::from_utf8_lossy(&output.stderr).trim()))
    }
}

/// Bytes that are free in the file system of a folder.
pub(crate) fn free_bytes(folder: &Path) -> Result<u64, String> {
    let said = call("df", &["--output=avail".as_ref(), "--block-size=1".as_ref(), folder.as_os_str()])?;
    let bytes = said.lines().last().and_then(|line| line.trim().parse().ok());
    bytes.ok_or(said)
}

/// A file system that is mounted as long as the value lives.
pub(crate) struct Mount(TemporaryFolder);

impl Mount {
    /// One in memory, of that size.
    pub(crate) fn memory(mebibytes: u64) -> Result<Self, String> {
        let size = format!("size={mebibytes}m");
        Self::of(&["-t".as_ref(), "tmpfs".as_ref(), "-o".as_ref(), size.as_ref(), "tmpfs".as_ref()])
    }

    /// The one in an image file, by a loop device that goes away with it.
    pub(crate) fn image(image: &Path) -> Result<Self, String> {
        Self::of(&["-o".as_ref(), "loop".as_ref(), image.as_os_str()])
    }

    fn of(what: &[&OsStr]) -> Result<Self, String> {
        let folder = TemporaryFolder::new();
        let arguments = [what, &[folder.path().as_os_str()]].concat();
        call("mount", &arguments)?;
        Ok(Self(folder))
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// A folder in it that is not there yet.
    pub(crate) fn data(&self) -> PathBuf {
        self.path().join("data")
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        // Whoever has a file open in it keeps it until he ends.
        if let Err(error) = call("umount", &["--lazy".as_ref(), self.path().as_os_str()]) {
            eprintln!("{error}");
        }
    }
}
