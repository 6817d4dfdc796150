//! From the `pre_tokenizer` of a tokenizer.json to steps.

use memchr::memmem;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::metaspace::{Metaspace, Prepend};
use super::regex::Regex;
use super::split::{Behavior, Finder, Split};
use super::{NUMERIC, PUNCTUATION, Pattern, PreTokenizer, Step, Words};
use crate::tokenize::file::json::parse;
use crate::tokenize::file::nested::{Kind, Leaf, leaves};
use crate::tokenize::refusals::NotCovered;
use crate::tokenize::refusals::not_covered;

const PART: &str = "pre_tokenizer";

/// Changes of the text that may follow each other: a ByteLevel doubles what another left.
const MOST_CHANGES: usize = 6;

impl PreTokenizer {
    /// The steps that a tokenizer.json asks for, if all are known.
    pub(in crate::tokenize) fn plan(json: Option<&RawValue>) -> Result<Self, NotCovered> {
        let mut plan = Self { steps: Vec::new(), byte_level: false };
        for leaf in leaves(Kind::PreTokenizer, json)? {
            plan.add(leaf)?;
        }
        if plan.steps.iter().filter(|step| step.changes()).count() > MOST_CHANGES {
            return not_covered("pre_tokenizer that changes the text again and again");
        }
        if matches!(plan.steps.last(), Some(Step::StandIns)) {
            plan.steps.pop();
            plan.byte_level = true;
        }
        plan.drop_repeated();
        Ok(plan)
    }

    /// Takes out cuts that were made before. One that parts characters by class alone leaves
    /// nothing to cut to a second one of its kind, whatever was cut in between.
    fn drop_repeated(&mut self) {
        let mut words = Vec::new();
        let mut classes = Vec::new();
        self.steps.retain(|step| {
            let repeated = match step {
                Step::Words(kind) => words.contains(kind),
                Step::Apart { class, one_by_one } => classes.contains(&(*class, *one_by_one)),
                _ => false,
            };
            match step {
                Step::Words(kind) if !repeated => words.push(*kind),
                Step::Apart { class, one_by_one } if !repeated => {
                    classes.push((*class, *one_by_one));
                }
                step if step.changes() => {
                    words.clear();
                    classes.clear();
                }
                _ => {}
            }
            !repeated
        });
    }

    fn add(&mut self, Leaf { kind, json }: Leaf<'_>) -> Result<(), NotCovered> {
        match kind {
            "ByteLevel" => self.add_byte_level(json)?,
            "Split" => self.add_split(json)?,
            "Whitespace" => self.steps.push(Step::Words(Words::Whitespace)),
            "WhitespaceSplit" => self.steps.push(Step::Words(Words::WhitespaceSplit)),
            "BertPreTokenizer" => self.steps.push(Step::Words(Words::Bert)),
            "Digits" => self.add_digits(json)?,
            "Punctuation" => self.add_punctuation(json)?,
            "UnicodeScripts" => self.steps.push(Step::Scripts),
            "CharDelimiterSplit" => {
                #[derive(Deserialize)]
                struct Delimiter {
                    delimiter: char,
                }
                let delimiter = parse::<Delimiter>(PART, json)?.delimiter.to_string();
                self.add_literal(&delimiter, Behavior::Removed, false);
            }
            "FixedLength" => {
                #[derive(Deserialize)]
                struct FixedLength {
                    #[serde(default = "five")]
                    length: usize,
                }
                fn five() -> usize {
                    5
                }
                match parse::<FixedLength>(PART, json)?.length {
                    // The reference panics.
                    0 => return not_covered("pre_tokenizer FixedLength of nothing"),
                    length => self.steps.push(Step::FixedLength(length)),
                }
            }
            "Metaspace" => {
                let metaspace = Metaspace::plan(json)?;
                if metaspace.prepend == Prepend::First && self.steps.iter().any(Step::changes) {
                    // What is first would have to be followed through the change.
                    return not_covered("prepend_scheme first after another change of the text");
                }
                self.steps.push(Step::Metaspace(metaspace));
            }
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
        self.steps.push(Step::StandIns);
        Ok(())
    }

    fn add_split(&mut self, json: &RawValue) -> Result<(), NotCovered> {
        #[derive(Deserialize)]
        struct Settings {
            pattern: Matcher,
            behavior: Behavior,
            invert: bool,
        }
        #[derive(Deserialize)]
        enum Matcher {
            String(String),
            Regex(String),
        }
        let Settings { pattern, behavior, invert } = parse(PART, json)?;
        let regex = match pattern {
            Matcher::String(literal) if literal.is_empty() => {
                return not_covered("pre_tokenizer Split at nothing");
            }
            Matcher::String(literal) => {
                self.add_literal(&literal, behavior, invert);
                return Ok(());
            }
            Matcher::Regex(regex) => regex,
        };
        let pattern = match Pattern::known(&regex) {
            Some(pattern) => pattern,
            None => match Regex::new(&regex) {
                Ok(regex) if regex.covers() => Pattern::Compiled(Box::new(regex)),
                Ok(regex) => {
                    let finder = Finder::Regex(Box::new(regex));
                    self.steps.push(Step::Split(Split { finder, behavior, invert }));
                    return Ok(());
                }
                Err(part) => {
                    return not_covered(format!(
                        "pre_tokenizer Split at an expression with {part}"
                    ));
                }
            },
        };
        // There is nothing to merge a match with where they leave no gaps.
        self.steps.push(match (behavior, invert) {
            (
                Behavior::Isolated | Behavior::MergedWithPrevious | Behavior::MergedWithNext,
                false,
            )
            | (Behavior::Isolated | Behavior::Removed, true) => Step::Pattern(pattern),
            _ => Step::Split(Split { finder: Finder::Pattern(pattern), behavior, invert }),
        });
        Ok(())
    }

    fn add_literal(&mut self, literal: &str, behavior: Behavior, invert: bool) {
        let finder = Box::new(memmem::Finder::new(literal).into_owned());
        self.steps.push(Step::Split(Split { finder: Finder::Literal(finder), behavior, invert }));
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
        fn isolated() -> Behavior {
            Behavior::Isolated
        }
        #[derive(Deserialize)]
        struct Punctuation {
            #[serde(default = "isolated")]
            behavior: Behavior,
        }
        let class = PUNCTUATION;
        self.steps.push(match parse::<Punctuation>(PART, json)?.behavior {
            Behavior::Isolated => Step::Apart { class, one_by_one: true },
            Behavior::Contiguous => Step::Apart { class, one_by_one: false },
            behavior => {
                Step::Split(Split { finder: Finder::Class(class), behavior, invert: false })
            }
        });
        Ok(())
    }
}
