#![doc = include_str!("../README.md")]
#![cfg_attr(not(test), warn(clippy::unwrap_used))]

// Nouns.
mod code;
mod conventions;
mod flavor;
mod kind;
mod pkce;
mod secret;
mod token;
pub mod transport;

// Record.
mod capture;
mod error;
mod mask;
mod report;

// Functions.
mod apply;
mod check;
mod decode;
mod encode;
mod endpoint;
mod ladder;
mod template;
mod verdict;

// State.
mod ask;
mod authorize;
mod call;
mod setup;

// Front door.
mod exchanger;

// Tools.
pub mod doctor;
#[cfg(feature = "test-util")]
pub mod testing;

#[doc(no_inline)]
pub use http;

pub use self::apply::ApplyError;
pub use self::authorize::{
    Authorization, Authorize, Callback, CallbackError, NoRandomness, PendingAuthorization,
};
pub use self::call::{Call, Issued};
pub use self::capture::{CapturedAnswer, CapturedRequest};
pub use self::code::{AuthorizationCode, CodeFate};
pub use self::conventions::{
    AnswerConventions, Application, AuthorizationConventions, CallbackConventions, Conventions,
    ErrorSign, ExpiresAt, ExpiresAtFormat, LifetimeUnit, Pkce, RefreshWith, RequestConventions,
    TokenPlace, Verb, ZeroLifetime,
};
pub use self::decode::Warning;
pub use self::error::{
    Attempt, CallError, CallErrorKind, ConfigError, MissingEndpoint, NotRefreshable, Outcome,
    ServerError,
};
pub use self::exchanger::{TokenExchanger, TokenExchangerBuilder};
pub use self::flavor::{BodyEncoding, ClientAuth, Flavor, UnknownFlavor};
pub use self::pkce::{CodeVerifier, InvalidVerifier};
pub use self::report::{Report, ReportedAttempt, ReportedConfiguration, ReportedToken};
pub use self::secret::Secret;
pub use self::token::Token;
pub use self::transport::{
    Deadline, FromFn, HttpRequest, HttpResponse, Sending, Transport, TransportError,
    TransportErrorKind, body_limit, from_fn,
};
#[cfg(feature = "reqwest")]
pub use self::transport::{ReqwestTransport, ReqwestTransportError};
pub use self::verdict::Policy;
