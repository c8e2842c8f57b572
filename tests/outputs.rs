//! Whatever can be printed or written down of this crate's types, no secret is in it. What a server
//! does to get one shown is in `tests/secrets.rs`, `tests/capture.rs` and `tests/doctor/`.

use std::fmt::{Debug, Display};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use token_exchanger::doctor::{self, Walk};
use token_exchanger::testing::{self, AuthorizationServer, Failure};
use token_exchanger::{
    AuthorizationCode, Callback, CallbackError, CodeVerifier, Flavor, HttpResponse, Secret, Token,
    TokenExchanger, TransportError, TransportErrorKind, from_fn,
};

const ID: &str = "my-client-id";
const SECRET: &str = "S3CRET/t+z=:planted'é\"";
const CODE: &str = "C0DE-planted/4+5";
const STATE: &str = "ST4TE-planted-0123456789";
const KEY: &str = "K3Y-planted-0123456789";

/// All that was printed.
#[derive(Default)]
struct Shown(String);

impl Shown {
    fn debug(&mut self, value: &dyn Debug) {
        self.0 += &format!("{value:?} {value:#?}\n");
    }

    fn both(&mut self, value: &(impl Debug + Display)) {
        self.debug(value);
        self.0 += &format!("{value}\n");
    }

    /// With its serde, which any type but `Token` and `PendingAuthorization` may show.
    fn data(&mut self, value: &(impl Debug + Serialize)) {
        self.debug(value);
        self.0 += &serde_json::to_string(value).expect("JSON");
    }
}

#[test]
fn no_type_shows_a_secret_in_debug_display_or_serde() {
    let mut shown = Shown::default();
    let server = AuthorizationServer::new(ID, SECRET, [Flavor::BASIC_RAW_JSON])
        .token_shape(|token| testing::json(http::StatusCode::OK, &token));
    let builder = || {
        TokenExchanger::builder(ID, "https://as.example/token?api_key=K3Y-planted-0123456789")
            .client_secret(SECRET)
            .authorization_url("https://as.example/authorize")
            .revocation_url("https://as.example/revoke")
            .redirect_uri("https://my.example/callback")
            .scopes(["a", "offline_access"])
            .transport(server.clone())
    };
    shown.debug(&builder());
    let exchanger = builder().build().unwrap();
    shown.debug(&exchanger);

    let authorization = exchanger.authorize().unwrap().state(STATE);
    shown.debug(&authorization);
    let authorization = authorization.start().unwrap();
    let kept = serde_json::to_string(&authorization.pending).unwrap();
    shown.debug(&authorization.pending);
    let called = server.authorize(&authorization.url).unwrap();
    let callback = Callback::parse(&called).unwrap();
    shown.debug(&callback);
    let code = authorization.pending.accept(callback).unwrap();
    shown.debug(&code);

    let call = exchanger.exchange(code).param("assertion", KEY);
    shown.debug(&call);
    let issued = call.send_blocking(|request| server.respond(request)).unwrap();
    shown.debug(&issued);
    shown.debug(&issued.token);
    issued.warnings.iter().for_each(|it| shown.both(it));
    for attempt in &issued.attempts {
        shown.both(attempt);
        shown.0 += &attempt.to_curl();
        shown.data(&attempt.request().unwrap());
        shown.data(&attempt.answer().unwrap());
    }
    shown.data(&issued.report());
    doctor::check_issued(&issued).iter().for_each(|it| shown.data(it));
    doctor::check_report(&issued.report()).iter().for_each(|it| shown.both(it));

    let echo = format!(
        r#"{{"error":"invalid_grant","error_description":{},"hint":"{}"}}"#,
        serde_json::to_string(&format!("{SECRET} {CODE} {KEY}")).unwrap(),
        STANDARD.encode(format!("{ID}:{SECRET}"))
    );
    server.fail_always(Failure::Respond(testing_answer(400, &echo)));
    shown.debug(&Failure::Respond(testing_answer(400, &echo)));
    let code = || AuthorizationCode::unchecked(CODE).verifier(CodeVerifier::from_bytes([7; 32]));
    let call = exchanger.exchange(code()).param("assertion", KEY);
    let error = call.send_blocking(|request| server.respond(request)).unwrap_err();
    shown.both(&error);
    shown.debug(error.kind());
    error.attempts().iter().for_each(|it| shown.0 += &it.to_curl());
    shown.data(&error.report());
    doctor::check_error(&error).iter().for_each(|it| shown.data(it));
    shown.debug(&AuthorizationServer::replay(&error.report()));

    // Of a refresh the code is no secret that anyone could know.
    server.fail_always(Failure::Respond(testing_answer(
        400,
        &echo.replace(CODE, "").replace(KEY, ""),
    )));
    let token = || issued.token.clone();
    let api = || http::Request::get(format!("https://api.example/api?key={KEY}")).body(Vec::new());
    let walk = || Walk::new(&exchanger).token(token()).api(api().unwrap());
    shown.debug(&walk());
    let walked = walk()
        .refresh(|token| Err(token.access_token.expose().into()))
        .run_blocking(|request| server.respond(request));
    shown.data(&walked.report);
    shown.both(&walked.report);
    shown.debug(&walked);
    let detection = doctor::detect_blocking(&exchanger, |request| server.respond(request));
    shown.data(&detection);
    shown.both(&detection);
    server.recover();
    let walked = walk().refresh(|_| Ok(())).run_blocking(|request| server.respond(request));
    shown.data(&walked.report);
    shown.both(&walked.report);
    let refreshed = walked.token.unwrap();

    let curl = format!(
        "curl https://as.example/other -u '{ID}:{KEY}' -d grant_type=authorization_code -d code={CODE}"
    );
    doctor::compare(&curl, &exchanger).unwrap().iter().for_each(|it| shown.data(it));
    let cut = format!("curl 'https://as.example/token -d client_secret={KEY} -d code={CODE}");
    shown.both(&doctor::compare(&cut, &exchanger).unwrap_err());
    let denied = format!(
        "https://my.example/callback?error=x&error_description={STATE}&state={STATE}&code={CODE}"
    );
    doctor::check_callback(&denied).iter().for_each(|it| shown.data(it));
    let pasted = AuthorizationCode::unchecked(format!("'code={CODE}%2F "));
    doctor::check_code(&pasted).iter().for_each(|it| shown.data(it));
    let url = format!("{}#{STATE}", authorization.url);
    let page = format!("invalid redirect_uri {STATE} {CODE}");
    let status = http::StatusCode::BAD_REQUEST;
    doctor::check_browser(&url, status, &page).iter().for_each(|it| shown.data(it));
    doctor::check_exchanger(&exchanger).iter().for_each(|it| shown.data(it));

    shown.debug(&server);
    shown.debug(&Secret::from(SECRET));
    shown.debug(&CodeVerifier::from_bytes([7; 32]));
    shown.both(&CallbackError::StateMismatch);
    let repeated = Callback::parse(&format!("code={CODE}&code={CODE}")).unwrap_err();
    shown.both(&repeated);
    let spaced = builder().client_secret(format!(" {SECRET}")).build().unwrap_err();
    shown.both(&spaced);
    shown.both(&doctor::check_config_error(&spaced));
    let mut request = http::Request::get("http://api.example/").body(()).unwrap();
    shown.both(&exchanger.apply(&issued.token, &mut request).unwrap_err());
    shown.both(&exchanger.refresh(&Token::bearer(KEY)).unwrap_err());
    shown.both(&TransportError::new(TransportErrorKind::Timeout, "slow"));
    shown.debug(&from_fn(async |_| Ok(HttpResponse::default())));

    let mut secrets = vec!["S3CRET".to_owned(), "planted".to_owned(), "BwcHBwcHBw".to_owned()];
    secrets.push(STANDARD.encode(format!("{ID}:{SECRET}"))[8..40].to_owned());
    let kept: serde_json::Value = serde_json::from_str(&kept).unwrap();
    secrets.extend(kept["verifier"].as_str().map(str::to_owned));
    for token in [&issued.token, &refreshed] {
        secrets.push(token.access_token.expose().to_owned());
        secrets.push(token.refresh_token.as_ref().unwrap().expose().to_owned());
    }
    assert!(secrets.iter().all(|secret| secret.len() > 5), "{}", secrets.len());
    for secret in secrets {
        let at = shown.0.find(&secret);
        let around = at.map(|at| shown.0[..at].chars().rev().take(300).collect::<String>());
        let around = around.map(|it| it.chars().rev().collect::<String>());
        assert_eq!(around, None, "{secret} is shown after this");
    }
}

fn testing_answer(status: u16, body: &str) -> HttpResponse {
    let body = body.as_bytes().to_vec();
    http::Response::builder().status(status).body(body).expect("a response")
}
