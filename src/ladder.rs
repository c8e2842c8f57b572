//! The order in which the flavors are tried next.

use smallvec::SmallVec;

use crate::encode::Client;
use crate::flavor::{BodyEncoding, Flavor};
use crate::verdict::Policy;

/// What an exchanger was told about the order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wishes {
    pub(crate) policy: Policy,
    /// Whether only forms can be sent: a query holds no other body.
    pub(crate) forms_only: bool,
    /// An order of the caller's own; no other flavors are tried then.
    pub(crate) flavors: Option<Vec<Flavor>>,
    /// To be tried first.
    pub(crate) prefer: Option<Flavor>,
}

/// Flavors in the order in which they are tried. There are eight, so that no list needs the heap.
pub(crate) type Ladder = SmallVec<[Flavor; 8]>;

/// What an exchanger has learned from its calls of one kind, and the order that follows from it.
#[derive(Debug)]
pub(crate) struct Learned {
    /// What the last one that succeeded did so with.
    pub(crate) flavor: Option<Flavor>,
    /// What may have spent a code that then was refused.
    doubtful: Vec<Flavor>,
    /// What the next call tries.
    pub(crate) flavors: Ladder,
}

impl Learned {
    /// What is known before the first exchange.
    pub(crate) fn nothing(client: &Client, wishes: &Wishes) -> Self {
        Self { flavor: None, doubtful: Vec::new(), flavors: flavors(client, wishes, None, &[]) }
    }

    /// Whether there is nothing new in the flavor's success.
    pub(crate) fn knows(&self, flavor: Flavor) -> bool {
        self.flavor == Some(flavor) && self.doubtful.is_empty()
    }

    pub(crate) fn accept(&mut self, client: &Client, wishes: &Wishes, flavor: Flavor) {
        self.doubtful.retain(|&doubtful| !client.writes_alike(doubtful, flavor));
        self.flavor = Some(flavor);
        self.flavors = flavors(client, wishes, self.flavor, &self.doubtful);
    }

    pub(crate) fn doubt(&mut self, client: &Client, wishes: &Wishes, flavor: Flavor) {
        if !self.doubtful.contains(&flavor) {
            self.doubtful.push(flavor);
        }
        self.flavor = self.flavor.filter(|&learned| !client.writes_alike(learned, flavor));
        self.flavors = flavors(client, wishes, self.flavor, &self.doubtful);
    }
}

/// The flavors to try, `learned` first.
pub(crate) fn flavors(
    client: &Client,
    wishes: &Wishes,
    learned: Option<Flavor>,
    doubtful: &[Flavor],
) -> Ladder {
    let order = wishes.flavors.clone();
    let mut order = order.unwrap_or_else(|| by_default(client, wishes.policy));
    order.retain(|&flavor| client.can_write(flavor));
    if wishes.forms_only {
        order.retain(|flavor| flavor.encoding == BodyEncoding::Form);
    }

    let is_doubtful =
        |&flavor: &Flavor| doubtful.iter().any(|&doubtful| client.writes_alike(flavor, doubtful));
    let place = |flavor: &Flavor| match flavor {
        flavor if is_doubtful(flavor) => 3,
        &flavor if learned == Some(flavor) => 0,
        &flavor if wishes.prefer == Some(flavor) => 1,
        _ => 2,
    };
    order.sort_by_key(place);

    let repeats = |one: Flavor, other: Flavor| match wishes.policy {
        Policy::Exhaustive => one == other,
        Policy::Careful => client.writes_alike(one, other),
    };
    let mut ladder = Ladder::new();
    for flavor in order {
        if !ladder.iter().any(|&earlier| repeats(earlier, flavor)) {
            ladder.push(flavor);
        }
    }
    ladder
}

fn by_default(client: &Client, policy: Policy) -> Vec<Flavor> {
    let order = match policy {
        _ if client.secret().is_none() => return Flavor::PUBLIC.to_vec(),
        Policy::Exhaustive => Flavor::ALL,
        Policy::Careful if client.encoding_matters() => CAREFUL_WHERE_ENCODING_MATTERS,
        Policy::Careful => CAREFUL,
    };
    order.to_vec()
}

// By evidence: at 25 authorization servers these orders got every token that any order could, with
// 1.32 attempts on the mean, where the documented one took 2.36 and lost 5 in 100.

/// Of two that write the same bytes the second drops out, so that four of these are tried.
const CAREFUL: [Flavor; 6] = [
    Flavor::BASIC_FORM,
    Flavor::BODY_FORM,
    Flavor::BASIC_JSON,
    Flavor::BODY_JSON,
    Flavor::BASIC_RAW_FORM,
    Flavor::BASIC_RAW_JSON,
];

const CAREFUL_WHERE_ENCODING_MATTERS: [Flavor; 6] = [
    Flavor::BODY_FORM,
    Flavor::BASIC_RAW_FORM,
    Flavor::BODY_JSON,
    Flavor::BASIC_FORM,
    Flavor::BASIC_JSON,
    Flavor::BASIC_RAW_JSON,
];
