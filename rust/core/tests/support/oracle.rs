//! One tokenizer.json in the reference and in every variant of the engine.
// Each family of tests uses a part of it.
#![allow(dead_code)]

use m2v_core::Unknown;
use m2v_core::probe::Probe;
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
        let probes = Probe::variants(json.as_bytes());
        let probes: Vec<Probe> = if Probe::HAS_FALLBACK {
            probes.expect("it loads")
        } else {
            // Nothing else loads what the engines leave alone.
            probes.ok()?
        };
        if !crate::ENGINES.contains(&probes[0].tokenizer().engine()) {
            return None;
        }
        let mut reference = Tokenizer::from_bytes(json).expect("the reference loads it");
        reference.with_padding(None);
        reference.with_truncation(None).unwrap();
        let unk_id = probes[0].tokenizer().vocabulary().unk_id;
        Some(Self { reference, unk_id, probes, ids: Vec::new() })
    }

    /// The fallback's reason, for a file that the engine must not take.
    pub(crate) fn refusal(json: &str) -> Option<String> {
        match Probe::new(json.as_bytes()) {
            Ok(probe) => probe.tokenizer().fallback_reason().map(str::to_owned),
            Err(error) if !Probe::HAS_FALLBACK => Some(error.to_string()),
            Err(error) => panic!("the fallback loads it: {error}"),
        }
    }

    /// Ids of the reference, the unknown one included.
    pub(crate) fn all_ids(&self, text: &str) -> Vec<u32> {
        self.reference.encode_fast(text, false).expect("the reference encodes").get_ids().to_vec()
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
        for probe in &mut self.probes {
            self.ids.clear();
            probe.ids_into(text, limit, &mut self.ids).unwrap();
            if self.ids != expected {
                return Err(format!(
                    "{text:?} ({}), limit {limit:?}, {}:\n reference {expected:?}\n engine    {:?}",
                    text.escape_unicode(),
                    probe.name(),
                    self.ids
                ));
            }
        }
        self.ids.clear();
        self.probes[0].ids_of(text, limit, Unknown::Keep, &mut self.ids).unwrap();
        if self.ids != kept {
            return Err(format!(
                "{text:?}, limit {limit:?}, with the unknown id:\n reference {kept:?}\n engine    {:?}",
                self.ids
            ));
        }
        Ok(())
    }

    /// Panics with everything needed to see why if a variant differs.
    pub(crate) fn check(&mut self, text: &str, limit: Option<usize>) {
        let all = self.all_ids(text);
        if let Err(difference) = self.agrees(text, &all, limit) {
            panic!("{difference}");
        }
    }
}
