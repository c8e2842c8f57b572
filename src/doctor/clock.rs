//! Whether this machine's clock and the server's agree.

use std::time::{Duration, SystemTime};

use super::facts::header;
use super::finding::{Finding, FindingKind};
use crate::report::Report;
use crate::token::unix_seconds;

pub(super) fn skew(report: &Report) -> Option<Finding> {
    let attempt = report.attempts.iter().rev().find(|it| it.answer.is_some())?;
    let answer = attempt.answer.as_ref();
    let theirs = httpdate::parse_http_date(header(answer, "date")?).ok()?;
    // What came out of a cache was written that long ago.
    let age = header(answer, "age").and_then(|age| age.parse().ok()).unwrap_or_default();
    let theirs = theirs.checked_add(Duration::from_secs(age))?;
    let sent = SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(attempt.sent_at))?;
    let (sent, theirs) = (unix_seconds(sent), unix_seconds(theirs));
    let received = sent.saturating_add(attempt.elapsed_ms / 1000 + 1);
    let off = sent.saturating_sub(theirs).max(theirs.saturating_sub(received));
    let direction = if theirs < sent { "ahead of" } else { "behind" };
    (off > TOLERATED).then(|| {
        Finding::risk(
            FindingKind::ClockSkew,
            format!("this machine's clock is {off} s {direction} the server's"),
            "one of the two is wrong; what is signed with the time may be refused, and moments that a \
             server tells are read wrongly",
            "let this machine set its clock by NTP",
        )
    })
}

/// In seconds: less does no harm, since tokens are refreshed earlier than that.
const TOLERATED: u64 = 60;
