//! Sets of characters.

/// Ranges of scalars, first and last, in order and apart from each other. Surrogates are in none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct CharSet(Vec<(u32, u32)>);

const SURROGATES: (u32, u32) = (0xd800, 0xdfff);
const LAST: u32 = 0x10_ffff;

impl CharSet {
    pub(super) fn of(ranges: impl IntoIterator<Item = (u32, u32)>) -> Self {
        let mut all: Vec<(u32, u32)> = Vec::new();
        for (first, last) in ranges {
            let below = (first, last.min(SURROGATES.0 - 1));
            let above = (first.max(SURROGATES.1 + 1), last);
            all.extend([below, above].into_iter().filter(|(first, last)| first <= last));
        }
        all.sort_unstable();
        let mut ranges: Vec<(u32, u32)> = Vec::new();
        for (first, last) in all {
            match ranges.last_mut() {
                Some(before) if first <= before.1 + 1 => before.1 = before.1.max(last),
                _ => ranges.push((first, last)),
            }
        }
        Self(ranges)
    }

    pub(super) fn all() -> Self {
        Self::of([(0, LAST)])
    }

    pub(super) fn one(c: char) -> Self {
        Self::of([(c.into(), c.into())])
    }

    pub(super) fn ranges(&self) -> &[(u32, u32)] {
        &self.0
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn contains(&self, c: char) -> bool {
        let code = u32::from(c);
        let after = self.0.partition_point(|&(first, _)| first <= code);
        after > 0 && code <= self.0[after - 1].1
    }

    pub(super) fn union(&self, other: &Self) -> Self {
        Self::of(self.0.iter().chain(&other.0).copied())
    }

    pub(super) fn not(&self) -> Self {
        let mut from = 0;
        let mut gaps = Vec::new();
        for &(first, last) in &self.0 {
            if first > from {
                gaps.push((from, first - 1));
            }
            from = last + 1;
        }
        if from <= LAST {
            gaps.push((from, LAST));
        }
        Self::of(gaps)
    }

    pub(super) fn and(&self, other: &Self) -> Self {
        self.not().union(&other.not()).not()
    }
}
