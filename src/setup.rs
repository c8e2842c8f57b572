//! What every call of one exchanger shares: its configuration, its transport, what it has learned.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sha2::{Digest as _, Sha256};

use crate::conventions::{Conventions, Verb};
use crate::encode::Client;
use crate::endpoint::{Cleartext, Endpoint};
use crate::flavor::Flavor;
use crate::kind::Kind;
use crate::ladder::{self, Ladder, Learned, Wishes};
use crate::secret::Secret;
use crate::transport::Transport;
use crate::verdict::Policy;

mod told;

pub(crate) use self::told::hide_query;

pub(crate) struct Setup {
    pub(crate) client: Client,
    pub(crate) endpoints: Endpoints,
    pub(crate) cleartext: Cleartext,
    pub(crate) redirect_uri: String,
    pub(crate) scopes: Vec<String>,
    /// The scopes as they are sent.
    pub(crate) scope: String,
    pub(crate) issuer: Option<String>,
    pub(crate) conventions: Conventions,
    pub(crate) wishes: Wishes,
    pub(crate) max_attempts: Option<usize>,
    pub(crate) time_limit: Duration,
    pub(crate) transport: Arc<dyn Transport>,
    /// What tells its codes from those of other exchangers.
    pub(crate) origin: String,
    pub(crate) exchanges: Mutex<Learned>,
    pub(crate) client_credentials: Mutex<Learned>,
    pub(crate) random: Random,
}

/// Where requests go to.
#[derive(Clone)]
pub(crate) struct Endpoints {
    pub(crate) authorization: Option<Endpoint>,
    pub(crate) token: Endpoint,
    pub(crate) refresh: Option<Endpoint>,
    pub(crate) revocation: Option<Endpoint>,
}

impl Setup {
    /// What the next call of this kind tries. `got_by` is how the token was got that it is about.
    pub(crate) fn flavors(&self, kind: Kind, got_by: Option<Flavor>) -> Ladder {
        match kind {
            Kind::Exchange => Ladder::from_slice(&learned(&self.exchanges).flavors),
            Kind::ClientCredentials => {
                Ladder::from_slice(&learned(&self.client_credentials).flavors)
            }
            Kind::Refresh | Kind::Revocation => {
                let first = got_by.or_else(|| learned(&self.exchanges).flavor);
                let wishes = self.wishes(kind);
                let mut flavors = ladder::flavors(&self.client, &wishes, first, &[]);
                // The one that got the token comes first, though it be none of the usual.
                let missing = got_by.filter(|first| !flavors.contains(first));
                let may_be_tried = wishes.flavors.is_none() && !wishes.forms_only;
                if let Some(first) = missing.filter(|&it| may_be_tried && self.can_ask_by(it)) {
                    flavors.insert(0, first);
                }
                flavors
            }
        }
    }

    /// Learns that a call succeeded with the flavor. A refresh may succeed with one that an exchange
    /// would not, so it teaches nothing.
    pub(crate) fn accept(&self, kind: Kind, flavor: Flavor) {
        let learner = match kind {
            Kind::Exchange => &self.exchanges,
            Kind::ClientCredentials => &self.client_credentials,
            Kind::Refresh | Kind::Revocation => return,
        };
        let mut learned = learned(learner);
        if !learned.knows(flavor) {
            learned.accept(&self.client, &self.wishes(kind), flavor);
        }
    }

    /// Learns that the flavor may have spent a code.
    pub(crate) fn doubt(&self, flavor: Flavor) {
        learned(&self.exchanges).doubt(&self.client, &self.wishes(Kind::Exchange), flavor);
    }

    /// The same for a client of another secret, which has learned nothing.
    pub(crate) fn with_secret(&self, secret: Secret) -> Self {
        let basic = self.conventions.basic.as_deref();
        let client = Client::with_basic(self.client.id().to_owned(), Some(secret), basic);
        let nothing = |kind| Mutex::new(Learned::nothing(&client, &self.wishes(kind)));
        Self {
            exchanges: nothing(Kind::Exchange),
            client_credentials: nothing(Kind::ClientCredentials),
            client,
            endpoints: self.endpoints.clone(),
            cleartext: self.cleartext,
            redirect_uri: self.redirect_uri.clone(),
            scopes: self.scopes.clone(),
            scope: self.scope.clone(),
            issuer: self.issuer.clone(),
            conventions: self.conventions.clone(),
            wishes: self.wishes.clone(),
            max_attempts: self.max_attempts,
            time_limit: self.time_limit,
            transport: Arc::clone(&self.transport),
            origin: self.origin.clone(),
            random: self.random.split(),
        }
    }

    fn can_ask_by(&self, flavor: Flavor) -> bool {
        let has_secret = self.client.secret().is_some() || !flavor.needs_secret();
        has_secret && self.client.can_write(flavor)
    }

    /// What the last successful exchange succeeded with.
    pub(crate) fn learned(&self) -> Option<Flavor> {
        learned(&self.exchanges).flavor
    }

    pub(crate) fn wishes(&self, kind: Kind) -> Wishes {
        wishes_of(kind, &self.wishes, &self.conventions)
    }

    pub(crate) fn delimiter(&self) -> &str {
        self.conventions.scope_delimiter.as_deref().unwrap_or(" ")
    }
}

/// What an exchanger was told, and what the conventions say of this kind of request.
pub(crate) fn wishes_of(kind: Kind, wishes: &Wishes, conventions: &Conventions) -> Wishes {
    let own = conventions.of(kind).flavors.clone();
    let policy = match kind {
        Kind::Exchange | Kind::ClientCredentials => wishes.policy,
        Kind::Refresh | Kind::Revocation => Policy::Careful,
    };
    Wishes {
        policy,
        forms_only: conventions.verb_of(kind) != Verb::Post,
        flavors: own.or_else(|| wishes.flavors.clone()),
        prefer: wishes.prefer,
    }
}

/// What was learned; sound at any moment, so that a panic elsewhere does not matter.
fn learned(learner: &Mutex<Learned>) -> MutexGuard<'_, Learned> {
    learner.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Gives a value that no one can foretell for each number: drawn once, so that a call needs no
/// randomness of its own and cannot fail for want of it.
pub(crate) struct Random {
    /// `None` where the conventions ask for no random values.
    seed: Option<[u8; 32]>,
    next: AtomicU64,
}

impl Random {
    pub(crate) fn new(seed: Option<[u8; 32]>) -> Self {
        Self { seed, next: AtomicU64::new(0) }
    }

    /// Another one, which gives none of the same values.
    fn split(&self) -> Self {
        let seed = |seed| Sha256::new().chain_update(seed).chain_update(self.value()).finalize();
        Self::new(self.seed.map(|it| seed(it).into()))
    }

    /// 32 hexadecimal digits that have not been given before.
    pub(crate) fn value(&self) -> String {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let Some(seed) = self.seed else { return String::new() };
        let digest = Sha256::new().chain_update(seed).chain_update(number.to_be_bytes()).finalize();
        digest.iter().take(16).fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
    }
}
