//! The pages that a user sees in place of the question.

use serde_json::json;
use token_exchanger::doctor::FindingKind::{self, *};
use token_exchanger::doctor::{self, Finding};

use crate::{PLAIN, PROBLEM, assert_found, client, conventions, first, only, status};

const QUERY: &str = "client_id=my-client-id&redirect_uri=https%3A%2F%2Fmy.example%2Fcb&scope=read%20write&state=s\
     &response_type=code&code_challenge=c&code_challenge_method=S256";

fn page(code: u16, page: &str) -> Vec<Finding> {
    doctor::check_browser(&format!("https://as.example/authorize?{QUERY}"), status(code), page)
}

fn asking_for(response_type: &str, code: u16, page: &str) -> Vec<Finding> {
    let query = QUERY.replace("=code&", &format!("={response_type}&"));
    doctor::check_browser(&format!("https://as.example/authorize?{query}"), status(code), page)
}

#[test]
fn parameters_that_a_page_only_repeats_are_not_what_it_complains_of() {
    let escaped = QUERY.replace('&', "&amp;");
    let pages = [
        format!(
            "<title>Page not found at /authorize</title><table><tr><th>Request URL:</th>\
             <td>https://as.example/authorize?{escaped}</td></tr></table>\
             <li><code>authorize/ [name='scope']</code></li>"
        ),
        format!("<h1>Not Found</h1><p>The requested URL /authorize?{escaped} was not found.</p>"),
        format!("Not Found: GET /authorize?{QUERY}"),
        format!("{{\"error\":\"Not Found\",\"path\":\"/authorize?{QUERY}\"}}"),
        "{\"error\": \"not found\", \"query\": {\"redirect_uri\": \"https://my.example/cb\"}}".into(),
        "<h2>Routing Error</h2><p>No route matches [GET] &quot;/authorize&quot;</p><b>Parameters</b>: <pre>\
         {&quot;client_id&quot;=&gt;&quot;my-client-id&quot;,\n &quot;redirect_uri&quot;=&gt;\
         &quot;https://my.example/cb&quot;,\n &quot;scope&quot;=&gt;&quot;read write&quot;}</pre>"
            .into(),
        "Not found: {\"redirect_uri\" => \"https://my.example/cb\", \"scope\" => \"read write\"}".into(),
        "not found; Array ( [redirect_uri] => https://my.example/cb [scope] => read )".into(),
        "not found: {'redirect_uri': 'https://my.example/cb', 'scope': 'read'}".into(),
        "not found map[redirect_uri:[https://my.example/cb] scope:[read write]]".into(),
        "<p>Not found</p><table><tr><td>redirect_uri</td><td><pre>'https://my.example/cb'</pre></td></tr>\
         <tr><td><code>scope</code></td><td>read</td></tr></table>"
            .into(),
        // Not even in what a page is built of.
        "<!-- <p>unknown client_id --><p>Not found<script>if (a<b) f('invalid redirect_uri')</SCRIPT>"
            .into(),
    ];
    for text in &pages {
        eprintln!("{text}");
        for code in [404, 405, 410] {
            only(page(code, text), Url, "compare authorization_url");
        }
        for code in [500, 503, 999] {
            only(page(code, text), Unavailable, "later");
        }
        only(page(403, text), Parameter, "check client_id");
        assert_eq!(page(200, text), []);
    }
}

#[test]
fn a_page_that_is_not_found_and_names_what_else_is_there_says_nothing() {
    for text in ["<h1>404<p>Try /clients/client_id<p>Redirect URLs<p>Scopes", "<li>scope</li>"] {
        only(page(404, text), Url, "compare authorization_url");
    }
}

#[test]
fn a_complaint_is_heard_beside_the_parameters_that_a_page_repeats() {
    let text = format!(
        "<p>The client_id my-client-id is unknown.</p><p>/authorize?{QUERY}</p><td>redirect_uri</td>"
    );
    for code in [200, 400, 404, 410, 500] {
        only(page(code, &text), ClientId, "copy the client id");
    }
    let texts = [
        format!("{{\"error\":\"invalid_redirect_uri\",\"url\":\"https://as.example/?{QUERY}\"}}"),
        format!("<pre>{{\"error\":\"invalid_redirect_uri\",\"url\":\"/?{QUERY}\"}}</pre>"),
        "<p>The parameter <code>redirect_uri</code><!-- --> is not registered".into(),
    ];
    for text in texts {
        eprintln!("{text}");
        for code in [200, 400, 404] {
            only(page(code, &text), RedirectUri, "register this very redirect_uri");
        }
    }
}

#[test]
fn each_error_that_comes_as_a_page_like_any_other_has_its_one_cause() {
    #[rustfmt::skip]
    let rows: &[(&str, FindingKind, &str)] = &[
        ("The redirect uri is malformed or doesn&#39;t match the client&apos;s.", RedirectUri, "registered one"),
        ("The redirect&nbsp;uri doesn&#x2019;t match.", RedirectUri, "registered one"),
        ("The redirect\n   uri is <b>malformed</b>.", RedirectUri, "registered one"),
        ("Parameter &quot;redirect_uri&quot; failed validation &amp; was dropped", RedirectUri, "registered one"),
        ("Client authentication failed due to unknown client, no client authentication included, or \
          unsupported authentication method.", ClientId, "copy the client id"),
        ("Client authentication failed (e.g., unknown client, no client authentication included, or \
          unsupported authentication method). Unregistered redirect_uri.", RedirectUri, "registered one"),
        ("The authorization server does not support this response type.", GrantType, "authorization code grant"),
        ("Unsupported response_type", GrantType, "authorization code grant"),
        ("The requested scope is invalid, unknown, or malformed.", Scope, "spell the scopes"),
    ];
    for (text, kind, remedy) in rows {
        eprintln!("{text}");
        for code in [200, 303, 400, 404] {
            let text = format!("<html><h1>An error has occurred</h1>\n<pre>{text}</pre></html>");
            only(page(code, &text), *kind, remedy);
        }
    }
}

#[test]
fn what_is_written_like_an_entity_is_read_as_it_stands_there() {
    let text = "<p>&#0;&#xFFFFFFFF;&#;&;&x;&é;& invalid &lt;redirect&#95;uri&gt; &#";
    only(page(200, text), RedirectUri, "register this very redirect_uri");
    for cut in ["&", "<", "<!--", "<script", "<script>&", "</", "<é>", "a < b & c"] {
        assert_eq!(page(200, cut), [], "{cut}");
    }
}

#[test]
fn a_url_that_asks_for_something_other_than_a_code_is_told_first_whatever_the_page_says() {
    let stack =
        "<p>Error: Unsupported response type: token<li>&nbsp; &nbsp;at validated (/x.js:121)";
    let rows = [
        (200, "<h1>Log in</h1>"),
        (302, ""),
        (200, "<pre>The authorization server does not support this response type.</pre>"),
        (400, "{\"error\":\"unsupported_grant_type\",\"message\":\"Unsupported grant_type\"}"),
        (403, ""),
        (500, "Error: The authorization server does not support response_type token"),
        (500, ""),
        (501, stack),
    ];
    for (code, text) in rows {
        for response_type in ["token", "id_token%20token", "none", "PLANTED%3D1"] {
            eprintln!("{code} {response_type} {text}");
            let found = asking_for(response_type, code, text);
            let finding = only(found, GrantType, "conventions.authorization.params");
            assert!(finding.remedy.contains("the query of authorization_url"), "{finding}");
            assert!(!finding.to_string().contains("PLANTED"), "{finding}");
        }
    }
    let finding = asking_for("token", 403, "").remove(0);
    assert!(finding.symptom.contains("response_type=token"), "{finding}");

    let two = asking_for("token", 400, "Invalid redirect_uri");
    assert_found(&two, &[(GrantType, PROBLEM), (RedirectUri, PROBLEM)]);
    let two = asking_for("token", 404, "<h1>Not Found");
    assert_found(&two, &[(GrantType, PROBLEM), (Url, PROBLEM)]);
    let two = asking_for("token", 431, "");
    assert_found(&two, &[(GrantType, PROBLEM), (HeadersTooLarge, PROBLEM)]);
}

#[test]
fn a_code_with_something_beside_it_is_blamed_only_where_the_page_does() {
    for response_type in ["code", "code%20id_token", "id_token+code"] {
        assert_eq!(asking_for(response_type, 200, "<h1>Log in"), []);
        only(asking_for(response_type, 400, "Invalid redirect_uri"), RedirectUri, "register");
        only(asking_for(response_type, 503, ""), Unavailable, "later");
    }
    // It is another URL's.
    let found = asking_for("code&resource=https://x.example/?response_type=token", 200, "");
    assert_eq!(found, []);
    let found = asking_for("code%20id_token", 501, "Unsupported response type");
    let finding = only(found, GrantType, "conventions.authorization.params");
    assert!(finding.remedy.contains("authorization code grant"), "{finding}");
}

#[test]
fn a_convention_that_asks_for_a_token_is_told_and_without_it_nothing_is() {
    let url = |builder: token_exchanger::TokenExchangerBuilder| {
        builder.build().unwrap().authorize().unwrap().start().unwrap().url.to_string()
    };
    let params = json!({ "response_type": "token" });
    let own = conventions("authorization.params", params.clone());
    let found = doctor::check_browser(&url(client(PLAIN).conventions(own)), status(200), "");
    only(found, GrantType, "conventions.authorization.params");
    assert_eq!(doctor::check_browser(&url(client(PLAIN)), status(200), ""), []);

    let authorization = json!({ "params": params, "query_in_fragment": true });
    let builder = client(PLAIN)
        .authorization_url("https://as.example/#/authorize")
        .conventions(conventions("authorization", authorization));
    let found = doctor::check_browser(&url(builder), status(200), "");
    only(found, GrantType, "conventions.authorization.params");
}

#[test]
fn a_callback_that_refuses_the_response_type_says_first_that_no_code_was_asked_for() {
    for callback in [
        "error=unsupported_response_type&state=s",
        "error=unsupported_response_type&error_description=token&state=s",
        "error=invalid_request&error_description=response_type+must+be+one+of%3A+code&state=s",
        "https://my.example/cb#error=unsupported_response_type&state=s",
    ] {
        let finding = only(doctor::check_callback(callback), GrantType, "leave response_type out");
        let (url, console) = (finding.remedy.find("authorization_url"), "provider's console");
        assert!(url.is_some() && url < finding.remedy.find(console), "{finding}");
        let (other, client) = (finding.cause.find("other than a code"), "the client may not");
        assert!(other.is_some() && other < finding.cause.find(client), "{finding}");
    }
    // Some say so of the client.
    let found = doctor::check_callback("error=unauthorized_client&state=s");
    let finding = only(found, GrantType, "response_type");
    assert!(finding.cause.starts_with("the client may not use authorization codes"), "{finding}");
}

#[test]
fn what_a_callback_says_over_several_lines_is_shown_in_one() {
    let callback = "error=invalid_request&error_description=%5B%0A++%7B%0D%0A++++%22path%22%3A+%5B%0A++++++%22response_type\
         %22%0A++++%5D%2C%0A%09%22message%22%3A+%22Invalid+input%22%0A++%7D%0A%5D&state=s";
    let finding = first(doctor::check_callback(callback), "response_type");
    let shown = "invalid_request ([ { 'path': [ 'response_type' ], 'message': 'Invalid input' } ])";
    assert!(finding.symptom.ends_with(shown), "{finding}");
}
