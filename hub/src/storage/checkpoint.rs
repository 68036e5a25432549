//! Checkpoints: the whole state at a position of the log, in a file of its own.

use super::Error;
use super::files::{File, Files, read_all};
use super::format::{CHECKPOINT_RESERVE_FILE, CheckpointHeader, UNFINISHED, bad_header, checkpoint_name};
use super::planted::{self, Bug};
use queue_core::codec::{Codec, DecodeError, Reader};
use queue_core::{LEVEL, Machine};
use std::io;
use std::sync::Arc;

/// Written in parts, so that a time limit can be kept.
const PART_BYTES: usize = 4 << 20;

/// No checkpoint is larger.
const CHECKPOINT_BYTES_MAX: u64 = 1 << 40;

/// A state and where the log goes on after it.
pub(crate) struct Base {
    pub(crate) machine: Machine,
    pub(crate) position: u64,
    pub(crate) run: u64,
    /// Bytes of the file; zero if there is none.
    pub(crate) bytes: u64,
}

/// Where a checkpoint belongs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    pub(crate) store: u128,
    pub(crate) position: u64,
    pub(crate) run: u64,
}

/// Writes a checkpoint so that it is there whole or not at all, unless `give_up` says so on the way. The bytes
/// that it takes; none if it was given up.
pub(crate) fn write(
    files: &dyn Files,
    place: Place,
    machine: &Machine,
    give_up: &dyn Fn() -> bool,
) -> Result<Option<u64>, Error> {
    let name = checkpoint_name(place.position);
    let unfinished = format!("{name}{UNFINISHED}");
    // It takes less than in memory. What is claimed and not used costs nothing; to grow on the way would.
    let mut state = Vec::new();
    let _ = usize::try_from(machine.weight()).map(|bytes| state.try_reserve(bytes));
    machine.encode(&mut state);
    let header = CheckpointHeader {
        store: place.store,
        position: place.position,
        run: place.run,
        state_bytes: state.len() as u64,
        state_sum: crc32c::crc32c(&state),
    };
    let bytes = (CheckpointHeader::BYTES + state.len()) as u64;
    let put = || {
        let file = space_for(files, &unfinished, bytes)?;
        file.append_at(0, &[&header.encode()])?;
        let mut offset = CheckpointHeader::BYTES as u64;
        for part in state.chunks(PART_BYTES) {
            if give_up() {
                files.remove(&unfinished)?;
                return Ok(false);
            }
            file.append_at(offset, &[part])?;
            offset += part.len() as u64;
        }
        file.sync()?;
        files.rename(&unfinished, &name)?;
        if !planted::is(Bug::NoFolderSync) {
            files.sync_folder()?;
        }
        Ok(true)
    };
    match put() {
        Ok(done) => Ok(done.then_some(bytes)),
        Err(source) => {
            // It counts for nothing, but its space may be what is needed most.
            let _ = files.remove(&unfinished);
            Err(Error::file(&name, source))
        }
    }
}

/// What the header of a checkpoint says; none if it is damaged or of another version.
pub(crate) fn header(files: &dyn Files, position: u64) -> Result<Option<CheckpointHeader>, Error> {
    let name = checkpoint_name(position);
    let read = || {
        let file = files.open(&name)?;
        let mut head = vec![0; CheckpointHeader::BYTES];
        if file.bytes()? < head.len() as u64 {
            return Ok(None);
        }
        file.read_at(0, &mut head)?;
        Ok(CheckpointHeader::decode(&head).ok())
    };
    read().map_err(|source| Error::file(&name, source))
}

/// A file of that size: the space that is held for a checkpoint, if it is, so that nobody can take it in between.
fn space_for(files: &dyn Files, name: &str, bytes: u64) -> io::Result<Arc<dyn File>> {
    match files.rename(CHECKPOINT_RESERVE_FILE, name) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => files.create(name, bytes),
        Err(error) => Err(error),
        Ok(()) => {
            let file = files.open(name)?;
            file.resize(bytes)?;
            Ok(file)
        }
    }
}

/// Reads the checkpoint of a position.
pub(crate) fn read(files: &dyn Files, position: u64) -> Result<(Base, u128), Error> {
    let name = checkpoint_name(position);
    let content = files
        .open(&name)
        .and_then(|file| read_all(&*file, CHECKPOINT_BYTES_MAX))
        .map_err(|source| Error::file(&name, source))?;
    let header = CheckpointHeader::decode(&content).map_err(|bad| bad_header(&name, bad))?;
    let damaged = || Error::DamagedFile { file: name.clone() };
    let state = content.get(CheckpointHeader::BYTES..).unwrap_or_default();
    let is_whole = state.len() as u64 == header.state_bytes
        && (crc32c::crc32c(state) == header.state_sum || planted::is(Bug::ChecksumsIgnored));
    if !is_whole || header.position != position {
        return Err(damaged());
    }
    let machine = decode(state).map_err(|source| Error::State { file: name.clone(), source })?;
    let base = Base { machine, position, run: header.run, bytes: content.len() as u64 };
    Ok((base, header.store))
}

fn decode(state: &[u8]) -> Result<Machine, DecodeError> {
    let mut input = Reader::new(state);
    let machine = Machine::decode(&mut input)?;
    if input.remaining() > 0 {
        return Err(DecodeError::Malformed);
    }
    match machine.genesis() {
        Some(genesis) if genesis.level != LEVEL => Err(DecodeError::UnknownLevel(genesis.level)),
        Some(_) | None => Ok(machine),
    }
}
