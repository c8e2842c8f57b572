//! Plays the vectors of how a token is used.

use std::time::{Duration, SystemTime};

use http::{HeaderMap, HeaderName, Request};
use serde_json::{Value, json};
use token_exchanger::{
    Application, Conventions, Policy, Token, TokenExchanger, TokenPlace, from_fn,
};
use url::Url;

use super::compared::refused;
use super::setup::{text_of, token};
use crate::check::Differences;
use crate::names;

pub(super) fn differences(vector: &Value, expect: &Value, policy: Policy) -> (String, Vec<String>) {
    let mut differences = Differences(Vec::new());
    let d = &mut differences;
    let came = match vector["op"].as_str().unwrap_or_default() {
        "is_expired" => is_expired(d, vector, expect),
        _ => apply_token(d, vector, expect, policy),
    };
    (came, differences.0)
}

fn is_expired(d: &mut Differences, vector: &Value, expect: &Value) -> String {
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(2_000_000_000);
    let margin = &vector["config"]["refresh_margin_s"];
    let margin = Duration::from_secs_f64(margin.as_f64().unwrap_or_default());
    let mut token = Token::bearer("a");
    token.expires_at = vector["input"]["seconds_left"].as_f64().map(|left| {
        let distance = Duration::from_secs_f64(left.abs());
        if left < 0.0 { now - distance } else { now + distance }
    });
    let came = token.expires_within(margin, now);
    d.equal("kind", &expect["kind"], &json!("bool"));
    d.equal("value", &expect["value"], &json!(came));
    came.to_string()
}

fn apply_token(d: &mut Differences, vector: &Value, expect: &Value, policy: Policy) -> String {
    let (config, input) = (&vector["config"], &vector["input"]);
    let mut conventions = Conventions::default();
    conventions.apply = application(config);
    let exchanger = TokenExchanger::builder("id", "https://as.example/token")
        .conventions(conventions)
        .policy(policy)
        .transport(from_fn(async |_| unreachable!("nothing is sent")));
    let exchanger = match exchanger.build() {
        Ok(exchanger) => exchanger,
        Err(error) => {
            refused(d, expect, names::config(&error));
            return error.to_string();
        }
    };
    let token = token(vector);
    let url = input["url"].as_str().unwrap_or("https://api.example/x");
    let mut headers = HeaderMap::new();
    for (name, value) in input["headers"].as_object().into_iter().flatten() {
        let name = name.parse::<HeaderName>().expect("a name");
        headers.insert(name, text_of(value).parse().expect("a value"));
    }
    let mut request = Request::get(url).body(()).expect("a request");
    *request.headers_mut() = headers.clone();
    let mut parsed = Url::parse(url).expect("a URL");
    let result = exchanger.apply(&token, &mut request);
    let same = exchanger.apply_to(&token, &mut parsed, &mut headers);
    d.hold(result == same && *request.headers() == headers, || {
        format!("apply gives {result:?}, apply_to {same:?}")
    });
    match result {
        Ok(()) => {
            d.equal("kind", &expect["kind"], &json!("request"));
            let wanted = &expect["request"];
            for (name, wanted) in wanted["headers"].as_object().into_iter().flatten() {
                let came = request.headers().get(name).and_then(|it| it.to_str().ok());
                d.equal(name, wanted, &json!(came));
            }
            if let Some(wanted) = wanted["url"].as_str() {
                let wanted = Url::parse(wanted).expect("a URL");
                d.equal("url", &json!(wanted.as_str()), &json!(parsed.as_str()));
                let came = request.uri().to_string();
                let same = Url::parse(&came).is_ok_and(|came| came == wanted);
                d.hold(same, || format!("url: {came}"));
            }
        }
        Err(error) => {
            refused(d, expect, &[names::apply(error)]);
        }
    }
    format!("{result:?} {parsed} {headers:?}")
}

/// Where the token goes.
fn application(config: &Value) -> Application {
    let mut apply = Application::default();
    let text = |name: &str| config[name].as_str().map(ToOwned::to_owned);
    apply.place = match config["placement"].as_str() {
        None | Some("header") => TokenPlace::Header,
        Some("uri" | "url" | "query") => TokenPlace::Query,
        Some(other) => panic!("no token is put into a request by `{other}`"),
    };
    apply.name = text("param").or_else(|| text("header"));
    if apply.place == TokenPlace::Query && apply.name.is_none() {
        apply.name = Some("access_token".to_owned());
    }
    apply.template = text("template").or_else(|| {
        let scheme = text("scheme").filter(|scheme| !scheme.eq_ignore_ascii_case("bearer"))?;
        Some(format!("{scheme} {{token}}"))
    });
    apply
}
