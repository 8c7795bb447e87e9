//! Small mutations of inputs, from a seed that is the target's name.

/// Maximum number of changes to one input.
const CHANGES_MAX: u64 = 4;

/// A reproducible sequence of changed inputs.
pub struct Changes {
    state: u64,
}

impl Changes {
    /// The sequence seeded with a name.
    pub fn of(name: &str) -> Self {
        let state = name.bytes().fold(0xcbf2_9ce4_8422_2325, |state, byte| {
            (state ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        Self { state }
    }

    /// `SplitMix64`.
    fn number(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        let end = u64::try_from(end.max(1)).unwrap_or(1);
        usize::try_from(self.number() % end).unwrap_or_default()
    }

    fn byte(&mut self) -> u8 {
        self.number().to_le_bytes()[0]
    }

    /// Returns a file of the corpus with one to four changes.
    pub fn next(&mut self, corpus: &[Vec<u8>]) -> Vec<u8> {
        let mut input = corpus[self.below(corpus.len())].clone();
        for _ in 0..=self.number() % CHANGES_MAX {
            let start = self.below(input.len());
            let end = start + self.below(input.len() - start + 1).min(32);
            match self.below(6) {
                0 if !input.is_empty() => input[start] ^= 1 << (self.byte() % 8),
                1 if !input.is_empty() => input[start] = self.byte(),
                2 => input.insert(start, self.byte()),
                3 => drop(input.drain(start..end)),
                4 => {
                    let copy: Vec<u8> = input[start..end].to_vec();
                    input.splice(start..start, copy);
                }
                _ => {
                    let other = &corpus[self.below(corpus.len())];
                    let from = self.below(other.len());
                    let to = from + self.below(other.len() - from + 1).min(256);
                    input.splice(start..start, other[from..to].iter().copied());
                }
            }
        }
        input
    }
}
