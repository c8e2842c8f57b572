//! What a call got, and the story of how.

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use crate::decode::Warning;
use crate::error::{Attempt, reported};
use crate::flavor::Flavor;
use crate::kind::Kind;
use crate::mask::Mask;
use crate::report::{Evidence, Report, ReportedToken};
use crate::token::Token;

/// A token, and the story of how it was got. Store the token, and drop the rest once nobody asks for
/// it: to tell the story without its secrets, it keeps them in memory.
#[derive(Clone)]
#[non_exhaustive]
pub struct Issued {
    /// The token.
    pub token: Token,
    /// The flavor that was accepted.
    pub flavor: Flavor,
    /// Every attempt, the accepted one last.
    pub attempts: Vec<Attempt>,
    /// What was odd about the answer.
    pub warnings: Vec<Warning>,
    pub(super) evidence: Arc<dyn Evidence>,
    pub(super) asked: Kind,
}

impl Issued {
    /// All that is known of the call, as one document without secrets: for a log or a support ticket.
    pub fn report(&self) -> Report {
        let shown = self.evidence.all_shown();
        let sent = shown.last().map(|shown| shown.sent);
        let left = |end: Option<SystemTime>| end?.duration_since(sent?).ok().map(|it| it.as_secs());
        let Token { token_type, refresh_token, expires_at, refresh_expires_at, scopes, .. } =
            &self.token;
        let own = self.token_mask();
        let masked = |text: &str| own.apply(&self.evidence.masked(text));
        let token = ReportedToken {
            token_type: masked(token_type),
            has_refresh_token: refresh_token.is_some(),
            expires_in: left(*expires_at),
            refresh_expires_in: left(*refresh_expires_at),
            // As one text: a secret that is echoed as a scope may have spaces in it.
            scope: scopes.as_ref().map(|scopes| masked(&scopes.join(" "))),
        };
        let asked = self.asked;
        Report {
            version: Report::VERSION,
            asked: asked.name().to_owned(),
            ok: true,
            kind: None,
            message: format!("{asked} succeeded: {}", self.story()),
            because: Vec::new(),
            headline: self.attempts.len().checked_sub(1),
            fate: None,
            attempts: reported(&self.attempts, shown),
            warnings: self.warnings.iter().map(ToString::to_string).collect(),
            token: Some(token),
            configuration: self.evidence.configuration(),
        }
    }

    /// Hides what the call got, wherever in a long answer it stood.
    fn token_mask(&self) -> Mask<'_> {
        let mut mask = Mask::default();
        mask.hide("access_token", self.token.access_token.expose());
        if let Some(refresh_token) = &self.token.refresh_token {
            mask.hide("refresh_token", refresh_token.expose());
        }
        mask
    }

    fn story(&self) -> String {
        format!("{} got a token (attempt {})", self.flavor, self.attempts.len())
    }
}

impl fmt::Debug for Issued {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Issued")
            .field("token", &self.token)
            .field("flavor", &self.flavor)
            .field("attempts", &self.attempts)
            .field("warnings", &self.warnings)
            .finish()
    }
}
