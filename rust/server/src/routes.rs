//! Addresses, and what answers them.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderValue, Method, Request, StatusCode, header};
use axum::routing::{MethodRouter, get, post};
use tower_http::cors::{AllowOrigin, CorsLayer};

use crate::answer::Answer;
use crate::app::App;
use crate::problem::{Api, Problem};
use crate::route::{Call, Route, Work};
use crate::{cohere, ollama, openai, pages, tei, weaviate};

fn empty(_: &Call<'_>) -> Result<Answer, Problem> {
    Ok(Answer::empty(StatusCode::OK))
}

fn no_content(_: &Call<'_>) -> Result<Answer, Problem> {
    Ok(Answer::empty(StatusCode::NO_CONTENT))
}

/// What needs no key: whether it is up, its counts, and pages that hold nothing.
const OPEN: [(&str, Work); 9] = [
    ("/health", empty),
    ("/ready", empty),
    ("/ping", empty),
    ("/.well-known/live", no_content),
    ("/.well-known/ready", no_content),
    ("/metrics", |call| {
        Ok(Answer::text("text/plain; version=0.0.4; charset=utf-8", call.metrics.text()))
    }),
    ("/", |_| Ok(Answer::text(pages::HTML, pages::HOME))),
    ("/docs", |_| Ok(Answer::text(pages::HTML, pages::DOCS))),
    ("/openapi.json", |_| Ok(Answer::text("application/json", pages::OPENAPI))),
];

const GET: [(&str, Work); 6] = [
    ("/v1/models", |call| Ok(openai::models(call.context))),
    ("/v1/models/{*id}", |call| {
        let id = call.path.strip_prefix("/v1/models/").unwrap_or_default();
        openai::model(call.context, &percent_decoded(id))
    }),
    ("/info", |call| Ok(tei::info(call.context, call.workers))),
    ("/api/tags", |call| Ok(ollama::tags(call.context))),
    ("/api/version", |_| Ok(ollama::version())),
    ("/meta", |call| Ok(weaviate::meta(call.context))),
];

const POST: [(&str, Api, Work); 16] = [
    ("/v1/embeddings", Api::OpenAi, |call| openai::embeddings(call.context, call.body)),
    ("/embeddings", Api::OpenAi, |call| openai::embeddings(call.context, call.body)),
    ("/", Api::Tei, |call| tei::root(call.context, call.body)),
    ("/invocations", Api::Tei, |call| tei::root(call.context, call.body)),
    ("/vertex", Api::Tei, |call| tei::vertex(call.context, call.body)),
    ("/embed", Api::Tei, |call| tei::embed_texts(call.context, call.body)),
    ("/embed_all", Api::Tei, |call| tei::embed_all(call.context, call.body)),
    ("/similarity", Api::Tei, |call| tei::similarity(call.context, call.body)),
    ("/tokenize", Api::Tei, |call| tei::tokenize(call.context, call.body)),
    ("/decode", Api::Tei, |call| tei::decode(call.context, call.body)),
    ("/api/embed", Api::Ollama, |call| ollama::embed_texts(call.context, call.body)),
    ("/api/embeddings", Api::Ollama, |call| ollama::embed_prompt(call.context, call.body)),
    ("/api/show", Api::Ollama, |call| ollama::show(call.context, call.body)),
    ("/vectors", Api::Weaviate, |call| weaviate::vectors(call.context, call.body)),
    ("/vectors/", Api::Weaviate, |call| weaviate::vectors(call.context, call.body)),
    ("/v2/embed", Api::Cohere, |call| cohere::embed_texts(call.context, call.body)),
];

/// `%2F` and the like, as clients write a slash in a model's name.
fn percent_decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let digits = bytes.get(at + 1..at + 3).and_then(|digits| std::str::from_utf8(digits).ok());
        let decoded = digits
            .filter(|digits| byte == b'%' && digits.bytes().all(|b| b.is_ascii_hexdigit()))
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        out.push(decoded.unwrap_or(byte));
        at += if decoded.is_some() { 3 } else { 1 };
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// The service that connections are given.
///
/// # Errors
/// If an origin of `--cors` is none.
pub fn router(app: &Arc<App>) -> Result<Router, String> {
    let handler = |route: Route| {
        let app = Arc::clone(app);
        move |request: Request<Body>| Arc::clone(&app).answer(route, request)
    };
    let mut router: Router = Router::new();
    for (path, work) in OPEN {
        router = router.route(path, get(handler(Route::Open(work))));
    }
    for (path, work) in GET {
        router = router.route(path, get(handler(Route::Get(work))));
    }
    for (path, api, work) in POST {
        let made: MethodRouter = post(handler(Route::Post(api, work)));
        // Merged with what is there for GET.
        router = router.route(path, made);
    }
    router = router
        .method_not_allowed_fallback(handler(Route::WrongMethod))
        .fallback(handler(Route::Missing));
    Ok(match cors(&app.settings().cors)? {
        Some(layer) => router.layer(layer),
        None => router,
    })
}

fn cors(origins: &[String]) -> Result<Option<CorsLayer>, String> {
    if origins.is_empty() {
        return Ok(None);
    }
    let allowed = if origins.iter().any(|origin| origin == "*") {
        AllowOrigin::any()
    } else {
        let values = origins.iter().map(|origin| {
            let right = origin.starts_with("http://") || origin.starts_with("https://");
            HeaderValue::from_str(origin)
                .ok()
                .filter(|_| right && !origin.ends_with('/'))
                .ok_or_else(|| format!("--cors {origin}: write https://HOST, or * for all"))
        });
        AllowOrigin::list(values.collect::<Result<Vec<_>, _>>()?)
    };
    let ours = crate::ids::REQUEST_ID;
    Ok(Some(
        CorsLayer::new()
            .allow_origin(allowed)
            .allow_methods([Method::GET, Method::POST])
            .allow_headers([header::AUTHORIZATION, header::CONTENT_TYPE, ours.clone()])
            .expose_headers([ours]),
    ))
}

#[cfg(test)]
mod tests {
    use super::percent_decoded;

    #[test]
    fn slashes_in_names() {
        assert_eq!(percent_decoded("a%2Fb"), "a/b");
        assert_eq!(percent_decoded("%"), "%");
        assert_eq!(percent_decoded("%4"), "%4");
        assert_eq!(percent_decoded("%+1%zz%41"), "%+1%zzA");
        assert_eq!(percent_decoded("%ff"), "\u{fffd}");
    }
}
