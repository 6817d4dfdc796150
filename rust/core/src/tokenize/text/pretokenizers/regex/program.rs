//! From the parts of an expression to places that a match goes through, in order of preference.

use super::parse::{Look, Node, Parsed};

/// A place in an expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// One character of a class, then another place.
    Set(usize, usize),
    /// If that is next, another place.
    Look(Look, usize),
    /// The first of two places, and if that comes to nothing the second.
    Fork(usize, usize),
    Match,
}

/// More places are not taken.
const MOST: usize = 4000;

/// The places; a match starts at the first of them.
pub(super) fn compile(parsed: &Parsed) -> Result<Vec<Place>, String> {
    // Written from the end: each part is told where it goes on.
    let mut program = Program { places: vec![Place::Match] };
    let start = program.part(&parsed.node, 0)?;
    let mut places = program.places;
    // The start comes first, as a fork of which both ways are the same.
    places.push(Place::Fork(start, start));
    let last = places.len() - 1;
    places.swap(0, last);
    let moved = |place: usize| match place {
        0 => last,
        place if place == last => 0,
        place => place,
    };
    for place in &mut places {
        *place = match *place {
            Place::Set(class, next) => Place::Set(class, moved(next)),
            Place::Look(look, next) => Place::Look(look, moved(next)),
            Place::Fork(a, b) => Place::Fork(moved(a), moved(b)),
            Place::Match => Place::Match,
        };
    }
    Ok(places)
}

struct Program {
    places: Vec<Place>,
}

impl Program {
    fn push(&mut self, place: Place) -> Result<usize, String> {
        if self.places.len() >= MOST {
            return Err("too many parts".to_owned());
        }
        self.places.push(place);
        Ok(self.places.len() - 1)
    }

    /// Adds a part that goes on at `next`; returns where it starts.
    fn part(&mut self, node: &Node, next: usize) -> Result<usize, String> {
        match node {
            Node::Set(class) => self.push(Place::Set(*class, next)),
            Node::Look(look) => self.push(Place::Look(*look, next)),
            Node::Concat(nodes) => {
                nodes.iter().rev().try_fold(next, |next, node| self.part(node, next))
            }
            Node::Alt(nodes) => {
                let mut starts = Vec::new();
                for node in nodes {
                    starts.push(self.part(node, next)?);
                }
                let last = starts.pop().unwrap_or(next);
                starts
                    .into_iter()
                    .rev()
                    .try_fold(last, |rest, start| self.push(Place::Fork(start, rest)))
            }
            Node::Repeat { node, least, most, greedy } => {
                let fork = |first, rest| match greedy {
                    true => Place::Fork(first, rest),
                    false => Place::Fork(rest, first),
                };
                let mut at = match most {
                    Some(most) => {
                        let mut at = next;
                        for _ in *least..*most {
                            let first = self.part(node, at)?;
                            at = self.push(fork(first, next))?;
                        }
                        at
                    }
                    None => {
                        if can_be_nothing(node) {
                            return Err("a repetition of what can be nothing".to_owned());
                        }
                        let again = self.push(Place::Match)?;
                        let first = self.part(node, again)?;
                        self.places[again] = fork(first, next);
                        again
                    }
                };
                for _ in 0..*least {
                    at = self.part(node, at)?;
                }
                Ok(at)
            }
        }
    }
}

/// Whether a part can match without a character.
fn can_be_nothing(node: &Node) -> bool {
    match node {
        Node::Set(_) => false,
        Node::Look(_) => true,
        Node::Concat(nodes) => nodes.iter().all(can_be_nothing),
        Node::Alt(nodes) => nodes.iter().any(can_be_nothing),
        Node::Repeat { node, least, .. } => *least == 0 || can_be_nothing(node),
    }
}
