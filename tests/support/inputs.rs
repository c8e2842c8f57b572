//! What properties are tried with: texts, clients, and what is asked.

#![allow(dead_code, reason = "each test file uses a part")]

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::FileFailurePersistence;
use token_exchanger::{
    AuthorizationCode, Call, ClientAuth, CodeVerifier, ConfigError, Flavor, HttpRequest, Issued,
    Policy, TokenExchanger, TokenExchangerBuilder, from_fn,
};

/// Where inputs that failed are kept: beside the tests that they failed.
pub(crate) fn settings(cases: u32) -> ProptestConfig {
    let beside = FileFailurePersistence::WithSource("proptest-regressions");
    ProptestConfig { cases, failure_persistence: Some(Box::new(beside)), ..Default::default() }
}

/// A text of any characters, often of those that mean something to an encoder or a decoder.
pub(crate) fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[A-Za-z0-9._~-]{0,12}",
        "[\\x00-\\x7f]{0,12}",
        "[-._~ +%&=:;/?#@{}\"\\\\'a-f0-9éß€日𝄞\u{fffd}]{0,12}",
        "(%[0-9A-Fa-f]{2}|[+%a-z:]){0,6}",
        vec(any::<char>(), 0..8).prop_map(|characters| characters.into_iter().collect()),
    ]
}

/// One that may be an id or a secret.
fn credential() -> impl Strategy<Value = String> {
    let trimmed = text().prop_map(|text| text.trim_matches(is_invisible).to_owned());
    trimmed.prop_filter("an empty one is none", |text| !text.is_empty())
}

/// What may not stand around an id or a secret.
pub(crate) fn is_invisible(character: char) -> bool {
    let zero_width = ['\u{200b}', '\u{200c}', '\u{200d}', '\u{2060}', '\u{feff}'];
    character.is_whitespace() || zero_width.contains(&character)
}

/// Who asks.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    pub(crate) id: String,
    pub(crate) secret: String,
}

pub(crate) fn client() -> impl Strategy<Value = Client> {
    (credential(), credential()).prop_map(|(id, secret)| Client { id, secret })
}

/// A client with a secret, or one without.
pub(crate) fn any_client() -> impl Strategy<Value = Client> {
    let public = credential().prop_map(|id| Client { id, secret: String::new() });
    prop_oneof![4 => client(), 1 => public]
}

impl Client {
    pub(crate) fn builder(&self) -> TokenExchangerBuilder {
        TokenExchanger::builder(&*self.id, "https://as.example/token")
            .client_secret(&*self.secret)
            .transport(from_fn(async |_| unreachable!("these calls are played")))
    }

    /// Whether encoding changes the id or the secret.
    pub(crate) fn is_reserved(&self) -> bool {
        let is_unreserved = |c: char| c.is_ascii_alphanumeric() || "-._~".contains(c);
        !self.id.chars().chain(self.secret.chars()).all(is_unreserved)
    }

    /// The flavors that can carry these credentials: a raw header ends an id at its colon.
    pub(crate) fn flavors(&self) -> impl Iterator<Item = Flavor> {
        let unfit = self.id.contains(':');
        let all = Flavor::ALL.into_iter().chain(Flavor::PUBLIC);
        all.filter(move |flavor| !(unfit && flavor.auth == ClientAuth::BasicRaw))
    }
}

/// How a client wishes to ask.
#[derive(Clone, Debug)]
pub(crate) struct Wishes {
    pub(crate) policy: Policy,
    pub(crate) flavors: Option<Vec<Flavor>>,
    pub(crate) prefer: Option<Flavor>,
    pub(crate) max_attempts: Option<usize>,
}

pub(crate) fn wishes() -> impl Strategy<Value = Wishes> {
    (
        select(&[Policy::Exhaustive, Policy::Careful]),
        option::of(vec(flavor(), 1..10)),
        option::of(flavor()),
        option::weighted(0.2, 1..8_usize),
    )
        .prop_map(|(policy, flavors, prefer, max_attempts)| Wishes {
            policy,
            flavors,
            prefer,
            max_attempts,
        })
}

pub(crate) fn flavor() -> impl Strategy<Value = Flavor> {
    prop_oneof![select(&Flavor::ALL), select(&Flavor::ALL), select(&Flavor::PUBLIC)]
}

impl Wishes {
    /// The same wishes of a client that has no secret to send.
    pub(crate) fn of(mut self, client: &Client) -> Self {
        let allowed =
            |flavor: &Flavor| !client.secret.is_empty() || flavor.auth == ClientAuth::None;
        self.flavors = self.flavors.map(|flavors| flavors.into_iter().filter(allowed).collect());
        self.prefer = self.prefer.filter(allowed);
        self
    }

    pub(crate) fn configure(&self, mut builder: TokenExchangerBuilder) -> TokenExchangerBuilder {
        builder = builder.policy(self.policy);
        if let Some(flavors) = &self.flavors {
            builder = builder.flavors(flavors.iter().copied());
        }
        if let Some(flavor) = self.prefer {
            builder = builder.prefer(flavor);
        }
        if let Some(most) = self.max_attempts {
            builder = builder.max_attempts(most);
        }
        builder
    }
}

/// What is asked.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    scopes: Vec<String>,
    redirect_uri: String,
    code: String,
    verifier: Option<String>,
    parameters: Vec<(String, String)>,
}

pub(crate) fn asked() -> impl Strategy<Value = Asked> {
    let known = select(&[
        "grant_type",
        "scope",
        "redirect_uri",
        "code",
        "code_verifier",
        "client_id",
        "client_secret",
        "audience",
        "resource",
    ]);
    let name = prop_oneof![text(), known.prop_map(str::to_owned)];
    (
        vec(text(), 0..3),
        text(),
        text(),
        option::of("[A-Za-z0-9._~-]{43,50}"),
        vec((name, prop_oneof![3 => text(), 1 => Just(String::new())]), 0..5),
    )
        .prop_map(|(scopes, redirect_uri, code, verifier, parameters)| Asked {
            scopes,
            redirect_uri,
            code,
            verifier,
            parameters,
        })
}

impl Asked {
    pub(crate) fn exchanger(&self, builder: TokenExchangerBuilder) -> TokenExchanger {
        self.configured(builder).expect("a flavor to try")
    }

    /// `None` if the builder's wishes leave no flavor to try.
    pub(crate) fn configured(&self, builder: TokenExchangerBuilder) -> Option<TokenExchanger> {
        match builder.scopes(&self.scopes).build() {
            Ok(exchanger) => Some(exchanger),
            Err(ConfigError::NoFlavor) => None,
            Err(error) => panic!("{error}"),
        }
    }

    pub(crate) fn call(&self, exchanger: &TokenExchanger) -> Call<Issued> {
        let mut code = AuthorizationCode::unchecked(&*self.code).redirect_uri(&self.redirect_uri);
        if let Some(verifier) = &self.verifier {
            code = code.verifier(CodeVerifier::parse(verifier).expect("a verifier"));
        }
        let call = exchanger.exchange(code);
        self.parameters.iter().fold(call, |call, (name, value)| call.param(name, &**value))
    }

    /// What the flavor is to write, in the order of a form.
    pub(crate) fn written(&self, client: &Client, flavor: Flavor) -> Vec<(String, String)> {
        let scopes = self.scopes.iter().filter(|scope| !scope.is_empty());
        let scope = scopes.map(String::as_str).collect::<Vec<_>>().join(" ");
        let standard = [
            ("grant_type", "authorization_code"),
            ("scope", &scope),
            ("redirect_uri", &self.redirect_uri),
            ("code", &self.code),
            ("code_verifier", self.verifier.as_deref().unwrap_or_default()),
        ];
        let credentials = [("client_id", &*client.id), ("client_secret", &*client.secret)];
        let sent = match flavor.auth {
            ClientAuth::Body => &credentials[..],
            ClientAuth::None => &credentials[..1],
            _ => &[],
        };

        let set = |name: &str| {
            let last = self.parameters.iter().rev().find(|(known, _)| known == name);
            last.map(|(_, value)| &**value)
        };
        let replaced = |&(name, value)| (name, set(name).unwrap_or(value));
        let own = self.parameters.iter().enumerate().filter(|(at, (name, _))| {
            let again = self.parameters[at + 1..].iter().any(|(other, _)| other == name);
            !again && !standard.iter().chain(&credentials).any(|(known, _)| known == name)
        });
        let own = own.map(|(_, (name, value))| (&**name, &**value));

        let written = standard.iter().map(replaced).chain(own).chain(sent.iter().map(replaced));
        let written = written.filter(|(name, value)| !name.is_empty() && !value.is_empty());
        written.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }
}

/// A request as it goes out, to the byte.
pub(crate) fn bytes(request: &HttpRequest) -> Vec<u8> {
    let mut bytes = format!("{} {}\n", request.method(), request.uri()).into_bytes();
    for (name, value) in request.headers() {
        bytes.extend([name.as_str().as_bytes(), b": ", value.as_bytes(), b"\n"].concat());
    }
    bytes.extend(b"\n");
    bytes.extend(request.body());
    bytes
}
