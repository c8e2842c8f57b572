//! What is wrong with a configuration before anything is sent.

use serde_json::json;
use token_exchanger::doctor::{self, FindingKind, FindingKind::*, Severity};
use token_exchanger::{Conventions, Flavor, TokenExchanger, TokenExchangerBuilder};

use crate::{
    CALLBACK, ID, PLAIN, PROBLEM, RISK, TOKEN_URL, assert_found, client, conventions, first,
};

/// One with this token URL and nothing else.
fn at(token_url: &str) -> TokenExchangerBuilder {
    TokenExchanger::builder(ID, token_url).client_secret(PLAIN)
}

fn is(client_id: &str) -> TokenExchangerBuilder {
    TokenExchanger::builder(client_id, TOKEN_URL).client_secret(PLAIN)
}

fn refreshing(value: serde_json::Value) -> Conventions {
    serde_json::from_value(value).expect("conventions")
}

#[test]
fn of_a_healthy_configuration_nothing_is_found() {
    let google_like = refreshing(json!({
        "authorization": { "params": { "access_type": "offline" } },
        "refresh": { "omit": ["grant_type"] },
    }));
    let permanent = refreshing(json!({
        "authorization": { "params": { "duration": "permanent" } },
        "refresh": { "omit": ["grant_type"] },
    }));
    let refresh = || refreshing(json!({ "refresh": { "omit": ["grant_type"] } }));
    for builder in [
        client(PLAIN),
        client(PLAIN)
            .refresh_url("https://as.example/refresh")
            .revocation_url("https://as.example/revoke"),
        client(PLAIN).scopes(["read"]).conventions(google_like),
        client(PLAIN).scopes(["read"]).conventions(permanent),
        client(PLAIN).scopes(["read", "https://api.example/offline_access"]).conventions(refresh()),
        client(PLAIN)
            .scopes(["read"])
            .authorization_url("https://as.example/authorize?access_type=offline")
            .conventions(refresh()),
        // Who trades the access token needs no other.
        client(PLAIN)
            .scopes(["read"])
            .refresh_url("https://as.example/refresh")
            .conventions(refreshing(json!({ "refresh_with": "access_token" }))),
        // Who sends no users anywhere gets no refresh token from them.
        at(TOKEN_URL).conventions(refresh()),
        at("https://as.example/oauth2/v2.0/token"),
        at("https://as.example/oauth/access_token?tenant=1"),
        // What only looks like a placeholder.
        at("https://as.example/v1/token:exchange"),
        at("https://as.example/token?claims=%7B%22userinfo%22%3A%7B%22email%22%3Anull%7D%7D"),
        client(PLAIN)
            .authorization_url("https://as.example/authorize?prompt=none")
            .redirect_uri("https://static.7.2.0.192.clients.your-server.example/your-account/todo")
            .scopes(["repo:status", "https://api.example/.default", ":read"])
            .issuer("https://as.example:8443/"),
        at("http://127.0.0.1:8080/token").redirect_uri("http://localhost:3000/cb"),
        at("http://[::1]/token").redirect_uri("myapp://callback"),
        at(TOKEN_URL).client_secret("}abc{'\"xX*"),
        TokenExchanger::builder(ID, TOKEN_URL)
            .authorization_url("https://as.example/auth")
            .redirect_uri(CALLBACK),
        client(PLAIN).flavors([Flavor::BODY_FORM]),
        client(PLAIN).max_attempts(6),
    ] {
        assert_found(&doctor::check_builder(builder), &[]);
    }
}

/// What is odd; of which kind and how bad; what the remedy names.
type Row = (TokenExchangerBuilder, FindingKind, Severity, &'static str);

#[test]
fn each_oddity_of_a_configuration_has_its_one_finding() {
    let authorization = "https://as.example/authorize";
    let public = || TokenExchanger::builder(ID, TOKEN_URL);
    #[rustfmt::skip]
    let rows: Vec<Row> = vec![
        // It cannot be built.
        (is("my-client-id\n"), WhiteSpace, PROBLEM, "without the white space"),
        (at(TOKEN_URL).client_secret(" secret"), WhiteSpace, PROBLEM, "trim it"),
        (at(TOKEN_URL).client_secret("secret\u{200b}"), WhiteSpace, PROBLEM, "trim it"),
        (at(" https://as.example/token"), WhiteSpace, PROBLEM, "trim it"),
        (at(TOKEN_URL).redirect_uri("https://my.example/cb "), WhiteSpace, PROBLEM, "trim it"),
        (at("http://as.example/token"), Cleartext, PROBLEM, "write https"),
        (at("https://id:pw@as.example/token"), Url, PROBLEM, "settings of their own"),
        (at("https://as.example/token#x"), Url, PROBLEM, "what the symptom says"),
        (at("as.example/token"), Url, PROBLEM, "https:// included"),
        (at("ftp://as.example/token"), Url, PROBLEM, "https:// included"),
        (at(TOKEN_URL).redirect_uri("/callback"), RedirectUri, PROBLEM, "as it is registered"),
        (is(""), ClientId, PROBLEM, "copy the client id"),
        (at(TOKEN_URL).flavors([]), Configuration, PROBLEM, "the symptom names"),

        // It can, and is probably wrong.
        (at("http://as.example/token").danger_allow_http(), Cleartext, RISK, "leave danger_allow_http out"),
        (at("https://as.example/oauth2/authorize"), Url, PROBLEM, "often ends in /token"),
        (at("https://as.example/authorization/"), Url, PROBLEM, "often ends in /token"),
        (at("https://as.example/"), Url, PROBLEM, "the whole URL of the token endpoint"),
        (at("https://as.example/.well-known/openid-configuration"), Url, PROBLEM, "token_endpoint"),
        (client(PLAIN).authorization_url("https://as.example/oauth/token"), Url, PROBLEM, "often ends in /authorize"),
        (at(TOKEN_URL).revocation_url("https://as.example/introspect"), Url, PROBLEM, "often ends in /revoke"),
        (at(TOKEN_URL).refresh_url("https://other.example/token"), Url, RISK, "leave refresh_url out"),
        (client(PLAIN).authorization_url(format!("{authorization}?x={}", "y".repeat(1500))), HeadersTooLarge, RISK, "shorten"),
        (is("<your-id>"), ClientId, PROBLEM, "console"),
        (is("${CLIENT_ID}"), ClientId, PROBLEM, "console"),
        (is("YOUR_CLIENT_ID"), ClientId, PROBLEM, "console"),
        (is("\"my-client-id\""), ClientId, PROBLEM, "leave the quotes out"),
        (is("YOUR_APP_ID"), ClientId, PROBLEM, "console"),
        (at("https://as.example/{tenant}/token"), Url, PROBLEM, "write your own"),
        (at("https://as.example/%7btenant%7D/token"), Url, PROBLEM, "write your own"),
        (at("https://as.example/{{tenant_id}}/token"), Url, PROBLEM, "write your own"),
        (at("https://as.example/${TENANT}/token"), Url, PROBLEM, "write your own"),
        (at("https://as.example/<tenant>/token"), Url, PROBLEM, "write your own"),
        (at("https://as.example/:tenant/token"), Url, PROBLEM, "write your own"),
        (at("https://as.example/YOUR_TENANT/token"), Url, PROBLEM, "write your own"),
        (at("https://<tenant>.as.example/token"), Url, PROBLEM, "stands in brackets"),
        (at("https://{tenant}.as.example/token"), Url, PROBLEM, "stands in brackets"),
        (at("https://your-tenant.as.example/token"), Url, PROBLEM, "write your own"),
        (at("https://as.example/token?account={account}"), Url, PROBLEM, "write your own"),
        (client(PLAIN).authorization_url("https://as.example/{tenant}/authorize"), Url, PROBLEM, "write your own"),
        (at(TOKEN_URL).refresh_url("https://as.example/<tenant>/refresh"), Url, PROBLEM, "write your own"),
        (at(TOKEN_URL).revocation_url("https://as.example/:tenant/revoke"), Url, PROBLEM, "write your own"),
        (at(TOKEN_URL).redirect_uri("https://YOUR_DOMAIN/cb"), RedirectUri, PROBLEM, "the one URL"),
        (at(TOKEN_URL).redirect_uri("https://my.example/{app}/cb"), RedirectUri, PROBLEM, "the one URL"),
        (at(TOKEN_URL).issuer("https://as.example/{tenantid}/v2.0"), Issuer, PROBLEM, "write your own"),
        (at(TOKEN_URL).scopes(["read", "api://{client_id}/access"]), Scope, PROBLEM, "write your own"),
        (at(TOKEN_URL).scopes(["account:<id>", "<scope>"]), Scope, PROBLEM, "write your own"),
        (at(TOKEN_URL).client_secret("undefined"), ClientSecret, PROBLEM, "console"),
        (at(TOKEN_URL).client_secret("xxxxxxxx"), ClientSecret, PROBLEM, "console"),
        (at(TOKEN_URL).client_secret("'s3cr3t'"), ClientSecret, PROBLEM, "leave the quotes out"),
        (at(TOKEN_URL).client_secret(ID), ClientSecret, PROBLEM, "copy both"),
        (at(TOKEN_URL).client_secret("s3cr3t%2Bx"), SecretEncoding, RISK, "as the provider shows it"),
        (at(TOKEN_URL).authorization_url(authorization), RedirectUri, RISK, "as it is registered"),
        (at(TOKEN_URL).redirect_uri("https://*.my.example/cb"), RedirectUri, PROBLEM, "the one URL"),
        (at(TOKEN_URL).redirect_uri("http://my.example/cb"), RedirectUri, RISK, "use https"),
        (at(TOKEN_URL).scopes(["read,write"]), Scope, RISK, "conventions.scope_delimiter"),
        (client(PLAIN).scopes(["read", "offline_mode"]).refresh_url(TOKEN_URL), NoRefreshToken, RISK, "add the scope offline_access"),
        (public().redirect_uri(CALLBACK).conventions(conventions("authorization.pkce", json!("refused"))), Pkce, RISK, "leave conventions.authorization.pkce out"),
        (at(TOKEN_URL).max_attempts(1), Flavor, RISK, "pin it by flavors"),
    ];
    for (number, (builder, kind, severity, remedy)) in rows.into_iter().enumerate() {
        eprintln!("row {number}: {remedy}");
        let findings = doctor::check_builder(builder);
        assert_found(&findings, &[(kind, severity)]);
        first(findings, remedy);
    }
}

#[test]
fn one_url_pasted_twice_is_told_once_as_what_it_is() {
    let findings = doctor::check_builder(client(PLAIN).authorization_url(TOKEN_URL));
    assert_found(&findings, &[(Url, PROBLEM), (Url, PROBLEM)]);
    assert!(findings[0].symptom.contains("authorization_url looks like a token URL"));
    assert!(findings[1].symptom.contains("are the same"));
}

#[test]
fn what_is_missing_for_a_refresh_is_told_and_adding_it_silences_it() {
    let refresh = || refreshing(json!({ "refresh": { "omit": ["grant_type"] } }));
    let builder = client(PLAIN).scopes(["read"]).conventions(refresh());
    let findings = doctor::check_builder(builder);
    assert_found(&findings, &[(NoRefreshToken, RISK)]);
    for relative in ["offline_access", "offline", "refresh_token"] {
        assert!(findings[0].remedy.contains(relative), "{}", findings[0]);
        let builder = client(PLAIN).scopes(["read", relative]).conventions(refresh());
        assert_found(&doctor::check_builder(builder), &[]);
    }
}

#[test]
fn an_error_and_the_builder_that_makes_it_have_the_same_finding() {
    let builder = || at("http://as.example/token");
    let error = builder().build().unwrap_err();
    assert_eq!(doctor::check_builder(builder()), [doctor::check_config_error(&error)]);
}

#[test]
fn no_finding_of_a_configuration_shows_the_secret_or_a_query() {
    for secret in ["PLANTED%2Bsecret", "'PLANTED-secret'", "PLANTED secret "] {
        let builder = client(secret)
            .authorization_url("https://as.example/token?key=PLANTED")
            .revocation_url("https://as.example/revoke?key={PLANTED}")
            .issuer("https://as.example/{tenant}?key=PLANTED")
            .redirect_uri("http://my.example/*?key=PLANTED");
        let findings = doctor::check_builder(builder);
        assert!(!findings.is_empty());
        let shown = format!("{findings:?} {}", serde_json::to_string(&findings).unwrap());
        assert!(!shown.contains("PLANTED"), "{shown}");
    }
}
