//! What holds of every request, whatever the client and whatever is asked.

#[path = "support/decoders.rs"]
mod decoders;
#[path = "support/inputs.rs"]
mod inputs;
mod support;

use std::collections::HashSet;
use std::time::Duration;

use decoders::{basic, by_form, by_url, needs_no_decoding, pairs};
use inputs::{any_client, asked, client, flavor, is_invisible, settings, text};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::Value;
use support::{body, header};
use token_exchanger::{
    BodyEncoding, ClientAuth, Flavor, HttpRequest, TokenExchanger, TokenExchangerBuilder, from_fn,
};

proptest! {
    #![proptest_config(settings(256))]

    #[test]
    fn what_a_form_says_every_decoder_reads_back_once(client in any_client(), asked in asked()) {
        let exchanger = asked.exchanger(client.builder());
        for flavor in client.flavors().filter(|it| it.encoding == BodyEncoding::Form) {
            let request = asked.call(&exchanger).flavor(flavor).request();
            let written = asked.written(&client, flavor);
            let pairs = pairs(body(&request));

            let names = pairs.iter().map(|(name, _)| name).collect::<HashSet<_>>();
            prop_assert_eq!(names.len(), pairs.len());
            prop_assert!(pairs.iter().all(|(name, value)| !name.is_empty() && !value.is_empty()));
            prop_assert_eq!(decoded(&pairs, by_form), &written[..]);
            prop_assert_eq!(decoded(&pairs, by_url), &written[..]);
            for ((name, value), (plain_name, plain_value)) in pairs.into_iter().zip(&written) {
                prop_assert!(name == plain_name || !needs_no_decoding(plain_name));
                prop_assert!(value == plain_value || !needs_no_decoding(plain_value));
            }
        }
    }

    #[test]
    fn what_json_says_every_reader_reads_back_and_finds_sorted(
        client in any_client(),
        asked in asked(),
    ) {
        let exchanger = asked.exchanger(client.builder());
        for flavor in client.flavors().filter(|it| it.encoding == BodyEncoding::Json) {
            let request = asked.call(&exchanger).flavor(flavor).request();
            let mut written = asked.written(&client, flavor);
            written.sort();

            let members = written.iter().map(|(name, value)| (name.clone(), Value::from(&**value)));
            let members = Value::Object(members.collect());
            prop_assert_eq!(serde_json::from_str::<Value>(body(&request)).unwrap(), members);
            let text = |text: &str| serde_json::to_string(text).unwrap();
            let members = written.iter().map(|(name, value)| text(name) + ":" + &text(value));
            let members = members.collect::<Vec<_>>().join(",");
            prop_assert_eq!(body(&request), format!("{{{members}}}"));
        }
    }

    #[test]
    fn a_basic_header_gives_every_server_of_its_kind_the_credentials(
        client in any_client(),
        asked in asked(),
    ) {
        let exchanger = asked.exchanger(client.builder());
        let credentials = (client.id.clone(), client.secret.clone());
        for flavor in client.flavors() {
            let request = asked.call(&exchanger).flavor(flavor).request();
            let halves = basic(&request);
            let read = |decode: fn(&str) -> String| {
                halves.as_ref().map(|(id, secret)| (decode(id), decode(secret)))
            };
            match flavor.auth {
                ClientAuth::Basic => {
                    prop_assert_eq!(read(by_form), Some(credentials.clone()));
                    prop_assert_eq!(read(by_url), Some(credentials.clone()));
                    if needs_no_decoding(&client.id) && needs_no_decoding(&client.secret) {
                        prop_assert_eq!(halves, Some(credentials.clone()));
                    }
                }
                ClientAuth::BasicRaw => {
                    prop_assert_eq!(halves, Some(credentials.clone()));
                }
                _ => prop_assert_eq!(halves, None),
            }
        }
    }

    #[test]
    fn credentials_stand_in_one_place_only_and_no_header_is_left_over(
        client in client(),
        asked in asked(),
    ) {
        let exchanger = asked.exchanger(client.builder());
        for flavor in client.flavors() {
            let request = asked.call(&exchanger).flavor(flavor).request();
            let names = names_in(&request);
            let in_header = matches!(flavor.auth, ClientAuth::Basic | ClientAuth::BasicRaw);
            let in_body = ["client_id", "client_secret"].map(|it| names.contains(&it.to_owned()));
            prop_assert!(!(in_header && in_body.contains(&true)));
            prop_assert!(!(flavor.auth == ClientAuth::None && in_body[1]));

            let content_type = match flavor.encoding {
                BodyEncoding::Form => "application/x-www-form-urlencoded",
                _ => "application/json",
            };
            prop_assert_eq!(request.method(), "POST");
            prop_assert_eq!(request.uri(), "https://as.example/token");
            prop_assert_eq!(header(&request, "content-type"), Some(content_type));
            prop_assert_eq!(header(&request, "accept"), Some("application/json"));
            prop_assert_eq!(request.headers().len(), 2 + usize::from(in_header));
            let authorization = request.headers().get("authorization");
            prop_assert!(authorization.is_none_or(|value| value.is_sensitive()));
        }
    }

    #[test]
    fn a_flavor_is_recognised_by_every_request_that_it_wrote(
        client in any_client(),
        asked in asked(),
    ) {
        let exchanger = asked.exchanger(client.builder());
        for flavor in client.flavors() {
            let request = asked.call(&exchanger).flavor(flavor).request();
            let sends = |name: &str| asked.written(&client, flavor).iter().any(|it| it.0 == name);
            let auth = match flavor.auth {
                ClientAuth::BasicRaw if looks_encoded(&client.id, &client.secret) => {
                    Some(ClientAuth::Basic)
                }
                ClientAuth::Basic | ClientAuth::BasicRaw => Some(flavor.auth),
                // What a parameter set to nothing is not there to be recognised.
                _ if sends("client_secret") => Some(ClientAuth::Body),
                _ => sends("client_id").then_some(ClientAuth::None),
            };
            let expected = auth.map(|auth| Flavor { auth, ..flavor });
            prop_assert_eq!(Flavor::of(&request), expected);
        }
    }

    #[test]
    fn a_text_is_a_flavor_if_it_is_the_name_of_one(
        name in prop_oneof![
            "(basic|body|basic-raw|none|Basic|)[+ -]{0,2}(form|json|Form|)",
            flavor().prop_map(|flavor| flavor.to_string()),
            text(),
        ],
    ) {
        let known = Flavor::ALL.into_iter().chain(Flavor::PUBLIC);
        let known = known.into_iter().find(|flavor| flavor.to_string() == name);
        prop_assert_eq!(name.parse().ok(), known);
        prop_assert_eq!(serde_json::from_value(name.clone().into()).ok(), known);
        if let Some(flavor) = known {
            prop_assert_eq!(serde_json::to_value(flavor).unwrap(), name);
        }
    }

    #[test]
    fn mending_what_build_names_ends_in_an_exchanger(mut configuration in configuration()) {
        let allowed = |it: &str| it.len() <= 65_536 && it.trim_matches(is_invisible) == it;
        let (id, secret) = (&configuration.id, &configuration.secret);
        let fit = !id.is_empty() && allowed(id) && allowed(secret);
        let mut named = Vec::new();
        while let Err(error) = configuration.clone().builder().build() {
            let text = error.to_string();
            let field = text.split(' ').next().unwrap_or_default().to_owned();
            prop_assert!(configuration.mend(&field), "{} cannot be mended", text);
            prop_assert!(!named.contains(&field), "{} was mended before", text);
            named.push(field);
        }
        let blamed = named.iter().any(|field| field == "client_id" || field == "client_secret");
        prop_assert_eq!(blamed, !fit);
    }

    #[test]
    fn a_token_url_that_is_taken_leads_to_the_host_that_it_shows(url in url()) {
        let builder = TokenExchanger::builder("id", &*url).danger_allow_http();
        let builder = builder.transport(from_fn(async |_| unreachable!("nothing is sent")));
        let Ok(exchanger) = builder.build() else { return Ok(()) };
        let uri = exchanger.exchange(support::code()).request().uri().clone();

        let (scheme, rest) = url.split_once("://").expect("an absolute URL");
        prop_assert_eq!(uri.scheme_str().unwrap(), scheme.to_lowercase());
        let shown = rest.split(['/', '?']).next().unwrap_or_default().to_lowercase();
        let shown = shown.rsplit_once(':').map_or(&*shown, |(host, _)| host);
        if !shown.is_ascii() {
            prop_assert!(uri.host().unwrap().contains("xn--"), "{}", uri);
        } else if !shown.starts_with('[') {
            prop_assert_eq!(uri.host(), Some(shown));
        }
    }
}

fn decoded(pairs: &[(&str, &str)], decode: fn(&str) -> String) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| (decode(name), decode(value))).collect()
}

fn names_in(request: &HttpRequest) -> Vec<String> {
    match serde_json::from_str::<Value>(body(request)) {
        Ok(Value::Object(members)) => members.into_iter().map(|(name, _)| name).collect(),
        _ => pairs(body(request)).into_iter().map(|(name, _)| by_url(name)).collect(),
    }
}

/// Whether some credentials, URL-encoded, look like these: then the header cannot tell.
fn looks_encoded(id: &str, secret: &str) -> bool {
    let (id, rest) = id.split_once(':').unwrap_or((id, secret));
    rest == secret && [id, secret].into_iter().all(|half| is_encoded(half).unwrap_or(false))
}

fn is_encoded(text: &str) -> Option<bool> {
    let mut plain = Vec::new();
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        let length = if character == '%' { 3 } else { character.len_utf8() };
        let (written, tail) = rest.split_at_checked(length)?;
        plain.extend(match written.strip_prefix('%') {
            Some(digits) => vec![u8::from_str_radix(digits, 16).ok()?],
            None => written.bytes().collect(),
        });
        rest = tail;
    }
    let plain = String::from_utf8(plain).ok()?;
    let again = plain.bytes().map(|byte| match byte {
        b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        byte if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    });
    Some(again.collect::<String>() == text)
}

/// A configuration of which anything may be wrong.
#[derive(Clone, Debug)]
struct Configuration {
    id: String,
    secret: String,
    token_url: String,
    redirect_uri: String,
    flavors: Option<Vec<Flavor>>,
    prefer: Option<Flavor>,
    max_attempts: usize,
    seconds: u64,
}

fn configuration() -> impl Strategy<Value = Configuration> {
    let spaced = ("[ \t\u{a0}\u{200b}]{0,1}", text(), "[ \n\u{feff}]{0,1}");
    let spaced = spaced.prop_map(|(before, text, after)| before + &text + &after).boxed();
    let long = (65_534..65_539_usize).prop_map(|length| "a".repeat(length));
    let credential = prop_oneof![20 => spaced, 1 => long].boxed();
    (
        credential.clone(),
        prop_oneof![3 => credential, 1 => Just(String::new())],
        prop_oneof![url(), Just(URL.to_owned())],
        prop_oneof![url(), text(), Just(String::new())],
        option::of(vec(flavor(), 0..4)),
        option::of(flavor()),
        0..3_usize,
        0..3_u64,
    )
        .prop_map(
            |(id, secret, token_url, redirect_uri, flavors, prefer, max_attempts, seconds)| {
                Configuration {
                    id,
                    secret,
                    token_url,
                    redirect_uri,
                    flavors,
                    prefer,
                    max_attempts,
                    seconds,
                }
            },
        )
}

impl Configuration {
    fn builder(self) -> TokenExchangerBuilder {
        let mut builder = TokenExchanger::builder(self.id, self.token_url)
            .client_secret(self.secret)
            .redirect_uri(self.redirect_uri)
            .max_attempts(self.max_attempts)
            .time_limit(Duration::from_secs(self.seconds))
            .transport(from_fn(async |_| unreachable!("nothing is sent")));
        if let Some(flavors) = self.flavors {
            builder = builder.flavors(flavors);
        }
        if let Some(flavor) = self.prefer {
            builder = builder.prefer(flavor);
        }
        builder
    }

    /// Puts the named field right; whether there is such a field.
    fn mend(&mut self, field: &str) -> bool {
        match field {
            "client_id" => self.id = "id".to_owned(),
            "client_secret" => self.secret = "secret".to_owned(),
            "token_url" => self.token_url = URL.to_owned(),
            "redirect_uri" => self.redirect_uri = URL.to_owned(),
            "flavors" => self.flavors = None,
            "prefer" => self.prefer = None,
            "max_attempts" => self.max_attempts = 1,
            "time_limit" => self.seconds = 1,
            _ => return false,
        }
        true
    }
}

/// What may look like a URL.
fn url() -> impl Strategy<Value = String> {
    let mostly = |one: &'static str, others: &'static [&'static str]| prop_oneof![4 => Just(one), 1 => select(others)];
    let host = prop_oneof![
        "[a-z0-9.-]{1,8}",
        "[a-zA-Z.éßⓔｅ%4_1]{1,6}",
        select(&["as.example", "127.0.0.1", "[::1]", "0x7f000001", "127.1", "1.1.1.1.", "[", ""])
            .prop_map(str::to_owned),
    ];
    (
        mostly("https", &["http", "HTTPS", "ftp", "data", "", " https", "ht\ttps", "é"]),
        mostly("://", &[":", ":/", ":///", ":\\\\", ""]),
        mostly("", &["user@", "user:password@", "@", "as.example\\@"]),
        host,
        mostly("", &[":443", ":8443", ":", ":x", ":99999"]),
        prop_oneof!["", "/token", "/[a-z/?&=%.#@:\\\\ ]{0,8}", text()],
    )
        .prop_map(|(scheme, slashes, user, host, port, rest)| {
            [scheme, slashes, user, &host, port, &rest].concat()
        })
}

const URL: &str = "https://as.example/token";
