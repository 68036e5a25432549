//! Every limit of policies and of what they are asked about, by name.

/// Keys of a policy: the distinct dotted paths that carry values, whichever `$or` branch they stand in.
pub const KEYS_MAX: usize = 5;

/// Combinations of a policy: its values multiplied over its keys, each weighted by its depth.
///
/// Depth weighs at least one per level, so this bounds how deep a policy can nest as well.
pub const COMBINATIONS_MAX: u64 = 150;

/// Bytes of the text of a policy.
pub const POLICY_BYTES_MAX: usize = 256 * 1024;

/// Lists and objects within each other in a body; one that nests deeper is not looked into.
pub const BODY_DEPTH_MAX: usize = 128;

/// Wildcards (`*`) in one pattern.
pub const WILDCARDS_MAX: usize = 3;

/// Wildcard points of a policy, summed over its keys.
pub const WILDCARD_POINTS_MAX: u64 = 100;

/// Characters of an unreadable token that an error repeats.
pub(crate) const QUOTED_CHARACTERS_MAX: usize = 256;
