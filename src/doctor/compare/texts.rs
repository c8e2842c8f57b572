//! In which way two texts differ that should be the same.

use percent_encoding::percent_decode_str;
use url::Url;

use crate::encode::url_encode;

/// How two secrets differ, without a word of either.
pub(super) fn secrets(ours: &str, theirs: &str) -> &'static str {
    let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    if ours.trim() == theirs.trim() {
        "white space stands at an end of one of them"
    } else if unquoted(theirs) == ours {
        "quotes stand around curl's, and are sent"
    } else if unquoted(ours) == theirs {
        "quotes stand around ours, and are sent"
    } else if theirs == decoded(ours) || url_encode(theirs) == ours {
        "ours is the URL-encoded form of curl's: it was pasted encoded, and is encoded again"
    } else if ours == decoded(theirs) || url_encode(ours) == theirs {
        "curl's is the URL-encoded form of ours"
    } else if ours.eq_ignore_ascii_case(theirs) {
        "they differ in the case of letters alone"
    } else if theirs.starts_with(ours) || theirs.ends_with(ours) {
        "ours is a part of curl's: it was cut off"
    } else if ours.starts_with(theirs) || ours.ends_with(theirs) {
        "curl's is a part of ours: it was cut off, or the shell has read a part of it"
    } else {
        "they are two secrets: of another client, another environment, or of before it was changed"
    }
}

/// What a form has made of a secret that is ours, if curl sends it as it is.
pub(super) fn unencoded(ours: &str, theirs: &str) -> Option<&'static str> {
    let reads = |text: &str| text == theirs || text.replace('+', " ") == theirs;
    if ours.is_empty() || ours == theirs {
        None
    } else if reads(ours) {
        Some("curl's + was not encoded, and reads as a space")
    } else if ours.match_indices('&').any(|(at, _)| ours.get(..at).is_some_and(reads)) {
        Some("curl's & was not encoded, and ends the secret there")
    } else {
        None
    }
}

fn unquoted(text: &str) -> &str {
    let strip = |quote| text.strip_prefix(quote)?.strip_suffix(quote);
    strip('"').or_else(|| strip('\'')).unwrap_or(text)
}

/// How two URIs differ that are compared byte for byte.
pub(super) fn uris(ours: &str, theirs: &str) -> &'static str {
    let slash = |text: &str| text.strip_suffix('/').unwrap_or(text).to_owned();
    let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    if ours.trim() == theirs.trim() {
        return "white space stands at an end of one of them";
    }
    if slash(ours) == slash(theirs) {
        return "a slash at the end is all that differs";
    }
    if decoded(ours) == decoded(theirs) || decoded(theirs) == ours || decoded(ours) == theirs {
        return "they differ in percent-encoding alone: a value is encoded once more, or once less";
    }
    if ours.eq_ignore_ascii_case(theirs) {
        return "they differ in the case of letters alone";
    }
    match (Url::parse(ours), Url::parse(theirs)) {
        (Ok(ours), Ok(theirs)) => urls(&ours, &theirs),
        _ => "one of them is no absolute URI",
    }
}

/// How two URLs differ.
pub(super) fn urls(ours: &Url, theirs: &Url) -> &'static str {
    let slash = |url: &Url| url.path().strip_suffix('/').unwrap_or(url.path()).to_owned();
    if ours.host_str() != theirs.host_str() {
        "they are of different hosts"
    } else if ours.scheme() != theirs.scheme() {
        "their schemes differ"
    } else if ours.port_or_known_default() != theirs.port_or_known_default() {
        "their ports differ"
    } else if slash(ours) == slash(theirs) && ours.path() != theirs.path() {
        "a slash at the end of the path is what differs"
    } else if ours.path().eq_ignore_ascii_case(theirs.path()) && ours.path() != theirs.path() {
        "their paths differ in the case of letters"
    } else if ours.path() != theirs.path() {
        "their paths differ"
    } else {
        "their queries differ"
    }
}

/// How two ids differ.
pub(super) fn ids(ours: &str, theirs: &str) -> &'static str {
    if ours.trim() == theirs.trim() {
        "white space stands at an end of one of them"
    } else if unquoted(theirs) == ours || unquoted(ours) == theirs {
        "quotes stand around one of them, and are sent"
    } else if ours.eq_ignore_ascii_case(theirs) {
        "they differ in the case of letters alone"
    } else if url_encode(theirs) == ours || url_encode(ours) == theirs {
        "one is the URL-encoded form of the other"
    } else {
        "they are two clients: of another environment, or another registration"
    }
}
