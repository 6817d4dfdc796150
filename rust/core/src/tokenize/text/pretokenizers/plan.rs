//! From the `pre_tokenizer` of a tokenizer.json to steps.

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use super::{NUMERIC, PUNCTUATION, Pattern, PreTokenizer, Step, Words};
use crate::tokenize::NotCovered;
use crate::tokenize::file::nested::{Kind, Leaf, leaves};
use crate::tokenize::file::parts::{not_covered, parse};

const PART: &str = "pre_tokenizer";

impl PreTokenizer {
    /// The cuts that a tokenizer.json asks for, if all are known.
    pub(crate) fn plan(json: Option<&RawValue>) -> Result<Self, NotCovered> {
        let mut plan = Self { steps: Vec::new(), byte_level: false };
        for leaf in leaves(Kind::PreTokenizer, json)? {
            plan.add(leaf)?;
        }
        plan.drop_repeated();
        Ok(plan)
    }

    /// Takes out cuts that were made before. One that parts characters by class alone leaves
    /// nothing to cut to a second one of its kind, whatever was cut in between.
    fn drop_repeated(&mut self) {
        let mut known = Vec::new();
        self.steps.retain(|step| {
            let by_class = matches!(step, Step::Words(_) | Step::Apart { .. });
            let repeated = by_class && known.contains(step);
            if by_class && !repeated {
                known.push(*step);
            }
            !repeated
        });
    }

    fn add(&mut self, Leaf { kind, json }: Leaf<'_>) -> Result<(), NotCovered> {
        if self.byte_level {
            // It would see the stand-ins of bytes instead of the text.
            return not_covered("pre_tokenizer after ByteLevel");
        }
        match kind {
            "ByteLevel" => self.add_byte_level(json)?,
            "Split" => self.add_split(json)?,
            "Whitespace" => self.steps.push(Step::Words(Words::Whitespace)),
            "WhitespaceSplit" => self.steps.push(Step::Words(Words::WhitespaceSplit)),
            "BertPreTokenizer" => self.steps.push(Step::Words(Words::Bert)),
            "Digits" => self.add_digits(json)?,
            "Punctuation" => self.add_punctuation(json)?,
            kind => return not_covered(format!("pre_tokenizer of type {kind}")),
        }
        Ok(())
    }

    fn add_byte_level(&mut self, json: &RawValue) -> Result<(), NotCovered> {
        fn on() -> bool {
            true
        }
        #[derive(Deserialize)]
        struct ByteLevel {
            add_prefix_space: bool,
            #[serde(rename = "trim_offsets")]
            _trim_offsets: bool,
            #[serde(default = "on")]
            use_regex: bool,
        }
        let settings: ByteLevel = parse(PART, json)?;
        if settings.add_prefix_space {
            self.steps.push(Step::PrefixSpace);
        }
        if settings.use_regex {
            self.steps.push(Step::Pattern(Pattern::Gpt2));
        }
        self.byte_level = true;
        Ok(())
    }

    fn add_split(&mut self, json: &RawValue) -> Result<(), NotCovered> {
        #[derive(Deserialize)]
        struct Split {
            pattern: Matcher,
            behavior: String,
            invert: bool,
        }
        #[derive(Deserialize)]
        enum Matcher {
            String(IgnoredAny),
            Regex(String),
        }
        let split: Split = parse(PART, json)?;
        let regex = match split.pattern {
            Matcher::Regex(regex) => regex,
            Matcher::String(IgnoredAny) => return not_covered("pre_tokenizer Split at a string"),
        };
        let Some(pattern) = Pattern::known(&regex) else {
            return not_covered(format!("pre_tokenizer Split with the pattern {regex}"));
        };
        // The known patterns leave no gaps, so there is nothing to merge a match with, and what is
        // removed is either nothing or everything.
        match (split.behavior.as_str(), split.invert) {
            ("Isolated" | "MergedWithPrevious" | "MergedWithNext", _) | ("Removed", true) => {
                self.steps.push(Step::Pattern(pattern));
                Ok(())
            }
            (behavior, _) => not_covered(format!("pre_tokenizer Split with behavior {behavior}")),
        }
    }

    fn add_digits(&mut self, json: &RawValue) -> Result<(), NotCovered> {
        #[derive(Deserialize)]
        struct Digits {
            individual_digits: bool,
        }
        let one_by_one = parse::<Digits>(PART, json)?.individual_digits;
        self.steps.push(Step::Apart { class: NUMERIC, one_by_one });
        Ok(())
    }

    fn add_punctuation(&mut self, json: &RawValue) -> Result<(), NotCovered> {
        #[derive(Deserialize)]
        struct Punctuation {
            behavior: Option<String>,
        }
        let one_by_one = match parse::<Punctuation>(PART, json)?.behavior.as_deref() {
            Some("Isolated") => true,
            Some("Contiguous") => false,
            _ => return not_covered("pre_tokenizer Punctuation with another behavior"),
        };
        self.steps.push(Step::Apart { class: PUNCTUATION, one_by_one });
        Ok(())
    }
}
