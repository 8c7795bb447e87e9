//! What do small changes make of an input? The same each time: they follow from the target's name.

/// As many changes as one input gets at most.
const CHANGES_MAX: u64 = 4;

/// A row of changed inputs.
pub struct Changes {
    state: u64,
}

impl Changes {
    /// The row that belongs to a name.
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

    /// A file of a corpus, changed in one to four places.
    pub fn next(&mut self, corpus: &[Vec<u8>]) -> Vec<u8> {
        let mut input = corpus[self.below(corpus.len())].clone();
        for _ in 0..=self.number() % CHANGES_MAX {
            let at = self.below(input.len());
            let end = at + self.below(input.len() - at + 1).min(32);
            match self.below(6) {
                0 if !input.is_empty() => input[at] ^= 1 << (self.byte() % 8),
                1 if !input.is_empty() => input[at] = self.byte(),
                2 => input.insert(at, self.byte()),
                3 => drop(input.drain(at..end)),
                4 => {
                    let again: Vec<u8> = input[at..end].to_vec();
                    input.splice(at..at, again);
                }
                _ => {
                    let other = &corpus[self.below(corpus.len())];
                    let from = self.below(other.len());
                    let to = from + self.below(other.len() - from + 1).min(256);
                    input.splice(at..at, other[from..to].iter().copied());
                }
            }
        }
        input
    }
}
