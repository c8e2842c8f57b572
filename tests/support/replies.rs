//! What servers answer, and what a call is to make of it: the tables of the design, written once
//! more, by other means than ours.

#![allow(dead_code, reason = "each test file uses a part")]

use proptest::prelude::*;
use proptest::sample::select;
use token_exchanger::{
    BodyEncoding, ClientAuth, CodeFate, Flavor, HttpResponse, Policy, TransportError,
    TransportErrorKind,
};

use crate::support::answer;

/// What an answer is; of those that do not end a call, the most telling first.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Class {
    Token,
    MaybeToken,
    NoAnswer,
    Wait,
    Moved,
    Grant,
    Client,
    AskingByCode,
    Asking,
    Blank,
    Endpoint,
    Fault,
}

/// An answer, its class, and what it means for the code.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) class: Class,
    fate: CodeFate,
    answer: Result<HttpResponse, TransportErrorKind>,
}

impl Reply {
    pub(crate) fn answer(&self) -> Result<HttpResponse, TransportError> {
        self.answer.clone().map_err(|kind| TransportError::new(kind, "gone"))
    }

    fn status(&self) -> u16 {
        self.answer.as_ref().map_or(0, |answer| answer.status().as_u16())
    }

    fn names_a_fault(&self) -> bool {
        let body = self.answer.as_ref().map_or(&[][..], |answer| answer.body());
        FAULT.iter().any(|code| String::from_utf8_lossy(body).contains(code))
    }
}

pub(crate) fn reply() -> impl Strategy<Value = Reply> {
    prop_oneof![1 => ending(), 6 => refusal()]
}

/// An answer after which no policy goes on.
pub(crate) fn ending() -> impl Strategy<Value = Reply> {
    use CodeFate::{ProbablyLive, Spent};
    let unusable = select(&[
        r#"{"access_token":1}"#,
        r#"{"access_token":"","scope":"a"}"#,
        r#"{"refresh_token":"T"}"#,
        r#"{"data":{"id_token":"T"}}"#,
        r#"{"token":"T"}"#,
        r#"{"token_type":"Bearer"}"#,
        r#"{"expires_in":1}"#,
        "access_token=T&access_token=U",
        "<access_token>T</access_token>",
        "\0\x01",
    ]);
    let cut_off = (1..WHOLE.len()).prop_map(|length| &WHOLE[..length]);
    let mixed = select(&[
        r#"{"access_token":"T","error":"invalid_grant"}"#,
        "error=invalid_client&access_token=T",
    ]);
    let no_answer = select(&[
        (TransportErrorKind::Connect, CodeFate::Unsent),
        (TransportErrorKind::Unplugged, CodeFate::Unsent),
        (TransportErrorKind::Timeout, CodeFate::Unknown),
        (TransportErrorKind::Interrupted, CodeFate::Unknown),
        (TransportErrorKind::TooLarge, CodeFate::Unknown),
    ]);
    let no_answer = no_answer.prop_map(|(kind, fate)| Reply {
        class: Class::NoAnswer,
        fate,
        answer: Err(kind),
    });
    let busy = prop_oneof![nothing(), told(CLIENT), told(GRANT), told(FAULT)];
    let wait = (select(&["5", "soon", ""]), busy.clone()).prop_map(|(after, body)| Reply {
        class: Class::Wait,
        fate: ProbablyLive,
        answer: Ok(answer(503, &[("retry-after", after)], body)),
    });
    prop_oneof![
        row(Class::Token, Spent, 200..300_u16, token()),
        row(Class::MaybeToken, Spent, 200..300_u16, unusable.prop_map(str::to_owned)),
        row(Class::MaybeToken, Spent, 200..300_u16, cut_off.prop_map(str::to_owned)),
        row(Class::MaybeToken, Spent, 300..1000_u16, token()),
        row(Class::MaybeToken, Spent, 200..1000_u16, mixed.prop_map(str::to_owned)),
        no_answer,
        row(Class::Wait, ProbablyLive, Just(429), busy.clone()),
        wait,
        row(Class::Moved, ProbablyLive, select(&[301, 307, 308]), busy),
    ]
}

/// An answer after which some policy goes on.
pub(crate) fn refusal() -> impl Strategy<Value = Reply> {
    use CodeFate::{ProbablyLive, Spent, Unknown};
    // Where a code counts, whatever the status.
    let any = prop_oneof![200..300_u16, 400..429_u16, 430..600_u16].boxed();
    let unread = select(&[403_u16, 406, 415]).boxed();
    let found = select(&[302_u16, 303]).boxed();
    let looked_at = prop_oneof![Just(400_u16), 200..300_u16].boxed();
    let unclear = prop_oneof![told(&["invalid_request"]), "[a-z]{3,9}_x".prop_map(error)].boxed();
    let unsupported = told(&["unsupported_grant_type"]);
    prop_oneof![
        prop_oneof![
            row(Class::Client, ProbablyLive, any.clone(), told(CLIENT)),
            row(Class::Client, ProbablyLive, Just(401), nothing()),
        ],
        prop_oneof![
            row(Class::AskingByCode, ProbablyLive, any.clone(), unsupported),
            row(Class::AskingByCode, ProbablyLive, unread.clone(), unclear.clone()),
            row(Class::AskingByCode, Unknown, looked_at, unclear),
        ],
        prop_oneof![
            row(Class::Asking, ProbablyLive, unread, nothing()),
            row(Class::Asking, ProbablyLive, found.clone(), nothing()),
            row(Class::Asking, ProbablyLive, found, told(GRANT)),
            row(Class::Asking, Unknown, Just(400), nothing()),
        ],
        row(Class::Blank, Unknown, 200..300_u16, nothing()),
        row(Class::Grant, Spent, any.clone(), told(GRANT)),
        row(Class::Endpoint, ProbablyLive, select(&[404, 405, 410]), nothing()),
        prop_oneof![
            row(Class::Fault, Unknown, 500..1000_u16, nothing()),
            row(Class::Fault, Unknown, any, told(FAULT)),
        ],
    ]
}

/// How a call goes.
#[derive(Debug, PartialEq)]
pub(crate) struct Story {
    pub(crate) attempts: Vec<(Flavor, Class)>,
    /// The name of the kind of error, or `token`.
    pub(crate) kind: &'static str,
    pub(crate) headline: usize,
    pub(crate) fate: CodeFate,
}

/// Foretells a call at a server that gives these answers over and over. `reserved` is whether
/// encoding changes the credentials, and
/// flavors are alike that write the same bytes.
pub(crate) fn foretell(
    mut flavors: Vec<Flavor>,
    most: usize,
    policy: Policy,
    reserved: bool,
    replies: &[Reply],
    are_alike: impl Fn(Flavor, Flavor) -> bool,
) -> Story {
    let careful = policy == Policy::Careful;
    let mut story = Story { attempts: Vec::new(), kind: "", headline: 0, fate: CodeFate::Unsent };
    let mut redirects = 0;
    for reply in replies.iter().cycle() {
        let flavor = flavors.remove(0);
        let (status, json) = (reply.status(), flavor.encoding == BodyEncoding::Json);
        let upsetting = json || flavor.auth == ClientAuth::BasicRaw && reserved;
        let class = match reply.class {
            Class::Fault if careful && upsetting && (500..600).contains(&status) => {
                if reply.names_a_fault() { Class::AskingByCode } else { Class::Asking }
            }
            class => class,
        };
        story.attempts.push((flavor, class));
        story.fate = story.fate.max(reply.fate);
        redirects += usize::from((300..400).contains(&status));

        let made = story.attempts.len();
        let goes_on = match class {
            Class::Client | Class::Asking | Class::AskingByCode => true,
            Class::Grant | Class::Blank | Class::Endpoint | Class::Fault => !careful,
            _ => false,
        };
        if !goes_on {
            story.headline = made - 1;
            story.kind = kind(class);
            return story;
        }
        let by_asking = matches!(class, Class::Asking | Class::AskingByCode);
        if careful && by_asking && (status == 415 || json && status != 401) {
            flavors.retain(|other| other.encoding != flavor.encoding);
        }
        flavors.retain(|other| !(careful && are_alike(*other, flavor)));
        if flavors.is_empty() || made == most {
            let classes = story.attempts.iter().map(|(_, class)| class).enumerate();
            let (headline, &class) =
                classes.min_by_key(|(_, class)| **class).expect("one at least");
            story.headline = headline;
            story.kind = if redirects == made { "redirected" } else { kind(class) };
            return story;
        }
    }
    unreachable!("the flavors come to an end")
}

fn kind(class: Class) -> &'static str {
    match class {
        Class::Token => "token",
        Class::MaybeToken | Class::Blank => "unreadable",
        Class::NoAnswer => "transport",
        Class::Wait | Class::Fault => "unavailable",
        Class::Moved => "redirected",
        Class::Grant => "refused",
        Class::Client | Class::AskingByCode | Class::Asking => "no_flavor_accepted",
        Class::Endpoint => "wrong_endpoint",
    }
}

fn row(
    class: Class,
    fate: CodeFate,
    status: impl Strategy<Value = u16> + 'static,
    body: impl Strategy<Value = String> + 'static,
) -> BoxedStrategy<Reply> {
    let reply = move |(status, body): (u16, String)| Reply {
        class,
        fate,
        answer: Ok(answer(status, &[], body)),
    };
    (status, body).prop_map(reply).boxed()
}

fn token() -> BoxedStrategy<String> {
    select(&[WHOLE, r#"{"access_token":"T","error":null}"#, "access_token=T&token_type=bearer"])
        .prop_map(str::to_owned)
        .boxed()
}

/// A body that tells one of these errors.
fn told(codes: &'static [&'static str]) -> BoxedStrategy<String> {
    let code = select(codes).prop_map(str::to_owned);
    prop_oneof![code.clone().prop_map(error), code.prop_map(|code| format!("error={code}"))].boxed()
}

fn error(code: String) -> String {
    format!(r#"{{"error":"{code}"}}"#)
}

/// A body that tells neither of an error nor of a token.
fn nothing() -> BoxedStrategy<String> {
    let nothing = ["", "[]", "null", "OK", "<html>Sorry</html>", r#"{"error":""}"#, r#"{"a":"b"}"#];
    select(nothing.to_vec()).prop_map(str::to_owned).boxed()
}

const WHOLE: &str = r#"{"access_token":"T","token_type":"Bearer","expires_in":3600}"#;
const CLIENT: &[&str] = &["invalid_client", "unauthorized_client"];
const GRANT: &[&str] = &["invalid_grant", "invalid_scope", "access_denied", "invalid_target"];
const FAULT: &[&str] = &["server_error", "temporarily_unavailable"];
