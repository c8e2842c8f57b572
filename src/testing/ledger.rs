//! What a server has given out, and what is still good.

use std::collections::{HashMap, HashSet};

/// Codes, tokens, and the authorization that each token came of. No clock: what expires is told so.
#[derive(Default)]
pub(super) struct Ledger {
    codes: HashMap<String, Code>,
    tokens: HashMap<String, Entry>,
    /// Authorizations whose tokens are all worth nothing.
    ended: HashSet<usize>,
    authorizations: usize,
    numbers: HashMap<&'static str, usize>,
    pub(super) code_reuses: usize,
    pub(super) refresh_reuses: usize,
}

/// What a code is bound to.
#[derive(Clone, Default)]
pub(super) struct Bound {
    pub(super) redirect_uri: Option<String>,
    pub(super) challenge: Option<String>,
    pub(super) scopes: Option<Vec<String>>,
}

struct Code {
    bound: Bound,
    state: CodeState,
}

enum CodeState {
    Live,
    Expired,
    Used { authorization: usize },
}

struct Entry {
    kind: TokenKind,
    authorization: usize,
    scopes: Vec<String>,
    live: bool,
}

#[derive(Clone, Copy, Eq, PartialEq)]
pub(super) enum TokenKind {
    Access,
    Refresh,
}

impl Ledger {
    pub(super) fn add_code(&mut self, bound: Bound) -> String {
        let code = self.named("code");
        self.codes.insert(code.clone(), Code { bound, state: CodeState::Live });
        code
    }

    /// What a live code is bound to. One that was used already ends what it brought
    /// ([RFC 6749, section 4.1.2](https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2)).
    pub(super) fn code(&mut self, code: &str) -> Option<Bound> {
        let known = self.codes.get(code)?;
        match known.state {
            CodeState::Live => Some(known.bound.clone()),
            CodeState::Expired => None,
            CodeState::Used { authorization } => {
                self.ended.insert(authorization);
                self.code_reuses += 1;
                None
            }
        }
    }

    /// Uses the code up, and begins the authorization that it stands for.
    pub(super) fn use_code(&mut self, code: &str) -> usize {
        let authorization = self.begin();
        if let Some(code) = self.codes.get_mut(code) {
            code.state = CodeState::Used { authorization };
        }
        authorization
    }

    pub(super) fn begin(&mut self) -> usize {
        self.authorizations += 1;
        self.authorizations
    }

    pub(super) fn add_token(
        &mut self,
        kind: TokenKind,
        authorization: usize,
        scopes: Vec<String>,
    ) -> String {
        let token = self.named(match kind {
            TokenKind::Access => "access-token",
            TokenKind::Refresh => "refresh-token",
        });
        self.tokens.insert(token.clone(), Entry { kind, authorization, scopes, live: true });
        token
    }

    /// The authorization and the scopes of a live refresh token. One that was replaced already ends
    /// all that came of its authorization
    /// ([RFC 9700, section 4.14.2](https://www.rfc-editor.org/rfc/rfc9700#section-4.14.2)).
    pub(super) fn refresh_token(&mut self, token: &str) -> Option<(usize, Vec<String>)> {
        let entry = self.tokens.get(token).filter(|entry| entry.kind == TokenKind::Refresh)?;
        if !entry.live {
            self.refresh_reuses += 1;
            self.ended.insert(entry.authorization);
            return None;
        }
        let is_live = !self.ended.contains(&entry.authorization);
        is_live.then(|| (entry.authorization, entry.scopes.clone()))
    }

    /// Notes that another has taken its place.
    pub(super) fn replace(&mut self, token: &str) {
        if let Some(entry) = self.tokens.get_mut(token) {
            entry.live = false;
        }
    }

    pub(super) fn revoke(&mut self, token: &str) {
        let Some(entry) = self.tokens.get_mut(token) else { return };
        match entry.kind {
            TokenKind::Access => entry.live = false,
            TokenKind::Refresh => {
                self.ended.insert(entry.authorization);
            }
        }
    }

    pub(super) fn is_live(&self, token: &str, kind: Option<TokenKind>) -> bool {
        self.tokens.get(token).is_some_and(|entry| {
            entry.live
                && kind.is_none_or(|kind| kind == entry.kind)
                && !self.ended.contains(&entry.authorization)
        })
    }

    pub(super) fn expire_codes(&mut self) {
        for code in self.codes.values_mut() {
            if matches!(code.state, CodeState::Live) {
                code.state = CodeState::Expired;
            }
        }
    }

    pub(super) fn expire_access_tokens(&mut self) {
        for entry in self.tokens.values_mut() {
            entry.live &= entry.kind != TokenKind::Access;
        }
    }

    fn named(&mut self, what: &'static str) -> String {
        let number = self.numbers.entry(what).or_insert(0);
        *number += 1;
        format!("{what}-{number}")
    }
}
