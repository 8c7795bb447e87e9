//! Random numbers that follow from a seed.

use proptest::test_runner::{RngAlgorithm, TestRng};

/// A generator of its own for each seed.
pub fn rng(seed: u64) -> TestRng {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    TestRng::from_seed(RngAlgorithm::ChaCha, &bytes)
}
