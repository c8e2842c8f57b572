//! The masker: nothing that was sent is shown again, however the server writes it.

use std::ops::ControlFlow;

use token_exchanger::HttpRequest;

use super::echo::{self, Within};
use super::exposure::{self, assert_hidden, assert_printable};
use super::scene::{Answer, CODE, PARAM, Scene, VERIFIER, call, start};

/// Plays a scene whose answers echo what was sent, in templates as in `echo.rs`.
///
/// # Panics
///
/// If a promise is broken.
pub fn masker(input: &[u8]) {
    let scene = Scene::read(input);
    let secrets: Vec<_> =
        scene.client.secret().into_iter().chain([CODE, VERIFIER, PARAM]).collect();
    // What was not sent cannot be told from any other text, also if an echo of nothing joins it.
    let typed = String::from_utf8_lossy(input);
    let joined = echo::fill(&typed, Within::Text, |_| None);
    if [&*typed, &*joined].iter().any(|text| exposure::found(&secrets, text).is_some()) {
        return;
    }
    let exchanger = scene.exchanger();
    let mut next = call(&exchanger);
    let mut shown = format!("{exchanger:?} {next:?}");
    let mut now = start();
    for turn in 0.. {
        let request = next.request();
        shown += &format!(" {:?}", request.headers());
        let answer = filled(scene.answer(turn), &request, scene.client.secret());
        let sent = now;
        now += scene.pace;
        match next.receive(answer.give(), sent, now) {
            ControlFlow::Continue(call) => next = call,
            ControlFlow::Break(Ok(issued)) => {
                shown += &exposure::of_issued(&issued);
                break;
            }
            ControlFlow::Break(Err(error)) => {
                assert_printable(&error);
                shown += &exposure::of_error(&error);
                break;
            }
        }
    }
    assert_hidden(&secrets, &shown);
}

fn filled(answer: &Answer, request: &HttpRequest, secret: Option<&str>) -> Answer {
    let sent = String::from_utf8_lossy(request.body()).into_owned();
    let header = request.headers().get("authorization");
    let header = header.map(|value| value.to_str().expect("a Basic header").to_owned());
    let what = |name: &str| match name {
        "secret" => secret,
        "code" => Some(CODE),
        "verifier" => Some(VERIFIER),
        "param" => Some(PARAM),
        "header" => header.as_deref(),
        "body" => Some(&*sent),
        _ => None,
    };
    let body = String::from_utf8_lossy(&answer.body);
    let within = if answer.end.is_ok() { Within::body(&body) } else { Within::Text };
    let headers = answer.headers.iter().map(|(name, value)| {
        let value = echo::fill(&String::from_utf8_lossy(value), Within::Text, what);
        (name.clone(), value.into_bytes())
    });
    Answer {
        end: answer.end,
        headers: headers.collect(),
        body: echo::fill(&body, within, what).into_bytes(),
    }
}
