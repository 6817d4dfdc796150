//! Random texts out of what tends to go wrong.

mod parts;

pub(crate) use parts::*;

/// A generator of numbers that needs no crate: xorshift.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % bound
    }

    pub(crate) fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    pub(crate) fn pick<'a, T: ?Sized>(&mut self, from: &[&'a T]) -> &'a T {
        from[self.below(from.len())]
    }
}

/// A text of up to `parts` parts. Each text favours some pools, so that runs of one kind occur;
/// `fragments` are one more.
pub(crate) fn text(random: &mut Random, parts: usize, fragments: &[&str]) -> String {
    let mut weights = [0; POOLS.len() + 1];
    for weight in &mut weights {
        *weight = [0, 1, 1, 6][random.below(4)];
    }
    weights[0] += 2;
    weights[1] += 1;
    weights[POOLS.len()] *= usize::from(!fragments.is_empty());
    let total: usize = weights.iter().sum();
    let spaces = [8, 8, 2, 100][random.below(4)];
    let mut out = String::new();
    for _ in 0..random.below(parts + 1) {
        let mut ticket = random.below(total);
        let pool = weights
            .iter()
            .position(|&weight| {
                let hit = ticket < weight;
                ticket = ticket.wrapping_sub(weight);
                hit
            })
            .unwrap();
        match POOLS.get(pool) {
            Some(pool) => out.push_str(random.pick(pool)),
            None => {
                // A fragment whole, or cut short, or in capitals.
                let fragment = random.pick(fragments);
                match random.below(4) {
                    0 => out.extend(fragment.chars().take(random.below(fragment.len() + 1))),
                    1 => out.push_str(&fragment.to_uppercase()),
                    _ => out.push_str(fragment),
                }
            }
        }
        if random.below(spaces) == 0 {
            out.push(' ');
        }
    }
    out
}
