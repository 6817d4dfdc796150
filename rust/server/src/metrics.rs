//! `/metrics`: the names that text-embeddings-inference uses, and some of our own.

use std::time::Duration;

use axum::http::StatusCode;
use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

use crate::embed::Totals;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Method {
    method: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Failure {
    err: &'static str,
}

/// Counts of the requests of one method, looked up once: the family has a lock and a hash for each
/// look.
#[derive(Debug)]
struct Done {
    requests: Counter,
    successes: Counter,
}

/// All counts of the process.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    /// Of one text, and of several.
    single: Done,
    batch: Done,
    refused: Counter,
    failures: Family<Failure, Counter>,
    duration: Histogram,
    input_length: Histogram,
    texts: Counter,
    tokens: Counter,
    unknown: Counter,
    truncated: Counter,
    /// Requests under way.
    pub(crate) active: Gauge,
    /// Open connections.
    pub(crate) connections: Gauge,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::default();
        // From 20 microseconds to 20 seconds.
        let duration = Histogram::new(exponential_buckets(2e-5, 2.0, 21));
        let input_length = Histogram::new(exponential_buckets(1.0, 2.0, 21));
        let (requests, successes) =
            (Family::<Method, Counter>::default(), Family::<Method, Counter>::default());
        // TEI's words for one text and for several.
        let done = |method| {
            let method = Method { method };
            let requests = requests.get_or_create(&method).clone();
            Done { requests, successes: successes.get_or_create(&method).clone() }
        };
        let made = Self {
            single: done("single"),
            batch: done("batch"),
            refused: requests.get_or_create(&Method { method: "refused" }).clone(),
            failures: Family::default(),
            duration,
            input_length,
            texts: Counter::default(),
            tokens: Counter::default(),
            unknown: Counter::default(),
            truncated: Counter::default(),
            active: Gauge::default(),
            connections: Gauge::default(),
            registry: Registry::default(),
        };
        registry.register("te_request_count", "Requests", requests.clone());
        registry.register("te_request_success", "Requests answered", successes.clone());
        registry.register("te_request_failure", "Requests refused", made.failures.clone());
        registry.register("te_request_duration", "Seconds a request took", made.duration.clone());
        registry.register("te_request_input_length", "Tokens", made.input_length.clone());
        registry.register("te_embed_count", "Texts embedded", made.texts.clone());
        registry.register("te_queue_size", "Requests that wait: none do", Gauge::<i64>::default());
        registry.register("m2v_tokens", "Tokens embedded", made.tokens.clone());
        registry.register("m2v_unknown_tokens", "Tokens unknown", made.unknown.clone());
        registry.register("m2v_truncated_texts", "Texts cut to the limit", made.truncated.clone());
        registry.register("m2v_requests_active", "Requests under way", made.active.clone());
        registry.register("m2v_connections", "Open connections", made.connections.clone());
        Self { registry, ..made }
    }
}

impl Metrics {
    /// A request that ended well.
    pub(crate) fn success(&self, batch: bool, totals: &Totals, took: Duration) {
        let done = if batch { &self.batch } else { &self.single };
        done.requests.inc();
        done.successes.inc();
        self.duration.observe(took.as_secs_f64());
        if totals.texts > 0 {
            self.input_length.observe(totals.tokens as f64);
            self.texts.inc_by(totals.texts as u64);
            self.tokens.inc_by(totals.tokens as u64);
            self.unknown.inc_by(totals.unknown as u64);
            self.truncated.inc_by(totals.truncated as u64);
        }
    }

    /// A request that was refused; `kind` is TEI's name of why.
    pub(crate) fn failure(&self, kind: &'static str, status: StatusCode, took: Duration) {
        self.refused.inc();
        let err = if status == StatusCode::UNAUTHORIZED { "Unauthorized" } else { kind };
        self.failures.get_or_create(&Failure { err }).inc();
        self.duration.observe(took.as_secs_f64());
    }

    /// In Prometheus's text format 0.0.4, whose counters are called as they are and not `_total`.
    pub(crate) fn text(&self) -> String {
        let mut open = String::new();
        if text::encode(&mut open, &self.registry).is_err() {
            return String::new();
        }
        let mut out = String::with_capacity(open.len());
        for line in open.lines().filter(|&line| line != "# EOF") {
            let line = if line.starts_with("te_") {
                line.replacen("_total", "", 1)
            } else if line.starts_with("# ") && line.contains("m2v_") && is_counter(line) {
                named_total(line)
            } else {
                line.to_owned()
            };
            out.push_str(&line);
            out.push('\n');
        }
        out
    }
}

/// Whether a line of comment is of one of our own counters.
fn is_counter(line: &str) -> bool {
    ["m2v_tokens ", "m2v_unknown_tokens ", "m2v_truncated_texts "]
        .iter()
        .any(|name| line.contains(name))
}

fn named_total(line: &str) -> String {
    let mut words = line.splitn(4, ' ');
    let mut word = || words.next().unwrap_or_default();
    format!("{} {} {}_total {}", word(), word(), word(), word())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Metrics, Totals};

    #[test]
    fn names_are_those_of_the_format() {
        let metrics = Metrics::default();
        let totals = Totals { texts: 2, tokens: 7, unknown: 1, truncated: 1, characters: 9 };
        metrics.success(true, &totals, Duration::from_micros(50));
        let text = metrics.text();
        for line in [
            "# TYPE te_request_count counter",
            "te_request_count{method=\"batch\"} 1",
            "te_embed_count 2",
            "# TYPE m2v_tokens_total counter",
            "m2v_tokens_total 7",
            "m2v_unknown_tokens_total 1",
            "m2v_truncated_texts_total 1",
            "te_request_duration_count 1",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} not in:\n{text}");
        }
    }
}
