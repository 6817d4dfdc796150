//! A small deterministic mutator, for the smoke run: no match for libFuzzer, but the same inputs
//! everywhere.

/// xorshift64.
#[derive(Debug)]
pub struct Random(u64);

impl Random {
    /// Numbers that depend on nothing but the seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % bound
    }

    fn byte(&mut self) -> u8 {
        self.below(256) as u8
    }
}

/// The words of a libFuzzer dictionary: one in quotes a line, with `\xNN`, `\\` and `\"`.
#[must_use]
pub fn dictionary(text: &str) -> Vec<Vec<u8>> {
    let word = |line: &str| {
        let quoted = line.split_once('"')?.1.strip_suffix('"')?.as_bytes();
        let (mut word, mut at) = (Vec::new(), 0);
        while at < quoted.len() {
            if quoted[at] == b'\\' && quoted.get(at + 1) == Some(&b'x') {
                let digits = std::str::from_utf8(quoted.get(at + 2..at + 4)?).ok()?;
                word.push(u8::from_str_radix(digits, 16).ok()?);
                at += 4;
            } else {
                at += usize::from(quoted[at] == b'\\');
                word.push(*quoted.get(at)?);
                at += 1;
            }
        }
        Some(word)
    };
    text.lines().filter(|line| !line.starts_with('#')).filter_map(word).collect()
}

/// A new input: one of the seeds, or random bytes, changed in up to eight ways.
#[must_use]
pub fn input(random: &mut Random, seeds: &[Vec<u8>], words: &[Vec<u8>], longest: usize) -> Vec<u8> {
    let mut bytes = if seeds.is_empty() || random.below(4) == 0 {
        (0..random.below(longest)).map(|_| random.byte()).collect()
    } else {
        seeds[random.below(seeds.len())].clone()
    };
    for _ in 0..1 + random.below(8) {
        let at = random.below(bytes.len() + 1);
        match random.below(7) {
            0 if at < bytes.len() => bytes[at] ^= 1 << random.below(8),
            1 if at < bytes.len() => bytes[at] = random.byte(),
            2 => bytes.insert(at, random.byte()),
            3 => drop(bytes.drain(at..(at + random.below(9)).min(bytes.len()))),
            4 if !words.is_empty() => {
                let word = &words[random.below(words.len())];
                bytes.splice(at..at, word.iter().copied());
            }
            5 => {
                let end = (at + random.below(64)).min(bytes.len());
                let to = random.below(bytes.len() + 1);
                let copied = bytes[at..end].to_vec();
                bytes.splice(to..to, copied);
            }
            6 if !seeds.is_empty() => {
                let other = &seeds[random.below(seeds.len())];
                let from = random.below(other.len() + 1);
                bytes.truncate(at);
                bytes.extend_from_slice(&other[from..]);
            }
            _ => {}
        }
    }
    bytes.truncate(1 << 16);
    bytes
}
