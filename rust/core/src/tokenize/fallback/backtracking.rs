//! Regular expressions of a tokenizer.json, searched for no longer than a text is worth.
//!
//! The `tokenizers` crate searches with Oniguruma, which goes back and tries again: `(a+)+b` over
//! thirty letters `a` takes hours, `\s+$` over a million spaces does. So a text that is to be
//! searched there is searched here first, with a bound on how often it goes back.

use onig::{MatchParam, Region, SearchOptions};

/// Steps back that a text may take for each of its bytes, beyond those of the searches that take
/// at most [`SHORT`] each: patterns of real files take one or two.
const FOR_A_BYTE: u64 = 64;
/// Steps back that a text may take whatever its size: Oniguruma itself gives a match up after ten
/// million, so short texts fare as they do in the reference.
const ALWAYS: u64 = 1 << 24;
/// Steps back of an ordinary search, which is not counted.
const SHORT: u64 = 1024;

/// The steps back that are left to a text.
pub(super) struct Budget(u64);

impl Budget {
    pub(super) fn of(text: &str) -> Self {
        Self(ALWAYS + FOR_A_BYTE * text.len() as u64)
    }

    /// Takes so many steps; none if there are not as many left.
    pub(super) fn spend(&mut self, steps: usize) -> Option<()> {
        self.0 = self.0.checked_sub(steps as u64)?;
        Some(())
    }
}

/// A compiled expression.
pub(super) struct Regex(onig::Regex);

impl Regex {
    /// None if it is not one.
    pub(super) fn new(pattern: &str) -> Option<Self> {
        onig::Regex::new(pattern).ok().map(Self)
    }

    /// How many matches there are in a text; none if to find them takes more than is left.
    pub(super) fn count(&self, text: &str, budget: &mut Budget) -> Option<usize> {
        let mut count = 0;
        let mut from = 0;
        // An empty match right behind another is none, as in the `onig` crate's `find_iter`.
        let mut last = None;
        let mut region = Region::new();
        while from <= text.len() {
            if !self.search(text, from, &mut region, budget)? {
                break;
            }
            let (start, end) = region.pos(0)?;
            if start == end && last == Some(end) {
                from += text.get(from..)?.chars().next().map_or(1, char::len_utf8);
                continue;
            }
            count += 1;
            (from, last) = (end, Some(end));
        }
        Some(count)
    }

    /// Whether there is a match from a place on, which `region` is then; none if that is not found
    /// out with what is left.
    fn search(
        &self,
        text: &str,
        from: usize,
        region: &mut Region,
        budget: &mut Budget,
    ) -> Option<bool> {
        let mut steps = SHORT;
        loop {
            region.clear();
            let limits = MatchParam::default();
            // SAFETY: the parameters were just made and live; a number is written into them.
            unsafe {
                let steps = std::ffi::c_ulong::try_from(steps).unwrap_or(std::ffi::c_ulong::MAX);
                onig_sys::onig_set_retry_limit_in_search_of_match_param(limits.as_raw(), steps);
            }
            let none = SearchOptions::SEARCH_OPTION_NONE;
            let found =
                self.0.search_with_param(text, from, text.len(), none, Some(region), limits);
            match found {
                Ok(place) => return Some(place.is_some()),
                Err(error) if error.code() == onig_sys::ONIGERR_RETRY_LIMIT_IN_SEARCH_OVER => {
                    // Four times as many each time, so that the vain ones are few beside the last.
                    steps *= 4;
                    budget.spend(usize::try_from(steps).ok()?)?;
                }
                // The crate would panic: of one match it allows ten million steps.
                Err(_) => return None,
            }
        }
    }
}
