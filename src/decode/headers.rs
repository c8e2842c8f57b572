//! Reads the headers that tell when to come back, and where to go.

use std::iter::empty;
use std::time::{Duration, SystemTime};

use http::HeaderMap;
use http::header::{LOCATION, RETRY_AFTER};

use super::refusal::{DESCRIPTION_LIMIT, SEARCHED, clean, quoted};
use super::secrets::Known;
use crate::capture::Veil;
use crate::mask::{Mask, beginning};

/// How long to wait from `now` ([RFC 9110, section 10.2.3][rfc]): of several, the longest. `None`
/// if there is none, or none that can be read and lies ahead.
///
/// [rfc]: https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3
pub(crate) fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let texts = headers.get_all(RETRY_AFTER).iter().filter_map(|value| value.to_str().ok());
    texts.filter_map(|text| wait(text.trim(), now)).max()
}

fn wait(text: &str, now: SystemTime) -> Option<Duration> {
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.parse().ok().map(Duration::from_secs);
    }
    // Dates have whole seconds, and so has the wait: rather a part of one too long than too short.
    let left = httpdate::parse_http_date(text).ok()?.duration_since(now).ok()?;
    Some(Duration::from_secs(left.as_secs() + u64::from(left.subsec_nanos() > 0)))
}

/// Where a redirect leads to, as the server wrote it but without user, query and fragment, which may
/// hold secrets.
pub(crate) fn location(headers: &HeaderMap, mask: Mask<'_>, known: Known<'_>) -> Option<String> {
    let text = headers.get(LOCATION)?.to_str().ok()?;
    let text = without_user(text.split(['?', '#']).next().unwrap_or_default());
    let text = beginning(&text, SEARCHED);
    let [shown] = quoted([text], Veil::new(mask), known, ("", empty(), false))?;
    Some(clean(&shown, DESCRIPTION_LIMIT))
}

/// The URL without what stands before an `@` where a host may stand. A cautious reading: browsers
/// see a host after any number of slashes, forward or backward.
fn without_user(url: &str) -> String {
    let slash = ['/', '\\'];
    let scheme = url.find(slash).map_or(url, |end| &url[..end]);
    let after = scheme.find(':').map_or(0, |colon| colon + 1);
    let host = url.len() - url[after..].trim_start_matches(slash).len();
    let end = url[host..].find(slash).map_or(url.len(), |length| host + length);
    match url[host..end].rfind('@') {
        Some(at) => format!("{}{}", &url[..host], &url[host + at + 1..]),
        None => url.to_owned(),
    }
}
