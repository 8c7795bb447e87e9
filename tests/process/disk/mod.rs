//! Acknowledged changes on a disk that is full, read-only or slow, fails to sync, or loses its power.
//!
//! The real server runs on a disk with faults that `disk.c` injects. That library is loaded before the C library, which only Linux
//! does in this way.

mod cut;
mod failed_syncs;
mod faulty_disk;
mod image;
mod journal;
mod power_cuts;
mod recovery;
mod slow_syncs;
mod workload;
mod write_errors;
