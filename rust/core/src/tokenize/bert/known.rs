//! The hot loop: ids of units that the cache knows.
//!
//! Nine units in ten of ordinary text go through here, so it does without all that the others need.
//! It asks for room and looks at the limit once for many units, and none of its branches is one that
//! cannot be foretold: one on which of a set's two entries matched was mispredicted so often that
//! ids took a third longer (`stages`).

use super::cache::{Cache, INLINE, Key, Value};
use crate::tokenize::output::Output;

/// Units handled at once, at most: bounds the room that is asked for.
const AT_ONCE: usize = 1024;

/// Appends the ids of the units that begin at `starts` and end at `ends`, up to the first one that
/// takes more than a look into the cache: one that is long, not known or a list, or whose value and
/// end `plain` does not let pass, or that may reach the limit; and no more than `AT_ONCE`. Returns how
/// many were done.
#[inline]
pub(super) fn append(
    buffer: &[u8],
    starts: &[u32],
    ends: &[u32],
    cache: &Cache<1>,
    plain: impl Fn(&Value, usize) -> bool,
    out: &mut Output<'_>,
) -> usize {
    if out.keeps_unknown() {
        append_to::<true>(buffer, starts, ends, cache, plain, out)
    } else {
        append_to::<false>(buffer, starts, ends, cache, plain, out)
    }
}

/// As [`append`], once for each fate of the unknown id: asking for it in the loop took ids 6 %
/// longer (`stages`).
#[inline(never)] // among what its callers keep in registers it would find none
fn append_to<const KEEP_UNKNOWN: bool>(
    buffer: &[u8],
    starts: &[u32],
    ends: &[u32],
    cache: &Cache<1>,
    plain: impl Fn(&Value, usize) -> bool,
    out: &mut Output<'_>,
) -> usize {
    // So few units that even if each counts for as many ids as it can, one more is wanted.
    let few = (out.remaining.saturating_sub(1) / INLINE).min(AT_ONCE);
    let count = starts.len().min(ends.len()).min(few);
    out.ids.reserve((INLINE + 1) * count);
    let before = out.ids.len();
    let room = out.ids.spare_capacity_mut();
    let mut filled = 0;
    let mut counted = 0;
    let mut done = 0;
    for (&start, &end) in starts[..count].iter().zip(&ends[..count]) {
        let Some(value) = Key::<1>::read(buffer, start as usize, end as usize)
            .and_then(|key| cache.get_inline(&key))
        else {
            break;
        };
        if !plain(value, end as usize) {
            break;
        }
        // All slots at once, used or not: the next value overwrites what is not.
        // SAFETY: there is room for `INLINE + 1` ids for each of `count` units, and a unit fills
        // at most `INLINE`: no value that is not a list counts for more.
        unsafe {
            room.as_mut_ptr()
                .add(filled)
                .cast::<[u32; INLINE + 1]>()
                .write_unaligned(value.slots());
        }
        filled += if KEEP_UNKNOWN { value.counted() } else { value.kept() };
        counted += value.counted();
        done += 1;
    }
    // SAFETY: so many of the new ids were written, each within the room that was asked for.
    unsafe { out.ids.set_len(before + filled) };
    out.remaining -= counted;
    done
}
