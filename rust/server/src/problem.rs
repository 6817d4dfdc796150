//! What can be wrong with a request, and how each API says it.

use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, Response, StatusCode};
use serde_json::{Value, json};

/// Whose clients an address is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Api {
    /// OpenAI's.
    OpenAi,
    /// text-embeddings-inference's.
    Tei,
    /// Ollama's.
    Ollama,
    /// That of Weaviate's containers.
    Weaviate,
    /// Cohere's second.
    Cohere,
}

impl Api {
    /// The API that a path belongs to, whether there is anything at it or not.
    #[must_use]
    pub(crate) fn of(path: &str) -> Self {
        let first = path.split('/').nth(1).unwrap_or_default();
        match first {
            "v1" | "embeddings" => Self::OpenAi,
            "v2" => Self::Cohere,
            "api" => Self::Ollama,
            "vectors" | "meta" | ".well-known" => Self::Weaviate,
            _ => Self::Tei,
        }
    }
}

/// Kinds of problems.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The body is no JSON.
    Syntax,
    /// It is, but a field is missing or not of its type or range.
    Invalid,
    /// There is nothing to embed.
    Empty,
    /// A text that the tokenizer fails on.
    Tokenizer,
    /// The body is larger than bodies may be.
    BodyTooLarge,
    /// The client took too long to send the body.
    BodyTimeout,
    /// No key, or none of the server's.
    Unauthorized,
    /// No model of that name.
    UnknownModel,
    /// Nothing at that path.
    NoSuchPath,
    /// Something at that path, but not for this method.
    NoSuchMethod,
    /// As many requests as may be at once are under way.
    Overloaded,
    /// The request took longer than requests may.
    Timeout,
    /// A fault of the server's own.
    Internal,
}

/// Why a request was refused.
#[derive(Debug)]
pub(crate) struct Problem {
    kind: Kind,
    message: String,
    param: Option<&'static str>,
}

impl Problem {
    /// A problem of a kind; the message is shown to the client.
    pub(crate) fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), param: None }
    }

    /// A field that is not what it should be.
    pub(crate) fn invalid(param: &'static str, message: impl Into<String>) -> Self {
        Self { kind: Kind::Invalid, message: message.into(), param: Some(param) }
    }

    /// The same problem in other words.
    #[must_use]
    pub(crate) fn with_message(self, change: impl FnOnce(String) -> String) -> Self {
        Self { message: change(self.message), ..self }
    }

    /// The status code, as the API's own server would choose it.
    #[must_use]
    pub(crate) fn status(&self, api: Api) -> StatusCode {
        match self.kind {
            Kind::Invalid | Kind::Tokenizer if api == Api::Tei => StatusCode::UNPROCESSABLE_ENTITY,
            Kind::Syntax | Kind::Invalid | Kind::Empty | Kind::Tokenizer => StatusCode::BAD_REQUEST,
            Kind::BodyTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Kind::BodyTimeout => StatusCode::REQUEST_TIMEOUT,
            Kind::Unauthorized => StatusCode::UNAUTHORIZED,
            Kind::UnknownModel | Kind::NoSuchPath => StatusCode::NOT_FOUND,
            Kind::NoSuchMethod => StatusCode::METHOD_NOT_ALLOWED,
            Kind::Overloaded => StatusCode::TOO_MANY_REQUESTS,
            Kind::Timeout => StatusCode::SERVICE_UNAVAILABLE,
            Kind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// TEI's name of the kind, which its metrics use as well.
    #[must_use]
    pub(crate) fn tei_type(&self) -> &'static str {
        match self.kind {
            Kind::Empty => "Empty",
            Kind::Tokenizer => "Tokenizer",
            Kind::Overloaded => "Overloaded",
            Kind::Timeout => "Unhealthy",
            Kind::Internal => "Backend",
            _ => "Validation",
        }
    }

    fn body(&self, api: Api) -> Value {
        let message = &self.message;
        match api {
            Api::OpenAi => {
                let (kind, code) = match self.kind {
                    Kind::Unauthorized => ("invalid_request_error", Some("invalid_api_key")),
                    Kind::UnknownModel => ("invalid_request_error", Some("model_not_found")),
                    Kind::NoSuchPath => ("invalid_request_error", Some("unknown_url")),
                    Kind::Overloaded => ("requests", Some("rate_limit_exceeded")),
                    Kind::Timeout | Kind::Internal => ("server_error", None),
                    _ => ("invalid_request_error", None),
                };
                let error =
                    json!({"message": message, "type": kind, "param": self.param, "code": code});
                json!({ "error": error })
            }
            Api::Tei => json!({"error": message, "error_type": self.tei_type()}),
            Api::Ollama | Api::Weaviate => json!({ "error": message }),
            Api::Cohere => json!({ "message": message }),
        }
    }

    /// The answer.
    #[must_use]
    pub(crate) fn answer(&self, api: Api) -> Response<Body> {
        let mut response = Response::new(Body::from(self.body(api).to_string()));
        *response.status_mut() = self.status(api);
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        match self.kind {
            Kind::Overloaded | Kind::Timeout => {
                headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
            }
            Kind::Unauthorized => {
                headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            _ => {}
        }
        response
    }
}

impl From<serde_json::Error> for Problem {
    fn from(error: serde_json::Error) -> Self {
        match error.classify() {
            serde_json::error::Category::Data => Self::new(Kind::Invalid, error.to_string()),
            _ => Self::new(Kind::Syntax, format!("the body is not valid JSON: {error}")),
        }
    }
}

impl From<m2v_fast::Error> for Problem {
    fn from(error: m2v_fast::Error) -> Self {
        match error {
            m2v_fast::Error::Tokenize { .. } => Self::new(Kind::Tokenizer, error.to_string()),
            m2v_fast::Error::Argument(message) => Self::new(Kind::Invalid, message),
            // Paths of the server's own files are not the client's business.
            _ => Self::new(Kind::Internal, "the model could not be used; see the server's log"),
        }
    }
}
