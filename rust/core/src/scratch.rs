//! Buffers that workers reuse, kept by the model between calls.

use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};

/// A few values that are taken out, used and put back, without a lock.
///
/// A lock held by another thread at the moment of a fork would stay held in the child for ever; a
/// slot that was empty then only stays empty until somebody puts a value back.
#[derive(Debug)]
pub(crate) struct Pool<T> {
    slots: [AtomicPtr<T>; SLOTS],
}

/// More workers than this at once make their values anew each time.
const SLOTS: usize = 16;

impl<T> Default for Pool<T> {
    fn default() -> Self {
        Self { slots: [const { AtomicPtr::new(ptr::null_mut()) }; SLOTS] }
    }
}

impl<T> Pool<T> {
    /// Takes a value out, or makes one.
    pub(crate) fn take(&self, make: impl FnOnce() -> T) -> Box<T> {
        for slot in &self.slots {
            let value = slot.swap(ptr::null_mut(), Ordering::Acquire);
            if !value.is_null() {
                // SAFETY: slots only hold pointers from `Box::into_raw` in `put`, and the swap made
                // this thread the only one to have this one.
                return unsafe { Box::from_raw(value) };
            }
        }
        Box::new(make())
    }

    /// Puts a value back, or drops it if all slots are taken.
    pub(crate) fn put(&self, value: Box<T>) {
        let value = Box::into_raw(value);
        for slot in &self.slots {
            let put =
                slot.compare_exchange(ptr::null_mut(), value, Ordering::Release, Ordering::Relaxed);
            if put.is_ok() {
                return;
            }
        }
        // SAFETY: the pointer is from `Box::into_raw` above and no slot took it.
        drop(unsafe { Box::from_raw(value) });
    }
}

impl<T> Drop for Pool<T> {
    fn drop(&mut self) {
        for slot in &mut self.slots {
            let value = *slot.get_mut();
            if !value.is_null() {
                // SAFETY: from `Box::into_raw` in `put`, and `&mut self` excludes all others.
                drop(unsafe { Box::from_raw(value) });
            }
        }
    }
}

// SAFETY: a pool hands each value to one thread at a time, so it is shared like a channel of `T`.
unsafe impl<T: Send> Send for Pool<T> {}
// SAFETY: as above; no `&T` is ever given out.
unsafe impl<T: Send> Sync for Pool<T> {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_come_back_and_surplus_ones_are_dropped() {
        let pool = Pool::default();
        pool.put(Box::new(vec![7]));
        assert_eq!(*pool.take(Vec::new), [7]);
        assert!(pool.take(Vec::new).is_empty());
        for value in 0..SLOTS + 5 {
            pool.put(Box::new(vec![value]));
        }
        let kept: Vec<_> = (0..SLOTS + 1).map(|_| pool.take(Vec::new).len()).collect();
        assert_eq!(kept.iter().sum::<usize>(), SLOTS);
    }

    #[test]
    fn many_threads_never_share_a_value() {
        let pool = Pool::default();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..10_000 {
                        let mut value = pool.take(|| (0u64, 0u64));
                        value.0 += 1;
                        value.1 += 1;
                        assert_eq!(value.0, value.1);
                        pool.put(value);
                    }
                });
            }
        });
    }
}
