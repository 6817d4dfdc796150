//! Every normalizer with every pre-tokenizer, kind of model and set of added tokens.
//!
//! What the engines leave to the fallback is counted and printed, and is no error until it is more
//! than it was. What they take has the ids of the reference, and its errors.

use std::any::Any;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use m2v_fast::Backend;
use m2v_fast::probe::Probe;
use serde_json::Value;
use tokenizers::Tokenizer;

use crate::oracle::{Oracle, is_fast};
use crate::shards::shard;
use crate::table::models::{Setting, settings};
use crate::table::normalizers::normalizers;
use crate::table::pretokenizers::pre_tokenizers;
use crate::table::{Part, added, file};
use crate::texts::{self, Random};

/// Of each kind of model, the share of combinations that must run on an engine of ours, in percent:
/// all, since what is not for them is not in the table (`refusals.rs` has it).
const LEAST_FAST: &[(&str, f64)] =
    &[("WordPiece", 100.0), ("WordLevel", 100.0), ("Unigram", 100.0), ("BPE", 100.0)];

/// The table, and what of it is one combination.
pub(crate) struct Table {
    normalizers: Vec<Part>,
    pre_tokenizers: Vec<Part>,
    settings: Vec<Setting>,
    added: Vec<(&'static str, Vec<Value>)>,
}

pub(crate) struct Combination<'a> {
    pub(crate) normalizer: &'a Part,
    pub(crate) pre_tokenizer: &'a Part,
    pub(crate) setting: &'a Setting,
    added: &'a (&'static str, Vec<Value>),
    number: usize,
}

impl Table {
    pub(crate) fn new() -> Self {
        Self {
            normalizers: normalizers(),
            pre_tokenizers: pre_tokenizers(),
            settings: settings(),
            added: added::sets(),
        }
    }

    /// Every pair with each kind of model, whose settings take turns, as do the sets of tokens.
    pub(crate) fn pairs(&self) -> Vec<Combination<'_>> {
        let mut all = Vec::new();
        for (kind, _) in LEAST_FAST {
            let settings: Vec<&Setting> = self.of_kind(kind).collect();
            for normalizer in &self.normalizers {
                for pre_tokenizer in &self.pre_tokenizers {
                    let number = all.len();
                    let mut random = Random::new(number as u64);
                    let setting = settings[random.below(settings.len())];
                    let added = &self.added[random.below(self.added.len())];
                    all.push(Combination { normalizer, pre_tokenizer, setting, added, number });
                }
            }
        }
        all
    }

    /// Every pair with all settings of all models; the sets of added tokens take turns.
    fn all(&self) -> Vec<Combination<'_>> {
        let mut all = Vec::new();
        for setting in &self.settings {
            for normalizer in &self.normalizers {
                for pre_tokenizer in &self.pre_tokenizers {
                    let number = all.len();
                    let added = &self.added[Random::new(number as u64).below(self.added.len())];
                    all.push(Combination { normalizer, pre_tokenizer, setting, added, number });
                }
            }
        }
        all
    }

    fn of_kind(&self, kind: &str) -> impl Iterator<Item = &Setting> {
        self.settings.iter().filter(move |setting| setting.kind == kind)
    }
}

/// What became of a combination.
pub(crate) enum Outcome {
    Fast,
    /// For the fallback, and why.
    Slow(String),
    /// Neither the reference loads it nor we.
    NoFile,
}

impl Combination<'_> {
    pub(crate) fn file(&self) -> String {
        let Self { normalizer, pre_tokenizer, setting, added, .. } = self;
        let [normalizer, pre_tokenizer] = [normalizer, pre_tokenizer].map(|part| &part.json);
        let of_bytes =
            [normalizer, pre_tokenizer].iter().any(|json| json.to_string().contains("ByteLevel"));
        file(normalizer, pre_tokenizer, &added.1, setting.json(of_bytes))
    }

    fn name(&self) -> String {
        let Self { normalizer, pre_tokenizer, setting, added, .. } = self;
        let (normalizer, pre_tokenizer) = (&normalizer.name, &pre_tokenizer.name);
        let Setting { kind, name, .. } = setting;
        format!("[{normalizer}] [{pre_tokenizer}] [{kind}, {name}] [added: {}]", added.0)
    }

    /// What the engine does with the file; `variants` of it, or all there are.
    pub(crate) fn load(&self, variants: Option<usize>) -> Result<(Outcome, Vec<Probe>), String> {
        let json = self.file();
        let loaded = match variants {
            None => Probe::variants(json.as_bytes()),
            Some(count) => (0..count).map(|turn| self.variant(&json, turn)).collect(),
        };
        match loaded {
            Ok(probes) => match probes[0].tokenizer().fallback_reason() {
                None => Ok((Outcome::Fast, probes)),
                Some(reason) => Ok((Outcome::Slow(reason.to_owned()), Vec::new())),
            },
            Err(error) if !Probe::HAS_FALLBACK => {
                Ok((Outcome::Slow(error.to_string()), Vec::new()))
            }
            Err(error) => match Tokenizer::from_bytes(&json) {
                Ok(_) => Err(format!("{}: {error}", self.name())),
                Err(_) => Ok((Outcome::NoFile, Vec::new())),
            },
        }
    }

    /// Instruction sets and sizes of caches take turns.
    fn variant(&self, json: &str, turn: usize) -> m2v_fast::Result<Probe> {
        let backends = Backend::available();
        let mut random = Random::new((self.number * 7 + turn) as u64);
        let backend = backends[(random.below(backends.len()) + turn) % backends.len()];
        let entries = [None, Some(0), Some(1), Some(64)][(random.below(4) + turn) % 4];
        Probe::with(json.as_bytes(), backend, entries)
    }

    /// Compares so many texts in so many variants.
    fn check(&self, count: usize, variants: Option<usize>) -> Result<Outcome, String> {
        let (outcome, probes) = self.load(variants)?;
        if probes.is_empty() || count == 0 {
            return Ok(outcome);
        }
        assert!(is_fast(&probes[0]));
        let json = self.file();
        let mut oracle = Oracle::of(&json, probes)
            .map_err(|error| format!("{}: the reference does not load it: {error}", self.name()))?;
        let mut random = Random::new(self.number as u64);
        let fragments: Vec<&str> =
            self.added.1.iter().map(|token| token["content"].as_str().unwrap()).collect();
        for number in 0..count {
            let parts = [3, 6, 12, 12, 30][random.below(5)];
            let text = texts::text(&mut random, parts, &fragments);
            let limit = (number % 2 == 1).then(|| random.below(12));
            if let Err(difference) = oracle.compare(&text, limit) {
                let (text, difference) = shrink(&mut oracle, text, limit, difference);
                let path = format!("{}/ids-{}.json", env!("CARGO_TARGET_TMPDIR"), self.number);
                std::fs::write(&path, &json).unwrap();
                return Err(format!(
                    "{} {path}\n{} characters: {difference}",
                    self.name(),
                    text.chars().count()
                ));
            }
        }
        Ok(outcome)
    }
}

/// A shorter text that differs as well.
fn shrink(
    oracle: &mut Oracle,
    mut text: String,
    limit: Option<usize>,
    mut difference: String,
) -> (String, String) {
    let mut len = text.chars().count();
    while len > 0 {
        let mut at = 0;
        while at < text.chars().count() {
            let mut shorter = String::new();
            shorter.extend(text.chars().take(at));
            shorter.extend(text.chars().skip(at + len));
            match oracle.compare(&shorter, limit) {
                Err(other) => (text, difference) = (shorter, other),
                Ok(()) => at += len,
            }
        }
        len /= 2;
    }
    (text, difference)
}

/// What there is to say of all combinations.
#[derive(Default)]
struct Found {
    /// Fast and tried, by kind of model.
    counts: BTreeMap<&'static str, (usize, usize)>,
    reasons: BTreeMap<String, usize>,
    differences: Vec<String>,
}

fn described(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("a panic").to_owned()
}

fn texts_each(usual: usize) -> usize {
    std::env::var("M2V_IDS_TEXTS").map_or(usual, |count| count.parse().expect("a number"))
}

/// Compares all of them on all processors, and prints and asserts what was found.
fn sweep(
    combinations: &[Combination<'_>],
    texts: impl Fn(&Combination<'_>) -> usize + Sync,
    variants: Option<usize>,
) {
    let (shard, shards) = shard();
    let only = std::env::var("M2V_IDS_ONLY").unwrap_or_default();
    let next = AtomicUsize::new(0);
    let found = Mutex::new(Found::default());
    let work = || {
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let Some(one) = combinations.get(number * shards + shard) else { break };
            if !one.name().contains(&only) {
                continue;
            }
            let outcome = catch_unwind(AssertUnwindSafe(|| one.check(texts(one), variants)))
                .unwrap_or_else(|panic| Err(format!("{}: {}", one.name(), described(&*panic))));
            let mut found = found.lock().unwrap();
            let (fast, tried) = found.counts.entry(one.setting.kind).or_default();
            match outcome {
                Ok(Outcome::NoFile) => {}
                Ok(Outcome::Fast) => (*fast, *tried) = (*fast + 1, *tried + 1),
                Ok(Outcome::Slow(reason)) => {
                    *tried += 1;
                    *found.reasons.entry(reason).or_default() += 1;
                }
                Err(difference) => {
                    (*fast, *tried) = (*fast + 1, *tried + 1);
                    if found.differences.len() < 40 {
                        eprintln!("{difference}\n");
                    }
                    found.differences.push(difference);
                }
            }
        }
    };
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(work);
        }
    });
    let found = found.into_inner().unwrap();
    println!("| reason | combinations |\n|:--|--:|");
    for (reason, count) in &found.reasons {
        println!("| {reason} | {count} |");
    }
    println!("\n| model | fast | tried | % |\n|:--|--:|--:|--:|");
    let percent = |(fast, tried): (usize, usize)| 100.0 * fast as f64 / tried as f64;
    for (kind, counts) in &found.counts {
        println!("| {kind} | {} | {} | {:.2} |", counts.0, counts.1, percent(*counts));
    }
    let differences = found.differences.len();
    assert!(
        differences == 0,
        "{differences} differ, of which the first:\n{}",
        found.differences[0]
    );
    // A shard may have fewer of them.
    for (kind, least) in LEAST_FAST.iter().filter(|_| shards == 1 && only.is_empty()) {
        let share = percent(found.counts[kind]);
        assert!(share >= *least, "{share} % of the combinations with {kind} are fast, not {least}");
    }
}

/// One pair in so many.
const STRIDE: usize = 23;

#[test]
fn some_pairs() {
    let table = Table::new();
    let pairs: Vec<_> = table.pairs().into_iter().step_by(STRIDE).collect();
    let texts = texts_each(24);
    sweep(&pairs, |_| texts, Some(2));
}

/// No text: which parts run on an engine of ours. `make coverage` prints it.
#[test]
#[ignore = "minutes: for its output"]
fn coverage_of_pairs() {
    sweep(&Table::new().pairs(), |_| 0, Some(1));
}

/// For each pair and kind of model there are two thousand texts, over all settings of the model, with
/// which instruction sets and sizes of caches take turns: to load all of them took twice as long.
#[test]
#[ignore = "hours: part of the exhaustive run"]
fn every_pair_with_all_settings() {
    let table = Table::new();
    let texts = texts_each(2_000);
    sweep(&table.all(), |one| texts.div_ceil(table.of_kind(one.setting.kind).count()), Some(2));
}
