//! huggingface_hub's variables and files, as it reads them.

use std::env;
use std::fs;
use std::path::PathBuf;

const ENDPOINT: &str = "https://huggingface.co";

/// A variable that is there and not empty.
fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

fn is_true(name: &str) -> bool {
    let value = variable(name).unwrap_or_default().to_uppercase();
    matches!(value.as_str(), "1" | "ON" | "YES" | "TRUE")
}

/// A path, of which `~` is the home folder.
fn path(value: String) -> PathBuf {
    match (value.strip_prefix("~/"), env::home_dir()) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => value.into(),
    }
}

fn home() -> Option<PathBuf> {
    variable("HF_HOME")
        .map(path)
        .or_else(|| Some(path(variable("XDG_CACHE_HOME")?).join("huggingface")))
        .or_else(|| Some(env::home_dir()?.join(".cache/huggingface")))
}

/// The folder that models are kept in.
pub(super) fn cache() -> Option<PathBuf> {
    variable("HF_HUB_CACHE")
        .or_else(|| variable("HUGGINGFACE_HUB_CACHE"))
        .map(path)
        .or_else(|| Some(home()?.join("hub")))
}

/// The hub's address.
pub(super) fn endpoint() -> String {
    variable("HF_ENDPOINT").unwrap_or_else(|| ENDPOINT.to_owned())
}

/// Whether the network is not to be used.
pub(super) fn offline() -> bool {
    is_true("HF_HUB_OFFLINE")
        || (variable("HF_HUB_OFFLINE").is_none() && is_true("TRANSFORMERS_OFFLINE"))
}

/// The token of the environment, or the one that was left by logging in.
pub(super) fn token() -> Option<String> {
    if is_true("HF_HUB_DISABLE_IMPLICIT_TOKEN") {
        return None;
    }
    let kept = || {
        let file = variable("HF_TOKEN_PATH").map(path).or_else(|| Some(home()?.join("token")))?;
        fs::read_to_string(file).ok()
    };
    let token =
        variable("HF_TOKEN").or_else(|| variable("HUGGING_FACE_HUB_TOKEN")).or_else(kept)?;
    Some(token.trim().to_owned())
}
