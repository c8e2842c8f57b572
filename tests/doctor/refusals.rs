//! How real servers word their refusals, and the one cause that each tells.

use token_exchanger::doctor::FindingKind::{self, *};
use token_exchanger::testing::{AuthorizationServer, Failure};
use token_exchanger::{
    AuthorizationCode, Flavor, HttpRequest, HttpResponse, Token, TokenExchanger,
};

use crate::{
    PLAIN, PROBLEM, RISK, TOKEN_URL, answer, assert_found, client, conventions, date, diagnose,
    diagnose_by, json, of_error, only, page, value_in,
};

/// Status and body; what it is about; what the remedy names.
type Row = (u16, &'static str, FindingKind, &'static str);

#[rustfmt::skip]
const EXCHANGES: &[Row] = &[
    // The client.
    (401, r#"{"error":"invalid_client","error_description":"Client secret not valid for id. Ensure the secret being sent is the client secret value, not the client secret ID."}"#, ClientSecret, "take the value"),
    (401, r#"{"error":"invalid_client","error_description":"The provided client secret keys are expired."}"#, ClientSecret, "make a new secret"),
    (401, r#"{"error":"invalid_client","error_description":"The OAuth client was not found."}"#, ClientId, "copy the client id"),
    (401, r#"{"errorCode":"invalid_client","errorSummary":"Invalid value for 'client_id' parameter."}"#, ClientId, "token_url"),
    (400, r#"{"error":"unauthorized_client","error_description":"Application with identifier 'x' was not found in the directory"}"#, ClientId, "environment"),
    (401, r#"{"error":"invalid_client","error_description":"Client authentication failed due to unknown client, no client authentication included, or unsupported authentication method."}"#, ClientSecret, "copy id and secret"),
    (401, r#"{"error":"invalid_client","error_description":"Client authentication failed (e.g., unknown client, no client authentication included, or unsupported authentication method). The requested OAuth 2.0 Client does not exist."}"#, ClientId, "copy the client id"),
    (401, r#"{"error":"invalid_client","error_description":"Client is public so neither 'client_assertion' nor 'client_secret' should be presented."}"#, ClientSecret, "leave client_secret out"),
    (401, r#"{"error":"access_denied","error_description":"Unauthorized"}"#, ClientSecret, "copy id and secret"),
    (401, "", ClientSecret, "copy id and secret"),
    (403, "", ClientSecret, "copy id and secret"),
    (403, r#"{"message":"Forbidden"}"#, Unknown, "curl command"),
    (401, r#"{"message":"No API key found in request"}"#, Header, "conventions.headers"),
    (403, r#"{"error":"unauthorized_client","error_description":"Client not enabled to retrieve service account"}"#, GrantType, "authorization codes"),
    (200, r#"{"error":"incorrect_client_credentials","error_description":"The client_id and/or client_secret passed are incorrect."}"#, ClientSecret, "copy id and secret"),
    (200, r#"{"ok":false,"error":"bad_client_secret"}"#, ClientSecret, "copy id and secret"),
    (200, r#"{"ok":false,"error":"invalid_client_id"}"#, ClientId, "copy the client id"),
    (400, r#"{"error":{"message":"Error validating client secret.","type":"OAuthException","code":1}}"#, ClientSecret, "copy id and secret"),
    (400, r#"{"status":"BAD_CLIENT_ID","message":"missing or unknown client id"}"#, ClientId, "copy the client id"),
    (403, r#"{"error":"unauthorized_client","error_description":"Grant type 'authorization_code' not allowed for the client."}"#, GrantType, "authorization codes"),

    // The redirect URI.
    (400, r#"{"error":"redirect_uri_mismatch","error_description":"Bad Request"}"#, RedirectUri, "set redirect_uri"),
    (200, r#"{"error":"redirect_uri_mismatch","error_description":"The redirect_uri MUST match the registered callback URL for this application."}"#, RedirectUri, "register this very URI"),
    (200, r#"{"ok":false,"error":"bad_redirect_uri"}"#, RedirectUri, "set redirect_uri"),
    (400, r#"{"error":"invalid_grant","error_description":"Invalid \"redirect_uri\" in request."}"#, RedirectUri, "set redirect_uri"),
    (400, r#"{"error":"invalid_grant","error_description":"The 'redirect_uri' does not match the redirection URI used in the authorization request."}"#, RedirectUri, "set redirect_uri"),
    (403, r#"{"error":"unauthorized_client","error_description":"The redirect URI is wrong. You sent https://a.example, and we expected https://b.example"}"#, RedirectUri, "set redirect_uri"),
    (401, r#"{"error":"invalid_client","error_description":"The reply address 'https://a.example' does not match the reply address 'https://b.example' provided when requesting Authorization code."}"#, RedirectUri, "set redirect_uri"),
    (400, r#"{"error":{"message":"Error validating verification code. Please make sure your redirect_uri is identical to the one you used in the OAuth dialog request","type":"OAuthException","code":100}}"#, RedirectUri, "set redirect_uri"),
    (400, r#"{"error":"invalid_request","error_description":"Value passed for the redirect uri did not match the uri of the authorization code."}"#, RedirectUri, "set redirect_uri"),
    (400, r#"{"error":"invalid_redirect_uri","error_description":"Unable to retrieve access token: appid/redirect uri/code verifier does not match authorization code. Or authorization code expired."}"#, RedirectUri, "set redirect_uri"),

    // The code.
    (400, r#"{"error":"invalid_grant","error_description":"Code not valid"}"#, Code, "authorize again"),
    (400, r#"{"error":"invalid_grant","error_description":"Bad Request"}"#, Code, "compare redirect_uri (https://my.example/callback)"),
    (400, r#"{"error":"invalid_grant","error_description":"The authorization code is invalid or has expired."}"#, Code, "authorize again"),
    (200, r#"{"error":"bad_verification_code","error_description":"The code passed is incorrect or expired."}"#, Code, "authorize again"),
    (200, r#"{"ok":false,"error":"invalid_code"}"#, Code, "authorize again"),
    (200, r#"{"ok":false,"error":"code_already_used"}"#, CodeSpent, "once only"),
    (400, r#"{"error":"invalid_grant","error_description":"The provided authorization grant is invalid, expired, revoked, does not match the redirection URI used in the authorization request, or was issued to another client."}"#, Code, "authorize again"),
    (400, r#"{"error":"invalid_grant","error_description":"OAuth2 Authorization code was already redeemed, please retry with a new valid code."}"#, CodeSpent, "once only"),
    (400, r#"{"error":{"message":"This authorization code has been used.","type":"OAuthException","code":100}}"#, CodeSpent, "once only"),
    (400, r#"{"error_type":"OAuthException","code":400,"error_message":"This authorization code has expired"}"#, CodeExpired, "what waits"),
    (400, r#"{"error":"invalid_grant","error_description":"expired authorization code"}"#, CodeExpired, "what waits"),
    (400, r#"{"error":"invalid_grant","error_description":"The provided authorization code or refresh token has expired due to inactivity."}"#, CodeExpired, "what waits"),
    (400, r#"{"error":"invalid_grant","error_description":"Unused code of an unexpired session"}"#, Code, "authorize again"),
    (400, r#"{"status":"BAD_AUTH_CODE","message":"missing or unknown auth code"}"#, Code, "authorize again"),
    (400, r#"{"error":"invalid_request","error_description":"Value passed for the authorization code was invalid."}"#, Code, "authorize again"),
    (400, r#"{"error":"invalid_grant","error_description":"The code was issued to another client"}"#, ClientId, "one configuration"),
    (500, r#"{"error":"invalid_grant"}"#, Code, "authorize again"),

    (400, r#"{"error":"invalid_grant","error_description":"authorization code is confused by a reusable plan"}"#, Code, "authorize again"),
    (400, r#"{"error":"invalid_request","error_description":"authorization code is required"}"#, Parameter, "conventions.exchange.rename"),

    // PKCE, of a code that came without a verifier.
    (400, r#"{"error":"invalid_grant","error_description":"PKCE code verifier not specified"}"#, Pkce, "AuthorizationCode::verifier"),
    (400, r#"{"error":"invalid_grant","error_description":"Missing code verifier."}"#, Pkce, "AuthorizationCode::verifier"),
    (400, r#"{"error":"invalid_request","error_description":"code_verifier required"}"#, Pkce, "AuthorizationCode::verifier"),
    (400, r#"{"error":"invalid_request","error_description":"Proof Key for Code Exchange is required for cross-origin authorization code redemption."}"#, Pkce, "AuthorizationCode::verifier"),
    (400, r#"{"error":"invalid_grant","error_description":"Failed to verify code verifier"}"#, Pkce, "AuthorizationCode::verifier"),

    // What is asked for.
    (400, r#"{"error":"invalid_scope","error_description":"The requested scope is invalid, unknown, malformed, or exceeds the scope granted by the resource owner."}"#, Scope, "conventions.scope_delimiter"),
    (400, r#"{"error":"invalid_request","error_description":"The provided value for the input parameter 'scope' is not valid."}"#, Scope, "spell the scopes"),
    (400, r#"{"error":"invalid_target"}"#, Parameter, "audience or resource"),
    (403, r#"{"error":"access_denied","error_description":"blocked by policy"}"#, Denied, "administrator"),
    (400, r#"{"error":"invalid_grant","error_description":"The user or administrator has not consented to use the application"}"#, Consent, "through the authorization again"),
    (400, r#"{"error":"interaction_required","error_description":"you must use multi-factor authentication"}"#, Consent, "through the authorization again"),

    // How it is asked.
    (400, r#"{"error":"invalid_request","error_description":"Tokens of this type may only be redeemed via cross-origin requests."}"#, RedirectUri, "web application"),
    (400, r#"{"error":"invalid_request","error_description":"Tenant 'foo' not found."}"#, Url, "compare token_url"),
    (404, r#"{"error":"Realm does not exist"}"#, Url, "compare token_url"),
    (407, "", Network, "HTTPS_PROXY"),
    (413, "", HeadersTooLarge, "shorten"),
    (401, r#"{"error":"invalid_client","error_description":"50011: The redirect URI 'https://a.example' specified in the request does not match the redirect URIs configured for the application '4711'."}"#, RedirectUri, "register this very URI"),
    (400, r#"{"error":"invalid_request","error_description":"The resource principal named https://a.example was not found in the tenant named b. This can happen if the application has not been installed."}"#, Parameter, "a scope of that API"),
    (400, r#"{"error":"invalid_request","error_description":"Application '4711' is not configured as a multi-tenant application. Usage of the /common endpoint is not supported."}"#, Url, "the tenant's own id"),
    (400, r#"{"error":"invalid_dpop_proof"}"#, TokenType, "signing_transport"),
    (401, r#"{"error":"invalid_client","error_description":"client_assertion is required"}"#, Flavor, "signing_transport"),
    (401, r#"{"error":"invalid_client","error_description":"mutual TLS: the certificate is missing"}"#, Certificate, "from_builder"),
    (403, r#"{"error":"invalid_request","error_description":"HTTPS required"}"#, Cleartext, "X-Forwarded-Proto"),
    (404, r#"{"error":"E003210: Could not find resource for full path: http://a.example/x"}"#, Url, "compare token_url"),
    (400, r#"{"error":"application_cannot_be_found"}"#, ClientId, "copy the client id"),
    (401, r#"{"error":"deleted_client","error_description":"The OAuth client was deleted."}"#, ClientId, "copy the client id"),
    (400, r#"{"error":"invalid_request","error_description":"Client key or secret missing: client_key"}"#, Parameter, r#"{"client_id": "client_key"}"#),
    (400, r#"{"error":"invalid_grant","error_description":"This code was generated in livemode, but you used a test mode key."}"#, ClientId, "one configuration"),
    (400, r#"{"message":"The app is in review","code":"APP_IN_REVIEW"}"#, Unknown, "curl command"),
    (400, r#"{"error":"payment_required","error_description":"Your trial has ended"}"#, Unknown, "curl command"),
    (415, r#"{"message":"Unsupported Media Type"}"#, BodyEncoding, "content type"),
    (400, r#"{"message":"Content-Type must be application/json"}"#, BodyEncoding, "content type"),
    (406, "", BodyEncoding, "content type"),
    (400, r#"{"error":"unsupported_grant_type","error_description":"The authorization grant type is not supported by the authorization server."}"#, GrantType, "allow the grant type"),
    (400, r#"{"error":"invalid_request","error_description":"Missing form parameter: grant_type"}"#, Parameter, "conventions.exchange.rename"),
    (400, r#"{"error":"invalid_request","error_description":"The request body must contain the following parameter: 'client_id'."}"#, Parameter, "leave flavors and max_attempts out"),
    (400, r#"{"code":400,"message":"parameter account is required"}"#, Parameter, "account"),
    (400, r#"{"errors":{"tenant":["This field is required."]}}"#, Parameter, "tenant"),
    (400, r#"{"error":"invalid_request","error_description":"redirect_uri is not allowed"}"#, RedirectUri, "redirect_uri"),
    (400, r#"{"error":"invalid_request","error_description":"The request is missing a required parameter, includes an invalid parameter value, includes a parameter more than once, or is otherwise malformed."}"#, Unknown, "doctor::compare"),
    (400, "", Unknown, "Attempt::to_curl"),
    (400, r#"{"message":"Please provide a custom User-Agent"}"#, Header, "User-Agent"),

    // The place and the moment.
    (429, r#"{"error":"invalid_grant"}"#, RateLimit, "pin the flavor"),
    (403, r#"{"errorSummary":"API call exceeded rate limit due to too many requests."}"#, RateLimit, "wait"),
    (503, "", Unavailable, "status page"),
    (500, "", Unavailable, "Attempt::to_curl"),
    (500, r#"{"error":"server_error"}"#, Unavailable, "later"),
    (400, r#"{"error":"temporarily_unavailable"}"#, Unavailable, "later"),
    (404, r#"{"error":"Not Found"}"#, Url, "compare token_url"),
    (405, "", Url, "conventions.verb"),
    (410, "", Url, "compare token_url"),
    (431, "", HeadersTooLarge, "conventions.verb"),
    (414, "", HeadersTooLarge, "conventions.verb"),

    // In place of a token.
    (200, r#"{"code":40002,"message":"Invalid app secret","data":{}}"#, AnswerShape, r#""pointer":"/code""#),
    (200, r#"{"hello":"world"}"#, AnswerShape, "check token_url"),
    (200, "", AnswerShape, "check token_url"),
];

#[rustfmt::skip]
const PAGES: &[Row] = &[
    (200, "<!doctype html><title>Log in</title><form><input name=client_id><input type=password required>", Page, "ends in /token"),
    (404, "<html><h1>404</h1><p>The page you are looking for is missing.", Url, "compare token_url"),
    (403, "<html><title>Attention Required!</title><script>var code='required parameter'</script><p>Access denied. Please enable cookies.", Firewall, "let your address in"),
    (403, "<html><h1>Forbidden", Firewall, "let your address in"),
    (400, "<html><title>400 Request Header Or Cookie Too Large</title>", HeadersTooLarge, "shorten"),
    (400, "<html><body>Oauth error invalid_request: The authorization code was not found or was already used", Code, "authorize again"),
    (400, "<html><body>Missing required parameter: state", Parameter, "state"),
    (400, "<html><body>JavaScript is required to view this page.", Page, "check token_url"),
    (401, "<html><h1>401 Authorization Required", ClientSecret, "copy id and secret"),
    (502, "<html><h1>502 Bad Gateway</h1>code expired", Unavailable, "later"),
    (403, "<html><title>Just a moment...</title>", Firewall, "let your address in"),
    (200, "<html>Request Rejected. Your support ID is: 1", Firewall, "let your address in"),
    (400, " ", Unknown, "curl command"),
    (415, "<html><h1>HTTP Status 415 - Unsupported Media Type", BodyEncoding, "content type"),
];

#[test]
fn each_refusal_of_a_code_has_its_one_cause() {
    for &(status, body, kind, remedy) in EXCHANGES {
        eprintln!("{status} {body}");
        let finding = only(diagnose(json(status, body)), kind, remedy);
        assert!(finding.symptom.contains(&format!("{TOKEN_URL} answered {status}")), "{finding}");
    }
}

#[test]
fn each_page_has_its_one_cause() {
    for &(status, body, kind, remedy) in PAGES {
        eprintln!("{status} {body}");
        only(diagnose(page(status, body)), kind, remedy);
    }
}

#[rustfmt::skip]
const REFRESHES: &[Row] = &[
    (400, r#"{"error":"invalid_grant"}"#, RefreshToken, "authorize again"),
    (400, r#"{"error":"invalid_grant","error_description":"Token has been expired or revoked."}"#, RefreshToken, "authorize again"),
    (403, r#"{"error":"invalid_grant","error_description":"Unknown or invalid refresh token."}"#, RefreshToken, "one refresh of a token"),
    (400, r#"{"status":"BAD_REFRESH_TOKEN","message":"missing or invalid refresh token"}"#, RefreshToken, "authorize again"),
    (400, r#"{"error":"invalid_request","error_description":"Value passed for the token was invalid."}"#, RefreshToken, "authorize again"),
    (200, r#"{"ok":false,"error":"invalid_refresh_token"}"#, RefreshToken, "authorize again"),
    (400, r#"{"error":"invalid_grant","error_description":"The user has not consented"}"#, Consent, "authorization again"),
    (400, r#"{"error":"invalid_scope"}"#, Scope, "add scope to conventions.refresh.params"),
    (400, r#"{"error":"invalid_scope","error_description":"refresh token missing requested scope"}"#, Scope, "as it was granted"),
    (400, r#"{"error":"invalid_request","error_description":"jwt malformed"}"#, RefreshToken, "authorize again"),
    (401, r#"{"error":"invalid_token","error_description":"Invalid refresh token (expired)"}"#, RefreshToken, "authorize again"),
    (403, r#"{"error":"unauthorized_client","error_description":"refresh_token is invalid"}"#, RefreshToken, "authorize again"),
    (400, r#"{"error":"invalid_request","error_description":"Token missing"}"#, RefreshToken, "authorize again"),
    (400, r#"{"error":"invalid_request","error_description":"unknown parameter: nonce"}"#, Parameter, "conventions.refresh"),
    (401, r#"{"error":"invalid_client","error_description":"The client secret is expired."}"#, ClientSecret, "make a new secret"),
    (400, r#"{"error":"unauthorized_client","error_description":"not allowed"}"#, GrantType, "allow refresh tokens"),
    (503, "", Unavailable, "later"),
    (404, "", Url, "compare token_url"),
];

#[test]
fn each_refusal_of_a_refresh_has_its_one_cause() {
    for &(status, body, kind, remedy) in REFRESHES {
        eprintln!("{status} {body}");
        let server = AuthorizationServer::accepting_any();
        server.fail_always(Failure::Respond(json(status, body)));
        let exchanger = client(PLAIN).build().unwrap();
        let token = Token::bearer("PLANTED").with_refresh_token("PLANTED-refresh");
        let call = exchanger.refresh(&token).unwrap();
        let error = call.send_blocking(|request| server.respond(request)).unwrap_err();
        only(of_error(&error), kind, remedy);
    }
}

#[test]
fn a_refusal_that_names_neither_id_nor_secret_can_be_of_either() {
    for (body, beside) in [
        (r#"{"error":"invalid_client"}"#, "public"),
        (r#"{"error":"invalid_client","error_description":"Bad client credentials"}"#, "public"),
        (r#"{"error":"unauthorized_client"}"#, "another client"),
    ] {
        let finding = only(diagnose(json(400, body)), ClientSecret, "copy id and secret");
        let said = ["the secret is wrong", "the client id my-client-id is not known", beside];
        assert!(said.iter().all(|it| finding.cause.contains(it)), "{finding}");
    }
    let body = r#"{"error":"invalid_client","error_description":"Invalid client secret"}"#;
    let finding = only(diagnose(json(401, body)), ClientSecret, "copy id and secret");
    assert!(!finding.cause.contains("not known"), "{finding}");
}

#[test]
fn a_method_that_a_server_names_speaks_of_the_flavor_and_not_of_the_secret() {
    let error = |code: &str, words: &str| {
        json(401, &format!(r#"{{"error":"{code}","error_description":"{words}"}}"#))
    };
    for (pinned, remedy, words) in [
        (Flavor::BODY_FORM, "Flavor::BASIC_FORM", "registered for client_secret_basic"),
        (Flavor::BODY_FORM, "Flavor::BASIC_FORM", "client_secret_post is not among: none"),
        (Flavor::BASIC_FORM, "Flavor::BODY_FORM", "use client_secret_post"),
    ] {
        let builder = client(PLAIN).flavors([pinned]);
        let findings = diagnose_by(builder, error("invalid_client", words));
        assert_eq!(findings[0].kind, Flavor, "{findings:?}");
        crate::first(findings, remedy);
    }
}

#[test]
fn a_grant_that_the_server_gave_itself_is_supported_so_its_body_was_not_read() {
    let refused = json(400, r#"{"error":"unsupported_grant_type"}"#);
    for (pinned, remedy) in
        [(Flavor::BODY_FORM, "Flavor::BODY_JSON"), (Flavor::BASIC_JSON, "Flavor::BASIC_FORM")]
    {
        let findings = diagnose_by(client(PLAIN).flavors([pinned]), refused.clone());
        only(findings, BodyEncoding, remedy);
    }
    // Both were tried.
    let finding = only(diagnose(refused.clone()), GrantType, "allow the grant type");
    assert!(finding.cause.contains("both kinds"), "{finding}");
    // Client credentials need no gift.
    let exchanger = client(PLAIN).flavors([Flavor::BODY_FORM]).build().unwrap();
    let call = exchanger.client_credentials();
    let findings = of_error(&call.send_blocking(|_| Ok(refused.clone())).unwrap_err());
    assert_found(&findings, &[(GrantType, PROBLEM), (BodyEncoding, RISK)]);
}

#[test]
fn a_parameter_that_conventions_rename_or_omit_is_blamed_on_them() {
    let missing = |name: &str| {
        let said = format!("Missing parameter: {name}");
        json(
            400,
            &serde_json::json!({ "error": "invalid_request", "error_description": said })
                .to_string(),
        )
    };
    let refused = || json(401, r#"{"error":"invalid_client"}"#);
    let renamed = |name: &str| serde_json::json!({ (name): "other" });
    for (setting, value, answer) in [
        ("exchange.rename", renamed("code"), missing("code")),
        ("exchange.omit", serde_json::json!(["grant_type"]), missing("grant_type")),
        ("exchange.rename", renamed("client_secret"), refused()),
    ] {
        let builder = client(PLAIN).conventions(conventions(setting, value));
        only(diagnose_by(builder, answer), Parameter, &format!("out of conventions.{setting}"));
    }
}

#[test]
fn a_scheme_that_is_offered_beside_another_is_not_wanted() {
    let headers = [("www-authenticate", "Basic realm=\"x\", DPoP algs=\"ES256\"")];
    let refused = answer(401, &headers, r#"{"error":"invalid_client"}"#);
    only(diagnose(refused), ClientSecret, "copy id and secret");
}

#[test]
fn what_conventions_omit_is_not_blamed_for_what_is_no_part_of_it() {
    let builder =
        || client(PLAIN).conventions(conventions("exchange.omit", serde_json::json!(["scope"])));
    let refused = json(401, r#"{"error":"invalid_client"}"#);
    only(diagnose_by(builder(), refused), ClientSecret, "copy id and secret");
    let missing =
        r#"{"error":"invalid_request","error_description":"Missing parameter: code_verifier"}"#;
    only(diagnose_by(builder(), json(400, missing)), Pkce, "AuthorizationCode::verifier");
}

#[test]
fn a_refused_grant_of_the_client_itself_is_nobody_s_no() {
    let refused =
        json(403, r#"{"error":"access_denied","error_description":"Service not enabled"}"#);
    let call = client(PLAIN).build().unwrap().client_credentials();
    let error = call.send_blocking(|_| Ok(refused.clone())).unwrap_err();
    let finding = only(of_error(&error), Denied, "audience");
    assert!(!finding.cause.contains("the user"), "{finding}");
}

#[test]
fn an_error_that_found_nothing_to_read_is_about_the_body() {
    let builder = || client(PLAIN).flavors([Flavor::BODY_JSON]);
    let undefined = "Cannot read properties of undefined (reading 'grant_type')";
    only(diagnose_by(builder(), page(500, undefined)), BodyEncoding, "Flavor::BODY_FORM");
    let expected = r#"[{"code": "invalid_type", "expected": "object", "path": [], "message": "expected object, received undefined"}]"#;
    let said = serde_json::json!({ "error": "invalid_request", "error_description": expected });
    only(diagnose_by(builder(), json(400, &said.to_string())), BodyEncoding, "Flavor::BODY_FORM");
    // A pretty text is told in one line.
    let said =
        serde_json::json!({ "error": "invalid_request", "error_description": "not\n  JSON" });
    let findings = diagnose_by(builder(), json(400, &said.to_string()));
    assert!(findings[0].symptom.contains("(not JSON)"), "{findings:?}");
}

#[test]
fn a_server_that_names_what_is_wrong_is_heard_before_one_that_has_used_the_code_up() {
    for (first, kind) in [
        (json(400, r#"{"error":"invalid_target","error_description":"missing"}"#), Parameter),
        (
            json(
                401,
                r#"{"error":"invalid_request","error_description":"code verification failed"}"#,
            ),
            Pkce,
        ),
    ] {
        let mut answers = vec![first].into_iter();
        let later = || json(400, r#"{"error":"invalid_grant"}"#);
        let exchanger = client(PLAIN).build().unwrap();
        let code = AuthorizationCode::unchecked("PLANTED-code-4711");
        let call = exchanger.exchange(code);
        let error = call.send_blocking(|_| Ok(answers.next().unwrap_or_else(later))).unwrap_err();
        let findings = of_error(&error);
        assert_eq!(findings[0].kind, kind, "{findings:?}");
    }
}

#[test]
fn a_body_that_was_not_read_says_nothing_of_the_client_nor_of_the_code() {
    let silent = || json(400, r#"{"error":"invalid_request"}"#);
    let client_refused = || json(401, r#"{"error":"invalid_client"}"#);
    let is_json = |request: &HttpRequest| request.body().starts_with(b"{");
    let answered = |answer: &dyn Fn(&HttpRequest) -> HttpResponse| {
        let exchanger = client(PLAIN).build().unwrap();
        let call = exchanger.exchange(AuthorizationCode::unchecked("PLANTED-code-4711"));
        of_error(&call.send_blocking(|request| Ok(answer(&request))).unwrap_err())
    };
    // It reads forms, and the client in them.
    let findings = answered(&|request| if is_json(request) { silent() } else { client_refused() });
    only(findings, ClientSecret, "copy id and secret");
    // It reads forms, and takes the client of one in the header.
    let findings = answered(&|request| match request.headers().get("authorization") {
        Some(_) if !is_json(request) => silent(),
        None if !is_json(request) => client_refused(),
        _ => silent(),
    });
    assert_found(&findings, &[(ClientSecret, PROBLEM), (Code, RISK)]);
    // It reads forms, and misses the code in the one whose client it takes.
    let misses =
        || json(400, r#"{"error":"invalid_request","error_description":"code is missing"}"#);
    let findings = answered(&|request| match request.headers().get("authorization") {
        Some(_) if !is_json(request) => misses(),
        None if !is_json(request) => client_refused(),
        _ => silent(),
    });
    assert_found(&findings, &[(Parameter, PROBLEM)]);
}

#[test]
fn what_a_provider_says_in_words_of_its_own_is_quoted() {
    for (body, quoted) in [
        (
            r#"{"message":"The app is in review","code":"APP_IN_REVIEW"}"#,
            "400 (The app is in review)",
        ),
        ("Your account\n is suspended", "400 (Your account is suspended)"),
        (r#"{"reason":"Redirect URI mismatch"}"#, "400 (Redirect URI mismatch)"),
        ("", "400 to basic+form"),
    ] {
        let findings = diagnose(json(400, body));
        let finding = &findings[0];
        assert!(finding.symptom.contains(quoted), "{finding}");
        let is_known = body.is_empty() || finding.kind != Unknown;
        assert!(is_known || finding.cause.starts_with("what the provider says"), "{finding}");
    }
    // A part of a long text is enough.
    let findings = diagnose(json(400, &"word ".repeat(400)));
    assert!(findings[0].symptom.len() < 400, "{}", findings[0]);
}

#[test]
fn of_a_refusal_without_a_word_it_is_told_what_the_request_lacked() {
    let bare = TokenExchanger::builder("my-client-id", TOKEN_URL).client_secret(PLAIN);
    let findings = diagnose_by(bare, answer(400, &[], ""));
    let finding = only(findings, Unknown, "curl");
    assert!(finding.cause.contains("no redirect_uri and no code_verifier"), "{finding}");
    assert!(!finding.cause.contains("client secret"), "{finding}");
}

#[test]
fn a_refresh_that_asks_for_more_is_told_what_it_asked_for() {
    let more = conventions("refresh.params", serde_json::json!({ "scope": "read admin" }));
    let exchanger = client(PLAIN).conventions(more).build().unwrap();
    let token = Token::bearer("PLANTED").with_refresh_token("PLANTED-refresh");
    let refused = json(400, r#"{"error":"invalid_scope"}"#);
    let call = exchanger.refresh(&token).unwrap();
    let error = call.send_blocking(|_| Ok(refused.clone())).unwrap_err();
    let finding = only(of_error(&error), Scope, "conventions.refresh.params");
    assert!(finding.cause.ends_with("asked for: read admin"), "{finding}");
}

#[test]
fn the_same_words_mean_another_thing_of_what_was_sent() {
    // A verifier that was sent and is not seen, one that is wrong, one that is not wanted.
    for (body, kind, remedy) in [
        ("Missing required parameter: code_verifier", Parameter, "conventions.exchange.rename"),
        ("code_verifier does not match code_challenge", Pkce, "pending authorization"),
        ("unexpected parameter code_verifier", Pkce, "conventions.authorization.pkce"),
    ] {
        let body = format!(r#"{{"error":"invalid_request","error_description":"{body}"}}"#);
        let server = AuthorizationServer::accepting_any();
        server.fail_always(Failure::Respond(json(400, &body)));
        let error = crate::connect(client(PLAIN), &server).unwrap_err();
        only(of_error(&error), kind, remedy);
    }
    // A client without a secret.
    for (body, kind, remedy) in [
        (r#"{"error":"invalid_client"}"#, ClientSecret, "set client_secret"),
        (r#"{"error":"invalid_client","error_description":"Unknown client"}"#, ClientId, "copy"),
    ] {
        let public = TokenExchanger::builder("my-client-id", TOKEN_URL);
        only(diagnose_by(public, json(401, body)), kind, remedy);
    }
    // No scope at all.
    let public = TokenExchanger::builder("my-client-id", TOKEN_URL).client_secret(PLAIN);
    let body = r#"{"error":"invalid_scope"}"#;
    only(diagnose_by(public, json(400, body)), Scope, "set scopes");
}

#[test]
fn a_parameter_that_is_not_wanted_is_named_and_omitting_it_helps() {
    let server = AuthorizationServer::accepting_any();
    let body = r#"{"error":"invalid_request","error_description":"unknown parameter: grant_type"}"#;
    let refused = json(400, body);
    let finding = only(diagnose(refused.clone()), Parameter, "conventions.exchange.omit");
    let omit = value_in(&finding.remedy, "conventions.exchange.omit");
    let builder = client(PLAIN).conventions(conventions("exchange.omit", omit));
    let exchanger = builder.build().unwrap();
    let code = AuthorizationCode::unchecked(server.code());
    let issued = exchanger.exchange(code).send_blocking(|request| {
        let body = String::from_utf8_lossy(request.body()).into_owned();
        if body.contains("grant_type") { Ok(refused.clone()) } else { server.respond(request) }
    });
    assert!(issued.is_ok());
}

#[test]
fn credentials_in_two_places_are_told_and_taking_one_out_helps() {
    let body = r#"{"error":"invalid_request","error_description":"Cannot supply multiple client credentials."}"#;
    let twice = conventions("exchange.params", serde_json::json!({ "client_id": "my-client-id" }));
    let builder = client(PLAIN).flavors([Flavor::BASIC_FORM]).conventions(twice);
    let findings = diagnose_by(builder, json(400, body));
    only(findings, CredentialsTwice, "take client_id and client_secret out of conventions");
}

#[test]
fn a_clock_that_is_off_is_told_beside_the_failure_and_one_that_is_right_is_not() {
    for (headers, found) in [
        (vec![("date", date(0))], None),
        (vec![("date", date(-45))], None),
        (vec![("date", date(-600))], Some("ahead of")),
        (vec![("date", date(600))], Some("behind")),
        // Written ten minutes ago, and kept in a cache since.
        (vec![("date", date(-600)), ("age", "600".into())], None),
        (vec![("date", "yesterday".into())], None),
    ] {
        let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, &**value)).collect();
        let findings = diagnose(answer(401, &headers, r#"{"error":"invalid_client"}"#));
        let expected = [(ClientSecret, PROBLEM), (ClockSkew, RISK)];
        assert_found(&findings, &expected[..1 + usize::from(found.is_some())]);
        if let Some(found) = found {
            assert!(findings[1].symptom.contains(found), "{}", findings[1]);
            assert!(findings[1].remedy.contains("NTP"), "{}", findings[1]);
        }
    }
}
