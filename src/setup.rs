//! What every call of one exchanger shares: its configuration, its transport, what it has learned.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::encode::Client;
use crate::endpoint::{Cleartext, Endpoint};
use crate::flavor::Flavor;
use crate::ladder::{Ladder, Learned, Wishes};
use crate::transport::Transport;

pub(crate) struct Setup {
    pub(crate) client: Client,
    pub(crate) token_endpoint: Endpoint,
    pub(crate) cleartext: Cleartext,
    pub(crate) redirect_uri: String,
    pub(crate) scopes: Vec<String>,
    /// The scopes as they are sent.
    pub(crate) scope: String,
    pub(crate) wishes: Wishes,
    pub(crate) max_attempts: Option<usize>,
    pub(crate) time_limit: Duration,
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) learned: Mutex<Learned>,
}

impl Setup {
    /// What the next call tries.
    pub(crate) fn flavors(&self) -> Ladder {
        self.learned().flavors.clone()
    }

    /// Learns that an exchange succeeded with the flavor.
    pub(crate) fn accept(&self, flavor: Flavor) {
        self.learned().accept(&self.client, &self.wishes, flavor);
    }

    /// Learns that the flavor may have spent a code.
    pub(crate) fn doubt(&self, flavor: Flavor) {
        self.learned().doubt(&self.client, &self.wishes, flavor);
    }

    /// What was learned; sound at any moment, so that a panic elsewhere does not matter.
    pub(crate) fn learned(&self) -> MutexGuard<'_, Learned> {
        self.learned.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
