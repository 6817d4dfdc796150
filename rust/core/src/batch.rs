//! Many texts over threads.
//!
//! There is no pool of threads: threads are spawned for a call and joined before it returns, so a
//! forked child inherits none and two callers do not wait for each other. Work is handed out in
//! chunks of consecutive texts, each worth [`CHUNK_COST`], from a shared iterator: whoever is done
//! takes the next. Every text is encoded on its own, so neither chunks nor threads can change a
//! bit.

use std::fmt;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::error::{Error, Result};
use crate::model::{Counts, EncodeOptions, Model, Scratch};
use crate::text::Text;

/// Work of less than this many nanoseconds in all stays on the caller's thread: starting a thread
/// and joining it costs some 50 microseconds.
const SPAWN_COST: u64 = 200_000;

/// Nanoseconds of work in a chunk: long beside the lock that hands it out, short enough that
/// threads finish together and that an interrupt is noticed. With 100,000, two threads made 1.55
/// times what one makes of 5,000 paragraphs, with this or less 1.83 (`m2v-fast bench`).
const CHUNK_COST: u64 = 40_000;

/// A call asks the system for no more threads than this, or than there are processors, whatever it
/// is told: more are no faster, and thousands would take their stacks from others.
const MOST_THREADS: usize = 64;

/// How often the caller's own check is asked.
const CHECK_EVERY: Duration = Duration::from_millis(20);

/// Processors that this process may use: affinity and cgroup quotas count.
#[must_use]
pub fn available_threads() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

/// How a batch is run: by default on all processors, and never interrupted.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct BatchOptions<'a> {
    /// Most threads to use, the caller's included (0 counts as 1), or as many as there are
    /// processors that this process may use. More than 64 count as 64, or as the number of
    /// processors if that is larger.
    threads: Option<usize>,
    /// Asked from the caller's thread every few milliseconds; once it says true, the call stops
    /// with [`Error::Interrupted`].
    interrupted: &'a dyn Fn() -> bool,
}

impl Default for BatchOptions<'_> {
    /// All available processors, never interrupted.
    fn default() -> Self {
        Self { threads: None, interrupted: &|| false }
    }
}

impl<'a> BatchOptions<'a> {
    /// The default.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The same on at most so many threads, the caller's included; `None` is for as many as there
    /// are processors.
    #[must_use]
    pub fn threads(mut self, threads: impl Into<Option<usize>>) -> Self {
        self.threads = threads.into();
        self
    }

    /// The same, stopping with [`Error::Interrupted`] once `interrupted` says so.
    #[must_use]
    pub fn interrupted(mut self, interrupted: &'a dyn Fn() -> bool) -> Self {
        self.interrupted = interrupted;
        self
    }
}

impl fmt::Debug for BatchOptions<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BatchOptions").field("threads", &self.threads).finish_non_exhaustive()
    }
}

impl Model {
    /// Encodes `texts` into the rows of `out`: `texts.len()` times [`Model::dim`] floats, row-major.
    ///
    /// An error names the first text at fault.
    pub fn encode_batch<T: Text + Sync>(
        &self,
        texts: &[T],
        options: EncodeOptions,
        batch: BatchOptions<'_>,
        out: &mut [f32],
    ) -> Result<()> {
        let dim = self.dim();
        if out.len() != texts.len() * dim {
            return Err(Error::Argument(format!(
                "the output has room for {} floats; {} vectors of {dim} need {}",
                out.len(),
                texts.len(),
                texts.len() * dim
            )));
        }
        let cost = |text: &T| self.cost(text.size(), options.max_length);
        self.run(texts, out, dim, cost, batch, |_, text, out, scratch| {
            self.encode_with(text, options, scratch, out)
        })
    }

    /// Encodes each of `texts` into the slice of `out` in its place, each [`Model::dim`] floats long.
    ///
    /// An error names the first text at fault.
    pub fn encode_each<T: Text + Sync>(
        &self,
        texts: &[T],
        options: EncodeOptions,
        batch: BatchOptions<'_>,
        out: &mut [&mut [f32]],
    ) -> Result<()> {
        let dim = self.dim();
        if out.len() != texts.len() {
            let (outputs, texts) = (out.len(), texts.len());
            return Err(Error::Argument(format!("{outputs} outputs for {texts} texts")));
        }
        if let Some(place) = out.iter().position(|vector| vector.len() != dim) {
            let room = out[place].len();
            return Err(Error::Argument(format!(
                "output {place} has room for {room} floats; a vector has {dim}"
            )));
        }
        let cost = |text: &T| self.cost(text.size(), options.max_length);
        self.run(texts, out, 1, cost, batch, |_, text, out, scratch| {
            self.encode_with(text, options, scratch, out[0])
        })
    }

    /// As [`Model::encode_batch`] of the texts that are there; the rows of others are left as they
    /// are.
    pub fn encode_some<T: Text + Sync>(
        &self,
        texts: &[Option<T>],
        options: EncodeOptions,
        batch: BatchOptions<'_>,
        out: &mut [f32],
        counts: Option<&[CountSlot]>,
    ) -> Result<()> {
        check_room(texts.len(), self.dim(), out.len(), counts)?;
        let cost = |text: &Option<T>| self.cost_of(text.as_ref(), options.max_length);
        self.run(texts, out, self.dim(), cost, batch, |place, text, out, scratch| {
            let Some(text) = text else { return Ok(()) };
            self.encode_noting(text, options, scratch, out, slot(counts, place))
        })
    }

    /// Encodes the texts that are there and has `write` make `width` items of `out` of each vector;
    /// the items of others are left as they are.
    ///
    /// # Errors
    /// As [`Model::encode_batch`], if `width` is 0, or if there are not as many `counts` as texts.
    #[expect(clippy::too_many_arguments, reason = "texts and how they are run, and what is made")]
    pub fn encode_as<T: Text + Sync, O: Send>(
        &self,
        texts: &[Option<T>],
        options: EncodeOptions,
        batch: BatchOptions<'_>,
        out: &mut [O],
        width: usize,
        write: impl Fn(&[f32], &mut [O]) + Sync,
        counts: Option<&[CountSlot]>,
    ) -> Result<()> {
        check_room(texts.len(), width, out.len(), counts)?;
        let cost = |text: &Option<T>| self.cost_of(text.as_ref(), options.max_length);
        self.run(texts, out, width, cost, batch, |place, text, out, scratch| {
            let Some(text) = text else { return Ok(()) };
            let mut vector = std::mem::take(&mut scratch.vector);
            vector.resize(self.dim(), 0.0);
            let counts = slot(counts, place);
            let encoded = self.encode_noting(text, options, scratch, &mut vector, counts);
            if encoded.is_ok() {
                write(&vector, out);
            }
            scratch.vector = vector;
            encoded
        })
    }

    /// As [`Model::encode_cost`] of the texts that are there.
    pub fn encode_some_cost<T: Text>(&self, texts: &[Option<T>], max_length: Option<usize>) -> u64 {
        let cost = |text: &Option<T>| self.cost_of(text.as_ref(), max_length);
        texts.iter().map(cost).fold(0, u64::saturating_add)
    }

    /// Encodes a text, and notes what became of it if that is wanted.
    fn encode_noting(
        &self,
        text: &impl Text,
        options: EncodeOptions,
        scratch: &mut Scratch,
        out: &mut [f32],
        counts: Option<&CountSlot>,
    ) -> Result<()> {
        match counts {
            None => self.encode_with(text, options, scratch, out),
            Some(slot) => {
                slot.put(self.encode_counted_into(text, options, scratch, out)?);
                Ok(())
            }
        }
    }

    fn cost_of<T: Text>(&self, text: Option<&T>, max_length: Option<usize>) -> u64 {
        text.map_or(1, |text| self.cost(text.size(), max_length))
    }

    /// What encoding each text would keep and leave out.
    pub fn count_batch<T: Text + Sync>(
        &self,
        texts: &[T],
        max_length: Option<usize>,
        batch: BatchOptions<'_>,
    ) -> Result<Vec<Counts>> {
        let cost = |text: &T| self.cost(text.size(), max_length);
        self.map(texts, cost, batch, |text, scratch| self.count(text, max_length, scratch))
    }

    /// The ids of each text as [`Model::encode_batch`] pools them: the text cut as there, the ids cut
    /// to `max_length`, less the unknown id.
    pub fn ids_batch<T: Text + Sync>(
        &self,
        texts: &[T],
        max_length: Option<usize>,
        batch: BatchOptions<'_>,
    ) -> Result<Vec<Vec<u32>>> {
        let cost = |text: &T| self.cost(text.size(), max_length);
        self.map(texts, cost, batch, |text, scratch| self.cut_ids(text, max_length, scratch))
    }

    /// The ids of each text: cut to `max_length` ids, less the unknown id.
    pub fn tokenize_batch<T: Text + Sync>(
        &self,
        texts: &[T],
        max_length: Option<usize>,
        batch: BatchOptions<'_>,
    ) -> Result<Vec<Vec<u32>>> {
        let cost = |text: &T| self.cost(text.size(), None);
        self.map(texts, cost, batch, |text, scratch| self.tokenize_into(text, max_length, scratch))
    }

    /// Rough cost of encoding `texts` on one thread, in nanoseconds: whether it is worth letting
    /// go of a lock for.
    pub fn encode_cost<T: Text>(&self, texts: &[T], max_length: Option<usize>) -> u64 {
        let cost = |text: &T| self.cost(text.size(), max_length);
        texts.iter().map(cost).fold(0, u64::saturating_add)
    }

    /// What `work` makes of each text.
    fn map<T: Sync, R: Clone + Default + Send>(
        &self,
        texts: &[T],
        cost: impl Fn(&T) -> u64 + Sync,
        batch: BatchOptions<'_>,
        work: impl Fn(&T, &mut Scratch) -> Result<R> + Sync,
    ) -> Result<Vec<R>> {
        let mut out = vec![R::default(); texts.len()];
        self.run(texts, &mut out, 1, cost, batch, |_, text, out, scratch| {
            out[0] = work(text, scratch)?;
            Ok(())
        })?;
        Ok(out)
    }

    /// Runs `work` on each text's place, the text, and its `width` items of `out`.
    fn run<T: Sync, O: Send>(
        &self,
        texts: &[T],
        out: &mut [O],
        width: usize,
        cost: impl Fn(&T) -> u64 + Sync,
        batch: BatchOptions<'_>,
        work: impl Fn(usize, &T, &mut [O], &mut Scratch) -> Result<()> + Sync,
    ) -> Result<()> {
        let total = texts.iter().map(&cost).fold(0, u64::saturating_add);
        if total < CHUNK_COST {
            // One chunk: what several threads need to share work takes longer than a short query.
            return self.with_scratch(|scratch| {
                let mut each = texts.iter().zip(out.chunks_mut(width)).enumerate();
                each.try_for_each(|(place, (text, out))| {
                    work(place, text, out, scratch).map_err(|error| error.at(place))
                })
            });
        }
        let useful = usize::try_from(total / SPAWN_COST).unwrap_or(usize::MAX);
        let useful = useful.min(texts.len().saturating_sub(1));
        // Counting processors reads cgroup files, which costs more than a short query.
        let helpers = match useful {
            0 => 0,
            _ => {
                let wanted = match batch.threads {
                    Some(threads) if threads <= MOST_THREADS => threads,
                    Some(threads) => threads.min(available_threads().max(MOST_THREADS)),
                    None => available_threads(),
                };
                useful.min(wanted.saturating_sub(1))
            }
        };
        let run = Run {
            chunks: Mutex::new(Chunks { texts, out, width, next: 0 }),
            failure: Mutex::new(None),
            stop: AtomicBool::new(false),
            cost,
            work,
        };
        if helpers == 0 {
            self.with_scratch(|scratch| run.work_off(scratch, Some(batch.interrupted)));
        } else {
            thread::scope(|scope| {
                for _ in 0..helpers {
                    let helper = || self.with_scratch(|scratch| run.work_off(scratch, None));
                    // A system that is out of threads leaves the work to those there are.
                    if thread::Builder::new().spawn_scoped(scope, helper).is_err() {
                        break;
                    }
                }
                self.with_scratch(|scratch| run.work_off(scratch, Some(batch.interrupted)));
            });
        }
        let failure = run.failure.into_inner().unwrap_or_else(|poisoned| poisoned.into_inner());
        failure.map_or(Ok(()), |(_, error)| Err(error))
    }
}

/// Room for the [`Counts`] of one text, which any thread may fill.
#[derive(Debug, Default)]
pub struct CountSlot(AtomicU64);

impl CountSlot {
    /// More tokens than this count as this many: no text has them.
    const MOST: usize = (1 << 31) - 1;

    fn put(&self, counts: Counts) {
        let tokens = counts.tokens.min(Self::MOST) as u64;
        let unknown = counts.unknown.min(Self::MOST) as u64;
        let packed = tokens << 32 | unknown << 1 | u64::from(counts.truncated);
        self.0.store(packed, Ordering::Relaxed);
    }

    /// What was put there; zeros if nothing was.
    #[must_use]
    pub fn get(&self) -> Counts {
        let packed = self.0.load(Ordering::Relaxed);
        Counts {
            tokens: (packed >> 32) as usize,
            unknown: (packed >> 1) as usize & Self::MOST,
            truncated: packed & 1 == 1,
        }
    }
}

fn check_room(texts: usize, width: usize, room: usize, counts: Option<&[CountSlot]>) -> Result<()> {
    if width == 0 {
        return Err(Error::Argument("a row of the output has no items".to_owned()));
    }
    if texts.checked_mul(width) != Some(room) {
        return Err(Error::Argument(format!(
            "the output has room for {room} items; {texts} rows of {width} need {}",
            texts.saturating_mul(width)
        )));
    }
    match counts {
        Some(slots) if slots.len() != texts => {
            let slots = slots.len();
            Err(Error::Argument(format!("{slots} places for the counts of {texts} texts")))
        }
        _ => Ok(()),
    }
}

fn slot(counts: Option<&[CountSlot]>, place: usize) -> Option<&CountSlot> {
    counts?.get(place)
}

/// The part of a batch that is not handed out yet.
struct Chunks<'a, T, O> {
    texts: &'a [T],
    out: &'a mut [O],
    width: usize,
    /// Index of the first text left.
    next: usize,
}

impl<'a, T, O> Chunks<'a, T, O> {
    /// The next texts that together cost at least [`CHUNK_COST`], and the first one's index.
    fn take(&mut self, cost: impl Fn(&T) -> u64) -> Option<(usize, &'a [T], &'a mut [O])> {
        if self.texts.is_empty() {
            return None;
        }
        let mut sum = 0;
        let mut count = 0;
        while count < self.texts.len() && sum < CHUNK_COST {
            sum = cost(&self.texts[count]).saturating_add(sum);
            count += 1;
        }
        let (texts, texts_left) = self.texts.split_at(count);
        let (out, out_left) = std::mem::take(&mut self.out).split_at_mut(count * self.width);
        let first = self.next;
        (self.texts, self.out, self.next) = (texts_left, out_left, first + count);
        Some((first, texts, out))
    }
}

/// One call's shared state.
struct Run<'a, T, O, C, W> {
    chunks: Mutex<Chunks<'a, T, O>>,
    /// The failure of the text that comes first, and that text's index.
    failure: Mutex<Option<(usize, Error)>>,
    stop: AtomicBool,
    cost: C,
    work: W,
}

impl<T, O, C, W> Run<'_, T, O, C, W>
where
    C: Fn(&T) -> u64,
    W: Fn(usize, &T, &mut [O], &mut Scratch) -> Result<()>,
{
    /// Takes chunks until none is left or somebody failed. A chunk that was begun is finished, so
    /// that of several texts at fault the first is reported, whatever the timing.
    fn work_off(&self, scratch: &mut Scratch, interrupted: Option<&dyn Fn() -> bool>) {
        let mut checked = Instant::now();
        while !self.stop.load(Ordering::Relaxed) {
            let chunk = match self.chunks.lock() {
                Ok(mut chunks) => chunks.take(&self.cost),
                Err(_) => None,
            };
            let Some((first, texts, out)) = chunk else {
                return;
            };
            let width = out.len() / texts.len();
            for (i, (text, out)) in texts.iter().zip(out.chunks_mut(width)).enumerate() {
                if let Err(error) = (self.work)(first + i, text, out, scratch) {
                    self.fail(first + i, error.at(first + i));
                    return;
                }
            }
            if let Some(interrupted) = interrupted
                && checked.elapsed() >= CHECK_EVERY
            {
                if interrupted() {
                    // Before any text: an interrupt wins over whatever else went wrong.
                    self.fail(0, Error::Interrupted);
                    return;
                }
                checked = Instant::now();
            }
        }
    }

    fn fail(&self, index: usize, error: Error) {
        self.stop.store(true, Ordering::Relaxed);
        let mut failure = self.failure.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let first = failure.as_ref().is_none_or(|(earlier, _)| index < *earlier);
        if first || matches!(error, Error::Interrupted) {
            *failure = Some((index, error));
        }
    }
}
