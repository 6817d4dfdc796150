//! How a request is treated, whatever its address.

use crate::answer::Answer;
use crate::embed::Context;
use crate::metrics::Metrics;
use crate::problem::{Api, Problem};

/// What an answer is made of.
pub(crate) struct Call<'a> {
    pub(crate) context: &'a Context<'a>,
    pub(crate) metrics: &'a Metrics,
    /// Threads that answer.
    pub(crate) workers: usize,
    pub(crate) path: &'a str,
    pub(crate) body: &'a [u8],
}

/// What makes the answer of a path and a body.
pub(crate) type Work = fn(&Call<'_>) -> Result<Answer, Problem>;

/// How a request is treated.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Route {
    /// Needs no key.
    Open(Work),
    /// Has no body.
    Get(Work),
    /// Has one, and takes a slot.
    Post(Api, Work),
    /// There is nothing.
    Missing,
    /// There is something for another method.
    WrongMethod,
}

impl Route {
    pub(crate) fn is_open(self) -> bool {
        matches!(self, Self::Open(_))
    }

    pub(crate) fn api(self, path: &str) -> Api {
        match self {
            Self::Post(api, _) => api,
            _ => Api::of(path),
        }
    }
}
