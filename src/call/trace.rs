//! What a call tells `tracing`, where that feature is on: a span, and an event for each attempt.
//!
//! Never a secret: of what a server says its error code alone, without secrets as it is in an error.

use std::future::Future;

use crate::endpoint::Endpoint;
use crate::kind::Kind;

/// What an attempt's event tells.
#[cfg_attr(not(feature = "tracing"), expect(dead_code, reason = "no one is told"))]
pub(super) struct Told<'a> {
    pub(super) number: usize,
    pub(super) flavor: &'a dyn std::fmt::Display,
    pub(super) class: &'static str,
    pub(super) method: &'static str,
    pub(super) status: Option<u16>,
    pub(super) error: Option<&'a str>,
    pub(super) elapsed: std::time::Duration,
}

/// The span of a call, from its first request on. Without the feature it is nothing, and costs
/// nothing.
#[derive(Default)]
pub(super) struct Trace {
    #[cfg(feature = "tracing")]
    span: Option<tracing::Span>,
}

#[cfg(feature = "tracing")]
impl Trace {
    /// Before a request is sent.
    pub(super) fn begin(&mut self, asked: Kind, endpoint: &Endpoint) {
        use tracing::field::Empty;

        if self.span.is_some() {
            return;
        }
        let url = &endpoint.target.url;
        // OpenTelemetry wants an IPv6 address without the brackets of a URL.
        let address = url.host_str().map(|host| host.trim_matches(['[', ']']));
        let span = tracing::info_span!(
            "token_exchanger.call",
            otel.name = %asked,
            otel.kind = "client",
            asked = asked.name(),
            server.address = address,
            server.port = url.port_or_known_default(),
            url.scheme = url.scheme(),
            attempts = Empty,
            outcome = Empty,
            error.type = Empty,
            otel.status_code = Empty,
        );
        self.span = Some(span);
    }

    fn span(&self) -> tracing::Span {
        self.span.clone().unwrap_or_else(tracing::Span::none)
    }

    /// The sending of a request, within the span.
    pub(super) fn around<F: Future>(&self, sending: F) -> impl Future<Output = F::Output> + use<F> {
        tracing::Instrument::instrument(sending, self.span())
    }

    pub(super) fn within<T>(&self, send: impl FnOnce() -> T) -> T {
        self.span().in_scope(send)
    }

    pub(super) fn attempt(&self, told: &Told<'_>) {
        let status = told.status.map(|status| status.to_string());
        tracing::debug!(
            parent: &self.span(),
            attempt = told.number,
            flavor = %told.flavor,
            class = told.class,
            http.request.method = told.method,
            http.response.status_code = told.status,
            error.type = told.error.or(status.as_deref()).filter(|_| told.class != "token"),
            elapsed_ms = crate::report::millis(told.elapsed),
            "attempt"
        );
    }

    pub(super) fn end(&mut self, attempts: usize, outcome: Result<&str, &str>) {
        let Some(span) = self.span.take() else { return };
        span.record("attempts", attempts);
        if let Err(error) = outcome {
            span.record("otel.status_code", "ERROR");
            span.record("error.type", error);
        }
        let (Ok(outcome) | Err(outcome)) = outcome;
        span.record("outcome", outcome);
    }
}

/// Of a call that was sent and never came to an end.
#[cfg(feature = "tracing")]
impl Drop for Trace {
    fn drop(&mut self) {
        if let Some(span) = &self.span {
            span.record("outcome", "dropped");
        }
    }
}

#[cfg(not(feature = "tracing"))]
impl Trace {
    pub(super) fn begin(&mut self, _: Kind, _: &Endpoint) {}

    pub(super) fn around<F: Future>(&self, sending: F) -> F {
        sending
    }

    pub(super) fn within<T>(&self, send: impl FnOnce() -> T) -> T {
        send()
    }

    pub(super) fn attempt(&self, _: &Told<'_>) {}

    pub(super) fn end(&mut self, _: usize, _: Result<&str, &str>) {}
}
