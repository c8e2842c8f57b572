//! How servers read a request: by every rule that is in use, and by none of our own code.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use token_exchanger::HttpRequest;
use url::form_urlencoded;

/// Decodes escapes, and `+` as a space: the rule of forms.
pub(crate) fn by_form(text: &str) -> String {
    // Without a separator the whole text is a name.
    assert!(!text.contains(['&', '=']), "{text}");
    form_urlencoded::parse(text.as_bytes()).map(|(name, _)| name.into_owned()).collect()
}

/// Decodes escapes and nothing else, the rule of URLs, and takes none that is not whole.
pub(crate) fn by_url(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => digit(rest.next()) * 16 + digit(rest.next()),
            byte => byte,
        });
    }
    String::from_utf8(bytes).expect("UTF-8")
}

/// The pairs of a form, undecoded.
pub(crate) fn pairs(body: &str) -> Vec<(&str, &str)> {
    let pairs = body.split('&').filter(|_| !body.is_empty());
    pairs.map(|pair| pair.split_once('=').expect("a name and a value")).collect()
}

/// Whether a decoder that does nothing at all reads the text right.
pub(crate) fn needs_no_decoding(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte))
}

/// Both halves of a Basic header, undecoded, split where RFC 7617 splits them.
pub(crate) fn basic(request: &HttpRequest) -> Option<(String, String)> {
    let header = request.headers().get("authorization")?.to_str().expect("text");
    let credentials = STANDARD.decode(header.strip_prefix("Basic ").expect("Basic"));
    let credentials = String::from_utf8(credentials.expect("base64")).expect("UTF-8");
    let (id, secret) = credentials.split_once(':').expect("a colon");
    Some((id.to_owned(), secret.to_owned()))
}

fn digit(byte: Option<u8>) -> u8 {
    match byte {
        Some(byte @ b'0'..=b'9') => byte - b'0',
        Some(byte @ b'A'..=b'F') => byte - b'A' + 10,
        other => panic!("no digit of an escape: {other:?}"),
    }
}
