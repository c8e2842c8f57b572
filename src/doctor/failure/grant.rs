//! The code was refused.

use super::super::facts::{Facts, status};
use super::super::finding::{Finding, FindingKind};
use super::super::words::{PKCE, REDIRECT_URI};

/// A code that was refused, by what the server says about it.
pub(super) fn refused(facts: &Facts<'_>) -> Option<Finding> {
    if !facts.is_exchange() || is_about_something_else(facts) {
        return None;
    }
    let is_refused = facts.report.kind.as_deref() == Some("refused") && !facts.refuses_client();
    let is_unclassed = is_unclassed(facts);
    let speaks_of_code = facts.says(&[
        "authorization code",
        "auth code",
        "verification code",
        "invalid code",
        "matching code",
        "code already",
        "code is",
        "code was",
        "code has",
    ]) || cannot_be_opened(facts);
    // What the request lacks is another matter; a parameter that it never had is ours.
    let lacks = |name| facts.says_missing() && facts.names(name) && facts.sent(name);
    let told = Told::of(facts);

    if facts.says(&["redeemed via cross-origin"]) {
        return Some(Finding::problem(
            FindingKind::RedirectUri,
            facts.seen(),
            "the redirect URI is registered for an application in the browser, which has no secret",
            "register the redirect URI again, for a web application with a server",
        ));
    }
    let speaks_out = is_refused || is_unclassed || facts.says(&["match", "is wrong"]);
    if speaks_out && told.redirect && told.cause() == Cause::Redirect && !lacks("redirect_uri") {
        return Some(redirect_uri(facts));
    }
    if speaks_out && told.verifier && told.cause() == Cause::Verifier && !lacks("code_verifier") {
        return Some(pkce(facts));
    }
    let is_code = is_refused || is_unclassed && speaks_of_code && !facts.says_missing();
    if !is_code {
        return None;
    }
    let (kind, cause, remedy) = match told.cause() {
        Cause::Spent => (
            FindingKind::CodeSpent,
            "the code was used before: the callback was loaded twice, two workers took it, or an \
             earlier attempt used it up"
                .to_owned(),
            AGAIN.to_owned(),
        ),
        Cause::Expired => (
            FindingKind::CodeExpired,
            "codes live for a minute or ten; this one came too late".to_owned(),
            AGAIN.to_owned() + "; look at what waits between callback and exchange",
        ),
        Cause::OtherClient => (
            FindingKind::ClientId,
            format!(
                "the code belongs to another client or environment (live, test) than {}: authorization \
                URL and token request have different client ids or keys",
                facts.configuration().client_id
            ),
            "use one configuration for both, and let the user authorize again".to_owned(),
        ),
        _ => (FindingKind::Code, unspecific(facts), compared(facts)),
    };
    Some(Finding::problem(kind, facts.seen(), cause, remedy))
}

fn unspecific(facts: &Facts<'_>) -> String {
    let mut cause = format!(
        "the code has expired, was used before, or belongs to another client than {}; or the redirect \
        URI or the PKCE verifier differs from the authorization URL's",
        facts.configuration().client_id
    );
    if facts.says(&["malformed"]) {
        cause += "; or it is not whole, or was not decoded, or decoded twice";
    }
    for name in ["redirect_uri", "code_verifier"] {
        if !facts.sent(name) {
            cause += &format!("; the request had no {name}");
        }
    }
    let words = ["code", "grant", "token", "redirect", "verifier", "client", "session"];
    if facts.told.error_description.is_some() && !facts.says(&words) {
        return format!("what the provider says in its own words; else: {cause}");
    }
    cause
}

fn compared(facts: &Facts<'_>) -> String {
    let uri = &facts.configuration().redirect_uri;
    let compare = match facts.sent("redirect_uri") {
        true => format!(
            "compare redirect_uri ({uri}) with the one in the authorization URL, byte by byte"
        ),
        false => "set redirect_uri, if the authorization URL had one".to_owned(),
    };
    format!(
        "{AGAIN}; if it stays, {compare}, and begin with exchanger.authorize(), which keeps the verifier"
    )
}

/// Whether the server speaks of something that it sealed itself: in such a request that can only be
/// the code or the refresh token.
pub(super) fn cannot_be_opened(facts: &Facts<'_>) -> bool {
    facts.says(&["jwt", "jws", "jwe", "decrypt", "signature"])
}

/// What was refused is neither the code nor the refresh token.
pub(super) fn is_about_something_else(facts: &Facts<'_>) -> bool {
    matches!(facts.code(), "invalid_scope" | "access_denied" | "invalid_target")
}

/// A refusal whose code is none of the standard's for client, grant or scope, so that its words are
/// all there is.
pub(super) fn is_unclassed(facts: &Facts<'_>) -> bool {
    let is_asking = match facts.status() {
        200..=299 => !facts.code().is_empty(),
        status => matches!(status, 400 | 403 | 409 | 422),
    };
    let known = ["unsupported_grant_type", "server_error", "temporarily_unavailable"];
    is_asking && !facts.refuses_client() && !known.contains(&facts.code())
}

/// Why a code is refused.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Cause {
    Redirect,
    Verifier,
    Spent,
    Expired,
    OtherClient,
    Unknown,
}

/// What the words speak of.
struct Told {
    redirect: bool,
    verifier: bool,
    causes: Vec<Cause>,
}

impl Told {
    fn of(facts: &Facts<'_>) -> Self {
        let redirect = facts.says(REDIRECT_URI) || facts.code().contains("redirect");
        let verifier = facts.says(PKCE);
        let spent = facts.says(&[
            "already used",
            "already been",
            "already redeemed",
            "already exchanged",
            "been used",
            "was used",
            "used already",
            "used before",
            "used once",
            "used more than once",
            "redeemed",
            "consumed",
            "reuse",
        ]);
        let expired = facts.says(&["expired", "expire", "too old"]);
        let other_client = facts.says(&[
            "another client",
            "different client",
            "other client",
            "not issued to",
            "client mismatch",
            "wrong client",
            "client id",
            "linked to client",
            "livemode",
            "live mode",
            "test mode",
            "testmode",
        ]);
        let named = [
            (redirect, Cause::Redirect),
            (verifier, Cause::Verifier),
            (spent && !redirect, Cause::Spent),
            (expired, Cause::Expired),
            (other_client, Cause::OtherClient),
        ];
        let causes = named.into_iter().filter(|(is, _)| *is).map(|(_, cause)| cause).collect();
        // An error code is a decision; a description may list what it can be.
        let by_code = if facts.code().contains("redirect") {
            vec![Cause::Redirect]
        } else if is_hedged(facts) {
            vec![Cause::Unknown]
        } else {
            causes
        };
        Self { redirect, verifier, causes: by_code }
    }

    /// The only one that is spoken of.
    fn cause(&self) -> Cause {
        match self.causes.as_slice() {
            [only] => *only,
            _ => Cause::Unknown,
        }
    }
}

/// Whether the words name one possibility beside others: `invalid or expired`.
fn is_hedged(facts: &Facts<'_>) -> bool {
    facts.says(&[
        "or expired",
        "or is expired",
        "or has expired",
        "or was already",
        "or already",
        "or has already",
        "or has been",
        "or revoked",
        "or invalid",
        "or is invalid",
        "expired or",
        "expired, ",
        "used or",
    ])
}

fn redirect_uri(facts: &Facts<'_>) -> Finding {
    let uri = &facts.configuration().redirect_uri;
    let (cause, remedy) = if facts.sent("redirect_uri") {
        (
            format!("{uri} is not the redirect URI of the authorization URL, or not one that is \
                registered; it is compared byte by byte, a final slash, http for https and the \
                region's host included"),
            "register this very URI at the provider, or set redirect_uri to the registered one; for a \
             code from elsewhere give its own: AuthorizationCode::redirect_uri"
                .to_owned(),
        )
    } else {
        (
            "the request has no redirect URI, and the authorization URL had one".to_owned(),
            "set redirect_uri as it is registered, and do not leave it out by conventions"
                .to_owned(),
        )
    };
    Finding::problem(FindingKind::RedirectUri, facts.seen(), cause, remedy)
}

fn pkce(facts: &Facts<'_>) -> Finding {
    let unwanted = [
        "not allowed",
        "not supported",
        "not known",
        "unsupported",
        "unexpected",
        "unknown",
        "not required",
        "not expected",
        "unrecognized",
    ];
    // The server knows PKCE.
    let unasked = [
        "without a code challenge",
        "without code challenge",
        "without pkce",
        "did not use",
        "had no",
        "code challenge required",
        "no code challenge",
        "pkce was not used",
        "challenge not present",
        "no challenge",
    ];
    let (cause, remedy) = if !facts.sent("code_verifier") {
        (
            "the provider wants PKCE, and the code came without its verifier",
            "begin with exchanger.authorize(), which keeps the verifier in the pending authorization, \
             and leave without_pkce and conventions.authorization.pkce out; for a code from elsewhere \
             give AuthorizationCode::verifier",
        )
    } else if facts.says(&unasked) {
        (
            "the authorization URL had no challenge, so that no verifier belongs to this code; or it \
             had one, and the provider does not know PKCE",
            "let exchanger.authorize() make the authorization URL, which puts the challenge there; if \
             it did, set conventions.authorization.pkce to \"refused\", or call without_pkce on the \
             authorization",
        )
    } else if facts.says(&unwanted) {
        (
            "the provider does not take a verifier",
            "set conventions.authorization.pkce to \"refused\", or call without_pkce on the \
             authorization, and let the user authorize again",
        )
    } else {
        (
            "the verifier is not that of the authorization URL's challenge: two authorizations ran at \
             once, or the pending authorization of another was taken",
            "look the pending authorization up by the callback's state, and let the user authorize \
             again",
        )
    };
    Finding::problem(FindingKind::Pkce, facts.seen(), cause, remedy)
}

/// A client that is refused in one place, and a request with its credentials in another that is refused
/// without a word: that one may have got further.
pub(super) fn beside_client(facts: &Facts<'_>, first: Option<FindingKind>) -> Option<Finding> {
    let is_client = first == Some(FindingKind::ClientSecret) && facts.is_exchange();
    let other = facts.silent_elsewhere().filter(|_| is_client)?;
    Some(Finding::risk(
        FindingKind::Code,
        format!("{} got invalid_request without a word", other.flavor),
        format!("it may be that the client was recognised there, and {}", unspecific(facts)),
        compared(facts),
    ))
}

/// A code that an earlier attempt of the same call may have used up.
pub(super) fn spent_by_itself(facts: &Facts<'_>, first: Option<FindingKind>) -> Option<Finding> {
    // A server that says what else is wrong has looked at the code.
    let leaves_room = [FindingKind::Code, FindingKind::CodeSpent, FindingKind::ClientSecret];
    let at = facts.report.headline.filter(|_| first.is_some_and(|it| leaves_room.contains(&it)))?;
    let headline = facts.report.attempts.get(at)?;
    let earlier = facts.report.attempts.get(..at)?.iter().find(|it| status(it) == 401)?;
    let is_code = facts.is_exchange() && headline.error.as_deref() == Some("invalid_grant");
    is_code.then(|| {
        Finding::risk(
            FindingKind::CodeSpent,
            format!("{} was refused as a client, {} for the code", earlier.flavor, headline.flavor),
            "a few servers use a code up before they look at the client: then the first attempt cost \
             it, and what the later ones were told means nothing",
            "check id and secret, and pin the one flavor that the documentation names by flavors, so \
             that a code is sent once; then let the user authorize again",
        )
    })
}

const AGAIN: &str = "let the user authorize again, and exchange the code at once and once only";
