//! An embedding server for Model2Vec models: the APIs of OpenAI, text-embeddings-inference, Ollama,
//! Cohere and Weaviate's containers over one engine, `m2v-fast`, whose vectors it gives to the bit.
//!
//! ```text
//! serve (connections) -> routes -> app (keys, limits, time) -> one module for each API -> embed
//! ```
//!
//! An encode takes microseconds, so nothing is queued and nothing waits to be put into a batch:
//! small requests are answered on the thread that their connection is on, big ones on one of their
//! own.

mod answer;
mod app;
mod auth;
mod cohere;
mod embed;
mod ids;
mod input;
mod memory;
mod metrics;
mod models;
mod ollama;
mod openai;
mod pages;
mod problem;
mod quantize;
mod route;
mod routes;
mod serve;
mod settings;
mod tei;
mod weaviate;

pub use app::App;
pub use models::Source;
pub use routes::router;
pub use serve::{serve, serve_router};
pub use settings::{LogFormat, Settings};
