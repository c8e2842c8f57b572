//! Which names tell that what they name is secret.

/// The mark of what stands under the name, if that is a secret.
pub(crate) fn mark(name: &str) -> Option<&'static str> {
    // What every refusal has, and what takes longest to see: that nothing in them tells.
    if ["error", "error_description", "error_uri"].contains(&name) {
        return None;
    }
    let words = words(name);
    // What goes with a token, and tells nothing of it.
    let beside = |word: &String| {
        let endings = ["type", "endpoint", "uri", "url", "method", "methods", "supported", "hint"];
        word.contains("expir") || word == "lifetime" || endings.iter().any(|it| word == it)
    };
    let joined_beside = ["tokentype", "tokenendpoint", "tokenurl", "tokenuri", "tokenlifetime"];
    let bare = words.concat();
    if words.iter().any(beside) || joined_beside.iter().any(|it| bare.contains(it)) {
        return None;
    }
    let known = [
        ("accesstoken", "access_token"),
        ("refreshtoken", "refresh_token"),
        ("idtoken", "id_token"),
        ("token", "token"),
    ];
    let known = known.iter().find(|(word, _)| bare.contains(word)).map(|(_, mark)| *mark);
    let is_secret = || SECRET.iter().any(|word| bare.contains(word));
    let is_word = || words.iter().any(|word| SECRET_WORDS.contains(&&**word));
    known.or_else(|| (is_secret() || is_word()).then_some("secret"))
}

/// The same of a parameter of a URL, where shorter names are used, and a code is one that can be
/// traded.
pub(crate) fn mark_in_url(name: &str) -> Option<&'static str> {
    let words = words(name);
    let is_word = || words.iter().any(|word| ["code", "ticket", "auth", "pw"].contains(&&**word));
    mark(name).or_else(|| is_word().then_some("secret"))
}

/// The mark of a header's value, if it is a secret.
pub(super) fn mark_of_header(name: &str) -> Option<&'static str> {
    let is_challenge = matches!(name, "www-authenticate" | "proxy-authenticate");
    let words = || words(name);
    match mark(name) {
        _ if is_challenge => None,
        None if words().iter().any(|word| word == "auth") => Some("secret"),
        mark => mark,
    }
}

/// Whether a header of this name is of HTTP itself, or tells what serves there.
pub(super) fn is_common_header(name: &str) -> bool {
    HARMLESS.contains(&name)
}

/// Whether a header of this name tells one event from another, for the support of the server.
pub(super) fn names_event(name: &str) -> bool {
    let endings = ["request-id", "requestid", "correlation-id", "trace-id", "-ray", "traceparent"];
    endings.iter().any(|ending| name.ends_with(ending))
}

/// The words of a name in lower case, however it is written.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut was_lower = false;
    for character in name.chars() {
        let begins = !character.is_ascii_alphanumeric() || (was_lower && character.is_uppercase());
        was_lower = character.is_lowercase();
        if begins {
            words.push(String::new());
        }
        if let Some(last) = words.last_mut().filter(|_| character.is_ascii_alphanumeric()) {
            last.push(character.to_ascii_lowercase());
        }
    }
    words
}

/// Anywhere in a name.
const SECRET: [&str; 21] = [
    "secret",
    "passw",
    "passphrase",
    "passcode",
    "connectionstring",
    "samlresponse",
    "signedrequest",
    "jsessionid",
    "jwt",
    "assertion",
    "credential",
    "cookie",
    "apikey",
    "accesskey",
    "privatekey",
    "signature",
    "verifier",
    "authcode",
    "authorizationcode",
    "devicecode",
    "usercode",
];

/// As a word of a name.
const SECRET_WORDS: [&str; 21] = [
    "key",
    "sig",
    "csrf",
    "xsrf",
    "session",
    "sessionid",
    "sess",
    "sid",
    "authorization",
    "bearer",
    "pin",
    "otp",
    "pass",
    "pwd",
    "pw",
    "pat",
    "pem",
    "cred",
    "creds",
    "saml",
    "hmac",
];

const HARMLESS: [&str; 24] = [
    "accept-ranges",
    "age",
    "allow",
    "cache-control",
    "connection",
    "content-encoding",
    "content-language",
    "content-length",
    "content-security-policy",
    "content-type",
    "date",
    "etag",
    "expires",
    "keep-alive",
    "last-modified",
    "permissions-policy",
    "pragma",
    "referrer-policy",
    "server",
    "strict-transport-security",
    "transfer-encoding",
    "vary",
    "via",
    "x-powered-by",
];
