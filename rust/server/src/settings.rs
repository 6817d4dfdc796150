//! The command line of the server.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, ValueEnum};

use crate::embed::Limits;
use crate::models::Source;

/// How logs are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// An object a line.
    Json,
}

fn alias(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, model)) if !name.is_empty() && !model.is_empty() => {
            Ok((name.to_owned(), model.to_owned()))
        }
        _ => Err("write NAME=MODEL".to_owned()),
    }
}

/// `off` and the like stand for none, in the variable that the Python package reads too.
fn index_folder(text: &str) -> Result<PathBuf, String> {
    match text.to_lowercase().as_str() {
        "" | "0" | "off" | "false" | "no" => Ok(PathBuf::new()),
        _ => Ok(PathBuf::from(text)),
    }
}

fn seconds(text: &str) -> Result<Duration, String> {
    text.parse()
        .ok()
        .filter(|&seconds: &f64| seconds > 0.0 && seconds <= 86_400.0)
        .map(Duration::from_secs_f64)
        .ok_or_else(|| "a number of seconds, above 0 and at most 86400".to_owned())
}

/// Serves Model2Vec models over the APIs of OpenAI, text-embeddings-inference, Ollama, Cohere and
/// Weaviate. There is no TLS: put a proxy in front for that.
#[derive(Debug, Clone, Parser)]
#[command(name = "m2v-server", version, max_term_width = 100)]
pub struct Settings {
    /// Folders of models, each as FOLDER or NAME=FOLDER; the first answers requests that name none.
    #[arg(required = true, value_name = "MODEL", value_parser = Source::parse,
          env = "M2V_SERVER_MODEL")]
    pub models: Vec<Source>,

    /// Make the indexes of the models ahead of time, beside their tokenizer.json, and end: for an
    /// image that is built once and started often.
    #[arg(long)]
    pub compile: bool,

    /// The address to listen at; 0.0.0.0 for all of the machine's.
    #[arg(long, default_value = "127.0.0.1", env = "M2V_SERVER_HOST")]
    pub host: std::net::IpAddr,

    /// The port; 0 for a free one, which the log names.
    #[arg(long, default_value_t = 8080, env = "M2V_SERVER_PORT")]
    pub port: u16,

    /// Listen at a Unix socket instead.
    #[arg(long, value_name = "PATH", conflicts_with_all = ["host", "port"])]
    pub unix: Option<PathBuf>,

    /// Threads that answer requests. [default: the processors this process may use]
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub workers: Option<u16>,

    /// Another name for a model.
    #[arg(long = "alias", value_name = "NAME=MODEL", value_parser = alias)]
    pub aliases: Vec<(String, String)>,

    /// With one model, take every name that a request has for it.
    #[arg(long)]
    pub any_model: bool,

    /// Where compiled indexes of big vocabularies are looked for and kept. One that was made ahead of
    /// time and lies beside tokenizer.json is used without this.
    #[arg(long, value_name = "FOLDER", env = "M2V_FAST_CACHE", value_parser = index_folder)]
    pub index_folder: Option<PathBuf>,

    /// A file with one key a line; requests then need one of them as a bearer token.
    #[arg(long, value_name = "FILE", env = "M2V_SERVER_API_KEY_FILE")]
    pub api_key_file: Option<PathBuf>,

    /// An origin whose pages may ask, or `*` for all; may be given several times.
    #[arg(long = "cors", value_name = "ORIGIN")]
    pub cors: Vec<String>,

    /// Take token ids for those of the model's own tokenizer instead of refusing them.
    #[arg(long)]
    pub accept_token_ids: bool,

    /// Ranges of the columns, for int8 and uint8 (a NumPy file of shape (2, columns)).
    #[arg(long, value_name = "FILE.npy")]
    pub ranges: Option<PathBuf>,

    /// Most texts in a request.
    #[arg(long, value_name = "TEXTS", default_value_t = 2048)]
    pub max_batch: usize,

    /// Most characters in a request.
    #[arg(long, value_name = "CHARACTERS", default_value_t = 4_000_000)]
    pub max_chars: usize,

    /// Most bytes of a request's body.
    #[arg(long, value_name = "BYTES", default_value_t = 8 << 20)]
    pub max_body: usize,

    /// Most requests at once; those beyond are answered with 429.
    #[arg(long, value_name = "REQUESTS", default_value_t = 512,
          value_parser = parse_concurrent)]
    pub max_concurrent: usize,

    /// Most connections at once; those beyond wait to be accepted.
    #[arg(long, value_name = "CONNECTIONS", default_value_t = 16_384,
          value_parser = parse_concurrent)]
    pub max_connections: usize,

    /// Time a request may take in all.
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = seconds)]
    pub timeout: Duration,

    /// Time a client has to send a request's head, and that a connection may be idle.
    #[arg(long, value_name = "SECONDS", default_value = "30", value_parser = seconds)]
    pub header_timeout: Duration,

    /// Time a client has to send a request's body.
    #[arg(long, value_name = "SECONDS", default_value = "30", value_parser = seconds)]
    pub body_timeout: Duration,

    /// On SIGTERM, time that what is under way has to end.
    #[arg(long, value_name = "SECONDS", default_value = "30", value_parser = seconds)]
    pub grace: Duration,

    /// How logs are written (to stderr).
    #[arg(long, value_enum, default_value = "text", env = "M2V_SERVER_LOG")]
    pub log: LogFormat,

    /// error, warn, info (starts, reloads, stops) or debug (every request).
    #[arg(long, default_value = "info", env = "M2V_SERVER_LOG_LEVEL")]
    pub log_level: tracing::Level,
}

fn parse_concurrent(text: &str) -> Result<usize, String> {
    let most = tokio::sync::Semaphore::MAX_PERMITS.min(1 << 20);
    text.parse()
        .ok()
        .filter(|number| (1..=most).contains(number))
        .ok_or_else(|| format!("a number from 1 to {most}"))
}

impl Settings {
    /// Where it listens, if not at a Unix socket.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        SocketAddr::new(self.host, self.port)
    }

    /// What a request may ask for.
    #[must_use]
    pub(crate) fn limits(&self) -> Limits {
        Limits {
            batch: self.max_batch,
            characters: self.max_chars,
            concurrent: self.max_concurrent,
            body: self.max_body,
            token_ids: self.accept_token_ids,
        }
    }

    /// How many threads answer requests.
    #[must_use]
    pub fn worker_threads(&self) -> usize {
        self.workers.map_or_else(m2v_fast::available_threads, usize::from)
    }
}
