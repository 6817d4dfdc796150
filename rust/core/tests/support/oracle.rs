//! One tokenizer.json in the reference and in every variant of the engine.
// Each family of tests uses a part of it.
#![allow(dead_code)]

use std::panic::{AssertUnwindSafe, catch_unwind};

use m2v_fast::probe::Probe;
use m2v_fast::{Backend, Unknown};
use tokenizers::Tokenizer;

pub(crate) struct Oracle {
    reference: Tokenizer,
    unk_id: Option<u32>,
    probes: Vec<Probe>,
    ids: Vec<u32>,
}

impl Oracle {
    /// All variants; `None` if the engine leaves the file to the fallback.
    pub(crate) fn new(json: &str) -> Option<Self> {
        Self::of_fast(json, Probe::variants(json.as_bytes()))
    }

    /// The same with two variants, of both ends: for what does not depend on instruction sets.
    pub(crate) fn few(json: &str) -> Option<Self> {
        let variants = [(Backend::Portable, Some(1)), (Backend::detect(), None)];
        let probe = |(backend, entries)| Probe::with(json.as_bytes(), backend, entries);
        let probes = variants.into_iter().map(probe).collect();
        Self::of_fast(json, probes)
    }

    fn of_fast(json: &str, probes: m2v_fast::Result<Vec<Probe>>) -> Option<Self> {
        let probes: Vec<Probe> = if Probe::HAS_FALLBACK {
            match probes {
                // Refused: the crate does not come back from it.
                Err(error) if error.to_string().contains("leaves nothing of the added") => {
                    return None;
                }
                probes => probes.expect("it loads"),
            }
        } else {
            // Nothing else loads what the engines leave alone.
            probes.ok()?
        };
        if !is_fast(&probes[0]) {
            return None;
        }
        Some(Self::of(json, probes).expect("the reference loads it"))
    }

    /// These variants of the engine of a file.
    pub(crate) fn of(json: &str, probes: Vec<Probe>) -> Result<Self, String> {
        let mut reference = Tokenizer::from_bytes(json).map_err(|error| error.to_string())?;
        reference.with_padding(None);
        reference.with_truncation(None).unwrap();
        let unk_id = probes[0].tokenizer().vocabulary().unk_id;
        Ok(Self { reference, unk_id, probes, ids: Vec::new() })
    }

    /// The fallback's reason, for a file that the engine must not take.
    pub(crate) fn refusal(json: &str) -> Option<String> {
        match Probe::new(json.as_bytes()) {
            Ok(probe) => probe.tokenizer().fallback_reason().map(str::to_owned),
            Err(error) if !Probe::HAS_FALLBACK => Some(error.to_string()),
            Err(error) => panic!("the fallback loads it: {error}"),
        }
    }

    /// Ids of the reference, the unknown one included, or its error.
    pub(crate) fn encode(&self, text: &str) -> Result<Vec<u32>, String> {
        match self.reference.encode_fast(text, false) {
            Ok(encoding) => Ok(encoding.get_ids().to_vec()),
            Err(error) => Err(error.to_string()),
        }
    }

    /// Ids of the reference, which must have some.
    pub(crate) fn all_ids(&self, text: &str) -> Vec<u32> {
        self.encode(text).expect("the reference encodes")
    }

    /// Whether every variant makes these ids of the text under this limit; the first of them also
    /// with the unknown id kept.
    pub(crate) fn agrees(
        &mut self,
        text: &str,
        all: &[u32],
        limit: Option<usize>,
    ) -> Result<(), String> {
        let kept = &all[..limit.unwrap_or(all.len()).min(all.len())];
        let expected: Vec<u32> =
            kept.iter().copied().filter(|&id| Some(id) != self.unk_id).collect();
        for number in 0..self.probes.len() {
            self.makes(number, text, limit, Unknown::Drop, &expected)?;
        }
        self.makes(0, text, limit, Unknown::Keep, kept)
    }

    /// Whether no variant makes ids of a text that the reference fails on.
    pub(crate) fn fails(&mut self, text: &str, limit: Option<usize>) -> Result<(), String> {
        for probe in &mut self.probes {
            self.ids.clear();
            if probe.ids_into(text, limit, &mut self.ids).is_ok() {
                return Err(format!(
                    "{text:?} ({}), limit {limit:?}, {}: an error of the reference, here {:?}",
                    text.escape_unicode(),
                    probe.name(),
                    self.ids
                ));
            }
        }
        Ok(())
    }

    fn makes(
        &mut self,
        number: usize,
        text: &str,
        limit: Option<usize>,
        unknown: Unknown,
        expected: &[u32],
    ) -> Result<(), String> {
        self.ids.clear();
        let probe = &mut self.probes[number];
        let made = probe.ids_of(text, limit, unknown, &mut self.ids);
        if made.is_ok() && self.ids == expected {
            return Ok(());
        }
        let unknown = if matches!(unknown, Unknown::Keep) { ", with the unknown id" } else { "" };
        let found = made.map_or_else(|error| error.to_string(), |()| format!("{:?}", self.ids));
        Err(format!(
            "{text:?} ({}), limit {limit:?}, {}{unknown}:\n reference {expected:?}\n engine    {found}",
            text.escape_unicode(),
            probe.name(),
        ))
    }

    /// Whether every variant makes the ids of the reference, without a limit and with it, or none
    /// where that fails.
    pub(crate) fn compare(&mut self, text: &str, limit: Option<usize>) -> Result<(), String> {
        // Of what the reference panics on nothing is known.
        let encoded = catch_unwind(AssertUnwindSafe(|| self.encode(text)));
        let Ok(encoded) = encoded else { return Ok(()) };
        match encoded {
            Ok(all) => {
                self.agrees(text, &all, None)?;
                if limit.is_some() { self.agrees(text, &all, limit) } else { Ok(()) }
            }
            // Under a limit an engine may stop before it is where the reference fails.
            Err(_) => self.fails(text, None),
        }
    }

    /// Panics with everything needed to see why if a variant differs.
    pub(crate) fn check(&mut self, text: &str, limit: Option<usize>) {
        let all = self.all_ids(text);
        if let Err(difference) = self.agrees(text, &all, limit) {
            panic!("{difference}");
        }
    }
}

/// Whether a file runs on an engine of ours.
pub(crate) fn is_fast(probe: &Probe) -> bool {
    probe.tokenizer().engine() != "fallback"
}
