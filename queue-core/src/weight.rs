//! About how many bytes of memory things take, from their sizes and from what is known of the standard library's
//! collections.
//!
//! A node of a B-tree has room for eleven elements. It is filled to 55 % by insertions in ascending order, to 70 % by
//! random ones and wholly when the state is read back; [`in_tree`] stands for about 65 %, inner nodes included, and
//! so errs by a third at most. The constants were compared with what an allocator counted for large states: most of
//! the weight is messages, of which the weight is nearly exact.

use crate::{Name, Tags};

/// An element of a B-tree.
pub(crate) const fn in_tree(bytes: usize) -> u64 {
    (bytes as u64) * 17 / 10 + 3
}

/// A text in an allocation of its own.
pub(crate) const fn text(bytes: usize) -> u64 {
    ((bytes as u64) + 15) & !15
}

/// A text that is shared, with its two counters.
pub(crate) const fn shared_text(bytes: usize) -> u64 {
    text(bytes + 16)
}

/// The texts of a name of its own.
pub(crate) fn name(name: &Name) -> u64 {
    [&name.account, &name.region, &name.name].into_iter().map(|part| shared_text(part.len())).sum()
}

/// Tags or other texts by name.
pub(crate) fn texts(texts: &Tags) -> u64 {
    // The first node is there as a whole.
    let nodes = if texts.is_empty() { 0 } else { 384 };
    nodes + texts.iter().map(|(key, value)| text(key.len()) + text(value.len()) + 16).sum::<u64>()
}
