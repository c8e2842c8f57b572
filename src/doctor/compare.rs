//! Compares a request that works elsewhere with what an exchanger would send.

use serde_json::{Value, json};

use self::letter::Letter;
use self::names::Renamed;
use self::shown::{HIDDEN, Shown};
use super::curl::{Curl, CurlError};
use super::finding::{Finding, FindingKind, Severity};
use crate::ask::Ask;
use crate::call::Call;
use crate::code::AuthorizationCode;
use crate::endpoint::{Cleartext, Endpoint};
use crate::exchanger::TokenExchanger;
use crate::flavor::Flavor;
use crate::kind::Kind;
use crate::pkce::CodeVerifier;
use crate::setup::Setup;
use crate::template::placeholders;
use crate::token::Token;
use crate::transport::HttpRequest;

mod address;
mod client;
mod flavor;
mod headers;
mod letter;
mod names;
mod parameters;
mod shown;
mod texts;
mod way;

/// Says in what a curl command, which gets a token where it is run, differs from what the exchanger
/// would send, and which setting makes ours the same. Nothing is found where both say the same.
///
/// It takes what a person copies: from a shell, from a provider's documentation, from Postman,
/// Insomnia or a browser, for a POSIX shell or for Windows. Whether the command exchanges a code,
/// asks for client credentials, refreshes or revokes is seen by its `grant_type`, or by what it sends;
/// its code, verifier and tokens are taken for ours. Of the rest, what a provider cannot tell apart
/// counts as the same, such as the order of parameters; what decides whether it is reached or trusted
/// does not, such as a proxy or `-k`. Nothing is sent, and no secret is shown.
///
/// ```
/// use token_exchanger::{TokenExchanger, doctor};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let transport = token_exchanger::from_fn(async |_| unreachable!("nothing is sent"));
/// let exchanger = TokenExchanger::builder("my-id", "https://as.example/token")
///     .client_secret("my-secret")
/// #   .transport(transport)
///     .build()?;
/// let works = "curl https://as.example/token -d grant_type=client_credentials \
///              -d client_id=my-id -d client_secret=my-secret";
/// let findings = doctor::compare(works, &exchanger)?;
/// assert!(findings[0].remedy.contains(".flavors([Flavor::BODY_FORM])"));
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// - there is no curl command in the text, or it is cut off, or PowerShell's own of that name
/// - a part of its request is not in the text: a variable, a file, a password that is asked for
/// - an option is not known, or there is more than one request, or no URL that can be read
/// - it asks for no token
pub fn compare(curl: &str, exchanger: &TokenExchanger) -> Result<Vec<Finding>, CurlError> {
    let setup = exchanger.setup();
    let mut curl = Curl::parse(curl)?;
    let ways = std::mem::take(&mut curl.ways);
    let mut theirs = Letter::of_curl(curl)?;
    let Some(kind) = names::kind(&theirs, &setup.conventions) else {
        let nothing_is_read = theirs.is_multipart && theirs.params.is_empty();
        return if nothing_is_read { Ok(vec![multipart()]) } else { Err(CurlError::NotForTokens) };
    };
    let renamed = names::standardise(&mut theirs, kind, setup);
    let flavor = flavor::flavor(&theirs, kind, setup);
    let request = ours(exchanger, kind, &theirs, flavor)?;
    let mut ours = Letter::of_request(&request).ok_or(CurlError::TooLong)?;
    names::standardise_ours(&mut ours, kind, &setup.conventions.of(kind).rename);
    let own = address::own_query(setup, kind);
    ours.set_apart(&own);
    theirs.set_apart(&own);

    let shown = Shown::new(setup, &theirs);
    let mut case = Case { kind, setup, theirs, ours, flavor, shown, findings: Vec::new() };
    address::look(&mut case);
    if case.theirs.is_multipart {
        case.findings.push(multipart());
    }
    flavor::look(&mut case);
    client::look(&mut case);
    case.renamed(&renamed);
    parameters::look(&mut case);
    headers::look(&mut case);
    way::look(&mut case, ways);
    Ok(case.findings)
}

/// Both requests, and what was found.
struct Case<'a> {
    kind: Kind,
    setup: &'a Setup,
    /// Both have their parameters under standard names.
    theirs: Letter,
    ours: Letter,
    /// The one that is nearest to theirs, in which ours is written.
    flavor: Flavor,
    shown: Shown,
    findings: Vec<Finding>,
}

impl Case<'_> {
    fn find(
        &mut self,
        severity: Severity,
        kind: FindingKind,
        symptom: impl Into<String>,
        cause: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        self.findings.push(match severity {
            Severity::Risk => Finding::risk(kind, symptom, cause, remedy),
            Severity::Problem => Finding::problem(kind, symptom, cause, remedy),
        });
    }

    fn has(&self, kind: FindingKind) -> bool {
        self.findings.iter().any(|finding| finding.kind == kind)
    }

    /// The member of the conventions that is for this kind of request.
    fn member(&self) -> &'static str {
        self.kind.field().trim_start_matches("conventions.")
    }

    /// What to add to the conventions of this kind of request.
    fn convention(&self, field: &str, value: Value) -> String {
        add_to_conventions(&json!({ self.member(): { field: value } }))
    }

    /// What to take out of a list or a map of the conventions of this kind of request.
    fn take_out(&self, field: &str, name: &str) -> String {
        format!("take `{name}` out of `{}.{field}`", self.kind.field())
    }

    fn renamed(&mut self, renamed: &[Renamed]) {
        for Renamed { standard, theirs } in renamed {
            let name = self.shown.name(theirs);
            let own = self.setup.conventions.of(self.kind).rename.get(*standard);
            let ours = own.map_or(*standard, |own| own);
            let symptom = format!("`{standard}` is called `{name}` by curl, and `{ours}` by us");
            let cause = if theirs == standard {
                "the conventions give it another name than this provider does"
            } else {
                "the provider has a name of its own for it"
            };
            let remedy = if theirs == standard {
                self.take_out("rename", standard)
            } else {
                self.convention("rename", json!({ *standard: name }))
            };
            self.find(Severity::Problem, FindingKind::ParameterName, symptom, cause, remedy);
        }
    }
}

fn add_to_conventions(conventions: &Value) -> String {
    format!("add to the conventions: `{conventions}`")
}

fn multipart() -> Finding {
    Finding::problem(
        FindingKind::Body,
        "curl sends a multipart body (-F), which no flavor of ours is",
        "token endpoints take forms; some take a multipart body too",
        "run curl with -d in place of -F: if that works, ours does too; if not, the provider needs a \
         transport that writes the body anew",
    )
}

/// What the exchanger would send for the code and the tokens of curl's.
fn ours(
    exchanger: &TokenExchanger,
    kind: Kind,
    theirs: &Letter,
    flavor: Flavor,
) -> Result<HttpRequest, CurlError> {
    let setup = exchanger.setup();
    let value = |name| theirs.value(name).unwrap_or_default();
    let own = setup.conventions.of(kind);
    // What is new in each request, or of an authorization that is not known here.
    let is_new = |template: &str| placeholders(template).any(|it| it == "state" || it == "random");
    let params = own.params.iter().filter(|(_, template)| is_new(template));
    let mut values: Vec<(&str, &str)> =
        params.filter_map(|(name, _)| Some((&**name, theirs.value(name)?))).collect();

    let request = match kind {
        Kind::Exchange => {
            let mut code = AuthorizationCode::unchecked(value("code"));
            let verifier = value("code_verifier");
            if let Ok(verifier) = CodeVerifier::parse(verifier) {
                code = code.verifier(verifier);
            } else if !own.omit.contains("code_verifier") {
                values.push(("code_verifier", verifier));
            }
            written(exchanger.exchange(code), &values, flavor)
        }
        Kind::ClientCredentials => written(exchanger.client_credentials(), &values, flavor),
        Kind::Refresh => {
            let token = Token::bearer("").with_refresh_token(value("refresh_token"));
            let call = exchanger.refresh(&token).map_err(|_| CurlError::NotForTokens)?;
            written(call, &values, flavor)
        }
        Kind::Revocation => {
            let hints_at_access = theirs.value("token_type_hint") == Some("access_token");
            let token = if hints_at_access {
                Token::bearer(value("token"))
            } else {
                Token::bearer("").with_refresh_token(value("token"))
            };
            let call = match exchanger.revoke(&token) {
                Ok(call) => call,
                Err(_) => {
                    let url = theirs.url.as_str();
                    let endpoint = Endpoint::parse("revocation_url", url, Cleartext::Anywhere);
                    let endpoint = endpoint.map_err(|_| CurlError::InvalidUrl)?;
                    let ask = Ask::Revocation(Box::new(token));
                    Call::new(setup, &endpoint, ask, None, |_| ())
                }
            };
            written(call, &values, flavor)
        }
    };
    // It accepts something, unless it cannot be sent.
    if request.headers().is_empty() { Err(CurlError::TooLong) } else { Ok(request) }
}

fn written<T>(call: Call<T>, values: &[(&str, &str)], flavor: Flavor) -> HttpRequest {
    let add = |call: Call<T>, &(name, value): &(&str, &str)| call.param(name, value);
    values.iter().fold(call, add).flavor(flavor).request()
}
