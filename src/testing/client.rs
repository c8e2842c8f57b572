//! Who may ask, and how: the one client that a server knows.

use super::answers::Refusal;
use super::asked::{Asked, encoding};
use crate::flavor::{BodyEncoding, ClientAuth, Flavor};
use crate::secret::Secret;
use crate::transport::HttpRequest;

pub(super) struct Client {
    pub(super) id: String,
    /// Empty if there is none.
    pub(super) secret: Secret,
    pub(super) accepts: Vec<Flavor>,
}

impl Client {
    /// Reads the request, and refuses one that is not written as this server wants it, or not this
    /// client's. Gives the place of the credentials too.
    pub(super) fn admit(&self, request: &HttpRequest) -> Result<(Asked, ClientAuth), Refusal> {
        // What the server cannot parse it has not read: it says so before it looks for credentials.
        let encoding = encoding(request.headers())?;
        if !self.accepts.iter().any(|flavor| flavor.encoding == encoding) {
            return Err(match encoding {
                BodyEncoding::Json => Refusal::new(
                    "unsupported_grant_type",
                    "no grant type was found, since JSON is not read",
                ),
                BodyEncoding::Form => Refusal::request("the body is not JSON"),
            });
        }
        let asked = Asked::read(request)?;
        let auth = self.authenticated(&asked)?;
        Ok((asked, auth))
    }

    fn authenticated(&self, asked: &Asked) -> Result<ClientAuth, Refusal> {
        let in_body = (asked.param("client_id"), asked.param("client_secret"));
        if let Some(header) = &asked.header {
            let (id, secret) = in_body;
            if secret.is_some() || id.is_some_and(|id| !header.names(id)) {
                return Err(Refusal::request("credentials in the header and in the body"));
            }
            let encoded = header.is_encoded(&self.id, &self.secret);
            let raw = header.is_raw(&self.id, &self.secret);
            return self.one_of(
                asked.encoding,
                &[(ClientAuth::Basic, encoded), (ClientAuth::BasicRaw, raw)],
            );
        }
        let Some(id) = in_body.0 else {
            return Err(Refusal::client("no client credentials"));
        };
        let known = id == self.id;
        self.one_of(
            asked.encoding,
            &[match in_body.1 {
                Some(secret) => (ClientAuth::Body, known && Secret::from(secret) == self.secret),
                None => (ClientAuth::None, known),
            }],
        )
    }

    /// The first that is right and accepted.
    fn one_of(
        &self,
        encoding: BodyEncoding,
        candidates: &[(ClientAuth, bool)],
    ) -> Result<ClientAuth, Refusal> {
        let right = |&&(auth, right): &&(ClientAuth, bool)| {
            right && self.accepts.contains(&Flavor { auth, encoding })
        };
        let found = candidates.iter().find(right).map(|&(auth, _)| auth);
        found.ok_or_else(|| Refusal::client("the client is not known by these credentials"))
    }
}
