//! Pages for people, which need no network: all of each is in the binary.

/// Their type.
pub(crate) const HTML: &str = "text/html; charset=utf-8";

/// A text box whose lines are ranked.
pub(crate) const HOME: &str = include_str!("pages/home.html");

/// The addresses, made of `OPENAPI` in the browser.
pub(crate) const DOCS: &str = include_str!("pages/docs.html");

/// What every address takes and gives.
pub(crate) const OPENAPI: &str = include_str!("pages/openapi.json");
