//! The hub itself: which files a revision has, and their contents.

use std::io::Read;
use std::time::Duration;

use serde::Deserialize;
use ureq::http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use ureq::{Agent, Body};

use super::cache::{Cache, is_commit};
use crate::error::{Error, HubProblem};

/// As many redirections as one request follows.
const MOST_REDIRECTIONS: usize = 8;
/// More bytes than the list of a repository's files has.
const LONGEST_LIST: u64 = 64 << 20;
/// Of contents that lie with another host: by what name they are kept.
const LINKED_ETAG: &str = "x-linked-etag";
/// Bytes that are read at once.
const PART: usize = 1 << 16;

/// Why a request came to nothing.
pub(super) enum Problem {
    /// The hub was reached, and said so.
    Said(HubProblem, String),
    /// It was not reached, fell silent, or cannot answer at the moment.
    Unreachable(String),
    /// What it sent could not be kept.
    Kept(Error),
}

impl From<ureq::Error> for Problem {
    fn from(error: ureq::Error) -> Self {
        let kind = match error {
            // What was to be asked is no address: that is of no network.
            ureq::Error::BadUri(_) | ureq::Error::Http(_) => HubProblem::Malformed,
            _ => return Self::Unreachable(error.to_string()),
        };
        Self::Said(kind, format!("cannot be asked for: {error}"))
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        Self::Kept(error)
    }
}

fn other(problem: String) -> Problem {
    Problem::Said(HubProblem::Other, problem)
}

type Result<T> = std::result::Result<T, Problem>;

/// What a revision is.
pub(super) struct Listed {
    pub(super) commit: String,
    pub(super) files: Vec<String>,
}

/// A model on the hub.
pub(super) struct Remote<'a> {
    agent: Agent,
    endpoint: &'a str,
    name: &'a str,
    /// As it is shown.
    token: Option<HeaderValue>,
}

impl<'a> Remote<'a> {
    pub(super) fn new(endpoint: &'a str, name: &'a str, token: Option<String>) -> Result<Self> {
        let shown = |token: String| {
            let value = HeaderValue::from_str(&format!("Bearer {token}")).ok();
            // Bytes beyond ASCII are a header's value, but ureq takes none of them.
            let value = value.filter(|value| value.to_str().is_ok());
            let mut value = value.ok_or_else(|| {
                let problem = "the token (HubOptions::token, HF_TOKEN or that of `hf auth login`) is \
                               malformed: it has characters other than visible ASCII, such as the end \
                               of a line";
                Problem::Said(HubProblem::Malformed, problem.to_owned())
            })?;
            value.set_sensitive(true);
            Ok::<_, Problem>(value)
        };
        let token = token.map(shown).transpose()?;
        // Redirections are followed here: some answers count, and not every host may see the token.
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .timeout_connect(Some(Duration::from_secs(10)))
            .timeout_recv_response(Some(Duration::from_secs(30)))
            .timeout_per_read(Some(Duration::from_secs(30)))
            .user_agent(concat!("m2v-fast/", env!("CARGO_PKG_VERSION")))
            .accept_encoding("identity")
            .build();
        Ok(Self { agent: config.into(), endpoint: endpoint.trim_end_matches('/'), name, token })
    }

    /// The commit of a revision, and its files.
    pub(super) fn list(&self, revision: &str) -> Result<Listed> {
        #[derive(Deserialize)]
        struct Info {
            sha: String,
            siblings: Vec<Sibling>,
        }
        #[derive(Deserialize)]
        struct Sibling {
            rfilename: String,
        }
        let (endpoint, name) = (self.endpoint, self.name);
        let url = format!("{endpoint}/api/models/{name}/revision/{}", encoded(revision, false));
        let (_, mut response) = self.get(url, revision)?;
        let reader = response.body_mut().with_config().limit(LONGEST_LIST);
        let text = reader.read_to_string()?;
        let unlike = || other(format!("{endpoint} does not answer as the hub does"));
        let info: Info = serde_json::from_str(&text).map_err(|_| unlike())?;
        if !is_commit(&info.sha) {
            return Err(unlike());
        }
        let files = info.siblings.into_iter().map(|sibling| sibling.rfilename).collect();
        Ok(Listed { commit: info.sha, files })
    }

    /// Has a file of a commit kept.
    pub(super) fn download(&self, commit: &str, file: &str, cache: &Cache) -> Result<()> {
        let (endpoint, name) = (self.endpoint, self.name);
        let url = format!("{endpoint}/{name}/resolve/{commit}/{}", encoded(file, true));
        let (headers, mut response) = self.get(url, commit)?;
        let tag = value(&headers, LINKED_ETAG).or_else(|| value(&headers, "etag"));
        let tag = tag.map(|tag| tag.trim_start_matches("W/").trim_matches('"')).unwrap_or_default();
        let is_tag = |c: char| c.is_ascii_alphanumeric() || c == '-';
        if tag.is_empty() || tag.len() > 128 || !tag.chars().all(is_tag) {
            return Err(other(format!(
                "{endpoint} does not say by what name {file} is kept (its ETag is {tag:?})"
            )));
        }
        let size = value(&headers, "x-linked-size")
            .or_else(|| value(response.headers(), "content-length"))
            .and_then(|size| size.parse::<u64>().ok());
        if !cache.blob(tag).exists() {
            let mut kept = cache.create(tag)?;
            let mut reader = response.body_mut().with_config().limit(u64::MAX).reader();
            let mut part = vec![0; PART];
            let mut read = 0;
            loop {
                let broke_off = |error: std::io::Error| {
                    Problem::Unreachable(format!("{file} broke off after {read} bytes: {error}"))
                };
                let count = reader.read(&mut part).map_err(broke_off)?;
                if count == 0 {
                    break;
                }
                kept.write(&part[..count])?;
                read += count as u64;
            }
            if let Some(size) = size.filter(|&size| size != read) {
                return Err(Problem::Unreachable(format!(
                    "{file} has {read} bytes, and should have {size}"
                )));
            }
            kept.commit()?;
        }
        Ok(cache.link(commit, file, tag)?)
    }

    /// The headers that say what is at an address, and the answer that it leads to: those of the first
    /// answer that names contents elsewhere, and else of the last. Mirrors may lead on before.
    fn get(&self, url: String, revision: &str) -> Result<(HeaderMap, Response<Body>)> {
        let mut url = url;
        let mut linked: Option<HeaderMap> = None;
        for _ in 0..MOST_REDIRECTIONS {
            let mut request = self.agent.get(&url);
            // To the hub alone: hosts that store files are others, and need none.
            if let Some(token) = &self.token
                && self.is_own(&url)
            {
                request = request.header(header::AUTHORIZATION, token);
            }
            let response = request.call()?;
            if linked.is_none() && response.headers().contains_key(LINKED_ETAG) {
                linked = Some(response.headers().clone());
            }
            if !response.status().is_redirection() {
                if !response.status().is_success() {
                    return Err(self.refusal(&response, revision));
                }
                let headers = linked.unwrap_or_else(|| response.headers().clone());
                return Ok((headers, response));
            }
            let to = value(response.headers(), "location").unwrap_or_default();
            url = led(&url, to).ok_or_else(|| other(format!("{url} leads to {to:?}")))?;
        }
        Err(other(format!("{} leads on and on", self.endpoint)))
    }

    fn is_own(&self, url: &str) -> bool {
        origin(url) == origin(self.endpoint)
    }

    /// The hub's refusal, and what to do.
    fn refusal(&self, response: &Response<Body>, revision: &str) -> Problem {
        let endpoint = self.endpoint;
        let code = value(response.headers(), "x-error-code").unwrap_or_default();
        let (kind, problem) = match (response.status(), code) {
            (_, "GatedRepo") => (
                HubProblem::NoAccess,
                format!(
                    "{endpoint} does not give access to it: accept its terms on its page, and give a \
                     token (HubOptions::token, HF_TOKEN) or log in with `hf auth login`"
                ),
            ),
            (_, "RevisionNotFound") => {
                (HubProblem::NotFound, format!("on {endpoint} it has no revision {revision:?}"))
            }
            (_, "RepoNotFound") | (StatusCode::UNAUTHORIZED | StatusCode::NOT_FOUND, _) => (
                HubProblem::NotFound,
                format!(
                    "no such model is on {endpoint} that can be seen with this token; if it is \
                     private, give one (HubOptions::token, HF_TOKEN) or log in with `hf auth login`"
                ),
            ),
            (StatusCode::FORBIDDEN, _) => (
                HubProblem::NoAccess,
                format!("{endpoint} does not give access to it with this token (403 Forbidden)"),
            ),
            (status @ (StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS), _) => {
                return busy(status);
            }
            (status, _) if status.is_server_error() => return busy(status),
            (status, _) => (HubProblem::Other, format!("{endpoint} answers with {status}")),
        };
        Problem::Said(kind, problem)
    }
}

/// The hub is there and cannot answer at the moment.
fn busy(status: StatusCode) -> Problem {
    Problem::Unreachable(format!("it answers with {status}; try again later"))
}

fn value<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// Scheme, host and port of an address.
fn origin(url: &str) -> &str {
    let host = url.find("://").map_or(0, |at| at + 3);
    let end = url[host..].find(['/', '?', '#']).map_or(url.len(), |at| host + at);
    &url[..end]
}

/// Where a redirection leads from an address, unless to no place to go.
fn led(from: &str, to: &str) -> Option<String> {
    if to.starts_with("https://") || (to.starts_with("http://") && from.starts_with("http://")) {
        return Some(to.to_owned());
    }
    let has_scheme = to.split(['/', '?', '#']).next().is_some_and(|part| part.contains(':'));
    if to.is_empty() || to.starts_with("//") || has_scheme {
        return None;
    }
    let origin = origin(from);
    if to.starts_with('/') {
        return Some(format!("{origin}{to}"));
    }
    // Beside the last part of the path.
    let path = from[origin.len()..].split(['?', '#']).next().unwrap_or_default();
    let folder =
        if to.starts_with('?') { path } else { path.rsplit_once('/').unwrap_or_default().0 };
    let slash = if to.starts_with('?') { "" } else { "/" };
    Some(format!("{origin}{folder}{slash}{to}"))
}

/// A part of an address, with slashes as they are or not.
fn encoded(part: &str, slashes: bool) -> String {
    let mut out = String::with_capacity(part.len());
    for byte in part.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                out.push(char::from(byte));
            }
            b'/' if slashes => out.push('/'),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        assert_eq!(origin("https://hub:1/a/b?c"), "https://hub:1");
        assert_eq!(origin("https://hub?c=/"), "https://hub");
        assert_eq!(encoded("refs/pr/1", false), "refs%2Fpr%2F1");
        assert_eq!(encoded("a b/ü", true), "a%20b/%C3%BC");
        for (from, to, expected) in [
            ("https://hub/a/b?c=/d", "/e?f", Some("https://hub/e?f")),
            ("https://hub/a/b?c=/d", "e/f", Some("https://hub/a/e/f")),
            ("https://hub/a/b?c", "?d", Some("https://hub/a/b?d")),
            ("https://hub", "a", Some("https://hub/a")),
            ("https://hub/a", "https://other/b", Some("https://other/b")),
            ("http://hub/a", "http://other/b", Some("http://other/b")),
            ("https://hub/a", "http://hub/a", None),
            ("https://hub/a", "//other/b", None),
            ("https://hub/a", "ftp://other/b", None),
            ("https://hub/a", "mailto:b", None),
            ("https://hub/a", "", None),
        ] {
            assert_eq!(led(from, to).as_deref(), expected, "{from} {to}");
        }
        let Ok(remote) = Remote::new("https://hub/", "a/b", None) else { panic!() };
        assert!(remote.is_own("https://hub/x") && !remote.is_own("https://hub.evil/x"));
        assert!(!remote.is_own("http://hub/x") && !remote.is_own("https://hub@evil/x"));
    }
}
