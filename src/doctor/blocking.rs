//! Runs what is written for a transport over a blocking closure.

use std::future::{Future, ready};
use std::pin::pin;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

use crate::transport::{HttpRequest, HttpResponse, Sending, Transport, TransportError};

/// A transport whose answers are there as soon as they are asked for.
pub(super) struct Blocking<F>(Mutex<F>);

impl<F> Blocking<F>
where
    F: FnMut(HttpRequest) -> Result<HttpResponse, TransportError> + Send,
{
    pub(super) fn new(send: F) -> Self {
        Self(Mutex::new(send))
    }
}

impl<F> Transport for Blocking<F>
where
    F: FnMut(HttpRequest) -> Result<HttpResponse, TransportError> + Send,
{
    fn send(&self, request: HttpRequest) -> Sending<'_> {
        let mut send = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Box::pin(ready(send(request)))
    }
}

/// The output of a future that waits for nothing but [`Blocking`].
pub(super) fn output<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => unreachable!("every answer is there as soon as it is asked for"),
    }
}
