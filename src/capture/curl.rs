//! A request as a curl command that any POSIX shell runs.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use http::header::AUTHORIZATION;

use crate::transport::HttpRequest;

/// Writes the command that sends the same bytes. `show` says how a text of it is shown, and is asked
/// for each text before it is quoted.
pub(crate) fn command(request: &HttpRequest, show: impl Fn(&str) -> String) -> String {
    let url = show(&request.uri().to_string());
    let mut words = vec![format!("curl --request {} {}", request.method(), quoted(&url))];
    // Curl takes these for patterns.
    if url.contains(['[', ']', '{', '}']) {
        words.push("--globoff".to_owned());
    }
    for (name, value) in request.headers() {
        let text = String::from_utf8_lossy(value.as_bytes());
        words.push(match user(&text).filter(|_| name == AUTHORIZATION) {
            Some(user) => format!("--user {}", quoted(&show(&user))),
            None => format!("--header {}", quoted(&format!("{name}: {}", show(&text)))),
        });
    }
    let body = String::from_utf8_lossy(request.body());
    if !body.is_empty() {
        words.push(format!("--data-raw {}", quoted(&show(&body))));
    } else if request.method() == Method::POST {
        words.push("--header 'Content-Length: 0'".to_owned());
    }
    words.join(" \\\n  ")
}

/// The user and the password of a Basic header, which curl writes again to the same bytes: a secret
/// within base64 could not be filled in.
fn user(authorization: &str) -> Option<String> {
    let credentials = authorization.strip_prefix("Basic ")?;
    let user = String::from_utf8(STANDARD.decode(credentials).ok()?).ok()?;
    // No argument can have a NUL.
    (user.contains(':') && !user.contains('\0')).then_some(user)
}

/// The text as one word of a shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}
