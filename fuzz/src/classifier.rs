//! The classifier: what a call does after each answer, and what it says in the end.

use std::ops::ControlFlow;
use std::time::Duration;

use token_exchanger::{
    CallError, CallErrorKind, CodeFate, Flavor, HttpRequest, Issued, Outcome, Policy,
    TokenExchanger,
};

use super::exposure::assert_printable;
use super::scene::{Answer, PARAM, Scene, call, start};
use super::table::{Asked, Row, Sure, Then};

/// Plays a scene, by hand and by a blocking closure.
///
/// # Panics
///
/// If a promise is broken.
pub fn classifier(input: &[u8]) {
    let scene = Scene::read(input);
    let exchanger = scene.exchanger();
    let order = exchanger.flavors();
    let (walk, end) = Walk::play(&scene, &exchanger);
    walk.check_requests(&scene, &order);
    match &end {
        Ok(issued) => walk.check_issued(issued, &exchanger),
        Err(error) => walk.check_error(&scene, error),
    }
    check_order(&scene, &order, &exchanger.flavors());
    check_blocking(&scene, &walk, &end);
    if let Err(error) = end {
        check_code(&scene, error);
    }
}

/// What happened in a call.
struct Walk<'s> {
    requests: Vec<HttpRequest>,
    answers: Vec<&'s Answer>,
    /// What each answer means, where that is certain.
    sure: Vec<Option<Sure>>,
    /// Whether time or attempts had run out after the last answer.
    at_limit: bool,
}

impl<'s> Walk<'s> {
    fn play(scene: &'s Scene, exchanger: &TokenExchanger) -> (Self, Result<Issued, CallError>) {
        let mut walk =
            Self { requests: Vec::new(), answers: Vec::new(), sure: Vec::new(), at_limit: false };
        let mut left = exchanger.flavors();
        let mut exact = true;
        let mut next = call(exchanger);
        let mut now = start();
        loop {
            assert!(!left.is_empty(), "more attempts than flavors");
            let request = next.request();
            if exact {
                let pinned = call(exchanger).flavor(left[0]).request();
                assert_eq!(bytes(&request), bytes(&pinned), "another flavor than {}", left[0]);
            }
            let answer = scene.answer(walk.answers.len());
            let asked = Asked { policy: scene.policy, client: scene.client, flavor: left[0] };
            let sure = if exact { Sure::of(answer, asked) } else { None };
            let sent = now;
            now += scene.pace;
            walk.requests.push(request);
            walk.answers.push(answer);
            walk.sure.push(sure);
            let flow = next.receive(answer.give(), sent, now);

            left.remove(0);
            match sure.map(|sure| sure.then) {
                Some(Then::NextWithout(encoding)) => left.retain(|it| it.encoding != encoding),
                Some(_) => {}
                // From here on, a careful call may have left out flavors.
                None => exact &= scene.policy == Policy::Exhaustive,
            }
            let out_of_time = now >= start() + Duration::from_secs(30);
            walk.at_limit =
                out_of_time || scene.max_attempts.is_some_and(|most| walk.answers.len() >= most);
            let over = walk.at_limit || left.is_empty();
            match flow {
                ControlFlow::Continue(call) => {
                    assert!(!over, "goes on after its last flavor, attempt or moment");
                    let stops = sure.filter(|sure| sure.then == Then::Stop);
                    assert!(stops.is_none(), "goes on after {stops:?}");
                    next = call;
                }
                ControlFlow::Break(end) => {
                    let goes_on = sure.filter(|sure| sure.then != Then::Stop && !over);
                    assert!(goes_on.is_none(), "stops after {goes_on:?}");
                    return (walk, end);
                }
            }
        }
    }

    fn check_requests(&self, scene: &Scene, order: &[Flavor]) {
        assert!(self.requests.len() <= order.len());
        assert!(scene.max_attempts.is_none_or(|most| self.requests.len() <= most));
        for (turn, request) in self.requests.iter().enumerate() {
            assert_eq!(request.uri(), "https://as.example/token?v=2");
            let mut earlier = self.requests[..turn].iter();
            let repeated = earlier.any(|earlier| bytes(earlier) == bytes(request));
            assert!(scene.policy == Policy::Exhaustive || !repeated, "the same bytes twice");
        }
    }

    fn check_issued(&self, issued: &Issued, exchanger: &TokenExchanger) {
        let (last, earlier) = issued.attempts.split_last().expect("an attempt");
        assert_eq!(issued.attempts.len(), self.answers.len());
        assert_eq!((last.flavor, &last.outcome), (issued.flavor, &Outcome::Accepted));
        assert!(earlier.iter().all(|attempt| attempt.outcome != Outcome::Accepted));
        let sure = self.sure.last().copied().flatten();
        assert!(sure.is_none_or(|sure| sure.row == Row::Token), "a token by {sure:?}");
        assert_eq!(issued.token.flavor, Some(issued.flavor));
        assert_eq!(exchanger.learned(), Some(issued.flavor));
        assert_eq!(exchanger.flavors()[0], issued.flavor);
    }

    fn check_error(&self, scene: &Scene, error: &CallError) {
        assert_eq!(error.attempts().len(), self.answers.len());
        for (attempt, answer) in error.attempts().iter().zip(&self.answers) {
            assert_eq!(attempt.status(), answer.end.ok());
            assert_eq!(attempt.elapsed, scene.pace);
            match (&attempt.outcome, answer.end) {
                (Outcome::Answered { status, .. }, end) => assert_eq!(Ok(*status), end),
                (Outcome::Unanswered(kind), end) => assert_eq!(Err(*kind), end),
                (outcome, _) => panic!("{outcome:?} in an error"),
            }
        }
        assert_printable(error);
        self.check_fate(error);
        self.check_kind(error);
        assert!(error.untried().is_empty() || self.at_limit);
        let waits = error.retry_after();
        assert!(waits.is_none() || matches!(error.kind(), CallErrorKind::Unavailable { .. }));
        assert_eq!(error.needs_reauthorization(), error.code_fate() == CodeFate::Spent);
    }

    fn check_fate(&self, error: &CallError) {
        let fates = self.sure.iter().flatten().map(|sure| sure.fate);
        let worst = fates.max().unwrap_or(CodeFate::Unsent);
        assert!(error.code_fate() >= worst, "better than {worst:?}: {error}");
        if self.sure.iter().all(Option::is_some) {
            assert_eq!(error.code_fate(), worst, "{error}");
        }
    }

    fn check_kind(&self, error: &CallError) {
        let Some(sure) = self.sure.iter().copied().collect::<Option<Vec<_>>>() else { return };
        let last = sure.len() - 1;
        let redirect = |answer: &&Answer| answer.end.is_ok_and(|status| status.is_redirection());
        let (headline, kind) = if sure[last].then == Then::Stop {
            (last, sure[last].kind)
        } else {
            let first = (0..=last).min_by_key(|&at| sure[at].rank()).unwrap_or(last);
            let moved = self.answers.iter().all(redirect);
            (first, if moved { "redirected" } else { sure[first].kind })
        };
        assert_eq!(error.kind().to_string(), kind, "{error}");
        assert!(std::ptr::eq(error.headline(), &error.attempts()[headline]), "{error}");

        let waits = self.answers[headline].header("retry-after");
        let [wait] = waits[..] else { return };
        let seconds = wait.parse::<u16>().ok().filter(|_| wait.bytes().all(|b| b.is_ascii_digit()));
        if let (CallErrorKind::Unavailable { retry_after, .. }, Some(seconds)) =
            (error.kind(), seconds)
        {
            assert_eq!(*retry_after, Some(Duration::from_secs(seconds.into())));
        }
    }
}

/// What is learned changes the order, and neither adds nor loses a way of asking.
fn check_order(scene: &Scene, before: &[Flavor], after: &[Flavor]) {
    let sorted = |order: &[Flavor]| {
        let mut names: Vec<_> = order.iter().map(ToString::to_string).collect();
        names.sort();
        names
    };
    if scene.policy == Policy::Exhaustive {
        assert_eq!(sorted(before), sorted(after));
    }
    assert_eq!(before.len(), after.len());
}

/// A closure that blocks drives the same call.
fn check_blocking(scene: &Scene, walk: &Walk<'_>, end: &Result<Issued, CallError>) {
    // Its clock is the real one.
    let slow = scene.pace > Duration::from_secs(1);
    let dated = walk.answers.iter().flat_map(|answer| answer.header("retry-after"));
    if slow || dated.into_iter().any(|wait| wait.parse::<u64>().is_err()) {
        return;
    }
    let mut requests = Vec::new();
    let blocking = call(&scene.exchanger()).send_blocking(|request| {
        requests.push(request);
        scene.answer(requests.len() - 1).give()
    });
    let all = |requests: &[HttpRequest]| requests.iter().map(bytes).collect::<Vec<_>>();
    assert_eq!(all(&requests), all(&walk.requests));
    match (end, &blocking) {
        (Ok(one), Ok(other)) => assert_eq!(one.warnings, other.warnings),
        (Err(one), Err(other)) => assert_eq!(one.to_string(), other.to_string()),
        _ => panic!("{end:?} by hand, {blocking:?} by a closure"),
    }
}

/// The code comes back whole, where it may be used again and nowhere else.
fn check_code(scene: &Scene, error: CallError) {
    let usable = matches!(error.code_fate(), CodeFate::Unsent | CodeFate::ProbablyLive);
    let code = error.into_code();
    assert_eq!(code.is_some(), usable);
    let Some(code) = code else { return };
    let exchanger = scene.exchanger();
    let again = exchanger.exchange(code).param("client_assertion", PARAM);
    assert_eq!(bytes(&again.request()), bytes(&call(&exchanger).request()));
}

fn bytes(request: &HttpRequest) -> (Option<Vec<u8>>, Vec<u8>) {
    let header = request.headers().get("authorization");
    (header.map(|value| value.as_bytes().to_vec()), request.body().clone())
}
