//! Records: what the hub keeps by kind and name, and the machine never looks at.

use crate::{Name, RecordId, Tags, encoded};

encoded! {
    /// What a record is found by.
    #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub struct RecordKey {
        /// What it is.
        pub kind: Box<str>,
        /// Whose it is, where, and which.
        pub name: Name,
    }

    /// One record.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Record {
        /// Its identity.
        pub id: RecordId,
        /// What it is found by.
        pub key: RecordKey,
        /// Rises with every change.
        pub version: u64,
        /// What it says, by name.
        pub fields: Tags,
    }
}
