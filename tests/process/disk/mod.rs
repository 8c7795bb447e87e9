//! What becomes of acknowledged changes when the disk is full, read-only or slow, fails to sync, or loses its power?
//!
//! The real server runs on a disk that a small library (`disk.c`) stands in front of. Linux alone has its way of loading one.

mod bad;
mod cut;
mod full;
mod image;
mod journal;
mod power;
mod proof;
mod slow;
mod syncs;
mod work;
