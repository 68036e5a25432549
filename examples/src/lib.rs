//! The examples are in `rust/` and `python/`; `README.md` says how to run them. The SDKs of AWS are dependencies of
//! development only, so there is nothing in this library.
