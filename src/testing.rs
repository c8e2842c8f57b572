//! For tests of what is built on this crate: an authorization server in memory, which is served over
//! loopback too, and the contract of a transport.
//!
//! ```
//! use token_exchanger::testing::AuthorizationServer;
//! use token_exchanger::{AuthorizationCode, Flavor, TokenExchanger};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let server = AuthorizationServer::new("my-client-id", "my/secret", [Flavor::BODY_JSON]);
//! let exchanger = TokenExchanger::builder("my-client-id", "https://app.example.com/oauth2/token")
//!     .client_secret("my/secret")
//!     .transport(server.clone())
//!     .build()?;
//! let code = AuthorizationCode::unchecked(server.code());
//! let issued = exchanger.exchange(code).send_blocking(|request| server.respond(request))?;
//! assert_eq!(issued.flavor, Flavor::BODY_JSON);
//! assert_eq!(server.flavors_seen(), Flavor::ALL[..4]);
//! # Ok(())
//! # }
//! ```
//!
//! The server reads requests by its own means and shares no code with what writes them: wrong
//! flavor, wrong answer.

mod answers;
mod asked;
mod authorization;
mod client;
mod contract;
mod failure;
mod grants;
mod ledger;
mod replay;
mod request_kind;
mod rules;
mod served;
mod server;
mod state;

pub use self::answers::{form, json};
pub use self::asked::param;
pub use self::authorization::AuthorizationRefused;
pub use self::contract::{Breach, check_transport};
pub use self::failure::Failure;
pub use self::request_kind::RequestKind;
pub use self::rules::{PkceRule, RefreshTokens};
pub use self::served::Served;
pub use self::server::AuthorizationServer;
