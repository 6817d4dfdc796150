//! Any text through every engine, in every variant, against the reference.

use std::cell::RefCell;

use crate::input::{self, Input};
use crate::models;

#[path = "../../core/tests/support/oracle.rs"]
mod oracle;

use oracle::Oracle;

thread_local! {
    static ORACLES: RefCell<Vec<Oracle>> = RefCell::new(oracles());
}

/// One for each file, loaded once.
fn oracles() -> Vec<Oracle> {
    let small = models::SMALL.iter().filter(|(name, _)| name != "fallback");
    let small = small.map(|(name, json)| {
        Oracle::new(json).unwrap_or_else(|| panic!("{name} is covered by no fast engine"))
    });
    let real = models::real();
    let real = real.iter().map(|json| Oracle::new(json).expect("a real model is covered"));
    small.chain(real).collect()
}

/// Loads the models of [`text`], which takes longer than any input may.
pub fn load_models() {
    ORACLES.with(|_| ());
}

/// The first byte chooses the model, the second the limit; the rest is the text.
pub fn text(data: &[u8]) {
    let mut input = Input::new(data);
    let (model, limit) = (input.byte(), input.byte());
    let limit = (limit < 128).then_some(usize::from(limit) % 40);
    let text = input::text(input.rest());
    ORACLES.with_borrow_mut(|oracles| {
        let count = oracles.len();
        let oracle = &mut oracles[usize::from(model) % count];
        let all = oracle.all_ids(&text);
        // The second time from the caches.
        for limit in [limit, None, limit] {
            if let Err(difference) = oracle.agrees(&text, &all, limit) {
                panic!("model {}: {difference}", usize::from(model) % count);
            }
        }
    });
}
