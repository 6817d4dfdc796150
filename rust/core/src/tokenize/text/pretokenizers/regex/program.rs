//! The tree of an expression as steps, of which the first that lead to a match are taken.

use super::charset::CharSet;
use super::parse::Node;

/// Number of a step.
pub(super) type Pc = u16;

/// One step.
#[derive(Debug, Clone, Copy)]
pub(super) enum Step {
    /// The next character is of the set, and is taken.
    Set { set: u16, folded: u32, then: Pc },
    /// The next character is of the set, or there is none if `end`.
    Look { set: u16, end: bool, then: Pc },
    /// The first of the two that leads to a match.
    Split(Pc, Pc),
    /// A match ends here.
    Match,
}

/// More steps are not taken.
const MOST: usize = 2000;
/// More different sets are not taken.
const SETS: usize = 256;

/// All steps, and where they begin.
#[derive(Debug)]
pub(super) struct Program {
    pub(super) steps: Vec<Step>,
    pub(super) sets: Vec<CharSet>,
    pub(super) start: Pc,
}

impl Program {
    pub(super) fn of(node: &Node) -> Result<Self, String> {
        if node.is_nullable() {
            return Err("an expression that can match nothing".to_owned());
        }
        let mut program = Self { steps: vec![Step::Match], sets: Vec::new(), start: 0 };
        program.start = program.emit(node, 0)?;
        program.check_folding()?;
        Ok(program)
    }

    fn push(&mut self, step: Step) -> Result<Pc, String> {
        if self.steps.len() >= MOST {
            return Err(format!("an expression of more than {MOST} steps"));
        }
        self.steps.push(step);
        Ok((self.steps.len() - 1) as Pc)
    }

    fn set(&mut self, set: &CharSet) -> Result<u16, String> {
        if let Some(at) = self.sets.iter().position(|known| known == set) {
            return Ok(at as u16);
        }
        if self.sets.len() >= SETS {
            return Err(format!("more than {SETS} different classes"));
        }
        self.sets.push(set.clone());
        Ok((self.sets.len() - 1) as u16)
    }

    /// The steps of a node, from the last to the first: where they begin.
    fn emit(&mut self, node: &Node, then: Pc) -> Result<Pc, String> {
        match node {
            Node::Set { set, folded } => {
                let set = self.set(set)?;
                self.push(Step::Set { set, folded: *folded, then })
            }
            Node::Look { set, end } => {
                let set = self.set(set)?;
                self.push(Step::Look { set, end: *end, then })
            }
            Node::Cat(nodes) => {
                nodes.iter().rev().try_fold(then, |then, node| self.emit(node, then))
            }
            Node::Alt(nodes) => {
                let mut starts = Vec::new();
                for node in nodes {
                    starts.push(self.emit(node, then)?);
                }
                let last = starts.pop().unwrap_or(then);
                starts
                    .into_iter()
                    .rev()
                    .try_fold(last, |rest, start| self.push(Step::Split(start, rest)))
            }
            Node::Repeat { node, min, max, greedy } => {
                let split = |one: Pc, out: Pc| match greedy {
                    true => Step::Split(one, out),
                    false => Step::Split(out, one),
                };
                let mut start = then;
                match max {
                    Some(max) => {
                        for _ in *min..*max {
                            let one = self.emit(node, start)?;
                            start = self.push(split(one, then))?;
                        }
                    }
                    None => {
                        let again = self.push(Step::Match)?;
                        let one = self.emit(node, again)?;
                        self.steps[usize::from(again)] = split(one, then);
                        start = again;
                    }
                }
                (0..*min).try_fold(start, |start, _| self.emit(node, start))
            }
        }
    }

    /// Letters one after the other that may also be one character, as `ss` and `ß`.
    fn check_folding(&self) -> Result<(), String> {
        let bits = |letters: &str| -> u32 {
            letters
                .bytes()
                .map(|byte| 1 << u32::from(byte - b'a'))
                .fold(0, |all, bit: u32| all | bit)
        };
        let pairs = [(bits("s"), bits("st")), (bits("f"), bits("fil"))];
        for step in &self.steps {
            let Step::Set { folded, then, .. } = *step else { continue };
            let after: u32 =
                pairs.iter().filter(|(first, _)| first & folded != 0).map(|pair| pair.1).sum();
            if after == 0 {
                continue;
            }
            let (mut stack, mut seen) = (vec![then], vec![false; self.steps.len()]);
            while let Some(pc) = stack.pop() {
                if std::mem::replace(&mut seen[usize::from(pc)], true) {
                    continue;
                }
                match self.steps[usize::from(pc)] {
                    Step::Set { folded, .. } if folded & after != 0 => {
                        return Err("letters in any case that one ligature stands for".to_owned());
                    }
                    Step::Look { then, .. } => stack.push(then),
                    Step::Split(one, other) => stack.extend([one, other]),
                    Step::Set { .. } | Step::Match => {}
                }
            }
        }
        Ok(())
    }
}
