//! Who is measured.

use std::fmt;
use std::sync::Arc;

use token_exchanger::Flavor;

use crate::support::exchange::{self, Exchange, default_transport, exchanger, no_transport};

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Contender {
    OursInMemory,
    Oauth2InMemory,
    Ours,
    Bare,
    Oauth2,
    OursSix,
    BareSix,
    OursSixth,
    BareSixth,
}

/// Makes so many exchanges ready, over one client.
pub(crate) type Supply = Box<dyn Fn(usize) -> Vec<Exchange>>;

impl Contender {
    pub(crate) const COUNTED: [Self; 7] = [
        Self::OursInMemory,
        Self::Oauth2InMemory,
        Self::Bare,
        Self::Ours,
        Self::Oauth2,
        Self::BareSix,
        Self::OursSix,
    ];

    /// Has it ask the provider there.
    pub(crate) fn at(self, base: &str) -> Supply {
        let any = format!("{base}/token");
        let sixth = format!("{base}/sixth");
        let bare = |url, flavors| Exchange::Bare(Arc::new(exchange::Bare::new(url, flavors)));
        let oauth2 = || Arc::new(exchange::Oauth2::new(&any));
        let exchange = match self {
            Self::OursInMemory => Exchange::OursInMemory(exchanger(&any, no_transport())),
            Self::Oauth2InMemory => Exchange::Oauth2InMemory(oauth2()),
            Self::Ours => Exchange::Ours(exchanger(&any, default_transport())),
            Self::Bare => bare(&any, &[Flavor::BASIC_FORM]),
            Self::Oauth2 => Exchange::Oauth2(oauth2()),
            Self::OursSix => {
                // One that has learned would send a single request.
                let transport = default_transport();
                let fresh = move || Exchange::Ours(exchanger(&sixth, transport.clone()));
                return Box::new(move |count| (0..count).map(|_| fresh()).collect());
            }
            Self::BareSix => bare(&sixth, &Flavor::ALL),
            Self::OursSixth => Exchange::Ours(exchanger(&sixth, default_transport())),
            Self::BareSixth => bare(&sixth, &Flavor::ALL[5..]),
        };
        Box::new(move |count| vec![exchange.clone(); count])
    }
}

impl fmt::Display for Contender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::OursInMemory => "in memory, token-exchanger",
            Self::Oauth2InMemory => "in memory, oauth2",
            Self::Ours => "over a socket, token-exchanger",
            Self::Bare => "over a socket, bare reqwest",
            Self::Oauth2 => "over a socket, oauth2",
            Self::OursSix => "six flavors, token-exchanger",
            Self::BareSix => "six flavors, bare reqwest",
            Self::OursSixth => "flavor remembered, token-exchanger",
            Self::BareSixth => "flavor remembered, bare reqwest",
        })
    }
}
